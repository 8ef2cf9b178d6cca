"""The certificate: sound on the delivered workbook, and each kind of damage is found."""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xlwings_addin as xa
from tests.proof.checking import (
    CASES,
    REPLICA,
    STRICT,
    findings_of,
    formulas_of_all_cases,
    input_at,
    run,
    spoil,
    spoil_book,
    type_in,
)
from tests.xlsx.editing import Content, formula_at, typed_into
from xlwings_addin.core.errors import BookError, DomainError, InputError
from xlwings_addin.functions.registry import Target, callbacks
from xlwings_addin.layout.references import HEADINGS, Book
from xlwings_addin.proof import check as compare
from xlwings_addin.proof.answered import answer_cells
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.report import Report
from xlwings_addin.xlsx.package import (
    CellKey,
    move,
    read_values,
    save,
    write_values,
)

KEPT = Book(load_context(live="none"))
OVERWRITTEN, CHANGED = "{vehicle_ramp.operating_income[last]}", "{sotp.upside}"
LIMIT = "{checks.printed_devices_value_per_share_hkd:high}"


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def sound(delivered: Path) -> Report:
    """What a check says of the workbook as it was delivered."""
    return run(delivered)


def test_every_line_agrees_with_the_core_in_every_case(sound: Report, delivered: Path, book: Book) -> None:
    assert sound.ok, [finding.message for finding in sound.findings if finding.severity == "failure"]
    assert sound.cases == CASES
    formulas, answers = formulas_of_all_cases(delivered), len(answer_cells(book))
    assert formulas > 16_000
    assert answers > 500
    of_other_cases = 48 * (len(CASES) - 1)  # the table on Cover, each cell of which is compared in its case
    assert sound.comparisons == formulas - of_other_cases + answers
    assert sound.lines > 900


def test_warnings_are_told_and_do_not_fail(sound: Report) -> None:
    warned = {(finding.case, finding.line) for finding in findings_of(sound, "check warns")}
    # Article 004 grows at 5% for ever against a risk-free rate of 4.4%, and capitalises devices at once.
    assert (REPLICA, "devices_growth") in warned
    assert (REPLICA, "devices_terminal_share") in warned
    assert (STRICT, "devices_terminal_share") not in warned
    assert sound.ok


@pytest.mark.parametrize("target", ["office-js", "libreoffice"])
def test_a_workbook_written_for_another_program_still_passes(book_file: Path, target: Target) -> None:
    xa.recalculate(book_file, book_file, target=target)
    report = run(book_file)
    assert report.ok, report.findings


