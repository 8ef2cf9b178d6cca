"""The sum of discounted flows, for one scenario or for millions: Horner's rule over blocks of scenarios.

Nothing here checks its arguments but for flows that are not finite, which are found by their result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from xlwings_addin.core.errors import DomainError
from xlwings_addin.core.validation import Floats, behind_years, require
from xlwings_addin.core.years import discounted, power

Block = tuple[Any, ...]

BLOCK = 24_000
"""Scenarios valued at a time: what every year touches, a sum and a factor, stays in a core's own cache."""

SCENARIOS_FIRST_BLOCK = 6_000
"""The same where a scenario's years lie side by side: every year reads of all, so all stay in the cache."""


def discounted_sum(years: Floats, factor: Floats, steps: Sequence[float], out: Floats) -> None:
    """Write `sum(flow * factor ** time)` to `out`, for flows with the year along the first axis.

    `steps` is the time from the valuation date to the first flow, and from each flow to the next. One
    multiplication and one addition a year, and no power for each flow:
    `x**s0 (F0 + x**s1 (F1 + x**s2 (F2 + ...)))`. One scenario is counted in floats, which takes fewer calls.

    >>> out = np.empty(())
    >>> discounted_sum(np.array([1.0, 2.0, 4.0]), np.array(0.5), steps=[1.0, 1.0, 1.0], out=out)
    >>> float(out)
    1.5
    """
    if factor.ndim == 0:
        alone = {step: float(power(float(factor), step)) for step in set(steps)}
        out[...] = discounted(years.ravel().tolist(), [alone[step] for step in steps])
        return
    factors = {step: power(factor, step) for step in set(steps)}
    np.multiply(years[-1], factors[steps[-1]], out=out)
    for year in range(len(years) - 2, -1, -1):
        out += years[year]
        out *= factors[steps[year]]


def scenario_blocks(shape: tuple[int, ...], room: int = BLOCK) -> Iterator[Block]:
    """The indices that cut scenarios of a shape into blocks; each gives a view, of a single scenario too.

    >>> for rows, columns, _ in scenario_blocks((2, 8_000), room=5_000):
    ...     print(rows, columns)
    slice(0, 1, None) slice(0, 5000, None)
    slice(0, 1, None) slice(5000, 10000, None)
    slice(1, 2, None) slice(0, 5000, None)
    slice(1, 2, None) slice(5000, 10000, None)
    """
    cuts: list[list[Any]] = [[...]]
    for length in reversed(shape):
        step = max(1, min(length, room))
        room //= step
        cuts.insert(0, [slice(start, start + step) for start in range(0, length, step)])
    return itertools.product(*cuts)


def years_first(flows: Floats, shape: tuple[int, ...]) -> Floats:
    """Flows seen with the scenarios' shape behind the years, without a copy."""
    return broadcast(behind_years(flows, len(shape)), (len(flows), *shape))


def broadcast(array: Floats, shape: tuple[int, ...]) -> Floats:
    """An array seen at a shape it fits, without a copy."""
    return array if array.shape == shape else np.broadcast_to(array, shape)


def over_blocks(years: Floats, value: Callable[[Block], None]) -> None:
    """Call `value` with the index of each block of the scenarios behind the years.

    Overflow makes no noise here: `finite_flows` finds it.
    """
    scenarios_first = 0 < years.strides[0] < max(years.strides[1:], default=0)
    room = SCENARIOS_FIRST_BLOCK if scenarios_first else BLOCK
    with np.errstate(over="ignore", invalid="ignore"):
        for block in scenario_blocks(years.shape[1:], room):
            value(block)


def finite_flows(flows: Floats, *values: Floats) -> None:
    """Raise where a value of the flows is not finite: one of them is not, or they are too large together."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = sum(value.sum() for value in values)
    if np.isfinite(total) or all(np.isfinite(value).all() for value in values):
        return
    require("flows", flows, np.isfinite(flows), "must be finite")
    raise DomainError("flows", flows, "exceed the largest number of 64 bits", display="discounted")
