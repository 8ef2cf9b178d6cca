"""Rows or columns inserted into one sheet of a workbook, or deleted; all that refers to cells follows.

The whole move is worked out before anything is returned, so that a refusal leaves nothing half done. Texts
are no references: what `INDIRECT`, macros and custom parts spell in them stays, as in Excel.

Source: ECMA-376 Part 1, 12.3 (the parts of a SpreadsheetML package).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.xlsx.edits import apply, new_cell_edits
from xlwings_addin.xlsx.moving.anchors import move_drawing_anchors
from xlwings_addin.xlsx.moving.cells import Cells
from xlwings_addin.xlsx.moving.comments import moved_vml
from xlwings_addin.xlsx.moving.formulas import FormulaMover, Sheets
from xlwings_addin.xlsx.moving.grid import Grid, rows_of
from xlwings_addin.xlsx.moving.markup import Markup
from xlwings_addin.xlsx.moving.pivots import moved_pivot_cache, moved_pivot_table
from xlwings_addin.xlsx.moving.sheet import LISTS, SheetMarkup
from xlwings_addin.xlsx.moving.shift import LIMITS, Axis, Shift, UnmovableError
from xlwings_addin.xlsx.moving.tables import Table
from xlwings_addin.xlsx.parts import Package, Source, read_package

_SHEETS = ("/worksheet", "/chartsheet", "/dialogsheet", "/xlMacrosheet", "/xlIntlMacrosheet")
_REASONS = (UnmovableError, LookupError, ValueError)
"""What stops a move: something that cannot follow, or markup that lacks or misspells an attribute."""
_CHARTS = ("drawingml.chart+xml", "ms-office.chartex+xml")


def move(source: Source, sheet: str, at: int, count: int, axis: Axis) -> bytes:
    """The workbook with `count` empty rows or columns inserted in front of number `at` (from 1) of a sheet.

    A negative count deletes so many from `at` on. References follow as in Excel: an area that straddles the
    place grows or shrinks. Formulas of every sheet, names, validations, formats, links, merged cells, views,
    page breaks, filters, notes, drawings, charts, tables, pivot sources, sparklines and scenarios follow;
    every other byte stays. The calculation chain goes; programs rebuild it. What is inserted has no format,
    but for columns inside a run of columns that share one.

    Raises BookError, before anything is done, where the outcome is not certain: through the middle of an
    array formula, data table or pivot table, off the end of the sheet, on one of several sheets that a
    reference spans, or a deletion of something that is referred to; and for a sheet that is not there or a
    place outside it. Raises ChoiceError for an unknown axis.
    """
    package = read_package(source)
    return package.with_parts(moved_parts(package, sheet, at, count, axis))


def moved_parts(
    package: Package,
    sheet: str,
    at: int,
    count: int,
    axis: Axis,
    further: Iterable[tuple[int, int]] = (),
) -> dict[str, bytes | None]:
    """The parts that `move` changes, as they are then (None: gone); arguments and errors as for `move`.

    `further` are insertions at places behind `at` that are made at once with the first, by the numbers from
    before all of them.
    """
    package.sheet_part(sheet)
    shift = replace(_shift(at, count, axis), further=tuple(further))
    for place, more in shift.further:
        _shift(place, more, axis)
    book = BookMove(package, sheet, FormulaMover(shift, Sheets(package.titles, sheet)))
    try:
        return book.changed()
    except BookError:
        raise
    except _REASONS as error:
        kind = "insertion" if count > 0 else "deletion"
        where = f" (in {book.place})" if book.place else ""
        reason = error if isinstance(error, UnmovableError) else f"meets damaged markup: {error!r}"
        text = f"{shift} of {sheet!r}"
        raise BookError(kind, (sheet, at, count, axis), f"{reason}{where}", display=text) from error


def _shift(at: int, count: int, axis: Axis) -> Shift:
    if axis not in LIMITS:
        raise ChoiceError("axis", axis, "must be 'rows' or 'columns'")
    limit = LIMITS[axis]
    if not 1 <= at <= limit:
        raise BookError("at", at, f"must be one of the {axis} 1 to {limit:,}")
    if count == 0 or abs(count) >= limit or at - min(count, 0) > limit + 1:
        raise BookError("count", count, f"must be a number of {axis} that the sheet has at {at}, and not 0")
    return Shift(axis, at, count)


class _Sheet(NamedTuple):
    title: str
    part: str
    number: int
    has_cells: bool


class BookMove:
    """A workbook on the way; `place` is the part in hand, for messages."""

    def __init__(self, package: Package, sheet: str, mover: FormulaMover) -> None:
        self.package, self.sheet, self.mover = package, sheet, mover
        self.place = ""
        self._changed: dict[str, bytes | None] = {}

    def changed(self) -> dict[str, bytes | None]:
        relations = self.package.relations(self.package.workbook_part).values()
        if any(kind.endswith("/revisionHeaders") for kind, _ in relations):
            raise UnmovableError("would leave the log of changes of a shared workbook behind")
        self._move_workbook()
        headers: dict[str, str] = {}
        for sheet in self._sheets():
            headers |= self._move_related(sheet, own=sheet.title == self.sheet)
        for sheet in self._sheets():
            self._move_sheet(sheet, headers if sheet.title == self.sheet else {})
        for part in self._charts():
            self._edit(part, _moved_chart)
        self.place = ""
        self._drop_calculation_chain()
        return {part: data for part, data in self._changed.items() if data != self.package.parts[part]}

    def _sheets(self) -> Iterator[_Sheet]:
        relations = self.package.relations(self.package.workbook_part)
        workbook = self.package.tree(self.package.workbook_part)
        for number, sheet in enumerate(workbook.iterfind("{*}sheets/{*}sheet")):
            identity = next((str(value) for key, value in sheet.items() if key.endswith("}id")), "")
            kind, part = relations.get(identity, ("", ""))
            if kind.endswith(_SHEETS) and part in self.package.parts:
                has_cells = not kind.endswith(("/chartsheet", "/dialogsheet"))
                yield _Sheet(sheet.get("name", ""), part, number, has_cells)

    def _charts(self) -> list[str]:
        types = Markup(self.package.parts["[Content_Types].xml"])
        return [
            override.attributes["PartName"].lstrip("/")
            for override in types.root.iter("Override")
            if override.attributes["ContentType"].endswith(_CHARTS)
            and override.attributes["PartName"].lstrip("/") in self.package.parts
        ]

    def _edit(self, part: str, work: Callable[[Markup, FormulaMover], None]) -> None:
        """Edit a part that lists elements or formulas."""
        self.place = part
        markup = Markup(self.package.parts[part])
        work(markup, self.mover)
        self._changed[part] = markup.result(LISTS)

    # --- the parts ------------------------------------------------------------------------------------

    def _move_workbook(self) -> None:
        """Defined names, and the cells that parameters of queries are read from."""
        own = next(sheet.number for sheet in self._sheets() if sheet.title == self.sheet)
        markup = Markup(self.package.parts[self.package.workbook_part])
        for name in markup.root.iter("definedName"):
            title = name.get("name") or ""
            self.place = f"name {title}"
            text = self.mover.text(
                markup.text(name),
                own=name.get("localSheetId") == str(own),
                only_absolute=not title.startswith("_xlnm."),
            )
            markup.set_text(name, text)
        self._changed[self.package.workbook_part] = markup.result()
        connections = self.package.related(self.package.workbook_part, "connections")
        if connections:
            self._edit(connections, _move_parameters)
        for kind, part in self.package.relations(self.package.workbook_part).values():
            if kind.endswith("/pivotCacheDefinition") and part in self.package.parts:
                self.place = part
                self._changed[part] = moved_pivot_cache(self.package.parts[part], self.mover)

    def _move_sheet(self, sheet: _Sheet, headers: Mapping[str, str]) -> None:
        """The sheet's own part: cells, rows, and what stands around them."""
        own, data = sheet.title == self.sheet, self.package.parts[sheet.part]
        self.place = f"sheet {sheet.title!r}"
        inner = rows_of(data)
        markup = Markup(data, inner)
        if sheet.has_cells:
            cells = Cells(data, self.package.cells(sheet.part), self.mover, own=own)
            try:
                markup.edits.extend(cells.edits())
            except _REASONS:
                self.place = f"{sheet.title}!{cells.place}"
                raise
            if own:
                markup.edits.extend(Grid(markup, inner).edits(self.mover.shift, cells.cells))
        around = SheetMarkup(markup, self.mover, own=own)
        try:
            around.move()
        except _REASONS:
            self.place = f"{around.place} of {sheet.title!r}"
            raise
        new = markup.result(LISTS)
        if headers:
            edits = new_cell_edits(new, headers, sheet=sheet.title)
            new = apply(new, list(edits))
        self._changed[sheet.part] = new

    def _move_related(self, sheet: _Sheet, *, own: bool) -> dict[str, str]:
        """The parts that a sheet leads to; the new cells that its tables need."""
        headers: dict[str, str] = {}
        for kind, part in self.package.relations(sheet.part).values():
            data = self.package.parts.get(part)
            self.place = part
            if data is None:
                continue
            if kind.endswith("/table"):
                table = Table(data, self.mover, own=own)
                self._changed[part] = table.move(self._formulas())
                headers |= table.headers
            elif kind.endswith("/vmlDrawing"):
                self._changed[part] = moved_vml(data, self.mover, own=own)
            elif kind.endswith("/pivotTable") and own:
                self._changed[part] = moved_pivot_table(data, self.mover)
            elif kind.endswith(("/drawing", "/ctrlProp")) or (own and kind.endswith(_OWN_PARTS)):
                self._edit(part, _moved_own if own else _moved_foreign)
        return headers

    def _formulas(self) -> Iterator[str]:
        """Formulas that may name columns of tables; none are asked for while rows or columns come in."""
        if self.mover.shift.count > 0 or self.mover.shift.axis == "rows":
            return
        yield from (formula.text for formula in self.package.formulas if "[" in formula.text)
        names = ("definedName", "calculatedColumnFormula", "totalsRowFormula")
        for part, data in self.package.parts.items():
            if part.endswith(".xml") and any(name.encode() in data for name in names):
                markup = Markup(data)
                yield from (markup.text(element) for element in markup.root.iter(*names))

    def _drop_calculation_chain(self) -> None:
        workbook = self.package.workbook_part
        chain = self.package.related(workbook, "calcChain")
        if chain is None:
            return
        folder, _, name = workbook.rpartition("/")
        places = ("[Content_Types].xml", f"{folder}/_rels/{name}.rels".lstrip("/"))
        for place in places:
            markup = Markup(self.package.parts[place])
            for element in markup.root.children:
                if element.get("PartName") == f"/{chain}" or (element.get("Type") or "").endswith(
                    "/calcChain"
                ):
                    markup.remove(element)
            self._changed[place] = markup.result()
        self._changed[chain] = None


