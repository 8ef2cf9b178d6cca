"""Pictures of results: what the parts add up to, what the cases span, and how vehicles grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.cases import house_weights
from xlwings_addin.inputs.tables import period_end
from xlwings_addin.pictures.bars import Bars, Mark, football_field, waterfall
from xlwings_addin.pictures.curves import Curve, Curves, ramp
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.valuation.frames import listing_unit, part_rows

if TYPE_CHECKING:
    from xlwings_addin.valuation.xiaomi import Results

PictureName = Literal["waterfall", "ramp"]
STREET = "street_sum_of_parts"


def picture_of(results: Results, name: str) -> Bars | Curves:
    """A picture of one case. Raises `ChoiceError` for a name that is none."""
    if name == "waterfall":
        return parts_to_price(results)
    if name == "ramp":
        return deliveries(results)
    raise ChoiceError("picture", name, "must be one of waterfall, ramp")


def parts_to_price(results: Results) -> Bars:
    """From the parts to the value of a share, and the gap to its price."""
    parts = [(row.label, row.per_share) for row in part_rows(results) if row.key != "equity"]
    return waterfall(
        parts,
        "Value",
        unit=listing_unit(results),
        target=("Price", results.sotp.price),
        title="From the parts to the price",
    )


def deliveries(results: Results) -> Curves:
    """Vehicles delivered: reported years, and the model's path from the base year on."""
    if not results.company.parameters.has("vehicle_method"):
        rule = "has no part vehicle, whose deliveries the picture shows"
        raise ChoiceError("picture ramp of", results.company.key, rule)
    units = results.inputs.text("vehicle_method") == "units"
    base = results.inputs.count("base_year")
    horizon = results.inputs.count("vehicle_horizon")
    view = results.vehicle_units if units else results.vehicle_ramp
    path = view.deliveries if units else view.deliveries_at_base_price
    first = base if units else base + 1
    count = horizon + 1 if units else horizon
    curves = [
        Curve(
            f"Model, case {results.case}",
            tuple(range(first, first + count)),
            tuple(float(value) for value in path[:count]),
            "value",
        )
    ]
    million = results.inputs.number("units_per_million")
    tables = results.inputs.tables
    reported = {
        period_end(period).year: tables.row("vehicle_deliveries", period).number / million
        for period in tables.periods("vehicle_deliveries")
        if period.startswith("FY")
    }
    if reported:
        years = tuple(sorted(reported))
        values = tuple(reported[year] for year in years)
        curves.insert(0, Curve("Reported", years, values, "actual", dots=True))
    return ramp(curves, unit="m vehicles", title="Vehicles delivered in a year")


Range = tuple[str, float, float | None, float]
"""A row of a football field: label, low, middle, high."""


def case_ranges(cases: Mapping[str, Results], case: str) -> Bars:
    """The cases that carry weight as a range, from the lowest to the highest, beside other people's figures.

    Raises `InputError` where only one case carries weight: a range needs two.
    """
    street = street_range(cases[case])
    ranges = [case_range(cases, case), *street]
    others = [label for label, *_ in street]
    return football_field(ranges, unit=listing_unit(cases[case]), marks=marks_of(cases[case]), others=others)


def weighted_view(cases: Mapping[str, Results], case: str) -> dict[str, Results]:
    """The cases with a weight of the day that one is valued on; where none has, those of the first's day."""
    beside = [results.inputs for results in cases.values()]
    weights = house_weights([cases[case].inputs, *beside]) or house_weights(beside)
    return {name: results for name, results in cases.items() if name in weights}


def case_range(cases: Mapping[str, Results], case: str) -> Range:
    """From the lowest to the highest of the cases that carry weight, through the value of one case."""
    weighted = weighted_view(cases, case)
    if len(weighted) < 2:
        rule = "must be at least 2: give another case a row probability"
        raise InputError("cases with a weight", len(weighted), rule)
    values = sorted((results.sotp.value_per_share, name) for name, results in weighted.items())
    (low, lowest), (high, highest) = values[0], values[-1]
    middle = cases[case].sotp.value_per_share
    return f"Cases: {lowest} to {highest}", low, middle if low <= middle <= high else None, high


def street_range(results: Results) -> list[Range]:
    """Other people's sums of the parts, where the tables have two or more."""
    tables = results.inputs.tables
    street = sorted(tables.row(STREET, period).number for period in tables.periods(STREET))
    if len(street) < 2:
        return []
    return [(f"Street: {len(street)} sums of the parts", street[0], None, street[-1])]


def marks_of(results: Results) -> tuple[Mark, ...]:
    """The price and the value of a share, as lines across a picture."""
    value, price = results.sotp.value_per_share, results.sotp.price
    return (Mark(value, f"value {value:.2f}", "value"), Mark(price, f"price {price:.2f}", "price"))


def upside_text(results: Results) -> str:
    """Value over price less one, in words: what is left for a buyer.

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> from xlwings_addin.valuation.xiaomi import evaluate
    >>> upside_text(evaluate(load_inputs("base")))
    '-19.0%'
    """
    upside = results.sotp.upside
    return UNDEFINED if isinstance(upside, str) else f"{upside:+.1%}"
