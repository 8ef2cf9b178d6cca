"""Cells in, cells out: what the hosts pass differently is made to agree here.

- A blank (None or empty text) means the default of an optional argument and is an error in a required
  one and inside a range, with its position in the message.
- A number is a number: TRUE, FALSE and numeric text are refused. Excel itself counts =SUM(TRUE) as 1 but
  leaves out a TRUE that stands in a range, so a rate of TRUE is a mistake whichever way it is read.
- A date is a serial number of the 1900 system, a date, or ISO text (2024-03-08). Times of day are cut off,
  as XNPV does.
- A range is a row or a column; a result takes the direction of the ranges that came in.
- A cell itself is its address as text: its value, even an error, says nothing of which cell it is.
- A result is a float, a text or a list of rows, never a NaN or an infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core import errors
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ShapeError, ValuationError
from xlwings_addin.core.serials import FIRST_SERIAL, LAST_SERIAL, SERIAL_ORIGIN
from xlwings_addin.functions.addresses import normalised
from xlwings_addin.functions.kinds import Kind, UdfArgument

Result = float | str | list[list[float]] | list[list[float | str]]
Shape = tuple[int, int]

# What stands for a cell that a spreadsheet engine could not calculate counts as an error, too.
ERROR_VALUES: Final = errors.ERROR_VALUES | {"#CIRC!", "#N/IMPL!"}

ONE_CELL: Final[Shape] = (1, 1)

# Columns A to XFD (Excel specifications and limits): no row result can be longer.
SHEET_COLUMNS: Final = 16_384


class ContentError(ValuationError):
    """A cell that holds something of another kind: text, TRUE or FALSE where a number belongs."""


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and value == "")


def first_error(values: object) -> str | None:
    """The first error value among arguments, in reading order: arguments, rows, cells."""
    if isinstance(values, str):
        return values if values in ERROR_VALUES else None
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, list | tuple):
        return next(filter(None, map(first_error, values)), None)
    return None


def _grid(name: str, value: object) -> Sequence[Sequence[object]]:
    """Any argument as rows of cells; a flat list is one row."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return [[value]]
    rows = value if value and isinstance(value[0], list | tuple) else [value]
    widths = [len(row) if isinstance(row, list | tuple) else 0 for row in rows]
    if min(widths) != max(widths):
        odd = next(n for n, width in enumerate(widths) if width != widths[0])
        raise ShapeError(
            name,
            value,
            f"must be as wide as row 1, {widths[0]}",
            display=f"row {odd + 1} of width {widths[odd]}",
        )
    if not widths[0]:
        raise ShapeError(name, value, "must hold at least one cell", display="(empty)")
    return rows


def _shape(rows: Sequence[Sequence[object]]) -> Shape:
    return len(rows), len(rows[0])


def _one_cell(name: str, value: object) -> object:
    rows = _grid(name, value)
    if _shape(rows) != ONE_CELL:
        raise ShapeError(name, value, "must be one cell", display="of {} x {} cells".format(*_shape(rows)))
    return rows[0][0]


def _display(value: object, place: str) -> str:
    text = "(blank)" if is_blank(value) else str(value).upper() if _is_bool(value) else repr(value)
    return f"{place} {text}".strip()


