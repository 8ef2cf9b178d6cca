"""Where pictures, charts and controls hang: between a first and a last cell, counted from 0.

Source: ECMA-376 Part 1, 20.5.2.33 (`twoCellAnchor`), 20.5.2.24 (`oneCellAnchor`), 20.5.3.2 (`ST_EditAs`).
"""

from __future__ import annotations

from xlwings_addin.xlsx.moving.markup import Element, Markup
from xlwings_addin.xlsx.moving.shift import Shift


def move_anchor(markup: Markup, anchor: Element, shift: Shift, *, sizes: bool) -> None:
    """An anchor follows the cell it starts in; its end follows its own cell if it `sizes` with the cells.

    One that does not size keeps the number of rows and columns that it covers.
    """
    start, end = anchor.find("from"), anchor.find("to")
    if start is None:
        return
    by = _move_corner(markup, start, shift, None)
    if end is not None:
        _move_corner(markup, end, shift, None if sizes else by)


def _move_corner(markup: Markup, corner: Element, shift: Shift, by: int | None) -> int:
    """Move a corner by so many rows or columns, or with its cell; by how many it moved."""
    name = "row" if shift.axis == "rows" else "col"
    place = corner.find(name)
    if place is None:
        return 0
    before = int(markup.text(place))
    if by is None:
        number = shift.index(min(before + 1, shift.limit - max(shift.by(shift.limit), 0)))
        after = shift.at - 1 if number is None else number - 1
        if number is None:
            offset = corner.find(f"{name}Off")
            if offset is not None:
                markup.set_text(offset, "0")
    else:
        after = min(max(before + by, 0), shift.limit - 1)
    markup.set_text(place, str(after))
    return after - before


def move_drawing_anchors(markup: Markup, shift: Shift) -> None:
    """The anchors of a sheet's drawing. An `absolute` one keeps its place."""
    for anchor in markup.root.iter("twoCellAnchor", "oneCellAnchor"):
        behaviour = anchor.get("editAs") or "twoCell"
        if behaviour != "absolute":
            move_anchor(markup, anchor, shift, sizes=behaviour == "twoCell")
