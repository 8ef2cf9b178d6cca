"""The certificate: a workbook against the core, against a second engine, and against its own checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal

from openpyxl import Workbook

from xlwings_addin.book.agreement import disagreement
from xlwings_addin.book.calculate import Calculation, UnevaluatedError, own_functions
from xlwings_addin.book.context import SELECTOR, Functions, Progress, load_context
from xlwings_addin.book.holdings import book_context, located_lines, opened, stands
from xlwings_addin.book.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.book.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    freeze_formulas,
    is_error,
    read_package,
    read_values,
    write_values,
)
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.book.report import Finding, Kind, Report, Severity
from xlwings_addin.book.writing import compare_formulas, compare_texts
from xlwings_addin.core.errors import BookError
from xlwings_addin.model import lint
from xlwings_addin.sheets.replication import PRINTED

SecondOpinion = Literal["auto", "require", "skip"]
UNKNOWN_NAME = "#NAME?"
STORED_LINES = ("stored_cases", "weighted_value", "warnings", "overall")
"""Checks that say how far the stored results are from the live ones: after a changed input they may be."""
ADD_IN_LINES = ("function_cells", "function_difference", "add_in", "warnings", "overall")
"""Checks that report on function cells."""
SEVERITIES: dict[lint.Severity, Severity] = {"error": "failure", "warning": "warning", "info": "note"}


def check(
    path: Path | str,
    *,
    functions: Functions,
    folder: Path | None = None,
    second_opinion: SecondOpinion = "auto",
    today: date | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Compare a workbook with the core line by line, in every case, and with LibreOffice where there is one.

    The core values the inputs the book holds, so that an analyst's change of an input is no failure; it is
    listed. Raises `BookError` for a file that is no workbook and `InputError` for inputs that cannot be
    read.
    """
    package = read_package(Path(path))
    report = Report(str(path))
    progress("Reading the workbook")
    workbook, values = opened(package), read_values(package)
    delivered = load_context(folder)
    rows = located_lines(package, values, delivered, report)
    context = book_context(values, Book(delivered, rows), report)
    book = Book(context, rows)
    report.cases = context.cases
    cells = [cell for cell in book.cells() if stands(cell, rows)]
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    progress("Comparing formulas")
    compare_formulas(book, cells, partial(_held, workbook), report)
    compare_texts(book, cells, workbook, rows, report)
    progress("Calculating every case and comparing with the core")
    by_case = _compare_values(book, cells, package, functions, report)
    if by_case is not None:
        _compare_stored(book, cells, package, by_case, functions, report)
        _second_opinion(book, package, by_case, functions, second_opinion, report, progress)
        read_checks(book, cells, by_case, report)
    day = today or max(results.inputs.day("valuation_date") for results in context.results.values())
    cases = [results.inputs for results in context.results.values()]
    for found in lint.lint(cases[0].tables, today=day, cases=cases):
        place = f"{found.file} line {found.line}" if found.file else ""
        severity = SEVERITIES[found.severity]
        report.findings.append(Finding(severity, "lint", found.message, sheet=place, line=found.key))
    return report


def _held(workbook: Workbook, cell: Cell) -> object:
    """What a cell of a workbook holds: a formula with its equals sign, also of an array, or a value."""
    value = workbook[cell.sheet.title][cell.address].value
    return getattr(value, "text", value)


def _compare_values(
    book: Book, cells: list[Cell], package: Package, functions: Functions, report: Report
) -> dict[str, dict[CellKey, CellValue]] | None:
    """Every formula cell in every case, as an engine evaluates it, against the core."""
    selector, by_case = book.at(SELECTOR), {}
    try:
        calculation = Calculation(package, functions)
        for case in book.context.cases:
            calculation.set_value(*selector, case)
            calculation.evaluate()
            by_case[case] = calculation.values()
    except UnevaluatedError as error:
        for unevaluated in error.cells:
            report.findings.append(
                Finding(
                    "failure", "not evaluated", f"{unevaluated.formula} {unevaluated.reason}",
                    sheet=unevaluated.sheet, cell=unevaluated.cell, formula=unevaluated.formula,
                )
            )  # fmt: skip
        return None
    for case, values in by_case.items():
        compare_with_core(book, cells, values, case, report)
    return by_case


def compare_with_core(
    book: Book, cells: list[Cell], values: Mapping[CellKey, CellValue], case: str, report: Report
) -> None:
    """What formula cells show with one case selected, against the core."""
    changed = any(finding.kind == "input changed" for finding in report.findings)
    formulas = [cell for cell in cells if cell.entry.kind == "formula" and cell.at in values]
    for cell, expected in book.all_expected(formulas, book.context.results[case]):
        report.comparisons += 1
        found = values[cell.at]
        difference = disagreement(found, expected)
        if difference and not (changed and _reports(cell, STORED_LINES)):
            message = f"formula against core: {difference}"
            report.add("core disagrees", cell, message, book.formula(cell), case, found, expected)


def _reports(cell: Cell, lines: Collection[str]) -> bool:
    """Whether a cell is among the checks of the given lines, or sums them up."""
    key = cell.line.key if cell.line else ""
    return cell.sheet.key in ("checks", "cover") and key in lines


