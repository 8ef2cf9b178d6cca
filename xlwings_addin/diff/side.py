"""One of two workbooks that are compared: its cells, with their formulas, stored values and looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from openpyxl.utils.datetime import from_excel

from xlwings_addin.diff.difference import outside_texts, writable
from xlwings_addin.inputs.renamed import current_line
from xlwings_addin.layout.references import quoted
from xlwings_addin.layout.state import refuse_later_version
from xlwings_addin.proof.pages import Page
from xlwings_addin.sheets import sheets
from xlwings_addin.xlsx.addresses import cells_in, corners, join_address, split_address
from xlwings_addin.xlsx.cell_contents import formula_texts
from xlwings_addin.xlsx.data_tables import DataTable, data_tables
from xlwings_addin.xlsx.formulas import FormulaCell, FormulaKind
from xlwings_addin.xlsx.looks import Looks
from xlwings_addin.xlsx.native_tables import with_native_tables
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, formula_cells, read_values

_KEYS_OF_SHEETS = {sheet.title: sheet.key for sheet in sheets()}
Place = tuple[int, int]
"""Row and column, both from 1."""


class Content(NamedTuple):
    """What a cell holds: its formula with the equals sign or nothing, its stored value, its look."""

    formula: str
    value: CellValue
    look: str
    is_date: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.formula and self.value is None

    @property
    def meant(self) -> CellValue:
        """The value as a reader means it: a date as such, and no half characters that no file can hold."""
        if self.is_date and isinstance(self.value, float):
            try:
                return str(from_excel(self.value).isoformat()).removesuffix("T00:00:00")
            except (AttributeError, OverflowError, ValueError):
                return self.value
        return writable(self.value) if isinstance(self.value, str) else self.value


@dataclass(frozen=True)
class Cells:
    """The cells of a sheet by place, and the rows of its keys, none where it has no column of keys."""

    contents: Mapping[Place, Content]
    keys: Mapping[str, int]
    key_column: int = 0

    @cached_property
    def rows(self) -> Mapping[int, Mapping[int, Content]]:
        """The cells by row and column."""
        rows: dict[int, dict[int, Content]] = {}
        for (row, column), content in sorted(self.contents.items()):
            rows.setdefault(row, {})[column] = content
        return rows

    @cached_property
    def lines(self) -> Mapping[int, str]:
        """The key of every row that has one, that of the headings among them."""
        return {row: key for key, row in self.keys.items()}


def _current_key(title: str, key: str) -> str:
    """The key of a line of ours as it is called now, on a sheet by its present title."""
    sheet = _KEYS_OF_SHEETS.get(title)
    return key if sheet is None else current_line(sheet, key)[1]


class Side:
    """One of the two workbooks.

    `titles` are those of its sheets that the other has under a later title, with that: both are then called
    alike, in formulas too.
    """

    def __init__(self, package: Package) -> None:
        refuse_later_version(package)
        self.package, _ = with_native_tables(package)
        self.titles: dict[str, str] = {}
        self.values = read_values(self.package)
        self._looks = Looks(self.package)

    @cached_property
    def formulas(self) -> Mapping[CellKey, str]:
        """The formulas of its cells, with their equals signs."""
        return {(cell.sheet, cell.cell): f"={cell.text}" for cell in formula_cells(self.package)}

    @property
    def default_look(self) -> str:
        """How a cell looks that the file does not mention."""
        return self._looks.look().text

    @cached_property
    def _tables(self) -> list[DataTable]:
        return data_tables(self.package)

    def _texts(self, title: str) -> dict[str, str]:
        """The formulas of a sheet by address, as a reader sees them: those of several cells in braces."""
        contents = self.package.cells(self.package.sheet_part(title)).contents
        areas = {table.area: _table_text(table) for table in self._tables if table.sheet == title}
        formulas = []
        for cell in contents:
            if cell.formula is None or cell.formula_type == "dataTable":
                continue
            if cell.formula_type == "array":
                areas[cell.area or cell.address] = f"{{={cell.formula}}}"
            else:
                kind: FormulaKind = "shared" if cell.formula_type == "shared" else "normal"
                formulas.append(FormulaCell(title, cell.address, kind, "", cell.formula, cell.shared))
        texts = {address: text for (_, address), text in formula_texts(formulas)}
        stored = dict.fromkeys(cell.address for cell in contents)
        for area, text in areas.items():
            texts |= dict.fromkeys(_inside(area, stored), text)
        return texts

    def sheets(self) -> tuple[str, ...]:
        """The titles of its sheets, as both books are compared by them."""
        return tuple(self.titles.get(title, title) for title in self.package.sheets())

    def own_title(self, title: str) -> str:
        """How the book itself calls a sheet."""
        return next((own for own, now in self.titles.items() if now == title), title)

    def _as_called_now(self, formula: str) -> str:
        """A formula with the later titles of the sheets it refers to."""

        def later(part: str) -> str:
            for own, now in self.titles.items():
                part = re.sub(rf"(?<![\w.']){re.escape(quoted(own))}!", f"{quoted(now)}!", part)
            return part

        return outside_texts(formula, later) if self.titles else formula

    def cells(self, title: str) -> Cells:
        """The cells of a sheet. Only what the file holds is visited, however far apart its cells are."""
        own = self.own_title(title)
        texts = self._texts(own)
        contents = {}
        for address, look in self._looks.of_sheet(own).items():
            formula = self._as_called_now(texts.get(address, ""))
            value = self.values.get((own, address))
            contents[split_address(address)] = Content(formula, value, *look)
        page = Page({join_address(*at): content.value for at, content in contents.items()})
        keys = {_current_key(title, key): row for key, row in page.rows_by_key.items()}
        return Cells(contents, keys, page.key_column)


def _table_text(table: DataTable) -> str:
    return f"{{{table.text}}}"


def _inside(area: str, stored: Mapping[str, object]) -> Iterator[str]:
    """The cells of an area that the file holds; an area may be as large as a sheet."""
    (top, left), (bottom, right) = corners(area)
    if (bottom - top + 1) * (right - left + 1) <= len(stored):
        yield from (address for address in cells_in(area) if address in stored)
        return
    for address in stored:
        row, column = split_address(address)
        if top <= row <= bottom and left <= column <= right:
            yield address
