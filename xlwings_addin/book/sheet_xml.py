"""The XML of one worksheet, read and edited in place: where its cells stand, what they hold, what changes.

`scan` finds every `<c>` with the byte offsets of its tag, formula and value; `value_edits` and `freeze_edits`
say which bytes change; `apply` makes the edits and copies everything between them.

Source: ECMA-376 Part 1, 18.3.1.4 (`c`), 18.3.1.40 (`f`), 18.18.11 (`ST_CellType`), 22.9.2.19 (`ST_Xstring`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import NamedTuple
from xml.parsers import expat

from lxml import etree

from xlwings_addin.core.errors import BookError

CellValue = float | bool | str | None
"""What a cell holds: a number (a date is its serial number), a truth value, a text or error, nothing."""

ERROR_VALUES = frozenset(
    (
        *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"),
        *("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!"),
    )
)
"""The error values of a spreadsheet, as its cells show them."""

_MAX_TEXT = 32_767
SHEET_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)


class Text(str):
    """A text that reads like an error value and is none: the result of `="#N/A"`.

    >>> Text("#N/A") == "#N/A", is_error("#N/A"), is_error(Text("#N/A"))
    (True, True, False)
    """

    __slots__ = ()


def is_error(value: object) -> bool:
    """Whether a cell value is one of the spreadsheet's error values.

    >>> is_error("#DIV/0!"), is_error("#1 in China"), is_error(0.0)
    (True, False, False)
    """
    return isinstance(value, str) and not isinstance(value, Text) and value in ERROR_VALUES


def text_value(text: str) -> str:
    """A text as a cell value, told apart from the error value it may read like."""
    return Text(text) if text in ERROR_VALUES else text


# --- addresses ----------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]*)")


def split_address(cell: str) -> tuple[int, int]:
    """Row and column, both from 1, of an address such as `AB12`.

    >>> split_address("AB12"), split_address("$C$3")
    ((12, 28), (3, 3))
    >>> split_address("12AB")
    Traceback (most recent call last):
        ...
    xlwings_addin.core.errors.BookError: cell '12AB' must be an address such as B7
    """
    match = _ADDRESS.fullmatch(cell)
    if match is None:
        raise BookError("cell", cell, "must be an address such as B7")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def join_address(row: int, column: int) -> str:
    """The address of a row and a column, both from 1.

    >>> join_address(12, 28)
    'AB12'
    """
    return f"{column_letters(column)}{row}"


@cache
def column_letters(column: int) -> str:
    """The letters of a column, from 1.

    >>> column_letters(1), column_letters(16_384)
    ('A', 'XFD')
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def cells_in(area: str) -> Iterator[str]:
    """The addresses inside an area, row by row.

    >>> list(cells_in("B2:C3")), list(cells_in("A1"))
    (['B2', 'C2', 'B3', 'C3'], ['A1'])
    """
    first, _, last = area.partition(":")
    top, left = split_address(first)
    bottom, right = split_address(last or first)
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            yield join_address(row, column)


# --- finding the cells --------------------------------------------------------------------------------


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


def scan(data: bytes) -> list[SheetCell]:
    """Every cell of a worksheet's XML, in the order of the file.

    Prefixes, comments, CDATA, self-closing tags and cells without an address are all understood.
    Raises UnreadableError for XML that is not well-formed, not UTF-8, or declares a document type.
    """
    _check(data)
    cells = _scan_plain(data)
    return _Scanner(data).cells if cells is None else cells


def _check(data: bytes) -> None:
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


_PLAIN_SHEET = re.compile(rb"<sheetData>(.*)</sheetData>", re.DOTALL)
_PLAIN = re.compile(
    rb"""(?: <row\b[^<]*> | </row>                                        # between cells
         | <c\ r="([A-Z]+[0-9]+)" (?:\ s="[0-9]+")? (?:\ t="([A-Za-z]+)")? \ ?
           (?: (/>) | (>)
               ( <f(?:\ [^<]*?)?/> | <f\b[^<]*</f> )?
               ( <v/> | <v>[^<]*</v> )?
               ( <is><t(?:\ xml:space="preserve")?>[^<]*</t></is> )?
               </c> )) \s*""",
    re.VERBOSE,
)
_PLAIN_ATTRIBUTE = re.compile(rb'\b(t|ref|si)="([^"]*)"')


