"""Comparison of two values as Excel does it: numbers to 15 significant digits, texts without letter case.

A last subtraction that cancels all but the last digits gives 0.

Source: Microsoft, "Floating-point arithmetic may give inaccurate results in Excel" (15 significant digits)
and "Calculation operators and precedence in Excel"; numbers sort before texts, texts before FALSE and TRUE.
"""

from __future__ import annotations

import math
from typing import Final

from xlwings_addin.engine.instead.values import CellError, cell_by_cell, number
from xlwings_addin.xlsx.values import is_error

__all__ = ["HELPERS", "compared", "equals", "rounded"]


def rounded(value: float) -> float:
    """A number to 15 significant digits.

    >>> rounded(64159.0127584407) == rounded(64159.01275844073)
    True
    """
    if value == 0 or not math.isfinite(value) or (value == int(value) and abs(value) < 1e15):
        return value
    return float(f"{value:.14e}")


_NEAR = 1e-13


def _rank(value: object) -> int:
    if isinstance(value, bool):
        return 2
    return 1 if isinstance(value, str) else 0


def _like(blank: object, other: object) -> object:
    """An empty cell as the value it equals: an empty text, FALSE or 0."""
    if blank is not None:
        return blank
    if isinstance(other, bool):
        return False
    return "" if isinstance(other, str) else 0.0


def compared(one: object, other: object) -> int:
    """-1, 0 or 1 as the first value is less than, equal to or greater than the second."""
    if type(one) is float and type(other) is float:
        return _by_size(one, other)
    first, second = _like(one, other), _like(other, one)
    if _rank(first) != _rank(second):
        return -1 if _rank(first) < _rank(second) else 1
    if isinstance(first, str) and isinstance(second, str):
        left, right = first.lower(), second.lower()
        return (left > right) - (left < right)
    return _by_size(float(first), float(second))  # type: ignore[arg-type]


def _by_size(one: float, other: float) -> int:
    if abs(one - other) <= _NEAR * abs(one):  # only numbers so near can be equal to 15 digits
        one, other = rounded(one), rounded(other)
    return (one > other) - (one < other)


def equals(one: object, other: object) -> bool:
    """Whether two values are equal as `=` says."""
    return compared(one, other) == 0


@cell_by_cell
def equal(one: object, other: object) -> object:
    return compared(one, other) == 0


@cell_by_cell
def unequal(one: object, other: object) -> object:
    return compared(one, other) != 0


@cell_by_cell
def less(one: object, other: object) -> object:
    return compared(one, other) < 0


@cell_by_cell
def greater(one: object, other: object) -> object:
    return compared(one, other) > 0


@cell_by_cell
def at_most(one: object, other: object) -> object:
    return compared(one, other) <= 0


@cell_by_cell
def at_least(one: object, other: object) -> object:
    return compared(one, other) >= 0


_CANCELLED = 2.0**-49


def cancelled(difference: float, operand: float) -> bool:
    """Whether a difference is nothing but the last bits of what was subtracted."""
    return difference != 0 and abs(difference) < abs(operand) * _CANCELLED


@cell_by_cell
def minus(one: object, other: object) -> object:
    """The last subtraction of a formula, 0 where it cancels all digits that count.

    >>> minus(1.1 * 3, 3.3), minus(1.0, 0.9)
    (0.0, 0.09999999999999998)
    """
    if is_error(one) or is_error(other):
        raise CellError(str(one if is_error(one) else other))
    first, second = number(one), number(other)
    difference = first - second
    return 0.0 if cancelled(difference, first) else difference


@cell_by_cell
def plus(one: object, other: object) -> object:
    """The last addition of a formula, 0 where it cancels all digits that count."""
    first, second = number(one), number(other)
    total = first + second
    return 0.0 if cancelled(total, first) else total


HELPERS: Final = {
    "VAL_EQUAL": equal,
    "VAL_UNEQUAL": unequal,
    "VAL_LESS": less,
    "VAL_GREATER": greater,
    "VAL_AT_MOST": at_most,
    "VAL_AT_LEAST": at_least,
    "VAL_MINUS": minus,
    "VAL_PLUS": plus,
}
