"""Inputs: every number the model takes, all cases side by side, and where the selected one comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from xlwings_addin.model.parameter import Parameter
from xlwings_addin.model.parameter import Value as InputValue
from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.model.tables import Row
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import FIRST_COLUMN, NOTE, Block, Columns, Context, Entry, Line, Sheet

NO_RANGE = "n/a"


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
            "cases": Entry(lambda r: context.cases, kind="text"),
        },
    )


def _line(parameter: Parameter, context: Context) -> Line:
    key = parameter.key
    shown_as = {"rate": "rate", "count": "count"}.get(parameter.kind)
    if parameter.kind == "number" and parameter.unit == "ratio":
        shown_as = "plain"

    def provenance(column: str) -> str:
        """What Sources says of the row the selected case uses."""
        first, last = (source_line(key, case) for case in (context.cases[0], context.cases[-1]))
        return f"INDEX({{sources.{first}:{column}}}:{{sources.{last}:{column}}},{{cover.case_index}})"

    def bound(of: Callable[[Row], float | None]) -> Callable[[Results], float | str]:
        return lambda r: NO_RANGE if (value := of(r.inputs.row(key))) is None else value

    def by_case(_: Results) -> Sequence[InputValue]:
        return [results.inputs[key] for results in context.results.values()]

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
                f'IF(AND({{{key}:basis}}="assumption",{provenance("remark")}<>""),'
                f"{provenance('remark')},{provenance('source')})",
                unit="text",
            ),
            "live": Entry(
                lambda r: r.inputs[key], f"INDEX({{{key}:cases[all]}},{{cover.case_index}})", unit=shown_as
            ),
            "cases": Entry(by_case, kind="input", parameter=parameter, unit=shown_as),
            "basis": Entry(lambda r: r.inputs.row(key).basis, provenance("basis"), unit="text"),
            "as_of": Entry(as_of, provenance("as_of"), unit="date"),
            "low": Entry(bound(lambda row: row.low), provenance("low"), unit=shown_as),
            "high": Entry(bound(lambda row: row.high), provenance("high"), unit=shown_as),
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
