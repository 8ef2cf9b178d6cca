"""The bridge from operating profit to reported profit adds up, and names what it does not explain."""

from __future__ import annotations

import pytest

import xlwings_addin as xa
from xlwings_addin.valuation.xiaomi import Results


@pytest.fixture(scope="module")
def house() -> Results:
    return xa.value("house_2026")


@pytest.mark.parametrize("case", ["base", "house_2026"])
def test_profit_is_what_a_loop_makes_of_the_build_ups_and_the_cash(case: str) -> None:
    results = xa.value(case)
    read, bridge = results.inputs.number, results.sotp.profit
    devices, vehicles = results.segments["devices"], results.segments["vehicle_units"]
    horizon = min(int(devices.horizon), int(vehicles.horizon))
    assert horizon == 10
    cash = read("cash_resources")
    for year in range(horizon + 1):
        interest = cash * read("risk_free_local") - read("debt") * read("cost_of_debt")
        operating = devices.ebit[year] + vehicles.ebit[year]
        tax = max(devices.ebit[year], 0) * read("tax_rate") + interest * read("tax_rate")
        if year:
            before, loss = vehicles.losses[year - 1], vehicles.ebit[year]
            tax += max(max(loss, 0) - before, 0) * read("tax_rate")
            cash += devices.fcff[year] + vehicles.fcff[year]
        assert bridge.interest[year] == pytest.approx(interest, rel=1e-9)
        assert bridge.net_profit[year] == pytest.approx(operating + interest - tax, rel=1e-9)
        assert bridge.earnings[year] == pytest.approx(
            (operating + interest - tax) / results.sotp.shares, rel=1e-9
        )
    assert not any(bridge.net_profit[horizon + 1 :])


def test_what_the_company_reported_of_2025_is_explained_or_named(house: Results) -> None:
    # Operating profit 47,901 (annual report 2025), adjusted net profit 39,200 (announcement of 2026-03-24).
    bridge = house.sotp.profit
    assert bridge.reported_operating_profit == pytest.approx(47_901)
    assert bridge.operating_profit[0] + bridge.other_income == pytest.approx(47_901)
    assert bridge.net_profit[0] + bridge.unexplained == pytest.approx(39_200)
    assert bridge.adjusted_net_profit[0] == pytest.approx(39_200)
    assert bridge.adjusted_net_profit[3] - bridge.net_profit[3] == pytest.approx(bridge.unexplained)


def test_nothing_reported_later_is_held_against_an_earlier_view() -> None:
    bridge = xa.value("base").sotp.profit  # of 2025-11-19, before the fourth quarter
    assert bridge.reported_operating_profit == bridge.unexplained == "n/a"
    assert bridge.adjusted_net_profit == pytest.approx(bridge.net_profit)


def test_a_view_without_a_build_up_has_interest_and_no_profit() -> None:
    bridge = xa.value("march_2024_strict").sotp.profit
    assert bridge.operating_profit[0] == 0
    assert bridge.net_profit[0] == pytest.approx(bridge.interest[0] * (1 - 0.15))
