"""A workbook made of what its cells hold: for one that is open in a program, which has no file to read.

Source: ECMA-376 Part 1, 12.3 (the parts of a SpreadsheetML package).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Final, NamedTuple

from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.edits import encoded, escaped
from xlwings_addin.xlsx.parts import Package, read_package
from xlwings_addin.xlsx.values import CellKey, CellValue

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Assembled(NamedTuple):
    """A workbook, and the cells that its numbers of styles stand for: every cell has its own."""

    package: Package
    cells: tuple[CellKey, ...]


def assembled(
    contents: Mapping[str, Mapping[str, CellValue]], names: Mapping[str, str], display: str
) -> Assembled:
    """A workbook whose sheets hold these contents, formulas with their equals signs; `names` are its names.

    Formulas have no stored values. A text that begins with an equals sign is taken for a formula. Raises
    `BookError` for a value that no cell can hold.
    """
    cells: list[CellKey] = []
    parts: dict[str, bytes] = {}
    for number, (title, page) in enumerate(contents.items(), start=1):
        parts[f"xl/worksheets/sheet{number}.xml"] = b"".join(_sheet(title, page, cells))
    titles = tuple(contents)
    parts |= {
        "[Content_Types].xml": _types(len(titles)).encode(),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}).encode(),
        "xl/workbook.xml": _workbook(titles, names).encode(),
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{at}": ("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(titles) + 1)}
        ).encode(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    package = read_package(buffer.getvalue())
    return Assembled(Package(display, package.parts, package.original, package.entries), tuple(cells))


def _sheet(title: str, page: Mapping[str, CellValue], cells: list[CellKey]) -> Iterator[bytes]:
    yield f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
    places = sorted(map(split_address, page))
    for row, line in groupby(places, key=lambda place: place[0]):
        yield b'<row r="%d">' % row
        for place in line:
            address = join_address(*place)
            yield _cell(title, address, page[address], len(cells))
            cells.append((title, address))
        yield b"</row>"
    yield b"</sheetData></worksheet>"


def _cell(title: str, address: str, content: CellValue, style: int) -> bytes:
    head = b'<c r="%b" s="%d"' % (address.encode(), style)
    if isinstance(content, str) and content.startswith("=") and len(content) > 1:
        return b"%b><f>%b</f></c>" % (head, escaped(content[1:]))
    kind, text = encoded(content, f"{title}!{address}")
    if kind:
        head += b' t="%b"' % kind
    return head + (b"/>" if text is None else b"><v>%b</v></c>" % text)


def _types(sheets: int) -> str:
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{overrides}</Types>'
    )


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    relations = "".join(
        f'<Relationship Id="{identifier}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>'
        for identifier, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'


def _workbook(titles: tuple[str, ...], names: Mapping[str, str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(title)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(titles, start=1)
    )
    defined = "".join(
        f'<definedName name="{escape(name)}">{escape(text.removeprefix("="), quote=False)}</definedName>'
        for name, text in names.items()
    )
    listed = f"<definedNames>{defined}</definedNames>" if defined else ""
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{sheets}</sheets>{listed}</workbook>'
