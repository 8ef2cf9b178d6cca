"""What of the variance of a value comes from which input.

    sobol_indices     with inputs drawn independently, as the indices need it: first order, what an input
                      does alone, and total, what it does with all others, as parts of the variance
    shapley_effects   with the inputs tied together as they are: parts that add to the variance

Both are estimated in batches that are independent of one another; the error is from their spread.

Sources: Saltelli et al., Computer Physics Communications 181 (2010), 259-270, and Jansen, Computer Physics
Communications 117 (1999), 35-43, for the indices; Owen, SIAM/ASA Journal on Uncertainty Quantification 2
(2014), 245-251, and Song, Nelson and Staum, ibid. 4 (2016), 1060-1083, for the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64DXSM, Generator, SeedSequence
from numpy.typing import NDArray
from scipy.special import ndtri

from xlwings_addin.analytics.copula import root_of
from xlwings_addin.analytics.drawing import Drawing
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.shapley import Estimate, orders_of
from xlwings_addin.core.errors import DomainError

Floats = NDArray[np.float64]
Worth = Callable[[Floats], Floats]
"""Values for normal numbers, a row for each input; NaN for a draw that breaks a rule."""

BATCHES = 8
POINTS = 1024
"""Points of a batch for the indices."""
PAIRS, ORDER_DRAWS = 8, 256
"""Orders of a batch for the effects, each with its reverse, and the draws of each."""


@dataclass(frozen=True)
class Contribution:
    """What an input contributes to the variance of value per share, as parts of it, with standard errors.

    `first_order` and `total` hold for independent marginals, `shapley` for correlated ones.
    """

    key: str
    first_order: float
    first_order_error: float
    total: float
    total_error: float
    shapley: float
    shapley_error: float


def contributions_of(drawing: Drawing, *, seed: int) -> tuple[Contribution, ...]:
    """The contributions of all inputs of a case that are drawn, in the order of the table.

    Raises `DomainError` where the draws have no variance.
    """
    batch = drawing.batch()

    def independent(normals: Floats) -> Floats:
        return batch(drawing.values(normals))[VALUE_PER_SHARE]

    first, total = sobol_indices(independent, len(drawing.keys), seed=seed)
    effects = shapley_effects(independent, drawing.matrix, seed=seed)
    return tuple(
        Contribution(key, *first[place], *total[place], *effects[place])
        for place, key in enumerate(drawing.keys)
    )


def sobol_indices(
    worth: Worth, inputs: int, *, seed: int, points: int = POINTS, evenly: bool = True
) -> tuple[list[Estimate], list[Estimate]]:
    """First-order and total indices of independent inputs.

        first_i = mean(f(B) (f(A, i from B) - f(A))) / variance
        total_i = mean((f(A) - f(A, i from B))^2) / 2 / variance

    A and B are scrambled Sobol points, `points` of them in each of eight batches, or pseudo-random ones that
    fill the space less `evenly` and need no library that loads slowly; a point that breaks a rule
    in A, in B or with one input exchanged is left out. Raises `DomainError` for no variance.

    >>> first, total = sobol_indices(lambda z: 2 * z[0] + z[1], 2, seed=7)
    >>> [round(one.part, 2) for one in first], [round(one.part, 2) for one in total]
    ([0.8, 0.2], [0.8, 0.2])
    """
    firsts, totals = np.empty((2, BATCHES, inputs))
    for number in range(BATCHES):
        generator = Generator(PCG64DXSM(SeedSequence(seed, spawn_key=(number, 1))))
        shape = (2 * inputs, points)
        normals = _even_normals(generator, shape) if evenly else generator.standard_normal(shape)
        one, other = normals[:inputs], normals[inputs:]
        mixed = np.tile(one, (inputs + 2, 1, 1))
        mixed[inputs] = other
        for place in range(inputs):
            mixed[place, place] = other[place]
        # All at once: a call of its own for each would cost more than what it values.
        values = worth(np.ascontiguousarray(mixed.transpose(1, 0, 2)).reshape(inputs, -1))
        *_, at_other, at_one = values = values.reshape(inputs + 2, points)
        exchanged = values[:inputs]
        sound = np.isfinite(at_one) & np.isfinite(at_other) & np.isfinite(exchanged).all(axis=0)
        at_one, at_other, exchanged = at_one[sound], at_other[sound], exchanged[:, sound]
        variance = _variance(np.concatenate([at_one, at_other]))
        centre = (at_one.mean() + at_other.mean()) / 2
        firsts[number] = ((at_other - centre) * (exchanged - at_one)).mean(axis=1) / variance
        totals[number] = ((at_one - exchanged) ** 2).mean(axis=1) / 2 / variance
    return _estimates(firsts), _estimates(totals)


def _even_normals(generator: Generator, shape: tuple[int, int]) -> Floats:
    """Normal numbers of scrambled Sobol points, a row for each dimension."""
    from scipy.stats.qmc import Sobol

    uniform = Sobol(shape[0], bits=30, seed=generator).random(shape[1]).T + 0.5**31
    normals: Floats = ndtri(np.ascontiguousarray(uniform))
    return normals


def shapley_effects(worth: Worth, matrix: Floats, *, seed: int, draws: int = ORDER_DRAWS) -> list[Estimate]:
    """Shapley effects: parts of the variance of correlated inputs, which add to 1.

        effect_i = Shapley value of the game c(S) = Var(E[f | inputs in S]) / Var(f)

    c(S) is the covariance of f at two draws that share the inputs of S and have the others drawn again from
    their distribution where those are as they are. It is asked along orders drawn at random, each followed by
    its reverse, with `draws` of its own; a draw that breaks a rule anywhere in its order is left out.
    Raises `DomainError` for no variance.

    >>> effects = shapley_effects(lambda z: 2 * z[0] + z[1], np.eye(2), seed=7)
    >>> [round(effect.part, 1) for effect in effects]
    [0.8, 0.2]
    """
    parts = np.empty((BATCHES, len(matrix)))
    for number in range(BATCHES):
        generator = Generator(PCG64DXSM(SeedSequence(seed, spawn_key=(number, 2))))
        orders = list(orders_of(range(len(matrix)), PAIRS, int(generator.integers(2**63))))
        figures = np.stack([_along(worth, matrix, order, generator, draws) for order in orders])
        parts[number] = _parts_of(figures, orders)
    return _estimates(parts)


def _along(worth: Worth, matrix: Floats, order: Sequence[int], generator: Generator, draws: int) -> Floats:
    """f at draws, and with all but the first one, two, ... inputs of an order redrawn: (inputs, draws)."""
    shape = (len(matrix), draws)
    normals, again = root_of(matrix) @ generator.standard_normal(shape), generator.standard_normal(shape)
    redrawn = [_redrawn(matrix, normals, again, order[:count]) for count in range(1, len(order))]
    return worth(np.concatenate([normals, *redrawn], axis=1)).reshape(shape)


def _redrawn(matrix: Floats, normals: Floats, again: Floats, kept: Sequence[int]) -> Floats:
    """The draws with all inputs but `kept` drawn again, under the condition of those."""
    others = [place for place in range(len(matrix)) if place not in kept]
    across = matrix[np.ix_(others, kept)]
    slope = across @ np.linalg.pinv(matrix[np.ix_(kept, kept)], hermitian=True)
    rest = matrix[np.ix_(others, others)] - slope @ across.T
    drawn = normals.copy()
    drawn[others] = slope @ normals[kept] + root_of(rest) @ again[others]
    return drawn


def _parts_of(figures: Floats, orders: Sequence[Sequence[int]]) -> Floats:
    """What each input adds to c, over all orders; figures are (orders, inputs, draws)."""
    sound = np.all(np.isfinite(figures), axis=1)
    values = figures[:, 0, :][sound]
    variance, centre = _variance(values) * len(values), values.mean()
    rest = np.where(sound[:, None, :], figures - centre, 0.0)
    shared = np.einsum("od,ocd->oc", rest[:, 0], rest)
    # From nothing shared, which is 0, over one, two, ... inputs in common to all of them.
    game = np.concatenate([np.zeros((len(orders), 1)), shared[:, 1:], shared[:, :1]], axis=1)
    parts = np.zeros(figures.shape[1])
    for order, added in zip(orders, np.diff(game, axis=1), strict=True):
        parts[list(order)] += added
    return parts / variance


def _variance(values: Floats) -> float:
    variance = float(values.var()) if len(values) else 0.0
    if not variance > 0:
        raise DomainError("variance", variance, "must be above 0 for inputs to contribute to it")
    return variance


def _estimates(batches: Floats) -> list[Estimate]:
    means, errors = batches.mean(axis=0), batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    return [Estimate(float(mean), float(error)) for mean, error in zip(means, errors, strict=True)]
