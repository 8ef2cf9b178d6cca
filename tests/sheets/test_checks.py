"""The workbook's own checks: each kind fails or warns when it should, and core and formulas say so alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sheets.live_book import LiveBook
from xlwings_addin.inputs.parameters import PARAMETERS, TIMELINE_YEARS
from xlwings_addin.xlsx.package import read_package

COMPANY = {"net_cash_definition": "company"}
CASH = {"cash_resources": 236_000.0, "restricted_cash": 5_000.0}
DILUTED = {"share_basis": "diluted", "reported_shares": 25_990.0}
BASIC = {"share_basis": "treasury_stock", "share_awards": 0.0, "reported_shares": 25_990.0}

SPREAD = {"vehicle_wacc": 0.04, "warning_minimum_spread": 0.02}


@pytest.fixture
def live(live: LiveBook) -> LiveBook:
    """The workbook with base chosen, whose inputs and ranges are those that are typed here."""
    live.select("base")
    return live


def status(live: LiveBook, key: str) -> object:
    return live[f"{{checks.{key}:status}}"]


def test_every_house_case_passes_as_delivered(live: LiveBook) -> None:
    house_2026 = ("house_2026", "house_2026_bear", "house_2026_bull")
    for case in (*house_2026, "base", "bear", "bull"):
        live.select(case)
        assert live["{checks.failures:value}"] == 0
        assert live["{checks.inputs_in_range:value}"] == 0
        assert str(live["{cover.overall}"]).startswith("OK")


@pytest.mark.parametrize(
    ("key", "values", "figure", "expected"),
    [
        ("twice_restricted", {**COMPANY, "restricted_cash": 5_000.0}, 5_000.0, "WARN"),
        ("twice_investments", {**COMPANY, "associates": 60_000.0}, 60_000.0, "WARN"),
        ("twice_placement", {**DILUTED, "diluted_shares": 25_500.0}, 490.0, "FAIL"),
        ("twice_placement", {**BASIC, "basic_shares": 25_000.0}, 990.0, "FAIL"),
        ("twice_liquid", {**CASH, "liquid_funds": 231_001.0}, 1.0, "FAIL"),
        ("inputs_in_range", {"tax_rate": 0.3}, 1.0, "WARN"),
        ("inputs_in_range", {"tax_rate": 0.1, "devices_horizon": 12, "demand_saturation": 3.0}, 3.0, "WARN"),
        ("devices_growth", {"devices_terminal_growth": 0.045, "risk_free": 0.044}, 0.045, "WARN"),
        ("vehicle_spread", {**SPREAD, "vehicle_terminal_growth": 0.025}, 0.015, "WARN"),
        ("vehicle_terminal_share", {"warning_maximum_terminal_share": 0.0}, None, "WARN"),
        ("devices_multiple_difference", {"devices_exit_multiple": 30.0}, None, "WARN"),
        ("vehicle_units_driver_difference", {"warning_cross_check": 0.0}, None, "WARN"),
        ("devices_only_rises", {"warning_rising_years": 4}, 10.0, "WARN"),
        ("vehicle_units_unmet_demand", {"plant_5_capacity": 0.0}, None, "WARN"),
        ("vehicle_units_largest_maker", {"largest_maker_deliveries": 1.5}, None, "WARN"),
    ],
)
def test_a_check_speaks_up_when_it_should(
    live: LiveBook, key: str, values: dict[str, object], figure: float | None, expected: str
) -> None:
    assert status(live, key) == "OK"
    failures, warnings = live["{checks.failures:value}"], live["{checks.warnings:value}"]
    assert (failures, warnings) == (0, 0)
    live.change("base", **values)
    live.keep_results()
    assert status(live, key) == expected
    if figure is not None:
        assert live[f"{{checks.{key}:value}}"] == pytest.approx(figure, rel=1e-9)
    else:
        assert live[f"{{checks.{key}:value}}"] != 0
    counted = "failures" if expected == "FAIL" else "warnings"
    assert live[f"{{checks.{counted}:value}}"] != 0
    assert str(live["{cover.overall}"]).startswith("FAIL: " if expected == "FAIL" else "OK, with ")
    assert not live.differences()


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("devices_growth", {"devices_terminal_growth": 0.03, "risk_free": 0.03}),
        ("vehicle_spread", {**SPREAD, "vehicle_terminal_growth": 0.015}),
        ("twice_restricted", {**COMPANY, "restricted_cash": 0.0}),
        ("twice_restricted", {"net_cash_definition": "strict", "restricted_cash": 5_000.0}),
        ("twice_investments", {**COMPANY, "associates": 0.0}),
        ("twice_investments", {"net_cash_definition": "strict", "associates": 60_000.0}),
        ("twice_liquid", {**CASH, "liquid_funds": 231_000.0}),
        ("twice_placement", {**DILUTED, "diluted_shares": 25_990.0}),
        ("twice_placement", {**BASIC, "basic_shares": 25_990.0}),
    ],
)
def test_a_check_is_content_within_its_limit(live: LiveBook, key: str, values: dict[str, object]) -> None:
    live.change("base", **values)
    assert status(live, key) == "OK"


@pytest.mark.parametrize("off", [0.1, -0.1])
def test_probabilities_that_do_not_add_to_one_fail_in_every_case(live: LiveBook, off: float) -> None:
    bull = live.results["house_2026_bull"].inputs.number("probability")
    live.change("house_2026_bull", probability=bull + off)
    for case in live.results:
        live.select(case)
        assert status(live, "probabilities") == "FAIL"
        assert live["{checks.probabilities:value}"] == pytest.approx(abs(off))
        assert str(live["{cover.overall}"]).startswith("FAIL")
        assert not live.differences()
    live.change("house_2026_bull", probability=bull)
    assert status(live, "probabilities") == "OK"


def test_an_input_outside_its_range_is_marked_where_it_stands(live: LiveBook) -> None:
    high = live.results["base"].inputs.row("tax_rate").high
    assert high is not None
    live.change("base", tax_rate=high + 0.01)
    marked = [parameter.key for parameter in PARAMETERS if live[f"{{inputs.{parameter.key}:outside}}"] == 1]
    assert marked == ["tax_rate"]
    live.select("bear")  # follows base
    assert live["{inputs.tax_rate:outside}"] == 1
    live.select("march_2024_strict")
    assert live["{inputs.tax_rate:outside}"] == 0
    assert status(live, "inputs_in_range") == "OK"


@pytest.mark.parametrize("end", ["low", "high"])
def test_both_ends_of_a_range_belong_to_it(live: LiveBook, end: str) -> None:
    inputs = live.results["base"].inputs
    ends = {parameter.key: getattr(inputs.row(parameter.key), end) for parameter in PARAMETERS}
    ends = {key: value for key, value in ends.items() if value is not None}
    assert len(ends) > 80
    live.change("base", **ends)
    live.keep_results()
    assert live["{checks.inputs_in_range:value}"] == 0
    assert not live.differences()


def test_a_changed_input_says_that_the_cover_keeps_an_older_result(kept_cases: Path) -> None:
    kept = LiveBook(read_package(kept_cases), live="none")
    kept.select("base")
    kept.change("base", tax_rate=0.2)
    assert status(kept, "stored_cases") == "WARN"
    kept.keep_results()
    assert status(kept, "stored_cases") == "OK"


def test_every_case_on_cover_follows_a_changed_input(live: LiveBook) -> None:
    live.select("base")
    before = live["{cover.stored_base:value}"]
    live.change("base", tax_rate=0.2)
    assert live["{cover.stored_base:value}"] == live["{sotp.value_per_share}"] != before
    assert status(live, "stored_cases") == "OK"


@pytest.mark.parametrize("figure", ["vehicle_units.net_assets", "devices.change_in_working_capital"])
def test_a_flow_and_a_balance_that_disagree_fail_the_cash_check(live: LiveBook, figure: str) -> None:
    assert status(live, "cash") == "OK"
    live.type({live.book.at(f"{{{figure}:years[{TIMELINE_YEARS}]}}"): 1e6})
    assert status(live, "cash") == "OK"  # beyond the horizon nothing is valued
    live.type({live.book.at(f"{{{figure}:years[3]}}"): 1e6})
    assert status(live, "cash") == "FAIL"


def test_segments_that_exceed_the_group_fail(live: LiveBook) -> None:
    first = live.book.context.tables.calendar.quarters.index("2025Q1") + 1
    iot, revenue = (f"{{reported.quarterly_{key}[{first}]}}" for key in ("revenue_iot", "revenue"))
    assert status(live, "twice_revenue") == "OK"
    figures = live[iot], live[revenue]
    assert all(isinstance(figure, float) for figure in figures)
    live.type({live.book.at(iot): figures[1]})
    assert status(live, "twice_revenue") == "FAIL"
    live.type({live.book.at(iot): figures[0]})
    assert status(live, "twice_revenue") == "OK"


@pytest.mark.parametrize(
    ("typed", "sheets"),
    [
        ("{inputs.risk_free:cases[2]}", {"inputs", "capital", "devices", "devices_average", "sotp"}),
        ("{inputs.vehicle_wacc:cases[2]}", {"inputs", "capital", "vehicle_units", "vehicle_ramp", "sotp"}),
        ("{reported.quarterly_revenue_iot[5]}", {"reported", "base_year", "devices", "sotp"}),
        ("{sources.tolerance__1:source}", {"sources"}),
    ],
)
def test_an_error_on_a_sheet_fails_its_check(live: LiveBook, typed: str, sheets: set[str]) -> None:
    checks = {key.removeprefix("errors_") for key in live.book.sheets["checks"].lines if "errors_" in key}
    answering = {key for key, placed in live.book.sheets.items() if placed.sheet.only_answers}
    assert checks == set(live.book.sheets) - {"cover", "functions", "checks", *answering}
    live.type({live.book.at(typed): "#N/A"})
    failing = {sheet for sheet in checks if status(live, f"errors_{sheet}") == "FAIL"}
    assert failing >= sheets
    assert str(live["{cover.overall}"]).startswith("FAIL")


def test_figures_of_article_004_bind_only_the_case_that_replicates_it(live: LiveBook) -> None:
    lines = [key for key in live.book.sheets["checks"].lines if key.startswith("printed_")]
    assert len(lines) == 7
    for case in live.results:
        live.select(case)
        expected = "OK" if case == "march_2024_replica" else "n/a"
        assert {status(live, key) for key in lines} == {expected}


def test_every_check_says_what_it_means(live: LiveBook) -> None:
    placed = live.book.sheets["checks"].blocks[1:]
    lines = [line for block in placed for line in block.block.lines]
    assert len(lines) > 45
    assert all(line.note for line in lines)
