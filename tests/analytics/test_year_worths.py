"""What the error of a year was worth a share, against plain arithmetic and printed figures."""

from __future__ import annotations

import dataclasses

import pytest

from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.analytics.vintages import Forecast, Vintage, whole_vintage_of
from xlwings_addin.analytics.year_worths import year_worth
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.ledger.snapshot import snapshot_of
from xlwings_addin.ledger.valued_again import valued_again
from xlwings_addin.valuation.xiaomi import Results, evaluate

REPLICA = "march_2024_replica"
PRINTED_VEHICLES = 4.91
"""HKD a share, article 004 of March 2024, as it printed the value of the vehicles."""
SAME = 1e-9


@pytest.fixture(scope="module")
def base() -> Results:
    return evaluate(load_inputs("base"))


@pytest.fixture(scope="module")
def replica() -> Results:
    return evaluate(load_inputs(REPLICA))


def forecast_of(results: Results, key: str, period: str) -> Forecast:
    forecasts = {(one.key, one.period): one for one in whole_vintage_of(results).forecasts}
    return forecasts[key, period]


def listing_per_million(results: Results) -> float:
    """HKD a share for CNY 1 m, by the case's own rates and shares."""
    number = results.inputs.number
    return number("hkd_per_usd") / number("cny_per_usd") / results.sotp.shares


def test_a_ramp_that_starts_lower_is_worth_that_share_less_of_what_the_article_printed(
    replica: Results,
) -> None:
    forecast = forecast_of(replica, "vehicle_revenue", "FY2024")
    worth = year_worth(replica, forecast, 32_100.0)  # CNY m, annual results of 2024, smart EV revenue
    share = 32_100.0 / forecast.value - 1
    assert worth.kept == pytest.approx(PRINTED_VEHICLES * share, abs=0.005 * abs(share))
    assert worth.year == pytest.approx(0.0, abs=1e-12)


def test_a_loss_of_one_year_is_worth_its_discounted_cash(replica: Results) -> None:
    number, loss = replica.inputs.number, -6_200.0
    worth = year_worth(replica, forecast_of(replica, "vehicle_operating_income", "FY2024"), loss)
    flow = loss * number("vehicle_cash_conversion") / (1 + number("vehicle_wacc"))  # no tax on a loss
    assert worth.year == pytest.approx(flow * listing_per_million(replica), rel=SAME)
    assert worth.kept is None  # nothing was expected: there is no ratio


@pytest.mark.parametrize("key", ["vehicle_deliveries", "vehicle_average_selling_price", "vehicle_revenue"])
def test_units_and_price_of_a_ramp_move_the_value_as_its_revenue_does(replica: Results, key: str) -> None:
    forecast, revenue = (forecast_of(replica, one, "FY2025") for one in (key, "vehicle_revenue"))
    worth, of_revenue = (year_worth(replica, one, 0.8 * one.value) for one in (forecast, revenue))
    assert worth.kept == pytest.approx(of_revenue.kept, rel=SAME)
    assert worth.kept < 0


def test_a_point_of_margin_is_worth_its_profit_after_tax(base: Results) -> None:
    forecast = forecast_of(base, "gross_margin_iot", "FY2027")
    revenue = forecast_of(base, "revenue_iot", "FY2027").value
    years = [int(year) for year in base.timeline.year]
    exponent, number = base.timeline.flow_exponent[years.index(2027)], base.inputs.number
    flow = 0.01 * revenue * (1 - number("tax_rate")) / (1 + base.capital.devices_wacc) ** exponent
    worth = year_worth(base, forecast, forecast.value + 0.01)
    after_discount = (1 - number("holding_discount")) * listing_per_million(base)
    assert worth.year == pytest.approx(flow * after_discount, rel=1e-6)
    assert worth.kept > worth.year


@pytest.mark.parametrize("case", ["base", REPLICA])
def test_a_margin_is_worth_what_its_income_is(request: pytest.FixtureRequest, case: str) -> None:
    results: Results = request.getfixturevalue("base" if case == "base" else "replica")
    margin, income, revenue = (
        forecast_of(results, f"vehicle_{key}", "FY2026")
        for key in ("operating_margin", "operating_income", "revenue")
    )
    segment = income.value / margin.value  # with the revenue beside vehicles, where there is some
    assert segment >= revenue.value * (1 - SAME)
    by_margin = year_worth(results, margin, margin.value + 0.01)
    by_income = year_worth(results, income, income.value + 0.01 * segment)
    assert by_margin.year == pytest.approx(by_income.year, rel=SAME)
    assert by_margin.year > 0


def test_what_came_as_it_was_forecast_is_worth_nothing(base: Results) -> None:
    worths = [
        (one, year_worth(base, one, one.value))
        for one in whole_vintage_of(base).forecasts
        if one.key != "revenue" and one.period == "FY2026"
    ]
    assert len({one.key for one, _ in worths}) == 13
    for _, worth in worths:
        assert worth.year == pytest.approx(0.0, abs=1e-12)
        assert worth.kept == pytest.approx(0.0, abs=1e-12)


def test_a_group_s_revenue_has_no_worth_and_no_year_beyond_the_forecast_has_one(base: Results) -> None:
    assert year_worth(base, forecast_of(base, "revenue", "FY2025"), 1.0) == (None, None)
    beyond = Forecast("revenue_iot", "FY2099", 1.0, "CNY m")
    assert year_worth(base, beyond, 2.0) == (None, None)


def test_a_scorecard_has_worths_where_the_results_are_at_hand(base: Results) -> None:
    vintage, tables = whole_vintage_of(base), base.inputs.tables
    without, card = scorecard(vintage, tables), scorecard(vintage, tables, results=base)
    assert {(one.worth_year, one.worth_kept) for one in without} == {(None, None)}
    scored = [one for one in card if one.worth_year is not None]
    assert {one.period for one in scored} == {"FY2025"}
    assert len(scored) == 13
    assert all(one.actual is not None for one in scored)
    frame = card.to_frame()
    assert frame["worth_kept"].notna().sum() == 13


def test_errors_of_another_company_have_their_worth() -> None:
    folder = tables_folder().parent / "tesla"
    results = evaluate(load_inputs("base", folder))
    forecast = next(one for one in whole_vintage_of(results).forecasts if one.key.startswith("revenue_"))
    worth = year_worth(results, forecast, 0.9 * forecast.value)
    assert worth.year is not None
    assert worth.kept is not None
    assert worth.kept < worth.year


def test_a_snapshot_is_valued_again_from_what_the_ledger_has_of_it(base: Results) -> None:
    (record,) = snapshot_of({"base": base}, command="build", book="book.xlsx").cases
    changed = base.inputs.replace(vehicle_wacc=0.125)
    again = valued_again(record, changed)
    assert again is not None
    assert again.sotp.value_per_share == pytest.approx(base.sotp.value_per_share, rel=SAME)
    other = dataclasses.replace(record, value_per_share=record.value_per_share * 1.001)
    assert valued_again(other, changed) is None
    vintage = Vintage("base", record.valuation_date, record.forecasts)
    scores = scorecard(vintage, base.inputs.tables, results=again)
    assert any(one.worth_year is not None for one in scores)
