"""New facts into an analyst's own workbook, and nothing of the analyst's lost.

For each input and each typed text of our sheets there are three states: what the last build or refresh wrote
(`state`), what the book holds now, and what the tables say.

    the book holds what was written     updated to the tables
    the analyst has changed it          kept, and listed as an override with both values
    nobody knows what was written       kept, and listed, where it differs from the tables

A formula that an analyst has changed, or overwritten with a number, is kept and listed. `plan` decides over
any book that can read and write cells; `refresh_file` does it to a file, `open_book.refresh_open` to one that
is open in a spreadsheet program. `explained` says which new fact moved the value of a share by how much.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from xlwings_addin import __version__
from xlwings_addin.book.agreement import disagreement, normal_formula, plain
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.context import SELECTOR, Amendment, Functions, Progress, load_context
from xlwings_addin.book.holdings import book_context, figure_of, rows_by_key
from xlwings_addin.book.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    parts_with_values,
    read_package,
    read_values,
    refuse_open,
    save,
)
from xlwings_addin.book.references import HEADINGS, Book, Cell
from xlwings_addin.book.report import Report
from xlwings_addin.book.sheet_xml import split_address
from xlwings_addin.book.state import (
    Arrival,
    State,
    name_of,
    parts_with_state,
    read_state,
    text_of,
)
from xlwings_addin.core.errors import BookError, ChoiceError, InputError, ValuationError
from xlwings_addin.model.bridge import Bridge, bridge
from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.model.tables import Row
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import Context

VALUE = "{sotp.value_per_share}"
PACKAGED = "the packaged tables"


class CellBook(Protocol):
    """A workbook whose cells can be read and written: a file, or one open in a spreadsheet program."""

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        """Every cell of a sheet that holds something: a formula with its equals sign, else the value."""
        ...

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells."""
        ...


@dataclass
class MemoryBook:
    """Cells in memory, by sheet and address: for tests, and for hosts that hand over whole sheets."""

    sheets: dict[str, dict[str, CellValue]]

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        return self.sheets.get(sheet, {})

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        for (sheet, address), value in values.items():
            self.sheets.setdefault(sheet, {})[address] = value


