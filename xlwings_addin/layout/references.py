"""From the keys of lines to the cells they stand in, and from formulas over keys to formulas over cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import (
    KEY_COLUMN,
    LABEL,
    Block,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.addresses import column_letters as letter

TITLE_ROW, PURPOSE_ROW, HEADING_ROW = 1, 2, 4
"""Title, purpose or headline, a blank row, then the headings; lines follow."""

HEADINGS = "Key"
"""What stands in the column of keys in the row of headings; no line has this key."""

_REFERENCE = re.compile(r"\{(?:(\w+)\.)?(\*|\w+)(?::(\w+)(?:\.\.(\w+))?)?(?:\[([^\]]+)\])?\}")
_LIKE_A_CELL = re.compile(r"[A-Z]{1,3}\d+|R\d*(?:C\d*)?|C\d*|TRUE|FALSE", re.IGNORECASE)
_SAME_SHEET_RANGE = re.compile(r"((?:'(?:[^']|'')+'|\w+)!)(\$?[A-Z]+\$?\d+):\1(?=\$?[A-Z]+\$?\d)")


@dataclass(unsafe_hash=True)  # a frozen one takes three times as long to make, and there are thousands
class PlacedCell:
    """One cell that an entry fills: where it is and which of the entry's values it holds."""

    sheet: Sheet
    line: Line | None
    entry: Entry
    group: str
    index: int
    row: int
    column: int
    unit: str
    count: int = 1
    """How many cells the entry fills."""
    new_column: int = 0
    """The column it has in a new book."""

    @property
    def parent(self) -> str | None:
        """The reference that the cell holds where it has no value of its own."""
        return self.entry.parents[self.index] if self.entry.parents else None

    @property
    def follows(self) -> bool:
        """Whether an input holds a formula to the cell it follows, and no typed value."""
        return bool(self.entry.follows) and self.entry.follows[self.index]

    @property
    def overrides(self) -> bool:
        """Whether an input is typed where it could follow."""
        return bool(self.entry.overrides) and self.entry.overrides[self.index]

    @property
    def has_formula(self) -> bool:
        """Whether the build puts a formula into the cell, be it that of a what-if table."""
        return self.entry.kind in ("formula", "table") or self.follows

    @cached_property
    def address(self) -> str:
        return f"{letter(self.column)}{self.row}"

    @cached_property
    def at(self) -> tuple[str, str]:
        """The sheet's title and the address: how engines name the cell."""
        return self.sheet.title, self.address


@dataclass(frozen=True)
class PlacedBlock:
    """A block, its columns, and the row of its title and of each of its lines."""

    block: Block
    columns: Layout
    title_row: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class PlacedSheet:
    """A sheet with everything on it placed."""

    sheet: Sheet
    columns: Layout
    blocks: tuple[PlacedBlock, ...]
    heading_row: int = HEADING_ROW
    moved: Mapping[int, int] = field(default_factory=dict)
    """Where columns of a new book stand in an existing one, as far as headings tell."""
    there: frozenset[str] | None = None
    """The keys of the lines that an existing book has."""

    def column(self, new: int) -> int:
        """The column of an existing book for one of a new book: that of its heading, or the nearest's."""
        if not self.moved:
            return new
        nearest = max((column for column in self.moved if column <= new), default=None)
        return new if nearest is None else self.moved[nearest] + new - nearest

    def letter(self, new: int) -> str:
        return letter(self.column(new))

    @cached_property
    def lines(self) -> dict[str, tuple[PlacedBlock, Line]]:
        return {line.key: (placed, line) for placed in self.blocks for line in placed.block.lines}

    @cached_property
    def last_row(self) -> int:
        """The last row of those lines that are there; of a new book all are."""
        rows = {key: row for placed in self.blocks for key, row in placed.rows.items()}
        return max(row for key, row in rows.items() if self.there is None or key in self.there)

    @cached_property
    def last_column(self) -> int:
        there = [placed for placed in self.blocks if self.there is None or self.there & placed.rows.keys()]
        layouts = [self.columns, *(placed.columns for placed in there)]
        return max(group.first + group.count - 1 for layout in layouts for group in layout.values())

    @cached_property
    def last_printed(self) -> int:
        """The last column of a new book that is printed."""
        layouts = [self.columns, *(placed.columns for placed in self.blocks)]
        groups = [group for layout in layouts for group in layout.values() if group.printed]
        return max(group.first + group.count - 1 for group in groups)

    @cached_property
    def note_column(self) -> int:
        """Where a new book has the notes: where the sheet says, or right of the figures."""
        return self.sheet.note_column or self.last_column + 1

    @cached_property
    def key_column(self) -> int:
        """Where a new book has the keys of the lines: right of everything, in `KEY_COLUMN` at least."""
        return max(KEY_COLUMN, self.last_column + 1, self.note_column + 1)


