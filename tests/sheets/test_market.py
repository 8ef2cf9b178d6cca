"""Shares, ranks and the year of the fifth place follow from the tables of markets."""

from __future__ import annotations

import pytest

from tests.sheets.live_book import LiveBook
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import market
from xlwings_addin.sheets.spec import Chart


def title(live: LiveBook, chart: Chart) -> str:
    """What a chart says above its bars."""
    return str(live.calculation.value(*live.book.at(chart.title, "market")))


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


def test_the_makers_stand_in_the_order_of_the_tables_and_ours_where_it_belongs(
    live: LiveBook,
) -> None:
    # markets.csv, Counterpoint 2025: Apple 20%, Samsung 19%, vivo and OPPO 8%.
    live.select("house_2026")
    rows = [
        tuple(live[f"{{market.smartphone_rank_{n}:{column}}}"] for column in ("caption", "share"))
        for n in (1, 2, 3)
    ]
    assert rows[:2] == [("Apple", 0.20), ("Samsung", 0.19)]
    assert rows[2] == ("Xiaomi", pytest.approx(live["{devices.shipments:opening}"] / 1260, rel=1e-9))
    assert {live[f"{{market.smartphone_rank_{n}:caption}}"] for n in (4, 5)} == {"Vivo", "Oppo"}
    assert live["{market.vehicle_rank_1:share}"] == pytest.approx(11.21 / 85.12, rel=1e-9)
    assert live["{market.vehicle_rank_12:caption}"] == "Xiaomi"


def test_the_titles_of_the_charts_say_what_the_cells_say_in_the_selected_case(live: LiveBook) -> None:
    phones, years, vehicles, of_vehicles = market.charts(live.book.context)
    live.select("house_2026")
    assert title(live, phones) == (
        "Xiaomi is number 3 of these 5 makers of smartphones, with 13.1% of the market in 2025"
    )
    path = [live[f"{{market.smartphone_{when}:share}}"] for when in ("first", "last")]
    assert path[1] == live["{sotp.market_smartphone_share:years[10]}"]
    assert title(live, years) == (
        f"Smartphones: {path[0]:.1%} of the market in 2025, {path[1]:.1%} in 2035; place 5 is reached in 2025"
    )
    live.select("march_2024_replica")
    said = title(live, vehicles)
    assert said.startswith(
        "Xiaomi is number 12 of these 12 makers of vehicles, with 0.0% of the market in 2023"
    )
    assert title(live, of_vehicles).endswith("place 5 is not in the forecast")


def test_a_maker_that_overtakes_moves_up(live: LiveBook) -> None:
    live.select("base")
    before = live["{market.smartphone_place:place}"]
    live.type({live.book.at("{sotp.market_smartphone_samsung}"): 0.01})
    assert live["{market.smartphone_place:place}"] == before - 1 == 2
    assert [live[f"{{market.smartphone_rank_{n}:caption}}"] for n in (1, 2)] == ["Apple", "Xiaomi"]


def test_every_figure_has_its_source_and_its_day(live: LiveBook) -> None:
    markets = read_drivers().markets
    lines = [
        line for block in market.blocks(live.book.context) for line in block.lines if "source" in line.cells
    ]
    assert len(lines) == 19
    for line in lines:
        source, day = (live[f"{{market.{line.key}:{column}}}"] for column in ("source", "as_of"))
        assert source in {row.source for row in markets.values()}
        assert day


def test_a_company_without_market_figures_is_told_what_fills_the_sheet() -> None:
    context = load_context(company_folder("tesla"))
    ((line,),) = [block.lines for block in market.blocks(context)]
    assert "inputs/markets.csv" in line.label
    assert market.charts(context) == []
