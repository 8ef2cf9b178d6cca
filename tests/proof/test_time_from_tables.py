"""More rows in the tables, no change of code: workbook, check and value follow. Figures are made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xlwings_addin as xa
from tests.quarters_of_2026 import (
    add_quarter,
    add_rows,
    figure,
    leave_out_the_year,
    row,
    set_house_view,
    start_from_2026,
)
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.calendar import quarters_of
from xlwings_addin.inputs.tables import load_tables, tables_folder


@pytest.fixture
def tables(tables: Path) -> Path:
    """The project's tables before the results of 2025, which a test may spoil."""
    leave_out_the_year(tables)
    return tables


def one_row(folder: Path) -> None:
    """Vehicles delivered are told days after a quarter ends, months before its revenue."""
    add_rows(folder, [row(folder, "vehicle_deliveries", "2026Q4", 160_000)])


def one_quarter(folder: Path) -> None:
    """A quarter announced after the valuation date: it stands on Reported, and the case still assumes it."""
    add_quarter(folder, "2025Q4")


def three_quarters(folder: Path) -> None:
    for quarter in ("2025Q4", "2026Q1", "2026Q2", "2026Q3"):
        add_quarter(folder, quarter)
    start_from_2026(folder)


def a_whole_year_and_a_half(folder: Path) -> None:
    """More quarters than the timeline has years: the keys of the sheet stand further right."""
    for quarter in ("2025Q4", *quarters_of(2026), *quarters_of(2027), "2028Q1"):
        add_quarter(folder, quarter)
    set_house_view(folder, base_year=2027, valuation_date="2028-05-20", plant_3_year="2026,2026,2028")
    for pattern in ("house_2026*.csv", "event_*.csv"):  # of a day of their own, before that base year
        for file in (folder / "cases").glob(pattern):
            file.unlink()


def built(folder: Path) -> Path:
    """The workbook of the tables, which the embedded engine and the core agree on in every case at 1e-9."""
    return xa.build(folder / "book.xlsx", case="base", folder=folder)


def of_line(sheet: Worksheet, key: str) -> dict[str, object]:
    """What stands in the row of a key, by the quarter that heads its column."""
    rows = {cell.value: cell.row for column in sheet.iter_cols() for cell in column}
    headings = sheet[rows["quarter_year"] - 1]
    return {
        str(heading.value): sheet.cell(rows[key], heading.column).value
        for heading in headings
        if "Q" in str(heading.value) and len(str(heading.value)) == 6
    }


