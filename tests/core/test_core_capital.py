"""Betas and the cost of capital: published figures and identities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.core.capital import blume_beta, cost_of_equity, relever_beta, unlever_beta, wacc
from xlwings_addin.core.errors import DomainError, ShapeError, ValuationError

# A published solution of the Darden case "The Boeing 7E7" (termpaperwarehouse.com, essay 118324): debt to
# equity 0.525, tax 35%, 3-month bill 0.85%, premium 8.4%, debt at 5.8562%; Lockheed and Northrop for defence.
BOEING = {"debt_to_equity": 0.525, "tax_rate": 0.35}


@pytest.mark.parametrize(
    ("beta", "debt_to_equity", "printed"),
    [(1.62, 0.525, 1.21), (0.37, 0.410, 0.29), (0.30, 0.640, 0.21)],
    ids=["Boeing", "Lockheed Martin", "Northrop Grumman"],
)
def test_unlevered_betas_are_those_of_the_boeing_case(
    beta: float, debt_to_equity: float, printed: float
) -> None:
    assert unlever_beta(beta, debt_to_equity=debt_to_equity, tax_rate=0.35) == pytest.approx(
        printed, abs=0.005
    )


def test_the_boeing_case_leads_from_a_beta_to_its_wacc() -> None:
    beta = relever_beta(2.02, **BOEING)
    assert beta == pytest.approx(2.71, abs=0.005)
    equity = cost_of_equity(risk_free=0.0085, beta=2.71, equity_risk_premium=0.084)
    assert equity == pytest.approx(0.2361, abs=0.00005)
    weight = 1 / 1.525
    blended = wacc(cost_of_equity=0.2361, cost_of_debt=0.058562, tax_rate=0.35, equity_weight=weight)
    assert blended == pytest.approx(0.1679, abs=0.00005)


def test_relevered_beta_is_that_of_a_published_example() -> None:
    # "How to Calculate Levered Beta" (mosg-portal.com): unlevered 0.74, tax 26.2% and debt to equity of 1.54
    # give 2.13652 x 0.74 = 1.58.
    assert relever_beta(0.74, debt_to_equity=1.54, tax_rate=0.262) == pytest.approx(1.58, abs=0.005)


def test_cost_of_equity_is_that_of_article_004_before_it_is_rounded() -> None:
    # Seeking Alpha 4676592: 4.4% + 1.1 x 6.3%, which the article prints as 11%.
    assert cost_of_equity(risk_free=0.044, beta=1.1, equity_risk_premium=0.063) == pytest.approx(0.1133)
    assert blume_beta(1.15) == pytest.approx(1.1)


def test_country_risk_is_added_whole() -> None:
    without = cost_of_equity(risk_free=0.04, beta=2.0, equity_risk_premium=0.05)
    extra = cost_of_equity(risk_free=0.04, beta=2.0, equity_risk_premium=0.05, country_risk=0.01)
    assert extra - without == pytest.approx(0.01)


@given(st.floats(-3, 5))
def test_blume_draws_every_beta_a_third_of_the_way_to_one(raw: float) -> None:
    assert blume_beta(raw) - raw == pytest.approx((1 - raw) / 3, abs=1e-14)


@given(st.floats(-3, 5), st.floats(0, 10), st.floats(0, 1))
def test_relevering_undoes_unlevering(beta: float, debt_to_equity: float, tax_rate: float) -> None:
    asset = unlever_beta(beta, debt_to_equity=debt_to_equity, tax_rate=tax_rate)
    again = relever_beta(asset, debt_to_equity=debt_to_equity, tax_rate=tax_rate)
    assert again == pytest.approx(beta, rel=1e-13, abs=1e-300)


@given(st.floats(0.01, 0.4), st.floats(0.01, 0.2), st.floats(0, 0.5), st.floats(0, 1))
def test_wacc_lies_between_the_costs_of_its_parts(
    equity: float, debt: float, tax_rate: float, weight: float
) -> None:
    value = wacc(cost_of_equity=equity, cost_of_debt=debt, tax_rate=tax_rate, equity_weight=weight)
    low, high = sorted([equity, debt * (1 - tax_rate)])
    assert low - 1e-15 <= value <= high + 1e-15


def test_arrays_of_betas_keep_their_shape() -> None:
    betas = unlever_beta([[1.0, 1.2], [1.4, 1.6]], debt_to_equity=[0.0, 0.5], tax_rate=0.25)
    assert betas.shape == (2, 2)
    assert betas[:, 0] == pytest.approx([1.0, 1.4])
    assert betas[:, 1] == pytest.approx([1.2 / 1.375, 1.6 / 1.375])
    assert type(blume_beta(1.0)) is float


WACC = {"cost_of_equity": 0.1, "cost_of_debt": 0.05, "tax_rate": 0.25, "equity_weight": 0.8}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: blume_beta(np.inf), DomainError, "raw_beta inf must be finite"),
        (lambda: blume_beta("1.1"), ShapeError, "raw_beta '1.1' must be a number or an array of numbers"),
        (
            lambda: unlever_beta(1.0, debt_to_equity=-0.1, tax_rate=0.25),
            DomainError,
            "debt_to_equity -0.1 must not be negative",
        ),
        (
            lambda: relever_beta(1.0, debt_to_equity=0.1, tax_rate=1.25),
            DomainError,
            "tax_rate 125.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: unlever_beta([1.0, 2.0], debt_to_equity=[0.1, 0.2, 0.3], tax_rate=0.25),
            ShapeError,
            "debt_to_equity of shape (3,) does not fit the shape (2,) of beta",
        ),
        (
            lambda: cost_of_equity(risk_free=-1.0, beta=1.0, equity_risk_premium=0.05),
            DomainError,
            "risk_free -100.00% must be above -100.00%",
        ),
        (
            lambda: wacc(**WACC | {"equity_weight": 80.0}),
            DomainError,
            "equity_weight 8000.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: wacc(**WACC | {"equity_weight": [0.5, -0.1]}),
            DomainError,
            "equity_weight[1] -10.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: wacc(**WACC | {"cost_of_debt": np.nan}),
            DomainError,
            "cost_of_debt nan must be finite",
        ),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)
