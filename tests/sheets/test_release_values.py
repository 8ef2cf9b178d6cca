"""Renaming changed no value: the lines of the workbook of version 0.1.0 have their figures, in every case."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.released import TABLES, VALUES
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.renamed import current_line
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.xlsx.package import CellValue, read_package

GROUPS = {"core": "devices"}
Figure = tuple[str, str, str, str]
"""Sheet, line and column group by their present keys, and the year or period, empty for a single cell."""


def headings(text: str) -> list[str]:
    first_year, dots, last_year = text.partition("..")
    return [str(year) for year in range(int(first_year), int(last_year) + 1)] if dots else text.split(" ")


def released() -> dict[str, dict[Figure, str]]:
    """The values of version 0.1.0 by case."""
    values: dict[str, dict[Figure, str]] = {}
    with VALUES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sheet, line = current_line(row["sheet"], row["line"])
            group = GROUPS.get(row["group"], row["group"])
            figures = zip(headings(row["headings"]), row["values"].split(" "), strict=True)
            for heading, value in figures:
                values.setdefault(row["case"], {})[sheet, line, group, heading] = value
    return values


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context(TABLES, live="none"))


@pytest.fixture(scope="module")
def calculation(rebuilt: Path) -> Calculation:
    """The workbook built today from the tables of version 0.1.0."""
    return Calculation(read_package(rebuilt), callbacks())


def calculated(book: Book, calculation: Calculation, case: str) -> Iterator[tuple[Figure, CellValue]]:
    """What its formulas give with a case selected."""
    calculation.set_value(*book.at(SELECTOR), case)
    values = calculation.values()
    for cell in book.cells():
        if cell.entry.kind == "formula" and cell.line is not None:
            yield (cell.sheet.key, cell.line.key, cell.group, heading_of(book, cell, case)), values[cell.at]


def heading_of(book: Book, cell: PlacedCell, case: str) -> str:
    if cell.count == 1:
        return ""
    assert cell.line is not None
    placed, _ = book.sheets[cell.sheet.key].lines[cell.line.key]
    heading = placed.columns[cell.group].headings[cell.index]
    if isinstance(heading, str):
        return heading
    text = heading.value(book.context.results[case])
    return text if isinstance(text, str) else str(int(text))


SINCE = {
    ("bull", "cover", "overall"): "OK,_with_1_warnings",
    ("bull", "checks", "overall"): "OK,_with_1_warnings",
    ("bull", "checks", "warnings"): "1",
}
"""What a check that the release had not says of it: the plants of bull leave 15% of its demand."""


def test_the_release_has_figures_of_every_case_and_of_renamed_lines(book: Book) -> None:
    values = released()
    assert set(values) == set(book.context.cases)
    assert {len(figures) for figures in values.values()} == {2990}
    assert ("sotp", "devices", "value", "") in values["base"]


@pytest.mark.parametrize("case", sorted(released()))
def test_every_figure_of_the_release_is_still_given(book: Book, calculation: Calculation, case: str) -> None:
    expected, present = released()[case], dict(calculated(book, calculation, case))
    assert not set(expected) - set(present)
    for figure, released_text in expected.items():
        value, text = present[figure], SINCE.get((case, *figure[:2]), released_text)
        if isinstance(value, str):
            assert value.replace(" ", "_") == text, figure
        else:
            # A difference of two figures that agree is nothing but their rounding.
            rounding = 1e-13 if "difference" in figure[1] + figure[2] and abs(value) < 1e-13 else 0
            assert value == pytest.approx(float(text), rel=1e-12, abs=rounding), figure


def test_a_value_that_moved_by_a_billionth_would_be_seen() -> None:
    released_value = float(released()["base"]["sotp", "value_per_share", "constant", ""])
    assert released_value * (1 + 1e-9) != pytest.approx(released_value, rel=1e-12, abs=0)
