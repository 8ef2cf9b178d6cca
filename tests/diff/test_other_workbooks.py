"""Workbooks that other programs wrote, compared by address, and what is no workbook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.diff.comparing import calculated, input_at, of
from tests.xlsx.foreign_books import NATIVE, SHEET, handmade_book, openpyxl_book, saved, xlsxwriter_book
from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.differences import differences
from xlwings_addin.engine.libreoffice import convert_with_libreoffice
from xlwings_addin.layout.references import Book


def test_foreign_workbooks_are_compared_by_address_without_a_bridge() -> None:
    one = Workbook()
    one.active.title = "Data"
    for row in range(1, 6):
        one.active.cell(row, 1, row)
        one.active.cell(row, 2, f"=A{row}*2")
    two = Workbook()
    two.active.title = "Data"
    for row in range(1, 6):
        two.active.cell(row, 1, row + (row == 2))
        two.active.cell(row, 2, f"=A{row}*{3 if row == 4 else 2}")
    comparison = differences(calculated(saved(one)), calculated(saved(two)))
    assert [(entry.kind, entry.cell, entry.old, entry.new) for entry in comparison.cells] == [
        ("input changed", "A2", 2.0, 3.0),
        ("value followed", "B2", 4.0, 6.0),
        ("formula changed", "B4", 8.0, 12.0),
    ]
    assert comparison.bridge is None
    (note,) = comparison.notes
    assert note.startswith("no value bridge: workbook of ")
    assert "lacks lines that every model of this project has" in note


@pytest.mark.parametrize("make", [openpyxl_book, xlsxwriter_book])
def test_what_other_programs_write_does_not_differ_from_itself(make: Callable[[], bytes]) -> None:
    data = make()
    assert differences(data, bytes(data)).cells == ()
    assert differences(handmade_book(SHEET.format(rows="")), data).counts["added"] > len(NATIVE)


def test_a_follower_of_a_shared_formula_has_its_own_formula() -> None:
    def rows(factor: int, alone: str) -> str:
        return (
            '<row r="1"><c r="A1"><v>1</v></c>'
            f'<c r="B1"><f t="shared" ref="B1:B2" si="0">A1*{factor}</f><v>2</v></c></row>'
            f'<row r="2"><c r="A2"><v>2</v></c><c r="B2">{alone}<v>4</v></c></row>'
        )

    shared, plain = '<f t="shared" si="0"/>', "<f>A2*2</f>"
    same = differences(
        handmade_book(SHEET.format(rows=rows(2, shared))), handmade_book(SHEET.format(rows=rows(2, plain)))
    )
    assert same.cells == ()
    other = differences(
        handmade_book(SHEET.format(rows=rows(2, shared))), handmade_book(SHEET.format(rows=rows(3, shared)))
    )
    assert [(difference.cell, difference.new_formula) for difference in of(other, "formula changed")] == [
        ("B1", "=A1*3"),
        ("B2", "=A2*3"),
    ]


def test_cells_that_an_array_formula_fills_follow_it() -> None:
    def rows(area: str, value: int) -> str:
        return (
            f'<row r="1"><c r="A1"><v>{value}</v></c>'
            f'<c r="C1"><f t="array" ref="{area}">A1:A2*2</f><v>{2 * value}</v></c></row>'
            f'<row r="2"><c r="A2"><v>5</v></c><c r="C2"><v>{value}</v></c></row>'
        )

    for area in ("C1:C2", "C1:XFD1048576"):
        comparison = differences(
            handmade_book(SHEET.format(rows=rows(area, 1))), handmade_book(SHEET.format(rows=rows(area, 2)))
        )
        assert [(entry.kind, entry.cell) for entry in comparison.cells] == [
            ("input changed", "A1"),
            ("value followed", "C1"),
            ("value followed", "C2"),
        ]


def test_cells_far_apart_cost_nothing() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    comparison = differences(handmade_book(SHEET.format(rows="")), handmade_book(SHEET.format(rows=far)))
    assert [(entry.kind, entry.cell) for entry in comparison.cells] == [("added", "XFD1048576")]


def test_values_that_were_never_calculated_are_not_compared(delivered: Path, book: Book) -> None:
    workbook = load_workbook(delivered)
    sheet, cell = input_at(book, "risk_free")
    workbook[sheet][cell] = 0.02
    comparison = differences(delivered, saved(workbook))
    assert not of(comparison, "value followed")
    assert [difference.line for difference in of(comparison, "input changed")] == ["risk_free"]
    (note,) = comparison.notes
    assert "formula cells hold no value and were compared by formula only" in note
    assert comparison.bridge is not None
    assert comparison.bridge.change != 0


def test_a_workbook_saved_by_libreoffice_has_no_other_formula_and_no_other_value(
    book_file: Path, libreoffice: Path, delivered: Path
) -> None:
    (data,) = convert_with_libreoffice([book_file])
    comparison = differences(delivered, data)
    assert comparison.counts["formula changed"] == 0
    assert comparison.counts["input changed"] == 0
    assert comparison.bridge is not None
    assert comparison.bridge.change == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("wrong", [b"Dear reader", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_workbook_is_refused(delivered: Path, wrong: bytes) -> None:
    for pair in ((delivered, wrong), (wrong, delivered)):
        with pytest.raises(BookError, match=r"^workbook of \d+ bytes is"):
            differences(*pair)


def test_a_file_that_is_not_there_is_named(delivered: Path) -> None:
    with pytest.raises(BookError, match=r"no_such\.xlsx does not exist"):
        differences(delivered, Path("no_such.xlsx"))
