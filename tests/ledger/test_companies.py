"""The ledger takes any company: its parts, its currency, and what it expected of its own businesses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import xlwings_addin as xa
from tests.ledger.conftest import NOON
from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.cli import app
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.ledger import Ledger, Snapshot, snapshot_of
from xlwings_addin.valuation.xiaomi import Results


@pytest.fixture(scope="module")
def tesla() -> dict[str, Results]:
    return dict(xa.values(folder=company_folder("tesla")))


@pytest.fixture(scope="module")
def of_tesla(tesla: dict[str, Results]) -> Snapshot:
    return snapshot_of(tesla, command="build", book="Tesla_Model.xlsx", at=NOON, who="analyst")


@pytest.fixture
def both(ledger: Ledger, take: Callable[..., Snapshot], of_tesla: Snapshot) -> Ledger:
    """A ledger with a snapshot of Xiaomi and a later one of Tesla, both of a case called base."""
    ledger.append(take(hours=-1))
    ledger.append(of_tesla)
    return ledger


def test_every_part_of_any_company_has_a_row(
    tesla: dict[str, Results], both: Ledger, of_tesla: Snapshot
) -> None:
    (kept,) = both.snapshots(company="tesla")
    assert kept == of_tesla
    assert (kept.company, kept.currency) == ("tesla", "USD")
    for case, results in tesla.items():
        record = kept.case(case)
        assert [part.key for part in record.parts] == ["vehicles", "energy", "spacex", "autonomy"]
        businesses = record.part("vehicles").per_share + record.part("energy").per_share
        assert record.value_per_share == pytest.approx(businesses + record.cash_and_other, rel=1e-12)
        assert record.price == results.inputs["price_usd"] == 357.45
        assert record.methods == {}


def test_cases_of_one_name_are_told_apart_by_company(both: Ledger) -> None:
    assert [one.company for one in both.snapshots(case="base")] == ["tesla", "xiaomi"]
    assert [one.company for one in both.snapshots(case="base", company="xiaomi")] == ["xiaomi"]
    assert both.snapshots(company="acme") == ()


def test_a_snapshot_is_of_one_company(tesla: dict[str, Results], results: dict[str, Results]) -> None:
    with pytest.raises(InputError, match="results 'xiaomi, tesla' must be cases of one company"):
        snapshot_of({"a": results["base"], "b": tesla["base"]}, command="build", book="book.xlsx")


def test_a_part_that_is_not_there_is_refused(of_tesla: Snapshot) -> None:
    with pytest.raises(InputError, match="part 'vehicle' must be one of vehicles, energy, spacex, autonomy"):
        of_tesla.case("base").part("vehicle")


def test_a_snapshot_keeps_what_the_segments_were_expected_to_be(
    tesla: dict[str, Results], both: Ledger
) -> None:
    (kept,) = both.snapshots(company="tesla")
    results = tesla["base"]
    scores = scorecard(kept.vintage("base"), results.inputs.tables)
    first = {score.key: score.forecast for score in scores if score.period == "FY2026"}
    assert first["revenue_storage"] == results.model.groups()["energy.storage"].revenue[1].item()
    assert {"revenue_automotive", "gross_margin_services", "storage_shipments"} <= first.keys()


def test_money_a_snapshot_names_no_other_currency(of_tesla: Snapshot, take: Callable[..., Snapshot]) -> None:
    neutral = of_tesla.as_dict()["cases"]["base"]  # type: ignore[index]
    assert not [field for field in neutral if "hkd" in field]
    xiaomi = take().as_dict()["cases"]["base"]  # type: ignore[index]
    assert neutral.keys() < xiaomi.keys()
    parts = sum(part["per_share"] for part in neutral["segments"].values())
    assert parts + neutral["other_per_share"] == pytest.approx(neutral["value_per_share"], rel=1e-12)
    assert xiaomi["value_per_share"] == xiaomi["value_per_share_hkd"]


@pytest.mark.parametrize(
    ("options", "heading", "absent"),
    [
        (["--company", "tesla"], "USD a share", "HKD"),
        (["--company", "xiaomi"], "HKD a share", "USD"),
        ([], "Company", "HKD a share"),
    ],
)
def test_history_speaks_the_currency_of_the_listing(
    both: Ledger, options: list[str], heading: str, absent: str
) -> None:
    answer = CliRunner().invoke(
        app, ["history", "--ledger", str(both.path), *options], env={"COLUMNS": "160"}
    )
    assert answer.exit_code == 0
    assert heading in answer.output
    assert absent not in answer.output


def test_history_of_a_folder_is_that_of_its_company(both: Ledger) -> None:
    folder: Path = company_folder("tesla")
    answer = CliRunner().invoke(
        app, ["history", "--ledger", str(both.path), "--company", str(folder), "--json"]
    )
    assert answer.output.count('"company": "tesla"') == 1
    assert '"company": "xiaomi"' not in answer.output


def test_vintages_of_another_company_are_no_vintages(both: Ledger) -> None:
    answer = CliRunner().invoke(
        app, ["scorecard", "--company", "tesla", "--view", "history", "--ledger", str(both.path)]
    )
    assert answer.exit_code == 0
    assert "31.47" not in answer.output
