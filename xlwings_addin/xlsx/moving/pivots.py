"""Pivot tables: where they lie, and the cells that they summarise.

Source: ECMA-376 Part 1, 18.10.1.49 (`location`), 18.10.1.95 (`worksheetSource`), 18.10.1.82 (`rangeSet`).
"""

from __future__ import annotations

from xlwings_addin.xlsx.moving.formulas import FormulaMover
from xlwings_addin.xlsx.moving.markup import Markup
from xlwings_addin.xlsx.moving.references import parse
from xlwings_addin.xlsx.moving.shift import UnmovableError


def moved_pivot_table(data: bytes, mover: FormulaMover) -> bytes:
    """A pivot table on the sheet that changes. Raises UnmovableError where it would be cut, as Excel does."""
    markup = Markup(data)
    location = markup.root.find("location")
    area = parse(location.attributes["ref"]) if location is not None else None
    if location is None or area is None:
        return data
    first, last = area.ends(mover.shift.axis)
    pages = int(location.get("rowPageCount") or 0)
    if mover.shift.axis == "rows" and pages:
        first = max(first - pages - 1, 1)
    new = area.moved(mover.shift)
    if new is None or mover.shift.cuts(first, last):
        name = markup.root.get("name") or ""
        raise UnmovableError(f"would cut through the pivot table {name} in {area}")
    markup.set(location, "ref", str(new))
    return markup.result()


def moved_pivot_cache(data: bytes, mover: FormulaMover) -> bytes:
    """The source of a pivot table, where it is an area of the sheet that changes."""
    markup = Markup(data)
    for source in markup.root.iter("worksheetSource", "rangeSet"):
        title, area = source.get("sheet"), source.get("ref")
        is_outside = any(name.endswith(" id") for name in source.attributes)
        if not title or not area or is_outside or mover.sheets.place(f"{title}!") != "this":
            continue
        place = parse(area)
        new = None if place is None else place.moved(mover.shift)
        if new is None:
            raise UnmovableError(f"would delete {area}, the source of a pivot table")
        markup.set(source, "ref", str(new))
    return markup.result()
