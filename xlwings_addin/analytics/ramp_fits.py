"""S-curves fitted to quarterly deliveries by least squares, with what the quarters leave open.

    logistic    deliveries a quarter: S / (1 + exp(-k (t - m)))
    gompertz    deliveries a quarter: S exp(-b exp(-c t))
    bass        deliveries a quarter: M (F(t) - F(t - 1)), F the share of a market M that has adopted

t is 1 in the first quarter with deliveries. Errors are those of linearised least squares, s^2 (J'J)^-1 with
s^2 = SSE / (n - p). The profile of a saturation refits all else at fixed levels of it; its 95% range is where
SSE <= SSE_min (1 + F(0.95; 1, n - p) / (n - p)), and has no end where no level in sight is worse than that.

Sources: Verhulst (1838); Gompertz (1825); Bass, Management Science 15(5) (1969); Bates and Watts, Nonlinear
Regression Analysis and Its Applications (1988), chapter 6, for profiles; Tashman, International Journal of
Forecasting 16 (2000), for rolling origins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares
from scipy.special import fdtri

from xlwings_addin.core.errors import ChoiceError, DomainError
from xlwings_addin.core.growth import bass_adoptions, gompertz, logistic

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
LEVELS = 25
"""Levels of the saturation that a profile looks at."""
LOWEST, HIGHEST = 0.5, 1000.0
"""Where a saturation is looked for, as multiples of the largest quarter or, for a market, of all quarters."""


@dataclass(frozen=True)
class CurveModel:
    """A curve of deliveries: its parameters, the saturation first, and where a fit starts from.

    `of_total` says whether the saturation is one of all deliveries ever, not of a quarter's. `signed` are the
    parameters that may be below zero; the others are fitted in logarithms.
    """

    key: str
    parameters: tuple[str, ...]
    units: tuple[str, ...]
    curve: Callable[[Floats, Sequence[float]], Any]
    starts: tuple[tuple[float, ...], ...]
    bounds: tuple[tuple[float, float], ...]
    of_total: bool = False
    signed: frozenset[str] = frozenset()


def _logistic(t: Floats, p: Sequence[float]) -> Any:
    return logistic(t, saturation=p[0], midpoint=p[1], steepness=p[2])


def _gompertz(t: Floats, p: Sequence[float]) -> Any:
    return gompertz(t, saturation=p[0], displacement=p[1], rate=p[2])


def _bass(t: Floats, p: Sequence[float]) -> Any:
    return bass_adoptions(t, innovation=p[1], imitation=p[2], market=p[0])


MODELS: Final = {
    model.key: model
    for model in (
        CurveModel(
            "logistic",
            ("saturation", "midpoint", "steepness"),
            ("vehicles a quarter", "quarters", "a quarter"),
            _logistic,
            ((2.0, 5.0), (0.3, 0.8)),
            ((-200.0, 400.0), (1e-3, 10.0)),
            signed=frozenset({"midpoint"}),
        ),
        CurveModel(
            "gompertz",
            ("saturation", "displacement", "rate"),
            ("vehicles a quarter", "ratio", "a quarter"),
            _gompertz,
            ((2.0, 6.0), (0.1, 0.4)),
            ((1e-3, 1e3), (1e-4, 10.0)),
        ),
        CurveModel(
            "bass",
            ("market", "innovation", "imitation"),
            ("vehicles in all", "a quarter", "a quarter"),
            _bass,
            ((0.005, 0.03), (0.1, 0.4)),
            ((1e-7, 1.0), (1e-6, 10.0)),
            of_total=True,
        ),
    )
}


@dataclass(frozen=True)
class FittedParameter:
    """A parameter with its standard error; None where the quarters do not determine it."""

    key: str
    unit: str
    value: float
    error: float | None


@dataclass(frozen=True)
class Profile:
    """The 95% range of a saturation; an end is None where none is in sight."""

    low: float | None
    high: float | None
    levels: tuple[float, ...]
    excess: tuple[float, ...]
    """By level, SSE over the least one, less 1."""
    threshold: float

    @property
    def determined(self) -> bool:
        """Whether the range has both ends."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True)
