"""Sources: where every number of the workbook comes from, one row a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from xlwings_addin.inputs.tables import Row
from xlwings_addin.sheets import checks, replication, reported
from xlwings_addin.sheets.inputs import NO_RANGE, source_line
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
    "of": Columns(NOTE, ("Case or period",), 24.0, align="left"),
    "basis": Columns(FIRST_COLUMN, ("Basis",), 13.0, align="left"),
    "as_of": Columns(FIRST_COLUMN + 1, ("As of",), 12.0, align="centre"),
    "low": Columns(FIRST_COLUMN + 2, ("Low",), 12.0),
    "high": Columns(FIRST_COLUMN + 3, ("High",), 12.0),
    "source": Columns(FIRST_COLUMN + 4, ("Source",), 64.0, align="left"),
    "remark": Columns(FIRST_COLUMN + 5, ("Note",), 66.0, align="left"),
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
    lines: dict[str, Line] = {}
    for row in rows:
        period = row.period.lower().replace("-", "_")
        figure = f"{row.file.removesuffix('.csv')}_{row.key}_{period}".rstrip("_")
        key, rival = figure, 1
        while key in lines:
            rival += 1
            key = f"{figure}_{rival}"
        lines[key] = _line(key, labels.get(row.key, row.key), row.period, row)
    return list(lines.values())


def _labels(blocks_: Iterable[Block], prefix: str, instead: str = "") -> dict[str, str]:
    """The labels of lines by the keys of the tables: what a line's key begins with, replaced."""
    lines = (line for block in blocks_ for line in block.lines)
    named = ((line.key, line.label) for line in lines)
    return {
        instead + key.removeprefix(prefix) if key.startswith(prefix) else key: label for key, label in named
    }


def _on_reported(context: Context) -> Iterator[Row]:
    """The rows behind the figures that Reported shows."""
    figures = {
        (line.key.removeprefix(reported.QUARTERLY), str(period))
        for block in reported.blocks(context)
        for line in block.lines
        if line.cells["periods"].kind == "input"
        for period in (block.columns or reported.columns(context))["periods"].headings
    }
    return (row for row in context.tables.history if (row.key, row.period) in figures)


def _on_checks(context: Context) -> Iterator[Row]:
    """The rows behind the printed figures that Checks compares with."""
    return (row for row in context.tables.articles if row.key in replication.PRINTED_KEYS)


def _typed(value: object, unit: str = "text") -> Entry:
    return Entry(lambda r: value, kind="text", unit=unit)


def blocks(context: Context) -> list[Block]:
    inputs = [
        _line(
            source_line(parameter.key, case),
            parameter.label,
            case,
            results.inputs.row(parameter.key),
            ranged=True,
        )
        for parameter in context.company.parameters
        for case, results in context.results.items()
    ]
    return [
        Block("Inputs", inputs),
        Block(
            "Reported", _figures(_on_reported(context), _labels(reported.blocks(context), reported.QUARTERLY))
        ),
        *(_printed(context) if "article_004" in context.company.replicates else []),
    ]


def _printed(context: Context) -> list[Block]:
    return [
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
    "Where does each number come from? One row a number; the values stand on Inputs and Reported.",
    blocks,
    columns=lambda _: COLUMNS,
    widths={LABEL: 44.0},
    note_column=NOTE,
    tab="behind",
    place=100,
)
