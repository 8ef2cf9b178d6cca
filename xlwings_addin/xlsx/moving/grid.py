"""The rows of a sheet and the columns that its cells stand in: what moves, what goes.

Source: ECMA-376 Part 1, 18.3.1.73 (`row`: `r`, `spans`), 18.3.1.4 (`c`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.edits import Edit
from xlwings_addin.xlsx.moving.markup import Markup, attribute_edit, attributes_of
from xlwings_addin.xlsx.moving.shift import Shift, UnmovableError
from xlwings_addin.xlsx.scanning import SheetCell, Span

_ROWS = re.compile(rb"<((?:[^\s/<>:]+:)?)sheetData\s*>(.*)</\1sheetData\s*>", re.DOTALL)
_ROW = re.compile(rb"""<(?:[^\s/<>:]+:)?row(?=[\s/>])(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_ROW_END = re.compile(rb"</(?:[^\s/<>:]+:)?row\s*>")
_CELL_END = re.compile(rb"</(?:[^\s/<>:]+:)?c\s*>")


class Address(NamedTuple):
    """Row and column of a cell."""

    row: int
    column: int

    def goes(self, shift: Shift, *, blank: bool) -> bool:
        """Whether the cell is deleted, or blank and pushed off the sheet."""
        number = self.row if shift.axis == "rows" else self.column
        if blank and number >= shift.behind and number + shift.by(number) > shift.limit:
            return True
        return shift.index(number) is None

    def moved(self, shift: Shift) -> Address:
        """Where a cell that stays stands after the shift."""
        number = shift.index(self.row if shift.axis == "rows" else self.column)
        if number is None:
            raise UnmovableError(f"would delete {self}")
        return Address(number, self.column) if shift.axis == "rows" else Address(self.row, number)

    def __str__(self) -> str:
        return join_address(*self)


class Row(NamedTuple):
    """A `<row>`: its number, its opening tag and where it ends."""

    number: int
    tag: Span
    end: int


def rows_of(data: bytes) -> Span | None:
    """The bytes between `<sheetData>` and its end, if no comment or CDATA can hide a tag in them."""
    if b"<!" in data or data.count(b"<?") > 1:
        return None
    match = _ROWS.search(data)
    return None if match is None else Span(*match.span(2))


class Grid:
    """The rows and cells of a sheet, with the ends of both."""

    def __init__(self, markup: Markup, inner: Span | None) -> None:
        self.data = markup.data
        self._ends: dict[int, int] | None = None
        if inner is None:
            elements = list(markup.root.iter("row", "c"))
            self._ends = {element.start: element.end for element in elements}
            tags = [Span(element.start, element.inner) for element in elements if element.name == "row"]
        else:
            tags = [Span(*match.span()) for match in _ROW.finditer(self.data, *inner)]
        self.rows = list(self._numbered(tags))

    def _numbered(self, tags: Sequence[Span]) -> Iterator[Row]:
        number = 0
        for tag in tags:
            written = attributes_of(self.data[slice(*tag)]).get(b"r")
            number = int(written) if written else number + 1
            yield Row(number, tag, self._end(tag, _ROW_END))

    def _end(self, tag: Span, closing: re.Pattern[bytes]) -> int:
        if self._ends is not None:
            return self._ends[tag.start]
        if self.data[tag.end - 2] == ord("/"):
            return tag.end
        match = closing.search(self.data, tag.end)
        return tag.end if match is None else match.end()

    def edits(self, shift: Shift, cells: Sequence[SheetCell]) -> Iterator[Edit]:
        """Rows get their new numbers or go; with columns, deleted cells go and spans follow.

        Rows and cells that hold nothing but a format go when they are pushed off the sheet.
        """
        if shift.axis == "rows":
            full = {split_address(cell.address)[0] for cell in cells if not cell.empty}
            for row in self.rows:
                yield from self._row_edits(shift, row, row.number in full)
            return
        for row in self.rows:
            yield from self._span_edits(shift, row)
        for cell in cells:
            if Address(*split_address(cell.address)).goes(shift, blank=cell.empty):
                yield Edit(cell.tag.start, self._end(cell.tag, _CELL_END), b"")

    def _row_edits(self, shift: Shift, row: Row, is_full: bool) -> Iterator[Edit]:
        tag = self.data[slice(*row.tag)]
        if Address(row.number, 1).goes(shift, blank=not is_full):
            yield Edit(row.tag.start, row.end, b"")
            return
        number = shift.index(row.number)
        if number != row.number or b" r=" not in tag:
            yield attribute_edit(row.tag.start, tag, b"r", str(number))

    def _span_edits(self, shift: Shift, row: Row) -> Iterator[Edit]:
        tag = self.data[slice(*row.tag)]
        written = attributes_of(tag).get(b"spans")
        if not written:
            return
        spans = [[int(end) for end in span.split(":")] for span in written.split()]
        new = [shift.span(first, last) for first, last in spans]
        text = " ".join(f"{span[0]}:{span[1]}" for span in new if span is not None) or "1:1"
        if text != written:
            yield attribute_edit(row.tag.start, tag, b"spans", text)
