"""Cover: what a share is worth against its price, whether to trust that, and the way in, on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.sheets import (
    checks,
    conclusion,
    pictures,
    recalculation,
    sensitivities,
    sheets,
    success,
    tiles,
)
from xlwings_addin.sheets.every_case import STREET, inputs_of_table, live_widths
from xlwings_addin.sheets.every_case import block as every_case
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    NOTE,
    UNIT,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
    constant,
)
from xlwings_addin.valuation.parts import REQUIRED_KEY
from xlwings_addin.valuation.xiaomi import Results

COLUMNS: Layout = {"constant": Columns(FIRST_COLUMN, ("Selected case",), 11.0)}

CHOICE: Layout = {"constant": Columns(FIRST_COLUMN, ("",), 11.0, align="over")}
"""Of the selected case, whose name may be longer than a column of figures is wide."""


LEGEND = (
    ("input", "Input", "blue: typed, yours to change, with its source"),
    ("override", "Override", "shaded: what a case sets itself; a black cell follows the case it extends"),
    ("formula", "Formula", "black: computed from other cells"),
    ("link", "Link", "green: shows a figure of another sheet"),
    ("stored", "Stored", "grey: kept by the last build or refresh"),
)


def _sample(_: Results) -> str:
    """What the legend shows in each style."""
    return "1,234"


def _selection(context: Context) -> Line:
    return Line(
        "selected_case",
        "Selected case",
        "text",
        {"constant": Entry(lambda r: r.case, kind="input", choices=context.cases)},
        note="choose from the list: the whole workbook follows",
        name="selected_case",
    )


def _selected(context: Context) -> list[Line]:
    """What the selected case comes to, one figure a line."""
    return [
        constant(
            "case_index",
            "MATCH({selected_case},{inputs.case_name:cases[all]},0)",
            lambda r: context.cases.index(r.case) + 1,
            label="Its position among the cases",
            unit="count",
        ),
        constant(
            "valuation_date",
            "{inputs.valuation_date}",
            lambda r: r.inputs["valuation_date"],
            label="Valuation date",
            unit="date",
        ),
        constant(
            "value_per_share",
            "{sotp.value_per_share}",
            lambda r: r.sotp.value_per_share,
            label="Value per share",
            unit="{listing}",
            total=True,
        ),
        constant(
            "price",
            f"{{inputs.{context.company.price_key}}}",
            lambda r: r.price,
            label="Price",
            unit="{listing}",
        ),
        constant(
            "upside",
            "{sotp.upside}",
            lambda r: r.sotp.upside,
            label="Upside",
            unit="ratio",
            note="value / price - 1",
        ),
        *_advice(context.company),
        constant(
            "margin_of_safety",
            "{sotp.margin_of_safety}",
            lambda r: r.sotp.margin_of_safety,
            label="Margin of safety",
            unit="ratio",
            note="1 - price / value: the upside to another base, for readers who know it",
        ),
        constant(
            "overall",
            "{checks.overall}",
            lambda r: checks.overall(context, r),
            label="All checks",
            unit="status",
            note="see Checks for each one, its limit and what it means",
            total=True,
        ),
    ]


def _advice(company: Company) -> list[Line]:
    """The price to buy below, of a company that says which margin of safety it requires."""
    if not company.parameters.has(REQUIRED_KEY):
        return []
    note = "value less the margin of safety that the case requires, see Inputs"
    return [
        constant(
            "buy_below",
            "{sotp.buy_below}",
            lambda r: r.sotp.buy_below,
            label="Buy below",
            unit="{listing}",
            note=note,
        ),
    ]


def _legend() -> list[Line]:
    return [
        Line(
            f"legend_{style}",
            label,
            "",
            {"constant": Entry(_sample, kind="text", unit=f"legend {style}")},
            note,
        )
        for style, label, note in LEGEND
    ]


def _contents(context: Context) -> list[Line]:
    return [
        Line(f"go_{sheet.key}", sheet.title, "", {}, note=sheet.purpose, link=sheet.title)
        for sheet in sheets(context.company)
        if sheet.key != "cover"
    ]


def _range_of_cases(context: Context) -> pictures.Range:
    """From the lowest to the highest case that carries a weight, through the value of the selected one."""
    counted = f"{{stored_{context.cases[0]}:counts}}:{{stored_{context.cases[-1]}:counts}}"

    def end(pick: Callable[..., float], function: str) -> tuple[pictures.Of, str]:
        def value(r: Results) -> float:
            values = [float(context.results[case].sotp.value_per_share) for case in context.weights]
            return pick(values, default=float(r.sotp.value_per_share))

        return value, f"IF(COUNT({counted})=0,{pictures.WORTH},{function}({counted}))"

    low, high = end(min, "MIN"), end(max, "MAX")
    return pictures.Range(
        "cases",
        "Cases with a weight",
        low,
        (
            lambda r: max(low[0](r), min(high[0](r), float(r.sotp.value_per_share))),
            f"MAX({{field_cases:low}},MIN({{field_cases:high}},{pictures.WORTH}))",
        ),
        high,
    )


def _ranges_of_methods(company: Company) -> list[pictures.Range]:
    """What a share is worth by every method of a part that has several, all else as in the case."""

    def row(part: PartEntry) -> pictures.Range:
        methods = company.methods_of(part.key)
        own = ",".join(f"{{sotp.method_{part.key}_{one.method}:per_share}}" for one in methods)

        def end(pick: Callable[..., float], function: str) -> tuple[pictures.Of, str]:
            def value(r: Results) -> float:
                values = [r.segments[one.key].valuation.enterprise_value for one in methods]
                other = pick(float(r.model.sotp.per_share(value)) for value in values)
                step = other - r.sotp.part(part.key).per_share
                return float(r.sotp.value_per_share + step * (1 - r.inputs.number("holding_discount")))

            formula = (
                f"{pictures.WORTH}+({function}({own})-{{sotp.{part.key}:per_share}})"
                "*(1-{inputs.holding_discount:live})"
            )
            return value, formula

        middle = (lambda r: float(r.sotp.value_per_share)), pictures.WORTH
        label = f"{part.short} by {len(methods)} methods"
        return pictures.Range(part.key, label, end(min, "MIN"), middle, end(max, "MAX"))

    return [row(part) for part in discounted_parts(company) if len(company.methods_of(part.key)) > 1]


def _ranges(context: Context) -> list[pictures.Range]:
    """The rows of the football field: the cases with a weight, and other people's sums of the parts."""
    ranges = [_range_of_cases(context)] if len(context.cases) > 1 else []
    ranges += _ranges_of_methods(context.company)
    street = [context.tables.row(STREET, period).number for period in context.tables.periods(STREET)]
    if len(street) > 1:
        cells = f"{{street_1:street}}:{{street_{len(street)}:street}}"
        ends = ((lambda _: min(street)), f"MIN({cells})"), ((lambda _: max(street)), f"MAX({cells})")
        middle = (lambda _: sum(street) / len(street)), f"AVERAGE({cells})"
        ranges.append(pictures.Range("street", "Street's sums of the parts", ends[0], middle, ends[1]))
    return ranges


