"""How the workbook looks: one place for fonts, fills, widths and number formats."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

NAVY, PALE, RULE = "1F3864", "DCE6F1", "A6A6A6"
INPUT, LINK, QUIET, STORED = "0000FF", "00703C", "7F7F7F", "595959"
OVERRIDE = "FCE4D6"
GREEN, AMBER, RED = "C6EFCE", "FFEB9C", "FFC7CE"
BARS = ("8FAADC", "A9D18E", "FFD966", "C55A11")
MARKER = NAVY

NAME, SIZE, SMALL = "Calibri", 10, 9


def _font(colour: str = "000000", *, bold: bool = False, italic: bool = False, size: float = SIZE) -> Font:
    return Font(name=NAME, size=size, color=colour, bold=bold, italic=italic)


def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", start_color=colour, end_color=colour)


TITLE = _font(NAVY, bold=True, size=16)
PURPOSE = _font(QUIET, italic=True, size=11)
HEADLINE = _font(bold=True, size=11)
HEADING = _font("FFFFFF", bold=True)
HEADING_FILL = _fill(NAVY)
BLOCK = _font(NAVY, bold=True)
BLOCK_FILL = _fill(PALE)
LABEL, LABEL_TOTAL = _font(), _font(bold=True)
UNIT, NOTE, KEY = _font(QUIET, size=SMALL), _font(QUIET, italic=True, size=SMALL), _font("BFBFBF", size=8)
BACK = Font(name=NAME, size=SMALL, color="0563C1", underline="single")
HYPERLINK = Font(name=NAME, size=SIZE, color="0563C1", underline="single")

FONTS = {
    (kind, total): _font(colour, bold=total)
    for kind, colour in (
        ("formula", "000000"),
        ("link", LINK),
        ("input", INPUT),
        ("override", INPUT),
        ("stored", STORED),
        ("text", "000000"),
    )
    for total in (False, True)
}
FILLS = {"input": _fill("FFFBE6"), "override": _fill(OVERRIDE), "stored": _fill("F2F2F2")}
TOTAL_BORDER = Border(top=Side("thin", color=RULE))
OLD = Font(color="9C0006", bold=True)
"""Of a sentence that runs over the cells to its right, where a fill would end with the first."""
PALE_FONT = Font(color="BFBFBF")
"""Of answers to other inputs than those that the model has now."""
MARKED, MARKED_FILL = Font(color=NAVY, bold=True), _fill("9DC3E6")
"""Of a figure that is what is asked for: bold, and on a ground that is darker in grey, too."""
PALE_MARKED, PALE_MARKED_FILL = Font(color="A6A6A6", bold=True), _fill("EDEDED")
STATUS_FILLS = {"OK": _fill(GREEN), "WARN": _fill(AMBER), "FAIL": _fill(RED)}

RIGHT = Alignment(horizontal="right", vertical="top", wrap_text=True)
CENTRE = Alignment(horizontal="center", vertical="top")
TOP = Alignment(vertical="top")
WRAPPED = Alignment(vertical="top", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="top", wrap_text=True)
BESIDE_FIGURES = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
ALIGNMENTS = {"over": TOP, "left": BESIDE_FIGURES, "centre": CENTRE, "right": RIGHT}

YOURS = {"font": FONTS["input", False], "fill": FILLS["input"], "alignment": WRAPPED}
LINES_OF_AN_ANSWER = 2
"""How much an analyst writes into a cell of their own, and how it looks."""

MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
TILE_FIGURE, TILE_MEANING = _font(NAVY, bold=True, size=15), _font(QUIET, size=SMALL)
TILE_HEIGHT, MEANING_HEIGHT = 26.0, 34.0
QUIET_HEADING = _font("BFBFBF", size=SMALL)

LABEL_WIDTH, UNIT_WIDTH, NOTE_WIDTH, KEY_WIDTH = 40.0, 14.0, 46.0, 4.0
BESIDE_WIDTH, GUTTER = 90.0, 2.0
"""The width of notes right of the figures, and of the column that other sheets have them in."""
TABS = {"answer": NAVY, "input": "FFD966", "business": "2E75B6", "behind": RULE}

NUMBER_FORMATS = {
    "rate": "0.00%",
    "ratio": "0.0%",
    "share": "0.0%",
    "factor": "0.0000",
    "multiple": '0.0"x"',
    "years": "0.000",
    "days": "0",
    "count": "0",
    "flag": '0;-0;"-"',
    "outside": '"outside";;',
    "used": '"counts";;"-"',
    "year": "0",
    "date": "yyyy-mm-dd",
    "difference": "0.0E+00",
    "change": "+0.00;-0.00;0.00",
    "plain": "General",
    "text": "General",
    "status": "General",
    "m units": '[=0]"-";[<10]0.000;0.0',
    "per year": "0.00",
    "USD per vehicle": '"USD" #,##0',
    "m shares": "#,##0",
    "m users": '#,##0.0;-#,##0.0;"-"',
    "m vehicles": '0.000;-0.000;"-"',
    "units": "#,##0",
}

BILLIONS = '#,##0.0;[Red]-#,##0.0;"-"'
"""Of money in any currency."""


def tile(*, number_format: str, answer: bool) -> dict[str, Any]:
    """The look of a tile's figure, or of what stands below it."""
    return {
        "font": TILE_FIGURE if answer else TILE_MEANING,
        "fill": BLOCK_FILL,
        "alignment": MIDDLE,
        "number_format": _matching(number_format, TILE_FORMATS) or _own_format(number_format) or "0.00",
    }


