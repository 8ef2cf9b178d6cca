"""Whole sheets of ours that a workbook lacks, as later versions of the model have them."""

from __future__ import annotations

from dataclasses import replace

from xlwings_addin.layout.references import Book, PlacedSheet
from xlwings_addin.layout.state import State
from xlwings_addin.xlsx.package import Package, read_package


def refusal_of_sheet(placed: PlacedSheet, titles: tuple[str, ...], state: State | None) -> str:
    """Why a workbook does not get a sheet that it lacks; nothing where it does."""
    sheet = placed.sheet
    if state is not None and any(state.has_had(sheet.key, line) for line in placed.lines):
        return f"sheet {sheet.title} was taken out of this book"
    if sheet.title.casefold() in {title.casefold() for title in titles}:
        return f"sheet {sheet.title}: another sheet of this book has that name"
    return ""


def with_sheet(package: Package, book: Book, key: str) -> Package:
    """The workbook with one more sheet, the last; its figures are still to come."""
    # Imported here: only a sheet needs the library that writes whole workbooks, and it takes long to load.
    from xlwings_addin.layout.new_sheet import with_sheet_from
    from xlwings_addin.layout.render import render_alone

    data = with_sheet_from(package, render_alone(book, key), book.sheets[key].sheet.title)
    return replace(read_package(data), display=package.display)
