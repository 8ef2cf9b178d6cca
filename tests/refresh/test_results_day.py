"""The whole day a company reports: two refreshes, a figure typed by hand, the roll, the proof."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.quarters_of_2026 import add_quarter, add_rows, figure, history_of, row
from tests.refresh.refreshing import refresh_file, type_into
from tests.refresh.test_growth import copied_tables, of_quarter, places, with_record_of
from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.analytics.vintages import whole_vintage_of
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.tables import load_tables, tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.refresh.rolling import RolledBook, roll_book
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, formula_cells, move, read_package, read_values

pytestmark = pytest.mark.slow

KEYS = (
    *("tax_rate", "vehicle_wacc", "iot_growth_start"),
    *("internet_gross_margin_end", "vehicle_learning_rate", "devices_capex_ratio"),
)
TYPED_BY_HAND = ("adjusted_net_profit", 6_395.0)
NEW = "2025Q4"


def halfway(inputs: Inputs, key: str) -> float:
    """A value of an analyst's own, between that of the tables and the end of its range."""
    high = inputs.row(key).high
    assert high is not None
    return (inputs.number(key) + high) / 2


@dataclass(frozen=True)
class Day:
    """The book at the end of the day, what each step said, and the analyst's own inputs."""

    path: Path
    folder: Path
    refreshes: tuple[Refreshed, ...]
    roll: RolledBook
    rolled: Refreshed
    overrides: dict[str, float]


def input_of_base(book: Book, key: str) -> CellKey:
    return book.at(f"{{inputs.{key}:cases[{book.context.cases.index('base') + 1}]}}")


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the last view before the results of 2025."""
    return delivered_at_base


@pytest.fixture(scope="module")
def day(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Day:
    work = tmp_path_factory.mktemp("day")
    folder, path = copied_tables(work / "tables"), work / "book.xlsx"
    before = places(delivered, tables_folder())
    overrides = {key: halfway(load_inputs("base"), key) for key in KEYS}
    workbook = load_workbook(delivered)
    sheet = workbook.create_sheet("Mine")
    title, value = before.at("{sotp.value_per_share}")
    sheet["A1"], sheet["A2"], sheet["A3"] = f"={title}!{value}*2", "my own words", "=A1+1"
    workbook.save(path)
    with_record_of(delivered, path)
    path.write_bytes(move(path, "Reported", 9, 1, "rows"))
    xa.recalculate(path, out=path, stored_values_are_old=True)
    moved = places(path, tables_folder())
    hand = of_quarter(moved, TYPED_BY_HAND[0], NEW)
    type_into(
        path,
        {input_of_base(moved, key): own for key, own in overrides.items()} | {hand: TYPED_BY_HAND[1]},
    )
    if not re.search(rf"(?m)^revenue,{NEW},", history_of(folder).read_text(encoding="utf-8")):
        add_quarter(folder, NEW)
    lines = history_of(folder).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{TYPED_BY_HAND[0]},{NEW},")]
    history_of(folder).write_text("".join(kept), encoding="utf-8")
    first = refresh_file(path, folder, author="A. Analyst")
    if not re.search(r"(?m)^revenue,FY2025,", "".join(lines)):
        whole = sum(figure(folder, "revenue", f"2025Q{number}") for number in (1, 2, 3, 4))
        add_rows(folder, [row(folder, "revenue", "FY2025", whole)])
    second = refresh_file(path, folder, author="A. Analyst")
    to = load_inputs("base", folder).day("valuation_date") + timedelta(days=132)
    rolled = roll_book(path, to, price=32.0, payouts=7_464.0, folder=folder)
    last = refresh_file(path, folder, typed=rolled.typed, typed_by=rolled.source, changes_sheet=True)
    return Day(path, folder, (first, second), rolled, last, overrides)


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_both_engines_prove_the_book_at_the_end_of_the_day(day: Day) -> None:
    report = xa.check(day.path, folder=day.folder, second_opinion="libreoffice")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert report.second is not None


def test_nothing_of_the_analyst_s_is_lost(day: Day) -> None:
    values, book = read_values(day.path), places(day.path, day.folder)
    formulas = {(cell.sheet, cell.cell): cell.text for cell in formula_cells(read_package(day.path))}
    title, address = book.at("{sotp.value_per_share}")
    assert formulas["Mine", "A1"] == f"{title}!{address}*2"
    assert values["Mine", "A2"] == "my own words"
    assert values["Mine", "A3"] == 2 * values[title, address] + 1
    for key, own in day.overrides.items():
        assert values[input_of_base(book, key)] == own
    for done in (*day.refreshes, day.rolled):
        assert {change.key for change in done.plan.overrides} >= set(day.overrides)
    assert values[of_quarter(book, TYPED_BY_HAND[0], NEW)] == TYPED_BY_HAND[1]


def test_the_value_is_the_core_s_with_the_overrides_on_the_new_day(day: Day) -> None:
    inputs = load_inputs("base", day.folder).replace(**day.overrides)
    inputs = inputs.replace(**{key: value for (case, key), value in day.roll.typed.items() if case == "base"})
    assert day.rolled.value_after == pytest.approx(evaluate(inputs).sotp.value_per_share, rel=1e-9)
    assert inputs["valuation_date"] == day.roll.rolled["base"].inputs["valuation_date"]


def test_every_bridge_of_the_day_adds_up(day: Day) -> None:
    for done in (*day.refreshes, day.rolled):
        if done.bridge is not None:
            parts = sum(driver.part for driver in done.bridge.drivers)
            assert parts == pytest.approx(done.bridge.change, abs=1e-9)
    steps = day.roll.rolled["base"].steps
    assert {"time", "payouts", "price"} <= {step.name for step in steps}


def test_the_scorecard_sets_the_year_that_came_beside_what_the_model_said(day: Day) -> None:
    tables = load_tables(day.folder)
    said = whole_vintage_of(evaluate(load_inputs("base", tables_folder())))
    scores = {(score.key, score.period): score for score in scorecard(said, tables)}
    revenue = scores["revenue", "FY2025"]
    assert revenue.actual == figure(day.folder, "revenue", "FY2025")
    assert revenue.error == revenue.forecast - revenue.actual
    assert {key for key, period in scores if period == "FY2025"} >= {"vehicle_deliveries", "revenue_iot"}


def test_the_next_refresh_keeps_what_was_rolled(day: Day) -> None:
    again = refresh_file(day.path, day.folder, dry_run=True)
    assert again.plan.updated == []
    kept = {change.key for change in again.plan.overrides}
    assert {key for _, key in day.roll.typed} <= kept
