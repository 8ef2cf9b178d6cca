"""Sources: where every number comes from, one row a number."""

from __future__ import annotations

from collections.abc import Iterable

from xlwings_addin.model.inputs import Row
from xlwings_addin.model.parameters import PARAMETERS
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
            "of": typed(of),
            "basis": typed(row.basis),
            "as_of": typed(row.as_of),
            "source": typed(row.source),
            "remark": typed(row.note),
        },
    )


def _figures(rows: Iterable[Row]) -> list[Line]:
    """Every row of a table, those that a choice between sources set aside included."""
    return [_line(f"{row.file.removesuffix('.csv')}_{row.line}", row.key, row.period, row) for row in rows]


def blocks(context: Context) -> list[Block]:
    inputs = [
        _line(f"{parameter.key}__{case}", parameter.label, case, results.inputs.row(parameter.key))
        for parameter in PARAMETERS
        for case, results in context.results.items()
    ]
    return [
        Block("Inputs, case by case", inputs),
        Block("History", _figures(context.tables.history)),
        Block("Figures printed in the articles", _figures(context.tables.articles)),
    ]


SHEET = Sheet(
    "sources",
    "Sources",
    "Where does each number come from? One row a number; the values stand on Inputs and History.",
    blocks,
    columns=lambda _: COLUMNS,
    widths={LABEL: 44.0},
)
