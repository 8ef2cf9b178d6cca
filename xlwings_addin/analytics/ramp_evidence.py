"""What is known of a ramp: curves fitted to quarters, ramps of other makers, past paths against facts.

    fit_ramp("base")      quarters known on the case's valuation date, its path among other makers' ramps

Ramps are aligned by year: year 0 is the first with 100,000 vehicles or more, after one with fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.ramp_fits import MODELS, Fit, FittedParameter, fit
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.calendar import is_quarter
from xlwings_addin.inputs.cases import Inputs, load_cases, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.ramps import RAMP_STARTS_AT, RampYear, read_ramps
from xlwings_addin.valuation.xiaomi import evaluate

if TYPE_CHECKING:
    import pandas as pd

DELIVERIES = "vehicle_deliveries"
PATHS = ("deliveries", "deliveries_at_base_price")
"""Lines of a business that are a path of vehicles, millions, the base year first."""


@dataclass(frozen=True)
class Place:
    """A year of the case's path among other makers: their figures in the same year of their ramps.

    `percentile` is the share of them that are below, with half of those equal; None where there are none.
    """

    year: int
    since: int
    deliveries: float
    others: Mapping[str, float]

    @property
    def percentile(self) -> float | None:
        """Share of the other makers below the path."""
        values = np.array(list(self.others.values()))
        if not values.size:
            return None
        return float(np.mean((values < self.deliveries) + 0.5 * (values == self.deliveries)))


@dataclass(frozen=True)
class Outcome:
    """A year that a case forecast, and what was reported since."""

    case: str
    year: int
    forecast: float
    actual: float
    basis: str
    note: str

    @property
    def ratio(self) -> float:
        """Forecast over actual."""
        return self.forecast / self.actual


@dataclass(frozen=True)
class RampEvidence:
    """Fits to the quarters, the case's path among other makers' ramps, and paths against what happened.

    `left_out` says which makers have no year 0 in the table.
    """

    identity: Identity
    quarters: Mapping[str, float]
    fits: tuple[Fit, ...]
    places: tuple[Place, ...]
    ramps: Mapping[str, tuple[RampYear, ...]]
    left_out: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def __repr__(self) -> str:
        ends = ", ".join(f"{one.model} {one.parameters[0].value:,.0f}" for one in self.fits)
        return f"<RampEvidence {self.identity.case}, {len(self.quarters)} quarters: {ends}>"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the quarters say of every saturation."""
        return tuple(_sentence(one, len(self.quarters)) for one in self.fits)

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "quarters": dict(self.quarters),
            "fits": [_plain(one) for one in self.fits],
            "sentences": list(self.sentences),
            "places": [
                {
                    "year": place.year,
                    "years_since_100000": place.since,
                    "deliveries": place.deliveries,
                    "others": dict(place.others),
                    "percentile": place.percentile,
                }
                for place in self.places
            ],
            "ramps": [
                {"maker": maker, "year": row.year, "deliveries": row.deliveries, "source": row.source}
                for maker, rows in self.ramps.items()
                for row in rows
            ],
            "left_out": list(self.left_out),
            "outcomes": [{**vars(outcome), "ratio": outcome.ratio} for outcome in self.outcomes],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for every parameter of every fit."""
        import pandas as pd

        rows = [
            [one.model, entry.key, entry.unit, entry.value, entry.error]
            for one in self.fits
            for entry in one.parameters
        ]
        return pd.DataFrame(rows, columns=["model", "parameter", "unit", "value", "error"])


def _plain(one: Fit) -> dict[str, Any]:
    profile = one.profile
    return {
        "model": one.model,
        "parameters": [vars(entry) for entry in one.parameters],
        "rmse": one.rmse,
        "fitted": list(one.fitted),
        "saturation": {"low": profile.low, "high": profile.high, "determined": profile.determined},
        "forecasts": [{**vars(entry), "relative_error": entry.relative_error} for entry in one.forecasts],
        "mean_absolute_error": one.mean_absolute_error,
    }


def _sentence(one: Fit, quarters: int) -> str:
    saturation: FittedParameter = one.parameters[0]
    low, high = one.profile.low, one.profile.high
    if low is not None and high is not None:
        return f"{one.model}: {saturation.key} from {low:,.0f} to {high:,.0f} {saturation.unit}, at 95%"
    sides = (f"above {low:,.0f}" if low is not None else "", f"below {high:,.0f}" if high is not None else "")
    range_text = next((side for side in sides if side), "anything in sight")
    end = f"{saturation.key} {range_text} {saturation.unit}"
    return f"{one.model}: {quarters} quarters do not determine it: {end}"


def fit_ramp(
    case: str = DEFAULT_CASE, *, models: Sequence[str] = tuple(MODELS), folder: Path | None = None
) -> RampEvidence:
    """What the quarters known on a case's valuation date say of its ramp, and what other ramps say.

    Args:
        case: the case; its valuation date says which quarters and years are known.
        models: curves to fit: logistic, gompertz, bass.
        folder: the tables, the project's own by default.

    Raises: `ChoiceError` for an unknown case or curve, `InputError` for a company without deliveries,
        `DomainError` for too few quarters.

    >>> fit_ramp("base", models=["logistic"]).sentences[0].split(": ")[1]
    '6 quarters do not determine it'
    """
    inputs = load_inputs(case, folder)
    quarters = quarters_known(inputs)
    rows = [row for row in read_ramps(folder) if row.key == DELIVERIES]
    ramps, left_out = aligned(rows, before=inputs.day("valuation_date").year)
    return RampEvidence(
        identity_of(inputs),
        quarters,
        tuple(fit(model, list(quarters.values())) for model in models),
        _places(inputs, ramps),
        ramps,
        left_out,
        tuple(outcome for one in load_cases(folder) for outcome in _outcomes(one)),
    )


def quarters_known(inputs: Inputs) -> dict[str, float]:
    """The consecutive quarters with deliveries that were known on the valuation date, the newest last."""
    tables, day = inputs.tables, inputs.day("valuation_date")
    rows = [tables.row(DELIVERIES, period) for period in tables.periods(DELIVERIES) if is_quarter(period)]
    quarters = {row.period: row.number for row in rows if row.as_of <= day and row.number > 0}
    if not quarters:
        raise InputError(DELIVERIES, day, "has no quarter that was known by then", display=f"of {day}")
    numbers = [int(period[:4]) * 4 + int(period[5]) for period in quarters]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise InputError(DELIVERIES, ", ".join(quarters), "must be of consecutive quarters")
    return quarters


def aligned(
    rows: Sequence[RampYear], *, before: int
) -> tuple[dict[str, tuple[RampYear, ...]], tuple[str, ...]]:
    """Ramps from their year 0 on, years before `before` only; and the makers that have none."""
    ramps, left_out = {}, []
    for maker in dict.fromkeys(row.maker for row in rows):
        own = [row for row in rows if row.maker == maker]
        large = [place for place, row in enumerate(own) if row.deliveries >= RAMP_STARTS_AT]
        if not large or large[0] == 0:
            left_out.append(maker)
        elif years := tuple(row for row in own[large[0] :] if row.year < before):
            ramps[maker] = years
    return ramps, tuple(left_out)


def path_of(inputs: Inputs) -> dict[int, float]:
    """Vehicles by year on the case's path, the base year first; none for a company without one."""
    base = inputs.count("base_year")
    for business in evaluate(inputs).model.businesses.values():
        for line in PATHS:
            if line in type(business).lines():
                values = np.asarray(getattr(business, line))[:, 0] * 1e6
                return {base + place: float(value) for place, value in enumerate(values)}
    return {}


