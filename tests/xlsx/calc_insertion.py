"""A second opinion on a move: LibreOffice inserts or deletes the same rows or columns, by itself.

Both books, LibreOffice's and ours, are then read, recalculated and saved by LibreOffice, so that they differ
in what the move did and not in how a program writes. `differences` compares all that their parts say.
"""

from __future__ import annotations

import math
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from xlwings_addin.xlsx.contents import formula_text
from xlwings_addin.xlsx.moving import Axis
from xlwings_addin.xlsx.moving.references import moved_areas
from xlwings_addin.xlsx.moving.shift import Shift
from xlwings_addin.xlsx.package import Package, read_package

PARTS = re.compile(
    r"xl/(charts/chart|drawings/drawing|tables/table|pivotTables/|pivotCache/pivotCacheD|comments)"
)
"""Parts besides the sheets that say where something is."""

QUIET = {
    *("selection", "sheetView", "sheetFormatPr", "sheetPr", "pageSetUpPr", "tabColor", "dimension"),
    *("id", "headerFooter", "oddHeader", "oddFooter", "pageMargins", "pageSetup", "printOptions", "ext"),
}
"""What LibreOffice writes anew from the state of its window, or the same for both."""

IGNORED = {"s", "uid", "id", "dxfId", "priority", "spans", "customFormat", "macro", "name", "stdDevSet"}


Move = tuple[str, int, int, Axis]
"""Sheet, number, count and axis."""


def inserted_by_calc(office: Any, book: Path, folder: Path, move: Move) -> bytes:
    """The book after LibreOffice's own insertion or deletion, saved by LibreOffice."""
    # A copy, because a lock file stays beside a book when LibreOffice is killed.
    office.open(str(shutil.copy(book, folder / f"source{book.suffix}")))
    office.insert(*move)
    office.calculate()
    target = folder / f"calc_{book.stem}.xlsx"
    office.save(str(target))
    office.close()
    return target.read_bytes()


def saved_by_calc(office: Any, data: bytes, folder: Path) -> bytes:
    """The book as LibreOffice reads, calculates and saves it."""
    source, target = folder / "ours.xlsx", folder / "ours_saved.xlsx"
    source.write_bytes(data)
    office.open(str(source))
    office.calculate()
    office.save(str(target))
    office.close()
    return target.read_bytes()


def differences(expected: bytes, ours: bytes, move: Move) -> dict[str, list[str]]:
    """By kind, what only one of two books says: `-` LibreOffice's, `+` ours."""
    first, second = statements(expected, move), statements(ours, move)
    kinds: dict[str, list[str]] = {}
    for kind, text in sorted((first - second).elements()):
        kinds.setdefault(kind, []).append(f"- {text}")
    for kind, text in sorted((second - first).elements()):
        kinds.setdefault(kind, []).append(f"+ {text}")
    return kinds


def statements(data: bytes, move: Move) -> Counter[tuple[str, str]]:
    """All that a book says about cells: kind and text."""
    package = read_package(data)
    counts: Counter[tuple[str, str]] = Counter()
    for sheet, part in package.sheets().items():
        is_pivot = package.related(part, "pivotTable") is not None
        counts.update(
            (kind, text) for kind, text in _cells(package, sheet, part) if kind == "formula" or not is_pivot
        )
        inserted = Shift(move[3], move[1], -move[2]) if sheet == move[0] and move[2] > 0 else None
        counts.update((kind, f"{sheet}: {text}") for kind, text in _markup(package.tree(part), inserted))
    for name in package.tree(package.workbook_part).iter("{*}definedName"):
        counts["name", f"{name.get('name')} {name.get('localSheetId')} {name.text}"] += 1
    for number, part in enumerate(sorted(filter(PARTS.match, package.parts), key=_in_order)):
        read = next(read for mark, read in _READERS.items() if mark in part)
        counts.update((kind, f"{number}: {text}") for kind, text in read(package.tree(part)))
    return counts


def _cells(package: Package, sheet: str, part: str) -> Iterator[tuple[str, str]]:
    data, strings = package.parts[part], _strings(package)
    for cell in package.cells(part):
        if cell.formula is not None:
            area = cell.area if cell.formula_type == "array" else ""
            yield "formula", f"{sheet}!{cell.address} {area} {formula_text(data, cell)}"
        if cell.value is not None:
            text = re.sub(rb"<[^>]*>", b"", data[cell.value.start : cell.value.end]).decode()
            yield "value", f"{sheet}!{cell.address} {_value(cell.type, text, strings)}"


def _strings(package: Package) -> list[str]:
    part = package.related(package.workbook_part, "sharedStrings")
    if part is None:
        return []
    return ["".join(item.itertext()) for item in package.tree(part).iterfind("{*}si")]


def _value(kind: str, text: str, strings: list[str]) -> str:
    if kind == "s":
        return repr(strings[int(text)])
    try:
        number = float(text)
    except ValueError:
        return repr(text)
    return f"{number:.10g}" if math.isfinite(number) else text


