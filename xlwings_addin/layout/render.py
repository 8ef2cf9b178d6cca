"""Sheets and results to an xlsx file: formulas, typed values, formats, names and charts, no values yet."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Iterator
from datetime import date
from typing import Any

from lxml.etree import SerialisationError
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import FormulaRule
from openpyxl.utils import get_column_letter as letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout import styles
from xlwings_addin.layout.charts import anchor_of, native_chart
from xlwings_addin.layout.looks import look_of
from xlwings_addin.layout.marks import add_marks
from xlwings_addin.layout.names import alias_names, defined_names
from xlwings_addin.layout.references import (
    HEADING_ROW,
    HEADINGS,
    PURPOSE_ROW,
    TITLE_ROW,
    Book,
    PlacedBlock,
    PlacedCell,
    PlacedSheet,
    quoted,
)
from xlwings_addin.layout.validation import validation
from xlwings_addin.layout.what_if import formula_of, table_of
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    NOTE,
    UNIT,
    Columns,
    Entry,
    Layout,
    Line,
)
from xlwings_addin.valuation.xiaomi import Results

MODEL = "{short_name}: sum-of-the-parts valuation"
"""What the properties and the footers of a workbook say, with the company's name."""
LINE_HEIGHT, ROW_MARGIN, HEADING_HEIGHT = 13.5, 1.5, 16.0
LEAST_POINTS, A4_INCHES, A3_INCHES = 7.0, 10.89, 15.73
"""The smallest print, and the widths between the margins of a page that lies on its side."""
POINTS_A_CENTIMETRE = 72 / 2.54
CHART_ROWS = 14
"""Rows below the last line that a chart may reach into, for the print area."""


def render(book: Book, selected: Results) -> bytes:
    """The workbook with its formulas and typed values, `selected` being the case it opens with.

    Raises `BookError` where the temporary files the writer needs cannot be written.
    """
    workbook = Workbook()
    workbook.remove(workbook.active)
    title = book.context.company.text(MODEL)
    workbook.properties.creator, workbook.properties.title = "xiaomi-model", title
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
    for name, reference in {**defined_names(book), **alias_names(book)}.items():
        workbook.defined_names[name] = DefinedName(name, attr_text=reference)
    return _saved(workbook)


def render_alone(book: Book, key: str) -> bytes:
    """One sheet of a workbook in a file of its own: its looks, texts and charts, without a figure.

    Raises what `render` raises.
    """
    workbook, placed = Workbook(), book.sheets[key]
    workbook.active.title = placed.sheet.title
    writer = _SheetWriter(workbook.active, placed, book, styles.Painter())
    writer.frame()
    selected = next(iter(book.context.results.values()))
    for cell in book.cells():
        if cell.sheet.key == key:
            writer.fill(cell, selected, blank=True)
    writer.has_answers = False
    writer.finish()
    return _saved(workbook)


def _saved(workbook: Workbook) -> bytes:
    buffer = io.BytesIO()
    try:
        workbook.save(buffer)
    except (OSError, SerialisationError) as error:
        folder = tempfile.gettempdir()
        raise BookError("temporary folder", folder, f"cannot be written: {error}", display=folder) from None
    return buffer.getvalue()


