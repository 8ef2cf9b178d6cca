"""Sheets and results to an xlsx file: formulas, typed values, formats, names and charts, no values yet."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter as letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.book import styles
from xlwings_addin.book.charts import native_chart
from xlwings_addin.book.references import (
    HEADING_ROW,
    PURPOSE_ROW,
    TITLE_ROW,
    Book,
    Cell,
    PlacedBlock,
    PlacedSheet,
    quoted,
)
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import FIRST_COLUMN, KEY_COLUMN, LABEL, NOTE, UNIT, Entry, Layout, Line

LINE_HEIGHT = 13.5
LONGEST_LIST = 255
CHART_ROWS = 14
"""Rows below the last line that a chart may reach into, for the print area."""


def render(book: Book, selected: Results) -> bytes:
    """The workbook with its formulas and typed values, `selected` being the case it opens with."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator = "xiaomi-model"
    workbook.properties.title = "Xiaomi: sum-of-the-parts valuation"
    for placed in book.sheets.values():
        worksheet = workbook.create_sheet(placed.sheet.title)
        _frame(worksheet, placed, charts=bool(placed.sheet.charts(book.context)))
        for block in placed.blocks:
            _block(worksheet, placed, block)
    for cell in book.cells():
        _fill(workbook[cell.sheet.title], book, cell, selected)
    for placed in book.sheets.values():
        worksheet = workbook[placed.sheet.title]
        _heights(worksheet, placed, book)
        _statuses(worksheet, placed)
        _choices(worksheet, placed, book)
        for chart in placed.sheet.charts(book.context):
            column, key = chart.anchor
            row = placed.lines[key][0].rows[key]
            worksheet.add_chart(native_chart(book, placed, chart), f"{column}{row}")
    for name, reference in defined_names(book).items():
        workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def defined_names(book: Book) -> dict[str, str]:
    """The names of scalar inputs and outputs, and the cell each stands for."""
    names = {}
    for placed in book.sheets.values():
        for key, (_, line) in placed.lines.items():
            if line.name:
                title, address = book.at(f"{{{placed.sheet.key}.{key}}}")
                column, row = address.rstrip("0123456789"), address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                names[line.name] = f"{quoted(title)}!${column}${row}"
    return names


def _frame(worksheet: Worksheet, placed: PlacedSheet, *, charts: bool) -> None:
    """Title, headings, widths, panes and print setup."""
    sheet = placed.sheet
    title, below = (sheet.title, sheet.purpose) if sheet.headline is None else (sheet.purpose, None)
    worksheet.cell(TITLE_ROW, LABEL, title).font = styles.TITLE
    worksheet.cell(PURPOSE_ROW, LABEL, below).font = styles.PURPOSE
    last = max(placed.last_column, NOTE)
    for column in range(LABEL, last + 1):
        cell = worksheet.cell(HEADING_ROW, column)
        cell.fill, cell.font = styles.HEADING_FILL, styles.HEADING
        cell.alignment = styles.HEADING_LEFT if column < FIRST_COLUMN else styles.HEADING_RIGHT
    for column, text in ((LABEL, "Line"), (UNIT, "Unit"), (NOTE, sheet.note_heading)):
        worksheet.cell(HEADING_ROW, column, text)
    _headings(worksheet, HEADING_ROW, placed.columns)
    key = worksheet.cell(HEADING_ROW, KEY_COLUMN, "Key")
    key.font = styles.KEY
    widths = {LABEL: styles.LABEL_WIDTH, UNIT: styles.UNIT_WIDTH, NOTE: styles.NOTE_WIDTH}
    for layout in (placed.columns, *(block.columns for block in placed.blocks)):
        for group in layout.values():
            for column in range(group.first, group.first + group.count):
                widths[column] = max(group.width, widths.get(column, 0.0) if column > NOTE else 0.0)
    widths |= {KEY_COLUMN: styles.KEY_WIDTH, **sheet.widths}
    for column, width in widths.items():
        worksheet.column_dimensions[letter(column)].width = width
    worksheet.sheet_view.showGridLines = False
    worksheet.sheet_view.zoomScale = 85
    worksheet.freeze_panes = f"B{HEADING_ROW + 1}"
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = worksheet.PAPERSIZE_A4
    worksheet.page_setup.fitToWidth, worksheet.page_setup.fitToHeight = 1, 0
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True
    worksheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    worksheet.print_area = f"A1:{letter(last)}{placed.last_row + CHART_ROWS * bool(charts)}"
    worksheet.print_title_rows = f"{TITLE_ROW}:{HEADING_ROW}"
    worksheet.oddFooter.left.text = "Xiaomi: sum-of-the-parts valuation"
    worksheet.oddFooter.right.text = "&A, page &P of &N"


