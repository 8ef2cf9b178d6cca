"""The what-if data tables of a workbook: which cells they fill, and which inputs they vary.

Source: ECMA-376 Part 1, 18.3.1.40 (`f`: `dt2D`, `dtr`, `r1`, `r2`, `del1`, `del2`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xlwings_addin.xlsx.addresses import corners, join_address
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.values import CellKey

_ATTRIBUTE = re.compile(rb"""\b(dt2D|dtr|r1|r2|del1|del2)\s*=\s*["']([^"']*)["']""")
_TRUE = ("1", "true", "on")


class TableCell(NamedTuple):
    """A cell of a data table: its inputs with the cells whose values they take, and the formula it shows."""

    key: CellKey
    inputs: tuple[tuple[CellKey, CellKey], ...]
    result: CellKey


class DataTable(NamedTuple):
    """A data table: its sheet, its area and its input cells; a missing one is empty.

    `row_input` takes the values that stand in the row above the area, `column_input` those in the column to
    its left.
    """

    sheet: str
    area: str
    row_input: str
    column_input: str

    @property
    def is_certain(self) -> bool:
        """Whether its input cells are known, and it has a row above and a column to its left."""
        (top, left), _ = corners(self.area)
        return bool(self.row_input or self.column_input) and top > 1 and left > 1

    @property
    def text(self) -> str:
        """What programs show as the formula of its cells, without the braces around it."""
        return f"=TABLE({self.row_input},{self.column_input})"

    def cells(self) -> Iterator[TableCell]:
        """Every cell of the table, row by row."""
        (top, left), (bottom, right) = corners(self.area)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                above, beside = self._key(top - 1, column), self._key(row, left - 1)
                inputs = [((self.sheet, self.row_input), above), ((self.sheet, self.column_input), beside)]
                taken = tuple(pair for pair in inputs if pair[0][1])
                result = self._key(top - 1, left - 1)
                if len(taken) == 1:
                    result = beside if self.row_input else above
                yield TableCell(self._key(row, column), taken, result)

    def _key(self, row: int, column: int) -> CellKey:
        return self.sheet, join_address(row, column)


def data_tables(package: Package) -> list[DataTable]:
    """The data tables of a workbook; one whose input was deleted has no input cell."""
    tables = []
    for sheet, part in package.sheets().items():
        data = package.parts[part]
        if b"dataTable" not in data:
            continue
        for cell in package.cells(part):
            if cell.formula is not None and cell.formula_type == "dataTable" and cell.area:
                attributes = dict(_ATTRIBUTE.findall(_tag(data, cell.formula.start)))
                tables.append(_table(sheet, cell.area, attributes))
    return tables


def _tag(data: bytes, start: int) -> bytes:
    return data[start : data.index(b">", start)]


def _table(sheet: str, area: str, attributes: dict[bytes, bytes]) -> DataTable:
    texts = {name.decode(): value.decode() for name, value in attributes.items()}
    first = "" if texts.get("del1") in _TRUE else texts.get("r1", "").replace("$", "").upper()
    second = "" if texts.get("del2") in _TRUE else texts.get("r2", "").replace("$", "").upper()
    if texts.get("dt2D") in _TRUE:
        both = first and second
        return DataTable(sheet, area, first if both else "", second if both else "")
    is_row = texts.get("dtr") in _TRUE
    return DataTable(sheet, area, first if is_row else "", "" if is_row else first)
