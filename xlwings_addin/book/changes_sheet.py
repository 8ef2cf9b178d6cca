"""The sheet Changes: what a share was worth, what moved it, what changed, what was kept.

`changes_page` and `differences_page` are its content, for a refresh (of a file as of a book that is open in a
spreadsheet program) and for two workbooks; `write_page` gives it its look and the bridge as a native chart.
It is a record: typed values, and nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from openpyxl.chart import BarChart, Reference, Series
from openpyxl.chart.data_source import AxDataSource, StrRef
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.book import styles
from xlwings_addin.book.differences_page import MOST_LISTED
from xlwings_addin.book.package import CellKey, CellValue
from xlwings_addin.book.sheet_xml import join_address
from xlwings_addin.book.waterfall import FALL, RISE, TOTAL, Step, axis_range, shown_step, waterfall
from xlwings_addin.model.bridge import Bridge

if TYPE_CHECKING:
    from xlwings_addin.book.differences import Differences
    from xlwings_addin.book.refresh import Change, Refreshed

TITLE: Final = "Changes"
WIDTHS: Final = (46, 22, 16, 16, 16, 42, 13)
BARS_FROM: Final = len(WIDTHS) + 2
"""The column from which the lengths of the bars stand, beside everything a reader reads."""
LINE_HEIGHT: Final = 13.5
CM_OF_A_ROW: Final = 0.53
"""A row of 15 points: how much of a chart it has room for."""
BARS: Final = {"Start": None, "Total": TOTAL, "Rise": RISE, "Fall": FALL, "Below zero": styles.RULE}
"""The stacked series and their colours; the first carries the others to where they stand."""

LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"font": styles.TITLE},
    "purpose": {"font": styles.PURPOSE},
    "block": {"font": styles.BLOCK, "fill": styles.BLOCK_FILL},
    "heading": {"font": styles.HEADING, "fill": styles.HEADING_FILL},
    "row": {"font": styles.LABEL},
}

Look = Literal["title", "purpose", "block", "heading", "row"]


@dataclass(frozen=True)
class Line:
    """A row of the sheet: how it looks, its values from the first column on, and the unit of its figures."""

    look: Look
    values: tuple[CellValue, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Page:
    """The rows of the sheet from the first on, and where the bars of the chart stand among them, if any."""

    lines: tuple[Line, ...]
    bars: tuple[Step, ...] = ()
    first_bar: int = 0

    def values(self, title: str) -> dict[CellKey, CellValue]:
        """The page as values of cells, for a host that writes them one and all."""
        return {
            (title, join_address(row, column)): value
            for row, line in enumerate(self.lines, 1)
            for column, value in enumerate(line.values, 1)
            if value is not None
        }


def changes_page(done: Refreshed) -> Page:
    """What a refresh did, as a page: value, bridge, inputs updated, and what of the analyst's was kept."""
    found = done.plan
    lines = _head(f"What the refresh of {done.time} did", done.case, done.value_before, done.value_after)
    lines += [Line("row", ("Tables", done.tables)), *_notes(done.notes)]
    bars, first_bar = _add_bridge(lines, done.bridge)
    lines += _table("Inputs updated", found.updated, kept=False)
    lines += _table("Overrides kept", found.overrides, kept=True)
    lines += _table("Formulas kept", found.formulas, kept=True)
    lines += _table("Texts kept", found.texts_kept, kept=True)
    return Page(tuple(lines), bars, first_bar)


