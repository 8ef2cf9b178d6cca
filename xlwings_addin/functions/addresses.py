"""The address of a cell as text, in the one form in which addresses are compared."""

from __future__ import annotations

import re
from typing import Final

# Column and row, "$" or none, alone or as the first of a range; all before the last "!" is the sheet.
_ADDRESS: Final = re.compile(
    r"(?:(?P<place>.+)!)?"
    r"\$?(?P<column>[A-Z]{1,3})\$?(?P<row>[1-9][0-9]{0,6})"
    r"(?::\$?[A-Z]{1,3}\$?[1-9][0-9]{0,6})?",
    re.IGNORECASE | re.DOTALL,
)
# No sheet may have a bracket in its name, so a bracket is the book's.
_PLACE: Final = re.compile(r"(?:.*\[(?P<book>[^\[\]]+)\])?(?P<sheet>[^\[\]:*?/\\]+)", re.DOTALL)


def normalised(text: str, beside: str = "") -> str | None:
    """An address as `[Book1.xlsx]Sheet1!B2`, without quotes, `$` and folder; None for what is no address.

    Of a range the first cell counts. Book and sheet that it does not name are those of `beside`.

    >>> normalised("'[Book 1.xlsx]Bear''s case'!$b$2:$C$3")
    "[Book 1.xlsx]Bear's case!B2"
    >>> normalised("$A$1", beside="[Book1.xlsx]Sheet1!B2"), normalised("Sheet2!A1", beside="Sheet1!B2")
    ('[Book1.xlsx]Sheet1!A1', 'Sheet2!A1')
    >>> normalised("total") is None
    True
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        return None
    book, sheet = _book_and_sheet(beside.rpartition("!")[0])
    if match["place"] is not None:
        own_book, sheet = _book_and_sheet(match["place"])
        if not sheet:
            return None
        book = own_book or book
    cell = f"{match['column'].upper()}{match['row']}"
    return f"{f'[{book}]' if book else ''}{sheet}!{cell}" if sheet else cell


def _book_and_sheet(place: str) -> tuple[str, str]:
    if len(place) > 1 and place[0] == place[-1] == "'":
        place = place[1:-1].replace("''", "'")
    match = _PLACE.fullmatch(place)
    return (match["book"] or "", match["sheet"]) if match else ("", "")
