"""What the tests of sheets share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sheets.live_book import LiveBook
from xlwings_addin.xlsx.package import Package, read_package


@pytest.fixture(scope="session")
def package(delivered: Path) -> Package:
    """The parts of the delivered workbook."""
    return read_package(delivered)


@pytest.fixture
def live(package: Package) -> LiveBook:
    """The delivered workbook, for a test to edit and calculate."""
    return LiveBook(package)
