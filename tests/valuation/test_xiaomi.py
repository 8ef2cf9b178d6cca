"""The cases valued: March 2024 against what article 004 prints, the house view against arithmetic by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest

import xlwings_addin as xa
from tests.segments import by_hand
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.base_year import BaseYear
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.results import View
from xlwings_addin.valuation.xiaomi import Results, evaluate

# Seeking Alpha article 4676592 (March 2024), as printed.
PRINTED_PER_SHARE_USD, PRINTED_PER_SHARE_HKD = "0.63", "4.91"
PRINTED_OPERATING_INCOME_BN = "6.6"
PRINTED_DEVICES_HKD = 8.35


@pytest.fixture(scope="module")
def replica() -> Results:
    return xa.value("march_2024_replica")


@pytest.fixture(scope="module")
def strict() -> Results:
    return xa.value("march_2024_strict")


# The view of 2025-11-19 as it was valued then, recomputed independently to four decimals.
NOVEMBER_2025 = {"base": 31.467, "bear": 19.839, "bull": 46.083}


@pytest.mark.parametrize("case", NOVEMBER_2025)
def test_results_announced_later_leave_the_view_of_november_2025_as_it_was(case: str) -> None:
    assert xa.value(case).sotp.value_per_share == pytest.approx(NOVEMBER_2025[case], abs=5e-4)


def test_the_replica_gives_the_vehicle_figures_that_article_004_prints(replica: Results) -> None:
    assert 54_500 <= replica.vehicle_ramp.final_revenue_usd <= 55_500
    assert f"{replica.vehicle_ramp.final_operating_income_usd / 1000:.1f}" == PRINTED_OPERATING_INCOME_BN
    assert 15_500 <= replica.sotp.vehicle.usd <= 16_500
    assert f"{replica.sotp.vehicle.per_share_usd:.2f}" == PRINTED_PER_SHARE_USD
    assert f"{replica.sotp.vehicle.per_share:.2f}" == PRINTED_PER_SHARE_HKD


def test_the_replica_gives_devices_and_cash_that_article_004_prints(replica: Results) -> None:
    assert replica.sotp.devices.per_share == pytest.approx(PRINTED_DEVICES_HKD, rel=0.01)
    assert 11.5 <= replica.sotp.devices_and_net_cash_per_share <= 12.0


def test_the_replica_splits_as_the_variant_table_has_it(replica: Results) -> None:
    # Variant A, recomputed independently of this code: explicit 8.00, terminal 7.69, total 15.69 USD bn.
    rate = replica.inputs.number("cny_per_usd") * 1000
    value = replica.vehicle_ramp.valuation
    assert f"{value.explicit_value / rate:.2f}" == "8.00"
    assert f"{value.terminal_present_value / rate:.2f}" == "7.69"
    assert f"{value.enterprise_value / rate:.2f}" == "15.69"


def test_the_replica_values_devices_as_the_capitalised_average_of_four_reported_years(
    replica: Results,
) -> None:
    average = (18_850 + 2_620 - 10_190 + 35_030) / 4
    assert replica.devices_average.normalised_fcff == pytest.approx(average, rel=1e-12)
    assert replica.sotp.devices.value == pytest.approx(average / (0.11 - 0.05), rel=1e-12)
    assert replica.devices_average.valuation.terminal_share == 1.0


def test_the_unrounded_wacc_is_shown_beside_the_printed_one(replica: Results) -> None:
    assert replica.capital.devices_wacc == 0.11
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


def test_strict_value_of_devices_equals_a_net_present_value_by_another_library(strict: Results) -> None:
    stub, wacc, growth = 298 / 365, 0.1133, 0.05
    flows = 11_577.5 * (1 + growth) ** np.arange(1, 11)
    final = flows[-1]
    flows[0] *= stub
    explicit = flows[0] / (1 + wacc) ** (stub / 2) + npf.npv(wacc, flows[1:]) / (1 + wacc) ** (stub + 0.5)
    terminal = final * (1 + growth) / (wacc - growth) / (1 + wacc) ** (stub + 8.5)
    assert strict.sotp.devices.value == pytest.approx(explicit + terminal, rel=1e-12)


def test_the_devices_horizon_does_not_change_a_perpetuity(replica: Results) -> None:
    grown = {"terminal_form": "grown"}
    values = [
        evaluate(replica.inputs.replace(devices_horizon=years, **grown)).sotp.devices.value
        for years in (0, 1, 10, 16)
    ]
    assert values == pytest.approx([values[0]] * 4, rel=1e-12)


def test_parts_of_the_sum_add_up(replica: Results, strict: Results) -> None:
    for results in (replica, strict):
        parts = results.sotp
        assert parts.devices.share + parts.vehicle.share + parts.net_cash.share == pytest.approx(
            1.0, rel=1e-12
        )
        total = parts.devices.per_share + parts.vehicle.per_share + parts.cash_and_other_per_share
        assert total == pytest.approx(parts.value_per_share, rel=1e-12)


def test_the_price_implies_the_deliveries_that_give_it(replica: Results) -> None:
    assert isinstance(replica.sotp.implied_final_deliveries, float)
    implied = replica.sotp.implied_final_deliveries / replica.vehicle_ramp.deliveries_at_base_price[-1]
    deliveries = replica.inputs.number("vehicle_base_deliveries") * implied
    again = evaluate(replica.inputs.replace(vehicle_base_deliveries=deliveries))
    assert again.sotp.value_per_share == pytest.approx(replica.inputs.number("price_hkd"), rel=1e-9)


def test_the_price_implies_the_deliveries_that_give_it_under_a_holding_discount(replica: Results) -> None:
    discounted = evaluate(replica.inputs.replace(holding_discount=0.2))
    assert isinstance(discounted.sotp.implied_final_deliveries, float)
    implied = discounted.sotp.implied_final_deliveries / discounted.vehicle_ramp.deliveries_at_base_price[-1]
    deliveries = discounted.inputs.number("vehicle_base_deliveries") * implied
    again = evaluate(discounted.inputs.replace(vehicle_base_deliveries=deliveries))
    assert again.sotp.value_per_share == pytest.approx(discounted.inputs.number("price_hkd"), rel=1e-9)


@pytest.mark.parametrize(
    "nothing", ["vehicle_base_deliveries", "vehicle_operating_margin_end", "vehicle_cash_conversion"]
)
def test_a_vehicle_business_worth_nothing_is_worth_nothing(replica: Results, nothing: str) -> None:
    results = evaluate(replica.inputs.replace(**{nothing: 0.0}))
    assert results.sotp.vehicle.value == 0.0
    assert results.vehicle_ramp.valuation.terminal_share == 0.0
    assert results.sotp.value_per_share == pytest.approx(replica.sotp.devices_and_net_cash_per_share)


def test_net_cash_by_year_is_what_the_flows_leave_and_its_lowest_year_is_named(
    cases: dict[str, Inputs],
) -> None:
    results = evaluate(cases["house_2026"])
    devices = by_hand.devices_segments(results.inputs).rows["fcff"]
    vehicle = by_hand.vehicle_units(results.inputs).rows["fcff"]
    cash, by_year = results.sotp.net_cash.value, []
    for year in range(16):
        if year:
            cash += sum(flows[year] for flows in (devices, vehicle) if year < len(flows))
        by_year.append(cash)
    assert results.sotp.net_cash_by_year[:16].tolist() == pytest.approx(by_year, rel=1e-12)
    assert results.sotp.lowest_net_cash == pytest.approx(min(by_year), rel=1e-12)
    assert results.sotp.lowest_net_cash_year == 2025 + by_year.index(min(by_year))


@pytest.mark.parametrize(
    ("price", "words"),
    [(0.8, "buy"), (0.8001, "hold"), (0.9999, "hold"), (1.0, "avoid"), (1.5, "avoid")],
)
def test_the_verdict_follows_from_price_value_and_the_margin_required(
    replica: Results, price: float, words: str
) -> None:
    # Article 004 asks for a safety discount of 20%; with diluted shares the price does not move the value.
    value = replica.sotp.value_per_share
    results = evaluate(replica.inputs.replace(price_hkd=price * value * (1 - 1e-12 if price == 0.8 else 1)))
    assert results.sotp.buy_below == pytest.approx(0.8 * value, rel=1e-12)
    assert str(results.summary()["verdict"]).startswith(words)


def test_more_debt_than_value_leaves_no_margin_of_safety(replica: Results) -> None:
    results = evaluate(replica.inputs.replace(debt=1_000_000.0))
    assert results.sotp.value_per_share < 0
    assert results.sotp.margin_of_safety == "n/a"
    assert results.summary()["margin_of_safety"] is None


def test_the_summary_has_what_a_program_reads(replica: Results) -> None:
    summary = replica.summary()
    assert {"case", "valuation_date", "price_hkd", "value_per_share_hkd", "margin_of_safety"} <= set(summary)
    assert set(summary["segments"]) == {"devices", "core", "vehicle", "new_initiatives"}  # type: ignore[call-overload]
    methods = {"devices": "average", "core": "average", "vehicle": "ramp", "new_initiatives": "stated"}
    assert summary["methods"] == methods
    for segment in summary["segments"].values():  # type: ignore[attr-defined]
        assert set(segment) == {
            *("enterprise_value", "per_share"),
            *("enterprise_value_cny_m", "enterprise_value_usd_m", "per_share_hkd", "per_share_usd"),
        }
    assert set(summary["net_cash"]) == {"value", "per_share", "cny_m", "per_share_hkd"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vehicle_wacc": 0.02, "vehicle_terminal_growth": 0.03}, "vehicle_wacc 2.00% must exceed"),
        (
            {"devices_wacc_printed": 0.05},
            "devices_wacc_printed 5.00% must exceed devices_terminal_growth 5.00%",
        ),
        ({"diluted_shares": 0.0}, "diluted_shares 0.0 must be above 0"),
        ({"vehicle_horizon": 17}, "vehicle_horizon 17 must be at most 16"),
    ],
)
def test_inputs_that_break_a_rule_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        load_inputs("march_2024_replica").replace(**change)


# The house view ------------------------------------------------------------------------------------------

METHODS = ("devices_method", "vehicle_method")


@pytest.fixture(scope="module")
def house(base: Inputs) -> Results:
    return evaluate(base)


def plain(value: object) -> object:
    """A result as dictionaries and lists, so that two can be compared."""
    if isinstance(value, BaseYear):
        value = asdict(value)
    if isinstance(value, View):
        value = value.as_dict()
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def lines(results: Results, *, without: tuple[str, ...] = ()) -> dict[str, object]:
    parts = (
        "timeline",
        "capital",
        "base_year",
        "devices_average",
        "devices_segments",
        "vehicle_ramp",
        "vehicle_units",
    )
    return {part: plain(getattr(results, part)) for part in (*parts, "sotp") if part not in without}


@pytest.mark.parametrize("case", [*NOVEMBER_2025, "house_2026", "house_2026_bear", "house_2026_bull"])
def test_a_house_case_is_worth_what_plain_floats_give(cases: dict[str, Inputs], case: str) -> None:
    inputs, results = cases[case], evaluate(cases[case])
    devices, vehicle = by_hand.devices_segments(inputs), by_hand.vehicle_units(inputs)
    by_loops = by_hand.value_per_share(inputs, devices.worth.total, vehicle.worth.total)
    assert results.sotp.value_per_share == pytest.approx(by_loops, rel=1e-12)
    wacc = by_hand.converted(inputs, by_hand.devices_wacc(inputs))
    assert results.capital.devices_wacc == pytest.approx(wacc, rel=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_the_sum_is_what_plain_floats_give_wherever_inputs_may_lie(base: Inputs, seed: int) -> None:
    inputs = by_hand.draw(base, seed)
    devices, vehicle = by_hand.devices_segments(inputs), by_hand.vehicle_units(inputs)
    by_loops = by_hand.value_per_share(inputs, devices.worth.total, vehicle.worth.total)
    assert evaluate(inputs).sotp.value_per_share == pytest.approx(by_loops, rel=1e-11)


def test_the_bull_is_worth_more_than_base_and_the_bear_less(cases: dict[str, Inputs]) -> None:
    bear, base, bull = (evaluate(cases[case]).sotp for case in ("bear", "base", "bull"))
    assert bear.value_per_share < base.value_per_share < bull.value_per_share
    for part in ("devices", "vehicle"):
        worth = [getattr(entry, part).value for entry in (bear, base, bull)]
        assert worth == sorted(worth)


@pytest.mark.parametrize(
    ("method", "word", "part", "block"),
    [
        ("devices_method", "average", "devices", "devices_average"),
        ("devices_method", "segments", "devices", "devices_segments"),
        ("vehicle_method", "ramp", "vehicle", "vehicle_ramp"),
        ("vehicle_method", "units", "vehicle", "vehicle_units"),
    ],
)
def test_a_method_chooses_the_value_in_the_sum_and_changes_nothing_else(
    house: Results, method: str, word: str, part: str, block: str
) -> None:
    assert {house.inputs.text(entry) for entry in METHODS} == {"segments", "units"}
    chosen = evaluate(house.inputs.replace(**{method: word}))
    assert lines(chosen, without=("sotp",)) == lines(house, without=("sotp",))
    worth = getattr(chosen, block).valuation.enterprise_value
    assert getattr(chosen.sotp, part).value == worth
    assert getattr(chosen, f"{part}_valuation") is getattr(chosen, block).valuation
    other = "vehicle" if part == "devices" else "devices"
    assert getattr(chosen.sotp, other).value == getattr(house.sotp, other).value
    moved = (worth - getattr(house.sotp, part).value) * house.sotp.hkd_per_cny / house.sotp.shares
    assert chosen.sotp.value_per_share - house.sotp.value_per_share == pytest.approx(moved, abs=1e-12)
    assert (worth == getattr(house.sotp, part).value) == (word in ("segments", "units"))


def test_both_methods_are_worth_something_in_the_house_view(house: Results) -> None:
    for block in (house.devices_average, house.devices_segments, house.vehicle_ramp, house.vehicle_units):
        assert block.valuation.enterprise_value > 0


def test_strict_net_cash_is_liquid_funds_and_the_company_s_is_cash_resources(house: Results) -> None:
    n = house.inputs.number
    strict, company = n("liquid_funds") - n("debt"), n("cash_resources") - n("debt")
    assert company > strict
    for word, net_cash in (("strict", strict), ("company", company)):
        parts = evaluate(house.inputs.replace(net_cash_definition=word)).sotp
        assert (parts.net_cash_strict, parts.net_cash_company) == (strict, company)
        assert parts.net_cash.value == net_cash
        value = house.sotp.equity.value + net_cash - house.sotp.net_cash.value
        assert parts.equity.value == pytest.approx(value, rel=1e-12)


def test_restricted_cash_is_in_no_value(house: Results) -> None:
    assert evaluate(house.inputs.replace(restricted_cash=90_000.0)).sotp == house.sotp


def test_treasury_stock_shares_are_basic_shares_and_what_awards_bring_net(house: Results) -> None:
    assert house.inputs.text("share_basis") == "treasury_stock"
    n = house.inputs.number
    net = n("share_awards") * (1 - n("award_strike_hkd") / n("price_hkd"))
    assert net > 0
    assert house.sotp.shares == pytest.approx(n("basic_shares") + net, rel=1e-14)
    # IAS 33, paragraph 45: 800 m awards at 20 HKD buy 400 m back at 40 HKD.
    half = evaluate(house.inputs.replace(share_awards=800.0, award_strike_hkd=20.0, price_hkd=40.0))
    assert half.sotp.shares == pytest.approx(n("basic_shares") + 400, rel=1e-14)
    dear = evaluate(house.inputs.replace(award_strike_hkd=n("price_hkd") + 1))
    assert dear.sotp.shares == n("basic_shares")
    house_results = evaluate(house.inputs.replace(share_basis="diluted"))
    assert house_results.sotp.shares == n("diluted_shares")


def test_the_holding_discount_is_on_the_segments_alone(house: Results) -> None:
    parts = evaluate(house.inputs.replace(holding_discount=0.2, new_initiatives_value=10_000.0)).sotp
    segments = house.sotp.devices.value + house.sotp.vehicle.value + 10_000
    assert parts.segments.value == pytest.approx(segments, rel=1e-14)
    assert parts.discount.value == pytest.approx(-0.2 * segments, rel=1e-14)
    rest = parts.net_cash.value + parts.associates.value + parts.minority_interest.value
    assert parts.equity.value == pytest.approx(0.8 * segments + rest, rel=1e-14)


@pytest.mark.parametrize("case", ["base", "bear", "bull", "march_2024_replica", "march_2024_strict"])
def test_every_line_of_the_sum_adds_up(cases: dict[str, Inputs], case: str) -> None:
    parts = evaluate(cases[case]).sotp
    named = (parts.devices, parts.vehicle, parts.new_initiatives, parts.discount, parts.net_cash)
    named += (parts.associates, parts.minority_interest)
    for way in ("value", "usd", "per_share", "per_share_usd", "share"):
        total = sum(getattr(part, way) for part in named)
        assert total == pytest.approx(getattr(parts.equity, way), rel=1e-12), way
    assert parts.equity.share == 1.0
    assert parts.equity.per_share == parts.value_per_share
    price = cases[case].number("price_hkd")
    assert parts.upside == pytest.approx(parts.value_per_share / price - 1, rel=1e-12)
    assert parts.margin_of_safety == pytest.approx(1 - price / parts.value_per_share, rel=1e-12)


def test_minorities_and_stakes_count_in_full(house: Results) -> None:
    changed = evaluate(house.inputs.replace(associates=0.0, minority_interest=1_000.0)).sotp
    n = house.inputs.number
    lost = n("associates") + 1_000 - n("minority_interest")
    assert house.sotp.equity.value - changed.equity.value == pytest.approx(lost, rel=1e-12)


def test_multiples_are_of_the_business_the_value_is_of(house: Results) -> None:
    devices, units = house.devices_segments, house.vehicle_units
    value, multiples = house.sotp.devices.value, house.sotp.devices_multiples
    assert multiples.base_sales == value / devices.revenue[0]
    assert multiples.first_sales == value / devices.revenue[1]
    assert multiples.first_earnings == value / devices.nopat[1]
    assert multiples.third_earnings == value / devices.nopat[3]
    value, multiples = house.sotp.vehicle.value, house.sotp.vehicle_multiples
    assert multiples.base_sales == value / units.revenue[0]
    assert multiples.third_earnings == value / units.nopat[3]
    other = evaluate(house.inputs.replace(devices_method="average", vehicle_method="ramp"))
    assert set(other.sotp.devices_multiples.as_dict().values()) == {"n/a"}
    assert other.sotp.vehicle_multiples.base_sales == (
        other.sotp.vehicle.value / other.vehicle_ramp.base_revenue
    )


def test_a_loss_has_no_multiple(house: Results) -> None:
    losing = evaluate(house.inputs.replace(vehicle_overhead_ratio_start=0.4)).sotp.vehicle_multiples
    assert losing.first_earnings == "n/a"
    assert isinstance(losing.first_sales, float)


def test_the_terminal_share_is_of_all_segments(house: Results) -> None:
    terminal = house.devices_segments.valuation.terminal_present_value
    terminal += house.vehicle_units.valuation.terminal_present_value
    assert house.sotp.terminal_share == pytest.approx(terminal / house.sotp.segments.value, rel=1e-14)
    more = evaluate(house.inputs.replace(new_initiatives_value=50_000.0)).sotp
    assert more.terminal_share < house.sotp.terminal_share


def test_the_summary_names_the_methods_and_every_segment(house: Results) -> None:
    summary = house.summary()
    methods = {"devices": "segments", "core": "segments", "vehicle": "units", "new_initiatives": "stated"}
    assert summary["methods"] == methods
    assert summary["vehicle_final_deliveries_m"] == house.vehicle_units.final_deliveries
    assert summary["segments"]["new_initiatives"]["enterprise_value_cny_m"] == (  # type: ignore[index]
        house.sotp.new_initiatives.value
    )


def test_the_implied_vehicle_value_gives_the_price(house: Results) -> None:
    hkd = house.sotp.implied_vehicle_per_share
    equity = (hkd - house.sotp.vehicle.per_share) * (1 - house.inputs.number("holding_discount"))
    assert house.sotp.value_per_share + equity == pytest.approx(house.inputs.number("price_hkd"), rel=1e-12)


def test_the_neutral_fields_say_what_xiaomi_s_own_say(replica: Results) -> None:
    summary: dict[str, Any] = replica.summary()
    neutral = (summary["company"], summary["currency"], summary["case"])
    assert neutral == ("xiaomi", "HKD", "march_2024_replica")
    # Seeking Alpha article 4676592: HKD 13.00 a share on 2024-03-08.
    assert summary["price"] == summary["price_hkd"] == 13.0
    assert summary["value_per_share"] == summary["value_per_share_hkd"]
    assert summary["upside"] == pytest.approx(summary["value_per_share"] / 13.0 - 1, rel=1e-12)
    for part in summary["segments"].values():
        assert part["enterprise_value"] == part["enterprise_value_cny_m"]
        assert part["per_share"] == part["per_share_hkd"]
    assert summary["net_cash"]["value"] == summary["net_cash"]["cny_m"]
