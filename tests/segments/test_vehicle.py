"""Vehicles built up from deliveries, against loops in plain floats and against the limits of each step."""

from __future__ import annotations

from datetime import date
from math import exp, log

import numpy as np
import pytest

from tests.segments import by_hand
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.segments.capacity_ramp import NEVER
from xlwings_addin.valuation.results import UnitsView
from xlwings_addin.valuation.xiaomi import Results, evaluate

LINES = (
    *("demand", "capacity", "deliveries", "unmet_demand", "price", "revenue", "unit_cost", "gross_margin"),
    *("gross_profit", "overhead", "research", "ebit", "losses", "nopat", "ebitda", "net_assets"),
    "working_capital",
)
FORECAST_LINES = (*("tax", "depreciation", "growth_capex", "maintenance_capex", "change_in_working_capital"),)
"""Lines without a base year."""

CHANGES: dict[str, dict[str, object]] = {
    "as it is": {},
    "year ends": {"timing": "end"},
    "no stub": {"stub": "none"},
    "whole first flow": {"first_flow": "whole"},
    "flat terminal value": {"terminal_form": "flat"},
    "last day of the base year": {"valuation_date": date(2025, 12, 31)},
    "in the year after": {"valuation_date": date(2026, 3, 9)},
    "in the year after, year ends": {"valuation_date": date(2026, 3, 9), "timing": "end"},
    "two years": {"vehicle_horizon": 2},
    "the whole timeline": {"vehicle_horizon": 16},
    "a fade longer than the horizon": {"vehicle_horizon": 4, "vehicle_fade_years": 9},
    "steep learning below the ceiling": {
        "vehicle_learning_rate": 0.05,
        "vehicle_gross_margin_ceiling": 0.6,
    },
    "a ceiling that binds": {"vehicle_gross_margin_ceiling": 0.15},
    "prices that fall faster than cost": {"vehicle_price_change_start": -0.1},
    "losses at first": {"vehicle_overhead_ratio_start": 0.25, "vehicle_opening_losses": 0.0},
    "losses for ever": {"vehicle_overhead_ratio_start": 0.3, "vehicle_overhead_ratio_end": 0.3},
    "losses brought forward that last": {"vehicle_opening_losses": 400_000.0},
    "two plants": {"plant_3_capacity": 0.0, "plant_4_capacity": 0.0, "plant_5_capacity": 0.0},
    "a plant in the last year": {"plant_5_year": 2040},
    "a plant after the horizon": {"plant_5_year": 2041},
    "the value driver": {"vehicle_terminal_value": "value_driver"},
    "rates in renminbi": {"rate_parity": "yields"},
    "transport that falls with sites": {"vehicle_transport_cost": 1500.0},
    "a year under way off its path": {"vehicle_ebit_shock": -10_000.0},
    "all plants from the start": {f"plant_{n}_year": 2024 for n in (1, 2, 3, 4, 5)},
}


def assert_by_hand(inputs: Inputs) -> Results:
    results, expected = evaluate(inputs), by_hand.vehicle_units(inputs)
    built, rows = results.vehicle_units, expected.rows
    for line in LINES:
        by_hand.assert_agree(getattr(built, line), rows[line])
    for line in FORECAST_LINES:
        by_hand.assert_agree([0.0, *getattr(built, line)], rows[line])
    horizon = inputs.count("vehicle_horizon")
    by_hand.assert_agree(built.cumulative_deliveries[: horizon + 1], rows["cumulative_deliveries"])
    assert built.midpoint == pytest.approx(expected.figures["midpoint"], rel=1e-12)
    assert built.binding_year == expected.figures["binding_year"]
    assert built.final_deliveries == pytest.approx(rows["deliveries"][-1], rel=1e-12)
    value, checks = built.valuation, built.checks
    by_hand.assert_agree([value.opening_fcff, *value.fcff], rows["fcff"])
    # What is left of losses and profits that are hundreds of times as large has their last digits.
    assert value.explicit_value == pytest.approx(expected.worth.explicit, rel=1e-12, abs=1e-8)
    assert value.terminal_present_value == pytest.approx(expected.worth.terminal, rel=1e-12)
    assert value.enterprise_value == pytest.approx(expected.worth.total, rel=1e-11)
    assert checks.driver_enterprise_value == pytest.approx(expected.worth.by_driver, rel=1e-11)
    assert checks.multiple_enterprise_value == pytest.approx(expected.worth.by_multiple, rel=1e-11)
    return results


