"""The certificate: a workbook against the core, against a second engine, and against its own checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.calculate import ENGINE, Calculation, UnevaluatedError, engine_version
from xlwings_addin.engine.formulas import defined_names
from xlwings_addin.inputs import lint
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.layout.state import refuse_later_version
from xlwings_addin.layout.what_if import cells_of_one_case
from xlwings_addin.proof.all_tables import compare_all_tables
from xlwings_addin.proof.answered import (
    as_answered,
    compare_answers,
    old_sheets,
    resting_on_answers,
    with_their_answers,
)
from xlwings_addin.proof.calculated import Calculated
from xlwings_addin.proof.compare import (
    ADD_IN_LINES,
    compare_formulas,
    compare_with_core,
    read_checks,
    resting_on,
)
from xlwings_addin.proof.compare_text import compare_texts
from xlwings_addin.proof.context import SELECTOR, Functions, Progress, load_context
from xlwings_addin.proof.coverage import coverage_of
from xlwings_addin.proof.fitting import add_missing_columns, fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import book_context, is_of_own_case, located_lines, stands
from xlwings_addin.proof.report import Engine, Finding, FindingKind, Report, Severity
from xlwings_addin.proof.second_engine import (
    SecondOpinion,
    ask_second_engine,
    function_cells,
    require_engine,
)
from xlwings_addin.proof.what_if import compare_tables
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.formula_units import unit_findings
from xlwings_addin.sheets.spec import Context
from xlwings_addin.valuation.ages import ages_of, now
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.data_tables import DataTable, data_tables
from xlwings_addin.xlsx.native_tables import with_native_tables
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    is_error,
    read_package,
    read_values,
)

UNKNOWN_NAME = "#NAME?"
CONTENT_TYPES = "[Content_Types].xml"
"""Without it no program opens the file."""
SEVERITIES: dict[lint.Severity, Severity] = {"error": "failure", "warning": "warning", "info": "note"}


def check(
    path: Path | str,
    *,
    functions: Functions,
    folder: Path | None = None,
    second_opinion: SecondOpinion = "auto",
    all_tables: bool = False,
    today: date | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Compare a workbook with the core line by line, in every case, and with a second engine.

    The core values the inputs the book holds, so that an analyst's change of an input is no failure; it is
    listed. With `all_tables` the what-if tables of Sensitivities are compared in every case, not in the
    selected one alone. Raises `BookError` for a file that is no workbook and for a second engine that is
    asked for and not installed, and `InputError` for inputs that cannot be read.
    """
    package, lost = with_native_tables(read_package(Path(path)))
    refuse_later_version(package)
    if CONTENT_TYPES not in package.parts:
        rule = f"cannot be read as a workbook: its part {CONTENT_TYPES} is missing"
        raise BookError("workbook", str(path), rule, display=str(path))
    require_engine(second_opinion)
    report = Report(str(path))
    _tell_lost_tables(lost, report)
    progress("Reading the workbook")
    contents, values = cell_contents(package), read_values(package)
    pages = pages_of(values)
    fit = fitted(load_context(folder), pages)
    add_missing_columns(fit.without_column, report)
    rows = located_lines(package, pages, fit.context, report)
    formulas = {(cell.sheet, cell.cell): f"={cell.text}" for cell in formula_cells(package)}
    placed = fit.book(rows)
    context = as_answered(book_context(values, placed, report, formulas), placed, values)
    book = placed if context is placed.context else Book(context, rows)
    report.cases = context.cases
    _tell_ages(book, values, today or now(), report)
    cells = with_their_answers([cell for cell in book.cells() if stands(cell, rows)], book)
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    progress("Comparing formulas")
    _compare_contents(book, cells, package, contents, report)
    progress("Calculating every case and comparing with the core")
    calculated = _calculated(book, package, functions, report)
    if calculated is not None:
        report.embedded = Engine("embedded", ENGINE, engine_version())
        by_case, old = calculated.by_case, old_sheets(book, values)
        uncertain = resting_on_answers(cells, old)
        if old or context.made_for.case != values.get(book.at(SELECTOR)):
            uncertain |= cells_of_one_case(book)
        compare_answers(book, values, old, report)
        for case, case_values in by_case.items():
            if case in book.context.own_cases:
                message = "stands in the workbook and not in the tables: it is not compared"
                report.findings.append(Finding("warning", "missing column", message, case))
                continue
            compare_with_core(book, cells, case_values, case, report, calculated, uncertain=uncertain)
        if all_tables:
            compare_all_tables(book, values, calculated, report, progress)
        _compare_stored(book, cells, package, calculated, functions, report)
        ask_second_engine(book, package, calculated, functions, second_opinion, report, progress)
        read_checks(book, cells, by_case, report)
        report.coverage = coverage_of(package, cells, context, functions, report)
    _lint(context, today, report)
    return report


def _lint(context: Context, today: date | None, report: Report) -> None:
    """What the input tables say of themselves, and the units of the formulas."""
    day = today or max(results.inputs.day("valuation_date") for results in context.results.values())
    cases = [results.inputs for results in (*context.results.values(), *context.unlisted.values())]
    for remark in lint.lint(cases[0].tables, today=day, cases=cases):
        place = f"{remark.file} line {remark.line}" if remark.file else ""
        severity = SEVERITIES[remark.severity]
        report.findings.append(Finding(severity, "lint", remark.message, sheet=place, line=remark.key))
    for sentence in unit_findings(context, sheets(context.company)):
        report.findings.append(Finding("failure", "lint", f"units: {sentence}"))


