"""Workbooks as other programs write them, to show that none of their content is lost or misread.

`xlsxwriter_book` holds every feature that XlsxWriter can write and a model should survive; `openpyxl_book`
the same formulas in openpyxl's XML; `handmade_book` takes the XML of a sheet as it is given. The formulas in
`NATIVE` use only functions that Excel 2016, LibreOffice 7.4 and cellrune 0.2 all know.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime

NUMBERS = [100.0, 110.0, 121.0, 133.1, -146.41, 0.1]
"""The inputs in A1:F1 of the sheet `Inputs`; A2:F2 hold texts, B4 a date, B5 a truth value, B6 0.09."""

NATIVE = (
    "=SUM(Inputs!A1:F1)",
    "=AVERAGE(Inputs!A1:F1)/3",
    "=NPV(Inputs!B6,Inputs!A1:F1)",
    "=IRR(Inputs!A8:F8)",
    "=Inputs!B1/Inputs!A1-1",
    "=IF(Inputs!E1<0,MIN(Inputs!A1:F1),MAX(Inputs!A1:F1))",
    "=IFERROR(1/0,Inputs!C1)",
    "=INDEX(Inputs!A1:F1,MATCH(121,Inputs!A1:F1,0)+1)",
    "=SUMPRODUCT(Inputs!A1:F1,Inputs!A8:F8)",
    "=SUMPRODUCT(--(Inputs!A1:F1>100),Inputs!A1:F1)",
    "=CHOOSE(2,Inputs!A1,Inputs!B1,Inputs!C1)",
    '=SUMIFS(Inputs!A1:F1,Inputs!A2:F2,"b*")',
    '=VLOOKUP("cars",Inputs!A10:B12,2,FALSE)',
    "=GROWTH_RATE*Inputs!A1",
    "=SUM(FLOWS)",
    "=EXP(LN(Inputs!A1))+SQRT(2)",
    "=EOMONTH(Inputs!B4,3)",
    "=Inputs!B4+1",
    "=YEAR(Inputs!B4)",
    '=TEXT(Inputs!B4,"yyyy-mm-dd")',
    '=Inputs!A2&" & <"&Inputs!B2&">"',
    '=LEFT("segment",3)',
    '=""',
    "=Inputs!A1>Inputs!B1",
    "=AND(Inputs!B5,TRUE)",
    "=ISBLANK(Inputs!Z99)",
    "=1/0",
    "=NA()",
    "=SQRT(-1)",
    '=VALUE("abc")',
    "=A27",
)

DYNAMIC = ("=SEQUENCE(3)", "=SUM(UNIQUE(Inputs!A1:F1,TRUE))", "=SORT(Inputs!A1:F1,1,-1,TRUE)")


def png() -> bytes:
    """The smallest picture there is: one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def xlsxwriter_book() -> bytes:
    """Charts, picture, table, comment, conditional formats, validation, sparkline, rich text, arrays."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    inputs, model, dynamic = (book.add_worksheet(name) for name in ("Inputs", "Model & <more>", "Dynamic"))
    _fill(inputs.write, inputs.write_datetime, book.add_format({"num_format": "yyyy-mm-dd"}))
    book.define_name("GROWTH_RATE", "=Inputs!$B$6")
    book.define_name("FLOWS", "=Inputs!$A$1:$F$1")
    for row, formula in enumerate(NATIVE):
        model.write_formula(row, 0, formula)
    model.write_array_formula("C1:D2", "{=Inputs!A1:B1*Inputs!B10:B11}")
    model.write_array_formula("C4", "{=SUM(Inputs!A1:F1*Inputs!A8:F8)}")
    for column, formula in enumerate(DYNAMIC):
        dynamic.write_dynamic_array_formula(0, 2 * column, 0, 2 * column, formula)
    _decorate(book, inputs, model)
    book.close()
    return buffer.getvalue()


def _decorate(book, inputs, model, source="Inputs") -> None:  # type: ignore[no-untyped-def]
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": f"={source}!$A$1:$F$1"})
    inputs.insert_chart("H2", chart)
    sheet = book.add_chartsheet("Picture of flows")
    other = book.add_chart({"type": "column"})
    other.add_series({"values": f"={source}!$A$8:$F$8"})
    sheet.set_chart(other)
    inputs.insert_image("H20", "pixel.png", {"image_data": io.BytesIO(png())})
    inputs.add_table("A20:B23", {"name": "Segments", "columns": [{"header": "Name"}, {"header": "Value"}]})
    inputs.write_comment("A1", "a comment")
    inputs.write_rich_string("H1", "plain ", book.add_format({"bold": True}), "bold")
    inputs.conditional_format("A1:F1", {"type": "3_color_scale"})
    inputs.conditional_format("A8:F8", {"type": "data_bar", "data_bar_2010": True})
    inputs.data_validation("B5", {"validate": "list", "source": ["TRUE", "FALSE"]})
    inputs.add_sparkline("G1", {"range": f"{source}!A1:F1"})
    model.freeze_panes(1, 1)
    model.protect()


def openpyxl_book() -> bytes:
    """The same inputs and formulas, with a chart, a comment and array formulas, as openpyxl writes them."""
    import openpyxl
    from openpyxl.chart import BarChart, Reference
    from openpyxl.comments import Comment
    from openpyxl.workbook.defined_name import DefinedName
    from openpyxl.worksheet.formula import ArrayFormula

    book = openpyxl.Workbook()
    inputs = book.active
    inputs.title = "Inputs"
    model = book.create_sheet("Model & <more>")
    _fill(lambda row, column, value: inputs.cell(row + 1, column + 1, value))
    for name, area in (("GROWTH_RATE", "Inputs!$B$6"), ("FLOWS", "Inputs!$A$1:$F$1")):
        book.defined_names[name] = DefinedName(name, attr_text=area)
    for row, formula in enumerate(NATIVE):
        model.cell(row + 1, 1, formula)
    model["C1"] = ArrayFormula("C1:D2", "=Inputs!A1:B1*Inputs!B10:B11")
    model["C4"] = ArrayFormula("C4", "=SUM(Inputs!A1:F1*Inputs!A8:F8)")
    chart = BarChart()
    chart.add_data(Reference(inputs, min_col=1, max_col=6, min_row=1))
    inputs.add_chart(chart, "H2")
    inputs["A1"].comment = Comment("a comment", "analyst")
    return saved(book)


def saved(book) -> bytes:  # type: ignore[no-untyped-def]
    """An openpyxl workbook as bytes."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def formulas_book(
    formulas: Mapping[str, object], *, names: Mapping[str, str] | None = None, sheet: str = "Sheet"
) -> bytes:
    """An openpyxl workbook with one sheet: address -> value, formula or array formula."""
    import openpyxl
    from openpyxl.workbook.defined_name import DefinedName

    book = openpyxl.Workbook()
    book.active.title = sheet
    for address, content in formulas.items():
        book.active[address] = content
    for name, text in (names or {}).items():
        book.defined_names[name] = DefinedName(name, attr_text=text)
    return saved(book)


