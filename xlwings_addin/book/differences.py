"""What differs between two workbooks, cell by cell, and what that does to the value of a share.

A cell is in one class, the first that fits:

    added, removed     only one of the books has something in it
    formula changed    the formula is another one, or one stands where a typed value stood, or the reverse
    input changed      what is typed in it is another value
    value followed     its formula stayed and its stored value did not, or the build keeps a result there
    format only        its font, fill, border, alignment, protection or number format is another one

Sheets are matched by title. Where both have this project's column of keys, rows are matched by key, so that
inserted rows move nothing; rows without a key are matched by what stands in them, between the same two keys.
Their columns are matched by typed headings: a case or a year more moves nothing either.
Other sheets are matched by address. A formula that only follows rows that moved is the same formula. Nothing
is calculated: values are those the books store. Widths, charts, comments and names are no cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from xlwings_addin.book.agreement import disagreement
from xlwings_addin.book.context import SELECTOR, Progress, load_context
from xlwings_addin.book.holdings import book_context, located_lines, opened
from xlwings_addin.book.package import CellKey, CellValue, Package, Source, read_package, read_values
from xlwings_addin.book.references import HEADINGS, Book
from xlwings_addin.book.report import Report
from xlwings_addin.book.sheet_xml import column_letters, join_address, split_address
from xlwings_addin.core.errors import BookError, ValuationError
from xlwings_addin.model.bridge import Bridge, Grouping, bridge
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.sheets.spec import FIRST_COLUMN, KEY_COLUMN, LABEL, Context

Kind = Literal["input changed", "formula changed", "value followed", "format only", "added", "removed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Place = tuple[int, int]
"""Row and column, both from 1."""


# --- the result ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One cell that differs: where, what it held and what it holds.

    `cell` is its address in the later book, or where it was when it was removed; `line` and `label` are those
    of its row, where the row has a key. Dates are ISO texts, formulas begin with `=`, errors are texts.
    """

    kind: Kind
    sheet: str
    cell: str
    line: str = ""
    label: str = ""
    old: CellValue = None
    new: CellValue = None
    old_formula: str = ""
    new_formula: str = ""


