"""What a workbook holds: where its lines stand, and the inputs an analyst has left in it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from xlwings_addin.book.agreement import SERIAL_ORIGIN, disagreement
from xlwings_addin.book.package import CellKey, CellValue, Package
from xlwings_addin.book.references import HEADINGS, Book, Cell
from xlwings_addin.book.report import Finding, Report
from xlwings_addin.book.sheet_xml import column_letters, split_address
from xlwings_addin.core.errors import BookError
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import PARAMETERS, parameter
from xlwings_addin.model.tables import Tables
from xlwings_addin.model.xiaomi import evaluate
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.history import QUARTERLY
from xlwings_addin.sheets.spec import KEY_COLUMN, Context

if TYPE_CHECKING:
    from openpyxl import Workbook


def opened(package: Package) -> Workbook:
    """The workbook as cells. What is wrong with a damaged part shows as almost any exception."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return load_workbook(io.BytesIO(package.original))
    except Exception as error:
        reason = f"cannot be read as a workbook: {type(error).__name__} {error}"
        raise BookError("workbook", package.shown, reason, shown=package.shown) from error


def rows_by_key(cells: Mapping[str, CellValue]) -> dict[str, int]:
    """The row of every key that stands in the column of keys of a sheet, its cells given by address."""
    column = column_letters(KEY_COLUMN)
    return {
        value: split_address(address)[0]
        for address, value in cells.items()
        if address.startswith(column) and address[len(column) :].isdigit() and isinstance(value, str)
    }


def located_lines(
    package: Package, values: Mapping[CellKey, CellValue], context: Context, report: Report
) -> dict[tuple[str, str], int]:
    """The row of every line that the workbook still has, found by its key among its `values`."""
    expected, rows = Book(context), {}
    by_sheet: dict[str, dict[str, CellValue]] = {}
    for (title, address), value in values.items():
        by_sheet.setdefault(title, {})[address] = value
    for sheet in sheets():
        placed = expected.sheets[sheet.key]
        if sheet.title not in package.sheets():
            report.findings.append(
                Finding("failure", "missing sheet", f"sheet {sheet.title} is missing", sheet=sheet.title)
            )
            continue
        found = rows_by_key(by_sheet.get(sheet.title, {}))
        if HEADINGS not in found:
            message = f"the keys of the lines are not in column {column_letters(KEY_COLUMN)} of {sheet.title}"
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


def book_context(values: Mapping[CellKey, CellValue], book: Book, report: Report) -> Context:
    """The inputs and history as a workbook's stored `values` have them, valued by the core.

    `book` says where they stand and what the tables have for them. An input that an analyst has linked to
    another cell counts with the value stored in it.
    """
    context = book.context
    typed = [cell for cell in book.cells() if cell.entry.kind == "input" and stands(cell, book.rows)]
    changed: dict[str, dict[str, object]] = {case: {} for case in context.cases}
    figures: dict[tuple[str, str], float | None] = {}
    for cell in typed:
        assert cell.line is not None
        value: object = values.get(cell.at)
        expected = book.expected(cell, context.results[context.cases[0]])
        if cell.line.key == "selected_case" or not disagreement(value, expected):
            continue
        place = f"{cell.sheet.title}!{cell.address}"
        case = context.cases[cell.index] if cell.sheet.key == "inputs" else ""
        if cell.sheet.key == "inputs":
            known = parameter(cell.line.key)
            if known.kind == "date" and isinstance(value, float):
                value = (SERIAL_ORIGIN + timedelta(days=value)).date()
            changed[case][known.key] = known.read(value, argument=f"{place} {known.key} of {case}")
        else:
            figures[figure_of(book, cell)] = _number(value, place)
        message = f"{cell.line.label}: {value} in the book, {expected} in the tables"
        report.findings.append(
            Finding(
                "note", "input changed", message, case, cell.sheet.title, cell.line.key, cell.address,
                found=str(value), expected=str(expected),
            )
        )  # fmt: skip
    tables = context.tables.replace(figures) if figures else context.tables
    results = dict(context.results)
    for case, valued in context.results.items():
        if figures or changed[case]:
            results[case] = evaluate(_replaced(valued.inputs, tables, changed[case]))
    return Context(context.tables, results)


def figure_of(book: Book, cell: Cell) -> tuple[str, str]:
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
