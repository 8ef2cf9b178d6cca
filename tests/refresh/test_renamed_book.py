"""The workbook of version 0.1.0, with the names it had, is read, checked, compared and refreshed."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.refresh.refreshing import refresh_file, type_into
from tests.released import TABLES, WORKBOOK
from xlwings_addin.cli.print_growth import growth_lines
from xlwings_addin.diff.differences import differences
from xlwings_addin.engine.libreoffice import recalculate_with_libreoffice
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.renamed import renamed_names
from xlwings_addin.layout.former_formulas import former_formulas
from xlwings_addin.layout.names import alias_names, defined_names
from xlwings_addin.layout.references import HEADINGS, Book
from xlwings_addin.layout.state import read_state
from xlwings_addin.proof.check import check
from xlwings_addin.proof.check_open import check_open
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import Pages, pages_of
from xlwings_addin.proof.reading import located, rows_there
from xlwings_addin.proof.report import Report
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.growth.filling import Identity, identity
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.sheets import success
from xlwings_addin.sheets.spec import SourceRows
from xlwings_addin.xlsx.package import read_package, read_values, write_values

ALIASES = 20
LINES = 1370
"""Of the workbook of version 0.1.0 that this version has, too."""
LATER_LINES = 465
"""That this version has beside them, with the tables of version 0.1.0."""
LATER_SHEETS = (
    *("Summary", "New Initiatives", "Multiples", "Implied", "Sensitivities", "Simulation", "Conventions"),
    *("Market", "Ramp", "Scorecard", "Questions"),
)
"""Sheets that this version has beside those of version 0.1.0."""
WITH_A_BUILD = [("Cover", success.FIRST), ("Cover", success.THERE)]
"""The first lines of the blocks of Cover that no refresh adds."""
GROWTH_OF_BASE = ("inputs", "devices_terminal_growth", "cases", "base")
STORED = [f"stored_{case}" for case in ("base", "bear", "bull", "march_2024_replica", "march_2024_strict")]
"""Lines of the cases on the Cover: their column of margins of safety is one of upsides by now."""
LATER_CELLS = [("Cover", line) for line in STORED for _ in ("differs", "counts")]
"""Lines of version 0.1.0 with cells that it lacks: how many rows of a case are not those that it extends, and
what it counts with."""
LATER_HEADING = ("Cover", "heading")
"""The one line with another formula by now that no table of former formulas has: words."""
LATER_CALLS = ("devices_segments_enterprise_value", "vehicle_units_enterprise_value")
"""Function cells that add the terminal value by itself, for it has two forms now: another last digit."""


@pytest.fixture
def old_book(tmp_path: Path) -> Path:
    return Path(shutil.copy(WORKBOOK, tmp_path / "old.xlsx"))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Refreshed]:
    """The old workbook after a refresh."""
    path = Path(shutil.copy(WORKBOOK, tmp_path_factory.mktemp("grown") / "old.xlsx"))
    return path, refresh(path)


@pytest.fixture
def places(old_book: Path) -> Book:
    """Where the lines of the old workbook stand."""
    context = replace(load_context(TABLES), source_rows=SourceRows(by_case=True))
    return Book(context, located(Pages(FileMedium(old_book, {}).read), context))


def refresh(book: Path, **options: Any) -> Refreshed:
    return refresh_file(book, TABLES, **options)


def checked(book: Path) -> Report:
    return check(book, functions=callbacks(), folder=TABLES, second_opinion="skip")


def lines_of(report: Report, kind: str) -> list[tuple[str, str]]:
    """The lines that findings of a kind name, with their sheets."""
    return [(finding.sheet, finding.line) for finding in report.findings if finding.kind == kind]


def figures(path: Path) -> dict[Identity, float]:
    """The figures of a workbook by what they are, whatever row or column they stand in."""
    values = read_values(path)
    pages = pages_of(values)
    fit = fitted(load_context(TABLES), pages)
    book = Book(fit.context, rows_there(pages, fit.context), blocks=fit.blocks)
    lines = (cell for cell in book.cells() if cell.line and (cell.sheet.key, cell.line.key) in book.rows)
    cells = {identity(book, cell): values.get(cell.at) for cell in lines}
    return {name: value for name, value in cells.items() if isinstance(value, float)}


def lines_of_later_sheets() -> int:
    """How many lines with cells this version has on sheets that version 0.1.0 has not."""
    cells = Book(load_context(TABLES)).cells()
    return len(
        {(cell.sheet.key, cell.line.key) for cell in cells if cell.line and cell.sheet.title in LATER_SHEETS}
    )


def keyed_rows(path: Path) -> dict[str, int]:
    """How many rows of a workbook's sheets have a key, by title, as openpyxl reads them."""
    counts: dict[str, int] = {}
    for sheet in load_workbook(path).worksheets:
        (heading,) = [cell for row in sheet.iter_rows() for cell in row if cell.value == HEADINGS]
        column = sheet.iter_rows(heading.row + 1, None, heading.column, heading.column, values_only=True)
        counts[sheet.title] = sum(key is not None for (key,) in column)
    return counts


