"""What the what-if tables of Sensitivities set: inputs, with what each of them is at every place of an axis.

A table puts places into two cells: which value of its axes it looks at, from 1, or 0 while it looks at none.
The settings turn places into values, a row for every input that an axis sets; another block says for every
input in which row it is set by which table, so that the live column of Inputs takes that value, else the
case's. Only IF and INDEX are used, which are quick: every cell of a table needs all of this once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from xlwings_addin.analytics.table_sizes import MOST_MOVED, PLANS, SIZE
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.made import answer
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers
    from xlwings_addin.analytics.sensitivity import Axis

READ = "sheets_read"
"""The line of Cover that reads every cell of the sheets that calculate; the formula of a table needs it."""
WORTH = "{sotp.value_per_share}"
AXES = ("down", "across")
NOTHING = "none"
"""Stands for an input where an axis sets no further one."""
PLACES = tuple(f"at_{place}" for place in range(1, SIZE + 1))
BARS = 20
"""Inputs of the tornado."""
BAR, END = "down", "across"
"""The axes of the tornado: the rank of an input, and which end of its range."""
LOW, HIGH = 1, 2
KINDS = ("number", "rate", "count", "choice")
"""What inputs a table may set."""
SETTINGS: Layout = {
    "input": Columns(FIRST_COLUMN, ("Input",), 44.0, align="left"),
    "to": Columns(FIRST_COLUMN + 1, ("Is now",), 11.0),
    **{
        name: Columns(FIRST_COLUMN + 1 + place, (f"At place {place}",), 11.0)
        for place, name in enumerate(PLACES, 1)
    },
}
POSITIONS: Layout = {
    "down": Columns(FIRST_COLUMN, ("Place down",), 44.0),
    "across": Columns(FIRST_COLUMN + 1, ("Place across",), 11.0),
}
ACTIVE, LAST, SETTINGS_READ = "table_now", "row_of_tornado", "settings_read"
TORNADO = "tornado"


def position(table: str, axis: str) -> str:
    """The cell that a table sets to a place of one of its axes."""
    return f"{{place_{table}:{axis}}}"


def looked_at(table: str, axis: str) -> str:
    """The cell that everything else reads a place from; only it reads the cell that the table sets.

    LibreOffice 7.4, when it calculates a whole file, leaves a cell that reads an input of a table itself, and
    is read in turn, as it was at the place that the table looked at.
    """
    return f"{{now_{table}:{axis}}}"


def corner(table: str, refused: str) -> str:
    """The formula of a table: the value of a share, or that there is none where inputs break a rule.

    It has the form in which LibreOffice calculates tables right, see `every_case`: it reads all sheets that
    calculate, and the time.
    """
    down, across = (looked_at(table, axis) for axis in AXES)
    is_refused = f"ISNUMBER(FIND({across},INDEX({refused},{down})))"
    sound = f'IF({down},IF({is_refused},"{UNDEFINED}",{WORTH}),{WORTH})'
    return f"IF(NOW()<0,0,CHOOSE({{cover.{READ}}}*{{{SETTINGS_READ}}},{sound}))"


def tables(context: Context) -> tuple[str, ...]:
    """The two-way tables by key: a company with one discounted part has one fewer."""
    several = len(discounted_parts(context.company)) > 1
    return tuple(key for key in PLANS if key != "second_rate" or several)


def live_value(parameter: Parameter, case_value: str, context: Context) -> str:
    """The formula of a live input: what a table sets it to now, else what the case has."""
    if not context.live_tables or parameter.kind not in KINDS:
        return case_value
    to = _values_set(context, "sensitivities.")
    rows = f"{{sensitivities.where_{parameter.key}:{tables(context)[0]}..{TORNADO}}}"
    row = f"INDEX({rows},{{sensitivities.{ACTIVE}:down}})"
    return f"IF({{sensitivities.{ACTIVE}:down}},IF({row},INDEX({to},{row}),{case_value}),{case_value})"


def typed_number(number: int) -> Entry:
    """A cell with a number that the build types, on an axis of a table."""
    return Entry(lambda _: float(number), kind="text", unit="count")


def blocks(context: Context) -> list[Block]:
    """The cells that the tables set, and what follows from them."""
    settings = [*_of_tables(context), _of_tornado()]
    return [
        Block("Where the tables look", [_read(context), *_positions(context)], POSITIONS, new_page=True),
        Block("What they set there", settings, SETTINGS),
        Block("In which row of these an input is set", _rows(context), _row_layout(context)),
    ]


def _positions(context: Context) -> list[Line]:
    """Two cells for every table, and which table looks somewhere now."""
    names = {key: f"Table {number}" for number, key in enumerate(tables(context), 1)}
    names[TORNADO] = f"Tornado: rank, and {LOW} the low end or {HIGH} the high end"
    looks = "0"
    for key in reversed(names):
        looks = f"IF({looked_at(key, 'down')},{{table_{key}:down}},{looks})"
    lines = [_place(key, title) for key, title in names.items()]
    lines += [_looked_at(key, title) for key, title in names.items()]
    numbers = [
        Line(
            f"table_{key}",
            f"Number of it, {title.partition(':')[0].lower()}",
            "count",
            {"down": typed_number(n)},
        )
        for n, (key, title) in enumerate(names.items(), 1)
    ]
    all_of_them = f"ROWS({_values_set(context)})"
    last = Line(
        LAST, "Row of the tornado below", "count", {"down": Entry(lambda _: _last(context), all_of_them)}
    )
    active = Line(ACTIVE, "Table that looks somewhere now", "count", {"down": Entry(lambda _: 0.0, looks)})
    return [*lines, *numbers, active, last]


def _place(key: str, title: str) -> Line:
    return Line(
        f"place_{key}",
        title,
        "count",
        {axis: Entry(lambda _: 0.0, kind="text") for axis in AXES},
        note="set by its table, and 0 else: leave it",
    )


def _looked_at(key: str, title: str) -> Line:
    """The cells that everything else reads: `_read` can count them, which it cannot what a table sets."""
    cells = {axis: Entry(lambda _: 0.0, position(key, axis)) for axis in AXES}
    return Line(f"now_{key}", f"{title.partition(':')[0]} looks at", "count", cells)


def _read(context: Context) -> Line:
    """Reads everything here at every place, for the formula of a table to hang on, see `every_case`."""
    first, last = tables(context)[0], _inputs_set(context)[-1].key
    area = f"{{now_{first}:down}}:{{where_{last}:rank}}"
    return Line(
        SETTINGS_READ,
        "What the tables set is read",
        "count",
        {"down": Entry(lambda _: 1.0, f"IF(COUNT({area})<0,0,1)")},
        note="always 1: the tables hang on it, see docs/libreoffice.md",
    )


def _inputs_set(context: Context) -> list[Parameter]:
    """The inputs that a table may set."""
    return [one for one in context.company.parameters if one.kind in KINDS]


def _values_set(context: Context, sheet: str = "") -> str:
    first, last = _setting_key(tables(context)[0], AXES[0], 1), f"set_{TORNADO}"
    return f"{{{sheet}{first}:to}}:{{{sheet}{last}:to}}"


def _last(context: Context) -> float:
    return float(len(tables(context)) * len(AXES) * MOST_MOVED + 1)


def _setting_key(table: str, axis: str, number: int) -> str:
    return f"set_{table}_{axis}_{number}"


def _of_tables(context: Context) -> Iterator[Line]:
    for number, table in enumerate(tables(context), 1):
        for axis_number, axis in enumerate(AXES):
            for nth in range(MOST_MOVED):
                yield _setting(context, table, axis_number, nth, f"Table {number}, {axis}")


def _setting(context: Context, table: str, axis: int, nth: int, label: str) -> Line:
    """An input that an axis of a table sets: which, what it is at every place, and what it is set to now."""
    key = _setting_key(table, AXES[axis], nth + 1)
    place = looked_at(table, AXES[axis])

    def of(read: Callable[[Axis, str], object]) -> Callable[[Answers], object]:
        def value(answers: Answers) -> object:
            made = answers.tables[table]
            keys = [] if made is None else list(made.axes[axis].moves)
            return NOTHING if made is None or nth >= len(keys) else read(made.axes[axis], keys[nth])

        return value

    at = f"{{{key}:{PLACES[0]}}}:{{{key}:{PLACES[-1]}}}"
    return Line(
        key,
        label,
        "",
        {
            "input": answer(context, of(lambda _, moved: moved), "text"),
            "to": Entry(lambda _: 0.0, f"IF({place},INDEX({at},{place}),0)", unit="plain"),
            **{
                name: answer(context, of(lambda a, moved, n=n: a.moves[moved][n]), "plain")  # type: ignore[misc]
                for n, name in enumerate(PLACES)
            },
        },
    )


def _of_tornado() -> Line:
    """What the input of a bar is at the end that the table looks at."""
    rank, end = looked_at(TORNADO, BAR), looked_at(TORNADO, END)
    low, high = (f"{{bar_1:{column}}}:{{bar_{BARS}:{column}}}" for column in ("low_value", "high_value"))
    value = f"IF({end}-1,INDEX({high},{rank}),INDEX({low},{rank}))"
    return Line(
        f"set_{TORNADO}",
        "Tornado",
        "",
        {"to": Entry(lambda _: 0.0, f"IF({rank},{value},0)", unit="plain")},
        note="the input of the bar",
    )


def _rows(context: Context) -> list[Line]:
    return [_row(context, one) for one in _inputs_set(context)]


def _row(context: Context, parameter: Parameter) -> Line:
    """In which row of the settings every table sets an input; 0 where it does not.

    The tornado sets the input of one bar at a time: its row counts for the input of that bar.
    """
    keys = tables(context)

    def of(number: int, table: str) -> Callable[[Answers], float]:
        def row(answers: Answers) -> float:
            made = answers.tables[table]
            for axis, own in enumerate(() if made is None else made.axes):
                if parameter.key in own.moves:
                    before = (number * len(AXES) + axis) * MOST_MOVED
                    return float(before + list(own.moves).index(parameter.key) + 1)
            return 0.0

        return row

    def rank(answers: Answers) -> float:
        bars = [] if answers.tornado is None else [bar.key for bar in answers.tornado.bars[:BARS]]
        return float(bars.index(parameter.key) + 1) if parameter.key in bars else 0.0

    own = f"{{where_{parameter.key}:rank}}"
    row = f"IF({own},IF({looked_at(TORNADO, BAR)}-{own},0,{{{LAST}:down}}),0)"
    return Line(
        f"where_{parameter.key}",
        parameter.label,
        "",
        {
            **{key: answer(context, of(n, key), "count") for n, key in enumerate(keys)},
            TORNADO: Entry(lambda _: 0.0, row, unit="count"),
            "rank": answer(context, rank, "count"),
        },
    )


def _row_layout(context: Context) -> Layout:
    headings = {key: f"Table {number}" for number, key in enumerate(tables(context), 1)}
    headings |= {TORNADO: "Tornado", "rank": "Rank"}
    return {
        key: Columns(FIRST_COLUMN + place, (heading,), 44.0 if not place else 11.0)
        for place, (key, heading) in enumerate(headings.items())
    }