def units_of(inputs: Inputs, **changes: object) -> UnitsView:
    return evaluate(inputs.replace(**changes)).vehicle_units


@pytest.mark.parametrize("case", ["base", "bear", "bull", "house_2026", "house_2026_bear", "house_2026_bull"])
def test_a_house_case_s_vehicles_are_what_plain_loops_give(cases: dict[str, Inputs], case: str) -> None:
    results = assert_by_hand(cases[case])
    assert results.sotp.vehicle.value == results.vehicle_units.valuation.enterprise_value


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_vehicles_are_what_plain_loops_give_under_every_convention(
    base: Inputs, change: dict[str, object]
) -> None:
    assert_by_hand(base.replace(**change))


@pytest.mark.parametrize("seed", range(20))
def test_vehicles_are_what_plain_loops_give_wherever_inputs_may_lie(base: Inputs, seed: int) -> None:
    assert_by_hand(by_hand.draw(base, seed))


# Deliveries ----------------------------------------------------------------------------------------------


def test_demand_starts_at_the_base_year_and_approaches_its_saturation(base: Inputs) -> None:
    results = evaluate(base.replace(demand_steepness=5.0))
    units, saturation = results.vehicle_units, base.number("demand_saturation")
    assert units.demand[0] == results.base_year.deliveries.year
    assert units.demand[base.count("vehicle_horizon")] == pytest.approx(saturation, rel=1e-12)
    assert (np.diff(units.demand[: base.count("vehicle_horizon") + 1]) >= 0).all()


def test_capacity_far_above_demand_leaves_none_unmet(base: Inputs) -> None:
    units = units_of(base, plant_1_capacity=50.0)
    assert (units.deliveries == units.demand).all()
    assert (units.unmet_demand == 0).all()
    assert (units.capacity_binds == 0).all()
    assert units.binding_year == NEVER


def test_capacity_binds_from_the_year_demand_first_exceeds_it(base: Inputs) -> None:
    # Two plants of 0.3 m for ever: the curve through the base year's deliveries passes 0.6 m in some year.
    plants = {f"plant_{n}_capacity": 0.3 if n < 3 else 0.0 for n in (1, 2, 3, 4, 5)}
    units = units_of(base, **plants)
    start = 0.265967 + base.number("assumed_vehicle_deliveries")
    saturation, steepness = base.number("demand_saturation"), base.number("demand_steepness")
    first = 1
    while saturation / (1 + (saturation / start - 1) * exp(-steepness * first)) <= 0.6:
        first += 1
    horizon = base.count("vehicle_horizon")
    assert 1 < first < horizon
    assert units.binding_year == 2025 + first
    assert units.capacity_binds.tolist() == [0.0] * (first - 1) + [1.0] * (horizon - first + 1) + [0.0] * (
        16 - horizon
    )
    assert units.deliveries[first : horizon + 1] == pytest.approx(0.6, rel=1e-15)
    assert (units.unmet_demand[first : horizon + 1] > 0).all()
    assert units.utilisation[first : horizon + 1] == pytest.approx(1.0, rel=1e-15)
    # The real number of years to 0.6 m, by the logit of both shares.
    waited = (log(saturation / start - 1) - log(saturation / 0.6 - 1)) / steepness
    assert first - 1 < waited <= first


def test_demand_not_met_is_lost(base: Inputs) -> None:
    # Whether a large third plant opens early or late, the year it stands it delivers that year's demand.
    late, soon = (units_of(base, plant_3_capacity=5.0, plant_3_year=year) for year in (2032, 2026))
    assert late.unmet_demand[6] > 0
    assert soon.unmet_demand[6] == 0
    assert late.deliveries[7] == late.demand[7] == soon.deliveries[7]


