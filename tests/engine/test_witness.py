"""What the engine does not reproduce is not trusted: it keeps its stored value or stops the run by name.

The stored values are those that Excel shows; where no source stands beside them, they follow from the
documentation of the function at support.microsoft.com or from plain arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy_financial
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from tests.engine.stored_books import SHEET, stored_book, with_part
from xlwings_addin.engine.recalculation import file_with, recalculated
from xlwings_addin.engine.witness import UntrustedError, Witness
from xlwings_addin.xlsx.package import CellValue, read_package, read_values, write_values

WORKBOOK, FIRST_SHEET = "xl/workbook.xml", "xl/worksheets/sheet1.xml"


def value_at(values: Any, address: str, sheet: str = SHEET) -> CellValue:
    result: CellValue = values[sheet, address]
    return result


# --- the rules ----------------------------------------------------------------------------------------

# A formula that no engine reproduces: its stored value is not 1 + 1. What hangs on it is right.
DOUBTFUL = {"A1": 2, "B1": "=A1+1", "B2": "=B1*2", "C1": "=A1*10"}
STORED: dict[str, CellValue] = {"B1": 7.0, "B2": 14.0, "C1": 20.0}


def test_a_value_that_is_not_reproduced_keeps_its_bytes_and_is_named() -> None:
    book = stored_book(DOUBTFUL, STORED)
    values = recalculated(book, {})
    assert file_with(book, values) == book
    assert (values.reproduced, values.calculated) == (2, 0)
    (cell,) = values.doubted
    assert (cell.place, cell.stored, cell.computed) == ("Sheet!B1", 7.0, 3.0)
    assert value_at(values, "B2") == 14.0


def test_what_hangs_on_a_doubtful_cell_is_calculated_from_its_stored_value() -> None:
    witness = Witness(stored_book(DOUBTFUL | {"D1": 5, "B3": "=B1*D1"}, STORED | {"B3": 35.0}), {})
    assert witness.untrusted.keys() == {(SHEET, "B1")}
    outcome = witness.outcome({(SHEET, "D1"): 6.0})
    assert outcome.new == {(SHEET, "B3"): 42.0}


def test_a_doubtful_cell_that_hangs_on_a_change_stops_the_run_by_name() -> None:
    with pytest.raises(UntrustedError, match=r"Sheet!B1 .*stores 7 where the engine computes 3"):
        Witness(stored_book(DOUBTFUL, STORED), {}).outcome({(SHEET, "A1"): 3.0})


def test_or_it_is_kept_with_all_that_hang_on_it() -> None:
    outcome = Witness(stored_book(DOUBTFUL, STORED), {}).outcome({(SHEET, "A1"): 3.0}, keep=True)
    assert outcome.new == {(SHEET, "C1"): 30.0}
    assert outcome.values[SHEET, "B2"] == 14.0
    assert [cell.place for cell in outcome.kept] == ["Sheet!B1"]
    assert outcome.stale == {(SHEET, "B1"), (SHEET, "B2")}


def test_a_formula_that_hangs_on_no_change_stops_nothing() -> None:
    outcome = Witness(stored_book(DOUBTFUL | {"D1": 5, "E1": "=D1+1"}, STORED | {"E1": 6.0}), {}).outcome(
        {(SHEET, "D1"): 1.0}
    )
    assert outcome.new == {(SHEET, "E1"): 2.0}


def test_what_rounding_leaves_of_large_figures_is_trusted_and_follows_a_change() -> None:
    cells = {"A1": 1e9, "A2": 4e8, "A3": 6e8, "B1": "=IF(ISNUMBER(A1),(A1-A2-A3)/A3,0)", "C1": "=A1*10"}
    residue, beyond = 0.0009 / 6e8, 0.0011 / 6e8  # 1e-12 of A1 is 0.001
    witness = Witness(stored_book(cells, {"B1": residue, "C1": 1e10}), {})
    assert not witness.untrusted
    assert witness.outcome().values[SHEET, "B1"] == residue
    assert witness.outcome({(SHEET, "A1"): 1.6e9}).new == {(SHEET, "B1"): 1.0, (SHEET, "C1"): 1.6e10}
    assert Witness(stored_book(cells, {"B1": beyond, "C1": 1e10}), {}).untrusted.keys() == {(SHEET, "B1")}


def test_old_values_are_calculated_anew_when_they_are_said_to_be_old() -> None:
    values = recalculated(stored_book(DOUBTFUL, STORED), {}, stored_values_are_old=True)
    assert {address: value for (_, address), value in values.items()} == {"B1": 3.0, "B2": 6.0, "C1": 20.0}
    assert (values.reproduced, values.calculated) == (0, 3)


def test_name_errors_of_our_functions_are_no_witness() -> None:
    cells = {"A1": 2, "B1": "=OURS(A1)", "B2": "=IFERROR(B1,0)", "C1": "=A1*10", "D1": "=NAMED+1"}
    stored: dict[str, CellValue] = {"B1": "#NAME?", "B2": 0.0, "C1": 20.0, "D1": "#NAME?"}
    book = stored_book(cells, stored, names={"NAMED": "OURS(Sheet!$A$1)"})
    values = recalculated(book, {"OURS": lambda number: number * 100})
    assert {address: value for (_, address), value in values.items()} == {
        "B1": 200.0,
        "B2": 200.0,
        "C1": 20.0,
        "D1": 201.0,
    }
    assert (values.reproduced, values.calculated) == (1, 3)


def test_volatile_cells_and_what_hangs_on_them_are_calculated() -> None:
    cells = {"A1": "=TODAY()*0+4", "B1": "=A1*2", "C1": "=1+1"}
    values = recalculated(stored_book(cells, {"A1": 3.0, "B1": 6.0, "C1": 2.0}), {})
    assert values.outcome.new == {(SHEET, "A1"): 4.0, (SHEET, "B1"): 8.0}
    assert values.reproduced == 1


def test_the_name_of_a_volatile_function_in_a_text_makes_no_formula_volatile() -> None:
    cells = {"A1": 2, "B1": '="now "&A1', "C1": "=LEN(B1)"}
    values = recalculated(stored_book(cells, {"B1": "now 2", "C1": 5.0}), {})
    assert values.outcome.new == {}
    assert values.reproduced == 2


def test_a_cell_that_stored_a_value_and_comes_back_empty_is_not_reproduced() -> None:
    values = recalculated(stored_book({"A1": "=NO_SUCH(1)", "B1": "=A1"}, {"A1": "x", "B1": "x"}), {})
    assert [cell.place for cell in values.doubted] == ["Sheet!A1"]


def test_cells_without_a_value_are_calculated_beside_those_that_have_one() -> None:
    values = recalculated(stored_book({"A1": 2, "B1": "=A1+1", "C1": "=B1*2"}, {"B1": 3.0}), {})
    assert values.outcome.new == {(SHEET, "C1"): 6.0}


def test_a_book_of_xlsxwriter_that_stores_zeros_holds_no_values() -> None:
    cells = {"A1": 2, "B1": "=A1+1", "C1": "=B1*2"}
    values = recalculated(stored_book(cells, {"B1": 0.0, "C1": 0.0}), {})
    assert values.outcome.new == {(SHEET, "B1"): 3.0, (SHEET, "C1"): 6.0}


def test_a_due_formula_that_cannot_be_calculated_stops_the_run_or_is_kept_without_a_value() -> None:
    book = stored_book({"A1": "=NO_SUCH(1)", "B1": "=A1+1", "C1": "=1+1"}, {})
    with pytest.raises(UntrustedError, match="cell Sheet!A1 cannot be evaluated: =NO_SUCH"):
        recalculated(book, {})
    values = recalculated(book, {}, keep_uncalculated=True)
    assert values.outcome.new == {(SHEET, "C1"): 2.0}
    written = file_with(book, values)
    assert b'fullCalcOnLoad="1"' in read_package(written).parts[WORKBOOK]
    assert read_values(written)[SHEET, "B1"] is None


def test_many_names_are_counted_and_the_first_ten_listed() -> None:
    cells = {f"A{row}": "=NO_SUCH(1)" for row in range(1, 31)}
    with pytest.raises(UntrustedError) as refusal:
        recalculated(stored_book(cells, {}), {})
    assert len(refusal.value.distrusts) == 30
    assert str(refusal.value).endswith("Sheet!A10 and 20 more)")


# --- kinds that are calculated right ------------------------------------------------------------------

RIGHT: dict[str, tuple[dict[str, object], dict[str, CellValue]]] = {
    # The circularity breaker of three-statement models: Excel sees no circle in a branch not taken.
    "a branch of IF that is not taken": (
        {"A1": 0, "B1": 1000, "A2": "=IF($A$1=1,AVERAGE(B1,B3),B1)*0.05", "B2": "=A2", "B3": "=B1+B2"},
        {"A2": 50.0, "B2": 50.0, "B3": 1050.0},
    ),
    "OFFSET, ROW and COLUMN of the own cell": (
        {
            "A1": 2,
            "B5": "=OFFSET(B5,$A$1,0)",
            "B7": 0.02,
            "C5": "=B5*100",
            "D5": "=ROW(D5)",
            "E5": "=COLUMN(E5)",
        },
        {"B5": 0.02, "C5": 2.0, "D5": 5.0, "E5": 5.0},
    ),
    "the idiom for the name of the own sheet": (
        {"A1": '=MID(CELL("filename",A1),FIND("]",CELL("filename",A1))+1,256)', "B1": "=LEN(A1)"},
        {"A1": "Sheet", "B1": 5.0},
    ),
    "an error value where the engine has NaN": (
        {"A1": "=(-8)^(1/3)", "B1": 2, "B2": "=B1*2"},
        {"A1": "#NUM!", "B2": 4.0},
    ),
}


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("old", [False, True])
def test_a_kind_is_calculated_right(kind: str, old: bool) -> None:
    cells, stored = RIGHT[kind]
    if old and "CELL(" in str(cells):
        # No value that Excel stored proves CELL, and LibreOffice knows no file name: named, not believed.
        with pytest.raises(UntrustedError, match="which nothing proves"):
            recalculated(stored_book(cells, stored), {}, stored_values_are_old=old)
        return
    values = recalculated(stored_book(cells, stored), {}, stored_values_are_old=old)
    assert {address: value for (_, address), value in values.items()} == pytest.approx(stored)
    assert values.doubted == []


@pytest.mark.parametrize("name", ["sheet1", "SHEET1", "Sheet1", "Été & co", "it's", "2024"])
def test_a_sheet_may_have_any_name(name: str) -> None:
    quoted = name.replace("'", "''")
    cells = {"A1": 3, "B1": f"='{quoted}'!A1*2", "B2": "=B1+A1"}
    values = recalculated(stored_book(cells, {}, sheet=name), {})
    assert values == {(name, "B1"): 6.0, (name, "B2"): 9.0}


STRICT = "http://purl.oclc.org/ooxml/"
TRANSITIONAL = "http://schemas.openxmlformats.org/"


def strict_book() -> bytes:
    """A "Strict Open XML Spreadsheet", as Excel's save dialogue offers it."""
    from tests.xlsx.foreign_books import packed, parts_of

    parts = parts_of(stored_book({"A1": 2, "A2": "=A1+1"}, {"A2": 3.0}, sheet="Data"))
    for place in ("spreadsheetml/2006/main", "officeDocument/2006/relationships"):
        strict = STRICT + place.replace("/2006", "")
        parts = {
            part: data.replace((TRANSITIONAL + place).encode(), strict.encode())
            for part, data in parts.items()
        }
    return packed(parts)


