"""Roots of many equations at once, held against scipy's own solver of the same method."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize.elementwise import find_root

from xlwings_addin.analytics.curve import Curve, crossings, grid, nearest, sampled
from xlwings_addin.core.roots import find_roots

CUBICS = np.random.default_rng(7).uniform(0.2, 3.0, (400, 3))
"""Coefficients of `a x^3 + b x - c`, each with one root above zero."""


def cubic(x, which):  # type: ignore[no-untyped-def]
    a, b, c = CUBICS[which].T
    return a * x**3 + b * x - c


def test_the_roots_are_those_of_scipys_elementwise_solver() -> None:
    numbers = np.arange(len(CUBICS))
    roots = find_roots(cubic, np.zeros(len(CUBICS)), np.full(len(CUBICS), 20.0))
    theirs = find_root(cubic, (np.zeros(len(CUBICS)), np.full(len(CUBICS), 20.0)), args=(numbers,))
    assert theirs.success.all()
    np.testing.assert_allclose(roots, theirs.x, rtol=1e-12)


@pytest.mark.parametrize(
    ("equation", "low", "high", "root", "within"),
    [
        (lambda x: np.cos(x) - x, 0.0, 1.0, 0.739085133215160641655, 1e-12),  # OEIS A003957
        (lambda x: np.exp(-x) - 1e-9, 0.0, 100.0, 9 * math.log(10), 1e-11),
        (lambda x: (x - 1.0) ** 9, 0.0, 3.0, 1.0, 1e-3),  # ninefold: level all around
        (lambda x: np.arctan(x - 2.0) * 1e6, -1e4, 1e4, 2.0, 1e-12),
        (lambda x: x**0.1 - 1.0, 1e-6, 50.0, 1.0, 1e-12),
    ],
)
def test_hard_equations_have_their_roots(equation, low, high, root, within) -> None:  # type: ignore[no-untyped-def]
    (solved,) = find_roots(lambda x, which: equation(x), np.array([low]), np.array([high]))
    assert solved == pytest.approx(root, abs=within)


def test_an_equation_without_a_change_of_sign_has_no_root() -> None:
    (root,) = find_roots(lambda x, which: x**2 + 1.0, np.array([-1.0]), np.array([1.0]))
    assert np.isnan(root)


def test_an_equation_that_is_no_number_on_the_way_has_no_root() -> None:
    (root,) = find_roots(
        lambda x, which: np.where(np.abs(x) < 0.9, np.nan, x), np.array([-1.0]), np.array([1.0])
    )
    assert np.isnan(root)


def test_an_end_that_is_the_root_is_given() -> None:
    roots = find_roots(lambda x, which: x - 1.0, np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    assert roots.tolist() == [1.0, 1.0]


def parabola(x):  # type: ignore[no-untyped-def]
    """A turn at 0.3 with the value 5; a rule is broken above 2."""
    return np.where(x <= 2.0, 5.0 - (x - 0.3) ** 2, np.nan)


@pytest.fixture(scope="module")
def curve() -> Curve:
    return sampled(parabola, grid(-10.0, 10.0, start=1.0, scale=1.0))


def test_both_solutions_on_the_sides_of_a_turn_are_given(curve: Curve) -> None:
    crossed = crossings(parabola, curve, np.array([4.0]))
    np.testing.assert_allclose(crossed.point, [-0.7, 1.3], rtol=1e-12)


def test_two_solutions_within_one_step_of_the_grid_are_both_given(curve: Curve) -> None:
    crossed = crossings(parabola, curve, np.array([5.0 - 1e-8]))
    np.testing.assert_allclose(crossed.point, [0.2999, 0.3001], rtol=1e-7)


def test_a_solution_beside_the_edge_of_a_rule_is_given(curve: Curve) -> None:
    just_inside = 2.0 - 1e-6
    crossed = crossings(parabola, curve, parabola(np.array([just_inside])))
    assert crossed.point[-1] == pytest.approx(just_inside, rel=1e-12)


def test_the_nearest_value_of_a_target_above_a_turn_is_the_turn(curve: Curve) -> None:
    at, value = nearest(curve, 9.0)
    assert at == pytest.approx(0.3, abs=1e-4)
    assert value == pytest.approx(5.0, rel=1e-9)


def test_a_jump_across_a_target_is_no_solution() -> None:
    def step(x):  # type: ignore[no-untyped-def]
        return np.where(x < 0.5, 0.0, 1.0) + x * 1e-3

    crossed = crossings(step, sampled(step, grid(0.0, 1.0, start=0.2, scale=1.0)), np.array([0.7]))
    assert not len(crossed.point)


def test_many_targets_have_the_solutions_that_each_has_alone(curve: Curve) -> None:
    targets = np.linspace(-20.0, 5.5, 60)
    together = crossings(parabola, curve, targets)
    for number, target in enumerate(targets.tolist()):
        alone = crossings(parabola, curve, np.array([target]))
        assert together.point[together.target == number].tolist() == alone.point.tolist()
