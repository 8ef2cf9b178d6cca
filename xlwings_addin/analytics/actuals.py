"""What happened, of lines that can be scored.

An actual is a figure of the whole year: the year's own row, or else the sum of its four quarters. A year of
which only some quarters are reported has no actual, and its note says what they come to. Guidance, consensus
and assumptions are no actuals; an unverified figure is one, and its basis says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xlwings_addin.analytics.vintages import SHARE_PRICE, Measure, measures_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import Row, Tables, period_end

HAPPENED = ("reported", "derived", "lower_bound", "unverified")
"""The bases of figures that say what happened."""


@dataclass(frozen=True)
class Actual:
    """A figure that happened, if one did, with the rows it comes from and what to know of it."""

    value: float | None
    rows: tuple[Row, ...] = ()
    note: str = ""

    @property
    def basis(self) -> str:
        """The row's own; of several rows derived, or unverified if one of them is."""
        if len(self.rows) == 1:
            return self.rows[0].basis
        unverified = any(row.basis == "unverified" for row in self.rows)
        return "unverified" if unverified else "derived" if self.rows else ""


def actual_of(tables: Tables, measure: Measure, period: str) -> Actual:
    """What a line came to in a year; `InputError` where the tables have it in another unit."""
    figure = _of_year(tables, measure.actual, period, adds_up=measure.adds_up)
    if not measure.over:
        check_unit(figure.rows, measure.unit)
        return figure
    other = _of_year(tables, measure.over, period, adds_up=measure.adds_up)
    check_unit(other.rows, figure.rows[0].unit if figure.rows else "")
    if figure.value is None or other.value is None:
        reasons = "; ".join(
            f"{key}: {actual.note}" for key, actual in _named(measure, figure, other) if actual.note
        )
        return Actual(None, note=reasons)
    if not other.value:
        return Actual(None, note=f"{measure.over} is 0")
    note = "; ".join(dict.fromkeys(filter(None, (figure.note, other.note))))
    return Actual(figure.value / other.value, figure.rows + other.rows, note)


def _named(measure: Measure, *figures: Actual) -> Iterator[tuple[str, Actual]]:
    return zip((measure.actual, measure.over), figures, strict=True)


def _of_year(tables: Tables, key: str, period: str, *, adds_up: bool) -> Actual:
    """A figure of a year: its own row, or the sum of its quarters."""
    row = happened(tables, key, period)
    if row is not None:
        return Actual(row.number, (row,), row.note)
    year = period_end(period).year
    quarters = [happened(tables, key, f"{year}Q{quarter}") for quarter in (1, 2, 3, 4)]
    reported = tuple(row for row in quarters if row is not None)
    if not reported:
        return Actual(None)
    count = f"{len(reported)} of 4 quarters reported"
    if not adds_up:
        return Actual(None, note=f"{count}: {', '.join(row.text for row in reported)} {reported[0].unit}")
    total = sum(row.number for row in reported)
    if len(reported) < 4:
        return Actual(None, note=f"{count}: {total:,g} {reported[0].unit}")
    return Actual(total, reported, "sum of four quarters")


def happened(tables: Tables, key: str, period: str) -> Row | None:
    row = tables.row(key, period) if tables.has(key, period) else None
    return row if row is not None and row.basis in HAPPENED else None


def check_unit(rows: Sequence[Row], unit: str) -> None:
    for row in rows:
        if unit and row.unit != unit:
            raise InputError(f"{row.place} unit", row.unit, f"must be {unit!r} to be compared")


def last_reported_year(tables: Tables) -> int:
    """The last year for which the tables have a whole year's actual of anything that is scored."""
    years = {
        period_end(period).year
        for measure in measures_of(tables.company).values()
        if measure.key != SHARE_PRICE
        for period in tables.periods(measure.actual)
        if actual_of(tables, measure, f"FY{period_end(period).year}").value is not None
    }
    return max(years, default=0)