def with_own_sheet(path: Path, formulas: dict[str, str]) -> None:
    """Add an analyst's own sheet of formulas to a workbook."""
    workbook = load_workbook(path)
    sheet = workbook.create_sheet("Mine")
    for address, formula in formulas.items():
        sheet[address] = formula
    workbook.save(path)


# --- reading ------------------------------------------------------------------------------------------


def test_every_line_of_the_old_workbook_is_found_under_its_present_key(old_book: Path, places: Book) -> None:
    present = {(sheet.sheet.key, key) for sheet in places.sheets.values() for key in sheet.lines}
    there = [at for at in places.rows if at[1] != HEADINGS]
    assert not set(there) - present
    titles = Counter(places.sheets[sheet].sheet.title for sheet, _ in there)
    assert titles == keyed_rows(old_book)
    assert "Core Segments" in titles


def test_its_cells_are_named_by_the_titles_it_has(places: Book) -> None:
    assert places.at("{devices.enterprise_value}")[0] == "Core Segments"
    assert places.at("{devices_average.enterprise_value}")[0] == "Core Average"
    assert places.at("{reported.capex[1]}")[0] == "History"


def test_its_record_of_the_build_is_read_by_present_names(old_book: Path) -> None:
    state = read_state(read_package(old_book))
    assert state is not None
    assert state.format == 1
    assert state.values["inputs.devices_horizon.cases.0"] == 10
    assert "reported.capex.periods.0" in state.values
    assert not [name for name in (*state.values, *state.texts) if "core" in name or "history." in name]


def test_a_title_without_a_column_of_keys_is_an_analyst_s_own_sheet(old_book: Path) -> None:
    workbook = load_workbook(old_book)
    workbook.create_sheet("Devices")["A1"] = "my own"
    workbook.save(old_book)
    context = load_context(TABLES)
    rows = located(Pages(FileMedium(old_book, {}).read), context)
    assert rows.titles["devices"] == "Core Segments"


# --- check --------------------------------------------------------------------------------------------


def test_a_check_of_it_fails_for_nothing_but_what_later_versions_have(old_book: Path, places: Book) -> None:
    report = checked(old_book)
    kinds = {finding.kind for finding in report.findings if finding.severity == "failure"}
    renamed_column = lines_of(report, "wrong stored value")
    assert renamed_column == [("Cover", line) for line in STORED]
    kinds.remove("wrong stored value")
    assert kinds == {"missing line", "overwritten formula", "changed formula", "core disagrees"}
    absent = [finding for finding in report.findings if finding.kind == "missing sheet"]
    assert {(finding.sheet, finding.severity) for finding in absent} == {
        (title, "warning") for title in LATER_SHEETS
    }
    # A check that it has not warns in bull, so that its own count of warnings is another.
    disagreeing = {
        (finding.case, finding.line) for finding in report.findings if finding.kind == "core disagrees"
    }
    # The headline of cases above their price names the upside, where it named the margin of safety.
    above = {(case, LATER_HEADING[1]) for case in ("bull", "march_2024_replica", "march_2024_strict")}
    assert disagreeing == {("bull", "overall"), ("bull", "warnings")} | above
    missing = lines_of(report, "missing line") + lines_of(report, "missing column")
    # Cover leads to the later sheets; a fact of a later period has a line on Sources
    assert len(missing) == LATER_LINES + len(LATER_SHEETS) + len(WITH_A_BUILD)
    assert lines_of(report, "overwritten formula") == LATER_CELLS
    brought_to_today = {(places.sheets[sheet].sheet.title, line) for sheet, line, _ in former_formulas()}
    assert set(lines_of(report, "changed formula")) - brought_to_today == {LATER_HEADING}
    assert (report.lines, report.comparisons) == (LINES, 17215)


