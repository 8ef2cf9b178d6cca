"""When two values of one cell are the same value, and two texts of one formula the same formula."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from xlwings_addin.xlsx.dates import SERIAL_ORIGIN

RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12
"""For figures that are zero but for rounding, such as differences."""


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


def disagreement(
    actual: Any, expected: Any, *, tolerance: float = RELATIVE_TOLERANCE, strict: bool = False
) -> str | None:
    """Why two values of one cell differ, in words, or None when they agree.

    Numbers agree within `tolerance`, relative to the larger; everything else only when equal. Numbers under
    1e-12 count as zero: with `strict` only beside a zero.

    >>> disagreement(1.0, 1.0 + 1e-12) is None
    True
    >>> disagreement(1.0, 1.1)
    '1.0 against 1.1, relative difference 9.1e-02'
    >>> disagreement("#REF!", 1.1)
    '#REF! against 1.1'
    >>> disagreement(1e-13, -1e-13, strict=True)
    '1e-13 against -1e-13, relative difference 2.0e+00'
    """
    both = isinstance(actual, float) and isinstance(expected, float)
    one, other = (actual, expected) if both else (plain(actual), plain(expected))
    if isinstance(one, float) and isinstance(other, float):
        near_zero = ABSOLUTE_TOLERANCE if not strict or 0.0 in (one, other) else 0.0
        if math.isclose(one, other, rel_tol=tolerance, abs_tol=near_zero):
            return None
        largest = max(abs(one), abs(other))
        one, other = float(one), float(other)  # a number of numpy's would say so
        return f"{one!r} against {other!r}, relative difference {abs(one - other) / largest:.1e}"
    if type(one) is type(other) and one == other:
        return None
    return f"{'an empty cell' if one is None else one} against {'an empty cell' if other is None else other}"


def strictly(actual: Any, expected: Any) -> str | None:
    """The difference of a formula from the core: a figure near zero counts as zero only beside a zero."""
    return disagreement(actual, expected, strict=True)


_QUOTED = re.compile(r"'(\w+)'!")
_LINK = r"\[[0-9]+\]!(?=[A-Z]+(?:_[A-Z]+)+\()"
"""How Excel stores a call of a function that an add-in file holds: `[1]!DCF_FCFF(`."""


def normal_formula(formula: str, prefixes: Collection[str] = ()) -> str:
    """A formula without what programs write differently and nobody means.

    That is spaces, letter case, prefixes, and quotes around the name of a sheet that needs none.

    >>> normal_formula('=val.DCF_XNPV( a1, "a b")', ["VAL."])
    '=DCF_XNPV(A1,"a b")'
    >>> normal_formula("=[1]!DCF_XNPV([2]!A1)")
    '=DCF_XNPV([2]!A1)'
    >>> normal_formula("='Inputs'!A1+'My Inputs'!A1")
    "=INPUTS!A1+'MYINPUTS'!A1"
    """
    pattern = _prefix_pattern(tuple(prefixes))
    parts = formula.split('"')
    parts[::2] = [pattern.sub("", _QUOTED.sub(r"\1!", part).replace(" ", "").upper()) for part in parts[::2]]
    return '"'.join(parts)


@cache
def _prefix_pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    own = (rf"(?<!\w){re.escape(prefix.upper())}" for prefix in prefixes if prefix)
    return re.compile("|".join([*own, _LINK]))
