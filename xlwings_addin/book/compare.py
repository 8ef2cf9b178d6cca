"""The certificate: a workbook against the core, against a second engine, and against its own checks."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from openpyxl import Workbook, load_workbook

from xlwings_addin.book.agreement import disagreement, plain
from xlwings_addin.book.build import SELECTOR, Functions, Progress, load_context
from xlwings_addin.book.calculate import Calculation, UnevaluatedError
from xlwings_addin.book.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.book.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    freeze_formulas,
    read_package,
    read_values,
    write_values,
)
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.core.errors import BookError
from xlwings_addin.model.inputs import Inputs, Tables
from xlwings_addin.model.lint import lint
from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.model.xiaomi import evaluate
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.history import QUARTERLY
from xlwings_addin.sheets.spec import KEY_COLUMN, Context

Kind = Literal[
    "missing sheet",
    "missing line",
    "overwritten formula",
    "changed formula",
    "core disagrees",
    "wrong stored value",
    "second engine disagrees",
    "not evaluated",
    "check fails",
    "check warns",
    "input changed",
    "stored result is old",
    "lint",
]
SecondOpinion = Literal["auto", "require", "skip"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about one cell: where, what, and both values."""

    severity: Literal["failure", "warning", "note"]
    kind: Kind
    message: str
    case: str = ""
    sheet: str = ""
    line: str = ""
    cell: str = ""
    formula: str = ""
    found: str = ""
    expected: str = ""


