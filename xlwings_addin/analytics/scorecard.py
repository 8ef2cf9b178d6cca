"""What a valuation expected, beside what happened.

A vintage is what one valuation said about years that had not ended yet: `vintage_of` reads it off the results
of a case, and a ledger keeps it with each snapshot. `scorecard` sets every line of it beside the tables:

    error            forecast less actual, in the unit of the line
    relative error   error over the absolute actual; none for margins, whose error is in points already

An actual is a figure of the whole year (`actuals`).

Share prices: the value per share is set beside the last price in the tables of each year after the valuation
date. It was never a forecast for a day, and a gap may close at any time or not at all.

>>> from xlwings_addin.analytics.vintages import vintage_of
>>> from xlwings_addin.inputs.cases import load_inputs
>>> from xlwings_addin.valuation.xiaomi import evaluate
>>> inputs = load_inputs("march_2024_replica")
>>> scores = scorecard(vintage_of(evaluate(inputs)), inputs.tables)
>>> price = next(score for score in scores if score.key == "vehicle_average_selling_price")
>>> price.period, round(price.forecast), price.actual, f"{price.relative_error:+.1%}"
('FY2024', 259254, 234479.0, '+10.6%')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING

from xlwings_addin.analytics.actuals import Actual, actual_of, check_unit, happened, last_reported_year
from xlwings_addin.analytics.vintages import SHARE_PRICE, Forecast, Measure, Vintage, measures_of
from xlwings_addin.analytics.year_worths import year_worth
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import Row, Tables, period_end
from xlwings_addin.valuation.xiaomi import Results

if TYPE_CHECKING:
    import pandas as pd

STREET = "street_"
"""What keys of consensus begin with, where it is of no line of its own."""


@dataclass(frozen=True)
class Score:
    """A forecast beside what happened; `actual` and the errors are None where that is not known yet.

    `source`, `basis` and `as_of` are the actual's, `note` says what a reader of the two should know.
    Consensus is the band of what the tables have for the figure, where they have any. The worths are money of
    the listing a share (`year_worths`): what the actual in place of the forecast moves the value by, in that
    year alone and kept up.
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
    consensus_low: float | None = None
    consensus_high: float | None = None
    worth_year: float | None = None
    worth_kept: float | None = None


class Scorecard(tuple[Score, ...]):
    """The scores of a vintage, in the order of the measures."""

    __slots__ = ()

    def __repr__(self) -> str:
        with_actual = sum(score.actual is not None for score in self)
        vintage = self[0].vintage if self else "nothing"
        return f"<Scorecard of {vintage}: {len(self)} forecasts, {with_actual} with an actual>"

    def to_frame(self) -> pd.DataFrame:
        """One row for each score; what is not known yet is NaN."""
        import pandas as pd

        names = [field.name for field in fields(Score)]
        frame = pd.DataFrame([asdict(score) for score in self], columns=names)
        numbers = ["forecast", "actual", "error", "relative_error"]
        numbers += ["consensus_low", "consensus_high", "worth_year", "worth_kept"]
        return frame.astype(dict.fromkeys(numbers, "float64"))


def scorecard(
    vintage: Vintage, tables: Tables, *, through: int | None = None, results: Results | None = None
) -> Scorecard:
    """Every forecast of a vintage up to the year `through`, beside what the tables say happened.

    By default the years go one beyond the last for which the tables know anything that is scored, so that
    what comes next is in sight. With the `results` that the vintage is of, scores have what their errors are
    worth. Raises `InputError` for a forecast of no known measure, and for an actual in another unit.
    """
    measures = measures_of(tables.company)
    unknown = sorted({forecast.key for forecast in vintage.forecasts} - set(measures))
    if unknown:
        raise InputError("forecast", unknown[0], f"must be one of {', '.join(measures)}")
    last = last_reported_year(tables) + 1 if through is None else through
    scores: list[Score] = []
    for measure in measures.values():
        for forecast in vintage.forecasts:
            if forecast.key != measure.key:
                continue
            if measure.key == SHARE_PRICE:
                scores += _prices(vintage, measure, forecast, tables, last)
            elif period_end(forecast.period).year <= last:
                actual = actual_of(tables, measure, forecast.period)
                scored = _score(vintage, measure, forecast, forecast.period, actual)
                scores.append(_with_worth(_with_consensus(scored, tables, measure), forecast, results))
    return Scorecard(scores)


def _prices(
    vintage: Vintage, measure: Measure, forecast: Forecast, tables: Tables, last: int
) -> Iterator[Score]:
    """The value per share beside the last price of each year after the valuation date."""
    rows: dict[int, Row] = {}
    for period in tables.periods(measure.actual):
        row = happened(tables, measure.actual, period)
        end = period_end(period)
        if row is not None and end > vintage.day and end.year <= last:
            rows[end.year] = row
    for row in rows.values():
        actual = Actual(row.number, (row,), row.note)
        check_unit(actual.rows, measure.unit)
        yield _score(vintage, measure, forecast, row.period, actual)
    if not rows:
        yield _score(vintage, measure, forecast, forecast.period, Actual(None, note="no later price"))


def _with_worth(score: Score, forecast: Forecast, results: Results | None) -> Score:
    """The score with what the value of a share moves by where the actual stands in place of the forecast."""
    if results is None or score.actual is None:
        return score
    worth = year_worth(results, forecast, score.actual)
    return replace(score, worth_year=worth.year, worth_kept=worth.kept)


def _with_consensus(score: Score, tables: Tables, measure: Measure) -> Score:
    """The score with the band of what the tables have as consensus for its figure."""
    rows = [
        row
        for key in (measure.actual, f"{STREET}{measure.key}")
        for row in tables.figures.get((key, score.period), ())
        if row.basis == "consensus" and row.unit == measure.unit
    ]
    if not rows or measure.over:
        return score
    values = [row.number for row in rows]
    return replace(score, consensus_low=min(values), consensus_high=max(values))


def _score(vintage: Vintage, measure: Measure, forecast: Forecast, period: str, actual: Actual) -> Score:
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