class Forecast:
    """One quarter forecast from those before it."""

    quarter: int
    forecast: float
    actual: float

    @property
    def relative_error(self) -> float:
        """Forecast over actual, less 1."""
        return self.forecast / self.actual - 1


@dataclass(frozen=True)
class Fit:
    """A fitted curve; `rmse` is the root mean square of the residuals, vehicles."""

    model: str
    parameters: tuple[FittedParameter, ...]
    rmse: float
    fitted: tuple[float, ...]
    profile: Profile
    forecasts: tuple[Forecast, ...]

    @property
    def mean_absolute_error(self) -> float | None:
        """Of the forecasts of the next quarter, relative; None where the quarters are too few for one."""
        errors = [abs(forecast.relative_error) for forecast in self.forecasts]
        return float(np.mean(errors)) if errors else None

    def values(self) -> Mapping[str, float]:
        return {parameter.key: parameter.value for parameter in self.parameters}


def fit(key: str, deliveries: Sequence[float]) -> Fit:
    """Fit one curve to consecutive quarters of deliveries, the first quarter with any first.

    Raises: `ChoiceError` for an unknown model, `DomainError` for no more quarters than parameters and for
        deliveries that are zero, negative or no numbers.

    >>> sales = [bass_adoptions(t, innovation=0.02, imitation=0.5, market=1e6) for t in range(1, 13)]
    >>> {name: round(value, 3) for name, value in fit("bass", sales).values().items()}
    {'market': 1000000.0, 'innovation': 0.02, 'imitation': 0.5}
    """
    if key not in MODELS:
        raise ChoiceError("model", key, f"must be one of {', '.join(MODELS)}")
    model, observed = MODELS[key], np.asarray(deliveries, dtype=np.float64)
    if observed.size <= len(model.parameters):
        rule = f"are too few for the {len(model.parameters)} parameters of a curve: one more is needed"
        raise DomainError("quarters", observed.size, rule)
    for value in observed[~(observed > 0) | ~np.isfinite(observed)]:
        raise DomainError("deliveries", float(value), "must be above 0")
    return _Fitting(model, observed).fit()


