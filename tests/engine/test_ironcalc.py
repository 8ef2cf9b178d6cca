"""IronCalc answers as LibreOffice does, for a machine that has no LibreOffice."""

from __future__ import annotations

import pytest

from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.ironcalc import (
    faulty_cells,
    has_opinion,
    ironcalc_version,
    recalculate_with_ironcalc,
)
from xlwings_addin.xlsx.package import freeze_formulas, read_values, write_values

# Microsoft's documentation of NPV, example 1: NPV(10%, -10000, 3000, 4200, 6800) is 1,188.44.
NPV = {"A1": 0.1, "A2": -10000, "A3": 3000, "A4": 4200, "A5": 6800, "B1": "=NPV(A1,A2:A5)", "B2": '=A1&""'}


def test_the_pinned_version_is_installed() -> None:
    assert ironcalc_version() == "0.9.1"


def test_wrong_stored_values_are_replaced() -> None:
    book = formulas_book(NPV)
    wrong = write_values(book, {("Sheet", "B1"): 7.0, ("Sheet", "B2"): "wrong"})
    assert read_values(wrong)["Sheet", "B1"] == 7.0
    [values] = recalculate_with_ironcalc({"wrong.xlsx": wrong})
    assert round(float(values["Sheet", "B1"] or 0), 2) == 1188.44
    assert values["Sheet", "B2"] == "0.1"
    assert values["Sheet", "A2"] == -10000.0


def test_several_files_come_back_in_their_order() -> None:
    books = {f"{number}.xlsx": formulas_book({"A1": number, "B1": "=A1+100"}) for number in (0, 1)}
    assert [values["Sheet", "B1"] for values in recalculate_with_ironcalc(books)] == [100.0, 101.0]


def test_an_empty_cell_with_a_style_is_no_number() -> None:
    """IronCalc 0.9.1 by itself answers TRUE; Excel says FALSE (Microsoft: IS functions)."""
    book = formulas_book({"A1": 1, "B1": "=ISNUMBER(A1)"})
    empty = write_values(book, {("Sheet", "A1"): None}, only_formulas=False)
    [values] = recalculate_with_ironcalc({"book.xlsx": empty})
    assert values["Sheet", "B1"] is False


def test_cells_that_ironcalc_gets_wrong_are_listed_and_can_be_frozen() -> None:
    cells = {
        "A1": 1,
        "A2": 2,
        "B1": "=SUMPRODUCT(--ISERROR(A1:A2))",
        "B2": "=SUMPRODUCT(A1:A2,A1:A2)",
        "B3": "=_xlfn.AGGREGATE(9,6,A1:A2)",
        "B4": "=B1+1",
    }
    book = formulas_book(cells)
    assert faulty_cells(book) == {("Sheet", "B1"), ("Sheet", "B3")}
    stored = write_values(book, {("Sheet", "B1"): 0.0, ("Sheet", "B3"): 3.0})
    [values] = recalculate_with_ironcalc({"book.xlsx": freeze_formulas(stored, faulty_cells(stored))})
    assert [values["Sheet", f"B{row}"] for row in range(1, 5)] == [0.0, 5.0, 3.0, 1.0]


def test_squares_of_differences_between_two_sheets_are_frozen() -> None:
    """(2-6)^2 + (3-5)^2 + (9-11)^2 = 24; between two sheets IronCalc 0.9.1 answers #VALUE!."""
    pairs = {"A1": 2, "A2": 3, "A3": 9, "B1": 6, "B2": 5, "B3": 11}
    book = formulas_book({**pairs, "C1": "=SUMXMY2(A1:A3,B1:B3)", "C2": "=SUMXMY2(Sheet!A1:A3,B1:B3)"})
    assert faulty_cells(book) == {("Sheet", "C2")}
    [values] = recalculate_with_ironcalc({"book.xlsx": book})
    assert values["Sheet", "C1"] == 24.0


def test_what_it_does_not_have_is_no_opinion() -> None:
    [values] = recalculate_with_ironcalc({"book.xlsx": formulas_book({"A1": "=DCF_FCFF(1)", "A2": "=1/0"})})
    assert not has_opinion(values["Sheet", "A1"])
    assert values["Sheet", "A2"] == "#DIV/0!"
    assert has_opinion("#DIV/0!")


def test_what_ironcalc_cannot_read_is_named_in_one_sentence() -> None:
    with pytest.raises(BookError, match=r"workbook of 16 bytes is cut off or damaged"):
        recalculate_with_ironcalc({"bad.xlsx": b"PK\x03\x04 and no more"})


def test_a_calculation_that_takes_too_long_is_ended() -> None:
    """A SUMPRODUCT over 250 million pairs, which no program calculates in a second."""
    formula = "=SUMPRODUCT((A20:A16000+TRANSPOSE(A20:A16000))*1)"
    slow = formulas_book({f"A{row}": formula for row in range(1, 9)})
    with pytest.raises(BookError, match=r"1 s is how long IronCalc may take"):
        recalculate_with_ironcalc({"slow.xlsx": slow}, timeout=1)


def test_a_missing_ironcalc_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert ironcalc_version() is None
    with pytest.raises(BookError, match=r"program IronCalc is not installed; `pip install ironcalc`"):
        recalculate_with_ironcalc({"book.xlsx": formulas_book(NPV)})
