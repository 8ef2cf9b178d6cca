"""Cover: what the model says in a sentence, whether to trust it, every case, and the way in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from xlwings_addin.model.valuation import UNDEFINED
from xlwings_addin.model.xiaomi import Results, weighted_value
from xlwings_addin.sheets import checks, sheets
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    NOTE,
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

COLUMNS: Layout = {"constant": Columns(FIRST_COLUMN, ("Selected case",), 24.0)}
CASES: Layout = {
    "value": Columns(FIRST_COLUMN, ("Value",), 15.0),
    "core": Columns(FIRST_COLUMN + 1, ("Core",), 12.0),
    "vehicle": Columns(FIRST_COLUMN + 2, ("Vehicles",), 12.0),
    "net_cash": Columns(FIRST_COLUMN + 3, ("Cash and other",), 14.0),
    "price": Columns(FIRST_COLUMN + 4, ("Price",), 12.0),
    "margin_of_safety": Columns(FIRST_COLUMN + 5, ("Margin of safety",), 16.0),
    "probability": Columns(FIRST_COLUMN + 6, ("Probability",), 12.0),
    "street": Columns(FIRST_COLUMN + 7, ("Street",), 12.0),
}
STREET = "street_sum_of_parts"
LEGEND = (
    ("input", "Input", "blue: typed, yours to change, with its source"),
    ("formula", "Formula", "black: computed from other cells"),
    ("link", "Link", "green: shows a figure of another sheet"),
    ("stored", "Stored", "grey: each case's result, kept by the last build"),
)


def _sample(_: Results) -> str:
    """What the legend shows in each style."""
    return "1,234"


def _rounded(value: float, places: int = 2) -> str:
    """A number as a spreadsheet's TEXT writes it: fifteen digits, halves away from zero, no minus nought."""
    digits = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(abs(digits) if digits == 0 else digits)


def _percent(share: float) -> str:
    return f"{_rounded(share * 100, 0)}%"


def _sentence(r: Results) -> str:
    margin = r.sotp.margin_of_safety
    if isinstance(margin, str):
        gap = "nothing is left for the shares."
    elif margin >= 0:
        gap = f"a margin of safety of {_percent(margin)}."
    else:
        gap = f"the value is {_percent(-r.sotp.upside)} below the price."
    price = r.inputs.number("price_hkd")
    return (
        f"{r.inputs['case_title']}: a share is worth HKD {_rounded(r.sotp.value_per_share)} "
        f"(core business {_rounded(r.sotp.core.per_share)}, vehicles {_rounded(r.sotp.vehicle.per_share)}, "
        f"cash and other {_rounded(r.sotp.cash_and_other_per_share)}) against a price of "
        f"HKD {_rounded(price)}: {gap}"
    )


def _money(reference: str) -> str:
    return f'TEXT({reference},"0.00")'


SENTENCE_FORMULA = (
    '{inputs.case_title}&": a share is worth HKD "&' + _money("{sotp.value_per_share}")
    + '&" (core business "&' + _money("{sotp.core:per_share}")
    + '&", vehicles "&' + _money("{sotp.vehicle:per_share}")
    + '&", cash and other "&' + _money("{sotp.cash_and_other_per_share}") + '&") against a price of HKD "&'
    + _money("{sotp.price}") + '&": "&IF(ISNUMBER({sotp.margin_of_safety}),IF({sotp.margin_of_safety}>=0,'
    '"a margin of safety of "&TEXT({sotp.margin_of_safety},"0%")&".",'
    '"the value is "&TEXT(-{sotp.upside},"0%")&" below the price."),"nothing is left for the shares.")'
)  # fmt: skip


def _stored(case: str, title: str, context: Context) -> Line:
    position = context.cases.index(case) + 1

    def entry(reference: str, value: Callable[[Results], float | str], unit: str = "HKD") -> Entry:
        return Entry(lambda _: value(context.results[case]), reference, kind="stored", case=case, unit=unit)

    return Line(
        f"stored_{case}",
        case,
        "HKD a share",
        {
            "value": entry("{sotp.value_per_share}", lambda r: r.sotp.value_per_share),
            "core": entry("{sotp.core:per_share}", lambda r: r.sotp.core.per_share),
            "vehicle": entry("{sotp.vehicle:per_share}", lambda r: r.sotp.vehicle.per_share),
            "net_cash": entry("{sotp.cash_and_other_per_share}", lambda r: r.sotp.cash_and_other_per_share),
            "price": entry("{sotp.price}", lambda r: r.inputs.number("price_hkd")),
            "margin_of_safety": entry("{sotp.margin_of_safety}", lambda r: r.sotp.margin_of_safety, "ratio"),
            "probability": Entry(
                lambda _: context.results[case].inputs.number("probability"),
                f"{{inputs.probability:cases[{position}]}}",
                unit="ratio",
            ),
        },
        note=title,
    )


