"""Rows and columns move in a workbook; what each feature says afterwards is stated here, as Excel has it.

Sources: ECMA-376 Part 1 for what the attributes mean; Microsoft, Insert or delete rows and columns. Data
tables are stated because LibreOffice does not write them.
"""

from __future__ import annotations

import re

import pytest

from tests.xlsx.foreign_books import SHEET, handmade_book, handmade_parts, packed, parts_of
from tests.xlsx.moving_books import SHARED, full_book, openpyxl_extras
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.xlsx.contents import formula_text
from xlwings_addin.xlsx.moving import Axis, move
from xlwings_addin.xlsx.package import formula_cells, read_package, read_values

PART = "xl/worksheets/sheet1.xml"
FRAME = SHEET.replace("<sheetData>", "{before}<sheetData>").replace("</sheetData>", "</sheetData>{after}")


def sheet_after(
    at: int, count: int, axis: Axis = "rows", *, rows: str = "", before: str = "", after: str = ""
) -> str:
    """The XML of a handmade sheet after a move, without its frame."""
    book = handmade_book(FRAME.format(before=before, rows=rows, after=after))
    text = parts_of(move(book, "Sheet", at, count, axis))[PART].decode()
    start, end = FRAME.partition("{before}")[0], FRAME.rpartition("{after}")[2]
    assert text.startswith(start)
    assert text.endswith(end)
    return text.removeprefix(start).removesuffix(end)


def formulas(book: bytes, sheet: str) -> dict[str, str]:
    package = read_package(book)
    part = package.sheet_part(sheet)
    data = package.parts[part]
    return {
        cell.address: formula_text(data, cell) for cell in package.cells(part) if cell.formula is not None
    }


# --- cells and rows -----------------------------------------------------------------------------------


def test_rows_keep_their_attributes_and_cells_their_styles() -> None:
    first = '<row r="1" ht="20"><c r="A1" s="3"><v>1</v></c></row>'
    rows = first + '<row r="5" hidden="1"><c r="B5" t="b"><v>1</v></c></row>'
    assert (
        sheet_after(2, 3, rows=rows)
        == "<sheetData>" + rows.replace('"5"', '"8"').replace("B5", "B8") + "</sheetData>"
    )


def test_columns_take_cells_and_spans_along() -> None:
    rows = '<row r="1" spans="1:3"><c r="A1"><v>1</v></c><c r="C1"><v>3</v></c></row>'
    expected = '<row r="1" spans="1:4"><c r="A1"><v>1</v></c><c r="D1"><v>3</v></c></row>'
    assert sheet_after(2, 1, "columns", rows=rows) == f"<sheetData>{expected}</sheetData>"


def test_cells_and_rows_without_addresses_get_them() -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    book = move(handmade_book(SHEET.format(rows=rows)), "Sheet", 2, 1, "rows")
    values = {cell: value for (_, cell), value in read_values(book).items()}
    assert values == {"A1": 1.0, "B1": 2.0, "A3": 3.0}


def test_a_prefix_and_comments_are_understood() -> None:
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<!-- <x:row r="9"/> --><x:row r="2"><x:c r="A2"><x:f>A3</x:f></x:c></x:row>'
        '<x:row r="3"><x:c r="A3"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    text = parts_of(move(handmade_book(sheet), "Sheet", 3, 1, "rows"))[PART].decode()
    assert text == sheet.replace("<x:f>A3", "<x:f>A4").replace('r="3"', 'r="4"').replace('"A3"', '"A4"')


def test_deleted_rows_and_cells_go() -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>' for row in range(1, 5))
    left = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>4</v></c></row>'
    assert sheet_after(2, -2, rows=rows) == f"<sheetData>{left}</sheetData>"
    row = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"/><c r="C1"><f>A1</f><v>1</v></c></row>'
    kept = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1</f><v>1</v></c></row>'
    assert sheet_after(2, -1, "columns", rows=row) == f"<sheetData>{kept}</sheetData>"


def test_blank_rows_at_the_end_of_the_sheet_make_way() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576" hidden="1"><c r="A1048576" s="2"/></row>'
    assert "1048576" not in sheet_after(1, 1, rows=rows)


# --- formulas -----------------------------------------------------------------------------------------


def test_a_shared_formula_stays_shared_and_grows_with_its_area() -> None:
    text = sheet_after(3, 2, rows=SHARED)
    assert '<f t="shared" ref="B1:B8" si="0">A1*$A$6</f>' in text
    assert text.count('<f t="shared" si="0"/>') == 5


