"""A refresh is never silently wrong: what is reproduced, calculated, kept, and what stops it by name.

The analyst's own formulas store values that Excel would show for what it calculates from cells the embedded
engine has not (`CELL`, a query of a service), or that no engine can reproduce.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.refresh.refreshing import refresh_file
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine import believing, second_opinion
from xlwings_addin.engine.witness import UntrustedError
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    formula_cells,
    read_package,
    read_values,
    write_values,
)


@pytest.fixture(scope="module")
def places() -> Book:
    return Book(load_context())


@pytest.fixture
def folder(other_tables: Path) -> Path:
    """The tables with another tax rate of the house view."""
    return other_tables


def own(book: Path, formulas: dict[str, tuple[str, CellValue]]) -> Path:
    """Add a sheet Mine to a workbook: formulas, and the values that its last program has stored."""
    stored = read_values(book)
    workbook = load_workbook(book)
    sheet = workbook.create_sheet("Mine")
    for address, (formula, _) in formulas.items():
        sheet[address] = formula
    workbook.save(book)  # openpyxl drops the values and the record of the last build
    values = {**stored, **{("Mine", address): value for address, (_, value) in formulas.items()}}
    book.write_bytes(write_values(book, values, only_formulas=False))
    return book


def refreshed(book: Path, folder: Path | None = None, **options: object) -> Refreshed:
    return refresh_file(book, folder, take_new=["tax_rate"], **options)


def value_per_share(places: Book) -> str:
    sheet, address = places.at("{sotp.value_per_share}")
    return f"{sheet}!{address}"


def test_without_new_facts_every_formula_is_reproduced_and_none_calculated(book_file: Path) -> None:
    before, formulas = read_package(book_file).parts, len(formula_cells(book_file))
    account = refresh_file(book_file).account
    assert account is not None
    assert (account.reproduced, account.calculated, account.kept) == (formulas, 0, ())
    assert formulas > 3000
    after = read_package(book_file).parts
    assert {name for name in before if before[name] != after[name]} <= {"customXml/item1.xml"}


def test_what_hangs_on_a_new_fact_is_calculated_and_the_rest_keeps_its_bytes(
    book_file: Path, folder: Path
) -> None:
    account = refreshed(book_file, folder).account
    assert account is not None
    assert account.calculated > 300
    assert account.reproduced > 1000
    assert account.reproduced + account.calculated == len(formula_cells(book_file))


@pytest.mark.parametrize(
    "formulas",
    [
        {
            # A volatile text, a name that is none, another value, and an unknown function.
            "A1": ('=INFO("osversion")&CELL("filename")', "C:\\models\\[book.xlsx]Mine"),
            "B1": ("=NO.SUCH.NAME", 7.0),
            "C1": ("=2+2", 5.0),
            "D1": ("=NO.SUCH.FUNCTION(1)", 12.5),
        },
        {"A1": ("=A2+1", 3.0), "A2": ("=A1-1", 2.0)},
    ],
    ids=["not to be calculated", "a circle"],
)
def test_formulas_of_the_analyst_s_own_that_hang_on_nothing_of_ours_stop_no_refresh(
    book_file: Path, folder: Path, formulas: dict[str, tuple[str, CellValue]]
) -> None:
    own(book_file, formulas)
    done = refreshed(book_file, folder)
    assert {change.key for change in done.plan.updated} == {"tax_rate"}
    values = read_values(book_file)
    assert {address: values["Mine", address] for address in formulas} == {
        address: stored for address, (_, stored) in formulas.items()
    }


def test_a_formula_that_hangs_on_a_change_and_is_not_trusted_stops_by_name(
    book_file: Path, folder: Path, places: Book
) -> None:
    value = value_per_share(places)
    own(book_file, {"A1": (f"=NO.SUCH.FUNCTION({value})", 12.5), "A2": ("=A1*2", 25.0)})
    before = book_file.read_bytes()
    with pytest.raises(UntrustedError, match=r"Mine!A1") as refusal:
        refreshed(book_file, folder)
    assert [(cell.place, cell.stored) for cell in refusal.value.distrusts] == [("Mine!A1", 12.5)]
    assert book_file.read_bytes() == before


def test_a_value_that_the_engine_does_not_reproduce_is_not_trusted_with_a_change(
    book_file: Path, folder: Path, places: Book
) -> None:
    own(book_file, {"A1": (f"={value_per_share(places)}*2", 1000.0)})
    with pytest.raises(BookError, match=r"Mine!A1.*stores 1000 where the engine computes"):
        refreshed(book_file, folder)
    untouched = refresh_file(book_file)
    assert untouched.account is not None
    assert [cell.place for cell in untouched.account.doubted] == ["Mine!A1"]
    assert read_values(book_file)["Mine", "A1"] == 1000.0


def test_kept_uncalculated_it_stays_with_all_that_hang_on_it_and_the_book_asks_to_be_recalculated(
    book_file: Path, folder: Path, places: Book
) -> None:
    value = value_per_share(places)
    own(
        book_file,
        {"A1": (f"=NO.SUCH.FUNCTION({value})", 12.5), "A2": ("=A1*2", 25.0), "A3": (f"={value}*2", None)},
    )
    done = refreshed(book_file, folder, keep_uncalculated=True)
    account = done.account
    assert account is not None
    assert [cell.place for cell in account.kept] == ["Mine!A1"]
    assert set(account.stale) == {("Mine", "A1"), ("Mine", "A2")}
    values = read_values(book_file)
    assert (values["Mine", "A1"], values["Mine", "A2"]) == (12.5, 25.0)
    assert values["Mine", "A3"] == pytest.approx(2 * float(str(done.value_after)), rel=1e-12)
    assert b'fullCalcOnLoad="1"' in read_package(book_file).parts["xl/workbook.xml"]


@pytest.mark.parametrize("live", ["none", "cases"])
def test_a_result_of_another_case_that_is_not_certain_stays_as_stored_and_is_told(
    book_file: Path, kept_cases: Path, places: Book, live: str
) -> None:
    """A result that Cover keeps, and one that its what-if table shows."""
    if live == "none":
        shutil.copy(kept_cases, book_file)
    sheet, address = places.at("{sotp.value_per_share}")
    workbook = load_workbook(book_file)
    stored = read_values(book_file)
    formula = workbook[sheet][address].value
    workbook[sheet][address] = f"NO.SUCH.FUNCTION({formula[1:]})".join(("=", ""))
    workbook.save(book_file)
    book_file.write_bytes(write_values(book_file, stored, only_formulas=False))
    done = refresh_file(book_file)
    assert done.account is not None
    doubted = [cell.place for cell in done.account.doubted]
    notes = [note for note in done.notes if "stay as they are stored" in note]
    assert any(f"{sheet}!{address}" in told for told in (notes if live == "none" else doubted))
    after = read_values(book_file)
    assert {at: after[at] for at in stored if at[0] == "Cover"} == {
        at: value for at, value in stored.items() if at[0] == "Cover"
    }


def test_values_that_are_said_to_be_old_witness_nothing(book_file: Path, places: Book) -> None:
    own(book_file, {"A1": (f"={value_per_share(places)}*2", 1000.0)})
    done = refresh_file(book_file, stored_values_are_old=True)
    assert done.account is not None
    assert done.account.calculated > 3000
    assert read_values(book_file)["Mine", "A1"] == pytest.approx(2 * float(str(done.value_after)), rel=1e-12)


def test_a_value_of_the_analyst_s_own_that_nothing_witnesses_needs_a_second_engine(
    book_file: Path, folder: Path, places: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if nothing proved ASINH of one value; what the second engine says comes from Python here."""
    monkeypatch.setattr(believing, "unproven", lambda tree, **_: "ASINH(value)")
    mine = own(book_file, {"A1": (f"=ASINH({value_per_share(places)}/100)", None)})
    monkeypatch.setattr(second_opinion, "_asked", lambda book, values, timeout: ("LibreOffice 7", {}))
    before = mine.read_bytes()
    with pytest.raises(UntrustedError, match=r"^cell Mine!A1 .* ASINH\(value\), which nothing proves"):
        refreshed(mine, folder)
    assert mine.read_bytes() == before

    def agreeing(book: object, values: Mapping[CellKey, CellValue], timeout: float) -> object:
        value = values[places.at("{sotp.value_per_share}")]
        assert isinstance(value, float)
        return "LibreOffice 7", {("Mine", "A1"): math.asinh(value / 100)}

    monkeypatch.setattr(second_opinion, "_asked", agreeing)
    done = refreshed(mine, folder)
    assert isinstance(done.value_after, float)
    expected = math.asinh(done.value_after / 100)
    assert read_values(mine)["Mine", "A1"] == pytest.approx(expected, rel=1e-9)