@pytest.mark.parametrize("old", [False, True])
def test_strict_open_xml_is_read(old: bool) -> None:
    book = strict_book()
    values = recalculated(book, {}, stored_values_are_old=old)
    assert values == {("Data", "A2"): 3.0}
    assert STRICT.encode() in read_package(file_with(book, values)).parts[FIRST_SHEET]


def test_dates_stored_as_texts_are_serial_numbers_in_the_dates_of_the_book() -> None:
    book = stored_book({"A1": 1, "B1": "=A1+1"}, {})
    dated = with_part(
        book, FIRST_SHEET, r'<c r="A1" t="n"><v>1</v></c>', '<c r="A1" t="d"><v>2024-03-08</v></c>'
    )
    # 45359 is 2024-03-08 in the 1900 system (DATE at support.microsoft.com), 1,462 days less in the 1904 one.
    assert recalculated(dated, {}) == {(SHEET, "B1"): 45360.0}
    of_1904 = with_part(dated, WORKBOOK, "<workbookPr ?/>", '<workbookPr date1904="1"/>')
    assert recalculated(of_1904, {}) == {(SHEET, "B1"): 45360.0 - 1462}


def test_a_string_that_the_file_lacks_is_an_empty_cell() -> None:
    book = stored_book({"A1": 1, "A2": 2, "A3": "=A2*2&A1"}, {})
    for index in ("<v/>", "<v></v>", "<v>999</v>"):
        lacking = with_part(
            book, FIRST_SHEET, r'<c r="A1" t="n"><v>1</v></c>', f'<c r="A1" t="s">{index}</c>'
        )
        assert recalculated(lacking, {}) == {(SHEET, "A3"): "4"}


