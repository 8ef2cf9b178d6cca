"""Room for what a book is to gain: where new rows and columns go, and the moves that make place for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.references import HEADINGS, PlacedBlock, PlacedSheet, Rows
from xlwings_addin.proof.fitting import heading_rows
from xlwings_addin.proof.pages import Page
from xlwings_addin.sheets.spec import Columns, Layout
from xlwings_addin.xlsx.addresses import join_address

GROWING = ("reported",)
"""Sheets that get a column for every new period."""


@dataclass(frozen=True)
class NewHeading:
    """A heading that a sheet lacks: the columns of a new book that it belongs to, and where it goes."""

    layout: Layout
    column: int
    text: str


@dataclass(frozen=True)
class NewColumns:
    """The headings a sheet gains, where columns are inserted for them, and what has no place."""

    headings: tuple[NewHeading, ...] = ()
    insert_at: int = 0
    inserted: int = 0
    refused: tuple[str, ...] = ()


@dataclass
class _Run:
    """Headings of one layout in the order of a new book; the columns that they have."""

    layout: Layout
    rows: list[int] = field(default_factory=list)


def new_columns(placed: PlacedSheet, rows: Mapping[str, int], page: Page) -> NewColumns:
    """The headings of a sheet that a book lacks, and where there is room for them.

    A column that is blank in the rows of its lines is taken; else columns are inserted behind the period
    before, unless they would tear the other periods of the sheet apart.
    """
    room = _Room(placed, rows, page)
    for layout, at_rows in _layouts(placed, rows):
        for group in layout.values():
            room.place(layout, group, at_rows)
    return NewColumns(tuple(room.headings), room.insert_at, room.inserted, tuple(room.refused))


class _Room:
    """The columns of a sheet while its new headings are placed, one layout after the other."""

    def __init__(self, placed: PlacedSheet, rows: Mapping[str, int], page: Page) -> None:
        self.placed, self.rows, self.page = placed, rows, page
        self.headings: list[NewHeading] = []
        self.refused: list[str] = []
        self.insert_at = self.inserted = 0

    def place(self, layout: Layout, group: Columns, at_rows: Sequence[int]) -> None:
        """Find a column for every heading of a group that the rows of headings lack."""
        columns = {text: column for column, text in self.page.texts.get(at_rows[0], {}).items()}
        before = 0
        for position, heading in enumerate(group.headings):
            if not isinstance(heading, str):
                continue
            if heading in columns:
                before = columns[heading]
                continue
            if (renamed := self._former(columns, heading)) is not None:
                self.headings.append(NewHeading(layout, renamed, heading))
                before = renamed
                continue
            column = before + 1 if before else self.placed.column(group.first + position)
            if self._has_room(layout, column, at_rows, heading):
                self.headings.append(NewHeading(layout, column, heading))
                before = column

    def _former(self, columns: Mapping[str, int], heading: str) -> int | None:
        """The column that stands under the former name of a heading: it is filled as a new one is."""
        names = former("heading", f"{self.placed.sheet.key}.{heading}")
        texts = (name.partition(".")[2] for name in names)
        return next((columns[text] for text in texts if text in columns), None)

    def _has_room(self, layout: Layout, column: int, at_rows: Sequence[int], heading: str) -> bool:
        """Whether a column is blank for a heading, or comes in; where neither, the heading is named."""
        if self.insert_at and column == self.insert_at + self.inserted:
            self.inserted += 1
            return True
        taken = self._first_taken(column, _rows_of(self.placed, layout, self.rows) | set(at_rows))
        if taken is None:
            return True
        if self.placed.sheet.key not in GROWING:
            return False
        if self.insert_at or self._tears(column, layout):
            rule = f"{taken} stands in the only column where it belongs"
            self.refused.append(f"{heading}: {self.placed.sheet.title}!{rule}")
            return False
        self.insert_at, self.inserted = column, 1
        return True

    def _first_taken(self, column: int, rows: Collection[int]) -> str | None:
        """The first cell of a column that holds something in one of the rows."""
        moved = self.inserted if self.insert_at and column >= self.insert_at else 0
        addresses = (join_address(row, column - moved) for row in sorted(rows))
        return next((address for address in addresses if self.page.cells.get(address) is not None), None)

    def _tears(self, column: int, layout: Layout) -> bool:
        """Whether columns inserted in front of one would stand between periods of another layout."""
        for other, at_rows in _layouts(self.placed, self.rows):
            periods = {heading for group in other.values() for heading in group.headings}
            texts = self.page.texts.get(at_rows[0], {})
            own = [at for at, text in texts.items() if text in periods]
            own += [heading.column for heading in self.headings if heading.layout == other]
            if other != layout and own and min(own) < column <= max(own):
                return True
        return False


def _layouts(placed: PlacedSheet, rows: Mapping[str, int]) -> Iterator[tuple[Layout, list[int]]]:
    """The layouts of a sheet that have a row of headings in the book, each once, with all of these rows."""
    runs: dict[str, _Run] = {}
    for row, layout in heading_rows(placed, rows):
        own = placed.columns if row == rows[HEADINGS] else layout
        runs.setdefault(repr(sorted(own.items(), key=str)), _Run(own)).rows.append(row)
    for run in runs.values():
        yield run.layout, run.rows


def _rows_of(placed: PlacedSheet, layout: Layout, rows: Mapping[str, int]) -> set[int]:
    """The rows that a book has of the lines in a layout."""
    return {
        rows[key] for block in placed.blocks if block.columns == layout for key in block.rows if key in rows
    }


@dataclass(frozen=True)
class NewRows:
    """Rows to insert in front of row `at` of a sheet: lines by their keys, and how far down each stands.

    `title` says how far down the title of a block stands that the book has no line of.
    """

    at: int
    count: int
    lines: Mapping[str, int]
    block: PlacedBlock
    title: int | None = None


def new_rows(placed: PlacedSheet, rows: Mapping[str, int], left_out: Collection[str]) -> list[NewRows]:
    """Where the lines of a sheet go that a book lacks, but for those left out; from the last to the first."""
    runs: list[NewRows] = []
    above = rows[HEADINGS]
    for block in placed.blocks:
        keys = list(block.rows)
        lacking = [key for key in keys if key not in rows and key not in left_out]
        own = [rows[key] for key in keys if key in rows]
        if not own:
            runs += [_whole_block(block, lacking, above)] if lacking else []
            continue
        if _is_record(placed, block):
            runs += [_run(block, lacking, max(own) + 1)] if lacking else []
        else:
            runs += _runs_between(block, keys, lacking, rows)
        above = max(above, *own)
    runs.reverse()  # of two at one place the later block comes in first, and is pushed down
    return sorted(runs, key=lambda run: run.at, reverse=True)


def _is_record(placed: PlacedSheet, block: PlacedBlock) -> bool:
    """Whether the order of a block's lines means nothing: new ones stand together below the others."""
    return placed.sheet.key == "sources" and not any("__" in key for key in block.rows)


def _run(block: PlacedBlock, lines: Sequence[str], at: int) -> NewRows:
    return NewRows(at, len(lines), {key: position for position, key in enumerate(lines)}, block)


def _whole_block(block: PlacedBlock, lines: Sequence[str], above: int) -> NewRows:
    """A blank row, the title and the lines, below the last line above."""
    places = {key: position + 2 for position, key in enumerate(lines)}
    return NewRows(above + 1, len(lines) + 2, places, block, title=1)


def _runs_between(
    block: PlacedBlock, keys: Sequence[str], lacking: Collection[str], rows: Mapping[str, int]
) -> Iterator[NewRows]:
    """Lines that follow each other go below the line before them, or above the first that is there."""
    run: list[str] = []
    before = 0
    for key in [*keys, ""]:
        if key in lacking:
            run.append(key)
        elif key in rows or not key:
            if run:
                yield _run(block, run, before + 1 if before else rows[key])
            run, before = [], rows.get(key, before)


def shifted(rows: Rows, sheet: str, at: int, count: int) -> None:
    """Move the rows of a sheet in a record of rows as an insertion moves them."""
    for name, row in rows.items():
        if name[0] == sheet and row >= at:
            rows[name] = row + count
