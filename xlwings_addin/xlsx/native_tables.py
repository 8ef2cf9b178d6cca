"""What-if tables that LibreOffice has saved as formulas, as the native tables that they were.

LibreOffice writes every cell of a table that varies two inputs as a formula of five arguments, which Excel
does not have. `TABLE($C$20,$D$16,$C21,$D$70,D$20)` names the formula in the corner, the input that takes the
value to the left, that value, the input that takes the value above, and that value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.contents import formula_text
from xlwings_addin.xlsx.data_tables import DataTable
from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.scanning import SheetCell, prefix_of

_CELL = r"(\$?[A-Z]{1,3}\$?[0-9]+)"
_SAVED = re.compile(rf"(?:TABLE|MULTIPLE\.OPERATIONS)\({_CELL},{_CELL},{_CELL},{_CELL},{_CELL}\)")


class _Saved(NamedTuple):
    """What the formulas of one table have in common: its corner and its inputs."""

    corner: str
    column_input: str
    row_input: str


def with_native_tables(package: Package) -> tuple[Package, list[DataTable]]:
    """The workbook with such formulas as native tables again, and these tables; the same without any.

    Formulas that fill no whole rectangle beside their values and formula stay as they are.
    """
    changed: dict[str, bytes | None] = {}
    tables: list[DataTable] = []
    for sheet, part in package.sheets().items():
        data = package.parts[part]
        if b"TABLE(" not in data and b"MULTIPLE.OPERATIONS(" not in data:
            continue
        edits: list[Edit] = []
        for saved, cells in _saved_tables(package, part).items():
            table = _table(sheet, saved, cells)
            if table is not None:
                tables.append(table)
                edits += _edits(data, table, cells)
        if edits:
            changed[part] = apply(data, edits)
    return (package.edited(changed), tables) if changed else (package, tables)


def _saved_tables(package: Package, part: str) -> dict[_Saved, list[SheetCell]]:
    """The cells of every saved table whose arguments are those of their own row and column."""
    data, saved = package.parts[part], defaultdict[_Saved, list[SheetCell]](list)
    for cell in package.cells(part):
        if cell.formula is None or cell.formula_type != "normal":
            continue
        match = _SAVED.fullmatch(formula_text(data, cell).replace(" ", ""))
        if match is None:
            continue
        corner, column_input, beside, row_input, above = (text.replace("$", "") for text in match.groups())
        (top, left), (row, column) = split_address(corner), split_address(cell.address)
        if split_address(beside) == (row, left) and split_address(above) == (top, column):
            saved[_Saved(corner, column_input, row_input)].append(cell)
    return saved


def _table(sheet: str, saved: _Saved, cells: list[SheetCell]) -> DataTable | None:
    """The table that cells fill, if they fill a whole one right of and below its corner."""
    top, left = split_address(saved.corner)
    places = {split_address(cell.address) for cell in cells}
    bottom, right = max(row for row, _ in places), max(column for _, column in places)
    whole = {(row, column) for row in range(top + 1, bottom + 1) for column in range(left + 1, right + 1)}
    if places != whole:
        return None
    area = f"{join_address(top + 1, left + 1)}:{join_address(bottom, right)}"
    return DataTable(sheet, area, saved.row_input, saved.column_input)


def _edits(data: bytes, table: DataTable, cells: list[SheetCell]) -> list[Edit]:
    """The first cell gets the table, the others lose their formulas; every value stays."""
    first = table.area.partition(":")[0]
    edits = []
    for cell in cells:
        assert cell.formula is not None
        new = b""
        if cell.address == first:
            prefix = prefix_of(data[cell.tag.start : cell.tag.end])
            told = f'ref="{table.area}" dt2D="1" dtr="1" r1="{table.row_input}" r2="{table.column_input}"'
            new = b'<%bf t="dataTable" %b/>' % (prefix, told.encode())
        edits.append(Edit(*cell.formula, new))
    return edits
