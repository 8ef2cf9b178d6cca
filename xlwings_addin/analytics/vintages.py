"""What a valuation expected of years that had not ended yet, line by line: a vintage.

Where the vehicles of a case are a revenue ramp, it implies deliveries twice, and they disagree:

    vehicle_deliveries             revenue over the base price
    vehicle_deliveries_by_income   operating income over (operating margin of the last year x base price)

Article 004 starts the one from half a million vehicles, the size of a fifth maker, the other from nothing.
The backtest that gives 95, 191 and 286 thousand vehicles for 2024 to 2026 counts by income too, but with an
income of 0 in 2023. The replica has it in 2024, which meets the printed value: 0, 102 and 204 thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from xlwings_addin.inputs.company import Company
from xlwings_addin.valuation.xiaomi import Results

SHARE_PRICE = "share_price"


@dataclass(frozen=True)
class Measure:
    """A line that can be scored, and the figures that say what it came to.

    `over` makes the actual a ratio of two figures of the same year. `adds_up` says whether the four quarters
    make the year.
    """

    key: str
    label: str
    unit: str
    actual: str
    over: str = ""
    adds_up: bool = True
    note: str = ""


NEW_INITIATIVES = "actual is the segment of vehicles and new initiatives"
MEASURES: tuple[Measure, ...] = (
    Measure("vehicle_deliveries", "Vehicles delivered", "units", "vehicle_deliveries"),
    Measure(
        "vehicle_deliveries_by_income",
        "Vehicles delivered, implied by operating income",
        "units",
        "vehicle_deliveries",
    ),
    Measure(
        "vehicle_average_selling_price",
        "Average vehicle price",
        "CNY per vehicle",
        "vehicle_average_selling_price",
        adds_up=False,
    ),
    Measure("vehicle_revenue", "Vehicle revenue", "CNY m", "vehicle_revenue"),
    Measure(
        "vehicle_gross_margin",
        "Gross margin of vehicles",
        "ratio",
        "gross_margin_vehicle_segment",
        adds_up=False,
        note=NEW_INITIATIVES,
    ),
    Measure(
        "vehicle_operating_income",
        "Operating income of vehicles",
        "CNY m",
        "vehicle_segment_result",
        note=NEW_INITIATIVES,
    ),
    Measure(
        "vehicle_operating_margin",
        "Operating margin of vehicles",
        "ratio",
        "vehicle_segment_result",
        over="vehicle_segment_revenue",
        note=NEW_INITIATIVES,
    ),
    Measure("revenue", "Revenue of the group", "CNY m", "revenue"),
    Measure(SHARE_PRICE, "Value per share, beside the price", "HKD per share", SHARE_PRICE, adds_up=False),
)
"""In the order a scorecard shows them."""
_MEASURES = {measure.key: measure for measure in MEASURES}


@cache
def measures_of(company: Company) -> Mapping[str, Measure]:
    """What can be scored of a company, by key: what `MEASURES` has, then its segments."""
    money, listing = company.money, f"{company.currency.listing} per share"
    own = [
        replace(one, unit={"CNY m": money, "HKD per share": listing}.get(one.unit, one.unit))
        for one in MEASURES
    ]
    for entry in company.grouped:
        key, label = entry.key, entry.label
        own.append(Measure(f"revenue_{key}", f"Revenue, {label}", money, f"revenue_{key}"))
        margin = f"gross_margin_{key}"
        own.append(Measure(margin, f"Gross margin, {label}", "ratio", margin, adds_up=False))
        if company.sold_by_unit(key):
            units = f"{key}_shipments"
            own.append(Measure(units, f"Units, {label}", "m units", units))
    return {measure.key: measure for measure in own}


@dataclass(frozen=True)
class Forecast:
    """One figure a vintage expected. `period` is a year, and the valuation date for the value per share."""

    key: str
    period: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Vintage:
    """What one valuation expected: its name, the day it stands for, and its figures."""

    name: str
    day: date
    forecasts: tuple[Forecast, ...]


def _has_both_methods(company: Company) -> bool:
    """Whether the vehicles and devices of a company have lines of their own among the measures."""
    return {"devices_method", "vehicle_method"} <= company.parameters.keys


def vehicles_are_a_ramp(results: Results) -> bool:
    """Whether the forecasts of vehicles are those of a revenue ramp."""
    return _has_both_methods(results.company) and results.inputs.text("vehicle_method") == "ramp"


def whole_vintage_of(results: Results) -> Vintage:
    """The forecasts of a case with those of its segments: revenue, gross margin and units; of any company."""
    vintage = vintage_of(results)
    if not _has_both_methods(results.company):
        return vintage
    *lines, value = vintage.forecasts
    return replace(vintage, forecasts=(*lines, *_segments(results), value))


def vintage_of(results: Results) -> Vintage:
    """The forecasts of a case, by the methods it chooses, line by line for every year of its horizons.

    Vehicles come from the ramp or from the deliveries built up. The base year is among the years where the
    case assumes some of its quarters. Revenue of the group needs both businesses built up. Money of a ramp in
    USD is converted at the case's own rate. A company without Xiaomi's two businesses has its segments.
    """
    inputs, company = results.inputs, results.inputs.tables.company
    forecasts: list[Forecast] = []
    if not _has_both_methods(company):
        forecasts += _segments(results)
    elif vehicles_are_a_ramp(results):
        forecasts += _ramp(results)
    else:
        forecasts += _units(results)
        if inputs.text("devices_method") == "segments":
            forecasts += _group_revenue(results)
    order = list(measures_of(company))
    forecasts.sort(key=lambda forecast: order.index(forecast.key))
    day = inputs.day("valuation_date")
    value = Forecast(
        SHARE_PRICE,
        day.isoformat(),
        results.sotp.value_per_share,
        f"{company.currency.listing} per share",
        f"price on {day.isoformat()} {results.price:g}",
    )
    return Vintage(results.case, day, (*forecasts, value))


def _yearly(key: str, years: Iterable[float], values: Iterable[float], note: str = "") -> Iterator[Forecast]:
    for year, value in zip(years, values, strict=True):
        yield Forecast(key, f"FY{int(year)}", float(value), _MEASURES[key].unit, note)


def _ramp(results: Results) -> Iterator[Forecast]:
    inputs, ramp = results.inputs, results.vehicle_ramp
    horizon = inputs.count("vehicle_horizon")
    years = results.timeline.year[:horizon]
    price = inputs.number("vehicle_base_price_usd") * inputs.number("cny_per_usd")
    million = inputs.number("units_per_million")
    revenue, income = ramp.revenue[:horizon], ramp.operating_income[:horizon]
    deliveries = ramp.deliveries_at_base_price[:horizon] * million
    rate = f"USD at {inputs.number('cny_per_usd'):g} CNY, the vintage's rate"
    yield from _yearly("vehicle_deliveries", years, deliveries, "revenue over the base price")
    margin = inputs.number("vehicle_operating_margin_end")
    if margin > 0 and price > 0:
        implied = income / (margin * price) * million
        note = f"operating income over {margin:.0%} of the base price"
        yield from _yearly("vehicle_deliveries_by_income", years, implied, note)
    yield from _yearly("vehicle_average_selling_price", years, [price] * horizon, f"kept level; {rate}")
    yield from _yearly("vehicle_revenue", years, revenue, rate)
    yield from _yearly("vehicle_operating_income", years, income, rate)
    yield from _yearly("vehicle_operating_margin", years, ramp.operating_margin[:horizon])


def _units(results: Results) -> Iterator[Forecast]:
    units, number = results.vehicle_units, results.inputs.number
    for index, year, note in _built_years(results, results.inputs.count("vehicle_horizon")):
        figures = {
            "vehicle_deliveries": units.deliveries[index] * number("units_per_million"),
            "vehicle_average_selling_price": units.price[index],
            "vehicle_revenue": units.vehicle_revenue[index],
            "vehicle_gross_margin": units.gross_margin[index],
            "vehicle_operating_income": units.ebit[index],
            "vehicle_operating_margin": units.ebit_margin[index],
        }
        for key, value in figures.items():
            yield from _yearly(key, [year], [value], note)


def _group_revenue(results: Results) -> Iterator[Forecast]:
    inputs = results.inputs
    horizon = min(inputs.count("devices_horizon"), inputs.count("vehicle_horizon"))
    total = results.devices_segments.revenue + results.vehicle_units.revenue
    named = "the named segments; others were 0.6% to 1.9% of the group's"
    for index, year, note in _built_years(results, horizon):
        yield from _yearly("revenue", [year], [total[index]], "; ".join(filter(None, (note, named))))


def _segments(results: Results) -> Iterator[Forecast]:
    """Revenue, gross margin and units of the segments in groups, where the group counts."""
    measures = measures_of(results.company)
    for business in results.company.businesses:
        if not business.members or not results.counts(business):
            continue
        horizon = results.inputs.count(f"{business.prefix}_horizon")
        for entry in business.members:
            lines = results.model.groups()[f"{business.key}.{entry.key}"]
            figures = {f"revenue_{entry.key}": "revenue", f"gross_margin_{entry.key}": "gross_margin"}
            if results.company.sold_by_unit(entry.key):
                figures[f"{entry.key}_shipments"] = "shipments"
            for index, year, note in _built_years(results, horizon):
                for key, line in figures.items():
                    value = float(getattr(lines, line)[index].item())
                    yield Forecast(key, f"FY{year}", value, measures[key].unit, note)


def _built_years(results: Results, horizon: int) -> Iterator[tuple[int, int, str]]:
    """Index, year and note of the years built up, the base year among them while it is not all reported."""
    base, year = results.base_year, results.inputs.count("base_year")
    if base.quarters_missing:
        yield 0, year, f"quarters assumed: {base.quarters_missing:.0f}"
    for index in range(1, horizon + 1):
        yield index, year + index, ""
