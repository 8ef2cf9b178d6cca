"""Shapley values: the examples of the literature, the axioms, and what a sample leaves uncertain."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.analytics.shapley import (
    sampled_shapley,
    shapley,
)
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs

ROUNDING = 1e-12
Coalition = frozenset[Hashable]


# --- Shapley values against the literature ------------------------------------------------------------


def test_the_glove_game_has_its_known_parts() -> None:
    # Two left gloves, one right; a pair is worth 1. The value is (1/6, 1/6, 4/6): of the six orders the
    # right glove completes the pair in four, each left one in one.
    parts = shapley(lambda made: min(len(made & {1, 2}), len(made & {3})), [1, 2, 3])
    assert parts == pytest.approx({1: 1 / 6, 2: 1 / 6, 3: 2 / 3}, abs=ROUNDING)


def test_the_security_council_has_its_published_power() -> None:
    # Shapley and Shubik, A Method for Evaluating the Distribution of Power in a Committee System, American
    # Political Science Review 48 (1954), 787-792: of eleven members the five with a veto hold 98.7% of the
    # power; a motion needs seven votes. A small member is pivotal as the seventh, behind all five and one
    # other of six: 5 * 6! * 4! / 11! = 1/462.
    permanent, small = {f"p{n}" for n in range(5)}, {f"s{n}" for n in range(6)}

    def carried(voters: Coalition) -> float:
        return float(permanent <= voters and len(voters) >= 7)

    power = shapley(carried, sorted(permanent | small))
    assert round(sum(power[entry] for entry in permanent), 3) == 0.987
    assert {driver: power[driver] for driver in small} == pytest.approx(
        dict.fromkeys(small, 1 / 462), rel=1e-12
    )


def test_the_airport_game_shares_each_stretch_among_those_who_need_it() -> None:
    # Littlechild and Owen, A Simple Expression for the Shapley Value in a Special Case, Management Science 20
    # (1973), 370-372: the part of type k is the sum over the types i up to k of (cost_i - cost_{i-1}) / r_i,
    # r_i being how many need the runway of type i.
    cost = {"small": 8.0, "medium": 11.0, "large": 13.0, "jumbo": 18.0}
    parts = shapley(lambda made: max((cost[str(row)] for row in made), default=0.0), list(cost))
    small, medium, large = 8 / 4, 8 / 4 + 3 / 3, 8 / 4 + 3 / 3 + 2 / 2
    published = {"small": small, "medium": medium, "large": large, "jumbo": large + 5}
    assert parts == pytest.approx(published, abs=ROUNDING)


def test_every_coalition_is_asked_once() -> None:
    asked: list[Coalition] = []
    shapley(lambda made: asked.append(made) or 0.0, "abcde")  # type: ignore[func-returns-value]
    assert len(asked) == len(set(asked)) == 2**5


# --- the axioms ---------------------------------------------------------------------------------------

PLAYERS = "abcd"
COALITIONS = [frozenset(some) for size in range(5) for some in combinations(PLAYERS, size)]
figures = st.floats(-1e6, 1e6, allow_subnormal=False)
games = st.fixed_dictionaries(dict.fromkeys(COALITIONS, figures))
Game = Mapping[frozenset[str], float]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-6)


@given(games)
def test_efficiency_the_parts_sum_to_the_whole(game: Game) -> None:
    whole = game[frozenset(PLAYERS)] - game[frozenset()]
    assert math.fsum(shapley(game.__getitem__, PLAYERS).values()) == near(whole)
    sampled = sampled_shapley(game.__getitem__, PLAYERS, samples=2)
    assert math.fsum(entry.part for entry in sampled.values()) == near(whole)


@given(games)
def test_symmetry_players_who_add_alike_have_equal_parts(game: Game) -> None:
    exchange = str.maketrans("ab", "ba")
    alike = {
        made: (game[made] + game[frozenset("".join(made).translate(exchange))]) / 2 for made in COALITIONS
    }
    parts = shapley(alike.__getitem__, PLAYERS)
    assert parts["a"] == near(parts["b"])


@given(games)
def test_a_player_who_adds_nothing_has_nothing(game: Game) -> None:
    parts = shapley(lambda made: game[made - {"d"}], PLAYERS)
    assert parts["d"] == 0
    others = shapley(game.__getitem__, PLAYERS[:3])
    assert {name: parts[name] for name in others} == {name: near(part) for name, part in others.items()}


@given(games, games)
def test_additivity_the_parts_of_a_sum_are_the_sums_of_the_parts(one: Game, other: Game) -> None:
    parts = shapley(lambda made: one[made] + other[made], PLAYERS)
    first, second = shapley(one.__getitem__, PLAYERS), shapley(other.__getitem__, PLAYERS)
    assert parts == {name: near(first[name] + second[name]) for name in PLAYERS}


@given(games, st.permutations(PLAYERS))
def test_the_order_of_the_players_does_not_matter(game: Game, order: list[str]) -> None:
    assert shapley(game.__getitem__, order) == shapley(game.__getitem__, PLAYERS)


# --- sampling -----------------------------------------------------------------------------------------


def test_sampled_parts_are_near_the_exact_ones_by_their_own_error() -> None:
    def carried(voters: Coalition) -> float:
        weight = sum(int(str(voter)) for voter in voters)
        return float(weight >= 20) * weight

    players = [str(n) for n in range(1, 9)]
    exact = shapley(carried, players)
    sampled = sampled_shapley(carried, players, samples=400, seed=7)
    assert all(entry.error > 0 for entry in sampled.values())
    distances = [abs(sampled[player].part - exact[player]) / sampled[player].error for player in players]
    assert max(distances) < 4
    assert min(distances) > 0


def test_the_standard_error_falls_with_the_root_of_the_sample() -> None:
    def pairs(made: Coalition) -> float:
        return min(len(made & {1, 2}), len(made & {3}))

    few, many = (sampled_shapley(pairs, [1, 2, 3], samples=n, seed=1)[3].error for n in (100, 10_000))
    assert few / many == pytest.approx(10, rel=0.2)


def test_one_seed_draws_one_sample() -> None:
    def pairs(made: Coalition) -> float:
        return min(len(made & {1, 2}), len(made & {3}))

    one, same, other = (sampled_shapley(pairs, [1, 2, 3], samples=5, seed=n) for n in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("wrong", [{"samples": 1}, {"seed": -1}])
def test_a_sample_that_cannot_be_drawn_is_refused(base: Inputs, wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(DomainError, match=rf"^{name} -?1 must be at least"):
        sampled_shapley(len, "ab", **wrong)
    with pytest.raises(DomainError, match=rf"^{name} -?1 must be at least"):
        bridge(base, base, **wrong)  # type: ignore[arg-type]
