"""What an assumed quarter was worth against the fact, in lines that an analyst knows."""

from dataclasses import replace
from datetime import date

import pytest

from xlwings_addin.analytics.assumed_quarters import (
    as_assumed,
    assumed_figures,
    newly_reported,
    start_of_split,
)
from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.analytics.business_lines import line_of
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.valuation.xiaomi import Results, evaluate

FOURTH = {
    "revenue": 120_000.0,
    "revenue_internet": 9_600.0,
    "vehicle_deliveries": 145_000.0,
    "vehicle_revenue": 36_000.0,
    "vehicle_segment_revenue": 37_000.0,
    "gross_margin_internet": 0.77,
    "gross_margin_vehicle_segment": 0.23,
}
"""A fourth quarter of 2025 as an example: round figures, not what was reported. Phones and IoT as assumed."""


def with_quarter(tables: Tables, figures: dict[str, float]) -> Tables:
    """The tables up to the third quarter of 2025, and a fourth that is announced in November already."""
    later = ("2025Q4", "2026Q")
    kept = [row for row in tables.history if not row.period.startswith(later)]
    added = []
    for key, value in figures.items():
        like = tables.row(key, "2025Q3" if tables.has(key, "2025Q3") else "2025Q2")
        about = {
            "period": "2025Q4",
            "value": value,
            "text": str(value),
            "as_of": date(2025, 11, 18),
            "note": "",
        }
        added.append(replace(like, **about))
    return replace(tables, history=(*kept, *added))


@pytest.fixture(scope="module")
def november() -> Inputs:
    """The case before the quarter is in the tables."""
    case = load_inputs("base").replace(valuation_date=date(2025, 11, 19), base_year=2025)
    return replace(case, tables=with_quarter(case.tables, {}))


@pytest.fixture(scope="module")
def reported(november: Inputs) -> Inputs:
    number = november.number
    units = number("assumed_smartphone_shipments")
    assumed = {
        "smartphone_shipments": units + 1,
        "revenue_smartphone": units * number("assumed_smartphone_price"),
        "revenue_iot": number("assumed_iot_revenue"),
    }
    return replace(november, tables=with_quarter(load_inputs("base").tables, FOURTH | assumed))


@pytest.fixture(scope="module")
def both(november: Inputs, reported: Inputs) -> tuple[Results, Results]:
    return evaluate(november), evaluate(reported)


def test_a_quarter_as_it_was_assumed_is_worth_what_the_case_was(both: tuple[Results, Results]) -> None:
    before, after = both
    assert newly_reported(before, after) == ("2025Q4",)
    assumed = evaluate(replace(after.inputs, tables=as_assumed(before, after)))
    assert assumed.sotp.value_per_share == pytest.approx(before.sotp.value_per_share, rel=1e-12)
    assert abs(after.sotp.value_per_share / before.sotp.value_per_share - 1) > 1e-3


def test_the_assumptions_told_are_those_of_the_case(both: tuple[Results, Results], november: Inputs) -> None:
    told = {figure.key: (figure.assumed, figure.reported) for figure in assumed_figures(*both)}
    number = november.number
    units = number("assumed_smartphone_shipments")
    assert told["smartphone_shipments"] == (units, units + 1)
    assert told["revenue_smartphone"][0] == units * number("assumed_smartphone_price")
    assert told["vehicle_deliveries"] == (number("assumed_vehicle_deliveries") * 1e6, 145_000.0)
    quarters = ("2025Q1", "2025Q2", "2025Q3")
    sold = [november.tables.row("revenue_internet", quarter).number for quarter in quarters]
    margins = [november.tables.row("gross_margin_internet", quarter).number for quarter in quarters]
    average = sum(one * other for one, other in zip(sold, margins, strict=True)) / sum(sold)
    assert told["gross_margin_internet"] == (pytest.approx(average, rel=1e-12), 0.77)


def test_a_bridge_over_a_new_quarter_speaks_of_lines_and_adds_up(november: Inputs, reported: Inputs) -> None:
    split = bridge(november, reported, by="line")
    labels = {driver.label for driver in split.drivers}
    assert labels == {
        *("Smartphones", "Internet services", "Internet services, margin"),
        *("Vehicles, deliveries", "Vehicles, price", "Vehicles, margin"),
    }
    assert sum(driver.part for driver in split.drivers) == pytest.approx(split.change, abs=1e-9)
    # Less internet revenue than was assumed, and the line has nothing else: its part is a loss.
    assert FOURTH["revenue_internet"] < november.number("assumed_internet_revenue")
    assert {driver.label: driver.part for driver in split.drivers}["Internet services"] < 0


def test_the_split_starts_from_the_inputs_themselves_where_no_quarter_is_new(november: Inputs) -> None:
    assert start_of_split(november, november.replace(tax_rate=0.2)) is not None
    assert start_of_split(november, november.replace(tax_rate=0.2)) is november


def test_every_input_has_a_line_and_few_are_left_over(november: Inputs) -> None:
    company = november.tables.company
    lines = {parameter.key: line_of(parameter.key, company, parameter) for parameter in company.parameters}
    assert len(set(lines.values())) < 35
    assert lines["vehicle_wacc"] == lines["risk_free"] == "Cost of capital"
    assert lines["plant_4_capacity"] == lines["demand_saturation"] == "Vehicles, deliveries"
    assert lines["diluted_shares"] == "Shares"
    assert lines["debt"] == lines["payouts_since"] == "Net cash"
