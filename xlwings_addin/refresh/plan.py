"""What a refresh will write into a workbook, and what of the analyst's it keeps.

For each input and each typed text of our sheets there are three states: what the last build or refresh wrote
(`state`), what the book holds now, and what the tables say.

    the book holds what was written     updated to the tables
    the analyst has changed it          kept, and listed as an override with both values
    nobody knows what was written       kept, and listed, where it differs from the tables

A formula that an analyst has changed, or overwritten with a number, is kept and listed.
"""

from __future__ import annotations

import getpass
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.nearest import nearest
from xlwings_addin.inputs.renamed import current
from xlwings_addin.inputs.tables import Row
from xlwings_addin.inputs.typed import source_of_typed
from xlwings_addin.layout.references import HEADINGS, Book, PlacedCell
from xlwings_addin.layout.state import Arrival, State, fingerprint, in_present_format, name_of
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.reading import OpenCells, figure_of, is_of_own_case, located, pages_of_open
from xlwings_addin.proof.same_formula import is_same_formula
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import Context
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.agreement import disagreement, plain
from xlwings_addin.xlsx.package import CellKey, CellValue


@dataclass(frozen=True)
class CellChange:
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
    written: CellValue = None
    """What the last build or refresh wrote, where the record knows it."""


@dataclass
class Plan:
    """What a refresh will do: what it writes, what it keeps, what has no place in the book."""

    writes: dict[CellKey, CellValue] = field(default_factory=dict)
    updated: list[CellChange] = field(default_factory=list)
    overrides: list[CellChange] = field(default_factory=list)
    typed: list[CellChange] = field(default_factory=list)
    """Figures on Reported that no table has: facts, with who typed them as their source."""
    texts_kept: list[CellChange] = field(default_factory=list)
    formulas: list[CellChange] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    state: State | None = None
    links: dict[CellKey, str] = field(default_factory=dict)
    followed: dict[CellKey, str] = field(default_factory=dict)
    """Inputs that follow another case before the refresh, and how; `follows` after it."""
    follows: dict[CellKey, str] = field(default_factory=dict)

    @property
    def conflicts(self) -> list[CellChange]:
        """The overrides of what the tables have changed, too, since it was written."""
        return [change for change in self.overrides if disagreement(change.written, change.tables)]


def plan(
    opened: OpenCells,
    context: Context,
    state: State | None,
    request: RefreshRequest,
    *,
    written: str,
    new: Collection[CellKey] = (),
) -> tuple[Plan, Book]:
    """Decide for every input, typed text and formula of our sheets; gives what to do and where lines stand.

    Where `opened` shows values in place of formulas, no formula is judged. `written` is the time of the
    refresh; `new` are cells that the book has just got, which nobody can have changed. Raises `BookError` for
    a book that lacks a sheet or a line that every model of this project has, and `InputError` for a key that
    is no input.
    """
    request = replace(request, keep_mine=_present(request.keep_mine), take_new=_present(request.take_new))
    _check_keys((*request.keep_mine, *request.take_new), context)
    pages = pages_of_open(opened)
    fit = fitted(context, pages)
    context = fit.context
    rows = located(pages, context)
    book = fit.book(rows)
    planner = _Planner(book, None if state is None else in_present_format(state, book), request, opened)
    planner.new = frozenset(new)
    planner.plan.unplaced += [f"{name} has no column" for name in fit.without_column]
    results = context.results[request.case or context.cases[0]]
    cells = [cell for cell in book.cells() if cell.entry.kind != "answer"]
    typed = [cell for cell in cells if cell.entry.kind != "formula"]
    expected = {cell.at: value for cell, value in book.all_expected(typed, results)}
    for cell in cells:
        if cell.line is not None and (cell.sheet.key, cell.line.key) not in rows:
            continue
        if cell.entry.kind != "formula" and is_of_own_case(cell, context):
            continue
        if cell.line is None and (cell.sheet.key, HEADINGS) not in rows:
            continue
        content = opened.read(cell.sheet.title).get(cell.address)
        if cell.entry.kind != "formula":
            planner.decide(cell, content, plain(expected[cell.at]))
        elif opened.sees_formulas:
            planner.judge(cell, content)
    return planner.finished(written), book


def _present(keys: Collection[str]) -> frozenset[str]:
    """Keys of lines as they are called now."""
    return frozenset(current("key", key) for key in keys)


def _check_keys(keys: Collection[str], context: Context) -> None:
    lines = context.company.parameters.keys | {row.key for row in context.tables.history}
    for key in sorted(keys):
        if key not in lines:
            raise InputError("input", key, f"is no line of Inputs or Reported{nearest(key, lines)}")


