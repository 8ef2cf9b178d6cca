"""A sheet added to a workbook that another program wrote: its parts put beside those that are there.

The sheet is made by openpyxl in a workbook of its own. What moves over are the sheet, its drawing and chart,
and copies of its styles behind those of the target. Of the parts that are there only four change, each by
additions: the list of sheets, its relations, the content types and the styles.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.book.charts import charted_cells, with_cached_values
from xlwings_addin.book.package import (
    Package,
    read_package,
    read_values,
    save,
    with_child,
)
from xlwings_addin.core.errors import BookError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
OWN_FORMATS = 164
"""Number formats below this are built in (ECMA-376 Part 1, 18.8.30)."""
_POOLS = {"fonts": "fontId", "fills": "fillId", "borders": "borderId"}


def free_title(title: str, taken: tuple[str, ...]) -> str:
    """The title, with a number behind it where there is such a sheet already.

    >>> free_title("Changes", ("Cover", "changes", "Changes 2"))
    'Changes 3'
    """
    used, number = {each.casefold() for each in taken}, 1
    while (candidate := title if number == 1 else f"{title} {number}").casefold() in used:
        number += 1
    return candidate


def with_new_sheet(data: bytes, title: str, fill: Callable[[Worksheet], object]) -> bytes:
    """The workbook with one more sheet, the last, that `fill` writes: typed values and charts, no formulas.

    Raises `BookError` for a title that is taken and for a workbook without styles.
    """
    package = read_package(data)
    if title.casefold() in {each.casefold() for each in package.titles}:
        raise BookError("sheet", title, "is there already", shown=title)
    scratch = Workbook()
    sheet = scratch.active
    sheet.title = title
    fill(sheet)
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "f":  # a text stays one, whatever it begins with
                cell.data_type = "s"
    buffer = io.BytesIO()
    scratch.save(buffer)
    return package.with_parts(_moved(package, read_package(buffer.getvalue()), title))


def append_sheet(path: Path, title: str, fill: Callable[[Worksheet], object]) -> str:
    """Add a sheet to a file, which is replaced whole or not at all; the title it got, one that was free.

    Raises `BookError` for a file that is open elsewhere or no workbook, and what `with_new_sheet` raises.
    """
    package = read_package(path)
    free = free_title(title, package.titles)
    save(path, with_new_sheet(package.original, free, fill))
    return free


def _moved(package: Package, scratch: Package, title: str) -> dict[str, bytes | None]:
    """The parts of `package` that are new or change when the only sheet of `scratch` moves in."""
    names = dict(_new_names(package, scratch, scratch.sheet_part(title)))
    values = read_values(scratch)
    parts: dict[str, bytes] = {}
    for old, new in names.items():
        content = scratch.parts[old]
        if "/charts/" in old and not old.endswith(".rels"):
            content = with_cached_values(content, {at: values.get(at) for at in charted_cells(content)})
        parts[new] = _with_targets(content, names) if old.endswith(".rels") else content
    styles, first_format = _merged_styles(package, scratch)
    sheet_part = names[scratch.sheet_part(title)]
    parts[sheet_part] = _with_style_numbers(parts[sheet_part], first_format)
    return {**parts, **styles, **_announced(package, scratch, names, sheet_part, title)}


def _new_names(package: Package, scratch: Package, sheet_part: str) -> Iterator[tuple[str, str]]:
    """The sheet's parts, its drawing and chart with their relations among them, by name there and here."""
    waiting = [sheet_part]
    while waiting:
        part = waiting.pop()
        folder, _, name = part.rpartition("/")
        stem, number = re.fullmatch(r"(\D+)\d*\.xml", name)[1], 1  # type: ignore[index]
        while f"{folder}/{stem}{number}.xml" in package.parts:
            number += 1
        yield part, f"{folder}/{stem}{number}.xml"
        relations = f"{folder}/_rels/{name}.rels"
        if relations in scratch.parts:
            yield relations, f"{folder}/_rels/{stem}{number}.xml.rels"
            waiting += [target for _, target in scratch.relations(part).values()]


def _with_targets(relations: bytes, names: dict[str, str]) -> bytes:
    """Relations that lead to the parts under their new names."""
    tree = etree.fromstring(relations)
    for relation in tree:
        target = (relation.get("Target") or "").removeprefix("/")
        if target in names:
            relation.set("Target", f"/{names[target]}")
    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True))


