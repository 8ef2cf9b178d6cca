"""Sheets and results to an xlsx file: formulas, typed values, formats, names and charts, no values yet."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from datetime import date
from typing import Any

from lxml.etree import SerialisationError
from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.formatting.rule import FormulaRule
from openpyxl.utils import get_column_letter as letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.book import styles
from xlwings_addin.book.charts import native_chart
from xlwings_addin.book.references import (
    HEADING_ROW,
    HEADINGS,
    PURPOSE_ROW,
    TITLE_ROW,
    Book,
    Cell,
    PlacedBlock,
    PlacedSheet,
    quoted,
)
from xlwings_addin.book.validation import validation
from xlwings_addin.core.errors import BookError
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    KEY_COLUMN,
    LABEL,
    NOTE,
    UNIT,
    Columns,
    Entry,
    Layout,
    Line,
)

MODEL = "Xiaomi: sum-of-the-parts valuation"
LINE_HEIGHT, ROW_MARGIN, HEADING_HEIGHT = 13.5, 1.5, 16.0
CHART_ROWS = 14
"""Rows below the last line that a chart may reach into, for the print area."""


def render(book: Book, selected: Results) -> bytes:
    """The workbook with its formulas and typed values, `selected` being the case it opens with.

    Raises `BookError` where the temporary files the writer needs cannot be written.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.creator, workbook.properties.title = "xiaomi-model", MODEL
    painter = styles.Painter()
    writers = {
        key: _SheetWriter(workbook.create_sheet(placed.sheet.title), placed, book, painter)
        for key, placed in book.sheets.items()
    }
    for writer in writers.values():
        writer.frame()
    for cell in book.cells():
        writers[cell.sheet.key].fill(cell, selected)
    for writer in writers.values():
        writer.finish()
    for name, reference in defined_names(book).items():
        workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    buffer = io.BytesIO()
    try:
        workbook.save(buffer)
    except (OSError, SerialisationError) as error:
        folder = tempfile.gettempdir()
        raise BookError("temporary folder", folder, f"cannot be written: {error}", shown=folder) from None
    return buffer.getvalue()


def defined_names(book: Book) -> dict[str, str]:
    """The names of scalar inputs and outputs, and the cell each stands for."""
    return {
        line.name: book.resolve(f"{{{placed.sheet.key}.{key}}}", "", "", 0)
        for placed in book.sheets.values()
        for key, (_, line) in placed.lines.items()
        if line.name
    }


