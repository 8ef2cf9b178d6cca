"""Our functions in a workbook under the names another host calls them by; every other byte stays.

    respell(source, {"DCF_FCFF": "VAL.DCF_FCFF"})

Formulas stand in cells, array and shared formulas, conditional formats, data validations, tables, defined
names, charts and sparklines. In each a tokeniser tells a call from a text, a sheet's name or a table's column
that reads like one, and only the name of the function changes. A function that Excel took from an add-in file
is stored with a link to that file, `[1]!DCF_FCFF(`: the link goes where the new name is not the plain one.

Source: ECMA-376 Part 1, 18.3.1.40 (`f`), 18.3.1.10 (`cfRule`), 18.3.1.11 (`cfvo`), 18.3.1.32
(`dataValidation`), 18.2.5 (`definedName`), 18.5.1 (tables), 21.2.2.65 (`c:f`); [MS-XLSX] 2.3.1 (`xm:f`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from xml.parsers import expat

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.formulas import LINK, calls_in
from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.package import Package, Source, read_package
from xlwings_addin.xlsx.scanning import SHEET_NAMESPACES, TAG, UnreadableError

_IN_SHEETS = (
    *("f", "formula", "formula1", "formula2", "calculatedColumnFormula", "totalsRowFormula", "definedName"),
)
_WITH_F = (
    "http://schemas.microsoft.com/office/excel/2006/main",
    "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "http://purl.oclc.org/ooxml/drawingml/chart",
    "http://schemas.microsoft.com/office/drawing/2014/chartex",
)
_FORMULAS: Final = frozenset(
    [*(f"{namespace} {name}" for namespace in SHEET_NAMESPACES for name in _IN_SHEETS)]
    + [f"{namespace} f" for namespace in _WITH_F]
)
"""The elements whose text is a formula."""
_CELLS = frozenset(f"{namespace} c" for namespace in SHEET_NAMESPACES)
_LIMITS = frozenset(f"{namespace} cfvo" for namespace in SHEET_NAMESPACES)
"""The limits of data bars, colour scales and icons; of those of type `formula` the attribute `val` is one."""

_LIMIT = re.compile(rb"""\sval\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PIECE = re.compile(
    r"<!\[CDATA\[ (?P<cdata>.*?) \]\]> | <!--.*?--> | <\?.*?\?> | & (?P<entity>[^;]+) ; | (?P<plain>.)",
    re.VERBOSE | re.DOTALL,
)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def respell(source: Source, names: Mapping[str, str]) -> bytes:
    """The workbook with calls of our functions renamed; `names` maps spellings to new ones.

    Calls are recognised in any letter case. Where none changes, the bytes are the same.
    Raises BookError for a formula with one of the names in it that cannot be read.
    """
    package = read_package(source)
    if not names:
        return package.original
    mentioned = re.compile("|".join(map(re.escape, names)).encode(), re.IGNORECASE)
    spelled = {own.upper(): new for own, new in names.items()}
    changed = {
        part: _respelled(package, part, spelled, mentioned)
        for part, data in package.parts.items()
        if part.endswith(".xml") and mentioned.search(data)
    }
    same = all(package.parts[part] == data for part, data in changed.items())
    return package.original if same else package.with_parts(changed)


def _respelled(
    package: Package, part: str, spelled: Mapping[str, str], mentioned: re.Pattern[bytes]
) -> bytes:
    data = package.parts[part]
    sheets = {own: sheet for sheet, own in package.sheets().items()}
    edits: list[Edit] = []
    try:
        for start, end, place in _formulas(data):
            if mentioned.search(data, start, end):
                where = f"{sheets.get(part, part)}!{place}"
                edits.extend(_edits(data, start, end, spelled, where))
    except (expat.ExpatError, UnreadableError) as error:
        raise package.refusal(f"has a part {part} that cannot be used: {error}") from error
    return apply(data, edits)


def _formulas(data: bytes) -> list[tuple[int, int, str]]:
    """Where the formulas of a part start and end, and the cell or the element each belongs to."""
    places: list[tuple[int, int, str]] = []
    cell, start = "", 0
    parser = expat.ParserCreate(namespace_separator=" ")

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal cell, start
        at = parser.CurrentByteIndex
        if name in _CELLS:
            cell = attributes.get("r", "")
        elif name in _FORMULAS:
            start = _tag_end(data, at)
        elif name in _LIMITS and attributes.get("type") == "formula":
            limit = _LIMIT.search(data, at, _tag_end(data, at))
            if limit is not None:
                places.append((*limit.span(limit.lastindex or 0), "cfvo"))

    def finish(name: str) -> None:
        nonlocal cell
        if name in _FORMULAS and parser.CurrentByteIndex > start:
            places.append((start, parser.CurrentByteIndex, cell or name.rpartition(" ")[2]))
        elif name in _CELLS:
            cell = ""

    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.Parse(data, True)
    return places


def _tag_end(data: bytes, start: int) -> int:
    tag = TAG.match(data, start)
    if tag is None:
        raise UnreadableError(f"it has no tag at byte {start}")
    return tag.end()


def _edits(data: bytes, start: int, end: int, spelled: Mapping[str, str], place: str) -> Iterator[Edit]:
    """The edits that rename the calls in one formula, whose XML stands between two bytes."""
    xml = data[start:end].decode()
    characters = list(_characters(xml))
    text = "".join(character for character, _, _ in characters)
    lead = len(text) - len(text.lstrip("="))
    try:
        calls = list(calls_in(text[lead:]))
    except ValueError as error:
        raise BookError("formula", text, f"in {place} cannot be read: {error}") from error
    for called, at in calls:
        plain = LINK.sub("", called)
        new = spelled.get(plain.upper(), called)
        if new not in (plain, called):
            first, last = characters[lead + at], characters[lead + at + len(called) - 1]
            before, until = (len(xml[:offset].encode()) for offset in (first[1], last[2]))
            yield Edit(start + before, start + until, new.encode())


def _characters(xml: str) -> Iterator[tuple[str, int, int]]:
    """The characters that a piece of XML means, each with the place where it is written."""
    for piece in _PIECE.finditer(xml):
        if piece["entity"] is not None:
            yield _entity(piece["entity"]), piece.start(), piece.end()
        elif piece["cdata"] is not None:
            for at in range(*piece.span("cdata")):
                yield xml[at], at, at + 1
        elif piece["plain"] is not None:
            yield piece["plain"], piece.start(), piece.end()


def _entity(name: str) -> str:
    if name.startswith("#"):
        return chr(int(name[2:], 16) if name[1] in "xX" else int(name[1:]))
    return _ENTITIES[name]
