"""Refresh and check of a book that is open in a spreadsheet program, through the two methods of `CellBook`.

    refresh_open    new facts into the open book: the plan of `refresh`, written cell by cell
    check_open      what the open book shows, against the core

The program itself recalculates. `shown` reads what its formula cells show; a host that cannot read that does
without, and one that is handed cells and gone when they come back cannot see it recalculate. A host that can
save a copy of its book proves it with `compare.check`, which looks at every case and asks a second engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

from xlwings_addin.book.agreement import plain
from xlwings_addin.book.changes_sheet import TITLE, changes_page
from xlwings_addin.book.compare import compare_with_core, read_checks
from xlwings_addin.book.context import SELECTOR, Amendment, Progress, load_context
from xlwings_addin.book.holdings import book_context, stands
from xlwings_addin.book.new_sheet import free_title
from xlwings_addin.book.package import CellKey, CellValue
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.book.refresh import (
    PACKAGED,
    VALUE,
    CellBook,
    Refreshed,
    checked_selection,
    explained,
    located,
    plan,
)
from xlwings_addin.book.report import Report
from xlwings_addin.book.state import State
from xlwings_addin.book.writing import compare_formulas
from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import Context

Shown = Callable[[str], Mapping[str, CellValue]]
"""What the cells of a sheet show, by address: of a formula cell its value."""


def refresh_open(
    book: CellBook,
    *,
    state: State | None,
    shown: Shown | None = None,
    recalculates: bool = True,
    sees_formulas: bool = True,
    name: str = "the open book",
    folder: Path | None = None,
    amended: Amendment = lambda tables: tables,
    tables: str = "",
    case: str | None = None,
    ours: Collection[str] = (),
    theirs: Collection[str] = (),
    titles: Collection[str] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress = lambda _: None,
) -> Refreshed:
    """Bring new facts into an open book; what an analyst has changed stays, and is listed.

    `state` is what the last build or refresh wrote, if the host has kept it; the host keeps the new one,
    `plan.state` of the result. `sees_formulas` is false where `read` gives a formula's value in its place:
    then no formula is judged. With `titles`, the sheets there are, a sheet Changes is written behind them.
    The results of every case that Cover keeps come from the book itself, by selecting each case in turn, or
    from the core: without `shown`, and where that `recalculates` only after this has returned.

    Raises what `plan` raises, before anything is written, and `BookError` for a selected case that is none.
    """
    context = load_context(folder, amended=amended)
    if case is not None and case not in context.results:
        raise ChoiceError("case", case, f"must be one of {', '.join(context.cases)}")
    time = now().replace(microsecond=0).isoformat()
    found, placed = plan(
        book, context, state, ours=ours, theirs=theirs, case=case, written=time, sees_formulas=sees_formulas
    )
    before, selector = _values(book, shown), placed.at(SELECTOR)
    selected = checked_selection(placed, before.get(selector) if case is None else case)
    progress("Writing")
    book.write(found.writes)
    follows = shown is not None and recalculates
    if shown is not None and follows:
        book.write(_results_of_each_case(book, placed, selected, shown))
    after = {**_values(book, shown), **found.writes}
    results, moved, notes = explained(found, placed, selected, before, after, progress)
    if results and not follows:
        after |= _results_of_the_core(placed, results, selected)
        book.write({at: after[at] for at in _stored(placed)})
    value = placed.at(VALUE)
    done = Refreshed(
        name, time, tables or str(folder or PACKAGED), found, selected,
        before.get(value), after.get(value), results, moved, notes,
    )  # fmt: skip
    if titles is not None:
        book.write(changes_page(done).values(free_title(TITLE, tuple(titles))))
    return done


def check_open(
    book: CellBook,
    *,
    shown: Shown,
    sees_formulas: bool = True,
    name: str = "the open book",
    folder: Path | None = None,
) -> Report:
    """Compare what an open book shows in its selected case with the core, and read its own checks.

    The core values the inputs the book holds. Raises `BookError` for a book that lacks a sheet or a line.
    """
    delivered, report = load_context(folder), Report(name)
    placed, values = Book(delivered, located(book, delivered)), _values(book, shown)
    held = Book(book_context(values, placed, report), placed.rows)
    selected = checked_selection(held, values.get(held.at(SELECTOR)))
    cells = [cell for cell in held.cells() if stands(cell, held.rows)]
    report.cases = (selected,)
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    if sees_formulas:
        compare_formulas(held, cells, lambda cell: book.read(cell.sheet.title).get(cell.address), report)
    compare_with_core(held, cells, values, selected, report)
    read_checks(held, cells, {selected: values}, report)
    return report


def _values(book: CellBook, shown: Shown | None) -> dict[CellKey, CellValue]:
    """The values of the cells of all our sheets."""
    read = book.read if shown is None else shown
    return {
        (sheet.title, address): value for sheet in sheets() for address, value in read(sheet.title).items()
    }


def _stored(placed: Book) -> dict[CellKey, Cell]:
    """The cells that keep the results of every case."""
    return {cell.at: cell for cell in placed.cells() if cell.entry.kind == "stored"}


def _results_of_each_case(
    book: CellBook, placed: Book, selected: str, shown: Shown
) -> dict[CellKey, CellValue]:
    """What the book itself shows for every case; the selection is left as it was found, whatever happens."""
    selector, stored = placed.at(SELECTOR), _stored(placed)
    sources = {at: placed.at(cell.entry.formula or "", cell.sheet.key) for at, cell in stored.items()}
    kept: dict[CellKey, CellValue] = {}
    try:
        for case in placed.context.cases:
            book.write({selector: case})
            pages = {title: shown(title) for title in {title for title, _ in sources.values()}}
            for at, cell in stored.items():
                if cell.entry.case == case:
                    title, address = sources[at]
                    kept[at] = pages[title].get(address)
    finally:
        book.write({selector: selected})
    return kept


def _results_of_the_core(
    placed: Book, results: Mapping[str, Results], selected: str
) -> dict[CellKey, CellValue]:
    """What the core makes of every case, for the cells that keep it, and of the selected one for its own."""
    held = Book(Context(placed.context.tables, results), placed.rows)
    kept = held.all_expected(_stored(held).values(), results[selected])
    return {
        **{cell.at: plain(value) for cell, value in kept},
        held.at(VALUE): results[selected].sotp.value_per_share,
    }
