"""The look of the sheet Changes in a file, and the bridge on it as a native chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openpyxl.chart import BarChart, Reference, Series
from openpyxl.chart.data_source import AxDataSource, StrRef
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.diff.waterfall import FALL, RISE, TOTAL, Step, axis_range, step_label
from xlwings_addin.layout import styles
from xlwings_addin.refresh.changes_page import WIDTHS, Page, PageLine, chart_height
from xlwings_addin.xlsx.addresses import join_address

BARS_FROM: Final = len(WIDTHS) + 2
"""The column from which the lengths of the bars stand, beside everything a reader reads."""
LINE_HEIGHT: Final = 13.5
BARS: Final = {"Start": None, "Total": TOTAL, "Rise": RISE, "Fall": FALL, "Below zero": styles.RULE}
"""The stacked series and their colours; the first carries the others to where they stand."""

LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"font": styles.TITLE},
    "purpose": {"font": styles.PURPOSE},
    "block": {"font": styles.BLOCK, "fill": styles.BLOCK_FILL},
    "heading": {"font": styles.HEADING, "fill": styles.HEADING_FILL},
    "row": {"font": styles.LABEL},
}


def _lengths(step: Step) -> dict[str, float]:
    """The lengths that, stacked, draw a bar where it stands: an invisible start, then the bar.

    Of a bar that crosses zero the part below it has a length of its own.

    >>> _lengths(Step("Deliveries", 10.0, 13.0, "rise"))
    {'Start': 10.0, 'Total': 0.0, 'Rise': 3.0, 'Fall': 0.0, 'Below zero': 0.0}
    >>> _lengths(Step("Tax rate", 1.0, -2.0, "fall"))
    {'Start': 0.0, 'Total': 0.0, 'Rise': 0.0, 'Fall': 1.0, 'Below zero': -2.0}
    """
    low, high = sorted((step.start, step.end))
    lengths = dict.fromkeys(BARS, 0.0)
    if high > 0:
        lengths["Start"] = max(low, 0.0)
        lengths[step.kind.capitalize()] = high - max(low, 0.0)
    if low < 0:
        lengths["Start"] += min(high, 0.0)
        lengths["Below zero"] = low - min(high, 0.0)
    return lengths


def write_page(page: Page, sheet: Worksheet) -> None:
    """Fill an empty sheet with a page, as our other sheets look."""
    painter = styles.Painter()
    following = [*page.lines[1:], PageLine("row")]
    for row, (line, below) in enumerate(zip(page.lines, following, strict=True), 1):
        width = len(WIDTHS) if line.look in ("block", "heading") else len(line.values)
        for position in range(width):
            value = line.values[position] if position < len(line.values) else None
            figures = below.values if line.look == "heading" else line.values
            right = position < len(figures) and isinstance(figures[position], float)
            cell = sheet.cell(row, position + 1, value)
            number_format = styles.number_format(line.unit) if isinstance(value, float) else "General"
            alignment = styles.RIGHT if right else styles.BESIDE_FIGURES if position else styles.TOP
            if line.look in ("title", "purpose"):
                alignment = styles.TOP
            painter.paint(cell, number_format=number_format, alignment=alignment, **LOOKS[line.look])
        needed = [styles.lines_needed(value, WIDTHS[n]) for n, value in enumerate(line.values)]
        if max(needed, default=1) > 1 and line.look == "row":
            sheet.row_dimensions[row].height = LINE_HEIGHT * max(needed)
    for column, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if page.bars:
        for row, cells in enumerate([("Bars", *BARS), *map(_bar, page.bars)], page.first_bar - 1):
            for column, value in enumerate(cells, BARS_FROM):
                painter.paint(sheet.cell(row, column, value), font=styles.KEY, number_format="0.00")
        sheet.add_chart(_chart(sheet, page), join_address(page.first_bar + len(page.bars) + 1, 1))


def _bar(step: Step) -> tuple[str | float, ...]:
    return f"{step.label}: {step_label(step)}", *_lengths(step).values()


def _chart(sheet: Worksheet, page: Page) -> BarChart:
    """The bridge as stacked bars, one below the other; the first of each stack is not drawn."""
    first, last = page.first_bar, page.first_bar + len(page.bars) - 1
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.gapWidth = "bar", "stacked", 100, 40
    chart.title, chart.legend = "What moved the value of a share", None
    for position, (name, colour) in enumerate(BARS.items()):
        column = BARS_FROM + 1 + position
        series = Series(Reference(sheet, min_col=column, min_row=first, max_row=last), title=name)
        drawn = GraphicalProperties(noFill=True) if colour is None else GraphicalProperties(solidFill=colour)
        drawn.line.noFill = True
        series.graphicalProperties = drawn
        chart.series.append(series)
    labels = Reference(sheet, min_col=BARS_FROM, min_row=first, max_row=last)
    for series in chart.series:
        series.cat = AxDataSource(strRef=StrRef(str(labels)))
    low, high = axis_range(page.bars)
    chart.y_axis.title = "HKD a share" + (" (the axis does not begin at zero)" if low > 0 or high < 0 else "")
    chart.y_axis.scaling.min, chart.y_axis.number_format = (low if low > 0 else None), "0.00"
    chart.y_axis.majorGridlines = None
    chart.x_axis.scaling.orientation, chart.x_axis.delete, chart.y_axis.delete = "maxMin", False, False
    chart.x_axis.number_format = "General"
    chart.title.overlay = chart.y_axis.title.overlay = False
    chart.width, chart.height = 26.0, chart_height(page.bars)
    return chart