def test_further_cells_of_a_volatile_dynamic_array_are_its_cells() -> None:
    array = ArrayFormula("B1:B3", "=A1+{1;2;3}+0*TODAY()")
    book = stored_book({"A1": 3, "B1": array, "B2": 5, "B3": 6, "C1": "=SUM(B1:B3)"}, {"B1": 4.0, "C1": 15.0})
    book = with_part(book, FIRST_SHEET, r'<c r="(B[23])" t="n">', r'<c r="\1"><f ca="1"/>')
    book = with_part(book, FIRST_SHEET, r'<c r="B1"', r'<c r="B1" cm="1"')
    values = recalculated(book, {})
    assert values == {
        (SHEET, address): value for address, value in (("B1", 4), ("B2", 5), ("B3", 6), ("C1", 15))
    }


@pytest.mark.parametrize(
    "formula", ['<f t="shared" si="0">A1*10</f>', '<f t="array" ref="B9:A1">A1*10</f>', "<f>A1*10</f>"]
)
def test_a_formula_without_a_right_area_is_calculated_in_its_own_cell(formula: str) -> None:
    book = stored_book({"A1": 2, "B1": "=A1*10", "C1": "=B1+1"}, {})
    odd = with_part(book, FIRST_SHEET, r"<f>A1\*10</f>", formula)
    assert recalculated(odd, {}) == {(SHEET, "B1"): 20.0, (SHEET, "C1"): 21.0}


