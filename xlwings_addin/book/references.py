"""From the keys of lines to the cells they stand in, and from formulas over keys to formulas over cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from xlwings_addin.book.sheet_xml import column_letters as letter
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import (
    KEY_COLUMN,
    LABEL,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)

TITLE_ROW, PURPOSE_ROW, HEADING_ROW = 1, 2, 4
"""Title, purpose or headline, a blank row, then the headings; lines follow."""

HEADINGS = "Key"
"""What stands in the column of keys in the row of headings; no line has this key."""

_REFERENCE = re.compile(r"\{(?:(\w+)\.)?(\*|\w+)(?::(\w+)(?:\.\.(\w+))?)?(?:\[([^\]]+)\])?\}")
_SAME_SHEET_RANGE = re.compile(r"((?:'[^']+'|\w+)!)(\$?[A-Z]+\$?\d+):\1(?=\$?[A-Z]+\$?\d)")


@dataclass(frozen=True)
class Cell:
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

    @property
    def address(self) -> str:
        return f"{letter(self.column)}{self.row}"

    @property
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

    @cached_property
    def lines(self) -> dict[str, tuple[PlacedBlock, Line]]:
        return {line.key: (placed, line) for placed in self.blocks for line in placed.block.lines}

    @property
    def last_row(self) -> int:
        return max(row for placed in self.blocks for row in placed.rows.values())

    @property
    def last_column(self) -> int:
        layouts = [self.columns, *(placed.columns for placed in self.blocks)]
        return max(group.first + group.count - 1 for layout in layouts for group in layout.values())


class Book:
    """All sheets placed: the map from line keys to cells.

    `rows` says where lines stand in an existing file, by sheet and key, when they are not where a new book
    has them.
    """

    def __init__(self, context: Context, rows: Mapping[tuple[str, str], int] | None = None) -> None:
        self.context, self.rows = context, rows or {}
        self.sheets = {sheet.key: _place(sheet, context, self.rows) for sheet in sheets()}

    def cells(self) -> tuple[Cell, ...]:
        """Every cell that an entry fills, headings included, sheet by sheet."""
        return self._cells

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(self._all_cells())

    def _all_cells(self) -> Iterator[Cell]:
        for placed in self.sheets.values():
            yield from self._headings(placed)
            for placed_block in placed.blocks:
                for line in placed_block.block.lines:
                    for group, entry in line.cells.items():
                        columns = placed_block.columns[group]
                        unit = entry.unit or line.unit
                        for index in range(columns.count):
                            row, column = placed_block.rows[line.key], columns.first + index
                            yield Cell(
                                placed.sheet, line, entry, group, index, row, column, unit, columns.count
                            )

    def _headings(self, placed: PlacedSheet) -> Iterator[Cell]:
        headline = placed.sheet.headline
        if headline is not None:
            row = placed.heading_row + PURPOSE_ROW - HEADING_ROW
            yield Cell(placed.sheet, None, headline, "headline", 0, row, LABEL, "text")
        for group, columns in placed.columns.items():
            for index, heading in enumerate(columns.headings):
                if isinstance(heading, Entry):
                    row, column = placed.heading_row, columns.first + index
                    yield Cell(placed.sheet, None, heading, group, index, row, column, heading.unit or "text")

    def expected(self, cell: Cell, results: Results) -> Any:
        """The core's value for a cell."""
        whole = cell.entry.value(results)
        return whole[cell.index] if cell.count > 1 else whole

    def all_expected(self, cells: Iterable[Cell], results: Results) -> Iterator[tuple[Cell, Any]]:
        """Cells with the core's value for each; what a row's cells share is asked for once."""
        entry: Entry | None = None
        whole: Any = None
        for cell in cells:
            if cell.entry is not entry:
                entry, whole = cell.entry, cell.entry.value(results)
            yield cell, whole[cell.index] if cell.count > 1 else whole

    def formula(self, cell: Cell) -> str:
        """The cell's formula, in A1 notation with its equals sign."""
        assert cell.entry.formula is not None
        return "=" + self.resolve(cell.entry.formula, cell.sheet.key, cell.group, cell.column)

    def at(self, reference: str, sheet: str = "") -> tuple[str, str]:
        """Sheet title and address of the single cell a reference names: `at("{sotp.value_per_share}")`."""
        resolved = self.resolve(reference, sheet, "", 0)
        title, _, address = resolved.rpartition("!")
        return title.strip("'") or self.sheets[sheet].sheet.title, address.replace("$", "")

    def resolve(self, formula: str, sheet: str, group: str, column: int) -> str:
        """A formula over keys as a formula over cells, seen from a column of a sheet."""

        def reference(
            target_sheet: str | None, key: str, wanted: str, through: str, index: str | None
        ) -> str:
            target = self.sheets[target_sheet or sheet]
            prefix = "" if target.sheet.key == sheet else f"{quoted(target.sheet.title)}!"
            if key == "*":
                last = f"${letter(target.last_column)}${target.last_row}"
                return f"{prefix}$A${target.heading_row + 1}:{last}"
            placed, line = target.lines[key]
            if wanted == "label":
                return f"{prefix}${letter(LABEL)}${placed.rows[key]}"
            if wanted == "heading":
                columns = [group.first for group in placed.columns.values()]
                row = placed.title_row
                return f"{prefix}${letter(min(columns))}${row}:${letter(max(columns))}${row}"
            if through:
                start, end = placed.columns[wanted], placed.columns[through]
                row, right = placed.rows[key], letter(end.first + end.count - 1)
                return f"{prefix}${letter(start.first)}${row}:${right}${row}"
            name = wanted or _natural_group(line, group)
            return prefix + _address(placed, line, name, index, column, same_group=name == group)

        texts, references = _parsed(formula)
        pieces = [texts[0]]
        for text, groups in zip(texts[1:], references, strict=True):
            pieces += (reference(*groups), text)
        resolved = "".join(pieces)
        return _SAME_SHEET_RANGE.sub(r"\1\2:", resolved) if "!" in resolved else resolved