@dataclass(frozen=True)
class Differences:
    """All cells that differ between two workbooks, and the bridge between their values per share.

    `notes` say what could not be compared, and why there is no bridge where there is none.
    """

    before: str
    after: str
    cells: tuple[Difference, ...]
    bridge: Bridge | None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many cells there are of each class."""
        found = Counter(each.kind for each in self.cells)
        return {kind: found[kind] for kind in KINDS}

    def to_json(self) -> dict[str, Any]:
        """The differences as plain data, for `json.dumps`."""
        return {
            "before": self.before,
            "after": self.after,
            "counts": self.counts,
            "bridge": None if self.bridge is None else self.bridge.as_dict(),
            "notes": list(self.notes),
            "cells": [asdict(each) for each in self.cells],
        }

    def to_html(self) -> str:
        """The differences as one page without scripts or links, `MOST_LISTED` cells of each class."""
        from xlwings_addin.book.differences_page import page

        return page(self)


def differences(
    before: Source,
    after: Source,
    *,
    folder: Path | None = None,
    by: Grouping = "auto",
    progress: Progress = lambda _: None,
) -> Differences:
    """What differs between two workbooks, and the value bridge of the case that `after` has selected.

    The bridge leads from the inputs `before` holds for that case (where it lacks it: for the case it has
    selected itself) to those `after` holds, both valued by the core; what a workbook does not hold, such as
    the sources, is read from the tables in `folder`. Where one of the two is no model of this project, or
    holds inputs that cannot be valued, there is no bridge and a note says why.

    Raises `BookError` for a file that is no workbook and `InputError` for tables that cannot be read.
    """
    progress("Reading the workbooks")
    one, other = _Side(read_package(before)), _Side(read_package(after))
    progress("Comparing cells")
    cells, notes = _compare(one, other)

    def valuing(done: int, total: int) -> None:
        progress(f"Valuing mixes of the inputs, {done} of {total}")

    progress("Reading the inputs of both")
    delivered = load_context(folder)
    found: Bridge | None = None
    try:
        old, new, note = _inputs_of_both(one, other, delivered)
        found = bridge(old, new, by=by, progress=valuing)
        notes += note
    except ValuationError as error:
        notes.append(f"no value bridge: {error}")
    return Differences(one.package.shown, other.package.shown, tuple(cells), found, tuple(notes))


# --- the two sides ------------------------------------------------------------------------------------


class _Content(NamedTuple):
    """What a cell holds: its formula with the equals sign or nothing, its stored value, its look."""

    formula: str
    value: CellValue
    look: str
    is_date: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.formula and self.value is None

    @property
    def shown(self) -> CellValue:
        """The value as a reader means it: a date as such, and no half characters that no file can hold."""
        if self.is_date and isinstance(self.value, float):
            try:
                return str(from_excel(self.value).isoformat()).removesuffix("T00:00:00")
            except (AttributeError, OverflowError, ValueError):
                return self.value
        return writable(self.value) if isinstance(self.value, str) else self.value


@dataclass(frozen=True)
class _Cells:
    """The cells of a sheet by place, and the rows of its keys, none where it has no column of keys."""

    contents: Mapping[Place, _Content]
    keys: Mapping[str, int]

    @cached_property
    def rows(self) -> Mapping[int, Mapping[int, _Content]]:
        """The cells by row and column."""
        found: dict[int, dict[int, _Content]] = {}
        for (row, column), content in sorted(self.contents.items()):
            found.setdefault(row, {})[column] = content
        return found

    @cached_property
    def lines(self) -> Mapping[int, str]:
        """The key of each row that has one, that of the headings among them."""
        return {row: key for key, row in self.keys.items()}


class _Side:
    """One of the two workbooks."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.workbook: Workbook = opened(package)
        self.values = read_values(package)
        self._looks: dict[object, tuple[str, bool]] = {}

    @cached_property
    def default_look(self) -> str:
        """How a cell looks that the file does not mention."""
        if not self.workbook.worksheets:
            return ""
        plain = XlsxCell(self.workbook.worksheets[0], 1, 1, None, self.workbook._cell_styles[0])
        return self._look(plain)[0]

    def same_parts(self, other: _Side, title: str) -> bool:
        """Whether all bytes that a sheet's cells depend on are the same in both."""
        one, two = self.package, other.package
        pairs = [(one.sheet_part(title), two.sheet_part(title))] + [
            (one.related(one.workbook_part, kind) or "", two.related(two.workbook_part, kind) or "")
            for kind in ("sharedStrings", "styles")
        ]
        return all(one.parts.get(mine) == two.parts.get(theirs) for mine, theirs in pairs)

    def cells(self, title: str) -> _Cells:
        """The cells of a sheet. Only what the file holds is visited, however far apart its cells are."""
        worksheet = self.workbook[title]
        held: Mapping[Place, XlsxCell] = worksheet._cells
        filled: dict[Place, str] = {}
        for cell in held.values():
            if isinstance(cell.value, ArrayFormula | DataTableFormula):
                filled |= dict.fromkeys(_inside(cell.value.ref, held), _array_formula(cell.value))
        contents = {}
        for at, cell in held.items():
            formula = filled.get(at) or (str(cell.value) if cell.data_type == "f" else "")
            value = self.values.get((title, join_address(*at)))
            contents[at] = _Content(formula, value, *self._look(cell))
        keys = {
            content.value: row
            for (row, column), content in sorted(contents.items())
            if column == KEY_COLUMN and isinstance(content.value, str)
        }
        return _Cells(contents, keys if HEADINGS in keys else {})

    def _look(self, cell: XlsxCell) -> tuple[str, bool]:
        """A cell's look as a text, and whether it shows numbers as dates; worked out once for each style."""
        style = tuple(cell._style)
        if style not in self._looks:
            parts = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection, cell.number_format)
            self._looks[style] = (repr(parts), bool(is_date_format(cell.number_format)))
        return self._looks[style]


def _array_formula(formula: ArrayFormula | DataTableFormula) -> str:
    if isinstance(formula, ArrayFormula):
        return f"{{{formula.text}}}"
    return f"{{=TABLE({formula.r1 or ''},{formula.r2 or ''})}}"