# --- kinds that keep their stored values --------------------------------------------------------------

INTEREST = {"A1": 100, "A2": 0.1, "A3": "=A2*(A1+A4)/2", "A4": "=A1+A3-20", "B1": "=A1*2"}
# a3 = 0.1 (100 + a4) / 2 and a4 = 80 + a3: a3 = 9 / 0.95.
SOLVED: dict[str, CellValue] = {"A3": 9 / 0.95, "A4": 80 + 9 / 0.95, "B1": 200.0}


def iterative_book() -> bytes:
    return with_part(stored_book(INTEREST, SOLVED), WORKBOOK, "<calcPr", '<calcPr iterate="1"')


def test_an_iterative_book_keeps_its_values() -> None:
    book = iterative_book()
    values = recalculated(book, {})
    assert file_with(book, values) == book
    assert {cell.place for cell in values.doubted} == {"Sheet!A3", "Sheet!A4"}


def test_an_iterative_book_whose_circle_hangs_on_a_change_is_not_trusted() -> None:
    with pytest.raises(UntrustedError, match="circular reference"):
        Witness(iterative_book(), {}).outcome({(SHEET, "A1"): 200.0})


def test_a_circle_with_many_solutions_keeps_the_one_the_file_has() -> None:
    # B1 = B2 and B2 = B1: every number solves it, and Excel keeps what it had.
    cells = {"B1": "=B2", "B2": "=B1", "C1": "=B1+1"}
    book = with_part(
        stored_book(cells, {"B1": 3.0, "B2": 3.0, "C1": 4.0}), WORKBOOK, "<calcPr", '<calcPr iterate="1"'
    )
    assert {address: value for (_, address), value in recalculated(book, {}).items()} == {
        "B1": 3.0,
        "B2": 3.0,
        "C1": 4.0,
    }