def blocks(context: Context) -> list[Block]:
    ranges = _ranges(context)
    return [
        tiles.block(context),
        conclusion.block(context),
        Block("Choose a case", [_selection(context)], CHOICE),
        every_case(context, CHART_ROWS),
        success.block(context),
        Block("The selected case", _selected(context), new_page=True),
        recalculation.block(context),
        *([Block("The table of every case", inputs_of_table(context))] if context.live_cases else []),
        Block("Contents", _contents(context)),
        Block("Legend", _legend()),
        *([pictures.field(ranges)] if ranges else []),
        pictures.waterfall(context.company),
        success.behind(context),
    ]


CHART_ROWS, TORNADO_BARS, TORNADO = 13, 9, (14.0, 5.7)
"""Rows that the two upper pictures take; how many inputs the tornado has, and its size beside no cells."""
FIGURES = {FIRST_COLUMN + place: 12.0 if place < len(success.ACROSS) else 17.0 for place in range(10)}
"""Widths of the columns of figures: right of the grid the tornado takes them, whose labels are long."""
SHORT = "General"
"""How the tornado's axis is written: a hundred without decimals, for which there is no room."""


def charts(context: Context) -> list[Chart]:
    ranges, above = _ranges(context), "weighted_value"
    tornado = sensitivities.tornado_chart(
        context, TORNADO_BARS, ("I", success.FIRST), below=-1, size=TORNADO, legend=False
    )
    until = "", above, CHART_ROWS
    tornado = replace(tornado, until=("", success.LAST, 1), number_format=SHORT)
    return [
        *([pictures.field_chart(context, ranges, ("A", above), ("E", *until[1:]))] if ranges else []),
        pictures.waterfall_chart(context, ("F", above), until),
        tornado,
    ]


headline = conclusion.headline

SHEET = Sheet(
    "cover",
    "Cover",
    "{name} ({ticker}): sum-of-the-parts valuation",
    blocks,
    columns=lambda _: COLUMNS,
    charts=charts,
    widths={LABEL: 22.0, UNIT: 11.0, NOTE: 43.0, **FIGURES},
    own_widths=live_widths,
    place=10,
)
