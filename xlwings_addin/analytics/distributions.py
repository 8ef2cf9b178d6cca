"""Values of inputs from standard normal numbers: each marginal's inverse, as a function of z.

    x = F^-1(Phi(z))

A normal number of a Gaussian copula goes in, the input's value comes out; a greater z never gives a smaller
value. Inverses without a quick formula, PERT's and that of a cut normal, are read from a table.

Source: Nelsen, An Introduction to Copulas (2006), for the construction; Malcolm, Roseboom, Clark and Fazar,
Operations Research 7 (1959), 646-669, for PERT, whose beta has the parameters 1 + 4 (middle - low) / (high -
low) and 1 + 4 (high - middle) / (high - low).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, ndtri

from xlwings_addin.inputs.distributions import Marginal

Floats = NDArray[np.float64]
Quantile = Callable[[Floats], Floats]

REACH, PER_UNIT = 8, 128
"""Tables reach eight standard deviations to both sides, with so many knots in each of them."""
TABLE_ERROR = 1e-9
"""The most that a value from a table is off, in units of high less low."""


def quantile_of(marginal: Marginal) -> Quantile:
    """The inverse of a marginal whose numbers are all there, as a function of standard normal numbers.

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> from xlwings_addin.inputs.distributions import read_distributions
    >>> growth = read_distributions().marginals["devices_terminal_growth"].in_case(load_inputs("base"))
    >>> quantile_of(growth)(np.array([-9.0, 0.0, 9.0])).round(4).tolist()
    [0.015, 0.025, 0.035]
    """
    return _INVERSES[marginal.kind](marginal)


class Table:
    """A smooth function of z over equal steps, by the cubic through the four nearest knots.

    Beyond eight standard deviations, which one draw in 10^15 exceeds, it is what it is there. Its error
    is at most `TABLE_ERROR` of the range of the function.
    """

    def __init__(self, exact: Quantile) -> None:
        knots = np.arange(-REACH * PER_UNIT - 1, REACH * PER_UNIT + 2) / PER_UNIT
        values = exact(knots)
        a, b, c, d = values[:-3], values[1:-2], values[2:-1], values[3:]
        self.terms = (b, c - a / 3 - b / 2 - d / 6, (a + c) / 2 - b, (d - a) / 6 + (b - c) / 2)

    def __call__(self, z: Floats) -> Floats:
        place = (np.clip(z, -REACH, REACH) + REACH) * PER_UNIT
        knot = np.minimum(place.astype(np.intp), 2 * REACH * PER_UNIT - 1)
        step = place - knot
        first, second, third, fourth = (term.take(knot) for term in self.terms)
        values: Floats = ((fourth * step + third) * step + second) * step + first
        return values


def _ends(marginal: Marginal) -> tuple[float, float]:
    assert marginal.low is not None
    assert marginal.high is not None
    return marginal.low, marginal.high


def _shape(marginal: Marginal) -> tuple[float, float]:
    assert marginal.middle is not None
    assert marginal.deviation is not None
    return marginal.middle, marginal.deviation


def _normal(marginal: Marginal) -> Quantile:
    mean, deviation = _shape(marginal)
    return lambda z: mean + deviation * z


def _lognormal(marginal: Marginal) -> Quantile:
    median, deviation = _shape(marginal)
    return lambda z: median * np.exp(deviation * z)


def _uniform(marginal: Marginal) -> Quantile:
    low, high = _ends(marginal)
    return lambda z: np.asarray(low + (high - low) * ndtr(z))


def _triangular(marginal: Marginal) -> Quantile:
    low, high = _ends(marginal)
    width, middle = high - low, marginal.middle
    assert middle is not None
    below = (middle - low) / width

    def inverse(z: Floats) -> Floats:
        probability = ndtr(z)
        rising = low + np.sqrt(probability * (width * (middle - low)))
        falling = high - np.sqrt((1 - probability) * (width * (high - middle)))
        values: Floats = np.where(probability <= below, rising, falling)
        return values

    return inverse


def _pert(marginal: Marginal) -> Quantile:
    low, high = _ends(marginal)
    width, middle = high - low, marginal.middle
    assert middle is not None
    first, second = 1 + 4 * (middle - low) / width, 1 + 4 * (high - middle) / width

    def exact(z: Floats) -> Floats:
        lower = betaincinv(first, second, ndtr(z))
        upper = 1 - betaincinv(second, first, ndtr(-z))
        values: Floats = low + width * np.where(z <= 0, lower, upper)
        return values

    return Table(exact)


def _bounded(marginal: Marginal) -> Quantile:
    (low, high), (mean, deviation) = _ends(marginal), _shape(marginal)
    below, above = ndtr((low - mean) / deviation), ndtr((mean - high) / deviation)
    inside = 1 - below - above

    def exact(z: Floats) -> Floats:
        lower = ndtri(below + ndtr(z) * inside)
        upper = -ndtri(above + ndtr(-z) * inside)
        values: Floats = np.clip(mean + deviation * np.where(z <= 0, lower, upper), low, high)
        return values

    return Table(exact)


def _discrete(marginal: Marginal) -> Quantile:
    values, probabilities = (np.array(column) for column in zip(*marginal.outcomes, strict=True))
    steps = ndtri(np.cumsum(probabilities)[:-1])
    return lambda z: np.asarray(values[np.searchsorted(steps, z, side="right")])


_INVERSES: dict[str, Callable[[Marginal], Quantile]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "triangular": _triangular,
    "pert": _pert,
    "bounded": _bounded,
    "discrete": _discrete,
}
