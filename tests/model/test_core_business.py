"""The core built up segment by segment, against loops in plain floats and against its limits."""

from __future__ import annotations

from datetime import date

import by_hand
import numpy as np
import pytest

from xlwings_addin.model.core_business import CoreSegments
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import SEGMENTS
from xlwings_addin.model.xiaomi import Results, evaluate

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
    "first day of the base year": {"valuation_date": date(2025, 1, 1)},
    "last day of the base year": {"valuation_date": date(2025, 12, 31)},
    "first day after it": {"valuation_date": date(2026, 1, 1)},
    "in the year after": {"valuation_date": date(2026, 3, 9)},
    "in the year after, year ends": {"valuation_date": date(2026, 3, 9), "timing": "end"},
    "in the year after, whole first flow": {"valuation_date": date(2026, 3, 9), "first_flow": "whole"},
    "no explicit year": {"core_horizon": 0},
    "no explicit year, in the year after": {"core_horizon": 0, "valuation_date": date(2026, 3, 9)},
    "one explicit year": {"core_horizon": 1},
    "the whole timeline": {"core_horizon": 16},
    "a fade longer than the horizon": {"core_horizon": 5, "core_fade_years": 9},
    "a fade of one year": {"core_fade_years": 1},
    "losses": {"core_overhead_ratio_start": 0.3, "core_overhead_ratio_end": 0.12},
    "the printed rate": {"core_wacc_basis": "printed"},
    "working capital that binds cash": {"core_working_capital_days": 30.0},
}


def assert_by_hand(inputs: Inputs) -> Results:
    results, expected = evaluate(inputs), by_hand.core_segments(inputs)
    built = results.core_segments
    for line in LINES:
        by_hand.assert_agree(getattr(built, line), expected.rows[line])
    for each in SEGMENTS:
        by_hand.assert_agree(built.segments[each].revenue, expected.rows[f"{each}_revenue"])
        by_hand.assert_agree(built.segments[each].gross_margin, expected.rows[f"{each}_gross_margin"])
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
        expected.worth.by_driver / expected.worth.total - 1, abs=1e-12
    )
    assert checks.multiple_difference == pytest.approx(
        expected.worth.by_multiple / expected.worth.total - 1, abs=1e-12
    )
    return results


@pytest.fixture(scope="module")
def built(base: Inputs) -> CoreSegments:
    return evaluate(base).core_segments


@pytest.mark.parametrize("case", ["base", "bear", "bull"])
def test_a_house_case_s_core_is_what_plain_loops_give(cases: dict[str, Inputs], case: str) -> None:
    results = assert_by_hand(cases[case])
    assert results.sotp.core.value == results.core_segments.valuation.enterprise_value


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_core_is_what_plain_loops_give_under_every_convention(
    base: Inputs, change: dict[str, object]
) -> None:
    assert_by_hand(base.replace(**change))


@pytest.mark.parametrize("seed", range(20))
def test_the_core_is_what_plain_loops_give_wherever_inputs_may_lie(base: Inputs, seed: int) -> None:
    assert_by_hand(by_hand.draw(base, seed))


def test_the_exit_multiple_that_the_value_implies_gives_the_value(base: Inputs) -> None:
    implied = evaluate(base).core_segments.checks.implied_multiple
    assert isinstance(implied, float)
    again = evaluate(base.replace(core_exit_multiple=implied)).core_segments
    assert again.checks.multiple_enterprise_value == pytest.approx(
        again.valuation.enterprise_value, rel=1e-12
    )
    assert again.checks.multiple_difference == pytest.approx(0.0, abs=1e-12)


def test_the_value_driver_meets_gordon_where_growth_is_paid_for_by_the_same_return(base: Inputs) -> None:
    # FCFF = NOPAT (1 - g / ROIC): the return at which the last year's own reinvestment pays for the growth.
    core = evaluate(base).core_segments
    final, growth = base.count("core_horizon"), base.number("core_terminal_growth")
    reinvested = 1 - core.valuation.final_fcff / core.nopat[final]
    assert reinvested > 0
    again = evaluate(base.replace(core_return_on_new_capital=growth / float(reinvested)))
    assert again.core_segments.checks.driver_difference == pytest.approx(0.0, abs=1e-12)


def test_segments_add_up_to_the_core(built: CoreSegments) -> None:
    for line in ("revenue", "gross_profit"):
        parts = sum(getattr(segment, line) for segment in built.segments.values())
        assert getattr(built, line) == pytest.approx(parts, rel=1e-14)
    margins = [segment.gross_margin for segment in built.segments.values()]
    assert (built.gross_margin >= np.min(margins, axis=0) - 1e-15).all()
    assert (built.gross_margin <= np.max(margins, axis=0) + 1e-15).all()


