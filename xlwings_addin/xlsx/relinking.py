"""Formulas into cells that hold values, and values where formulas were; every other byte stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.edits import Edit, apply, escaped, value_edits
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.reading import formula_cells, read_values
from xlwings_addin.xlsx.scanning import SheetCell, prefix_of
from xlwings_addin.xlsx.values import CellKey, CellValue
from xlwings_addin.xlsx.writing import frozen_parts, without_calculation_chain


def with_formulas(package: Package, formulas: Mapping[CellKey, str], typed: Collection[CellKey]) -> Package:
    """The workbook with formulas, given with their equals signs, in cells, and none in those that are typed.

    The stored values stay as they are until they are written. The calculation chain, which would list other
    cells, is left out; programs rebuild it. Raises BookError for a cell that the sheet's XML does not have.
    """
    touched = {*typed, *formulas}
    present = {(cell.sheet, cell.cell) for cell in formula_cells(package)}
    if touched & present:
        package = package.edited(frozen_parts(package, touched & present))
    if not formulas:
        return package
    values = read_values(package)
    parts: dict[str, bytes | None] = without_calculation_chain(package)
    for sheet in dict.fromkeys(title for title, _ in formulas):
        part = package.sheet_part(sheet)
        cells = package.cells(part)
        edits: list[Edit] = []
        for (title, address), formula in formulas.items():
            if title != sheet:
                continue
            cell = cells.at(address)
            if cell is None:
                place, rule = f"{sheet}!{address}", "is not in the sheet's XML, so it holds no formula"
                raise BookError("cell", place, rule, display=place)
            value = values.get((sheet, address))
            edits += _formula_edits(package.parts[part], cell, formula, value, f"{sheet}!{address}")
        parts[part] = apply(package.parts[part], edits)
    return package.edited(parts)


def _formula_edits(
    data: bytes, cell: SheetCell, formula: str, value: CellValue, place: str
) -> Iterator[Edit]:
    """The edits that put a formula before the value of a cell that has none."""
    tag = data[cell.tag.start : cell.tag.end]
    prefix = prefix_of(tag)
    text = b"<%bf>%b</%bf>" % (prefix, escaped(formula.removeprefix("=")), prefix)
    if cell.empty:
        yield Edit(*cell.tag, b"%b>%b</%bc>" % (tag[:-2].rstrip(), text, prefix))
        return
    for edit in value_edits(data, cell, value, place=place):
        is_tag = (edit.start, edit.end) == cell.tag
        yield Edit(edit.start, edit.end, edit.new + text) if is_tag else edit
