"""A workbook made of contents holds what it was made of."""

from __future__ import annotations

import pytest

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.assembling import assembled
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.package import CellValue, move, read_package
from xlwings_addin.xlsx.placing import styles_in

CONTENTS: dict[str, dict[str, CellValue]] = {
    "One & two": {"B2": 1.5, "A1": "a <text>", "C2": True, "AA3": "#N/A", "D2": "=SUM(B2:C2)"},
    "Mine": {"A1": "='One & two'!B2*2"},
    "Blank": {},
}


def test_cells_hold_what_they_were_made_of_and_each_has_its_own_style() -> None:
    package, cells = assembled(CONTENTS, {"rate": "'One & two'!$B$2"}, "the open workbook")
    assert package.titles == tuple(CONTENTS)
    assert cell_contents(package) == {title: page for title, page in CONTENTS.items() if page}
    styles = styles_in(package)
    assert {cells[style]: at for at, style in styles.items()} == {at: at for at in cells}
    assert len(cells) == 6


def test_what_refers_to_cells_follows_as_in_a_file() -> None:
    package, _ = assembled(CONTENTS, {"rate": "'One & two'!$B$2"}, "the open workbook")
    moved = read_package(move(package, "One & two", 2, 1, "columns"))
    assert cell_contents(moved)["Mine"]["A1"] == "='One & two'!C2*2"
    assert b"'One &amp; two'!$C$2" in moved.parts[moved.workbook_part]


def test_a_value_that_no_cell_can_hold_is_named() -> None:
    with pytest.raises(BookError, match=r"for Mine!A1 must be a finite number"):
        assembled({"Mine": {"A1": float("inf")}}, {}, "the open workbook")