DOUBTED_BY_ENGINES: dict[str, tuple[dict[str, object], dict[str, CellValue]]] = {
    "interest in advance": ({"A1": "=IPMT(0.1,1,12,5000,0,1)"}, {"A1": 0.0}),
    "equality at 15 digits": ({"A1": '=IF(0.1+0.2=0.3,"balanced","ERROR")'}, {"A1": "balanced"}),
    "IRR that skips a blank": (
        {"A1": -100, "C1": 30, "D1": 20, "E1": 10, "A2": "=IRR(A1:E1)"},
        {"A2": float(numpy_financial.irr([-100, 30, 20, 10]))},
    ),
    "one flow out and one in": ({"A1": -100, "B1": 50, "A2": "=IRR(A1:B1)"}, {"A2": -0.5}),
    "an error among the cells that are summed": (
        {"A1": 1, "A2": "=NA()", "A3": 3, "C1": '=SUMIF(A1:A3,">0")', "C2": '=SUMIF(B1:B3,"",A1:A3)'},
        {"A2": "#N/A", "C1": 4.0, "C2": "#N/A"},
    ),
    "number to text at 15 digits": ({"A1": '="x"&(0.1+0.2)'}, {"A1": "x0.3"}),
    "the first of several modes": ({"A1": 2, "A2": 1, "A3": 2, "A4": 1, "B1": "=MODE(A1:A4)"}, {"B1": 2.0}),
    "one row of a column": ({"A1": "x", "C12": '=A:A&"/"'}, {"C12": "/"}),
}


@pytest.mark.parametrize("kind", DOUBTED_BY_ENGINES)
def test_a_kind_that_engines_get_wrong_never_loses_its_stored_value(kind: str) -> None:
    cells, stored = DOUBTED_BY_ENGINES[kind]
    book = stored_book(cells, stored)
    values = recalculated(book, {})
    assert {address: value for (_, address), value in values.items()} == stored
    assert file_with(book, values) == book


def test_values_written_twice_are_the_same_bytes() -> None:
    book = stored_book({"A1": 2, "B1": "=A1/3"}, {})
    once = file_with(book, recalculated(book, {}))
    assert file_with(once, recalculated(once, {})) == once
    assert read_values(once)[SHEET, "B1"] == pytest.approx(2 / 3)


def test_a_planted_wrong_value_is_seen() -> None:
    book = stored_book({"A1": 2, "B1": "=A1/3", "B2": "=B1*3"}, {"B1": 2 / 3, "B2": 2.0})
    assert recalculated(book, {}).doubted == []
    planted = write_values(book, {(SHEET, "B1"): 2 / 3 * (1 + 2e-9)})
    assert recalculated(planted, {}).doubted[0].place == "Sheet!B1"