def _scan_plain(data: bytes) -> list[SheetCell] | None:
    """`scan` for the layout that spreadsheet programs write, ten times faster; None for any other layout.

    The rows must be an unbroken chain of the pieces above, so nothing can stand between them unseen.
    """
    rows = _PLAIN_SHEET.search(data)
    if rows is None or b"<!" in data or data.count(b"<?") > 1:
        return None
    cells = []
    at = rows.start(1)
    for piece in _PLAIN.finditer(data, at, rows.end(1)):
        if piece.start() != at:
            return None
        at = piece.end()
        if piece[1] is not None:
            cells.append(_plain_cell(piece))
    return cells if at == rows.end(1) else None


def _plain_cell(piece: re.Match[bytes]) -> SheetCell:
    whole, _, _, empty, opened, formula, value, inline = piece.regs
    tag = Span(whole[0], max(empty[1], opened[1]))
    cell = SheetCell(piece[1].decode(), (piece[2] or b"n").decode(), tag, empty[0] >= 0)
    if value[0] >= 0:
        cell.value = Span(*value)
    if inline[0] >= 0:
        cell.inline = Span(*inline)
    if formula[0] >= 0:
        cell.formula = Span(*formula)
        text = piece[5]
        opening = text[: text.index(b">")]
        attributes = dict(_PLAIN_ATTRIBUTE.findall(opening)) if b"=" in opening else {}
        cell.formula_type = attributes.get(b"t", b"normal").decode()
        cell.area = attributes.get(b"ref", b"").decode()
        cell.shared = attributes.get(b"si", b"").decode()
    return cell


TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_ROWS, _ROW, _CELL, _CHILD = 2, 3, 4, 5
_NAMES = {
    f"{namespace} {local}": local
    for namespace in SHEET_NAMESPACES
    for local in ("sheetData", "row", "c", "f", "v", "is")
}


@dataclass(slots=True)
class _Row:
    """A `<row>`: where its tag stands, where it ends, and where its cells end, by column."""

    tag: Span
    empty: bool
    end: int
    cell_ends: dict[int, int] = field(default_factory=dict)


class _Scanner:
    """`scan` for any XML, by expat; an element is known by its name and its depth in the tree."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.cells: list[SheetCell] = []
        self.rows: dict[int, _Row] = {}
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
        self.parser.Parse(data, True)

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
                self.prefix = _prefix_of(self.data[self.parser.CurrentByteIndex : self.rows_start])

    def _start_row(self, attributes: list[str]) -> None:
        self._row, self._column = int(_attribute(attributes, "r") or self._row + 1), 0
        tag = self._tag()
        self.rows[self._row] = _Row(tag, self._closes_itself(tag), tag.end)

    def _start_cell(self, attributes: list[str]) -> None:
        address = _attribute(attributes, "r") or join_address(self._row, self._column + 1)
        self._row, self._column = split_address(address)
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


# --- reading a cell -----------------------------------------------------------------------------------


def stored_value(data: bytes, cell: SheetCell, strings: list[str]) -> CellValue:
    """The value in a cell; `strings` are the workbook's shared strings."""
    if cell.type == "inlineStr":
        return None if cell.inline is None else text_value(_inline(data, cell.inline))
    if cell.value is None:
        return None
    text = _content(data, cell.value)
    if cell.type == "s":
        return text_value(strings[int(text)])
    if cell.type in ("str", "d"):
        return text_value(_unescaped(text))
    if cell.type == "b":
        return text.strip() in ("1", "true")
    if cell.type == "e" or not text.strip():
        return text or None
    try:
        return float(text)
    except ValueError:
        raise BookError("cell", cell.address, f"holds {text[:40]!r} where a number belongs") from None


def string_of(item: etree._Element) -> str:
    """The text of a plain or rich string; phonetic runs (`rPh`) are a reading aid and no part of it."""
    texts = [*item.iterchildren("{*}t"), *(text for run in item.iterchildren("{*}r") for text in run)]
    return _unescaped("".join(text.text or "" for text in texts if etree.QName(text).localname == "t"))


def formula_text(data: bytes, cell: SheetCell) -> str:
    """The formula in a cell's `<f>`, without the equals sign; empty for the followers of a shared formula."""
    return "" if cell.formula is None else _content(data, cell.formula)


