"""Values into a workbook, formulas out of it; every other byte stays as its author left it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.edits import Edit, apply, freeze_edits, new_cell_edits, value_edits
from xlwings_addin.xlsx.formulas import decided
from xlwings_addin.xlsx.parts import Package, Source, read_package
from xlwings_addin.xlsx.values import CellKey, CellValue

_BEFORE_SETTINGS = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames"),
)
_SETTINGS = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*>")
_DRAWING = re.compile(rb"<(?:\w+:)?(?:drawing|legacyDrawing)\b[^<>]*/>")
_ON_LOAD = re.compile(rb"""\sfullCalcOnLoad\s*=\s*["'][^"']*["']""")


def with_child(data: bytes, child: str, *, parent: str = "") -> bytes:
    """An XML part whose root, or the `parent` in it, has one more child, every other byte as it was.

    The child is in the namespace of the root.

    >>> with_child(b"<m:a><m:b></m:b></m:a>", '<c d="1"/>', parent="b")
    b'<m:a><m:b><m:c d="1"/></m:b></m:a>'
    """
    prefix = data[data.rindex(b"</") + 2 :].rpartition(b">")[0].strip().rpartition(b":")[0]
    start = prefix + b":" if prefix else b""
    end = data.rindex(b"</" + start + parent.encode())
    return data[:end] + b"<" + start + child.encode()[1:] + data[end:]


def write_values(
    source: Source,
    values: Mapping[CellKey, CellValue],
    *,
    only_formulas: bool = True,
    add_cells: bool = False,
) -> bytes:
    """The workbook with `values` stored in its cells, and no other byte changed inside any part.

    A float becomes the shortest number that reads back as itself, a bool `t="b"`, a string `t="str"`, one
    of `ERROR_VALUES` `t="e"`, None an empty result. The formula of a cell stays.
    `only_formulas` allows values only where a formula (or the area of an array formula) stands; without it a
    cell may also be a plain one, and with `add_cells` one the sheet does not have yet. A member of an array
    formula that has no `<c>` yet gets one.
    Raises BookError for a sheet or cell that does not exist, a cell without formula, NaN, infinity, a value
    of another type, and text with characters XML cannot carry or longer than Excel's 32,767 characters.
    """
    package = read_package(source)
    return package.with_parts(
        parts_with_values(package, values, only_formulas=only_formulas, add_cells=add_cells)
    )


def parts_with_values(
    package: Package,
    values: Mapping[CellKey, CellValue],
    *,
    only_formulas: bool = False,
    add_cells: bool = False,
) -> dict[str, bytes]:
    """The parts that `values` change, as they are then; options and errors as for `write_values`."""
    parts = {sheet: package.sheet_part(sheet) for sheet, _ in values}
    return {
        parts[sheet]: _with_values(package, parts[sheet], sheet, new_values, only_formulas, add_cells)
        for sheet, new_values in _by_sheet(values).items()
    }


def _by_sheet(values: Mapping[CellKey, CellValue]) -> dict[str, dict[str, CellValue]]:
    sheets: dict[str, dict[str, CellValue]] = {}
    for (sheet, cell), value in values.items():
        sheets.setdefault(sheet, {})[cell] = value
    return sheets


def _with_values(
    package: Package,
    part: str,
    sheet: str,
    values: Mapping[str, CellValue],
    only_formulas: bool,
    add_cells: bool,
) -> bytes:
    data, cells = package.parts[part], package.cells(part)
    allowed = decided(cells.contents) if only_formulas else cells
    edits: list[Edit] = []
    new: dict[str, CellValue] = {}
    for address, value in values.items():
        cell = cells.at(address)
        if address not in allowed and not (add_cells and cell is None):
            place = f"{sheet}!{address}"
            lacks = "is not in the sheet's XML" if cell is None else "holds no formula"
            raise BookError("cell", place, f"{lacks}, so no value can be stored there", display=place)
        if cell is not None:
            edits.extend(value_edits(data, cell, value, place=f"{sheet}!{address}"))
        elif value is not None:
            new[address] = value
    if new:
        edits.extend(new_cell_edits(data, new, sheet=sheet))
    return apply(data, edits)


def parts_recalculated_on_load(package: Package) -> dict[str, bytes]:
    """The part that lists the sheets, which then tells programs to recalculate when they open the file."""
    part = package.workbook_part
    data = package.parts[part]
    settings = _SETTINGS.search(data)
    if settings is None:
        tree = package.tree(part)
        calculation_settings(tree).set("fullCalcOnLoad", "1")
        return {part: serialised(tree)}
    tag = _ON_LOAD.sub(b"", settings[0])
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return {part: data.replace(settings[0], tag[:end].rstrip() + b' fullCalcOnLoad="1"' + tag[end:])}


def calculation_settings(workbook: etree._Element) -> etree._Element:
    """The element `calcPr` of a list of sheets; a new one in its place where there is none."""
    settings = workbook.find("{*}calcPr")
    if settings is None:
        settings = etree.Element(f"{{{etree.QName(workbook).namespace}}}calcPr")
        names = [etree.QName(child).localname if isinstance(child.tag, str) else "" for child in workbook]
        last = max(at for at, name in enumerate(names) if name in _BEFORE_SETTINGS)
        workbook.insert(last + 1, settings)
    return settings


def freeze_formulas(source: Source, cells: Collection[CellKey]) -> bytes:
    """The workbook with the formulas of `cells` taken out and their stored values left as constants.

    For a reader that lacks a function, such as a spreadsheet program without the add-in. The calculation
    chain, which may list only cells with formulas, is left out; programs rebuild it.
    Raises BookError for a sheet that does not exist and for a cell without formula.
    """
    package = read_package(source)
    return package.with_parts(frozen_parts(package, cells))


def frozen_parts(package: Package, cells: Collection[CellKey]) -> dict[str, bytes | None]:
    """The parts that `freeze_formulas` changes; errors as for it."""
    changed: dict[str, bytes | None] = without_calculation_chain(package)
    for sheet, addresses in _by_sheet(dict.fromkeys(cells)).items():
        part = package.sheet_part(sheet)
        stored = package.cells(part)
        formulas = {cell.address for cell in stored.contents if cell.formula is not None}
        for address in addresses.keys() - formulas:
            place = f"{sheet}!{address}"
            raise BookError("cell", place, "holds no formula that could be frozen", display=place)
        data = package.parts[part]
        changed[part] = apply(data, freeze_edits(data, stored, addresses.keys()))
    return changed


def without_drawings(source: Source) -> bytes:
    """The workbook without charts and pictures, on which no value hangs and which take a reader long."""
    package = read_package(source)
    parts = [part for part in package.sheets().values() if b"<![CDATA[" not in package.parts[part]]
    return package.with_parts({part: _DRAWING.sub(b"", package.parts[part]) for part in parts}, small=False)


def without_calculation_chain(package: Package) -> dict[str, bytes | None]:
    """The parts to change so that the calculation chain, its content type and its relationship are gone."""
    workbook = package.workbook_part
    chain = package.related(workbook, "calcChain")
    if chain is None:
        return {}
    types = package.tree("[Content_Types].xml")
    for override in types.findall("{*}Override"):
        if override.get("PartName") == f"/{chain}":
            types.remove(override)
    folder, name = posixpath.split(workbook)
    rels = f"{folder}/_rels/{name}.rels".lstrip("/")
    relations = package.tree(rels)
    for relation in relations.findall("{*}Relationship"):
        if relation.get("Type", "").endswith("/calcChain"):
            relations.remove(relation)
    return {chain: None, "[Content_Types].xml": serialised(types), rels: serialised(relations)}


def serialised(tree: etree._Element) -> bytes:
    data: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
