"""Marginals against scipy's own distributions, and the sentences of tables that make none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from xlwings_addin.analytics.distributions import TABLE_ERROR, quantile_of
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.distributions import TAKES, Marginal, read_distributions

Z = np.linspace(-7.9, 7.9, 20_001)
INSIDE = np.abs(Z) < 6
"""Where the probability itself still has ten digits on both sides."""
HEADER = "key,marginal,low,middle,high,deviation,outcomes,basis,reason\n"
PAIRS = "key,other,correlation,basis,reason\n"


def marginal(kind, low=None, middle=None, high=None, deviation=None, outcomes=()):  # type: ignore[no-untyped-def]
    return Marginal(
        "tax_rate", kind, low, middle, high, deviation, outcomes, "assumption", "a test", "line 2"
    )


def by_scipy(distribution):  # type: ignore[no-untyped-def]
    """Its own inverse: from below for the lower half, from above for the upper one."""
    return np.where(Z <= 0, distribution.ppf(ndtr(Z)), distribution.isf(ndtr(-Z)))


@pytest.mark.parametrize(
    ("made", "distribution"),
    [
        (marginal("normal", middle=2, deviation=3), stats.norm(2, 3)),
        (marginal("lognormal", middle=1.6, deviation=0.27), stats.lognorm(0.27, scale=1.6)),
        (marginal("uniform", -1, high=3), stats.uniform(-1, 4)),
        (marginal("triangular", 1, 2, 5), stats.triang(0.25, 1, 4)),
        (marginal("triangular", 0.15, 0.15, 0.25), stats.triang(0, 0.15, 0.1)),
        (marginal("triangular", 0.15, 0.25, 0.25), stats.triang(1, 0.15, 0.1)),
    ],
)
def test_a_marginal_with_a_formula_is_that_of_scipy(made, distribution) -> None:  # type: ignore[no-untyped-def]
    drawn = quantile_of(made)(Z)
    np.testing.assert_allclose(drawn[INSIDE], by_scipy(distribution)[INSIDE], rtol=1e-8, atol=1e-8)
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize(
    ("low", "middle", "high"),
    [(0.105, 0.12, 0.14), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (-5.0, 3.0, 4.0), (0.0, 0.5, 1.0)],
)
def test_pert_is_the_beta_of_scipy_within_the_stated_error(low: float, middle: float, high: float) -> None:
    width = high - low
    beta = stats.beta(1 + 4 * (middle - low) / width, 1 + 4 * (high - middle) / width, low, width)
    drawn = quantile_of(marginal("pert", low, middle, high))(Z)
    assert np.abs(drawn - by_scipy(beta)).max() <= TABLE_ERROR * width
    assert beta.mean() == pytest.approx((low + 4 * middle + high) / 6)  # Malcolm et al. (1959)


@pytest.mark.parametrize("deviation", [0.004, 0.04, 1.0])
@pytest.mark.parametrize("middle", [0.0, 0.07, 0.15])
def test_a_bounded_normal_is_the_cut_one_of_scipy_within_the_stated_error(
    middle: float, deviation: float
) -> None:
    low, high = 0.0, 0.15
    cut = stats.truncnorm((low - middle) / deviation, (high - middle) / deviation, middle, deviation)
    drawn = quantile_of(marginal("bounded", low, middle, high, deviation))(Z)
    assert np.abs(drawn - by_scipy(cut))[INSIDE].max() <= TABLE_ERROR * (high - low)
    assert drawn.min() >= low - TABLE_ERROR
    assert drawn.max() <= high + TABLE_ERROR


def test_discrete_outcomes_come_as_often_as_they_are_probable() -> None:
    made = marginal("discrete", outcomes=((0.0, 0.25), (0.4, 0.5), (0.8, 0.25)))
    drawn = quantile_of(made)(np.random.default_rng(7).standard_normal(200_000))
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [0.0, 0.4, 0.8]
    np.testing.assert_allclose(counts / 200_000, [0.25, 0.5, 0.25], atol=5 * 0.5 / 200_000**0.5)


def test_the_companys_table_has_all_seven_marginals_and_is_called_assumption() -> None:
    marginals = read_distributions().marginals.values()
    assert {one.kind for one in marginals} == set(TAKES)
    assert len(marginals) == 12
    assert {one.basis for one in marginals} == {"assumption"}
    assert all(one.reason for one in marginals)


def test_an_empty_number_is_that_of_the_row_in_the_case() -> None:
    made = read_distributions().marginals["vehicle_gross_margin_ceiling"]
    base, bear = made.in_case(load_inputs("base")), made.in_case(load_inputs("bear"))
    assert (base.low, base.middle, base.high) == (0.18, 0.22, 0.27)  # assumptions.csv
    assert bear.middle == 0.19  # cases/bear.csv


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "tax_rat,uniform,0,,1,,,assumption,why",
            "distributions.csv line 2 key 'tax_rat' is not one of the model's (nearest: tax_rate)",
        ),
        (
            "tax_rate,beta,0,,1,,,assumption,why",
            "distributions.csv line 2 marginal 'beta' must be one of normal, lognormal, triangular, pert, "
            "uniform, bounded, discrete",
        ),
        (
            "tax_rate,normal,0.1,,,0.1,,assumption,why",
            "distributions.csv line 2 low '0.1' must be empty: normal reads middle, deviation",
        ),
        (
            "tax_rate,normal,,,,0,,assumption,why",
            "distributions.csv line 2 deviation '0' must be above 0 for normal",
        ),
        (
            "tax_rate,uniform,a lot,,1,,,assumption,why",
            "distributions.csv line 2 low 'a lot' must be a number",
        ),
        (
            "tax_rate,discrete,,,,,0.1: 0.5; 0.2: 0.4,assumption,why",
            "distributions.csv line 2 outcomes '0.1: 0.5; 0.2: 0.4' must have probabilities that add to 1",
        ),
        (
            "tax_rate,discrete,,,,,0.1,assumption,why",
            "distributions.csv line 2 outcomes '0.1' must be `value: probability`, more than one joined by ;",
        ),
        (
            "tax_rate,discrete,,,,,0.1: 1.5; 0.2: -0.5,assumption,why",
            "distributions.csv line 2 outcomes '0.1: 1.5; 0.2: -0.5' must have probabilities above 0",
        ),
        (
            "tax_rate,discrete,,,,,0.1: 0.5; 0.1: 0.5,assumption,why",
            "distributions.csv line 2 outcomes '0.1: 0.5; 0.1: 0.5' must name a value once",
        ),
        (
            "tax_rate,uniform,0,,1,,,guess,why",
            "distributions.csv line 2 basis 'guess' must be one of reported, derived, lower_bound, guidance, "
            "consensus, assumption, unverified",
        ),
        (
            "tax_rate,uniform,0,,1,,,assumption,",
            "distributions.csv line 2 reason '' must not be empty",
        ),
    ],
)
def test_a_row_that_makes_no_distribution_is_named(folder: Path, row: str, expected: str) -> None:
    (folder / "inputs" / "distributions.csv").write_text(f"{HEADER}{row}\n", encoding="utf-8")
    (folder / "inputs" / "correlations.csv").write_text(PAIRS, encoding="utf-8")
    with pytest.raises(ValuationError) as raised:
        read_distributions(folder)
    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "tax_rate,uniform,0.2,,0.1,,,assumption,why",
            "distributions.csv line 2 tax_rate low 0.2 must be below high 0.1 in case base",
        ),
        (
            "tax_rate,pert,0.2,,0.3,,,assumption,why",
            "distributions.csv line 2 tax_rate middle 0.15 must lie in 0.2 to 0.3 in case base",
        ),
        (
            "smartphone_shipment_growth_start,lognormal,,-0.1,,1,,assumption,why",
            "distributions.csv line 2 smartphone_shipment_growth_start middle -0.1 must be above 0 for a "
            "lognormal in case base",
        ),
        (
            "minority_interest,uniform,,,,,,assumption,why",
            "distributions.csv line 2 minority_interest low empty must be in distributions.csv, as the row "
            "of minority_interest has none in case base",
        ),
    ],
)
def test_numbers_that_make_no_distribution_in_a_case_are_named(folder: Path, row: str, expected: str) -> None:
    (folder / "inputs" / "distributions.csv").write_text(f"{HEADER}{row}\n", encoding="utf-8")
    (folder / "inputs" / "correlations.csv").write_text(PAIRS, encoding="utf-8")
    ((_, made),) = read_distributions(folder).marginals.items()
    with pytest.raises(ValuationError) as raised:
        made.in_case(load_inputs("base", folder))
    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "vehicle_wacc,tax_rate,0.5,assumption,why",
            "correlations.csv line 2 other 'tax_rate' must be an input of distributions.csv",
        ),
        (
            "vehicle_wacc,vehicle_wacc,0.5,assumption,why",
            "correlations.csv line 2 other 'vehicle_wacc' must be another input",
        ),
        (
            "vehicle_wacc,liquid_funds,1.2,assumption,why",
            "correlations.csv line 2 correlation '1.2' must lie from -1 to 1",
        ),
        (
            "vehicle_wacc,liquid_funds,0.2,assumption,why\nliquid_funds,vehicle_wacc,0.3,assumption,why",
            "correlations.csv line 3 liquid_funds and vehicle_wacc must stand once, in whichever order",
        ),
    ],
)
def test_a_row_that_is_no_correlation_is_named(folder: Path, rows: str, expected: str) -> None:
    (folder / "inputs" / "correlations.csv").write_text(f"{PAIRS}{rows}\n", encoding="utf-8")
    with pytest.raises(ValuationError) as raised:
        read_distributions(folder)
    assert str(raised.value) == expected


def test_a_company_may_have_no_distributions(folder: Path) -> None:
    for name in ("distributions.csv", "correlations.csv"):
        (folder / "inputs" / name).unlink()
    assert not read_distributions(folder).marginals
