"""Values as Excel's functions take them: numbers, texts and truth values made of one another.

Arguments arrive as floats, bools, texts, None for an empty cell and lists of rows for several cells; an error
is a text such as `#N/A`. A function here ends with `CellError` where Excel shows an error; `function` and
`cell_by_cell` turn that into the error.

Source: Microsoft, "Convert text to numbers" and the documentation of VALUE, N and T; Open Document Format
1.3, part 4, section 6.3, for what is coerced where.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import wraps
from typing import Any

from xlwings_addin.xlsx.values import Text, is_error

__all__ = [
    "CellError",
    "as_rows",
    "cell_by_cell",
    "cells",
    "function",
    "logical",
    "number",
    "numbers",
    "numbers_in",
    "parsed_number",
    "rows_of",
    "text",
    "truncated",
]

Rows = list[list[Any]]
Function = Callable[..., object]


class CellError(Exception):
    """The error that a cell shows, `#NUM!` for instance."""

    def __init__(self, error: str) -> None:
        self.error = error
        super().__init__(error)


def function(calculate: Function) -> Function:
    """A function of the workbook: its result, or the error that Excel shows where it ends with one."""

    @wraps(calculate)
    def call(*arguments: object) -> object:
        try:
            return _result(calculate(*arguments))
        except CellError as error:
            return error.error
        except TypeError as error:
            if "positional argument" in str(error):
                return "#VALUE!"
            raise
        except ZeroDivisionError:
            return "#DIV/0!"
        except (OverflowError, ArithmeticError):
            return "#NUM!"

    return call


def cell_by_cell(calculate: Function) -> Function:
    """A function of single values, applied to every cell where an argument is several cells.

    Rows and columns repeat where an argument has one of them; what no argument has is #N/A. An error in an
    argument is the result.
    """
    single = function(calculate)

    @wraps(calculate)
    def call(*arguments: object) -> object:
        sizes = [(len(rows), len(rows[0])) for rows in arguments if isinstance(rows, list)]
        if not sizes:
            return _unless_error(single, arguments)
        height, width = max(size[0] for size in sizes), max(size[1] for size in sizes)
        return [
            [
                _unless_error(single, [_at(argument, row, column) for argument in arguments])
                for column in range(width)
            ]
            for row in range(height)
        ]

    return call


def _unless_error(single: Function, arguments: Any) -> object:
    for argument in arguments:
        if is_error(argument):
            return argument
    return single(*arguments)


def _at(argument: object, row: int, column: int) -> object:
    if not isinstance(argument, list):
        return argument
    row, column = (0 if len(argument) == 1 else row), (0 if len(argument[0]) == 1 else column)
    if row >= len(argument) or column >= len(argument[0]):
        return "#N/A"
    return argument[row][column]


def _result(value: object) -> object:
    if isinstance(value, complex):
        return "#NUM!"
    if isinstance(value, float) and not math.isfinite(value):
        return "#NUM!"
    return value


def truncated(value: object) -> int:
    """A number without its decimals, as arguments that count take it."""
    return math.trunc(number(value) + 0.0)


def number(value: object, missing: float | None = None) -> float:
    """A value as a number: a text that reads like one counts, an empty cell is 0.

    `missing` stands for an argument that is left out.
    """
    if value is None:
        return 0.0 if missing is None else missing
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        if is_error(value):
            raise CellError(str(value))
        parsed = parsed_number(value)
        if parsed is None:
            raise CellError("#VALUE!")
        return parsed
    if isinstance(value, list) and len(value) == 1 and len(value[0]) == 1:
        return number(value[0][0], missing)
    raise CellError("#VALUE!")


def logical(value: object) -> bool:
    """A value as TRUE or FALSE; the texts "TRUE" and "FALSE" count."""
    if isinstance(value, str) and not is_error(value):
        if value.upper() in ("TRUE", "FALSE"):
            return value.upper() == "TRUE"
        raise CellError("#VALUE!")
    return number(value) != 0


def text(value: object) -> str:
    """A value as a text: numbers with 15 significant digits, TRUE and FALSE in capitals."""
    from xlwings_addin.engine.instead.number_text import general

    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return general(float(value))
    if isinstance(value, str):
        if is_error(value):
            raise CellError(str(value))
        return value
    if isinstance(value, list) and value and value[0]:
        return text(value[0][0])
    raise CellError("#VALUE!")


def as_rows(value: object) -> Rows:
    """Several cells as rows; one value is a table of one cell."""
    return value if isinstance(value, list) else [[value]]


def rows_of(value: object) -> Rows:
    """As `as_rows`, ending with the first error in the cells."""
    rows = as_rows(value)
    for row in rows:
        for cell in row:
            if is_error(cell):
                raise CellError(str(cell))
    return rows


def cells(*values: object) -> Iterator[Any]:
    """All cells of arguments, row by row."""
    for value in values:
        if isinstance(value, list):
            for row in value:
                yield from row
        else:
            yield value


def numbers_in(value: object) -> list[float]:
    """The numbers of a range, without blank cells, texts and truth values; an error ends it."""
    amounts = []
    for cell in cells(value):
        if is_error(cell):
            raise CellError(str(cell))
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            amounts.append(float(cell))
    return amounts


def numbers(*values: object) -> list[float]:
    """The numbers of arguments: of ranges those in them, of single values what they are as numbers."""
    amounts: list[float] = []
    for value in values:
        if isinstance(value, list):
            amounts += numbers_in(value)
        elif value is not None:
            amounts.append(number(value))
    return amounts


# --- numbers written as texts -------------------------------------------------------------------------

_NUMBER = re.compile(
    r"""(?P<sign>[-+]?)\s*(?P<currency>[$€£¥]?)\s*(?P<sign2>[-+]?)
    (?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?P<exponent>[eE][-+]?\d{1,3})?\s*(?:(?P<percent>%)|(?P<behind>[€]))?""",
    re.VERBOSE,
)
_FRACTION = re.compile(r"([-+]?)(\d+)\s+(\d+)/(\d+)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})[-/](?P<d>\d{1,2})[-/](?P<y>\d{4}|\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[- ]?(?P<n>[A-Za-z]{3,9})[- ,]*(?P<y>\d{4}|\d{2})"),
    re.compile(r"(?P<n>[A-Za-z]{3,9}) (?P<d>\d{1,2}),? (?P<y>\d{4})"),
)
_TIME = re.compile(r"(?P<h>\d{1,4}):(?P<m>\d{1,2})(?::(?P<s>\d{1,2}(?:\.\d+)?))?\s*(?P<half>[AaPp][Mm])?")


def parsed_number(written: str) -> float | None:
    """The number that a text stands for: "1,234", "$12", "50%", "(3)", dates and times; None for any other.

    >>> [parsed_number(text) for text in ("1,234.5", "$12", "50%", "(3)", "2024-03-08", "6:00", "x")]
    [1234.5, 12.0, 0.5, -3.0, 45359.0, 0.25, None]
    """
    stripped = written.strip(" ")
    negative = stripped.startswith("(") and stripped.endswith(")")
    inner = stripped[1:-1].strip() if negative else stripped
    match = _NUMBER.fullmatch(inner)
    if match:
        if match["behind"] and match["currency"]:
            return None
        if (match["sign"] and match["sign2"]) or (negative and (match["sign"] or match["sign2"])):
            return None
        value = float(match["digits"].replace(",", "") + (match["exponent"] or ""))
        value = value / 100 if match["percent"] else value
        return -value if negative or "-" in (match["sign"], match["sign2"]) else value
    if negative:
        return None
    fraction = _FRACTION.fullmatch(stripped)
    if fraction and int(fraction[4]):
        value = int(fraction[2]) + int(fraction[3]) / int(fraction[4])
        return -value if fraction[1] == "-" else value
    return _parsed_moment(written)


def _parsed_moment(written: str) -> float | None:
    day, _, rest = written.partition(" ")
    time = _parsed_time(written)
    if time is not None:
        return time
    whole = parsed_date(written)
    if whole is not None:
        return whole
    first, time = parsed_date(day), _parsed_time(rest.strip())
    return first + time if first is not None and time is not None else None


def _parsed_time(written: str) -> float | None:
    match = _TIME.fullmatch(written)
    if not match:
        return None
    hours, minutes, seconds = int(match["h"]), int(match["m"]), float(match["s"] or 0)
    if minutes > 59 or seconds >= 60 or (match["half"] and not 0 <= hours <= 12):
        return None
    if match["half"]:
        hours = hours % 12 + (12 if match["half"].lower() == "pm" else 0)
    return (hours * 3600 + minutes * 60 + seconds) / 86400


def parsed_date(written: str) -> float | None:
    """The day that a text names in an unambiguous or an American form, as a serial number of 1900."""
    for form in _DATE_FORMS:
        match = form.fullmatch(written)
        if match:
            return _serial(match.groupdict())
    return None


def _serial(parts: dict[str, str | None]) -> float | None:
    name = parts.get("n")
    month = int(parts["m"] or 0) if not name else _month(name)
    year = int(parts["y"] or 0)
    if year < 100:
        year += 2000 if year < 30 else 1900
    try:
        days = (date(year, month, int(parts["d"] or 0)) - date(1899, 12, 30)).days
    except ValueError:
        return None
    return float(days if days > 60 else days - 1) if days > 0 else None


def _month(name: str) -> int:
    full = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
    lower = name.lower()
    if lower in _MONTHS:
        return _MONTHS.index(lower) + 1
    return full.index(lower) + 1 if lower in full else 0


def is_text(value: object) -> bool:
    """Whether a value is a text and no error."""
    return isinstance(value, str) and (isinstance(value, Text) or not is_error(value))