def _tell_lost_tables(lost: list[DataTable], report: Report) -> None:
    """The what-if tables that stand as formulas in the file: they are compared as the tables they were."""
    for table in lost:
        message = (
            f"{table.area} was a what-if table {{{table.text}}} and stands as formulas that LibreOffice "
            "writes and Excel does not have: a refresh puts it back"
        )
        cell = table.area.partition(":")[0]
        report.findings.append(
            Finding("warning", "overwritten formula", message, sheet=table.sheet, cell=cell)
        )


def _compare_contents(
    book: Book,
    cells: list[PlacedCell],
    package: Package,
    contents: Mapping[str, Mapping[str, CellValue]],
    report: Report,
) -> None:
    """What stands in the workbook, formulas, tables and texts, against what the build writes there."""
    compare_formulas(book, cells, lambda cell: contents[cell.sheet.title].get(cell.address), report)
    compare_tables(book, package, report)
    of_tables = [cell for cell in cells if not is_of_own_case(cell, book.context)]
    compare_texts(book, of_tables, contents, dict(defined_names(package)), book.rows, report)


def _tell_ages(book: Book, values: Mapping[CellKey, CellValue], today: date, report: Report) -> None:
    """How old the inputs of the selected case are."""
    results = book.context.results.get(str(values.get(book.at(SELECTOR))))
    if results is not None:
        report.ages = ages_of(results.inputs, today)


def _calculated(book: Book, package: Package, functions: Functions, report: Report) -> Calculated | None:
    """Every formula cell in every case, as an engine evaluates it; None, and findings, where it cannot."""
    try:
        return Calculated(book, Calculation(package, functions), functions)
    except UnevaluatedError as error:
        for unevaluated in error.cells:
            report.findings.append(
                Finding(
                    "failure", "not evaluated", f"{unevaluated.formula} {unevaluated.reason}",
                    sheet=unevaluated.sheet, cell=unevaluated.cell, formula=unevaluated.formula,
                )
            )  # fmt: skip
        return None


NOTHING_STORED = (
    "no formula of the file has a stored value, as a program leaves it that does not calculate: run "
    "xiaomi-model recalc, or open the file in Excel and save it"
)


def _compare_stored(
    book: Book,
    cells: list[PlacedCell],
    package: Package,
    calculated: Calculated,
    functions: Functions,
    report: Report,
) -> None:
    """The values a reader sees who does not calculate, against those the formulas give.

    A program without the add-in that has recalculated leaves #NAME? in function cells: a warning, not damage.
    """
    stored, names = read_values(package), {cell.at: cell for cell in cells}
    by_case = calculated.by_case
    selected = stored.get(book.at(SELECTOR))
    if selected not in by_case:
        raise BookError("selected_case", selected, f"must be one of {', '.join(by_case)}")
    for (sheet, address), value in stored.items():
        if is_error(value) and (sheet, address) not in names:
            message = f"{value} in a cell of the analyst's own"
            report.findings.append(Finding("warning", "error cell", message, sheet=sheet, cell=address))
    waiting = _waiting_for_add_in(cells, stored, function_cells(package, functions))
    values = by_case[str(selected)]
    members = {cell.key for table in data_tables(package) for cell in table.cells()}
    if all(stored.get(at) is None for at in values.keys() - members):
        report.findings.append(Finding("failure", "wrong stored value", NOTHING_STORED))
        return
    expected = {at: stored.get(at) for at in values}
    for at, difference in calculated.disagreements(str(selected), expected, _from_stored).items():
        value = values[at]
        severity: Severity = "warning" if at in waiting else "failure"
        message = f"stored value against its formula: {difference}"
        if at in names:
            cell = names[at]
            formula = book.formula(cell) if cell.entry.kind == "formula" else ""
            kept = stored.get(at)
            report.add("wrong stored value", cell, message, formula, str(selected), kept, value, severity)
        else:
            finding = Finding(severity, "wrong stored value", message, str(selected), at[0], cell=at[1])
            report.findings.append(finding)
    _compare_kept_results(book, cells, stored, by_case, report)


def _from_stored(value: CellValue, stored: CellValue) -> str | None:
    return disagreement(stored, value)


def _compare_kept_results(
    book: Book,
    cells: list[PlacedCell],
    stored: Mapping[CellKey, CellValue],
    by_case: Mapping[str, Mapping[CellKey, CellValue]],
    report: Report,
) -> None:
    """The results of every case that the cover keeps, against those the formulas give now."""
    changed = any(finding.kind == "input changed" for finding in report.findings)
    kind: FindingKind = "stored result is old" if changed else "wrong stored value"
    severity: Severity = "warning" if changed else "failure"
    for cell in cells:
        if cell.entry.kind != "stored" or cell.entry.case is None:
            continue
        result = book.at(cell.entry.formula or "", cell.sheet.key)
        expected = by_case[cell.entry.case].get(
            result, stored.get(result)
        )  # a number typed over it has no case
        difference = disagreement(stored.get(cell.at), expected)
        if difference:
            message = f"result kept by the last build: {difference}"
            report.add(kind, cell, message, "", cell.entry.case, stored.get(cell.at), expected, severity)


def _waiting_for_add_in(
    cells: list[PlacedCell], stored: Mapping[CellKey, CellValue], function_cells: set[CellKey]
) -> set[CellKey]:
    """Function cells saved as #NAME?, and the cells that only report on function cells."""
    waiting = {at for at in function_cells if stored.get(at) == UNKNOWN_NAME}
    if not waiting:
        return waiting
    return waiting | resting_on(ADD_IN_LINES, cells) | {c.at for c in cells if c.sheet.key == "functions"}
