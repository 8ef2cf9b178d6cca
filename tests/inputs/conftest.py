"""What the tests of the model share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from xlwings_addin.inputs.cases import Inputs, load_cases
from xlwings_addin.inputs.tables import Tables, load_tables, tables_folder


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load_tables()


@pytest.fixture(scope="session")
def cases(tables: Tables) -> dict[str, Inputs]:
    """The inputs of every case, by name."""
    return {entry.case: entry for entry in load_cases(tables=tables)}


@pytest.fixture(scope="session")
def base(cases: dict[str, Inputs]) -> Inputs:
    """The inputs of the house view's base case."""
    return cases["base"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tmp_path / part)
    return tmp_path
