"""Multiples: printed arithmetic of the articles, quartiles by a second library, and figures of the model."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.cli.answers import set_cells
from xlwings_addin.analytics.multiples import Multiples
from xlwings_addin.core.errors import InputError
from xlwings_addin.core.multiples import multiple_value
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.cases import load_cases
from xlwings_addin.inputs.multiples import read_multiples


@pytest.fixture(scope="module")
def made() -> Multiples:
    return xa.multiples("base")


def row(made: Multiples, method: str):  # type: ignore[no-untyped-def]
    return next(row for row in made.rows if row.method == method)


# Article 002: a profit of 1.5 USD bn at 18 times is 27, at 36 times 54; 80 to 90 are what 40% growth makes of
# a doubled multiple, 53 to 60 times. Article 003: 180 USD bn at 54.47 times are 3.30 USD bn.
@pytest.mark.parametrize(
    ("profit", "times", "value"), [(1.5, 18.0, 27.0), (1.5, 36.0, 54.0), (1.5, 60.0, 90.0)]
)
def test_the_arithmetic_of_article_002_is_met(profit: float, times: float, value: float) -> None:
    assert multiple_value(profit, multiple=times) == value


def test_the_multiples_of_the_articles_are_those_they_print() -> None:
    tables = read_multiples()
    printed = {"001": (14.0, 22.0, 30.0), "002": (18.0, 36.0, 60.0), "003": (35.28, 54.47, 62.17)}
    for article, numbers in printed.items():
        (term,) = tables.methods[f"price_earnings_article_{article}"]
        assert term.numbers == numbers
        assert f"article {article}" in term.source


def test_a_price_to_earnings_value_is_the_multiple_of_the_last_twelve_months_profit(made: Multiples) -> None:
    # Announced: 8.3 in 2024Q4, 10.7, 10.8 and 11.3 CNY bn in the three quarters of 2025.
    profit = 8_300 + 10_700 + 10_800 + 11_300
    results = xa.value("base")
    value = 14 * profit * results.sotp.hkd_per_cny / results.sotp.shares
    article = row(made, "price_earnings_article_001")
    assert article.low == pytest.approx(value, rel=1e-12)
    assert article.multiple_of_profit == pytest.approx((14, 22, 30), rel=1e-12)


def test_a_sum_of_two_businesses_adds_what_is_between_the_firm_and_its_shareholders_once(
    made: Multiples,
) -> None:
    results = xa.value("base")
    devices, vehicles, number = results.devices_segments, results.vehicle_units, results.inputs.number
    quartiles = {(one.group, one.key): one for one in made.peers}
    sales = quartiles["vehicles", "price_to_sales"]
    cash = results.sotp.net_cash.value + number("associates") - number("minority_interest")
    equity = 14 * devices.nopat[1] + sales.low_quartile * vehicles.revenue[1] + cash
    expected = equity * results.sotp.hkd_per_cny / results.sotp.shares
    assert row(made, "sales_of_vehicles_and_earnings_of_devices").low == pytest.approx(expected, rel=1e-12)


def test_the_model_is_a_row_for_every_case_of_the_workbook(made: Multiples) -> None:
    rows = [row for row in made.rows if row.method == "dcf"]
    labels = [row.label.rpartition(": ")[2] for row in rows]
    others = [inputs.case for inputs in load_cases() if inputs.origin.in_workbook and inputs.case != "base"]
    assert labels == ["base", *others]
    assert {"base", "march_2024_strict"} < set(labels) < set(case_names())
    for one in rows:
        case = one.label.rpartition(": ")[2]
        assert one.middle == pytest.approx(xa.value(case).sotp.value_per_share, rel=1e-12)
        assert one.low < one.middle < one.high


def test_quartiles_are_those_of_the_statistics_library(made: Multiples) -> None:
    assert len(made.peers) >= 6
    for one in made.peers:
        values = [peer.value for peer in one.counted]
        assert one.median == pytest.approx(statistics.median(values))
        if len(values) > 1:
            low, _, high = statistics.quantiles(values, n=4, method="inclusive")
            assert (one.low_quartile, one.high_quartile) == pytest.approx((low, high))


def test_losses_and_unverified_figures_and_unlike_peers_do_not_count(made: Multiples) -> None:
    quartiles = {(one.group, one.key): one for one in made.peers}
    earnings = quartiles["vehicles", "price_to_earnings"]
    assert {peer.company for peer in earnings.counted} == {"BYD", "Geely", "Li Auto"}
    assert {"XPeng", "Tesla", "Toyota"} == {peer.company for peer in earnings.left_out}
    assert all(peer.why for one in made.peers for peer in (*one.counted, *one.left_out))


def test_what_was_known_later_says_so(made: Multiples) -> None:
    assert row(made, "price_earnings_peers").later
    assert not row(made, "broker_targets").later
    assert all(row.later for row in xa.multiples("march_2024_replica").rows if row.method == "broker_targets")


def test_brokers_are_the_targets_of_the_table(made: Multiples) -> None:
    targets = [55, 50, 60, 46, 54.2, 57, 55.31, 71.14]  # of 2025-11-19, docs/collected-figures/consensus.csv
    brokers = row(made, "broker_targets")
    assert (brokers.low, brokers.high) == (min(targets), max(targets))
    assert brokers.middle == pytest.approx(statistics.median(targets))


def test_a_value_above_the_bound_of_article_002_is_told(made: Multiples) -> None:
    # 41 and 54 times for Tencent and Alibaba (infocusvietnam.com, 2018-05-09).
    assert {(peer.company, peer.value) for peer in made.bounds} == {("Tencent", 41.0), ("Alibaba", 54.0)}
    assert set(row(made, "price_earnings_article_002").above_bound) == {"Tencent", "Alibaba"}
    assert row(made, "price_earnings_article_001").above_bound == ()


def test_a_table_without_a_bound_says_so(folder: Path) -> None:
    path = folder / "inputs" / "peers.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",bound," not in line), encoding="utf-8")
    assert "has no sourced figure" in xa.multiples(folder=folder).bound_note


def test_the_models_own_multiples_are_beside_them(made: Multiples) -> None:
    earnings = made.implied[0]
    results = xa.value("base")
    equity = results.sotp.value_per_share * results.sotp.shares / results.sotp.hkd_per_cny
    assert earnings.at_value == pytest.approx(equity / 41_100, rel=1e-12)
    assert earnings.label.endswith("2024Q4 to 2025Q3")


def test_a_case_that_lacks_a_figure_refuses_the_methods_that_need_it() -> None:
    made = xa.multiples("march_2024_replica")
    assert "Sum of the parts as UBS makes it" in made.refused
    assert row(made, "price_earnings_article_001").multiple_of_profit == pytest.approx((14, 22, 30))
    assert made.implied[0].label.endswith("FY2022")  # the last profit that was known on 2024-03-08


def test_a_summary_is_json_and_the_rows_are_a_frame(made: Multiples) -> None:
    data = json.loads(json.dumps(made.summary()))
    assert data["rows"][0]["method"] == "dcf"
    assert data["case"] == "base"
    assert made.to_frame().loc["broker_targets", "high"] == 71.14


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("multiples", "kind", "guess", "kind 'guess' must be one of equity, enterprise, per_share, dcf"),
        ("multiples", "low", "many", "low 'many' must be a number"),
        ("multiples", "low", "99", "must lie between low and high"),
        ("multiples", "metric", "", "metric '' must be there"),
        ("multiples", "as_of", "2024", "as_of '2024' must be a date"),
        ("multiples", "basis", "hearsay", "basis 'hearsay' must be one of"),
        ("multiples", "source", "", "source '' must not be empty"),
        ("multiples", "peers", "devices price_to_book", r"must be a group and a key of peers\.csv"),
    ],
)
def test_a_table_of_multiples_that_cannot_be_read_names_line_and_column(
    folder: Path, table: str, column: str, value: str, rule: str
) -> None:
    place = set_cells(folder / "inputs" / f"{table}.csv", "price_earnings_article_002", **{column: value})
    with pytest.raises(InputError, match=rule) as raised:
        read_multiples(folder)
    assert place in str(raised.value)


def test_tables_without_multiples_have_no_methods(folder: Path) -> None:
    for name in ("multiples", "peers"):
        (folder / "inputs" / f"{name}.csv").unlink()
    made = xa.multiples(folder=folder)
    assert made.rows == ()
    assert "has no sourced figure" in made.bound_note
