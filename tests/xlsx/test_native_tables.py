"""What-if tables that LibreOffice has saved as formulas are read as the tables they were."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.formula import DataTableFormula

from xlwings_addin.engine.libreoffice import convert_with_libreoffice
from xlwings_addin.xlsx.data_tables import DataTable, data_tables
from xlwings_addin.xlsx.native_tables import with_native_tables
from xlwings_addin.xlsx.package import Package, read_package, read_values

AREA = [(row, column) for row in (4, 5, 6) for column in (3, 4)]


def saved(without: tuple[str, ...] = (), changed: dict[str, str] | None = None) -> Package:
    """A table over B1 (from above) and B2 (from the left), C4:D6, as LibreOffice 7.4 saves one."""
    book = Workbook()
    sheet = book.active
    sheet["B1"], sheet["B2"], sheet["B3"] = 1, 2, "=B1*B2"
    for column, value in (("C", 10), ("D", 20)):
        sheet[f"{column}3"] = value
    for row in (4, 5, 6):
        sheet[f"B{row}"] = row
        for column in ("C", "D"):
            sheet[f"{column}{row}"] = f"=TABLE($B$3,$B$2,$B{row},$B$1,{column}$3)"
    for cell in without:
        sheet[cell] = None
    for cell, formula in (changed or {}).items():
        sheet[cell] = formula
    buffer = io.BytesIO()
    book.save(buffer)
    return read_package(buffer.getvalue())


def test_formulas_that_fill_a_whole_table_are_one_again() -> None:
    package, tables = with_native_tables(saved())
    assert tables == [DataTable("Sheet", "C4:D6", "B1", "B2")]
    assert data_tables(package) == tables
    sheet = load_workbook(io.BytesIO(package.original)).active
    assert isinstance(sheet["C4"].value, DataTableFormula)
    assert all(not isinstance(sheet.cell(row, column).value, str) for row, column in AREA)


@pytest.mark.parametrize(
    ("without", "changed"),
    [
        (("D5",), {}),
        ((), {"D5": "=TABLE($B$3,$B$2,$B4,$B$1,D$3)"}),
        ((), {"D5": "=TABLE($B$3,$B$1,$B5,$B$2,D$3)"}),
        ((), {"D5": "=2*TABLE($B$3,$B$2,$B5,$B$1,D$3)"}),
    ],
)
def test_what_is_no_whole_table_stays_as_it_is(without: tuple[str, ...], changed: dict[str, str]) -> None:
    before = saved(without, changed)
    package, tables = with_native_tables(before)
    assert not tables
    assert package is before


def test_the_table_of_every_case_comes_back_from_libreoffice(live_cases: Path, libreoffice: Path) -> None:
    (data,) = convert_with_libreoffice([live_cases])
    converted = read_package(data)
    assert not data_tables(converted)
    package, tables = with_native_tables(converted)
    assert tables == data_tables(read_package(live_cases))
    assert len(tables) == 1
    before, after = read_values(converted), read_values(package)
    assert before == after
