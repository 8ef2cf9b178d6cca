"""The vocabulary of the sheets: what a line is, said once.

A `Line` declares a formula in terms of other lines' keys; its value, label, unit and note are those of the
model's line of the same key, unless it says otherwise. Formula and value are written apart, neither is
derived from the other, and the proof holds them against each other.

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
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xlwings_addin.inputs.calendar import Calendar
from xlwings_addin.inputs.cases import house_weights
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.valuation.model import line_of
from xlwings_addin.valuation.xiaomi import Results

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers

Live = Literal["none", "cases", "all"]
"""What a workbook calculates in what-if tables: nothing, every case on Cover, Sensitivities, too."""
LIVE_CHOICES: tuple[Live, ...] = ("none", "cases", "all")
EntryKind = Literal["formula", "input", "stored", "table", "text", "answer"]
Value = Callable[[Results], Any]


@dataclass(frozen=True)
class OfModel:
    """The value of a model's line: that of the key of the sheet's line, or `path`, for a business
    `iot.revenue`.

    `sheet` and `column` are filled in by the sheet that the line stands on.
    """

    path: str = ""
    sheet: str = ""
    column: str = ""

    def __call__(self, results: Results) -> Any:
        return results.cells(self.sheet, self.path, self.column)


OWN = OfModel()


LABEL, UNIT, NOTE, FIRST_COLUMN = 1, 2, 3, 4
KEY_COLUMN = FIRST_COLUMN + 2 + TIMELINE_YEARS
"""The first column in which a line may carry its key, so that it is found again after rows are inserted.

