"""A second company needs a folder and no Python: written by `new`, filled in, valued, built and proven.

The figures are illustrative; what they lead to is held against identities and a spreadsheet engine.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

import xlwings_addin as xa
from tests.acceptance.rules import faults
from xlwings_addin.analytics.roll import roll
from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.analytics.vintages import whole_vintage_of
from xlwings_addin.core.errors import ChoiceError, InputError, ValuationError
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.segments.new_company import create_company, missing_figures
from xlwings_addin.xlsx.package import read_values

SEGMENTS = (
    ("cars", "units_and_price"),
    ("storage", "units_and_price"),
    ("services", "growth_fade"),
    ("web", "users_and_revenue"),
    ("stake", "stated_value"),
    ("robots", "staged_venture"),
)
VALUES = {
    "case_title": "An example",
    "valuation_date": "2026-02-02",
    "base_year": 2025,
    "price_usd": 40,
    "probability": 0,
    "replicates": "none",
    "net_cash_definition": "strict",
    "share_basis": "diluted",
    "risk_free": 0.04,
    "equity_risk_premium": 0.045,
    "country_risk": 0,
    "raw_beta": 1.3,
    "blume_weight": 0.67,
    "cost_of_debt": 0.05,
    "equity_weight": 0.95,
    "tax_rate": 0.21,
    "group_research": 6000,
    "liquid_funds": 40000,
    "cash_resources": 41000,
    "restricted_cash": 500,
    "debt": 8000,
    "diluted_shares": 3500,
    "basic_shares": 3300,
    "reported_shares": 3300,
    "operations_horizon": 10,
    "operations_terminal_growth": 0.025,
    "operations_fade_years": 6,
    "operations_return_on_new_capital": 0.2,
    "operations_exit_multiple": 10,
    "operations_working_capital_days": 10,
    "operations_opening_losses": 30000,
    "operations_sales_to_capital": 2.5,
    "stake_value": 2000,
    "cars_gross_margin_end": 0.22,
    "storage_gross_margin_end": 0.3,
    "services_gross_margin_end": 0.12,
    "web_gross_margin_end": 0.7,
    "web_users": 120,
    "web_user_growth_start": 0.08,
    "web_revenue_per_user_growth_start": 0.05,
    "robots_discount_rate": 0.12,
    "robots_stage_1_years": 2,
    "robots_stage_1_spending": 500,
    "robots_stage_1_probability": 0.5,
    "robots_stage_2_years": 1,
    "robots_stage_2_spending": 1500,
    "robots_stage_2_probability": 0.6,
    "robots_stage_4_years": 3,
    "robots_stage_4_spending": 4000,
    "robots_stage_4_probability": 0.8,
    "robots_success_value": 60000,
    "robots_stopping": "may_stop",
}
"""Every other input is a share or a growth of 4%, or 0 where it is money."""
QUARTERLY = {
    "revenue": (25000, "USD m"),
    "revenue_cars": (18000, "USD m"),
    "revenue_storage": (3000, "USD m"),
    "revenue_services": (3500, "USD m"),
    "revenue_web": (400, "USD m"),
    "cars_shipments": (0.45, "m units"),
    "storage_shipments": (10, "m units"),
    "gross_margin_cars": (0.18, "ratio"),
    "gross_margin_storage": (0.28, "ratio"),
    "gross_margin_services": (0.08, "ratio"),
    "gross_margin_web": (0.65, "ratio"),
}
YEARLY = {
    "operating_cash_flow": 15000,
    "capex": 9000,
    "free_cash_flow": 6000,
    "revenue": 100000,
}


def filled(folder: Path) -> Path:
    """The folder of a new company with all its figures."""
    create_company(folder, SEGMENTS, currency="USD")
    return fill(folder)


OPTIONAL = (
    "operations_opening_losses,Losses brought forward,USD m,Operations,number,,0,,closed,Of tax.,",
    "operations_sales_to_capital,Sales to capital,ratio,Operations,number,,0,,open below,Of growth.,",
)
"""Inputs of a group that a company may leave out."""


def put_optional(folder: Path) -> None:
    table = folder / "parameters.csv"
    text, first = table.read_text(encoding="utf-8"), "operations_horizon,"
    assert text.count(f"\n{first}") == 1
    rows = "".join(f"{row}\n" for row in OPTIONAL)
    table.write_text(text.replace(f"\n{first}", f"\n{rows}{first}"), encoding="utf-8")


def fill(folder: Path, more: Mapping[str, tuple[float, str]] = MappingProxyType({})) -> Path:
    """A folder that `new` has written, with all its figures; `more` are those of other quarterly keys."""
    put_optional(folder)
    tables = load_tables(folder)
    company = tables.company
    with (folder / "inputs" / "assumptions.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for key in missing_figures(tables)["inputs/assumptions.csv"]:
            parameter = company.parameter(key)
            value = VALUES.get(key, 0.04 if parameter.kind == "rate" else 0)
            ends = (value, value) if parameter.kind in ("rate", "number", "count", "year") else ("", "")
            about = (parameter.unit, "assumption", "an example", "2026-01-31", "")
            writer.writerow((key, "", value, *ends, *about))
    with (folder / "inputs" / "history.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for quarter in (f"{year}Q{number}" for year in (2024, 2025) for number in (1, 2, 3, 4)):
            for key, (value, unit) in (QUARTERLY | more).items():
                writer.writerow((key, quarter, value, unit, "reported", "an example", "2026-01-31", ""))
        for year in ("FY2024", "FY2025"):
            for key, value in YEARLY.items():
                writer.writerow((key, year, value, "USD m", "reported", "an example", "2026-01-31", ""))
    return folder


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("companies") / "acme")


def test_a_new_folder_loads_and_names_what_it_lacks(tmp_path: Path) -> None:
    company = create_company(tmp_path / "acme", SEGMENTS, currency="USD")
    assert xa.company(tmp_path / "acme").key == company.key == "acme"
    missing = missing_figures(load_tables(tmp_path / "acme"))
    assert {"price_usd", "tax_rate", "cars_gross_margin_end", "stake_value"} <= set(
        missing["inputs/assumptions.csv"]
    )
    assert {"revenue", "cars_shipments", "gross_margin_services"} <= set(missing["inputs/history.csv"])
    with pytest.raises(InputError, match=r"^parameters case_title, .* rows in assumptions\.csv$"):
        xa.value(folder=tmp_path / "acme")


def test_an_unknown_template_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(
        ChoiceError, match=r"^template 'unit_price' must be one of .*units_and_price, users_and_revenue$"
    ):
        create_company(tmp_path / "acme", [("cars", "unit_price")], currency="USD")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    with pytest.raises(InputError, match="is there already"):
        create_company(tmp_path / "acme", SEGMENTS, currency="USD")
    assert list((tmp_path / "acme").iterdir()) == []


def test_the_parts_of_a_second_company_add_up_to_its_share(acme: Path) -> None:
    results = xa.value(folder=acme)
    sums = results.sotp
    assert repr(results).endswith("USD a share, price 40.00>")
    # 18,000 + 3,000 + 3,500 + 400 USD m a quarter, four times; no quarter is assumed.
    assert results.operations.revenue[0] == pytest.approx(4 * (18000 + 3000 + 3500 + 400), rel=1e-12)
    parts = sums.operations.value + sums.stake.value + sums.robots.value
    discounted = parts * (1 - 0.04) + 40000 - 8000
    assert sums.value_per_share == pytest.approx(discounted / 3500, rel=1e-12)
    assert sums.price_less_value == pytest.approx(40 - sums.value_per_share, rel=1e-12)


def test_it_has_a_scorecard_of_its_segments_and_is_rolled_forward(acme: Path) -> None:
    results = xa.value(folder=acme)
    said = {score.key: score for score in scorecard(whole_vintage_of(results), results.inputs.tables)}
    assert {"revenue_cars", "cars_shipments", "gross_margin_services", "share_price"} <= set(said)
    # Growth of 4% in units and in price of what was sold in the base year, 18,000 USD m a quarter.
    assert said["revenue_cars"].forecast == pytest.approx(4 * 18000 * 1.04 * 1.04, rel=1e-12)
    assert said["share_price"].unit == "USD per share"
    rolled = roll(results.inputs, date(2026, 6, 30))
    for item in rolled.businesses:
        worth = rolled.after.segments[item.key].enterprise_value
        assert item.after == pytest.approx(worth, rel=1e-9)


def test_its_json_has_the_neutral_fields_and_no_others_of_xiaomi(acme: Path) -> None:
    summary = xa.value(folder=acme).summary()
    assert (summary["company"], summary["currency"], summary["price"]) == ("acme", "USD", 40.0)
    assert set(summary["segments"]) == {"operations", "stake", "robots"}  # type: ignore[call-overload]
    assert not [key for key in summary if "hkd" in key or "cny" in key]


def test_its_workbook_is_built_and_the_core_agrees_with_every_formula(acme: Path, tmp_path: Path) -> None:
    book = xa.build(tmp_path / "acme.xlsx", folder=acme)  # raises where a formula and the core differ
    assert faults(book, tmp_path) == set()
    # With one case and nothing that delivers, the Cover says what there is and what would fill the rest.
    values, worth = read_values(book), xa.value("base", folder=acme).sotp.value_per_share
    assert values["Cover", "A10"] == f"The price is USD {worth - 40:.2f} below the value."
    assert "a row probability in the file of a case gives it one" in str(values["Cover", "A11"])


def without(table: Path, *keys: str) -> None:
    """Take the rows of some keys out of a table."""
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row.split(",")[0] not in keys]
    assert len(kept) == len(rows) - len(keys)
    table.write_text("".join(kept), encoding="utf-8")


def test_inputs_that_a_template_needs_are_named_all_at_once(tmp_path: Path) -> None:
    folder, keys = filled(tmp_path / "acme"), ("cars_gross_margin_end", "stake_value")
    without(folder / "parameters.csv", *keys)
    without(folder / "inputs" / "assumptions.csv", *keys)
    named = "parameters cars_gross_margin_end, stake_value must have a row in parameters.csv"
    with pytest.raises(ValuationError, match=f"^{named}"):
        xa.value(folder=folder)
