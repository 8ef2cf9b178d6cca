"""ISODD and ISEVEN, which take texts that read like numbers, and no truth values.

Source: Microsoft's documentation of ISODD and ISEVEN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xlwings_addin.engine.instead.values import CellError, cell_by_cell, number

__all__ = ["FUNCTIONS"]


def _parity(odd: bool) -> Callable[..., object]:
    def calculate(value: object) -> object:
        if isinstance(value, bool):
            raise CellError("#VALUE!")
        return (int(number(value)) % 2 == 1) is odd

    return cell_by_cell(calculate)


FUNCTIONS: Final = {"ISODD": _parity(True), "ISEVEN": _parity(False)}