def _in_order(part: str) -> tuple[str, int]:
    """LibreOffice goes on counting charts from one book to the next."""
    digits = re.sub(r"\D", "", part)
    return re.sub(r"\d", "", part), int(digits or 0)


def _chart(root: etree._Element) -> Iterator[tuple[str, str]]:
    """The references of a chart."""
    for element in root.iter("{*}f"):
        first, colon, last = (element.text or "").partition(":")
        one_cell = colon and first.endswith("!" + last)
        yield "chart", first if one_cell else element.text or ""


def _pivot(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Where a pivot table starts and what it summarises; LibreOffice fills it anew when it reads a book."""
    for element in root.iter("{*}location", "{*}worksheetSource"):
        area = element.get("ref", "")
        yield "pivot", f"{area.partition(':')[0] if element.tag.endswith('location') else area}"


def _drawing(root: etree._Element) -> Iterator[tuple[str, str]]:
    """The cells that an object lies between; the end of one that keeps its size hangs on heights."""
    for anchor in root.iter("{*}twoCellAnchor", "{*}oneCellAnchor"):
        keeps_size = anchor.get("editAs") == "oneCell"
        corners = [anchor.find("{*}from"), None if keeps_size else anchor.find("{*}to")]
        cells = [
            (corner.findtext("{*}col"), corner.findtext("{*}row")) for corner in corners if corner is not None
        ]
        yield "anchor", f"{anchor.get('editAs')} {cells} {_textlinks(anchor)}"


def _textlinks(anchor: etree._Element) -> list[str]:
    return [shape.get("textlink") for shape in anchor.iter("{*}sp") if shape.get("textlink")]


def _markup(root: etree._Element, inserted: Shift | None = None) -> Iterator[tuple[str, str]]:
    """Elements with their attributes and texts, cells left out.

    LibreOffice gives inserted rows the validations and formats of the row in front, as Excel does; `inserted`
    takes them out again. It leaves the places that links lead to and the cells of sparklines where they were,
    and shifts the formulas of validations that name no sheet with any other sheet, not with their own.
    """
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        kind = etree.QName(element).localname
        if kind in QUIET or (kind in ("c", "f", "v", "is", "t") and root.tag.endswith("worksheet")):
            continue
        attributes = {
            etree.QName(name).localname: value
            for name, value in element.items()
            if etree.QName(name).localname not in IGNORED
        }
        text = (element.text or "").strip()
        if not attributes and not text:
            continue
        if (
            kind == "row"
            and "r" in attributes
            and (_is_new(attributes["r"], inserted, "rows") or not _row_matters(attributes))
        ):
            continue
        if kind == "hyperlink":
            attributes.pop("location", None)
        if kind in ("formula1", "formula2") and "!" not in text:
            continue
        if kind == "col" and "min" in attributes:
            yield from _columns(attributes, inserted)
            continue
        if kind in ("dataValidation", "conditionalFormatting") and "sqref" in attributes:
            attributes["sqref"] = _areas(attributes["sqref"], inserted)
        if kind == "sqref":
            text = _areas(text, inserted)
            if element.getparent().tag.endswith("}sparkline"):
                continue
        owner = "" if element.getparent() is None else _areas(element.getparent().get("sqref", ""), inserted)
        yield kind, f"{owner} {sorted(attributes.items())} {text}"


def _areas(areas: str, inserted: Shift | None) -> str:
    left = areas if inserted is None or not areas else moved_areas(areas, inserted) or ""
    return " ".join(sorted(_as_cell(area) for area in left.split()))


def _as_cell(area: str) -> str:
    first, _, last = area.partition(":")
    return first if first == last else area


def _is_new(number: str, inserted: Shift | None, axis: str) -> bool:
    """Whether a row or column was inserted: LibreOffice gives it sizes of others."""
    return inserted is not None and inserted.axis == axis and inserted.index(int(number)) is None


def _columns(attributes: dict[str, str], inserted: Shift | None) -> Iterator[tuple[str, str]]:
    first, last = int(attributes["min"]), min(int(attributes["max"]), 300)
    for number in range(first, last + 1):
        if not _is_new(str(number), inserted, "columns"):
            settings = {name: attributes.get(name) for name in ("width", "hidden", "outlineLevel")}
            yield "col", f"{number} {settings}"


def _row_matters(attributes: dict[str, str]) -> bool:
    """Whether a row says something: its height, that it is hidden, its group."""
    attributes.pop("collapsed", None)
    settings = {name: attributes.get(name) for name in ("customHeight", "hidden", "outlineLevel")}
    if attributes.get("customHeight") in (None, "0", "false"):
        attributes.pop("ht", None)
    return any(value not in (None, "0", "false") for value in settings.values())


_READERS = {"/chart": _chart, "/pivot": _pivot, "/drawing": _drawing, "/": _markup}
"""How parts besides sheets are read, by what their names contain."""
