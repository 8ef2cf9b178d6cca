"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xlwings_addin.book.libreoffice import find_soffice


@pytest.fixture(scope="session")
def libreoffice() -> Path:
    """LibreOffice's program. Without it the test is skipped, or fails where REQUIRE_LIBREOFFICE=1 is set."""
    found = find_soffice()
    if found is None:
        if os.environ.get("REQUIRE_LIBREOFFICE") == "1":
            pytest.fail("REQUIRE_LIBREOFFICE=1, but LibreOffice is not installed")
        pytest.skip("LibreOffice is not installed")
    return found
