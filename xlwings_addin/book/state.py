"""What the last build or refresh wrote, kept in the file in a part of its own, for the next refresh.

The part is a custom XML part of the workbook. Excel keeps such parts when it saves; a program that drops it
leaves a workbook of which nobody knows what was written and what was typed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from xlwings_addin.book.agreement import plain
from xlwings_addin.book.package import CellValue, Package
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.core.errors import BookError
from xlwings_addin.model.xiaomi import Results

NAMESPACE = "urn:xiaomi-model:state"
FORMAT = 1
"""Of what stands in the part; a higher one was written by a later version of this project."""
PART, PROPERTIES = "customXml/item1.xml", "customXml/itemProps1.xml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_SCHEMA = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_ITEM = "{6C1E5A1B-1810-4C1E-9D1B-000000001810}"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class State:
    """The values of inputs as written, and typed texts as numbers, by the cell's name; by whom and when."""

    version: str
    written: str
    values: Mapping[str, CellValue]
    texts: Mapping[str, int]
    format: int = FORMAT


def name_of(cell: Cell) -> str:
    """What a cell is called whatever row it stands in: sheet, line, group and position."""
    line = cell.line.key if cell.line else "heading"
    return f"{cell.sheet.key}.{line}.{cell.group}.{cell.index}"


def text_of(value: object) -> int:
    """A text, or another typed value, as a number to compare it by.

    >>> text_of("house view") == text_of("house view") != text_of("own view")
    True
    """
    return zlib.crc32(repr(plain(value)).encode())


def state_of(book: Book, results: Results, *, version: str, written: str) -> State:
    """The state of a workbook just built from `book`."""

    def values(kind: str) -> Iterable[tuple[Cell, Any]]:
        return book.all_expected([cell for cell in book.cells() if cell.entry.kind == kind], results)

    return State(
        version,
        written,
        {name_of(cell): plain(value) for cell, value in values("input")},
        {name_of(cell): text_of(value) for cell, value in values("text")},
    )


def read_state(package: Package) -> State | None:
    """The state a workbook carries, or None where it has none.

    Raises `BookError` for one that cannot be read, or that a later version of this project wrote.
    """
    part = _part_of(package)
    if part is None:
        return None
    try:
        state = State(**json.loads(package.tree(part).text or ""))
    except (ValueError, TypeError) as error:
        raise package.refusal(f"has a part {part} that is no record of a refresh: {error}") from error
    if state.format > FORMAT:
        raise package.refusal(f"was written by a later version of this project, {state.version}")
    return state


def _part_of(package: Package) -> str | None:
    marked = NAMESPACE.encode()
    for name, data in package.parts.items():
        own = name.startswith("customXml/") and name.endswith(".xml") and marked in data
        if own and etree.QName(package.tree(name)).namespace == NAMESPACE:
            return name
    return None


def parts_with_state(package: Package, state: State) -> dict[str, bytes]:
    """The parts of a package that keep `state`: the part itself and, the first time, what leads to it."""
    text = escape(json.dumps(vars(state), ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    data = f'{_XML}<state xmlns="{NAMESPACE}">{text}</state>'.encode()
    part = _part_of(package)
    if part is not None:
        return {part: data}
    if PART in package.parts:
        raise BookError("workbook", package.shown, f"has a part {PART} of its own", shown=package.shown)
    folder, _, name = package.workbook_part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    kind = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
    return {
        PART: data,
        PROPERTIES: (
            f'{_XML}<ds:datastoreItem ds:itemID="{_ITEM}" xmlns:ds="{_SCHEMA}"><ds:schemaRefs>'
            f'<ds:schemaRef ds:uri="{NAMESPACE}"/></ds:schemaRefs></ds:datastoreItem>'
        ).encode(),
        "customXml/_rels/item1.xml.rels": (
            f'{_XML}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_RELATION}Props" '
            'Target="itemProps1.xml"/></Relationships>'
        ).encode(),
        "[Content_Types].xml": _with_last_child(
            package.parts["[Content_Types].xml"],
            f'<Override PartName="/{PROPERTIES}" ContentType="{kind}"/>',
        ),
        relations: _with_last_child(
            package.parts[relations],
            f'<Relationship Id="rIdXiaomiModel" Type="{_RELATION}" Target="../{PART}"/>',
        ),
    }


def _with_last_child(data: bytes, child: str) -> bytes:
    """An XML part whose root has one more child, in the root's namespace, every other byte as it was."""
    prefix = etree.fromstring(data).prefix
    end = data.rindex(b"</")
    named = child if prefix is None else child.replace("<", f"<{prefix}:", 1)
    return data[:end] + named.encode() + data[end:]
