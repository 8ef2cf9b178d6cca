"""Which differences from a workbook's stored values are wrong, and which have a reason that is documented.

    judge = Judge(package, witness, stored)
    judge.differences(outcome.new)      the cells that differ, by kind: "wrong" and others

Kinds beside wrong:

- `rounding`: what is left where large figures cancel, less than 1e-12 of the largest (`engine.rounding`), or
  than the figures themselves differ by within their 1e-9
- `documented`: RATE, IRR, XIRR or YIELD, which Microsoft documents to 1e-7 or 1e-8 and no further, and what
  hangs on them, within 1e-8 of the figures that the formula reads or 1e-7 of its own
- `not Excel's`: the file says that another program wrote it, or stores 0 in every formula, as a library does
  that does not calculate
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from xlwings_addin.engine.formulas import functions_in
from xlwings_addin.engine.rounding import LeftOver
from xlwings_addin.engine.witness import Witness
from xlwings_addin.xlsx.package import CellKey, CellValue, Package

__all__ = ["KINDS", "Judge", "agree"]

KINDS = ("rounding", "documented", "not Excel's")
_ITERATED: Mapping[str, float] = {"XIRR": 1e-8, "IRR": 1e-7, "RATE": 1e-7, "YIELD": 1e-7}
"""Source: Microsoft's documentation: XIRR "within 0.000001 percent", IRR "0.00001 percent", RATE 1e-7."""
_CANCELLED, _LEFT_OVER = 1e-6, 1e-12
"""Of the largest summand: a sum that cancels, and what rounding leaves in it (`engine.rounding`)."""
_HANGING, _HANGING_RELATIVE = 1e-8, 1e-7
"""Of the largest figure that a formula reads, or of its own, where it hangs on one of those."""
_PART = "docProps/app.xml"


def agree(one: CellValue, other: CellValue, tolerance: float = 1e-9) -> bool:
    """Whether two values are the same: numbers within a relative tolerance, and an empty text is nothing."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)
    if {one, other} <= {"", None}:
        return True
    return isinstance(one, bool) == isinstance(other, bool) and one == other


class Judge:
    """Holds calculated values against those that a file stores; volatile cells are left out."""

    def __init__(self, package: Package, witness: Witness, stored: Mapping[CellKey, CellValue]) -> None:
        self._witness, self._stored = witness, stored
        self._book = witness.calculation.book
        self._is_excels = _is_excels(package) and any(
            stored.get(key) not in (None, 0.0) for key in self._book.formulas
        )
        self._left_over = LeftOver(witness.calculation)
        self._new: Mapping[CellKey, CellValue] = {}

    def differences(self, new: Mapping[CellKey, CellValue], moving: set[CellKey]) -> dict[str, list[CellKey]]:
        """The cells whose new values are not the stored ones, by kind."""
        kinds: dict[str, list[CellKey]] = defaultdict(list)
        self._new = new
        for key, value in new.items():
            right = self._stored.get(key)
            if right is not None and key not in moving and not agree(value, right):
                kinds[self._kind(key, value, right)].append(key)
        return kinds

    def _kind(self, key: CellKey, value: CellValue, right: CellValue) -> str:
        if not self._is_excels:
            return "not Excel's"
        if not isinstance(value, float) or not isinstance(right, float):
            return "wrong"
        if self._left_over.explains(key, right) or self._is_carried(key, value, right):
            return "rounding"
        iterated = [_ITERATED[name] for name in self._functions(key) if name in _ITERATED]
        if iterated:
            return "documented" if abs(value - right) <= max(iterated) * max(1.0, abs(right)) else "wrong"
        if key in self._hanging and abs(value - right) <= self._hanging_error(key, right):
            return "documented"
        return "wrong"

    def _is_carried(self, key: CellKey, value: float, right: float) -> bool:
        """Whether a sum that cancels is no further off than the figures that it adds up, which agree."""
        cells = [
            cell
            for area in self._witness.dependencies.reads(key)
            if area.size <= 100
            for cell in area.cells()
        ]
        pairs = [(self._new.get(cell, self._stored.get(cell)), self._stored.get(cell)) for cell in cells]
        figures = [
            (one, other) for one, other in pairs if isinstance(one, float) and isinstance(other, float)
        ]
        largest = max((abs(other) for _, other in figures), default=0.0)
        if max(abs(value), abs(right)) > _CANCELLED * largest or not all(agree(*pair) for pair in figures):
            return False
        return abs(value - right) <= sum(abs(one - other) for one, other in figures) + _LEFT_OVER * largest

    def _functions(self, key: CellKey) -> set[str]:
        return {name.rpartition(".")[2] for name in functions_in(self._book.patterns.get(key, ""))}

    @cached_property
    def _hanging(self) -> set[CellKey]:
        start = {key for key in self._book.formulas if not self._functions(key).isdisjoint(_ITERATED)}
        return self._witness.dependencies.hanging_on(start)

    def _hanging_error(self, key: CellKey, right: float) -> float:
        """How far off a cell may be that hangs on an iterated rate."""
        values: list[CellValue] = [right]
        for area in self._witness.dependencies.reads(key):
            if area.size <= 10_000:
                values += [self._stored.get(cell) for cell in area.cells()]
        largest = max(abs(value) for value in values if isinstance(value, float))
        return max(_HANGING_RELATIVE * abs(right), _HANGING * largest)


def _is_excels(package: Package) -> bool:
    """Whether Excel wrote the file, by what it says; one that says nothing was written by a library."""
    if _PART not in package.parts:
        return False
    program = package.tree(_PART).findtext("{*}Application") or ""
    return "Excel" in program
