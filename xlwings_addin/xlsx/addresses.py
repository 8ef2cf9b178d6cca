"""The addresses of cells and areas, `AB12` and `B2:C3`, as numbers and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from xlwings_addin.core.errors import BookError

MAX_AREA = 250_000
"""How many cells an area may have where each of them is looked at: array formulas, tables, charts."""
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""Excel specifications and limits."""
_DIGITS = "0123456789"
_COLUMNS: dict[str, int] = {}
"""The numbers of the columns that addresses have named so far, by their letters."""
_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]*)")


def split_address(cell: str) -> tuple[int, int]:
    """Row and column, both from 1, of an address such as `AB12`.

    >>> split_address("AB12"), split_address("$C$3")
    ((12, 28), (3, 3))
    >>> split_address("12AB")
    Traceback (most recent call last):
        ...
    xlwings_addin.core.errors.BookError: cell '12AB' must be an address such as B7
    """
    letters = cell.rstrip(_DIGITS)
    if letters in _COLUMNS:
        digits = cell[len(letters) :]
        if digits and digits[0] != "0" and (row := int(digits)) <= LAST_ROW:
            return row, _COLUMNS[letters]
    match = _ADDRESS.fullmatch(cell)
    if match is None:
        raise BookError("cell", cell, "must be an address such as B7")
    letters, digits = match.groups()
    row = int(digits)
    if row > LAST_ROW:
        raise BookError("cell", cell, f"lies below the last row, {LAST_ROW:,}")
    _COLUMNS[letters] = _column_number(letters)
    return row, _COLUMNS[letters]


def _column_number(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return column


def join_address(row: int, column: int) -> str:
    """The address of a row and a column, both from 1.

    >>> join_address(12, 28)
    'AB12'
    """
    return f"{column_letters(column)}{row}"


@cache
def column_letters(column: int) -> str:
    """The letters of a column, from 1.

    >>> column_letters(1), column_letters(16_384)
    ('A', 'XFD')
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def corners(area: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last row and column of an area, whichever corners its address names.

    >>> corners("C3:B2"), corners("A1")
    (((2, 2), (3, 3)), ((1, 1), (1, 1)))
    """
    first, _, last = area.partition(":")
    one, other = split_address(first), split_address(last or first)
    top, bottom = sorted((one[0], other[0]))
    left, right = sorted((one[1], other[1]))
    return (top, left), (bottom, right)


def area_size(area: str) -> tuple[int, int]:
    """The rows and columns of an area.

    >>> area_size("B2:C4")
    (3, 2)
    """
    (top, left), (bottom, right) = corners(area)
    return bottom - top + 1, right - left + 1


def cells_in(area: str) -> Iterator[str]:
    """The addresses inside an area, row by row.

    >>> list(cells_in("B2:C3")), list(cells_in("A1"))
    (['B2', 'C2', 'B3', 'C3'], ['A1'])

    Raises BookError for more cells than `MAX_AREA`.
    """
    rows, columns = area_size(area)
    if rows * columns > MAX_AREA:
        rule = f"has {rows * columns:,} cells, above the limit of {MAX_AREA:,}"
        raise BookError("area", area, rule, display=area)
    (top, left), _ = corners(area)
    for row in range(top, top + rows):
        for column in range(left, left + columns):
            yield join_address(row, column)
