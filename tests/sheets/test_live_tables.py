"""Sensitivities as what-if tables: the core in every cell and every program, every input live."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.formula import DataTableFormula

import xlwings_addin as xa
from tests.layout.test_pages import smallest_print
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.libreoffice import recalculate_with_libreoffice
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.what_if import cells_of_one_case, sheets_of_one_case, tables_of
from xlwings_addin.proof import all_tables
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.report import Report
from xlwings_addin.proof.second_engine import function_cells
from xlwings_addin.sheets.varied import BARS
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import read_package, read_values
from xlwings_addin.xlsx.writing import write_values

BOOK = Book(load_context(live="all"))
SHEET = "Sensitivities"
TABLES = [table for table in tables_of(BOOK) if table.sheet == SHEET]


@pytest.fixture(scope="module")
def live(built: Callable[..., Path]) -> Path:
    """The workbook with every table of Sensitivities live."""
    return built("live_tables", live="all")


def test_four_two_way_tables_and_the_tornado_are_native(live: Path) -> None:
    sheet = load_workbook(live)[SHEET]
    masters = [cell for row in sheet for cell in row if isinstance(cell.value, DataTableFormula)]
    assert [cell.value.ref for cell in masters] == [table.area for table in TABLES]
    assert len(TABLES) == 5
    inputs = {cell.value.r1 for cell in masters} | {cell.value.r2 for cell in masters}
    assert len(inputs) == 2 * len(TABLES)
    assert all(sheet[address].value == 0 for address in inputs)


def test_the_tables_show_what_the_core_answers(live: Path) -> None:
    """Independent of the sheet: `xa.tornado` asks the core for every input of the ranking by itself."""
    stored, tornado = read_values(live), xa.tornado()
    for rank, bar in enumerate(tornado.bars[:BARS], 1):
        for end in ("low", "high"):
            at = BOOK.at(f"{{sensitivities.bar_{rank}:at_{end}}}")
            per_share = getattr(bar, end).per_share
            expected = pytest.approx(per_share, rel=1e-9) if per_share is not None else "n/a"
            assert stored[at] == expected, (bar.key, end)
    answers = BOOK.context.answers.tables["volume_margin"]
    assert answers is not None
    down, across = (axis.key for axis in answers.axes)
    first, second = (axis.values for axis in answers.axes)
    asked = xa.sensitivity(down, across, values=first, other_values=second)
    for row, per_share in enumerate(asked.table, 1):
        for column, value in enumerate(per_share, 1):
            at = BOOK.at(f"{{sensitivities.volume_margin_{row}:across_{column}}}")
            refused = math.isnan(value)
            assert stored[at] == ("n/a" if refused else pytest.approx(float(value), rel=1e-9))


def test_a_check_proves_every_cell_of_the_tables(live: Path) -> None:
    report = check(live, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]
    assert report.coverage is not None
    assert report.coverage.table_cells == sum(1 for table in tables_of(BOOK) for _ in table.cells())


def test_the_tables_follow_an_input_that_they_do_not_set(live: Path) -> None:
    calculation = Calculation(live, callbacks())
    calculation.set_value(*BOOK.at("{inputs.tax_rate:cases[1]}"), 0.2)
    inputs = load_inputs(DEFAULT_CASE)
    for rank, bar in enumerate(xa.tornado().bars[:4], 1):
        assert bar.key != "tax_rate"
        changed = inputs.replace(**{"tax_rate": 0.2, bar.key: bar.high.value})
        expected = evaluate(changed).sotp.value_per_share
        at = BOOK.at(f"{{sensitivities.bar_{rank}:at_high}}")
        assert calculation.value(*at) == pytest.approx(float(expected), rel=1e-9), bar.key


def test_with_another_case_selected_the_sheet_is_pale_and_a_check_passes(live: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.xlsx"
    other.write_bytes(write_values(live, {BOOK.at(SELECTOR): "base"}, only_formulas=False))
    other.write_bytes(write_values(other, Calculation(other, callbacks()).values()))
    report = check(other, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]


def test_a_refresh_of_other_inputs_keeps_the_tables_and_a_check_passes(
    live: Path, tmp_path: Path, tables: Path
) -> None:
    path = Path(shutil.copy(live, tmp_path))
    prices = tables / "cases" / "house_2026.csv"
    text = prices.read_text(encoding="utf-8")
    assert "25.24" in text
    prices.write_text(text.replace("25.24", "26.24"), encoding="utf-8")
    xa.refresh(path, folder=tables)
    assert [table.area for table in tables_of(BOOK) if table.sheet == SHEET] == [
        cell.value.ref
        for row in load_workbook(path)[SHEET]
        for cell in row
        if isinstance(cell.value, DataTableFormula)
    ]
    report = check(path, folder=tables, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]


def test_libreoffice_calculates_everything_on_load_with_another_case(
    live: Path, live_cases: Path, libreoffice: Path
) -> None:
    """Another than the first of the table, where LibreOffice 7.4 once left cells as they were in that one."""
    selected = {"all": "march_2024_strict", "cases": "base"}
    files = {
        f"{name}.xlsx": write_values(
            live if name == "all" else live_cases, {BOOK.at(SELECTOR): case}, only_formulas=False
        )
        for name, case in selected.items()
    }
    answers = recalculate_with_libreoffice(files, timeout=300)
    for data, theirs in zip(files.values(), answers, strict=True):
        ours = Calculation(data, callbacks()).values()
        resting = function_cells(read_package(data), callbacks())
        sheets = {"Functions", "Checks", "Questions"}  # which say whether the add-in is there
        wrong = {
            at: (theirs.get(at), value)
            for at, value in ours.items()
            if at not in resting and at[0] not in sheets and disagreement(theirs.get(at), value)
        }
        assert not {at for at in wrong if at not in _shows_checks()}
        outside = BOOK.at("{checks.inputs_in_range}")
        assert theirs[outside] == ours[outside]


def _shows_checks() -> set[tuple[str, str]]:
    """Cells of Cover that count the checks, one of which waits for the add-in."""
    return {
        cell.at
        for cell in BOOK.cells()
        if cell.sheet.title == "Cover" and "{checks." in (cell.entry.formula or "")
    }


def test_the_sheet_prints_at_seven_points_or_more(live: Path) -> None:
    assert smallest_print(load_workbook(live)[SHEET]) >= 7.0


def test_only_sensitivities_has_tables_of_the_one_case_that_answers_are_for() -> None:
    assert sheets_of_one_case(BOOK) == {SHEET}
    elsewhere = {at for at in cells_of_one_case(BOOK) if at[0] != SHEET}
    assert {sheet for sheet, _ in elsewhere} == {"Cover"}  # the grid links to one of them
    assert BOOK.at("{cover.success_1:across_1}") in elsewhere


def test_all_tables_are_compared_in_every_case_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the second company, which has three cases and a table fewer."""
    tesla = company_folder("tesla")
    book = xa.build(tmp_path / "Tesla.xlsx", folder=tesla, live="all")

    def compared(**options: bool) -> Report:
        return check(book, folder=tesla, functions=callbacks(), second_opinion="skip", **options)

    report = compared(all_tables=True)
    assert report.ok
    assert report.has_all_tables
    places = Book(load_context(tesla, live="all"))
    cells = sum(cell.entry.kind == "table" and cell.entry.case is None for cell in places.cells())
    monkeypatch.setattr(all_tables, "value_with", lambda inputs, moves: -1.0)
    spoiled = compared(all_tables=True)
    differing = [finding for finding in spoiled.findings if finding.message.startswith("table against core")]
    assert len(differing) + report.tables_refused == 2 * cells
    assert {finding.case for finding in differing} == {"bear", "bull"}
    book.write_bytes(write_values(book, {places.at(SELECTOR): "bull"}, only_formulas=False))
    differing = [one for one in compared(all_tables=True).findings if one.message.startswith("table against")]
    assert {finding.case for finding in differing} == {"base", "bear", "bull"}
