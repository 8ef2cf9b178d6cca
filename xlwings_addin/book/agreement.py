"""When two values of one cell are the same value, and two texts of one formula the same formula."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from typing import Any

RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12
"""For figures that are zero but for rounding, such as differences."""
SERIAL_ORIGIN = datetime(1899, 12, 30)
"""Day 0 of the 1900 system, as it agrees with the calendar from 1900-03-01 on."""


def plain(value: Any) -> float | str | bool | None:
    """A value as a cell holds it: days as serial numbers of the 1900 system, numpy's numbers as floats.

    >>> from datetime import date
    >>> plain(date(2024, 3, 8))
    45359.0
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, datetime):
        return (value - SERIAL_ORIGIN) / timedelta(days=1)
    if isinstance(value, date):
        return float((value - SERIAL_ORIGIN.date()).days)
    return float(value)


def disagreement(found: Any, expected: Any, *, tolerance: float = RELATIVE_TOLERANCE) -> str | None:
    """Why two values of one cell differ, in words, or None when they agree.

    Numbers agree within `tolerance`, relative to the larger; everything else only when equal.

    >>> disagreement(1.0, 1.0 + 1e-12) is None
    True
    >>> disagreement(1.0, 1.1)
    '1.0 against 1.1, relative difference 9.1e-02'
    >>> disagreement("#REF!", 1.1)
    '#REF! against 1.1'
    """
    both = isinstance(found, float) and isinstance(expected, float)
    one, other = (found, expected) if both else (plain(found), plain(expected))
    if isinstance(one, float) and isinstance(other, float):
        if math.isclose(one, other, rel_tol=tolerance, abs_tol=ABSOLUTE_TOLERANCE):
            return None
        largest = max(abs(one), abs(other))
        return f"{one!r} against {other!r}, relative difference {abs(one - other) / largest:.1e}"
    if type(one) is type(other) and one == other:
        return None
    return f"{'an empty cell' if one is None else one} against {'an empty cell' if other is None else other}"


_PREFIX = re.compile(r"_XLDUDF_VAL_|\bVAL\.|\[[0-9]+\]!(?=[A-Z]+(?:_[A-Z]+)+\()")


def normal_formula(formula: str) -> str:
    """A formula without what hosts write differently and nobody means: spaces, letter case, prefixes.

    >>> normal_formula('=val.DCF_XNPV( a1, "a b")')
    '=DCF_XNPV(A1,"a b")'
    >>> normal_formula("=[1]!DCF_XNPV([2]!A1)")
    '=DCF_XNPV([2]!A1)'
    """
    parts = formula.split('"')
    parts[::2] = [_PREFIX.sub("", part.replace(" ", "").upper()) for part in parts[::2]]
    return '"'.join(parts)
