"""A rule that values typed into a workbook break is told by their cells, and not by lines of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from xlwings_addin.core.errors import DomainError
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import book_context, located
from xlwings_addin.proof.report import Report
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

REPLICA, STRICT = "march_2024_replica", "march_2024_strict"


@pytest.fixture(scope="module")
def values(delivered: Path) -> Mapping[CellKey, CellValue]:
    return read_values(delivered)


@pytest.fixture(scope="module")
def book(values: Mapping[CellKey, CellValue]) -> Book:
    context = load_context()
    return Book(context, located(pages_of(values), context))


def cell_of(book: Book, key: str, case: str) -> CellKey:
    return book.at(f"{{inputs.{key}:cases[{book.context.cases.index(case) + 1}]}}")


def sentence(book: Book, values: Mapping[CellKey, CellValue], typed: Mapping[CellKey, CellValue]) -> str:
    with pytest.raises(DomainError) as refused:
        book_context({**values, **typed}, book, Report(""))
    assert ".csv" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("key", "case", "value", "told"),
    [
        ("demand_saturation", "base", 0.1, "demand_saturation 0.1 must exceed the deliveries of 2025, 0."),
        ("vehicle_wacc", REPLICA, 0.04, "vehicle_wacc 4.00% must exceed vehicle_terminal_growth 5.00%"),
        ("valuation_date", "base", 50000.0, "valuation_date 2036-11-21 must be from 2025-01-01 to 2026-"),
        ("cash_since", "base", 50000.0, "cash_since 2036-11-21 must be from 2024-12-31 to 2026-12-31: "),
    ],
)
def test_an_input_that_breaks_a_rule_is_told_by_its_cell(
    book: Book, values: Mapping[CellKey, CellValue], key: str, case: str, value: float, told: str
) -> None:
    at = cell_of(book, key, case)
    assert sentence(book, values, {at: value}).startswith(f"{at[0]}!{at[1]} {told}")


def test_a_rule_between_two_inputs_names_the_one_that_was_typed(
    book: Book, values: Mapping[CellKey, CellValue]
) -> None:
    growth, follower = (
        cell_of(book, "vehicle_terminal_growth", REPLICA),
        cell_of(book, "vehicle_wacc", STRICT),
    )
    assert sentence(book, values, {growth: 0.5}) == (
        f"Inputs!{follower[1]} vehicle_wacc 12.00% must exceed vehicle_terminal_growth 50.00%; "
        f"typed in this workbook: Inputs!{growth[1]} vehicle_terminal_growth"
    )


def test_plants_are_told_by_their_cells(book: Book, values: Mapping[CellKey, CellValue]) -> None:
    first, second = (cell_of(book, f"plant_{n}_capacity", "base") for n in (1, 2))
    told = sentence(book, values, {first: 0.01})
    assert told.endswith(f": plant_1_capacity (Inputs!{first[1]}), plant_2_capacity (Inputs!{second[1]})")


def test_a_reported_figure_that_breaks_a_rule_is_told_by_its_cell(
    book: Book, values: Mapping[CellKey, CellValue]
) -> None:
    quarters = book.context.calendar.quarters
    at = book.at(f"{{reported.quarterly_vehicle_deliveries[{quarters.index('2025Q3') + 1}]}}")
    told = sentence(book, values, {at: 9e6})
    assert told.endswith(f"; typed in this workbook: Reported!{at[1]} vehicle_deliveries of 2025Q3")
