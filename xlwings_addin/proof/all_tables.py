"""The tables of Sensitivities in every case: what the core makes of a case with what a table sets in it.

Their axes are those of the one case that the answers are for; with another case selected a table shows that
case with the same values set. A usual check compares them in the selected case alone, for each of their cells
takes an evaluation of the whole workbook.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.answered import Values, old_sheets
from xlwings_addin.proof.calculated import Calculated
from xlwings_addin.proof.context import Progress
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.sensitivities import ACROSS, ENDS, SHEET
from xlwings_addin.sheets.varied import BARS, tables
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.agreement import disagreement


class Setting(NamedTuple):
    """A cell of a table: the line and the column, and the inputs that the table sets for it."""

    line: str
    group: str
    moves: Mapping[str, Value]


def compare_all_tables(
    book: Book, values: Values, calculated: Calculated, report: Report, progress: Progress
) -> None:
    """Compare every cell of the tables in all cases but the one that a check has
    compared, the selected one where the answers are of it; every difference is a failure.

    Where a rule of the model refuses what a table sets, in the case or in that of the answers, there is
    nothing to compare: these cells are counted. So is nothing compared with answers of other inputs: a
    warning says so.
    """
    if SHEET.key in old_sheets(book, values):
        message = (
            "Sensitivities was made for other inputs than the workbook has now: refresh it, then compare"
        )
        report.findings.append(Finding("warning", "stored result is old", message, sheet=SHEET.title))
        return
    places = {
        (cell.line.key, cell.group): cell
        for cell in book.cells()
        if cell.sheet.key == SHEET.key and cell.entry.kind == "table" and cell.line is not None
    }
    settings = [setting for setting in settings_of(book) if (setting.line, setting.group) in places]
    own = book.context.made_for.inputs
    refused_by_answers = [setting for setting in settings if value_with(own, setting.moves) is None]
    refused = compared = 0
    for case, results in book.context.results.items():
        is_checked = case == calculated.selected == book.context.made_for.case
        if not settings or is_checked or case in book.context.own_cases:
            continue
        progress(f"Comparing every table in case {case}")
        calculations = calculated.with_tables(case)
        gc.collect()  # a case leaves circular garbage, and a check has a limit of memory
        for setting in settings:
            cell = places[setting.line, setting.group]
            expected = value_with(results.inputs, setting.moves)
            is_refused = setting in refused_by_answers and calculations.get(cell.at) == UNDEFINED
            if expected is None or is_refused:
                refused += 1
                continue
            compared += 1
            present = calculations.get(cell.at)
            difference = disagreement(present, expected)
            if difference:
                message = f"table against core: {difference}"
                report.add("core disagrees", cell, message, case=case, actual=present, expected=expected)
    report.comparisons += compared
    report.has_all_tables, report.tables_refused = True, refused


def settings_of(book: Book) -> Iterator[Setting]:
    """Every cell of the tables with what is set for it."""
    answers = book.context.answers
    for key in tables(book.context):
        table = answers.tables[key]
        if table is None:
            continue
        down, across = table.axes
        for row in range(len(down.values)):
            for column, group in enumerate(ACROSS[: len(across.values)]):
                moves = {name: points[row] for name, points in down.moves.items()}
                moves |= {name: points[column] for name, points in across.moves.items()}
                yield Setting(f"{key}_{row + 1}", group, moves)
    bars = () if answers.tornado is None else answers.tornado.bars[:BARS]
    for rank, bar in enumerate(bars, 1):
        for end in ENDS:
            yield Setting(f"bar_{rank}", f"at_{end}", {bar.key: getattr(bar, end).value})


def value_with(inputs: Inputs, moves: Mapping[str, Value]) -> float | None:
    """The value of a share with some inputs set; None where a rule of the model refuses them."""
    try:
        return float(evaluate(inputs.replace(**moves)).sotp.value_per_share)
    except ValuationError:
        return None
