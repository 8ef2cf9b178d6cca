"""What stands in a workbook (formulas, labels, units, limits, names) against what the build writes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from xlwings_addin.book.agreement import disagreement, normal_formula
from xlwings_addin.book.references import HEADINGS, Book, Cell, PlacedSheet
from xlwings_addin.book.render import defined_names
from xlwings_addin.book.report import Finding, Report, Severity
from xlwings_addin.sheets.spec import LABEL, UNIT


def compare_formulas(book: Book, cells: list[Cell], holds: Callable[[Cell], object], report: Report) -> None:
    """What formula cells hold, a formula or what else stands there, against the formulas the build writes."""
    for cell in cells:
        if cell.entry.kind != "formula":
            continue
        expected, found = book.formula(cell), holds(cell)
        if not isinstance(found, str) or not found.startswith("="):
            shown = "nothing" if found is None else repr(found)
            message = f"holds {shown} where a formula belongs"
            report.add("overwritten formula", cell, message, expected, found=found)
        elif normal_formula(found) != normal_formula(expected):
            message = f"{found} stands where {expected} belongs"
            report.add("changed formula", cell, message, expected, found=found)


def compare_texts(
    book: Book,
    cells: list[Cell],
    workbook: Workbook,
    rows: Mapping[tuple[str, str], int],
    report: Report,
) -> None:
    """What the build types beside the figures: limits and facts, labels, units, headings and names."""
    for cell in cells:
        if cell.entry.kind != "text":
            continue
        value = workbook[cell.sheet.title][cell.address].value
        expected = book.expected(cell, book.context.results[book.context.cases[0]])
        if disagreement(value, expected):
            severity: Severity = "warning" if isinstance(expected, str) else "failure"
            message = f"{value} stands where the build types {expected}"
            report.add("changed text", cell, message, "", "", value, expected, severity)
    for placed in book.sheets.values():
        for (row, column), expected in _labels(placed, rows).items():
            value = workbook[placed.sheet.title].cell(row, column).value
            if (value or "") != expected:
                address = f"{get_column_letter(column)}{row}"
                message = f"{value or 'nothing'} stands where the build writes {expected}"
                report.findings.append(
                    Finding("warning", "changed text", message, sheet=placed.sheet.title, cell=address)
                )
    for name, reference in defined_names(book).items():
        found = workbook.defined_names.get(name)
        if found is None or normal_formula(found.attr_text).replace("'", "") != normal_formula(
            reference
        ).replace("'", ""):
            where = found.attr_text if found is not None else "nothing"
            message = f"name {name} stands for {where} where {reference} belongs"
            report.findings.append(
                Finding("failure", "changed name", message, found=where, expected=reference)
            )


def _labels(placed: PlacedSheet, rows: Mapping[tuple[str, str], int]) -> dict[tuple[int, int], str]:
    """Labels, units and typed headings of a sheet by row and column, as far as the book has their lines."""
    if (placed.sheet.key, HEADINGS) not in rows:
        return {}
    found = {
        (placed.heading_row, group.first + index): heading
        for group in placed.columns.values()
        for index, heading in enumerate(group.headings)
        if isinstance(heading, str)
    }
    for block in placed.blocks:
        for line in block.block.lines:
            if (placed.sheet.key, line.key) in rows:
                found[block.rows[line.key], LABEL] = line.label
                found[block.rows[line.key], UNIT] = "" if line.unit == "text" else line.unit
    return found
