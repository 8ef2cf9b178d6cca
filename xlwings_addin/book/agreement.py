"""When two values of one cell are the same value."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from openpyxl.utils.datetime import to_excel

RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12
"""For figures that are zero but for rounding, such as differences."""


def plain(value: Any) -> float | str | bool | None:
    """A value as a cell holds it: dates as serial numbers, numpy's numbers as floats.

    >>> from datetime import date
    >>> plain(date(2024, 3, 8))
    45359.0
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, datetime | date):
        return float(to_excel(value))
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
