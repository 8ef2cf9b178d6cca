"""Discount factors, present and terminal values, dated flows: published figures and identities."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from subprocess import run
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xlwings_addin.core.discounting import (
    discount_factors,
    exit_multiple_terminal_value,
    exponents,
    gordon_terminal_value,
    present_value,
    value_driver_terminal_value,
    xirr,
    xnpv,
)
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ShapeError, ValuationError

# Microsoft Support, "XNPV function" and "XIRR function": one table of payments serves both examples.
PAYMENTS = [-10_000, 2_750, 4_250, 3_250, 2_750]
PAID_ON = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
SERIAL_NUMBERS = [39448, 39508, 39751, 39859, 39904]

FLOWS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)
RATES = st.floats(-0.5, 2.0)
STUBS = st.floats(0.05, 1.0)


# Published figures


@pytest.mark.parametrize(
    ("flows", "rate", "printed"),
    [
        # Microsoft Support, "NPV function": examples 1 and 2 (the second adds its first flow outside NPV).
        ([-10_000, 3_000, 4_200, 6_800], 0.10, 1_188.44),
        ([8_000, 9_200, 10_000, 12_000, 14_500], 0.08, 1_922.06 + 40_000),
    ],
)
def test_present_value_is_the_npv_of_microsofts_examples(
    flows: list[float], rate: float, printed: float
) -> None:
    assert present_value(flows, rate=rate) == pytest.approx(printed, abs=0.005)


def test_mid_year_discounting_lifts_a_published_valuation_by_half_a_year() -> None:
    # ValuAdder, "Discounted cash flow business valuation: using the mid-year convention" (23 June 2010): five
    # years and a terminal value of 5,124,129 at 30% are worth 3,915,542 at year ends; the mid-year value is
    # that times 1.30 ** 0.5.
    flows = [953_770, 1_012_310, 1_070_850, 1_129_400, 1_187_940 + 5_124_129]
    assert present_value(flows, rate=0.30) == pytest.approx(3_915_542, abs=1)
    assert present_value(flows, rate=0.30, timing="mid") == pytest.approx(3_915_542 * 1.30**0.5, abs=2)


def test_a_stub_of_290_days_gives_the_exponents_practitioners_use() -> None:
    # Wall Street Oasis, "Mid-Year convention in DCF" (17 March 2009): 290 days are left of the first year;
    # the flows are discounted 0.4, 1.29, 2.29, 3.29 and 4.29 years, a multiple at the last year end 4.79.
    stub = 290 / 365
    printed = [0.40, 1.29, 2.29, 3.29, 4.29]
    assert exponents(5, timing="mid", first_period=stub) == pytest.approx(printed, abs=0.006)
    assert exponents(5, first_period=stub)[-1] == pytest.approx(4.79, abs=0.006)


def test_gordon_and_value_driver_give_the_two_terminal_values_of_a_published_workout() -> None:
    # Financial Edge, "Value Driver Formula Workout": NOPAT 13.3 and free cash flow 13.0 in the last year, 10%
    # cost of capital, 4% growth, 13.2% return: 160.7 by value drivers, 225.3 by Gordon.
    drivers = value_driver_terminal_value(13.3 * 1.04, rate=0.10, growth=0.04, roic=0.132)
    assert drivers == pytest.approx(160.7, abs=0.05)
    assert gordon_terminal_value(13.0, rate=0.10, growth=0.04) == pytest.approx(225.3, abs=0.05)


def test_xnpv_and_xirr_are_those_of_microsofts_example() -> None:
    assert xnpv(PAYMENTS, PAID_ON, rate=0.09) == pytest.approx(2_086.65, abs=0.005)
    assert xirr(PAYMENTS, PAID_ON) == pytest.approx(0.373362535, abs=5e-9)


@pytest.mark.parametrize(
    "dates",
    [
        SERIAL_NUMBERS,
        [date.fromisoformat(day) for day in PAID_ON],
        [datetime.fromisoformat(day + "T18:30") for day in PAID_ON],
        np.array(PAID_ON, dtype="datetime64[D]"),
        np.array(PAID_ON, dtype="datetime64[ns]"),
    ],
    ids=["Excel serial numbers", "dates", "datetimes", "datetime64 days", "datetime64 nanoseconds"],
)
def test_a_date_means_the_same_in_every_spelling(dates: Any) -> None:
    assert xnpv(PAYMENTS, dates, rate=0.09) == pytest.approx(2_086.65, abs=0.005)


# Against another library


@given(FLOWS, RATES)
def test_present_value_agrees_with_numpy_financial_once_its_first_flow_is_moved(
    flows: list[float], rate: float
) -> None:
    expected = npf.npv(rate, [0.0, *flows])
    assert present_value(flows, rate=rate) == pytest.approx(expected, rel=1e-9, abs=1e-6 * 2.0 ** len(flows))


# Identities


@given(FLOWS, RATES, STUBS, st.sampled_from(["end", "mid"]))
def test_present_value_is_the_sum_of_flows_times_discount_factors(
    flows: list[float], rate: float, stub: float, timing: Any
) -> None:
    factors = discount_factors(rate, years=len(flows), timing=timing, first_period=stub)
    terms = np.array(flows) * factors
    value = present_value(flows, rate=rate, timing=timing, first_period=stub)
    assert value == pytest.approx(terms.sum(), abs=1e-12 * np.abs(terms).sum() + 1e-300)


@given(FLOWS, RATES)
def test_mid_year_is_worth_half_a_year_more_than_year_end(flows: list[float], rate: float) -> None:
    scale = float(np.abs(flows) @ discount_factors(rate, years=len(flows)))
    later, earlier = present_value(flows, rate=rate), present_value(flows, rate=rate, timing="mid")
    assert earlier == pytest.approx(later * (1 + rate) ** 0.5, abs=1e-11 * scale + 1e-300)


@given(st.integers(1, 40), st.floats(0.02, 0.5), st.floats(-0.2, 1.0))
def test_a_growing_perpetuity_is_worth_the_same_wherever_its_forecast_ends(
    years: int, rate: float, growth_share: float
) -> None:
    growth = growth_share * (rate - 0.01)
    flows = 100.0 * (1 + growth) ** np.arange(years)
    beyond = gordon_terminal_value(flows[-1], rate=rate, growth=growth)
    value = present_value(flows, rate=rate) + beyond * discount_factors(rate, years=years)[-1]
    assert value == pytest.approx(100.0 / (rate - growth), rel=1e-10)


@given(st.floats(1, 1e6), st.floats(0.02, 0.5))
def test_growth_adds_no_value_where_new_capital_earns_its_cost(nopat: float, rate: float) -> None:
    # Koller, Goedhart and Wessels, Valuation, on continuing value: with ROIC = WACC the value is NOPAT /
    # WACC.
    for growth in (0.0, rate / 2):
        value = value_driver_terminal_value(nopat, rate=rate, growth=growth, roic=rate)
        assert value == pytest.approx(nopat / rate, rel=1e-12)


@given(
    st.lists(st.floats(1, 1e4), min_size=2, max_size=12),
    st.lists(st.integers(30, 400), min_size=12, max_size=12),
    st.floats(0.3, 3.0),
)
def test_xnpv_at_the_xirr_is_zero(received: list[float], gaps: list[int], cost: float) -> None:
    flows = [-cost * sum(received), *received]
    dates = [45_000 + int(day) for day in np.cumsum([0, *gaps[: len(received)]])]
    rate = xirr(flows, dates)
    scale = xnpv(np.abs(flows), dates, rate=rate)
    assert xnpv(flows, dates, rate=rate) == pytest.approx(0.0, abs=1e-9 * scale)


def test_of_several_internal_rates_xirr_gives_the_one_nearest_to_zero() -> None:
    # -100 + 230 / (1 + r) - 132 / (1 + r)**2 is zero at 10% and at 20%, by construction: 1.1 + 1.2 and 1.1 x
    # 1.2.
    dates = ["2021-01-01", "2022-01-01", "2023-01-01"]
    assert xirr([-100, 230, -132], dates) == pytest.approx(0.10, abs=1e-12)


def test_money_back_and_no_more_is_a_rate_of_zero() -> None:
    flows = [-4098.822157105696, 1.5221571056958965, 1.0, 4095.0, 1.3]
    assert xirr(flows, [45_000, 45_030, 45_060, 45_090, 45_120]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("roots", "nearest"),
    [
        ((-0.10, 0.11), -0.10),
        ((-0.09, 0.11), -0.09),
        ((-0.105, 0.10), 0.10),
        ((-0.5, 0.9), -0.5),
        ((0.1, 0.1001), 0.1),
        ((3.0, 3.00001), 3.0),
        ((0.0, 0.2), 0.0),
    ],
)
def test_xirr_gives_the_root_nearest_to_zero_however_near_the_other_is(
    roots: tuple[float, float], nearest: float
) -> None:
    one, other = (1 + root for root in roots)
    flows = [100.0, -100 * (one + other), 100 * one * other]
    rate = xirr(flows, ["2023-01-01", "2024-01-01", "2024-12-31"])
    assert rate == pytest.approx(nearest, abs=1e-9)


@pytest.mark.parametrize("root", [-0.9, 0.1, 0.5])
def test_xirr_finds_a_root_at_which_the_worth_only_turns(root: float) -> None:
    once = 1 + root
    flows = [100.0, -200 * once, 100 * once**2]
    # The worth is flat there, so that half of the digits are lost.
    assert xirr(flows, ["2023-01-01", "2024-01-01", "2024-12-31"]) == pytest.approx(root, abs=1e-6)


def test_xnpv_counts_a_flow_of_zero_as_nothing_where_its_factor_is_too_large() -> None:
    far = [45_000, 45_000 + 365 * 200]
    assert xnpv([7.0, 0.0], far, rate=-0.999999) == 7.0
    assert xnpv([[7.0, 1.0], [0.0, 1.0]], far, rate=-0.999999).tolist() == [7.0, np.inf]


def test_xirr_finds_a_gain_made_in_a_day() -> None:
    assert np.log1p(xirr([-100, 150], ["2024-01-01", "2024-01-02"])) == pytest.approx(365 * np.log(1.5))


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 12))
def test_many_scenarios_are_worth_what_each_is_worth_alone(rows: int, columns: int, years: int) -> None:
    rng = np.random.default_rng([rows, columns, years])
    flows, rate = rng.normal(size=(years, rows, columns)), rng.uniform(-0.2, 0.4, columns)
    values = present_value(flows, rate=rate, timing="mid")
    assert values.shape == (rows, columns)
    for row in range(rows):
        for column in range(columns):
            alone = present_value(flows[:, row, column], rate=rate[column], timing="mid")
            assert values[row, column] == pytest.approx(alone, rel=1e-12, abs=1e-12)


def test_one_row_of_flows_is_valued_at_every_rate() -> None:
    rates = np.linspace(0.05, 0.15, 11)
    values = present_value([100.0, 110.0], rate=rates)
    assert values == pytest.approx(100 / (1 + rates) + 110 / (1 + rates) ** 2, rel=1e-14)


def test_scalars_give_plain_floats_and_arrays_give_arrays() -> None:
    assert type(present_value([1.0, 2.0], rate=0.1)) is float
    assert type(exit_multiple_terminal_value(2.0, multiple=3.0)) is float
    assert discount_factors([0.1, 0.2], years=3).shape == (3, 2)


def test_importing_the_core_does_not_import_scipy() -> None:
    modules = "capital, dcf, discounting, growth, sotp, vehicle"
    program = f"import sys; from xlwings_addin.core import {modules}; sys.exit('scipy' in sys.modules)"
    assert run([sys.executable, "-c", program], check=False).returncode == 0


# What is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: discount_factors(-1.0, years=3), DomainError, "rate -100.00% must be above -100.00%"),
        (
            lambda: discount_factors([0.1, -1.5], years=3),
            DomainError,
            "rate[1] -150.00% must be above -100.00%",
        ),
        (
            lambda: discount_factors(0.1, years=0),
            DomainError,
            "years 0 must be a whole number of years, at least 1",
        ),
        (
            lambda: discount_factors(0.1, years=2.5),
            DomainError,
            "years 2.5 must be a whole number of years, at least 1",
        ),
        (
            lambda: discount_factors(0.1, years=2, timing="begin"),
            ChoiceError,
            "timing 'begin' must be one of end, mid",
        ),
        (
            lambda: discount_factors(0.1, years=2, first_period=0.0),
            DomainError,
            "first_period 0 must be above 0",
        ),
        (
            lambda: discount_factors(0.1, years=2, first_period=[1.0]),
            ShapeError,
            "first_period [1.0] must be one number",
        ),
        (
            lambda: present_value([], rate=0.1),
            ShapeError,
            "flows [] must have at least one period along its first axis",
        ),
        (
            lambda: present_value(5.0, rate=0.1),
            ShapeError,
            "flows 5.0 must have at least one period along its first axis",
        ),
        (
            lambda: present_value(["1", "2"], rate=0.1),
            ShapeError,
            "flows ['1', '2'] must be an array of numbers",
        ),
        (
            lambda: present_value([[1, 2], [3]], rate=0.1),
            ShapeError,
            "flows [[1, 2], [3]] must be an array of numbers",
        ),
        (
            lambda: present_value([[1, 2], [3, np.nan]], rate=0.1),
            DomainError,
            "flows[1, 1] nan must be finite",
        ),
        (lambda: present_value([np.inf, -np.inf], rate=0.1), DomainError, "flows[0] inf must be finite"),
        (lambda: present_value([1.0], rate=np.nan), DomainError, "rate nan must be finite"),
        (
            lambda: present_value([1e300] * 3, rate=-0.9999999999),
            DomainError,
            "flows discounted exceed the largest number of 64 bits",
        ),
        (
            lambda: present_value(np.ones((5, 3)), rate=[0.1, 0.2]),
            ShapeError,
            "rate of shape (2,) does not fit the shape (3,) of one year of flows",
        ),
        (
            lambda: gordon_terminal_value(1.0, rate=0.02, growth=0.03),
            DomainError,
            "rate 2.00% must exceed growth 3.00%",
        ),
        (
            lambda: gordon_terminal_value(1.0, rate=0.05, growth=[0.02, 0.05]),
            DomainError,
            "rate[1] 5.00% must exceed growth 5.00%",
        ),
        (
            lambda: gordon_terminal_value(1.0, rate=0.05, growth=-1.0),
            DomainError,
            "growth -100.00% must be above -100.00%",
        ),
        (
            lambda: value_driver_terminal_value(1.0, rate=0.1, growth=0.02, roic=0.0),
            DomainError,
            "roic 0.00% must be above 0.00%",
        ),
        (
            lambda: value_driver_terminal_value(1.0, rate=0.1, growth=0.2, roic=0.1),
            DomainError,
            "rate 10.00% must exceed growth 20.00%",
        ),
        (
            lambda: exit_multiple_terminal_value(1.0, multiple=-2.0),
            DomainError,
            "multiple -2 must not be negative",
        ),
        (
            lambda: xnpv([1.0, 2.0], ["2024-01-01"], rate=0.1),
            ShapeError,
            "flows 2 must be as many as dates, 1",
        ),
        (lambda: xnpv([], [], rate=0.1), ShapeError, "flows 0 must be as many as dates, 0"),
        (
            lambda: xnpv([1.0, 2.0], ["2024-01-02", "2024-01-01"], rate=0.1),
            DomainError,
            "dates[1] 2024-01-01 must not be before the first date 2024-01-02",
        ),
        (
            lambda: xnpv([1.0], ["yesterday"], rate=0.1),
            InputError,
            "dates 'yesterday' must be dates, ISO texts (2024-03-08) or Excel serial numbers",
        ),
        (
            lambda: xnpv([1.0], [60], rate=0.1),
            InputError,
            "dates 60 must be dates, ISO texts (2024-03-08) or Excel serial numbers",
        ),
        (
            lambda: xnpv([[1.0, 2.0]], ["2024-01-01"], rate=[0.1, 0.2, 0.3]),
            ShapeError,
            "rate of shape (3,) does not fit the shape (2,) of one year of flows",
        ),
        (
            lambda: xirr([1.0, 2.0], PAID_ON[:2]),
            DomainError,
            "flows [1.0, 2.0] must have at least one paid (negative) and one received",
        ),
        (
            lambda: xirr([-1.0, 2.0], [PAID_ON[0]] * 2),
            DomainError,
            "dates 2008-01-01 must not all be the same day",
        ),
        (
            lambda: xirr([100.0, -150.0, 100.0], PAID_ON[:3]),
            DomainError,
            "flows [100.0, -150.0, 100.0] have no internal rate of return above -100.00%",
        ),
        (
            lambda: xirr([[-1.0], [2.0]], PAID_ON[:2]),
            ShapeError,
            "flows of shape (2, 1) must be one row of amounts",
        ),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)


def test_a_missing_date_is_refused() -> None:
    with pytest.raises(InputError, match="NaT"):
        xnpv([1.0], np.array(["NaT"], dtype="datetime64[D]"), rate=0.1)


@given(st.floats(0.001, 0.5), st.floats(-0.5, 0.5))
def test_a_perpetuity_has_a_value_exactly_where_its_rate_exceeds_its_growth(
    rate: float, growth: float
) -> None:
    assume(abs(rate - growth) > 1e-9)
    if rate > growth:
        assert gordon_terminal_value(1.0, rate=rate, growth=growth) > 0
    else:
        with pytest.raises(DomainError, match="must exceed growth"):
            gordon_terminal_value(1.0, rate=rate, growth=growth)
