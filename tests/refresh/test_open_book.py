"""A book that is open in a program: the same plan as for a file, written through two methods."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from tests.quarters_of_2026 import add_rows, row
from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import State
from xlwings_addin.proof.check_open import check_open
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.pages import Pages
from xlwings_addin.refresh.changes_page import Page
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.growth.growth import CANNOT_GROW, Growth
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.refresh.refresh import VALUE, refresh
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values
from xlwings_addin.xlsx.relinking import with_formulas

PLACES = Book(load_context())


class LiveBook(FileMedium):
    """A book whose formulas follow what is written into it, as in a spreadsheet program.

    `follows` is false for a program that calculates once the refresh has ended.
    """

    waits = settled = False

    def __init__(self, path: Path, *, follows: bool = True) -> None:
        super().__init__(path, callbacks())
        self.calculation = Calculation(self.package, self.functions)
        self.all_written: dict[CellKey, CellValue] = {}
        self.overwritten: set[CellKey] = set()
        self.writes, self.kept = 0, 0
        self.follows = follows
        self.appended: dict[str, Page] = {}
        self._sheets = list(self.package.titles)

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        self.writes += 1
        self.written |= values
        self.all_written |= values
        todo = dict(values)
        if formulas := values.keys() & self.calculation.values().keys():
            self.overwritten |= formulas
            self.calculation = Calculation(with_formulas(self.package, {}, self.overwritten), self.functions)
            todo = self.all_written
        for at, value in values.items():
            self._contents.setdefault(at[0], {})[at[1]] = value
        for at, value in todo.items():
            self.calculation.set_value(*at, value)

    def page(self, sheet: str) -> dict[str, CellValue]:
        calculated = {at[1]: value for at, value in self.calculation.values().items() if at[0] == sheet}
        return {**self.read(sheet), **calculated}

    def values_of(self, cells: Collection[CellKey]) -> Mapping[CellKey, CellValue]:
        return cells_of(self.page, cells)

    @property
    def pages(self) -> Pages:  # type: ignore[override]
        return Pages(self.read, self.titles)

    def recalculate(self) -> bool:
        return self.follows

    def titles(self) -> list[str]:
        return self._sheets

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        return CANNOT_GROW

    def append_sheet(self, title: str, page: Page) -> None:
        self.appended[title] = page

    def keep(self, state: State, *, backups: int) -> Path | None:
        self.kept += 1
        return None


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture
def live(delivered: Path) -> LiveBook:
    return LiveBook(delivered)


@pytest.fixture
def folder(other_tables: Path) -> Path:
    """The tables with another tax rate of the house view."""
    return other_tables


def tax(case: str) -> CellKey:
    return PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index(case) + 1}]}}")


def test_an_open_book_ends_with_the_values_of_a_refreshed_file(
    live: LiveBook, folder: Path, delivered: Path, tmp_path: Path
) -> None:
    live.write({tax("bull"): 0.2})
    file = Path(shutil.copy(delivered, tmp_path / "file.xlsx"))
    type_into(file, {tax("bull"): 0.2})
    done = refresh(live, RefreshRequest(folder))
    expected = refresh_file(file, folder)
    assert {change.key for change in done.plan.updated} == {"tax_rate"}
    assert [(override.case, override.after) for override in done.plan.overrides] == [("bull", 0.2)]
    assert done.value_after == pytest.approx(expected.value_after, rel=1e-9)
    assert done.plan.state is not None
    assert expected.plan.state is not None
    assert done.plan.state.values == expected.plan.state.values
    stored = read_values(file)
    assert live.kept == 1
    for sheet in live.package.sheets():
        for address, value in live.page(sheet).items():
            assert disagreement(value, stored[sheet, address]) is None, (sheet, address)


def test_without_sight_of_formulas_none_is_judged(live: LiveBook, folder: Path) -> None:
    live.sees_formulas = False
    for sheet in live.titles():
        live._contents[sheet] = live.page(sheet)  # what a host hands over that knows values only
    live._contents["SOTP"][PLACES.at(VALUE)[1]] = 1.0
    assert not refresh(live, RefreshRequest(folder)).plan.formulas


KEPT = Book(load_context(live="none"))
"""Of a workbook whose Cover keeps the results of the cases."""


def test_where_the_program_recalculates_later_the_core_fills_what_the_cover_keeps(
    kept_cases: Path, folder: Path
) -> None:
    live = LiveBook(kept_cases, follows=False)
    sheet, value = PLACES.at(VALUE)
    before = live.page(sheet)[value]
    done = refresh(live, RefreshRequest(folder))
    assert done.value_before == before
    assert done.value_after == pytest.approx(live.page(sheet)[value], rel=1e-9)
    assert not done.plan.formulas
    selector = PLACES.at(SELECTOR)
    for case in PLACES.context.cases:
        stored = live.read("Cover")[KEPT.at(f"{{cover.stored_{case}:value}}")[1]]
        live.write({selector: case})
        assert stored == pytest.approx(live.page(sheet)[value], rel=1e-9)


@pytest.mark.parametrize("follows", [True, False])
def test_a_result_of_a_case_that_was_typed_over_is_named(
    kept_cases: Path, folder: Path, follows: bool
) -> None:
    live = LiveBook(kept_cases, follows=follows)
    sheet, cell = KEPT.at("{cover.stored_bear:value}")
    live.write({(sheet, cell): 99.0})
    named = f"typed over the result of a case, which is worked out anew: {sheet}!{cell} 99.0"
    done = refresh(live, RefreshRequest(folder))
    assert named in done.notes
    assert live.read(sheet)[cell] != 99.0
    assert done.plan.state is not None
    assert "cover.stored_bear.value" in done.plan.state.answers


def test_the_selected_case_stays_selected(live: LiveBook, folder: Path) -> None:
    selector = PLACES.at(SELECTOR)
    live.write({selector: "bear"})
    assert refresh(live, RefreshRequest(folder)).case == "bear"
    assert live.read(selector[0])[selector[1]] == "bear"
    assert refresh(live, RefreshRequest(case="bull")).case == "bull"
    assert live.read(selector[0])[selector[1]] == "bull"


def test_the_changes_are_written_on_a_sheet_that_is_not_there_yet(live: LiveBook, folder: Path) -> None:
    live._sheets = [*live.package.sheets(), "Changes"]
    done = refresh(live, RefreshRequest(folder, changes_sheet=True))
    page = live.appended["Changes 2"].values("Changes 2")
    assert {"Tax rate", "Inputs updated: 1"} <= set(page.values())  # bear and bull follow base
    assert done.value_after in page.values()


def test_a_trial_foresees_what_the_refresh_does_and_writes_nothing(live: LiveBook, folder: Path) -> None:
    foreseen = refresh(live, RefreshRequest(folder, dry_run=True, changes_sheet=True))
    assert not live.writes
    assert not live.appended
    done = refresh(live, RefreshRequest(folder))
    assert done.plan.updated == foreseen.plan.updated
    assert done.plan.updated
    assert foreseen.value_before == done.value_before
    assert foreseen.value_after == pytest.approx(done.value_after, rel=1e-9)
    assert foreseen.value_after != foreseen.value_before
    assert foreseen.bridge == done.bridge


def test_an_open_book_that_cannot_grow_names_the_columns_it_lacks_and_the_way_to_get_them(
    live: LiveBook, tables: Path
) -> None:
    add_rows(tables, [row(tables, "vehicle_deliveries", "2027Q1", 160_000)])
    done = refresh(live, RefreshRequest(tables))
    assert done.growth.added == ()
    assert "vehicle_deliveries of 2027Q1 has no column" in done.plan.unplaced
    assert (
        done.plan.unplaced[-1]
        == "close the book and refresh its file, which gains these rows, columns and sheets"
    )


@pytest.mark.parametrize(
    ("case", "lost", "message"),
    [
        ("none", "", "selected_case 'none' must be one of house_2026, base"),
        ("base", "Inputs", "sheet 'Inputs' is missing"),
    ],
)
def test_a_book_that_cannot_be_refreshed_is_left_alone(
    live: LiveBook, case: str, lost: str, message: str
) -> None:
    live.write({PLACES.at(SELECTOR): case})
    live._contents.pop(lost, None)
    before = live.writes
    with pytest.raises(BookError, match=re.escape(message)):
        refresh(live, RefreshRequest())
    assert live.writes == before


def test_a_case_that_is_none_is_refused(live: LiveBook) -> None:
    with pytest.raises(ChoiceError, match="case 'best' must be one of house_2026, base"):
        refresh(live, RefreshRequest(case="best"))


def test_an_open_book_as_delivered_has_no_failure(live: LiveBook) -> None:
    report = check_open(live)
    assert report.ok
    assert report.comparisons > 3000
    assert report.lines > 1000


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [("=20+20", "changed formula"), (40.0, "overwritten formula")],
)
def test_a_changed_formula_of_an_open_book_fails(
    live: LiveBook, spoil: CellValue, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = PLACES.at(VALUE)
    page = {**live.page(at[0]), at[1]: 40.0}
    pages = {sheet: page if sheet == at[0] else live.page(sheet) for sheet in live.titles()}
    live._contents[at[0]][at[1]] = spoil
    monkeypatch.setattr(live, "values_of", lambda cells: cells_of(pages.__getitem__, cells))
    report = check_open(live)
    kinds = {finding.kind for finding in report.findings if finding.severity == "failure"}
    assert {kind, "core disagrees"} <= kinds


def test_an_input_changed_in_an_open_book_is_told_and_no_failure(live: LiveBook) -> None:
    live.write({tax("base"): 0.3})
    report = check_open(live)
    assert report.ok
    assert [finding.line for finding in report.findings if finding.kind == "input changed"] == ["tax_rate"]


def test_a_page_is_asked_for_once_however_many_of_its_cells_are_wanted() -> None:
    asked: list[str] = []

    def page(sheet: str) -> dict[str, CellValue]:
        asked.append(sheet)
        return {"A1": 1.0, "A2": 2.0}

    cells = [("Cover", "A1"), ("SOTP", "A1"), ("Cover", "A2"), ("SOTP", "A3")]
    assert cells_of(page, cells) == {("Cover", "A1"): 1.0, ("SOTP", "A1"): 1.0, ("Cover", "A2"): 2.0}
    assert sorted(asked) == ["Cover", "SOTP"]