class _Planner:
    """A plan in the making, and the record of what will have been written."""

    def __init__(self, book: Book, state: State | None, request: RefreshRequest, opened: OpenCells) -> None:
        self.book, self.state, self.request, self.opened = book, state, request, opened
        self.plan = Plan()
        self.inherited: list[str] = []
        self.new: frozenset[CellKey] = frozenset()
        self.values: dict[str, CellValue] = {}
        self.texts: dict[str, int] = {}

    def decide(self, cell: PlacedCell, content: CellValue, new: CellValue) -> None:
        """A typed cell: what it holds and what the tables have for it."""
        if cell.entry.kind == "input":
            name = name_of(self.book, cell)
            if cell.line is not None and cell.line.key == "selected_case":
                self.values[name] = self._selection(cell, content)
            elif (typed := self._typed(cell)) is not None:
                self.values[name] = self._type(cell, name, content, new, typed)
            elif self._is_settled_by_a_link(cell, name, content, new):
                self.values[name] = new
            else:
                self.values[name] = self._input(cell, name, content, new)
        elif cell.entry.kind == "text" and cell.line is not None:
            name = name_of(self.book, cell)
            self.texts[name] = self._text(cell, name, content, new)

    def judge(self, cell: PlacedCell, content: CellValue) -> None:
        """A cell that holds our formula, unless the analyst has put something else there."""
        expected = self.book.formula(cell)
        if cell.line is None or content == expected:
            return
        if not isinstance(content, str) or not is_same_formula(content, expected):
            self.plan.formulas.append(_change(self.book, cell, content, content, expected))

    def finished(self, written: str) -> Plan:
        """The plan with its record and the lines that have no place in the book."""
        book, rows = self.book, self.book.rows
        for sheet in sheets(book.context.company):
            if (sheet.key, HEADINGS) not in rows:
                self.plan.unplaced.append(f"sheet {sheet.title}")
                continue
            lacking = [
                f"{block.block.title}: comes with a new build"
                if block.block.with_a_build
                else line.label or key
                for key, (block, line) in book.sheets[sheet.key].lines.items()
                if (sheet.key, key) not in rows
            ]
            self.plan.unplaced += [f"{sheet.title}: {name}" for name in dict.fromkeys(lacking)]
        arrivals = dict(self.state.arrivals) if self.state is not None else {}
        arrivals |= {
            change.cell: Arrival(change.source, change.as_of, written) for change in self.plan.updated
        }
        for change in self.plan.typed:
            source = source_of_typed(
                self.request.author or getpass.getuser(), date.fromisoformat(written[:10])
            )
            arrivals.setdefault(change.cell, Arrival(source, written[:10], written))
        self.plan.state = State(
            __version__,
            written,
            self.values,
            self.texts,
            arrivals,
            inherited=tuple(self.inherited),
            lines=self._lines(),
        )
        return self.plan

    def _lines(self) -> tuple[str, ...]:
        """The lines that the book has, and those that it had and the analyst has taken out."""
        book, state = self.book, self.state
        return tuple(
            f"{key}.{line}"
            for key, placed in book.sheets.items()
            for line in placed.lines
            if (key, line) in book.rows or (state is not None and state.has_had(key, line))
        )

    def _selection(self, cell: PlacedCell, content: CellValue) -> CellValue:
        """The selected case stays unless another is asked for."""
        new = self.request.case if self.request.case is not None else content
        if new != content:
            self.plan.writes[cell.at] = new
        return new

    def _typed(self, cell: PlacedCell) -> CellValue:
        """What the request asks to be typed into a cell of Inputs; None where it asks for nothing."""
        if not self.request.typed or cell.sheet.key != "inputs":
            return None
        key, case, _ = _figure(self.book, cell)
        return plain(self.request.typed.get((case, key)))

    def _type(
        self, cell: PlacedCell, name: str, content: CellValue, new: CellValue, typed: CellValue
    ) -> CellValue:
        """Write an input as an analyst would: the record keeps what the tables have had for it."""
        _, case, row = _figure(self.book, cell)
        if disagreement(content, typed) or isinstance(content, str):
            self.plan.writes[cell.at] = typed
            change = _change(self.book, cell, content, typed, new, case, row)
            self.plan.updated.append(replace(change, source=self.request.typed_by))
        recorded = self.state is not None and name in self.state.values
        return self.state.values[name] if recorded and self.state is not None else new

    def _is_settled_by_a_link(self, cell: PlacedCell, name: str, content: CellValue, new: CellValue) -> bool:
        """Whether an input follows the case that its case extends from now on, as it does already or anew.

        One that follows and is to have a value of its own is decided as any other; so is one that the analyst
        has typed, but the record still says that it was written as a formula.
        """
        if cell.parent is None:
            return False
        link, was_inherited = self.book.formula(cell), self._was_inherited(name)
        follows = self._follows(cell, name, content, link)
        if follows:
            self.plan.followed[cell.at] = link
        if follows == cell.follows:
            if follows:
                self._inherit(cell, name, link)
            return follows
        untouched = was_inherited if follows else not was_inherited and self._was_written(name, content)
        if self._keeps(cell, untouched=untouched):
            self.inherited += [name] if was_inherited else []
            self.plan.follows |= {cell.at: link} if follows else {}
            return False
        if follows:
            return False
        if disagreement(content, new):
            _, case, row = _figure(self.book, cell)
            self.plan.updated.append(_change(self.book, cell, content, new, new, case, row))
        self.plan.links[cell.at] = link
        self._inherit(cell, name, link)
        return True

    def _follows(self, cell: PlacedCell, name: str, content: CellValue, link: str) -> bool:
        """Whether a cell holds our link; where formulas are not seen, whether it may: it shows its value."""
        if self.opened.sees_formulas:
            return isinstance(content, str) and is_same_formula(content, link)
        title, address = self.book.at(cell.parent or "", cell.sheet.key)
        value = self.opened.read(title).get(address)
        return (self._was_inherited(name) or cell.follows) and not disagreement(content, value)

    def _was_inherited(self, name: str) -> bool:
        return self.state is not None and name in self.state.inherited

    def _was_written(self, name: str, content: CellValue) -> bool:
        """Whether a cell holds the value that was written into it."""
        recorded = self.state is not None and name in self.state.values
        return recorded and not disagreement(content, self.state.values[name])  # type: ignore[union-attr]

    def _keeps(self, cell: PlacedCell, *, untouched: bool) -> bool:
        """Whether a cell stays as it is where the tables have something else."""
        key = cell.line.key if cell.line is not None else ""
        return key in self.request.keep_mine or not (untouched or key in self.request.take_new)

    def _inherit(self, cell: PlacedCell, name: str, link: str) -> None:
        self.inherited.append(name)
        self.plan.follows[cell.at] = link

    def _input(self, cell: PlacedCell, name: str, content: CellValue, new: CellValue) -> CellValue:
        """One input: what the record will say was written into it."""
        if not disagreement(content, new):
            return new
        key, case, row = _figure(self.book, cell)
        recorded = self.state is not None and name in self.state.values
        written = self.state.values.get(name) if self.state is not None else None
        untouched = recorded and not disagreement(content, written)
        is_blank_figure = content is None and self.state is None and cell.sheet.key == "reported"
        untouched = untouched or cell.at in self.new or is_blank_figure
        if cell.at in self.plan.followed:
            untouched = self._was_inherited(name)
        if key in self.request.take_new or (untouched and key not in self.request.keep_mine):
            self.plan.writes[cell.at] = new
            self.plan.updated.append(_change(self.book, cell, content, new, new, case, row))
            return new
        change = _change(self.book, cell, content, content, new, case, row)
        if row is None and cell.sheet.key == "reported" and isinstance(content, float):
            self.plan.typed.append(change)
            return written if recorded else new
        is_decided = key in self.request.keep_mine  # from now on the tables' value of today is no news
        self.plan.overrides.append(replace(change, written=written if recorded else new))
        return written if recorded and not is_decided else new

    def _text(self, cell: PlacedCell, name: str, content: CellValue, new: CellValue) -> int:
        """A typed text of ours: follows the tables unless the analyst has written another."""
        written = self.state.texts.get(name) if self.state is not None else None
        if (content == new and type(content) is type(new)) or not disagreement(content, new):
            return fingerprint(new)
        if written is not None and fingerprint(content) != written:
            self.plan.texts_kept.append(_change(self.book, cell, content, content, new))
            return written
        self.plan.writes[cell.at] = new
        return fingerprint(new)


def _figure(book: Book, cell: PlacedCell) -> tuple[str, str, Row | None]:
    """The key of an input, its case unless it is a figure of the history, and the tables' row."""
    assert cell.line is not None
    if cell.sheet.key == "inputs":
        case = book.context.cases[cell.index]
        return cell.line.key, case, book.context.results[case].inputs.row(cell.line.key)
    key, period = figure_of(book, cell)
    tables = book.context.tables
    return key, "", tables.row(key, period) if (key, period) in tables.figures else None


def _change(
    book: Book,
    cell: PlacedCell,
    before: CellValue,
    after: CellValue,
    tables: CellValue,
    case: str = "",
    row: Row | None = None,
) -> CellChange:
    assert cell.line is not None
    return CellChange(
        name_of(book, cell),
        cell.line.key,
        f"{cell.sheet.title}!{cell.address}",
        cell.line.label,
        case,
        before,
        after,
        tables,
        cell.unit,
        row.source if row is not None else "",
        row.as_of.isoformat() if row is not None else "",
    )
