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

_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]+)["']""")


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
        part = self.package.sheet_part(title)
        data = self.package.parts[part]
        looks = {}
        for cell in self.package.cells(part):
            style = _STYLE.search(data, *cell.tag)
            looks[cell.address] = self.look(int(style[1]) if style else 0)
        return looks