def _inside(area: str, held: Mapping[Place, XlsxCell]) -> Iterator[Place]:
    """The cells of an area that the file holds; an area may be as large as a sheet."""
    first, _, last = area.partition(":")
    top, left = split_address(first)
    bottom, right = split_address(last or first)
    if (bottom - top + 1) * (right - left + 1) > len(held):
        return (at for at in held if top <= at[0] <= bottom and left <= at[1] <= right)
    places = product(range(top, bottom + 1), range(left, right + 1))
    return (at for at in places if at in held)


# --- comparing ----------------------------------------------------------------------------------------

_NOTHING = _Content("", None, "")


def _compare(one: _Side, other: _Side) -> tuple[list[Difference], list[str]]:
    """The cells that differ, sheet by sheet in the order of the later book, and what was not compared."""
    there, here = one.package.sheets(), other.package.sheets()
    titles = [*here, *(title for title in there if title not in here)]
    empty = _Cells({}, {})
    pairs = {
        title: (
            one.cells(title) if title in there else empty,
            other.cells(title) if title in here else empty,
        )
        for title in titles
        if not (title in there and title in here and one.same_parts(other, title))
    }
    moves = {title: _moves(*cells) for title, cells in pairs.items()}
    comparison = _Comparison(
        one, other, {title: found for title, found in moves.items() if found is not None}
    )
    found = [each for title, cells in pairs.items() for each in comparison.sheet(title, *cells)]
    return found, comparison.notes()


class _Comparison:
    """Two workbooks and where the cells of the first stand in the second, for sheets where that matters."""

    def __init__(self, one: _Side, other: _Side, moves: Mapping[str, _Moves]) -> None:
        self.one, self.other, self.moves = one, other, moves
        self.moved = {title: found for title, found in moves.items() if found.has_any}
        self.kept_results = _kept_results(other)
        self.unvalued: Counter[str] = Counter()

    def notes(self) -> list[str]:
        return [
            f"{shown}: {count} formula cells hold no value and were compared by formula only; recalculate it"
            for shown, count in self.unvalued.items()
        ]

    def sheet(self, title: str, one: _Cells, other: _Cells) -> Iterator[Difference]:
        """The cells of a sheet that differ: those of the later book row by row, then those removed."""
        moves = self.moves.get(title)
        matched: set[Place] = set()
        for (row, column), new in sorted(other.contents.items()):
            at = (row, column) if moves is None else moves.back((row, column))
            matched.add(at)
            if not (column == KEY_COLUMN and other.keys):
                yield from self._cell(title, other, (row, column), one.contents.get(at), new)
        for at, old in sorted(one.contents.items()):
            if at not in matched and not (at[1] == KEY_COLUMN and one.keys):
                yield from self._cell(title, one, at, old, None)

    def _cell(
        self, title: str, cells: _Cells, at: Place, old: _Content | None, new: _Content | None
    ) -> Iterator[Difference]:
        old = old or _NOTHING._replace(look=self.one.default_look)
        new = new or _NOTHING._replace(look=self.other.default_look)
        kind = self._kind(title, at, old, new)
        if kind is None:
            return
        row, _ = at
        line = cells.lines.get(row, "")
        label = cells.rows[row].get(LABEL, _NOTHING).shown if line else ""
        yield Difference(
            kind, title, join_address(*at), line if line != HEADINGS else "", str(label or ""),
            old.shown, new.shown, old.formula, new.formula,
        )  # fmt: skip

    def _kind(self, title: str, at: Place, old: _Content, new: _Content) -> Kind | None:
        if old.is_blank != new.is_blank:
            return "added" if old.is_blank else "removed"
        if bool(old.formula) != bool(new.formula):
            return "formula changed"
        if new.formula:
            if not self._same_formula(title, old.formula, new.formula):
                return "formula changed"
            if self._both_valued(old, new) and _differ(old.value, new.value):
                return "value followed"
        elif _differ(old.value, new.value):
            kept = (title, join_address(*at)) in self.kept_results
            return "value followed" if kept else "input changed"
        return "format only" if old.look != new.look else None

    def _same_formula(self, title: str, old: str, new: str) -> bool:
        if old == new or _plain(old) == _plain(new):
            return True
        return bool(self.moved) and _plain(_followed(old, title, self.moved)) == _plain(new)

    def _both_valued(self, old: _Content, new: _Content) -> bool:
        for side, content in ((self.one, old), (self.other, new)):
            if content.value is None:
                self.unvalued[side.package.shown] += 1
        return old.value is not None and new.value is not None