_PREFIX = re.compile(rb"<([^\s/>:]+):")
_PLAIN_TEXT = re.compile(rb"<[a-z]+>([^<&\r]*(?:&[a-z]+;[^<&\r]*)*)</[a-z]+>")
_PLAIN_INLINE = re.compile(rb'<is><t(?: xml:space="preserve")?>([^<&\r]*(?:&[a-z]+;[^<&\r]*)*)</t></is>')
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _content(data: bytes, span: Span) -> str:
    """The text of an element without children."""
    match = _PLAIN_TEXT.fullmatch(data, *span)
    return _element(data, span).text or "" if match is None else _decoded(match[1])


def _inline(data: bytes, span: Span) -> str:
    """The text of an inline string."""
    match = _PLAIN_INLINE.fullmatch(data, *span)
    return string_of(_element(data, span)) if match is None else _unescaped(_decoded(match[1]))


def _decoded(content: bytes) -> str:
    text = content.decode()
    if "&" in text:
        for entity, plain in _ENTITIES:
            text = text.replace(entity, plain)
    return text


def _element(data: bytes, span: Span) -> etree._Element:
    """An element cut out of its part; its prefix is bound again, so that it can be parsed on its own."""
    xml = data[span.start : span.end]
    match = _PREFIX.match(xml)
    scope = b"xmlns" if match is None else b"xmlns:" + match[1]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.fromstring(b'<cell %b="%b">%b</cell>' % (scope, SHEET_NAMESPACES[0].encode(), xml), parser)[
        0
    ]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


# --- changing a cell ----------------------------------------------------------------------------------


class Edit(NamedTuple):
    """The bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with all edits made; between the edits nothing changes.

    >>> apply(b"value 1 here", [Edit(6, 7, b"22")])
    b'value 22 here'
    """
    pieces, at = [], 0
    for edit in sorted(edits):
        pieces += [data[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*pieces, data[at:]])


def value_edits(data: bytes, cell: SheetCell, value: CellValue, *, place: str) -> Iterator[Edit]:
    """The edits that store `value` in a cell; its formula stays, an inline string goes.

    `place` names the cell in the message of the BookError for a value that no cell can hold.
    """
    cell_type, text = _encoded(value, place)
    tag = data[cell.tag.start : cell.tag.end]
    prefix = _prefix_of(tag)
    new_tag = _with_type(tag, cell_type)
    new_value = b"" if text is None else b"<%bv>%b</%bv>" % (prefix, text, prefix)
    if cell.empty and new_value:
        new_tag = b"%b>%b</%bc>" % (new_tag[:-2].rstrip(), new_value, prefix)
    yield Edit(*cell.tag, new_tag)
    if cell.empty:
        return
    after = cell.formula or cell.tag
    yield Edit(*(cell.value or Span(after.end, after.end)), new_value)
    if cell.inline is not None:
        yield Edit(*cell.inline, b"")


def new_cell_edits(data: bytes, values: Mapping[str, CellValue], *, sheet: str) -> Iterator[Edit]:
    """The edits that add cells to a sheet: members of an array formula for which its file has no `<c>`."""
    scanner = _Scanner(data)
    added: dict[int, bytes] = {}
    by_row = groupby(sorted(values, key=split_address), key=lambda address: split_address(address)[0])
    for number, addresses in by_row:
        cells = {address: _new_cell(scanner.prefix, address, values[address], sheet) for address in addresses}
        row = scanner.rows.get(number)
        if row is not None and not row.empty:
            for address, cell in cells.items():
                at = _last_before(split_address(address)[1], row.cell_ends, row.tag.end)
                added[at] = added.get(at, b"") + cell
            continue
        tag = b'<%brow r="%d"/>' % (scanner.prefix, number) if row is None else data[slice(*row.tag)]
        whole = b"%b>%b</%brow>" % (tag[:-2].rstrip(), b"".join(cells.values()), scanner.prefix)
        if row is None:
            at = _last_before(
                number, {other: row.end for other, row in scanner.rows.items()}, scanner.rows_start
            )
            added[at] = added.get(at, b"") + whole
        else:
            yield Edit(*row.tag, whole)
    for at, new in added.items():
        yield Edit(at, at, new)


def _new_cell(prefix: bytes, address: str, value: CellValue, sheet: str) -> bytes:
    tag = b'<%bc r="%b"/>' % (prefix, address.encode())
    cell = SheetCell(address, "n", Span(0, len(tag)), empty=True)
    return apply(tag, value_edits(tag, cell, value, place=f"{sheet}!{address}"))


def _last_before(number: int, ends: Mapping[int, int], otherwise: int) -> int:
    return max((end for other, end in ends.items() if other < number), default=otherwise)