_OWN_PARTS = ("/comments", "/threadedComment", "/tableSingleCells", "/namedSheetView")


def _moved_own(markup: Markup, mover: FormulaMover) -> None:
    """A part of the sheet that changes: notes, filters of its own views, a drawing, a control."""
    if markup.root.name in ("wsDr", "formControlPr"):
        move_drawing_anchors(markup, mover.shift)
        _move_formulas(markup, mover, own=True)
    else:
        SheetMarkup(markup, mover, own=True).move()


def _moved_foreign(markup: Markup, mover: FormulaMover) -> None:
    _move_formulas(markup, mover, own=False)


def _move_formulas(markup: Markup, mover: FormulaMover, *, own: bool) -> None:
    sheet = SheetMarkup(markup, mover, own=own)
    for element in markup.root.iter("sp", "cameraTool", "formControlPr"):
        sheet.move_formulas(element)


def _moved_chart(markup: Markup, mover: FormulaMover) -> None:
    """The references of a chart's series; the values that it keeps stay."""
    for element in markup.root.iter("f", "sqref"):
        if not element.children:
            markup.set_text(element, mover.text(markup.text(element), own=False))


def _move_parameters(markup: Markup, mover: FormulaMover) -> None:
    for parameter in markup.root.iter("parameter"):
        cell = parameter.get("cell")
        if cell:
            markup.set(parameter, "cell", mover.text(cell, own=False))