A sheet with more columns has the keys further right. In a file the column is the one headed Key.
"""


MOST_CASES = 12
"""Cases that the workbook shows side by side: each is a column of Inputs and a row of Cover."""


@dataclass(frozen=True)
class Entry:
    """What one column group of a line holds: a formula and the core's value for it, or a typed value.

    `kind` says who writes the cell: "formula" the sheet, "input" the analyst, "stored" the build, which
    keeps there what `formula` refers to when `case` is selected, "table" the what-if table of the block,
    which shows the same, "text" nobody after the build, "answer" the build and every refresh, which work out
    anew what the core answers (`Context.answers`). `value` returns one value for a single column and a
    sequence for several; None leaves a typed cell blank. An input takes one of `choices`, or what `parameter`
    allows.

    The cells of an input may follow others of the row: `parents` has a reference for each column, or None,
    and `follows` says which of them hold it instead of a typed value. `overrides` are those typed in spite of
    what they could follow. While the formula `red_when` is true the cell is red; while `marked_when` is, bold
    and shaded; while `pale_when` is, pale. In the last two `{here}` is the cell. Nothing else hangs on them.
    """

    value: Value
    formula: str | None = None
    kind: EntryKind = "formula"
    unit: str | None = None
    choices: tuple[str, ...] = ()
    parameter: Parameter | None = None
    case: str | None = None
    parents: Sequence[str | None] = ()
    follows: Sequence[bool] = ()
    overrides: Sequence[bool] = ()
    red_when: str = ""
    marked_when: str = ""
    pale_when: str = ""

    def __post_init__(self) -> None:
        if (self.kind in ("formula", "stored", "table")) != (self.formula is not None):
            raise ValueError(f"an entry of kind {self.kind!r} with formula {self.formula!r}")


def across(values: Sequence[Any]) -> Any:
    """The values of a row as an entry gives them: a row of one column has its value itself."""
    return values if len(values) > 1 else values[0]


@dataclass(frozen=True)
class Columns:
    """A named group of columns: where it starts, what stands above each of them, how wide they are.

    Headings stand to the right, as figures do, unless `align` says otherwise; "over" lets a text run over
    the blank cells to its right. Those that are not `printed` stand right of all others.
    """

    first: int
    headings: Sequence[str | Entry]
    width: float = 12.0
    align: Literal["left", "centre", "right", "over"] = "right"
    printed: bool = True

    @property
    def count(self) -> int:
        return len(self.headings)


Layout = Mapping[str, Columns]


@dataclass(frozen=True)
class Line:
    """One row: key, label, unit, what its cells hold, and where the figure comes from or what it means.

    `name` is the defined name its single figure gets; `link` the sheet a click on the label opens. `yours`
    are the columns whose cells are the analyst's to fill: the build shades them and nothing else.
    """

    key: str
    label: str
    unit: str
    cells: Mapping[str, Entry]
    note: str = ""
    total: bool = False
    name: str | None = None
    link: str | None = None
    yours: str = ""


@dataclass(frozen=True)
class Block:
    """Lines under one title. Columns of its own, if given, show their headings beside the title.

    In print, `new_page` starts a page with it. `tiles` are figures to be read from afar, the first line the
    figure and the others what it says. `room` is how many blank rows below it are for charts;
    unless it begins a page, the sheet prints as one page that ends with them. Its cells of
    kind "table" are one what-if table: `varied` are the inputs that take the values above and left of it.
    What comes `with_a_build` alone, for it needs rules or charts beside its cells, no refresh adds.
    """

    title: str
    lines: Sequence[Line]
    columns: Layout | None = None
    new_page: bool = False
    tiles: bool = False
    room: int = 0
    varied: tuple[str, str] | None = None
    with_a_build: bool = False


@dataclass(frozen=True)
class Series:
    """One series of a chart: its name, its cells in the notation of lines, and how it is drawn.

    space    bars that nobody sees, below others of a stack
    line     a line, without markers
    marker   markers, without a line
    label    nothing but the values, above where they stand, or as `label below`

    `labels` is the number format of the values written beside it, if any.
    """

    name: str
    cells: str
    drawn: Literal["bar", "space", "line", "marker", "label", "label below"] = "bar"
    colour: str | None = None
    labels: str = ""


@dataclass(frozen=True)
class Chart:
    """A native chart over lines of its sheet, its top left corner at a cell given as column and row.

    The title is a text, or a reference in the notation of lines to the cell that has it, so that it says what
    the figures say now. `categories` is such a reference, too; bars that lie on their side (`flat`) have them
    from the top down. The row of `anchor` is that of the line it names, and `below` as many further down.
    Bars that start `from_zero` do so whatever they reach. `legend` names the series; that of series nobody
    sees does without. With `until`, the column and the line of the last cell that it covers and how many rows
    further down, it is as wide and high as these in every program, whatever its `size`; the column "" is the
    last that is printed.
    """

    title: str
    series: Sequence[Series]
    categories: str
    anchor: tuple[str, str]
    axis: str
    number_format: str
    size: tuple[float, float] = (20.0, 9.0)
    stacked: bool = False
    legend: bool = True
    below: int = 0
    flat: bool = False
    from_zero: bool = False
    until: tuple[str, str, int] | None = None


@dataclass(frozen=True)
class SourceRows:
    """The rows that the sheet Sources of an existing workbook has for inputs.

    by_case     one for every case, as in workbooks of former versions; else one for every distinct source
    count       how many each input has, where the cases that share one are joined
    taken       which of them every case takes, by input
    may_grow    whether the workbook gets the rows that it lacks
    """

    by_case: bool = False
    count: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    may_grow: bool = True


@dataclass(frozen=True)
class Context:
    """What the sheets are made from: the tables, and the core's results of every case that has a column.

    unlisted           the results of the cases without one
    columns_of_book    the years and quarters that an existing workbook has columns for
    own_cases          cases that only an existing workbook has
    source_rows        the rows that Sources has; none before there is a workbook
    columns_moved      where columns of a new workbook stand in an existing one, by the key of the sheet
    folder             where the tables are that only sheets read; None for the packaged company's
    made               the results that the answers are of; of the first case by default
    asked              a price that an analyst asks about in place of today's
    live               which results are calculated in what-if tables and not kept
    """

    tables: Tables
    results: Mapping[str, Results]
    unlisted: Mapping[str, Results] = field(default_factory=dict)
    columns_of_book: Calendar | None = None
    own_cases: tuple[str, ...] = ()
    source_rows: SourceRows = field(default_factory=SourceRows)
    columns_moved: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    folder: Path | None = None
    made: Results | None = None
    asked: float | None = None
    live: Live = "cases"
    blocks: dict[object, Sequence[Block]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Those of the sheets that were asked for, by what makes them."""
    fits: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """This context as existing workbooks have room for it, by their cases and periods."""

    @property
    def company(self) -> Company:
        return self.tables.company

    @property
    def calendar(self) -> Calendar:
        """The years and quarters that have a column."""
        return self.columns_of_book or self.tables.calendar

    @cached_property
    def cases(self) -> tuple[str, ...]:
        return tuple(self.results)

    @property
    def live_cases(self) -> bool:
        """Whether Cover calculates every case, in a what-if table, and keeps no result."""
        return self.live != "none"

    @property
    def live_tables(self) -> bool:
        """Whether the tables of Sensitivities are what-if tables."""
        return self.live == "all"

    @cached_property
    def made_for(self) -> Results:
        """The results that the answers of the sheets are of."""
        return self.made or next(iter(self.results.values()))

    @cached_property
    def answers(self) -> Answers:
        """What the core answers for them, worked out as far as it is asked for."""
        # Imported here: most work on a book asks for none, and they need libraries that load slowly.
        from xlwings_addin.analytics.answers import answers_of

        return answers_of(self.made_for.inputs, self.folder)

    @property
    def rests_on(self) -> str:
        """What the answers of the sheets rest on, with the price asked about."""
        return f"{self.answers.rests_on} {self.asked}"

    @property
    def weights(self) -> dict[str, float]:
        """The weights of the view that the workbook opens with, by case."""
        return house_weights(results.inputs for results in self.results.values())


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


