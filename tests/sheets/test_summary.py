"""Summary shows what was published beside the paths of the case that counts, in billions."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

FREE_CASH_FLOW = (-2.21, -5.20, 20.41, 18.85, 2.62, -10.19, 35.03, 32.0)
"""CNY bn, 2017 to 2024: operating cash flow less capital expenditure, stockanalysis.com XIACF."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def values(delivered: Path) -> dict[CellKey, CellValue]:
    return read_values(delivered)


def row(book: Book, values: dict[CellKey, CellValue], key: str) -> list[CellValue]:
    """The figures of a line of Summary from left to right."""
    line = book.sheets["summary"].lines[key][1]
    counts = {"actual": 3, "model": 5}
    return [
        values[book.at(f"{{summary.{key}:{group}[{n}]}}")]
        for group in line.cells
        for n in range(1, counts[group] + 1)
    ]


def test_reported_years_are_the_published_ones(book: Book, values: dict[CellKey, CellValue]) -> None:
    # CNY bn, annual results of 2022, 2023 and 2024
    assert row(book, values, "revenue")[:3] == pytest.approx([280.04, 270.97, 365.91], abs=0.005)
    assert row(book, values, "revenue_smartphone")[:3] == pytest.approx([167.22, 157.46, 191.8], abs=0.05)
    assert row(book, values, "free_cash_flow")[:3] == pytest.approx(FREE_CASH_FLOW[-3:], abs=0.05)
    assert row(book, values, "adjusted_net_profit") == pytest.approx([8.52, 19.27, 27.23], abs=0.005)
    assert row(book, values, "revenue_vehicle")[:2] == ["n/a", "n/a"]


def test_the_average_of_reported_flows_runs_through_all_years(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    average = sum(FREE_CASH_FLOW) / len(FREE_CASH_FLOW)
    assert row(book, values, "average_free_cash_flow") == pytest.approx([average] * 8, abs=0.01)


def test_ten_years_stand_in_eight_columns_under_their_headings(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    years = row(book, values, "year")
    assert years == [2022, 2023, 2024, 2025, 2026, 2027, 2028, 2031]
    placed = book.sheets["summary"]
    headings = [cell for cell in book.cells() if cell.sheet is placed.sheet and cell.line is None]
    assert [values[cell.at] for cell in headings] == [
        *("2022A", "2023A", "2024A", "2025 base", "2026E", "2027E", "2028E", "2031E")
    ]


def test_expected_years_add_up_and_their_ratios_follow(book: Book, values: dict[CellKey, CellValue]) -> None:
    expected = load_context().results["house_2026"]
    by_year = [0, 1, 2, 3, 6]
    revenue = [
        (expected.devices_segments.revenue[n] + expected.vehicle_units.revenue[n]) / 1000 for n in by_year
    ]
    assert row(book, values, "revenue")[3:] == pytest.approx(revenue, rel=1e-12)
    growth = row(book, values, "revenue_growth")
    assert growth[-1] == pytest.approx((revenue[4] / revenue[3]) ** (1 / 3) - 1, rel=1e-12)
    invested, earned = row(book, values, "invested_vehicle"), row(book, values, "nopat_vehicle")
    assert row(book, values, "return_vehicle")[1] == pytest.approx(earned[1] / invested[1], rel=1e-12)  # type: ignore[operator]
    price, shares, rate = expected.price, expected.sotp.shares, expected.sotp.hkd_per_cny
    market = price * shares / rate / 1000
    multiples = row(book, values, "price_to_earnings")
    assert multiples == pytest.approx([market / 8.52, market / 19.27, market / 27.23], rel=1e-3)
