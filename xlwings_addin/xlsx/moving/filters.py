"""Filters and sort orders, of a sheet and of a table.

Source: ECMA-376 Part 1, 18.3.2 (`autoFilter`, `filterColumn`, `sortState`, `sortCondition`).
"""

from __future__ import annotations

from xlwings_addin.xlsx.moving.markup import Element, Markup
from xlwings_addin.xlsx.moving.references import moved_area, parse
from xlwings_addin.xlsx.moving.shift import Shift


def move_filter(markup: Markup, element: Element, shift: Shift) -> None:
    """A filter or sort order moves with its area; one whose area is deleted goes."""
    area = element.get("ref")
    if not area:
        return
    new = moved_area(area, shift)
    if new is None:
        markup.remove(element)
        return
    _move_columns(markup, element, area, shift)
    markup.set(element, "ref", new)
    for condition in element.children:
        if condition.name == "sortCondition":
            place = moved_area(condition.attributes["ref"], shift)
            if place is None:
                markup.remove(condition)
            else:
                markup.set(condition, "ref", place)


def _move_columns(markup: Markup, element: Element, area: str, shift: Shift) -> None:
    """The columns that are filtered, counted from 0 from the first of the area."""
    place = parse(area)
    if place is None or shift.axis != "columns":
        return
    first = place.ends("columns")[0]
    new_first = shift.index(first) or shift.at
    for column in element.children:
        if column.name in ("filterColumn", "columnFilter"):
            number = shift.index(first + int(column.attributes["colId"]))
            if number is None:
                markup.remove(column)
            else:
                markup.set(column, "colId", str(number - new_first))
