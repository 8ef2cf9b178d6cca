"""New facts into an analyst's workbook: what is updated, what is kept, and what never changes."""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.refresh.refreshing import refresh_file
from tests.xlsx import foreign_books
from xlwings_addin.core.errors import BookError, ChoiceError, DomainError, InputError
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import read_state
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.plan import plan
from xlwings_addin.refresh.refreshed import Refreshed, rows_of
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    formula_cells,
    read_package,
    read_values,
    write_values,
)

KILLS = int(os.environ.get("KILLS", "15"))
"""In one run; `KILLS=300` for a longer one."""


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture(scope="module")
def places() -> Book:
    return Book(load_context())


@pytest.fixture
def book(delivered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(delivered, tmp_path / "book.xlsx"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables, with another tax rate of the house view and another share price."""
    tables = tmp_path_factory.mktemp("tables")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tables / part)
    assumptions = tables / "inputs" / "assumptions.csv"
    changed = re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text())
    changed = re.sub(r"(?m)^price_hkd,,38\.86,", "price_hkd,,40,", changed)
    assumptions.write_text(changed)
    return tables


@pytest.fixture
def spoilable(folder: Path, tmp_path: Path) -> Path:
    """A copy of these tables that a test may change."""
    return Path(shutil.copytree(folder, tmp_path / "tables"))


def refresh(book: Path, folder: Path | None = None, **options: object) -> Refreshed:
    return refresh_file(book, folder, **options)


def write(book: Path, values: Mapping[CellKey, CellValue]) -> None:
    """Type values as an analyst does, in a program that recalculates."""
    book.write_bytes(write_values(book, values, only_formulas=False, add_cells=True))
    xa.recalculate(book, out=book, stored_values_are_old=True)


def of(places: Book, key: str, case: str = "base") -> CellKey:
    return places.at(f"{{inputs.{key}:cases[{places.context.cases.index(case) + 1}]}}")


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# --- three states --------------------------------------------------------------------------------------


def test_without_new_facts_no_value_changes(book: Path) -> None:
    before = read_values(book)
    done = refresh(book)
    assert not list(rows_of(done))
    assert not done.plan.writes
    assert read_values(book) == before


def test_what_nobody_has_changed_follows_the_tables(book: Path, folder: Path, places: Book) -> None:
    done = refresh(book, folder)
    house = {(change.key, change.case) for change in done.plan.updated}
    assert house == {("tax_rate", "base"), ("price_hkd", "base")}  # bear and bull follow base
    values = read_values(book)
    assert [values[of(places, "tax_rate", case)] for case in ("base", "bear", "bull")] == [0.17] * 3
    expected = xa.value("base", folder=folder).sotp.value_per_share
    assert values[places.at("{sotp.value_per_share}")] == pytest.approx(expected, rel=1e-12)
    assert done.value_after == pytest.approx(expected, rel=1e-12)
    tax = next(change for change in done.plan.updated if (change.key, change.case) == ("tax_rate", "base"))
    assert (tax.before, tax.after) == (0.15, 0.17)
    assert "Enterprise Income Tax Law" in tax.source


def test_what_the_analyst_has_changed_is_kept_and_listed(book: Path, folder: Path, places: Book) -> None:
    write(book, {of(places, "tax_rate"): 0.2, of(places, "vehicle_wacc"): 0.13})
    done = refresh(book, folder)
    kept = {
        (override.key, override.case): (override.after, override.tables) for override in done.plan.overrides
    }
    assert kept == {("tax_rate", "base"): (0.2, 0.17), ("vehicle_wacc", "base"): (0.13, 0.12)}
    assert read_values(book)[of(places, "tax_rate")] == 0.2
    again = refresh(book, folder)
    assert {override.key for override in again.plan.overrides} == {"tax_rate", "vehicle_wacc"}
    assert not again.plan.updated


def test_lines_to_keep_and_lines_to_take_decide_otherwise(book: Path, folder: Path, places: Book) -> None:
    write(book, {of(places, "tax_rate"): 0.2})
    done = refresh(book, folder, take_new=["tax_rate"], keep_mine=["price_hkd"])
    values = read_values(book)
    assert values[of(places, "tax_rate")] == 0.17
    assert values[of(places, "price_hkd")] == 38.86
    assert {override.key for override in done.plan.overrides} == {"price_hkd"}


def test_a_figure_of_the_history_is_kept_and_updated_like_an_input(
    book: Path, spoilable: Path, places: Book
) -> None:
    history = spoilable / "inputs" / "history.csv"
    text = history.read_text()
    assert "\nrevenue,2025Q3,113100," in text
    history.write_text(text.replace("\nrevenue,2025Q3,113100,", "\nrevenue,2025Q3,113200,"))
    own = places.at("{reported.quarterly_revenue[6]}")
    write(book, {own: 116_500.0})
    done = refresh(book, spoilable)
    assert read_values(book)[places.at("{reported.quarterly_revenue[7]}")] == 113_200.0
    assert read_values(book)[own] == 116_500.0
    assert [override.key for override in done.plan.overrides] == ["quarterly_revenue"]


def test_an_input_linked_to_another_cell_stays_linked(book: Path, folder: Path, places: Book) -> None:
    workbook = load_workbook(book)
    sheet, cell = of(places, "tax_rate")
    workbook.create_sheet("Mine")["A1"] = 0.19
    workbook[sheet][cell] = "=Mine!A1"
    workbook.save(book)
    done = refresh(book, folder)
    assert ("tax_rate", "=Mine!A1") in {(override.key, override.after) for override in done.plan.overrides}
    assert read_values(book)[of(places, "tax_rate")] == 0.19


def test_a_changed_formula_and_one_overwritten_are_kept_and_listed(book: Path, places: Book) -> None:
    workbook = load_workbook(book)
    (sheet, formula), (_, number) = places.at("{sotp.upside}"), places.at("{sotp.market_capitalisation}")
    workbook[sheet][formula] = "=1+1"
    workbook[sheet][number] = 5
    workbook.save(book)
    done = refresh(book)
    assert {entry.key: entry.after for entry in done.plan.formulas} == {
        "upside": "=1+1",
        "market_capitalisation": 5.0,
    }
    assert read_values(book)[sheet, formula] == 2.0
    assert read_values(book)[sheet, number] == 5.0


def test_a_book_that_has_lost_its_record_loses_nothing_else(book: Path, folder: Path, places: Book) -> None:
    write(book, {of(places, "vehicle_wacc"): 0.13})
    load_workbook(book).save(book)  # openpyxl drops parts it does not know
    assert read_state(read_package(book)) is None
    done = refresh(book, folder)
    assert {"tax_rate", "price_hkd", "vehicle_wacc"} <= {override.key for override in done.plan.overrides}
    assert not done.plan.updated
    assert read_state(read_package(book)) is not None
    taken = refresh(book, folder, take_new=["tax_rate"])
    assert {change.key for change in taken.plan.updated} == {"tax_rate"}


def test_sources_follow_unless_the_analyst_has_written_there(
    book: Path, spoilable: Path, places: Book
) -> None:
    assumptions = spoilable / "inputs" / "assumptions.csv"
    text = assumptions.read_text()
    reason = "before tax; debt is 3% of the whole, so little depends on it"
    assert text.count(reason) == 1
    assumptions.write_text(text.replace(reason, "=1+1 is no formula here"))
    mine = places.at("{sources.raw_beta__1:remark}")
    write(book, {mine: "asked the desk"})
    done = refresh(book, spoilable)
    values = read_values(book)
    assert values[places.at("{sources.cost_of_debt__1:remark}")] == "=1+1 is no formula here"
    assert values[mine] == "asked the desk"
    assert not [entry for entry in done.plan.texts_kept if entry.key != "raw_beta__1"]
    sheet = load_workbook(book)["Sources"]
    assert sheet[places.at("{sources.cost_of_debt__1:remark}")[1]].data_type == "s"


def test_a_text_from_outside_never_becomes_a_formula(book: Path, spoilable: Path) -> None:
    texts = {
        "tax_rate": '=HYPERLINK("https://example.org")',
        "equity_weight": "+1",
        "raw_beta": "-1",
        "cost_of_debt": "@SUM(1)",
    }
    changed = {"raw_beta": "1.02", "cost_of_debt": "0.04", "equity_weight": "0.97"}
    table = spoilable / "inputs" / "assumptions.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["source"] = texts.get(row["key"], row["source"])
        # A source stands on the sheet of changes beside a value that is another one.
        row["value"] = changed.get(row["key"], row["value"])
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    formulas = {(entry.sheet, entry.cell): entry.text for entry in formula_cells(book)}
    refresh(book, spoilable, changes_sheet=True)
    assert {(entry.sheet, entry.cell): entry.text for entry in formula_cells(book)} == formulas
    built = xa.build(book.with_name("built.xlsx"), folder=spoilable)
    of_built = {f"={entry.text}" for entry in formula_cells(built)}
    refreshed_values, built_values = read_values(book), read_values(built)
    for text in texts.values():
        assert {at[0] for at, value in refreshed_values.items() if value == text} == {"Sources", "Changes"}
        assert text not in of_built
        assert {at[0] for at, value in built_values.items() if value == text} == {"Sources"}


def test_the_case_that_is_asked_for_is_selected(book: Path, places: Book) -> None:
    assert refresh(book, case="bear").case == "bear"
    assert read_values(book)[places.at("{cover.selected_case}")] == "bear"
    assert refresh(book).case == "bear"


def test_lines_are_found_after_rows_are_inserted(book: Path, folder: Path, places: Book) -> None:
    workbook = load_workbook(book)
    sheet, cell = of(places, "tax_rate")
    row = workbook[sheet][cell].row
    workbook[sheet].insert_rows(row)
    workbook.save(book)
    done = refresh(book, folder, dry_run=True)
    tax = next(
        override for override in done.plan.overrides if (override.key, override.case) == ("tax_rate", "base")
    )
    assert tax.place == f"Inputs!{cell[0]}{row + 1}"


# --- the same plan over any book ------------------------------------------------------------------------


class MemoryCells:
    """Cells in memory, by sheet and address."""

    name, sees_formulas = "memory", True

    def __init__(self, sheets: dict[str, dict[str, CellValue]]) -> None:
        self.sheets = sheets

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        return self.sheets.get(sheet, {})

    def titles(self) -> Sequence[str]:
        return tuple(self.sheets)

    def values_of(self, cells: Collection[CellKey]) -> Mapping[CellKey, CellValue]:
        raise AssertionError("a plan looks at what cells hold")

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        for (sheet, address), value in values.items():
            self.sheets.setdefault(sheet, {})[address] = value


def test_a_book_in_memory_gets_the_plan_that_a_file_gets(book: Path, folder: Path, places: Book) -> None:
    write(book, {of(places, "tax_rate"): 0.2})
    request, context = RefreshRequest(folder), load_context(folder)
    on_file = FileMedium(book, {})
    in_memory = MemoryCells({title: dict(on_file.read(title)) for title in on_file.titles()})
    state = on_file.state()
    one, _ = plan(on_file, context, state, request, written="now")
    other, _ = plan(in_memory, context, state, request, written="now")
    assert one == other
    assert one.updated
    in_memory.write(other.writes)
    after, _ = plan(in_memory, context, other.state, request, written="later")
    assert not after.updated
    assert after.overrides == one.overrides


# --- everything else stays ------------------------------------------------------------------------------


def test_parts_that_need_not_change_stay_byte_for_byte(book: Path, folder: Path) -> None:
    own = {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros",
        "xl/media/image9.png": b"\x89PNG an image",
        "xl/pivotCache/pivotCacheDefinition1.xml": b"<pivotCacheDefinition/>",
        "customXml/item7.xml": b"<own xmlns='urn:own'>notes</own>",
        "unknown/part.dat": b"\x00\x01\x02",
    }
    with zipfile.ZipFile(book, "a") as archive:
        for name, data in own.items():
            archive.writestr(name, data)
    before = parts(book)
    refresh(book, folder)
    after = parts(book)
    assert after.keys() == before.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    assert all(name.startswith("xl/worksheets/sheet") or name == "customXml/item1.xml" for name in changed)
    assert {name: after[name] for name in own} == own


def test_an_analyst_s_own_sheets_are_recalculated_and_otherwise_left(book: Path, folder: Path) -> None:
    workbook = load_workbook(book)
    mine = workbook.create_sheet("Mine")
    mine["A1"], mine["B1"] = "my view", "=ROUND(SOTP!D19*2,2)"
    mine["B2"] = '=IF(B1>60,"buy","wait")'
    workbook.save(book)
    done = refresh(book, folder, take_new=["tax_rate", "price_hkd"])
    values = read_values(book)
    assert values["Mine", "A1"] == "my view"
    assert values["Mine", "B1"] == pytest.approx(2 * float(str(done.value_after)), abs=0.006)
    assert values["Mine", "B2"] in ("buy", "wait")


def test_what_libreoffice_has_saved_is_refreshed(
    book: Path, folder: Path, libreoffice: Path, tmp_path: Path, places: Book
) -> None:
    from xlwings_addin.engine.libreoffice import convert_with_libreoffice

    saved = tmp_path / "saved" / "book.xlsx"
    saved.parent.mkdir()
    saved.write_bytes(convert_with_libreoffice({"book.xlsx": book.read_bytes()})[0])
    done = refresh(saved, folder, take_new=["tax_rate", "price_hkd"])
    assert {change.key for change in done.plan.updated} == {"tax_rate", "price_hkd"}
    assert not done.plan.formulas
    expected = xa.value("base", folder=folder).sotp.value_per_share
    assert read_values(saved)[places.at("{sotp.value_per_share}")] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("macros", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 macros"], ids=["xlsx", "xlsm"])
def test_a_book_as_xlsxwriter_writes_it_keeps_every_feature(
    built: Callable[..., Path], tmp_path: Path, folder: Path, macros: bytes
) -> None:
    """Without a what-if table: XlsxWriter writes none."""
    kept, places = built("kept_at_base", case="base", live="none"), Book(load_context(live="none"))
    foreign = tmp_path / ("book.xlsm" if macros else "book.xlsx")
    foreign.write_bytes(foreign_books.rewritten(kept.read_bytes(), macros=macros))
    xa.recalculate(foreign, out=foreign, stored_values_are_old=True)  # XlsxWriter stores 0 for every formula
    before = parts(foreign)
    done = refresh(foreign, folder, take_new=["tax_rate", "price_hkd"])
    after = parts(foreign)
    assert {change.key for change in done.plan.updated} == {"tax_rate", "price_hkd"}
    assert not done.plan.formulas
    new = {"customXml/item1.xml", "customXml/itemProps1.xml", "customXml/_rels/item1.xml.rels"}
    assert after.keys() == before.keys() | new
    changed = {name for name in before if before[name] != after[name]}
    announced = {"[Content_Types].xml", "xl/_rels/workbook.xml.rels"}
    if done.growth.added:  # names of ours that XlsxWriter left out come back
        announced.add("xl/workbook.xml")
    assert {name for name in changed if not name.startswith("xl/worksheets/sheet")} <= announced
    assert len([name for name in before if "chart" in name]) >= 9
    assert after.get("xl/vbaProject.bin", b"") == macros
    assert (b"macroEnabled" in after["[Content_Types].xml"]) == bool(macros)
    values = read_values(foreign)
    expected = xa.value("base", folder=folder).sotp.value_per_share
    assert values[places.at("{sotp.value_per_share}")] == pytest.approx(expected, rel=1e-9)
    assert values["Mine", "J1"] == pytest.approx(2 * float(str(values["SOTP", "D19"])), rel=1e-12)
    assert {change.key for change in refresh(foreign).plan.updated} == {"tax_rate", "price_hkd"}


def test_a_book_that_openpyxl_has_saved_is_refreshed(book: Path, folder: Path, places: Book) -> None:
    load_workbook(book).save(book)
    done = refresh(book, folder, take_new=["tax_rate", "price_hkd"])
    assert {change.key for change in done.plan.updated} == {"tax_rate", "price_hkd"}
    assert not done.plan.formulas
    expected = xa.value("base", folder=folder).sotp.value_per_share
    assert read_values(book)[places.at("{sotp.value_per_share}")] == pytest.approx(expected, rel=1e-9)


# --- whole or not at all --------------------------------------------------------------------------------


def test_former_versions_are_kept_as_many_as_asked(book: Path, folder: Path) -> None:
    first = book.read_bytes()
    done = refresh(book, folder, backups=2)
    assert done.backup == book.with_name("book.backup-1.xlsx")
    assert done.backup.read_bytes() == first
    second = book.read_bytes()
    refresh(book, backups=2)
    assert book.with_name("book.backup-1.xlsx").read_bytes() == second
    assert book.with_name("book.backup-2.xlsx").read_bytes() == first
    refresh(book, backups=0)
    assert book.with_name("book.backup-1.xlsx").read_bytes() == second


def test_a_dry_run_writes_nothing(book: Path, folder: Path) -> None:
    before = book.read_bytes()
    done = refresh(book, folder, dry_run=True)
    assert done.plan.updated
    assert done.backup is None
    assert book.read_bytes() == before
    assert [path.name for path in book.parent.glob("*.xlsx")] == ["book.xlsx"]


def test_a_book_open_elsewhere_is_left_alone(book: Path, folder: Path) -> None:
    lock = book.with_name("~$book.xlsx")
    lock.write_bytes(b"")
    before = book.read_bytes()
    with pytest.raises(BookError, match=r"is open in another program, as its lock file ~\$book\.xlsx says"):
        refresh(book, folder)
    assert book.read_bytes() == before


def _refresh_again(book: Path, folder: Path) -> None:
    refresh_file(book, folder, backups=0)


@pytest.mark.slow
def test_killed_at_any_moment_the_book_is_the_old_one_or_the_new_one(book: Path, folder: Path) -> None:
    stamp = datetime(2026, 1, 1, tzinfo=UTC)
    old = book.read_bytes()
    refresh(book, folder, backups=0, now=lambda: stamp)
    new = read_values(book)
    context, moments = multiprocessing.get_context("fork"), random.Random(1810)
    book.write_bytes(old)
    started = time.perf_counter()
    unharmed = context.Process(target=_refresh_again, args=(book, folder))
    unharmed.start()
    unharmed.join()
    taken = time.perf_counter() - started
    assert read_values(book) == new
    survived = 0
    for _ in range(KILLS):
        book.write_bytes(old)
        process = context.Process(target=_refresh_again, args=(book, folder))
        process.start()
        lived = moments.uniform(0.0, 1.5 * taken)
        process.join(lived)
        process.kill()
        process.join()
        if book.read_bytes() == old:
            survived += 1
            taken = max(taken, lived)  # a machine that has become busy
        else:
            assert read_values(book) == new
    assert 0 < survived < KILLS


# --- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"case": "bare"},
            ChoiceError,
            "case 'bare' must be one of house_2026, base, bear.*; the nearest is bear",
        ),
        ({"take_new": ["tax"]}, InputError, "input 'tax' is no line of Inputs or Reported"),
        ({"take_new": ["tax_rat"]}, InputError, "'tax_rat' is no line .*; the nearest is tax_rate"),
        (
            {"keep_mine": ["tax_rate"], "take_new": ["tax_rate"]},
            InputError,
            "must not be kept and taken from the tables at once",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    book: Path, options: dict[str, object], error: type[Exception], message: str
) -> None:
    before = book.read_bytes()
    with pytest.raises(error, match=message):
        refresh(book, **options)
    assert book.read_bytes() == before


def test_a_line_that_is_missing_is_named_and_a_sheet_comes_back(book: Path, places: Book) -> None:
    key = f"V{places.sheets['inputs'].lines['tax_rate'][0].rows['tax_rate']}"
    write(book, {("Inputs", key): "tax"})
    with pytest.raises(BookError, match=r"tax_rate is missing: the book is from another version"):
        refresh(book)
    write(book, {("Inputs", key): "tax_rate"})
    workbook = load_workbook(book)
    workbook.remove(workbook["Capital"])
    workbook.save(book)  # without the record, and the formulas that read the sheet as they were
    done = refresh(book)
    assert (done.growth.added, done.growth.missing) == (("sheet Capital",), ())
    assert done.value_after == pytest.approx(xa.value("base").sotp.value_per_share, rel=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"format":3', b'"format":9', r"was written by a later version of this project, 0\."),
        (b'"format":3', b'"format":9,"what":["a later version knows"]', "written by a later version"),
        (b'"format":3', b'"forms":3', "cannot be refreshed: its refresh record is damaged"),
    ],
)
def test_a_later_version_and_a_damaged_record_are_refused(
    book: Path, old: bytes, new: bytes, message: str
) -> None:
    package = read_package(book)
    data = package.parts["customXml/item1.xml"]
    assert old in data
    book.write_bytes(package.with_parts({"customXml/item1.xml": data.replace(old, new)}))
    before = book.read_bytes()
    with pytest.raises(BookError, match=message):
        refresh(book)
    assert book.read_bytes() == before


def test_tables_that_break_a_rule_leave_the_book_alone(book: Path, spoilable: Path) -> None:
    assumptions = spoilable / "inputs" / "assumptions.csv"
    assumptions.write_text(assumptions.read_text().replace("tax_rate,,0.17,0.15", "tax_rate,,1.7,0.15", 1))
    before = book.read_bytes()
    with pytest.raises((DomainError, InputError), match=r"assumptions\.csv line \d+"):
        refresh(book, spoilable)
    assert book.read_bytes() == before


def test_a_circle_of_formulas_that_hangs_on_a_change_leaves_the_book_alone(book: Path, folder: Path) -> None:
    workbook = load_workbook(book)
    mine = workbook.create_sheet("Mine")
    mine["A1"], mine["A2"] = "=A2+SOTP!D19", "=A1+1"
    workbook.save(book)
    before = book.read_bytes()
    with pytest.raises(BookError, match="Mine!A"):
        refresh(book, folder, take_new=["tax_rate", "price_hkd"])
    assert book.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 encrypted"])
def test_what_is_no_workbook_is_refused_and_left(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(data)
    with pytest.raises(BookError):
        refresh(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize("formula", ["=0.1+0.02", "=0.17"])
def test_an_input_that_a_formula_overwrote_takes_the_tables_value_and_the_formula_is_named(
    book: Path, folder: Path, places: Book, formula: str
) -> None:
    sheet, cell = at = of(places, "tax_rate")
    workbook = load_workbook(book)
    workbook[sheet][cell] = formula
    workbook.save(book)
    book.write_bytes(write_values(book, {at: 0.17 if formula == "=0.17" else 0.12}))
    kept = refresh(book, folder, dry_run=True, stored_values_are_old=True)
    assert [override.before for override in kept.plan.overrides if override.key == "tax_rate"] == [formula]
    done = refresh(book, folder, take_new=["tax_rate"], stored_values_are_old=True)
    (change,) = [entry for entry in done.plan.updated if entry.case == "base"]
    assert (change.before, change.after) == (formula, 0.17)
    assert formula in [row[2] for row in rows_of(done) if row[0] == "updated"]
    assert at not in {(entry.sheet, entry.cell) for entry in formula_cells(book)}
    assert read_values(book)[at] == 0.17
