"""Texts: numbers in them with 15 significant digits, TEXT's formats, texts that read like numbers.

Source: Microsoft's documentation of TEXT, VALUE, NUMBERVALUE, CONCAT, TEXTJOIN, REPT, EXACT, SEARCH, ADDRESS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from xlwings_addin.engine.instead.criteria import wildcards
from xlwings_addin.engine.instead.number_text import formatted
from xlwings_addin.engine.instead.values import (
    CellError,
    cell_by_cell,
    cells,
    function,
    is_text,
    logical,
    number,
    parsed_number,
    text,
)

__all__ = ["FUNCTIONS", "HELPERS"]

_MOST = 32767
"""Characters that a cell holds."""


def _short(written: str) -> str:
    if len(written) > _MOST:
        raise CellError("#VALUE!")
    return written


def _text_in_format(*, from_1904: bool) -> Callable[..., object]:
    """TEXT of a book that counts its days from 1900, or from 1904."""

    @cell_by_cell
    def text_in_format(value: object, code: object) -> object:
        form = text(code)
        if isinstance(value, bool):
            return formatted(text(value), form, from_1904=from_1904)
        if is_text(value):
            parsed = None if from_1904 else parsed_number(str(value))
            return formatted(str(value) if parsed is None else parsed, form, from_1904=from_1904)
        return formatted(number(value), form, from_1904=from_1904)

    return text_in_format


@cell_by_cell
def value(written: object) -> object:
    if isinstance(written, bool):
        raise CellError("#VALUE!")
    return number(written)


@cell_by_cell
def numbervalue(written: object, decimal: object = ".", group: object = ",") -> object:
    """A text as a number, with the signs that it has for decimals and groups, wherever the computer stands.

    Source: Microsoft, NUMBERVALUE: spaces are left out, nothing is 0, every % divides by 100.
    """
    plain = "".join(text(written).split())
    point, comma = text(decimal)[:1] or ".", text(group)[:1] or ","
    whole, mark, rest = plain.partition(point)
    if point == comma or point in rest or comma in rest:
        raise CellError("#VALUE!")
    digits = whole.replace(comma, "") + ("." + rest if mark else "")
    percent = len(digits) - len(digits.rstrip("%"))
    digits = digits.rstrip("%")
    if not digits:
        return 0.0
    if not _PLAIN_NUMBER.fullmatch(digits):
        raise CellError("#VALUE!")
    return float(digits) / 100**percent


_PLAIN_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[Ee][-+]?\d+)?")


@function
def concat(*values: object) -> object:
    return _short("".join(text(cell) for cell in cells(*values)))


@cell_by_cell
def concatenate(*values: object) -> object:
    return _short("".join(map(text, values)))


@function
def textjoin(delimiter: object, skip_empty: object, *values: object) -> object:
    between = [text(cell) for cell in cells(delimiter)]
    pieces = [text(cell) for cell in cells(*values)]
    if logical(skip_empty):
        pieces = [piece for piece in pieces if piece]
    joined = "".join(
        piece + (between[at % len(between)] if at < len(pieces) - 1 else "")
        for at, piece in enumerate(pieces)
    )
    return _short(joined)


@cell_by_cell
def left(written: object, count: object = 1.0) -> object:
    length = int(number(count))
    if length < 0:
        raise CellError("#VALUE!")
    return text(written)[:length]


@cell_by_cell
def right(written: object, count: object = 1.0) -> object:
    length = int(number(count))
    if length < 0:
        raise CellError("#VALUE!")
    whole = text(written)
    return whole[len(whole) - min(length, len(whole)) :]


@cell_by_cell
def mid(written: object, start: object, count: object) -> object:
    first, length = int(number(start)), int(number(count))
    if first < 1 or length < 0:
        raise CellError("#VALUE!")
    return text(written)[first - 1 : first - 1 + length]


@cell_by_cell
def length(written: object) -> object:
    return float(len(text(written)))


@cell_by_cell
def rept(written: object, times: object) -> object:
    count = int(number(times))
    if count < 0:
        raise CellError("#VALUE!")
    return _short(text(written) * count)


@cell_by_cell
def exact(one: object, other: object) -> object:
    return text(one) == text(other)


@cell_by_cell
def find(wanted: object, written: object, start: object = 1.0) -> object:
    first, whole = int(number(start)), text(written)
    if first < 1 or first > len(whole) + 1:
        raise CellError("#VALUE!")
    at = whole.find(text(wanted), first - 1)
    if at < 0:
        raise CellError("#VALUE!")
    return float(at + 1)


@cell_by_cell
def search(wanted: object, written: object, start: object = 1.0) -> object:
    first, whole = int(number(start)), text(written)
    if first < 1 or first > len(whole) + 1:
        raise CellError("#VALUE!")
    match = wildcards(text(wanted)).search(whole, first - 1)
    if match is None:
        raise CellError("#VALUE!")
    return float(match.start() + 1)


def _changed(change: Callable[[str], str]) -> Callable[..., object]:
    return cell_by_cell(lambda written: change(text(written)))


def _trimmed(written: str) -> str:
    return " ".join(piece for piece in written.split(" ") if piece)


@cell_by_cell
def substitute(written: object, old: object, new: object, which: object = None) -> object:
    whole, sought, put = text(written), text(old), text(new)
    if not sought:
        return whole
    if which is None:
        return _short(whole.replace(sought, put))
    wanted = int(number(which))
    if wanted < 1:
        raise CellError("#VALUE!")
    at = -1
    for _ in range(wanted):
        at = whole.find(sought, at + 1 if at < 0 else at + len(sought))
        if at < 0:
            return whole
    return _short(whole[:at] + put + whole[at + len(sought) :])


_FORMS = ("${column}${row}", "{column}${row}", "${column}{row}", "{column}{row}")
_FORMS_R1C1 = ("R{row}C{column}", "R{row}C[{column}]", "R[{row}]C{column}", "R[{row}]C[{column}]")


@cell_by_cell
def address(
    row: object, column: object, kind: object = None, a1: object = None, sheet: object = None
) -> object:
    """The address of a cell as a text, in A1 or R1C1 style."""
    down, across, form = int(number(row)), int(number(column)), 1 if kind is None else int(number(kind))
    in_a1 = True if a1 is None else logical(a1)
    if form not in (1, 2, 3, 4):
        raise CellError("#VALUE!")
    relative = not in_a1 and form > 1
    if not relative and not (1 <= down <= 1048576 and 1 <= across <= 16384):
        raise CellError("#VALUE!")
    if in_a1:
        place = _FORMS[form - 1].format(row=down, column=_letters(across))
    else:
        place = _FORMS_R1C1[form - 1].format(row=down, column=across).replace("[0]", "")
    return place if sheet is None else f"{_sheet(text(sheet))}!{place}"


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


_IN_NAMES: Final = str.maketrans("_.[]", "aaaa")
"""Signs of a sheet's name, with its workbook in brackets, that need no quotes."""


