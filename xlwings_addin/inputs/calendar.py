"""Periods, and which of them are reported: time follows from the rows of the tables.

    FY2024        a fiscal year; a closing balance has the year it closes
    2025Q3        a quarter
    2025-11-19    a day

A quarter or a year is reported once the tables have the group's revenue of it; figures known earlier wait for
it, so that none counts beside the assumption it is to replace. Reported periods follow on each other without
a gap. The sheet Reported has a column for each year and quarter in which any of its lines has a figure, and
for those between; quarters come in whole years, so that a year's missing ones have a place too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.company import Company, packaged_company
from xlwings_addin.inputs.reported import ELSEWHERE, keys_by_quarter, keys_by_year

if TYPE_CHECKING:
    from xlwings_addin.inputs.tables import Row

REPORTED_BY = "revenue"
"""The key whose figure says that a period is reported: the group's revenue."""
QUARTERS_A_YEAR = 4
OUTLOOK = ("guidance", "consensus")
"""The bases of figures that say what may come: they report no period."""

LOWER_BOUND = "lower_bound"
"""The basis of "more than 410,000": a figure of what happened, but not the figure itself."""


@dataclass(frozen=True)
class BaseQuarters:
    """The quarters of a base year: those reported, and those an assumption stands for."""

    year: int
    reported: tuple[str, ...]
    assumed: tuple[str, ...]

    @property
    def started(self) -> bool:
        """Whether a build-up can start from the year: one reported quarter gives it prices and margins."""
        return bool(self.reported)


@dataclass(frozen=True)
class Calendar:
    """The periods of the tables.

    years, quarters                       those that Reported has a column for, in order
    reported_years, reported_quarters     those with a revenue of the group, in order and without a gap
    """

    years: tuple[str, ...]
    quarters: tuple[str, ...]
    reported_years: tuple[str, ...]
    reported_quarters: tuple[str, ...]

    @property
    def last_year(self) -> int | None:
        """The last fiscal year that is reported whole; None where none is."""
        return int(self.reported_years[-1][2:]) if self.reported_years else None

    @property
    def last_quarter(self) -> str | None:
        """The last quarter that is reported; None where none is."""
        return self.reported_quarters[-1] if self.reported_quarters else None

    def base(self, year: int) -> BaseQuarters:
        """The quarters of a base year; of a year without a reported quarter none is assumed either.

        >>> three = Calendar((), (), (), ("2025Q4", "2026Q1", "2026Q2"))
        >>> three.base(2026)
        BaseQuarters(year=2026, reported=('2026Q1', '2026Q2'), assumed=('2026Q3', '2026Q4'))
        >>> three.base(2027)
        BaseQuarters(year=2027, reported=(), assumed=())
        """
        quarters = quarters_of(year)
        reported = tuple(quarter for quarter in quarters if quarter in self.reported_quarters)
        assumed = tuple(quarter for quarter in quarters if quarter not in reported) if reported else ()
        return BaseQuarters(year, reported, assumed)

    def has_place(self, key: str, period: str, company: Company) -> bool:
        """Whether a figure of the history stands on a sheet.

        >>> from xlwings_addin.inputs.company import packaged_company
        >>> calendar, xiaomi = Calendar(("FY2024",), ("2025Q3",), (), ()), packaged_company()
        >>> [calendar.has_place("revenue", period, xiaomi) for period in ("FY2024", "2025Q3", "2025-09-30")]
        [True, True, False]
        >>> calendar.has_place("share_price", "FY2024", xiaomi)
        False
        """
        by_year = (key in keys_by_year(company), self.years)
        by_quarter = (key in keys_by_quarter(company), self.quarters)
        return key in ELSEWHERE or any(
            has_line and period in columns for has_line, columns in (by_year, by_quarter)
        )

    def quarters_before(self, year: int) -> tuple[str, ...]:
        """The quarters before a year, from the first that Reported has a column for."""
        return tuple(quarter for quarter in self.quarters if int(quarter[:4]) < year)


def quarters_of(year: int) -> tuple[str, ...]:
    """The four quarters of a year.

    >>> quarters_of(2026)
    ('2026Q1', '2026Q2', '2026Q3', '2026Q4')
    """
    return tuple(f"{year}Q{number}" for number in range(1, QUARTERS_A_YEAR + 1))


def previous(period: str) -> str:
    """The quarter before a quarter, the year before a year.

    >>> previous("2026Q1"), previous("2025Q3"), previous("FY2025")
    ('2025Q4', '2025Q2', 'FY2024')
    """
    if is_year(period):
        return f"FY{int(period[2:]) - 1}"
    year, number = int(period[:4]), int(period[5])
    return f"{year}Q{number - 1}" if number > 1 else f"{year - 1}Q{QUARTERS_A_YEAR}"


def is_year(period: str) -> bool:
    return period.startswith("FY")


def is_quarter(period: str) -> bool:
    """Whether a period is a quarter.

    >>> is_quarter("2025Q3"), is_quarter("FY2025"), is_quarter("2025-09-30"), is_quarter("")
    (True, False, False, False)
    """
    return "Q" in period


def calendar_of(rows: Iterable[Row], company: Company | None = None) -> Calendar:
    """The calendar that rows of the history give, of the packaged company by default.

    Raises `InputError` for a reported quarter or year without its neighbour: a gap would count as nothing.
    """
    company = company or packaged_company()
    facts = [row for row in rows if row.basis not in OUTLOOK and row.value != 0]
    revenue = [row for row in facts if row.key == REPORTED_BY and row.basis != LOWER_BOUND]
    by_year, by_quarter = keys_by_year(company), keys_by_quarter(company)
    years = [row.period for row in facts if row.key in by_year and is_year(row.period)]
    quarters = [row.period for row in facts if row.key in by_quarter and is_quarter(row.period)]
    return Calendar(
        years=tuple(f"FY{year}" for year in _between(years, lambda period: int(period[2:]))),
        quarters=tuple(
            quarter
            for year in _between(quarters, lambda period: int(period[:4]))
            for quarter in quarters_of(year)
        ),
        reported_years=_without_gap([row for row in revenue if is_year(row.period)], "year"),
        reported_quarters=_without_gap([row for row in revenue if is_quarter(row.period)], "quarter"),
    )


def rows_of_calendar(rows: Iterable[Row], company: Company) -> Iterator[Row]:
    """Of rows of the history, those that give its calendar: the revenue, and one figure of every period."""
    by_year, by_quarter = keys_by_year(company), keys_by_quarter(company)
    periods: set[str] = set()
    for row in rows:
        if row.basis in OUTLOOK or row.value == 0:
            continue
        is_first = row.period not in periods and (
            (row.key in by_year and is_year(row.period)) or (row.key in by_quarter and is_quarter(row.period))
        )
        if is_first:
            periods.add(row.period)
        if is_first or row.key == REPORTED_BY:
            yield row


def _between(periods: Collection[str], year_of: Callable[[str], int]) -> Iterator[int]:
    """The years from the first period to the last."""
    years = {year_of(period) for period in periods}
    yield from range(min(years), max(years) + 1) if years else ()


def _without_gap(rows: Iterable[Row], name: str) -> tuple[str, ...]:
    """The periods of rows in order; the row after a gap is named where there is one."""
    by_period = {row.period: row for row in rows}
    periods = tuple(sorted(by_period))
    for before, period in pairwise(periods):
        if previous(period) != before:
            row = by_period[period]
            rule = (
                f"must have the {name} before it, {previous(period)}: reported {name}s follow on each other, "
                f"and the last before it is {before}"
            )
            raise InputError(f"{row.place} {row.key} of {period}", row.text, rule)
    return periods
