"""The formulas and the stored values of a workbook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from xlwings_addin.xlsx.contents import CellContent, stored_value, string_of
from xlwings_addin.xlsx.dates import SERIAL_ORIGIN, SERIAL_ORIGIN_1904
from xlwings_addin.xlsx.formulas import FormulaCell
from xlwings_addin.xlsx.parts import Package, Source, read_package
from xlwings_addin.xlsx.values import CellKey, CellValue


def formula_cells(source: Source) -> list[FormulaCell]:
    """Every cell of a workbook that a formula decides, sheet by sheet in the order of the tabs.

    Members of arrays and data tables are listed also where the file holds no `<c>` element for them.
    """
    return read_package(source).formulas


def read_values(source: Source) -> dict[CellKey, CellValue]:
    """The values stored in a workbook, by sheet and address; a cell that stores none is None.

    Numbers are floats (a date is the serial number that the file holds), errors strings such as `#N/A`.
    """
    return dict(_values(read_package(source)))


def _values(package: Package) -> Mapping[CellKey, CellValue]:
    """The stored values, read once for every package."""
    if not package.stored:
        package.stored.update(_read(package))
    return package.stored


def _read(package: Package) -> dict[CellKey, CellValue]:
    table = package.related(package.workbook_part, "sharedStrings")
    strings = [] if table is None else [string_of(item) for item in package.tree(table).iter("{*}si")]
    day_zero = SERIAL_ORIGIN_1904 if package.uses_1904_dates else SERIAL_ORIGIN
    rests_on = "" if table is None else package.parts[table], day_zero
    values: dict[CellKey, CellValue] = {}
    for sheet, part in package.sheets().items():
        cells = package.cells(part)
        if (sheet, rests_on) not in cells.worked_out:  # a part that an edit left alone has them already
            cells.worked_out[sheet, rests_on] = _of_sheet(sheet, cells.contents, strings, day_zero)
        values.update(cells.worked_out[sheet, rests_on])
    return values


def _of_sheet(
    sheet: str, cells: Iterable[CellContent], strings: Sequence[str], day_zero: datetime
) -> dict[CellKey, CellValue]:
    values: dict[CellKey, CellValue] = {}
    for cell in cells:
        try:  # most cells hold a number
            number = float(cell.value or "") if cell.type == "n" else math.nan
        except ValueError:
            number = math.nan
        is_number = -math.inf < number < math.inf
        values[sheet, cell.address] = number if is_number else stored_value(cell, strings, day_zero)
    return values
