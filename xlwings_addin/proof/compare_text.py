"""What stands in a workbook (formulas, labels, units, limits, names) against what the build writes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.names import alias_names, defined_names
from xlwings_addin.layout.references import HEADINGS, Book, PlacedCell, PlacedSheet
from xlwings_addin.proof.report import Finding, Report, Severity
from xlwings_addin.proof.same_formula import host_neutral
from xlwings_addin.sheets.spec import LABEL, UNIT
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellValue


def compare_texts(
    book: Book,
    cells: list[PlacedCell],
    contents: Mapping[str, Mapping[str, CellValue]],
    names: Mapping[str, str],
    rows: Mapping[tuple[str, str], int],
    report: Report,
) -> None:
    """What the build types beside the figures: limits and facts, labels, units, headings and names.

    `contents` are what the cells of the workbook hold, by sheet, and `names` its defined names.
    """
    for cell in cells:
        if cell.entry.kind != "text":
            continue
        value = contents[cell.sheet.title].get(cell.address)
        expected = book.expected(cell, book.context.results[book.context.cases[0]])
        if disagreement(value, expected):
            severity: Severity = "warning" if isinstance(expected, str) else "failure"
            message = f"{value} stands where the build types {expected}"
            report.add("changed text", cell, message, "", "", value, expected, severity)
    for placed in book.sheets.values():
        for (row, column), expected in _labels(placed, rows, cells).items():
            address = join_address(row, column)
            value = contents[placed.sheet.title].get(address)
            if (value or "") != expected:
                message = f"{value or 'nothing'} stands where the build writes {expected}"
                report.findings.append(
                    Finding("warning", "changed text", message, sheet=placed.sheet.title, cell=address)
                )
    _compare_names(book, names, report)


def _compare_names(book: Book, names: Mapping[str, str], report: Report) -> None:
    """The defined names; one that was renamed since the book was built may be there under its former name."""
    aliases = alias_names(book)
    for name, reference in {**defined_names(book), **aliases}.items():
        where = names.get(name)
        if where is None and (name in aliases or any(old in names for old in former("defined_name", name))):
            continue
        if where is None or _unquoted(where) != _unquoted(reference):
            message = f"name {name} stands for {where or 'nothing'} where {reference} belongs"
            report.findings.append(
                Finding("failure", "changed name", message, actual=where or "nothing", expected=reference)
            )


def _unquoted(reference: str) -> str:
    """A reference without the quotes that some programs write around every sheet's title."""
    return host_neutral(reference).replace("'", "")


def _labels(
    placed: PlacedSheet, rows: Mapping[tuple[str, str], int], cells: Sequence[PlacedCell]
) -> dict[tuple[int, int], str]:
    """Labels, units and typed headings of a sheet by row and column, as far as the book has their lines."""
    if (placed.sheet.key, HEADINGS) not in rows:
        return {}
    labels = {
        (placed.heading_row, placed.column(group.first + index)): heading
        for group in placed.columns.values()
        for index, heading in enumerate(group.headings)
        if isinstance(heading, str)
    }
    for block in placed.blocks:
        for line in block.block.lines:
            if (placed.sheet.key, line.key) in rows:
                labels[block.rows[line.key], placed.column(LABEL)] = line.label
                labels[block.rows[line.key], placed.column(UNIT)] = "" if line.unit == "text" else line.unit
    filled = {(cell.row, cell.column) for cell in cells if cell.sheet.key == placed.sheet.key}
    return {at: text for at, text in labels.items() if at not in filled}
