"""The charts that sheets declare, as native ones, with the values a reader shows that does not calculate."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree
from openpyxl.chart import BarChart, LineChart, Reference, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.data_source import AxDataSource, NumRef, StrRef
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.marker import Marker
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties

from xlwings_addin.book import styles
from xlwings_addin.book.package import CellKey, CellValue
from xlwings_addin.book.references import Book, PlacedSheet, quoted
from xlwings_addin.book.sheet_xml import cells_in
from xlwings_addin.sheets.spec import Chart


def native_chart(book: Book, placed: PlacedSheet, chart: Chart) -> ChartBase:
    """Bars, and with them, where the chart asks for it, its last series as a line or as markers."""

    def cells(formula: str) -> str:
        resolved = book.resolve(formula, placed.sheet.key, "", 0)
        return resolved if "!" in resolved else f"{quoted(placed.sheet.title)}!{resolved}"

    def series(position: int) -> Series:
        title, formula = chart.series[position]
        made = Series(Reference(range_string=cells(formula)), title=title)
        made.graphicalProperties = GraphicalProperties(solidFill=styles.BARS[position % len(styles.BARS)])
        texts = ":label" in chart.categories or ":heading" in chart.categories
        along = cells(chart.categories)
        made.cat = AxDataSource(strRef=StrRef(along)) if texts else AxDataSource(numRef=NumRef(along))
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
            over.marker.graphicalProperties = GraphicalProperties(solidFill=styles.MARKER)
        line.series.append(over)
        bars += line
    if chart.value_labels:
        for made in bars.series:
            made.dLbls = DataLabelList(showVal=True)
            made.dLbls.showSerName = made.dLbls.showCatName = made.dLbls.showLegendKey = False
    bars.y_axis.title, bars.y_axis.number_format = chart.axis, chart.number_format
    bars.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9D9D9"))
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.x_axis.number_format = "General"
    bars.title.overlay = bars.y_axis.title.overlay = bars.legend.overlay = False
    bars.legend.position = "b"
    bars.width, bars.height = chart.size
    return bars


_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def charted_cells(part: bytes) -> list[CellKey]:
    """The cells that a chart's part shows, in its order, each as often as it stands there."""
    return [cell for reference in _references(etree.fromstring(part)) for cell in _cells_of(reference)]


def with_cached_values(part: bytes, values: Mapping[CellKey, CellValue]) -> bytes:
    """A chart's part with the values of its cells kept inside, as Excel keeps them.

    A viewer that does not calculate draws a chart from these alone.
    """
    chart = etree.fromstring(part)
    for reference in _references(chart):
        numeric = reference.tag == f"{_CHART}numRef"
        for old in reference.findall(f"{_CHART}numCache") + reference.findall(f"{_CHART}strCache"):
            reference.remove(old)
        cache = etree.SubElement(reference, f"{_CHART}{'num' if numeric else 'str'}Cache")
        if numeric:
            etree.SubElement(cache, f"{_CHART}formatCode").text = "General"
        cells = _cells_of(reference)
        etree.SubElement(cache, f"{_CHART}ptCount", val=str(len(cells)))
        for index, cell in enumerate(cells):
            value = values[cell]
            if value is None:
                continue
            point = etree.SubElement(cache, f"{_CHART}pt", idx=str(index))
            etree.SubElement(point, f"{_CHART}v").text = (
                repr(value) if isinstance(value, float) else str(value)
            )
    return bytes(etree.tostring(chart, xml_declaration=True, encoding="UTF-8", standalone=True))


def _references(chart: etree._Element) -> list[etree._Element]:
    return [*chart.iter(f"{_CHART}numRef", f"{_CHART}strRef")]


def _cells_of(reference: etree._Element) -> list[CellKey]:
    title, _, area = (reference.findtext(f"{_CHART}f") or "").rpartition("!")
    return [(title.strip("'"), cell) for cell in cells_in(area.replace("$", ""))]
