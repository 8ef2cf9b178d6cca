"""Inputs: every number the model takes, all cases side by side, and where the selected one comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from xlwings_addin.inputs.cases import PROBABILITY
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.parameter import Value as InputValue
from xlwings_addin.inputs.tables import Row
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.spec import FIRST_COLUMN, NOTE, Block, Columns, Context, Entry, Line, Sheet, across
from xlwings_addin.sheets.varied import live_value
from xlwings_addin.valuation.xiaomi import Results

NO_RANGE = "n/a"
SOURCES_END = "inputs__end"
"""The line of Sources behind the last row of an input."""
EXTENDS, DIFFERS = "case_extends", "case_differs"
HOUSE_VIEW = "house view"
"""What a case extends whose file names no other: `assumptions.csv`, which has no column."""


def columns(context: Context) -> dict[str, Columns]:
    """Source and live value first, then a column for each case, then what is known of the live value."""
    after = FIRST_COLUMN + 1 + len(context.cases)
    return {
        "source": Columns(
            NOTE, ("Source of the live value, or reason of an assumption",), 62.0, align="left"
        ),
        "live": Columns(FIRST_COLUMN, ("Live",), 26.0),
        "cases": Columns(FIRST_COLUMN + 1, context.cases, 26.0),
        "basis": Columns(after, ("Basis",), 12.0, align="centre"),
        "as_of": Columns(after + 1, ("As of",), 12.0),
        "low": Columns(after + 2, ("Low",), 12.0),
        "high": Columns(after + 3, ("High",), 12.0),
        "outside": Columns(after + 4, ("Outside",), 10.0, align="centre"),
    }


def source_line(key: str, case: str) -> str:
    """The line of Sources for an input of a case."""
    return f"{key}__{case}"


def source_row(key: str, number: int) -> str:
    """The line of Sources for one of the sources of an input, counted from 1."""
    return f"{key}__{number}"


def out_of_range(r: Results, key: str) -> bool:
    """Whether an input lies outside the range its row gives."""
    row, value = r.inputs.row(key), r.inputs[key]
    if row.low is None or row.high is None or not isinstance(value, int | float):
        return False
    return not row.low <= value <= row.high


def _case_names(context: Context) -> Line:
    return Line(
        "case_name",
        "Case name",
        "text",
        {
            "live": Entry(lambda r: r.case, "INDEX({case_name:cases[all]},{cover.case_index})"),
            "cases": Entry(lambda r: across(context.cases), kind="text"),
        },
    )


def _parent(context: Context, case: str) -> str | None:
    """The nearest of the cases that a case extends which has a column; None where none has."""
    lineage = context.results[case].inputs.origin.lineage
    return next((ancestor for ancestor in lineage if ancestor in context.cases), None)


def _case_parents(context: Context) -> Line:
    parents = [_parent(context, case) or HOUSE_VIEW for case in context.cases]
    return Line(
        EXTENDS,
        "Extends",
        "text",
        {"cases": Entry(lambda r: across(parents), kind="text")},
        note="a black cell shows what the case it extends has: a change there reaches this case too",
    )


def rows_that_differ(context: Context, case: str) -> float | str:
    """In how many inputs a case differs from the case it extends; none where that has no column."""
    parent = _parent(context, case)
    if parent is None:
        return UNDEFINED
    own, other = context.results[case].inputs, context.results[parent].inputs
    parameters = context.company.parameters
    return float(sum(own[parameter.key] != other[parameter.key] for parameter in parameters))


def _case_differences(context: Context) -> Line:
    first, last = context.company.parameters[0].key, context.company.parameters[-1].key
    position = f"MATCH({{{EXTENDS}:cases}},{{case_name:cases[all]}},0)"
    other = f"INDEX({{{first}:cases[1]}}:{{{last}:cases[last]}},0,{position})"
    differing = f"SUMPRODUCT(({{{first}:cases}}:{{{last}:cases}}<>{other})*1)"
    return Line(
        DIFFERS,
        "Rows that differ from it",
        "count",
        {
            "cases": Entry(
                lambda r: across([rows_that_differ(context, case) for case in context.cases]),
                f'IF(ISNUMBER({position}),{differing},"{UNDEFINED}")',
            )
        },
    )


def _provenance(context: Context, key: str, column: str) -> str:
    """What Sources says of the row that the selected case uses."""
    if context.source_rows.by_case:
        first, last = (source_line(key, case) for case in (context.cases[0], context.cases[-1]))
        return f"INDEX({{sources.{first}:{column}}}:{{sources.{last}:{column}}},{{cover.case_index}})"
    return f'IF({_row(key)}=0,"n/a",{_cell(key, column)})'


def _source(context: Context, key: str) -> str:
    """The source, or the reason of an assumption, of the row that the selected case uses."""
    if context.source_rows.by_case:
        remark, source = (_provenance(context, key, column) for column in ("remark", "source"))
        return f'IF(AND({{{key}:basis}}="assumption",{remark}<>""),{remark},{source})'
    remark, source = _cell(key, "remark"), _cell(key, "source")
    chosen = f'IF(AND({{{key}:basis}}="assumption",{remark}<>""),{remark},{source})'
    return f'IF({_row(key)}=0,"n/a",{chosen})'


def _row(key: str) -> str:
    return f"{{sources.{source_row(key, 1)}:row}}"


def _cell(key: str, column: str) -> str:
    """The cell of Sources in the row that the selected case takes, of those from the input's first on."""
    first = source_row(key, 1)
    return f"INDEX({{sources.{first}:{column}}}:{{sources.{SOURCES_END}:{column}}},{_row(key)})"


