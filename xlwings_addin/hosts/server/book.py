"""The open workbook, as the client of xlwings sends it: read at once, written once the script is done.

The client sends the values of the cells. Our task pane sends their formulas beside them, as the first
argument of a script; where they are missing the book can be read all the same, but an input that refers to
another cell looks like one that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import xlwings

from xlwings_addin.hosts.server import HOST
from xlwings_addin.layout.state import State, state_from_text
from xlwings_addin.refresh.growth.growth import NO_GROWTH, Growth
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context

Formulas = Mapping[str, Sequence[Sequence[Any]]]
"""The cells of each sheet from A1 on: a formula with its equals sign, else the value, "" for a blank."""

Cells = dict[tuple[int, int], CellValue]
Area = tuple[tuple[int, int], list[list[CellValue]]]
"""Row and column of the first cell, and rows of values."""

_INTERSECTION: Final = re.compile(r"(?<!\[)@")


class ServerMedium:
    """A `Medium` over an xlwings book whose values have come from the client.

    `record` is what the workbook carries of the last refresh, `kept` what it is to carry from now on. A
    record counts only with the formulas: without them nobody knows whether an input was typed.
    """

    waits = settled = False

    def __init__(self, book: xlwings.Book, formulas: Formulas | None, record: str | None = None) -> None:
        self._book, self._formulas, self._record = book, formulas, record
        self.name, self.sees_formulas = book.name, formulas is not None
        self.kept: State | None = None
        self._titles = tuple(sheet.name for sheet in book.sheets)
        self.page = cache(self._page)
        self.read = cache(self._read) if formulas is not None else self.page

    def titles(self) -> tuple[str, ...]:
        return self._titles

    def state(self) -> State | None:
        if not self._record or not self.sees_formulas:
            return None
        return state_from_text(self._record, name=self.name)

    def keep(self, state: State, *, backups: int) -> None:
        """The record waits here for the client, which keeps it in the workbook."""
        self.kept = state if self.sees_formulas else None

    def undo(self) -> AbstractContextManager[None]:
        """Nothing has to be taken back: what is written reaches the client once all is done."""
        return nullcontext()

    def recalculate(self) -> bool:
        return HOST.recalculates

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    def grow(self, context: Context, state: State | None) -> Growth:
        return NO_GROWTH

    def append_sheet(self, title: str, page: Page) -> None:
        self.write(page.values(title))

    def values_of(self, cells: Collection[CellKey]) -> dict[CellKey, CellValue]:
        """What cells showed when the client sent them."""
        return cells_of(self.page, cells)

    def _page(self, sheet: str) -> Mapping[str, CellValue]:
        """What every cell of a sheet shows that holds something, dates as serial numbers."""
        if sheet not in self._titles:
            return {}
        cells = self._book.sheets[sheet]
        height, width = len(cells.api["values"]), len(cells.api["values"][0])
        if not width:
            return {}
        area = cells["A1"].resize(height, width)
        return _cells(area.options(ndim=2, err_to_str=True).value)

    def _read(self, sheet: str) -> Mapping[str, CellValue]:
        """The formula of every cell of a sheet that has one, else its value."""
        assert self._formulas is not None
        return _cells(self._formulas.get(sheet, ()))

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        for (sheet, address), formula in formulas.items():
            self._book.sheets[sheet][address].options("raw").value = [[formula]]

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells, a text as a text whatever it begins with; a new sheet comes last."""
        by_sheet: dict[str, Cells] = {}
        for (sheet, address), value in values.items():
            by_sheet.setdefault(sheet, {})[split_address(address)] = value
        for sheet, cells in by_sheet.items():
            there = [page.name for page in self._book.sheets]
            if sheet not in there:
                self._book.sheets.add(sheet, after=self._book.sheets[len(there) - 1])
            for first, rows in _neighbours(cells) if sheet in there else [_rectangle(cells)]:
                area = self._book.sheets[sheet][join_address(*first)].resize(len(rows), len(rows[0]))
                area.options("raw").value = [[_as_typed(value) for value in row] for row in rows]


def _neighbours(cells: Cells) -> Iterator[Area]:
    """Cells that stand side by side, each lot of them to be written at once."""
    for row, line in groupby(sorted(cells), key=itemgetter(0)):
        columns = [column for _, column in line]
        # Neighbours keep the distance of column and position.
        for _, lot in groupby(enumerate(columns), key=lambda pair: pair[1] - pair[0]):
            near = [column for _, column in lot]
            yield (row, near[0]), [[cells[row, column] for column in near]]


def _rectangle(cells: Cells) -> Area:
    """All cells with the blanks between them, for a sheet that holds nothing yet."""
    height, width = (max(edge) for edge in zip(*cells, strict=True))
    return (1, 1), [
        [cells.get((row, column)) for column in range(1, width + 1)] for row in range(1, height + 1)
    ]


def _cells(rows: Sequence[Sequence[Any]]) -> dict[str, CellValue]:
    return {
        join_address(row, column): _as_stored(value)
        for row, line in enumerate(rows, 1)
        for column, value in enumerate(line, 1)
        if value is not None and value != ""
    }


def _as_stored(value: Any) -> CellValue:
    """A value as a file holds it; Excel shows an @ where a formula takes one of several cells."""
    if not isinstance(value, str) or not value.startswith("="):
        return plain(value)
    parts = value.split('"')
    parts[::2] = [_INTERSECTION.sub("", part) for part in parts[::2]]
    return '"'.join(parts)


def _as_typed(value: CellValue) -> CellValue:
    """What is typed for a value; without the apostrophe Excel would take a text for a date or a formula."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value else value
