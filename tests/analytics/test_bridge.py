"""The value bridge: Shapley values against the literature, their axioms, and the model's own mixes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlwings_addin.analytics.bridge import (
    FEW,
    REPORTED,
    Bridge,
    bridge,
    changes_between,
)
from xlwings_addin.core.errors import ChoiceError, DomainError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.valuation.xiaomi import evaluate

ROUNDING = 1e-12
Coalition = frozenset[Hashable]


# --- the bridge ---------------------------------------------------------------------------------------


def parts(attribution: Bridge) -> dict[str, float]:
    return {driver.label: driver.part for driver in attribution.drivers}


def total(attribution: Bridge) -> float:
    return math.fsum(driver.part for driver in attribution.drivers)


def per_share(inputs: Inputs) -> float:
    return evaluate(inputs).sotp.value_per_share


def test_two_drivers_split_as_a_pocket_calculator_splits_them(base: Inputs) -> None:
    # value = equity * hkd_per_usd / (cny_per_usd * shares). Of a product each factor's part is its own change
    # at the mean of the other factor: (h1 - h0) * (1/n0 + 1/n1) / 2 and (1/n1 - 1/n0) * (h0 + h1) / 2.
    base = base.replace(share_basis="diluted")
    after = base.replace(hkd_per_usd=8.0, diluted_shares=27_000.0)
    usd = evaluate(base).sotp.equity.value / base.number("cny_per_usd")
    h0, h1 = base.number("hkd_per_usd"), 8.0
    n0, n1 = base.number("diluted_shares"), 27_000.0
    assert parts(bridge(base, after)) == pytest.approx(
        {
            "HKD per USD": usd * (h1 - h0) * (1 / n0 + 1 / n1) / 2,
            "Diluted shares": usd * (1 / n1 - 1 / n0) * (h0 + h1) / 2,
        },
        rel=1e-12,
    )


def test_a_single_driver_has_the_whole_change(base: Inputs) -> None:
    after = base.replace(tax_rate=0.2)
    attribution = bridge(base, after)
    assert attribution.before == per_share(base)
    assert attribution.after == per_share(after)
    assert parts(attribution) == {"Tax rate": attribution.change}
    assert attribution.evaluations == 2


def test_nothing_changed_is_no_driver(base: Inputs) -> None:
    attribution = bridge(base, base.replace())
    assert (attribution.change, attribution.drivers, attribution.evaluations) == (0.0, (), 1)


def test_what_the_valuation_never_reads_costs_no_valuation(base: Inputs) -> None:
    after = base.replace(case_title="Mine", probability=0.1, tax_rate=0.2, risk_free=0.03)
    attribution = bridge(base, after)
    assert attribution.evaluations == 4
    assert parts(attribution)["Case"] == parts(attribution)["Probability"] == 0.0


KEYS = ("risk_free", "tax_rate", "vehicle_wacc", "holding_discount", "demand_saturation", "hkd_per_usd")


@settings(max_examples=15)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.8, 1.2), min_size=1, max_size=4))
def test_parts_sum_to_the_change_and_turn_sign_with_the_direction(
    cases: Mapping[str, Inputs], factors: dict[str, float]
) -> None:
    base = cases["base"]
    after = base.replace(**{key: base.number(key) * factor for key, factor in factors.items()})
    there, back = bridge(base, after), bridge(after, base)
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}
    assert (back.before, back.after) == (there.after, there.before)


@pytest.mark.parametrize("case", ["bull", "bear", "march_2024_replica", "march_2024_strict"])
def test_from_case_to_case_the_parts_sum_and_turn_sign(cases: Mapping[str, Inputs], case: str) -> None:
    base, other = cases["base"], cases[case]
    there, back = bridge(base, other, by="section"), bridge(other, base, by="section")
    assert (there.before, there.after) == (per_share(cases["base"]), per_share(cases[case]))
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}
    assert there.samples == 0
    changed = sum(len(driver.changes) for driver in there.drivers)
    assert changed == len(changes_between(cases["base"], cases[case])) >= FEW


def test_drivers_are_inputs_while_few_and_lines_from_a_dozen_on(cases: Mapping[str, Inputs]) -> None:
    base, bull = cases["base"], cases["bull"]
    changed = [change.key for change in changes_between(base, bull)]
    few = {key: bull[key] for key in changed[: FEW - 1]}
    assert len(bridge(base, base.replace(**few)).drivers) == FEW - 1
    many = bridge(base, base.replace(**{key: bull[key] for key in changed[:FEW]}))
    assert {"Smartphones", "IoT and lifestyle", "Vehicles, deliveries"} <= set(parts(many))
    assert len(many.drivers) < FEW
    assert set(parts(bridge(base, base.replace(risk_free=0.03), by="section"))) == {"Cost of capital"}
    assert len(bridge(base, bull, by="input", exact_up_to=0, samples=2).drivers) == len(changed)


def test_the_part_of_a_section_is_that_of_its_inputs_where_sections_do_not_interact(
    cases: Mapping[str, Inputs],
) -> None:
    # Devices and vehicles are added: what their inputs do together within a section is the section's part.
    base = cases["base"]
    after = base.replace(iot_growth_start=0.2, internet_growth_start=0.2, vehicle_wacc=0.2)
    single, whole = parts(bridge(base, after)), parts(bridge(base, after, by="section"))
    vehicles = single["Vehicle WACC"]
    assert whole["Devices by segment"] == pytest.approx(sum(single.values()) - vehicles, abs=ROUNDING)


# --- the history --------------------------------------------------------------------------------------


def with_figures(inputs: Inputs, figures: Mapping[tuple[str, str], float | None]) -> Inputs:
    return replace(inputs, tables=inputs.tables.replace(figures)).replace()


def test_a_changed_figure_of_the_history_is_a_driver_by_its_key(cases: Mapping[str, Inputs]) -> None:
    before = cases["march_2024_replica"]
    after = with_figures(
        before,
        {
            ("free_cash_flow", "FY2023"): 40_000.0,
            ("free_cash_flow", "FY2022"): -9_000.0,
            ("vehicle_deliveries", "2024Q3"): None,
        },
    )
    attribution = bridge(before, after.replace(vehicle_wacc=0.13))
    assert set(parts(attribution)) == {
        "Free cash flow, 2 periods",
        "Vehicle deliveries 2024Q3",
        "Vehicle WACC",
    }
    assert total(attribution) == pytest.approx(attribution.change, abs=ROUNDING)
    assert parts(attribution)["Vehicle deliveries 2024Q3"] == 0.0
    flow = next(driver for driver in attribution.drivers if driver.label.startswith("Free"))
    assert [(entry.period, entry.before, entry.after) for entry in flow.changes] == [
        ("FY2022", -10_190.0, -9_000.0),
        ("FY2023", 35_030.0, 40_000.0),
    ]
    # An average that vehicles have no share in: the flows' part is what they change alone.
    assert flow.part == pytest.approx(per_share(after) - per_share(before), abs=ROUNDING)
    assert set(parts(bridge(before, after, by="section"))) == {REPORTED}


def test_a_figure_that_both_tables_state_alike_is_no_change(base: Inputs) -> None:
    row = base.tables.row("free_cash_flow", "FY2023")
    assert changes_between(base, with_figures(base, {("free_cash_flow", "FY2023"): row.number})) == ()


def test_a_figure_blanked_from_the_quarters_is_valued_both_ways(base: Inputs) -> None:
    after = with_figures(base, {("vehicle_deliveries", "2025Q1"): 80_000.0, ("revenue_iot", "2025Q1"): 1e4})
    there, back = bridge(base, after), bridge(after, base)
    assert there.change != 0
    assert parts(back) == {label: -part for label, part in parts(there).items()}


# --- mixes that break a rule --------------------------------------------------------------------------


def test_drivers_that_cannot_be_mixed_become_one_and_say_why(base: Inputs) -> None:
    low = base.replace(vehicle_wacc=0.05, vehicle_terminal_growth=0.01)
    high = base.replace(vehicle_wacc=0.13, vehicle_terminal_growth=0.055, tax_rate=0.2)
    there, back = bridge(low, high), bridge(high, low)
    joined = next(driver for driver in there.drivers if driver.joined)
    assert {entry.key for entry in joined.changes} == {"vehicle_wacc", "vehicle_terminal_growth"}
    assert joined.joined == ("vehicle_wacc 5.00% must exceed vehicle_terminal_growth 5.50%",)
    assert len(there.drivers) == 2
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}


def test_a_rule_over_three_inputs_joins_only_what_it_must(base: Inputs) -> None:
    # The computed devices WACC is above the new growth with either the new risk-free rate or the new premium.
    base = base.replace(devices_wacc_basis="computed", risk_free=0.02, equity_risk_premium=0.03, raw_beta=0.8)
    wacc = evaluate(base).capital.devices_wacc
    after = base.replace(risk_free=0.06, equity_risk_premium=0.07, devices_terminal_growth=wacc + 0.005)
    attribution = bridge(base, after)
    sizes = sorted(len(driver.changes) for driver in attribution.drivers)
    assert sizes == [1, 2]
    joined = next(driver for driver in attribution.drivers if driver.joined)
    assert "devices_terminal_growth" in {entry.key for entry in joined.changes}
    assert total(attribution) == pytest.approx(attribution.change, abs=ROUNDING)


def test_methods_that_need_the_quarters_of_their_year_move_together_and_nothing_else_does(
    cases: Mapping[str, Inputs],
) -> None:
    # Even where few orders are drawn, of the inputs that differ only those that a rule binds are joined.
    attribution = bridge(cases["march_2024_replica"], cases["base"], by="input", samples=2)
    (joined,) = (driver for driver in attribution.drivers if driver.joined)
    assert {entry.key for entry in joined.changes} == {
        "valuation_date",
        "base_year",
        "cash_since",
        "devices_method",
        "vehicle_method",
    }
    assert any("must be from" in rule for rule in joined.joined)
    assert any("needs a quarter of base_year" in rule for rule in joined.joined)
    assert total(attribution) == pytest.approx(attribution.change, abs=ROUNDING)


def test_a_rule_that_only_the_core_knows_joins_drivers_too(
    base: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(inputs: Inputs) -> object:
        if inputs.number("tax_rate") > inputs.number("raw_beta") * 0.2:
            raise DomainError("tax_rate", inputs.number("tax_rate"), "must not exceed a fifth of raw_beta")
        return evaluate(inputs)

    before = base.replace(tax_rate=0.15, raw_beta=0.8)
    after = before.replace(tax_rate=0.2, raw_beta=1.1, risk_free=0.02, demand_saturation=2.0)
    free = bridge(before, after)
    monkeypatch.setattr("xlwings_addin.analytics.bridge.evaluate", strict)
    there, back = bridge(before, after), bridge(after, before)
    (joined,) = (driver for driver in there.drivers if driver.joined)
    assert {change.key for change in joined.changes} == {"tax_rate", "raw_beta"}
    assert joined.joined == ("tax_rate 0.2 must not exceed a fifth of raw_beta",)
    assert (len(free.drivers), len(there.drivers)) == (4, 3)
    assert parts(back) == {label: -part for label, part in parts(there).items()}


def test_inputs_that_break_a_rule_on_their_own_are_an_error(base: Inputs) -> None:
    broken = replace(base, values={**base.values, "vehicle_wacc": 0.0})
    for pair in ((base, broken), (broken, base)):
        with pytest.raises(DomainError, match=r"vehicle_wacc 0.00% must"):
            bridge(*pair)


# --- beyond a dozen -----------------------------------------------------------------------------------


def test_beyond_the_limit_parts_are_sampled_with_an_error_and_still_sum(cases: Mapping[str, Inputs]) -> None:
    base, bull = cases["base"], cases["bull"]
    exact = bridge(base, bull, by="section")
    sampled = bridge(base, bull, by="section", exact_up_to=2, samples=6)
    assert (exact.samples, sampled.samples) == (0, 6)
    assert total(sampled) == pytest.approx(sampled.change, abs=ROUNDING)
    # These sections are added, not multiplied: every order gives the exact parts.
    assert parts(sampled) == pytest.approx(parts(exact), abs=1e-9)
    single = bridge(base, bull, by="input", exact_up_to=2, samples=6)
    assert any(driver.error > 1e-4 for driver in single.drivers)
    assert total(single) == pytest.approx(single.change, abs=ROUNDING)
    back = bridge(bull, base, by="input", exact_up_to=2, samples=6)
    assert parts(back) == {label: -part for label, part in parts(single).items()}


def test_progress_counts_the_mixes(base: Inputs) -> None:
    told: list[tuple[int, int]] = []
    after = base.replace(tax_rate=0.2, risk_free=0.03, hkd_per_usd=8.0)
    bridge(base, after, progress=lambda done, of: told.append((done, of)))
    assert told == [(done, 8) for done in range(1, 9)]


def test_a_bridge_is_plain_data(cases: Mapping[str, Inputs]) -> None:
    import json

    attribution = bridge(cases["base"], cases["march_2024_replica"], by="section")
    data = json.loads(json.dumps(attribution.as_dict()))
    assert data["exact"] is True
    assert data["unit"] == "HKD a share"
    assert data["change"] == attribution.after - attribution.before
    dates = {change["key"]: change["after"] for driver in data["drivers"] for change in driver["changes"]}
    assert dates["valuation_date"] == "2024-03-08"


def test_another_grouping_is_refused(base: Inputs) -> None:
    with pytest.raises(ChoiceError, match="by 'sheet' must be one of auto, input, line, section"):
        bridge(base, base, by="sheet")  # type: ignore[arg-type]