def test_a_wrong_formula_of_a_renamed_line_is_still_found(old_book: Path, places: Book) -> None:
    sheet, cell = places.at("{devices.revenue[2]}")
    workbook = load_workbook(old_book)
    workbook[sheet][cell] = 1.0
    workbook.save(old_book)
    overwritten = lines_of(checked(old_book), "overwritten formula")
    assert overwritten == [*LATER_CELLS, ("Core Segments", "revenue")]


def test_a_name_that_points_elsewhere_is_found_under_its_former_name(old_book: Path) -> None:
    workbook = load_workbook(old_book)
    workbook.defined_names["core_wacc"].attr_text = "Capital!$D$1"
    workbook.save(old_book)
    report = checked(old_book)
    changed = [finding.message for finding in report.findings if finding.kind == "changed name"]
    assert len(changed) == 1
    assert changed[0].startswith("name core_wacc stands for Capital!$D$1 where ")


def test_an_open_old_workbook_is_checked(grown: tuple[Path, Refreshed]) -> None:
    path, _ = grown
    report = check_open(FileMedium(path, {}), folder=TABLES)
    assert report.ok
    assert report.lines == LINES + LATER_LINES + lines_of_later_sheets()


# --- refresh ------------------------------------------------------------------------------------------


def test_a_refresh_of_it_moves_no_figure_names_what_it_adds_and_leaves_no_failure(
    grown: tuple[Path, Refreshed],
) -> None:
    refreshed_book, done = grown
    before = figures(WORKBOOK)
    assert (done.plan.overrides, done.plan.formulas) == ([], [])
    assert done.plan.unplaced == [
        f"Cover: {title}: comes with a new build"
        for title in (success.TITLE, "Behind the success that the price needs")
    ]
    assert {change.before for change in done.plan.updated} == {None}
    assert {"Cover: Rows that differ", "History: FY2025", "History: Net profit"} <= set(done.growth.added)
    assert (done.growth.extended, done.growth.missing) == ((), ())
    after = figures(refreshed_book)
    assert len(before) > 3000
    for line in STORED:  # the column of margins of safety has another heading, and upsides below it
        (upside,) = (after[name] for name in before if name[:3] == ("cover", line, "upside"))
        value, price = (
            next(after[name] for name in before if name[:3] == ("cover", line, column))
            for column in ("value", "price")
        )
        assert upside == pytest.approx(value / price - 1, rel=1e-12)
    assert "Cover: Upside" in done.growth.added
    before = {name: figure for name, figure in before.items() if name[2] != "upside"}
    differing = {name[:2] for name, figure in before.items() if after.get(name) != figure}
    assert differing == {("functions", line) for line in LATER_CALLS}
    assert {name: after.get(name) for name in before} == pytest.approx(before, rel=1e-12, abs=1e-12)
    assert done.value_after == done.value_before
    assert done.account is not None
    assert (done.account.kept, done.account.doubted) == ((), ())
    report = checked(refreshed_book)
    assert report.ok
    lines = LINES + LATER_LINES + lines_of_later_sheets()
    assert (report.lines, lines_of(report, "missing line")) == (lines, WITH_A_BUILD)
    assert read_package(refreshed_book).titles[-len(LATER_SHEETS) :] == LATER_SHEETS
    assert {f"sheet {title}" for title in LATER_SHEETS} <= set(done.growth.added)


def test_an_override_of_a_renamed_input_is_kept_unless_its_key_is_given(old_book: Path, places: Book) -> None:
    type_into(old_book, {places.at("{inputs.devices_terminal_growth:cases[1]}"): 0.03})
    before = old_book.read_bytes()
    trial = refresh(old_book, dry_run=True)
    assert [(change.key, change.before, change.tables) for change in trial.plan.overrides] == [
        ("devices_terminal_growth", 0.03, 0.025)
    ]
    said = list(growth_lines(trial.growth, dry_run=True, whole=True))
    assert said[0] == f"{len(trial.growth.added)} would be added:"
    assert any(line.startswith("  Inputs: Extends, ") for line in said)
    assert any(line.startswith("  sheets: ") and "Implied" in line for line in said)
    assert old_book.read_bytes() == before
    done = refresh(old_book, take_new=["core_terminal_growth"])  # a script that still has the old key
    updated, in_trial = ({change.key for change in one.plan.updated} for one in (done, trial))
    assert updated - in_trial == {"devices_terminal_growth"}
    assert figures(old_book)[GROWTH_OF_BASE] == 0.025


