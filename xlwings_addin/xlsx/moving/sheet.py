"""What a worksheet says about its cells outside of them: views, columns, areas, formats, validations, links.

Source: ECMA-376 Part 1, 18.3.1 (the elements of a worksheet); Microsoft, [MS-XLSX] 2.3.3 (its extensions,
whose areas and formulas are `xm:sqref` and `xm:f`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlwings_addin.xlsx.moving.anchors import move_anchor
from xlwings_addin.xlsx.moving.filters import move_filter
from xlwings_addin.xlsx.moving.formulas import FormulaMover
from xlwings_addin.xlsx.moving.markup import Element, Markup
from xlwings_addin.xlsx.moving.references import Reference, moved_area, moved_areas, parse
from xlwings_addin.xlsx.moving.shift import Shift, UnmovableError
from xlwings_addin.xlsx.moving.views import move_column, move_pane, move_selection, move_top_left

LISTS = frozenset(
    (
        *("mergeCells", "hyperlinks", "dataValidations", "protectedRanges", "ignoredErrors", "cellWatches"),
        *("scenario", "scenarios", "smartTags", "webPublishItems", "cols", "rowBreaks", "colBreaks"),
        *("conditionalFormattings", "sparklines", "sparklineGroup", "sparklineGroups", "ext", "extLst"),
        *("comments", "commentList", "ThreadedComments", "singleXmlCells", "sortState"),
    )
)
"""Elements that say nothing once they are empty."""

_AREAS = {
    "mergeCell": "ref",
    "hyperlink": "ref",
    "inputCells": "r",
    "cellWatch": "r",
    "cellSmartTags": "r",
    "singleXmlCell": "r",
    "comment": "ref",
    "threadedComment": "ref",
    "webPublishItem": "sourceRef",
}
"""Elements that are about one area, and the attribute that names it."""

_LISTED_AREAS = ("conditionalFormatting", "dataValidation", "ignoredError", "protectedRange")
_FORMULAS = ("formula", "formula1", "formula2", "f")
_ATTRIBUTE_FORMULAS = {
    "cfvo": ("val",),
    "controlPr": ("linkedCell", "listFillRange"),
    "hyperlink": ("location",),
    "formControlPr": ("fmlaLink", "fmlaRange", "fmlaGroup", "fmlaTxbx", "fmlaPict"),
    "sp": ("textlink",),
    "cameraTool": ("cellRange",),
}
"""Attributes that hold a formula or a reference; a number or a name among them stays as it is."""


class SheetMarkup:
    """One sheet's XML around its cells. `own` says whether the sheet is the one that changes."""

    def __init__(self, markup: Markup, mover: FormulaMover, *, own: bool) -> None:
        self.markup, self.mover, self.own = markup, mover, own
        self.shift = mover.shift
        self.place = ""
        """The element in hand, for messages."""

    def move(self) -> None:
        """Make all edits. Raises UnmovableError for what cannot follow."""
        for child in self.markup.root.children:
            if child.name == "sheetData":
                continue
            for element in child.iter():
                self.place = element.name
                if self.own:
                    self._move_places(element)
                if not self.markup.is_removed(element):
                    self.move_formulas(element)

    # --- places on the sheet itself -------------------------------------------------------------------

    def _move_places(self, element: Element) -> None:
        name = element.name
        if name in _AREAS:
            self._move_area(element, _AREAS[name])
        elif name in _LISTED_AREAS and "sqref" in element.attributes:
            self._move_list(element)
        elif name == "sqref":
            self._move_extension(element)
        else:
            move = _SPECIAL.get(name)
            if move is not None:
                move(self, element)

    def _move_area(self, element: Element, attribute: str) -> None:
        area = element.get(attribute)
        if not area:
            return
        new = moved_area(area, self.shift)
        if new is None or (element.name == "mergeCell" and _is_one_cell(new)):
            self.markup.remove(element)
        else:
            self.markup.set(element, attribute, new)

    def _move_list(self, element: Element) -> None:
        new = moved_areas(element.attributes["sqref"], self.shift)
        if new is None:
            self.markup.remove(element)
        else:
            self.markup.set(element, "sqref", new)

    def _move_extension(self, element: Element) -> None:
        """An `xm:sqref`: what it stands in goes with it."""
        new = moved_areas(self.markup.text(element), self.shift)
        if new is not None:
            self.markup.set_text(element, new)
        elif element.parent is not None:
            self.markup.remove(element.parent)

    def _move_dimension(self, element: Element) -> None:
        """The area in use, and the cell that views in step share (`syncRef`): there is always one."""
        for attribute in ("ref", "syncRef"):
            area = element.get(attribute)
            if area:
                self.markup.set(element, attribute, moved_area(area, self.shift) or "A1")

    def _move_filter(self, element: Element) -> None:
        move_filter(self.markup, element, self.shift)

    def _move_scenarios(self, element: Element) -> None:
        if "sqref" in element.attributes:
            self.markup.set(element, "sqref", moved_areas(element.attributes["sqref"], self.shift) or "A1")

    def _move_break(self, element: Element) -> None:
        """A page break: `id` rows or columns lie in front of it; `min` and `max` are its extent, from 0."""
        across = (element.parent.name if element.parent else "") == "rowBreaks"
        if across == (self.shift.axis == "rows"):
            before = int(element.get("id") or 0)
            new = self.shift.index(min(before + 1, self.shift.limit))
            if new is None or new == 1:
                self.markup.remove(element)
            else:
                self.markup.set(element, "id", str(new - 1))
            return
        if "max" in element.attributes:
            first, last = int(element.get("min") or 0), int(element.attributes["max"])
            ends = self.shift.span(first + 1, min(last + 1, self.shift.limit)) or (1, 1)
            if "min" in element.attributes:
                self.markup.set(element, "min", str(ends[0] - 1))
            self.markup.set(element, "max", str(ends[1] - 1))

    def _move_column(self, element: Element) -> None:
        move_column(self.markup, element, self.shift)

    def _move_pane(self, element: Element) -> None:
        move_pane(self.markup, element, self.shift)

    def _move_view(self, element: Element) -> None:
        move_top_left(self.markup, element, self.shift)

    def _move_selection(self, element: Element) -> None:
        move_selection(self.markup, element, self.shift)

    def _move_anchor(self, element: Element) -> None:
        """The place of a form control or embedded object, as the sheet repeats it."""
        moves = element.get("moveWithCells") in ("1", "true")
        sizes = element.get("sizeWithCells") in ("1", "true")
        if moves or sizes:
            move_anchor(self.markup, element, self.shift, sizes=sizes)

    # --- formulas -------------------------------------------------------------------------------------

    def move_formulas(self, element: Element) -> None:
        for attribute in _ATTRIBUTE_FORMULAS.get(element.name, ()):
            formula = element.get(attribute)
            if formula and not (element.name == "hyperlink" and _leads_outside(element)):
                sign = "#" if formula.startswith("#") and element.name == "hyperlink" else ""
                new = self._moved(element, formula.removeprefix(sign))
                self.markup.set(element, attribute, sign + new)
        if element.name in _FORMULAS and not element.children:
            self.markup.set_text(element, self._moved(element, self.markup.text(element)))
        if element.name == "dataRef" and not _leads_outside(element):
            self._move_consolidated(element)

    def _moved(self, element: Element, formula: str) -> str:
        """A formula moved; one that is written for the first of several cells follows that cell."""
        own = self.own
        areas = _areas_around(self.markup, element) if own else None
        if areas is None:
            return self.mover.text(formula, own=own)
        rows, columns = (self._base(areas, axis) for axis in ("rows", "columns"))
        return self.mover.text(formula, own=True, wraps=rows[1] or columns[1], offset=(rows[0], columns[0]))

    def _base(self, areas: list[Reference], axis: str) -> tuple[int, bool]:
        """How far the first cell that is left lies from the first cell, and whether it moves."""
        if axis != self.shift.axis:
            return 0, False
        first = min(area.ends(self.shift.axis)[0] for area in areas)
        if self.shift.index(first) is not None:
            return 0, self.shift.index(first) != first
        left = min(_first_left(area.ends(self.shift.axis), self.shift) for area in areas)
        return left - first, left >= self.shift.behind

    def _move_consolidated(self, element: Element) -> None:
        """A source of Data > Consolidate."""
        area, title = element.get("ref"), element.get("sheet")
        if area and title and self.mover.sheets.place(title + "!") == "this":
            new = moved_area(area, self.shift)
            if new is None:
                raise UnmovableError(f"would delete {area}, a source of a consolidation")
            self.markup.set(element, "ref", new)