def _differ(old: CellValue, new: CellValue) -> bool:
    """Whether two values differ by more than the rounding of two engines."""
    return old is not new and bool(type(old) is not type(new) or old != new) and bool(disagreement(old, new))


def _kept_results(side: _Side) -> set[CellKey]:
    """The cells of the cover in which a build keeps the results of every case."""
    if "Cover" not in side.package.sheets():
        return set()
    cells = side.cells("Cover")
    rows = {row for row, key in cells.lines.items() if key.startswith("stored_")}
    return {("Cover", join_address(*at)) for at in cells.contents if at[0] in rows and at[1] >= FIRST_COLUMN}


# --- rows and columns that moved ----------------------------------------------------------------------


class _Moves:
    """Where each row and column of a sheet went.

    A row that is not known went with the known one above it, a column that is not known stayed.
    """

    def __init__(self, rows: Mapping[int, int], columns: Mapping[int, int]) -> None:
        self.rows, self.columns, self._known = rows, columns, sorted(rows)
        self._rows_back = {new: old for old, new in rows.items()}
        self._columns_back = {new: old for old, new in columns.items()}

    @property
    def has_any(self) -> bool:
        """Whether anything stands elsewhere now."""
        return any(old != new for found in (self.rows, self.columns) for old, new in found.items())

    def row(self, row: int) -> int:
        if row in self.rows:
            return self.rows[row]
        above = max((known for known in self._known if known < row), default=None)
        return row if above is None else row - above + self.rows[above]

    def column(self, column: int) -> int:
        return self.columns.get(column, column)

    def back(self, at: Place) -> Place:
        """Where a place of the second stood in the first; row or column 0 where it did not."""
        row, column = at
        old = self._columns_back.get(column, 0 if column in self.columns else column)
        return self._rows_back.get(row, 0), old


def _moves(one: _Cells, other: _Cells) -> _Moves | None:
    """Where the cells of the first stand in the second; None where both are matched by address.

    Rows between two keys that have none of their own are matched by what they hold, then in their order.
    """
    if not (one.keys and other.keys):
        return None
    found = {row: other.keys[key] for key, row in one.keys.items() if key in other.keys}
    theirs = _runs(other)
    for key, mine in _runs(one).items():
        found |= _aligned(one, mine, other, theirs.get(key, ()))
    there, here = (dict(_headings(cells)) for cells in (one, other))
    return _Moves(found, {column: here[name] for name, column in there.items() if name in here})


def _headings(cells: _Cells) -> Iterator[tuple[CellValue, int]]:
    """The typed headings of a sheet that stand there once, and their columns."""
    row = cells.rows[cells.keys[HEADINGS]]
    typed = {column: content.value for column, content in row.items() if not content.formula}
    counts = Counter(typed.values())
    return ((value, column) for column, value in typed.items() if value is not None and counts[value] == 1)


def _runs(cells: _Cells) -> dict[str, list[int]]:
    """The rows without a key, by the key above them."""
    runs: dict[str, list[int]] = {}
    above = ""
    for row in sorted(cells.rows):
        if row in cells.lines:
            above = cells.lines[row]
        else:
            runs.setdefault(above, []).append(row)
    return runs


def _aligned(one: _Cells, mine: Sequence[int], other: _Cells, theirs: Sequence[int]) -> dict[int, int]:
    def typed(cells: _Cells, row: int) -> tuple[object, ...]:
        return tuple(
            (column, content.formula or content.value)
            for column, content in cells.rows[row].items()
            if not content.is_blank
        )

    left, right = ([typed(cells, row) for row in rows] for cells, rows in ((one, mine), (other, theirs)))
    found: dict[int, int] = {}
    for _, start, end, start_there, end_there in SequenceMatcher(None, left, right, False).get_opcodes():
        found |= dict(zip(mine[start:end], theirs[start_there:end_there], strict=False))
    return found


