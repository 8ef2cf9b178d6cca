"""Which look a cell has: what it is, its unit, whether it is a total, and how it is aligned."""

from __future__ import annotations

from typing import NamedTuple

from xlwings_addin.layout.references import PlacedCell
from xlwings_addin.sheets.spec import Columns, Entry, Line


class Look(NamedTuple):
    """What decides font, fill, border, number format and alignment of a cell.

    `style` says who writes it: formula, link, input, override, stored or text.
    """

    style: str
    unit: str
    total: bool
    align: str


def look_of(cell: PlacedCell, line: Line, columns: Columns) -> Look:
    """How a cell says what it is: typed, computed, linked or stored, and in which unit."""
    style: str = "link" if is_link(cell.entry) else cell.entry.kind
    style = {"answer": "stored", "table": "formula"}.get(style, style)
    if cell.follows or cell.overrides:
        style = "formula" if cell.follows else "override"
    unit = cell.unit
    if unit.startswith("legend "):
        style, unit = unit.removeprefix("legend "), "sample"
    return Look(style, unit, line.total, "centre" if unit == "status" else columns.align)


def is_link(entry: Entry) -> bool:
    """Whether a formula only shows a figure of another sheet."""
    formula = entry.formula or ""
    return (
        entry.kind == "formula"
        and formula[0] == "{"
        and formula.find("}") == len(formula) - 1
        and "." in formula
    )