def test_formulas_of_an_analyst_s_own_with_old_names_are_calculated(old_book: Path) -> None:
    with_own_sheet(
        old_book,
        {"A1": "=core_terminal_growth*2", "A2": "='Core Segments'!D62", "A3": "=History!F6"},
    )
    refresh(old_book)
    values = read_values(old_book)
    assert values["Mine", "A1"] == 0.05
    built_up = xa.value("base", folder=TABLES).devices_segments.valuation
    assert values["Mine", "A2"] == pytest.approx(built_up.enterprise_value, rel=1e-12)
    assert isinstance(values["Mine", "A3"], float)


# --- diff ---------------------------------------------------------------------------------------------


def test_no_figure_of_the_old_workbook_is_another_in_the_new_one(old_book: Path, rebuilt: Path) -> None:
    compared = differences(old_book, rebuilt, folder=TABLES)
    with_figure = [difference for difference in compared.cells if isinstance(difference.old, float)]
    renamed_column = [difference for difference in with_figure if difference.line in STORED]
    assert [difference.line for difference in renamed_column if difference.kind == "value followed"] == STORED
    with_figure = [difference for difference in with_figure if difference.kind != "value followed"]
    # A new workbook joins the cases of a source, so that rows of Sources with their ranges are gone.
    removed = [difference for difference in with_figure if difference.kind == "removed"]
    assert {difference.sheet for difference in removed} == {"Sources"}
    with_figure = [difference for difference in with_figure if difference.kind != "removed"]
    assert {difference.kind for difference in with_figure} == {"formula changed", "format only"}
    assert {difference.line for difference in with_figure if difference.new != difference.old} == set(
        LATER_CALLS
    )
    assert [difference.new for difference in with_figure] == pytest.approx(
        [difference.old for difference in with_figure], rel=1e-12
    )
    formulas = [difference for difference in compared.cells if difference.kind == "formula changed"]
    changed = [(cell.sheet, cell.line or cell.cell) for cell in formulas if cell.new != cell.old]
    assert changed == [("Cover", "A2"), *(("Functions", line) for line in LATER_CALLS)]
    assert compared.bridge is not None
    assert compared.bridge.after == compared.bridge.before
    assert {"Core Segments", "History"}.isdisjoint(difference.sheet for difference in compared.cells)


def test_a_changed_input_is_found_across_the_renaming_both_ways(
    old_book: Path, rebuilt: Path, places: Book
) -> None:
    at = places.at("{inputs.devices_horizon:cases[1]}")
    old_book.write_bytes(write_values(old_book, {at: 9.0}, only_formulas=False))
    for before, after, old, new in ((old_book, rebuilt, 9, 10), (rebuilt, old_book, 10, 9)):
        changes = [
            (difference.line, difference.old, difference.new)
            for difference in differences(before, after, folder=TABLES).cells
            if difference.kind == "input changed" and isinstance(difference.new, float)
        ]
        assert changes == [("devices_horizon", old, new)]


# --- names --------------------------------------------------------------------------------------------


def test_every_old_name_is_an_alias_in_a_new_workbook(rebuilt: Path) -> None:
    book = Book(load_context(TABLES))
    aliases, names = alias_names(book), defined_names(book)
    assert set(aliases) == set(renamed_names("defined_name"))
    assert len(aliases) == ALIASES
    written = load_workbook(rebuilt).defined_names
    for old, new in renamed_names("defined_name").items():
        assert written[old].attr_text == written[new].attr_text == names[new]


def test_formulas_with_old_names_calculate_in_the_embedded_engine(rebuilt: Path, tmp_path: Path) -> None:
    book = Path(shutil.copy(rebuilt, tmp_path / "new.xlsx"))
    with_own_sheet(book, {"A1": "=core_terminal_growth*2", "A2": "=core_wacc-devices_wacc"})
    values = xa.recalculate(book)
    assert (values["Mine", "A1"], values["Mine", "A2"]) == (0.05, 0.0)


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_formulas_with_old_names_calculate_in_libreoffice(rebuilt: Path, tmp_path: Path) -> None:
    book = Path(shutil.copy(rebuilt, tmp_path / "new.xlsx"))
    with_own_sheet(book, {"A1": "=core_terminal_growth*2", "A2": "=core_enterprise_value"})
    (values,) = recalculate_with_libreoffice({"new.xlsx": book.read_bytes()})
    assert values["Mine", "A1"] == 0.05
    assert values["Mine", "A2"] == pytest.approx(
        xa.value("base", folder=TABLES).sotp.devices.value, rel=1e-12
    )
