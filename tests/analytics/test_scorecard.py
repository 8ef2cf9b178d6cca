"""Scorecard: forecasts of a vintage beside what the tables say happened, and what they do not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.inputs import nine_months
from xlwings_addin.analytics.scorecard import Score, scorecard
from xlwings_addin.analytics.vintages import MEASURES, Forecast, Vintage, vintage_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.valuation.xiaomi import evaluate

tables, cases, base = nine_months.tables, nine_months.cases, nine_months.base

Scored = dict[tuple[str, str], Score]


def scored(inputs: Inputs, tables: Tables, *, through: int | None = None) -> Scored:
    scores = scorecard(vintage_of(evaluate(inputs)), tables, through=through)
    assert scores
    by_period = {(score.key, score.period): score for score in scores}
    assert len(by_period) == len(scores)
    return by_period


@pytest.fixture
def replica(cases: dict[str, Inputs], tables: Tables) -> Scored:
    return scored(cases["march_2024_replica"], tables)


@pytest.fixture
def house(base: Inputs, tables: Tables) -> Scored:
    return scored(base, tables)


def with_rows(tables: Tables, change: Callable[[Row], Row | None]) -> Tables:
    """Tables whose history rows are changed, or left out where the change is None."""
    return replace(tables, history=tuple(new for row in tables.history if (new := change(row)) is not None))


def with_figures(tables: Tables, like: tuple[str, str], **values: float) -> Tables:
    """Tables with rows of other periods added, of the unit and basis of a row there is."""
    row = tables.row(*like)
    added = tuple(
        replace(row, period=period, value=value, text=str(value), note="")
        for period, value in ((name.removeprefix("_"), value) for name, value in values.items())
    )
    return replace(tables, history=tables.history + added)


# --- the replica against 2024 and 2025 ----------------------------------------------------------------


def test_the_ramp_of_article_004_expected_four_times_the_vehicles_of_2024(replica: Scored):
    score = replica["vehicle_deliveries", "FY2024"]
    assert score.forecast == pytest.approx(0.481e6 * 1.10)  # the article's base, grown by its first rate
    assert (score.actual, score.unit) == (136_854, "units")
    assert score.error == score.forecast - 136_854
    assert score.relative_error == pytest.approx(529_100 / 136_854 - 1)


def test_deliveries_of_2025_are_scored_against_a_lower_bound_and_say_so(replica: Scored):
    score = replica["vehicle_deliveries", "FY2025"]
    assert score.actual == 410_000
    assert score.as_of == date(2026, 1, 5)
    assert "lower bound" in score.note
    assert score.source.startswith("electrive.com")


def test_the_base_price_of_article_004_was_a_tenth_too_high(replica: Scored):
    score = replica["vehicle_average_selling_price", "FY2024"]
    assert score.forecast == pytest.approx(36_000 * 7.2015)
    assert score.actual == 234_479
    assert score.relative_error == pytest.approx(0.1057, abs=5e-5)
    assert "7.2015" in score.note


def test_operating_income_from_nothing_was_a_loss(replica: Scored):
    score = replica["vehicle_operating_income", "FY2024"]
    assert score.forecast == 0
    assert (score.actual, score.error, score.relative_error) == (-6_200, 6_200, 1)
    assert "new initiatives" in score.note
    assert "adjusted net loss" in score.note


def test_an_operating_margin_is_scored_in_points(replica: Scored):
    score = replica["vehicle_operating_margin", "FY2024"]
    assert score.actual == pytest.approx(-6_200 / 32_800)
    assert score.error == pytest.approx(6_200 / 32_800)
    assert score.relative_error is None
    assert score.basis == "derived"


def test_the_value_is_set_beside_the_last_price_of_each_later_year(replica: Scored):
    prices = {period: score.actual for (key, period), score in replica.items() if key == "share_price"}
    assert prices == {"2024-12-30": 34.45, "2025-11-19": 38.86, "2026-03-04": 32.0}
    score = replica["share_price", "2024-12-30"]
    assert score.forecast == pytest.approx(16.65, abs=5e-3)
    assert score.relative_error == pytest.approx(16.648 / 34.45 - 1, abs=1e-4)


# --- the backtest of the ramp, as valuation notes of variant C print it -------------------------------


def test_variant_c_implies_the_deliveries_of_the_published_backtest(cases: dict[str, Inputs], tables: Tables):
    """OI 0 in 2023 is a sixteenth of the last one in 2024: 95k, 191k, 286k and, in 2039, 1.53M vehicles."""
    inputs = cases["march_2024_replica"]
    final = evaluate(inputs).vehicle_ramp.final_operating_income_usd
    variant = inputs.replace(vehicle_operating_income_start=final / 16)
    scores = scored(variant, tables, through=2039)
    implied = {
        year: scores["vehicle_deliveries_by_income", f"FY{year}"].forecast for year in (2024, 2025, 2026)
    }
    assert {year: round(value / 1e3) for year, value in implied.items()} == {2024: 95, 2025: 191, 2026: 286}
    assert scores["vehicle_deliveries_by_income", "FY2039"].forecast / 1e6 == pytest.approx(1.53, abs=5e-3)
    income = scores["vehicle_operating_income", "FY2024"].forecast / inputs.number("cny_per_usd")
    assert income / 1e3 == pytest.approx(0.41, abs=5e-3)


def test_the_replica_starts_its_income_a_year_later_than_variant_c(replica: Scored):
    implied = [replica["vehicle_deliveries_by_income", f"FY{year}"].forecast for year in (2024, 2025, 2026)]
    assert [round(value / 1e3) for value in implied] == [0, 102, 204]


def test_the_ramp_implies_one_number_of_vehicles_in_its_last_year(cases: dict[str, Inputs], tables: Tables):
    scores = scored(cases["march_2024_replica"], tables, through=2039)
    by_revenue = scores["vehicle_deliveries", "FY2039"].forecast
    assert scores["vehicle_deliveries_by_income", "FY2039"].forecast == pytest.approx(by_revenue)


def test_a_ramp_without_a_margin_has_no_deliveries_by_income(cases: dict[str, Inputs], tables: Tables):
    inputs = cases["march_2024_replica"].replace(vehicle_operating_margin_end=0.0)
    keys = {key for key, _ in scored(inputs, tables)}
    assert "vehicle_deliveries_by_income" not in keys
    assert "vehicle_deliveries" in keys


# --- the house view -----------------------------------------------------------------------------------


def test_the_house_view_of_2026_has_nothing_to_be_scored_against_but_a_price(house: Scored):
    of_2026 = [score for (_, period), score in house.items() if period == "FY2026"]
    assert len(of_2026) == 7
    assert [score.actual for score in of_2026] == [None] * 7
    assert {(score.error, score.relative_error, score.source, score.as_of) for score in of_2026} == {
        (None, None, "", None)
    }
    assert house["share_price", "2026-03-04"].actual == 32.0


def test_the_quarter_the_house_view_assumes_is_scored_with_its_year(house: Scored):
    score = house["vehicle_deliveries", "FY2025"]
    assert score.forecast == pytest.approx(265_967 + 135_000)
    assert score.actual == 410_000
    assert "quarters assumed: 1" in score.note


def test_a_year_with_some_quarters_has_no_actual_but_says_what_they_come_to(house: Scored):
    revenue = house["revenue", "FY2025"]
    assert revenue.actual is None
    assert "3 of 4 quarters reported: 340,400 CNY m" in revenue.note
    assert "238301, 253662, 260053" in house["vehicle_average_selling_price", "FY2025"].note


def test_revenue_of_the_group_is_that_of_both_businesses(base: Inputs, house: Scored):
    results = evaluate(base)
    expected = results.devices_segments.revenue[1] + results.vehicle_units.revenue[1]
    assert house["revenue", "FY2026"].forecast == pytest.approx(float(expected))


def test_only_a_case_that_builds_both_businesses_up_has_a_group_revenue(base: Inputs, tables: Tables):
    assert ("revenue", "FY2026") not in scored(base.replace(devices_method="average"), tables)
    assert ("revenue", "FY2026") not in scored(base.replace(vehicle_method="ramp"), tables)


# --- actuals ------------------------------------------------------------------------------------------


def test_four_quarters_make_a_year(house: Scored, base: Inputs, tables: Tables):
    complete = with_figures(tables, ("vehicle_revenue", "2025Q3"), _2025Q4=38_000.0)
    score = scored(base, complete)["vehicle_revenue", "FY2025"]
    assert score.actual == 18_100 + 20_600 + 28_300 + 38_000
    assert (score.basis, "sum of four quarters" in score.note) == ("derived", True)
    assert house["vehicle_revenue", "FY2025"].actual is None


def test_four_quarters_make_no_price_and_no_margin(base: Inputs, tables: Tables):
    price = with_figures(tables, ("vehicle_average_selling_price", "2025Q3"), _2025Q4=261_000.0)
    assert scored(base, price)["vehicle_average_selling_price", "FY2025"].actual is None
    margin = with_figures(tables, ("gross_margin_vehicle_segment", "2025Q3"), _2025Q4=0.25)
    assert scored(base, margin)["vehicle_gross_margin", "FY2025"].actual is None


@pytest.mark.parametrize("basis", ["guidance", "consensus", "assumption"])
def test_what_was_only_expected_is_no_actual(base: Inputs, tables: Tables, basis: str):
    expected = with_rows(
        tables,
        lambda row: (
            replace(row, basis=basis) if (row.key, row.period) == ("vehicle_deliveries", "FY2025") else row
        ),
    )
    assert scored(base, expected, through=2025)["vehicle_deliveries", "FY2025"].actual is None


def test_an_unverified_actual_is_shown_as_such(base: Inputs, tables: Tables):
    unverified = with_rows(
        tables,
        lambda row: (
            replace(row, basis="unverified")
            if (row.key, row.period) == ("vehicle_deliveries", "FY2025")
            else row
        ),
    )
    score = scored(base, unverified)["vehicle_deliveries", "FY2025"]
    assert (score.actual, score.basis) == (410_000, "unverified")


def test_an_actual_in_another_unit_is_refused_with_its_place(base: Inputs, tables: Tables):
    thousands = with_rows(
        tables,
        lambda row: (
            replace(row, unit="thousand units")
            if (row.key, row.period) == ("vehicle_deliveries", "FY2025")
            else row
        ),
    )
    with pytest.raises(InputError, match=r"history.csv line \d+ unit 'thousand units' must be 'units'"):
        scored(base, thousands)


def test_a_ratio_to_nothing_has_no_actual(cases: dict[str, Inputs], tables: Tables):
    nothing = with_rows(
        tables,
        lambda row: (
            replace(row, value=0.0, text="0")
            if (row.key, row.period) == ("vehicle_segment_revenue", "FY2024")
            else row
        ),
    )
    score = scored(cases["march_2024_replica"], nothing)["vehicle_operating_margin", "FY2024"]
    assert score.actual is None
    assert "vehicle_segment_revenue is 0" in score.note


def test_a_price_of_the_valuation_date_or_before_is_no_outcome(base: Inputs, tables: Tables):
    early = with_rows(
        tables, lambda row: None if row.key == "share_price" and row.period > "2025-11-19" else row
    )
    score = scored(base, early)["share_price", "2025-11-19"]
    assert (score.actual, score.error) == (None, None)
    assert "no later price" in score.note


# --- the frame ----------------------------------------------------------------------------------------


def test_years_go_one_beyond_what_is_known(replica: Scored, house: Scored):
    for scores in (replica, house):
        years = {period for _, period in scores if period.startswith("FY")}
        assert max(years) == "FY2026"


def test_through_sets_the_last_year(cases: dict[str, Inputs], tables: Tables):
    scores = scored(cases["march_2024_replica"], tables, through=2024)
    assert {period for _, period in scores} == {"FY2024", "2024-12-30"}


def test_lines_come_in_the_order_of_the_measures(base: Inputs, tables: Tables):
    keys = list(dict.fromkeys(score.key for score in scorecard(vintage_of(evaluate(base)), tables)))
    order = [measure.key for measure in MEASURES]
    assert keys == sorted(keys, key=order.index)
    assert len(keys) > 5


def test_every_case_gives_a_vintage_and_a_scorecard(cases: dict[str, Inputs], tables: Tables):
    assert len(cases) >= 5
    for case, inputs in cases.items():
        vintage = vintage_of(evaluate(inputs))
        assert (vintage.name, vintage.day) == (case, inputs.day("valuation_date"))
        assert scorecard(vintage, tables)


def test_a_forecast_of_an_unknown_measure_is_refused(tables: Tables):
    vintage = Vintage("odd", date(2024, 3, 8), (Forecast("mood", "FY2024", 1.0, "ratio"),))
    with pytest.raises(InputError, match="forecast 'mood' must be one of vehicle_deliveries, "):
        scorecard(vintage, tables)


def test_a_forecast_in_another_unit_is_refused(tables: Tables):
    vintage = Vintage("odd", date(2024, 3, 8), (Forecast("revenue", "FY2024", 1.0, "CNY bn"),))
    with pytest.raises(InputError, match="forecast of revenue 'CNY bn' must be in 'CNY m'"):
        scorecard(vintage, tables)
