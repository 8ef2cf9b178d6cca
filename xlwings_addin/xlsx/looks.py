"""How the cells of a workbook look: the style that the file gives each, and what that style says."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cached_property
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles.numbers import is_date_format
from openpyxl.styles.stylesheet import apply_stylesheet

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.sheet_cells import PlainCells, SheetCells

_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]+)["']""")
_PLAIN_STYLE = re.compile(rb'<c r="[A-Z]+[0-9]+"(?: s="([0-9]+)")?')


class Look(NamedTuple):
    """Font, fill, border, alignment, protection and number format as a text; whether numbers are dates."""

    text: str
    is_date: bool


class Looks:
    """The looks of a workbook by the number of their style.

    Raises `BookError` for styles that cannot be read, whatever is wrong with them.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._of_style: dict[int, Look] = {}

    @cached_property
    def _workbook(self) -> Workbook:
        """An empty workbook with the styles of the file."""
        workbook = Workbook()
        try:
            with zipfile.ZipFile(io.BytesIO(self.package.original)) as archive:
                apply_stylesheet(archive, workbook)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0][:200]
            reason = f"has styles that cannot be read: {type(error).__name__} {first}"
            display = self.package.display
            raise BookError("workbook", display, reason, display=display) from error
        return workbook

    def look(self, style: int = 0) -> Look:
        """What a style says; style 0 is that of a cell the file does not mention."""
        if style not in self._of_style:
            self._of_style[style] = self._read(style)
        return self._of_style[style]

    def _read(self, style: int) -> Look:
        workbook = self._workbook
        if style >= len(workbook._cell_styles):  # a damaged file: nobody knows how such a cell looks
            return Look(f"style {style}", False)
        cell = Cell(workbook.worksheets[0], 1, 1, None, workbook._cell_styles[style])
        parts = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection, cell.number_format)
        return Look(repr(parts), bool(is_date_format(cell.number_format)))

    def of_sheet(self, title: str) -> dict[str, Look]:
        """The look of every cell that the file has on a sheet, by address."""
        cells = self.package.cells(self.package.sheet_part(title))
        if _styles not in cells.worked_out:
            cells.worked_out[_styles] = _styles(cells)
        looks = {style: self.look(style) for style in set(cells.worked_out[_styles])}
        return {
            content.address: looks[style]
            for content, style in zip(cells.contents, cells.worked_out[_styles], strict=True)
        }


def _styles(cells: SheetCells) -> list[int]:
    """The number of the style of every cell of a sheet, 0 for one without."""
    if isinstance(cells, PlainCells):
        styles = (_PLAIN_STYLE.match(cells.data, start) for start in cells.starts)
    else:
        styles = (_STYLE.search(cells.data, *cell.tag) for cell in cells)
    return [int(style[1] or 0) if style else 0 for style in styles]
