"""A context as an existing workbook has room for it: its own cases and periods, found by their headings.

A workbook may lack a case or a quarter that the tables have by now, have one that they have no more, or have
them in another order. What the tables say is then laid over the columns that are there; what finds no column
is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xlwings_addin.core.errors import BookError, ValuationError
from xlwings_addin.inputs.calendar import Calendar, is_quarter, is_year
from xlwings_addin.inputs.cases import Origin
from xlwings_addin.inputs.reported import keys_by_quarter, keys_by_year
from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.layout.references import HEADINGS, Book, PlacedSheet, Rows
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.sheets import cover as cover_sheet
from xlwings_addin.sheets import inputs as inputs_sheet
from xlwings_addin.sheets import reported as reported_sheet
from xlwings_addin.sheets import sensitivities as sensitivities_sheet
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets import sources as sources_sheet
from xlwings_addin.sheets.every_case import FIGURE
from xlwings_addin.sheets.spec import LABEL, Block, Columns, Context, Layout, Live, SourceRows
from xlwings_addin.sheets.varied import ACTIVE
from xlwings_addin.valuation.xiaomi import Results, evaluate
from xlwings_addin.xlsx.addresses import join_address

MOST_SHAPES, MOST_PLACED = 3, 2
"""So many shapes of workbooks, and workbooks of one shape, are kept with a context: ten megabytes each."""
_YEAR, _QUARTER = re.compile(r"FY\d{4}"), re.compile(r"\d{4}Q[1-4]")


@dataclass(frozen=True)
class Fitted:
    """A context that has what a workbook has columns for, and what of the tables has none there.

    `blocks` are those of the sheets, for `Book`. `placed` are the workbooks that were asked for.
    """

    context: Context
    without_column: tuple[str, ...]
    blocks: Mapping[str, Sequence[Block]]
    placed: dict[object, Book] = field(default_factory=dict)

    def book(self, rows: Rows) -> Book:
        """The sheets with their lines in the rows of a workbook; the same for the same rows and columns."""
        where = frozenset(rows.items()), frozenset(rows.titles.items()), repr(self.context.columns_moved)
        if where not in self.placed:
            _make_room(self.placed, MOST_PLACED)
            self.placed[where] = Book(self.context, Rows(rows, rows.titles), blocks=self.blocks)
        return self.placed[where]


def fitted(context: Context, pages: Pages, *, grown: bool = False) -> Fitted:
    """The context with the cases and periods that a workbook has, in its order.

    `grown` is what it has once it has gained a column for every period of the tables. Raises `BookError` for
    a case or a period that stands twice, and what the core raises where a case cannot be valued without what
    has no column. A sheet or a heading that is not found leaves the tables' own.
    """
    cases = _cases(pages) or context.cases
    calendar = _calendar(pages, context.tables.calendar)
    if grown:
        calendar = _united(calendar, context.tables.calendar)
    parents, sources, live = _parents(pages), _source_rows(pages, grown), _live(pages, context)
    rows = sources.by_case, sources.may_grow, repr((sources.count, sources.taken))
    key = cases, calendar, live, rows, *sorted(parents.items())
    as_grown = cases, calendar, live, (rows[0], True, rows[2]), *sorted(parents.items())
    if not grown and as_grown in context.fits and _has_all_sources(context.fits[as_grown][2], pages):
        key = as_grown
    if key not in context.fits:
        wider = context.fits.get(as_grown)
        _make_room(context.fits, MOST_SHAPES)
        of_this = replace(context, source_rows=sources, live=live)
        fit = _with_source_rows(wider, sources) if wider else _fit(of_this, cases, calendar, parents)
        context.fits[key] = fit
    of_book, missing, book, placed = context.fits[key]
    of_book = replace(of_book, columns_moved=_columns_moved(book, pages))
    of_book.blocks.update(book.context.blocks)  # where columns stand changes none of them
    return Fitted(of_book, missing, book.blocks, placed)


def _make_room(kept: dict[Any, Any], most: int) -> None:
    """Forget what was kept first where it is of many workbooks: their tables may be asked for all day."""
    while len(kept) >= most:
        del kept[next(iter(kept))]


_Fit = tuple[Context, tuple[str, ...], Book, dict[object, Book]]
"""A context, what it has no column for, its sheets, and those in the rows of workbooks."""


def _fit(context: Context, cases: tuple[str, ...], calendar: Calendar, parents: Mapping[str, str]) -> _Fit:
    """A context with other cases and periods, what of the tables it has no column for, and its sheets."""
    missing = [f"case {case}" for case in context.cases if case not in cases]
    own = tuple(case for case in cases if case not in {*context.results, *context.unlisted})
    valued = {**context.results, **context.unlisted}
    results = {case: valued.get(case) or _stand_in(context, case, parents.get(case, "")) for case in cases}
    tables = context.tables
    if calendar != tables.calendar:
        lost = [row for row in tables.history if _loses_its_column(row, tables, calendar)]
        missing += sorted({f"{row.key} of {row.period}" for row in lost})
        if lost:
            tables = replace(tables, history=tuple(row for row in tables.history if row not in lost))
            results = _without(lost, tables, results)
    of_book = replace(context, tables=tables, results=results, columns_of_book=calendar, own_cases=own)
    return of_book, tuple(missing), Book(of_book), {}


def _with_source_rows(fit: _Fit, rows: SourceRows) -> _Fit:
    """The same with other rows for the sources of inputs, which only their own sheet shows."""
    of_book, missing, book, _ = fit
    of_book = replace(of_book, source_rows=rows)
    return of_book, missing, book.of(of_book, {sources_sheet.SHEET.key}), {}


def _cases(pages: Pages) -> tuple[str, ...]:
    """The names in the row of case names, from the column after Live to the one before Basis."""
    title, rows = pages.title_and_keys(inputs_sheet.SHEET)
    texts = pages[title].texts
    if HEADINGS not in rows or "case_name" not in rows:
        return ()
    headings = texts.get(rows[HEADINGS], {})
    columns = {text: column for column, text in headings.items()}
    first, last = columns.get("Live"), columns.get("Basis")
    if first is None or last is None:
        return ()
    row = rows["case_name"]
    names = {column: name for column, name in texts.get(row, {}).items() if first < column < last}
    return _once(names, title, row)


def _parents(pages: Pages) -> dict[str, str]:
    """What the cases of a workbook extend, as it says itself."""
    title, rows = pages.title_and_keys(inputs_sheet.SHEET)
    if "case_name" not in rows or inputs_sheet.EXTENDS not in rows:
        return {}
    texts = pages[title].texts
    names, parents = (texts.get(rows[key], {}) for key in ("case_name", inputs_sheet.EXTENDS))
    return {name: parents.get(column, "") for column, name in names.items()}


def _source_rows(pages: Pages, grown: bool) -> SourceRows:
    """The rows for inputs on Sources: numbered where those of several cases are joined."""
    title, rows = pages.title_and_keys(sources_sheet.SHEET)
    names = [key.partition("__")[::2] for key in rows if "__" in key]
    if not names:
        return SourceRows()
    if inputs_sheet.SOURCES_END not in rows or sources_sheet.CASES not in rows:
        return SourceRows(by_case=True)
    last: dict[str, int] = {}
    for key, number in names:
        if number.isdigit():
            last[key] = max(last.get(key, 0), int(number))
    cells, texts = pages[title].cells, pages[title].texts
    headings = texts.get(rows[HEADINGS], {})
    first, end = inputs_sheet.source_row("", 1), max(headings, default=0)
    columns = {
        name: column
        for column, name in texts.get(rows[sources_sheet.CASES], {}).items()
        if LABEL < column <= end and headings.get(column, "").startswith(sources_sheet.CASE)
    }
    taken = {
        key: {case: _count(cells.get(join_address(rows[key + first], at))) for case, at in columns.items()}
        for key in last
        if key + first in rows
    }
    return SourceRows(count=last, taken=taken, may_grow=grown)


def _has_all_sources(book: Book, pages: Pages) -> bool:
    """Whether a workbook has every row for sources that it may grow to have."""
    _, rows = pages.title_and_keys(sources_sheet.SHEET)
    return book.sheets[sources_sheet.SHEET.key].lines.keys() <= rows.keys()


def _count(value: object) -> int:
    """A number of a row; 0 for what is none."""
    return int(value) if isinstance(value, float) and value.is_integer() and value > 0 else 0


def _live(pages: Pages, context: Context) -> Live:
    """What a workbook was built to calculate in what-if tables."""
    # A company's own sheet: a Cover under another name is known by the company's title.
    cover = next(sheet for sheet in sheets(context.company) if sheet.key == cover_sheet.SHEET.key)
    if FIGURE not in pages.title_and_keys(cover)[1]:
        return "none"
    return "all" if ACTIVE in pages.title_and_keys(sensitivities_sheet.SHEET)[1] else "cases"


def _calendar(pages: Pages, tables: Calendar) -> Calendar:
    """The tables' calendar with the columns for years and quarters that a sheet Reported has."""
    title, rows = pages.title_and_keys(reported_sheet.SHEET)
    texts = pages[title].texts
    if HEADINGS not in rows or "quarter_year" not in rows:
        return tables
    year_row, quarter_row = rows[HEADINGS], rows["quarter_year"] - 1
    years = _once(_matching(texts.get(year_row, {}), _YEAR), title, year_row)
    quarters = _once(_matching(texts.get(quarter_row, {}), _QUARTER), title, quarter_row)
    if not years or not quarters:
        return tables
    return Calendar(
        years,
        quarters,
        tuple(year for year in tables.reported_years if year in years),
        tuple(quarter for quarter in tables.reported_quarters if quarter in quarters),
    )