def _street(context: Context) -> list[Line]:
    """What brokers have published as their sums of the parts, beside the cases."""
    rows = [context.tables.row(STREET, period) for period in context.tables.periods(STREET)]

    known = max(results.inputs.day("valuation_date") for results in context.results.values())

    def later(day: date) -> str:
        return "after the valuation date" if day > known else ""

    def printed(value: float) -> Entry:
        return Entry(lambda _: value, kind="text", unit="HKD")

    return [
        Line(
            f"street_{number}",
            f"Street, {row.period}",
            "HKD a share",
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
        "HKD a share",
        {
            "value": Entry(
                lambda _: weighted_value(context.results.values()),
                f'IF(SUM({column("probability")})=0,"{UNDEFINED}",'
                f"SUMPRODUCT({column('value')},{column('probability')}))",
                unit="HKD",
            ),
            "probability": Entry(
                lambda _: sum(r.inputs.number("probability") for r in context.results.values()),
                f"SUM({column('probability')})",
                unit="ratio",
            ),
        },
        note="cases with a probability of 0 are not in it",
        total=True,
    )


def blocks(context: Context) -> list[Block]:
    selection = [
        Line(
            "selected_case",
            "Selected case",
            "text",
            {"constant": Entry(lambda r: r.case, kind="input", choices=context.cases)},
            note="choose from the list: the whole workbook follows",
            name="selected_case",
        ),
        constant(
            "case_index",
            "Its position among the cases",
            "count",
            "MATCH({selected_case},{inputs.case_name:cases[all]},0)",
            lambda r: context.cases.index(r.case) + 1,
        ),
        constant(
            "valuation_date",
            "Valuation date",
            "date",
            "{inputs.valuation_date}",
            lambda r: r.inputs["valuation_date"],
        ),
        constant(
            "value_per_share",
            "Value per share",
            "HKD",
            "{sotp.value_per_share}",
            lambda r: r.sotp.value_per_share,
            total=True,
        ),
        constant("price", "Price", "HKD", "{inputs.price_hkd}", lambda r: r.inputs.number("price_hkd")),
        constant(
            "margin_of_safety",
            "Margin of safety",
            "ratio",
            "{sotp.margin_of_safety}",
            lambda r: r.sotp.margin_of_safety,
            note="1 - price / value",
        ),
        constant(
            "overall",
            "All checks",
            "status",
            "{checks.overall}",
            lambda r: checks.overall(context, r),
            note="see Checks for each one, its limit and what it means",
            total=True,
        ),
    ]
    stored = [
        _stored(case, str(results.inputs["case_title"]), context) for case, results in context.results.items()
    ]
    legend = [
        Line(
            f"legend_{style}",
            label,
            "",
            {"constant": Entry(_sample, kind="text", unit=f"legend {style}")},
            note,
        )
        for style, label, note in LEGEND
    ]
    contents = [
        Line(f"go_{sheet.key}", sheet.title, "", {}, note=sheet.purpose, link=sheet.title)
        for sheet in sheets()
        if sheet.key != "cover"
    ]
    return [
        Block("The selected case", selection),
        Block("Every case, as last built", [*stored, *_street(context), _weighted(context)], CASES),
        Block("Contents", contents),
        Block("Legend", legend),
    ]


def charts(context: Context) -> list[Chart]:
    last = _street(context)[-1].key

    def column(group: str) -> str:
        return f"{{stored_{context.cases[0]}:{group}}}:{{{last}:{group}}}"

    return [
        Chart(
            title="Value per share by case, the price and the street",
            kind="stacked_and_marker",
            series=(
                ("Core business", column("core")),
                ("Vehicles", column("vehicle")),
                ("Cash and other", column("net_cash")),
                ("Street", column("street")),
                ("Price", column("price")),
            ),
            categories=column("label"),
            anchor=("D", "go_inputs"),
            axis="HKD a share",
            number_format="0",
            size=(21.5, 8.4),
        )
    ]


SHEET = Sheet(
    "cover",
    "Cover",
    "Xiaomi Corporation (1810.HK): sum-of-the-parts valuation",
    blocks,
    columns=lambda _: COLUMNS,
    charts=charts,
    headline=Entry(_sentence, SENTENCE_FORMULA),
    widths={LABEL: 34.0, NOTE: 62.0},
)
