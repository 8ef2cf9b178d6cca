"""The run over a folder of foreign workbooks counts what becomes of them, and finds wrong values."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.corpus import agree, main, report, run_one
from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.xlsx.package import read_package, write_values

CELLS = {"A1": 2, "A2": 3, "B1": "=A1*A2", "B2": "=B1+1", "B3": '=IF(B2>6,"high","low")'}
RIGHT = {("Sheet", "B1"): 6.0, ("Sheet", "B2"): 7.0, ("Sheet", "B3"): "high"}


def stored(tmp_path: Path, **wrong: float) -> Path:
    """The book above with its values stored, some of them wrong."""
    values = {**RIGHT, **{("Sheet", cell): value for cell, value in wrong.items()}}
    path = tmp_path / "book.xlsx"
    path.write_bytes(write_values(formulas_book(CELLS), values))
    return path


def test_as_the_file_is_every_value_is_reproduced(tmp_path: Path) -> None:
    counts = run_one(stored(tmp_path), "as-is")
    assert (counts["reproduced"], counts["named"], counts["wrong"], counts["other parts"]) == (3, 0, 0, 0)


def test_a_stored_value_that_is_not_reproduced_is_named_and_stays(tmp_path: Path) -> None:
    counts = run_one(stored(tmp_path, B2=70.0), "as-is")
    assert (counts["named"], counts["wrong"]) == (1, 0)


def test_without_values_a_calculated_cell_that_is_not_the_stored_one_is_wrong(tmp_path: Path) -> None:
    assert run_one(stored(tmp_path), "no-values")["wrong"] == 0
    counts = run_one(stored(tmp_path, B1=60.0), "no-values")
    assert counts["wrong cells"] == ["Sheet!B1 =A1*A2: 6.0, should be 60.0"]


DATED: dict[str, object] = {
    "A1": -100,
    "B1": 120,
    "A2": 45000,
    "B2": 45500,
    "A3": "=XIRR(A1:B1,A2:B2)",
    "A4": "=A3*100",
}


@pytest.mark.parametrize(("off", "documented", "wrong"), [(0.0, 0, 0), (5e-9, 2, 0), (1e-6, 0, 2)])
def test_a_rate_differs_within_the_accuracy_that_microsoft_documents(
    tmp_path: Path, off: float, documented: int, wrong: int
) -> None:
    rate = 1.2 ** (365 / 500) - 1 + off
    path = tmp_path / "rates.xlsx"
    stored_values = {("Sheet", "A3"): rate, ("Sheet", "A4"): rate * 100}
    path.write_bytes(write_values(formulas_book(DATED), stored_values))
    counts = run_one(path, "no-values")
    assert (counts["documented"], counts["wrong"]) == (documented, wrong)


@pytest.mark.parametrize(("last", "rounding", "wrong"), [(3e-10, 1, 0), (3e-6, 0, 1)])
def test_what_is_left_of_figures_that_cancel_is_no_wrong_value(
    tmp_path: Path, last: float, rounding: int, wrong: int
) -> None:
    cells = {"A1": 1000.1, "A2": -1000.1000000000001, "B1": "=A1+A2+1E-10"}
    path = tmp_path / "residue.xlsx"
    path.write_bytes(write_values(formulas_book(cells), {("Sheet", "B1"): last}))
    counts = run_one(path, "no-values")
    assert (counts["rounding"], counts["wrong"]) == (rounding, wrong)


def test_values_that_no_excel_has_stored_are_counted_apart(tmp_path: Path) -> None:
    path = stored(tmp_path, B1=60.0)
    package = read_package(path)
    told = package.parts["docProps/app.xml"].replace(b"Microsoft Excel", b"LibreOffice/7.4")
    path.write_bytes(package.with_parts({"docProps/app.xml": told}))
    counts = run_one(path, "no-values")
    assert (counts["not Excel's"], counts["wrong"]) == (1, 0)


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_with_an_input_changed_the_other_engines_agree(tmp_path: Path) -> None:
    counts = run_one(stored(tmp_path), "changed")
    assert (counts["calculated"], counts["wrong"]) == (3, 0)


def test_values_agree_within_a_billionth() -> None:
    assert agree(1.0, 1.0 + 1e-10)
    assert not agree(1.0, 1.0 + 1e-8)
    assert agree("", None)
    assert not agree("a", None)
    assert not agree(True, "TRUE")


def test_a_folder_runs_in_child_processes_and_damaged_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(tmp_path)
    (tmp_path / "damaged.xlsx").write_bytes(b"PK\x03\x04 and no more")
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "files                          2" in printed
    assert "reproduced                     3" in printed
    assert "refused    1  BookError: " in printed


def test_a_wrong_failed_or_endless_file_makes_the_run_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert report({"a.xlsx": {"formulas": 1, "wrong": 0}}, "as-is")
    for counts in ({"wrong": 1, "wrong cells": ["S!A1"]}, {"failed": "KeyError: 'x'"}, {"over": 60.0}):
        assert not report({"a.xlsx": {"formulas": 1, **counts}}, "as-is")
    assert "S!A1" in capsys.readouterr().out
