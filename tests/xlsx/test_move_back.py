"""Deleting what was inserted gives the book back, byte by byte, wherever it was inserted."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xlsx.foreign_books import openpyxl_book, parts_of, xlsxwriter_book
from tests.xlsx.moving_books import full_book, openpyxl_extras
from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.moving import Axis, move
from xlwings_addin.xlsx.package import formula_cells, read_package

BOOKS = {
    "full": full_book,
    "extras": openpyxl_extras,
    "XlsxWriter": xlsxwriter_book,
    "openpyxl": openpyxl_book,
}


@cache
def book_of(kind: str) -> bytes:
    return BOOKS[kind]()


def moved_or_torn(book: bytes, sheet: str, at: int, count: int, axis: Axis) -> bytes | None:
    """The book after a move; None where the move would tear something, and nothing but that may refuse it."""
    try:
        return move(book, sheet, at, count, axis)
    except BookError as refusal:
        if "would cut through the" not in refusal.rule:
            raise
        return None


@pytest.mark.parametrize("kind", BOOKS)
@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_insertion_and_deletion_at_every_place_give_the_book_back(kind: str, axis: Axis) -> None:
    book = book_of(kind)
    before = parts_of(book)
    outcomes: Counter[str] = Counter()
    for sheet in read_package(book).sheets():
        for at in range(1, 31, 3):
            there = moved_or_torn(book, sheet, at, 2, axis)
            outcomes["refused" if there is None else "moved"] += 1
            if there is None:
                continue
            after = parts_of(move(there, sheet, at, -2, axis))
            unlike = {name for name in before if after[name] != before[name]}
            assert not unlike, (sheet, at)
    assert outcomes["moved"] > outcomes["refused"]


@given(
    st.sampled_from(["Data", "Sum & more", "Q1's"]),
    st.integers(1, 40),
    st.integers(1, 6),
    st.sampled_from(["rows", "columns"]),
)
@settings(max_examples=30, deadline=None)
def test_two_insertions_are_one_of_both(sheet: str, at: int, count: int, axis: Axis) -> None:
    once = moved_or_torn(book_of("full"), sheet, at, count + 1, axis)
    if once is None:
        return
    twice = move(move(book_of("full"), sheet, at, count, axis), sheet, at + count, 1, axis)
    texts = [[(cell.cell, cell.text, cell.area) for cell in formula_cells(book)] for book in (once, twice)]
    assert texts[0] == texts[1]
