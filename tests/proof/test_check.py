"""The certificate: sound on the delivered workbook, and each kind of damage is found."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xlwings_addin as xa
from xlwings_addin.core.errors import BookError, DomainError, InputError
from xlwings_addin.engine.ironcalc import faulty_cells, ironcalc_version
from xlwings_addin.engine.libreoffice import convert_with_libreoffice, recalculate_with_libreoffice
from xlwings_addin.functions.registry import Target, callbacks
from xlwings_addin.layout.references import HEADINGS, Book
from xlwings_addin.proof import check as compare
from xlwings_addin.proof import second_engine as second
from xlwings_addin.proof.answered import answer_cells
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.xlsx.package import CellKey, CellValue, move, save, write_values

REPLICA, STRICT = "march_2024_replica", "march_2024_strict"
CASES = ("house_2026", "base", "bear", "bull", "house_2026_bear", "house_2026_bull", REPLICA, STRICT)


OVERWRITTEN, CHANGED = "{vehicle_ramp.operating_income[last]}", "{sotp.upside}"
LIMIT = "{checks.printed_devices_value_per_share_hkd:high}"


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


def run(path: Path, **options: object) -> Report:
    options = {"second_opinion": "skip", **options}
    return check(path, functions=callbacks(), **options)  # type: ignore[arg-type]


def input_at(book: Book, key: str, case: str) -> tuple[str, str]:
    """Sheet and address of an input of a case."""
    position = book.context.cases.index(case) + 1
    return book.at(f"{{inputs.{key}:cases[{position}]}}")


def findings_of(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


def spoil(path: Path, sheet: str, change: Callable[[Worksheet], None]) -> None:
    """Edit a sheet as a program would and keep every stored value, which openpyxl would drop."""
    spoil_book(path, lambda workbook: change(workbook[sheet]))


def spoil_book(
    path: Path, change: Callable[[Workbook], None], new: Mapping[CellKey, CellValue] | None = None
) -> None:
    """The same for a workbook; `new` are values stored in formulas that the change brings."""
    values = {**compare.read_values(path), **(new or {})}
    workbook = load_workbook(path)
    change(workbook)
    workbook.save(path)
    kept = {
        (entry.sheet, entry.cell): values.get((entry.sheet, entry.cell))
        for entry in compare.formula_cells(path)
    }
    path.write_bytes(write_values(path, {at: value for at, value in kept.items() if value is not None}))


def formulas_of_all_cases(path: Path) -> int:
    return len(compare.formula_cells(path)) * len(CASES)


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
    assert sound.comparisons == formulas + answers
    assert sound.lines > 900


FUNCTION_CELLS = 18


def test_libreoffice_agrees_in_every_case(delivered: Path, libreoffice: Path) -> None:
    report = run(delivered, second_opinion="libreoffice")
    assert report.ok
    assert report.second_comparisons == formulas_of_all_cases(delivered) - FUNCTION_CELLS * len(CASES)
    assert re.match(r"LibreOffice [0-9]+\.[0-9.]+, recalculation forced$", report.second_engine)


def test_ironcalc_agrees_in_every_case_wherever_libreoffice_is_missing(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    report = run(delivered, second_opinion="auto")
    assert report.ok
    assert report.second_engine == f"IronCalc {ironcalc_version()}, recalculation forced"
    # It is not asked for functions of ours, nor for calls that it is known to get wrong.
    not_asked = FUNCTION_CELLS + len(faulty_cells(delivered))
    assert report.second_comparisons == formulas_of_all_cases(delivered) - not_asked * len(CASES)
    assert not_asked < 0.02 * len(compare.formula_cells(delivered))


@pytest.mark.parametrize("wanted", ["ironcalc", "require"])
def test_ironcalc_is_asked_and_can_disagree(
    delivered: Path, book: Book, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, cell = book.at("{sotp.upside}")
    at = book.at("{sotp.value_per_share}")

    def other_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        return [{at: 1.0, (sheet, cell): "#N/IMPL!"} for _ in files]

    monkeypatch.setattr(second, "recalculate_with_ironcalc", other_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    report = run(delivered, second_opinion=wanted)
    wrong = {
        (finding.sheet, finding.cell): finding for finding in findings_of(report, "second engine disagrees")
    }
    assert wrong[at].message.startswith(f"IronCalc {ironcalc_version()} against the embedded engine: 1.0")
    # An error that says that it could not calculate is no opinion, and is told.
    assert (sheet, cell) not in wrong
    assert report.second_engine.endswith(f"without an answer for {len(CASES)} cells")


def test_an_engine_that_is_asked_for_and_missing_is_named(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    monkeypatch.setattr(second, "ironcalc_version", lambda: None)
    monkeypatch.setattr("xlwings_addin.engine.libreoffice.find_soffice", lambda: None)
    monkeypatch.setattr("xlwings_addin.engine.ironcalc.ironcalc_version", lambda: None)
    report = run(delivered, second_opinion="auto")
    assert report.ok
    assert report.second_comparisons == 0
    assert report.second_engine == "not run: neither LibreOffice nor IronCalc is installed"
    for wanted, sentence in {
        "require": r"second engine require is required, and neither LibreOffice nor IronCalc is installed",
        "libreoffice": r"program LibreOffice was not found; install it",
        "ironcalc": r"program IronCalc is not installed; `pip install ironcalc`",
    }.items():
        with pytest.raises(BookError, match=sentence):
            run(delivered, second_opinion=wanted)


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
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, worksheet[cell].value + "+1"))
    report = run(book_file)
    disagreeing = findings_of(report, "core disagrees")
    # The cover's sentences say how far the value is from the price, and what follows.
    assert {(finding.case, finding.line) for finding in disagreeing} == {
        (case, line) for case in CASES for line in ("upside", "answer", "heading", "selected_results")
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

    def change(workbook: Workbook) -> None:
        for (sheet, cell), value in inputs.items():
            workbook[sheet][cell] = value

    spoil_book(path, change)
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


def test_an_engine_that_disagrees_is_found(
    delivered: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = book.at("{sotp.value_per_share}")

    def other_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        answers: list[dict[tuple[str, str], object]] = [
            dict(compare.read_values(data)) for data in files.values()
        ]
        values = compare.Calculation(delivered, callbacks())
        for case, answer in zip(CASES, answers, strict=True):
            values.set_value(*book.at("{cover.selected_case}"), case)
            answer.update(values.values())
        answers[1][at] = 1.0
        return answers

    monkeypatch.setattr(second, "recalculate_with_libreoffice", other_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: Path("soffice"))
    monkeypatch.setattr(second, "libreoffice_version", lambda: "LibreOffice 0.0")
    report = run(delivered, second_opinion="auto")
    (finding,) = findings_of(report, "second engine disagrees")
    assert (finding.case, finding.line, finding.actual) == (CASES[1], "value_per_share", "1.0")


def test_the_second_engine_gets_no_values_it_could_keep(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def lazy_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        seen.extend(files.values())
        return [dict(compare.read_values(data)) for data in files.values()]

    monkeypatch.setattr(second, "recalculate_with_libreoffice", lazy_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: Path("soffice"))
    monkeypatch.setattr(second, "libreoffice_version", lambda: "LibreOffice 0.0")
    report = run(delivered, second_opinion="auto")
    assert len(seen) == len(CASES)
    assert len(findings_of(report, "second engine disagrees")) > 1000


def test_a_changed_input_is_no_failure_but_is_told(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "risk_free", STRICT)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.05))
    recalculated = compare.Calculation(book_file, callbacks()).values()
    save(book_file, write_values(book_file, recalculated))
    report = run(book_file)
    (finding,) = findings_of(report, "input changed")
    assert (finding.case, finding.line, finding.actual) == (STRICT, "risk_free", "0.05")
    assert findings_of(report, "stored result is old")
    assert report.ok


def test_a_changed_history_figure_flows_through_the_core(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{reported.free_cash_flow[7]}")
    capex = book.at("{reported.operating_cash_flow[7]}")[1]

    def change(worksheet: Worksheet) -> None:
        worksheet[cell] = worksheet[cell].value + 4_000.0
        worksheet[capex] = worksheet[capex].value + 4_000.0

    spoil(book_file, sheet, change)
    save(book_file, write_values(book_file, compare.Calculation(book_file, callbacks()).values()))
    report = run(book_file)
    assert {finding.line for finding in findings_of(report, "input changed")} == {
        *("free_cash_flow", "operating_cash_flow")
    }
    assert not findings_of(report, "core disagrees")


def test_lines_are_found_by_key_after_a_row_is_inserted(book_file: Path) -> None:
    # Row insertion shifts formulas in a spreadsheet program; on the last block no formula points below it.
    def change(worksheet: Worksheet) -> None:
        worksheet.insert_rows(worksheet.max_row + 1)
        worksheet.cell(worksheet.max_row + 2, 1, "an analyst's own note")

    spoil(book_file, "Sources", change)
    assert run(book_file).ok


def test_an_input_that_is_no_number_is_named(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "risk_free", REPLICA)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, "four percent"))
    expected = f"Inputs!{cell} risk_free of march_2024_replica 'four percent' must be a number"
    with pytest.raises(InputError, match=expected):
        run(book_file)


def test_digits_typed_for_a_date_are_named(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "valuation_date", "base")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 20251201))
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
    sheet, cell = input_at(book, "vehicle_wacc", REPLICA)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.04))
    with pytest.raises(DomainError, match=r"vehicle_wacc 4.00% must exceed vehicle_terminal_growth 5.00%"):
        run(book_file)


def test_a_formula_the_engine_cannot_evaluate_is_a_failure(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, "=NO_SUCH_FUNCTION(1)"))
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


def test_an_input_linked_to_another_cell_counts_with_its_value(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "diluted_shares", REPLICA)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, "=25000+0"))
    save(book_file, write_values(book_file, compare.Calculation(book_file, callbacks()).values()))
    assert run(book_file).ok


def test_a_replica_that_was_changed_no_longer_has_to_replicate(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "diluted_shares", REPLICA)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 26_000.0))
    save(book_file, write_values(book_file, compare.Calculation(book_file, callbacks()).values()))
    report = run(book_file)
    told = [finding for finding in report.findings if finding.line.startswith("printed_")]
    assert {finding.severity for finding in told} == {"warning"}
    assert report.ok


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


def test_a_workbook_saved_by_libreoffice_still_passes(book_file: Path, libreoffice: Path) -> None:
    (saved,) = convert_with_libreoffice([book_file])
    book_file.write_bytes(saved)
    report = run(book_file, second_opinion="libreoffice")
    failures = {
        (finding.kind, finding.message) for finding in report.findings if finding.severity == "failure"
    }
    assert not failures


def test_without_the_add_in_the_workbook_says_so_and_stays_sound(
    delivered: Path, book: Book, libreoffice: Path
) -> None:
    # LibreOffice without the add-in, recalculating everything with another case selected.
    data = write_values(delivered, {book.at("{cover.selected_case}"): STRICT}, only_formulas=False)
    (values,) = recalculate_with_libreoffice({"model.xlsx": data})
    strict = load_context().results[STRICT]
    assert values[book.at("{sotp.value_per_share}")] == pytest.approx(strict.sotp.value_per_share, rel=1e-9)
    assert values[book.at("{functions.wacc:function}")] == "#NAME?"
    assert values[book.at("{functions.wacc:status}")] == "no add-in"
    assert values[book.at("{checks.add_in:status}")] == "WARN"
    assert values[book.at("{checks.failures:value}")] == 0.0
    assert str(values[book.at("{cover.overall}")]).startswith("OK, with")


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
