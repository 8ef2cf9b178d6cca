"""A browser and a server for the tests of the task pane, and tables that differ."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.hosts.server_process import Server, running
from tests.refresh.refreshing import refresh_file
from xlwings_addin.inputs.tables import tables_folder


@pytest.fixture(scope="session")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures the tests of hosts name."""
    return delivered_at_base


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium's program. Without it the test is skipped, or fails where REQUIRE_BROWSER=1 is set."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, but chromium is not installed")
        pytest.skip("chromium is not installed")
    return program


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def pane_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose tables have another tax rate of the house view than the workbook."""
    folder = tmp_path_factory.mktemp("pane")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / "tables" / part)
    assumptions = folder / "tables" / "inputs" / "assumptions.csv"
    assumptions.write_text(re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text()))
    with running(folder / "logs", "--inputs", str(folder / "tables")) as started:
        yield started


@pytest.fixture
def new_tables(other_tables: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tables with another tax rate, which the buttons are told to use."""
    monkeypatch.setenv("XIAOMI_MODEL_INPUTS", str(other_tables))
    return other_tables


@pytest.fixture(scope="module")
def grown_file(
    analysts: Path, later_tables: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> Path:
    """The file of an analyst's workbook after a refresh that adds a year of columns: what hosts are to do."""

    def fill(folder: Path) -> None:
        refresh_file(Path(shutil.copy(analysts, folder / "file.xlsx")), later_tables)

    return made_once("grown_file", fill) / "file.xlsx"