def _reported(inputs: Inputs, *, known_only: bool) -> dict[int, float]:
    tables, day = inputs.tables, inputs.day("valuation_date")
    rows = [tables.row(DELIVERIES, period) for period in tables.periods(DELIVERIES) if period[:2] == "FY"]
    return {int(row.period[2:]): row.number for row in rows if row.as_of <= day or not known_only}


def _places(inputs: Inputs, ramps: Mapping[str, tuple[RampYear, ...]]) -> tuple[Place, ...]:
    """The years of the path, reported years first, that another maker's ramp has too."""
    path = {**path_of(inputs), **_reported(inputs, known_only=True)}
    first = next((year for year in sorted(path) if path[year] >= RAMP_STARTS_AT), None)
    if first is None:
        return ()
    places = []
    for year in sorted(year for year in path if year >= first):
        since = year - first
        others = {maker: rows[since].deliveries for maker, rows in ramps.items() if since < len(rows)}
        if others:
            places.append(Place(year, since, path[year], others))
    return tuple(places)


def _outcomes(inputs: Inputs) -> tuple[Outcome, ...]:
    """Years after the base year that the case forecast and that were reported after its valuation date."""
    path, day, tables = path_of(inputs), inputs.day("valuation_date"), inputs.tables
    outcomes = []
    for year in _reported(inputs, known_only=False):
        row = tables.row(DELIVERIES, f"FY{year}")
        if year in path and year > inputs.count("base_year") and row.as_of > day:
            outcomes.append(Outcome(inputs.case, year, path[year], row.number, row.basis, row.note))
    return tuple(outcomes)
