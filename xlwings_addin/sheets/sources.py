"""Sources: where every number of the workbook comes from, one row a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.model.tables import Row
from xlwings_addin.sheets import checks, history, replication
from xlwings_addin.sheets.inputs import NO_RANGE, sources_of
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

ALL_CASES = "all cases"


def columns(context: Context) -> Layout:
    """What is known of a row; at an input's first row, which of its rows each case uses."""
    return {**COLUMNS, "uses": Columns(FIRST_COLUMN + 6, [f"row of {case}" for case in context.cases], 12.0)}


COLUMNS: Layout = {
    "of": Columns(NOTE, ("Case or period",), 24.0, align="left"),
    "basis": Columns(FIRST_COLUMN, ("Basis",), 13.0, align="left"),
    "as_of": Columns(FIRST_COLUMN + 1, ("As of",), 12.0, align="centre"),
    "low": Columns(FIRST_COLUMN + 2, ("Low",), 12.0),
    "high": Columns(FIRST_COLUMN + 3, ("High",), 12.0),
    "source": Columns(FIRST_COLUMN + 4, ("Source",), 70.0, align="left"),
    "remark": Columns(FIRST_COLUMN + 5, ("Note",), 90.0, align="left"),
}


def _line(key: str, label: str, of: str, row: Row, *, ranged: bool = False) -> Line:
    def bound(value: float | None) -> Entry:
        return _typed(NO_RANGE if value is None else value, "plain")

    return Line(
        key,
        label,
        row.unit,
        {
            "of": _typed(of or None),
            "basis": _typed(row.basis),
            "as_of": _typed(row.as_of, "date"),
            "source": _typed(row.source),
            "remark": _typed(row.note or None),
            **({"low": bound(row.low), "high": bound(row.high)} if ranged else {}),
        },
    )


def _figures(rows: Iterable[Row], labels: Mapping[str, str]) -> list[Line]:
    """Rows of a table, those that a choice between sources set aside included."""
    return [
        _line(f"{row.file.removesuffix('.csv')}_{row.line}", labels.get(row.key, row.key), row.period, row)
        for row in rows
    ]


def _labels(blocks_: Iterable[Block], prefix: str, instead: str = "") -> dict[str, str]:
    """The labels of lines by the keys of the tables: what a line's key begins with, replaced."""
    lines = (line for block in blocks_ for line in block.lines)
    named = ((line.key, line.label) for line in lines)
    return {
        instead + key.removeprefix(prefix) if key.startswith(prefix) else key: label for key, label in named
    }


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
    return (row for row in context.tables.articles if row.key in replication.PRINTED_KEYS)


def _of_input(context: Context, key: str, label: str) -> Iterator[Line]:
    rows = sources_of(context, key)
    numbers = {case: number for number, (_, cases) in enumerate(rows.values(), 1) for case in cases}
    uses = [numbers[case] for case in context.cases]
    for line, (row, cases) in rows.items():
        made = _line(line, label, ALL_CASES if len(rows) == 1 else ", ".join(cases), row, ranged=True)
        first = line == key and len(rows) > 1
        yield replace(made, cells={**made.cells, "uses": _typed(uses, "count")}) if first else made


def _typed(value: object, unit: str = "text") -> Entry:
    return Entry(lambda r: value, kind="text", unit=unit)


def blocks(context: Context) -> list[Block]:
    inputs = [line for parameter in PARAMETERS for line in _of_input(context, parameter.key, parameter.label)]
    return [
        Block("Inputs", inputs),
        Block("History", _figures(_on_history(context), _labels(history.blocks(context), history.QUARTERLY))),
        Block(
            "Figures printed in article 004",
            _figures(
                _on_checks(context), _labels(checks.blocks(context), replication.PRINTED, "article_004_")
            ),
        ),
    ]


SHEET = Sheet(
    "sources",
    "Sources",
    "Where does each number come from? One row a number; the values stand on Inputs and History.",
    blocks,
    columns=columns,
    widths={LABEL: 44.0},
)
