"""The charts that sheets declare, as native ones."""

from __future__ import annotations

from openpyxl.chart import BarChart, LineChart, Reference, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.marker import Marker
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties

from xlwings_addin.book import styles
from xlwings_addin.book.references import Book, PlacedSheet
from xlwings_addin.sheets.spec import Chart


def native_chart(book: Book, placed: PlacedSheet, chart: Chart) -> ChartBase:
    """Bars, and with them, where the chart asks for it, its last series as a line or as markers."""

    def reference(formula: str) -> Reference:
        resolved = book.resolve(formula, placed.sheet.key, "", 0)
        if "!" not in resolved:
            resolved = f"'{placed.sheet.title}'!{resolved}"
        return Reference(range_string=resolved)

    def series(position: int) -> Series:
        title, formula = chart.series[position]
        made = Series(reference(formula), title=title)
        made.graphicalProperties = GraphicalProperties(solidFill=styles.BARS[position])
        return made

    bars = BarChart()
    bars.type, bars.title, bars.style = "col", chart.title, 10
    bars.gapWidth = 60
    beside = 0 if chart.kind == "stacked" else 1
    for position in range(len(chart.series) - beside):
        bars.series.append(series(position))
    if chart.kind != "columns_and_line":
        bars.grouping, bars.overlap = "stacked", 100
    if beside:
        line = LineChart()
        over = series(len(chart.series) - 1)
        over.smooth = False
        colour = styles.BARS[-1]
        if chart.kind == "columns_and_line":
            over.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=colour, w=28575))
        else:
            over.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
            over.marker = Marker(symbol="diamond", size=11)
            over.marker.graphicalProperties = GraphicalProperties(solidFill=colour)
        line.series.append(over)
        bars += line
    bars.set_categories(reference(chart.categories))
    if chart.kind == "stacked":
        for made in bars.series:
            made.dLbls = DataLabelList(showVal=True, numFmt='0.00;-0.00;""')
            made.dLbls.showSerName = made.dLbls.showCatName = made.dLbls.showLegendKey = False
    bars.y_axis.title, bars.y_axis.number_format = chart.axis, chart.number_format
    bars.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9D9D9"))
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.x_axis.number_format = "General"
    bars.legend.position = "b"
    bars.width, bars.height = chart.size
    return bars
