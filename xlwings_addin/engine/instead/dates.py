"""Days: DATE, TIME, WEEKDAY, DAYS360, EDATE, EOMONTH and the texts that stand for days.

Source: Microsoft's documentation of DATE, TIME, WEEKDAY, DAYS360 (with the rules of the US method),
DATEVALUE, TIMEVALUE.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from xlwings_addin.engine.instead.values import (
    CellError,
    cell_by_cell,
    is_text,
    logical,
    number,
    parsed_number,
)

__all__ = ["FUNCTIONS", "edate", "eomonth"]


_HALF_A_SECOND = 0.5 / 86400
"""DAYS360 takes a moment so close before midnight for the next day."""


def _day(value: object) -> int:
    day = math.floor(number(value))
    if not 0 <= day <= 2958465:
        raise CellError("#NUM!")
    return day


@cell_by_cell
def weekday(day: object, kind: object = None) -> object:
    form = 1 if kind is None else int(number(kind))
    sunday = (_day(day) - 1) % 7
    if form == 1:
        return float(sunday + 1)
    if form == 2:
        return float((sunday - 1) % 7 + 1)
    if form == 3:
        return float((sunday - 1) % 7)
    if 11 <= form <= 17:
        return float((sunday - (form - 10)) % 7 + 1)
    raise CellError("#NUM!")


def _parts(serial: int) -> tuple[int, int, int]:
    """Year, month and day; day 60 is the 29th of February 1900, which never was, day 0 the 0th of January."""
    if serial == 60:
        return 1900, 2, 29
    if serial == 0:
        return 1900, 1, 0
    day = date(1899, 12, 31 if serial < 60 else 30) + timedelta(days=serial)
    return day.year, day.month, day.day


def _is_last_of_february(serial: int) -> bool:
    year, month, _ = _parts(serial)
    return month == 2 and _parts(serial + 1)[1:] == (3, 1) and year > 0


@cell_by_cell
def days360(first: object, last: object, method: object = None) -> object:
    """Days between two dates in a year of twelve months of 30 days, by the US or the European method."""
    start, end = (_day(number(value) + _HALF_A_SECOND) for value in (first, last))
    european = method is not None and logical(method)
    (year, month, day), (end_year, end_month, end_day) = _parts(start), _parts(end)
    if european:
        day, end_day = min(day, 30), min(end_day, 30)
    else:
        if _is_last_of_february(start):
            day = 30
        if end_day == 31 and day >= 30:
            end_day = 30
        day = min(day, 30)
    return float((end_year - year) * 360 + (end_month - month) * 30 + end_day - day)


@cell_by_cell
def day_of(year: object, month: object, day: object) -> object:
    """DATE: months and days beyond their ends count on; a year before 1900 counts from it.

    1900 has a 29th of February here, as in Excel.
    """
    own_year, months, days = (math.trunc(number(value)) for value in (year, month, day))
    first = (own_year + 1900 if 0 <= own_year < 1900 else own_year) * 12 + months - 1
    if not 0 <= own_year <= 9999 or not 12 <= first < 120000:
        raise CellError("#NUM!")
    serial = (date(first // 12, first % 12 + 1, 1) - date(1899, 12, 30)).days
    serial = (serial if serial > 60 else serial - 1) + days - 1
    if not 0 <= serial <= 2958465:
        raise CellError("#NUM!")
    return float(serial)


@cell_by_cell
def time_of(hour: object, minute: object, second: object) -> object:
    """TIME: what goes beyond a day begins anew; a time before midnight is none."""
    hours, minutes, seconds = (math.trunc(number(value)) for value in (hour, minute, second))
    total = hours * 3600 + minutes * 60 + seconds
    if total < 0 or max(hours, minutes, seconds) > 32767:
        raise CellError("#NUM!")
    return total % 86400 / 86400


@cell_by_cell
def datevalue(written: object) -> object:
    """The day that a text names; its time of day is left out."""
    value = _moment(written)
    if value is None:
        raise CellError("#VALUE!")
    return float(math.floor(value))


@cell_by_cell
def timevalue(written: object) -> object:
    """The time of day that a text names, as a fraction of a day."""
    value = _moment(written)
    if value is None:
        raise CellError("#VALUE!")
    return value % 1


def _moment(written: object) -> float | None:
    return parsed_number(str(written).strip()) if is_text(written) and not _is_plain(str(written)) else None


def _is_plain(written: str) -> bool:
    """Whether a text is a number and no date or time."""
    return not any(mark in written for mark in "/:-") and not any(mark.isalpha() for mark in written)


def _part(at: int) -> Callable[..., object]:
    return cell_by_cell(lambda day: float(_parts(_day(day))[at]))


def _months_later(*, end: bool) -> Callable[..., object]:
    """EDATE or, at the end of the month, EOMONTH: of a number or a text that stands for a day."""

    @cell_by_cell
    def calculate(value: object, months: object) -> object:
        if isinstance(value, bool) or isinstance(months, bool):
            raise CellError("#VALUE!")
        serial, count = _day(value), math.trunc(number(months))
        if serial == 60:
            raise CellError("#NUM!")
        own_year, own_month, own_day = _parts(serial)
        at = own_year * 12 + own_month - 1 + count
        year, month = at // 12, at % 12 + 1
        if not 1900 <= year <= 9999:
            raise CellError("#NUM!")
        last = calendar.monthrange(year, month)[1]
        days = (date(year, month, 1) - date(1900, 1, 1)).days + (last if end else min(own_day, last))
        return float(days if days < 60 else days + 1)

    return calculate


edate, eomonth = _months_later(end=False), _months_later(end=True)

FUNCTIONS: Final = {
    "DATE": day_of,
    "TIME": time_of,
    "EDATE": edate,
    "EOMONTH": eomonth,
    "YEAR": _part(0),
    "MONTH": _part(1),
    "DAY": _part(2),
    "WEEKDAY": weekday,
    "DAYS360": days360,
    "DATEVALUE": datevalue,
    "TIMEVALUE": timevalue,
}
