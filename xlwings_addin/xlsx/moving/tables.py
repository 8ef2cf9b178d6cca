"""Tables of a sheet: their area, filter, columns and the formulas that belong to a column.

A column inserted inside a table becomes a column of it, named Column1, Column2, ..., as Excel names it.

Source: ECMA-376 Part 1, 18.5.1.2 (`table`), 18.5.1.3 (`tableColumn`); Microsoft, Resize a table.
"""

from __future__ import annotations

from collections.abc import Iterable

from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.moving.filters import move_filter
from xlwings_addin.xlsx.moving.formulas import FormulaMover
from xlwings_addin.xlsx.moving.markup import Element, Markup, name_of
from xlwings_addin.xlsx.moving.references import Reference, parse
from xlwings_addin.xlsx.moving.shift import Shift, UnmovableError


class Table:
    """One table. `own` says whether it lies on the sheet that changes."""

    def __init__(self, data: bytes, mover: FormulaMover, *, own: bool) -> None:
        self.markup, self.mover, self.own = Markup(data), mover, own
        self.shift: Shift = mover.shift
        self.root = self.markup.root
        self.name = self.root.get("displayName") or self.root.get("name") or ""
        self.headers: dict[str, str] = {}
        """New cells of the header row with the names of new columns."""

    def move(self, formulas: Iterable[str]) -> bytes:
        """The table after the shift. `formulas` are the workbook's: they may name a deleted column."""
        area = parse(self.root.attributes["ref"])
        if self.own and area is not None:
            self._move_area(area, formulas)
        for element in self.root.iter("calculatedColumnFormula", "totalsRowFormula"):
            if not self._is_in_removed(element):
                text = self.markup.text(element)
                self.markup.set_text(element, self.mover.text(text, own=self.own, offset=self._offset(area)))
        return self.markup.result(("tableColumns", "sortState"))

    def _is_in_removed(self, element: Element) -> bool:
        return element.parent is not None and self.markup.is_removed(element.parent)

    def _offset(self, area: Reference | None) -> tuple[int, int]:
        """How far the first row of data that is left lies from the first: formulas are written for it."""
        if not self.own or area is None or self.shift.axis == "columns" or self.shift.count > 0:
            return 0, 0
        first = area.ends("rows")[0] + self._rows("headerRowCount", 1)
        return (self.shift.behind - first if self.shift.index(first) is None else 0), 0

    def _rows(self, name: str, default: int) -> int:
        return int(self.root.get(name) or default)

    def _move_area(self, area: Reference, formulas: Iterable[str]) -> None:
        new = area.moved(self.shift)
        if new is None:
            raise UnmovableError(f"would delete the table {self.name}")
        if self.shift.axis == "rows":
            self._check_rows(area)
        else:
            self._move_columns(area, new, formulas)
        for element in self.root.children:
            if element.name in ("autoFilter", "sortState"):
                move_filter(self.markup, element, self.shift)
        self.markup.set(self.root, "ref", str(new))

    def _check_rows(self, area: Reference) -> None:
        """A table keeps its headers, its totals and one row between them."""
        first, last = area.ends("rows")
        headers, totals = self._rows("headerRowCount", 1), self._rows("totalsRowCount", 0)
        ends = {**dict.fromkeys(range(first, first + headers), "headers")}
        ends |= dict.fromkeys(range(last - totals + 1, last + 1), "totals")
        for row, kind in ends.items():
            if self.shift.index(row) is None:
                raise UnmovableError(f"would delete the {kind} of the table {self.name}")
        if self.shift.span(first + headers, last - totals) is None:
            raise UnmovableError(f"would delete all data of the table {self.name}")

    # --- columns --------------------------------------------------------------------------------------

    def _move_columns(self, area: Reference, new: Reference, formulas: Iterable[str]) -> None:
        listing = self.root.find("tableColumns")
        first, last = area.ends("columns")
        changes = (
            self.shift.cuts(first, last) or new.ends("columns")[1] - new.ends("columns")[0] != last - first
        )
        if listing is None or not changes:
            return
        if self.root.get("tableType") in ("queryTable", "xml"):
            raise UnmovableError(f"would change the columns of the table {self.name}, which a query fills")
        if self.shift.count > 0:
            self._add_columns(listing, first, area.ends("rows")[0])
        else:
            self._remove_columns(listing, first, formulas)

    def _add_columns(self, listing: Element, first: int, row: int) -> None:
        columns = listing.children
        taken = {column.attributes["name"].casefold() for column in columns}
        highest = max(int(column.attributes["id"]) for column in columns)
        tag = name_of(self.markup.data[columns[0].start : columns[0].inner])
        new = b""
        for place in range(self.shift.count):
            number = next(n for n in range(1, len(taken) + 2) if f"column{n}" not in taken)
            taken.add(f"column{number}")
            new += b'<%b id="%d" name="Column%d"/>' % (tag, highest + 1 + place, number)
            if self._rows("headerRowCount", 1):
                self.headers[join_address(row, self.shift.at + place)] = f"Column{number}"
        self.markup.insert(columns[self.shift.at - first].start, new)
        self.markup.set(listing, "count", str(len(columns) + self.shift.count))

    def _remove_columns(self, listing: Element, first: int, formulas: Iterable[str]) -> None:
        gone = [
            column
            for number, column in enumerate(listing.children, first)
            if self.shift.index(number) is None
        ]
        for column in gone:
            self.markup.remove(column)
        names = [column.attributes["name"] for column in gone]
        for formula in formulas:
            text = formula.casefold()
            for name in names:
                if "[" in text and name.casefold() in text:
                    place = f"the column {name} of the table {self.name}"
                    raise UnmovableError(f"would delete {place}, which {formula[:80]} names")
