"""Devices built up segment by segment, against loops in plain floats and against its limits."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.segments import by_hand
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.valuation.results import BuildUpView
from xlwings_addin.valuation.xiaomi import Results, evaluate

LINES = (
    *("shipments", "price", "revenue", "gross_profit", "overhead", "research", "ebit", "tax", "nopat"),
    *("depreciation", "ebitda", "capex", "working_capital", "change_in_working_capital"),
)

CHANGES: dict[str, dict[str, object]] = {
    "as it is": {},
    "year ends": {"timing": "end"},
    "no stub": {"stub": "none"},
    "year ends without a stub": {"timing": "end", "stub": "none"},
    "whole first flow": {"first_flow": "whole"},
    "flat terminal value": {"terminal_form": "flat"},
    "the day its first quarter was announced": {"valuation_date": date(2025, 5, 27)},
    "last day of the base year": {"valuation_date": date(2025, 12, 31)},
    "first day after it": {"valuation_date": date(2026, 1, 1)},
    "in the year after": {"valuation_date": date(2026, 3, 9)},
    "in the year after, year ends": {"valuation_date": date(2026, 3, 9), "timing": "end"},
    "in the year after, whole first flow": {"valuation_date": date(2026, 3, 9), "first_flow": "whole"},
    "no explicit year": {"devices_horizon": 0},
    "no explicit year, in the year after": {"devices_horizon": 0, "valuation_date": date(2026, 3, 9)},
    "one explicit year": {"devices_horizon": 1},
    "the whole timeline": {"devices_horizon": 16},
    "a fade longer than the horizon": {"devices_horizon": 5, "devices_fade_years": 9},
    "a fade of one year": {"devices_fade_years": 1},
    "losses": {"devices_overhead_ratio_start": 0.3, "devices_overhead_ratio_end": 0.12},
    "the printed rate": {"devices_wacc_basis": "printed"},
    "working capital that binds cash": {"devices_working_capital_days": 30.0},
    "the value driver": {"devices_terminal_value": "value_driver"},
    "a margin that does not last": {"devices_operating_margin_ceiling": 0.083},
    "both": {"devices_terminal_value": "value_driver", "devices_operating_margin_ceiling": 0.06},
    "rates in renminbi": {"rate_parity": "yields", "beta_cash_share": 0.13},
    "a year under way off its path": {
        "smartphone_shipment_growth_shock": -0.2,
        "smartphone_price_growth_shock": 0.1,
        "iot_growth_shock": -0.2,
        "internet_growth_shock": -0.03,
        "devices_ebit_shock": -4000.0,
        "devices_other_gross_profit_ratio": -0.0037,
    },
}


def assert_by_hand(inputs: Inputs) -> Results:
    results, expected = evaluate(inputs), by_hand.devices_segments(inputs)
    built = results.devices_segments
    for line in LINES:
        by_hand.assert_agree(getattr(built, line), expected.rows[line])
    for segment in SEGMENTS:
        by_hand.assert_agree(built.segments[segment].revenue, expected.rows[f"{segment}_revenue"])
        by_hand.assert_agree(built.segments[segment].gross_margin, expected.rows[f"{segment}_gross_margin"])
    value, checks = built.valuation, built.checks
    assert value.opening_fcff == pytest.approx(expected.rows["fcff"][0], rel=1e-12)
    by_hand.assert_agree([value.opening_fcff, *value.fcff], expected.rows["fcff"])
    assert value.explicit_value == pytest.approx(expected.worth.explicit, rel=1e-12)
    assert value.terminal_present_value == pytest.approx(expected.worth.terminal, rel=1e-12)
    assert value.enterprise_value == pytest.approx(expected.worth.total, rel=1e-12)
    assert value.terminal_share == pytest.approx(expected.worth.terminal / expected.worth.total, rel=1e-12)
    assert checks.driver_enterprise_value == pytest.approx(expected.worth.by_driver, rel=1e-12)
    assert checks.multiple_enterprise_value == pytest.approx(expected.worth.by_multiple, rel=1e-12)
    assert checks.driver_difference == pytest.approx(
        expected.worth.by_driver / expected.worth.gordon - 1, abs=1e-12
    )
    assert checks.multiple_difference == pytest.approx(
        expected.worth.by_multiple / expected.worth.gordon - 1, abs=1e-12
    )
    return results


SEGMENTS = ("smartphone", "iot", "internet")


@pytest.fixture(scope="module")
def built(base: Inputs) -> BuildUpView:
    return evaluate(base).devices_segments


@pytest.mark.parametrize("case", ["base", "bear", "bull", "house_2026", "house_2026_bear", "house_2026_bull"])
def test_a_house_case_s_devices_are_what_plain_loops_give(cases: dict[str, Inputs], case: str) -> None:
    results = assert_by_hand(cases[case])
    assert results.sotp.devices.value == results.devices_segments.valuation.enterprise_value


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_devices_are_what_plain_loops_give_under_every_convention(
    base: Inputs, change: dict[str, object]
) -> None:
    assert_by_hand(base.replace(**change))


@pytest.mark.parametrize("seed", range(20))
def test_devices_are_what_plain_loops_give_wherever_inputs_may_lie(base: Inputs, seed: int) -> None:
    assert_by_hand(by_hand.draw(base, seed))


def test_the_exit_multiple_that_the_value_implies_gives_the_value(base: Inputs) -> None:
    implied = evaluate(base).devices_segments.checks.implied_multiple
    assert isinstance(implied, float)
    again = evaluate(base.replace(devices_exit_multiple=implied)).devices_segments
    assert again.checks.multiple_enterprise_value == pytest.approx(
        again.valuation.enterprise_value, rel=1e-12
    )
    assert again.checks.multiple_difference == pytest.approx(0.0, abs=1e-12)


def test_the_value_driver_meets_gordon_where_growth_is_paid_for_by_the_same_return(base: Inputs) -> None:
    # FCFF = NOPAT (1 - g / ROIC): the return at which the last year's own reinvestment pays for the growth.
    devices = evaluate(base).devices_segments
    final, growth = base.count("devices_horizon"), base.number("devices_terminal_growth")
    reinvested = 1 - devices.valuation.final_fcff / devices.nopat[final]
    assert reinvested > 0
    again = evaluate(base.replace(devices_return_on_new_capital=growth / float(reinvested)))
    assert again.devices_segments.checks.driver_difference == pytest.approx(0.0, abs=1e-12)


def test_segments_add_up_to_devices(built: BuildUpView) -> None:
    for line in ("revenue", "gross_profit"):
        parts = sum(getattr(segment, line) for segment in built.segments.values())
        assert getattr(built, line) == pytest.approx(parts, rel=1e-14)
    margins = [segment.gross_margin for segment in built.segments.values()]
    assert (built.gross_margin >= np.min(margins, axis=0) - 1e-15).all()
    assert (built.gross_margin <= np.max(margins, axis=0) + 1e-15).all()


def test_growth_begins_and_ends_where_the_inputs_say(base: Inputs, built: BuildUpView) -> None:
    last = base.count("devices_horizon") - 1
    for key, path in built.growth.items():
        assert path[0] == base.number(f"{key}_growth_start")
        assert path[last] == pytest.approx(base.number(f"{key}_growth_end"), rel=1e-12)
        assert (path[last + 1 :] == 0).all()
    revenue = built.segments["iot"].revenue
    assert revenue[1] / revenue[0] - 1 == pytest.approx(base.number("iot_growth_start"), rel=1e-12)


def test_margins_reach_the_long_run_after_the_fade_and_stay(base: Inputs, built: BuildUpView) -> None:
    fade, horizon = base.count("devices_fade_years"), base.count("devices_horizon")
    assert fade < horizon
    for segment in SEGMENTS:
        margin, end = built.segments[segment].gross_margin, base.number(f"{segment}_gross_margin_end")
        assert margin[fade : horizon + 1] == pytest.approx(end, rel=1e-12)
        steps = np.diff(margin[: fade + 1])
        assert steps == pytest.approx((end - margin[0]) / fade, abs=1e-12)


def test_no_growth_and_no_change_keep_the_base_year(base: Inputs) -> None:
    still = {key: 0.0 for key in base if key.endswith(("_growth_start", "_growth_end"))}
    start = evaluate(base).devices_segments
    still |= {
        f"{segment}_gross_margin_end": float(start.segments[segment].gross_margin[0]) for segment in SEGMENTS
    }
    still["devices_overhead_ratio_end"] = base.number("devices_overhead_ratio_start")
    still["devices_research_ratio_end"] = float(start.research_ratio[0])
    devices = evaluate(base.replace(**still)).devices_segments
    horizon = base.count("devices_horizon")
    for line in ("revenue", "gross_profit", "ebit", "nopat"):
        path = getattr(devices, line)[: horizon + 1]
        assert path == pytest.approx(path[0], rel=1e-12)
    assert devices.change_in_working_capital == pytest.approx(0.0, abs=1e-9)
    assert devices.valuation.fcff[:horizon] == pytest.approx(devices.valuation.opening_fcff, rel=1e-12)


def test_a_loss_of_devices_pays_no_tax(base: Inputs) -> None:
    losing = evaluate(
        base.replace(devices_overhead_ratio_start=0.5, devices_overhead_ratio_end=0.5)
    ).devices_segments
    horizon = base.count("devices_horizon")
    assert (losing.ebit[: horizon + 1] < 0).all()
    assert (losing.tax == 0).all()
    assert (losing.nopat == losing.ebit).all()


def test_tax_is_on_profit_at_the_rate(base: Inputs) -> None:
    devices = evaluate(base.replace(tax_rate=0.25)).devices_segments
    assert devices.tax == pytest.approx(0.25 * devices.ebit, rel=1e-14)
    assert devices.nopat == pytest.approx(0.75 * devices.ebit, rel=1e-14)


def test_suppliers_finance_growth_where_working_capital_is_negative(base: Inputs) -> None:
    assert base.number("devices_working_capital_days") < 0
    financed, not_financed = (
        evaluate(base.replace(devices_working_capital_days=days)).devices_segments for days in (-20.0, 0.0)
    )
    assert (not_financed.change_in_working_capital == 0).all()
    first = (financed.revenue[1] - financed.revenue[0]) * -20 / 365
    assert financed.change_in_working_capital[1] == pytest.approx(first, rel=1e-12)
    released = financed.valuation.fcff[0] - not_financed.valuation.fcff[0]
    assert released == pytest.approx(-first, rel=1e-9)


def test_research_of_devices_and_of_vehicles_is_the_group_s_in_the_base_year(base: Inputs) -> None:
    results = evaluate(base)
    both = results.devices_segments.research[0] + results.vehicle_units.research[0]
    assert both == pytest.approx(base.number("group_research"), rel=1e-12)


@pytest.mark.parametrize("case", ["march_2024_replica", "march_2024_strict"])
def test_without_quarters_there_is_no_build_up(cases: dict[str, Inputs], case: str) -> None:
    devices = evaluate(cases[case]).devices_segments
    assert devices.valuation.enterprise_value == 0
    for line in (*LINES, "gross_margin", "ebit_margin", "overhead_ratio", "research_ratio"):
        assert (getattr(devices, line) == 0).all(), line
    assert devices.checks.driver_difference == devices.checks.implied_multiple == "n/a"
