"""The cells of a worksheet's XML: what they say, and where they stand once somebody asks.

Most sheets are written as spreadsheet programs write them. There what all cells say is read in one pass of a
regular expression; the places of a cell's pieces are looked for when that cell is to be edited.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, overload

from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.contents import CellContent, content_of, text_of, unescaped
from xlwings_addin.xlsx.scanning import Row, RowPlaces, Scanner, SheetCell, Span, check

SHEETS_KEPT, LARGEST_KEPT = 64, 1_000_000
"""So many sheets, of so many bytes at most, are remembered as they were read."""


class SheetCells(Sequence[SheetCell]):
    """The cells of a sheet, in the order of the file."""

    def __init__(self, data: bytes, cells: list[SheetCell]) -> None:
        self.data = data
        self._cells = cells

    @cached_property
    def contents(self) -> list[CellContent]:
        """What the cells say, in the same order."""
        return [content_of(self.data, cell) for cell in self._cells]

    @cached_property
    def worked_out(self) -> dict[object, Any]:
        """Room for what other modules have made of these cells, which never change."""
        return {}

    @property
    def starts(self) -> Sequence[int]:
        """The first bytes of the cells, in the same order."""
        return [cell.tag.start for cell in self._cells]

    def at(self, address: str) -> SheetCell | None:
        """The cell of an address; None if the sheet's XML has none."""
        index = self._indices.get(address)
        return None if index is None else self[index]

    def __contains__(self, address: object) -> bool:
        """Whether the sheet's XML has a cell of an address."""
        return address in self._indices

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {content.address: index for index, content in enumerate(self.contents)}

    def row_places(self, numbers: Collection[int]) -> RowPlaces:
        """Where rows stand, and the cells of those with certain numbers."""
        return Scanner(self.data).places

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> SheetCell: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SheetCell]: ...
    def __getitem__(self, index: int | slice) -> SheetCell | Sequence[SheetCell]:
        return self._cells[index]


class PlainCells(SheetCells):
    """The cells of a plainly written sheet; `starts` are their first bytes."""

    def __init__(self, data: bytes, contents: list[CellContent], starts: list[int]) -> None:
        self.data = data
        self.contents = contents
        self._starts = starts

    @property
    def starts(self) -> Sequence[int]:
        return self._starts

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> SheetCell: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SheetCell]: ...
    def __getitem__(self, index: int | slice) -> SheetCell | Sequence[SheetCell]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self._placed(self.contents[index], self._starts[index])

    def __iter__(self) -> Iterator[SheetCell]:
        return map(self._placed, self.contents, self._starts)

    def row_places(self, numbers: Collection[int]) -> RowPlaces:
        inner = _ROWS.search(self.data)
        assert inner is not None
        rows: dict[int, Row] = {}
        number = 0
        for tag in _ROW.finditer(self.data, *inner.span(1)):
            written = _ROW_NUMBER.match(tag[0].decode("latin-1"))
            number = number + 1 if written is None else int(written[1])
            empty = tag[1] == b"/"
            end = tag.end() if empty else self.data.index(b"</row>", tag.end()) + len(b"</row>")
            row = rows[number] = Row(Span(*tag.span()), empty, end)
            if number in numbers:
                cells = _CELL.finditer(self.data, tag.end(), end)
                row.cell_ends.update((split_address(cell[1].decode())[1], cell.end()) for cell in cells)
        return RowPlaces(b"", inner.start(1), rows)

    def _placed(self, content: CellContent, start: int) -> SheetCell:
        cell = _PLACES.match(self.data, start)
        if cell is None:
            raise AssertionError(f"cell {content.address} does not stand where it was read")
        whole, empty, opened, formula, value, inline = cell.regs
        is_empty = empty[0] >= 0
        return SheetCell(
            content.address,
            content.type,
            Span(whole[0], empty[1] if is_empty else opened[1]),
            is_empty,
            False,
            Span(*formula) if formula[0] >= 0 else None,
            Span(*value) if value[0] >= 0 else None,
            Span(*inline) if inline[0] >= 0 else None,
            content.formula_type,
            content.area,
            content.shared,
        )


