"""Cash flow, losses, assets, enterprise value: published figures, identities, other libraries, memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.core.dcf import EnterpriseValue, asset_base, enterprise_value, fcff, loss_carry_forward
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ShapeError, ValuationError
from xlwings_addin.core.horner import BLOCK, SCENARIOS_FIRST_BLOCK

FLOWS = st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=20)
FORMS: dict[str, dict[str, float]] = {
    "gordon": {},
    "flat": {},
    "value_driver": {"nopat_next": 150.0, "roic": 0.15},
    "exit_multiple": {"metric": 200.0, "multiple": 8.0},
}


def test_a_published_valuation_is_met_with_its_own_terminal_growth() -> None:
    # ValuAdder (23 June 2010): five flows at 30% and growth of 5.53% after them are worth 3,915,542; the
    # article's growth is rounded, its terminal value 5,124,129 is 0.02% above the one that 5.53% gives.
    flows = [953_770, 1_012_310, 1_070_850, 1_129_400, 1_187_940]
    value = enterprise_value(flows, wacc=0.30, terminal_growth=0.0553)
    assert value.total == pytest.approx(3_915_542, rel=1e-4)
    assert value.terminal * 1.30**5 == pytest.approx(5_124_129, rel=3e-4)
    exact = enterprise_value(
        flows, wacc=0.30, terminal_growth=0.0, terminal="exit_multiple", metric=5_124_129, multiple=1.0
    )
    assert exact.total == pytest.approx(3_915_542, abs=1)


def test_the_value_driver_form_meets_a_published_workout() -> None:
    # Financial Edge, "Value Driver Formula Workout": 160.7 at the end of the third year, at 10%.
    value = enterprise_value(
        [0.0, 0.0, 13.0],
        wacc=0.10,
        terminal_growth=0.04,
        terminal="value_driver",
        nopat_next=13.3 * 1.04,
        roic=0.132,
    )
    assert value.terminal * 1.1**3 == pytest.approx(160.7, abs=0.05)


def test_fcff_takes_tax_off_a_published_ebit() -> None:
    # A pro forma EBITDA of 2,560,000 less depreciation of 318,000 is EBIT of 2,242,000; at 30% the tax is
    # 672,600.
    flow = fcff(ebit=2_242_000, tax_rate=0.30, depreciation=318_000, capex=0.0, change_in_nwc=0.0)
    assert flow == pytest.approx(2_560_000 - 672_600)


MONEY = st.floats(-1e6, 1e6)


@given(MONEY, st.floats(0, 1), MONEY, MONEY, MONEY)
def test_fcff_from_ebit_is_fcff_from_ebitda(
    ebit: float, tax_rate: float, depreciation: float, capex: float, change_in_nwc: float
) -> None:
    # CFA Program, Free Cash Flow Valuation: EBITDA (1 - t) + t Dep - FCInv - WCInv.
    ebitda = ebit + depreciation
    expected = ebitda * (1 - tax_rate) + tax_rate * depreciation - capex - change_in_nwc
    flow = fcff(
        ebit=ebit, tax_rate=tax_rate, depreciation=depreciation, capex=capex, change_in_nwc=change_in_nwc
    )
    assert flow == pytest.approx(expected, abs=1e-8)


# Losses brought forward

LOSSES = st.floats(0, 1e5)


def test_losses_are_used_against_all_profit_until_none_are_left() -> None:
    # by hand: 100 brought forward, 50 added; 80 and 70 of profit use them up, 20 of the 90 are taxed; a loss
    # of 10 shelters 10 of the last 30
    losses = loss_carry_forward([-50.0, 80.0, 90.0, -10.0, 30.0], opening_losses=100.0)
    assert losses.used.tolist() == [0.0, 80.0, 70.0, 0.0, 10.0]
    assert losses.taxable.tolist() == [0.0, 0.0, 20.0, 0.0, 20.0]
    assert losses.balance.tolist() == [150.0, 70.0, 0.0, 10.0, 0.0]


def one_year_at_a_time(income: list[float], left: float) -> tuple[list[float], ...]:
    """Used, taxable and balance, as a tax return has them."""
    used, taxable, balance = [], [], []
    for amount in income:
        if amount < 0:
            relief, left = 0.0, left - amount
        elif amount < left:
            relief, left = amount, left - amount
        else:
            relief, left = left, 0.0
        used.append(relief)
        taxable.append(max(amount, 0.0) - relief)
        balance.append(left)
    return used, taxable, balance


@given(FLOWS, LOSSES)
def test_losses_are_those_of_one_tax_return_after_another(income: list[float], opening: float) -> None:
    losses = loss_carry_forward(income, opening_losses=opening)
    paths = losses.used.tolist(), losses.taxable.tolist(), losses.balance.tolist()
    assert paths == one_year_at_a_time(income, opening)


@given(FLOWS, LOSSES)
def test_taxable_income_so_far_is_what_the_highest_income_so_far_exceeds_the_losses_by(
    income: list[float], opening: float
) -> None:
    # in closed form: the sum of taxable income is max(0, highest cumulative income - opening losses)
    losses = loss_carry_forward(income, opening_losses=opening)
    highest = np.maximum.accumulate(np.cumsum(income))
    assert np.cumsum(losses.taxable) == pytest.approx(np.maximum(highest - opening, 0.0), abs=1e-7)


@given(FLOWS, LOSSES)
def test_income_is_taxed_or_ends_in_the_balance_of_losses(income: list[float], opening: float) -> None:
    losses = loss_carry_forward(income, opening_losses=opening)
    profits = np.maximum(income, 0.0)
    assert losses.used + losses.taxable == pytest.approx(profits, rel=1e-12)
    assert losses.taxable.sum() - losses.balance[-1] == pytest.approx(sum(income) - opening, abs=1e-7)
    assert (losses.taxable * losses.balance == 0).all()  # no tax while losses are left
    assert min(losses.used.min(), losses.taxable.min(), losses.balance.min()) >= 0


def test_without_losses_profit_is_taxed_as_it_is() -> None:
    losses = loss_carry_forward([10.0, 0.0, 30.0])
    assert losses.taxable.tolist() == [10.0, 0.0, 30.0]
    assert not losses.used.any()
    assert not losses.balance.any()


# Assets that lose a share of their balance


def test_assets_lose_a_share_of_what_they_were_at_the_start_of_the_year() -> None:
    # by hand: 25% of 400, 360 and 330 and what is left after 60, 60 and 0 are added
    assets = asset_base([60.0, 60.0, 0.0], opening=400.0, depreciation_rate=0.25)
    assert assets.depreciation.tolist() == [100.0, 90.0, 82.5]
    assert assets.closing.tolist() == [360.0, 330.0, 247.5]


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=20), st.floats(0, 1e5), st.floats(0, 1))
def test_assets_are_every_years_capex_at_what_is_left_of_it(
    capex: list[float], opening: float, rate: float
) -> None:
    # in closed form: opening (1 - rate)**n + sum(capex_k (1 - rate)**(n - k))
    assets = asset_base(capex, opening=opening, depreciation_rate=rate)
    left = (1 - rate) ** np.arange(len(capex), -1, -1)
    assert assets.closing[-1] == pytest.approx(np.dot([opening, *capex], left), rel=1e-9, abs=1e-6)
    assert opening + sum(capex) - assets.depreciation.sum() == pytest.approx(assets.closing[-1], abs=1e-6)
    before = np.array([opening, *assets.closing[:-1]])
    assert assets.depreciation == pytest.approx(rate * before, rel=1e-12)


@given(st.floats(1, 1e5), st.floats(0.01, 1), st.integers(1, 30))
def test_capex_that_replaces_depreciation_keeps_the_assets(opening: float, rate: float, years: int) -> None:
    assets = asset_base(np.full(years, rate * opening), opening=opening, depreciation_rate=rate)
    assert assets.closing == pytest.approx(np.full(years, opening), rel=1e-12)


def test_a_rate_of_one_writes_off_the_year_before_and_a_rate_of_nothing_keeps_all() -> None:
    at_once = asset_base([10.0, 20.0], opening=5.0, depreciation_rate=1.0)
    assert at_once.depreciation.tolist() == [5.0, 10.0]
    assert at_once.closing.tolist() == [10.0, 20.0]
    never = asset_base([10.0, 20.0], opening=5.0, depreciation_rate=0.0)
    assert never.depreciation.tolist() == [0.0, 0.0]
    assert never.closing.tolist() == [15.0, 35.0]


# Enterprise value


@given(FLOWS, st.floats(0.03, 0.5), st.floats(-0.3, 0.02))
def test_explicit_value_agrees_with_numpy_financial(flows: list[float], wacc: float, growth: float) -> None:
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    assert value.explicit == pytest.approx(npf.npv(wacc, [0.0, *flows]), rel=1e-9, abs=1e-6)


@given(st.integers(1, 40), st.floats(0.02, 0.5), st.floats(-0.2, 1.0), st.sampled_from(["end", "mid"]))
def test_a_growing_firm_is_worth_the_same_wherever_its_forecast_ends(
    years: int, wacc: float, share: float, timing: Any
) -> None:
    growth = share * (wacc - 0.01)
    flows = 100.0 * (1 + growth) ** np.arange(years)
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth, timing=timing)
    head_start = (1 + wacc) ** 0.5 if timing == "mid" else 1.0
    assert value.total == pytest.approx(100.0 / (wacc - growth) * head_start, rel=1e-10)


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=20), st.floats(0.03, 0.5), st.floats(-0.3, 0.02))
def test_mid_year_lifts_a_perpetuity_by_half_a_year(flows: list[float], wacc: float, growth: float) -> None:
    end = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    mid = enterprise_value(flows, wacc=wacc, terminal_growth=growth, timing="mid")
    assert mid.explicit == pytest.approx(end.explicit * (1 + wacc) ** 0.5, rel=1e-12)
    assert mid.terminal == pytest.approx(end.terminal * (1 + wacc) ** 0.5, rel=1e-12)


@given(st.floats(0.03, 0.5), st.floats(0.1, 1.0), st.integers(1, 10))
def test_an_exit_multiple_is_paid_at_a_year_end_whatever_the_timing(
    wacc: float, stub: float, years: int
) -> None:
    options: dict[str, Any] = {"wacc": wacc, "terminal_growth": 0.0, "first_period": stub}
    options |= {"terminal": "exit_multiple", **FORMS["exit_multiple"]}
    end = enterprise_value(np.ones(years), **options)
    mid = enterprise_value(np.ones(years), timing="mid", **options)
    assert mid.terminal == end.terminal
    assert end.terminal == pytest.approx(1_600.0 / (1 + wacc) ** (stub + years - 1), rel=1e-12)
    assert mid.explicit > end.explicit


@given(st.floats(1, 1e4), st.floats(0.05, 0.5), st.floats(-0.3, 0.04))
def test_the_flat_form_is_the_gordon_form_without_a_years_growth(
    flow: float, wacc: float, growth: float
) -> None:
    grown = enterprise_value([flow], wacc=wacc, terminal_growth=growth)
    flat = enterprise_value([flow], wacc=wacc, terminal_growth=growth, terminal="flat")
    assert grown.terminal == pytest.approx(flat.terminal * (1 + growth), rel=1e-12)
    assert grown.explicit == flat.explicit


@given(st.floats(0.05, 0.2), st.floats(0.001, 0.2))
def test_enterprise_value_falls_as_wacc_rises(wacc: float, more: float) -> None:
    low, high = (
        enterprise_value([100.0, 110.0, 120.0], wacc=rate, terminal_growth=0.02)
        for rate in (wacc, wacc + more)
    )
    assert high.total < low.total


@pytest.mark.parametrize("form", FORMS)
def test_an_exit_multiple_alone_takes_growth_above_the_wacc(form: str) -> None:
    def value() -> EnterpriseValue:
        return enterprise_value([1.0], wacc=0.02, terminal_growth=0.03, terminal=form, **FORMS[form])  # type: ignore[arg-type]

    if form == "exit_multiple":
        assert value().terminal == pytest.approx(1_600 / 1.02)
    else:
        with pytest.raises(DomainError, match=r"^wacc 2\.00% must exceed terminal_growth 3\.00%$"):
            value()


# Many scenarios


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("timing", ["end", "mid"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_many_scenarios_are_worth_what_each_is_worth_alone(form: Any, timing: Any, order: Any) -> None:
    rng = np.random.default_rng(20240308)
    flows = np.asarray(rng.normal(100, 30, (7, 3, 4)), order=order)
    wacc, growth = rng.uniform(0.06, 0.2, (3, 4)), rng.uniform(-0.02, 0.05, 4)
    options: dict[str, Any] = {"timing": timing, "first_period": 0.4, "terminal": form, **FORMS[form]}
    values = enterprise_value(flows, wacc=wacc, terminal_growth=growth, **options)
    assert values.total.shape == (3, 4)
    for index in np.ndindex(3, 4):
        alone = enterprise_value(
            flows[:, *index], wacc=wacc[index], terminal_growth=growth[index[1]], **options
        )
        assert type(alone.total) is float
        assert values.explicit[index] == pytest.approx(alone.explicit, rel=1e-13)
        assert values.terminal[index] == pytest.approx(alone.terminal, rel=1e-13)
        assert values.terminal_share[index] == pytest.approx(alone.terminal_share, rel=1e-13)


@pytest.mark.parametrize("order", ["C", "F"])
def test_many_scenarios_carry_their_losses_as_each_does_alone(order: Any) -> None:
    rng = np.random.default_rng(20240308)
    income, opening = np.asarray(rng.normal(10, 30, (7, 4)), order=order), rng.uniform(0, 50, (3, 1))
    before = income.copy()
    losses = loss_carry_forward(income, opening_losses=opening)
    for index in np.ndindex(3, 4):
        alone = loss_carry_forward(income[:, index[1]], opening_losses=opening[index[0], 0])
        for part in ("used", "taxable", "balance"):
            assert getattr(losses, part).shape == (7, 3, 4)
            assert getattr(losses, part)[:, *index].tolist() == getattr(alone, part).tolist()
    np.testing.assert_array_equal(income, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_many_scenarios_depreciate_as_each_does_alone(order: Any) -> None:
    rng = np.random.default_rng(20240308)
    capex, opening = np.asarray(rng.uniform(0, 30, (7, 4)), order=order), rng.uniform(0, 50, (3, 1))
    rates = rng.uniform(0, 1, 4)
    assets = asset_base(capex, opening=opening, depreciation_rate=rates)
    for index in np.ndindex(3, 4):
        rate, start = rates[index[1]], opening[index[0], 0]
        alone = asset_base(capex[:, index[1]], opening=start, depreciation_rate=rate)
        for part in ("depreciation", "closing"):
            assert getattr(assets, part).shape == (7, 3, 4)
            assert getattr(assets, part)[:, *index] == pytest.approx(getattr(alone, part), rel=1e-13)


def test_no_scenarios_have_no_losses_and_no_assets() -> None:
    none = np.empty((5, 0))
    assert loss_carry_forward(none).taxable.shape == (5, 0)
    assert asset_base(none, opening=1.0, depreciation_rate=0.1).closing.shape == (5, 0)


@pytest.mark.parametrize(
    "scenarios", [0, 1, SCENARIOS_FIRST_BLOCK + 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7]
)
@pytest.mark.parametrize("layout", ["scenarios first", "years first", "every other one"])
def test_blocks_of_scenarios_join_without_a_seam(scenarios: int, layout: str) -> None:
    rng = np.random.default_rng(scenarios)
    flows = rng.normal(100, 30, (15, scenarios))
    wacc, growth = rng.uniform(0.08, 0.13, scenarios), rng.uniform(0.0, 0.05, scenarios)
    seen = {
        "years first": flows,
        "scenarios first": np.asfortranarray(flows),
        "every other one": np.repeat(flows, 2, axis=1)[:, ::2],
    }[layout]
    value = enterprise_value(seen, wacc=wacc, terminal_growth=growth)
    powers = (1 + wacc) ** -np.arange(1.0, 16.0)[:, None]
    assert value.explicit == pytest.approx((flows * powers).sum(axis=0), rel=1e-12)
    expected = flows[-1] * (1 + growth) / (wacc - growth) * (1 + wacc) ** -15.0
    assert value.terminal == pytest.approx(expected, rel=1e-12)


def test_one_forecast_is_valued_at_more_rates_than_a_block_holds() -> None:
    wacc = np.linspace(0.06, 0.12, BLOCK + 5)
    value = enterprise_value([100.0, 110.0], wacc=wacc, terminal_growth=0.02)
    assert value.explicit == pytest.approx(100 / (1 + wacc) + 110 / (1 + wacc) ** 2, rel=1e-13)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_valuation_takes_little_more_memory_than_its_results(order: Any) -> None:
    scenarios = 12 * BLOCK
    flows = np.ones((15, scenarios), order=order)
    wacc, growth = np.full(scenarios, 0.1), np.full(scenarios, 0.02)
    tracemalloc.start()
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    results = value.explicit.nbytes + value.terminal.nbytes
    assert peak - results < 0.1 * flows.nbytes


# What is refused


def test_a_value_of_zero_has_no_terminal_share() -> None:
    with pytest.raises(DomainError, match=r"^total\[1\] 0 must not be zero for a terminal share$"):
        EnterpriseValue(np.array([1.0, -2.0]), np.array([1.0, 2.0])).terminal_share  # noqa: B018


ONE: dict[str, Any] = {"wacc": 0.1, "terminal_growth": 0.02}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: enterprise_value([1.0], wacc=[0.1, 0.02], terminal_growth=[0.03, 0.03]),
            DomainError,
            "wacc[1] 2.00% must exceed terminal_growth 3.00%",
        ),
        (
            lambda: enterprise_value([1.0], wacc=0.05, terminal_growth=0.05),
            DomainError,
            "wacc 5.00% must exceed terminal_growth 5.00%",
        ),
        (
            lambda: enterprise_value([1.0], wacc=-1.0, terminal_growth=-1.5),
            DomainError,
            "wacc -100.00% must be above -100.00%",
        ),
        (lambda: enterprise_value([1.0, np.nan], **ONE), DomainError, "flows[1] nan must be finite"),
        (
            lambda: enterprise_value(np.where(np.eye(9000, 3) == 1, -np.inf, 1.0), **ONE),
            DomainError,
            "flows[0, 0] -inf must be finite",
        ),
        (
            lambda: enterprise_value([1e308, 1e308], **ONE),
            DomainError,
            "flows discounted exceed the largest number of 64 bits",
        ),
        (
            lambda: enterprise_value([], **ONE),
            ShapeError,
            "flows [] must have at least one period along its first axis",
        ),
        (
            lambda: enterprise_value(np.ones((5, 3)), wacc=[0.1] * 4, terminal_growth=0.02),
            ShapeError,
            "wacc of shape (4,) does not fit the shape (3,) of one year of flows",
        ),
        (
            lambda: enterprise_value([1.0], terminal="growing", **ONE),  # type: ignore[arg-type]
            ChoiceError,
            "terminal 'growing' must be one of gordon, flat, value_driver, exit_multiple",
        ),
        (
            lambda: enterprise_value([1.0], timing="begin", **ONE),
            ChoiceError,
            "timing 'begin' must be one of end, mid",
        ),
        (
            lambda: enterprise_value([1.0], first_period=-0.5, **ONE),
            DomainError,
            "first_period -0.5 must be above 0",
        ),
        (
            lambda: enterprise_value([1.0], terminal="value_driver", nopat_next=5.0, **ONE),
            InputError,
            "roic None is needed for the terminal value 'value_driver'",
        ),
        (
            lambda: enterprise_value([1.0], terminal="exit_multiple", multiple=5.0, **ONE),
            InputError,
            "metric None is needed for the terminal value 'exit_multiple'",
        ),
        (
            lambda: enterprise_value([1.0], roic=0.1, **ONE),
            InputError,
            "roic 0.1 is not used by the terminal value 'gordon'",
        ),
        (
            lambda: enterprise_value([1.0], terminal="exit_multiple", metric=1.0, multiple=-5.0, **ONE),
            DomainError,
            "multiple -5 must not be negative",
        ),
        (
            lambda: enterprise_value([1.0], terminal="value_driver", nopat_next=1.0, roic=-0.1, **ONE),
            DomainError,
            "roic -10.00% must be above 0.00%",
        ),
        (
            lambda: fcff(ebit=1.0, tax_rate=1.1, depreciation=0.0, capex=0.0, change_in_nwc=0.0),
            DomainError,
            "tax_rate 110.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: fcff(ebit=[1.0, 2.0], tax_rate=0.2, depreciation=0.0, capex=[1, 2, 3], change_in_nwc=0.0),
            ShapeError,
            "capex of shape (3,) does not fit the shape (2,) of ebit",
        ),
        (lambda: loss_carry_forward([1.0, np.nan]), DomainError, "income[1] nan must be finite"),
        (
            lambda: loss_carry_forward(5.0),
            ShapeError,
            "income 5.0 must have at least one period along its first axis",
        ),
        (
            lambda: loss_carry_forward([1.0], opening_losses=[0.0, -5.0]),
            DomainError,
            "opening_losses[1] -5 must not be negative",
        ),
        (
            lambda: loss_carry_forward(np.ones((5, 2)), opening_losses=[1.0, 2.0, 3.0]),
            ShapeError,
            "opening_losses of shape (3,) does not fit the shape (2,) of one year of income",
        ),
        (
            lambda: asset_base([np.inf], opening=1.0, depreciation_rate=0.1),
            DomainError,
            "capex[0] inf must be finite",
        ),
        (
            lambda: asset_base([], opening=1.0, depreciation_rate=0.1),
            ShapeError,
            "capex [] must have at least one period along its first axis",
        ),
        (
            lambda: asset_base([1.0], opening=-1.0, depreciation_rate=0.1),
            DomainError,
            "opening -1 must not be negative",
        ),
        (
            lambda: asset_base([1.0], opening=1.0, depreciation_rate=[0.1, 1.1]),
            DomainError,
            "depreciation_rate[1] 110.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: asset_base(np.ones((5, 2)), opening=1.0, depreciation_rate=[0.1] * 3),
            ShapeError,
            "depreciation_rate of shape (3,) does not fit the shape (2,) of one year of capex",
        ),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)