def _is_bool(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


def _required(name: str, value: object, place: str = "") -> object:
    if is_blank(value):
        raise InputError(name, value, "must be given", display=_display(value, place))
    return value


def number(name: str, value: object, place: str = "") -> float:
    """One cell as a finite float; `place` says where it stands in its range."""
    value = _required(name, value, place)
    if _is_bool(value) or not isinstance(value, int | float | np.integer | np.floating):
        raise ContentError(name, value, "must be a number", display=_display(value, place))
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise DomainError(name, result, "must be a finite number", display=_display(result, place))
    return result


def count(name: str, value: object) -> int:
    """One cell as a whole number, small enough for a row of that many cells."""
    result = number(name, value)
    if not result.is_integer():
        raise DomainError(name, result, "must be a whole number")
    if result > SHEET_COLUMNS:
        raise DomainError(name, int(result), f"must be at most {SHEET_COLUMNS}, the columns of a sheet")
    return int(result)


def text(name: str, value: object, choices: Sequence[str]) -> str:
    """One cell as a text, and as one of `choices` where there are any."""
    value = _required(name, value)
    if not isinstance(value, str):
        raise ContentError(name, value, "must be a text", display=_display(value, ""))
    if not choices:
        return str(value)
    if value.casefold() not in choices:
        raise ChoiceError(name, value, "must be " + " or ".join(map(repr, choices)))
    return value.casefold()


def which_cell(name: str, value: object) -> str:
    """The address that a host passes for a cell; "" where it passes the cell's value."""
    value = _required(name, value)
    return (normalised(value) or "") if isinstance(value, str) else ""


def day(name: str, value: object, place: str = "") -> date:
    """One cell as a day: a serial number, a date, or ISO text."""
    value = _required(name, value, place)
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return _iso_day(name, value, place)
    serial = math.floor(number(name, value, place))
    if not FIRST_SERIAL <= serial <= LAST_SERIAL:
        rule = f"must be a date serial from {FIRST_SERIAL} (1900-03-01) to {LAST_SERIAL} (9999-12-31)"
        raise DomainError(name, serial, rule, display=_display(serial, place))
    return SERIAL_ORIGIN + timedelta(days=serial)


def _iso_day(name: str, value: str, place: str) -> date:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        rule = "must be a date: a serial number, or ISO text such as 2024-03-08"
        raise ContentError(name, value, rule, display=_display(value, place)) from None


def _line(name: str, value: object) -> tuple[Sequence[object], Shape]:
    """The cells of a row or a column, and which of the two it is."""
    rows = _grid(name, value)
    shape = _shape(rows)
    if min(shape) > 1:
        raise ShapeError(
            name, value, "must be one row or one column", display="of {} x {} cells".format(*shape)
        )
    return list(chain.from_iterable(rows)), shape


def _places(cells: Sequence[object]) -> Callable[[int], str]:
    """How a message says where a cell stands in its row or column; one that stands alone needs no place."""
    return lambda n: f"cell {n + 1}" if len(cells) > 1 else ""


def _numbers(name: str, cells: Sequence[object], place: Callable[[int], str]) -> NDArray[np.float64]:
    if all(type(cell) is float for cell in cells):
        array = np.array(cells, dtype=np.float64)
        if np.isfinite(array).all():
            return array
    return np.array([number(name, cell, place(n)) for n, cell in enumerate(cells)], dtype=np.float64)


def row(name: str, value: object) -> tuple[NDArray[np.float64], Shape]:
    """A row or a column of numbers, with its shape; one cell is a row of one."""
    cells, shape = _line(name, value)
    return _numbers(name, cells, _places(cells)), shape


def table(name: str, value: object) -> tuple[NDArray[np.float64], Shape]:
    """A rectangle of numbers, with its shape."""
    rows = _grid(name, value)
    height, width = _shape(rows)
    cells = list(chain.from_iterable(rows))
    array = _numbers(name, cells, lambda n: f"row {n // width + 1} column {n % width + 1}")
    return array.reshape(height, width), (height, width)


def dates(name: str, value: object) -> tuple[NDArray[np.datetime64], Shape]:
    """A row or a column of days, with its shape."""
    cells, shape = _line(name, value)
    place = _places(cells)
    days = [day(name, cell, place(n)) for n, cell in enumerate(cells)]
    return np.array(days, dtype="datetime64[D]"), shape


def numbers(name: str, value: object) -> tuple[float | NDArray[np.float64], Shape]:
    """One number, or a row or a column of them, with its shape."""
    array, shape = row(name, value)
    return (float(array[0]) if shape == ONE_CELL else array), shape


RANGES: Final[Mapping[Kind, Callable[[str, object], tuple[Any, Shape]]]] = {
    Kind.NUMBERS: numbers,
    Kind.ROW: row,
    Kind.TABLE: table,
    Kind.DATES: dates,
}


def read(parameter: UdfArgument, value: object) -> tuple[Any, Shape]:
    """One argument as the function wants it, with the shape it came in; a blank as its default."""
    name, kind = parameter.name, parameter.kind
    if kind in RANGES:
        return RANGES[kind](name, value)
    cell = _one_cell(name, value)
    if parameter.optional and is_blank(cell):
        return parameter.default, ONE_CELL
    if kind is Kind.CELL:
        return which_cell(name, cell), ONE_CELL
    if kind is Kind.TEXT:
        return text(name, cell, parameter.choices), ONE_CELL
    return (count if kind is Kind.COUNT else number)(name, cell), ONE_CELL


def common_shape(parameters: Sequence[UdfArgument], shapes: Sequence[Shape]) -> Shape:
    """The shape of the ranges among the arguments of a function that gives a range back."""
    ranges = [(p.name, shape) for p, shape in zip(parameters, shapes, strict=False) if shape != ONE_CELL]
    for name, shape in ranges:
        if shape != ranges[0][1]:
            rule = "must be {1} x {2}, as {0} is".format(ranges[0][0], *ranges[0][1])
            raise ShapeError(name, shape, rule, display="of {} x {} cells".format(*shape))
    return ranges[0][1] if ranges else ONE_CELL


def _with_texts(function: str, rows: list[list[Any]]) -> list[list[float | str]]:
    """A table with texts among its numbers, whose finite numbers alone a cell can hold."""
    for value in chain.from_iterable(rows):
        if not isinstance(value, str) and not np.isfinite(value):
            raise DomainError(f"the result of {function}", value, "is not a number that a cell can hold")
    return [[value if isinstance(value, str) else float(value) for value in row] for row in rows]


def write(function: str, result: Any, kind: Kind, shape: Shape) -> Result:
    """A result as cells; `shape` is that of the ranges that came in."""
    if kind is Kind.TEXT:
        return str(result)
    if kind is Kind.TABLE and isinstance(result, list):
        return _with_texts(function, result)
    array = np.asarray(result, dtype=np.float64)
    if not np.isfinite(array).all():
        position = int(np.flatnonzero(~np.isfinite(array))[0]) + 1
        value = float(array.flat[position - 1])
        place = f"cell {position}" if array.ndim else ""
        rule = "is not a number that a cell can hold"
        raise DomainError(f"the result of {function}", value, rule, display=_display(value, place))
    if kind is Kind.SCALAR or (kind is Kind.NUMBERS and shape == ONE_CELL):
        return float(array.item())
    if kind is Kind.TABLE:
        return [[float(value) for value in line] for line in array.tolist()]
    is_column = shape[0] > 1
    return [[value] for value in array.tolist()] if is_column else [array.tolist()]
