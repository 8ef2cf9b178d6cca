"""Cover: what a share is worth against its price, whether to trust that, and the way in, on one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import checks, conclusion, inputs, pictures, sheets, tiles
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
from xlwings_addin.valuation.xiaomi import Results, weighted_value

COLUMNS: Layout = {"constant": Columns(FIRST_COLUMN, ("Selected case",), 11.0)}


def _cases_layout(company: Company) -> Layout:
    """Title, value and parts of a case, its price, weight and what differs."""
    parts = [(part.key, part.short) for part in discounted_parts(company)]
    columns = [
        ("value", "Value"),
        *parts,
        ("net_cash", "Cash and other"),
        ("price", "Price"),
        ("upside", "Upside"),
        ("probability", "Probability"),
        ("street", "Street"),
        ("differs", "Rows that differ"),
        ("counts", "Counts"),
    ]
    return {
        "title": Columns(NOTE, ("Case",), align="left"),
        **{
            key: Columns(FIRST_COLUMN + place, (heading,), 11.0)
            for place, (key, heading) in enumerate(columns)
        },
    }


STREET = "street_sum_of_parts"
LEGEND = (
    ("input", "Input", "blue: typed, yours to change, with its source"),
    ("override", "Override", "shaded: what a case sets itself; a black cell follows the case it extends"),
    ("formula", "Formula", "black: computed from other cells"),
    ("link", "Link", "green: shows a figure of another sheet"),
    ("stored", "Stored", "grey: each case's result, kept by the last build"),
)


def _sample(_: Results) -> str:
    """What the legend shows in each style."""
    return "1,234"


def _stored(case: str, context: Context) -> Line:
    position = context.cases.index(case) + 1

    def entry(reference: str, value: Callable[[Results], float | str], unit: str = "{listing}") -> Entry:
        return Entry(lambda _: value(context.results[case]), reference, kind="stored", case=case, unit=unit)

    return Line(
        f"stored_{case}",
        case,
        "{listing} a share",
        {
            "title": entry("{inputs.case_title}", lambda r: str(r.inputs["case_title"]), "text"),
            "value": entry("{sotp.value_per_share}", lambda r: r.sotp.value_per_share),
            **{
                part.key: entry(
                    f"{{sotp.{part.key}:per_share}}",
                    lambda r, key=part.key: r.sotp.part(key).per_share,  # type: ignore[misc]
                )
                for part in discounted_parts(context.company)
            },
            "net_cash": entry("{sotp.cash_and_other_per_share}", lambda r: r.sotp.cash_and_other_per_share),
            "price": entry("{sotp.price}", lambda r: r.price),
            "upside": entry("{sotp.upside}", lambda r: r.sotp.upside, "ratio"),
            "probability": Entry(
                lambda _: context.weights.get(case, 0.0),
                f"IF({{inputs.valuation_date:cases[{position}]}}={{inputs.valuation_date:cases[1]}},"
                f"{{inputs.probability:cases[{position}]}},0)",
                unit="ratio",
            ),
            "differs": Entry(
                lambda _: inputs.rows_that_differ(context, case),
                f"{{inputs.{inputs.DIFFERS}:cases[{position}]}}",
                unit="count",
            ),
            "counts": Entry(
                lambda _: _counts(context, case),
                f'IF({{stored_{case}:probability}}>0,{{stored_{case}:value}},"{UNDEFINED}")',
                unit="{listing}",
            ),
        },
        note="its value counts where it has a probability and the valuation date of the first",
    )


def _counts(context: Context, case: str) -> float | str:
    """The value of a case that carries a weight in the view that the workbook opens with."""
    return float(context.results[case].sotp.value_per_share) if case in context.weights else UNDEFINED


def _street(context: Context) -> list[Line]:
    """What brokers have published as their sums of the parts, beside the cases."""
    rows = [context.tables.row(STREET, period) for period in context.tables.periods(STREET)]

    newest = max(results.inputs.day("valuation_date") for results in context.results.values())

    def later(day: date) -> str:
        return "after the valuation date" if day > newest else ""

    def printed(value: float) -> Entry:
        return Entry(lambda _: value, kind="text", unit="{listing}")

    return [
        Line(
            f"street_{number}",
            f"Street, {row.period}",
            "{listing} a share",
            {"street": printed(row.number)},
            note="; ".join(filter(None, (row.source, row.note, later(row.as_of)))),
        )
        for number, row in enumerate(rows, 1)
    ]


def _weighted(context: Context) -> Line:
    """The cases' values by their probabilities."""

    def column(group: str) -> str:
        return f"{{stored_{context.cases[0]}:{group}}}:{{stored_{context.cases[-1]}:{group}}}"

    return Line(
        "weighted_value",
        "Weighted by probability",
        "{listing} a share",
        {
            "value": Entry(
                lambda _: weighted_value(context.results.values()),
                f'IF(SUM({column("probability")})=0,"{UNDEFINED}",'
                f"SUMPRODUCT({column('value')},{column('probability')}))",
                unit="{listing}",
            ),
            "probability": Entry(
                lambda _: sum(context.weights.values()),
                f"SUM({column('probability')})",
                unit="ratio",
            ),
        },
        note="cases with a probability of 0 are not in it",
        total=True,
    )


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
    stored, ranges = [_stored(case, context) for case in context.cases], _ranges(context)
    return [
        tiles.block(context),
        conclusion.block(context),
        Block("Choose a case", [_selection(context)]),
        Block(
            "Every case, as last built",
            [*stored, *_street(context), _weighted(context)],
            _cases_layout(context.company),
            room=CHART_ROWS,
        ),
        Block("The selected case", _selected(context), new_page=True),
        Block("Contents", _contents(context)),
        Block("Legend", _legend()),
        *([pictures.field(ranges)] if ranges else []),
        pictures.waterfall(context.company),
    ]


CHART_ROWS = 9
"""Rows that the pictures take."""
BEFORE_WATERFALL, COLUMN_WIDTH = 3, 2.7
"""Columns of the cases left of the second picture, and how wide one is in a picture's centimetres."""


def charts(context: Context) -> list[Chart]:
    ranges, columns = _ranges(context), len(_cases_layout(context.company)) - BEFORE_WATERFALL
    field = [pictures.field_chart(context, ranges, ("A", "weighted_value"), 1)] if ranges else []
    return [
        *field,
        pictures.waterfall_chart(context, ("F", "weighted_value"), 1, columns * COLUMN_WIDTH),
    ]


headline = conclusion.headline

SHEET = Sheet(
    "cover",
    "Cover",
    "{name} ({ticker}): sum-of-the-parts valuation",
    blocks,
    columns=lambda _: COLUMNS,
    charts=charts,
    widths={LABEL: 22.0, UNIT: 11.0, NOTE: 38.0},
    place=10,
)
