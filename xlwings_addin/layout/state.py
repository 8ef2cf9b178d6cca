"""What the last build or refresh wrote, kept in the file in a part of its own, for the next refresh.

The part is a custom XML part of the workbook. Excel keeps such parts when it saves; a program that drops it
leaves a workbook of which nobody knows what was written and what was typed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from html import escape
from typing import Any, NamedTuple, TypeVar

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.inputs.renamed import current_line
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, with_child

T = TypeVar("T")

NAMESPACE = "urn:xiaomi-model:state"
FORMAT = 3
"""Of what stands in the part; a higher one was written by a later version of this project.

1   a cell of several in a row is named by its position: `inputs.tax_rate.cases.0`
2   by its heading, the case or the period, so that one more of them renames no other:
    `inputs.tax_rate.cases.base`
3   with the lines that the workbook had, `sotp.value_per_share`: one that is gone, the analyst took out
"""
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
    """The values of inputs as written, and fingerprints of typed texts, by the cell's name; by whom and when.

    `arrivals` are the inputs that a refresh has changed, with the last one that did; `inherited` are those
    that were written as a formula to the case that theirs extends, `values` having what that gave; `lines`
    are those that the workbook had; `answers` are marks of what the core answered, and of the results that
    the workbook keeps of its cases; `answers_rest_on` says from what the core answered.
    """

    version: str
    written: str
    values: Mapping[str, CellValue]
    texts: Mapping[str, int]
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
    format: int = FORMAT
    inherited: Sequence[str] = ()
    lines: Sequence[str] = ()
    answers: Mapping[str, int] = field(default_factory=dict)
    answers_rest_on: str = ""

    def has_had(self, sheet: str, line: str) -> bool:
        """Whether the workbook had a line; a record before format 3 knows those with typed cells only."""
        return f"{sheet}.{line}" in self._lines

    @cached_property
    def _lines(self) -> frozenset[str]:
        named = (".".join(name.split(".")[:2]) for name in (*self.values, *self.texts))
        return frozenset((*self.lines, *named))


def name_of(book: Book, cell: PlacedCell) -> str:
    """What a cell is called whatever row or column it stands in: sheet, line, group and its heading."""
    line = cell.line.key if cell.line else "heading"
    name = f"{cell.sheet.key}.{line}.{cell.group}"
    if cell.count == 1 or cell.line is None:
        return name
    placed, _ = book.sheets[cell.sheet.key].lines[cell.line.key]
    heading = placed.columns[cell.group].headings[cell.index]
    return f"{name}.{heading if isinstance(heading, str) else cell.index}"  # a formula is no name


def fingerprint(value: object) -> int:
    """A text, or another typed value, as a number to compare it by.

    >>> fingerprint("house view") == fingerprint("house view") != fingerprint("own view")
    True
    """
    return zlib.crc32(repr(plain(value)).encode())


def answers_in(book: Book, values: Mapping[CellKey, CellValue]) -> dict[str, int]:
    """The marks of answers by the names of their cells."""
    cells = [cell for cell in book.cells() if cell.entry.kind == "answer" and cell.at in values]
    return marks_in(book, cells, values)


def marks_in(book: Book, cells: Iterable[PlacedCell], values: Mapping[CellKey, CellValue]) -> dict[str, int]:
    """The marks of cells, by their names, with the values that they have."""
    return {name_of(book, cell): fingerprint(_rounded(values[cell.at])) for cell in cells}


def _rounded(value: CellValue) -> CellValue:
    """A number as far as every program keeps it, without the sign and the rest of a zero."""
    if not isinstance(value, float):
        return value
    return f"{value:.12g}" if abs(value) > 1e-12 else "0"


def state_of(
    book: Book, results: Results, kept: Mapping[CellKey, CellValue], *, version: str, written: str
) -> State:
    """The state of a workbook just built from `book`; `kept` are the results that it keeps of its cases."""

    def values(kind: str) -> Iterable[tuple[PlacedCell, Any]]:
        return book.all_expected([cell for cell in book.cells() if cell.entry.kind == kind], results)

    return State(
        version,
        written,
        {name_of(book, cell): plain(value) for cell, value in values("input")},
        {name_of(book, cell): fingerprint(value) for cell, value in values("text")},
        inherited=tuple(name_of(book, cell) for cell in book.cells() if cell.follows),
        lines=tuple(f"{key}.{line}" for key, placed in book.sheets.items() for line in placed.lines),
        answers={
            **answers_in(book, {cell.at: plain(value) for cell, value in values("answer")}),
            **marks_in(book, (cell for cell in book.cells() if cell.entry.kind == "stored"), kept),
        },
        answers_rest_on=book.context.rests_on,
    )


def in_present_format(state: State, book: Book) -> State:
    """A state as this version names its cells; a record of format 1 is translated by `book`'s columns."""
    if state.format > 1:
        return replace(state, format=FORMAT)
    names = {
        f"{cell.sheet.key}.{cell.line.key if cell.line else 'heading'}.{cell.group}.{cell.index}": cell
        for cell in book.cells()
        if cell.entry.kind in ("input", "text")
    }

    def renamed(record: Mapping[str, T]) -> dict[str, T]:
        return {name_of(book, names[name]): value for name, value in record.items() if name in names}

    return State(
        state.version, state.written, renamed(state.values), renamed(state.texts), renamed(state.arrivals)
    )