@lru_cache(maxsize=4096)
def _parsed(formula: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The texts between the references of a formula, and what each reference names."""
    pieces = _REFERENCE.split(formula)
    return tuple(pieces[::6]), tuple(zip(*(pieces[n::6] for n in range(1, 6)), strict=True))


def quoted(title: str) -> str:
    """A sheet's title as formulas write it: in quotes only where it has to be.

    >>> quoted("Vehicle"), quoted("Core Average")
    ('Vehicle', "'Core Average'")
    """
    return title if title.isidentifier() else f"'{title}'"


def _natural_group(line: Line, group: str) -> str:
    """The column group a bare reference means: the one it is seen from, else the line's leading one."""
    if group in line.cells:
        return group
    return next(
        (name for name in ("live", "constant", "years") if name in line.cells), next(iter(line.cells))
    )


def _address(
    placed: PlacedBlock, line: Line, group: str, index: str | None, column: int, *, same_group: bool
) -> str:
    columns: Columns = placed.columns[group]
    row = placed.rows[line.key]
    first, last = columns.first, columns.first + columns.count - 1

    def whole(start: int) -> str:
        return f"${letter(start)}{row}:${letter(last)}{row}"

    if index is None:
        if columns.count == 1:
            return f"${letter(first)}${row}"
        return f"{letter(column)}{row}"
    if index == "all":
        return whole(first)
    if index == "last":
        return f"${letter(last)}{row}"
    if index[0] in "+-":
        return f"{letter(column + int(index))}{row}"
    if index.endswith(":"):
        return whole(first + int(index[:-1]) - 1)
    if index.startswith(":"):
        return f"${letter(first)}{row}:${letter(first + int(index[1:]) - 1)}{row}"
    return f"${letter(first + int(index) - 1)}{row}"


def _place(sheet: Sheet, context: Context, rows: Mapping[tuple[str, str], int]) -> PlacedSheet:
    columns = sheet.columns(context)
    heading_row = rows.get((sheet.key, HEADINGS), HEADING_ROW)
    placed, row = [], heading_row + 1
    for block in sheet.blocks(context):
        title_row = row
        row += 1
        found: dict[str, int] = {}
        for line in block.lines:
            found[line.key] = rows.get((sheet.key, line.key), row)
            row += 1
        placed.append(PlacedBlock(block, block.columns or columns, title_row, found))
        row += 1
    result = PlacedSheet(sheet, columns, tuple(placed), heading_row)
    keys = [key for block in placed for key in block.rows]
    if len(keys) > len(set(keys)):
        raise ValueError(f"sheet {sheet.key}: a key stands twice among {', '.join(keys)}")
    if result.last_column >= KEY_COLUMN:
        raise ValueError(f"sheet {sheet.key}: column {result.last_column} runs into the keys")
    return result