def test_growth_begins_and_ends_where_the_inputs_say(base: Inputs, built: CoreSegments) -> None:
    last = base.count("core_horizon") - 1
    for key, path in built.growth.items():
        assert path[0] == base.number(f"{key}_growth_start")
        assert path[last] == pytest.approx(base.number(f"{key}_growth_end"), rel=1e-12)
        assert (path[last + 1 :] == 0).all()
    revenue = built.segments["iot"].revenue
    assert revenue[1] / revenue[0] - 1 == pytest.approx(base.number("iot_growth_start"), rel=1e-12)


def test_margins_reach_the_long_run_after_the_fade_and_stay(base: Inputs, built: CoreSegments) -> None:
    fade, horizon = base.count("core_fade_years"), base.count("core_horizon")
    assert fade < horizon
    for each in SEGMENTS:
        margin, end = built.segments[each].gross_margin, base.number(f"{each}_gross_margin_end")
        assert margin[fade : horizon + 1] == pytest.approx(end, rel=1e-12)
        steps = np.diff(margin[: fade + 1])
        assert steps == pytest.approx((end - margin[0]) / fade, abs=1e-12)


def test_no_growth_and_no_change_keep_the_base_year(base: Inputs) -> None:
    still = {key: 0.0 for key in base if key.endswith(("_growth_start", "_growth_end"))}
    start = evaluate(base).core_segments
    still |= {f"{each}_gross_margin_end": float(start.segments[each].gross_margin[0]) for each in SEGMENTS}
    still["core_overhead_ratio_end"] = base.number("core_overhead_ratio_start")
    still["core_research_ratio_end"] = float(start.research_ratio[0])
    core = evaluate(base.replace(**still)).core_segments
    horizon = base.count("core_horizon")
    for line in ("revenue", "gross_profit", "ebit", "nopat"):
        path = getattr(core, line)[: horizon + 1]
        assert path == pytest.approx(path[0], rel=1e-12)
    assert core.change_in_working_capital == pytest.approx(0.0, abs=1e-9)
    assert core.valuation.fcff[:horizon] == pytest.approx(core.valuation.opening_fcff, rel=1e-12)


def test_a_core_that_loses_money_pays_no_tax(base: Inputs) -> None:
    losing = evaluate(base.replace(core_overhead_ratio_start=0.5, core_overhead_ratio_end=0.5)).core_segments
    horizon = base.count("core_horizon")
    assert (losing.ebit[: horizon + 1] < 0).all()
    assert (losing.tax == 0).all()
    assert (losing.nopat == losing.ebit).all()


def test_tax_is_on_profit_at_the_rate(base: Inputs) -> None:
    core = evaluate(base.replace(tax_rate=0.25)).core_segments
    assert core.tax == pytest.approx(0.25 * core.ebit, rel=1e-14)
    assert core.nopat == pytest.approx(0.75 * core.ebit, rel=1e-14)


def test_suppliers_finance_growth_where_working_capital_is_negative(base: Inputs) -> None:
    assert base.number("core_working_capital_days") < 0
    financed, not_financed = (
        evaluate(base.replace(core_working_capital_days=days)).core_segments for days in (-20.0, 0.0)
    )
    assert (not_financed.change_in_working_capital == 0).all()
    first = (financed.revenue[1] - financed.revenue[0]) * -20 / 365
    assert financed.change_in_working_capital[1] == pytest.approx(first, rel=1e-12)
    released = financed.valuation.fcff[0] - not_financed.valuation.fcff[0]
    assert released == pytest.approx(-first, rel=1e-9)


def test_research_of_the_core_and_of_vehicles_is_the_group_s_in_the_base_year(base: Inputs) -> None:
    results = evaluate(base)
    both = results.core_segments.research[0] + results.vehicle_units.research[0]
    assert both == pytest.approx(base.number("group_research"), rel=1e-12)


@pytest.mark.parametrize("case", ["march_2024_replica", "march_2024_strict"])
def test_without_quarters_there_is_no_build_up(cases: dict[str, Inputs], case: str) -> None:
    core = evaluate(cases[case]).core_segments
    assert core.valuation.enterprise_value == 0
    for line in (*LINES, "gross_margin", "ebit_margin", "overhead_ratio", "research_ratio"):
        assert (getattr(core, line) == 0).all(), line
    assert core.checks.driver_difference == core.checks.implied_multiple == "n/a"
