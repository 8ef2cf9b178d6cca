"""What a valuation expected, beside what happened.

A vintage is what one valuation said about years that had not ended yet: `vintage_of` reads it off the results
of a case, and a ledger keeps it with each snapshot. `scorecard` sets every line of it beside the tables:

    error            forecast less actual, in the unit of the line
    relative error   error over the absolute actual; none for margins, whose error is in points already

An actual is a figure of the whole year: the year's own row, or else the sum of its four quarters. A year of
which only some quarters are reported has no actual, and its note says what they come to. Guidance, consensus
and assumptions are no actuals; an unverified figure is one, and its basis says so.

Where the vehicles of a case are a revenue ramp, it implies deliveries twice, and they disagree:

    vehicle_deliveries             revenue over the base price
    vehicle_deliveries_by_income   operating income over (operating margin of the last year x base price)

Article 004 starts the one from half a million vehicles, the size of a fifth maker, the other from nothing.
The backtest that gives 95, 191 and 286 thousand vehicles for 2024 to 2026 counts by income too, but with an
income of 0 in 2023. The replica has it in 2024, which meets the printed value: 0, 102 and 204 thousand.

Share prices: the value per share is set beside the last price in the tables of each year after the valuation
date. It was never a forecast for a day, and a gap may close at any time or not at all.

>>> from xlwings_addin.model.inputs import load_inputs
>>> from xlwings_addin.model.xiaomi import evaluate
>>> inputs = load_inputs("march_2024_replica")
>>> scores = scorecard(vintage_of(evaluate(inputs)), inputs.tables)
>>> price = next(score for score in scores if score.key == "vehicle_average_selling_price")
>>> price.period, round(price.forecast), price.actual, f"{price.relative_error:+.1%}"
('FY2024', 259254, 234479.0, '+10.6%')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from xlwings_addin.core.errors import InputError
from xlwings_addin.model.tables import Row, Tables, period_end
from xlwings_addin.model.xiaomi import Results

HAPPENED = ("reported", "derived", "unverified")
"""The bases of figures that say what happened."""
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


@dataclass(frozen=True)
class Score:
    """A forecast beside what happened; `actual` and the errors are None where that is not known yet.

    `source`, `basis` and `as_of` are the actual's, `note` says what a reader of the two should know.
    """

    vintage: str
    day: date
    key: str
    label: str
    period: str
    unit: str
    forecast: float
    actual: float | None
    error: float | None
    relative_error: float | None
    basis: str
    source: str
    as_of: date | None
    note: str


def vintage_of(results: Results) -> Vintage:
    """The forecasts of a case, by the methods it chooses, for every year of its horizons.

    Vehicles come from the ramp or from the deliveries built up. The base year is among the years where the
    case assumes some of its quarters. Revenue of the group needs both businesses built up. Money of a ramp in
    USD is converted at the case's own rate.
    """
    inputs = results.inputs
    if inputs.text("vehicle_method") == "ramp":
        forecasts = list(_ramp(results))
    else:
        forecasts = list(_units(results))
        if inputs.text("core_method") == "segments":
            forecasts += _group_revenue(results)
    day = inputs.day("valuation_date")
    value = Forecast(
        SHARE_PRICE,
        day.isoformat(),
        results.sotp.value_per_share,
        "HKD per share",
        f"price on {day.isoformat()} {inputs.number('price_hkd'):g}",
    )
    return Vintage(results.case, day, (*forecasts, value))


def scorecard(vintage: Vintage, tables: Tables, *, through: int | None = None) -> tuple[Score, ...]:
    """Every forecast of a vintage up to the year `through`, beside what the tables say happened.

    By default the years go one beyond the last for which the tables know anything that is scored, so that
    what comes next is in sight. Raises `InputError` for a forecast of no known measure, and for an actual in
    another unit.
    """
    unknown = sorted({forecast.key for forecast in vintage.forecasts} - set(_MEASURES))
    if unknown:
        raise InputError("forecast", unknown[0], f"must be one of {', '.join(_MEASURES)}")
    last = _last_year_known(tables) + 1 if through is None else through
    scores: list[Score] = []
    for measure in MEASURES:
        for forecast in vintage.forecasts:
            if forecast.key != measure.key:
                continue
            if measure.key == SHARE_PRICE:
                scores += _prices(vintage, measure, forecast, tables, last)
            elif period_end(forecast.period).year <= last:
                actual = _actual(tables, measure, forecast.period)
                scores.append(_score(vintage, measure, forecast, forecast.period, actual))
    return tuple(scores)


# --- forecasts ----------------------------------------------------------------------------------------


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
    horizon = min(inputs.count("core_horizon"), inputs.count("vehicle_horizon"))
    total = results.core_segments.revenue + results.vehicle_units.revenue
    named = "the named segments; others were 0.6% to 1.9% of the group's"
    for index, year, note in _built_years(results, horizon):
        yield from _yearly("revenue", [year], [total[index]], "; ".join(filter(None, (note, named))))


def _built_years(results: Results, horizon: int) -> Iterator[tuple[int, int, str]]:
    """Index, year and note of the years built up, the base year among them while it is not all reported."""
    base, year = results.base_year, results.inputs.count("base_year")
    if base.quarters_missing:
        yield 0, year, f"quarters assumed: {base.quarters_missing:.0f}"
    for index in range(1, horizon + 1):
        yield index, year + index, ""


# --- actuals ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Actual:
    value: float | None
    rows: tuple[Row, ...] = ()
    note: str = ""

    @property
    def basis(self) -> str:
        """The row's own; of several rows derived, or unverified if one of them is."""
        if len(self.rows) == 1:
            return self.rows[0].basis
        unverified = any(row.basis == "unverified" for row in self.rows)
        return "unverified" if unverified else "derived" if self.rows else ""