_AREA = re.compile(
    r"""(?<![\w.$'!\[\]]) (?P<sheet> (?: '(?:[^']|'')+' | [\w.]+ ) ! )?
        (?P<first> \$?[A-Z]{1,3}\$?[1-9]\d* ) (?: : (?P<last> \$?[A-Z]{1,3}\$?[1-9]\d* ) )? (?![\w.(!])""",
    re.VERBOSE,
)


_ENDS = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")


def _followed(formula: str, title: str, moves: Mapping[str, _Moves]) -> str:
    """A formula of a sheet as it reads after the rows and columns it refers to have moved.

    >>> _followed('=A9+Data!$B$9*SUM(C8:$D9)&"A9"', "Mine", {"Mine": _Moves({8: 8, 9: 10}, {4: 6})})
    '=A10+Data!$B$9*SUM(C8:$F10)&"A9"'
    """

    def end(text: str, move: _Moves) -> str:
        fixed, letters, fixed_row, row = _ENDS.fullmatch(text).groups()  # type: ignore[union-attr]
        column = column_letters(move.column(split_address(f"{letters}1")[1]))
        return f"{fixed}{column}{fixed_row}{move.row(int(row))}"

    def moved(match: re.Match[str]) -> str:
        sheet = match["sheet"] or ""
        move = moves.get(sheet[:-1].strip("'").replace("''", "'") if sheet else title)
        if move is None:
            return match[0]
        last = f":{end(match['last'], move)}" if match["last"] else ""
        return f"{sheet}{end(match['first'], move)}{last}"

    return _outside_texts(formula, lambda part: _AREA.sub(moved, part))


def _plain(formula: str) -> str:
    """A formula without what programs write differently and nobody means: spaces, letter case, prefixes."""

    def plain(part: str) -> str:
        return re.sub(r"\s|_XLFN\.|_XLWS\.|_XLDUDF_VAL_|VAL\.(?=[A-Z])", "", part.upper())

    return _outside_texts(formula, plain)


def _outside_texts(formula: str, change: Callable[[str], str]) -> str:
    parts = formula.split('"')
    return '"'.join(part if position % 2 else change(part) for position, part in enumerate(parts))


# --- the inputs of both -------------------------------------------------------------------------------


def _inputs_of_both(one: _Side, other: _Side, delivered: Context) -> tuple[Inputs, Inputs, list[str]]:
    """The inputs to lead from and to, and a note where the two books have not selected one case."""
    (before, chosen), (after, case) = (_held(side, delivered) for side in (one, other))
    if case not in before.results:
        notes = [f"{one.package.shown} has no case {case}: the bridge starts from its case {chosen}"]
        return before.results[chosen].inputs, after.results[case].inputs, notes
    notes = (
        [f"case {chosen} was selected, now {case}: the bridge is that of {case}"] if case != chosen else []
    )
    return before.results[case].inputs, after.results[case].inputs, notes


def _held(side: _Side, delivered: Context) -> tuple[Context, str]:
    """What a workbook holds, valued by the core, and the case it has selected.

    Its cases are those it names itself; one that the tables do not know takes from another case what no
    workbook holds.
    """
    report = Report(side.package.shown)
    rows = located_lines(side.package, side.values, delivered, report)
    known = delivered.results
    template = next(iter(known.values()))
    named = rows.get(("inputs", "case_name"))
    names = list(known) if named is None else list(_case_names(side, named))
    results = {
        name: known.get(name) or replace(template, case=name, inputs=replace(template.inputs, case=name))
        for name in names
    }
    context = Context(delivered.tables, results)
    if names != list(known):
        rows = located_lines(side.package, side.values, context, report)
    held = book_context(side.values, Book(context, rows), report)
    selected = side.values.get(Book(held, rows).at(SELECTOR))
    if not isinstance(selected, str) or selected not in held.results:
        raise BookError("selected_case", selected, f"must be one of {', '.join(held.cases)}")
    return held, selected


def _case_names(side: _Side, row: int) -> Iterable[str]:
    """The cases that stand beside each other on Inputs, up to the first blank cell."""
    column = FIRST_COLUMN + 1
    while isinstance(name := side.values.get(("Inputs", join_address(row, column))), str) and name:
        yield name
        column += 1


def writable(text: str) -> str:
    """A text without the half characters (lone surrogates) that a cell can spell and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()
