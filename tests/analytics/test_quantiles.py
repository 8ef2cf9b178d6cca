"""Quantiles and moments of portions against numpy's over all figures at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from xlwings_addin.analytics.quantiles import EXACT, RELATIVE_ERROR, Distribution
from xlwings_addin.core.errors import ValuationError

PROBABILITIES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.9, 0.999, 1.0)
FIGURES = {
    "around zero": np.random.default_rng(1).standard_normal(30_001),
    "above zero": np.exp(np.random.default_rng(2).standard_normal(30_001) * 5),
    "many alike": np.random.default_rng(3).integers(-2, 3, 30_001).astype(float),
    "all zero": np.zeros(10),
    "one": np.array([-31.25]),
    "hardly any spread": 31.4 + np.random.default_rng(4).random(9_001) * 1e-10,
    "below zero, hardly any": -31.4 - np.random.default_rng(5).random(9_001) * 1e-3,
    "near zero, of both signs": np.random.default_rng(6).standard_normal(9_001) * 1e-9,
}


@pytest.mark.parametrize("exact", [EXACT, 0])
def test_bins_count_every_figure_once_in_equal_steps(exact: int) -> None:
    figures = 30 + 3 * np.random.default_rng(4).standard_normal(20_000)
    with distribution_of(figures, 4096, exact) as distribution:
        bins = distribution.bins()
    assert sum(one.number for one in bins) == len(figures)
    assert len({round(one.high - one.low, 9) for one in bins}) == 1
    for one in bins[1:-1]:
        alone = np.count_nonzero((figures >= one.low) & (figures < one.high))
        assert one.number == pytest.approx(alone, abs=0 if exact else 60)


def distribution_of(figures: NDArray[np.float64], portion: int, exact: int = EXACT) -> Distribution:
    distribution = Distribution(exact)
    for start in range(0, len(figures), portion):
        distribution.add(figures[start : start + portion])
    return distribution


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("portion", [1 << 12, 7001])
def test_quantiles_are_the_order_statistics(name: str, portion: int) -> None:
    figures = FIGURES[name]
    with distribution_of(figures, portion) as distribution:
        quantiles = distribution.quantiles(PROBABILITIES)
    expected = np.quantile(figures, PROBABILITIES, method="inverted_cdf")
    assert distribution.is_exact
    assert quantiles == expected.tolist()
    assert (distribution.least, distribution.most) == (figures.min(), figures.max())


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("in_memory", [7, 500])
def test_quantiles_are_the_same_whatever_memory_holds(
    name: str, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xlwings_addin.analytics.quantiles._IN_MEMORY", in_memory)
    figures = FIGURES[name]
    with distribution_of(figures, 1 << 12) as distribution:
        quantiles = distribution.quantiles(PROBABILITIES)
    assert quantiles == np.quantile(figures, PROBABILITIES, method="inverted_cdf").tolist()


@pytest.mark.parametrize("name", FIGURES)
def test_beyond_the_exact_ones_quantiles_are_within_the_stated_error(name: str) -> None:
    figures = FIGURES[name]
    with distribution_of(figures, 4096, exact=5) as distribution:
        quantiles = distribution.quantiles(PROBABILITIES)
    expected = np.quantile(figures, PROBABILITIES, method="inverted_cdf")
    assert distribution.is_exact == (len(figures) <= 5)
    np.testing.assert_allclose(quantiles, expected, rtol=RELATIVE_ERROR, atol=2.0**-20)


@pytest.mark.parametrize("portion", [4096, 1000, 1])
def test_moments_of_portions_are_those_of_all(portion: int) -> None:
    figures = FIGURES["around zero"][:5000] + 1e6
    with distribution_of(figures, portion) as distribution:
        moments = distribution.moments
    assert moments.mean == pytest.approx(math.fsum(figures) / len(figures), rel=1e-14)
    assert moments.deviation == pytest.approx(figures.std(ddof=1), rel=1e-9)
    assert moments.error == pytest.approx(figures.std(ddof=1) / math.sqrt(len(figures)), rel=1e-9)


def test_what_cannot_be_counted_is_named() -> None:
    with Distribution() as distribution:
        with pytest.raises(ValuationError, match="figures 0 must be at least one for a quantile"):
            distribution.quantiles([0.5])
        with pytest.raises(ValuationError, match=r"figure inf must be finite and below 2\^60"):
            distribution.add(np.array([1.0, math.inf]))
        distribution.add(np.ones(3))
        with pytest.raises(ValuationError, match=r"probability 1\.5 must lie from 0 to 1"):
            distribution.quantiles([1.5])