def _actual(tables: Tables, measure: Measure, period: str) -> _Actual:
    figure = _of_year(tables, measure.actual, period, adds_up=measure.adds_up)
    if not measure.over:
        _check_unit(figure.rows, measure.unit)
        return figure
    other = _of_year(tables, measure.over, period, adds_up=measure.adds_up)
    _check_unit(other.rows, figure.rows[0].unit if figure.rows else "")
    if figure.value is None or other.value is None:
        known = "; ".join(f"{key}: {each.note}" for key, each in _named(measure, figure, other) if each.note)
        return _Actual(None, note=known)
    if not other.value:
        return _Actual(None, note=f"{measure.over} is 0")
    note = "; ".join(dict.fromkeys(filter(None, (figure.note, other.note))))
    return _Actual(figure.value / other.value, figure.rows + other.rows, note)


def _named(measure: Measure, *figures: _Actual) -> Iterator[tuple[str, _Actual]]:
    return zip((measure.actual, measure.over), figures, strict=True)


def _of_year(tables: Tables, key: str, period: str, *, adds_up: bool) -> _Actual:
    """A figure of a year: its own row, or the sum of its quarters."""
    row = _happened(tables, key, period)
    if row is not None:
        return _Actual(row.number, (row,), row.note)
    year = period_end(period).year
    quarters = [_happened(tables, key, f"{year}Q{quarter}") for quarter in (1, 2, 3, 4)]
    known = tuple(row for row in quarters if row is not None)
    if not known:
        return _Actual(None)
    count = f"{len(known)} of 4 quarters reported"
    if not adds_up:
        return _Actual(None, note=f"{count}: {', '.join(row.text for row in known)} {known[0].unit}")
    total = sum(row.number for row in known)
    if len(known) < 4:
        return _Actual(None, note=f"{count}: {total:,g} {known[0].unit}")
    return _Actual(total, known, "sum of four quarters")


def _happened(tables: Tables, key: str, period: str) -> Row | None:
    row = tables.row(key, period) if tables.has(key, period) else None
    return row if row is not None and row.basis in HAPPENED else None


def _check_unit(rows: Sequence[Row], unit: str) -> None:
    for row in rows:
        if unit and row.unit != unit:
            raise InputError(f"{row.place} unit", row.unit, f"must be {unit!r} to be compared")


def _last_year_known(tables: Tables) -> int:
    """The last year for which the tables have a whole year's actual of anything that is scored."""
    years = {
        period_end(period).year
        for measure in MEASURES
        if measure.key != SHARE_PRICE
        for period in tables.periods(measure.actual)
        if _actual(tables, measure, f"FY{period_end(period).year}").value is not None
    }
    return max(years, default=0)


# --- scores -------------------------------------------------------------------------------------------


def _prices(
    vintage: Vintage, measure: Measure, forecast: Forecast, tables: Tables, last: int
) -> Iterator[Score]:
    """The value per share beside the last price of each year after the valuation date."""
    rows: dict[int, Row] = {}
    for period in tables.periods(measure.actual):
        row = _happened(tables, measure.actual, period)
        end = period_end(period)
        if row is not None and end > vintage.day and end.year <= last:
            rows[end.year] = row
    for row in rows.values():
        actual = _Actual(row.number, (row,), row.note)
        _check_unit(actual.rows, measure.unit)
        yield _score(vintage, measure, forecast, row.period, actual)
    if not rows:
        yield _score(vintage, measure, forecast, forecast.period, _Actual(None, note="no later price"))


def _score(vintage: Vintage, measure: Measure, forecast: Forecast, period: str, actual: _Actual) -> Score:
    if forecast.unit != measure.unit:
        raise InputError(f"forecast of {forecast.key}", forecast.unit, f"must be in {measure.unit!r}")
    error = None if actual.value is None else forecast.value - actual.value
    relative = None
    if error is not None and actual.value and measure.unit != "ratio":
        relative = error / abs(actual.value)
    about = measure.note if actual.value is not None else ""
    return Score(
        vintage=vintage.name,
        day=vintage.day,
        key=measure.key,
        label=measure.label,
        period=period,
        unit=measure.unit,
        forecast=forecast.value,
        actual=actual.value,
        error=error,
        relative_error=relative,
        basis=actual.basis,
        source="; ".join(dict.fromkeys(row.source for row in actual.rows)),
        as_of=max((row.as_of for row in actual.rows), default=None),
        note="; ".join(dict.fromkeys(filter(None, (forecast.note, actual.note, about)))),
    )