def _united(book: Calendar, tables: Calendar) -> Calendar:
    """A calendar with the periods of both; what is reported is what the tables say."""
    return replace(
        tables,
        years=tuple(sorted({*book.years, *tables.years})),
        quarters=tuple(sorted({*book.quarters, *tables.quarters})),
    )


def _matching(texts: Mapping[int, str], pattern: re.Pattern[str]) -> dict[int, str]:
    return {column: text for column, text in texts.items() if pattern.fullmatch(text)}


def _once(headings: Mapping[int, str], sheet: str, row: int) -> tuple[str, ...]:
    """The headings; `BookError` for one that stands twice, for nobody can say which column counts."""
    columns: dict[str, int] = {}
    for column, text in headings.items():
        if text in columns:
            first, second = (join_address(row, at) for at in (columns[text], column))
            raise BookError(f"{sheet}!{second}", text, f"must head one column, and {first} has it too")
        columns[text] = column
    return tuple(columns)


def _stand_in(context: Context, case: str, parent: str) -> Results:
    """For a case that only the workbook has: the results of what it extends, until its inputs are read."""
    results = context.results.get(parent) or next(iter(context.results.values()))
    lineage = (parent, *results.inputs.origin.lineage) if parent in context.results else ()
    origin = Origin(lineage, dict.fromkeys(results.inputs, case))
    return evaluate(replace(results.inputs, case=case, origin=origin))