def _fill(
    write: Callable[..., object], write_date: Callable[..., object] | None = None, date_format: object = None
) -> None:
    for column, (number, text) in enumerate(
        zip(NUMBERS, ("phones", "b1", "b2", "iot", "", "cars"), strict=True)
    ):
        write(0, column, number)
        write(1, column, text or None)
    day = datetime(2026, 3, 31)
    if write_date is None:
        write(3, 1, day)
    else:
        write_date(3, 1, day, date_format)
    write(4, 1, True)
    write(5, 1, 0.09)
    for column, flow in enumerate((-70000.0, 12000.0, 15000.0, 18000.0, 21000.0, 26000.0)):
        write(7, column, flow)
    for row, (text, value) in enumerate((("phones", 1.5), ("cars", 2.5), ("iot", 3.5))):
        write(9 + row, 0, text)
        write(9 + row, 1, value)


_CONTENT_TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="{target}" \
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/></Relationships>"""
_WORKBOOK = """<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" \
xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets></workbook>"""
SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData>'
    "</worksheet>"
)


def handmade_parts(sheet: str | bytes) -> dict[str, bytes]:
    """The parts of the smallest workbook, with one sheet `Sheet` whose XML is `sheet`."""
    return {
        "[Content_Types].xml": _CONTENT_TYPES.encode(),
        "_rels/.rels": _RELATIONS.format(target="xl/workbook.xml", kind="officeDocument").encode(),
        "xl/workbook.xml": _WORKBOOK.encode(),
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(
            target="worksheets/sheet1.xml", kind="worksheet"
        ).encode(),
        "xl/worksheets/sheet1.xml": sheet if isinstance(sheet, bytes) else sheet.encode(),
    }