def _sheet(name: str) -> str:
    plain = name.translate(_IN_NAMES).isalnum() and not name[:1].isdigit()
    return name if plain or not name else "'" + name.replace("'", "''") + "'"


@cell_by_cell
def as_text(written: object) -> object:
    """A value as the text it becomes where a text is wanted."""
    return text(written)


_R1C1 = re.compile(r"(?:(?P<sheet>.*)!)?R(?P<row>\[-?\d+\]|\d*)C(?P<column>\[-?\d+\]|\d*)", re.IGNORECASE)


@function
def from_r1c1(written: object, row: object, column: object) -> object:
    """An address in R1C1 style in A1 style; `[..]` counts from the cell in `row` and `column`.

    >>> from_r1c1("R1C[-1]:R[2]C3", 5.0, 4.0)
    'C1:C7'
    """
    places = []
    for piece in text(written).split(":"):
        match = _R1C1.fullmatch(piece.strip())
        if match is None:
            raise CellError("#REF!")
        down, across = _counted(match["row"], number(row)), _counted(match["column"], number(column))
        if not (1 <= down <= 1048576 and 1 <= across <= 16384):
            raise CellError("#REF!")
        sheet = f"{match['sheet']}!" if match["sheet"] else ""
        places.append(f"{sheet}{_letters(across)}{down}")
    return ":".join(places)


def _counted(written: str, own: float) -> int:
    if written.startswith("["):
        return int(own) + int(written[1:-1])
    return int(written) if written else int(own)


HELPERS: Final[dict[str, Any]] = {"VAL_AS_TEXT": as_text, "VAL_FROM_R1C1": from_r1c1}
FROM_1904: Final[dict[str, Any]] = {"TEXT": _text_in_format(from_1904=True)}
"""What a book calls that counts its days from 1904."""
FUNCTIONS: Final[dict[str, Any]] = {
    "TEXT": _text_in_format(from_1904=False),
    "VALUE": value,
    "NUMBERVALUE": numbervalue,
    "CONCAT": concat,
    "CONCATENATE": concatenate,
    "TEXTJOIN": textjoin,
    "LEFT": left,
    "RIGHT": right,
    "MID": mid,
    "LEN": length,
    "REPT": rept,
    "EXACT": exact,
    "FIND": find,
    "SEARCH": search,
    "SUBSTITUTE": substitute,
    "UPPER": _changed(str.upper),
    "LOWER": _changed(str.lower),
    "TRIM": _changed(_trimmed),
    "ADDRESS": address,
}
