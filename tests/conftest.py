"""What all tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.book.libreoffice import find_soffice
from xlwings_addin.model.tables import tables_folder

os.environ["XIAOMI_MODEL_LEDGER"] = "off"  # no test writes into the user's own ledger
os.environ["XIAOMI_MODEL_LOG"] = "off"  # nor into the user's own log


@pytest.fixture(scope="session")
def libreoffice() -> Path:
    """LibreOffice's program. Without it the test is skipped, or fails where REQUIRE_LIBREOFFICE=1 is set."""
    found = find_soffice()
    if found is None:
        if os.environ.get("REQUIRE_LIBREOFFICE") == "1":
            pytest.fail("REQUIRE_LIBREOFFICE=1, but LibreOffice is not installed")
        pytest.skip("LibreOffice is not installed")
    return found


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook as the build delivers it."""
    return xa.build(tmp_path_factory.mktemp("delivered") / "Xiaomi_Model.xlsx")


@pytest.fixture
def book_file(delivered: Path, tmp_path: Path) -> Path:
    """A copy of the delivered workbook that a test may spoil."""
    return Path(shutil.copy(delivered, tmp_path))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the project's tables that a test may spoil."""
    copy = tmp_path / "tables"
    for folder in ("inputs", "cases"):
        shutil.copytree(tables_folder() / folder, copy / folder)
    return copy
