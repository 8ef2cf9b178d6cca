"""Sensitivities: a share where two inputs have other values, and every input at both ends of its range."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from xlwings_addin.analytics.table_sizes import SIZE
from xlwings_addin.pictures.numbers import number_text, printed
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import made, varied
from xlwings_addin.sheets.made import answer
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    UNIT,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Series,
    Sheet,
)
from xlwings_addin.sheets.varied import (
    BAR,
    BARS,
    END,
    HIGH,
    LOW,
    NOTHING,
    TORNADO,
    WORTH,
    corner,
    position,
    typed_number,
)
from xlwings_addin.valuation.xiaomi import Results

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers
    from xlwings_addin.analytics.sensitivity import Axis
    from xlwings_addin.analytics.tornado import Bar, End

MIDDLE = SIZE // 2 + 1
ENDS = ("low", "high")
RATES = ("ratio", "rate", "share")
ACROSS = tuple(f"across_{place}" for place in range(1, SIZE + 1))
CHART_ROWS = 24
"""Rows below the tornado for its picture, where another block follows."""
UNPRINTED = FIRST_COLUMN + 13
"""The first column of what only the tables need."""
NO_TABLE = "no two inputs for this table move the value in this case"
TABLE: Layout = {
    "axes": Columns(FIRST_COLUMN, ("",), align="over"),
    "down": Columns(FIRST_COLUMN, ("",), 44.0),
    **{name: Columns(FIRST_COLUMN + place, ("",), 11.0) for place, name in enumerate(ACROSS, 1)},
}


def figure_text(value: float, unit: str) -> str:
    """A value of an input as a reader has it: rates to a hundredth of a per cent.

    >>> figure_text(0.0927, "rate"), figure_text(0.28, "ratio"), figure_text(1.6, "m vehicles")
    ('9.27%', '28.00%', '1.6')
    """
    return printed(value, ".2%") if unit in RATES else number_text(value, unit)


# --- two-way tables ---------------------------------------------------------------------------------


def _titles(context: Context) -> dict[str, str]:
    """The tables by key, as far as the company has parts for them."""
    parts = [part.short.lower() for part in discounted_parts(context.company)]
    rates = dict(zip(("first_rate", "second_rate"), parts, strict=False))
    return {
        "first_rate": f"Cost of capital and growth after the forecast, {rates.get('first_rate', 'none')}",
        "volume_margin": "What is sold, and what is earned on it",
        **(
            {"second_rate": f"Cost of capital and growth after the forecast, {rates['second_rate']}"}
            if "second_rate" in rates
            else {}
        ),
        "first_two": "The two inputs with the widest swings of the tornado, over their ranges",
    }


def _table(context: Context, key: str, title: str) -> Block:
    """A table: what varies, the values across, and a row for each value down."""

    def axes(answers: Answers) -> str:
        table = answers.tables[key]
        if table is None:
            return NO_TABLE
        down, across = (_named(axis) for axis in table.axes)
        return f"Down: {down}. Across: {across}."

    def axis(number: int, place: int) -> Callable[[Answers], str]:
        def text(answers: Answers) -> str:
            table = answers.tables[key]
            return UNDEFINED if table is None else _at(table.axes[number], place)

        return text

    def body(row: int, column: int) -> Callable[[Answers], float | str]:
        def value(answers: Answers) -> float | str:
            table = answers.tables[key]
            figure = np.nan if table is None else float(table.table[row, column])
            return figure if np.isfinite(figure) else UNDEFINED

        return value

    def refused(row: int) -> Callable[[Answers], str]:
        def places(answers: Answers) -> str:
            return " ".join(
                str(column + 1) for column in range(SIZE) if body(row, column)(answers) == UNDEFINED
            )

        return places

    across = {name: answer(context, axis(1, place), "text") for place, name in enumerate(ACROSS)}
    lines = [
        Line(f"{key}_axes", "What varies", "", {"axes": answer(context, axes, "text")}),
        Line(f"{key}_across", "", "", across),
    ]
    if context.live_tables:
        lines.append(_places_across(key))
    for row in range(SIZE):
        cells = {"down": answer(context, axis(0, row), "text")}
        if context.live_tables:
            cells |= {
                "place": typed_number(row + 1),
                **{name: _calculated(context, body(row, at)) for at, name in enumerate(ACROSS)},
                "refused": answer(context, refused(row), "text"),
            }
        else:
            cells |= {name: answer(context, body(row, at), "{listing}") for at, name in enumerate(ACROSS)}
        is_case = row + 1 == MIDDLE
        label = "The case, in the middle" if is_case and key != "first_two" else ""
        lines.append(
            Line(f"{key}_{row + 1}", label, "{listing} a share" if is_case else "", cells, total=is_case)
        )
    inputs = (position(key, "across"), position(key, "down")) if context.live_tables else None
    return Block(title, lines, _table_layout(context), new_page=key == "first_two", varied=inputs)


def _table_layout(context: Context) -> Layout:
    """Where a table is calculated, the place of every value stands beside it, and what the rules refuse."""
    if not context.live_tables:
        return TABLE
    body = {name: Columns(FIRST_COLUMN + 1 + place, ("",), 11.0) for place, name in enumerate(ACROSS, 1)}
    return {
        **TABLE,
        "place": Columns(FIRST_COLUMN + 1, ("",), 11.0),
        **body,
        "refused": Columns(UNPRINTED, ("Refused at",), 30.0, align="left", printed=False),
    }


def _places_across(key: str) -> Line:
    """The row above a table: the formula that it shows, in its corner, and the place of each value."""
    refused = f"{{{key}_1:refused}}:{{{key}_{SIZE}:refused}}"
    return Line(
        f"{key}_places",
        "Place",
        "count",
        {
            "place": Entry(_value, corner(key, refused), unit="{listing}"),
            **{name: typed_number(place) for place, name in enumerate(ACROSS, 1)},
        },
    )


def _value(r: Results) -> object:
    return r.sotp.value_per_share


def _calculated(context: Context, value: Callable[[Answers], object]) -> Entry:
    """A cell that a what-if table calculates."""
    return Entry(lambda _: value(context.answers), WORTH, kind="table", unit="{listing}")


def _named(axis: Axis) -> str:
    return with_unit(axis.label, axis.unit)


def with_unit(label: str, unit: str) -> str:
    """The label of an input with its unit; that of a rate stands beside every value.

    >>> with_unit("Vehicle WACC", "rate"), with_unit("Vehicles delivered", "m vehicles")
    ('Vehicle WACC', 'Vehicles delivered, m vehicles')
    """
    return label if unit in (*RATES, "") else f"{label}, {unit}"


def _at(axis: Axis, place: int) -> str:
    return figure_text(axis.values[place], axis.unit)


# --- the tornado ------------------------------------------------------------------------------------


def _tornado_layout(context: Context) -> Layout:
    parts = [(f"share_{part.key}", f"Of it {part.short}") for part in discounted_parts(context.company)]
    columns = [
        ("low", "Low"),
        ("high", "High"),
        *([("place", "Rank")] if context.live_tables else []),
        ("at_low", "Value at low"),
        ("at_high", "Value at high"),
        ("change_low", "Change at low"),
        ("change_high", "Change at high"),
        *parts,
    ]
    return {
        "caption": Columns(FIRST_COLUMN, ("Input",), 44.0, align="left"),
        **{
            name: Columns(FIRST_COLUMN + place, (heading,), 11.0)
            for place, (name, heading) in enumerate(columns, 1)
        },
        **(_columns_of_ends() if context.live_tables else {}),
    }


def _columns_of_ends() -> Layout:
    """What the table sets, and at which ends the rules refuse it."""
    columns = [("input", "Input"), ("low_value", "Low"), ("high_value", "High"), ("refused", "Refused at")]
    return {
        name: Columns(UNPRINTED + place, (heading,), 30.0 if name == "input" else 11.0, printed=False)
        for place, (name, heading) in enumerate(columns)
    }


def _bar(context: Context, place: int) -> Line:
    def of(value: Callable[[Bar], object], lacking: object = None) -> Callable[[Answers], object]:
        def figure(answers: Answers) -> object:
            bars = () if answers.tornado is None else answers.tornado.bars
            if place > len(bars):
                return lacking
            one = value(bars[place - 1])
            return UNDEFINED if one is None else one

        return figure

    cells = {
        "caption": answer(context, of(lambda bar: bar.label, "no further input has a range"), "text"),
        "low": answer(context, of(lambda bar: figure_text(bar.low.value, bar.unit)), "text"),
        "high": answer(context, of(lambda bar: figure_text(bar.high.value, bar.unit)), "text"),
        **(_live_ends(context, place, of) if context.live_tables else _kept_ends(context, of)),
    }
    for part in discounted_parts(context.company):
        cells[f"share_{part.key}"] = answer(
            context,
            of(lambda bar, key=part.key: bar.shares.get(key)),  # type: ignore[misc]
            "ratio",
        )
    return Line(f"bar_{place}", f"Rank {place}", "", cells)


def _kept_ends(context: Context, of: Callable[..., Callable[[Answers], object]]) -> dict[str, Entry]:
    """The value of a share at both ends of an input, kept as answers."""
    low, high = (of(lambda bar, end=end: getattr(bar, end).per_share) for end in ENDS)
    changes = (of(lambda bar, end=end: _change(bar, getattr(bar, end))) for end in ENDS)
    values = zip(("at_low", "at_high", "change_low", "change_high"), (low, high, *changes), strict=True)
    return {name: answer(context, value, "{listing}") for name, value in values}


def _change(bar: Bar, end: End) -> float | None:
    return None if end.per_share is None else end.per_share - bar.present


def _live_ends(
    context: Context, place: int, of: Callable[..., Callable[[Answers], object]]
) -> dict[str, Entry]:
    """The same, calculated by a what-if table, with what it sets and at which ends the rules refuse that."""
    cells = {"place": typed_number(place)}
    for end in ENDS:
        at = f"{{bar_{place}:at_{end}}}"
        cells[f"at_{end}"] = _calculated(
            context, of(lambda bar, end=end: getattr(bar, end).per_share, UNDEFINED)
        )
        changed = of(lambda bar, end=end: _change(bar, getattr(bar, end)), UNDEFINED)
        cells[f"change_{end}"] = Entry(
            lambda _, changed=changed: changed(context.answers),  # type: ignore[misc]
            f'IF(ISNUMBER({at}),{at}-{WORTH},"{UNDEFINED}")',
            unit="{listing}",
        )
        cells[f"{end}_value"] = answer(
            context, of(lambda bar, end=end: getattr(bar, end).value, UNDEFINED), "plain"
        )
    cells["input"] = answer(context, of(lambda bar: bar.key, NOTHING), "text")
    cells["refused"] = answer(context, of(_refused_ends, f"{LOW} {HIGH}"), "text")
    return cells


def _refused_ends(bar: Bar) -> str:
    """The ends whose value breaks a rule, as the table counts them."""
    ends = ((LOW, bar.low), (HIGH, bar.high))
    return " ".join(str(number) for number, end in ends if end.per_share is None)


def _ends_across() -> Line:
    """The row above the tornado: the formula of its table in the corner, and both ends."""
    refused = f"{{bar_1:refused}}:{{bar_{BARS}:refused}}"
    cells = {
        "place": Entry(_value, corner(TORNADO, refused), unit="{listing}"),
        "at_low": typed_number(LOW),
        "at_high": typed_number(HIGH),
    }
    return Line("bar_places", "Place", "count", cells)


def _tornado(context: Context) -> Block:
    title = "Tornado: the widest swing first"
    lines = [_bar(context, place) for place in range(1, BARS + 1)]
    if not context.live_tables:
        return Block(title, lines, _tornado_layout(context), new_page=True)
    inputs = position(TORNADO, END), position(TORNADO, BAR)
    lines = [_ends_across(), *lines]
    return Block(title, lines, _tornado_layout(context), new_page=True, varied=inputs, room=CHART_ROWS)


def blocks(context: Context) -> list[Block]:
    return [
        made.sentence(context),
        *(_table(context, key, title) for key, title in _titles(context).items()),
        made.block(context),
        _tornado(context),
        *(varied.blocks(context) if context.live_tables else []),
    ]


def charts(context: Context) -> list[Chart]:
    return [tornado_chart(context, BARS, ("A", f"bar_{BARS}"), below=1, size=(30.0, 11.5))]


def tornado_chart(
    context: Context,
    bars: int,
    anchor: tuple[str, str],
    *,
    below: int,
    size: tuple[float, float],
    legend: bool = True,
) -> Chart:
    """The first bars of the tornado, the widest swing first, on any sheet.

    Without a legend the title says which end is which.
    """

    def column(group: str) -> str:
        return f"{{sensitivities.bar_1:{group}}}:{{sensitivities.bar_{bars}:{group}}}"

    return Chart(
        title="What moves the value of a share: inputs at "
        + (
            "both ends of their ranges"
            if legend
            else "the low end of their ranges, pale, and at the high end"
        ),
        series=(
            Series("Low end", column("change_low"), colour="F4B183"),
            Series("High end", column("change_high"), colour="1F3864"),
        ),
        categories=column("caption"),
        anchor=anchor,
        axis=f"{context.company.currency.listing} a share, from the case",
        number_format="+0.0;-0.0;0",
        size=size,
        legend=legend,
        below=below,
        flat=True,
    )


SHEET = Sheet(
    "sensitivities",
    "Sensitivities",
    "What is a share worth if inputs are not as the case has them?",
    blocks,
    columns=lambda _: made.SENTENCE,
    charts=charts,
    widths={LABEL: 27.0, UNIT: 11.0, FIRST_COLUMN: 45.0},
    only_answers=True,
    old_when=made.OLD_WHEN,
    place=73,
)
