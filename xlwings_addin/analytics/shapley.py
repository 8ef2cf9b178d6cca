"""Shapley values: what each player adds to a game, on average over the orders in which they may join.

    shapley            exact, over all coalitions
    sampled_shapley    estimated from orders drawn at random, with a standard error

Sources: Shapley, A value for n-person games, in Contributions to the Theory of Games II (1953), 307-317;
Castro, Gomez and Tejada, Polynomial calculation of the Shapley value based on sampling, Computers &
Operations Research 36 (2009), 1726-1730; Mitchell, Cooper, Frank and Holmes, Sampling permutations for
Shapley value estimation, Journal of Machine Learning Research 23 (2022), for antithetic orders.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, combinations
from math import comb, fsum, sqrt
from typing import NamedTuple, TypeVar

import numpy as np

from xlwings_addin.core.errors import DomainError

SAMPLES = 64
"""Pairs of orders drawn, unless said otherwise."""
SEED = 1810

Player = TypeVar("Player", bound=Hashable)
Game = Callable[[frozenset[Player]], float]


class Estimate(NamedTuple):
    """A Shapley value estimated from a sample, and its standard error."""

    part: float
    error: float


def shapley(value: Game[Player], players: Sequence[Player]) -> dict[Player, float]:
    """Each player's part of what all of them are worth together, exact.

        part_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (value(S + i) - value(S))

    `value` is asked once for each of the 2^n coalitions S. The parts sum to value(all) - value(none), up to
    rounding, in the unit of `value`.
    Source: Shapley (1953). The example is the glove game: of the six orders of two left gloves and a right
    one, the right one completes the pair in four, each left one in one.

    >>> def pairs(gloves):
    ...     return min(len(gloves & {"left", "other left"}), len(gloves & {"right"}))
    >>> {name: round(part, 4) for name, part in shapley(pairs, ["left", "other left", "right"]).items()}
    {'left': 0.1667, 'other left': 0.1667, 'right': 0.6667}
    """
    n = len(players)
    worth = {coalition: value(coalition) for coalition in all_coalitions(players)}
    weight = [1 / (n * comb(n - 1, size)) for size in range(n)]
    return {
        player: fsum(
            weight[len(others)] * (worth[others | {player}] - worth[others])
            for others in worth
            if player not in others
        )
        for player in players
    }


def sampled_shapley(
    value: Game[Player], players: Sequence[Player], *, samples: int = SAMPLES, seed: int = SEED
) -> dict[Player, Estimate]:
    """Each player's part, estimated from `samples` random orders, each paired with its reverse.

        part_i = mean over orders of value(those before i, and i) - value(those before i)

    The two orders of a pair err in opposite directions where a player's contribution grows or falls steadily
    with the size of the coalition. The standard error is that of the mean over pairs, in the unit of `value`.
    Within every order the contributions telescope, so that the parts sum to value(all) - value(none) up to
    rounding, whatever was drawn. One seed draws the same orders for the same players.

    Raises `DomainError` for fewer than two samples, as one pair has no spread, and for a negative seed.
    Source: Castro, Gomez and Tejada (2009); Mitchell, Cooper, Frank and Holmes (2022).

    >>> sampled_shapley(len, "abc", samples=2)["a"]
    Estimate(part=1.0, error=0.0)
    """
    check_sample(samples, seed)
    contributions = [_contributions(value, order) for order in orders_of(players, samples, seed)]
    pairs = list(zip(contributions[::2], contributions[1::2], strict=True))
    return {
        player: _estimate([(one[player] + other[player]) / 2 for one, other in pairs]) for player in players
    }


def check_sample(samples: int, seed: int) -> None:
    """Raise `DomainError` for fewer than two samples and for a negative seed."""
    if samples < 2:
        raise DomainError("samples", samples, "must be at least 2, for a standard error")
    if seed < 0:
        raise DomainError("seed", seed, "must be at least 0")


def all_coalitions(players: Sequence[Player]) -> Iterator[frozenset[Player]]:
    """All subsets of the players, the smallest first."""
    sizes = range(len(players) + 1)
    return map(frozenset, chain.from_iterable(combinations(players, size) for size in sizes))


def orders_of(players: Sequence[Player], samples: int, seed: int) -> Iterator[list[Player]]:
    """Orders of the players drawn at random, each followed by its reverse."""
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        order = [players[position] for position in generator.permutation(len(players))]
        yield order
        yield order[::-1]


def prefixes(order: Sequence[Player]) -> list[frozenset[Player]]:
    """The coalitions an order passes through, from nobody to all."""
    return [frozenset(order[:count]) for count in range(len(order) + 1)]


def _contributions(value: Game[Player], order: Sequence[Player]) -> dict[Player, float]:
    worth = [value(coalition) for coalition in prefixes(order)]
    return {player: worth[position + 1] - worth[position] for position, player in enumerate(order)}


def _estimate(means: Sequence[float]) -> Estimate:
    mean, count = fsum(means) / len(means), len(means)
    variance = fsum((value - mean) ** 2 for value in means) / (count - 1)
    return Estimate(mean, sqrt(variance / count))
