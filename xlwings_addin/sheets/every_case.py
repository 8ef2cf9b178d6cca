"""Every case beside the others on Cover: kept by the build, or calculated by a what-if table.

The table takes two inputs, the selected case from the left and the number of a figure from above, and shows
one formula. It has the form in which LibreOffice 7.4 calculates it right, too; see `_reading`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import inputs, sheets
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
from xlwings_addin.sheets.varied import READ, typed_number
from xlwings_addin.valuation.xiaomi import Results, weighted_value

KEPT, LIVE = "Every case, as last built", "Every case, live"
"""The titles of the block."""
FIGURE = "figure_of_a_case"
"""The line with the input that takes the number of a figure; a workbook that has it has the table."""
STREET = "street_sum_of_parts"


class Figure(NamedTuple):
    """A figure of a case: its column, where the selected case has it, and the core's value."""

    key: str
    heading: str
    reference: str
    value: Callable[[Results], float]
    unit: str = "{listing}"


def figures(company: Company) -> list[Figure]:
    """What Cover shows of every case."""
    parts = [
        Figure(
            part.key,
            part.short,
            f"{{sotp.{part.key}:per_share}}",
            lambda r, key=part.key: r.sotp.part(key).per_share,  # type: ignore[misc]
        )
        for part in discounted_parts(company)
    ]
    cash = "{sotp.cash_and_other_per_share}"
    return [
        Figure("value", "Value", "{sotp.value_per_share}", lambda r: r.sotp.value_per_share),
        *parts,
        Figure("net_cash", "Cash and other", cash, lambda r: r.sotp.cash_and_other_per_share),
        Figure("price", "Price", "{sotp.price}", lambda r: r.price),
        Figure("upside", "Upside", "{sotp.upside}", lambda r: r.sotp.upside, "ratio"),
    ]


def layout(context: Context) -> Layout:
    """The case, its figures, weight and what differs; with a table the case's name stands left of it."""
    columns = [
        *((figure.key, figure.heading) for figure in figures(context.company)),
        ("probability", "Probability"),
        ("street", "Street"),
        ("differs", "Rows that differ"),
        ("counts", "Counts"),
    ]
    left = {"title": Columns(NOTE, ("Case",), align="left")}
    if context.live_cases:
        left = {
            "title": Columns(LABEL, (LIVE,), align="left"),
            "case": Columns(NOTE, ("Case",), align="left"),
        }
    return {
        **left,
        **{
            key: Columns(FIRST_COLUMN + place, (heading,), 11.0)
            for place, (key, heading) in enumerate(columns)
        },
    }


def live_widths(context: Context) -> dict[int, float]:
    """The widths of the columns that change places where a table is: titles are longer than names."""
    return {LABEL: 43.0, NOTE: 22.0} if context.live_cases else {}


def block(context: Context, room: int) -> Block:
    """The selected case, every case, brokers' sums and the cases by their weights."""
    return Block(
        LIVE if context.live_cases else KEPT,
        [
            _selected(context),
            *([_numbers(context)] if context.live_cases else []),
            *(_case(case, context) for case in context.cases),
            *_street(context),
            _weighted(context),
        ],
        layout(context),
        room=room,
        varied=(f"{{{FIGURE}}}", "{selected_case}") if context.live_cases else None,
    )


def _selected(context: Context) -> Line:
    """The selected case, live, in the columns of the others."""
    return Line(
        "selected_results",
        "Selected case, live",
        "{listing} a share",
        {
            "case" if context.live_cases else "title": Entry(
                lambda r: r.case, "{selected_case}", unit="text"
            ),
            **{
                figure.key: Entry(figure.value, figure.reference, unit=figure.unit)
                for figure in figures(context.company)
            },
        },
    )


def inputs_of_table(context: Context) -> list[Line]:
    """The input that the table sets to the number of a figure, and the cell that reads the model for it."""
    number = Line(
        FIGURE,
        "Figure in the table's corner",
        "count",
        {"constant": typed_number(1)},
        note="set by the table to the number above each column: leave it",
    )
    return [number, _reading(context)]


def _numbers(context: Context) -> Line:
    """The row above the table: the formula in its corner, and the number of each figure."""
    own = figures(context.company)
    return Line(
        "numbers_of_figures",
        "Number of the figure",
        "count",
        {
            "case": Entry(own[0].value, _corner(context), unit=own[0].unit),
            **{figure.key: typed_number(number) for number, figure in enumerate(own, 1)},
        },
        note="left of them the formula that the table shows",
    )


