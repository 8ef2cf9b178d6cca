"""A workbook that is open in a spreadsheet program, as it shows its cells, against the core.

A host that can save a copy of its workbook proves it with `check`, which looks at every case and asks a
second engine.
"""

from __future__ import annotations

from pathlib import Path

from xlwings_addin.proof.answered import (
    compare_answers,
    old_sheets,
    resting_on_answers,
    with_their_answers,
)
from xlwings_addin.proof.compare import (
    compare_formulas,
    compare_with_core,
    read_checks,
    waiting_for_functions,
)
from xlwings_addin.proof.reading import OpenCells, stands
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.proof.valued_book import ValuedBook, valued_book
from xlwings_addin.valuation.ages import ages_of, now


def check_open(opened: OpenCells, *, folder: Path | None = None, knows_functions: bool = True) -> Report:
    """Compare what an open workbook shows in its selected case with the core, and read its own checks.

    The core values the inputs the workbook holds. Where a program cannot know our functions, the cells that
    wait for them are left out, and a warning counts them. Raises `BookError` for a workbook that lacks a
    sheet or a line.
    """
    return valued_and_checked(opened, folder=folder, knows_functions=knows_functions)[1]


def valued_and_checked(
    opened: OpenCells, *, folder: Path | None = None, knows_functions: bool = True
) -> tuple[ValuedBook, Report]:
    """`check_open`, and the core's results that the workbook was compared with."""
    report = Report(opened.name)
    valued = valued_book(opened, folder=folder, report=report)
    book, values, selected = valued.book, valued.values, valued.selected
    report.ages = ages_of(valued.chosen.inputs, now())
    cells = with_their_answers([cell for cell in book.cells() if stands(cell, book.rows)], book)
    waiting = frozenset() if knows_functions else waiting_for_functions(cells, values)
    if waiting:
        message = f"{len(waiting)} cells wait for functions that this program does not know"
        report.findings.append(Finding("warning", "not evaluated", message, selected))
    report.cases = (selected,)
    report.lines = len({(cell.sheet.key, cell.line.key) for cell in cells if cell.line})
    if opened.sees_formulas:
        compare_formulas(book, cells, lambda cell: opened.read(cell.sheet.title).get(cell.address), report)
    old = old_sheets(book, values)
    compare_answers(book, values, old, report)
    certain = [cell for cell in cells if cell.at not in waiting]
    compare_with_core(book, certain, values, selected, report, uncertain=resting_on_answers(cells, old))
    read_checks(book, certain, {selected: values}, report)
    return valued, report
