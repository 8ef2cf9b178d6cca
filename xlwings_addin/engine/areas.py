"""Areas of cells, and which cells of a set lie in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey


class Area(NamedTuple):
    """A rectangle of cells on a sheet, rows and columns from 1."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def cells(self) -> Iterator[CellKey]:
        """Its cells, row by row."""
        for row in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield self.sheet, join_address(row, column)


class CellSet:
    """A set of cells that is asked which areas it touches; the answer takes no look at every cell."""

    def __init__(self, cells: Iterable[CellKey]) -> None:
        self._rows: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for sheet, address in cells:
            row, column = split_address(address)
            self._rows[sheet][column].append(row)
        for columns in self._rows.values():
            for rows in columns.values():
                rows.sort()

    def touches(self, area: Area) -> bool:
        """Whether any of the cells lies in an area."""
        return next(self.within(area), None) is not None

    def within(self, area: Area) -> Iterator[CellKey]:
        """The cells that lie in an area."""
        columns = self._rows.get(area.sheet)
        if not columns:
            return
        wide = area.right - area.left >= len(columns)
        for column in columns if wide else range(area.left, area.right + 1):
            rows = columns.get(column) if area.left <= column <= area.right else None
            if rows:
                for at in range(bisect_left(rows, area.top), bisect_right(rows, area.bottom)):
                    yield area.sheet, join_address(rows[at], column)
