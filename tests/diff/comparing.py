"""Edits of the delivered workbook, and what a comparison says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from openpyxl import Workbook, load_workbook

from tests.xlsx.editing import Content, typed_into
from tests.xlsx.foreign_books import saved
from xlwings_addin.diff.difference import Difference
from xlwings_addin.diff.result import Differences
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.xlsx.package import CellKey, write_values


def calculated(data: Path | bytes) -> bytes:
    """A workbook with the values that its formulas have."""
    return write_values(data, Calculation(data, callbacks()).values())


def edited(path: Path, change: Callable[[Workbook], object]) -> bytes:
    """A copy edited and saved by another program, and calculated."""
    workbook = load_workbook(path)
    change(workbook)
    return calculated(saved(workbook))


def typed(path: Path | bytes, contents: Mapping[CellKey, Content]) -> bytes:
    """A copy with other contents in cells, as an analyst types them, and calculated."""
    return calculated(typed_into(path, contents))


def input_at(book: Book, key: str, case: str = "base") -> tuple[str, str]:
    return book.at(f"{{inputs.{key}:cases[{book.context.cases.index(case) + 1}]}}")


def of(comparison: Differences, kind: str) -> list[Difference]:
    return [cell for cell in comparison.cells if cell.kind == kind]


def classes(comparison: Differences) -> dict[str, int]:
    return {kind: count for kind, count in comparison.counts.items() if count}
