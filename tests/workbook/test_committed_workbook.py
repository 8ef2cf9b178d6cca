"""Every committed workbook, opened with openpyxl: each formula, and its stored value against `xa.value`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

import xlwings_addin as xa
from xlwings_addin.inputs.folders import company_names
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.xlsx.agreement import plain

FOLDER = Path(__file__).parents[2] / "workbook"
COMPANIES = {FOLDER / xa.company(name).book: xa.company(name) for name in company_names()}
"""The companies that come with the project, by their workbooks."""
OWN = FOLDER / xa.BOOK_NAME
RELATIVE = 1e-9


@dataclass(frozen=True)
class Opened:
    """A workbook as openpyxl reads it, once for its formulas and once for the values beside them."""

    formulas: Workbook
    values: Workbook

    @classmethod
    def of(cls, path: Path) -> Opened:
        return cls(load_workbook(path), load_workbook(path, data_only=True))


def faults(opened: Opened, places: Book) -> Iterator[str]:
    """The lines whose cell holds no formula of ours, or stores another value than the core has for it."""
    sheet, address = places.at(SELECTOR)
    results = xa.value(opened.values[sheet][address].value, folder=places.context.company.folder)
    for cell, expected in places.all_expected(formula_cells(places), results):
        line = cell.line.key if cell.line else "heading"
        where = f"{cell.sheet.title}!{cell.address} {line}"
        formula = opened.formulas[cell.sheet.title][cell.address].value
        formula = getattr(formula, "text", formula)  # of an array
        if formula != places.formula(cell):
            yield f"{where} holds {formula} where {places.formula(cell)} belongs"
        stored = plain(opened.values[cell.sheet.title][cell.address].value)
        wanted = plain(expected)
        agrees = stored == wanted
        if isinstance(wanted, float) and isinstance(stored, float):
            agrees = stored == pytest.approx(wanted, rel=RELATIVE, abs=1e-12)
        if not agrees:
            yield f"{where} stores {stored}, the core has {wanted}"


def formula_cells(places: Book) -> list[PlacedCell]:
    return [cell for cell in places.cells() if cell.entry.kind == "formula"]


@pytest.fixture(scope="module")
def places() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def opened() -> Opened:
    """Read once; a test that spoils a cell does so with `monkeypatch`."""
    return Opened.of(OWN)


def test_there_are_committed_workbooks_and_they_have_lines(places: Book) -> None:
    assert sorted(FOLDER.glob("*.xlsx")) == sorted(COMPANIES)
    assert OWN in COMPANIES
    cells = formula_cells(places)
    assert len(cells) > 3000
    assert len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line}) > 400


@pytest.mark.parametrize("path", COMPANIES, ids=lambda path: path.name)
def test_each_formula_stores_the_value_the_core_has_for_its_line(path: Path) -> None:
    placed = Book(load_context(COMPANIES[path].folder))
    assert list(faults(Opened.of(path), placed)) == []  # as the file is, not as a test may have left it


def test_a_number_pasted_over_a_formula_is_found_though_its_value_is_right(
    opened: Opened, places: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, address = places.at("{sotp.value_per_share}")
    value = opened.values[sheet][address].value
    monkeypatch.setattr(opened.formulas[sheet][address], "value", value)
    (fault,) = faults(opened, places)
    assert fault.startswith(f"{sheet}!{address} value_per_share holds {value} where =")


def test_a_stored_value_that_is_off_by_a_billionth_and_a_half_is_found(
    opened: Opened, places: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, address = places.at("{sotp.upside}")
    cell = opened.values[sheet][address]
    monkeypatch.setattr(cell, "value", cell.value * (1 + 1.5e-9))
    (fault,) = faults(opened, places)
    assert fault.startswith(f"{sheet}!{address} upside stores ")


def test_a_formula_that_gives_the_same_value_another_way_is_found(
    opened: Opened, places: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, address = places.at("{sotp.value_per_share}")
    cell = opened.formulas[sheet][address]
    monkeypatch.setattr(cell, "value", f"{cell.value}+0")
    (fault,) = faults(opened, places)
    assert "+0 where =" in fault
