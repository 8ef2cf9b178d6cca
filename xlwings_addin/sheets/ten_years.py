"""Ten years in eight columns: what was reported before the base year, and the model's paths from there on.

Each entry is a row of Summary over one of the two groups of columns, its formula and its value apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from xlwings_addin.inputs.company import Business, Company, PartEntry
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import FIRST_COLUMN, Columns, Context, Entry, Layout, Line
from xlwings_addin.valuation.xiaomi import Results

Figure = float | str
BACK, AHEAD = (-3.0, -2.0, -1.0), (0.0, 1.0, 2.0, 3.0, 6.0)
"""The years of the columns, counted from the base year: ten of them from the first to the last."""
MILLIONS = 1000.0
"""In a billion."""
EBIT = ("ebit", "operating_income")
"""What the lines of businesses call the operating profit."""


def _heading(text: str) -> Entry:
    """The year above a column: A for what was reported, E for what is expected, or the base year."""

    def value(r: Results, offset: float) -> str:
        year = r.inputs.count("base_year") + int(offset)
        return f"{year}A" if offset < 0 else f"{year} base" if offset == 0 else f"{year}E"

    return Entry(lambda r: value(r, float(text)), '{year}&IF({offset}<0,"A",IF({offset}=0," base","E"))')


def _layout() -> Layout:
    return {
        "actual": Columns(FIRST_COLUMN, [_heading(str(n)) for n in BACK], 10.5),
        "model": Columns(FIRST_COLUMN + len(BACK), [_heading(str(n)) for n in AHEAD], 10.5),
    }


COLUMNS = _layout()


class Row(NamedTuple):
    """The cells of a line: what was reported in three years, what the case has in the others."""

    actual: Entry | None
    model: Entry | None


Lines = dict[str, dict[str, Line]]


def lines_of_businesses(context: Context) -> Lines:
    """The lines of every business by the key of its sheet."""
    own = {business.key for business in context.company.businesses}
    return {
        sheet.key: {line.key: line for block in sheet.blocks(context) for line in block.lines}
        for sheet in sheets(context.company)
        if sheet.key in own
    }


# --- what was reported ------------------------------------------------------------------------------------


def reported_figures(context: Context, r: Results, key: str) -> list[Figure]:
    """What the tables have for the years before the base year."""
    periods = [f"FY{r.inputs.count('base_year') + int(n)}" for n in BACK]
    values = r.inputs.tables.series(key, periods, default=np.nan)
    return [
        float(value) if period in context.calendar.years and not np.isnan(value) else UNDEFINED
        for period, value in zip(periods, values, strict=True)
    ]


def reported_cell(key: str, then: str = "") -> str:
    cell = f"INDEX({{reported.{key}:periods[all]}},1,{{place}})"
    return f'IF({{place}}=0,"{UNDEFINED}",IF(ISNUMBER({cell}),{cell}{then},"{UNDEFINED}"))'


def reported_amount(context: Context, key: str) -> Entry | None:
    """A reported amount in billions, where Reported has the line."""
    if not is_reported(context, key):
        return None
    return Entry(
        lambda r: [x if isinstance(x, str) else x / MILLIONS for x in reported_figures(context, r, key)],
        reported_cell(key, "/{per_billion}"),
    )


def reported_share(context: Context, key: str) -> Entry | None:
    """A reported ratio, where Reported has the line."""
    if not is_reported(context, key):
        return None
    return Entry(lambda r: reported_figures(context, r, key), reported_cell(key))


def is_reported(context: Context, key: str) -> bool:
    return any(context.tables.has(key, year) for year in context.calendar.years)


# --- what the case expects --------------------------------------------------------------------------------


def _path(line: Line, r: Results) -> list[Figure]:
    """A line of the model in the years of the columns; the base year of those that begin after it is none."""
    years = np.atleast_1d(line.cells["years"].value(r))
    opening = float(line.cells["opening"].value(r)) if "opening" in line.cells else UNDEFINED
    return [opening if n == 0 else float(years[int(n) - 1]) for n in AHEAD]


def _of_line(sheet: str, line: Line) -> str:
    """The same as a formula; it may stand within another."""
    if "opening" in line.cells:
        return f"INDEX({{{sheet}.{line.key}[0:]}},1,{{offset}}+1)"
    return f'IF({{offset}}=0,"{UNDEFINED}",INDEX({{{sheet}.{line.key}:years[all]}},1,MAX({{offset}},1)))'


def counted(
    company: Company,
    part: PartEntry,
    pick: Callable[[Business], Line | None],
    *,
    scale: bool,
) -> Entry | None:
    """A line of the business that counts for a part, in billions if it is money; a word by the others."""
    picked = {business.key: pick(business) for business in company.methods_of(part.key)}
    if not any(picked.values()):
        return None

    def value(r: Results) -> list[Figure]:
        business = next(one for one in company.methods_of(part.key) if r.counts(one))
        line = picked[business.key]
        path = [UNDEFINED] * len(AHEAD) if line is None else _path(line, r)
        return [x / MILLIONS if scale and not isinstance(x, str) else x for x in path]

    formula = f'"{UNDEFINED}"'
    for business in reversed(company.methods_of(part.key)):
        line = picked[business.key]
        own = f'"{UNDEFINED}"' if line is None else _of_line(business.key, line)
        if scale and line is not None:
            own = f"{own}/{{per_billion}}" if "opening" in line.cells else _scaled(own)
        alone = part.method_key is None
        chosen = f'{{inputs.{part.method_key}}}="{business.method}"'
        formula = own if alone else f"IF({chosen},{own},{formula})"
    return Entry(value, formula)


def _scaled(formula: str) -> str:
    """The formula of a line without a base year, its figures in billions."""
    return f"{formula.removesuffix(')')}/{{per_billion}})"


def summed(entries: Sequence[tuple[str, Entry | None]]) -> Entry | None:
    """The sum of lines of this sheet, a word where one of them has no figure."""
    there = [(key, entry) for key, entry in entries if entry is not None]
    if not there:
        return None

    def value(r: Results) -> list[Figure]:
        columns = zip(*(entry.value(r) for _, entry in there), strict=True)
        return [UNDEFINED if any(isinstance(x, str) for x in column) else sum(column) for column in columns]

    numbers = ",".join(f"ISNUMBER({{{key}}})" for key, _ in there)
    total = "+".join(f"{{{key}}}" for key, _ in there)
    return Entry(value, f'IF(AND({numbers}),{total},"{UNDEFINED}")')


def divided(above: tuple[str, Entry | None], below: tuple[str, Entry | None]) -> Entry | None:
    """One line of this sheet over another, where there is something to divide by."""
    if above[1] is None or below[1] is None:
        return None
    one, other = above[1], below[1]

    def value(r: Results) -> list[Figure]:
        return [quotient(a, b) for a, b in zip(one.value(r), other.value(r), strict=True)]

    both = f"AND(ISNUMBER({{{above[0]}}}),N({{{below[0]}}})>0)"
    return Entry(value, f'IF({both},{{{above[0]}}}/{{{below[0]}}},"{UNDEFINED}")', unit="ratio")


def quotient(above: Figure, below: Figure) -> Figure:
    if isinstance(above, str) or isinstance(below, str) or below <= 0:
        return UNDEFINED
    return above / below
