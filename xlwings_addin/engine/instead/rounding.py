"""Rounding and whole numbers: FLOOR and CEILING with their signs, MROUND, GCD, LCM.

Source: Microsoft's documentation of FLOOR ("if number is positive and significance is negative, #NUM!"),
FLOOR.MATH, FLOOR.PRECISE, CEILING, CEILING.MATH, ISO.CEILING, MROUND, QUOTIENT, LOG, GCD and LCM.
"""

from __future__ import annotations

import math
from typing import Final

from xlwings_addin.engine.instead.values import CellError, cell_by_cell, cells, function, number
from xlwings_addin.xlsx.values import is_error

__all__ = ["FUNCTIONS"]


def _steps(value: float, step: float) -> float:
    """How many steps a value is; a whole number where the rest is only its last bits."""
    count = value / step
    near = round(count)
    return float(near) if abs(count - near) <= abs(count) * 2.0**-49 else count


@cell_by_cell
def floor(value: object, step: object) -> object:
    amount, unit = number(value), number(step)
    if amount == 0:
        return 0.0
    if unit == 0:
        raise CellError("#DIV/0!")
    if amount > 0 > unit:
        raise CellError("#NUM!")
    return math.floor(_steps(amount, unit)) * unit


@cell_by_cell
def ceiling(value: object, step: object) -> object:
    amount, unit = number(value), number(step)
    if amount == 0 or unit == 0:
        return 0.0
    if amount > 0 > unit:
        raise CellError("#NUM!")
    return math.ceil(_steps(amount, unit)) * unit


@cell_by_cell
def floor_math(value: object, step: object = 1.0, mode: object = 0.0) -> object:
    amount, unit = number(value), abs(number(step))
    if unit == 0:
        return 0.0
    toward_zero = amount < 0 and number(mode) != 0
    return (math.ceil if toward_zero else math.floor)(_steps(amount, unit)) * unit


@cell_by_cell
def ceiling_math(value: object, step: object = 1.0, mode: object = 0.0) -> object:
    amount, unit = number(value), abs(number(step))
    if unit == 0:
        return 0.0
    away = amount < 0 and number(mode) != 0
    return (math.floor if away else math.ceil)(_steps(amount, unit)) * unit


@cell_by_cell
def mround(value: object, step: object) -> object:
    amount, unit = number(value), number(step)
    if unit == 0 or amount == 0:
        return 0.0
    if (amount > 0) != (unit > 0):
        raise CellError("#NUM!")
    return math.floor(_steps(amount, unit) + 0.5) * unit


@cell_by_cell
def log(value: object, base: object = 10.0) -> object:
    amount, foot = number(value), number(base)
    if amount <= 0 or foot <= 0:
        raise CellError("#NUM!")
    if foot == 1:
        raise CellError("#DIV/0!")
    if foot == 10:
        return math.log10(amount)
    return math.log2(amount) if foot == 2 else math.log(amount) / math.log(foot)


@cell_by_cell
def power(base: object, exponent: object) -> object:
    foot, raised = number(base), number(exponent)
    if foot == 0 and raised == 0:
        raise CellError("#NUM!")
    if foot == 0 and raised < 0:
        raise CellError("#DIV/0!")
    return foot**raised


def _whole(values: tuple[object, ...]) -> list[int]:
    amounts = []
    for value in cells(*values):
        if is_error(value):
            raise CellError(str(value))
        if isinstance(value, bool):
            raise CellError("#VALUE!")
        if value is None:
            continue
        if isinstance(value, str) and not value.strip().isdigit():
            raise CellError("#VALUE!")
        amount = int(number(value))
        if amount < 0 or amount >= 2**53:
            raise CellError("#NUM!")
        amounts.append(amount)
    if not amounts:
        raise CellError("#VALUE!")
    return amounts


@function
def gcd(*values: object) -> object:
    return float(math.gcd(*_whole(values)))


@function
def lcm(*values: object) -> object:
    least = math.lcm(*_whole(values))
    if least >= 2**53:
        raise CellError("#NUM!")
    return float(least)


FUNCTIONS: Final = {
    "FLOOR": floor,
    "CEILING": ceiling,
    "FLOOR.MATH": floor_math,
    "CEILING.MATH": ceiling_math,
    "FLOOR.PRECISE": floor_math,
    "CEILING.PRECISE": ceiling_math,
    "ISO.CEILING": ceiling_math,
    "MROUND": mround,
    "LOG": log,
    "GCD": gcd,
    "LCM": lcm,
}
