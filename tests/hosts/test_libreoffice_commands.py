"""Refresh model and Check model, dispatched in a running LibreOffice to an open workbook."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter

import xlwings_addin as xa
from tests.hosts.calc_office import Office, running_office
from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.functions.registry import spelling
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import HEADING_ROW, Book
from xlwings_addin.proof.build import load_context
from xlwings_addin.refresh.refresh import VALUE
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.sheets.spec import KEY_COLUMN
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, read_values

pytestmark = pytest.mark.libreoffice

PLACES = Book(load_context())
SELECTOR, VALUE_PER_SHARE = PLACES.at("{cover.selected_case}"), PLACES.at(VALUE)
KEYS = "Inputs", f"{get_column_letter(KEY_COLUMN)}{HEADING_ROW}"
A_FORMULA, A_CALL = PLACES.at("{capital.cost_of_equity}"), PLACES.at("{functions.wacc:function}")


def tax(case: str) -> CellKey:
    return PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index(case) + 1}]}}")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables that the running office refreshes from."""
    folder = tmp_path_factory.mktemp("tables")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / part)
    return folder


def set_tax_rate(tables: Path, rate: str) -> None:
    path = tables / "inputs" / "assumptions.csv"
    text, count = re.subn(r"(?m)^tax_rate,,[0-9.]+,", f"tax_rate,,{rate},", path.read_text(encoding="utf-8"))
    assert count == 1
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def running(libreoffice: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with running_office(libreoffice, folder, {"XIAOMI_MODEL_INPUTS": str(tables)}) as office:
        yield office


@pytest.fixture(scope="module")
def for_calc(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The delivered workbook, its functions under the names that Calc knows."""
    book = tmp_path_factory.mktemp("for calc") / "Xiaomi_Model.xlsx"
    xa.recalculate(delivered, book, target="libreoffice")
    return book


@pytest.fixture
def office(running: Office, tables: Path, for_calc: Path, tmp_path: Path) -> Office:
    """The office with that workbook open, and a new tax rate in the tables."""
    set_tax_rate(tables, "0.17")
    running.open(shutil.copy(for_calc, tmp_path), True)
    return running


def value(office: Office, at: CellKey) -> object:
    sheet, address = at
    return office.values(address, sheet)[0][0]


def put(office: Office, at: CellKey, content: str | float) -> None:
    sheet, address = at
    office.put({address: content}, sheet)


def pages(office: Office) -> dict[CellKey, object]:
    """What every cell of the workbook shows."""
    return {
        (sheet, address): line for sheet in office.titles() for address, line in office.page(sheet).items()
    }


def differences(values: dict[CellKey, object], expected: dict[CellKey, object]) -> list[object]:
    return [
        (at, values.get(at), row)
        for at, row in expected.items()
        if disagreement(values.get(at), float(row) if isinstance(row, bool) else row)
    ]


def refreshed_file(book: Path, tables: Path) -> Refreshed:
    """The same edit and the same refresh, of a file by the embedded engine."""
    type_into(book, {tax("bull"): 0.2})
    return refresh_file(book, tables)


def refresh(office: Office) -> str:
    done, text = office.dispatch("refresh")
    assert done, text
    return str(text)


# --- refresh ------------------------------------------------------------------------------------------


def test_a_refresh_leaves_the_values_of_a_refreshed_file(
    office: Office, book_file: Path, tables: Path, tmp_path: Path
) -> None:
    file = Path(shutil.copy(book_file, tmp_path / "file.xlsx"))
    put(office, tax("bull"), 0.2)
    before = value(office, VALUE_PER_SHARE)
    text = refresh(office)
    expected = refreshed_file(file, tables)
    assert f"Inputs updated: {len(expected.plan.updated)}; changes of yours kept: 1." in text
    assert (value(office, tax("bull")), value(office, tax("base"))) == (0.2, 0.17)
    assert before != value(office, VALUE_PER_SHARE) == pytest.approx(expected.value_after, rel=1e-9)
    stored = dict(read_values(file))
    assert len(stored) > 10_000
    assert not differences(pages(office), stored)


def test_a_refresh_lists_what_it_changed_and_what_it_kept_on_a_new_sheet(office: Office) -> None:
    put(office, tax("bull"), 0.2)
    put(office, A_FORMULA, 0.11)
    assert "changes of yours kept: 2." in refresh(office)
    texts = set(office.page("Changes").values())
    assert {"Overrides kept: 1", "Formulas kept: 1", "Tax rate", 0.2, 0.17, 0.11} <= texts
    assert value(office, A_FORMULA) == 0.11


def test_functions_get_the_names_that_calc_knows(office: Office, book_file: Path) -> None:
    office.open(str(book_file), True)
    sheet, address = A_CALL
    refresh(office)
    assert spelling("CAPITAL_WACC", "libreoffice") in office.formula(address, sheet)
    assert isinstance(value(office, A_CALL), float)


def test_one_step_of_undo_takes_a_refresh_back_and_redo_brings_it_again(office: Office) -> None:
    put(office, tax("bull"), 0.2)
    before = pages(office)
    text = refresh(office)
    after = pages(office)
    assert office.undo_titles()[0] == "Refresh model"
    office.undo()
    assert "Changes" not in office.titles()
    undone = pages(office)
    assert not differences(undone, before)
    assert not differences(before, undone)  # nor does a cell that was blank hold anything
    office.redo()
    assert not differences(pages(office), after)
    office.undo()
    assert refresh(office) == text  # what was written is undone too, or the updates would now be overrides


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_what_was_written_is_known_after_saving_and_opening(
    office: Office, tables: Path, tmp_path: Path, suffix: str
) -> None:
    put(office, tax("bull"), 0.2)
    refresh(office)
    office.save(str(tmp_path / f"saved{suffix}"))
    office.open(str(tmp_path / f"saved{suffix}"), True)
    set_tax_rate(tables, "0.18")
    assert "changes of yours kept: 1." in refresh(office)
    assert (value(office, tax("bull")), value(office, tax("base"))) == (0.2, 0.18)
    assert "Changes 2" in office.titles()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (SELECTOR, "selected_case 'none' must be one of house_2026, base"),
        (KEYS, "sheet 'Inputs' is missing, or lacks the keys of its lines"),
    ],
)
def test_a_workbook_that_cannot_be_refreshed_is_left_as_it_is(
    office: Office, spoil: CellKey, message: str
) -> None:
    put(office, spoil, "none")
    before, steps = pages(office), office.undo_titles()
    sheet, address = A_CALL
    formula = office.formula(address, sheet)
    done, text = office.dispatch("refresh")
    assert not done
    assert text.startswith("Nothing was changed: ")
    assert message in text
    # Calc has calculated what it loaded as values: a last digit may be another.
    after = pages(office)
    assert (after.keys(), differences(after, before)) == (before.keys(), [])
    assert office.formula(address, sheet) == formula
    assert office.undo_titles() == steps


def test_a_refresh_that_fails_half_way_is_taken_back(office: Office, book_file: Path) -> None:
    """The names of functions and the inputs are written before a protected sheet is come upon."""
    office.open(str(book_file), True)
    office.protect("Implied")
    sheet, address = A_CALL
    inputs, formula, steps = office.page("Inputs"), office.formula(address, sheet), office.undo_titles()
    done, text = office.dispatch("refresh")
    assert not done
    assert text.startswith("Nothing was changed: ")
    assert office.page("Inputs") == inputs
    assert office.formula(address, sheet) == formula
    assert office.undo_titles() == steps


def test_a_workbook_without_a_window_is_refreshed_too(office: Office, for_calc: Path) -> None:
    office.open(str(for_calc))
    assert "changes of yours kept: 0." in refresh(office)
    assert value(office, tax("base")) == 0.17


def test_tables_that_break_a_rule_are_named(office: Office, tables: Path) -> None:
    set_tax_rate(tables, "7")
    done, text = office.dispatch("refresh")
    assert not done
    assert "assumptions.csv line" in text
    assert "Changes" not in office.titles()


# --- preview --------------------------------------------------------------------------------------------


def test_a_preview_says_what_a_refresh_does_then_and_changes_nothing(office: Office) -> None:
    before = pages(office)
    done, foreseen = office.dispatch("preview")
    assert done, foreseen
    assert not differences(pages(office), before)
    assert office.undo_titles() == ()
    assert foreseen.startswith("Nothing is written: this is what a refresh would do.\nA share in ")
    _, said = office.dispatch("refresh")
    updated = re.findall(r"^Inputs to update: ([0-9]+)$", foreseen, re.MULTILINE)
    assert updated == re.findall(r"Inputs updated: ([1-9][0-9]*);", said)


# --- check --------------------------------------------------------------------------------------------


def test_a_refreshed_workbook_passes_its_check(office: Office) -> None:
    refresh(office)
    done, text = office.dispatch("check")
    assert done
    assert text.startswith("OK: ")
    assert int(re.findall(r"([0-9]+) formula cells", text)[0]) > 3000


def test_a_check_finds_a_formula_overwritten_by_a_number(office: Office) -> None:
    refresh(office)
    put(office, A_FORMULA, 0.11)
    done, text = office.dispatch("check")
    assert done
    assert text.startswith("FAILED: ")
    assert f"{'!'.join(A_FORMULA)} cost_of_equity" in text


def test_a_check_changes_nothing(office: Office) -> None:
    before = pages(office)
    office.dispatch("check")
    assert not differences(pages(office), before)
    assert office.undo_titles() == ()


def test_a_check_says_what_function_cells_lack(office: Office, book_file: Path) -> None:
    office.open(str(book_file), True)
    _, text = office.dispatch("check")
    assert text.startswith("FAILED: ")
    assert "Refresh model gives them those of Calc" in text


# --- menu and toolbar ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["OfficeMenuBar", "OfficeToolBar"])
def test_menu_and_toolbar_have_the_commands_in_calc_only(office: Office, kind: str) -> None:
    (commands,) = office.interface(kind).values()
    assert [title for _, title, _ in commands] == ["Refresh model", "Preview refresh", "Check model"]
    for url, _, context in commands:
        assert context == "com.sun.star.sheet.SpreadsheetDocument"
        assert office.takes(url)


def test_nothing_takes_a_command_that_does_not_exist_or_a_window_without_a_workbook(office: Office) -> None:
    assert not office.takes("vnd.xiaomi-model:sell")
    assert not office.empty_window_takes("vnd.xiaomi-model:refresh")
