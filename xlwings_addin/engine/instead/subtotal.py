"""SUBTOTAL and AGGREGATE over the cells that count: visible ones, and none that are subtotals themselves.

The formula's text names those cells (`engine.spelling`); here they are summed up. AGGREGATE leaves out errors
where its option says so.

Source: Microsoft's documentation of SUBTOTAL and AGGREGATE: function numbers, options 0 to 7.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from xlwings_addin.engine.instead.values import CellError, cells, function, number
from xlwings_addin.xlsx.values import is_error

__all__ = ["HELPERS"]


def _values(areas: tuple[object, ...]) -> list[float]:
    amounts = []
    for cell in cells(*areas):
        if is_error(cell):
            raise CellError(str(cell))
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            amounts.append(float(cell))
    return amounts


def _mean(amounts: list[float]) -> float:
    if not amounts:
        raise CellError("#DIV/0!")
    return math.fsum(amounts) / len(amounts)


def _variance(amounts: list[float], freedom: int) -> float:
    if len(amounts) <= freedom:
        raise CellError("#DIV/0!")
    mean = math.fsum(amounts) / len(amounts)
    return math.fsum((value - mean) ** 2 for value in amounts) / (len(amounts) - freedom)


def _median(amounts: list[float]) -> float:
    if not amounts:
        raise CellError("#NUM!")
    ordered, half = sorted(amounts), len(amounts) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _mode(amounts: list[float]) -> float:
    counts = Counter(amounts)
    if not counts or max(counts.values()) < 2:
        raise CellError("#N/A")
    return max(counts, key=lambda value: counts[value])


_OF_NUMBERS: Final[dict[int, Callable[[list[float]], float]]] = {
    1: _mean,
    2: lambda amounts: float(len(amounts)),
    4: lambda amounts: max(amounts, default=0.0),
    5: lambda amounts: min(amounts, default=0.0),
    6: lambda amounts: math.prod(amounts) if amounts else 0.0,
    7: lambda amounts: math.sqrt(_variance(amounts, 1)),
    8: lambda amounts: math.sqrt(_variance(amounts, 0)),
    9: math.fsum,
    10: lambda amounts: _variance(amounts, 1),
    11: lambda amounts: _variance(amounts, 0),
    12: _median,
    13: _mode,
}


def _ordered(which: int, amounts: list[float], argument: object) -> float:
    ordered, place = sorted(amounts), number(argument)
    if which in (14, 15):
        rank = math.ceil(place) if which == 14 else math.floor(place)
        if not 1 <= rank <= len(ordered):
            raise CellError("#NUM!")
        return ordered[-rank] if which == 14 else ordered[rank - 1]
    share = place / 4 if which in (17, 19) else place
    inclusive = which in (16, 17)
    at = share * (len(ordered) - 1) if inclusive else share * (len(ordered) + 1) - 1
    if not ordered or not 0 <= share <= 1 or not 0 <= at <= len(ordered) - 1:
        raise CellError("#NUM!")
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


@function
def subtotal(which: object, *areas: object) -> object:
    form = math.trunc(number(which)) % 100
    if form == 3:
        return float(sum(cell is not None for cell in cells(*areas)))
    if form not in _OF_NUMBERS or form > 11:
        raise CellError("#VALUE!")
    if form == 2:
        return float(
            sum(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells(*areas))
        )
    return _OF_NUMBERS[form](_values(areas))


@function
def aggregate(which: object, option: object, *areas: Any) -> object:
    form, choice = math.trunc(number(which)), math.trunc(number(option))
    if not 1 <= form <= 19 or not 0 <= choice <= 7:
        raise CellError("#VALUE!")
    argument: object = None
    if form >= 14:
        *areas, argument = areas  # type: ignore[assignment]
    taken = tuple(areas)
    if choice in (2, 3, 6, 7):
        taken = ([[cell] for cell in cells(*taken) if not is_error(cell)],)
    if form == 3:
        return float(sum(cell is not None for cell in cells(*taken)))
    amounts = _values(taken)
    return _ordered(form, amounts, argument) if form >= 14 else _OF_NUMBERS[form](amounts)


HELPERS: Final = {"VAL_SUBTOTAL": subtotal, "VAL_AGGREGATE": aggregate}