def _line(parameter: Parameter, context: Context) -> Line:
    key = parameter.key
    cell_unit = {"rate": "rate", "count": "count"}.get(parameter.kind)
    if parameter.printed_unit == "plain":
        cell_unit = "plain"

    def provenance(column: str) -> str:
        return _provenance(context, key, column)

    def bound(of: Callable[[Row], float | None]) -> Callable[[Results], float | str]:
        return lambda r: NO_RANGE if (value := of(r.inputs.row(key))) is None else value

    def by_case(_: Results) -> InputValue:
        return across([results.inputs[key] for results in context.results.values()])  # type: ignore[no-any-return]

    inputs = [results.inputs for results in context.results.values()]
    parents = [None if key == PROBABILITY else _parent(context, case) for case in context.cases]
    follows = [
        parent is not None and own.inherits(key, parent) for parent, own in zip(parents, inputs, strict=True)
    ]
    places = [
        None if parent is None else f"{{{key}:cases[{context.cases.index(parent) + 1}]}}"
        for parent in parents
    ]
    overrides = [
        key in own.origin.owners and not following for own, following in zip(inputs, follows, strict=True)
    ]

    def reason(r: Results) -> str:
        row = r.inputs.row(key)
        return row.note if row.basis == "assumption" and row.note else row.source

    def as_of(r: Results) -> date | str:
        return r.inputs.row(key).as_of or "n/a"

    return Line(
        key,
        parameter.label,
        parameter.unit,
        {
            "source": Entry(
                reason,
                _source(context, key),
                unit="text",
            ),
            "live": Entry(
                lambda r: r.inputs[key],
                live_value(parameter, f"INDEX({{{key}:cases[all]}},{{cover.case_index}})", context),
                unit=cell_unit,
            ),
            "cases": Entry(
                by_case,
                kind="input",
                parameter=parameter,
                unit=cell_unit,
                parents=places,
                follows=follows,
                overrides=overrides,
            ),
            "basis": Entry(
                lambda r: r.inputs.row(key).basis, _provenance(context, key, "basis"), unit="text"
            ),
            "as_of": Entry(as_of, _provenance(context, key, "as_of"), unit="date"),
            "low": Entry(bound(lambda row: row.low), _provenance(context, key, "low"), unit=cell_unit),
            "high": Entry(bound(lambda row: row.high), _provenance(context, key, "high"), unit=cell_unit),
            "outside": Entry(
                lambda r: float(out_of_range(r, key)),
                f"IF(ISNUMBER({{{key}:low}}),"
                f"IF(OR({{{key}:live}}<{{{key}:low}},{{{key}:live}}>{{{key}:high}}),1,0),0)",
                unit="outside",
            ),
        },
        name=key,
    )


def blocks(context: Context) -> list[Block]:
    parameters = context.company.parameters
    sections = dict.fromkeys(parameter.section for parameter in parameters)
    by_section = {
        section: [_line(parameter, context) for parameter in parameters if parameter.section == section]
        for section in sections
    }
    first = next(iter(by_section))
    by_section[first][:0] = [_case_names(context), _case_parents(context), _case_differences(context)]
    return [Block(section, lines) for section, lines in by_section.items()]


SHEET = Sheet(
    "inputs",
    "Inputs",
    "Which numbers does the model take, and from where? Change a case's blue cells; the live column follows.",
    blocks,
    columns=columns,
    note_column=NOTE,
    tab="input",
    place=20,
)