@pytest.fixture(scope="module")
def damaged(delivered: Path, book: Book, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What a check says of a workbook with one damage of several kinds, each in a place of its own."""
    path = Path(shutil.copy(delivered, tmp_path_factory.mktemp("damaged")))
    ramp, upside, limit = book.at(OVERWRITTEN), book.at(CHANGED), book.at(LIMIT)

    def change(workbook: Workbook) -> None:
        workbook[ramp[0]][ramp[1]] = 47_520.0
        workbook[upside[0]][upside[1]] = workbook[upside[0]][upside[1]].value + "+0"
        workbook[limit[0]][limit[1]] = 99.0
        workbook["SOTP"][unit_of(book)] = "USD m"
        workbook.defined_names["value_per_share_hkd"].attr_text = elsewhere(book)
        del workbook.defined_names["risk_free"]
        workbook.create_sheet("Mine")["A1"] = "=1/0"

    spoil_book(path, change, {("Mine", "A1"): "#DIV/0!"})
    return run(path)


def unit_of(book: Book) -> str:
    """The cell with the unit of the devices in the sum of the parts."""
    return f"B{book.at('{sotp.devices:value}')[1][1:]}"


def elsewhere(book: Book) -> str:
    """The cell of the price, which no name of the value may point to."""
    return f"SOTP!$D${book.at('{sotp.price}')[1][1:]}"


def test_a_formula_overwritten_by_a_number_is_found(damaged: Report, book: Book) -> None:
    (finding,) = findings_of(damaged, "overwritten formula")
    assert finding.severity == "failure"
    assert not damaged.ok
    assert (finding.sheet, finding.cell, finding.line) == (*book.at(OVERWRITTEN), "operating_income")
    assert finding.actual == "47520.0"
    assert finding.expected == ""
    assert finding.formula.startswith("=")


def test_a_changed_formula_is_found_even_where_the_value_stays(damaged: Report, book: Book) -> None:
    (finding,) = findings_of(damaged, "changed formula")
    assert (finding.sheet, finding.cell, finding.line) == (*book.at(CHANGED), "upside")
    assert finding.actual == finding.formula + "+0"
    assert finding.severity == "failure"


def test_a_wrong_formula_disagrees_with_the_core_in_each_case(book_file: Path, book: Book) -> None:
    at = book.at("{sotp.upside}")
    type_in(book_file, {at: formula_at(book_file, at) + "+1"})
    report = run(book_file)
    disagreeing = findings_of(report, "core disagrees")
    # The cover's sentences say how far the value is from the price, and what follows.
    assert {(finding.case, finding.line) for finding in disagreeing} == {
        *((case, line) for case in CASES for line in ("upside", "answer", "heading", "selected_results")),
        *((case, f"stored_{case}") for case in CASES),  # its own row of the table of all cases
    }
    figures = [finding for finding in disagreeing if finding.line == "upside"]
    assert all("relative difference" in finding.message for finding in figures)


def test_a_wrong_stored_value_is_found(book_file: Path, book: Book) -> None:
    at = book.at("{sotp.value_per_share}")
    save(book_file, write_values(book_file, {at: 99.0}))
    report = run(book_file)
    (finding,) = findings_of(report, "wrong stored value")
    assert (finding.line, finding.actual) == ("value_per_share", "99.0")
    assert not report.ok


def test_a_wrong_result_kept_on_the_cover_is_found(book_file: Path, book: Book) -> None:
    at = book.at("{cover.stored_march_2024_strict:value}")
    save(book_file, write_values(book_file, {at: 99.0}, only_formulas=False))
    report = run(book_file)
    assert {finding.line for finding in findings_of(report, "wrong stored value")} >= {
        "stored_march_2024_strict"
    }
    assert not report.ok


def test_a_missing_line_is_found(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.delete_rows(worksheet[cell].row))
    report = run(book_file)
    assert [finding.line for finding in findings_of(report, "missing line")] == ["upside"]
    assert not report.ok


def test_a_missing_sheet_is_found(book_file: Path) -> None:
    workbook = load_workbook(book_file)
    del workbook["Reported"]
    workbook.save(book_file)
    report = run(book_file)
    assert [finding.sheet for finding in findings_of(report, "missing sheet")] == ["Reported"]
    assert not report.ok


@pytest.fixture(scope="module")
def failing(delivered: Path, book: Book, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What a check says where checks of the workbook fail: two in every case, two others warn in one."""
    path = Path(shutil.copy(delivered, tmp_path_factory.mktemp("failing")))
    inputs = {
        book.at("{reported.capex[1]}"): 5_000.0,
        input_at(book, "probability", "house_2026_bull"): 0.5,
        input_at(book, "net_cash_definition", "bear"): "company",
        input_at(book, "tax_rate", "bull"): 0.3,
    }
    type_in(path, inputs)
    return run(path)


def test_failing_checks_of_the_workbook_are_found_in_every_case(failing: Report) -> None:
    """A cash flow that is not the sum of its parts, and probabilities that do not add up."""
    failures = findings_of(failing, "check fails")
    assert {(finding.line, finding.case) for finding in failures} == {
        (line, case) for line in ("free_cash_flow", "probabilities") for case in CASES
    }
    assert {finding.severity for finding in failures} == {"failure"}
    assert not failing.ok


def test_inputs_that_count_cash_twice_are_told_in_their_case(failing: Report) -> None:
    warned = {(finding.line, finding.case) for finding in findings_of(failing, "check warns")}
    assert {entry for entry in warned if entry[0].startswith("twice_")} == {
        *(("twice_restricted", "bear"), ("twice_investments", "bear"))
    }


def test_an_input_outside_its_range_is_told_in_its_case(failing: Report) -> None:
    warned = {(finding.line, finding.case) for finding in findings_of(failing, "check warns")}
    assert {entry for entry in warned if entry[0] == "inputs_in_range"} == {("inputs_in_range", "bull")}


@pytest.fixture(scope="module")
def revised(delivered: Path, book: Book, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What a check says of a workbook with inputs and figures of an analyst's own, calculated."""
    path = tmp_path_factory.mktemp("revised") / "book.xlsx"
    values = read_values(delivered)
    free, operating = (book.at(f"{{reported.{line}[7]}}") for line in HISTORY)
    linked = input_at(book, "diluted_shares", STRICT)
    contents: dict[CellKey, Content] = {
        input_at(book, "risk_free", STRICT): 0.05,
        free: float(str(values[free])) + 4_000.0,
        operating: float(str(values[operating])) + 4_000.0,
        input_at(book, "diluted_shares", REPLICA): 26_000.0,
        linked: f"={values[linked]}+0",
    }
    path.write_bytes(typed_into(delivered, contents))
    save(path, write_values(path, compare.Calculation(path, callbacks()).values()))
    return run(path)


HISTORY = ("free_cash_flow", "operating_cash_flow")


def test_a_changed_input_is_no_failure_but_is_told(revised: Report) -> None:
    changed = findings_of(revised, "input changed")
    assert {(finding.case, finding.line, finding.actual) for finding in changed if finding.case} == {
        (STRICT, "risk_free", "0.05"),
        (REPLICA, "diluted_shares", "26000.0"),
    }
    old = findings_of(revised, "stored result is old")
    assert old
    assert "Cover" not in {finding.sheet for finding in old}  # whose table follows the input
    assert revised.ok


def test_results_that_cover_keeps_are_old_once_an_input_changed(kept_cases: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.xlsx"
    path.write_bytes(typed_into(kept_cases, {input_at(KEPT, "risk_free", STRICT): 0.05}))
    save(path, write_values(path, compare.Calculation(path, callbacks()).values()))
    report = run(path)
    assert {finding.case for finding in findings_of(report, "stored result is old")} >= {STRICT}
    assert report.ok


def test_a_changed_history_figure_flows_through_the_core(revised: Report) -> None:
    changed = findings_of(revised, "input changed")
    assert {finding.line for finding in changed if not finding.case} == set(HISTORY)
    assert not findings_of(revised, "core disagrees")


def test_an_input_linked_to_another_cell_counts_with_its_value(revised: Report) -> None:
    told = [finding for finding in findings_of(revised, "input changed") if finding.case == STRICT]
    assert "diluted_shares" not in {finding.line for finding in told}
    assert revised.ok


def test_a_replica_that_was_changed_no_longer_has_to_replicate(revised: Report) -> None:
    told = [finding for finding in revised.findings if finding.line.startswith("printed_")]
    assert {finding.severity for finding in told} == {"warning"}
    assert revised.ok


def test_lines_are_found_by_key_after_a_row_is_inserted(book_file: Path) -> None:
    # Row insertion shifts formulas in a spreadsheet program; on the last block no formula points below it.
    def change(worksheet: Worksheet) -> None:
        worksheet.insert_rows(worksheet.max_row + 1)
        worksheet.cell(worksheet.max_row + 2, 1, "an analyst's own note")

    spoil(book_file, "Sources", change)
    assert run(book_file).ok


def test_an_input_that_is_no_number_is_named(book_file: Path, book: Book) -> None:
    _, cell = at = input_at(book, "risk_free", REPLICA)
    type_in(book_file, {at: "four percent"})
    expected = f"Inputs!{cell} risk_free of march_2024_replica 'four percent' must be a number"
    with pytest.raises(InputError, match=expected):
        run(book_file)


def test_digits_typed_for_a_date_are_named(book_file: Path, book: Book) -> None:
    _, cell = at = input_at(book, "valuation_date", "base")
    type_in(book_file, {at: 20251201})
    expected = (
        f"Inputs!{cell} valuation_date of base 20251201 must be a date, typed as one, such as 2025-12-01"
    )
    with pytest.raises(BookError, match=expected):
        run(book_file)


def test_a_line_whose_row_was_copied_with_its_key_is_named_with_both_rows(
    book_file: Path, book: Book
) -> None:
    sheet, cell = input_at(book, "tax_rate", "base")
    row = int(re.sub(r"\D", "", cell))

    def change(worksheet: Worksheet) -> None:
        for one in list(worksheet[row]):
            worksheet.cell(
                worksheet.max_row if one.column > 1 else worksheet.max_row + 2, one.column, one.value
            )

    spoil(book_file, sheet, change)
    for use in (lambda: run(book_file), lambda: xa.refresh(book_file)):
        with pytest.raises(
            BookError, match=rf"key tax_rate stands in rows {row} and \d+ of Inputs: clear the"
        ):
            use()


def test_a_book_without_any_stored_value_is_told_in_one_sentence(book_file: Path) -> None:
    load_workbook(book_file).save(book_file)
    report = run(book_file)
    (finding,) = findings_of(report, "wrong stored value")
    assert finding.message.startswith("no formula of the file has a stored value")
    assert not report.ok


def test_inputs_that_break_a_rule_are_named(book_file: Path, book: Book) -> None:
    type_in(book_file, {input_at(book, "vehicle_wacc", REPLICA): 0.04})
    with pytest.raises(DomainError, match=r"vehicle_wacc 4.00% must exceed vehicle_terminal_growth 5.00%"):
        run(book_file)


def test_a_formula_the_engine_cannot_evaluate_is_a_failure(book_file: Path, book: Book) -> None:
    _, cell = at = book.at("{sotp.upside}")
    type_in(book_file, {at: "=NO_SUCH_FUNCTION(1)"})
    report = run(book_file)
    assert any(finding.cell == cell for finding in findings_of(report, "not evaluated"))
    assert not report.ok


def test_another_workbook_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    Workbook().save(path)
    with pytest.raises(BookError, match=r"lacks lines .* \(Cover: selected_case, Inputs: associates"):
        run(path)


def test_a_limit_that_was_loosened_is_found(damaged: Report, book: Book) -> None:
    (finding,) = [text for text in findings_of(damaged, "changed text") if text.sheet == book.at(LIMIT)[0]]
    assert (finding.severity, finding.cell, finding.actual) == ("failure", book.at(LIMIT)[1], "99.0")


def test_a_changed_unit_or_label_is_told(damaged: Report, book: Book) -> None:
    (finding,) = [text for text in findings_of(damaged, "changed text") if text.sheet != book.at(LIMIT)[0]]
    assert (finding.severity, finding.sheet, finding.cell) == ("warning", "SOTP", unit_of(book))
    assert finding.message == "USD m stands where the build writes CNY m"


def test_a_name_that_points_elsewhere_is_found(damaged: Report, book: Book) -> None:
    changed = findings_of(damaged, "changed name")
    assert {finding.actual for finding in changed} == {elsewhere(book), "nothing"}
    assert "failure" in {finding.severity for finding in changed}


def test_an_error_in_a_cell_of_the_analysts_own_is_told(damaged: Report) -> None:
    (finding,) = findings_of(damaged, "error cell")
    assert (finding.sheet, finding.cell, finding.severity) == ("Mine", "A1", "warning")


def test_keys_in_another_column_are_found_there(sound: Report, book_file: Path) -> None:
    book_file.write_bytes(move(book_file, "Reported", 2, 1, "columns"))
    report = run(book_file)
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert report.comparisons == sound.comparisons
    assert not findings_of(report, "missing line")


def test_cells_that_moved_without_their_formulas_are_named_by_their_lines(book_file: Path) -> None:
    spoil(book_file, "Reported", lambda worksheet: worksheet.insert_cols(2))
    report = run(book_file)
    assert not report.ok
    assert not findings_of(report, "missing line")
    named = {(finding.sheet, finding.line) for finding in findings_of(report, "changed formula")}
    assert ("Reported", "revenue_other") in named


def test_keys_without_a_heading_are_told_once(book_file: Path) -> None:
    def clear(worksheet: Worksheet) -> None:
        (heading,) = (cell for row in worksheet.iter_rows() for cell in row if cell.value == HEADINGS)
        heading.value = None

    spoil(book_file, "Reported", clear)
    report = run(book_file)
    (finding,) = findings_of(report, "missing line")
    assert finding.message == "no column of Reported is headed Key: its lines cannot be told apart"
    assert (finding.sheet, finding.severity, report.ok) == ("Reported", "failure", False)


@pytest.mark.parametrize("part", ["xl/styles.xml", "[Content_Types].xml"])
def test_a_package_that_lacks_a_part_is_no_workbook(book_file: Path, part: str) -> None:
    with zipfile.ZipFile(book_file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(book_file, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data)
    with pytest.raises(BookError, match=r"workbook"):
        run(book_file)


def test_stale_facts_are_lint_on_a_later_day(sound: Report, delivered: Path) -> None:
    def stale(report: Report) -> set[str]:
        return {finding.line for finding in findings_of(report, "lint") if "days old" in finding.message}

    # The price is of the valuation date; diluted shares were last counted for FY2024.
    on_the_day, later = stale(sound), stale(run(delivered, today=date(2027, 6, 1)))
    assert "price_hkd" not in on_the_day
    assert "diluted_shares" in on_the_day
    assert later >= on_the_day | {"price_hkd", "associates"}


def test_the_report_is_plain_data(sound: Report) -> None:
    report = sound.as_dict()
    assert report["ok"] is True
    assert set(report["findings"][0]) >= {
        "severity",
        "kind",
        "case",
        "sheet",
        "line",
        "cell",
        "formula",
        "found",
        "actual",
    }
    assert all(finding["found"] == finding["actual"] for finding in report["findings"])