def test_a_plant_counts_from_its_first_year_and_is_paid_for_in_it(base: Inputs) -> None:
    units = units_of(base, plant_3_year=2030)
    assert units.plants[3].tolist()[:5] == [0.0] * 5
    assert units.plants[3][5] == base.number("plant_3_capacity")
    opened = [2026 + year for year in range(15) if units.growth_capex[year]]
    years = {base.count(f"plant_{n}_year") for n in (4, 5)} | {2030}
    assert opened == sorted(years)
    cost = base.number("plant_3_capacity") * base.number("vehicle_capex_per_capacity")
    assert units.growth_capex[4] == pytest.approx(cost, rel=1e-12)


def test_plants_that_stand_in_the_base_year_are_not_paid_for_again(base: Inputs) -> None:
    units = units_of(base, plant_3_year=2025, plant_4_year=2025, plant_5_year=2025)
    assert (units.growth_capex == 0).all()


# Margin --------------------------------------------------------------------------------------------------

STILL = {
    "vehicle_learning_rate": 0.0,
    "vehicle_price_change_start": 0.0,
    "vehicle_price_change_end": 0.0,
    "vehicle_gross_margin_ceiling": 1.0,
}


def test_without_learning_and_price_change_the_unit_cost_and_margin_stay(base: Inputs) -> None:
    results = evaluate(base.replace(**STILL))
    units, horizon = results.vehicle_units, base.count("vehicle_horizon")
    start = results.base_year.vehicle_margin.gross_margin
    assert units.unit_cost[: horizon + 1] == pytest.approx(units.unit_cost[0], rel=1e-15)
    assert units.price[: horizon + 1] == pytest.approx(results.base_year.price, rel=1e-15)
    assert units.learnt_margin[:horizon] == pytest.approx(start, rel=1e-12)
    assert units.gross_margin[: horizon + 1] == pytest.approx(start, rel=1e-12)


def test_a_price_that_falls_without_learning_takes_the_margin_with_it(base: Inputs) -> None:
    fall = {"vehicle_price_change_start": -0.02, "vehicle_price_change_end": -0.02}
    results = evaluate(base.replace(**STILL | fall))
    margin, start = results.vehicle_units.gross_margin, results.base_year.vehicle_margin.gross_margin
    for year in range(1, base.count("vehicle_horizon") + 1):
        assert margin[year] == pytest.approx(1 - (1 - start) / 0.98**year, rel=1e-12)


def test_each_doubling_of_all_vehicles_made_takes_the_learning_rate_off_their_cost(base: Inputs) -> None:
    units, start = units_of(base, vehicle_learning_rate=0.1), base.number("assumed_vehicle_deliveries")
    made = units.cumulative_deliveries
    assert made[0] == pytest.approx(0.136794 + 0.265967 + start, rel=1e-14)
    horizon = base.count("vehicle_horizon")
    doublings = np.log2(made[1 : horizon + 1] / made[0])
    assert units.unit_cost[1 : horizon + 1] == pytest.approx(units.unit_cost[0] * 0.9**doublings, rel=1e-12)
    assert doublings[-1] > 4


def test_the_margin_is_what_is_learnt_up_to_the_ceiling(base: Inputs) -> None:
    horizon = base.count("vehicle_horizon")
    for ceiling in (0.1, 0.22, 0.6):
        units = units_of(base, vehicle_gross_margin_ceiling=ceiling)
        expected = np.minimum(units.learnt_margin, units.margin_ceiling)[:horizon]
        assert (units.gross_margin[1 : horizon + 1] == expected).all()
        assert units.margin_ceiling[horizon - 1] == pytest.approx(ceiling, rel=1e-12)


# Tax and cash --------------------------------------------------------------------------------------------


def test_vehicles_that_lose_money_pay_no_tax_and_carry_the_losses(base: Inputs) -> None:
    units = units_of(base, vehicle_overhead_ratio_start=0.5, vehicle_overhead_ratio_end=0.5)
    horizon = base.count("vehicle_horizon")
    assert (units.ebit[1 : horizon + 1] < 0).all()
    assert (units.tax == 0).all()
    assert (units.taxable_income == 0).all()
    assert (units.nopat == np.concatenate([[0.0], units.ebit[1:]])).all()
    lost = base.number("vehicle_opening_losses") - units.ebit[1 : horizon + 1].sum()
    assert units.losses[horizon] == pytest.approx(lost, rel=1e-12)


