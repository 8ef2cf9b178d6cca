"""The two cases of March 2024, against what article 004 prints and against arithmetic that shares no code."""

from __future__ import annotations

import numpy as np
import numpy_financial as npf
import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import DomainError
from xlwings_addin.model.inputs import load_inputs
from xlwings_addin.model.xiaomi import Results, evaluate

# Seeking Alpha article 4676592 (March 2024), as printed.
PRINTED_PER_SHARE_USD, PRINTED_PER_SHARE_HKD = "0.63", "4.91"
PRINTED_OPERATING_INCOME_BN = "6.6"
PRINTED_CORE_HKD = 8.35


@pytest.fixture(scope="module")
def replica() -> Results:
    return xa.value("march_2024_replica")


@pytest.fixture(scope="module")
def strict() -> Results:
    return xa.value("march_2024_strict")


def test_the_replica_gives_the_vehicle_figures_that_article_004_prints(replica: Results) -> None:
    assert 54_500 <= replica.vehicle.final_revenue_usd <= 55_500
    assert f"{replica.vehicle.final_operating_income_usd / 1000:.1f}" == PRINTED_OPERATING_INCOME_BN
    assert 15_500 <= replica.sotp.vehicle.usd <= 16_500
    assert f"{replica.sotp.vehicle.per_share_usd:.2f}" == PRINTED_PER_SHARE_USD
    assert f"{replica.sotp.vehicle.per_share:.2f}" == PRINTED_PER_SHARE_HKD


def test_the_replica_gives_the_core_and_cash_that_article_004_prints(replica: Results) -> None:
    assert replica.sotp.core.per_share == pytest.approx(PRINTED_CORE_HKD, rel=0.01)
    assert 11.5 <= replica.sotp.core_and_net_cash_per_share <= 12.0


def test_the_replica_splits_as_the_variant_table_has_it(replica: Results) -> None:
    # Variant A, recomputed independently of this code: explicit 8.00, terminal 7.69, total 15.69 USD bn.
    rate = replica.inputs.number("cny_per_usd") * 1000
    value = replica.vehicle.valuation
    assert f"{value.explicit_value / rate:.2f}" == "8.00"
    assert f"{value.terminal_present_value / rate:.2f}" == "7.69"
    assert f"{value.enterprise_value / rate:.2f}" == "15.69"


def test_the_replica_core_is_the_capitalised_average_of_four_reported_years(replica: Results) -> None:
    average = (18_850 + 2_620 - 10_190 + 35_030) / 4
    assert replica.core.normalised_fcff == pytest.approx(average, rel=1e-12)
    assert replica.sotp.core.value == pytest.approx(average / (0.11 - 0.05), rel=1e-12)
    assert replica.core.valuation.terminal_share == 1.0


def test_the_unrounded_wacc_is_shown_beside_the_printed_one(replica: Results) -> None:
    assert replica.capital.core_wacc == 0.11
    assert replica.capital.wacc_computed == pytest.approx(0.044 + 1.1 * 0.063, rel=1e-12)
    # Article 004 discounts vehicles at 12%, which a beta of 1.21 gives.
    assert round(replica.capital.vehicle_implied_beta, 2) == 1.21


def test_strict_vehicles_equal_a_net_present_value_by_another_library(strict: Results) -> None:
    stub = 298 / 365  # 8 March to 31 December 2024
    revenue = 0.481 * 36_000 * np.cumprod(1 + np.linspace(0.10, 0.05, 16))
    flows = np.linspace(0.0, 0.12 * revenue[-1], 16) * 0.85 * 0.5
    final = flows[-1]
    flows[0] *= stub
    # numpy-financial leaves the first of its flows undiscounted: ours is the second, at stub + 0.5 years.
    explicit = flows[0] / 1.12 ** (stub / 2) + npf.npv(0.12, flows[1:]) / 1.12 ** (stub + 0.5)
    terminal = final * 1.05 / 0.07 / 1.12 ** (stub + 14.5)
    assert strict.sotp.vehicle.usd == pytest.approx(explicit + terminal, rel=1e-12)


def test_strict_core_equals_a_net_present_value_by_another_library(strict: Results) -> None:
    stub, wacc, growth = 298 / 365, 0.1133, 0.05
    flows = 11_577.5 * (1 + growth) ** np.arange(1, 11)
    final = flows[-1]
    flows[0] *= stub
    explicit = flows[0] / (1 + wacc) ** (stub / 2) + npf.npv(wacc, flows[1:]) / (1 + wacc) ** (stub + 0.5)
    terminal = final * (1 + growth) / (wacc - growth) / (1 + wacc) ** (stub + 8.5)
    assert strict.sotp.core.value == pytest.approx(explicit + terminal, rel=1e-12)


