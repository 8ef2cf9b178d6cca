"""Lookups as Excel does them: approximate ones by halving, whatever the order of the data.

MATCH, VLOOKUP, HLOOKUP and LOOKUP halve the list as if it were sorted, and land on what that finds; values of
another kind than the one looked for are passed over. XLOOKUP and XMATCH look through the whole list.

Source: Microsoft's documentation of MATCH, VLOOKUP, LOOKUP, XLOOKUP and XMATCH; the way of halving follows
from values that Excel stored for unsorted data (see docs/calculation.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from xlwings_addin.engine.instead.comparison import compared
from xlwings_addin.engine.instead.criteria import wildcards
from xlwings_addin.engine.instead.values import (
    CellError,
    as_rows,
    cells,
    function,
    is_text,
    logical,
    number,
    numbers_in,
)
from xlwings_addin.xlsx.values import is_error

__all__ = ["FUNCTIONS", "HELPERS"]


def _kind(value: object) -> str:
    if value is None or is_error(value):
        return ""
    if isinstance(value, bool):
        return "logical"
    return "text" if isinstance(value, str) else "number"


def _halved(wanted: object, listed: Sequence[Any]) -> int:
    """The place that halving finds for the last value not above the wanted one; -1 if none.

    A value of another kind in the middle is passed over to the right, then to the left.
    """
    kind = _kind(wanted)
    low, high = 0, len(listed) - 1
    while low <= high:
        middle = (low + high) // 2
        at = middle
        while at <= high and _kind(listed[at]) != kind:
            at += 1
        if at > high:
            high = middle - 1
            continue
        order = compared(listed[at], wanted)
        if order > 0:
            high = middle - 1
        else:
            low = at + 1
    at = high
    while at >= 0 and _kind(listed[at]) != kind:
        at -= 1
    return at if at >= 0 and compared(listed[at], wanted) <= 0 else -1


def _descending(wanted: object, listed: Sequence[Any]) -> int:
    """The last place before the values fall below the wanted one; -1 if the first is below it."""
    kind, best = _kind(wanted), -1
    for at, value in enumerate(listed):
        if _kind(value) != kind:
            continue
        order = compared(value, wanted)
        if order < 0:
            break
        best = at
        if order == 0:
            break
    return best


def _exact(wanted: object, listed: Sequence[Any], *, any_signs: bool = True) -> int:
    if any_signs and is_text(wanted) and any(mark in str(wanted) for mark in "*?~"):
        pattern = wildcards(str(wanted))
        return next(
            (at for at, value in enumerate(listed) if is_text(value) and pattern.fullmatch(value)), -1
        )
    kind = _kind(wanted)
    for at, value in enumerate(listed):
        if _kind(value) == kind and compared(value, wanted) == 0:
            return at
    return -1


def _in_line(area: object) -> list[Any]:
    """The cells of one row or column."""
    rows = as_rows(area)
    if len(rows) > 1 and len(rows[0]) > 1:
        raise CellError("#N/A")
    return list(cells(rows))


def _for_each(wanted: object, find: Callable[[object], object]) -> object:
    """One result, or one for each of several values looked for."""
    if not isinstance(wanted, list):
        return find(wanted)
    single = function(find)
    return [[single(value) for value in row] for row in wanted]


def _position(wanted: object, listed: Sequence[Any], approximate: bool) -> int:
    if is_error(wanted):
        raise CellError(str(wanted))
    sought = 0.0 if wanted is None else wanted
    at = _halved(sought, listed) if approximate else _exact(sought, listed)
    if at < 0:
        raise CellError("#N/A")
    return at


@function
def match(wanted: object, area: object, kind: object = 1.0) -> object:
    """The place of a value in a row or column: 0 exact, 1 approximate and rising, -1 and falling."""
    mode = number(kind)
    listed = _in_line(area)

    def find(value: object) -> object:
        if mode >= 0:
            return float(_position(value, listed, mode > 0) + 1)
        if is_error(value):
            raise CellError(str(value))
        at = _descending(0.0 if value is None else value, listed)
        if at < 0:
            raise CellError("#N/A")
        return float(at + 1)

    return _for_each(wanted, find)


def _table_lookup(by_rows: bool) -> Callable[..., object]:
    def calculate(wanted: object, table: object, index: object, approximate: object = True) -> object:
        if not isinstance(table, list) and not isinstance(table, (int, float)) and table is not None:
            raise CellError(str(table) if is_error(table) else "#VALUE!")
        rows = as_rows(table)
        keys = [row[0] for row in rows] if by_rows else list(rows[0])
        near = logical(approximate) if approximate is not None else False

        def find(value: object, which: object) -> object:
            place = int(number(which)) - 1
            at = _position(value, keys, near)
            if place < 0:
                raise CellError("#VALUE!")
            if place >= (len(rows[0]) if by_rows else len(rows)):
                raise CellError("#REF!")
            return rows[at][place] if by_rows else rows[place][at]

        if isinstance(index, list) and not isinstance(wanted, list):
            single = function(lambda which: find(wanted, which))
            return [[single(which) for which in row] for row in index]
        return _for_each(wanted, lambda value: find(value, index))

    return function(calculate)


@function
def lookup(wanted: object, area: object, results: object = None) -> object:
    """An approximate lookup in a row or column, or in the longer side of a table."""
    rows = as_rows(area)
    wide = len(rows[0]) > len(rows)
    keys = list(rows[0]) if wide else [row[0] for row in rows]
    if results is not None:
        values = _in_line(results)
    else:
        values = list(rows[-1]) if wide else [row[-1] for row in rows]

    def find(value: object) -> object:
        at = _position(value, keys, True)
        if at >= len(values):
            raise CellError("#N/A")
        return values[at]

    return _for_each(wanted, find)


def _whole_list(wanted: object, listed: Sequence[Any], mode: int, backwards: bool) -> int:
    """The place in an unsorted list: exact (0), next smaller (-1), next larger (1), wildcards (2)."""
    order = range(len(listed) - 1, -1, -1) if backwards else range(len(listed))
    pattern = wildcards(str(wanted)) if mode == 2 and is_text(wanted) else None
    best = -1
    for at in order:
        value = listed[at]
        if pattern is not None:
            if is_text(value) and pattern.fullmatch(value):
                return at
            continue
        if wanted is None:
            if value is None:
                return at
            continue
        if not _kind(value):
            continue
        difference = compared(value, wanted)
        if difference == 0:
            return at
        # The next smaller or larger item may be of another kind: numbers, texts, then FALSE and TRUE.
        if mode == difference and (best < 0 or compared(value, listed[best]) == -mode):
            best = at
    return best


def _modes(match_mode: object, search_mode: object) -> tuple[int, bool]:
    mode = int(number(match_mode)) if match_mode is not None else 0
    search = int(number(search_mode)) if search_mode is not None else 1
    if mode not in (-1, 0, 1, 2) or search not in (-2, -1, 1, 2) or (mode == 2 and abs(search) == 2):
        raise CellError("#VALUE!")
    return mode, search < 0


@function
def xmatch(wanted: object, area: object, match_mode: object = None, search_mode: object = None) -> object:
    mode, backwards = _modes(match_mode, search_mode)
    listed = _in_line(area)

    def find(value: object) -> object:
        if is_error(value):
            raise CellError(str(value))
        at = _whole_list(value, listed, mode, backwards)
        if at < 0:
            raise CellError("#N/A")
        return float(at + 1)

    return _for_each(wanted, find)


@function
def xlookup(
    wanted: object,
    area: object,
    results: object,
    if_not_found: object = None,
    match_mode: object = None,
    search_mode: object = None,
) -> object:
    mode, backwards = _modes(match_mode, search_mode)
    keys, rows = as_rows(area), as_rows(results)
    down = len(keys[0]) == 1 and (len(keys) > 1 or len(rows) == 1)
    listed = _in_line(area)
    if (len(rows) if down else len(rows[0])) != len(listed):
        raise CellError("#VALUE!")

    def find(value: object) -> object:
        if is_error(value):
            raise CellError(str(value))
        at = _whole_list(value, listed, mode, backwards)
        if at < 0:
            if if_not_found is None:
                raise CellError("#N/A")
            return if_not_found
        line = [rows[at]] if down else [[row[at]] for row in rows]
        return line if len(line) > 1 or len(line[0]) > 1 else line[0][0]

    return _for_each(wanted, find)


@function
def filtered(values: object, include: object, if_empty: object = None) -> object:
    """FILTER: the rows or columns of an area beside which a condition holds.

    Source: Microsoft, FILTER; an error among the conditions is the result, none that holds is #CALC!.
    """
    rows, conditions = as_rows(values), as_rows(include)
    by_rows = len(conditions) == len(rows) and len(conditions[0]) == 1
    by_columns = len(conditions) == 1 and len(conditions[0]) == len(rows[0])
    if not by_rows and not by_columns:
        raise CellError("#VALUE!")
    keep = [logical(condition) for condition in cells(conditions)]
    if by_rows and not (by_columns and len(keep) > 1):
        chosen = [row for row, stays in zip(rows, keep, strict=True) if stays]
    else:
        chosen = [[cell for cell, stays in zip(row, keep, strict=True) if stays] for row in rows if any(keep)]
    if not chosen:
        if if_empty is None:
            raise CellError("#CALC!")
        return if_empty
    return [[0.0 if cell is None else cell for cell in row] for row in chosen]


def _ranked(largest: bool) -> Callable[..., object]:
    def calculate(values: object, place: object) -> object:
        ordered = sorted(numbers_in(values), reverse=largest)

        def find(wanted: object) -> object:
            at = math.ceil(number(wanted))
            if not 1 <= at <= len(ordered):
                raise CellError("#NUM!")
            return ordered[at - 1]

        return _for_each(place, find)

    return function(calculate)


HELPERS: Final = {
    "VAL_LARGE": _ranked(True),
    "VAL_SMALL": _ranked(False),
    "VAL_MATCH": match,
    "VAL_VLOOKUP": _table_lookup(True),
    "VAL_HLOOKUP": _table_lookup(False),
    "VAL_LOOKUP": lookup,
}
FUNCTIONS: Final = {"XLOOKUP": xlookup, "XMATCH": xmatch, "FILTER": filtered}