class _SheetWriter:
    """Writes one sheet: what frames the figures, then cell by cell, then what depends on all of them."""

    def __init__(
        self, worksheet: Worksheet, placed: PlacedSheet, book: Book, painter: styles.Painter
    ) -> None:
        self.worksheet, self.placed, self.book, self.paint = worksheet, placed, book, painter.paint
        self.last_column = max(placed.last_column, NOTE)
        self._last_look: tuple[int, str, bool, str] | None = None
        self._last_style: Any = None

    # --- before the figures ---------------------------------------------------------------------------

    def frame(self) -> None:
        """Titles, headings, labels, widths, panes and print setup."""
        sheet = self.placed.sheet
        title, below = (sheet.title, sheet.purpose) if sheet.headline is None else (sheet.purpose, None)
        self._write(TITLE_ROW, LABEL, title, font=styles.TITLE)
        self._write(PURPOSE_ROW, LABEL, below, font=styles.PURPOSE)
        self._band(HEADING_ROW, font=styles.HEADING, fill=styles.HEADING_FILL)
        for column, text in ((LABEL, "Line"), (UNIT, "Unit"), (NOTE, sheet.note_heading)):
            self.worksheet.cell(HEADING_ROW, column, text)
        self._headings(HEADING_ROW, self.placed.columns)
        self._write(HEADING_ROW, KEY_COLUMN, HEADINGS, font=styles.KEY)
        self.worksheet.row_dimensions[HEADING_ROW].height = HEADING_HEIGHT
        for block in self.placed.blocks:
            self._block(block)
        self._widths()
        self._view_and_print()

    def _write(self, row: int, column: int, value: Any, **look: Any) -> XlsxCell:
        cell = self.worksheet.cell(row, column, value)
        self.paint(cell, **look)
        return cell

    def _band(self, row: int, **look: Any) -> None:
        """A coloured row, its texts to the left over texts and to the right over figures."""
        for column in range(LABEL, self.last_column + 1):
            alignment = styles.LEFT if column < FIRST_COLUMN else styles.RIGHT
            self._write(row, column, None, alignment=alignment, **look)

    def _headings(self, row: int, layout: Layout) -> None:
        for group in layout.values():
            for index, heading in enumerate(group.headings):
                cell = self.worksheet.cell(row, group.first + index)
                if group.align != "right":
                    cell.alignment = styles.ALIGNMENTS[group.align]
                if not isinstance(heading, Entry):
                    cell.value = heading

    def _block(self, block: PlacedBlock) -> None:
        """The title of a block and what stands left and right of its figures."""
        self._band(block.title_row, font=styles.BLOCK, fill=styles.BLOCK_FILL)
        self.worksheet.cell(block.title_row, LABEL, block.block.title)
        if block.block.columns is not None:
            self._headings(block.title_row, block.columns)
        for line in block.block.lines:
            row = block.rows[line.key]
            font = styles.HYPERLINK if line.link else styles.LABEL_TOTAL if line.total else styles.LABEL
            label = self._write(row, LABEL, line.label, font=font, alignment=styles.WRAPPED)
            if line.link:
                location = f"{quoted(line.link)}!A1"
                label.hyperlink = Hyperlink(ref=label.coordinate, location=location, display=line.link)
            if line.unit not in ("", "text"):
                self._write(row, UNIT, line.unit, font=styles.UNIT, alignment=styles.TOP)
            if line.note:
                self._write(row, NOTE, line.note, font=styles.NOTE, alignment=styles.WRAPPED)
            self._write(row, KEY_COLUMN, line.key, font=styles.KEY, alignment=styles.TOP)

    def _widths(self) -> None:
        widths = {LABEL: styles.LABEL_WIDTH, UNIT: styles.UNIT_WIDTH, NOTE: styles.NOTE_WIDTH}
        for layout in (self.placed.columns, *(block.columns for block in self.placed.blocks)):
            for group in layout.values():
                for column in range(group.first, group.first + group.count):
                    present = widths.get(column, 0.0) if column > NOTE else 0.0
                    widths[column] = max(group.width, present)
        widths |= {KEY_COLUMN: styles.KEY_WIDTH, **self.placed.sheet.widths}
        for column, width in widths.items():
            self.worksheet.column_dimensions[letter(column)].width = width
        self.width = widths

    def _view_and_print(self) -> None:
        worksheet = self.worksheet
        worksheet.sheet_view.showGridLines, worksheet.sheet_view.zoomScale = False, 85
        worksheet.freeze_panes = f"B{HEADING_ROW + 1}"
        worksheet.page_setup.orientation, worksheet.page_setup.paperSize = "landscape", worksheet.PAPERSIZE_A4
        worksheet.page_setup.fitToWidth, worksheet.page_setup.fitToHeight = 1, 0
        worksheet.sheet_properties.pageSetUpPr.fitToPage = True
        worksheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.7, footer=0.4)
        below = CHART_ROWS if self.placed.sheet.charts(self.book.context) else 0
        worksheet.print_area = f"A1:{letter(self.last_column)}{self.placed.last_row + below}"
        other_headings = any(block.block.new_page and block.block.columns for block in self.placed.blocks)
        worksheet.print_title_rows = f"{TITLE_ROW}:{PURPOSE_ROW if other_headings else HEADING_ROW}"
        worksheet.oddFooter.left.text, worksheet.oddFooter.right.text = MODEL, "&A, page &P of &N"

    # --- the figures ----------------------------------------------------------------------------------

    def fill(self, cell: Cell, selected: Results) -> None:
        """One cell: its formula or typed value, and the look that says which of the two it is.

        Typed text stays text, whatever it begins with.
        """
        entry = cell.entry
        value = 0.0 if entry.kind == "stored" else self._content(cell, selected)
        if value is None and entry.kind == "text":
            return
        target = self.worksheet.cell(cell.row, cell.column, value)
        if entry.kind != "formula" and isinstance(value, str):
            target.data_type = "s"
        if cell.line is not None:
            columns = self.placed.lines[cell.line.key][0].columns[cell.group]
            look = (id(entry), cell.unit, cell.line.total, columns.align)
            if look != self._last_look:
                self.paint(target, **_look(cell, cell.line, columns))
                self._last_look, self._last_style = look, target._style
            target._style = self._last_style
        elif cell.group == "headline":
            self.paint(target, font=styles.HEADLINE, alignment=styles.TOP)
        else:
            target.number_format = styles.number_format(cell.unit)

    def _content(self, cell: Cell, selected: Results) -> str | float | date | None:
        if cell.entry.kind == "formula":
            return self.book.formula(cell)
        value = self.book.expected(cell, selected)
        return value if value is None or isinstance(value, str | date) else float(value)

    # --- after the figures ----------------------------------------------------------------------------

    def finish(self) -> None:
        """Row heights, colours of the checks, lists of choices and charts."""
        for block in self.placed.blocks:
            if block.block.new_page:
                self.worksheet.row_breaks.append(Break(block.title_row - 1))
            for line in block.block.lines:
                row = block.rows[line.key]
                height = LINE_HEIGHT * self._lines_needed(line, block) + ROW_MARGIN
                self.worksheet.row_dimensions[row].height = height
                for group, entry in line.cells.items():
                    columns = block.columns[group]
                    if entry.choices or entry.parameter:
                        last = letter(columns.first + columns.count - 1)
                        area = f"{letter(columns.first)}{row}:{last}{row}"
                        self.worksheet.add_data_validation(validation(entry, line, area))
            for group, rows in self._status_rows(block).items():
                column = letter(block.columns[group].first)
                self._colour(f"{column}{min(rows)}:{column}{max(rows)}")
        for chart in self.placed.sheet.charts(self.book.context):
            column, key = chart.anchor
            place = f"{column}{self.placed.lines[key][0].rows[key]}"
            self.worksheet.add_chart(native_chart(self.book, self.placed, chart), place)

    def _lines_needed(self, line: Line, block: PlacedBlock) -> int:
        """Lines of text the row must have room for, whichever case is selected."""
        needed = [
            styles.lines_needed(line.note, self.width[NOTE]),
            styles.lines_needed(line.label, self.width[LABEL], styles.SIZE),
        ]
        for group, entry in line.cells.items():
            if (entry.unit or line.unit) == "text":
                needed.extend(self._lines_of_texts(entry, block.columns[group]))
        return max(needed)

    def _lines_of_texts(self, entry: Entry, columns: Columns) -> Iterator[int]:
        every = self.book.context.results.values()
        for results in every if entry.kind == "formula" else list(every)[:1]:
            whole = entry.value(results)
            for index, text in enumerate(whole if columns.count > 1 else [whole]):
                yield styles.lines_needed(text, self.width[columns.first + index], styles.SIZE)

    @staticmethod
    def _status_rows(block: PlacedBlock) -> dict[str, list[int]]:
        """The rows of a block that show the word of a check, by the column group they show it in."""
        found: dict[str, list[int]] = {}
        for line in block.block.lines:
            for group, entry in line.cells.items():
                if (entry.unit or line.unit) == "status":
                    found.setdefault(group, []).append(block.rows[line.key])
        return found

    def _colour(self, area: str) -> None:
        """Green, amber or red for the words of checks."""
        address = area.partition(":")[0]
        for word, condition in (
            ("FAIL", f'LEFT({address},4)="FAIL"'),
            ("WARN", f'OR({address}="WARN",LEFT({address},8)="OK, with")'),
            ("OK", f'{address}="OK"'),
        ):
            rule = FormulaRule(formula=[condition], fill=styles.STATUS_FILLS[word], stopIfTrue=True)
            self.worksheet.conditional_formatting.add(area, rule)


def _look(cell: Cell, line: Line, columns: Columns) -> dict[str, Any]:
    """How a cell says what it is: typed, computed, linked or stored, and in which unit."""
    style: str = "link" if _is_link(cell.entry) else cell.entry.kind
    unit = cell.unit
    if unit.startswith("legend "):
        style, unit = unit.removeprefix("legend "), "sample"
    typed = style == "text" and unit not in ("text", "date", "sample")
    look: dict[str, Any] = {
        "font": styles.FONTS["input" if typed else style, line.total],
        "number_format": styles.number_format(unit),
        "alignment": styles.ALIGNMENTS["centre" if unit == "status" else columns.align],
    }
    if style in styles.FILLS:
        look["fill"] = styles.FILLS[style]
    if line.total:
        look["border"] = styles.TOTAL_BORDER
    return look


def _is_link(entry: Entry) -> bool:
    """Whether a formula only shows a figure of another sheet."""
    formula = entry.formula or ""
    return (
        entry.kind == "formula"
        and formula[0] == "{"
        and formula.find("}") == len(formula) - 1
        and "." in formula
    )
