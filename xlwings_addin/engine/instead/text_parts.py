"""TEXTBEFORE and TEXTAFTER: what stands before or behind a delimiter.

Source: Microsoft's documentation of TEXTBEFORE and TEXTAFTER; values that Excel stored for fractions of an
instance, which it rounds down, for a delimiter longer than the text, and for an empty cell as what is shown
where nothing matches.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from xlwings_addin.engine.instead.values import CellError, cells, function, number, text
from xlwings_addin.xlsx.values import is_error

__all__ = ["FUNCTIONS"]

_LEFT_OUT: Final = object()


def _matches(written: str, delimiters: list[str], instance: int, *, any_case: bool) -> list[tuple[int, int]]:
    """Where the delimiters stand, from the front or from the end."""
    if "" in delimiters:
        return [(0, 0)] if instance > 0 else [(len(written), len(written))]
    pattern = "|".join(re.escape(delimiter) for delimiter in delimiters)
    places = [match.span() for match in re.finditer(pattern, written, re.IGNORECASE if any_case else 0)]
    return places if instance > 0 else places[::-1]


def _flag(value: object) -> bool:
    flag = number(value)
    if flag not in (0, 1):
        raise CellError("#VALUE!")
    return flag == 1


def _part(after: bool) -> Callable[..., object]:
    def of_one(
        value: object, delimiter: object, instance: object, mode: object, end: object, missing: object
    ) -> object:
        written, delimiters = text(value), [text(one) for one in cells(delimiter)]
        count = 1 if instance is _LEFT_OUT else math.floor(number(instance))
        any_case, to_the_end = _flag(mode), _flag(end)
        too_long = min(map(len, delimiters)) > len(written) and instance is not _LEFT_OUT
        if count == 0 or too_long or (written and abs(count) > len(written)):
            raise CellError("#VALUE!")
        matches = _matches(written, delimiters, count, any_case=any_case)
        if to_the_end:
            edge = len(written) if count > 0 else 0
            matches.append((edge, edge))
        if abs(count) <= len(matches):
            first, last = matches[abs(count) - 1]
            return written[last:] if after else written[:first]
        if missing is _LEFT_OUT:
            raise CellError("#N/A")
        if is_error(missing):
            raise CellError(str(missing))
        return "" if missing is None else missing

    single = function(of_one)

    def calculate(
        value: object,
        delimiter: object,
        instance: object = _LEFT_OUT,
        mode: object = None,
        end: object = None,
        missing: object = _LEFT_OUT,
    ) -> object:
        if isinstance(value, list):
            return [[single(one, delimiter, instance, mode, end, missing) for one in row] for row in value]
        return single(value, delimiter, instance, mode, end, missing)

    return calculate


FUNCTIONS: Final = {"TEXTBEFORE": _part(False), "TEXTAFTER": _part(True)}