def _merged_styles(package: Package, scratch: Package) -> tuple[dict[str, bytes], int]:
    """The target's styles with copies of the scratch's behind them, and the number of the first copy."""
    part = package.related(package.workbook_part, "styles")
    theirs = scratch.related(scratch.workbook_part, "styles")
    if part is None or theirs is None:
        raise package.refusal("has no styles, so no sheet can be added")
    target, source = deepcopy(package.tree(part)), scratch.tree(theirs)
    offsets = {attribute: _appended(target, source, pool) for pool, attribute in _POOLS.items()}
    formats = _appended_formats(target, source)
    first = _appended(target, source, "cellXfs")
    pool = target.find(f"{{{MAIN}}}cellXfs")
    assert pool is not None
    for style in pool[first:]:
        for attribute, offset in offsets.items():
            style.set(attribute, str(int(style.get(attribute, "0")) + offset))
        number = int(style.get("numFmtId", "0"))
        style.set("numFmtId", str(formats.get(number, number)))
        style.set("xfId", "0")
    data = etree.tostring(target, xml_declaration=True, encoding="UTF-8", standalone=True)
    return {part: bytes(data)}, first


def _appended(target: etree._Element, source: etree._Element, name: str) -> int:
    """Put copies of what a pool of the source holds behind the target's own; how many stood there before."""
    into, new = target.find(f"{{{MAIN}}}{name}"), source.find(f"{{{MAIN}}}{name}")
    if into is None or new is None:
        raise BookError("styles", name, "is missing from the workbook, so no sheet can be added")
    before = len(into)
    into.extend(deepcopy(each) for each in new)
    into.set("count", str(len(into)))
    return before


def _appended_formats(target: etree._Element, source: etree._Element) -> dict[int, int]:
    """Number formats of the source's own under free numbers of the target, by the number they had."""
    new = source.findall(f"{{{MAIN}}}numFmts/{{{MAIN}}}numFmt")
    if not new:
        return {}
    into = target.find(f"{{{MAIN}}}numFmts")
    if into is None:
        into = etree.Element(f"{{{MAIN}}}numFmts")
        target.insert(0, into)
    taken = [int(each.get("numFmtId", "0")) for each in into]
    first = max([OWN_FORMATS - 1, *taken]) + 1
    numbers = {int(each.get("numFmtId", "0")): first + position for position, each in enumerate(new)}
    for each in new:
        copy = deepcopy(each)
        copy.set("numFmtId", str(numbers[int(each.get("numFmtId", "0"))]))
        into.append(copy)
    into.set("count", str(len(into)))
    return numbers


def _with_style_numbers(sheet: bytes, first: int) -> bytes:
    """A sheet whose cells and columns point to the copies of their styles."""
    tree = etree.fromstring(sheet)
    for tag, attribute in (("c", "s"), ("row", "s"), ("col", "style")):
        for each in tree.iter(f"{{{MAIN}}}{tag}"):
            if each.get(attribute) is not None or tag == "c":
                each.set(attribute, str(first + int(each.get(attribute, "0"))))
    for view in tree.iter(f"{{{MAIN}}}sheetView"):
        view.attrib.pop("tabSelected", None)
    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True))


def _announced(
    package: Package, scratch: Package, names: dict[str, str], sheet_part: str, title: str
) -> dict[str, bytes]:
    """The list of sheets, its relations and the content types, with the new parts in them."""
    folder, _, name = package.workbook_part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    known = package.relations(package.workbook_part)
    identifier = next(each for n in range(1, len(known) + 2) if (each := f"rIdChanges{n}") not in known)
    workbook = package.tree(package.workbook_part)
    numbers = [int(each.get("sheetId", "0")) for each in workbook.iter(f"{{{MAIN}}}sheet")]
    kinds = {
        each.get("PartName", "").removeprefix("/"): each.get("ContentType", "")
        for each in scratch.tree("[Content_Types].xml")
    }
    types = package.parts["[Content_Types].xml"]
    for old, new in names.items():
        if old in kinds:
            types = with_child(types, f'<Override PartName="/{new}" ContentType="{kinds[old]}"/>')
    shown = escape(title, {'"': "&quot;"})
    number = max(numbers, default=0) + 1
    entry = f'<sheet name="{shown}" sheetId="{number}" xmlns:r="{DOCUMENT}" r:id="{identifier}"/>'
    relation = f'<Relationship Id="{identifier}" Type="{DOCUMENT}/worksheet" Target="/{sheet_part}"/>'
    return {
        package.workbook_part: with_child(package.parts[package.workbook_part], entry, parent="sheets"),
        relations: with_child(package.parts[relations], relation),
        "[Content_Types].xml": types,
    }