def test_a_follower_that_no_longer_follows_gets_its_own_text() -> None:
    rows = SHARED.replace("A1*$A$4", "A2*$A$4")
    text = parts_of(move(handmade_book(SHEET.format(rows=rows)), "Sheet", 4, 2, "rows"))[PART].decode()
    own = dict(re.findall(r'<c r="(B\d)"><f>([^<]*)</f>', text))
    assert own == {"B3": "A6*$A$6"}
    assert '<f t="shared" ref="B1:B8" si="0">A2*$A$6</f>' in text


def test_followers_of_a_deleted_cell_get_their_own_text() -> None:
    rows = SHARED.replace("A1*$A$4", "A1*$A$4")
    text = parts_of(move(handmade_book(SHEET.format(rows=rows)), "Sheet", 1, -1, "rows"))[PART].decode()
    own = dict(re.findall(r'<c r="(B\d)"><f>([^<]*)</f>', text))
    assert own == {f"B{row}": f"A{row}*$A$3" for row in range(1, 6)}


def test_data_tables_move_with_their_input_cells() -> None:
    book = move(openpyxl_extras(), "Model", 2, 3, "rows")
    text = parts_of(book)[PART].decode()
    assert '<c r="B14"><f t="dataTable" ref="B14:D15" dt2D="1" dtr="1" r1="B1" r2="B5"' in text
    assert re.search(r'<c r="B23"><f t="dataTable" ref="B23:B25" dtr="0" r1="B5"', text)
    columns = parts_of(move(openpyxl_extras(), "Model", 1, 1, "columns"))[PART].decode()
    assert 'ref="C11:E12" dt2D="1" dtr="1" r1="C1" r2="C2"' in columns


@pytest.mark.parametrize(
    ("at", "count", "axis"),
    [
        (12, 1, "rows"),
        (11, 1, "rows"),
        (2, 1, "columns"),
        (3, 2, "columns"),
        (12, -1, "rows"),
        (11, -1, "rows"),
    ],
)
def test_a_data_table_is_not_torn(at: int, count: int, axis: Axis) -> None:
    with pytest.raises(BookError, match=r"data table"):
        move(openpyxl_extras(), "Model", at, count, axis)


def test_scenarios_and_cell_watches_follow() -> None:
    text = parts_of(move(openpyxl_extras(), "Model", 1, 2, "rows"))[PART].decode()
    assert '<inputCells r="B3"' in text
    assert '<cellWatch r="B5"/>' in text


# --- what stands around the cells ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pane", "expected"),
    [
        (
            '<pane ySplit="3" topLeftCell="A4" state="frozen"/>',
            {(2, 1): ("4", "A5"), (4, 1): ("3", "A4"), (9, 1): ("3", "A4"), (2, -1): ("2", "A3")},
        ),
        (
            '<pane ySplit="3" topLeftCell="A20" state="frozen"/>',
            {(2, 1): ("4", "A21"), (4, 2): ("3", "A22"), (25, 1): ("3", "A20")},
        ),
    ],
)
def test_frozen_rows_grow_only_by_rows_inserted_among_them(
    pane: str, expected: dict[tuple[int, int], tuple[str, str]]
) -> None:
    before = f"<sheetViews><sheetView>{pane}</sheetView></sheetViews>"
    for (at, count), split in expected.items():
        text = sheet_after(at, count, before=before)
        assert re.findall(r'ySplit="(\d+)" topLeftCell="(\w+)"', text) == [split], (at, count)


@pytest.mark.parametrize(
    ("at", "count", "expected"),
    [
        (1, 2, [("3", "3"), ("4", "7")]),
        (2, 2, [("1", "1"), ("4", "7")]),
        (4, 2, [("1", "1"), ("2", "7")]),
        (2, -4, [("1", "1")]),
        (1, -2, [("1", "3")]),
        (6, 1, [("1", "1"), ("2", "5")]),
    ],
)
def test_runs_of_columns_follow(at: int, count: int, expected: list[tuple[str, str]]) -> None:
    before = '<cols><col min="1" max="1" width="30"/><col min="2" max="5" width="9"/></cols>'
    text = sheet_after(at, count, "columns", before=before)
    assert re.findall(r'<col min="(\d+)" max="(\d+)"', text) == expected