def freeze_edits(data: bytes, cells: Iterable[SheetCell], frozen: Collection[str]) -> Iterator[Edit]:
    """The edits that take the formulas out of the `frozen` addresses and leave their values.

    Where the cell that carries the text of a shared formula is frozen and others still follow it, the first
    of those carries the text from then on.
    """
    orphans: dict[str, SheetCell] = {}
    for cell in cells:
        if cell.formula is None:
            continue
        if cell.address in frozen:
            yield Edit(*cell.formula, b"")
            yield Edit(*cell.tag, _without(data[cell.tag.start : cell.tag.end], b"cm"))
            if cell.formula_type == "shared" and formula_text(data, cell):
                orphans[cell.shared] = cell
        elif cell.formula_type == "shared" and cell.shared in orphans:
            yield _adopted(data, cell, orphans.pop(cell.shared))


def _adopted(data: bytes, cell: SheetCell, master: SheetCell) -> Edit:
    """A follower of a shared formula becomes its master, the formula moved to the follower's place."""
    from openpyxl.formula.translate import Translator

    if cell.formula is None:
        raise UnreadableError(f"cell {cell.address} holds no formula")
    moved = Translator("=" + formula_text(data, master), origin=master.address)
    text = _escaped(moved.translate_formula(cell.address).removeprefix("="))
    prefix = _prefix_of(data[cell.formula.start : cell.formula.end])
    head = b'<%bf t="shared" ref="%b" si="%b">' % (prefix, master.area.encode(), cell.shared.encode())
    return Edit(*cell.formula, head + text + b"</%bf>" % prefix)


_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")


def _prefix_of(tag: bytes) -> bytes:
    match = _PREFIX.match(tag)
    return b"" if match is None else match[1] + b":"


def _with_type(tag: bytes, cell_type: bytes) -> bytes:
    """A `<c>` tag with another `t`, in its old place; without `vm`, which described the old value."""
    tag = _without(tag, b"vm")
    if not cell_type:
        return _without(tag, b"t")
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute[1] == b"t":
            return tag[: attribute.start(2) + 1] + cell_type + tag[attribute.end(2) - 1 :]
    end = max((attribute.end() for attribute in _ATTRIBUTE.finditer(tag)), default=len(_name_of(tag)))
    return tag[:end] + b' t="%b"' % cell_type + tag[end:]


def _without(tag: bytes, name: bytes) -> bytes:
    if name not in tag:
        return tag
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute[1] == name:
            return tag[: attribute.start()] + tag[attribute.end() :]
    return tag


def _name_of(tag: bytes) -> bytes:
    return re.split(rb"[\s/>]", tag, maxsplit=1)[0]


# --- values as XML ------------------------------------------------------------------------------------

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _encoded(value: object, place: str) -> tuple[bytes, bytes | None]:
    """The attribute `t` (none for a number) and the content of `<v>` for a value."""
    if value is None:
        return b"", None
    if isinstance(value, bool):
        return b"b", b"1" if value else b"0"
    if isinstance(value, str):
        return (b"e" if is_error(value) else b"str"), _encoded_text(value, place)
    if isinstance(value, (int, float)):
        return b"", _encoded_number(float(value), place)
    rule = f"for {place} must be a number, a bool, a text or None, not a {type(value).__name__}"
    raise BookError("value", value, rule)


def _encoded_number(value: float, place: str) -> bytes:
    """The shortest number that reads back as `value`; a spreadsheet knows no negative zero."""
    if not math.isfinite(value):
        raise BookError("value", value, f"for {place} must be a finite number")
    return b"0" if value == 0 else float.__repr__(value).removesuffix(".0").encode()


def _encoded_text(text: str, place: str) -> bytes:
    if len(text) > _MAX_TEXT:
        rule = f"for {place} must be at most {_MAX_TEXT:,} characters long, not {len(text):,}"
        raise BookError("value", text, rule, shown=f"{text[:20]!r}...")
    if _NOT_XML.search(text):
        raise BookError("value", text, f"for {place} must not contain characters that XML cannot carry")
    return _escaped(_ESCAPED.sub(r"_x005F\g<0>", text) if "_x" in text else text)


def _escaped(text: str) -> bytes:
    """Text as XML content; a carriage return would read back as a line feed."""
    for plain, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        text = text.replace(plain, escape)
    return text.encode()
