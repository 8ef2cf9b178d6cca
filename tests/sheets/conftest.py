"""What the tests of sheets share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sheets.live_book import LiveBook
from xlwings_addin.xlsx.package import Package, read_package


@pytest.fixture(scope="session")
def package(delivered: Path) -> Package:
    """The parts of the delivered workbook."""
    return read_package(delivered)


@pytest.fixture(scope="session")
def at_rest() -> list[LiveBook]:
    """A workbook that a test is done with, and that is as it was delivered."""
    return []


@pytest.fixture
def live(package: Package, at_rest: list[LiveBook]) -> Iterator[LiveBook]:
    """The delivered workbook, for a test to edit and calculate."""
    book = at_rest.pop() if at_rest else LiveBook(package)
    yield book
    if book.take_back():
        at_rest.append(book)