def read_state(package: Package) -> State | None:
    """The state a workbook carries, or None where it has none.

    Raises `BookError` for one that cannot be read, or that a later version of this project wrote.
    """
    text = _text_of(package)
    return None if text is None else state_from_text(text, name=package.display)


def refuse_later_version(package: Package) -> None:
    """Raise `BookError` for a workbook that a later version of this project wrote."""
    try:
        data = json.loads(_text_of(package) or "{}")
    except ValueError:
        return
    _refuse_later_format(data, package.display)


def state_part(state: State) -> str:
    """The custom XML part that keeps a state."""
    return f'<state xmlns="{NAMESPACE}">{escape(state_text(state), quote=False)}</state>'


def state_from_part(part: str, *, name: str) -> State:
    """The state in a custom XML part; errors as for `state_from_text`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    tree = etree.fromstring(part.encode(), parser)
    return state_from_text("" if tree is None else tree.text or "", name=name)


def state_text(state: State) -> str:
    """A state as one text, for the part of a file or wherever a host can keep it."""
    fields_of = {name.name: getattr(state, name.name) for name in fields(state)}
    return json.dumps(fields_of, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def state_from_text(text: str, *, name: str) -> State:
    """The state that `state_text` wrote; `name` is what messages call the book.

    Raises `BookError` for another text, and for one that a later version of this project wrote.
    """
    try:
        data = json.loads(text)
        _refuse_later_format(data, name)
        arrivals = {name: Arrival(*arrival) for name, arrival in data.pop("arrivals", {}).items()}
        inherited, lines = (tuple(data.pop(name, ())) for name in ("inherited", "lines"))
        return _with_current_names(State(**data, arrivals=arrivals, inherited=inherited, lines=lines))
    except BookError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        rule = f"cannot be refreshed: its refresh record is damaged: {error}"
        raise BookError("book", name, rule, display=name) from error


def _refuse_later_format(data: Any, name: str) -> None:
    """Nothing else of a record is looked at before this: what a later one means is not known here."""
    number = data.get("format") if isinstance(data, dict) else None
    if isinstance(number, int) and number > FORMAT:
        rule = f"was written by a later version of this project, {data.get('version')}; this is {__version__}"
        raise BookError("book", name, rule, display=name)


def _text_of(package: Package) -> str | None:
    part = _part_of(package)
    return None if part is None else package.tree(part).text or ""


def _with_current_names(state: State) -> State:
    """A state whose cells have the names of today, whenever it was written."""

    def named(record: Mapping[str, T]) -> dict[str, T]:
        return {_current_name(name): value for name, value in record.items()}

    lines = tuple(".".join(current_line(*line.split(".", 1))) for line in state.lines)
    return replace(
        state,
        values=named(state.values),
        texts=named(state.texts),
        arrivals=named(state.arrivals),
        lines=lines,
    )


def _current_name(name: str) -> str:
    """
    >>> _current_name("inputs.core_horizon.cases.2")
    'inputs.devices_horizon.cases.2'
    """
    sheet, _, rest = name.partition(".")
    line, _, place = rest.partition(".")
    return ".".join((*current_line(sheet, line), place))


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
        raise BookError("workbook", package.display, f"has a part {PART} of its own", display=package.display)
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
