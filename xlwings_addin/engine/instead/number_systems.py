"""Binary, octal, decimal and hexadecimal numbers: BIN2DEC and its kin.

A number is written in up to ten digits; in ten digits the first bit says that it is negative (two's
complement). `places` fills with zeros in front, and says nothing where the number is negative.

Source: Microsoft's documentation of BIN2DEC, BIN2HEX, DEC2BIN, DEC2HEX, HEX2BIN, OCT2HEX and the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from xlwings_addin.engine.instead.values import CellError, cell_by_cell, number, text

__all__ = ["FUNCTIONS"]

_BASES: Final = {"BIN": 2, "OCT": 8, "HEX": 16}
_BITS: Final = {2: 10, 8: 30, 16: 40}
"""Bits of ten digits."""
_DIGITS: Final = "0123456789ABCDEF"
_MOST: Final = 10
_LEFT_OUT: Final = object()
"""Places that are not said; an empty cell says 0."""


def _read(written: object, base: int) -> int:
    if isinstance(written, bool):
        raise CellError("#VALUE!")
    digits = text(written).upper()
    if len(digits) > _MOST or any(digit not in _DIGITS[:base] for digit in digits):
        raise CellError("#NUM!")
    value = int(digits or "0", base)
    return value - (1 << _BITS[base]) if value >= 1 << (_BITS[base] - 1) else value


def _written(value: int, base: int, places: object) -> str:
    half = 1 << (_BITS[base] - 1)
    if not -half <= value < half:
        raise CellError("#NUM!")
    rest, digits = (value if value >= 0 else value + 2 * half), ""
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = _DIGITS[digit] + digits
    if isinstance(places, bool):
        raise CellError("#VALUE!")
    if places is _LEFT_OUT:
        return digits
    width = math.trunc(number(places))
    if not 0 < width <= _MOST or (value >= 0 and width < len(digits)):
        raise CellError("#NUM!")
    return digits.rjust(width, "0") if value >= 0 else digits


def _decimal(written: object) -> int:
    if isinstance(written, bool):
        raise CellError("#VALUE!")
    return math.trunc(number(written))


def _converter(source: str, target: str) -> Callable[..., object]:
    def read(written: object) -> int:
        return _decimal(written) if source == "DEC" else _read(written, _BASES[source])

    if target == "DEC":
        return cell_by_cell(lambda written: float(read(written)))
    return cell_by_cell(lambda written, places=_LEFT_OUT: _written(read(written), _BASES[target], places))


FUNCTIONS: Final = {
    f"{source}2{target}": _converter(source, target)
    for source in ("BIN", "OCT", "DEC", "HEX")
    for target in ("BIN", "OCT", "DEC", "HEX")
    if source != target
}
