"""How the workbook looks: one place for fonts, fills, widths and number formats."""

from __future__ import annotations

import textwrap
from copy import copy
from typing import Any

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

NAVY, PALE, RULE = "1F3864", "DCE6F1", "A6A6A6"
INPUT, LINK, QUIET, STORED = "0000FF", "00703C", "7F7F7F", "595959"
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
HEADLINE = _font(bold=True, size=12)
HEADING = _font("FFFFFF", bold=True)
HEADING_FILL = _fill(NAVY)
BLOCK = _font(NAVY, bold=True)
BLOCK_FILL = _fill(PALE)
LABEL, LABEL_TOTAL = _font(), _font(bold=True)
UNIT, NOTE, KEY = _font(QUIET, size=SMALL), _font(QUIET, italic=True, size=SMALL), _font("BFBFBF", size=8)
HYPERLINK = Font(name=NAME, size=SIZE, color="0563C1", underline="single")

FONTS = {
    (kind, total): _font(colour, bold=total)
    for kind, colour in (
        ("formula", "000000"),
        ("link", LINK),
        ("input", INPUT),
        ("stored", STORED),
        ("text", "000000"),
    )
    for total in (False, True)
}
FILLS = {"input": _fill("FFFBE6"), "stored": _fill("F2F2F2")}
TOTAL_BORDER = Border(top=Side("thin", color=RULE))
STATUS_FILLS = {"OK": _fill(GREEN), "WARN": _fill(AMBER), "FAIL": _fill(RED)}

RIGHT = Alignment(horizontal="right", vertical="top", wrap_text=True)
CENTRE = Alignment(horizontal="center", vertical="top")
TOP = Alignment(vertical="top")
WRAPPED = Alignment(vertical="top", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="top", wrap_text=True)
BESIDE_FIGURES = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
ALIGNMENTS = {"left": BESIDE_FIGURES, "centre": CENTRE, "right": RIGHT}

LABEL_WIDTH, UNIT_WIDTH, NOTE_WIDTH, KEY_WIDTH = 40.0, 14.0, 46.0, 26.0

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
    "CNY m": '#,##0;[Red]-#,##0;"-"',
    "USD m": '#,##0;[Red]-#,##0;"-"',
    "HKD m": '#,##0;[Red]-#,##0;"-"',
    "HKD": '"HKD" 0.00;[Red]-"HKD" 0.00;"-"',
    "USD": '"USD" 0.00;[Red]-"USD" 0.00;"-"',
    "HKD per share": '"HKD" 0.00',
    "USD per share": '"USD" 0.00',
    "HKD per CNY": "0.0000",
    "HKD per USD": "0.0000",
    "CNY per USD": "0.0000",
    "limit HKD per share": '"HKD" 0.000',
    "limit USD per share": '"USD" 0.000',
    "limit USD m": "#,##0",
    "CNY per unit": '"CNY" #,##0;;"-"',
    "m units": '0.0;-0.0;"-"',
    "per year": "0.00",
    "USD per vehicle": '"USD" #,##0',
    "CNY per vehicle": '"CNY" #,##0;;"-"',
    "m shares": "#,##0",
    "m vehicles": '0.000;-0.000;"-"',
    "units": "#,##0",
}


class Painter:
    """Gives cells their look, working out each combination once: openpyxl hashes every style it is handed."""

    def __init__(self) -> None:
        self._looks: dict[tuple[tuple[str, int | str], ...], Any] = {}

    def paint(self, cell: Cell, **look: Font | PatternFill | Border | Alignment | str) -> None:
        """Set font, fill, border, alignment and number_format, those that are given."""
        key = tuple((name, value if isinstance(value, str) else id(value)) for name, value in look.items())
        known = self._looks.get(key)
        if known is None:
            for name, value in look.items():
                setattr(cell, name, value)
            self._looks[key] = copy(cell._style)
        else:
            cell._style = copy(known)


def number_format(unit: str) -> str:
    """The number format that says the unit; units without one of their own are shown plainly."""
    return NUMBER_FORMATS.get(unit, "#,##0.00")


def lines_needed(text: object, width: float, size: float = SMALL) -> int:
    """How many lines a text takes in a column of that width: what the row's height must allow for."""
    shown, per_line = str(text), max(1, int(width * 1.2 * SIZE / size))
    return 1 if len(shown) <= per_line else len(textwrap.wrap(shown, per_line))
