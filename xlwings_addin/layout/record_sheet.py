"""The record of the last refresh on a sheet of its own, where a program gives no access to the file's parts.

That is xlwings Lite, and Excel on a Mac through AppleScript. A workbook goes from one program to the next, so
that it may have a part (`state`) and a sheet: the newer one counts, and a refresh that can write both does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from xlwings_addin.layout.state import State, state_from_text, state_text
from xlwings_addin.xlsx.package import CellKey, CellValue

RECORD_SHEET: Final = "Refresh record"
HEADING: Final = "What the last refresh wrote, for the next one. Do not edit; delete the sheet to forget it."
LONGEST_CELL: Final = 30_000
"""Characters of the record in a cell; Excel takes 32,767."""
LONGEST_IN_AN_ARRAY: Final = 8_000
"""The same where texts are written by whole ranges: Excel refuses longer ones than 8,203 there."""


def text_on(cells: Mapping[str, CellValue]) -> str:
    """The text of the record below the heading, from the cells of its sheet; empty where there is none."""
    return "".join(str(cells[f"A{row}"]) for row in _rows(cells))


def state_on(cells: Mapping[str, CellValue], *, name: str) -> State | None:
    """The record in the cells of its sheet; errors as for `state_from_text`."""
    text = text_on(cells)
    return state_from_text(text, name=name) if text else None


def cells_with(
    state: State, former: Mapping[str, CellValue], *, longest: int = LONGEST_CELL
) -> dict[CellKey, CellValue]:
    """What to write for a record onto its sheet, whose cells are `former`: of a longer one nothing stays."""
    text = state_text(state)
    lines = [text[start : start + longest] for start in range(0, len(text), longest)]
    cells: dict[CellKey, CellValue] = {(RECORD_SHEET, f"A{row}"): "" for row in _rows(former)}
    cells |= {(RECORD_SHEET, f"A{row}"): line for row, line in enumerate(lines, start=2)}
    return {(RECORD_SHEET, "A1"): HEADING} | cells


def _rows(cells: Mapping[str, CellValue]) -> list[int]:
    """The rows of the first column that hold something below the heading."""
    rows = (int(address[1:]) for address in cells if address[:1] == "A" and address[1:].isdecimal())
    return sorted(row for row in rows if row > 1)


def newest(states: Iterable[State | None]) -> State | None:
    """The record that was written last, of those that are there."""
    return max(filter(None, states), key=lambda state: state.written, default=None)
