"""Distributions and statistics, by scipy where the engine's own series are inexact.

Source: Microsoft's documentation of T.DIST, T.INV, F.DIST, F.INV, CHISQ.DIST, CHISQ.INV, CONFIDENCE.T,
NORM.S.INV, BINOM.DIST, POISSON.DIST, GEOMEAN, MODE and T.TEST, and of the older functions they replaced.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from xlwings_addin.engine.instead.values import (
    CellError,
    cell_by_cell,
    cells,
    function,
    logical,
    number,
    numbers,
    numbers_in,
)
from xlwings_addin.xlsx.values import is_error

__all__ = ["FUNCTIONS"]


def _degrees(value: object) -> int:
    degrees = math.floor(number(value))
    if degrees < 1 or degrees > 10**10:
        raise CellError("#NUM!")
    return degrees


def _probability(value: object, *, zero: bool = False, one: bool = False) -> float:
    probability = number(value)
    if not 0 <= probability <= 1 or (probability == 0 and not zero) or (probability == 1 and not one):
        raise CellError("#NUM!")
    return probability


def _law(name: str) -> Any:
    """A distribution with its density; slower to call than `_special` by two orders of magnitude."""
    from scipy import stats

    return getattr(stats, name)


def _special(name: str) -> Callable[..., float]:
    """One of scipy's plain functions: distributions and their inverses."""
    from scipy import special

    calculate: Callable[..., float] = getattr(special, name)
    return calculate


@cell_by_cell
def t_dist(x: object, degrees: object, cumulative: object) -> object:
    value, freedom = number(x), _degrees(degrees)
    return float(_special("stdtr")(freedom, value) if logical(cumulative) else _law("t").pdf(value, freedom))


@cell_by_cell
def t_dist_2t(x: object, degrees: object) -> object:
    value = number(x)
    if value < 0:
        raise CellError("#NUM!")
    return float(2 * _special("stdtr")(_degrees(degrees), -value))


@cell_by_cell
def t_dist_rt(x: object, degrees: object) -> object:
    return float(_special("stdtr")(_degrees(degrees), -number(x)))


@cell_by_cell
def tdist(x: object, degrees: object, tails: object) -> object:
    value, count = number(x), int(number(tails))
    if value < 0 or count not in (1, 2):
        raise CellError("#NUM!")
    return float(count * _special("stdtr")(_degrees(degrees), -value))


@cell_by_cell
def t_inv(probability: object, degrees: object) -> object:
    return float(_special("stdtrit")(_degrees(degrees), _probability(probability)))


@cell_by_cell
def t_inv_2t(probability: object, degrees: object) -> object:
    return -float(_special("stdtrit")(_degrees(degrees), _probability(probability, one=True) / 2))


@cell_by_cell
def f_dist(x: object, first: object, second: object, cumulative: object) -> object:
    value, one, two = number(x), _degrees(first), _degrees(second)
    if value < 0:
        raise CellError("#NUM!")
    if logical(cumulative):
        return float(_special("fdtr")(one, two, value))
    return float(_law("f").pdf(value, one, two))


@cell_by_cell
def f_dist_rt(x: object, first: object, second: object) -> object:
    value, one, two = number(x), _degrees(first), _degrees(second)
    if value < 0:
        raise CellError("#NUM!")
    return float(_special("fdtrc")(one, two, value))


@cell_by_cell
def f_inv(probability: object, first: object, second: object) -> object:
    return float(_special("fdtri")(_degrees(first), _degrees(second), _probability(probability, zero=True)))


@cell_by_cell
def f_inv_rt(probability: object, first: object, second: object) -> object:
    return float(_law("f").isf(_probability(probability, one=True), _degrees(first), _degrees(second)))


@cell_by_cell
def chisq_dist(x: object, degrees: object, cumulative: object) -> object:
    value, freedom = number(x), _degrees(degrees)
    if value < 0:
        raise CellError("#NUM!")
    if logical(cumulative):
        return float(_special("chdtr")(freedom, value))
    return float(_law("chi2").pdf(value, freedom))


@cell_by_cell
def chisq_dist_rt(x: object, degrees: object) -> object:
    value, freedom = number(x), _degrees(degrees)
    if value < 0:
        raise CellError("#NUM!")
    return float(_special("chdtrc")(freedom, value))


@cell_by_cell
def chisq_inv(probability: object, degrees: object) -> object:
    return float(_law("chi2").ppf(_probability(probability, zero=True), _degrees(degrees)))


@cell_by_cell
def chisq_inv_rt(probability: object, degrees: object) -> object:
    return float(_special("chdtri")(_degrees(degrees), _probability(probability, one=True)))


@cell_by_cell
def norm_s_inv(probability: object) -> object:
    return float(_special("ndtri")(_probability(probability)))


@cell_by_cell
def norm_inv(probability: object, mean: object, deviation: object) -> object:
    if number(deviation) <= 0:
        raise CellError("#NUM!")
    return number(mean) + number(deviation) * float(_special("ndtri")(_probability(probability)))


def _confidence(alpha: object, deviation: object, size: object) -> tuple[float, float, int]:
    level, spread, count = _probability(alpha), number(deviation), int(number(size))
    if spread <= 0 or count < 1:
        raise CellError("#NUM!")
    return level, spread, count