def differences_page(found: Differences) -> Page:
    """What differs between two workbooks, as a page: value, bridge, cells by what happened to them."""
    moved = found.bridge
    values: tuple[str, CellValue, CellValue] = ("", None, None)
    if moved is not None:
        values = (moved.after_case, moved.before, moved.after)
    lines = _head(f"What differs between {found.before} and {found.after}", *values)
    lines += _notes(found.notes)
    bars, first_bar = _add_bridge(lines, moved)
    for kind, count in found.counts.items():
        cells = [each for each in found.cells if each.kind == kind]
        if not cells:
            continue
        lines.append(Line("block", (f"{kind.capitalize()}: {count}",)))
        lines.append(Line("heading", ("Line", "Where", "", "Before", "After", "Formula after")))
        lines += [
            Line("row", (each.label, f"{each.sheet}!{each.cell}", None, each.old, each.new, each.new_formula))
            for each in cells[:MOST_LISTED]
        ]
        if count > MOST_LISTED:
            lines.append(Line("row", (f"and {count - MOST_LISTED} more",)))
        lines.append(Line("row"))
    return Page(tuple(lines), bars, first_bar)


def _head(what: str, case: str, before: CellValue, after: CellValue) -> list[Line]:
    change = after - before if isinstance(before, float) and isinstance(after, float) else None
    return [
        Line("title", ("Changes",)),
        Line("purpose", (f"{what}. A record: nothing depends on this sheet.",)),
        Line("row"),
        Line("heading", ("Value of a share", "Case", "Before", "After", "Change")),
        Line("row", ("HKD a share", case, before, after, change), "HKD"),
    ]


def _notes(notes: Iterable[str]) -> list[Line]:
    return [*(Line("row", ("Note", note)) for note in notes), Line("row")]


def _add_bridge(lines: list[Line], bridge: Bridge | None) -> tuple[tuple[Step, ...], int]:
    """Add a bridge to the lines, with room for its chart; its bars, and the row of the first."""
    if bridge is None:
        return (), 0
    bars = waterfall(bridge)
    lines += [
        Line("block", ("What moved it",)),
        Line("heading", ("Driver", "HKD a share", "Standard error")),
    ]
    first_bar = len(lines) + 1
    for each in bars:
        unit = "HKD" if each.kind == "total" else "change"
        lines.append(Line("row", (each.label, _part(each), each.error or None), unit))
    lines += [Line("row")] * (2 + round(_height(bars) / CM_OF_A_ROW))
    return bars, first_bar


def _height(bars: Sequence[Step]) -> float:
    """Of the chart, in cm."""
    return 3.0 + 0.8 * len(bars)


def _part(step: Step) -> float:
    return step.end if step.kind == "total" else step.end - step.start


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


def _table(title: str, changes: Sequence[Change], *, kept: bool) -> Iterator[Line]:
    """A table of changes; of what was kept it shows what the tables have, of what was not, what was."""
    if not changes:
        return
    yield Line("block", (f"{title}: {len(changes)}",))
    yield Line(
        "heading",
        ("Line", "Where", "Case", *(("Kept", "Tables") if kept else ("Before", "After")), "Source", "Known"),
    )
    for each in changes:
        pair = (each.after, each.tables) if kept else (each.before, each.after)
        yield Line("row", (each.label, each.place, each.case, *pair, each.source, each.as_of), each.unit)
    yield Line("row")


def write_page(page: Page, sheet: Worksheet) -> None:
    """Fill an empty sheet with a page, as our other sheets look."""
    painter = styles.Painter()
    following = [*page.lines[1:], Line("row")]
    for row, (line, below) in enumerate(zip(page.lines, following, strict=True), 1):
        width = len(WIDTHS) if line.look in ("block", "heading") else len(line.values)
        for position in range(width):
            value = line.values[position] if position < len(line.values) else None
            figures = below.values if line.look == "heading" else line.values
            right = position < len(figures) and isinstance(figures[position], float)
            cell = sheet.cell(row, position + 1, value)
            shown = styles.number_format(line.unit) if isinstance(value, float) else "General"
            alignment = styles.RIGHT if right else styles.BESIDE_FIGURES if position else styles.TOP
            if line.look in ("title", "purpose"):
                alignment = styles.TOP
            painter.paint(cell, number_format=shown, alignment=alignment, **LOOKS[line.look])
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
    return f"{step.label}: {shown_step(step)}", *_lengths(step).values()


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
    chart.width, chart.height = 26.0, _height(page.bars)
    return chart
