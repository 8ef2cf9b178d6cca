"""The defined names of scalar inputs and outputs, and the names they had before."""

from __future__ import annotations

from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.references import Book


def defined_names(book: Book) -> dict[str, str]:
    """The names of scalar inputs and outputs, and the cells they stand for, of the lines that a book has."""
    return {
        line.name: book.resolve(f"{{{placed.sheet.key}.{key}}}", "", "", 0)
        for placed in book.sheets.values()
        for key, (_, line) in placed.lines.items()
        if line.name and (not book.rows or (placed.sheet.key, key) in book.rows)
    }


def alias_names(book: Book) -> dict[str, str]:
    """The former names of the same cells: formulas that an analyst wrote with them go on working."""
    return {
        old: reference
        for name, reference in defined_names(book).items()
        for old in former("defined_name", name)
    }
