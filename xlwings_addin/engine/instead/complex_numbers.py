"""COMPLEX: the text of a complex number, its parts with 15 significant digits.

Source: Microsoft's documentation of COMPLEX; IronCalc's calculation tests, ENGINEERING/COMPLEXs.xlsx.
"""

from __future__ import annotations

from typing import Final

from xlwings_addin.engine.instead.number_text import general
from xlwings_addin.engine.instead.values import CellError, cell_by_cell, number, text

__all__ = ["FUNCTIONS"]


def _complex(real: object, imaginary: object, suffix: object = "i") -> str:
    unit = "i" if suffix is None else text(suffix)
    if unit not in ("i", "j", "") or isinstance(real, bool) or isinstance(imaginary, bool):
        raise CellError("#VALUE!")
    first, second = number(real), number(imaginary)
    if not second:
        return general(first)
    size = "" if abs(second) == 1 else general(abs(second))
    sign = "-" if second < 0 else "+" if first else ""
    return f"{general(first) if first else ''}{sign}{size}{unit or 'i'}"


FUNCTIONS: Final = {"COMPLEX": cell_by_cell(_complex)}
