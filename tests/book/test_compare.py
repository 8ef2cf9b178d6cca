"""The certificate: sound on the delivered workbook, and each kind of damage is found."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xlwings_addin as xa
from udfs.registry import Target, callbacks
from xlwings_addin.book import compare
from xlwings_addin.book.compare import check
from xlwings_addin.book.context import load_context
from xlwings_addin.book.libreoffice import convert_with_libreoffice, recalculate_with_libreoffice
from xlwings_addin.book.package import save, write_values
from xlwings_addin.book.references import Book
from xlwings_addin.book.report import Finding, Report
from xlwings_addin.core.errors import BookError, DomainError, InputError

REPLICA, STRICT = "march_2024_replica", "march_2024_strict"
CASES = ("base", "bear", "bull", REPLICA, STRICT)


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


def found(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


def spoil(path: Path, sheet: str, change: Callable[[Worksheet], None]) -> None:
    """Edit a sheet as a program would and keep every stored value, which openpyxl would drop."""
    values = compare.read_values(path)
    workbook = load_workbook(path)
    change(workbook[sheet])
    workbook.save(path)
    kept = {
        (each.sheet, each.cell): values.get((each.sheet, each.cell)) for each in compare.formula_cells(path)
    }
    path.write_bytes(write_values(path, {at: value for at, value in kept.items() if value is not None}))


def test_every_line_agrees_with_the_core_in_every_case(delivered: Path) -> None:
    report = run(delivered)
    assert report.ok, [finding.message for finding in report.findings if finding.severity == "failure"]
    assert report.cases == CASES
    formulas = len(compare.formula_cells(delivered))
    assert report.comparisons == formulas * len(CASES) > 16_000
    assert report.lines > 900


def test_libreoffice_agrees_in_every_case(delivered: Path, libreoffice: Path) -> None:
    report = run(delivered, second_opinion="require")
    assert report.ok
    function_cells = 18
    assert report.second_comparisons == report.comparisons - function_cells * len(CASES)


def test_warnings_are_told_and_do_not_fail(delivered: Path) -> None:
    report = run(delivered)
    warned = {(finding.case, finding.line) for finding in found(report, "check warns")}
    # Article 004 grows at 5% for ever against a risk-free rate of 4.4%, and capitalises the core at once.
    assert (REPLICA, "core_growth") in warned
    assert (REPLICA, "core_terminal_share") in warned
    assert (STRICT, "core_terminal_share") not in warned


@pytest.mark.parametrize("target", ["office-js", "libreoffice"])
def test_a_workbook_written_for_another_program_still_passes(book_file: Path, target: Target) -> None:
    xa.recalculate(book_file, book_file, target=target)
    report = run(book_file)
    assert report.ok, report.findings


def test_a_formula_overwritten_by_a_number_is_found(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{vehicle_ramp.operating_income[last]}")

    def change(worksheet: Worksheet) -> None:
        worksheet[cell] = 47_520.0

    spoil(book_file, sheet, change)
    report = run(book_file)
    (finding,) = found(report, "overwritten formula")
    assert not report.ok
    assert (finding.sheet, finding.cell, finding.line) == (sheet, cell, "operating_income")
    assert finding.found == "47520.0"
    assert finding.expected == ""
    assert finding.formula.startswith("=")


def test_a_changed_formula_is_found_even_where_the_value_stays(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, worksheet[cell].value + "+0"))
    report = run(book_file)
    (finding,) = found(report, "changed formula")
    assert (finding.sheet, finding.cell, finding.line) == (sheet, cell, "upside")
    assert finding.found == finding.formula + "+0"
    assert not report.ok


def test_a_wrong_formula_disagrees_with_the_core_in_each_case(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, worksheet[cell].value + "+1"))
    report = run(book_file)
    disagreeing = found(report, "core disagrees")
    # The cover's sentence says how far the value is below the price, where it is.
    below = {case for case, results in book.context.results.items() if results.sotp.upside < 0}
    assert {"base"} <= below < set(CASES)
    assert {(finding.case, finding.line) for finding in disagreeing} == {
        *((case, "upside") for case in CASES),
        *((case, "heading") for case in below),
    }
    figures = [finding for finding in disagreeing if finding.line == "upside"]
    assert all("relative difference" in finding.message for finding in figures)


def test_a_wrong_stored_value_is_found(book_file: Path, book: Book) -> None:
    at = book.at("{sotp.value_per_share}")
    save(book_file, write_values(book_file, {at: 99.0}))
    report = run(book_file)
    (finding,) = found(report, "wrong stored value")
    assert (finding.line, finding.found) == ("value_per_share", "99.0")
    assert not report.ok


def test_a_wrong_result_kept_on_the_cover_is_found(book_file: Path, book: Book) -> None:
    at = book.at("{cover.stored_march_2024_strict:value}")
    save(book_file, write_values(book_file, {at: 99.0}, only_formulas=False))
    report = run(book_file)
    assert {finding.line for finding in found(report, "wrong stored value")} >= {"stored_march_2024_strict"}
    assert not report.ok


def test_a_missing_line_is_found(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.delete_rows(worksheet[cell].row))
    report = run(book_file)
    assert [finding.line for finding in found(report, "missing line")] == ["upside"]
    assert not report.ok


def test_a_missing_sheet_is_found(book_file: Path) -> None:
    workbook = load_workbook(book_file)
    del workbook["History"]
    workbook.save(book_file)
    report = run(book_file)
    assert [finding.sheet for finding in found(report, "missing sheet")] == ["History"]
    assert not report.ok


def test_a_failing_check_of_the_workbook_is_found(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{history.capex[1]}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 5_000.0))
    report = run(book_file)
    assert {(finding.line, finding.case) for finding in found(report, "check fails")} == {
        ("free_cash_flow", case) for case in CASES
    }
    assert not report.ok


def test_probabilities_that_do_not_add_up_fail_in_every_case(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "probability", "bull")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.5))
    report = run(book_file)
    assert {(finding.line, finding.case) for finding in found(report, "check fails")} == {
        ("probabilities", case) for case in CASES
    }
    assert not report.ok


def test_inputs_that_count_cash_twice_are_told_in_their_case(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "net_cash_definition", "bear")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, "company"))
    warned = {(finding.line, finding.case) for finding in found(run(book_file), "check warns")}
    assert {each for each in warned if each[0].startswith("twice_")} == {
        *(("twice_restricted", "bear"), ("twice_investments", "bear"))
    }


def test_an_input_outside_its_range_is_told_in_its_case(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "tax_rate", "bull")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.3))
    warned = {(finding.line, finding.case) for finding in found(run(book_file), "check warns")}
    assert {each for each in warned if each[0] == "inputs_in_range"} == {("inputs_in_range", "bull")}


def test_an_engine_that_disagrees_is_found(
    delivered: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = book.at("{sotp.value_per_share}")

    def other_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        answers: list[dict[tuple[str, str], object]] = [
            dict(compare.read_values(data)) for data in files.values()
        ]
        for case, answer in zip(CASES, answers, strict=True):
            values = compare.Calculation(delivered, callbacks())
            values.set_value(*book.at("{cover.selected_case}"), case)
            answer.update(values.values())
        answers[1][at] = 1.0
        return answers

    monkeypatch.setattr(compare, "recalculate_with_libreoffice", other_engine)
    monkeypatch.setattr(compare, "find_soffice", lambda: Path("soffice"))
    report = run(delivered, second_opinion="auto")
    (finding,) = found(report, "second engine disagrees")
    assert (finding.case, finding.line, finding.found) == (CASES[1], "value_per_share", "1.0")


def test_the_second_engine_gets_no_values_it_could_keep(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def lazy_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        seen.extend(files.values())
        return [dict(compare.read_values(data)) for data in files.values()]

    monkeypatch.setattr(compare, "recalculate_with_libreoffice", lazy_engine)
    monkeypatch.setattr(compare, "find_soffice", lambda: Path("soffice"))
    report = run(delivered, second_opinion="auto")
    assert len(seen) == len(CASES)
    assert len(found(report, "second engine disagrees")) > 1000


def test_a_changed_input_is_no_failure_but_is_told(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "risk_free", STRICT)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.05))
    recalculated = compare.Calculation(book_file, callbacks()).values()
    save(book_file, write_values(book_file, recalculated))
    report = run(book_file)
    (finding,) = found(report, "input changed")
    assert (finding.case, finding.line, finding.found) == (STRICT, "risk_free", "0.05")
    assert found(report, "stored result is old")
    assert report.ok


def test_a_changed_history_figure_flows_through_the_core(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{history.free_cash_flow[7]}")
    capex = book.at("{history.operating_cash_flow[7]}")[1]

    def change(worksheet: Worksheet) -> None:
        worksheet[cell] = worksheet[cell].value + 4_000.0
        worksheet[capex] = worksheet[capex].value + 4_000.0

    spoil(book_file, sheet, change)
    save(book_file, write_values(book_file, compare.Calculation(book_file, callbacks()).values()))
    report = run(book_file)
    assert {finding.line for finding in found(report, "input changed")} == {
        *("free_cash_flow", "operating_cash_flow")
    }
    assert not found(report, "core disagrees")


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


def test_inputs_that_break_a_rule_are_named(book_file: Path, book: Book) -> None:
    sheet, cell = input_at(book, "vehicle_wacc", REPLICA)
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 0.04))
    with pytest.raises(DomainError, match=r"vehicle_wacc 4.00% must exceed vehicle_terminal_growth 5.00%"):
        run(book_file)


def test_a_formula_the_engine_cannot_evaluate_is_a_failure(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.upside}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, "=NO_SUCH_FUNCTION(1)"))
    report = run(book_file)
    assert any(finding.cell == cell for finding in found(report, "not evaluated"))
    assert not report.ok


def test_another_workbook_is_no_model(tmp_path: Path) -> None:
    from openpyxl import Workbook

    path = tmp_path / "other.xlsx"
    Workbook().save(path)
    with pytest.raises(BookError, match=r"lacks lines .* \(Cover: selected_case, Inputs: associates"):
        run(path)


def test_a_limit_that_was_loosened_is_found(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{checks.printed_core_value_per_share_hkd:high}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 99.0))
    report = run(book_file)
    (finding,) = found(report, "changed text")
    assert (finding.severity, finding.cell, finding.found) == ("failure", cell, "99.0")
    assert not report.ok


def test_a_changed_unit_or_label_is_told(book_file: Path, book: Book) -> None:
    sheet, cell = book.at("{sotp.core:value}")
    unit = f"B{cell[1:]}"
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(unit, "USD m"))
    (finding,) = found(run(book_file), "changed text")
    assert (finding.severity, finding.cell) == ("warning", unit)
    assert finding.message == "USD m stands where the build writes CNY m"


def test_a_name_that_points_elsewhere_is_found(book_file: Path, book: Book) -> None:
    price = book.at("{sotp.price}")[1]

    def change(worksheet: Worksheet) -> None:
        name = worksheet.parent.defined_names["value_per_share_hkd"]
        name.attr_text = f"SOTP!$D${price[1:]}"
        del worksheet.parent.defined_names["risk_free"]

    spoil(book_file, "SOTP", change)
    report = run(book_file)
    assert {finding.found for finding in found(report, "changed name")} == {f"SOTP!$D${price[1:]}", "nothing"}
    assert not report.ok


def test_an_error_in_a_cell_of_the_analysts_own_is_told(book_file: Path) -> None:
    workbook = load_workbook(book_file)
    workbook.create_sheet("Mine")["A1"] = "=1/0"
    values, formulas = compare.read_values(book_file), compare.formula_cells(book_file)
    workbook.save(book_file)
    kept = {(each.sheet, each.cell): values[each.sheet, each.cell] for each in formulas}
    save(book_file, write_values(book_file, {**kept, ("Mine", "A1"): "#DIV/0!"}))
    report = run(book_file)
    assert [(finding.sheet, finding.cell) for finding in found(report, "error cell")] == [("Mine", "A1")]
    assert report.ok


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


def test_keys_that_are_elsewhere_are_told_once(book_file: Path) -> None:
    spoil(book_file, "History", lambda worksheet: worksheet.insert_cols(2))
    (finding,) = found(run(book_file), "missing line")
    assert finding.message == "the keys of the lines are not in column V of History"


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
    report = run(book_file, second_opinion="require")
    failures = {(each.kind, each.message) for each in report.findings if each.severity == "failure"}
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


def test_stale_facts_are_lint_on_a_later_day(delivered: Path) -> None:
    def stale(report: Report) -> set[str]:
        return {finding.line for finding in found(report, "lint") if "days old" in finding.message}

    # The price is of the valuation date; stakes at book were last reported with the year before.
    on_the_day, later = stale(run(delivered)), stale(run(delivered, today=date(2026, 1, 1)))
    assert "price_hkd" not in on_the_day
    assert "associates" in on_the_day
    assert later >= on_the_day | {"price_hkd", "risk_free"}


def test_the_report_is_plain_data(delivered: Path) -> None:
    report = run(delivered).as_dict()
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
    }