def test_a_run_of_columns_to_the_end_of_the_sheet_stays_there() -> None:
    before = '<cols><col min="4" max="16384" hidden="1"/></cols>'
    assert '<col min="6" max="16384" hidden="1"/>' in sheet_after(2, 2, "columns", before=before)


def test_page_breaks_stay_in_front_of_their_rows() -> None:
    after = (
        '<rowBreaks count="2" manualBreakCount="2"><brk id="4" max="16383" man="1"/>'
        '<brk id="9" max="16383" man="1"/></rowBreaks>'
    )
    assert re.findall(r'brk id="(\d+)"', sheet_after(5, 2, after=after)) == ["6", "11"]
    assert re.findall(r'brk id="(\d+)"', sheet_after(6, 2, after=after)) == ["4", "11"]
    left = sheet_after(5, -1, after=after)
    assert '<rowBreaks count="1" manualBreakCount="1"><brk id="8"' in left
    assert 'max="16383"' in sheet_after(3, 1, "columns", after=after)


def test_lists_that_a_deletion_empties_go() -> None:
    after = (
        '<mergeCells count="2"><mergeCell ref="A2:B2"/><mergeCell ref="A3:A9"/></mergeCells>'
        '<dataValidations count="1"><dataValidation type="whole" sqref="A2 B2:C2"><formula1>1</formula1>'
        "</dataValidation></dataValidations>"
    )
    assert sheet_after(2, -1, after=after) == (
        '<sheetData></sheetData><mergeCells count="1"><mergeCell ref="A2:A8"/></mergeCells>'
    )


def test_a_format_whose_first_row_is_deleted_is_written_for_the_next() -> None:
    frame = (
        '<conditionalFormatting sqref="A2:A9"><cfRule type="expression" priority="1"><formula>{}</formula>'
        "</cfRule></conditionalFormatting>"
    )
    text = sheet_after(2, -1, after=frame.format("B2=C5+D$9"))
    assert 'sqref="A2:A8"' in text
    assert "<formula>B2=C5+D$8</formula>" in text
    with pytest.raises(BookError, match=r"would delete B2 \(in formula of 'Sheet'\)"):
        sheet_after(2, -1, after=frame.format("B1=1"))


def test_formulas_that_go_round_the_end_of_the_sheet_keep_their_distance() -> None:
    after = (
        '<conditionalFormatting sqref="A2:A9"><cfRule type="expression" priority="1">'
        "<formula>A1048576=1</formula></cfRule></conditionalFormatting>"
    )
    text = sheet_after(1, 1, after=after)
    assert 'sqref="A3:A10"' in text
    assert "<formula>A1=1</formula>" in text


def test_filters_count_their_columns_anew() -> None:
    after = (
        '<autoFilter ref="B1:E9"><filterColumn colId="0"/><filterColumn colId="2"/><sortState ref="B2:E9">'
        '<sortCondition ref="D2:D9"/></sortState></autoFilter>'
    )
    text = sheet_after(3, 1, "columns", after=after)
    assert re.findall(r'ref="([^"]+)"', text) == ["B1:F9", "B2:F9", "E2:E9"]
    assert re.findall(r'colId="(\d)"', text) == ["0", "3"]


def test_extensions_follow() -> None:
    after = (
        '<extLst><ext uri="{x}"><x14:sparklineGroups xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/'
        '2009/9/main" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><x14:sparklineGroup>'
        "<x14:sparklines><x14:sparkline><xm:f>Sheet!B5:E5</xm:f><xm:sqref>F5</xm:sqref></x14:sparkline>"
        "</x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext></extLst>"
    )
    assert "<xm:f>Sheet!B6:E6</xm:f><xm:sqref>F6</xm:sqref>" in sheet_after(2, 1, after=after)


# --- other parts --------------------------------------------------------------------------------------


def with_parts(**parts: bytes) -> bytes:
    """The full book with parts replaced or added, by the last words of their names."""
    return packed(parts_of(full_book()) | {name.replace("__", "/"): data for name, data in parts.items()})