class FileBook:
    """The cells of an .xlsx file; what is written waits in `written` until the file is replaced."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.written: dict[CellKey, CellValue] = {}
        self._cells: dict[str, dict[str, CellValue]] = {}
        self.stored = read_values(package)
        for (sheet, address), value in self.stored.items():
            self._cells.setdefault(sheet, {})[address] = value
        for formula in formula_cells(package):
            text = f"={formula.text}" if formula.text else "=(array)"
            self._cells.setdefault(formula.sheet, {})[formula.cell] = text

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        return self._cells.get(sheet, {})

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        self.written |= values

    def data(self, values: Mapping[CellKey, CellValue], state: State) -> bytes:
        """The file with what was written, the `values` of its formulas and the record of the refresh.

        A cell whose value stays keeps its bytes.
        """
        new = {
            at: value
            for at, value in {**self.written, **values}.items()
            if at not in self.stored or value != self.stored[at] or type(value) is not type(self.stored[at])
        }
        filled = parts_with_values(self.package, new, add_cells=True)
        return self.package.with_parts({**filled, **parts_with_state(self.package, state)})


@dataclass(frozen=True)
class Change:
    """A cell and its values: what it held, what it holds now, and what the tables have for it."""

    cell: str
    key: str
    place: str
    label: str
    case: str
    before: CellValue
    after: CellValue
    tables: CellValue
    unit: str
    source: str
    as_of: str


@dataclass
class Plan:
    """What a refresh will do: what it writes, what it keeps, what has no place in the book."""

    writes: dict[CellKey, CellValue] = field(default_factory=dict)
    updated: list[Change] = field(default_factory=list)
    overrides: list[Change] = field(default_factory=list)
    texts_kept: list[Change] = field(default_factory=list)
    formulas: list[Change] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    state: State | None = None


@dataclass(frozen=True)
class Refreshed:
    """What a refresh has done to a book, or would do.

    `results` are the core's for what the book holds now, by case, and empty where it cannot be valued; the
    `bridge` leads to the selected one. `notes` say why there is none, and where it may mislead.
    """

    book: str
    time: str
    tables: str
    plan: Plan
    case: str
    value_before: CellValue
    value_after: CellValue
    results: Mapping[str, Results]
    bridge: Bridge | None
    notes: tuple[str, ...]
    backup: Path | None = None


def plan(
    book: CellBook,
    context: Context,
    state: State | None,
    *,
    ours: Collection[str] = (),
    theirs: Collection[str] = (),
    case: str | None = None,
    written: str,
    sees_formulas: bool = True,
) -> tuple[Plan, Book]:
    """Decide for every input, typed text and formula of our sheets; `ours` and `theirs` name lines by key.

    `theirs` takes the tables' value where the analyst has changed it; `ours` keeps the book's where nobody
    has. Where a host shows only values, `sees_formulas` is false and no formula is judged.
    Raises `BookError` for a book that lacks a sheet or a line that every model of this project has, and
    `InputError` for a key that is no input.
    """
    for key in (*ours, *theirs):
        if key not in {known.key for known in PARAMETERS} | _history_keys(context):
            raise InputError("input", key, "is no line of Inputs or History")
    if both := set(ours) & set(theirs):
        raise InputError("input", sorted(both)[0], "must not be both ours and theirs")
    rows = located(book, context)
    placed = Book(context, rows)
    results = context.results[case or context.cases[0]]
    found = Plan()
    values: dict[str, CellValue] = {}
    texts: dict[str, int] = {}
    for cell, expected in placed.all_expected(placed.cells(), results):
        if cell.line is not None and (cell.sheet.key, cell.line.key) not in rows:
            continue
        holds = book.read(cell.sheet.title).get(cell.address)
        if cell.entry.kind == "formula":
            if sees_formulas:
                _formula(found, placed, cell, holds)
            continue
        name, new = name_of(cell), plain(expected)
        if cell.line is not None and cell.line.key == "selected_case" and cell.entry.kind == "input":
            new = case if case is not None else holds
            if new != holds:
                found.writes[cell.at] = new
            values[name] = new
        elif cell.entry.kind == "input":
            values[name] = _input(found, placed, cell, holds, new, state, ours=ours, theirs=theirs)
        elif cell.entry.kind == "text" and cell.line is not None:
            texts[name] = _text(found, cell, holds, new, state)
    found.unplaced = [
        f"{sheet.title}: {line.label or key}"
        for sheet in sheets()
        for key, (_, line) in placed.sheets[sheet.key].lines.items()
        if (sheet.key, key) not in rows
    ]
    arrivals = dict(state.arrivals) if state is not None else {}
    arrivals |= {each.cell: Arrival(each.source, each.as_of, written) for each in found.updated}
    found.state = State(__version__, written, values, texts, arrivals)
    return found, placed


def _history_keys(context: Context) -> set[str]:
    return {row.key for row in context.tables.history}


def located(book: CellBook, context: Context) -> dict[tuple[str, str], int]:
    """The row of every line of a book, found by its key in the column of keys.

    Raises `BookError` for a book that lacks a sheet, an input or a case.
    """
    rows: dict[tuple[str, str], int] = {}
    for sheet in sheets():
        keys = rows_by_key(book.read(sheet.title))
        if HEADINGS not in keys:
            raise BookError(
                "sheet", sheet.title, "is missing, or lacks the keys of its lines; build a new book"
            )
        rows |= {(sheet.key, key): row for key, row in keys.items()}
    lost = [known.key for known in PARAMETERS if ("inputs", known.key) not in rows]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        rule = f"is missing{more}: the book is from another version of this project; build a new one"
        raise BookError("line of Inputs", lost[0], rule, shown=lost[0])
    headings = [
        value
        for address, value in book.read("Inputs").items()
        if split_address(address)[0] == rows["inputs", "case_name"] and value in context.cases
    ]
    if missing := [case for case in context.cases if case not in headings]:
        raise BookError("case", missing[0], "has no column in the book; build a new one", shown=missing[0])
    return rows


def _change(
    cell: Cell, before: CellValue, after: CellValue, tables: CellValue, case: str = "", row: Row | None = None
) -> Change:
    assert cell.line is not None
    place, key = f"{cell.sheet.title}!{cell.address}", cell.line.key
    source, as_of = (row.source, row.as_of.isoformat()) if row is not None else ("", "")
    unit = cell.unit
    return Change(
        name_of(cell), key, place, cell.line.label, case, before, after, tables, unit, source, as_of
    )


def _input(
    found: Plan,
    placed: Book,
    cell: Cell,
    holds: CellValue,
    new: CellValue,
    state: State | None,
    *,
    ours: Collection[str],
    theirs: Collection[str],
) -> CellValue:
    """One input: what the state will say was written into it."""
    key, case, row = _figure(placed, cell)
    written = state.values.get(name_of(cell), None) if state is not None else None
    known = state is not None and name_of(cell) in state.values
    if not disagreement(holds, new):
        return new
    untouched = known and not disagreement(holds, written)
    if key in theirs or (untouched and key not in ours):
        found.writes[cell.at] = new
        found.updated.append(_change(cell, holds, new, new, case, row))
        return new
    found.overrides.append(_change(cell, holds, holds, new, case, row))
    return written if known else new


def _figure(placed: Book, cell: Cell) -> tuple[str, str, Row | None]:
    """The key of an input, its case unless it is a figure of the history, and the tables' row."""
    assert cell.line is not None
    if cell.sheet.key == "inputs":
        case = placed.context.cases[cell.index]
        return cell.line.key, case, placed.context.results[case].inputs.row(cell.line.key)
    key, period = figure_of(placed, cell)
    tables = placed.context.tables
    return key, "", tables.row(key, period) if (key, period) in tables.figures else None