@pytest.mark.parametrize(
    ("add", "value_moves"),
    [(one_row, False), (one_quarter, False), (three_quarters, True), (a_whole_year_and_a_half, True)],
)
def test_workbook_check_and_value_follow_the_rows(
    tables: Path, add: Callable[[Path], None], value_moves: bool
) -> None:
    add(tables)
    before, after = xa.value("base").sotp.value_per_share, xa.value("base", folder=tables).sotp
    assert (after.value_per_share != before) is value_moves
    report = xa.check(built(tables), folder=tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert report.comparisons > 20_000
    sheet = load_workbook(tables / "book.xlsx", data_only=True)["Reported"]
    if add is three_quarters:
        growth_and_twelve_months_are_shown(sheet, tables)
    deliveries = of_line(sheet, "quarterly_vehicle_deliveries")
    assert len(deliveries) % 4 == 0
    for quarter, number in deliveries.items():
        if number is not None:
            assert number == figure(tables, "vehicle_deliveries", quarter)


def test_a_base_year_of_three_quarters_sums_them_and_assumes_the_fourth(tables: Path) -> None:
    three_quarters(tables)
    base = xa.value("base", folder=tables)
    reported = ["2026Q1", "2026Q2", "2026Q3"]
    by_hand = sum(figure(tables, "revenue_iot", quarter) for quarter in reported)
    assumed = base.inputs.number("assumed_iot_revenue")
    assert base.base_year.segments["iot"].revenue.reported == pytest.approx(by_hand, rel=1e-12)
    assert base.base_year.segments["iot"].revenue.year == pytest.approx(by_hand + assumed, rel=1e-12)
    earlier = [*quarters_of(2024), *quarters_of(2025)]
    made = sum(figure(tables, "vehicle_deliveries", quarter) for quarter in earlier) / 1e6
    assert base.base_year.earlier_deliveries == pytest.approx(made, rel=1e-12)
    assert base.timeline.year[0] == 2027


@pytest.mark.parametrize("reported", [1, 2, 4])
def test_2026_can_be_the_base_year_from_its_first_quarter_on(tables: Path, reported: int) -> None:
    for quarter in ("2025Q4", *quarters_of(2026)[:reported]):
        add_quarter(tables, quarter)
    start_from_2026(tables, "2026-11-18" if reported < 4 else "2027-03-24")
    base = xa.value("base", folder=tables)
    assert base.base_year.quarters.reported == quarters_of(2026)[:reported]
    assert base.base_year.quarters.assumed == quarters_of(2026)[reported:]
    assert base.base_year.deliveries.assumed == pytest.approx(
        (4 - reported) * base.inputs.number("assumed_vehicle_deliveries"), rel=1e-12
    )
    sheet = load_workbook(built(tables), data_only=True)["Base Year"]
    rows = {cell.value: cell.row for column in sheet.iter_cols() for cell in column}
    states = [sheet.cell(rows["quarter_state"], column).value for column in range(4, 8)]
    assert states == ["reported"] * reported + ["assumed"] * (4 - reported)


def growth_and_twelve_months_are_shown(sheet: Worksheet, tables: Path) -> None:
    """Reported with three new quarters."""
    revenue = {quarter: figure(tables, "revenue", quarter) for quarter in (*quarters_of(2025), "2026Q1")}
    growth = of_line(sheet, "quarterly_revenue_growth")
    on_year = of_line(sheet, "quarterly_revenue_growth_on_year")
    months = of_line(sheet, "last_twelve_months_revenue")
    assert growth["2026Q1"] == pytest.approx(revenue["2026Q1"] / revenue["2025Q4"] - 1, rel=1e-9)
    assert on_year["2026Q1"] == pytest.approx(revenue["2026Q1"] / revenue["2025Q1"] - 1, rel=1e-9)
    last_four = [revenue[quarter] for quarter in ("2025Q2", "2025Q3", "2025Q4", "2026Q1")]
    assert months["2026Q1"] == pytest.approx(sum(last_four), rel=1e-9)
    assert (growth["2024Q1"], on_year["2024Q4"], months["2024Q3"]) == ("n/a", "n/a", "n/a")
    # 89.0 + 75.5 + 88.9 + 92.5 CNY bn, announced: FY2024 as a whole was announced as 365.9.
    assert months["2024Q4"] == pytest.approx(365_900, rel=1e-3)


# --- what is wrong --------------------------------------------------------------------------------------


def test_a_quarter_without_its_neighbour_writes_nothing(tables: Path) -> None:
    add_quarter(tables, "2025Q4")
    add_rows(tables, [row(tables, "revenue", "2026Q2", 130_000)])
    with pytest.raises(InputError) as caught:
        built(tables)
    line = len((tables / "inputs" / "history.csv").read_text(encoding="utf-8").splitlines())
    assert str(caught.value) == (
        f"history.csv line {line} revenue of 2026Q2 '130000' must have the quarter before it, 2026Q1: "
        "reported quarters follow on each other, and the last before it is 2025Q4"
    )
    assert not (tables / "book.xlsx").exists()


def test_a_year_that_stands_twice_writes_nothing(tables: Path) -> None:
    add_rows(tables, [row(tables, "revenue", "FY2024", 365_000)])
    with pytest.raises(InputError, match=r"^revenue FY2024 .*\(history\.csv line \d+\) and .*disagree: "):
        built(tables)
    assert not (tables / "book.xlsx").exists()


def test_a_base_year_beyond_the_reported_quarters_says_which_is_the_last(tables: Path) -> None:
    start_from_2026(tables)
    with pytest.raises(DomainError) as caught:
        built(tables)
    assert str(caught.value) == (
        f"{load_tables(tables).row('devices_method').place} devices_method segments needs a quarter of "
        "base_year 2026 with reported revenue; the last one in the tables is 2025Q3"
    )


# --- a workbook from before -----------------------------------------------------------------------------


def test_a_workbook_from_before_a_quarter_is_still_checked_and_refreshed(
    book_file: Path, tmp_path: Path
) -> None:
    tables, later = tmp_path / "with_the_year", ("2026Q4", "2027Q1")
    shutil.copytree(tables_folder(), tables)
    add_rows(tables, [row(tables, "vehicle_deliveries", quarter, 160_000) for quarter in later])
    report = xa.check(book_file, folder=tables, second_opinion="skip")
    named = [finding.message for finding in report.findings if finding.kind == "missing column"]
    assert [message.partition(" stands")[0] for message in named] == ["vehicle_deliveries of 2027Q1"]
    assert {finding.kind for finding in report.findings if finding.severity == "failure"} <= {"lint"}
    done = xa.refresh(book_file, folder=tables)
    # The quarter that had no column gets one, with its figure, and the check misses it no more.
    assert "Reported: 2027Q1" in done.growth.added
    assert not done.plan.unplaced
    deliveries = of_line(load_workbook(book_file, data_only=True)["Reported"], "quarterly_vehicle_deliveries")
    assert {quarter: deliveries[quarter] for quarter in later} == dict.fromkeys(later, 160_000)
    assert not done.plan.overrides
    report = xa.check(book_file, folder=tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert not [finding for finding in report.findings if finding.kind == "missing column"]
    assert done.value_after == pytest.approx(xa.value(folder=tables).sotp.value_per_share, rel=1e-9)
