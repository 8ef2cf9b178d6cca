"""What an analyst's workbook holds: its inputs, valued by the core, and its stored values as the witness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import refuse_later_version
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import book_context, checked_selection, located_lines
from xlwings_addin.proof.report import Report
from xlwings_addin.report.document import Document
from xlwings_addin.sheets.spec import OfModel
from xlwings_addin.valuation.cases import CaseValues
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, CellValue, formula_cells, read_package, read_values


@dataclass(frozen=True)
class ReadBook:
    """A workbook with its inputs valued, and the values that it stores."""

    book: Book
    results: Mapping[str, Results]
    stored: Mapping[CellKey, CellValue]

    @property
    def cases(self) -> CaseValues:
        """The cases as the workbook's inputs have them."""
        return CaseValues(self.results, {})

    def require_stored(self, document: Document) -> None:
        """Raise `BookError` where a line that the report prints is stored otherwise in the workbook.

        Looked at are the lines of the case that the workbook has selected, on any of its sheets.
        """
        selected = checked_selection(self.book, self.stored.get(self.book.at(SELECTOR)))
        places = places_of_lines(self.book, self.results[selected])
        for figure in document.figures():
            at = places.get((figure.line, figure.year))
            if figure.case != selected or at is None:
                continue
            difference = disagreement(self.stored.get(at), figure.value)
            if difference:
                rule = f"must hold what its inputs give: {difference}; recalculate the workbook first"
                raise BookError(f"{at[0]}!{at[1]}", self.stored.get(at), rule)


def read_book(path: Path, folder: Path | None) -> ReadBook:
    """A workbook for a report. Raises `BookError` for a file that is no workbook of this project."""
    package = read_package(path)
    refuse_later_version(package)
    report, values = Report(str(path)), read_values(package)
    pages = pages_of(values)
    fit = fitted(load_context(folder), pages)
    rows = located_lines(package, pages, fit.context, report)
    formulas = {(cell.sheet, cell.cell): f"={cell.text}" for cell in formula_cells(package)}
    book = fit.book(rows)
    return ReadBook(book, book_context(values, book, report, formulas).results, values)


def places_of_lines(book: Book, results: Results) -> dict[tuple[str, int | None], CellKey]:
    """Where a workbook shows a line of the model, by its full name and the year of a case."""
    places: dict[tuple[str, int | None], CellKey] = {}
    base = results.inputs.count("base_year")
    for cell in book.cells():
        value = cell.entry.value
        if not isinstance(value, OfModel) or cell.line is None:
            continue
        name, year = f"{value.sheet}.{value.path}", None
        if value.column in ("opening", "years"):
            year = base if value.column == "opening" else base + 1 + cell.index
        elif value.column != "constant":
            name = f"{name}.{value.column}"
        places.setdefault((name, year), cell.at)
    return places