BUSINESSES = 60
"""The place of the sheets of the businesses."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: the question it answers, its columns, blocks and charts.

    A `headline` is a formula that says the sheet's answer; it takes the place of the purpose, which is
    then the title. Notes stand in `note_column`; by default that is right of the figures, and is not
    printed. The colour of the tab is that of `tab`, which says what the sheet is for. A sheet that
    `only_answers` has no line that one of another sheet hangs on, but for links that are blank where it is
    missing: a workbook without it is whole. Its answers are grey while the formula `old_when` is true.
    Columns have the `widths`, or in certain books `own_widths`. Tabs stand in the order of `place`, those of
    the businesses at `BUSINESSES`; without a place a sheet is behind all others.
    """

    key: str
    title: str
    purpose: str
    blocks: Callable[[Context], Sequence[Block]]
    columns: Callable[[Context], Layout] = field(default=lambda _: TIMELINE)
    charts: Callable[[Context], Sequence[Chart]] = field(default=lambda _: ())
    headline: Entry | None = None
    note_heading: str = "Note"
    note_column: int = 0
    tab: Literal["answer", "input", "business", "behind"] = "answer"
    only_answers: bool = False
    old_when: str = ""
    widths: Mapping[int, float] = field(default_factory=dict)
    own_widths: Callable[[Context], Mapping[int, float]] = field(default=lambda _: {})
    place: int = 1000

    def __post_init__(self) -> None:
        if not isinstance(self.blocks, _CompletedBlocks):  # a copy of a sheet has them already
            object.__setattr__(self, "blocks", _CompletedBlocks(self.key, self.blocks))
            object.__setattr__(self, "columns", _completed_columns(self.columns))


class _CompletedBlocks:
    """The blocks of a sheet with what their lines leave to the model's; of one context they are made once."""

    def __init__(self, sheet: str, declared: Callable[[Context], Sequence[Block]]) -> None:
        self.sheet, self.declared = sheet, declared

    def __call__(self, context: Context) -> Sequence[Block]:
        if self not in context.blocks:
            company = context.company
            context.blocks[self] = [
                replace(
                    block,
                    title=company.text(block.title),
                    lines=[_completed(line, self.sheet, company) for line in block.lines],
                    columns=None if block.columns is None else _with_currencies(block.columns, company),
                )
                for block in self.declared(context)
            ]
        return context.blocks[self]


def _completed_columns(declared: Callable[[Context], Layout]) -> Callable[[Context], Layout]:
    return lambda context: _with_currencies(declared(context), context.company)


def _with_currencies(layout: Layout, company: Company) -> Layout:
    """Columns whose headings name the currencies of the company."""

    def named(heading: str | Entry) -> str | Entry:
        return company.text(heading) if isinstance(heading, str) else heading

    return {
        group: replace(columns, headings=[named(heading) for heading in columns.headings])
        for group, columns in layout.items()
    }


def _completed(line: Line, sheet: str, company: Company) -> Line:
    """A line with what it leaves to the line of the model, in the currencies of the company."""
    line = _of_model(line, sheet, company)
    cells = {
        column: entry
        if not entry.unit or "{" not in entry.unit
        else replace(entry, unit=company.text(entry.unit))
        for column, entry in line.cells.items()
    }
    label, unit, note = (company.text(text) for text in (line.label, line.unit, line.note))
    return replace(line, label=label, unit=unit, note=note, cells=cells)


def _of_model(line: Line, sheet: str, company: Company) -> Line:
    """A line with what its declaration leaves to the line of the model: value, label, unit and note."""
    values = [entry.value for entry in line.cells.values() if isinstance(entry.value, OfModel)]
    if not values or values[0].sheet:
        return line
    paths = {column: _path(line, entry) for column, entry in line.cells.items()}
    declared = line_of(company, sheet, next(path for path in paths.values() if path))
    cells = {
        column: replace(entry, value=OfModel(paths[column], sheet, column)) if paths[column] else entry
        for column, entry in line.cells.items()
    }
    return replace(
        line,
        label=line.label or declared.label,
        unit=line.unit or declared.unit,
        note=line.note or declared.note,
        cells=cells,
    )


def _path(line: Line, entry: Entry) -> str:
    """The model's line that an entry takes its value from, if it does."""
    return (entry.value.path or line.key) if isinstance(entry.value, OfModel) else ""


def constant(
    key: str,
    formula: str,
    value: Value = OWN,
    *,
    label: str = "",
    unit: str = "",
    note: str = "",
    total: bool = False,
    name: str | None = None,
) -> Line:
    """A line with one figure, in the constants column."""
    return Line(key, label, unit, {"constant": Entry(value, formula)}, note, total, name)


def yearly(
    key: str,
    formula: str,
    value: Value = OWN,
    *,
    opening: str | tuple[str, Value] | None = None,
    label: str = "",
    unit: str = "",
    note: str = "",
    total: bool = False,
) -> Line:
    """A line over the forecast years; without `opening`, a formula, its base year is blank."""
    cells = {"years": Entry(value, formula)}
    if opening is not None:
        first, figure = (opening, value) if isinstance(opening, str) else opening
        cells["opening"] = Entry(figure, first)
    return Line(key, label, unit, cells, note, total)


def every_year(
    key: str,
    formula: str,
    value: Value = OWN,
    *,
    label: str = "",
    unit: str = "",
    note: str = "",
    total: bool = False,
) -> Line:
    """A line whose base year has the formula of the other years."""
    return yearly(key, formula, value, opening=formula, label=label, unit=unit, note=note, total=total)
