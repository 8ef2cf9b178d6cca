"""From the input tables to a delivered workbook: rendered, calculated, compared with the core, written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path

from xlwings_addin import __version__
from xlwings_addin.book.agreement import disagreement, plain
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.charts import charted_cells, with_cached_values
from xlwings_addin.book.context import SELECTOR, Amendment, Functions, Progress, load_context
from xlwings_addin.book.package import (
    CellKey,
    CellValue,
    normalise,
    read_package,
    save,
)
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.book.render import render
from xlwings_addin.book.state import parts_with_state, state_of
from xlwings_addin.core.errors import BookError, ChoiceError


def build(
    path: Path | str,
    *,
    functions: Functions,
    case: str | None = None,
    folder: Path | None = None,
    amended: Amendment = lambda tables: tables,
    progress: Progress = lambda _: None,
) -> Book:
    """Write the workbook to `path`, opening with `case` (or the first), a value in every formula cell.

    The values come from a spreadsheet engine that evaluates the formulas; every one of them is compared
    with the core, in every case, before the file is written. Raises `ValuationError` for bad inputs and
    `BookError` when a formula and the core disagree or the file cannot be written: then nothing is.
    """
    progress("Reading inputs and valuing every case")
    if Path(path).suffix.lower() != ".xlsx":
        raise BookError("file", str(path), "must be named .xlsx", shown=str(path))
    context = load_context(folder, amended=amended)
    case = context.cases[0] if case is None else case
    if case not in context.results:
        raise ChoiceError("case", case, f"must be one of {', '.join(context.cases)}")
    book = Book(context)
    progress("Writing formulas")
    unfilled = read_package(render(book, context.results[case]))
    progress("Calculating and comparing with the core")
    calculation = Calculation(unfilled, functions)
    values = proven_values(book, calculation, case)
    charts = {
        name: with_cached_values(part, calculation.values(charted_cells(part)))
        for name, part in unfilled.parts.items()
        if name.startswith("xl/charts/")
    }
    day = datetime.combine(context.results[case].inputs.day("valuation_date"), time(), UTC)
    progress("Saving")
    kept = state_of(book, context.results[case], version=__version__, written=day.isoformat())
    parts = {**charts, **parts_with_state(unfilled, kept)}
    save(path, normalise(unfilled, timestamp=day, values=values, parts=parts))
    return book


def proven_values(book: Book, calculation: Calculation, case: str) -> dict[CellKey, CellValue]:
    """The values of all formula cells and stored results, each compared with the core in every case.

    While the cases are compared, the stored results are the core's; the delivered case comes last, and once
    more with the stored results that the formulas themselves have given.
    """
    formula_cells = [cell for cell in book.cells() if cell.entry.kind == "formula"]
    stored_cells = [cell for cell in book.cells() if cell.entry.kind == "stored"]
    delivered = book.context.results[case]
    for cell in stored_cells:
        calculation.set_value(*cell.at, plain(book.expected(cell, delivered)))
    stored: dict[CellKey, CellValue] = {}
    for name in sorted(book.context.cases, key=lambda name: name == case):
        calculation.set_value(*book.at(SELECTOR), name)
        values = calculation.values()
        _compare(book, formula_cells, values, name)
        for cell in stored_cells:
            if cell.entry.case == name:
                stored[cell.at] = values[book.at(cell.entry.formula or "", cell.sheet.key)]
    for at, value in stored.items():
        calculation.set_value(*at, value)
    values = calculation.values()
    _compare(book, formula_cells, values, case)
    return values | stored


def _compare(book: Book, cells: list[Cell], values: Mapping[CellKey, CellValue], case: str) -> None:
    """Raise `BookError` for the first formula cell whose value is not the core's."""
    for cell, expected in book.all_expected(cells, book.context.results[case]):
        difference = disagreement(values.get(cell.at), expected)
        if difference:
            place = f"{cell.sheet.title}!{cell.address}"
            key = cell.line.key if cell.line else "heading"
            rule = f"must agree with the core in case {case}: {difference} (line {key})"
            raise BookError(place, book.formula(cell), rule)
