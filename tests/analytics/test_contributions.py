"""Contributions to a variance against closed forms.

Of a linear function of normal inputs the indices and effects have closed forms: Owen and Prieur, SIAM/ASA
Journal on Uncertainty Quantification 5 (2017), 986-1002, for two correlated inputs; of the function of
Ishigami and Homma (1990), used by all who test indices, too.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from xlwings_addin.analytics.contributions import shapley_effects, sobol_indices
from xlwings_addin.analytics.shapley import shapley
from xlwings_addin.core.errors import ValuationError

SLOPES = np.array([1.0, 2.0, -1.5])
CORRELATION = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])


def linear(normals):  # type: ignore[no-untyped-def]
    return SLOPES[: len(normals)] @ normals


def explained(kept: frozenset[int]) -> float:
    """Var(E[f | inputs kept]) of the linear function, by the normal distribution's own formula."""
    if not kept:
        return 0.0
    places = sorted(kept)
    covariance = CORRELATION[:, places].T @ SLOPES
    inner = CORRELATION[np.ix_(places, places)]
    return float(covariance @ np.linalg.solve(inner, covariance))


def test_shapley_effects_are_those_of_the_closed_form() -> None:
    variance = SLOPES @ CORRELATION @ SLOPES
    expected = shapley(explained, range(3))
    effects = shapley_effects(linear, CORRELATION, seed=7)
    for place, effect in enumerate(effects):
        assert abs(effect.part - expected[place] / variance) <= 4 * effect.error
        assert effect.error < 0.02
    assert math.fsum(effect.part for effect in effects) == pytest.approx(1, abs=1e-12)


def test_two_correlated_inputs_share_as_owen_and_prieur_write() -> None:
    # Their theorem: b1^2 (1 - rho^2 / 2) + b1 b2 rho + b2^2 rho^2 / 2 for the first of two inputs.
    rho, (one, two) = 0.6, SLOPES[:2]
    matrix = np.array([[1.0, rho], [rho, 1.0]])
    variance = one**2 + two**2 + 2 * rho * one * two
    first, second = shapley_effects(linear, matrix, seed=1)
    part = (one**2 * (1 - rho**2 / 2) + one * two * rho + two**2 * rho**2 / 2) / variance
    assert abs(first.part - part) <= 4 * first.error
    assert abs(second.part - (1 - part)) <= 4 * second.error


def test_an_input_that_is_another_one_shares_with_it() -> None:
    first, second = shapley_effects(lambda z: z[0], np.ones((2, 2)), seed=3)
    assert first.part == pytest.approx(0.5, abs=4 * first.error + 1e-9)
    assert second.part == pytest.approx(0.5, abs=4 * second.error + 1e-9)


def ishigami(normals):  # type: ignore[no-untyped-def]
    x = math.pi * (2 * ndtr(normals) - 1)
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def test_sobol_indices_of_the_function_of_ishigami_and_homma_are_those_in_print() -> None:
    first, total = sobol_indices(ishigami, 3, seed=7)
    # Saltelli et al., Global Sensitivity Analysis (2008), page 182: a = 7, b = 0.1.
    for estimate, expected in zip(first, (0.3139, 0.4424, 0.0), strict=True):
        assert abs(estimate.part - expected) <= 4 * estimate.error + 5e-5
    for estimate, expected in zip(total, (0.5576, 0.4424, 0.2437), strict=True):
        assert abs(estimate.part - expected) <= 4 * estimate.error + 5e-5


def test_what_moves_nothing_contributes_nothing_and_is_named() -> None:
    with pytest.raises(ValuationError, match=r"variance 0\.0 must be above 0"):
        sobol_indices(lambda z: 0 * z[0], 2, seed=7)
    with pytest.raises(ValuationError, match=r"variance 0\.0 must be above 0"):
        shapley_effects(lambda z: 0 * z[0], np.eye(2), seed=7)


def test_draws_that_break_a_rule_are_left_out() -> None:
    def broken(normals):  # type: ignore[no-untyped-def]
        return np.where(normals[0] > 2.5, np.nan, linear(normals))

    first, _ = sobol_indices(broken, 2, seed=7)
    effects = shapley_effects(broken, np.eye(2), seed=7)
    assert 0.1 < first[0].part < 0.3
    assert math.fsum(effect.part for effect in effects) == pytest.approx(1, abs=1e-12)
