"""Sources: where every number of the workbook comes from, one row a source with all the cases that it serves.

The rows of an input are numbered, and right of the notes stands which of them a case takes: what Inputs says
of the selected case does not depend on how many there are. A workbook of a former version has a row for every
input of every case, and keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice

from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.tables import Row
from xlwings_addin.sheets import checks, replication, reported
from xlwings_addin.sheets.inputs import NO_RANGE, SOURCES_END, source_line, source_row
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    MOST_CASES,
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
    "of": Columns(NOTE, ("Cases or period",), 44.0, align="left"),
    "basis": Columns(FIRST_COLUMN, ("Basis",), 13.0, align="left"),
    "as_of": Columns(FIRST_COLUMN + 1, ("As of",), 12.0, align="centre"),
    "low": Columns(FIRST_COLUMN + 2, ("Low",), 12.0),
    "high": Columns(FIRST_COLUMN + 3, ("High",), 12.0),
    "source": Columns(FIRST_COLUMN + 4, ("Source",), 62.0, align="left"),
    "remark": Columns(FIRST_COLUMN + 5, ("Note",), 64.0, align="left"),
}
OF_FORMER_VERSIONS: Layout = {**COLUMNS, "of": Columns(NOTE, ("Case or period",), 24.0, align="left")}
ALL, NONE = "all cases", "no case any more"
CASES = "inputs__cases"
"""The line that names the cases by column."""
CASE = "Case"
"""How the headings of these columns begin, a number behind it."""


def columns(context: Context) -> Layout:
    """What is said of a number; right of it, which row of an input the selected case and every case takes."""
    if context.source_rows.by_case:
        return OF_FORMER_VERSIONS
    right = FIRST_COLUMN + 6
    cases = [f"{CASE} {number}" for number in range(1, max(MOST_CASES, len(context.cases)) + 1)]
    return {
        **COLUMNS,
        "row": Columns(right, ("Row",), 6.0, printed=False),
        "rows": Columns(right + 1, cases, 6.0, printed=False),
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


def _by_case(context: Context) -> list[Line]:
    """A row for every input of every case."""
    return [
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


def _joined(context: Context) -> Iterator[Line]:
    """The rows of every input, those with the same source and range joined."""
    names = [*context.cases, *[None] * (columns(context)["rows"].count - len(context.cases))]
    yield Line(CASES, "Cases by column, right of the notes", "text", {"rows": _typed_all(names)})
    for parameter in context.company.parameters:
        yield from _rows(context, parameter)
    yield Line(SOURCES_END, "End of the inputs", "text", {})


def _rows(context: Context, parameter: Parameter) -> Iterator[Line]:
    """The rows of an input: as many as it has sources, and those that the workbook has beyond them."""
    key, there = parameter.key, context.source_rows.count.get(parameter.key)
    stated, own = _numbered(context, key), _of_own_cases(context, key)
    top = max([1, *stated, there or 0])
    limit = top if there is None or context.source_rows.may_grow else there
    numbers = {case: number for number, (_, cases) in stated.items() for case in cases if number <= limit}
    for number in range(1, limit + 1):
        line_key = source_row(key, number)
        if number in stated:
            row, cases = stated[number]
            served = [*cases, *(case for case in own if own[case] == number)]
            line = _line(line_key, parameter.label, _served(served, own, context), row, ranged=True)
        elif number in own.values():  # the tables say nothing of it
            line = Line(line_key, parameter.label, parameter.unit, {})
        else:
            line = _unused(line_key, parameter)
        if number == 1:
            line = replace(line, cells={**line.cells, **_taken(context, line.key, {**numbers, **own})})
        yield line


def _of_own_cases(context: Context, key: str) -> dict[str, int]:
    """The rows that cases take which only the workbook has."""
    taken = context.source_rows.taken.get(key, {})
    return {case: taken[case] for case in context.own_cases if taken.get(case, 0) > 0}


def _numbered(context: Context, key: str) -> dict[int, tuple[Row, list[str]]]:
    """The sources of an input with their cases, numbered as a workbook has them: notes stay beside theirs."""
    stated: dict[object, tuple[Row, list[str]]] = {}
    for case, results in context.results.items():
        if case not in context.own_cases:
            row = results.inputs.row(key)
            said = row.unit, row.basis, row.as_of, row.low, row.high, row.source, row.note
            stated.setdefault(said, (row, []))[1].append(case)
    taken, numbered = context.source_rows.taken.get(key, {}), dict[int, tuple[Row, list[str]]]()
    new = []
    for one in stated.values():
        free = (number for case in one[1] if (number := taken.get(case, 0)) and number not in numbered)
        if (number := next(free, 0)) > 0:
            numbered[number] = one
        else:
            new.append(one)
    used = {*numbered, *_of_own_cases(context, key).values()}
    unused = (number for number in count(1) if number not in used)
    return numbered | {number: one for one, number in zip(new, list(islice(unused, len(new))), strict=True)}


def _unused(key: str, parameter: Parameter) -> Line:
    blank = dict.fromkeys(("basis", "as_of", "low", "high", "source", "remark"), _typed(None))
    return Line(key, parameter.label, parameter.unit, {"of": _typed(NONE), **blank})


def _served(cases: Collection[str], own: Collection[str], context: Context) -> str:
    """The cases of a row, in the shorter of two ways; `own` are those that only the workbook has."""
    every = [case for case in context.cases if case not in context.own_cases or case in own]
    others = [case for case in every if case not in cases]
    if not others:
        return ALL
    names = ", ".join(case for case in every if case in cases)
    without = f"all but {', '.join(others)}"
    return names if len(names) <= len(without) else without


def _taken(context: Context, key: str, numbers: Mapping[str, int]) -> dict[str, Entry]:
    """Which row each case takes, and the selected one: 0 where a workbook has no row for it."""
    blank = [None] * (columns(context)["rows"].count - len(context.cases))
    rows = [*(float(numbers.get(case, 0)) for case in context.cases), *blank]
    place = f"MATCH({{inputs.case_name:live}},{{{CASES}:rows[all]}},0)"
    formula = f"IF(ISNUMBER({place}),INDEX({{{key}:rows[all]}},1,{place}),0)"
    return {
        "row": Entry(lambda r: float(numbers.get(r.case, 0)), formula, unit="count"),
        "rows": _typed_all(rows, "count"),
    }


def _typed_all(values: Sequence[object], unit: str = "text") -> Entry:
    return Entry(lambda r: values, kind="text", unit=unit)


def blocks(context: Context) -> list[Block]:
    inputs = _by_case(context) if context.source_rows.by_case else list(_joined(context))
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
    "Where does each number come from? One row a source of it; the values stand on Inputs and Reported.",
    blocks,
    columns=columns,
    widths={LABEL: 34.0},
    note_column=NOTE,
    tab="behind",
    place=100,
)
