"""The styles that new cells get: those of cells that are there and have the same look."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlwings_addin.layout.looks import Look, look_of
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.xlsx.package import CellKey


class Donors:
    """Numbers of styles in a workbook, by the look of the cells that have them.

    A new cell looks like one of its own sheet that was there, else like one of another; where none has its
    unit, like the nearest with the same style.
    """

    def __init__(
        self, styles: Mapping[CellKey, int], book: Book, was_there: Callable[[PlacedCell], bool]
    ) -> None:
        self._styles, self._book, self._was_there = styles, book, was_there
        self._there: dict[str, list[PlacedCell]] = {}
        for cell in book.cells():
            if cell.line is not None:
                self._there.setdefault(cell.sheet.key, []).append(cell)
        self._looks: dict[str, dict[Look, int]] = {}

    def of(self, cell: PlacedCell) -> int | None:
        """The style for a cell of a line; None where nothing looks at all like it."""
        look, own = self._look(cell), self._looks_of(cell.sheet.key)
        if look in own:
            return own[look]
        anywhere = next((looks[look] for looks in map(self._looks_of, self._there) if look in looks), None)
        nearest = (style for other, style in own.items() if other.style == look.style)
        return next(nearest, None) if anywhere is None else anywhere

    def _looks_of(self, sheet: str) -> dict[Look, int]:
        """The style of the first cell of a sheet with each look, looked for once it is asked for."""
        if sheet not in self._looks:
            looks = self._looks[sheet] = {}
            for cell in self._there.get(sheet, ()):
                style = self._styles.get(cell.at)
                if style is not None and self._was_there(cell):
                    looks.setdefault(self._look(cell), style)
        return self._looks[sheet]

    def at(self, cell: CellKey) -> int | None:
        """The style of a cell that is there."""
        return self._styles.get(cell)

    def _look(self, cell: PlacedCell) -> Look:
        assert cell.line is not None
        columns = self._book.sheets[cell.sheet.key].lines[cell.line.key][0].columns[cell.group]
        return look_of(cell, cell.line, columns)