def test_the_core_horizon_does_not_change_a_perpetuity(replica: Results) -> None:
    grown = {"terminal_form": "grown"}
    values = [
        evaluate(replica.inputs.replace(core_horizon=years, **grown)).sotp.core.value
        for years in (0, 1, 10, 16)
    ]
    assert values == pytest.approx([values[0]] * 4, rel=1e-12)


def test_parts_of_the_sum_add_up(replica: Results, strict: Results) -> None:
    for results in (replica, strict):
        parts = results.sotp
        assert parts.core.share + parts.vehicle.share + parts.net_cash.share == pytest.approx(1.0, rel=1e-12)
        shown = parts.core.per_share + parts.vehicle.per_share + parts.cash_and_other_per_share
        assert shown == pytest.approx(parts.value_per_share, rel=1e-12)


def test_the_price_implies_the_deliveries_that_give_it(replica: Results) -> None:
    assert isinstance(replica.sotp.implied_final_deliveries, float)
    implied = replica.sotp.implied_final_deliveries / replica.vehicle.deliveries_at_base_price[-1]
    deliveries = replica.inputs.number("vehicle_base_deliveries") * implied
    again = evaluate(replica.inputs.replace(vehicle_base_deliveries=deliveries))
    assert again.sotp.value_per_share == pytest.approx(replica.inputs.number("price_hkd"), rel=1e-9)


def test_the_price_implies_the_deliveries_that_give_it_under_a_holding_discount(replica: Results) -> None:
    discounted = evaluate(replica.inputs.replace(holding_discount=0.2))
    assert isinstance(discounted.sotp.implied_final_deliveries, float)
    implied = discounted.sotp.implied_final_deliveries / discounted.vehicle.deliveries_at_base_price[-1]
    deliveries = discounted.inputs.number("vehicle_base_deliveries") * implied
    again = evaluate(discounted.inputs.replace(vehicle_base_deliveries=deliveries))
    assert again.sotp.value_per_share == pytest.approx(discounted.inputs.number("price_hkd"), rel=1e-9)


@pytest.mark.parametrize(
    "nothing", ["vehicle_base_deliveries", "vehicle_operating_margin_end", "vehicle_cash_conversion"]
)
def test_a_vehicle_business_worth_nothing_is_worth_nothing(replica: Results, nothing: str) -> None:
    results = evaluate(replica.inputs.replace(**{nothing: 0.0}))
    assert results.sotp.vehicle.value == 0.0
    assert results.vehicle.valuation.terminal_share == 0.0
    assert results.sotp.value_per_share == pytest.approx(replica.sotp.core_and_net_cash_per_share)


def test_more_debt_than_value_leaves_no_margin_of_safety(replica: Results) -> None:
    results = evaluate(replica.inputs.replace(debt=1_000_000.0))
    assert results.sotp.value_per_share < 0
    assert results.sotp.margin_of_safety == "n/a"
    assert results.summary()["margin_of_safety"] is None


def test_the_summary_has_what_a_program_reads(replica: Results) -> None:
    summary = replica.summary()
    assert {"case", "valuation_date", "price_hkd", "value_per_share_hkd", "margin_of_safety"} <= set(summary)
    assert set(summary["segments"]) == {"core", "vehicle"}  # type: ignore[call-overload]
    for segment in summary["segments"].values():  # type: ignore[attr-defined]
        assert set(segment) == {
            *("enterprise_value_cny_m", "enterprise_value_usd_m", "per_share_hkd", "per_share_usd")
        }
    assert set(summary["net_cash"]) == {"cny_m", "per_share_hkd"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vehicle_wacc": 0.02, "vehicle_terminal_growth": 0.03}, "vehicle_wacc 2.00% must exceed"),
        ({"core_wacc_printed": 0.05}, "core_wacc_printed 5.00% must exceed core_terminal_growth 5.00%"),
        ({"diluted_shares": 0.0}, "diluted_shares 0.0 must be above 0"),
        ({"vehicle_horizon": 17}, "vehicle_horizon 17 must be at most 16"),
    ],
)
def test_inputs_that_break_a_rule_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        load_inputs("march_2024_replica").replace(**change)