def _text(found: Plan, cell: Cell, holds: CellValue, new: CellValue, state: State | None) -> int:
    """A typed text of ours: follows the tables unless the analyst has written another."""
    written = state.texts.get(name_of(cell)) if state is not None else None
    if (holds == new and type(holds) is type(new)) or not disagreement(holds, new):
        return text_of(new)
    if written is not None and text_of(holds) != written:
        found.texts_kept.append(_change(cell, holds, holds, new))
        return written
    found.writes[cell.at] = new
    return text_of(new)


def _formula(found: Plan, placed: Book, cell: Cell, holds: CellValue) -> None:
    expected = placed.formula(cell)
    if cell.line is None or holds == expected:
        return
    if not isinstance(holds, str) or normal_formula(holds) != normal_formula(expected):
        found.formulas.append(_change(cell, holds, holds, expected))


def explained(
    found: Plan,
    placed: Book,
    case: str,
    before: Mapping[CellKey, CellValue],
    after: Mapping[CellKey, CellValue],
    progress: Progress = lambda _: None,
) -> tuple[Mapping[str, Results], Bridge | None, tuple[str, ...]]:
    """What the core makes of the inputs a book holds now, the value bridge to it, and what to know of both.

    `before` and `after` are the values of the book's cells. The bridge is that of the selected `case`, and
    there is none where no input was updated. A book whose inputs the core cannot value gets a note.
    """

    def held(values: Mapping[CellKey, CellValue]) -> Mapping[str, Results]:
        return book_context(values, placed, Report("")).results

    def valuing(done: int, total: int) -> None:
        progress(f"Valuing mixes of the inputs, {done} of {total}")

    try:
        results = held(after)
        if not found.updated:
            return results, None, ()
        moved = bridge(held(before)[case].inputs, results[case].inputs, progress=valuing)
    except ValuationError as error:
        return {}, None, (f"no value bridge: {error}",)
    kept = len(found.formulas)
    note = f"{kept} changed formulas are kept: the bridge is that of the core, without them"
    return results, moved, (note,) if kept else ()


