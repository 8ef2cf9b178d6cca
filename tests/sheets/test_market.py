"""Shares, ranks and the year of the fifth place follow from the tables of markets."""

from __future__ import annotations

import pytest

from tests.sheets.live_book import LiveBook


def test_the_share_of_phones_is_the_published_one(live: LiveBook) -> None:
    # 165.2 m in 2025 (annual report) of 1.26 billion (IDC): 13.1%, third behind Apple and Samsung.
    assert live.results["house_2026"].inputs["base_year"] == 2025
    phones = live["{devices.shipments:opening}"]
    assert isinstance(phones, float)
    assert live["{sotp.market_smartphone_share:opening}"] == pytest.approx(phones / 1260, rel=1e-9)
    assert live["{sotp.market_smartphone_rank:opening}"] == 3


def test_the_fifth_place_is_reached_when_four_makers_sell_more(live: LiveBook) -> None:
    # Ten makers of 2025: Toyota 11.21, Volkswagen 8.68, Hyundai 7.27, General Motors 6.18, Stellantis 5.48 m.
    assert live["{sotp.market_vehicle_place_year}"] == "not in the forecast"
    plants = {f"plant_{n}_capacity": 3.0 for n in (1, 2, 3, 4, 5)}
    live.select("base")
    live.change("base", demand_saturation=9.0, demand_steepness=0.6, **plants)
    years = range(1, 16)
    delivered = {n: live[f"{{vehicle_units.deliveries:years[{n}]}}"] for n in years}
    reached = next(n for n in years if delivered[n] > 5.48)
    assert live["{sotp.market_vehicle_place_year}"] == 2025 + reached
    assert live[f"{{sotp.market_vehicle_rank:years[{reached}]}}"] <= 5
    assert live[f"{{sotp.market_vehicle_rank:years[{reached - 1}]}}"] > 5
    assert not [line for line in live.differences() if "SOTP" in line]