def _reading(context: Context) -> Line:
    """A cell that reads all that calculates, for the formula of the table to hang on.

    LibreOffice calculates again, once a cell of a table is done, only what the formula reads in the selected
    case, and leaves all else that it read in another case as it was there. So the formula reads, in every
    case, every cell of the sheets that calculate: here they are counted.
    """
    sheets_read = [sheet.key for sheet in sheets(context.company) if _calculates(sheet)]
    areas = ",".join(f"{{{key}.*}}" for key in sheets_read)
    return Line(
        READ,
        "Sheets that calculate are read",
        "count",
        {"constant": Entry(lambda _: 1.0, f"IF(COUNT({areas})<0,0,1)", unit="count")},
        note="always 1: the table hangs on it, see docs/libreoffice.md",
    )


def _corner(context: Context) -> str:
    """The formula of the table: the figure that is asked for, once everything is read.

    It reads the time, too: LibreOffice shows a table as blank after opening a file, or with the selected case
    in every row, unless its formula is due whenever anything is.
    """
    own = ",".join(figure.reference for figure in figures(context.company))
    return f"IF(NOW()<0,0,CHOOSE({{{FIGURE}}}*{{{READ}}},{own}))"


def _calculates(sheet: Sheet) -> bool:
    """Whether a value of a share hangs on a sheet."""
    return sheet.tab in ("input", "business") or sheet.key == "sotp"


def _case(case: str, context: Context) -> Line:
    """A case: what Cover shows of it, its weight, and whether it counts."""
    position = context.cases.index(case) + 1
    live = context.live_cases

    def entry(figure: Figure) -> Entry:
        return Entry(
            lambda _: figure.value(context.results[case]),
            figure.reference,
            kind="table" if live else "stored",
            case=case,
            unit=figure.unit,
        )

    return Line(
        f"stored_{case}",
        case,
        "{listing} a share",
        {
            **(_name_and_title(case, position, context) if live else {"title": _kept_title(case, context)}),
            **{figure.key: entry(figure) for figure in figures(context.company)},
            "probability": Entry(
                lambda _: context.weights.get(case, 0.0),
                f"IF({{inputs.valuation_date:cases[{position}]}}={{inputs.valuation_date:cases[1]}},"
                f"{{inputs.probability:cases[{position}]}},0)",
                unit="ratio",
            ),
            "differs": Entry(
                lambda _: inputs.rows_that_differ(context, case),
                f"{{inputs.{inputs.DIFFERS}:cases[{position}]}}",
                unit="count",
            ),
            "counts": Entry(
                lambda _: _counts(context, case),
                f'IF({{stored_{case}:probability}}>0,{{stored_{case}:value}},"{UNDEFINED}")',
                unit="{listing}",
            ),
        },
        note="its value counts where it has a probability and the valuation date of the first",
    )


def _title(case: str, context: Context) -> Callable[[Results], str]:
    return lambda _: str(context.results[case].inputs["case_title"])


def _kept_title(case: str, context: Context) -> Entry:
    return Entry(_title(case, context), "{inputs.case_title}", kind="stored", case=case, unit="text")


def _name_and_title(case: str, position: int, context: Context) -> dict[str, Entry]:
    """The case as its table takes it, a typed constant, and its title by formula."""
    return {
        "title": Entry(_title(case, context), f"{{inputs.case_title:cases[{position}]}}", unit="text"),
        "case": Entry(lambda _: case, kind="text", unit="text"),
    }


def _counts(context: Context, case: str) -> float | str:
    """The value of a case that carries a weight in the view that the workbook opens with."""
    return float(context.results[case].sotp.value_per_share) if case in context.weights else UNDEFINED


def _street(context: Context) -> list[Line]:
    """What brokers have published as their sums of the parts, beside the cases."""
    rows = [context.tables.row(STREET, period) for period in context.tables.periods(STREET)]

    newest = max(results.inputs.day("valuation_date") for results in context.results.values())

    def later(day: date) -> str:
        return "after the valuation date" if day > newest else ""

    def printed(value: float) -> Entry:
        return Entry(lambda _: value, kind="text", unit="{listing}")

    return [
        Line(
            f"street_{number}",
            f"Street, {row.period}",
            "{listing} a share",
            {"street": printed(row.number)},
            note="; ".join(filter(None, (row.source, row.note, later(row.as_of)))),
        )
        for number, row in enumerate(rows, 1)
    ]


def _weighted(context: Context) -> Line:
    """The cases' values by their probabilities."""

    def column(group: str) -> str:
        return f"{{stored_{context.cases[0]}:{group}}}:{{stored_{context.cases[-1]}:{group}}}"

    return Line(
        "weighted_value",
        "Weighted by probability",
        "{listing} a share",
        {
            "value": Entry(
                lambda _: weighted_value(context.results.values()),
                f'IF(SUM({column("probability")})=0,"{UNDEFINED}",'
                f"SUMPRODUCT({column('value')},{column('probability')}))",
                unit="{listing}",
            ),
            "probability": Entry(
                lambda _: sum(context.weights.values()),
                f"SUM({column('probability')})",
                unit="ratio",
            ),
        },
        note="cases with a probability of 0 are not in it",
        total=True,
    )
