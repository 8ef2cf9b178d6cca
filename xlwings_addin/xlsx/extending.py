"""References that span a run of columns, made longer where the run has grown.

Source: ECMA-376 Part 1, 18.17 (formulas).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xlwings_addin.xlsx.moving.book import BookMove
from xlwings_addin.xlsx.moving.formulas import FormulaMover, Located, Sheets
from xlwings_addin.xlsx.moving.references import Reference
from xlwings_addin.xlsx.moving.shift import LIMITS, Shift
from xlwings_addin.xlsx.parts import Package


@dataclass(frozen=True)
class Run:
    """A run of columns in some rows of a sheet that has got `count` columns more behind its last."""

    sheet: str
    rows: frozenset[int]
    first: int
    last: int
    count: int


@dataclass(frozen=True)
class _Extender(FormulaMover):
    """Moves nothing, and lets references to the whole of a run reach to its new end."""

    rows: frozenset[int] = frozenset()
    first: int = 0
    last: int = 0
    count: int = 0

    def reference(
        self, part: Located, *, own: bool, only_absolute: bool = False, wraps: bool = False
    ) -> Reference | None:
        reference = part.reference
        marks = reference.columns
        if not self.means(part, own) or reference.single or marks is None or reference.rows is None:
            return reference
        if reference.ends("columns") != (self.first, self.last) or not self.rows >= {*reference.ends("rows")}:
            return reference
        new = tuple(mark.at(mark.number + self.count * (mark.number == self.last)) for mark in marks)
        return reference.with_marks("columns", (new[0], new[1]))


def extended(package: Package, run: Run) -> Package:
    """The workbook in which every reference to the whole of a run has its new length.

    Formulas of every sheet, names, charts, validations and formats: what spans the run from its first column
    to its last, in its rows, and nothing else.
    """
    parts = BookMove(package, run.sheet, _extender(run, tuple(package.titles))).changed()
    if not parts:
        return package
    return package.edited(parts)


def extended_formula(formula: str, sheet: str, run: Run, titles: tuple[str, ...]) -> str:
    """A formula on a sheet of a workbook, by the titles of all, with its references to a run made longer.

    >>> run = Run("Reported", frozenset((4, 5)), 2, 5, 1)
    >>> extended_formula("=SUM(Reported!B5:E5)-Reported!E5", "Mine", run, ("Reported", "Mine"))
    '=SUM(Reported!B5:F5)-Reported!E5'
    """
    return _extender(run, titles).text(formula, own=sheet == run.sheet)


@lru_cache(maxsize=8)
def _extender(run: Run, titles: tuple[str, ...]) -> _Extender:
    still = Shift("columns", LIMITS["columns"], 1)
    return _Extender(still, Sheets(titles, run.sheet), run.rows, run.first, run.last, run.count)
