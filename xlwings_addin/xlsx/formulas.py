"""Which cells of a sheet a formula decides, and what it says there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Literal, NamedTuple

from xlwings_addin.xlsx.addresses import cells_in, corners, join_address
from xlwings_addin.xlsx.contents import CellContent

FormulaKind = Literal["normal", "shared", "array", "dynamic", "dataTable", "member"]
_KINDS: dict[str, FormulaKind] = {"array": "array", "shared": "shared", "dataTable": "dataTable"}
"""What the attribute `t` of `<f>` says; all else is a normal formula."""


class FormulaCell(NamedTuple):
    """A cell whose value a formula decides.

    `kind` is what `<f t=...>` says; an `array` that may fill a changing number of cells is `dynamic`, and a
    cell in the area of another cell's array or data table a `member`. `text` is the formula as stored,
    without the equals sign, and empty where the file refers to another cell's; `shared` is then their index.
    """

    sheet: str
    cell: str
    kind: FormulaKind
    area: str = ""
    text: str = ""
    shared: str = ""


def formulas_in(sheet: str, cells: Iterable[CellContent]) -> list[FormulaCell]:
    """The cells of a sheet that a formula decides; `<f ca="1"/>` marks a further cell of a dynamic array."""
    formulas: list[FormulaCell] = []
    without_text: list[str] = []
    areas: list[CellContent] = []
    for cell in cells:
        text, formula_type = cell.formula, cell.formula_type
        if text is None:
            continue
        if text and formula_type == "normal" and not cell.area:  # nearly all are
            formulas.append(_formula((sheet, cell.address, "normal", "", text, "")))
            continue
        kind = _KINDS.get(formula_type, "normal")
        if kind == "array" or kind == "dataTable":
            areas.append(cell)
            kind = "dynamic" if cell.dynamic and kind == "array" else kind
        if text or kind == "shared" or kind == "dataTable":
            area = _area(cell) if cell.area else ""
            formulas.append(FormulaCell(sheet, cell.address, kind, area, text, cell.shared))
        else:
            without_text.append(cell.address)
    taken = {formula.cell for formula in formulas} if areas else set()
    for cell in areas:
        members = [address for address in _area_of(cell) if address not in taken]
        formulas.extend(FormulaCell(sheet, address, "member", cell.area) for address in members)
        taken.update(members)
    left = [address for address in without_text if address not in taken]
    return formulas + [FormulaCell(sheet, address, "member") for address in left]


_formula = partial(tuple.__new__, FormulaCell)


def decided(cells: Iterable[CellContent]) -> set[str]:
    """The addresses in a sheet whose value a formula decides."""
    own = [cell for cell in cells if cell.formula is not None]
    return {cell.address for cell in own}.union(*map(_area_of, own))


def _area_of(cell: CellContent) -> Iterable[str]:
    """The addresses that an array formula or data table fills; none for other formulas."""
    area = _area(cell) if cell.formula_type in ("array", "dataTable") else ""
    return cells_in(area) if area else ()


def _area(cell: CellContent) -> str:
    """The area that a formula names; that of an array formula begins with its own cell, or is that cell."""
    if cell.formula_type != "array" or not cell.area:
        return cell.area
    (top, left), _ = corners(cell.area)
    return cell.area if join_address(top, left) == cell.address else cell.address
