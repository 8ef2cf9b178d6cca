"""What formulas read: of a pattern that is known, as of a formula that is looked at by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.stored_books import SHEET, stored_book
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.xlsx.package import read_package

ROWS = 3
FILLED_DOWN = {
    "E": '=A{row}*$B$1+SUM(C{row}:D{row})&"A9:B9 [x]"',
    "F": "=SUM(INDEX(A1:A9,{row}):B{row})",
    "G": "=SUM(A:A)+ROW({row}:{row})",
    "H": "=OFFSET(A{row},1,0)",
    "I": "=LOG10(A{row})+IF(B{row}>1,D$2:C$1,'Sheet'!B{row})",
    "J": "=XFE{row}+A{row}",
}


def test_a_formula_filled_down_reads_what_each_of_its_cells_spells() -> None:
    cells = {f"{column}{row}": row for row in range(1, ROWS + 1) for column in "ABCD"}
    formulas = {
        f"{column}{row}": text.format(row=row)
        for row in range(1, ROWS + 1)
        for column, text in FILLED_DOWN.items()
    }
    book = LoadedBook(read_package(stored_book({**cells, **formulas}, dict.fromkeys(formulas, 1.0))), {})
    together = Dependencies(book)
    for address in formulas:
        alone = Dependencies(book)
        assert together.reads((SHEET, address)) == alone.reads((SHEET, address)), address
        assert ((SHEET, address) in together.open) == ((SHEET, address) in alone.open), address
    spelled = {(area.top, area.left, area.bottom, area.right) for area in together.reads((SHEET, "I2"))}
    assert spelled == {(2, 1, 2, 1), (2, 2, 2, 2), (1, 3, 2, 4)}
    assert {key[1][0] for key in together.open} == {"H"}


@pytest.mark.slow
def test_the_workbook_s_formulas_read_what_each_reads_by_itself(delivered: Path) -> None:
    book = LoadedBook(read_package(delivered), callbacks())
    together = Dependencies(book)
    keys = list(book.formulas)
    assert len(keys) > 6000
    for key in keys:
        together.reads(key)
    for key in keys[::7]:
        assert together.reads(key) == Dependencies(book).reads(key), key
