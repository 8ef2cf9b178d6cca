"""The base year of the build-ups, against sums of the announced quarters done by hand."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from tests.inputs import nine_months
from xlwings_addin.inputs.base_year import BaseYear, BaseYearFigure, base_year, missing_deliveries
from xlwings_addin.inputs.calendar import BaseQuarters
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import Tables

EXACTLY = {"rel": 1e-14}
tables, cases, base = nine_months.tables, nine_months.cases, nine_months.base


@pytest.fixture(scope="module")
def inputs(base: Inputs) -> Inputs:
    return base


@pytest.fixture(scope="module")
def year(base: Inputs) -> BaseYear:
    return base_year(base.tables, 2025, base.number)


def reported_2025(inputs: Inputs) -> Tables:
    """The tables with a fourth quarter of 2025 that is made up."""
    fourth = {
        "revenue": 120_000.0,
        "revenue_smartphone": 48_000.0,
        "revenue_iot": 30_000.0,
        "revenue_internet": 9_900.0,
        "smartphone_shipments": 42.0,
        "gross_margin_smartphone": 0.10,
        "gross_margin_iot": 0.22,
        "gross_margin_internet": 0.75,
        "vehicle_deliveries": 140_000.0,
        "vehicle_revenue": 35_000.0,
        "vehicle_segment_revenue": 36_000.0,
        "gross_margin_vehicle_segment": 0.24,
    }
    return inputs.tables.replace({(key, "2025Q4"): value for key, value in fourth.items()})


def test_nine_months_are_the_sum_of_three_announced_quarters(year: BaseYear):
    assert year.quarters_reported == 3
    assert year.quarters_missing == 1
    assert year.segments["smartphone"].revenue.reported == 50_600 + 45_500 + 46_000
    assert year.segments["iot"].revenue.reported == 32_300 + 38_700 + 27_600
    assert year.segments["internet"].revenue.reported == 9_100 + 9_100 + 9_400
    assert year.shipments_of["smartphone"].reported == pytest.approx(41.8 + 42.4 + 43.3, **EXACTLY)
    assert year.deliveries.reported == pytest.approx((75_869 + 81_302 + 108_796) / 1e6, **EXACTLY)
    assert year.vehicle_revenue.reported == 18_100 + 20_600 + 28_300
    assert year.group_revenue == 111_300 + 116_000 + 113_100


def test_the_fourth_quarter_is_the_assumed_one(inputs: Inputs, year: BaseYear):
    shipments, price = (
        inputs.number("assumed_smartphone_shipments"),
        inputs.number("assumed_smartphone_price"),
    )
    assert year.shipments_of["smartphone"].assumed == shipments
    assert year.segments["smartphone"].revenue.assumed == shipments * price
    assert year.segments["iot"].revenue.assumed == inputs.number("assumed_iot_revenue")
    assert year.segments["internet"].revenue.assumed == inputs.number("assumed_internet_revenue")
    vehicles = inputs.number("assumed_vehicle_deliveries")
    assert year.deliveries.assumed == vehicles
    # Million vehicles times CNY a vehicle is CNY m.
    assert year.vehicle_revenue.assumed == vehicles * inputs.number("assumed_vehicle_price")


def test_a_gross_margin_is_the_reported_quarters_weighted_by_revenue(year: BaseYear):
    smartphone = 50_600 * 0.124 + 45_500 * 0.115 + 46_000 * 0.111
    iot = 32_300 * 0.252 + 38_700 * 0.225 + 27_600 * 0.239
    internet = 9_100 * 0.769 + 9_100 * 0.754 + 9_400 * 0.769
    segments = year.segments
    assert segments["smartphone"].gross_margin == pytest.approx(smartphone / 142_100, **EXACTLY)
    assert segments["iot"].gross_margin == pytest.approx(iot / 98_600, **EXACTLY)
    assert segments["internet"].gross_margin == pytest.approx(internet / 27_600, **EXACTLY)
    vehicle = 18_600 * 0.232 + 21_300 * 0.264 + 29_000 * 0.255
    assert year.vehicle_margin.gross_margin == pytest.approx(vehicle / (18_600 + 21_300 + 29_000), **EXACTLY)


def test_a_year_is_what_is_reported_and_what_is_assumed(year: BaseYear):
    for segment in year.segments.values():
        assert segment.revenue.year == segment.revenue.reported + segment.revenue.assumed
    assert year.devices_revenue == pytest.approx(
        142_100 + 98_600 + 27_600 + sum(entry.revenue.assumed for entry in year.segments.values()), **EXACTLY
    )
    assert year.price_of("smartphone") == pytest.approx(
        (142_100 + year.segments["smartphone"].revenue.assumed)
        / (127.5 + year.shipments_of["smartphone"].assumed),
        **EXACTLY,
    )
    assert year.price == pytest.approx(
        (67_000 + year.vehicle_revenue.assumed) / (0.265967 + year.deliveries.assumed), **EXACTLY
    )


def test_vehicles_ever_made_begin_with_the_first_year(year: BaseYear):
    # None in the first quarter of 2024, then 27,307, 39,790 and 69,697.
    assert year.earlier_deliveries == pytest.approx(0.136794, **EXACTLY)
    assert year.cumulative_deliveries == pytest.approx(
        0.136794 + 0.265967 + year.deliveries.assumed, **EXACTLY
    )


def test_research_is_charged_once(inputs: Inputs, year: BaseYear):
    group, share = inputs.number("group_research"), inputs.number("vehicle_research_share")
    assert year.research["vehicle"] == pytest.approx(group * share, **EXACTLY)
    assert year.devices_research + year.research["vehicle"] == pytest.approx(group, **EXACTLY)


def test_once_the_year_is_reported_nothing_is_assumed(inputs: Inputs):
    year = base_year(reported_2025(inputs), 2025, inputs.number)
    assert (year.quarters_reported, year.quarters_missing) == (4, 0)
    assert year.segments["smartphone"].revenue == BaseYearFigure(142_100 + 48_000, 0.0)
    assert year.segments["iot"].revenue == BaseYearFigure(98_600 + 30_000, 0.0)
    assert year.vehicle_revenue == BaseYearFigure(67_000 + 35_000, 0.0)
    assert year.deliveries.year == pytest.approx(0.405967, **EXACTLY)
    assert year.shipments_of["smartphone"].year == pytest.approx(169.5, **EXACTLY)
    margin = (32_300 * 0.252 + 38_700 * 0.225 + 27_600 * 0.239 + 30_000 * 0.22) / 128_600
    assert year.segments["iot"].gross_margin == pytest.approx(margin, **EXACTLY)


def test_what_the_assumed_quarter_is_does_not_matter_once_it_is_reported(inputs: Inputs):
    other = inputs.replace(
        assumed_smartphone_shipments=1.0,
        assumed_smartphone_price=1.0,
        assumed_iot_revenue=1.0,
        assumed_internet_revenue=1.0,
        assumed_vehicle_deliveries=0.01,
        assumed_vehicle_price=1.0,
    )
    tables = reported_2025(inputs)
    assert base_year(tables, 2025, other.number) == base_year(tables, 2025, inputs.number)


def test_two_quarters_missing_are_assumed_twice(inputs: Inputs):
    keys = ("revenue", "revenue_iot", "vehicle_deliveries", "vehicle_revenue")
    two = base_year(inputs.tables.replace({(key, "2025Q3"): None for key in keys}), 2025, inputs.number)
    assert (two.quarters_reported, two.quarters_missing) == (2, 2)
    assert two.segments["iot"].revenue == BaseYearFigure(
        32_300 + 38_700, 2 * inputs.number("assumed_iot_revenue")
    )
    assert two.deliveries.assumed == 2 * inputs.number("assumed_vehicle_deliveries")


def test_a_margin_is_that_of_the_quarters_that_have_one(inputs: Inputs):
    fewer = base_year(inputs.tables.replace({("gross_margin_iot", "2025Q2"): None}), 2025, inputs.number)
    margin = (32_300 * 0.252 + 27_600 * 0.239) / (32_300 + 27_600)
    assert fewer.segments["iot"].gross_margin == pytest.approx(margin, **EXACTLY)
    assert fewer.segments["iot"].revenue.reported == 98_600


@pytest.mark.parametrize("blank", [None, 0.0])
def test_a_nought_is_a_blank_as_in_a_spreadsheet(inputs: Inputs, blank: float | None):
    blanked = inputs.tables.replace({("revenue", "2025Q3"): blank})
    assert blanked.calendar.base(2025).reported == ("2025Q1", "2025Q2")
    margins = base_year(inputs.tables.replace({("gross_margin_iot", "2025Q3"): blank}), 2025, inputs.number)
    expected = (32_300 * 0.252 + 38_700 * 0.225) / (32_300 + 38_700)
    assert margins.segments["iot"].gross_margin == pytest.approx(expected, **EXACTLY)


def test_2024_is_four_quarters_and_no_vehicle_before_them(inputs: Inputs):
    year = base_year(inputs.tables, 2024, inputs.number)
    assert (year.quarters_reported, year.quarters_missing) == (4, 0)
    assert year.segments["smartphone"].revenue == BaseYearFigure(46_500 + 46_500 + 47_452 + 51_310, 0.0)
    assert year.shipments_of["smartphone"].year == pytest.approx(40.6 + 42.2 + 43.1 + 42.7, **EXACTLY)
    assert year.deliveries.year == pytest.approx(0.136794, **EXACTLY)
    assert year.earlier_deliveries == 0.0
    margin = (6_400 * 0.154 + 9_700 * 0.171 + 16_700 * 0.204) / (6_400 + 9_700 + 16_700)
    assert year.vehicle_margin.gross_margin == pytest.approx(margin, **EXACTLY)


@pytest.mark.parametrize("year", [2023, 2026])
def test_a_year_without_a_reported_quarter_is_nothing(inputs: Inputs, year: int):
    empty = base_year(inputs.tables, year, inputs.number)
    assert empty.quarters == BaseQuarters(year, (), ())
    figures = [empty.shipments_of["smartphone"], empty.deliveries, empty.vehicle_revenue]
    figures += [segment.revenue for segment in empty.segments.values()]
    assert {number for figure in figures for number in astuple(figure)} == {0.0}
    ratios = [segment.gross_margin for segment in (*empty.segments.values(), empty.vehicle_margin)]
    assert {*ratios, empty.price, empty.price_of("smartphone"), empty.devices_revenue} == {0.0}
    others = (empty.quarters_reported, empty.quarters_missing, empty.group_revenue)
    assert {*others, empty.devices_research, empty.research["vehicle"], empty.cumulative_deliveries} == {0.0}


@pytest.mark.parametrize("key", ["vehicle_deliveries", "revenue_iot", "smartphone_shipments"])
def test_a_figure_known_before_the_group_reports_waits_for_it(inputs: Inputs, key: str):
    """Counted beside the assumed quarter, it would count twice."""
    early = inputs.tables.replace({(key, "2025Q4"): 145_000.0})
    assert base_year(early, 2025, inputs.number) == base_year(inputs.tables, 2025, inputs.number)


def test_one_reported_quarter_starts_a_base_year(inputs: Inputs):
    later = [(key, f"2025Q{n}") for key in ("revenue", "revenue_iot") for n in (2, 3)]
    one = base_year(inputs.tables.replace(dict.fromkeys(later)), 2025, inputs.number)
    assert (one.quarters.reported, one.quarters.assumed) == (("2025Q1",), ("2025Q2", "2025Q3", "2025Q4"))
    assert one.segments["iot"].revenue == BaseYearFigure(32_300, 3 * inputs.number("assumed_iot_revenue"))
    assert one.segments["iot"].gross_margin == pytest.approx(0.252, **EXACTLY)


def test_a_base_year_of_2026_counts_the_vehicles_of_two_years_before_it(inputs: Inputs):
    """A fourth quarter and a first one that are made up."""
    first = {"revenue": 110_000.0, "vehicle_deliveries": 120_000.0, "vehicle_revenue": 30_000.0}
    tables = reported_2025(inputs).replace({(key, "2026Q1"): value for key, value in first.items()})
    year = base_year(tables, 2026, inputs.number)
    assert (year.quarters_reported, year.quarters_missing) == (1, 3)
    # 136,794 vehicles of 2024; of 2025 75,869 + 81,302 + 108,796 and the 140,000 that are made up.
    assert year.earlier_deliveries == pytest.approx(0.136794 + 0.265967 + 0.14, **EXACTLY)
    assert year.deliveries == BaseYearFigure(0.12, 3 * inputs.number("assumed_vehicle_deliveries"))


def test_a_quarter_that_lacks_its_deliveries_is_found_before_the_base_year_only(inputs: Inputs):
    tables = reported_2025(inputs)
    assert missing_deliveries(tables, 2026) is None
    assert missing_deliveries(tables.replace({("vehicle_deliveries", "2025Q4"): None}), 2026) == "2025Q4"
    assert missing_deliveries(tables.replace({("vehicle_deliveries", "2025Q4"): None}), 2025) is None
    # The first vehicle was delivered in 2024: quarters before it lack nothing.
    earlier = tables.replace({("vehicle_deliveries", "2024Q1"): None})
    assert missing_deliveries(earlier, 2025) is None
