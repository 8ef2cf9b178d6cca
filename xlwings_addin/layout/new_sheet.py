"""A sheet added to a workbook that another program wrote: its parts put beside those that are there.

The sheet is made by openpyxl in a workbook of its own. What moves over are the sheet, its drawing and chart,
and the styles that the target lacks. Of the parts that are there only four change, by additions: the list of
sheets, its relations, the content types and the styles.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from copy import deepcopy
from html import escape
from pathlib import Path

from lxml import etree
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.charts import charted_cells, with_cached_values
from xlwings_addin.xlsx.package import (
    Package,
    order_fonts,
    read_package,
    read_values,
    save,
    with_child,
)

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
    used, number = {title_taken.casefold() for title_taken in taken}, 1
    while (candidate := title if number == 1 else f"{title} {number}").casefold() in used:
        number += 1
    return candidate


def with_new_sheet(data: bytes, title: str, fill: Callable[[Worksheet], object]) -> bytes:
    """The workbook with one more sheet, the last, that `fill` writes: typed values and charts, no formulas.

    Raises `BookError` for a title that is taken and for a workbook without styles.
    """
    package = read_package(data)
    if title.casefold() in {other.casefold() for other in package.titles}:
        raise BookError("sheet", title, "is there already", display=title)
    package.require_unsigned()
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
    return with_sheet_from(package, buffer.getvalue(), title)


def with_sheet_from(package: Package, scratch: bytes, title: str) -> bytes:
    """The workbook with the only sheet of another one, `scratch`, as its last sheet.

    Its names go along: they are those of its print area. Raises `BookError` for a workbook without styles.
    """
    moved = read_package(scratch)
    parts = _moved(package, moved, title)
    workbook = package.workbook_part
    names = _local_names(moved, len(package.titles))
    if b"definedNames>" in package.parts[workbook]:
        for name in names:
            parts[workbook] = with_child(parts[workbook] or b"", name, parent="definedNames")
    return package.with_parts(parts)


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
    styles, numbers, rules = _merged_styles(package, scratch)
    sheet_part = names[scratch.sheet_part(title)]
    parts[sheet_part] = _with_style_numbers(parts[sheet_part], numbers, rules)
    return {**parts, **styles, **_announced(package, scratch, names, sheet_part, title)}


def _local_names(scratch: Package, place: int) -> list[str]:
    """The names of the sheet itself, as elements for a workbook in which it is the one at `place`."""
    elements = scratch.tree(scratch.workbook_part).iterfind("{*}definedNames/{*}definedName")
    return [
        f'<definedName name="{name.get("name")}" localSheetId="{place}">'
        f"{escape(name.text or '', quote=False)}</definedName>"
        for name in elements
        if name.get("localSheetId") is not None
    ]


def _new_names(package: Package, scratch: Package, sheet_part: str) -> Iterator[tuple[str, str]]:
    """The sheet's parts, its drawing and chart with their relations among them, by name there and here."""
    waiting, taken = [sheet_part], set(package.parts)
    while waiting:
        part = waiting.pop()
        folder, _, name = part.rpartition("/")
        stem, number = re.fullmatch(r"(\D+)\d*\.xml", name)[1], 1  # type: ignore[index]
        while f"{folder}/{stem}{number}.xml" in taken:
            number += 1
        taken.add(f"{folder}/{stem}{number}.xml")
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


def _merged_styles(package: Package, scratch: Package) -> tuple[dict[str, bytes], list[int], list[int]]:
    """The target's styles, with those of the scratch that it lacks; the numbers that these have there.

    They are the numbers of the styles of cells, and of those that rules give to cells.
    """
    part = package.related(package.workbook_part, "styles")
    theirs = scratch.related(scratch.workbook_part, "styles")
    if part is None or theirs is None:
        raise package.refusal("has no styles, so no sheet can be added")
    target, source = deepcopy(package.tree(part)), deepcopy(scratch.tree(theirs))
    order_fonts(source)
    numbers = {attribute: _pooled(target, source, pool) for pool, attribute in _POOLS.items()}
    formats = _pooled_formats(target, source)
    for style in source.iterfind(f"{{{MAIN}}}cellXfs/{{{MAIN}}}xf"):
        for attribute, pool in numbers.items():
            style.set(attribute, str(pool[int(style.get(attribute, "0"))]))
        number = int(style.get("numFmtId", "0"))
        style.set("numFmtId", str(formats.get(number, number)))
        style.set("xfId", "0")
    styles = _pooled(target, source, "cellXfs")
    has_rules = source.find(f"{{{MAIN}}}dxfs/{{{MAIN}}}dxf") is not None
    rules = _pooled(target, source, "dxfs") if has_rules else []
    data = etree.tostring(target, xml_declaration=True, encoding="UTF-8", standalone=True)
    return {part: bytes(data)}, styles, rules