class _SheetWriter:
    """Writes one sheet: what frames the figures, then cell by cell, then what depends on all of them."""

    def __init__(
        self, worksheet: Worksheet, placed: PlacedSheet, book: Book, painter: styles.Painter
    ) -> None:
        self.worksheet, self.placed, self.book, self.paint = worksheet, placed, book, painter.paint
        self.last_column, self.note_column = max(placed.last_printed, NOTE), placed.note_column
        self.has_answers = True
        self._last_look: tuple[object, ...] | None = None
        self._last_style: Any = None

    # --- before the figures ---------------------------------------------------------------------------

    def frame(self) -> None:
        """Titles, headings, labels, widths, panes and print setup."""
        sheet = self.placed.sheet
        title, below = (sheet.title, sheet.purpose) if sheet.headline is None else (sheet.purpose, None)
        self._write(TITLE_ROW, LABEL, title, font=styles.TITLE)
        self._write(PURPOSE_ROW, LABEL, below, font=styles.PURPOSE)
        quiet = self.placed.blocks[0].block.tiles
        look = (
            {"font": styles.QUIET_HEADING} if quiet else {"font": styles.HEADING, "fill": styles.HEADING_FILL}
        )
        self._band(HEADING_ROW, **look)
        for column, text in ((LABEL, "Line"), (UNIT, "Unit"), (self.note_column, sheet.note_heading)):
            self.worksheet.cell(HEADING_ROW, column, text)
        if self.note_column > self.last_column:
            self._write(HEADING_ROW, self.note_column, sheet.note_heading, alignment=styles.LEFT, **look)
        self._headings(HEADING_ROW, self.placed.columns)
        self._write(HEADING_ROW, self.placed.key_column, HEADINGS, font=styles.KEY)
        for row, height in ((TITLE_ROW, 21.0), (PURPOSE_ROW, 15.0), (HEADING_ROW, HEADING_HEIGHT)):
            self.worksheet.row_dimensions[row].height = height
        for block in self.placed.blocks:
            self._block(block)
        self._widths()
        self._way_back()
        self._view_and_print()

    def _way_back(self) -> None:
        """A link to the first sheet, and the colour of the tab."""
        self.worksheet.sheet_properties.tabColor = styles.TABS[self.placed.sheet.tab]
        first = next(iter(self.book.sheets.values()))
        if first is not self.placed:
            text, target = f"to {first.sheet.title}", f"{quoted(first.sheet.title)}!A1"
            link = self._write(PURPOSE_ROW + 1, LABEL, text, font=styles.BACK)
            link.hyperlink = Hyperlink(ref=link.coordinate, location=target, display=text)

    def _write(self, row: int, column: int, value: Any, **look: Any) -> Cell:
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
        self._write(block.title_row, LABEL, block.block.title, alignment=styles.TOP)
        if block.block.columns is not None:
            self._headings(block.title_row, block.columns)
        if block.block.tiles:
            self._tiles(block)
            return
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
                self._write(row, self.note_column, line.note, font=styles.NOTE, alignment=styles.WRAPPED)
            self._write(row, self.placed.key_column, line.key, font=styles.KEY, alignment=styles.TOP)
            if line.yours:
                columns = block.columns[line.yours]
                for column in range(columns.first, columns.first + columns.count):
                    self._write(row, column, None, **styles.YOURS)

    def _tiles(self, block: PlacedBlock) -> None:
        """The band that tiles stand on, their titles in the middle."""
        for column in range(LABEL, self.last_column + 1):
            self.worksheet.cell(block.title_row, column).alignment = styles.MIDDLE
            for row in block.rows.values():
                self._write(row, column, None, **styles.tile(number_format="text", answer=False))
        for key, row in block.rows.items():
            self._write(row, self.placed.key_column, key, font=styles.KEY, alignment=styles.TOP)

    def _widths(self) -> None:
        notes = styles.NOTE_WIDTH if self.note_column == NOTE else styles.BESIDE_WIDTH
        widths = {LABEL: styles.LABEL_WIDTH, UNIT: styles.UNIT_WIDTH, self.note_column: notes}
        for layout in (self.placed.columns, *(block.columns for block in self.placed.blocks)):
            for group in layout.values():
                for column in range(group.first, group.first + group.count):
                    present = widths.get(column, 0.0) if column > self.note_column else 0.0
                    widths[column] = max(group.width, present)
        if self.note_column > NOTE and NOTE not in widths:
            widths[NOTE] = styles.GUTTER
        sheet = self.placed.sheet
        widths |= {self.placed.key_column: styles.KEY_WIDTH, **sheet.widths}
        widths |= sheet.own_widths(self.book.context)
        for column, width in widths.items():
            self.worksheet.column_dimensions[letter(column)].width = width
        self.width = widths

    def _view_and_print(self) -> None:
        worksheet = self.worksheet
        worksheet.sheet_view.showGridLines, worksheet.sheet_view.zoomScale = False, 85
        worksheet.freeze_panes = f"B{HEADING_ROW + 1}"
        paper, pages = self._paper()
        worksheet.page_setup.orientation, worksheet.page_setup.paperSize = "landscape", paper
        worksheet.page_setup.fitToWidth, worksheet.page_setup.fitToHeight = pages, 0
        if pages > 1:
            worksheet.print_title_cols = "A:B"
        worksheet.sheet_properties.pageSetUpPr.fitToPage = True
        worksheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.7, footer=0.4)
        last_row = self.placed.last_row + self._rows_of_charts()
        page = [block for block in self.placed.blocks if block.block.room and not block.block.new_page]
        if page:
            last_row = max(page[-1].rows.values()) + page[-1].block.room
            worksheet.page_setup.fitToHeight = 1
            worksheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.3, bottom=0.5, footer=0.2)
            worksheet.sheet_format.defaultRowHeight, worksheet.sheet_format.customHeight = LINE_HEIGHT, True
        worksheet.print_area = f"A1:{letter(self.last_column)}{last_row}"
        other_headings = any(block.block.new_page and block.block.columns for block in self.placed.blocks)
        worksheet.print_title_rows = f"{TITLE_ROW}:{PURPOSE_ROW if other_headings else HEADING_ROW}"
        worksheet.oddFooter.left.text = self.book.context.company.text(MODEL)
        worksheet.oddFooter.right.text = "&A, page &P of &N"

    def _rows_of_charts(self) -> int:
        """How many rows below the last line the print area has for charts."""
        charts = self.placed.sheet.charts(self.book.context)
        heights = [chart.size[1] * POINTS_A_CENTIMETRE for chart in charts if chart.flat]
        rows = [math.ceil(height / (LINE_HEIGHT + ROW_MARGIN)) + 2 for height in heights]
        return max([CHART_ROWS, *rows]) if charts else 0

    def _paper(self) -> tuple[str, int]:
        """A4, or A3, or as many pages of A3 side by side as keep the smallest print at seven points."""
        dots = sum(7.0 * self.width.get(column, 13.0) + 5.0 for column in range(1, self.last_column + 1))
        inches = dots / 96.0 * LEAST_POINTS / styles.SMALL
        if inches <= A4_INCHES:
            return self.worksheet.PAPERSIZE_A4, 1
        return self.worksheet.PAPERSIZE_A3, math.ceil(inches / A3_INCHES)

    # --- the figures ----------------------------------------------------------------------------------

    def fill(self, cell: PlacedCell, selected: Results, *, blank: bool = False) -> None:
        """One cell: its formula or typed value, and the look that says which of the two it is.

        Typed text stays text, whatever it begins with. A `blank` cell gets the look alone.
        """
        entry = cell.entry
        if blank and entry.kind == "answer":
            value = None
        else:
            value = 0.0 if entry.kind in ("stored", "table") else self._content(cell, selected)
        if value is None and entry.kind == "text":
            return
        target = self.worksheet.cell(cell.row, cell.column, None if blank else value)
        if not cell.has_formula and isinstance(value, str):
            target.data_type = "s"
        if cell.line is not None:
            block = self.placed.lines[cell.line.key][0]
            columns = block.columns[cell.group]
            if block.block.tiles:
                self.paint(target, **styles.tile(number_format=cell.unit, answer=cell.line.total))
                return
            look = (id(entry), cell.unit, cell.line.total, columns.align, cell.follows, cell.overrides)
            if look != self._last_look:
                self.paint(target, **_look(cell, cell.line, columns))
                self._last_look, self._last_style = look, target._style
            target._style = self._last_style
        elif cell.group == "headline":
            self.paint(target, font=styles.HEADLINE, alignment=styles.TOP)
        else:
            target.number_format = styles.number_format(cell.unit)

    def _content(self, cell: PlacedCell, selected: Results) -> str | float | date | None:
        if cell.has_formula:
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
                if block.block.tiles:
                    height = styles.TILE_HEIGHT if line.total else styles.MEANING_HEIGHT
                self.worksheet.row_dimensions[row].height = height
                for group, entry in line.cells.items():
                    columns = block.columns[group]
                    if entry.choices or entry.parameter:
                        last = letter(columns.first + columns.count - 1)
                        area = f"{letter(columns.first)}{row}:{last}{row}"
                        self.worksheet.add_data_validation(validation(entry, line, area))
                    if entry.red_when:
                        condition = self.book.resolve(
                            entry.red_when, self.placed.sheet.key, group, columns.first
                        )
                        rule = FormulaRule([condition], fill=styles.STATUS_FILLS["FAIL"])
                        at = f"{letter(columns.first)}{row}"
                        self.worksheet.conditional_formatting.add(at, rule)
            self._make_room_for_headings(block)
            add_marks(self.worksheet, self.book, self.placed, block)
            self._shade_differences(block)
            if (table := table_of(self.book, self.placed, block)) is not None:
                self.worksheet[table.area.partition(":")[0]].value = formula_of(table)
            for group, rows in self._status_rows(block).items():
                column = letter(block.columns[group].first)
                self._colour(f"{column}{min(rows)}:{column}{max(rows)}")
        answers = [entry for _, line in self.placed.lines.values() for entry in line.cells.values()]
        if self.placed.sheet.old_when and any(entry.kind == "answer" for entry in answers):
            self._grey_old_answers(self.placed.sheet.old_when)
        for chart in self.placed.sheet.charts(self.book.context):
            drawn = native_chart(self.book, self.placed, chart)
            drawn.anchor = anchor_of(self.placed, chart)
            self.worksheet.add_chart(drawn)

    def _grey_old_answers(self, condition: str) -> None:
        """Let what was worked out for other inputs than those of the model now be pale."""
        areas = [
            f"{letter(block.columns[group].first)}{block.rows[line.key]}"
            f":{letter(block.columns[group].first + block.columns[group].count - 1)}{block.rows[line.key]}"
            for block in self.placed.blocks
            for line in block.block.lines
            for group, entry in line.cells.items()
            if entry.kind == "answer"
        ]
        rule = FormulaRule(
            [self.book.resolve(condition, self.placed.sheet.key, "", 0)], font=styles.PALE_FONT
        )
        self.worksheet.conditional_formatting.add(" ".join(areas), rule)

    def _make_room_for_headings(self, block: PlacedBlock) -> None:
        """Let the row of a block's own headings be as high as the longest of them needs."""
        if block.block.columns is None:
            return
        lines = [
            styles.lines_needed(heading, self.width[columns.first + index], styles.SIZE)
            for columns in block.columns.values()
            if columns.align != "over"
            for index, heading in enumerate(columns.headings)
            if isinstance(heading, str)
        ]
        if max(lines, default=1) > 1:
            self.worksheet.row_dimensions[block.title_row].height = LINE_HEIGHT * max(lines) + ROW_MARGIN

    def _shade_differences(self, block: PlacedBlock) -> None:
        """Shade the cells that differ from the one they could follow, those typed in later too."""
        for group, columns in block.columns.items():
            entries = {
                block.rows[line.key]: entry
                for line in block.block.lines
                if (entry := line.cells.get(group)) is not None and any(entry.parents)
            }
            for index in range(columns.count if entries else 0):
                parent = entries[min(entries)].parents[index]
                if parent is None:
                    continue
                column = letter(columns.first + index)
                other = self.book.resolve(parent, self.placed.sheet.key, "", 0)
                rule = FormulaRule([f"{column}{min(entries)}<>{other}"], fill=styles.FILLS["override"])
                area = f"{column}{min(entries)}:{column}{max(entries)}"
                self.worksheet.conditional_formatting.add(area, rule)

    def _lines_needed(self, line: Line, block: PlacedBlock) -> int:
        """Lines of text the row must have room for, whichever case is selected."""
        needed = [
            styles.LINES_OF_AN_ANSWER if line.yours and line.unit in ("", "text") else 1,
            styles.lines_needed(line.note, self.width[self.note_column]),
            styles.lines_needed(line.label, self.width[LABEL], styles.SIZE),
        ]
        for group, entry in line.cells.items():
            is_text = (entry.unit or line.unit) == "text" and (entry.kind != "answer" or self.has_answers)
            columns = block.columns[group]
            if is_text and columns.align != "over" and columns.printed:
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
        rows: dict[str, list[int]] = {}
        for line in block.block.lines:
            for group, entry in line.cells.items():
                if (entry.unit or line.unit) == "status":
                    rows.setdefault(group, []).append(block.rows[line.key])
        return rows

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


def _look(cell: PlacedCell, line: Line, columns: Columns) -> dict[str, Any]:
    """The fonts, fills and formats of a cell's look."""
    style, unit, total, align = look_of(cell, line, columns)
    typed = style == "text" and unit not in ("text", "date", "sample")
    look: dict[str, Any] = {
        "font": styles.FONTS["input" if typed else style, total],
        "number_format": styles.number_format(unit),
        "alignment": styles.ALIGNMENTS[align],
    }
    if style in styles.FILLS:
        look["fill"] = styles.FILLS[style]
    if total:
        look["border"] = styles.TOTAL_BORDER
    return look
