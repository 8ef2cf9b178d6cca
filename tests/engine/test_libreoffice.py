"""LibreOffice computes workbooks instead of repeating what is stored in them."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openpyxl.worksheet.formula import ArrayFormula

from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine import libreoffice as runner
from xlwings_addin.engine.calculate import UnevaluatedError, recalculate
from xlwings_addin.engine.libreoffice import (
    find_soffice,
    recalculate_with_libreoffice,
)
from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values, write_values

# Microsoft's documentation of NPV, example 1: NPV(10%, -10000, 3000, 4200, 6800) is 1,188.44.
NPV = {"A1": 0.1, "A2": -10000, "A3": 3000, "A4": 4200, "A5": 6800, "B1": "=NPV(A1,A2:A5)", "B2": '=A1&""'}


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_wrong_stored_values_are_replaced() -> None:
    book = formulas_book(NPV)
    wrong = write_values(book, {("Sheet", "B1"): 7.0, ("Sheet", "B2"): "wrong"})
    assert read_values(wrong)["Sheet", "B1"] == 7.0
    [values] = recalculate_with_libreoffice({"wrong.xlsx": wrong})
    assert round(float(values["Sheet", "B1"] or 0), 2) == 1188.44
    assert values["Sheet", "B2"] == "0.1"


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_several_files_come_back_in_their_order_and_stay_as_they_were(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "same name.xlsx").write_bytes(formulas_book({"A1": number, "B1": "=A1+100"}))
    paths = [folder / "same name.xlsx" for folder in folders]
    before = [path.read_bytes() for path in paths]
    results = recalculate_with_libreoffice(paths)
    assert [values["Sheet", "B1"] for values in results] == [100.0, 101.0]
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_what_libreoffice_cannot_read_is_named() -> None:
    with pytest.raises(BookError, match=r"workbook bad\.xlsx was not converted by LibreOffice: "):
        recalculate_with_libreoffice({"bad.xlsx": b"PK\x03\x04 and no more"})


@pytest.mark.libreoffice
def test_too_long_a_run_is_ended(libreoffice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    with pytest.raises(
        BookError, match=r"timeout 0\.05 s is how long LibreOffice may take, and it was not done"
    ):
        recalculate_with_libreoffice({"book.xlsx": formulas_book(NPV)}, timeout=0.05)
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are a matter of POSIX")
def test_children_of_an_ended_run_are_ended_too(tmp_path: Path) -> None:
    mark = tmp_path / "still alive"
    with pytest.raises(BookError, match=r"timeout 0\.2 s"):
        runner._run(["sh", "-c", f"(sleep 1; touch '{mark}') & wait"], 0.2)
    time.sleep(1.3)
    assert not mark.exists()


def test_a_missing_libreoffice_is_said_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(runner, "_USUAL_PLACES", ())
    assert find_soffice() is None
    with pytest.raises(BookError) as refusal:
        recalculate_with_libreoffice({"book.xlsx": b""})
    cure = "install it from libreoffice.org or with `apt install libreoffice-calc`"
    assert str(refusal.value) == f"program LibreOffice was not found; {cure}"


def test_libreoffice_is_found_in_its_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "libreoffice24.8" / "program" / "soffice"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(runner, "_USUAL_PLACES", (f"{tmp_path}/libreoffice*/program/soffice",))
    assert find_soffice() == program


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "find_soffice", lambda: Path("soffice"))
    with pytest.raises(BookError, match=r"none\.xlsx cannot be read: No such file or directory"):
        recalculate_with_libreoffice([tmp_path / "none.xlsx"])
    assert recalculate_with_libreoffice([]) == []


# --- where the embedded engine gives up ---------------------------------------------------------------

# Microsoft's documentation of MMULT: =MMULT(A2:B3,A5:B6) of these numbers is {2,6;14,4}.
MMULT: dict[str, object] = {"A2": 1, "B2": 3, "A3": 7, "B3": 2, "A5": 2, "B5": 0, "A6": 0, "B6": 2}
PRODUCT = "=SUM(MMULT(A2:B3,A5:B6))"


class Silent:
    """A LibreOffice that answers nothing, and remembers having been asked."""

    def __init__(self, *answers: dict[CellKey, CellValue]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, files: object, *, timeout: float) -> list[dict[CellKey, CellValue]]:
        self.asked += 1
        return self.answers


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_libreoffice_answers_where_the_embedded_engine_cannot() -> None:
    book = formulas_book(MMULT | {"D1": ArrayFormula("D1:E2", "=MMULT(A2:B3,A5:B6)"), "D4": "=D1+E2"})
    with pytest.raises(UnevaluatedError, match="calls MMULT, which the engine does not know"):
        recalculate(book, {})
    wrong = write_values(book, {("Sheet", "D1"): 99.0, ("Sheet", "D4"): 99.0})
    values = recalculated(wrong, {"F": lambda: 1.0}, stored_values_are_old=True)
    expected = {"D1": 2.0, "E1": 6.0, "D2": 14.0, "E2": 4.0, "D4": 6.0}
    assert values == {("Sheet", cell): value for cell, value in expected.items()}


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_libreoffice_is_told_the_cells_that_structured_references_mean() -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("a & b")
    columns = [{"header": "x"}, {"header": "y"}, {"header": "both", "formula": "=[@x]+[@y]"}]
    page.add_table("A1:C3", {"name": "T", "columns": columns, "data": [[1, 3], [7, 2]]})
    page.write_array_formula("E1:F2", "{=MMULT(T[[x]:[y]],T[[#Data],[x]:[y]])}")
    page.write_formula("E3", "=COUNTA(T[#All])")
    book.close()
    values = recalculated(buffer.getvalue(), {})
    # {1,3;7,2} squared by hand: 1+21, 3+6, 7+14, 21+4.
    assert [values["a & b", cell] for cell in ("E1", "F1", "E2", "F2")] == [22.0, 9.0, 21.0, 25.0]
    assert [values["a & b", cell] for cell in ("C2", "C3", "E3")] == [4.0, 9.0, 9.0]


def test_libreoffice_is_not_asked_for_what_the_embedded_engine_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Silent()
    monkeypatch.setattr(runner, "recalculate_with_libreoffice", program)
    values = recalculated(formulas_book(NPV), {})
    assert round(float(values["Sheet", "B1"] or 0), 2) == 1188.44
    assert program.asked == 0


@pytest.mark.parametrize("call", ["F(A2)", "VAL.F(A2)", "_xldudf_VAL_F(A2)", "f(A2)", "WORTH"])
def test_a_workbook_with_our_functions_never_falls_back(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Silent()
    monkeypatch.setattr(runner, "recalculate_with_libreoffice", program)
    formulas = MMULT | {"D1": PRODUCT, "D2": f"=IFERROR({call},0)"}
    book = formulas_book(formulas, names={"WORTH": "F(Sheet!$A$2)"})
    with pytest.raises(UnevaluatedError, match="cell Sheet!D1 cannot be evaluated: "):
        recalculated(book, dict.fromkeys(["F", "VAL.F", "_xldudf_VAL_F"], lambda number: number))
    assert program.asked == 0


@pytest.mark.parametrize(
    "formula", ["=D2+1", "=SUM(A2", "=[1]Other!A1", "='[1]Other one'!A1", "=COUNTA(NoTable[#All])"]
)
def test_libreoffice_is_not_asked_where_it_would_guess(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Silent()
    monkeypatch.setattr(runner, "recalculate_with_libreoffice", program)
    with pytest.raises(UnevaluatedError):
        recalculated(formulas_book(MMULT | {"D1": PRODUCT, "D2": formula}), {})
    assert program.asked == 0


def test_libreoffice_is_not_asked_about_dynamic_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    import xlsxwriter

    program = Silent()
    monkeypatch.setattr(runner, "recalculate_with_libreoffice", program)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet().write_dynamic_array_formula("A1", "=MMULT(SEQUENCE(2,2),SEQUENCE(2,2))")
    book.close()
    with pytest.raises(UnevaluatedError, match="calls MMULT"):
        recalculated(buffer.getvalue(), {})
    assert program.asked == 0


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("=NO_SUCH(1)", "=NO_SUCH(1) calls NO_SUCH"),
        ("=IFERROR(NO_SUCH(1),7)", "=IFERROR(NO_SUCH(1),7) calls NO_SUCH"),
        ("=SQRT(-1)+MMULT(A2:A2,A2:A2)", "=SQRT(-1)+MMULT(A2:A2,A2:A2) calls MMULT"),
    ],
)
def test_the_first_refusal_stands_where_libreoffice_has_no_certain_value(formula: str, reason: str) -> None:
    with pytest.raises(UnevaluatedError) as refusal:
        recalculated(formulas_book(MMULT | {"D1": formula}), {})
    assert str(refusal.value).startswith(f"cell Sheet!D1 cannot be evaluated: {reason}, ")


@pytest.mark.parametrize(
    "answers",
    [
        ({}, {}),
        ({("Sheet", "D1"): None}, {}),
        ({("Sheet", "D1"): "#NAME?"}, {}),
        ({("Sheet", "D1"): "#VALUE!"}, {}),
        ({("Sheet", "D1"): 24.0}, {("Sheet", "A1"): "#NAME?"}),
    ],
)
def test_an_answer_with_gaps_is_no_answer(
    answers: tuple[dict[CellKey, CellValue], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Silent(*answers)
    monkeypatch.setattr(runner, "recalculate_with_libreoffice", program)
    with pytest.raises(UnevaluatedError, match="calls MMULT, which the engine does not know"):
        recalculated(formulas_book(MMULT | {"D1": PRODUCT}), {})
    assert program.asked == 1


def test_without_libreoffice_the_first_refusal_stands_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "find_soffice", lambda: None)
    with pytest.raises(UnevaluatedError, match="calls MMULT, which the engine does not know") as refusal:
        recalculated(formulas_book(MMULT | {"D1": PRODUCT}), {})
    assert str(refusal.value.__cause__).startswith("program LibreOffice was not found")


def test_asking_libreoffice_does_not_load_the_embedded_engine() -> None:
    code = "import sys, xlwings_addin.engine.libreoffice; print('formualizer' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