def test_notes_move_in_both_of_their_parts() -> None:
    before, after = parts_of(full_book()), parts_of(move(full_book(), "Data", 5, 2, "rows"))
    assert b'<comment ref="C8"' in after["xl/comments1.xml"]
    vml = "xl/drawings/vmlDrawing1.vml"
    assert (b"<x:Row>5</x:Row>" in before[vml], b"<x:Row>7</x:Row>" in after[vml]) == (True, True)
    (old,), (new,) = (
        re.findall(rb"<x:Anchor>\s*([^<]+)</x:Anchor>", parts[vml]) for parts in (before, after)
    )
    rows = [[int(part) for part in text.split(b",")] for text in (old, new)]
    assert [b - a for a, b in zip(*rows, strict=True)] == [0, 0, 2, 0, 0, 0, 2, 0]


def test_the_box_of_a_deleted_note_goes_with_it() -> None:
    book = packed(parts_of(full_book()))
    with pytest.raises(BookError, match="would delete"):
        move(book, "Data", 6, -1, "rows")
    after = parts_of(move(_only_note(), "Sheet1", 2, -1, "rows"))
    assert b"<comment " not in after["xl/comments1.xml"]
    assert b"ClientData" not in after["xl/drawings/vmlDrawing1.vml"]


def _only_note() -> bytes:
    import io

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet().write_comment("B2", "a note")
    book.close()
    return buffer.getvalue()


def test_a_column_inside_a_table_becomes_a_column_of_it() -> None:
    book = move(full_book(), "Data", 2, 2, "columns")
    table = parts_of(book)["xl/tables/table1.xml"].decode()
    assert 'ref="A24:E28"' in table
    assert re.findall(r'<tableColumn id="(\d)" name="(\w+)"', table) == [
        ("1", "Item"),
        ("4", "Column1"),
        ("5", "Column2"),
        ("2", "Units"),
        ("3", "Twice"),
    ]
    values = read_values(book)
    assert (values["Data", "B24"], values["Data", "C24"], values["Data", "D24"]) == (
        "Column1",
        "Column2",
        "Units",
    )
    back = parts_of(move(book, "Data", 2, -2, "columns"))
    assert back["xl/tables/table1.xml"] == parts_of(full_book())["xl/tables/table1.xml"]


@pytest.mark.parametrize(
    ("at", "count", "axis", "rule"),
    [
        (24, -1, "rows", "would delete the headers of the table Items"),
        (28, -1, "rows", "would delete the totals of the table Items"),
        (25, -3, "rows", "would delete all data of the table Items"),
        (24, -5, "rows", "would delete the table Items"),
    ],
)
def test_a_table_keeps_headers_totals_and_data(at: int, count: int, axis: Axis, rule: str) -> None:
    with pytest.raises(BookError, match=rule):
        move(full_book(), "Data", at, count, axis)


def test_pivot_tables_and_their_sources_follow() -> None:
    after = parts_of(move(_pivot_book(), "Sheet", 3, 2, "rows"))
    assert b'ref="A1:C12" sheet="Sheet"' in after["xl/pivotCache/pivotCacheDefinition1.xml"]
    assert b'ref="F6:G10"' in after["xl/pivotTables/pivotTable1.xml"]
    with pytest.raises(BookError, match="would cut through the pivot table Sums in F4:G8"):
        move(_pivot_book(), "Sheet", 6, 1, "rows")