def _pooled(target: etree._Element, source: etree._Element, name: str) -> list[int]:
    """Where the entries of a pool of the source stand in the target's, which gets those that it lacks."""
    into, new = target.find(f"{{{MAIN}}}{name}"), source.find(f"{{{MAIN}}}{name}")
    if into is None and name == "dxfs":  # styles of rules, behind those of cells; no workbook needs them
        into = etree.Element(f"{{{MAIN}}}dxfs")
        _last_of_cells(target).addnext(into)
    if into is None or new is None:
        raise BookError("styles", name, "is missing from the workbook, so no sheet can be added")
    places: dict[Hashable, int] = {}
    for place, element in enumerate(into):
        places.setdefault(_content(element), place)
    numbers = []
    for element in new:
        content = _content(element)
        if content not in places:
            places[content] = len(into)
            into.append(deepcopy(element))
        numbers.append(places[content])
    into.set("count", str(len(into)))
    return numbers


def _last_of_cells(styles: etree._Element) -> etree._Element:
    """What the styles of rules stand behind (ECMA-376 Part 1, 18.8.39)."""
    there = [styles.find(f"{{{MAIN}}}{name}") for name in ("cellStyles", "cellXfs")]
    return next(element for element in there if element is not None)


def _content(element: etree._Element) -> Hashable:
    """What an element says, however its namespace and the order of its attributes are written."""
    return element.tag, frozenset(element.attrib.items()), tuple(_content(child) for child in element)


def _pooled_formats(target: etree._Element, source: etree._Element) -> dict[int, int]:
    """The source's own number formats by the number they had: that of an equal one, or a free one."""
    new = source.findall(f"{{{MAIN}}}numFmts/{{{MAIN}}}numFmt")
    if not new:
        return {}
    into = target.find(f"{{{MAIN}}}numFmts")
    if into is None:
        into = etree.Element(f"{{{MAIN}}}numFmts")
        target.insert(0, into)
    taken = {style.get("formatCode"): int(style.get("numFmtId", "0")) for style in into}
    numbers = {}
    for style in new:
        code = style.get("formatCode")
        if code not in taken:
            taken[code] = max([OWN_FORMATS - 1, *taken.values()]) + 1
            copy = deepcopy(style)
            copy.set("numFmtId", str(taken[code]))
            into.append(copy)
        numbers[int(style.get("numFmtId", "0"))] = taken[code]
    into.set("count", str(len(into)))
    return numbers


def _with_style_numbers(sheet: bytes, numbers: Sequence[int], rules: Sequence[int]) -> bytes:
    """A sheet whose cells, rows, columns and rules point to their styles, by the numbers these have there."""
    tree = etree.fromstring(sheet)
    for tag, attribute in (("c", "s"), ("row", "s"), ("col", "style")):
        for element in tree.iter(f"{{{MAIN}}}{tag}"):
            if element.get(attribute) is not None or tag == "c":
                element.set(attribute, str(numbers[int(element.get(attribute, "0"))]))
    for rule in tree.iter(f"{{{MAIN}}}cfRule"):
        if rule.get("dxfId") is not None:
            rule.set("dxfId", str(rules[int(rule.get("dxfId", "0"))]))
    for view in tree.iter(f"{{{MAIN}}}sheetView"):
        view.attrib.pop("tabSelected", None)
    return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True))


def _announced(
    package: Package, scratch: Package, names: dict[str, str], sheet_part: str, title: str
) -> dict[str, bytes]:
    """The list of sheets, its relations and the content types, with the new parts in them."""
    folder, _, name = package.workbook_part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    taken = package.relations(package.workbook_part)
    identifier = next(
        candidate for n in range(1, len(taken) + 2) if (candidate := f"rIdChanges{n}") not in taken
    )
    workbook = package.tree(package.workbook_part)
    numbers = [int(sheet.get("sheetId", "0")) for sheet in workbook.iter(f"{{{MAIN}}}sheet")]
    kinds = {
        element.get("PartName", "").removeprefix("/"): element.get("ContentType", "")
        for element in scratch.tree("[Content_Types].xml")
    }
    types = package.parts["[Content_Types].xml"]
    for old, new in names.items():
        if old in kinds:
            types = with_child(types, f'<Override PartName="/{new}" ContentType="{kinds[old]}"/>')
    escaped = escape(title, quote=False).replace('"', "&quot;")
    number = max(numbers, default=0) + 1
    entry = f'<sheet name="{escaped}" sheetId="{number}" xmlns:r="{DOCUMENT}" r:id="{identifier}"/>'
    relation = f'<Relationship Id="{identifier}" Type="{DOCUMENT}/worksheet" Target="/{sheet_part}"/>'
    return {
        package.workbook_part: with_child(package.parts[package.workbook_part], entry, parent="sheets"),
        relations: with_child(package.parts[relations], relation),
        "[Content_Types].xml": types,
    }