CURRENCY_FORMATS = {
    r"[A-Z]{3} m": '#,##0;[Red]-#,##0;"-"',
    r"limit [A-Z]{3} m": "#,##0",
    r"([A-Z]{3})": r'"\1" 0.00;[Red]-"\1" 0.00;"-"',
    r"([A-Z]{3}) per share": r'"\1" 0.00',
    r"limit ([A-Z]{3}) per share": r'"\1" 0.000',
    r"[A-Z]{3} per [A-Z]{3}": "0.0000",
    r"([A-Z]{3}) per (?:unit|vehicle|user)": r'"\1" #,##0;;"-"',
}
"""Number formats of money in any currency, by what its unit looks like."""

TILE_FORMATS = {r"[A-Z]{3}": "0.00", "ratio": "+0.0%;-0.0%;0.0%"}
"""Amounts a share, whose currency the page says, and a change; by what the unit looks like."""


def _matching(unit: str, formats: dict[str, str]) -> str | None:
    """The format of the first pattern that a unit is like."""
    matches = ((re.fullmatch(pattern, unit), chosen) for pattern, chosen in formats.items())
    return next((match.expand(chosen) for match, chosen in matches if match), None)


class Painter:
    """Gives cells their look, working out each combination once: openpyxl hashes every style it is handed."""

    def __init__(self) -> None:
        self._looks: dict[tuple[tuple[str, int | str], ...], Any] = {}

    def paint(self, cell: Cell, **look: Font | PatternFill | Border | Alignment | str) -> None:
        """Set font, fill, border, alignment and number_format, whichever are named."""
        key = tuple((name, value if isinstance(value, str) else id(value)) for name, value in look.items())
        style = self._looks.get(key)
        if style is None:
            for name, value in look.items():
                setattr(cell, name, value)
            self._looks[key] = copy(cell._style)
        else:
            cell._style = copy(style)


def number_format(unit: str) -> str:
    """The number format that says the unit; units without one of their own are shown plainly."""
    return _own_format(unit) or (BILLIONS if unit.endswith(" bn") else "#,##0.00")


def _own_format(unit: str) -> str | None:
    return NUMBER_FORMATS.get(unit) or _matching(unit, CURRENCY_FORMATS)


_EMS = {
    0.25: " ,.:;'Iijl",
    0.32: "!()-[]`fr{}tJ",
    0.40: '"/\\csz',
    0.46: "?FLSgkvxyZE_|",
    0.51: "#$*+0123456789<=>KPTXYae^~",
    0.55: "BCRVbdhnopqu",
    0.62: "ADHGU",
    0.67: "NOQw",
    0.72: "%&",
    0.80: "m",
    0.88: "MW@",
}
"""Widths of Calibri's characters in ems, to the nearest group; others are as wide as they are high."""
_EM = {character: width for width, group in _EMS.items() for character in group}
_POINTS_OF_WIDTH = 5.1
"""A column is as many digits wide as its width says, of 7 pixels each, a little less in bold."""


def lines_needed(text: object, width: float, size: float = SMALL) -> int:
    """How many lines a text takes in a column of that width: what the row's height must allow for.

    >>> lines_needed("Vehicles", 12.0), lines_needed("Vehicles delivered in the year", 12.0)
    (1, 3)
    """
    room, lines, used = width * _POINTS_OF_WIDTH / size, 1, 0.0
    for word in str(text).split(" "):
        wide = sum(_EM.get(character, 1.0) for character in word)
        if used and used + _EM[" "] + wide > room:
            lines, used = lines + 1, 0.0
        used += wide + (_EM[" "] if used else 0.0)
        while used > room:  # a word that is wider than its column is broken
            lines, used = lines + 1, used - room
    return lines
