"""Checks of the delivered workbook, and edits of copies that a check is to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.xlsx.editing import Content, typed_into
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.proof import check as compare
from xlwings_addin.proof.check import check
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    write_values,
)

REPLICA, STRICT = "march_2024_replica", "march_2024_strict"
CASES = ("house_2026", "base", "bear", "bull", "house_2026_bear", "house_2026_bull", REPLICA, STRICT)


def run(path: Path, **options: object) -> Report:
    options = {"second_opinion": "skip", **options}
    return check(path, functions=callbacks(), **options)  # type: ignore[arg-type]


def input_at(book: Book, key: str, case: str) -> tuple[str, str]:
    """Sheet and address of an input of a case."""
    position = book.context.cases.index(case) + 1
    return book.at(f"{{inputs.{key}:cases[{position}]}}")


def findings_of(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


def type_in(path: Path, contents: Mapping[CellKey, Content]) -> None:
    """Type into cells and keep every stored value."""
    path.write_bytes(typed_into(path, contents))


def spoil(path: Path, sheet: str, change: Callable[[Worksheet], None]) -> None:
    """Edit a sheet as a program would and keep every stored value, which openpyxl would drop."""
    spoil_book(path, lambda workbook: change(workbook[sheet]))


def spoil_book(
    path: Path, change: Callable[[Workbook], None], new: Mapping[CellKey, CellValue] | None = None
) -> None:
    """The same for a workbook; `new` are values stored in formulas that the change brings."""
    values = {**compare.read_values(path), **(new or {})}
    workbook = load_workbook(path)
    change(workbook)
    workbook.save(path)
    kept = {
        (entry.sheet, entry.cell): values.get((entry.sheet, entry.cell))
        for entry in compare.formula_cells(path)
    }
    path.write_bytes(write_values(path, {at: value for at, value in kept.items() if value is not None}))


def formulas_of_all_cases(path: Path) -> int:
    return len(compare.formula_cells(path)) * len(CASES)
