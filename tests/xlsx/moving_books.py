"""Workbooks in which everything that can refer to a cell does, to see that it follows when rows move."""

from __future__ import annotations

import io

from tests.xlsx.foreign_books import packed, parts_of, png


def full_book() -> bytes:
    """XlsxWriter's features around the data in `Data`!B4:E12; `Sum & more` and `Q1's` refer to it."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    data, other, quoted = (book.add_worksheet(name) for name in ("Data", "Sum & more", "Q1's"))
    data.write_row("A3", ["Name", "2022", "2023", "2024", "2025"])
    for row in range(3, 12):
        data.write_string(row, 0, f"line {row}")
        data.write_row(row, 1, [row * 10 + column for column in range(4)])
        data.write_formula(row, 5, f"=SUM(B{row + 1}:E{row + 1})")
        data.write_formula(row, 6, f"=F{row + 1}/$F$13+LOG10(B{row + 1})")
    data.write_formula("F13", "=SUM(F4:F12)")
    data.write_array_formula("I30:I31", "{=B4:B5*2}")
    data.write_formula("K4", '="A1:B2 of Data!A5 "&A5')
    _decorate(book, data)
    _refer(book, other, quoted)
    book.close()
    return buffer.getvalue()


def _decorate(book, data) -> None:  # type: ignore[no-untyped-def]
    """Areas, formats, views, notes, pictures, charts, a table and a sparkline on the sheet that changes."""
    data.conditional_format(
        "B4:E12", {"type": "formula", "criteria": "=B4>$F$13/40", "format": book.add_format()}
    )
    data.conditional_format("F4:F12", {"type": "data_bar", "data_bar_2010": True})
    data.data_validation("B4:B12", {"validate": "list", "source": "=$N$4:$N$12"})
    data.data_validation("C4:C12", {"validate": "integer", "criteria": ">", "value": "=B4"})
    data.merge_range("A15:C17", "merged")
    data.freeze_panes(3, 1)
    data.autofilter("A3:E12")
    data.set_h_pagebreaks([9])
    data.set_v_pagebreaks([4])
    data.print_area("A1:G17")
    data.repeat_rows(0, 2)
    data.set_column("A:A", 30)
    data.set_column("B:E", 12, None, {"level": 1})
    data.set_row(7, 40)
    data.write_comment("C6", "a note")
    data.insert_image("I8", "pixel.png", {"image_data": io.BytesIO(png()), "x_scale": 90, "y_scale": 90})
    data.insert_textbox("J15", "", {"textlink": "=$F$13", "object_position": 2})
    data.ignore_errors({"number_stored_as_text": "A4:A12"})
    data.unprotect_range("B4:E12", "figures")
    data.write_url("A20", "internal:'Q1''s'!A1")
    chart = book.add_chart({"type": "line"})
    chart.add_series({"name": "=Data!$A$6", "categories": "=Data!$B$3:$E$3", "values": "=Data!$B$6:$E$6"})
    chart.add_series({"values": "=(Data!$F$4:$F$6,Data!$F$8:$F$12)"})
    data.insert_chart("M15", chart, {"object_position": 1})
    columns = [{"header": "Item"}, {"header": "Units"}, {"header": "Twice", "formula": "=[@Units]*2+$F$13"}]
    rows = [["a", 1], ["b", 2], ["c", 3]]
    data.add_table("A24:C28", {"name": "Items", "columns": columns, "data": rows, "total_row": True})
    data.add_sparkline("H4", {"range": "Data!B4:E4"})
    book.define_name("Total", "=Data!$F$13")
    book.define_name("Data!Local", "=Data!$B$4:$B$12")
    book.define_name("Flexible", "=OFFSET(Data!$B$3,1,0,COUNTA(Data!$A$4:$A$12),1)")


def _refer(book, other, quoted) -> None:  # type: ignore[no-untyped-def]
    """Formulas, formats, validations, links, a sparkline and a chart on other sheets."""
    formulas = [
        *(
            "=Data!F13",
            "=SUM(Data!B4:B12)",
            "=SUM(Data!C:C)",
            "=SUM(Data!$5:$6)",
            "=Total*2",
            "=SUM(Flexible)",
        ),
        *("=INDEX(Data!$B$4:$E$12,3,2)", "=SUM(Data!B4:INDEX(Data!B:B,8))", "='Q1''s'!B2", "=B5+Data!B5"),
        *('=VLOOKUP("line 6",Data!A4:E12,5,FALSE)', "=SUM(Items[Units])", "=AVERAGE(Data!E12,Data!D4)"),
    ]
    for row, formula in enumerate(formulas):
        other.write_formula(row, 0, formula)
    other.write_column("B1", range(20))
    other.conditional_format(
        "B1:B20", {"type": "cell", "criteria": ">", "value": "=Data!$F$13", "format": None}
    )
    other.data_validation("C1:C9", {"validate": "list", "source": "=Data!$A$4:$A$12"})
    other.write_url("D1", "internal:Data!F13")
    other.add_sparkline("E1", {"range": "Data!B8:E8"})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "='Data'!$F$4:$F$12", "categories": "=Data!$A$4:$A$12"})
    other.insert_chart("G2", chart)
    quoted.write_formula("B2", "=Data!E12*2")


def openpyxl_extras() -> bytes:
    """What XlsxWriter lacks: data tables, a scenario, a cell watch."""
    import openpyxl
    from openpyxl.worksheet.formula import DataTableFormula
    from openpyxl.worksheet.scenario import InputCells, Scenario, ScenarioList

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Model"
    sheet["B1"], sheet["B2"], sheet["B3"] = 0.1, 0.02, "=B1+B2"
    for column, value in enumerate((0.1, 0.2, 0.3), 2):
        sheet.cell(10, column, value)
    for row, value in enumerate((0.01, 0.02), 11):
        sheet.cell(row, 1, value)
    sheet["A10"] = "=B3"
    sheet["B11"] = DataTableFormula("B11:D12", dt2D="1", dtr="1", r1="B1", r2="B2")
    sheet["B20"] = DataTableFormula("B20:B22", dtr="0", r1="B2")
    sheet.scenarios = ScenarioList(
        [Scenario(name="low", inputCells=[InputCells("B1", val="0.05")])], current=0, show=0
    )
    sheet.print_title_rows = "1:3"
    buffer = io.BytesIO()
    book.save(buffer)
    parts = parts_of(buffer.getvalue())
    part = "xl/worksheets/sheet1.xml"
    watches = b'<cellWatches><cellWatch r="B3"/></cellWatches></worksheet>'
    return packed(parts | {part: parts[part].replace(b"</worksheet>", watches)})


SHARED = "".join(
    f'<row r="{row}"><c r="A{row}"><v>{row}</v></c><c r="B{row}">'
    + ('<f t="shared" ref="B1:B6" si="0">A1*$A$4</f>' if row == 1 else '<f t="shared" si="0"/>')
    + f"<v>{4 * row}</v></c></row>"
    for row in range(1, 7)
)
"""Rows with one shared formula, filled down as Excel stores it."""