def _pivot_book() -> bytes:
    """The least that says where a pivot table lies and what it summarises."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rels = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    one = '<Relationship Id="{}" Type="' + relation + '/{}" Target="{}"/>'
    parts = handmade_parts(SHEET.format(rows=""))
    workbook = parts["xl/_rels/workbook.xml.rels"].decode()
    cache = one.format("cache", "pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.xml")
    parts["xl/_rels/workbook.xml.rels"] = workbook.replace(
        "</Relationships>", cache + "</Relationships>"
    ).encode()
    table = one.format("pivot", "pivotTable", "../pivotTables/pivotTable1.xml")
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = rels.format(table).encode()
    parts["xl/pivotTables/pivotTable1.xml"] = (
        f'<pivotTableDefinition xmlns="{main}" name="Sums"><location ref="F4:G8"/></pivotTableDefinition>'
    ).encode()
    parts["xl/pivotCache/pivotCacheDefinition1.xml"] = (
        f'<pivotCacheDefinition xmlns="{main}"><cacheSource type="worksheet"><worksheetSource ref="A1:C10" '
        'sheet="Sheet"/></cacheSource></pivotCacheDefinition>'
    ).encode()
    return packed(parts)


def test_names_charts_links_and_shapes_follow_on_every_sheet() -> None:
    after = parts_of(move(full_book(), "Data", 5, 2, "rows"))
    workbook = after["xl/workbook.xml"].decode()
    assert re.findall(r">(Data![^<]+|OFFSET[^<]+)</definedName>", workbook) == [
        "Data!$A$3:$E$14",
        "OFFSET(Data!$B$3,1,0,COUNTA(Data!$A$4:$A$14),1)",
        "Data!$B$4:$B$14",
        "Data!$A$1:$G$19",
        "Data!$1:$3",
        "Data!$F$15",
    ]
    charts = [after[f"xl/charts/chart{number}.xml"].decode() for number in (1, 2)]
    assert re.findall(r"<c:f>([^<]+)</c:f>", charts[0]) == [
        *("Data!$A$8", "Data!$B$3:$E$3", "Data!$B$8:$E$8", "(Data!$F$4:$F$8,Data!$F$10:$F$14)"),
    ]
    assert re.findall(r"<c:f>([^<]+)</c:f>", charts[1]) == ["Data!$A$4:$A$14", "'Data'!$F$4:$F$14"]
    assert b'textlink="$F$15"' in after["xl/drawings/drawing1.xml"]
    other = after["xl/worksheets/sheet2.xml"].decode()
    assert 'location="Data!F15"' in other
    assert "<formula>Data!$F$15</formula>" in other
    assert "<formula1>Data!$A$4:$A$14</formula1>" in other
    assert "<xm:f>Data!B10:E10</xm:f>" in other


def anchors(book: bytes) -> list[tuple[str, int, int]]:
    """How the objects of the sheet `Data` hang on cells, and their first and last row, from 0."""
    text = parts_of(book)["xl/drawings/drawing1.xml"].decode()
    objects = re.findall(r"<xdr:twoCellAnchor([^>]*)>(.*?)</xdr:twoCellAnchor>", text, re.DOTALL)
    rows = [re.findall(r"<xdr:row>(\d+)</xdr:row>", content) for _, content in objects]
    return [
        (attributes.strip(), int(first), int(last))
        for (attributes, _), (first, last) in zip(objects, rows, strict=True)
    ]


def test_objects_move_and_only_those_that_size_with_cells_stretch() -> None:
    """Microsoft, Move and size with cells: the picture and the text box move only, the chart does both."""
    fixed = 'editAs="oneCell"'
    assert anchors(full_book()) == [(fixed, 7, 9), ("", 14, 28), (fixed, 14, 20)]
    assert anchors(move(full_book(), "Data", 9, 3, "rows")) == [(fixed, 7, 9), ("", 17, 31), (fixed, 17, 23)]
    assert anchors(move(full_book(), "Data", 20, 3, "rows")) == [(fixed, 7, 9), ("", 14, 31), (fixed, 14, 20)]


# --- the book as a whole ------------------------------------------------------------------------------


def test_parts_that_say_nothing_of_cells_stay_byte_by_byte() -> None:
    before, after = parts_of(full_book()), parts_of(move(full_book(), "Data", 5, 2, "rows"))
    assert before.keys() == after.keys()
    same = {name for name in before if before[name] == after[name]}
    assert {"xl/styles.xml", "xl/sharedStrings.xml", "xl/theme/theme1.xml", "docProps/app.xml"} <= same
    assert {"xl/worksheets/_rels/sheet1.xml.rels", "[Content_Types].xml", "xl/media/image1.png"} <= same


def test_a_move_behind_everything_changes_nothing() -> None:
    assert parts_of(move(full_book(), "Q1's", 900, 5, "rows")) == parts_of(full_book())


def test_the_calculation_chain_goes() -> None:
    parts = handmade_parts(SHEET.format(rows='<row r="1"><c r="A1"><f>1</f></c></row>'))
    types = parts["[Content_Types].xml"].replace(
        b"</Types>",
        b'<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        b'spreadsheetml.calcChain+xml"/></Types>',
    )
    rels = parts["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="chain" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        b'calcChain" Target="calcChain.xml"/></Relationships>',
    )
    chain = {
        "[Content_Types].xml": types,
        "xl/_rels/workbook.xml.rels": rels,
        "xl/calcChain.xml": b"<calcChain/>",
    }
    after = parts_of(move(packed(parts | chain), "Sheet", 1, 1, "rows"))
    assert "xl/calcChain.xml" not in after
    assert after["[Content_Types].xml"] == parts["[Content_Types].xml"]
    assert after["xl/_rels/workbook.xml.rels"] == parts["xl/_rels/workbook.xml.rels"]


@pytest.mark.parametrize(
    ("at", "count", "axis", "sentence"),
    [
        (
            31,
            1,
            "rows",
            r"insertion of 1 row at row 31 of 'Data' would cut through the array formula in I30:I31 ",
        ),
        (13, -1, "rows", r"deletion of 1 row at row 13 of 'Data' would delete .*F\$?13 \(in "),
        (
            2,
            16383,
            "columns",
            r"insertion of 16383 columns at column B of 'Data' would push column E off the sheet",
        ),
        (0, 1, "rows", r"at 0 must be one of the rows 1 to 1,048,576"),
        (16385, 1, "columns", r"at 16385 must be one of the columns 1 to 16,384"),
        (5, 0, "rows", r"count 0 must be a number of rows that the sheet has at 5, and not 0"),
        (16380, -9, "columns", r"count -9 must be a number of columns that the sheet has at 16380"),
    ],
)
def test_a_refusal_is_one_sentence(at: int, count: int, axis: Axis, sentence: str) -> None:
    with pytest.raises(BookError, match=sentence) as refusal:
        move(full_book(), "Data", at, count, axis)
    assert "\n" not in str(refusal.value)


def test_a_sheet_that_is_not_there_and_an_unknown_axis_are_refused() -> None:
    with pytest.raises(BookError, match="sheet 'None' must be one of 'Data', 'Sum & more'"):
        move(full_book(), "None", 1, 1, "rows")
    with pytest.raises(ChoiceError, match="axis 'diagonal' must be 'rows' or 'columns'"):
        move(full_book(), "Data", 1, 1, "diagonal")  # type: ignore[arg-type]


def test_the_formula_cells_are_the_same_after_a_move() -> None:
    before, after = formula_cells(full_book()), formula_cells(move(full_book(), "Data", 1, 4, "rows"))
    assert len(before) == len(after) > 30
    assert [cell.kind for cell in before] == [cell.kind for cell in after]
    assert formulas(move(full_book(), "Data", 1, 4, "rows"), "Data")["K8"] == '"A1:B2 of Data!A5 "&A9'


def test_form_controls_follow_with_the_cells_they_are_linked_to() -> None:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="{relation}/ctrlProp" Target="../ctrlProps/ctrlProp1.xml"/>'
        f'<Relationship Id="b" Type="{relation}/vmlDrawing" Target="../drawings/vmlDrawing1.vml"/>'
        "</Relationships>"
    )
    vml = (
        '<xml xmlns:v="v" xmlns:x="x"><v:shape><v:textbox><br></v:textbox><x:ClientData ObjectType="Drop">'
        "<x:Anchor>1, 2, 4, 3, 3, 4, 9, 5</x:Anchor><x:FmlaLink>$B$6</x:FmlaLink>"
        "<x:FmlaRange>$D$2:$D$8</x:FmlaRange></x:ClientData></v:shape></xml>"
    )
    parts = handmade_parts(SHEET.format(rows='<row r="6"><c r="B6"><v>1</v></c></row>')) | {
        "xl/worksheets/_rels/sheet1.xml.rels": rels.encode(),
        "xl/ctrlProps/ctrlProp1.xml": b'<formControlPr fmlaLink="$B$6" fmlaRange="Sheet!$D$2:$D$8"/>',
        "xl/drawings/vmlDrawing1.vml": vml.encode(),
    }
    after = parts_of(move(packed(parts), "Sheet", 6, 2, "rows"))
    assert b'fmlaLink="$B$8" fmlaRange="Sheet!$D$2:$D$10"' in after["xl/ctrlProps/ctrlProp1.xml"]
    text = after["xl/drawings/vmlDrawing1.vml"].decode()
    assert "<x:Anchor>1, 2, 4, 3, 3, 4, 11, 5</x:Anchor>" in text
    assert "<x:FmlaLink>$B$8</x:FmlaLink><x:FmlaRange>$D$2:$D$10</x:FmlaRange>" in text
    assert "<br>" in text


def test_damaged_markup_is_refused_in_a_sentence() -> None:
    with pytest.raises(BookError, match=r"meets damaged markup: .*'many'.* \(in brk of 'Sheet'\)"):
        sheet_after(2, 1, after='<rowBreaks><brk id="many"/></rowBreaks>')
