"""Small workbooks that store in their formula cells what Excel shows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.xlsx.foreign_books import formulas_book, packed, parts_of
from xlwings_addin.xlsx.package import CellValue, write_values

SHEET = "Sheet"


def stored_book(
    cells: Mapping[str, object], stored: Mapping[str, CellValue], *, sheet: str = SHEET, **options: object
) -> bytes:
    """A workbook of one sheet with values stored beside its formulas."""
    book = formulas_book(cells, sheet=sheet, **options)  # type: ignore[arg-type]
    return write_values(book, {(sheet, address): value for address, value in stored.items()})


def with_part(book: bytes, part: str, pattern: str, replacement: str) -> bytes:
    """A workbook with one piece of one part's XML replaced."""
    parts = parts_of(book)
    changed, count = re.subn(pattern, replacement, parts[part].decode())
    assert count, f"{pattern} is not in {part}"
    return packed(parts | {part: changed.encode()})