def _compare_stored(
    book: Book,
    cells: list[Cell],
    package: Package,
    by_case: Mapping[str, Mapping[CellKey, CellValue]],
    functions: Functions,
    report: Report,
) -> None:
    """The values a reader sees who does not calculate, against those the formulas give.

    A program without the add-in that has recalculated leaves #NAME? in function cells: a warning, not damage.
    """
    stored, names = read_values(package), {cell.at: cell for cell in cells}
    selected = stored.get(book.at(SELECTOR))
    if selected not in by_case:
        raise BookError("selected_case", selected, f"must be one of {', '.join(by_case)}")
    for (sheet, address), value in stored.items():
        if is_error(value) and (sheet, address) not in names:
            message = f"{value} in a cell of the analyst's own"
            report.findings.append(Finding("warning", "error cell", message, sheet=sheet, cell=address))
    waiting = _waiting_for_add_in(cells, stored, _function_cells(package, functions))
    for at, value in by_case[str(selected)].items():
        difference = disagreement(stored.get(at), value)
        if not difference:
            continue
        severity: Severity = "warning" if at in waiting else "failure"
        message = f"stored value against its formula: {difference}"
        if at in names:
            cell = names[at]
            formula = book.formula(cell) if cell.entry.kind == "formula" else ""
            found = stored.get(at)
            report.add("wrong stored value", cell, message, formula, str(selected), found, value, severity)
        else:
            finding = Finding(severity, "wrong stored value", message, str(selected), at[0], cell=at[1])
            report.findings.append(finding)
    _compare_kept_results(book, cells, stored, by_case, report)


def _compare_kept_results(
    book: Book,
    cells: list[Cell],
    stored: Mapping[CellKey, CellValue],
    by_case: Mapping[str, Mapping[CellKey, CellValue]],
    report: Report,
) -> None:
    """The results of every case that the cover keeps, against those the formulas give now."""
    changed = any(finding.kind == "input changed" for finding in report.findings)
    kind: Kind = "stored result is old" if changed else "wrong stored value"
    severity: Severity = "warning" if changed else "failure"
    for cell in cells:
        if cell.entry.kind != "stored" or cell.entry.case is None:
            continue
        expected = by_case[cell.entry.case][book.at(cell.entry.formula or "", cell.sheet.key)]
        difference = disagreement(stored.get(cell.at), expected)
        if difference:
            message = f"result kept by the last build: {difference}"
            report.add(kind, cell, message, "", cell.entry.case, stored.get(cell.at), expected, severity)


def _waiting_for_add_in(
    cells: list[Cell], stored: Mapping[CellKey, CellValue], function_cells: set[CellKey]
) -> set[CellKey]:
    """Function cells saved as #NAME?, and the cells that only report on function cells."""
    waiting = {at for at in function_cells if stored.get(at) == UNKNOWN_NAME}
    if not waiting:
        return waiting
    return waiting | {
        cell.at for cell in cells if cell.sheet.key == "functions" or _reports(cell, ADD_IN_LINES)
    }


def _second_opinion(
    book: Book,
    package: Package,
    by_case: Mapping[str, dict[CellKey, CellValue]],
    functions: Functions,
    wanted: SecondOpinion,
    report: Report,
    progress: Progress,
) -> None:
    """The same file through LibreOffice, in every case, for every formula without one of our functions."""
    if wanted == "skip" or (wanted == "auto" and find_soffice() is None):
        report.second_engine = (
            "skipped on request" if wanted == "skip" else "not run: LibreOffice is not installed"
        )
        return
    progress("Asking LibreOffice")
    function_cells = _function_cells(package, functions)
    files = {}
    for case, values in by_case.items():
        blanked = {at: value if at in function_cells else 0.0 for at, value in values.items()}
        blanked[book.at(SELECTOR)] = case
        data = write_values(package, blanked, only_formulas=False)
        files[f"{case}.xlsx"] = freeze_formulas(data, function_cells)
    names = {cell.at: cell for cell in book.cells()}
    for (case, values), theirs in zip(by_case.items(), recalculate_with_libreoffice(files), strict=True):
        for at, value in values.items():
            if at in function_cells:
                continue
            report.second_comparisons += 1
            difference = disagreement(theirs.get(at), value)
            if difference:
                message = f"LibreOffice against the embedded engine: {difference}"
                formula = book.formula(names[at]) if at in names and names[at].entry.kind == "formula" else ""
                line = names[at].line.key if at in names and names[at].line else ""  # type: ignore[union-attr]
                report.findings.append(
                    Finding(
                        "failure", "second engine disagrees", message, case, at[0], line, at[1], formula,
                        str(theirs.get(at)), str(value),
                    )
                )  # fmt: skip
    report.second_engine = "LibreOffice, recalculation forced"


def _function_cells(package: Package, functions: Functions) -> set[CellKey]:
    """Cells whose formula calls one of our functions."""
    cells = formula_cells(package)
    return {(each.sheet, each.cell) for each in cells if own_functions([each.text], functions)}


def read_checks(
    book: Book, cells: list[Cell], by_case: Mapping[str, Mapping[CellKey, CellValue]], report: Report
) -> None:
    """What the workbook says of itself on Checks, in every case.

    A case whose inputs an analyst has changed no longer replicates what was printed: that is a warning.
    """
    statuses = [cell for cell in cells if cell.sheet.key == "checks" and cell.group == "status"]
    changed = {finding.case for finding in report.findings if finding.kind == "input changed"}
    for case, values in by_case.items():
        for cell in statuses:
            assert cell.line is not None
            status = values.get(cell.at)
            if status in ("OK", "n/a"):
                continue
            message = f"{cell.line.label}: {cell.line.note}"
            may_differ = cell.line.key.startswith(PRINTED) and not changed.isdisjoint({case, ""})
            if status == "WARN" or may_differ:
                report.add("check warns", cell, message, "", case, status, "OK", "warning")
            else:
                report.add("check fails", cell, message, "", case, status, "OK")
