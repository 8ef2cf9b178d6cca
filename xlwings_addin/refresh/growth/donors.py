"""The styles that new cells get: those of cells that are there and have the same look."""

from __future__ import annotations

from collections.abc import Iterable

from xlwings_addin.layout.looks import Look, look_of
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.xlsx.package import CellKey, Package
from xlwings_addin.xlsx.placing import styles_in


class Donors:
    """Numbers of styles in a workbook, by the look of the cells that have them.

    A new cell looks like one of its own sheet, else like one of another; where none has its unit, like the
    nearest with the same style.
    """

    def __init__(self, package: Package, book: Book, there: Iterable[PlacedCell]) -> None:
        self._styles = styles_in(package)
        self._book = book
        self._by_sheet: dict[tuple[str, Look], int] = {}
        self._anywhere: dict[Look, int] = {}
        self._nearest: dict[tuple[str, str], int] = {}
        for cell in there:
            style = self._styles.get(cell.at)
            if cell.line is None or style is None:
                continue
            look = self._look(cell)
            self._by_sheet.setdefault((cell.sheet.key, look), style)
            self._anywhere.setdefault(look, style)
            self._nearest.setdefault((cell.sheet.key, look.style), style)

    def of(self, cell: PlacedCell) -> int | None:
        """The style for a cell of a line; None where nothing looks at all like it."""
        look = self._look(cell)
        exact = self._by_sheet.get((cell.sheet.key, look), self._anywhere.get(look))
        return self._nearest.get((cell.sheet.key, look.style)) if exact is None else exact

    def at(self, cell: CellKey) -> int | None:
        """The style of a cell that is there."""
        return self._styles.get(cell)

    def _look(self, cell: PlacedCell) -> Look:
        assert cell.line is not None
        columns = self._book.sheets[cell.sheet.key].lines[cell.line.key][0].columns[cell.group]
        return look_of(cell, cell.line, columns)
