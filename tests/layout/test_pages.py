"""The sheets as pages: print that can be read, notes outside it, a way back to the Cover."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.layout.references import Book
from xlwings_addin.layout.render import LINE_HEIGHT, ROW_MARGIN
from xlwings_addin.layout.styles import SIZE, lines_needed
from xlwings_addin.proof.context import load_context

A4, A3 = "9", "8"
"""The paper sizes of ECMA-376 Part 1, 18.3.1.63."""
PRINTED_INCHES = {A4: 297 / 25.4 - 0.8, A3: 420 / 25.4 - 0.8}
"""Of a page that lies on its side, with margins of 0.4 inches."""
PAGE_MILLIMETRES = {A4: 210, A3: 297}
"""How high such a page is (ISO 216)."""
EMUS_AN_INCH = 914400
"""The units of drawings (ECMA-376 Part 1, 20.1.10.16)."""
ABSENT = 8.43
"""The width of a column that says none."""


@pytest.fixture(scope="module")
def workbook(delivered: Path) -> Workbook:
    return load_workbook(delivered)


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


def printed(worksheet: Worksheet) -> tuple[int, int, int, int]:
    return range_boundaries(worksheet.print_area.split("!")[-1].replace("$", ""))  # type: ignore[return-value]


def height(worksheet: Worksheet, last: int) -> float:
    """Inches of the rows down to the last one that is printed."""
    default = worksheet.sheet_format.defaultRowHeight
    return float(sum(worksheet.row_dimensions[row].height or default for row in range(1, last + 1))) / 72


def smallest_print(worksheet: Worksheet) -> float:
    """Points of the smallest print, at the scale that fits the columns to the pages side by side."""
    left, top, right, bottom = printed(worksheet)
    # A character of Calibri 11 has 7 pixels, a column 5 more, of 96 an inch (18.3.1.13).
    letters = map(get_column_letter, range(left, right + 1))
    pixels = sum((worksheet.column_dimensions[name].width or ABSENT) * 7 + 5 for name in letters)
    setup = worksheet.page_setup
    scale = min(1.0, PRINTED_INCHES[str(setup.paperSize)] * setup.fitToWidth / (pixels / 96))
    if setup.fitToHeight == 1:
        tall = PAGE_MILLIMETRES[str(setup.paperSize)] / 25.4
        scale = min(scale, (tall - 0.8) / height(worksheet, bottom))
    sizes = {
        cell.font.size
        for row in worksheet.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right)
        for cell in row
        if cell.value is not None and cell.font.color is not None and cell.font.color.rgb != "00BFBFBF"
    }
    return float(min(sizes)) * scale


def test_every_sheet_prints_at_seven_points_or_more(workbook: Workbook) -> None:
    sizes = {worksheet.title: smallest_print(worksheet) for worksheet in workbook}
    assert len(sizes) > 8
    assert {title: size for title, size in sizes.items() if size < 7.0} == {}


def test_notes_right_of_the_figures_are_not_printed(workbook: Workbook, book: Book) -> None:
    beside = {
        placed.sheet.title: placed.note_column
        for placed in book.sheets.values()
        if placed.note_column > placed.last_column
    }
    assert {"Cover", "SOTP", "Capital", "Vehicle Units", "Reported"} <= set(beside)
    for title, column in beside.items():
        assert printed(workbook[title])[2] == column - 1
        assert any(workbook[title].cell(row, column).value for row in range(5, 40)), title


def test_the_cover_is_one_page_with_its_pictures(workbook: Workbook) -> None:
    cover = workbook["Cover"]
    assert (cover.page_setup.fitToWidth, cover.page_setup.fitToHeight) == (1, 1)
    _, _, _, last = printed(cover)
    assert len(cover._charts) == 3
    for chart in cover._charts:
        end = chart.anchor.to
        assert height(cover, end.row) + end.rowOff / EMUS_AN_INCH <= height(cover, last)
        _, _, right, _ = printed(cover)
        assert end.col < right  # no picture is cut off, whatever letters a program has
    above, beside, tornado = cover._charts
    assert above.anchor.to.col < beside.anchor._from.col
    assert max(above.anchor.to.row, beside.anchor.to.row) <= tornado.anchor._from.row


def test_the_tornado_stands_beside_the_grid(workbook: Workbook, book: Book) -> None:
    first, last = (book.at(f"{{cover.success_{row}:across_7}}")[1] for row in (1, 7))
    *_, tornado = workbook["Cover"]._charts
    (_, top, column, _), (_, bottom, *_) = (range_boundaries(cell) for cell in (first, last))
    start, end = tornado.anchor._from, tornado.anchor.to
    assert start.col >= column  # counted from 0: the column after
    assert start.row < top
    assert end.row >= bottom


def test_every_other_sheet_leads_back_to_the_cover(workbook: Workbook) -> None:
    others = [worksheet for worksheet in workbook if worksheet.title != "Cover"]
    links = {worksheet["A3"].hyperlink.location for worksheet in others}
    assert links == {"Cover!A1"}
    assert workbook["Cover"]["A3"].hyperlink is None


def test_tabs_behind_the_answers_are_grey(workbook: Workbook) -> None:
    colours = {worksheet.title: worksheet.sheet_properties.tabColor.rgb for worksheet in workbook}
    grey = {title for title, colour in colours.items() if colour == "00A6A6A6"}
    assert grey == {"Functions", "Checks", "Sources"}
    assert colours["Cover"] == colours["SOTP"] != colours["Devices"] != colours["Inputs"]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("Multiple of the largest maker's sales of 2024", 44.0, 1),
        ("Multiple of the largest battery electric maker's sales of 2024", 44.0, 2),
        ("illegal little lilies in still villages", 26.0, 1),
        ("MAXIMUM DOWNWARD MOMENTUM AMONG MMMM", 22.0, 3),
        ("house_2026_bear_and_more", 12.0, 2),
    ],
)
def test_a_row_is_as_high_as_the_widths_of_its_letters_need(text: str, width: float, lines: int) -> None:
    """Expected: advance widths of Carlito, whose metrics are Calibri's, over the pixels of the column."""
    assert lines_needed(text, width, SIZE) == lines


def test_a_cell_for_a_number_of_the_analyst_is_one_line_high(workbook: Workbook, book: Book) -> None:
    _, address = book.at("{implied.price_asked:asked}")
    sheet = workbook["Implied"]
    assert sheet.row_dimensions[sheet[address].row].height == LINE_HEIGHT + ROW_MARGIN
