"""A book that is open in a program: the same plan as for a file, written through two methods."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from udfs.registry import callbacks
from xlwings_addin.book.agreement import disagreement
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.context import load_context
from xlwings_addin.book.open_book import check_open, refresh_open
from xlwings_addin.book.package import CellKey, CellValue, read_package, read_values
from xlwings_addin.book.references import Book
from xlwings_addin.book.refresh import VALUE, FileBook, refresh_file
from xlwings_addin.book.state import read_state
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.model.tables import tables_folder

PLACES = Book(load_context())


class LiveBook(FileBook):
    """A book whose formulas follow what is written into it, as in a spreadsheet program."""

    def __init__(self, path: Path) -> None:
        super().__init__(read_package(path))
        self.calculation = Calculation(self.package, callbacks())
        self.writes = 0

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        super().write(values)
        self.writes += 1
        for at, value in values.items():
            self._cells.setdefault(at[0], {})[at[1]] = value
            if at[0] in self.package.sheets():
                self.calculation.set_value(*at, value)

    def shown(self, sheet: str) -> Mapping[str, CellValue]:
        values = {at: value for at, value in self.calculation.values().items() if at[0] == sheet}
        return {**self._cells.get(sheet, {}), **{address: value for (_, address), value in values.items()}}


@pytest.fixture
def live(delivered: Path) -> LiveBook:
    return LiveBook(delivered)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tmp_path / "tables" / part)
    assumptions = tmp_path / "tables" / "inputs" / "assumptions.csv"
    assumptions.write_text(re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text()))
    return tmp_path / "tables"


def tax(case: str) -> CellKey:
    return PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index(case) + 1}]}}")


def test_an_open_book_ends_with_the_values_of_a_refreshed_file(
    live: LiveBook, folder: Path, delivered: Path, tmp_path: Path
) -> None:
    live.write({tax("bull"): 0.2})
    file = Path(shutil.copy(delivered, tmp_path / "file.xlsx"))
    file.write_bytes(live.data(live.calculation.values(), read_state(live.package)))  # type: ignore[arg-type]
    done = refresh_open(live, state=read_state(live.package), shown=live.shown, folder=folder)
    expected = refresh_file(file, functions=callbacks(), folder=folder)
    assert {each.key for each in done.plan.updated} == {"tax_rate"}
    assert [(each.case, each.after) for each in done.plan.overrides] == [("bull", 0.2)]
    assert done.value_after == pytest.approx(expected.value_after, rel=1e-9)
    assert done.plan.state is not None
    assert expected.plan.state is not None
    assert done.plan.state.values == expected.plan.state.values
    stored = read_values(file)
    for sheet in live.package.sheets():
        for address, value in live.shown(sheet).items():
            assert disagreement(value, stored[sheet, address]) is None, (sheet, address)


def test_without_sight_of_formulas_the_core_fills_what_the_cover_keeps(live: LiveBook, folder: Path) -> None:
    values = {sheet: dict(live.shown(sheet)) for sheet in live.package.sheets()}
    live._cells = values  # what a host hands over that knows values only
    done = refresh_open(live, state=read_state(live.package), sees_formulas=False, folder=folder)
    assert not done.plan.formulas
    kept = [cell for cell in PLACES.cells() if cell.entry.kind == "stored" and cell.entry.case is not None]
    assert kept
    for cell in kept:
        case = done.results[str(cell.entry.case)]
        if "value_per_share" in str(cell.entry.formula):
            assert live.read("Cover")[cell.address] == pytest.approx(case.sotp.value_per_share, rel=1e-12)
    assert done.value_after == pytest.approx(live.shown("SOTP")[PLACES.at(VALUE)[1]], rel=1e-9)


def test_where_the_program_recalculates_later_the_core_fills_what_the_cover_keeps(
    live: LiveBook, folder: Path
) -> None:
    before = {sheet: dict(live.shown(sheet)) for sheet in live.package.sheets()}
    done = refresh_open(
        live,
        state=read_state(live.package),
        shown=lambda sheet: before.get(sheet, {}),
        recalculates=False,
        folder=folder,
    )
    sheet, value = PLACES.at(VALUE)
    assert done.value_before == before[sheet][value]
    assert done.value_after == pytest.approx(live.shown(sheet)[value], rel=1e-9)
    assert not done.plan.formulas
    selector = PLACES.at("{cover.selected_case}")
    for case in PLACES.context.cases:
        stored = live.read("Cover")[PLACES.at(f"{{cover.stored_{case}:value}}")[1]]
        live.write({selector: case})
        assert stored == pytest.approx(live.shown(sheet)[value], rel=1e-9)


def test_the_selected_case_stays_selected(live: LiveBook, folder: Path) -> None:
    selector = PLACES.at("{cover.selected_case}")
    live.write({selector: "bear"})
    assert refresh_open(live, state=None, shown=live.shown, folder=folder).case == "bear"
    assert live.read(selector[0])[selector[1]] == "bear"
    assert refresh_open(live, state=None, shown=live.shown, case="bull").case == "bull"
    assert live.read(selector[0])[selector[1]] == "bull"


def test_the_changes_are_written_on_a_sheet_that_is_not_there_yet(live: LiveBook, folder: Path) -> None:
    titles = [*live.package.sheets(), "Changes"]
    done = refresh_open(
        live, state=read_state(live.package), shown=live.shown, folder=folder, titles=titles, name="mine"
    )
    page = live.read("Changes 2")
    assert {"Tax rate", "Inputs updated: 3"} <= set(page.values())
    assert done.value_after in page.values()


@pytest.mark.parametrize(
    ("case", "lost", "message"),
    [
        ("none", "", "selected_case 'none' must be one of base"),
        ("base", "Inputs", "sheet 'Inputs' is missing"),
    ],
)
def test_a_book_that_cannot_be_refreshed_is_left_alone(
    live: LiveBook, case: str, lost: str, message: str
) -> None:
    live.write({PLACES.at("{cover.selected_case}"): case})
    live._cells.pop(lost, None)
    before = live.writes
    with pytest.raises(BookError, match=re.escape(message)):
        refresh_open(live, state=None, shown=live.shown)
    assert live.writes == before


def test_a_case_that_is_none_is_refused(live: LiveBook) -> None:
    with pytest.raises(ChoiceError, match="case 'best' must be one of base"):
        refresh_open(live, state=None, shown=live.shown, case="best")


def test_an_open_book_as_delivered_has_no_failure(live: LiveBook) -> None:
    report = check_open(live, shown=live.shown)
    assert report.ok
    assert report.comparisons > 3000
    assert report.lines > 1000


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [("=20+20", "changed formula"), (40.0, "overwritten formula")],
)
def test_a_changed_formula_of_an_open_book_fails(live: LiveBook, spoil: CellValue, kind: str) -> None:
    at = PLACES.at(VALUE)
    shown = dict(live.shown(at[0]))
    live._cells[at[0]][at[1]] = spoil
    shown[at[1]] = 40.0
    report = check_open(live, shown=lambda sheet: shown if sheet == at[0] else live.shown(sheet))
    kinds = {each.kind for each in report.findings if each.severity == "failure"}
    assert {kind, "core disagrees"} <= kinds


def test_an_input_changed_in_an_open_book_is_told_and_no_failure(live: LiveBook) -> None:
    live.write({tax("base"): 0.3})
    report = check_open(live, shown=live.shown)
    assert report.ok
    assert [each.line for each in report.findings if each.kind == "input changed"] == ["tax_rate"]