@cell_by_cell
def confidence_norm(alpha: object, deviation: object, size: object) -> object:
    level, spread, count = _confidence(alpha, deviation, size)
    return -float(_special("ndtri")(level / 2)) * spread / math.sqrt(count)


@cell_by_cell
def confidence_t(alpha: object, deviation: object, size: object) -> object:
    level, spread, count = _confidence(alpha, deviation, size)
    if count == 1:
        raise CellError("#DIV/0!")
    return -float(_special("stdtrit")(count - 1, level / 2)) * spread / math.sqrt(count)


@cell_by_cell
def binom_dist(successes: object, trials: object, probability: object, cumulative: object) -> object:
    hits, count = float(math.trunc(number(successes))), float(math.trunc(number(trials)))
    chance = number(probability)
    if hits < 0 or hits > count or not 0 <= chance <= 1:
        raise CellError("#NUM!")
    law = _law("binom")
    return float(law.cdf(hits, count, chance) if logical(cumulative) else law.pmf(hits, count, chance))


@cell_by_cell
def poisson_dist(x: object, mean: object, cumulative: object) -> object:
    count, average = float(math.trunc(number(x))), number(mean)
    if count < 0 or average < 0:
        raise CellError("#NUM!")
    law = _law("poisson")
    return float(law.cdf(count, average) if logical(cumulative) else law.pmf(count, average))


@function
def geomean(*values: object) -> object:
    amounts = numbers(*values)
    if not amounts or min(amounts) <= 0:
        raise CellError("#NUM!")
    return math.exp(math.fsum(map(math.log, amounts)) / len(amounts))


@function
def mode(*values: object) -> object:
    """The most frequent number; of several the one that comes first in the data.

    Source: Microsoft, MODE.SNGL; #N/A where no number stands twice.
    """
    counts = Counter(numbers(*values))
    if not counts or max(counts.values()) < 2:
        raise CellError("#N/A")
    most = max(counts.values())
    return next(value for value, count in counts.items() if count == most)


@function
def mode_mult(*values: object) -> object:
    """All of the most frequent numbers, below one another, in the order in which they come in the data."""
    counts = Counter(numbers(*values))
    if not counts or max(counts.values()) < 2:
        raise CellError("#N/A")
    most = max(counts.values())
    return [[value] for value, count in counts.items() if count == most]


def _pairs(first: object, second: object) -> tuple[list[float], list[float]]:
    one, two = list(cells(first)), list(cells(second))
    for value in (*one, *two):
        if is_error(value):
            raise CellError(str(value))
    if len(one) != len(two):
        raise CellError("#N/A")
    both = [(a, b) for a, b in zip(one, two, strict=True) if _is_number(a) and _is_number(b)]
    return [float(a) for a, _ in both], [float(b) for _, b in both]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@function
def t_test(first: object, second: object, tails: object, kind: object) -> object:
    """The probability of Student's t-test: paired (1), of equal (2) or unequal variance (3)."""
    from scipy import stats

    count, form = int(number(tails)), int(number(kind))
    if count not in (1, 2) or form not in (1, 2, 3):
        raise CellError("#NUM!")
    if form == 1:
        one, two = _pairs(first, second)
        if len(one) < 2:
            raise CellError("#DIV/0!")
        result = stats.ttest_rel(one, two)
    else:
        one, two = numbers_in(first), numbers_in(second)
        if min(len(one), len(two)) < 2:
            raise CellError("#DIV/0!")
        result = stats.ttest_ind(one, two, equal_var=form == 2)
    probability = float(result.pvalue)
    if not math.isfinite(probability):
        raise CellError("#DIV/0!")
    return probability * count / 2


FUNCTIONS: Final[dict[str, Callable[..., object]]] = {
    "T.DIST": t_dist,
    "T.DIST.2T": t_dist_2t,
    "T.DIST.RT": t_dist_rt,
    "TDIST": tdist,
    "T.INV": t_inv,
    "T.INV.2T": t_inv_2t,
    "TINV": t_inv_2t,
    "F.DIST": f_dist,
    "F.DIST.RT": f_dist_rt,
    "FDIST": f_dist_rt,
    "F.INV": f_inv,
    "F.INV.RT": f_inv_rt,
    "FINV": f_inv_rt,
    "CHISQ.DIST": chisq_dist,
    "CHISQ.DIST.RT": chisq_dist_rt,
    "CHIDIST": chisq_dist_rt,
    "CHISQ.INV": chisq_inv,
    "CHISQ.INV.RT": chisq_inv_rt,
    "CHIINV": chisq_inv_rt,
    "NORM.S.INV": norm_s_inv,
    "NORMSINV": norm_s_inv,
    "NORM.INV": norm_inv,
    "NORMINV": norm_inv,
    "CONFIDENCE.NORM": confidence_norm,
    "CONFIDENCE": confidence_norm,
    "CONFIDENCE.T": confidence_t,
    "BINOM.DIST": binom_dist,
    "BINOMDIST": binom_dist,
    "POISSON.DIST": poisson_dist,
    "POISSON": poisson_dist,
    "GEOMEAN": geomean,
    "MODE": mode,
    "MODE.SNGL": mode,
    "MODE.MULT": mode_mult,
    "T.TEST": t_test,
    "TTEST": t_test,
}