def _headings(worksheet: Worksheet, row: int, layout: Layout) -> None:
    for group in layout.values():
        for index, heading in enumerate(group.headings):
            cell = worksheet.cell(row, group.first + index)
            if group.text:
                cell.alignment = styles.HEADING_LEFT
            if not isinstance(heading, Entry):
                cell.value = heading


def _block(worksheet: Worksheet, placed: PlacedSheet, block: PlacedBlock) -> None:
    """The title of a block and what stands left and right of its figures."""
    if block.block.title:
        for column in range(LABEL, max(placed.last_column, NOTE) + 1):
            cell = worksheet.cell(block.title_row, column)
            cell.fill, cell.font = styles.BLOCK_FILL, styles.BLOCK
            cell.alignment = styles.TOP if column < FIRST_COLUMN else styles.RIGHT
        worksheet.cell(block.title_row, LABEL, block.block.title)
        if block.block.columns is not None:
            _headings(worksheet, block.title_row, block.columns)
    for line in block.block.lines:
        row = block.rows[line.key]
        label = worksheet.cell(row, LABEL, line.label or None)
        label.font, label.alignment = (styles.LABEL_TOTAL if line.total else styles.LABEL), styles.WRAPPED
        if line.link:
            location = f"{quoted(line.link)}!A1"
            label.hyperlink = Hyperlink(ref=label.coordinate, location=location, display=line.link)
            label.font = styles.HYPERLINK
        unit = worksheet.cell(row, UNIT, line.unit if line.unit != "text" else None)
        unit.font, unit.alignment = styles.UNIT, styles.TOP
        note = worksheet.cell(row, NOTE, line.note or None)
        note.font, note.alignment = styles.NOTE, styles.WRAPPED
        key = worksheet.cell(row, KEY_COLUMN, line.key)
        key.font, key.alignment = styles.KEY, styles.TOP


def _fill(worksheet: Worksheet, book: Book, cell: Cell, selected: Results) -> None:
    """One cell: its formula or typed value, and the look that says which of the two it is."""
    target = worksheet.cell(cell.row, cell.column)
    entry, line = cell.entry, cell.line
    if entry.kind == "formula":
        target.value = book.formula(cell)
    elif entry.kind != "stored":
        _type(target, book.expected(cell, selected))
    if line is None:
        target.number_format = styles.number_format(cell.unit)
        if cell.group == "headline":
            target.font, target.alignment = styles.HEADLINE, styles.TOP
        return
    look: str = "link" if _is_link(entry) else entry.kind
    unit = cell.unit
    if unit.startswith("legend "):
        look, unit = unit.removeprefix("legend "), "text"
    target.font = styles.FONTS[look, line.total]
    if look in styles.FILLS:
        target.fill = styles.FILLS[look]
    if line.total:
        target.border = styles.TOTAL_BORDER
    target.number_format = styles.number_format(unit)
    if cell.column < FIRST_COLUMN or unit == "text":
        target.alignment = styles.WRAPPED
    else:
        target.alignment = styles.CENTRE if unit in ("status", "word") else styles.RIGHT


