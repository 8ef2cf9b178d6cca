"""Reports of base and of the case that is meant where none is named, and a browser to look at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import browser, chromium  # noqa: F401  # fixtures
from xlwings_addin.report.document import Document
from xlwings_addin.report.make import report_of


@pytest.fixture(scope="session")
def no_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The name of a ledger that nobody has made."""
    return tmp_path_factory.mktemp("ledger") / "none.duckdb"


@pytest.fixture(scope="session")
def document(no_ledger: Path) -> Document:
    """The report of base, the view of 2025-11-19, whose printed figures tests have."""
    return report_of("base", ledger=no_ledger)


@pytest.fixture(scope="session")
def opening(no_ledger: Path) -> Document:
    """The report of the case that is meant where none is named."""
    return report_of(ledger=no_ledger)
