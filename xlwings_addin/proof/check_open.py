"""A workbook that is open in a spreadsheet program, as it shows its cells, against the core.

A host that can save a copy of its workbook proves it with `check`, which looks at every case and asks a
second engine.
"""

from __future__ import annotations

from pathlib import Path

from xlwings_addin.proof.answered import compare_answers, old_sheets, resting_on_answers
from xlwings_addin.proof.compare import compare_formulas, compare_with_core, read_checks
from xlwings_addin.proof.reading import OpenCells, stands
from xlwings_addin.proof.report import Report
from xlwings_addin.proof.valued_book import ValuedBook, valued_book
from xlwings_addin.valuation.ages import ages_of, now


def check_open(opened: OpenCells, *, folder: Path | None = None) -> Report:
    """Compare what an open workbook shows in its selected case with the core, and read its own checks.

    The core values the inputs the workbook holds. Raises `BookError` for one that lacks a sheet or a line.
    """
    return valued_and_checked(opened, folder=folder)[1]


def valued_and_checked(opened: OpenCells, *, folder: Path | None = None) -> tuple[ValuedBook, Report]:
    """`check_open`, and the core's results that the workbook was compared with."""
    report = Report(opened.name)
    valued = valued_book(opened, folder=folder, report=report)
    book, values, selected = valued.book, valued.values, valued.selected
    report.ages = ages_of(valued.chosen.inputs, now())
    cells = [cell for cell in book.cells() if stands(cell, book.rows)]
    report.cases = (selected,)
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    if opened.sees_formulas:
        compare_formulas(book, cells, lambda cell: opened.read(cell.sheet.title).get(cell.address), report)
    old = old_sheets(book, values)
    compare_answers(book, values, old, report)
    compare_with_core(book, cells, values, selected, report, uncertain=resting_on_answers(cells, old))
    read_checks(book, cells, {selected: values}, report)
    return valued, report
