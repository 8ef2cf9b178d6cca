"""Functions of single values for formulas that apply them to several cells at once.

`SUMPRODUCT(--ISERROR(A1:A9))` applies ISERROR cell by cell; the engine gives one value or an error. Under the
name `VAL_EACH_ISERROR` the engine calls what stands here.

Source: Microsoft's documentation of each function, and "Guidelines and examples of array formulas".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from functools import wraps
from typing import Final

from xlwings_addin.engine.instead.dates import edate, eomonth
from xlwings_addin.engine.instead.values import CellError, cell_by_cell, is_text, logical, number, text
from xlwings_addin.xlsx.values import is_error

__all__ = ["CELL_BY_CELL", "HELPERS", "PREFIX"]

PREFIX: Final = "VAL_EACH_"
_Function = Callable[..., object]


def _of_any(test: Callable[[object], object]) -> _Function:
    """A test that takes errors, too, applied to every cell."""

    @wraps(test)
    def call(value: object) -> object:
        if isinstance(value, list):
            return [[test(cell) for cell in row] for row in value]
        return test(value)

    return call


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _n(value: object) -> object:
    if is_error(value):
        return value
    return float(value) if isinstance(value, (int, float)) else 0.0


def _t(value: object) -> object:
    return value if isinstance(value, str) else ""


def _of_number(calculate: Callable[[float], float]) -> _Function:
    return cell_by_cell(lambda value: calculate(number(value)))


def _square_root(value: float) -> float:
    if value < 0:
        raise CellError("#NUM!")
    return math.sqrt(value)


def _logarithm(value: float) -> float:
    if value <= 0:
        raise CellError("#NUM!")
    return math.log(value)


def _rounded(how: str) -> _Function:
    def calculate(value: object, digits: object = 0.0) -> object:
        amount, places = number(value), math.trunc(number(digits))
        exact = Decimal(f"{amount:.14e}")
        return float(exact.quantize(Decimal(1).scaleb(-places), rounding=how))

    return cell_by_cell(calculate)


def _mod(value: object, divisor: object) -> object:
    amount, unit = number(value), number(divisor)
    return amount - unit * math.floor(amount / unit)


def _serial(day: date) -> float:
    days = (day - date(1899, 12, 30)).days
    return float(days if days > 60 else days - 1)


def _date(year: object, month: object, day: object) -> object:
    years = math.trunc(number(year))
    years += 1900 if 0 <= years < 1900 else 0
    at = years * 12 + math.trunc(number(month)) - 1
    if not 1900 * 12 <= at < 10000 * 12:
        raise CellError("#NUM!")
    return _serial(date(at // 12, at % 12 + 1, 1)) + math.trunc(number(day)) - 1


CELL_BY_CELL: Final[dict[str, _Function]] = {
    "ISNUMBER": _of_any(_is_number),
    "ISTEXT": _of_any(is_text),
    "ISNONTEXT": _of_any(lambda value: not is_text(value)),
    "ISLOGICAL": _of_any(lambda value: isinstance(value, bool)),
    "ISBLANK": _of_any(lambda value: value is None),
    "ISERROR": _of_any(is_error),
    "ISNA": _of_any(lambda value: is_error(value) and value == "#N/A"),
    "ISERR": _of_any(lambda value: is_error(value) and value != "#N/A"),
    "N": _of_any(_n),
    "T": _of_any(_t),
    "NOT": cell_by_cell(lambda value: not logical(value)),
    "ABS": _of_number(abs),
    "INT": _of_number(math.floor),
    "SIGN": _of_number(lambda value: math.copysign(1.0, value) if value else 0.0),
    "SQRT": _of_number(_square_root),
    "EXP": _of_number(math.exp),
    "LN": _of_number(_logarithm),
    "LOG10": _of_number(lambda value: _logarithm(value) and math.log10(value)),
    "ROUND": _rounded(ROUND_HALF_UP),
    "ROUNDUP": _rounded(ROUND_UP),
    "ROUNDDOWN": _rounded(ROUND_DOWN),
    "TRUNC": _rounded(ROUND_DOWN),
    "MOD": cell_by_cell(_mod),
    "EDATE": edate,
    "EOMONTH": eomonth,
    "DATE": cell_by_cell(_date),
    "CODE": cell_by_cell(lambda value: float(ord(text(value)[0])) if text(value) else _no_value()),
}


def _no_value() -> float:
    raise CellError("#VALUE!")


HELPERS: Final = {f"{PREFIX}{name}": calculate for name, calculate in CELL_BY_CELL.items()}