class Rows(dict[tuple[str, str], int]):
    """Where lines stand in an existing file, by sheet and key.

    `titles` are those of its sheets, by key, that have another title by now.
    """

    def __init__(self, rows: Mapping[tuple[str, str], int], titles: Mapping[str, str]) -> None:
        super().__init__(rows)
        self.titles = dict(titles)


class Book:
    """All sheets placed: the map from line keys to cells.

    `rows` says where lines stand in an existing file, by sheet and key, when they are not where a new book
    has them; as `Rows`, what the file calls its sheets, too. `blocks` are those of a `Book` whose context
    has the same tables, results and columns.
    """

    def __init__(
        self,
        context: Context,
        rows: Mapping[tuple[str, str], int] | None = None,
        *,
        blocks: Mapping[str, Sequence[Block]] | None = None,
    ) -> None:
        self.context, self.rows = context, rows or {}
        titles = rows.titles if isinstance(rows, Rows) else {}
        own = sheets(context.company)
        self.blocks = {sheet.key: sheet.blocks(context) for sheet in own} if blocks is None else blocks
        self.sheets = {
            sheet.key: _place(
                replace(sheet, title=titles.get(sheet.key, sheet.title)),
                context,
                self.rows,
                self.blocks[sheet.key],
            )
            for sheet in own
        }

    def of(self, context: Context, sheets: Collection[str]) -> Book:
        """This workbook for a context with other results: some sheets are made anew, the others stay."""
        blocks = {
            key: placed.sheet.blocks(context) if key in sheets else self.blocks[key]
            for key, placed in self.sheets.items()
        }
        return Book(context, self.rows, blocks=blocks)

    def cells(self) -> tuple[PlacedCell, ...]:
        """Every cell that an entry fills, headings included, sheet by sheet."""
        return self._cells

    @cached_property
    def _cells(self) -> tuple[PlacedCell, ...]:
        return tuple(self._all_cells())

    def _all_cells(self) -> Iterator[PlacedCell]:
        for placed in self.sheets.values():
            yield from self._headings(placed)
            for placed_block in placed.blocks:
                for line in placed_block.block.lines:
                    row = placed_block.rows[line.key]
                    for group, entry in line.cells.items():
                        columns = placed_block.columns[group]
                        unit, count = entry.unit or line.unit, columns.count
                        for index, new in enumerate(range(columns.first, columns.first + count)):
                            column = placed.column(new)
                            yield PlacedCell(
                                placed.sheet, line, entry, group, index, row, column, unit, count, new
                            )

    def _headings(self, placed: PlacedSheet) -> Iterator[PlacedCell]:
        headline = placed.sheet.headline
        if headline is not None:
            row = placed.heading_row + PURPOSE_ROW - HEADING_ROW
            yield PlacedCell(
                placed.sheet, None, headline, "headline", 0, row, LABEL, "text", new_column=LABEL
            )
        for group, columns in placed.columns.items():
            for index, heading in enumerate(columns.headings):
                if isinstance(heading, Entry):
                    row, new = placed.heading_row, columns.first + index
                    unit, column = heading.unit or "text", placed.column(new)
                    yield PlacedCell(
                        placed.sheet, None, heading, group, index, row, column, unit, new_column=new
                    )

    def expected(self, cell: PlacedCell, results: Results) -> Any:
        """The core's value for a cell."""
        whole = cell.entry.value(results)
        return whole[cell.index] if cell.count > 1 else whole

    def all_expected(self, cells: Iterable[PlacedCell], results: Results) -> Iterator[tuple[PlacedCell, Any]]:
        """Cells with the core's value for them; what a row's cells share is asked for once."""
        entry: Entry | None = None
        whole: Any = None
        for cell in cells:
            if cell.entry is not entry:
                entry, whole = cell.entry, cell.entry.value(results)
            yield cell, whole[cell.index] if cell.count > 1 else whole

    def formula(self, cell: PlacedCell) -> str:
        """The cell's formula, in A1 notation with its equals sign; of an input the one to what it follows."""
        formula = cell.parent if cell.entry.kind == "input" else cell.entry.formula
        assert formula is not None
        return "=" + self.resolve(formula, cell.sheet.key, cell.group, cell.new_column)

    def at(self, reference: str, sheet: str = "") -> tuple[str, str]:
        """Sheet title and address of the single cell a reference names: `at("{sotp.value_per_share}")`."""
        resolved = self.resolve(reference, sheet, "", 0)
        title, _, address = resolved.rpartition("!")
        named = title.removeprefix("'").removesuffix("'").replace("''", "'")
        return named or self.sheets[sheet].sheet.title, address.replace("$", "")

    def resolve(self, formula: str, sheet: str, group: str, column: int) -> str:
        """A formula over keys as a formula over cells, seen from a column of a sheet of a new book."""
        seen_from = formula, sheet, group
        pieces = self._pieces.get(seen_from)
        if pieces is None:
            pieces = self._pieces[seen_from] = self._resolved(formula, sheet, group)
        if len(pieces) == 1 and isinstance(pieces[0], str):
            return pieces[0]
        return _tidied("".join([piece if isinstance(piece, str) else piece.at(column) for piece in pieces]))

    @cached_property
    def _pieces(self) -> dict[tuple[str, str, str], tuple[str | _Beside, ...]]:
        """Formulas that were asked for, in pieces: all that the columns of a row share, and cells beside."""
        return {}

    def _resolved(self, formula: str, sheet: str, group: str) -> tuple[str | _Beside, ...]:
        """A formula in pieces; in one, where it is the same in every column."""

        def reference(
            target_sheet: str | None, key: str, wanted: str, through: str, index: str | None
        ) -> str | _Beside:
            target = self.sheets[target_sheet or sheet]
            prefix = "" if target.sheet.key == sheet else f"{quoted(target.sheet.title)}!"
            if key == "*":
                last = f"${target.letter(target.last_column)}${target.last_row}"
                return f"{prefix}$A${target.heading_row + 1}:{last}"
            placed, line = target.lines[key]
            if wanted == "label":
                return f"{prefix}${target.letter(LABEL)}${placed.rows[key]}"
            if wanted == "heading":
                columns = [group.first for group in placed.columns.values()]
                row = placed.title_row
                first, last = target.letter(min(columns)), target.letter(max(columns))
                return f"{prefix}${first}${row}:${last}${row}"
            if through:
                start, end = placed.columns[wanted], placed.columns[through]
                row, right = placed.rows[key], target.letter(end.first + end.count - 1)
                return f"{prefix}${target.letter(start.first)}${row}:${right}${row}"
            return _address(target, prefix, key, wanted or _natural_group(line, group), index)

        texts, references = _parsed(formula)
        pieces: list[str | _Beside] = [texts[0]]
        for text, groups in zip(texts[1:], references, strict=True):
            pieces += (reference(*groups), text)
        fixed = [piece for piece in pieces if isinstance(piece, str)]
        return (_tidied("".join(fixed)),) if len(fixed) == len(pieces) else tuple(pieces)


