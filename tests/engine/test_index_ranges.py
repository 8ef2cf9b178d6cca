"""A range that leads from one INDEX to another lies around the areas they are handed."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.xlsx.package import read_package


def hanging_on(tmp_path: Path, formula: str, cell: str) -> set[tuple[str, str]]:
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "S"
    for row in range(1, 7):
        for column in range(1, 7):
            sheet.cell(row, column, float(row * column))
    sheet["H1"] = formula
    workbook.save(tmp_path / "book.xlsx")
    return Dependencies(LoadedBook(read_package(tmp_path / "book.xlsx"), {})).hanging_on([("S", cell)])


@pytest.mark.parametrize(
    ("formula", "cell", "hangs"),
    [
        ("=SUM(INDEX(A1:F1,1,2):INDEX(A1:F1,1,4))", "C1", True),
        ("=SUM(INDEX(A1:F1,1,2):INDEX(A3:F3,1,4))", "C2", True),
        ("=SUM(INDEX(A1:F1,1,2):F3)", "D2", True),
        ("=SUM(INDEX(A1:F1,1,2):INDEX(A1:F1,1,4))", "C5", False),
        ("=SUM(A1:OFFSET(A1,1,1))", "F6", True),
        ("=SUM(CHOOSE(1,A1,A2):A3)", "F6", True),
    ],
)
def test_a_range_of_indexes_hangs_on_what_lies_around_them(
    tmp_path: Path, formula: str, cell: str, hangs: bool
) -> None:
    assert (("S", "H1") in hanging_on(tmp_path, formula, cell)) == hangs
