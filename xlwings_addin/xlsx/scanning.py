"""Where the cells of a worksheet's XML stand: the byte offsets of each `<c>`, its formula and value.

Source: ECMA-376 Part 1, 18.3.1.4 (`c`), 18.3.1.40 (`f`), 18.18.11 (`ST_CellType`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from xlwings_addin.xlsx.addresses import LAST_ROW, join_address, split_address

SHEET_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)


class Span(NamedTuple):
    """Where an element stands in the bytes of its part: from its `<` to behind its last `>`."""

    start: int
    end: int


@dataclass(slots=True)
class SheetCell:
    """A `<c>` element: its address and type, and where its tag and children stand.

    `empty` says that the tag closes itself, `dynamic` that the formula may fill a changing number of cells.
    The last three are the attributes `t`, `ref` and `si` of `<f>`.
    """

    address: str
    type: str
    tag: Span
    empty: bool
    dynamic: bool = False
    formula: Span | None = None
    value: Span | None = None
    inline: Span | None = None
    formula_type: str = ""
    area: str = ""
    shared: str = ""


class UnreadableError(Exception):
    """XML that may be well-formed and still must not be edited here; the message says what it is or does."""


def check(data: bytes) -> None:
    """Raise UnreadableError for XML that is not well-formed, not UTF-8, or declares a document type."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise UnreadableError("its encoding is UTF-16, and only UTF-8 can be edited in place")
    parser = expat.ParserCreate()
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnreadableError(f"it is not well-formed XML, {error}") from error


def _check_encoding(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
        raise UnreadableError(f"its encoding is {encoding}, and only UTF-8 can be edited in place")


def _refuse_document_type(*declaration: object) -> None:
    raise UnreadableError("it declares a document type")


TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_ROWS, _ROW, _CELL, _CHILD = 2, 3, 4, 5
_NAMES = {
    f"{namespace} {local}": local
    for namespace in SHEET_NAMESPACES
    for local in ("sheetData", "row", "c", "f", "v", "is")
}


@dataclass(slots=True)
class Row:
    """A `<row>`: where its tag stands, where it ends, and where its cells end, by column."""

    tag: Span
    empty: bool
    end: int
    cell_ends: dict[int, int] = field(default_factory=dict)


class RowPlaces(NamedTuple):
    """Where the rows of a sheet stand, for cells that come in; `prefix` is that of its elements."""

    prefix: bytes
    rows_start: int
    rows: Mapping[int, Row]


class Scanner:
    """The cells of any worksheet's XML, by expat; names and depths tell elements apart."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.cells: list[SheetCell] = []
        self.rows: dict[int, Row] = {}
        self.rows_start = 0
        self.prefix = b""
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._depth = self._row = self._column = 0
        self._in_rows = False
        self._cell: SheetCell | None = None
        self._child = Span(0, 0)
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            raise UnreadableError(f"it is not well-formed XML, {error}") from error

    @property
    def places(self) -> RowPlaces:
        return RowPlaces(self.prefix, self.rows_start, self.rows)

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth = depth = self._depth + 1
        local = _NAMES.get(name)
        if depth == _CHILD and self._cell is not None:
            self._start_child(self._cell, local, attributes)
        elif depth == _CELL and self._in_rows and local == "c":
            self._start_cell(attributes)
        elif depth == _ROW and self._in_rows and local == "row":
            self._start_row(attributes)
        elif depth == _ROWS:
            self._in_rows = local == "sheetData"
            if self._in_rows:
                self.rows_start = self._tag().end
                self.prefix = prefix_of(self.data[self.parser.CurrentByteIndex : self.rows_start])

    def _start_row(self, attributes: list[str]) -> None:
        number = _attribute(attributes, "r") or str(self._row + 1)
        if not (number.isdecimal() and 0 < int(number) <= LAST_ROW):
            raise UnreadableError(f"it has a row numbered {number[:20]!r}")
        self._row, self._column = int(number), 0
        tag = self._tag()
        self.rows[self._row] = Row(tag, self._closes_itself(tag), tag.end)

    def _start_cell(self, attributes: list[str]) -> None:
        address = _attribute(attributes, "r") or join_address(self._row, self._column + 1)
        row, self._column = split_address(address)
        if row != self._row:
            raise UnreadableError(f"its cell {address} stands in row {self._row}")
        tag = self._tag()
        self._cell = SheetCell(address, _attribute(attributes, "t") or "n", tag, self._closes_itself(tag))
        self._cell.dynamic = _attribute(attributes, "cm") is not None
        self.cells.append(self._cell)

    def _start_child(self, cell: SheetCell, local: str | None, attributes: list[str]) -> None:
        self._child = self._tag()
        if local == "f":
            cell.formula_type = _attribute(attributes, "t") or "normal"
            cell.area = _attribute(attributes, "ref") or ""
            cell.shared = _attribute(attributes, "si") or ""

    def _end(self, name: str) -> None:
        if self._depth == _CHILD and self._cell is not None:
            self._end_child(self._cell, _NAMES.get(name))
        elif self._depth == _CELL and self._cell is not None:
            self.rows[self._row].cell_ends[self._column] = self._end_of(self._cell.tag)
            self._cell = None
        elif self._depth == _ROW and self._in_rows and self._row in self.rows:
            self.rows[self._row].end = self._end_of(self.rows[self._row].tag)
        self._depth -= 1

    def _end_child(self, cell: SheetCell, local: str | None) -> None:
        start, end = self._child.start, self._end_of(self._child)
        if local == "f":
            cell.formula = Span(start, end)
        elif local == "v":
            cell.value = Span(start, end)
        elif local == "is":
            cell.inline = Span(start, end)

    def _tag(self) -> Span:
        start = self.parser.CurrentByteIndex
        match = TAG.match(self.data, start)
        if match is None:
            raise UnreadableError(f"it has no tag at byte {start}")
        return Span(start, match.end())

    def _end_of(self, tag: Span) -> int:
        """Where the element that is just ending ends; `tag` is its opening tag."""
        if self._closes_itself(tag):
            return tag.end
        return self.data.index(b">", self.parser.CurrentByteIndex) + 1

    def _closes_itself(self, tag: Span) -> bool:
        return self.data[tag.end - 2] == ord("/")


def _attribute(attributes: list[str], name: str) -> str | None:
    for at in range(0, len(attributes), 2):
        if attributes[at] == name:
            return attributes[at + 1]
    return None


PREFIX = re.compile(rb"<([^\s/>:]+):")


def prefix_of(tag: bytes) -> bytes:
    match = PREFIX.match(tag)
    return b"" if match is None else match[1] + b":"
