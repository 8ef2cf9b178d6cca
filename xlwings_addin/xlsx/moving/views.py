"""Views of a sheet and the runs of its columns.

Source: ECMA-376 Part 1, 18.3.1.13 (`col`), 18.3.1.66 (`pane`), 18.3.1.78 (`selection`), 18.3.1.87
(`sheetView`).
"""

from __future__ import annotations

from xlwings_addin.xlsx.moving.markup import Element, Markup
from xlwings_addin.xlsx.moving.references import Reference, moved_area, moved_areas, parse
from xlwings_addin.xlsx.moving.shift import Shift


def move_column(markup: Markup, element: Element, shift: Shift) -> None:
    """A run of columns with one width and style: what is inserted inside it belongs to it."""
    if shift.axis != "columns" or "min" not in element.attributes:
        return
    first, last = int(element.attributes["min"]), int(element.attributes["max"])
    if shift.count > 0 and first >= shift.at and first + shift.by(first) > shift.limit:
        markup.remove(element)
        return
    new = shift.span(first, last if last + shift.by(last) < shift.limit else shift.limit)
    if new is None:
        markup.remove(element)
        return
    markup.set(element, "min", str(new[0]))
    markup.set(element, "max", str(new[1]))


def move_top_left(markup: Markup, element: Element, shift: Shift) -> None:
    """The first cell in view: the cell stays in view, and the first row or column stays the first."""
    written = element.get("topLeftCell")
    cell = parse(written) if written else None
    if cell is not None:
        first = cell.ends(shift.axis)[0]
        markup.set(
            element, "topLeftCell", _at(cell, shift, shift.boundary(first - 1) + 1 if first > 1 else 1)
        )


def move_pane(markup: Markup, element: Element, shift: Shift) -> None:
    """Frozen rows or columns: those inserted among them are frozen too, those behind them are not."""
    written = element.get("topLeftCell")
    cell = parse(written) if written else None
    split = "ySplit" if shift.axis == "rows" else "xSplit"
    size = int(float(element.get(split) or 0))
    is_frozen = element.get("state") in ("frozen", "frozenSplit")
    if not is_frozen or not size:
        if cell is not None:
            markup.set(element, "topLeftCell", str(moved_area(str(cell), shift) or cell))
        return
    start = _first_in_view(element, shift)
    new_start = shift.boundary(start - 1) + 1 if start > 1 else 1
    behind = start + size
    new_size = max(shift.boundary(behind - 1) + 1 - new_start, 0)
    markup.set(element, split, str(new_size or 1))
    if cell is not None:
        first = cell.ends(shift.axis)[0]
        number = new_start + new_size if first == behind else shift.index(first) or shift.at
        markup.set(element, "topLeftCell", _at(cell, shift, max(number, new_start + (new_size or 1))))


def _first_in_view(pane: Element, shift: Shift) -> int:
    written = pane.parent.get("topLeftCell") if pane.parent else None
    cell = parse(written) if written else None
    return 1 if cell is None else cell.ends(shift.axis)[0]


def move_selection(markup: Markup, element: Element, shift: Shift) -> None:
    """The selected areas and the active cell, which always lies in one of them."""
    active, areas = element.get("activeCell"), element.get("sqref")
    cell = parse(active) if active else None
    new_areas = moved_areas(areas, shift) if areas else None
    if cell is not None:
        first = cell.ends(shift.axis)[0]
        markup.set(element, "activeCell", _at(cell, shift, shift.index(first) or shift.at))
    if areas:
        fallback = moved_area(active, shift) if active else None
        markup.set(element, "sqref", new_areas or fallback or _at_first(areas, shift))


def _at_first(areas: str, shift: Shift) -> str:
    area = parse(areas.split()[0])
    return areas if area is None else _at(area, shift, shift.at)


def _at(cell: Reference, shift: Shift, number: int) -> str:
    """A cell with another row or column."""
    marks = cell.marks(shift.axis)
    if marks is None:
        return str(cell)
    return str(cell.with_marks(shift.axis, (marks[0].at(number), marks[1].at(number))))
