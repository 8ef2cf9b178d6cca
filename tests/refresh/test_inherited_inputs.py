"""An input that follows the case its case extends, through a refresh: never an analyst's override."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import parts_with_state, read_state
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.package import CellKey, CellValue, formula_cells, read_package, read_values

OWN = "tax_rate,,0.22,0.1,0.3,ratio,assumption,a source,2025-11-19,a reason\n"


@pytest.fixture(scope="module")
def places() -> Book:
    return Book(load_context())


def of(places: Book, key: str, case: str) -> CellKey:
    return places.at(f"{{inputs.{key}:cases[{places.context.cases.index(case) + 1}]}}")


def type_over(path: Path, values: Mapping[CellKey, CellValue]) -> None:
    """Type values as an analyst does in a program that recalculates and keeps the record of the refresh."""
    state = read_state(read_package(path))
    assert state is not None
    workbook = load_workbook(path)
    for (sheet, cell), value in values.items():
        workbook[sheet][cell] = value
    workbook.save(path)
    package = read_package(path)
    path.write_bytes(package.with_parts(parts_with_state(package, state)))
    xa.recalculate(path, out=path)


def formulas(path: Path) -> dict[CellKey, str]:
    return {(cell.sheet, cell.cell): cell.text for cell in formula_cells(path)}


def test_the_record_says_which_inputs_were_written_as_formulas(delivered: Path, places: Book) -> None:
    state = read_state(read_package(delivered))
    assert state is not None
    inherited = {name for name in state.inherited if name.startswith("inputs.tax_rate.")}
    # The house view of 2026 and its bear case have tax rates of their own.
    assert inherited == {f"inputs.tax_rate.cases.{case}" for case in ("bear", "bull", "house_2026_bull")}
    assert len(state.inherited) == sum(cell.follows for cell in places.cells()) > 300


def test_a_change_of_base_is_one_override_whatever_follows_it(book_file: Path, places: Book) -> None:
    type_over(book_file, {of(places, "tax_rate", "base"): 0.2})
    done = xa.refresh(book_file)
    assert [(change.key, change.case, change.after) for change in done.plan.overrides] == [
        ("tax_rate", "base", 0.2)
    ]
    values = read_values(book_file)
    assert values[of(places, "tax_rate", "bear")] == values[of(places, "tax_rate", "bull")] == 0.2
    report = xa.check(book_file, second_opinion="skip")
    assert [finding.case for finding in report.findings if finding.kind == "input changed"] == ["base"]


def test_new_facts_reach_the_view_that_the_book_opens_with(
    book_file: Path, tables: Path, places: Book
) -> None:
    case, assumptions = tables / "cases" / "house_2026.csv", tables / "inputs" / "assumptions.csv"
    for path, old, new in (
        (case, "\nprice_hkd,,25.24,", "\nprice_hkd,,26,"),
        (assumptions, "\ntax_rate,,0.15,", "\ntax_rate,,0.17,"),
        (assumptions, "\nraw_beta,,1.01,", "\nraw_beta,,1.1,"),
    ):
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")
    done = xa.refresh(book_file, folder=tables)
    assert done.case == "house_2026"
    # Its price and its tax rate are its own; its two cases take the price from it, and all three base's beta.
    updated = {(change.key, change.case) for change in done.plan.updated}
    assert updated == {("price_hkd", "house_2026"), ("tax_rate", "base"), ("raw_beta", "base")}
    opened, values = xa.value(folder=tables), read_values(book_file)
    assert (opened.price, opened.inputs["tax_rate"], opened.inputs["raw_beta"]) == (26, 0.165, 1.1)
    assert done.value_after == pytest.approx(opened.sotp.value_per_share, rel=1e-12)
    assert values[places.at("{sotp.value_per_share}")] == pytest.approx(done.value_after, rel=1e-12)
    for heir in ("house_2026_bear", "house_2026_bull"):
        assert values[of(places, "price_hkd", heir)] == 26


def test_what_is_typed_over_a_link_stays_until_the_tables_are_asked_for(
    book_file: Path, places: Book
) -> None:
    bear = of(places, "vehicle_wacc", "bear")
    type_over(book_file, {bear: 0.13})
    for _ in range(2):
        done = xa.refresh(book_file)
        kept = [(change.key, change.case, change.after, change.tables) for change in done.plan.overrides]
        assert kept == [("vehicle_wacc", "bear", 0.13, 0.12)]
    done = xa.refresh(book_file, take_new=["vehicle_wacc"])
    assert not done.plan.overrides
    assert formulas(book_file)[bear] == of(places, "vehicle_wacc", "base")[1].join(("$", ""))
    assert xa.check(book_file, second_opinion="skip").ok


def test_a_link_follows_the_case_file_there_and_back(book_file: Path, tables: Path, places: Book) -> None:
    bear, case = of(places, "tax_rate", "bear"), tables / "cases" / "bear.csv"
    link, text = formulas(book_file)[bear], case.read_text()
    case.write_text(text + OWN)
    done = xa.refresh(book_file, folder=tables)
    assert [(change.key, change.case, change.after) for change in done.plan.updated] == [
        ("tax_rate", "bear", 0.22)
    ]
    assert bear not in formulas(book_file)
    assert xa.check(book_file, folder=tables, second_opinion="skip").ok
    case.write_text(text)
    done = xa.refresh(book_file, folder=tables)
    assert [(change.key, change.before, change.after) for change in done.plan.updated] == [
        ("tax_rate", 0.22, 0.15)
    ]
    assert formulas(book_file)[bear] == link
    assert xa.check(book_file, folder=tables, second_opinion="skip").ok


def test_a_link_that_the_analyst_makes_is_an_override(book_file: Path, places: Book) -> None:
    """Bear has a discount of its own in the tables."""
    bear = of(places, "holding_discount", "bear")
    link = "=$" + of(places, "holding_discount", "base")[1]
    type_over(book_file, {bear: link})
    done = xa.refresh(book_file)
    assert [(change.key, change.case, change.after) for change in done.plan.overrides] == [
        ("holding_discount", "bear", link)
    ]
    assert formulas(book_file)[bear] == link[1:]


def test_a_workbook_of_copies_gets_its_links(book_file: Path, places: Book) -> None:
    """As builds wrote them before: a number in every case, which the record knows as written."""
    package = read_package(book_file)
    state = read_state(package)
    assert state is not None
    links = {cell.at for cell in places.cells() if cell.follows}
    stored = read_values(package)
    workbook = load_workbook(book_file)
    for sheet, cell in links:
        workbook[sheet][cell] = stored[sheet, cell]
    workbook.save(book_file)
    package = read_package(book_file)
    old = type(state)(state.version, state.written, state.values, state.texts, state.arrivals)
    book_file.write_bytes(package.with_parts(parts_with_state(package, old)))
    xa.recalculate(book_file, out=book_file)
    done = xa.refresh(book_file)
    assert not done.plan.updated
    assert not done.plan.overrides
    assert links <= formulas(book_file).keys()
    assert xa.check(book_file, second_opinion="skip").ok
