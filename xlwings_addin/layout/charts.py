"""The charts that sheets declare, as native ones, with the values a reader shows that does not calculate."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree
from openpyxl.chart import BarChart, LineChart, Reference, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.data_source import AxDataSource, NumRef, StrRef
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.legend import LegendEntry
from openpyxl.chart.marker import Marker
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RichTextProperties,
)
from openpyxl.utils import column_index_from_string

from xlwings_addin.layout import styles
from xlwings_addin.layout.references import Book, PlacedSheet, quoted
from xlwings_addin.sheets.spec import Chart
from xlwings_addin.sheets.spec import Series as Declared
from xlwings_addin.xlsx.addresses import cells_in
from xlwings_addin.xlsx.package import CellKey, CellValue

GAP, OF_THE_LAST_COLUMN = 120_000, 640_000
"""How far right of what stands beside it a chart begins, and how far it reaches into its last column.

In the units of drawings, of which 360,000 are a centimetre; columns of figures have 2.2.
"""


def native_chart(book: Book, placed: PlacedSheet, chart: Chart) -> ChartBase:
    """Bars and, over them, the series that are no bars; the names of series nobody sees are no legend."""
    made = [_series(book, placed, chart, position) for position in range(len(chart.series))]
    bars = BarChart()
    bars.type, bars.title, bars.style = "bar" if chart.flat else "col", chart.title, 10
    if chart.flat:
        bars.x_axis.scaling.orientation = "maxMin"
    if chart.from_zero:
        bars.y_axis.scaling.min = 0
    bars.gapWidth = 60
    bars.series.extend(one for one, drawn in made if drawn in ("bar", "space"))
    if chart.stacked:
        bars.grouping, bars.overlap = "stacked", 100
    if chart.flat:
        bars.overlap = 100
    others = [one for one, drawn in made if drawn not in ("bar", "space")]
    if others:
        line = LineChart()
        line.series.extend(others)
        bars += line
    bars.y_axis.title, bars.y_axis.number_format = chart.axis, chart.number_format
    bars.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9D9D9"))
    bars.x_axis.delete = bars.y_axis.delete = False
    bars.x_axis.number_format, bars.x_axis.tickLblPos = "General", "low"
    bars.title.overlay = bars.y_axis.title.overlay = False
    _title(bars, book, placed, chart.title)
    bars.y_axis.title.tx.rich.p[0].r[0].rPr = AXIS_FONT
    bars.x_axis.txPr = bars.y_axis.txPr = _text(AXIS_FONT)
    _legend(bars, chart)
    bars.width, bars.height = chart.size
    return bars


def anchor_of(placed: PlacedSheet, chart: Chart) -> str | TwoCellAnchor:
    """The cell that a chart hangs on, or the cells that it covers, a little of the last column left free."""
    column, key = chart.anchor
    row = placed.lines[key][0].rows[key] + chart.below
    if chart.until is None:
        return f"{column}{row}"
    last, last_key, further = chart.until
    first = column_index_from_string(column) - 1
    start = AnchorMarker(col=first, colOff=GAP if first else 0, row=row - 1)
    end = AnchorMarker(
        col=column_index_from_string(last) - 1 if last else placed.last_printed - 1,
        colOff=OF_THE_LAST_COLUMN,
        row=placed.lines[last_key][0].rows[last_key] + further,
    )
    return TwoCellAnchor(editAs="oneCell", _from=start, to=end)


def _title(bars: BarChart, book: Book, placed: PlacedSheet, title: str) -> None:
    """The font of a title; one that is a reference is linked to its cell."""
    if title.startswith("{"):
        bars.title.tx = Text(strRef=StrRef(_cells(book, placed, title)))
        bars.title.txPr = _text(TITLE_FONT)
        return
    bars.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=TITLE_FONT)
    bars.title.tx.rich.p[0].r[0].rPr = TITLE_FONT


TITLE_FONT = CharacterProperties(sz=1100, b=True)
AXIS_FONT = CharacterProperties(sz=800, b=False)


def _text(font: CharacterProperties) -> RichText:
    level = RichTextProperties(rot=0, vert="horz")
    return RichText(bodyPr=level, p=[Paragraph(pPr=ParagraphProperties(defRPr=font), endParaRPr=font)])


def _legend(bars: BarChart, chart: Chart) -> None:
    if not chart.legend:
        bars.legend = None
        return
    bars.legend.overlay, bars.legend.position = False, "b"
    hidden = [
        place for place, one in enumerate(_in_order(chart)) if one.drawn in ("space", "label", "label below")
    ]
    bars.legend.legendEntry = [LegendEntry(idx=place, delete=True) for place in hidden]


def _in_order(chart: Chart) -> list[Declared]:
    """The series as the file counts them: bars first."""
    bars = [one for one in chart.series if one.drawn in ("bar", "space")]
    return [*bars, *(one for one in chart.series if one not in bars)]


def _series(book: Book, placed: PlacedSheet, chart: Chart, position: int) -> tuple[Series, str]:
    """A series as the file has it, and how it is drawn."""

    one = chart.series[position]
    made = Series(Reference(range_string=_cells(book, placed, one.cells)), title=one.name)
    texts = any(word in chart.categories for word in (":label", ":heading", ":caption"))
    along = _cells(book, placed, chart.categories)
    made.cat = AxDataSource(strRef=StrRef(along)) if texts else AxDataSource(numRef=NumRef(along))
    _draw(made, one, one.colour or styles.BARS[position % len(styles.BARS)])
    if one.labels:
        made.dLbls = DataLabelList(showVal=True, numFmt=one.labels)
        made.dLbls.showSerName = made.dLbls.showCatName = made.dLbls.showLegendKey = False
        made.dLbls.txPr = _text(AXIS_FONT)
        if one.drawn in ("label", "label below"):
            made.dLbls.position = "t" if one.drawn == "label" else "b"
    return made, one.drawn


def _cells(book: Book, placed: PlacedSheet, reference: str) -> str:
    """The cells of a reference, with the title of their sheet."""
    resolved = book.resolve(reference, placed.sheet.key, "", 0)
    return resolved if "!" in resolved else f"{quoted(placed.sheet.title)}!{resolved}"


def _draw(made: Series, one: Declared, colour: str) -> None:
    """Colours, lines and markers of a series."""
    nothing = GraphicalProperties(ln=LineProperties(noFill=True))
    if one.drawn == "bar":
        made.graphicalProperties = GraphicalProperties(solidFill=colour)
        if one.colour:
            made.graphicalProperties.line.noFill = True
        return
    if one.drawn == "space":
        made.graphicalProperties = GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))
        return
    made.smooth, made.graphicalProperties = False, nothing
    made.marker = Marker(symbol="none")
    if one.drawn == "line":
        over = one.colour or styles.BARS[-1]
        made.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=over, w=28575))
    elif one.drawn == "marker":
        made.marker = Marker(symbol="diamond", size=11)
        made.marker.graphicalProperties = GraphicalProperties(solidFill=one.colour or styles.MARKER)


_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def charted_cells(part: bytes) -> list[CellKey]:
    """The cells that a chart's part shows, in its order, each as often as it stands there."""
    return [cell for reference in _references(etree.fromstring(part)) for cell in _cells_of(reference)]


def with_cached_values(part: bytes, values: Mapping[CellKey, CellValue]) -> bytes:
    """A chart's part with the values of its cells kept inside, as Excel keeps them.

    A viewer that does not calculate draws a chart from these alone.
    """
    chart = etree.fromstring(part)
    for labels in chart.iter(f"{_CHART}dLbls"):
        for shape in labels.iterfind(f"{_CHART}numFmt"):
            shape.set("sourceLinked", "0")  # openpyxl leaves it out, and readers take the cells' format
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
            if value is None or (numeric and not isinstance(value, float)):
                continue  # a word among figures is a gap; in a cache of numbers it would be damage
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