def test_losses_brought_forward_are_used_once(base: Inputs) -> None:
    with_losses, without = (units_of(base, vehicle_opening_losses=amount) for amount in (12_000.0, 0.0))
    assert (with_losses.ebit == without.ebit).all()
    assert (without.ebit[1 : base.count("vehicle_horizon") + 1] > 0).all()
    assert with_losses.losses_used.sum() == pytest.approx(12_000.0, rel=1e-12)
    saved = (without.tax - with_losses.tax).sum()
    assert saved == pytest.approx(12_000.0 * base.number("tax_rate"), rel=1e-12)


def test_assets_are_what_was_there_and_spent_less_what_is_depreciated(base: Inputs) -> None:
    units, horizon = units_of(base), base.count("vehicle_horizon")
    spent = (units.growth_capex + units.maintenance_capex).sum()
    left = base.number("vehicle_opening_assets") + spent - units.depreciation.sum()
    assert units.net_assets[horizon] == pytest.approx(left, rel=1e-12)
    assert units.depreciation[0] == pytest.approx(
        base.number("vehicle_opening_assets") * base.number("vehicle_depreciation_rate"), rel=1e-14
    )


def test_the_base_year_has_no_flow_of_vehicles(base: Inputs) -> None:
    value = units_of(base).valuation
    assert value.opening_fcff == value.counted_fcff[0] == value.present_value[0] == 0.0
    assert value.counted_fcff[1] == value.fcff[0]


# Where there is nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["march_2024_replica", "march_2024_strict"])
def test_without_quarters_there_is_no_build_up(cases: dict[str, Inputs], case: str) -> None:
    units = evaluate(cases[case]).vehicle_units
    for line in (*LINES, *FORECAST_LINES, "cumulative_deliveries", "overhead_ratio", "research_ratio"):
        assert (getattr(units, line) == 0).all(), line
    assert units.valuation.enterprise_value == units.final_deliveries == units.midpoint == 0
    assert units.binding_year == NEVER
    assert units.checks.driver_difference == units.checks.implied_multiple == "n/a"


def test_without_a_fourth_quarter_the_year_is_three_and_still_starts(base: Inputs) -> None:
    units = units_of(base, assumed_vehicle_deliveries=0.0)
    assert units.deliveries[0] == pytest.approx(0.265967, rel=1e-14)
    assert units.valuation.enterprise_value > 0


def test_demand_below_what_is_delivered_already_is_refused(base: Inputs) -> None:
    with pytest.raises(
        DomainError,
        match=r"^assumptions\.csv line \d+ demand_saturation 0\.3 must exceed the deliveries of 2025",
    ):
        base.replace(demand_saturation=0.3)


@pytest.mark.parametrize("opens", [2039, 2041])
def test_a_plant_that_opens_in_the_last_year_is_not_paid_for_for_ever(base: Inputs, opens: int) -> None:
    """Its own year bears its cost; what follows the forecast does not, so the value moves by little."""
    last = units_of(base, plant_5_year=2040, demand_saturation=1.0)
    other = units_of(base, plant_5_year=opens, demand_saturation=1.0)
    cost = base.number("plant_5_capacity") * base.number("vehicle_capex_per_capacity")
    assert last.growth_capex[14] == pytest.approx(cost, rel=1e-12)
    assert last.valuation.final_fcff - last.valuation.fcff[14] == pytest.approx(cost, rel=1e-12)
    moved = abs(last.valuation.enterprise_value - other.valuation.enterprise_value)
    assert moved < cost


def test_losses_used_in_the_last_year_do_not_leave_what_follows_untaxed(base: Inputs) -> None:
    units = units_of(base, vehicle_opening_losses=400_000.0)
    assert units.losses[15] > 0
    assert units.tax[14] == 0
    full = float(units.ebit[15]) * base.number("tax_rate")
    assert units.valuation.fcff[14] - units.valuation.final_fcff == pytest.approx(full, rel=1e-12)
    assert units.checks.final_nopat == pytest.approx(float(units.ebit[15]) - full, rel=1e-12)
