"""What a workbook holds: where its lines stand, and the inputs an analyst has left in it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import replace

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from xlwings_addin.book.agreement import disagreement
from xlwings_addin.book.package import Package, read_values
from xlwings_addin.book.references import HEADINGS, Book, Cell
from xlwings_addin.book.report import Finding, Report
from xlwings_addin.core.errors import BookError
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import PARAMETERS, parameter
from xlwings_addin.model.tables import Tables
from xlwings_addin.model.xiaomi import evaluate
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.history import QUARTERLY
from xlwings_addin.sheets.spec import KEY_COLUMN, Context


def opened(package: Package) -> Workbook:
    """The workbook as cells. What is wrong with a damaged part shows as almost any exception."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return load_workbook(io.BytesIO(package.original))
    except Exception as error:
        reason = f"cannot be read as a workbook: {type(error).__name__} {error}"
        raise BookError("workbook", package.shown, reason, shown=package.shown) from error


def located_lines(workbook: Workbook, context: Context, report: Report) -> dict[tuple[str, str], int]:
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
        if HEADINGS not in found:
            message = (
                f"the keys of the lines are not in column {get_column_letter(KEY_COLUMN)} of {sheet.title}"
            )
            report.findings.append(Finding("failure", "missing line", message, sheet=sheet.title))
            continue
        rows[sheet.key, HEADINGS] = found[HEADINGS]
        for key, (_, line) in placed.lines.items():
            if key in found:
                rows[sheet.key, key] = found[key]
            else:
                message = f"line {line.label or key} ({key}) is missing from {sheet.title}"
                report.findings.append(
                    Finding("failure", "missing line", message, sheet=sheet.title, line=key)
                )
    needed = {("Cover", "cover", "selected_case")}
    needed |= {("Inputs", "inputs", known.key) for known in PARAMETERS}
    lost = sorted(f"{title}: {key}" for title, sheet, key in needed if (sheet, key) not in rows)
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        rule = f"lacks lines that every model of this project has ({', '.join(lost[:3])}{more})"
        raise BookError("workbook", report.book, rule, shown=report.book)
    return rows


def stands(cell: Cell, rows: Mapping[tuple[str, str], int]) -> bool:
    if cell.line is None:
        return (cell.sheet.key, HEADINGS) in rows
    return (cell.sheet.key, cell.line.key) in rows


def book_context(
    workbook: Workbook,
    package: Package,
    context: Context,
    rows: Mapping[tuple[str, str], int],
    report: Report,
) -> Context:
    """The inputs and history as the workbook holds them, valued by the core.

    An input that an analyst has linked to another cell counts with the value stored in it.
    """
    book, stored = Book(context, rows), read_values(package)
    typed = [cell for cell in book.cells() if cell.entry.kind == "input" and stands(cell, rows)]
    changed: dict[str, dict[str, object]] = {case: {} for case in context.cases}
    figures: dict[tuple[str, str], float | None] = {}
    for cell in typed:
        assert cell.line is not None
        value = workbook[cell.sheet.title][cell.address].value
        if isinstance(value, str) and value.startswith("="):
            value = stored.get(cell.at)
        expected = book.expected(cell, context.results[context.cases[0]])
        if cell.line.key == "selected_case" or not disagreement(value, expected):
            continue
        place = f"{cell.sheet.title}!{cell.address}"
        case = context.cases[cell.index] if cell.sheet.key == "inputs" else ""
        if cell.sheet.key == "inputs":
            known = parameter(cell.line.key)
            if known.kind == "date" and isinstance(value, float):
                value = from_excel(value)
            changed[case][known.key] = known.read(value, argument=f"{place} {known.key} of {case}")
        else:
            figures[_figure(book, cell)] = _number(value, place)
        message = f"{cell.line.label}: {value} in the book, {expected} in the tables"
        report.findings.append(
            Finding(
                "note", "input changed", message, case, cell.sheet.title, cell.line.key, cell.address,
                found=str(value), expected=str(expected),
            )
        )  # fmt: skip
    tables = context.tables.replace(figures) if figures else context.tables
    results = {
        case: evaluate(_replaced(valued.inputs, tables, changed[case]))
        for case, valued in context.results.items()
    }
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