_SPECIAL: Mapping[str, Callable[[SheetMarkup, Element], None]] = {
    "dimension": SheetMarkup._move_dimension,
    "sheetPr": SheetMarkup._move_dimension,
    "autoFilter": SheetMarkup._move_filter,
    "sortState": SheetMarkup._move_filter,
    "nsvFilter": SheetMarkup._move_filter,
    "scenarios": SheetMarkup._move_scenarios,
    "brk": SheetMarkup._move_break,
    "col": SheetMarkup._move_column,
    "pane": SheetMarkup._move_pane,
    "sheetView": SheetMarkup._move_view,
    "customSheetView": SheetMarkup._move_view,
    "selection": SheetMarkup._move_selection,
    "anchor": SheetMarkup._move_anchor,
}


def _first_left(ends: tuple[int, int], shift: Shift) -> int:
    """The first row or column of an area that is not deleted, by its old number."""
    first, last = ends
    if first < shift.at:
        return first
    return max(first, shift.behind) if last >= shift.behind else shift.limit + 1


def _areas_around(markup: Markup, element: Element) -> list[Reference] | None:
    """The areas for whose first cell a formula of a conditional format or validation is written."""
    owner: Element | None = element
    while owner is not None and owner.name not in ("conditionalFormatting", "dataValidation"):
        owner = owner.parent
    if owner is None:
        return None
    extension = owner.find("sqref")
    text = owner.get("sqref") or (markup.text(extension) if extension else "")
    areas = [area for area in map(parse, text.split()) if area is not None]
    return areas or None


def _is_one_cell(area: str) -> bool:
    first, colon, last = area.partition(":")
    return not colon or first == last


def _leads_outside(element: Element) -> bool:
    """Whether an element has a relationship: its place is then in another file."""
    return any(name.endswith(" id") for name in element.attributes)
