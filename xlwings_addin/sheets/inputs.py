"""Inputs: every number the model takes, all cases side by side, and where the selected one comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from xlwings_addin.model.parameters import PARAMETERS, Parameter
from xlwings_addin.model.parameters import Value as InputValue
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import FIRST_COLUMN, NOTE, Block, Columns, Context, Entry, Line, Sheet


def columns(context: Context) -> dict[str, Columns]:
    """Source and live value first, then a column for each case, then basis and date of the live value."""
    after = FIRST_COLUMN + 1 + len(context.cases)
    return {
        "source": Columns(NOTE, ("Source of the live value",), 62.0, align="left"),
        "live": Columns(FIRST_COLUMN, ("Live",), 26.0),
        "cases": Columns(FIRST_COLUMN + 1, context.cases, 26.0),
        "basis": Columns(after, ("Basis",), 12.0, align="centre"),
        "as_of": Columns(after + 1, ("As of",), 12.0),
    }


def _case_names(context: Context) -> Line:
    return Line(
        "case_name",
        "Case name",
        "text",
        {
            "live": Entry(lambda r: r.case, "INDEX({case_name:cases[all]},{cover.case_index})"),
            "cases": Entry(lambda r: context.cases, kind="text"),
        },
    )


def _line(parameter: Parameter, context: Context) -> Line:
    key = parameter.key
    shown_as = {"rate": "rate", "count": "count"}.get(parameter.kind)
    if parameter.kind == "number" and parameter.unit == "ratio":
        shown_as = "plain"

    def provenance(column: str) -> str:
        first, last = context.cases[0], context.cases[-1]
        rows = f"{{sources.{key}__{first}:{column}}}:{{sources.{key}__{last}:{column}}}"
        return f"INDEX({rows},{{cover.case_index}})"

    def by_case(_: Results) -> Sequence[InputValue]:
        return [results.inputs[key] for results in context.results.values()]

    def as_of(r: Results) -> date | str:
        return r.inputs.row(key).as_of or "n/a"

    return Line(
        key,
        parameter.label,
        parameter.unit,
        {
            "source": Entry(lambda r: r.inputs.row(key).source, provenance("source"), unit="text"),
            "live": Entry(
                lambda r: r.inputs[key], f"INDEX({{{key}:cases[all]}},{{cover.case_index}})", unit=shown_as
            ),
            "cases": Entry(by_case, kind="input", parameter=parameter, unit=shown_as),
            "basis": Entry(lambda r: r.inputs.row(key).basis, provenance("basis"), unit="text"),
            "as_of": Entry(as_of, provenance("as_of"), unit="date"),
        },
        name=key,
    )


def blocks(context: Context) -> list[Block]:
    sections = dict.fromkeys(parameter.section for parameter in PARAMETERS)
    by_section = {
        section: [_line(parameter, context) for parameter in PARAMETERS if parameter.section == section]
        for section in sections
    }
    first = next(iter(by_section))
    by_section[first].insert(0, _case_names(context))
    return [Block(section, lines) for section, lines in by_section.items()]


SHEET = Sheet(
    "inputs",
    "Inputs",
    "Which numbers does the model take, and from where? Change a case's blue cells; the live column follows.",
    blocks,
    columns=columns,
)
