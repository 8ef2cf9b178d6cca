"""Formulas without a trustworthy value, and the error that names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xlwings_addin.core.errors import BookError

NO_RESULT = {
    "Circ": "is part of a circular reference",
    "NImpl": "uses something the engine does not implement",
    "Error": "cannot be parsed by the engine",
    "Cancelled": "was cancelled",
    "Spill": "would fill more cells than its own, and they are not free",
    "Name": "uses a name or function that the engine does not know, or a cell that does",
}
STOPS = "stops the engine"
"""What the reason begins with where the engine gives up on the whole."""


class Unevaluated(NamedTuple):
    """A formula without a trustworthy value, and why; a defined name has no sheet."""

    sheet: str
    cell: str
    formula: str
    reason: str

    @property
    def place(self) -> str:
        """Where it stands: `Sheet!A1`, or the defined name."""
        return f"{self.sheet}!{self.cell}" if self.sheet else self.cell

    @property
    def is_faulty(self) -> bool:
        """Whether the formula is at fault and not the engine: it hangs on itself or cannot be parsed."""
        return self.reason in (NO_RESULT["Circ"], NO_RESULT["Error"])


class UnevaluatedError(BookError):
    """A workbook with formulas that the engine cannot evaluate; `cells` lists them all."""

    def __init__(self, cells: Sequence[Unevaluated]) -> None:
        self.cells = list(cells)
        first, others = self.cells[0], len(self.cells) - 1
        more = f" (and {others} more)" if others else ""
        rule = f"cannot be evaluated: {first.formula} {first.reason}{more}"
        super().__init__("cell", first.place, rule, display=first.place)
