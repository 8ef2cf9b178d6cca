"""The vehicle business: the ramp of article 004 at its printed precision, and the chain from deliveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.core.dcf import EnterpriseValue, enterprise_value
from xlwings_addin.core.errors import DomainError, ShapeError, ValuationError
from xlwings_addin.core.growth import linear_fade
from xlwings_addin.core.sotp import value_per_share
from xlwings_addin.core.vehicle import (
    constrained_deliveries,
    operating_income,
    operating_income_ramp,
    revenue_ramp,
    unit_cost,
    vehicle_cash_flow,
    vehicle_revenue,
)

# Seeking Alpha 4676592 (March 2024): revenue of USD 17bn grows by 10% falling to 5% until 2039, where it is
# about 55bn with a margin of 12%, so 6.6bn; half becomes cash, discounted at 12%. The article prints "close
# to $16bn", $0.63 and HKD 4.91 a share; 7.823 HKD a dollar is the Federal Reserve's mean of March 2024,
# shares are 25.0bn.
HKD_PER_USD, SHARES_BN = 7.823, 25.0


def flows(first_year: int, tax_rate: float = 0.0) -> Any:
    """Cash flows of 2024 to 2039 of income that is nothing in `first_year` and 6.6 in 2039."""
    revenue = np.linspace(17.0, 55.0, 2039 - first_year + 1)
    income = operating_income_ramp(revenue, final_margin=0.12)
    return vehicle_cash_flow(income, tax_rate=tax_rate, cash_conversion=0.5)[-16:]


def a_year_late(value: EnterpriseValue) -> EnterpriseValue:
    return EnterpriseValue(value.explicit, value.terminal / 1.12)


def valued(cash: Any, growth: float = 0.05, **options: Any) -> EnterpriseValue:
    return enterprise_value(cash, wacc=0.12, terminal_growth=growth, **options)


@pytest.mark.parametrize(
    ("value", "explicit", "terminal", "usd", "hkd"),
    [
        (lambda: valued(flows(2024), terminal="flat"), 8.00, 7.69, 0.628, 4.91),
        (lambda: valued(flows(2024)), 8.00, 8.07, 0.643, 5.03),
        (lambda: valued(flows(2023)), 8.94, 8.07, 0.681, 5.32),
        (lambda: valued(flows(2023), growth=0.04), 8.94, 7.00, 0.638, 4.99),
        (lambda: a_year_late(valued(flows(2023), terminal="flat")), 8.94, 6.87, 0.632, 4.95),
        (lambda: valued(flows(2024), terminal="flat", timing="mid"), 8.47, 8.14, 0.664, 5.20),
        (lambda: valued(flows(2024)[1:], growth=0.03), 8.96, 6.90, 0.634, 4.96),
        (lambda: valued(flows(2023, tax_rate=0.25)), 6.70, 6.06, 0.510, 3.99),
    ],
    ids=[
        "A: income from 2024, flat",
        "B: grown",
        "C: income from 2023, grown",
        "D: as C, growth 4%",
        "E: as C, flat and a year late",
        "F: as A, mid-year",
        "G: 2024 is today, growth 3%",
        "H: as C, taxed",
    ],
)
def test_each_reading_of_article_004_is_worth_what_was_reckoned(
    value: Callable[[], EnterpriseValue], explicit: float, terminal: float, usd: float, hkd: float
) -> None:
    result = value()
    assert result.explicit == pytest.approx(explicit, abs=0.005)
    assert result.terminal == pytest.approx(terminal, abs=0.005)
    per_share = value_per_share(result.total, diluted_shares=SHARES_BN)
    assert per_share == pytest.approx(usd, abs=0.001)  # reckoned from the rounded parts
    in_hong_kong = value_per_share(result.total, diluted_shares=SHARES_BN, currency_rate=HKD_PER_USD)
    assert in_hong_kong == pytest.approx(hkd, abs=0.005)


def test_the_replica_meets_the_three_figures_the_article_prints() -> None:
    total = valued(flows(2024), terminal="flat").total
    assert round(value_per_share(total, diluted_shares=SHARES_BN), 2) == 0.63
    assert round(value_per_share(total, diluted_shares=SHARES_BN, currency_rate=HKD_PER_USD), 2) == 4.91
    assert total == pytest.approx(16, abs=0.5)


def test_half_a_million_vehicles_grow_to_the_revenue_the_article_prints() -> None:
    # 0.481m vehicles at USD 36,000 are 17.32bn; 16 rates from 10% to 5% make them 55bn in 2039.
    start = vehicle_revenue(0.481, price=36_000.0) / 1_000
    assert start == pytest.approx(17.32, abs=0.005)
    revenue = revenue_ramp(start, growth=linear_fade(0.10, 0.05, years=16))
    assert revenue[-1] == pytest.approx(55.0, abs=0.5)
    assert operating_income(revenue[-1], margin=0.12) == pytest.approx(6.6, abs=0.05)


def test_reported_deliveries_times_reported_price_are_reported_revenue() -> None:
    # Xiaomi's annual results for 2024: 136,854 vehicles at an average of CNY 234,479 are revenue of CNY
    # 32.1bn.
    assert vehicle_revenue(136_854, price=234_479.0) / 1e9 == pytest.approx(32.1, abs=0.05)


@given(st.lists(st.floats(-0.5, 1.0), min_size=1, max_size=20), st.floats(0, 1e6))
def test_each_years_revenue_is_the_last_ones_grown(growth: list[float], base: float) -> None:
    revenue = revenue_ramp(base, growth=growth)
    before = np.array([base, *revenue[:-1]])
    assert revenue == pytest.approx(before * (1 + np.array(growth)), rel=1e-12)


@given(st.floats(-10, 10), st.floats(-0.5, 1.0), st.integers(2, 30))
def test_income_rises_by_equal_amounts_from_its_start_to_its_margin(
    start: float, margin: float, years: int
) -> None:
    revenue = np.linspace(10.0, 30.0, years)
    income = operating_income_ramp(revenue, final_margin=margin, start_income=start)
    assert (income[0], income[-1]) == (start, margin * 30.0)
    assert np.diff(income) == pytest.approx(
        np.full(years - 1, (margin * 30 - start) / (years - 1)), abs=1e-11
    )


def test_a_ramp_of_one_year_is_at_its_margin() -> None:
    assert operating_income_ramp([50.0], final_margin=0.1, start_income=-3.0).tolist() == [5.0]


def test_a_loss_is_not_credited_with_tax() -> None:
    cash = vehicle_cash_flow([-8.0, 8.0], tax_rate=0.25, cash_conversion=1.0)
    assert cash.tolist() == [-8.0, 6.0]


def test_deliveries_are_demand_until_the_plant_is_full() -> None:
    sold = constrained_deliveries([[0.1, 0.3, 0.6], [0.2, 0.9, 0.1]], capacity=[0.2, 0.3, 0.4])
    assert sold.tolist() == [[0.1, 0.3, 0.4], [0.2, 0.3, 0.1]]


LEARNING = st.floats(0, 0.9)
MADE = st.lists(st.floats(0.01, 100), min_size=1, max_size=20)


@given(st.floats(0, 1e6), MADE, st.floats(0.01, 100), LEARNING)
def test_each_doubling_takes_the_learning_rate_off_the_cost(
    base_cost: float, made: list[float], base_made: float, learning: float
) -> None:
    cumulative = np.cumsum(made)
    once = unit_cost(base_cost, cumulative=cumulative, base_cumulative=base_made, learning_rate=learning)
    twice = unit_cost(base_cost, cumulative=2 * cumulative, base_cumulative=base_made, learning_rate=learning)
    assert twice == pytest.approx(once * (1 - learning), rel=1e-9)
    assert (np.diff(once) <= 0).all()


@given(st.floats(0, 1e6), st.floats(0.01, 100), LEARNING)
def test_the_learning_curve_starts_at_its_base(base_cost: float, base_made: float, learning: float) -> None:
    costs = unit_cost(base_cost, cumulative=[base_made], base_cumulative=base_made, learning_rate=learning)
    assert costs.tolist() == [base_cost]


def test_without_learning_the_cost_stays_what_it_is() -> None:
    costs = unit_cost(7.0, cumulative=[0.5, 1.0, 30.0], base_cumulative=1.0, learning_rate=0.0)
    assert costs.tolist() == [7.0, 7.0, 7.0]


def test_the_order_of_doublings_and_years_does_not_matter() -> None:
    # from 1 to 3 and from 3 to 12, or from 1 to 12: the cost of the year between is the base of the next
    between, end = unit_cost(100.0, cumulative=[3.0, 12.0], base_cumulative=1.0, learning_rate=0.15)
    onwards = unit_cost(between, cumulative=[12.0], base_cumulative=3.0, learning_rate=0.15)
    assert onwards == pytest.approx([end], rel=1e-12)


def test_many_scenarios_learn_as_each_does_alone() -> None:
    bases, made = np.array([100.0, 200.0]), np.transpose([[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 9.0, 11.0]])
    rates = np.array([[0.0], [0.1], [0.2]])
    costs = unit_cost(bases, cumulative=made, base_cumulative=[0.5, 1.5], learning_rate=rates)
    assert costs.shape == (4, 3, 2)
    alone = unit_cost(200.0, cumulative=made[:, 1], base_cumulative=1.5, learning_rate=0.2)
    assert costs[:, 2, 1] == pytest.approx(alone, rel=1e-13)


def test_many_scenarios_ramp_as_each_does_alone() -> None:
    bases, growth = np.array([10.0, 20.0]), np.transpose([[0.1, 0.2, 0.3], [0.0, -0.1, 0.5]])
    revenue = revenue_ramp(bases, growth=growth)
    income = operating_income_ramp(revenue, final_margin=[0.1, 0.2], start_income=[-1.0, 0.0])
    for case in range(2):
        alone = revenue_ramp(bases[case], growth=growth[:, case])
        assert revenue[:, case] == pytest.approx(alone)
        ramp = operating_income_ramp(alone, final_margin=[0.1, 0.2][case], start_income=[-1.0, 0.0][case])
        assert income[:, case] == pytest.approx(ramp)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: revenue_ramp(-1.0, growth=[0.1]),
            DomainError,
            "base_revenue -1 must not be negative",
        ),
        (
            lambda: revenue_ramp(1.0, growth=[0.1, -1.2]),
            DomainError,
            "growth[1] -120.00% must not be below -100.00%",
        ),
        (
            lambda: revenue_ramp(1.0, growth=0.1),
            ShapeError,
            "growth 0.1 must have at least one period along its first axis",
        ),
        (
            lambda: revenue_ramp([1.0, 2.0, 3.0], growth=np.ones((4, 2))),
            ShapeError,
            "base_revenue of shape (3,) does not fit the shape (2,) of one year of growth",
        ),
        (lambda: revenue_ramp(1.0, growth=[np.nan]), DomainError, "growth[0] nan must be finite"),
        (
            lambda: operating_income_ramp([1.0, 2.0], final_margin=12.0),
            DomainError,
            "final_margin 1200.00% must not exceed 100.00%",
        ),
        (
            lambda: operating_income_ramp([1.0, np.inf], final_margin=0.1),
            DomainError,
            "revenue[1] inf must be finite",
        ),
        (
            lambda: operating_income_ramp([1.0, 2.0], final_margin=[0.1, 0.2], start_income=[1.0, 2.0, 3.0]),
            ShapeError,
            "start_income of shape (3,) does not fit the shape (2,) of final_margin",
        ),
        (lambda: vehicle_revenue(-1.0, price=1.0), DomainError, "deliveries -1 must not be negative"),
        (lambda: vehicle_revenue(1.0, price=[1.0, -2.0]), DomainError, "price[1] -2 must not be negative"),
        (
            lambda: constrained_deliveries(1.0, capacity=-0.5),
            DomainError,
            "capacity -0.5 must not be negative",
        ),
        (
            lambda: unit_cost(-1.0, cumulative=[1.0], base_cumulative=1.0, learning_rate=0.1),
            DomainError,
            "base_cost -1 must not be negative",
        ),
        (
            lambda: unit_cost(1.0, cumulative=[1.0, 0.0], base_cumulative=1.0, learning_rate=0.1),
            DomainError,
            "cumulative[1] 0 must be above 0",
        ),
        (
            lambda: unit_cost(1.0, cumulative=2.0, base_cumulative=1.0, learning_rate=0.1),
            ShapeError,
            "cumulative 2.0 must have at least one period along its first axis",
        ),
        (
            lambda: unit_cost(1.0, cumulative=[1.0], base_cumulative=0.0, learning_rate=0.1),
            DomainError,
            "base_cumulative 0 must be above 0",
        ),
        (
            lambda: unit_cost(1.0, cumulative=[1.0], base_cumulative=1.0, learning_rate=1.0),
            DomainError,
            "learning_rate 100.00% must be from 0.00% to below 100.00%",
        ),
        (
            lambda: unit_cost(1.0, cumulative=[1.0], base_cumulative=1.0, learning_rate=[0.1, -0.1]),
            DomainError,
            "learning_rate[1] -10.00% must be from 0.00% to below 100.00%",
        ),
        (
            lambda: unit_cost([1.0] * 3, cumulative=np.ones((4, 2)), base_cumulative=1.0, learning_rate=0.1),
            ShapeError,
            "base_cost of shape (3,) does not fit the shape (2,) of one year of cumulative",
        ),
        (lambda: operating_income(1.0, margin=1.5), DomainError, "margin 150.00% must not exceed 100.00%"),
        (
            lambda: vehicle_cash_flow([1.0], tax_rate=-0.1, cash_conversion=0.5),
            DomainError,
            "tax_rate -10.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: vehicle_cash_flow([1.0], cash_conversion=-0.5),
            DomainError,
            "cash_conversion -0.5 must not be negative",
        ),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)