@dataclass
class Report:
    """What was compared and what was found; `ok` when nothing failed."""

    book: str
    cases: tuple[str, ...] = ()
    lines: int = 0
    comparisons: int = 0
    second_engine: str = "not run"
    second_comparisons: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not any(finding.severity == "failure" for finding in self.findings)

    def counts(self) -> Mapping[str, int]:
        return Counter(finding.severity for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for a program to read."""
        return {**asdict(self), "ok": self.ok}


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
    workbook = load_workbook(io.BytesIO(package.original))
    tables_context = load_context(folder)
    rows = _located_lines(workbook, tables_context, report)
    context = _book_context(workbook, tables_context, rows, report)
    book = Book(context, rows)
    report.cases = context.cases
    cells = [cell for cell in book.cells() if _stands(cell, workbook, rows)]
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    progress("Comparing formulas")
    _compare_formulas(book, cells, workbook, functions, report)
    progress("Calculating every case and comparing with the core")
    by_case = _compare_values(book, cells, package, functions, report)
    if by_case is not None:
        _compare_stored(book, cells, package, by_case, report)
        _second_opinion(book, package, by_case, functions, second_opinion, report, progress)
        _read_checks(book, cells, by_case, report)
    day = today or max(results.inputs.day("valuation_date") for results in context.results.values())
    for found in lint(context.tables, today=day):
        severity: Literal["failure", "warning", "note"] = (
            "failure" if found.severity == "error" else "warning" if found.severity == "warning" else "note"
        )
        place = f"{found.file} line {found.line}" if found.file else ""
        report.findings.append(Finding(severity, "lint", found.message, sheet=place, line=found.key))
    return report


# --- where the lines stand, and what the book takes as inputs -----------------------------------------


def _located_lines(workbook: Workbook, context: Context, report: Report) -> dict[tuple[str, str], int]:
    """The row of every line that the workbook still has, found by its key."""
    expected, rows = Book(context), {}
    for sheet in sheets():
        placed = expected.sheets[sheet.key]
        if sheet.title not in workbook.sheetnames:
            report.findings.append(
                Finding("failure", "missing sheet", f"sheet {sheet.title} is missing", sheet=sheet.title)
            )
            continue
        column = workbook[sheet.title].iter_rows(min_col=KEY_COLUMN, max_col=KEY_COLUMN)
        found = {cell.value: cell.row for (cell,) in column if isinstance(cell.value, str)}
        for key, (_, line) in placed.lines.items():
            if key in found:
                rows[sheet.key, key] = found[key]
            else:
                message = f"line {line.label or key} ({key}) is missing from {sheet.title}"
                report.findings.append(
                    Finding("failure", "missing line", message, sheet=sheet.title, line=key)
                )
    needed = {("cover", "selected_case"), *(("inputs", parameter.key) for parameter in PARAMETERS)}
    lost = sorted(key for sheet, key in needed if (sheet, key) not in rows)
    if lost:
        raise BookError(
            "workbook", report.book, f"has no line for {', '.join(lost)}: it is not a model of this project"
        )
    return rows


def _stands(cell: Cell, workbook: Workbook, rows: Mapping[tuple[str, str], int]) -> bool:
    if cell.line is None:
        return cell.sheet.title in workbook.sheetnames
    return (cell.sheet.key, cell.line.key) in rows


def _book_context(
    workbook: Workbook, context: Context, rows: Mapping[tuple[str, str], int], report: Report
) -> Context:
    """The inputs and history as the workbook holds them, valued by the core."""
    book = Book(context, rows)
    typed = [cell for cell in book.cells() if cell.entry.kind == "input" and _stands(cell, workbook, rows)]
    changed: dict[str, dict[str, object]] = {case: {} for case in context.cases}
    figures: dict[tuple[str, str], float | None] = {}
    for cell in typed:
        assert cell.line is not None
        value = workbook[cell.sheet.title][cell.address].value
        expected = book.expected(cell, context.results[context.cases[0]])
        if cell.line.key == "selected_case" or not disagreement(value, expected):
            continue
        place = f"{cell.sheet.title}!{cell.address}"
        if cell.sheet.key == "inputs":
            changed[context.cases[cell.index]][cell.line.key] = value
        else:
            figures[_figure(book, cell)] = _number(value, place)
        message = f"{cell.line.label}: {value} in the book, {expected} in the tables"
        case = context.cases[cell.index] if cell.sheet.key == "inputs" else ""
        report.findings.append(
            Finding(
                "note", "input changed", message, case, cell.sheet.title, cell.line.key, cell.address,
                found=str(value), expected=str(expected),
            )
        )  # fmt: skip
    tables = context.tables.replace(figures) if figures else context.tables
    results = {}
    for case, valued in context.results.items():
        inputs = _replaced(valued.inputs, tables, changed[case])
        results[case] = evaluate(inputs)
    return Context(context.tables, results)


def _figure(book: Book, cell: Cell) -> tuple[str, str]:
    """Key and period of a reported figure from the line and heading it stands under."""
    assert cell.line is not None
    placed, _ = book.sheets[cell.sheet.key].lines[cell.line.key]
    period = placed.columns[cell.group].headings[cell.index]
    return cell.line.key.removeprefix(QUARTERLY), str(period)


def _number(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BookError(place, value, "must be a number or blank")
    return float(value)


def _replaced(inputs: Inputs, tables: Tables, values: Mapping[str, object]) -> Inputs:
    """The inputs with the book's values; what the sheets say of their sources is still the tables' word."""
    return replace(replace(inputs, tables=tables).replace(**values), rows=inputs.rows)


# --- formulas and values ------------------------------------------------------------------------------


def _compare_formulas(
    book: Book, cells: list[Cell], workbook: Workbook, functions: Functions, report: Report
) -> None:
    for cell in cells:
        if cell.entry.kind != "formula":
            continue
        expected = book.formula(cell)
        value = workbook[cell.sheet.title][cell.address].value
        found = getattr(value, "text", value)
        if not isinstance(found, str) or not found.startswith("="):
            shown = "nothing" if found is None else repr(found)
            message = f"holds {shown} where a formula belongs"
            _add(report, "overwritten formula", cell, message, expected, found=found)
        elif _normal(found) != _normal(expected):
            _add(
                report,
                "changed formula",
                cell,
                f"{found} stands where {expected} belongs",
                expected,
                found=found,
            )


def _normal(formula: str) -> str:
    """A formula without what hosts write differently and nobody means: spaces, letter case, prefixes."""
    text, parts = formula, []
    for position, part in enumerate(text.split('"')):
        parts.append(part if position % 2 else part.replace(" ", "").upper().replace("_XLDUDF_VAL_", ""))
    return '"'.join(parts)


def _compare_values(
    book: Book, cells: list[Cell], package: Package, functions: Functions, report: Report
) -> dict[str, dict[CellKey, CellValue]] | None:
    """Every formula cell in every case, as an engine evaluates it, against the core."""
    formulas = [cell for cell in cells if cell.entry.kind == "formula"]
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
    changed = any(finding.kind == "input changed" for finding in report.findings)
    for case, values in by_case.items():
        results = book.context.results[case]
        for cell in formulas:
            if cell.at not in values:
                continue
            report.comparisons += 1
            expected = book.expected(cell, results)
            difference = disagreement(values[cell.at], expected)
            if difference and not (changed and _follows_stored(cell)):
                found = values[cell.at]
                message = f"formula against core: {difference}"
                _add(report, "core disagrees", cell, message, book.formula(cell), case, found, expected)
    return by_case


def _follows_stored(cell: Cell) -> bool:
    """Lines that say how far the stored results are from the live ones: after a changed input they may."""
    return cell.line is not None and (
        (cell.sheet.key == "checks" and cell.line.key in ("stored_cases", "warnings", "overall"))
        or (cell.sheet.key == "cover" and cell.line.key == "overall")
    )


def _compare_stored(
    book: Book,
    cells: list[Cell],
    package: Package,
    by_case: Mapping[str, Mapping[CellKey, CellValue]],
    report: Report,
) -> None:
    """The values a reader sees who does not calculate, against those the formulas give."""
    stored = read_values(package)
    selected = stored.get(book.at(SELECTOR))
    values = by_case.get(str(selected))
    if values is None:
        raise BookError("selected_case", selected, f"must be one of {', '.join(by_case)}")
    names = {cell.at: cell for cell in cells}
    for at, value in values.items():
        difference = disagreement(stored.get(at), value)
        if not difference:
            continue
        message = f"stored value against its formula: {difference}"
        if at in names:
            cell = names[at]
            _add(
                report,
                "wrong stored value",
                cell,
                message,
                book.formula(cell),
                str(selected),
                stored.get(at),
                value,
            )
        else:
            report.findings.append(
                Finding("failure", "wrong stored value", message, str(selected), at[0], cell=at[1])
            )
    changed = any(finding.kind == "input changed" for finding in report.findings)
    for cell in cells:
        if cell.entry.kind != "stored" or cell.entry.case is None:
            continue
        expected = by_case[cell.entry.case][book.at(cell.entry.formula or "", cell.sheet.key)]
        difference = disagreement(stored.get(cell.at), expected)
        if difference:
            message = f"result kept by the last build: {difference}"
            kind: Kind = "stored result is old" if changed else "wrong stored value"
            severity: Literal["failure", "warning"] = "warning" if changed else "failure"
            _add(report, kind, cell, message, "", cell.entry.case, stored.get(cell.at), expected, severity)


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
    return {
        (each.sheet, each.cell)
        for each in formula_cells(package)
        if any(f"{name}(" in each.text for name in functions)
    }


def _read_checks(
    book: Book, cells: list[Cell], by_case: Mapping[str, Mapping[CellKey, CellValue]], report: Report
) -> None:
    """What the workbook says of itself on Checks, in every case."""
    statuses = [cell for cell in cells if cell.sheet.key == "checks" and cell.group == "status"]
    for case, values in by_case.items():
        for cell in statuses:
            assert cell.line is not None
            status = values.get(cell.at)
            if status in ("OK", "n/a"):
                continue
            message = f"{cell.line.label}: {cell.line.note}"
            if status == "WARN":
                _add(report, "check warns", cell, message, "", case, status, "OK", "warning")
            else:
                _add(report, "check fails", cell, message, "", case, status, "OK")


def _add(
    report: Report,
    kind: Kind,
    cell: Cell,
    message: str,
    formula: str,
    case: str = "",
    found: object = "",
    expected: object = "",
    severity: Literal["failure", "warning", "note"] = "failure",
) -> None:
    line = cell.line.key if cell.line else "heading"
    shown = ["" if value is None else str(plain(value)) for value in (found, expected)]
    report.findings.append(
        Finding(
            severity, kind, message, case, cell.sheet.title, line, cell.address, formula,
            *shown,
        )
    )  # fmt: skip
