"""From the input tables to a delivered workbook: rendered, calculated, compared with the core, written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.rounding import disagreements
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.layout.as_left import marked_as_left
from xlwings_addin.layout.charts import charted_cells, with_cached_values
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.render import render
from xlwings_addin.layout.state import parts_with_state, state_of
from xlwings_addin.layout.what_if import cells_of_one_case, sheets_of_one_case
from xlwings_addin.proof.answered import answers_of_book
from xlwings_addin.proof.compare import is_compared
from xlwings_addin.proof.context import SELECTOR, Amendment, Functions, Progress, load_context
from xlwings_addin.sheets.spec import LIVE_CHOICES, Live
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.agreement import plain, strictly
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    normalise,
    read_package,
    save,
)


def build(
    path: Path | str,
    *,
    functions: Functions,
    case: str | None = None,
    folder: Path | None = None,
    amended: Amendment = lambda tables: tables,
    live: Live = "cases",
    progress: Progress = lambda _: None,
) -> Book:
    """Write the workbook to `path`, opening with `case` (or the first), a value in every formula cell.

    `live` says what it calculates in what-if tables: nothing, the cases on Cover, or Sensitivities, too.

    The values come from a spreadsheet engine that evaluates the formulas; every one of them is compared
    with the core, in every case, before the file is written. Raises `ValuationError` for bad inputs and
    `BookError` when a formula and the core disagree or the file cannot be written: then nothing is.
    """
    progress("Reading inputs and valuing every case")
    if Path(path).suffix.lower() != ".xlsx":
        raise BookError("file", str(path), "must be named .xlsx", display=str(path))
    context = load_context(folder, amended=amended, live=live)
    case = context.cases[0] if case is None else case
    if live not in LIVE_CHOICES:
        raise ChoiceError("live", live, one_of(live, LIVE_CHOICES))
    if case not in context.results:
        raise ChoiceError("case", case, one_of(case, context.cases))
    book = Book(replace(context, made=context.results[case]))
    progress("Writing formulas")
    unfilled = read_package(render(book, context.results[case]))
    progress("Calculating and comparing with the core")
    calculation = Calculation(unfilled, functions)
    values = proven_values(book, calculation, case)
    answers = {at: value for at, value in answers_of_book(book).items() if value is not None}
    charts = {
        name: with_cached_values(part, {**calculation.values(charted_cells(part)), **answers})
        for name, part in unfilled.parts.items()
        if name.startswith("xl/charts/")
    }
    day = datetime.combine(context.results[case].inputs.day("valuation_date"), time(), UTC)
    progress("Saving")
    kept = state_of(book, context.results[case], values, version=__version__, written=day.isoformat())
    parts = {**charts, **parts_with_state(unfilled, kept)}
    data = normalise(unfilled, timestamp=day, values=values | answers, parts=parts, finish=marked_as_left)
    save(path, data)
    return book


def proven_values(book: Book, calculation: Calculation, case: str) -> dict[CellKey, CellValue]:
    """The values of all formula cells and stored results, all compared with the core in every case.

    While the cases are compared, the stored results are the core's; the delivered case comes last, and once
    more with the stored results that the formulas themselves have given.
    """
    stored_cells = [cell for cell in book.cells() if cell.entry.kind == "stored"]
    delivered = book.context.results[case]
    for cell in stored_cells:
        calculation.set_value(*cell.at, plain(book.expected(cell, delivered)))
    stored: dict[CellKey, CellValue] = {}
    of_one_case = sheets_of_one_case(book)
    for name in sorted(book.context.cases, key=lambda name: name == case):
        calculation.set_value(*book.at(SELECTOR), name)
        calculation.leave_tables(() if name == case else of_one_case)
        values = calculation.values()
        _compare(book, calculation, name)
        for cell in stored_cells:
            if cell.entry.case == name:
                stored[cell.at] = values[book.at(cell.entry.formula or "", cell.sheet.key)]
    for at, value in stored.items():
        calculation.set_value(*at, value)
    values = calculation.values()
    _compare(book, calculation, case)
    return values | stored


def _compare(book: Book, calculation: Calculation, case: str) -> None:
    """Raise `BookError` for the first formula cell that is not the core's though what it reads is.

    The table of every case is compared with each case in its turn: what is wrong in it is then wrong before.
    """
    left = frozenset[CellKey]() if case == book.context.made_for.case else cells_of_one_case(book)
    cells = {cell.at: cell for cell in book.cells() if is_compared(cell, case) and cell.at not in left}
    expected = {
        cell.at: plain(value) for cell, value in book.all_expected(cells.values(), book.context.results[case])
    }
    differences = disagreements(calculation, expected, differs=strictly)
    if not differences:
        return
    first = Dependencies(calculation.book).first_of(differences)
    at = next(at for at in differences if at in first)
    cell = cells[at]
    key = cell.line.key if cell.line else "heading"
    rule = f"must agree with the core in case {case}: {differences[at]} (line {key})"
    raise BookError(f"{cell.sheet.title}!{cell.address}", book.formula(cell), rule)
