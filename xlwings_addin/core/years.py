"""Paths over years, for one scenario or for many at once: the year runs along the first axis.

A path is (years, scenarios). Along the years only explicit accumulation is allowed, each year from the one
before: `sum`, `dot` and `@` add in an order that depends on how many scenarios lie beside each other, so that
a scenario alone would differ from the same one in a wide array. Scenarios that do not differ have one column,
which fits any number of others.

Nothing here checks its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import pairwise
from math import prod
from operator import add
from typing import Any, TypeVar, overload

import numpy as np

from xlwings_addin.core.validation import Floats

Scalar = float | Floats
"""One figure for all scenarios, or an array with one for each."""
Figure = TypeVar("Figure", float, Floats, Scalar)
Close = Callable[..., Any]
NARROW = 4
"""Scenarios up to which numpy's own accumulation along the first axis takes less time than a call a year."""


def running_sum(amounts: Floats, start: Any = 0.0) -> Floats:
    """`start + a_0, start + a_0 + a_1, ...` along the first axis.

    >>> running_sum(np.array([[1.0], [2.0], [4.0]])).ravel().tolist()
    [1.0, 3.0, 7.0]
    """
    totals = _room(amounts, start)
    totals[...] = amounts
    totals[0] += start
    return _accumulated(np.add, totals)


def running_product(factors: Floats) -> Floats:
    """`f_0, f_0 f_1, ...` along the first axis.

    >>> running_product(np.array([[1.0], [2.0], [4.0]])).ravel().tolist()
    [1.0, 2.0, 8.0]
    """
    return _accumulated(np.multiply, factors.copy())


def _accumulated(step: np.ufunc, totals: Floats) -> Floats:
    """An array accumulated in its own place."""
    if totals.size <= NARROW * len(totals) and type(totals) is np.ndarray:
        step.accumulate(totals, axis=0, out=totals)
        return totals
    rows = list(totals)
    for before, row in pairwise(rows):
        step(before, row, out=row)
    return totals


def compounded(base: Any, growth: Floats) -> Floats:
    """A base and its growth: `base, base (1 + g_1), base (1 + g_1) (1 + g_2), ...`, one year more than
    growth.

    >>> compounded(100.0, np.array([[0.10], [0.10]])).ravel().round(2).tolist()
    [100.0, 110.0, 121.0]
    """
    path = _room(growth, base, years=len(growth) + 1)
    path[0] = 1.0
    np.add(growth, 1.0, out=path[1:])
    _accumulated(np.multiply, path[1:])
    path *= base
    return path


def after(base: Any, years: Floats) -> Floats:
    """A figure of the base year with those of the years after it.

    >>> after(1.0, np.array([[2.0], [3.0]])).ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    path = _path(base, years)
    path[0] = base
    path[1:] = years
    return path


def _path(base: Any, years: Floats, *terms: Any) -> Floats:
    """Room for a figure of the base year and those of the years after it."""
    shape = _scenarios(years, base, *terms)
    return np.empty((len(years) + 1, *shape), like=base if isinstance(base, np.ndarray) else years)


def _room(like: Floats, *terms: Any, years: int | None = None) -> Floats:
    """Room for figures of as many years, or of `years`, with the scenarios of `terms` too."""
    shape = _scenarios(like, *terms)
    return np.empty((len(like) if years is None else years, *shape), like=like)


def _scenarios(years: Floats, *terms: Any) -> tuple[int, ...]:
    """The scenarios of years and of figures together; plain numbers, the usual case, add none."""
    arrays = [np.shape(term) for term in terms if type(term) is not float]
    return np.broadcast_shapes(years.shape[1:], *arrays) if arrays else years.shape[1:]


def fade_positions(horizon: int, years: int) -> Floats:
    """How far each year is from the base year's level to the long run: `min(n / years, 1)`, the base year
    first.

    >>> fade_positions(3, 2).ravel().tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    return np.minimum(np.arange(horizon + 1.0)[:, None] / years, 1.0)


def faded(start: Any, end: Any, position: Floats) -> Floats:
    """From `start` to `end`, as the position goes from 0 to 1: `start + (end - start) position`.

    >>> faded(0.10, 0.20, np.array([[0.0], [0.5]])).ravel().round(2).tolist()
    [0.1, 0.15]
    """
    path: Floats = start + (end - start) * position
    return path


