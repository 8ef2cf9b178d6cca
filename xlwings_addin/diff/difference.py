"""One cell that differs between two workbooks, and the classes of differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from xlwings_addin.xlsx.package import CellValue

DifferenceKind = Literal[
    "input changed", "formula changed", "value followed", "format only", "added", "removed"
]
KINDS: Final[tuple[DifferenceKind, ...]] = get_args(DifferenceKind)
MOST_LISTED: Final = 500
"""Cells of a class that a page or a sheet lists; the data hold all."""


@dataclass(frozen=True)
class Difference:
    """One cell that differs: where, what it held and what it holds.

    `cell` is its address in the later book, or where it was when it was removed; `line` and `label` are those
    of its row, where the row has a key. Dates are ISO texts, formulas begin with `=`, errors are texts.
    """

    kind: DifferenceKind
    sheet: str
    cell: str
    line: str = ""
    label: str = ""
    old: CellValue = None
    new: CellValue = None
    old_formula: str = ""
    new_formula: str = ""


def writable(text: str) -> str:
    """A text without the half characters (lone surrogates) that a cell can spell and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def outside_texts(formula: str, change: Callable[[str], str]) -> str:
    """A formula with what stands outside its quoted texts changed."""
    parts = formula.split('"')
    return '"'.join(part if position % 2 else change(part) for position, part in enumerate(parts))
