"""The vocabulary of the sheets: what a line is, said once.

A `Line` declares a formula in terms of other lines' keys and, beside it, the core's value for the same
cell. Neither is derived from the other; `book.compare` holds them against each other.

References inside a formula, in braces:

    {key}               same sheet; the same column where the line runs over several columns, else its cell
    {sheet.key}         a line of another sheet
    {key:column}        a named column of the line, when it has more than one
    {key[-1]}           the column before (the opening column, seen from the first year)
    {key[all]}          the whole row; [last] its last cell; [3] its third; [2:] from the second on; [:10] its
                        first ten
    {key[0:]}           the opening column and the whole row
    {key:one..other}    its row from one named column to another, blank cells between included
    {key:label}         its label; {key:heading} the headings above its columns
    {sheet.*}           every cell of a sheet below its heading
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xlwings_addin.model.parameter import Parameter
from xlwings_addin.model.parameters import TIMELINE_YEARS
from xlwings_addin.model.tables import Tables
from xlwings_addin.model.valuation import Path
from xlwings_addin.model.xiaomi import Results

Kind = Literal["formula", "input", "stored", "text"]
Value = Callable[[Results], Any]

LABEL, UNIT, NOTE, FIRST_COLUMN = 1, 2, 3, 4
KEY_COLUMN = FIRST_COLUMN + 2 + TIMELINE_YEARS
"""Every line carries its key here, right of everything, so that it is found again after rows are inserted."""


@dataclass(frozen=True)
class Entry:
    """What one column group of a line holds: a formula and the core's value for it, or a typed value.

    `kind` says who writes the cell: "formula" the sheet, "input" the analyst, "stored" the build, which
    keeps there what `formula` refers to when `case` is selected, "text" nobody after the build. `value`
    returns one value for a single column and a sequence for several; None leaves a typed cell blank. An
    input takes one of `choices`, or what `parameter` allows.
    """

    value: Value
    formula: str | None = None
    kind: Kind = "formula"
    unit: str | None = None
    choices: tuple[str, ...] = ()
    parameter: Parameter | None = None
    case: str | None = None

    def __post_init__(self) -> None:
        if (self.kind in ("formula", "stored")) != (self.formula is not None):
            raise ValueError(f"an entry of kind {self.kind!r} with formula {self.formula!r}")


@dataclass(frozen=True)
class Columns:
    """A named group of columns: where it starts, what stands above each of them, how wide they are.

    Headings stand to the right, as figures do, unless `align` says otherwise.
    """

    first: int
    headings: Sequence[str | Entry]
    width: float = 12.0
    align: Literal["left", "centre", "right"] = "right"

    @property
    def count(self) -> int:
        return len(self.headings)


Layout = Mapping[str, Columns]


@dataclass(frozen=True)
class Line:
    """One row: key, label, unit, what its cells hold, and where the figure comes from or what it means.

    `name` is the defined name its single figure gets; `link` the sheet a click on the label opens.
    """

    key: str
    label: str
    unit: str
    cells: Mapping[str, Entry]
    note: str = ""
    total: bool = False
    name: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Block:
    """Lines under one title. Columns of its own, if given, show their headings beside the title.

    In print, `new_page` starts a page with it.
    """

    title: str
    lines: Sequence[Line]
    columns: Layout | None = None
    new_page: bool = False


@dataclass(frozen=True)
class Chart:
    """A native chart over lines of its sheet, its top left corner at a cell given as column and row.

    `series` and `categories` are references in the notation of lines; a series is named by its label. The
    row of `anchor` is that of the line it names.
    """

    title: str
    kind: Literal["stacked", "stacked_and_marker", "columns_and_line"]
    series: Sequence[tuple[str, str]]
    categories: str
    anchor: tuple[str, str]
    axis: str
    number_format: str
    size: tuple[float, float] = (20.0, 9.0)
    value_labels: bool = False


@dataclass(frozen=True)
class Context:
    """What the sheets are made from: the tables, and the core's results of every case."""

    tables: Tables
    results: Mapping[str, Results]

    @property
    def cases(self) -> tuple[str, ...]:
        return tuple(self.results)


def _year(n: int) -> Entry:
    return Entry(lambda r: r.timeline.year[n - 1], f"{{capital.year:years[{n}]}}", unit="year")


TIMELINE: Layout = {
    "constant": Columns(FIRST_COLUMN, ("Constant",), 15.0),
    "opening": Columns(
        FIRST_COLUMN + 1,
        (Entry(lambda r: r.inputs["base_year"], "{capital.year:opening}", unit="year"),),
        12.0,
    ),
    "years": Columns(FIRST_COLUMN + 2, [_year(n) for n in range(1, TIMELINE_YEARS + 1)], 10.5),
}


@dataclass(frozen=True)
class Sheet:
    """One sheet: the question it answers, its columns, blocks and charts.

    A `headline` is a formula that says the sheet's answer; it takes the place of the purpose, which is then
    the title.
    """

    key: str
    title: str
    purpose: str
    blocks: Callable[[Context], Sequence[Block]]
    columns: Callable[[Context], Layout] = field(default=lambda _: TIMELINE)
    charts: Callable[[Context], Sequence[Chart]] = field(default=lambda _: ())
    headline: Entry | None = None
    note_heading: str = "Note"
    widths: Mapping[int, float] = field(default_factory=dict)


def constant(
    key: str,
    label: str,
    unit: str,
    formula: str,
    value: Value,
    *,
    note: str = "",
    total: bool = False,
    name: str | None = None,
) -> Line:
    """A line with one figure, in the constants column."""
    return Line(key, label, unit, {"constant": Entry(value, formula)}, note, total, name)


def yearly(
    key: str,
    label: str,
    unit: str,
    formula: str,
    value: Value,
    *,
    opening: tuple[str, Value] | None = None,
    note: str = "",
    total: bool = False,
) -> Line:
    """A line over the forecast years, with a figure for the base year where `opening` gives one."""
    cells = {"years": Entry(value, formula)}
    if opening is not None:
        cells["opening"] = Entry(opening[1], opening[0])
    return Line(key, label, unit, cells, note, total)


def path(
    key: str,
    label: str,
    unit: str,
    formula: str,
    value: Callable[[Results], Path],
    *,
    opening: str | None = None,
    note: str = "",
    total: bool = False,
) -> Line:
    """A line over the base year and the forecast years; without `opening` its base year is blank."""
    first = None if opening is None else (opening, lambda r: value(r)[0])
    return yearly(key, label, unit, formula, lambda r: value(r)[1:], opening=first, note=note, total=total)


def every_year(
    key: str,
    label: str,
    unit: str,
    formula: str,
    value: Callable[[Results], Path],
    *,
    note: str = "",
    total: bool = False,
) -> Line:
    """A line whose base year has the formula of the other years."""
    return path(key, label, unit, formula, value, opening=formula, note=note, total=total)
