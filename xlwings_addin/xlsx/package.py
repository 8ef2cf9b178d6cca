"""An xlsx as what it is, a zip of XML parts: values go in, and every other byte stays as its author left it.

    read_package      a file or bytes -> Package, after the checks that keep a bad file from doing harm
    formula_cells     where a workbook's formulas stand
    read_values       the stored values
    write_values      stored values in; formulas, styles, charts and every other part untouched
    freeze_formulas   formulas out, their values stay
    normalise         the same workbook as the same bytes on every machine
    order_fonts       what fonts say in the order of the Open XML SDK
    save              bytes to a file, whole or not at all
    move              rows or columns inserted or deleted; all that refers to cells follows

This is the room's door: what other rooms need of it is imported from here or from `addresses`.
Source: ECMA-376 Part 1 (SpreadsheetML) and Part 2 (packages, parts and relationships).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlwings_addin.xlsx.fonts import order_fonts
from xlwings_addin.xlsx.formulas import FormulaCell
from xlwings_addin.xlsx.normalise import normalise
from xlwings_addin.xlsx.parts import MAX_EXPANDED_BYTES, MAX_EXPANSION, Package, Source, read_package
from xlwings_addin.xlsx.reading import formula_cells, read_values
from xlwings_addin.xlsx.saving import is_open_elsewhere, refuse_open, require_replaceable, save
from xlwings_addin.xlsx.values import ERROR_VALUES, CellKey, CellValue, Text, is_error
from xlwings_addin.xlsx.writing import (
    freeze_formulas,
    parts_with_values,
    with_child,
    without_drawings,
    write_values,
)

if TYPE_CHECKING:
    from xlwings_addin.xlsx.moving import Axis, move, moved_parts

__all__ = [
    "ERROR_VALUES",
    "MAX_EXPANDED_BYTES",
    "MAX_EXPANSION",
    "Axis",
    "CellKey",
    "CellValue",
    "FormulaCell",
    "Package",
    "Source",
    "Text",
    "formula_cells",
    "freeze_formulas",
    "is_error",
    "is_open_elsewhere",
    "move",
    "moved_parts",
    "normalise",
    "order_fonts",
    "parts_with_values",
    "read_package",
    "read_values",
    "refuse_open",
    "require_replaceable",
    "save",
    "with_child",
    "without_drawings",
    "write_values",
]


def __getattr__(name: str) -> Any:
    """What moves rows and columns, loaded for those who ask for it: few do, and it is large."""
    if name not in ("Axis", "move", "moved_parts"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xlwings_addin.xlsx import moving

    return getattr(moving, name)