def _loses_its_column(row: Row, of: Tables, book: Calendar) -> bool:
    """Whether a figure has a column for its period in a new workbook, and none in this one."""
    tables, company = of.calendar, of.company
    if is_year(row.period):
        return (
            row.key in keys_by_year(company) and row.period in tables.years and row.period not in book.years
        )
    if is_quarter(row.period):
        return (
            row.key in keys_by_quarter(company)
            and row.period in tables.quarters
            and row.period not in book.quarters
        )
    return False


def _without(lost: Sequence[Row], tables: Tables, results: Mapping[str, Results]) -> dict[str, Results]:
    """The cases valued without figures that have no column."""
    try:
        return {
            case: evaluate(replace(valued.inputs, tables=tables).replace())
            for case, valued in results.items()
        }
    except ValuationError as error:
        figure = f"{lost[0].key} of {lost[0].period}"
        rule = f"has no column in this workbook, and a case needs it: build a new one ({error})"
        raise BookError(lost[0].place, figure, rule, display=figure) from error


def _columns_moved(book: Book, pages: Pages) -> dict[str, dict[int, int]]:
    """Where the columns of our sheets stand in a workbook, as far as their typed headings tell."""
    moved: dict[str, dict[int, int]] = {}
    for key, placed in book.sheets.items():
        title, rows = pages.title_and_keys(placed.sheet)
        if HEADINGS not in rows:
            continue
        columns: dict[int, int] = {}
        for row, layout in heading_rows(placed, rows):
            texts = pages[title].texts.get(row, {})
            names = list(texts.values())
            at = {text: column for column, text in texts.items() if names.count(text) == 1}
            for group in layout.values():
                for new, heading in enumerate(group.headings, group.first):
                    if isinstance(heading, str) and heading in at:
                        columns.setdefault(new, at[heading])
        if any(new != column for new, column in columns.items()):
            moved[key] = columns
    return moved


def heading_rows(placed: PlacedSheet, rows: Mapping[str, int]) -> Iterator[tuple[int, Layout]]:
    """The rows of a workbook that hold headings, the sheet's own and those of blocks, with their columns."""
    beside = Columns(placed.note_column, (placed.sheet.note_heading,))
    yield rows[HEADINGS], {**placed.columns, "": Columns(LABEL, ("Line", "Unit")), "note": beside}
    for block in placed.blocks:
        first = next((key for key in block.rows if key in rows), None)
        if block.block.columns is not None and first is not None:
            yield rows[first] - 1, block.columns


def add_missing_columns(names: Iterable[str], report: Report) -> None:
    """Say what of the tables a workbook has no column for."""
    for name in names:
        message = f"{name} stands in the tables and has no column in this workbook: build a new one to see it"
        report.findings.append(Finding("warning", "missing column", message))