def changes(path: Floats) -> Floats:
    """Each year less the year before it, one year fewer."""
    return path[1:] - path[:-1]


def balances(opening: Any, flows: Floats, close: Close, *terms: Any) -> Floats:
    """A balance before the first year and at the end of each: `close(balance of the year before, flow,
    *terms)`.

    `close` takes `out` as well, the array to write to, and None for a scenario alone, which comes as floats.

    >>> balances(40.0, np.array([[-20.0], [30.0]]), less).ravel().tolist()
    [40.0, 60.0, 30.0]
    """
    path = _path(opening, flows, *terms)
    if path.size == len(path) and type(path) is np.ndarray:
        balance, *alone = [float(np.asarray(term).item()) for term in (opening, *terms)]
        closings = [balance]
        for flow in flows.ravel().tolist():
            balance = close(balance, flow, *alone, out=None)
            closings.append(balance)
        path.ravel()[:] = closings
        return path
    path[0] = opening
    for year in range(len(flows)):
        close(path[year], flows[year], *terms, out=path[year + 1])
    return path


def less(left: Any, flow: Any, *, out: Any) -> Any:
    """What a flow leaves of a balance, at least nothing."""
    if out is None:
        return max(left - flow, 0.0)
    np.subtract(left, flow, out=out)
    return np.maximum(out, 0.0, out=out)


def discounted(flows: Sequence[Any], factors: Sequence[Any]) -> Scalar:
    """What flows are worth at the valuation date, by Horner's rule: `x0 (F0 + x1 (F1 + x2 (F2 + ...)))`.

    A factor is what a flow loses on the step from its date to that of the flow before it, or to the valuation
    date: one multiplication and one addition a year.

    >>> discounted([1.0, 2.0, 4.0], [0.5, 0.5, 0.5])
    1.5
    """
    worth: Scalar = flows[-1] * factors[-1]
    for flow, factor in zip(flows[-2::-1], factors[-2::-1], strict=True):
        worth += flow  # in place: an array of its own, as wide as any flow and factor
        worth *= factor
    return worth


def power(base: Scalar, exponent: float) -> Scalar:
    """`base ** exponent` for an exponent of zero or more, its whole part by repeated squaring.

    >>> float(power(np.array(3.0), 5.0))
    243.0
    """
    whole = int(exponent)
    factors = [] if exponent == whole and whole else [base ** (exponent - whole)]
    while whole:
        if whole % 2:
            factors.append(base)
        whole //= 2
        if whole:
            base = base * base
    return prod(factors[1:], start=factors[0])


@overload
def ratio(above: Floats, below: Floats) -> Floats: ...
@overload
def ratio(above: Scalar, below: Scalar) -> Scalar: ...
def ratio(above: Any, below: Any) -> Any:
    """One figure or path over another, zero where there is nothing to divide by.

    >>> ratio(np.array([1.0, 2.0, 0.0]), np.array([4.0, 0.0, 0.0])).tolist()
    [0.25, 0.0, 0.0]
    """
    if np.ndim(below) == 0:
        return above / below if below else above * 0.0
    if below.all():
        return above / below
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below == 0, 0.0, above / below)


def over(above: Scalar, below: Scalar, *, positive: bool = False) -> Scalar:
    """One figure over another; NaN where that is zero, or with `positive` where it is not above zero.

    >>> over(1.0, 4.0), over(1.0, 0.0), over(1.0, -4.0, positive=True)
    (0.25, nan, nan)
    """
    if isinstance(below, float):
        return above / below if (below > 0 if positive else below != 0) else above * np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0 if positive else below != 0, above / below, np.nan)


def floored(value: Figure) -> Figure:
    """A figure or a path, zero where it is negative.

    >>> floored(-1.0), floored(np.array([-1.0, 2.0])).tolist()
    (0.0, [0.0, 2.0])
    """
    return max(value, 0.0) if type(value) is float else np.maximum(value, 0.0)


def total(figures: Iterable[Figure]) -> Figure:
    """The sum of figures or paths, added one after the other."""
    return reduce(add, figures)


def last(path: Floats) -> Floats:
    """What a path is in its last year."""
    final: Floats = path[-1]
    return final
