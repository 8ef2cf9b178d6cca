"""Paths of growth: fades between two rates, S-curves of adoption, and the H-model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.validation import (
    Floats,
    as_numbers,
    as_rates,
    behind_years,
    broadcastable,
    not_negative,
    plain,
    positive,
    require_exceeds,
    result,
    year_count,
)
from xlwings_addin.core.years import Scalar, after, running_product


def linear_fade(start: ArrayLike, end: ArrayLike, *, years: int) -> Floats:
    """Equal steps from `start` to `end`: `start + (end - start) k / (years - 1)` for k = 0 ... years - 1.

    Both ends are included; a fade of one year is its start.

    Args:
        start, end: any unit, shape (...).
        years: one or more.

    Returns: shape (years, ...).
    Raises: `DomainError` for fewer years than one.
    Source: Damodaran, Investment Valuation, chapter 11 (growth that declines linearly).

    >>> linear_fade(0.10, 0.05, years=6).round(3).tolist()
    [0.1, 0.09, 0.08, 0.07, 0.06, 0.05]
    """
    first, last = as_numbers("start", start), as_numbers("end", end)
    position = behind_years(_positions(years), len(broadcastable(start=first, end=last)))
    return np.asarray(first * (1 - position) + last * position)


def geometric_fade(start: ArrayLike, end: ArrayLike, *, years: int) -> Floats:
    """Equal ratios from `start` to `end`: `start (end / start) ** (k / (years - 1))`, both above zero.

    Args, shapes and errors as in `linear_fade`; zero or negative ends are a `DomainError` too.
    Source: geometric interpolation.

    >>> geometric_fade(0.16, 0.01, years=3).round(4).tolist()
    [0.16, 0.04, 0.01]
    """
    first, last = positive("start", start), positive("end", end)
    position = behind_years(_positions(years), len(broadcastable(start=first, end=last)))
    return np.asarray(first * (last / first) ** position)


def _positions(years: int) -> Floats:
    """0 in the first year, 1 in the last."""
    count = year_count("years", years)
    return np.arange(count) / max(count - 1, 1)


def logistic(t: ArrayLike, *, saturation: ArrayLike, midpoint: ArrayLike, steepness: ArrayLike) -> Any:
    """Logistic curve: `saturation / (1 + exp(-steepness (t - midpoint)))`.

    Args:
        t: times, any unit.
        saturation: the level approached, above 0.
        midpoint: time of half the saturation.
        steepness: per unit of time, above 0.

    Returns: the arguments' common shape, in the saturation's unit.
    Raises: `DomainError` for a saturation or steepness of zero or less.
    Source: Verhulst (1838), Correspondance mathematique et physique 10.

    >>> logistic(5.0, saturation=2.0, midpoint=5.0, steepness=0.7)
    1.0
    """
    times, level, middle = (
        as_numbers("t", t),
        positive("saturation", saturation),
        as_numbers("midpoint", midpoint),
    )
    slope = positive("steepness", steepness)
    broadcastable(t=times, saturation=level, midpoint=middle, steepness=slope)
    with np.errstate(over="ignore"):
        return result(level / (1 + np.exp(-slope * (times - middle))))


def logistic_midpoint(level: ArrayLike, *, saturation: ArrayLike, steepness: ArrayLike) -> Any:
    """Midpoint of the logistic curve that is at `level` at time 0: `ln(saturation / level - 1) / steepness`.

    Before time 0, so negative, where the level is more than half the saturation.

    Args:
        level: the curve at time 0, in the saturation's unit; above 0 and below the saturation.
        saturation: the level approached, above 0.
        steepness: per unit of time, above 0.

    Returns: the arguments' common shape, in the steepness's unit of time.
    Raises: `DomainError` for a level outside 0 to the saturation, a saturation or steepness of zero or less.
    Source: Verhulst (1838), Correspondance mathematique et physique 10; `logistic` solved for its midpoint.

    >>> round(logistic_midpoint(1.0, saturation=10.0, steepness=0.5), 4)
    4.3944
    """
    start, top = positive("level", level), positive("saturation", saturation)
    slope = positive("steepness", steepness)
    broadcastable(level=start, saturation=top, steepness=slope)
    require_exceeds("saturation", top, "level", start, show=plain)
    return result(np.log((top - start) / start) / slope)


def bass_cumulative(t: ArrayLike, *, innovation: ArrayLike, imitation: ArrayLike, market: ArrayLike) -> Any:
    """Adopters by time t: `market (1 - exp(-(p + q) t)) / (1 + q / p exp(-(p + q) t))`.

    Args:
        t: time since launch, zero or more.
        innovation: p, above 0; imitation: q, zero or more, both per unit of time.
        market: everyone who will adopt, above 0.

    Returns: the arguments' common shape, in the market's unit.
    Raises: `DomainError` for a negative time or imitation, an innovation or market of zero or less.
    Source: Bass (1969), Management Science 15(5).

    >>> round(bass_cumulative(10.0, innovation=0.03, imitation=0.38, market=100.0), 2)
    81.28
    """
    times = not_negative("t", t)
    p, q, m = (
        positive("innovation", innovation),
        not_negative("imitation", imitation),
        positive("market", market),
    )
    broadcastable(t=times, innovation=p, imitation=q, market=m)
    left = np.exp(-(p + q) * times)
    return result(m * -np.expm1(-(p + q) * times) / (1 + q / p * left))


def bass_adoptions(t: ArrayLike, *, innovation: ArrayLike, imitation: ArrayLike, market: ArrayLike) -> Any:
    """Adopters in the unit of time that ends at t: `cumulative(t) - cumulative(t - 1)`.

    Times below one count from launch. Arguments, errors and source as for `bass_cumulative`.

    >>> round(bass_adoptions(1.0, innovation=0.03, imitation=0.38, market=100.0), 2)
    3.58
    """
    parameters = {"innovation": innovation, "imitation": imitation, "market": market}
    times = not_negative("t", t)
    return result(
        np.asarray(bass_cumulative(times, **parameters))
        - np.asarray(bass_cumulative(np.maximum(times - 1, 0.0), **parameters))
    )


def gompertz(t: ArrayLike, *, saturation: ArrayLike, displacement: ArrayLike, rate: ArrayLike) -> Any:
    """Gompertz curve: `saturation exp(-displacement exp(-rate t))`; slower to saturate than the logistic.

    Args:
        t: times, any unit.
        saturation, displacement, rate: above 0; the rate per unit of time.

    Raises: `DomainError` for a parameter of zero or less.
    Source: Gompertz (1825), Philosophical Transactions of the Royal Society 115; Winsor (1932), PNAS 18(1).

    >>> round(gompertz(0.0, saturation=100.0, displacement=1.0, rate=0.3), 4)
    36.7879
    """
    times, level = as_numbers("t", t), positive("saturation", saturation)
    shift, speed = positive("displacement", displacement), positive("rate", rate)
    broadcastable(t=times, saturation=level, displacement=shift, rate=speed)
    with np.errstate(over="ignore"):
        return result(level * np.exp(-shift * np.exp(-speed * times)))


def h_model_value(
    dividend: ArrayLike,
    *,
    rate: ArrayLike,
    growth_short: ArrayLike,
    growth_long: ArrayLike,
    half_life: ArrayLike,
) -> Any:
    """Value of a dividend whose growth declines linearly: `D0 ((1 + gL) + H (gS - gL)) / (r - gL)`.

    Args:
        dividend: the latest paid, D0.
        rate: required return; must exceed the long growth.
        growth_short, growth_long: growth at first and for ever, decimals.
        half_life: H, half the years over which growth declines, zero or more.

    Raises: `DomainError` where long growth reaches the rate, or for a negative half-life.
    Source: Fuller and Hsia (1984), Financial Analysts Journal 40(5).

    >>> round(h_model_value(2.0, rate=0.12, growth_short=0.20, growth_long=0.06, half_life=5.0), 2)
    58.67
    """
    paid, r = as_numbers("dividend", dividend), as_rates("rate", rate)
    first, last = as_rates("growth_short", growth_short), as_rates("growth_long", growth_long)
    half = not_negative("half_life", half_life)
    broadcastable(dividend=paid, rate=r, growth_short=first, growth_long=last, half_life=half)
    require_exceeds("rate", r, "growth_long", last)
    return result(paid * ((1 + last) + half * (first - last)) / (r - last))


def logistic_midpoint_from(level: Scalar, saturation: Scalar, steepness: Scalar) -> Scalar:
    """`logistic_midpoint` without checks."""
    midpoint: Scalar = np.log((saturation - level) / level) / steepness
    return midpoint


def logistic_path(level: Any, saturation: Any, steepness: Any, *, years: int) -> Floats:
    """The logistic curve that is at `level` in the base year, there and in `years` years after it, without
    checks.

    With `q = exp(-steepness)`, `saturation / (1 + exp(-steepness (t - midpoint)))` is
    `saturation / (1 + (saturation / level - 1) q^t)`: one exponential a scenario, not one a year.
    Shape (1 + years, scenarios).
    """
    decay = running_product(np.ones((years, 1)) * np.exp(-steepness))
    path: Floats = (saturation / level - 1) * after(1.0, decay)
    path += 1
    demand: Floats = saturation / path
    return demand
