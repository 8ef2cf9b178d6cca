"""A sheet is added to any producer's workbook, and only what has to know of it changes."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from tests.xlsx import foreign_books
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.libreoffice import convert_with_libreoffice
from xlwings_addin.layout.new_sheet import free_title, with_new_sheet, with_sheet_from
from xlwings_addin.xlsx.package import read_package, read_values

PRODUCERS = {"XlsxWriter": foreign_books.xlsxwriter_book, "openpyxl": foreign_books.openpyxl_book}
ANNOUNCED = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}


def fill(sheet: Worksheet) -> None:
    for row in (("Driver & <part>", 1.5), ("=1+1", 2.5), ("-", 3.5)):
        sheet.append(row)
    sheet["A1"].font, sheet["B1"].number_format = Font(name="Calibri", bold=True), '"HKD" 0.00'
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "D2")


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_the_new_sheet_holds_what_was_typed_and_the_others_what_they_held(
    producer: Callable[[], bytes],
) -> None:
    before = producer()
    after = with_new_sheet(before, "New & shiny", fill)
    old, new = foreign_books.parts_of(before), foreign_books.parts_of(after)
    assert {name for name in old if old[name] != new.get(name)} == ANNOUNCED
    values_before, values_after = read_values(before), read_values(after)
    assert {at: value for at, value in values_after.items() if at[0] != "New & shiny"} == values_before
    assert [values_after["New & shiny", at] for at in ("A1", "B1", "A2", "A3")] == [
        "Driver & <part>",
        1.5,
        "=1+1",
        "-",
    ]
    assert read_package(after).titles == (*read_package(before).titles, "New & shiny")


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_every_cell_keeps_its_look(producer: Callable[[], bytes]) -> None:
    before = producer()
    one, other = (load_workbook(io.BytesIO(entry)) for entry in (before, with_new_sheet(before, "New", fill)))
    for sheet in one.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                again = other[sheet.title][cell.coordinate]
                assert repr(again.font) == repr(cell.font)
                assert again.number_format == cell.number_format
    new = other["New"]
    assert new["A1"].font.b
    assert new["B1"].number_format == '"HKD" 0.00'
    assert not new["B2"].font.b
    assert new["A2"].data_type == "s"


def test_a_chart_moves_in_with_the_values_it_shows() -> None:
    package = read_package(with_new_sheet(foreign_books.xlsxwriter_book(), "New", fill))
    drawing = package.related(package.sheet_part("New"), "drawing")
    chart = package.related(drawing or "", "chart")
    points = [element.text for element in package.tree(chart or "").iter("{*}v")]
    assert points == ["1.5", "2.5", "3.5"]


def test_two_sheets_stand_beside_each_other() -> None:
    once = with_new_sheet(foreign_books.xlsxwriter_book(), "New", fill)
    twice = with_new_sheet(once, free_title("New", read_package(once).titles), fill)
    package = read_package(twice)
    assert package.titles[-2:] == ("New", "New 2")
    drawings = {package.related(package.sheet_part(title), "drawing") for title in ("New", "New 2")}
    assert len(drawings) == 2


def test_libreoffice_reads_the_new_sheet(libreoffice: object) -> None:
    book = with_new_sheet(foreign_books.xlsxwriter_book(), "New", fill)
    values = read_values(convert_with_libreoffice({"book.xlsx": book})[0])
    assert (values["New", "A2"], values["New", "B3"]) == ("=1+1", 3.5)


def test_a_title_that_is_taken_is_refused() -> None:
    with pytest.raises(BookError, match="sheet Inputs is there already"):
        with_new_sheet(foreign_books.xlsxwriter_book(), "Inputs", fill)


def test_a_book_without_styles_is_refused() -> None:
    book = foreign_books.handmade_book(foreign_books.SHEET.format(rows=""))
    with pytest.raises(BookError, match="has no styles, so no sheet can be added"):
        with_new_sheet(book, "New", fill)


def test_charts_rules_and_print_area_of_a_whole_sheet_move_in() -> None:
    scratch = Workbook()
    sheet = scratch.active
    sheet.title = "Own"
    fill(sheet)
    other = BarChart()
    other.add_data(Reference(sheet, min_col=2, min_row=2, max_row=3))
    sheet.add_chart(other, "D20")
    rule = FormulaRule(["$B$1>1"], fill=PatternFill("solid", start_color="FFC7CE", end_color="FFC7CE"))
    sheet.conditional_formatting.add("B1", rule)
    sheet.print_area = "A1:B3"
    buffer = io.BytesIO()
    scratch.save(buffer)
    before = read_package(foreign_books.openpyxl_book())
    package = read_package(with_sheet_from(before, buffer.getvalue(), "Own"))
    drawing = package.related(package.sheet_part("Own"), "drawing") or ""
    charts = [target for _, target in package.relations(drawing).values()]
    assert len(set(charts)) == 2
    drawn = [[point.text for point in package.tree(chart).iter("{*}v")] for chart in sorted(charts)]
    assert sorted(map(len, drawn)) == [2, 3]
    moved = load_workbook(io.BytesIO(package.original))["Own"]
    assert moved.print_area == "'Own'!$A$1:$B$3"
    (rules,) = [one.rules for one in moved.conditional_formatting]
    assert rules[0].dxf.fill.bgColor.rgb == "00FFC7CE"