def _type(target: XlsxCell, value: Any) -> None:
    """A typed value; text stays text, whatever it begins with."""
    if value is None:
        return
    target.value = value if isinstance(value, str | int | date) else float(value)
    if isinstance(value, str):
        target.data_type = "s"


def _is_link(entry: Entry) -> bool:
    """Whether a formula only shows a figure of another sheet."""
    formula = entry.formula or ""
    return (
        entry.kind == "formula"
        and formula.count("{") == 1
        and formula[0] == "{"
        and formula[-1] == "}"
        and ("." in formula)
    )


def _heights(worksheet: Worksheet, placed: PlacedSheet, book: Book) -> None:
    """Rows as high as their longest wrapped text needs, in every case."""
    widths = {
        column: worksheet.column_dimensions[letter(column)].width
        for column in range(1, placed.last_column + 1)
    }
    for block in placed.blocks:
        for line in block.block.lines:
            needed = 1
            if line.note:
                needed = styles.lines_needed(line.note, widths[NOTE])
            needed = max(needed, styles.lines_needed(line.label, widths[LABEL], styles.SIZE))
            for text, column in _texts(line, block, book):
                needed = max(needed, styles.lines_needed(text, widths[column], styles.SIZE))
            worksheet.row_dimensions[block.rows[line.key]].height = LINE_HEIGHT * needed + 1.5


def _texts(line: Line, block: PlacedBlock, book: Book) -> Iterable[tuple[str, int]]:
    """Every text the line may show, and the column it stands in."""
    for group, entry in line.cells.items():
        if (entry.unit or line.unit) != "text":
            continue
        columns = block.columns[group]
        for results in book.context.results.values():
            whole = entry.value(results)
            for index, text in enumerate(whole if columns.count > 1 else [whole]):
                yield str(text), columns.first + index


def _statuses(worksheet: Worksheet, placed: PlacedSheet) -> None:
    """Green, amber and red for the words of the checks."""
    for block in placed.blocks:
        for line in block.block.lines:
            for group, entry in line.cells.items():
                if (entry.unit or line.unit) != "status":
                    continue
                address = f"{letter(block.columns[group].first)}{block.rows[line.key]}"
                for rule in _status_rules(address):
                    worksheet.conditional_formatting.add(address, rule)


def _status_rules(address: str) -> Iterable[FormulaRule]:
    def rule(word: str, condition: str) -> FormulaRule:
        fill: PatternFill = styles.STATUS_FILLS[word]
        return FormulaRule(formula=[condition], fill=fill, stopIfTrue=True)

    yield rule("FAIL", f'LEFT({address},4)="FAIL"')
    yield rule("WARN", f'OR({address}="WARN",LEFT({address},8)="OK, with")')
    yield rule("OK", f'{address}="OK"')


def _choices(worksheet: Worksheet, placed: PlacedSheet, book: Book) -> None:
    """A list to choose from wherever an input is one of a few words."""
    for block in placed.blocks:
        for line in block.block.lines:
            for group, entry in line.cells.items():
                if not entry.choices:
                    continue
                if line.key == "selected_case":
                    source = "=" + book.resolve("{inputs.case_name:cases[all]}", placed.sheet.key, "", 0)
                else:
                    source = '"' + ",".join(entry.choices) + '"'
                if len(source) > LONGEST_LIST:
                    raise ValueError(f"{line.key}: a list of choices may have {LONGEST_LIST} characters")
                validation = DataValidation(
                    type="list",
                    formula1=source.removeprefix("="),
                    allow_blank=False,
                    showErrorMessage=True,
                    errorTitle=line.label,
                    error=f"One of: {', '.join(entry.choices)}"[:LONGEST_LIST],
                )
                columns, row = block.columns[group], block.rows[line.key]
                validation.add(
                    f"{letter(columns.first)}{row}:{letter(columns.first + columns.count - 1)}{row}"
                )
                worksheet.add_data_validation(validation)