def refresh_file(
    path: Path | str,
    *,
    functions: Functions,
    folder: Path | None = None,
    amended: Amendment = lambda tables: tables,
    tables: str = "",
    case: str | None = None,
    ours: Collection[str] = (),
    theirs: Collection[str] = (),
    dry_run: bool = False,
    keep: int = 1,
    changes_sheet: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress = lambda _: None,
) -> Refreshed:
    """Bring new facts into a workbook in place, and recalculate all of it, the analyst's own sheets included.

    The facts are the tables in `folder` as `amended` leaves them; `tables` is what a reader calls them.
    `case` is the case to select; without it the selection stays. `keep` is how many former versions stay
    beside it, named `<book>.backup-1.xlsx` (the newest) and on. With `changes_sheet` a new sheet says what
    was done. With `dry_run` nothing is written.

    Raises `BookError`, and leaves the file as it is, for one that is open elsewhere, cannot be read, is from
    another version, has a formula with no trustworthy value or was changed meanwhile; `InputError` and
    `DomainError` for tables that break a rule.
    """
    target = Path(path)
    progress("Reading the workbook")
    package = read_package(target)
    if not dry_run:
        refuse_open(target)
    context, state, book = load_context(folder, amended=amended), read_state(package), FileBook(package)
    if case is not None and case not in context.results:
        raise ChoiceError("case", case, f"must be one of {', '.join(context.cases)}")
    time = now().replace(microsecond=0).isoformat()
    found, placed = plan(book, context, state, ours=ours, theirs=theirs, case=case, written=time)
    progress("Calculating")
    book.write(found.writes)
    selected, values = _calculated(book, placed, functions)
    after = book.stored | book.written | values
    results, moved, notes = explained(found, placed, selected, book.stored, after, progress)
    value = placed.at(VALUE)
    done = Refreshed(
        str(target), time, tables or str(folder or PACKAGED), found, selected,
        book.stored.get(value), values[value], results, moved, notes,
    )  # fmt: skip
    if dry_run:
        return done
    progress("Saving")
    assert found.state is not None
    data = book.data(values, found.state)
    if changes_sheet:
        data = _with_changes_sheet(data, package.titles, done)
    if target.read_bytes() != package.original:
        rule = "was changed by another program meanwhile; nothing is written"
        raise BookError("file", str(target), rule, shown=str(target))
    backup = _keep(target, package.original, keep)
    save(target, data)
    return replace(done, backup=backup)


def _with_changes_sheet(data: bytes, titles: tuple[str, ...], done: Refreshed) -> bytes:
    # Imported here: only a sheet needs the library that writes whole workbooks, and it takes long to load.
    from xlwings_addin.book.changes_sheet import TITLE, changes_page, write_page
    from xlwings_addin.book.new_sheet import free_title, with_new_sheet

    return with_new_sheet(data, free_title(TITLE, titles), partial(write_page, changes_page(done)))


def _calculated(book: FileBook, placed: Book, functions: Functions) -> tuple[str, dict[CellKey, CellValue]]:
    """The selected case, and all values: the formulas', and every case's results that the cover keeps."""
    selector = placed.at(SELECTOR)
    selected = checked_selection(placed, book.written.get(selector, book.stored.get(selector)))
    calculation = Calculation(book.package, functions)
    for at, value in book.written.items():
        calculation.set_value(*at, value)
    kept: dict[CellKey, CellValue] = {}
    stored = [cell for cell in placed.cells() if cell.entry.kind == "stored"]
    for case in sorted(placed.context.cases, key=lambda name: name == selected):
        calculation.set_value(*selector, case)
        for cell in stored:
            if cell.entry.case == case:
                kept[cell.at] = calculation.value(*placed.at(cell.entry.formula or "", cell.sheet.key))
    for at, value in kept.items():
        if value != book.stored.get(at):
            calculation.set_value(*at, value)
    return selected, calculation.values() | kept


def checked_selection(placed: Book, selected: CellValue) -> str:
    """The selected case; `BookError` where there is none of that name."""
    if selected not in placed.context.cases:
        raise BookError("selected_case", selected, f"must be one of {', '.join(placed.context.cases)}")
    return str(selected)


def _keep(target: Path, original: bytes, keep: int) -> Path | None:
    """Move the kept versions one on, and put the present one first."""
    if keep < 1:
        return None

    def backup(number: int) -> Path:
        return target.with_name(f"{target.stem}.backup-{number}{target.suffix}")

    for number in range(keep, 1, -1):
        if backup(number - 1).exists():
            shutil.copy2(backup(number - 1), backup(number))
    save(backup(1), original)
    return backup(1)


def rows_of(refreshed: Refreshed) -> Iterator[tuple[str, str, Any, Any, Any, str, str]]:
    """What a refresh did, a line each: what happened, where, before, after, what the tables have,
    whose that is and since when it is known.
    """
    found = refreshed.plan
    for kind, changes in (
        ("updated", found.updated),
        ("override kept", found.overrides),
        ("text kept", found.texts_kept),
        ("formula kept", found.formulas),
    ):
        for each in changes:
            where = f"{each.place} {each.key}" + (f" of {each.case}" if each.case else "")
            yield kind, where, each.before, each.after, each.tables, each.source, each.as_of
