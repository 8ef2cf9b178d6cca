"""A quarter typed by hand becomes a fact: by a form or in the workbook, it rolls the base year."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import xlwings_addin as xa
from tests.quarters_of_2026 import add_rows, figure, leave_out_the_year, row, set_house_view
from tests.refresh.refreshing import refresh_file, type_into
from tests.refresh.test_growth import copied_tables, of_quarter, places
from xlwings_addin.cli import app, facts
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.refresh.typed_facts import add_facts, fact_form, facts_in_form

DAY = date(2026, 3, 24)
QUARTER = {
    "revenue": 124_000.0,
    "revenue_smartphone": 48_000.0,
    "revenue_iot": 30_000.0,
    "revenue_internet": 9_500.0,
    "smartphone_shipments": 42.0,
    "gross_margin_smartphone": 0.11,
    "gross_margin_iot": 0.24,
    "gross_margin_internet": 0.77,
    "vehicle_deliveries": 144_000.0,
    "vehicle_revenue": 35_000.0,
    "vehicle_segment_revenue": 36_000.0,
    "gross_margin_vehicle_segment": 0.25,
}
"""A fourth quarter of 2025, made up."""


@pytest.fixture(scope="module")
def before_the_results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Tables without the results of 2025, valued on their day, and the book of base built from them."""
    folder = copied_tables(tmp_path_factory.mktemp("before"))
    leave_out_the_year(folder)
    set_house_view(folder, valuation_date=DAY.isoformat())
    book = folder / "book.xlsx"
    xa.build(book, folder=folder, case="base")
    return folder, book


@pytest.fixture
def tables(before_the_results: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(facts, "_today", lambda: DAY)
    return Path(shutil.copytree(before_the_results[0], tmp_path / "tables"))


@pytest.fixture
def book_file(before_the_results: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(before_the_results[1], tmp_path))


def form(tables: Path, tmp_path: Path, values: dict[str, float]) -> Path:
    """A form of the quarter, with values filled in."""
    lines = fact_form(load_tables(tables), "2025Q4", author="A. Analyst", day=DAY).decode().splitlines()
    filled = [
        line.replace(f"{key},2025Q4,,", f"{key},2025Q4,{values[key]:.15g},") if key in values else line
        for line in lines
        for key in [line.partition(",")[0]]
    ]
    path = tmp_path / "form.csv"
    path.write_text("\n".join(filled) + "\n", encoding="utf-8")
    return path


def command(*words: str) -> str:
    """What the command line prints; what is wrong is raised."""
    return CliRunner().invoke(app, words, catch_exceptions=False).stdout


def test_a_form_has_a_row_for_every_quarterly_figure_with_unit_and_source(tables: Path) -> None:
    lines = fact_form(load_tables(tables), "2025Q4", author="A. Analyst", day=DAY).decode().splitlines()
    assert 'gross_margin_iot,2025Q4,,ratio,reported,"typed by A. Analyst, 2026-03-24",2026-03-24,' in lines
    assert QUARTER.keys() <= {line.partition(",")[0] for line in lines}
    assert not [line for line in lines if line.startswith("net_profit")]


def test_a_form_filled_in_rolls_the_base_year(tables: Path, tmp_path: Path) -> None:
    before, history = xa.value("base", folder=tables), len(load_tables(tables).history)
    said = command("facts", str(form(tables, tmp_path, QUARTER)), "--inputs", str(tables))
    assert "12 facts added of 2025Q4" in said
    after = xa.value("base", folder=tables)
    assert (before.base_year.quarters_missing, after.base_year.quarters_missing) == (1, 0)
    typed = load_tables(tables).row("revenue", "2025Q4")
    assert (typed.number, typed.source) == (124_000.0, "typed by A. Analyst, 2026-03-24")
    assert len(load_tables(tables).history) == history + len(QUARTER)


def test_rows_left_empty_are_no_facts_and_an_empty_form_is_refused(tables: Path, tmp_path: Path) -> None:
    rows = facts_in_form(form(tables, tmp_path, {"revenue": 124_000.0}))
    assert [row.key for row in rows] == ["revenue"]
    with pytest.raises(InputError, match=r"form form\.csv has no value filled in"):
        facts_in_form(form(tables, tmp_path, {}))


@pytest.mark.parametrize(
    ("period", "message"),
    [("2025-12-31", "must be a quarter"), ("Q4", "must be empty, a year")],
)
def test_a_form_is_of_a_quarter_or_a_year(tables: Path, period: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fact_form(load_tables(tables), period, author="A. Analyst", day=DAY)


def test_a_fact_that_the_tables_state_otherwise_is_refused_and_nothing_written(
    tables: Path, tmp_path: Path
) -> None:
    filled = form(tables, tmp_path, QUARTER)
    add_rows(tables, [row(tables, "vehicle_deliveries", "2025Q4", 150_000)])
    before = (tables / "inputs" / "history.csv").read_bytes()
    with pytest.raises(InputError, match=r"vehicle_deliveries of 2025Q4 '144000' differs from 150000 units"):
        add_facts(tables, load_tables(tables), facts_in_form(filled))
    assert (tables / "inputs" / "history.csv").read_bytes() == before


def test_a_quarter_typed_on_reported_is_a_fact_rolls_the_base_year_and_goes_into_the_tables(
    book_file: Path, tables: Path
) -> None:
    book = places(book_file, tables)
    type_into(book_file, {of_quarter(book, key, "2025Q4"): value for key, value in QUARTER.items()})
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    done = refresh_file(book_file, tables, author="A. Analyst", now=lambda: noon)
    assert {(change.key, change.after) for change in done.plan.typed} == {
        (f"quarterly_{key}", value) for key, value in QUARTER.items()
    }
    assert not done.plan.overrides
    report = xa.check(book_file, folder=tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    in_book = done.value_after
    asked = ("export", "facts", str(book_file), "--author", "A. Analyst", "--inputs", str(tables), "--json")
    added = json.loads(command(*asked))["added"]
    assert {(fact["key"], fact["value"]) for fact in added} == set(QUARTER.items())
    assert figure(tables, "revenue", "2025Q4") == 124_000
    assert load_tables(tables).row("revenue", "2025Q4").source.startswith("typed by A. Analyst, 20")
    assert in_book == pytest.approx(xa.value("base", folder=tables).sotp.value_per_share, rel=1e-9)
    again = refresh_file(book_file, tables)
    assert not again.plan.typed
    assert "Sources: Group revenue" in again.growth.added
    assert xa.check(book_file, folder=tables, second_opinion="skip").ok
    with pytest.raises(InputError, match="has no figure that the tables lack"):
        command(*asked)
