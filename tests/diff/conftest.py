"""What the tests of comparisons share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture(scope="module")
def book() -> Book:
    context = load_context()
    return Book(replace(context, made=context.results["base"]))
