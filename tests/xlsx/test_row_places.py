"""Where the rows of a plainly written sheet stand, against expat, which reads any sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlwings_addin.xlsx.package import read_package
from xlwings_addin.xlsx.scanning import Scanner
from xlwings_addin.xlsx.sheet_cells import PlainCells, scan

HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


@pytest.mark.parametrize(
    "rows",
    [
        b"",
        b'<row r="2"/>',
        b'<row r="2" spans="1:3"><c r="A2"/><c r="C2" s="4"><v>1</v></c></row><row r="9"></row>',
        b'<row r="3"><c r="B3" t="inlineStr"><is><t>a&gt;&lt;/c&gt;</t></is></c>\n<c r="AB3"/> </row>\n',
        b'<row r="4"><c r="A4"><f>"/"&amp;B4</f><v>0</v></c></row><row r="5"><c r="A5"/></row>',
    ],
)
def test_rows_and_the_ends_of_their_cells_are_where_expat_finds_them(rows: bytes) -> None:
    data = HEAD + rows + b"</sheetData></worksheet>"
    cells = scan(data)
    assert isinstance(cells, PlainCells)
    assert cells.row_places(range(1, 20)) == Scanner(data).places


def test_rows_of_the_workbook_are_where_expat_finds_them(delivered: Path) -> None:
    package = read_package(delivered)
    parts = list(package.sheets().values())
    assert len(parts) > 20
    for part in parts:
        places = Scanner(package.parts[part]).places
        assert package.cells(part).row_places(places.rows.keys()) == places, part
