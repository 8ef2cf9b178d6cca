"""A workbook that is open in a spreadsheet program, valued by the core from the inputs that it has now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xlwings_addin.layout.references import Book
from xlwings_addin.proof.answered import as_answered
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.fitting import add_missing_columns, fitted
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.reading import OpenCells, book_context, checked_selection, located
from xlwings_addin.proof.report import Report
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.package import CellKey, CellValue


@dataclass(frozen=True)
class ValuedBook:
    """Where the lines of a workbook stand, what its cells show, and which case is selected.

    The context of `book` has the core's results for the inputs that the workbook has.
    """

    book: Book
    values: Mapping[CellKey, CellValue]
    selected: str

    @property
    def results(self) -> Mapping[str, Results]:
        """The core's results by case, in the order of the workbook."""
        return self.book.context.results

    @property
    def chosen(self) -> Results:
        """The core's results of the selected case."""
        return self.results[self.selected]

    def cell(self, sheet: str, key: str, group: str = "") -> CellKey | None:
        """Sheet and address of the cell of a line; None where the workbook has no such line."""
        if (sheet, key) not in self.book.rows or key not in self.book.sheets[sheet].lines:
            return None
        return self.book.at(f"{{{sheet}.{key}{':' if group else ''}{group}}}")

    def display(self, sheet: str, key: str, group: str = "") -> CellValue:
        """What that cell shows; None where there is none."""
        at = self.cell(sheet, key, group)
        return None if at is None else self.values.get(at)


def valued_book(opened: OpenCells, *, folder: Path | None = None, report: Report | None = None) -> ValuedBook:
    """The core's results for the inputs that an open workbook has; a `report` is told what differs.

    Where formulas are seen, an input that follows another case counts with the value it follows. Raises
    `BookError` for a workbook that lacks a sheet or a line, and what the core raises for its inputs.
    """
    report = Report(opened.name) if report is None else report
    pages = Pages(opened.read, opened.titles)
    fit = fitted(load_context(folder), pages)
    add_missing_columns(fit.without_column, report)
    placed = fit.book(located(pages, fit.context))
    values = opened.values_of([cell.at for cell in placed.cells()])
    inputs = [cell for cell in placed.cells() if cell.parent is not None]
    links = {cell.at: str(opened.read(cell.sheet.title).get(cell.address)) for cell in inputs}
    context = book_context(values, placed, report, links if opened.sees_formulas else None)
    book = Book(as_answered(context, placed, values), placed.rows)
    return ValuedBook(book, values, checked_selection(book, values.get(book.at(SELECTOR))))
