"""Sources: where every number of the workbook comes from, one row a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xlwings_addin.model.inputs import Row
from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.sheets import checks, history
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    NOTE,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)

COLUMNS: Layout = {
    "of": Columns(NOTE, ("Case or period",), 24.0, text=True),
    "basis": Columns(FIRST_COLUMN, ("Basis",), 13.0, text=True),
    "as_of": Columns(FIRST_COLUMN + 1, ("As of",), 12.0),
    "source": Columns(FIRST_COLUMN + 2, ("Source",), 70.0, text=True),
    "remark": Columns(FIRST_COLUMN + 3, ("Note",), 90.0, text=True),
}


def _line(key: str, label: str, of: str, row: Row) -> Line:
    def typed(value: object) -> Entry:
        return Entry(lambda r: value, kind="text", unit="date" if value is row.as_of else "text")

    return Line(
        key,
        label,
        row.unit,
        {
            "of": typed(of or None),
            "basis": typed(row.basis),
            "as_of": typed(row.as_of),
            "source": typed(row.source),
            "remark": typed(row.note or None),
        },
    )


def _figures(rows: Iterable[Row]) -> list[Line]:
    """Rows of a table, those that a choice between sources set aside included."""
    return [_line(f"{row.file.removesuffix('.csv')}_{row.line}", row.key, row.period, row) for row in rows]


def _on_history(context: Context) -> Iterator[Row]:
    """The rows behind the figures that History shows."""
    shown = {
        (line.key.removeprefix(history.QUARTERLY), str(period))
        for block in history.blocks(context)
        for line in block.lines
        if line.cells["periods"].kind == "input"
        for period in (block.columns or history.YEARS)["periods"].headings
    }
    return (row for row in context.tables.history if (row.key, row.period) in shown)


def _on_checks(context: Context) -> Iterator[Row]:
    """The rows behind the printed figures that Checks compares with."""
    return (row for row in context.tables.articles if row.key in checks.PRINTED_KEYS)


def blocks(context: Context) -> list[Block]:
    inputs = [
        _line(f"{parameter.key}__{case}", parameter.label, case, results.inputs.row(parameter.key))
        for parameter in PARAMETERS
        for case, results in context.results.items()
    ]
    return [
        Block("Inputs, case by case", inputs),
        Block("History", _figures(_on_history(context))),
        Block("Figures printed in article 004", _figures(_on_checks(context))),
    ]


SHEET = Sheet(
    "sources",
    "Sources",
    "Where does each number come from? One row a number; the values stand on Inputs and History.",
    blocks,
    columns=lambda _: COLUMNS,
    widths={LABEL: 44.0},
)
