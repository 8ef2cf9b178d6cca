"""The tables of Sensitivities in every case: what the core makes of a case with what a table sets in it.

Their axes are those of the one case that the answers are for; with another case selected a table shows that
case with the same values set. A usual check compares them in the selected case alone, for each of their cells
takes an evaluation of the whole workbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.calculated import Calculated
from xlwings_addin.proof.context import Progress
from xlwings_addin.proof.report import Report
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


def compare_all_tables(book: Book, calculated: Calculated, report: Report, progress: Progress) -> None:
    """Compare every cell of the tables in all cases but the selected one; each difference is a failure.

    Where a rule of the model refuses what a table sets, in the case or in that of the answers, there is
    nothing to compare: these cells are counted.
    """
    places = {
        (cell.line.key, cell.group): cell
        for cell in book.cells()
        if cell.sheet.key == SHEET.key and cell.entry.kind == "table" and cell.line is not None
    }
    settings = [setting for setting in settings_of(book) if (setting.line, setting.group) in places]
    refused = compared = 0
    for case, results in book.context.results.items():
        if not settings or case == calculated.selected or case in book.context.own_cases:
            continue
        progress(f"Comparing every table in case {case}")
        values = calculated.with_tables(case)
        for setting in settings:
            cell = places[setting.line, setting.group]
            expected = value_with(results.inputs, setting.moves)
            if expected is None or values.get(cell.at) == UNDEFINED:
                refused += 1
                continue
            compared += 1
            difference = disagreement(values.get(cell.at), expected)
            if difference:
                message, present = f"table against core: {difference}", values.get(cell.at)
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
