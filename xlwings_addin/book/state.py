"""What the last build or refresh wrote, kept in the file in a part of its own, for the next refresh.

The part is a custom XML part of the workbook. Excel keeps such parts when it saves; a program that drops it
leaves a workbook of which nobody knows what was written and what was typed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from xlwings_addin.book.agreement import plain
from xlwings_addin.book.package import CellValue, Package, with_child
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


class Arrival(NamedTuple):
    """Where a value came from that a refresh has written, the day it was known, and when it arrived."""

    source: str
    as_of: str
    time: str


@dataclass(frozen=True)
class State:
    """The values of inputs as written, and typed texts as numbers, by the cell's name; by whom and when.

    `arrivals` are the inputs that a refresh has changed, each with the last one that did.
    """

    version: str
    written: str
    values: Mapping[str, CellValue]
    texts: Mapping[str, int]
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
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
    return None if part is None else state_from_text(package.tree(part).text or "", shown=package.shown)


def state_part(state: State) -> str:
    """The custom XML part that keeps a state."""
    return f'<state xmlns="{NAMESPACE}">{escape(state_text(state))}</state>'


def state_from_part(part: str, *, shown: str) -> State:
    """The state in a custom XML part; errors as for `state_from_text`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    tree = etree.fromstring(part.encode(), parser)
    return state_from_text("" if tree is None else tree.text or "", shown=shown)


def state_text(state: State) -> str:
    """A state as one text, for the part of a file or wherever a host can keep it."""
    return json.dumps(vars(state), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def state_from_text(text: str, *, shown: str) -> State:
    """The state that `state_text` wrote; `shown` is how a message calls the book.

    Raises `BookError` for another text, and for one that a later version of this project wrote.
    """
    try:
        data = json.loads(text)
        arrivals = {name: Arrival(*each) for name, each in data.pop("arrivals", {}).items()}
        state = State(**data, arrivals=arrivals)
    except (ValueError, TypeError, AttributeError) as error:
        raise BookError(
            "book", shown, f"has a record of a refresh that is none: {error}", shown=shown
        ) from error
    if state.format > FORMAT:
        rule = f"was written by a later version of this project, {state.version}"
        raise BookError("book", shown, rule, shown=shown)
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
    data = f"{_XML}{state_part(state)}".encode()
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
        "[Content_Types].xml": with_child(
            package.parts["[Content_Types].xml"],
            f'<Override PartName="/{PROPERTIES}" ContentType="{kind}"/>',
        ),
        relations: with_child(
            package.parts[relations],
            f'<Relationship Id="rIdXiaomiModel" Type="{_RELATION}" Target="../{PART}"/>',
        ),
    }