class _Fitting:
    """A model and its quarters; parameters are scaled, and in logarithms but for the signed ones."""

    def __init__(self, model: CurveModel, observed: Floats) -> None:
        self.model, self.observed = model, observed
        self.scale = float(observed.sum() if model.of_total else observed.max())
        self.t = np.arange(1.0, observed.size + 1)
        self.logs = np.array([name not in model.signed for name in model.parameters])
        limits = np.array([(LOWEST, HIGHEST * 10), *model.bounds])
        self.low, self.high = self._inner(limits[:, 0]), self._inner(limits[:, 1])

    def _inner(self, values: Floats) -> Floats:
        """As fitted: the saturation over the scale, logarithms of what is above zero."""
        inner = np.array(values, dtype=np.float64)
        inner[self.logs] = np.log(inner[self.logs])
        return inner

    def outer(self, inner: Floats) -> Floats:
        values = np.array(inner, dtype=np.float64)
        values[self.logs] = np.exp(values[self.logs])
        values[0] *= self.scale
        return values

    def residuals(self, inner: Floats) -> Floats:
        curve = np.asarray(self.model.curve(self.t, self.outer(inner).tolist()))
        return np.asarray((curve - self.observed) / self.observed.max())

    def best(self) -> Any:
        """The least squares over all starts: roughly from every one, then exactly from the best."""
        starts = [
            self._inner(np.array([size, *rest]))
            for size in (1.2, 10.0)
            for rest in product(*self.model.starts)
        ]
        rough = [self._least(self.residuals, start, slice(None), 1e-4) for start in starts]
        return self._least(self.residuals, min(rough, key=lambda one: one.cost).x, slice(None), 1e-14)

    def at_level(self, level: float, start: Floats) -> Any:
        """The least squares at a fixed level of the saturation, from all other parameters of `start`."""
        fixed = np.array([np.log(level)])
        free = slice(1, None)
        return self._least(lambda part: self.residuals(np.concatenate([fixed, part])), start, free, 1e-9)

    def _least(
        self, residuals: Callable[[Floats], Floats], start: Floats, free: slice, tolerance: float
    ) -> Any:
        low, high = self.low[free], self.high[free]
        begin = np.clip(start[free], low + 1e-9, high - 1e-9)
        limits = dict.fromkeys(("xtol", "ftol", "gtol"), tolerance)
        return least_squares(residuals, begin, bounds=(low, high), max_nfev=300, **limits)

    def fit(self) -> Fit:
        best = self.best()
        values = self.outer(best.x)
        residuals = best.fun * self.observed.max()
        parameters = tuple(
            FittedParameter(name, unit, float(value), error)
            for name, unit, value, error in zip(
                self.model.parameters, self.model.units, values, self._errors(best), strict=True
            )
        )
        return Fit(
            self.model.key,
            parameters,
            float(np.sqrt(np.mean(residuals**2))),
            tuple((self.observed + residuals).tolist()),
            self._profile(best),
            self._forecasts(),
        )

    def _errors(self, best: Any) -> list[float | None]:
        """Standard errors, out of logarithms by the delta method; None at a bound or for a singular J'J."""
        spare = self.observed.size - best.x.size
        at_bound = bool((np.minimum(best.x - self.low, self.high - best.x) < 1e-6).any())
        square = best.jac.T @ best.jac
        if at_bound or np.linalg.cond(square) > 1e14:
            return [None] * best.x.size
        covariance = np.linalg.inv(square) * (2 * best.cost / spare)
        slopes = np.where(self.logs, self.outer(best.x), 1.0)
        errors: list[float | None] = (np.sqrt(np.diag(covariance)) * slopes).tolist()
        return errors

    def _profile(self, best: Any) -> Profile:
        """The levels at which a saturation is not much worse than the best one."""
        spare = self.observed.size - best.x.size
        threshold = float(fdtri(1, spare, CONFIDENCE)) / spare
        levels = np.unique(np.append(np.geomspace(LOWEST, HIGHEST, LEVELS), np.exp(best.x[0])))
        least = max(best.cost, np.finfo(float).tiny)
        costs = self._costs(levels, best)
        excess = np.maximum(costs / least - 1, 0.0)
        within = np.flatnonzero(excess <= threshold)
        first, last = int(within[0]), int(within[-1])
        low = None if first == 0 else self._end(best, levels[first - 1], levels[first], threshold)
        high = None if last == levels.size - 1 else self._end(best, levels[last], levels[last + 1], threshold)
        return Profile(low, high, tuple((levels * self.scale).tolist()), tuple(excess.tolist()), threshold)

    def _costs(self, levels: Floats, best: Any) -> Floats:
        """The least cost at every level, outward from the best one, each from its neighbour's parameters."""
        costs = np.full(levels.size, best.cost)
        middle = int(np.argmin(np.abs(np.log(levels) - best.x[0])))
        for outward in (range(middle - 1, -1, -1), range(middle + 1, levels.size)):
            start = best.x
            for place in outward:
                at = self.at_level(levels[place], start)
                costs[place], start = at.cost, np.concatenate([[np.log(levels[place])], at.x])
        return costs

    def _end(self, best: Any, one: float, other: float, threshold: float) -> float:
        """Where the profile crosses its threshold between two levels, one on either side of it."""
        least = max(best.cost, np.finfo(float).tiny)

        def beyond(log: float) -> float:
            excess = max(self.at_level(np.exp(log), best.x).cost / least - 1, 0.0)
            return float(np.sqrt(excess) - np.sqrt(threshold))

        ends = (np.log(one), np.log(other))
        if beyond(ends[0]) * beyond(ends[1]) > 0:  # two refits of one level may stop at either side
            return float(other if abs(beyond(ends[0])) > abs(beyond(ends[1])) else one) * self.scale
        return float(np.exp(brentq(beyond, *ends, xtol=1e-6)) * self.scale)

    def _forecasts(self) -> tuple[Forecast, ...]:
        """The next quarter from every origin that leaves a quarter more than parameters."""
        forecasts = []
        for origin in range(len(self.model.parameters) + 1, self.observed.size):
            earlier = _Fitting(self.model, self.observed[:origin])
            parameters = earlier.outer(earlier.best().x).tolist()
            value = float(np.asarray(self.model.curve(np.array([origin + 1.0]), parameters))[0])
            forecasts.append(Forecast(origin + 1, value, float(self.observed[origin])))
        return tuple(forecasts)