def scan(data: bytes) -> SheetCells:
    """Every cell of a worksheet's XML, in the order of the file.

    Prefixes, comments, CDATA, self-closing tags and cells without an address are all understood.
    Raises UnreadableError for XML that is not well-formed, not UTF-8, or declares a document type.
    """
    return _scanned(data) if len(data) > LARGEST_KEPT else _kept(data)


def _scanned(data: bytes) -> SheetCells:
    check(data)
    plain = _scan_plain(data)
    return SheetCells(data, Scanner(data).cells) if plain is None else plain


_kept = lru_cache(maxsize=SHEETS_KEPT)(_scanned)
"""Most sheets of a workbook stay as they are while others are written: those that were read are read once."""


_ROWS = re.compile(rb"<sheetData>(.*)</sheetData>", re.DOTALL)
_PIECE = re.compile(
    r"""((?: <c\ r="([A-Z]+)([0-9]+)" (?:\ s="[0-9]+")? (?:\ t="([A-Za-z]+)")? \ ?
           (?: /> | >
               (?: (<f(?:\ [^<>]*)?) (?: /> | > ([^<]*) </f> ) )?
               (?: (<v) (?: /> | > ([^<]*) </v> ) )?
               (?: (<is>)<t(?:\ xml:space="preserve")?>([^<]*)</t></is> )?
               </c> )
         | <row\b[^<]*> | </row> ) \s*)                                   # between cells
    """,
    re.VERBOSE,
)
"""A piece of a plain sheet; its groups are the whole, the column, the row, the type, the tag and the text of
`<f>`, of `<v>` and of `<is>`."""
_PLACES = re.compile(
    rb"""<c\ [^<>]*? (?: (/>) | (>)
         ( <f(?:\ [^<>]*)?/> | <f\b[^<]*</f> )?
         ( <v/> | <v>[^<]*</v> )?
         ( <is>.*?</is> )?
         </c> )""",
    re.VERBOSE | re.DOTALL,
)
_ROW = re.compile(rb"<row\b[^<>]*?(/?)>")
_CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"[^<>]*?(?:/>|>.*?</c>)', re.DOTALL)
_ROW_NUMBER = re.compile(r'<row\b[^>]*?\br="([^"]*)"')
_ATTRIBUTE = re.compile(r'\b(t|ref|si)="([^"]*)"')
_content = partial(tuple.__new__, CellContent)
"""What a cell says from its fields, twice as fast as `CellContent(*fields)`: there is one for every cell."""


def _scan_plain(data: bytes) -> PlainCells | None:
    """`scan` for the layout that spreadsheet programs write, ten times faster; None for any other layout.

    The rows must be an unbroken chain of the pieces above, so nothing can stand between them unseen. They are
    read as Latin-1, where a character is a byte; texts with others are decoded one by one.
    """
    rows = _ROWS.search(data)
    if rows is None or b"<!" in data or data.count(b"<?") > 1:
        return None
    contents: list[CellContent] = []
    starts: list[int] = []
    at, row = rows.start(1), None
    for whole, column, number, kind, tag, text, value, stored, inline, string in _PIECE.findall(
        rows[1].decode("latin-1")
    ):
        if column:
            if row is not None and number != row:
                return None
            starts.append(at)
            shared = area = formula_type = ""
            if tag:
                formula_type = "normal"
                text = text_of(text)
                if tag != "<f":
                    formula_type, area, shared = _attributes(tag)
            contents.append(
                _content(
                    (
                        column + number,
                        kind or "n",
                        text if tag else None,
                        (text_of(stored) if kind else stored) if value else None,
                        unescaped(text_of(string)) if inline else None,
                        formula_type,
                        area,
                        shared,
                        False,
                    )
                )
            )
        elif (numbered := _ROW_NUMBER.match(whole)) is not None:
            row = numbered[1]
        at += len(whole)
    return PlainCells(data, contents, starts) if at == rows.end(1) else None


@lru_cache(maxsize=1024)
def _attributes(tag: str) -> tuple[str, str, str]:
    """Type, area and index that the tag of a formula names beside the formula."""
    attributes = dict(_ATTRIBUTE.findall(tag))
    return attributes.get("t", "normal"), attributes.get("ref", ""), attributes.get("si", "")