def handmade_book(sheet: str | bytes) -> bytes:
    """The smallest workbook around the XML of a sheet."""
    return packed(handmade_parts(sheet))


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Parts as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def parts_of(book: bytes) -> dict[str, bytes]:
    """The parts in a workbook's zip."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(book: bytes, *, macros: bytes = b"") -> bytes:
    """A workbook cell by cell as XlsxWriter writes it, with a sheet `Mine` of everything it can add.

    With `macros` it is a macro-enabled one that carries them.
    """
    import openpyxl
    import xlsxwriter
    from openpyxl.utils.datetime import to_excel

    buffer = io.BytesIO()
    values = openpyxl.load_workbook(io.BytesIO(book), data_only=True)
    written = xlsxwriter.Workbook(buffer, {"in_memory": True})
    day = written.add_format({"num_format": "yyyy-mm-dd"})
    for source in openpyxl.load_workbook(io.BytesIO(book)).worksheets:
        sheet = written.add_worksheet(source.title)
        for row in source.iter_rows():
            for cell in row:
                at, value = (cell.row - 1, cell.column - 1), values[source.title][cell.coordinate].value
                if cell.data_type == "f":
                    stored = to_excel(value) if isinstance(value, datetime) else value
                    sheet.write_formula(*at, cell.value, None, "" if stored is None else stored)
                elif isinstance(value, datetime):
                    sheet.write_datetime(*at, value, day)
                elif isinstance(value, str):
                    sheet.write_string(*at, value)
                elif value is not None:
                    sheet.write(*at, value)
    mine = written.add_worksheet("Mine")
    _fill(mine.write, mine.write_datetime, day)
    _decorate(written, mine, written.add_worksheet("Locked"), source="Mine")
    _decorate_more(written, mine)
    mine.write_formula("J1", "=SOTP!D19*2")
    if macros:
        written.add_vba_project(io.BytesIO(macros), is_stream=True)
    written.close()
    return buffer.getvalue()


def _decorate_more(book, sheet) -> None:  # type: ignore[no-untyped-def]
    """What `_decorate` leaves out: more charts, shapes, links, outlines, protection and print settings."""
    for number, kind in enumerate(("area", "bar", "pie", "doughnut", "radar", "stock", "scatter")):
        chart = book.add_chart({"type": kind})
        for _ in range(3 if kind == "stock" else 1):
            chart.add_series({"values": "=Mine!$A$1:$F$1", "categories": "=Mine!$A$8:$F$8"})
        sheet.insert_chart(30 + 16 * number, 7, chart)
    sheet.insert_textbox("A40", "a text box")
    sheet.insert_button("A44", {"caption": "Refresh", "macro": "Refresh"})
    sheet.insert_checkbox("A48", True)
    sheet.write_url("A50", "https://example.org/", string="a link")
    sheet.write_url("A51", "internal:'SOTP'!A1", string="a link inside")
    sheet.merge_range("A53:C53", "merged")
    sheet.set_row(54, None, None, {"level": 1, "hidden": True})
    sheet.set_column("K:L", 3, None, {"level": 1, "collapsed": True})
    sheet.autofilter("D53:F60")
    sheet.ignore_errors({"number_stored_as_text": "A1:A9"})
    sheet.set_header("&L&G", {"image_left": "pixel.png", "image_data_left": io.BytesIO(png())})
    sheet.set_background(io.BytesIO(png()))
    sheet.set_tab_color("green")
    sheet.print_area("A1:F20")
    sheet.repeat_rows(0)
    sheet.set_h_pagebreaks([10])
    sheet.set_landscape()
    sheet.conditional_format("A3:F3", {"type": "icon_set", "icon_style": "3_arrows"})
    book.set_custom_property("Reviewed", True)
    book.set_properties({"title": "My Xiaomi"})
