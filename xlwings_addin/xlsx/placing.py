"""Whole cells into a workbook: value, formula and style at once; every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.edits import Edit, apply, encoded, escaped, inserted_cells
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.reading import formula_cells
from xlwings_addin.xlsx.scanning import SheetCell, prefix_of
from xlwings_addin.xlsx.values import CellKey, CellValue
from xlwings_addin.xlsx.writing import frozen_parts, without_calculation_chain

_STYLE = re.compile(rb"""\ss\s*=\s*["'](\d+)["']""")


@dataclass(frozen=True)
class Placed:
    """What a cell is to hold: a value, or a formula with its equals sign and the value stored for it.

    `style` is the number of its style in the workbook; None leaves that of the cell which is there.
    """

    value: CellValue = None
    formula: str | None = None
    style: int | None = None


def with_cells(package: Package, cells: Mapping[CellKey, Placed]) -> Package:
    """The workbook with cells placed, in front of whatever stands there.

    The calculation chain, which would list other cells, is left out; programs rebuild it.
    Raises BookError for a sheet that is not there and a value that no cell can hold.
    """
    formulas = {(cell.sheet, cell.cell) for cell in formula_cells(package)} & cells.keys()
    if formulas:
        package = package.edited(frozen_parts(package, formulas))
    by_sheet: dict[str, dict[str, Placed]] = {}
    for (sheet, address), placed in cells.items():
        by_sheet.setdefault(sheet, {})[address] = placed
    parts: dict[str, bytes | None] = without_calculation_chain(package)
    for sheet, placed_cells in by_sheet.items():
        part = package.sheet_part(sheet)
        parts[part] = apply(package.parts[part], list(_edits(package, part, sheet, placed_cells)))
    return package.edited(parts)


def _edits(package: Package, part: str, sheet: str, cells: Mapping[str, Placed]) -> Iterator[Edit]:
    data = package.parts[part]
    present = package.cells(part)
    places = present.row_places({split_address(address)[0] for address in cells})
    new: dict[str, bytes] = {}
    for address, placed in cells.items():
        place = f"{sheet}!{address}"
        cell = present.at(address)
        if cell is None:
            new[address] = _element(places.prefix, address, placed, placed.style, place)
            continue
        prefix = prefix_of(data[cell.tag.start : cell.tag.end])
        style = style_of(data, cell) if placed.style is None else placed.style
        yield Edit(
            cell.tag.start, _end_of(data, cell, prefix), _element(prefix, address, placed, style, place)
        )
    yield from inserted_cells(data, places, new)


def style_of(data: bytes, cell: SheetCell) -> int | None:
    """The number of a cell's style; None where it has none of its own."""
    match = _STYLE.search(data, cell.tag.start, cell.tag.end)
    return None if match is None else int(match[1])


def styles_in(package: Package) -> dict[CellKey, int]:
    """The numbers of the styles of all cells that have one."""
    styles: dict[CellKey, int] = {}
    for sheet, part in package.sheets().items():
        data, cells = package.parts[part], package.cells(part)
        for content, start in zip(cells.contents, cells.starts, strict=True):
            match = _STYLE.search(data, start, data.index(b">", start))
            if match is not None:
                styles[sheet, content.address] = int(match[1])
    return styles


def _end_of(data: bytes, cell: SheetCell, prefix: bytes) -> int:
    if cell.empty:
        return cell.tag.end
    children = [span.end for span in (cell.formula, cell.value, cell.inline) if span is not None]
    closing = data.index(b"</%bc" % prefix, max(children, default=cell.tag.end))
    return data.index(b">", closing) + 1


def _element(prefix: bytes, address: str, placed: Placed, style: int | None, place: str) -> bytes:
    kind, text = encoded(placed.value, place)
    tag = b'<%bc r="%b"' % (prefix, address.encode())
    if style is not None:
        tag += b' s="%d"' % style
    if kind:
        tag += b' t="%b"' % kind
    inner = b""
    if placed.formula is not None:
        inner += b"<%bf>%b</%bf>" % (prefix, escaped(placed.formula.removeprefix("=")), prefix)
    if text is not None:
        inner += b"<%bv>%b</%bv>" % (prefix, text, prefix)
    return tag + (b">%b</%bc>" % (inner, prefix) if inner else b"/>")
