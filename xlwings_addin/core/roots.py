"""Roots of many equations at once, each between two points where its sign differs.

The method of Chandrupatla: a step of inverse quadratic interpolation where three points say that it is safe,
a halving otherwise, so that no bracket is ever left. `scipy.optimize.elementwise.find_root` does the same;
its import alone takes longer than a valuation, and the tests hold the two against each other.

Sources: Chandrupatla, A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
without using derivatives, Advances in Engineering Software 28 (1997), 145-149; Scherer, Computational Physics
(2010), section 6.1.7.3.

>>> import numpy as np
>>> squares = np.array([2.0, 9.0])
>>> find_roots(lambda x, which: x**2 - squares[which], np.zeros(2), np.full(2, 5.0)).round(9).tolist()
[1.414213562, 3.0]
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.intp]
Equation = Callable[[Floats, Whole], Floats]
"""Left sides that are to be zero, at points, each of the equation with that number."""

TOLERANCE = 1e-13
"""Relative to the root; the last step is half of it at most."""
SMALLEST = 4 * float(np.finfo(float).tiny)
MOST_STEPS = 200


@dataclass
class _Brackets:
    """Three points of every equation that is still open: the newest, the other end, and the one before."""

    which: Whole
    new: Floats
    at_new: Floats
    end: Floats
    at_end: Floats
    old: Floats
    at_old: Floats
    step: Floats

    def keep(self, rows: NDArray[np.bool_]) -> None:
        for name, values in vars(self).items():
            setattr(self, name, values[rows])


def find_roots(
    equation: Equation,
    low: Floats,
    high: Floats,
    at_low: Floats | None = None,
    at_high: Floats | None = None,
) -> Floats:
    """A root of each equation between its `low` and `high`, shape (equations,).

    Args:
        equation: left sides at points (points,), each of the equation that the second argument numbers.
        low, high: ends of the brackets, (equations,).
        at_low, at_high: the left sides there, where they are known already.

    Returns: roots; NaN for an equation without a change of sign, and for one that is not a number on the way.
    Source: Chandrupatla (1997); Scherer (2010).

    >>> low, high = np.array([0.0, 3.0]), np.array([1.0, 4.0])
    >>> find_roots(lambda x, which: np.exp(x) - 2.0, low, high).round(9).tolist()
    [0.693147181, nan]
    """
    numbered = np.arange(len(low))
    first = equation(low, numbered) if at_low is None else at_low
    other = equation(high, numbered) if at_high is None else at_high
    steps = root_steps(low, high, first, other)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(equation(*asked))
    except StopIteration as done:
        roots: Floats = done.value
        return roots


def root_steps(
    low: Floats, high: Floats, first: Floats, other: Floats
) -> Generator[tuple[Floats, Whole], Floats, Floats]:
    """`find_roots` for whoever evaluates equations with others: it asks for points and is sent left sides.

    `first` and `other` are the left sides at `low` and `high`.
    """
    roots = np.where(first == 0, low, np.where(other == 0, high, np.nan))
    with np.errstate(invalid="ignore"):
        (still,) = np.nonzero((first != 0) & (other != 0) & (np.sign(first) == -np.sign(other)))
    low, first, high, other = (values[still].astype(float) for values in (low, first, high, other))
    half = np.full(len(still), 0.5)
    brackets = _Brackets(still, low, first, high, other, low, first, half)
    for _ in range(MOST_STEPS):
        if not len(brackets.which):
            break
        point = brackets.new + brackets.step * (brackets.end - brackets.new)
        _advance(brackets, point, (yield point, brackets.which))
        _settle(brackets, roots)
    return roots


def _advance(brackets: _Brackets, point: Floats, value: Floats) -> None:
    """One step: the new point becomes one end, the end on whose side it lies becomes the one before."""
    with np.errstate(invalid="ignore"):
        same = np.sign(value) == np.sign(brackets.at_new)
    brackets.old = np.where(same, brackets.new, brackets.end)
    brackets.at_old = np.where(same, brackets.at_new, brackets.at_end)
    brackets.end = np.where(same, brackets.end, brackets.new)
    brackets.at_end = np.where(same, brackets.at_end, brackets.at_new)
    brackets.new, brackets.at_new = point, value


def _settle(brackets: _Brackets, roots: Floats) -> None:
    """Note the roots that are reached, and choose the next step of the others."""
    nearer = np.abs(brackets.at_new) < np.abs(brackets.at_end)
    best = np.where(nearer, brackets.new, brackets.end)
    width = np.abs(brackets.end - brackets.new)
    with np.errstate(all="ignore"):
        least = (np.abs(best) * TOLERANCE + SMALLEST) / width
    lost = np.isnan(brackets.at_new)
    done = ~lost & ((least > 0.5) | (brackets.at_new == 0) | (brackets.at_end == 0))
    roots[brackets.which[done]] = best[done]
    still = ~done & ~lost
    brackets.keep(still)
    brackets.step = np.clip(_next_step(brackets), least[still], 1 - least[still])


def _next_step(b: _Brackets) -> Floats:
    """The share of the bracket to go: inverse quadratic where it stays inside, else half."""
    with np.errstate(all="ignore"):
        position, height = (b.new - b.end) / (b.old - b.end), (b.at_new - b.at_end) / (b.at_old - b.at_end)
        safe = (1 - np.sqrt(1 - position) < height) & (height < np.sqrt(position))
        along = (b.old - b.new) / (b.end - b.new)
        quadratic = b.at_new / (b.at_new - b.at_end) * b.at_old / (b.at_old - b.at_end)
        quadratic -= along * b.at_new / (b.at_old - b.at_new) * b.at_end / (b.at_end - b.at_old)
    return np.where(safe & np.isfinite(quadratic), quadratic, 0.5)