class _Beside(NamedTuple):
    """A cell of a row in the column from which it is looked at, or so many columns beside it."""

    prefix: str
    target: PlacedSheet
    columns: int
    row: int

    def at(self, column: int) -> str:
        return f"{self.prefix}{self.target.letter(column + self.columns)}{self.row}"


def _tidied(formula: str) -> str:
    """A formula in which the second cell of a range on another sheet does not name it again."""
    return _SAME_SHEET_RANGE.sub(r"\1\2:", formula) if "!" in formula else formula


@lru_cache(maxsize=4096)
def _parsed(formula: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The texts between the references of a formula, and what each reference names."""
    pieces = _REFERENCE.split(formula)
    return tuple(pieces[::6]), tuple(zip(*(pieces[n::6] for n in range(1, 6)), strict=True))


def quoted(title: str) -> str:
    """A sheet's title as formulas write it: in quotes only where it has to be.

    >>> quoted("Vehicle"), quoted("Devices Average"), quoted("FY26")
    ('Vehicle', "'Devices Average'", "'FY26'")
    """
    is_plain = title.isidentifier() and not _LIKE_A_CELL.fullmatch(title)
    return title if is_plain else "'" + title.replace("'", "''") + "'"


def _natural_group(line: Line, group: str) -> str:
    """The column group a bare reference means: the one it is seen from, else the line's leading one."""
    if group in line.cells:
        return group
    return next(
        (name for name in ("live", "constant", "years") if name in line.cells), next(iter(line.cells))
    )


def _address(target: PlacedSheet, prefix: str, key: str, group: str, index: str | None) -> str | _Beside:
    """A cell or a range of a line, behind the `prefix` that names its sheet."""
    placed, _ = target.lines[key]
    columns, row, letter = placed.columns[group], placed.rows[key], target.letter
    first, last = columns.first, columns.first + columns.count - 1

    def whole(start: int) -> str:
        return f"{prefix}${letter(start)}{row}:${letter(last)}{row}"

    if index is None:
        return f"{prefix}${letter(first)}${row}" if columns.count == 1 else _Beside(prefix, target, 0, row)
    if index == "all":
        return whole(first)
    if index == "last":
        return f"{prefix}${letter(last)}{row}"
    if index[0] in "+-":
        return _Beside(prefix, target, int(index), row)
    if index.endswith(":"):
        return whole(first + int(index[:-1]) - 1)
    if index.startswith(":"):
        return f"{prefix}${letter(first)}{row}:${letter(first + int(index[1:]) - 1)}{row}"
    return f"{prefix}${letter(first + int(index) - 1)}{row}"


def _place(
    sheet: Sheet, context: Context, rows: Mapping[tuple[str, str], int], blocks: Sequence[Block]
) -> PlacedSheet:
    columns = sheet.columns(context)
    heading_row = rows.get((sheet.key, HEADINGS), HEADING_ROW)
    placed, row = [], heading_row + 1
    for block in blocks:
        title_row = row
        row += 1
        line_rows: dict[str, int] = {}
        for line in block.lines:
            line_rows[line.key] = rows.get((sheet.key, line.key), row)
            row += 1
        row += block.room
        own = [rows[sheet.key, line.key] for line in block.lines if (sheet.key, line.key) in rows]
        title_row = own[0] - 1 if own else title_row
        placed.append(PlacedBlock(block, block.columns or columns, title_row, line_rows))
        row += 1
    moved = context.columns_moved.get(sheet.key, {})
    there = frozenset(key for own, key in rows if own == sheet.key)
    result = PlacedSheet(sheet, columns, tuple(placed), heading_row, moved, there if len(there) > 1 else None)
    keys = [key for block in placed for key in block.rows]
    if len(keys) > len(set(keys)):
        raise ValueError(f"sheet {sheet.key}: a key stands twice among {', '.join(keys)}")
    return result
