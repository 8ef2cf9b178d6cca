"""What all tests share."""

from __future__ import annotations

import gc
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import xlwings_addin as xa
from tests.released import TABLES
from xlwings_addin.engine.libreoffice import find_soffice
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.xlsx.locking import locked

os.environ["XIAOMI_MODEL_LEDGER"] = "off"  # no test writes into the user's own ledger
os.environ["XIAOMI_MODEL_LOG"] = "off"  # nor into the user's own log

gc.set_threshold(100_000, 50, 100)  # as on the command line: a workbook is many objects and little garbage

settings.register_profile("project", deadline=None)  # a busy machine is no failure
settings.load_profile("project")


HANGS_AFTER = 900.0
"""Seconds for what another process makes, on a busy machine; a guard and no measurement."""

SLOW_FIXTURES = frozenset(
    {
        "delivered",
        "delivered_at_base",
        "live_cases",
        "rebuilt",
        "book_file",
        "libreoffice",
        "chromium",
        "browser",
        "running",
        "site",
    }
)
"""What `make test-fast` leaves out: tests that build or open a workbook of the model, or start a program."""
SLOW_ROOMS = (
    *("acceptance", "batch", "cli", "cluster", "companies", "diff", "examples", "fuzz", "hosts", "ledger"),
    *("refresh", "workbook", "analytics/test_methodology_bridge.py", "analytics/test_ramp_fits.py"),
    *("analytics/test_simulation.py", "engine/test_libreoffice.py", "engine/test_witness.py"),
    *("proof/test_break_even.py", "proof/test_build.py", "proof/test_many_cases.py"),
    *("proof/test_time_from_tables.py", "xlsx/test_move_back.py", "xlsx/test_move_delivered.py"),
    *("xlsx/test_robustness.py", "test_distribution.py", "test_supply.py"),
)
"""Folders and files of tests most of which do."""


LONGEST = (
    *("refresh/test_refresh.py", "hosts/test_libreoffice_commands.py", "hosts/test_libreoffice_growth.py"),
    *("proof/test_check.py", "proof/test_second_engine.py", "refresh/test_renamed_book.py"),
    *("hosts/test_server_growth.py", "hosts/test_server_pane_presses.py", "refresh/test_growth.py"),
    *("sheets/test_every_case.py", "hosts/test_desktop_growth.py", "diff/test_differences.py"),
    *("hosts/test_server_scripts.py", "proof/test_time_from_tables.py", "refresh/test_inherited_inputs.py"),
    *("fuzz/test_fuzz.py", "cli/test_hostile_books.py", "refresh/test_certainty.py"),
    *("sheets/test_random_inputs.py", "cli/test_own_workbook.py", "hosts/test_desktop_book.py"),
    *("hosts/test_desktop_mac.py", "hosts/test_server_limits.py", "refresh/test_joined_sources.py"),
    *("xlsx/test_move_delivered.py", "refresh/test_open_book.py", "proof/test_build.py"),
    *("refresh/test_changes_sheet.py", "refresh/test_results_day.py", "cli/test_output.py"),
    *("hosts/test_lite.py", "hosts/test_libreoffice_environment.py", "refresh/test_live_cases.py"),
)
"""The modules that take longest come first: no process begins one while the others are done already."""


@cache
def _is_slow(path: Path) -> bool:
    return any(path.is_relative_to(Path(__file__).parent / room) for room in SLOW_ROOMS)


@cache
def _turn(path: Path) -> int:
    """When a module has its turn: those that take longest, others that are slow, the rest."""
    longest = [Path(__file__).parent / module for module in LONGEST]
    return longest.index(path) if path in longest else len(longest) + (not _is_slow(path))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow ones, and put the modules in the order of `LONGEST`."""
    items.sort(key=lambda item: _turn(item.path))
    for item in items:
        fixtures = frozenset(getattr(item, "fixturenames", ()))
        if fixtures & SLOW_FIXTURES or _is_slow(item.path):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """The thousands of tests themselves are no garbage: nobody need look through them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def libreoffice() -> Path:
    """LibreOffice's program. Without it the test is skipped, or fails where REQUIRE_LIBREOFFICE=1 is set."""
    program = find_soffice()
    if program is None:
        if os.environ.get("REQUIRE_LIBREOFFICE") == "1":
            pytest.fail("REQUIRE_LIBREOFFICE=1, but LibreOffice is not installed")
        pytest.skip("LibreOffice is not installed")
    return program


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A folder by its name, which is filled once in a run: by the process that asks for it first.

    No test changes a file in it.
    """
    of_process = tmp_path_factory.getbasetemp()
    of_run = of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else of_process

    def folder_of(name: str, fill: Callable[[Path], object]) -> Path:
        folder, mark = of_run / f"shared_{name}", of_run / f"shared_{name}.filled"
        with locked(mark, longest_wait=HANGS_AFTER):
            if not mark.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                mark.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def built(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Callable[..., Path]:
    """The workbook of the project as a build with some options delivers it."""

    def workbook(name: str, **options: Any) -> Path:
        def fill(folder: Path) -> None:
            xa.build(folder / "Xiaomi_Model.xlsx", **options)

        return made_once(name, fill) / "Xiaomi_Model.xlsx"

    return workbook


@pytest.fixture(scope="session")
def delivered(built: Callable[..., Path]) -> Path:
    """The workbook as the build delivers it."""
    return built("delivered")


@pytest.fixture(scope="session")
def delivered_at_base(built: Callable[..., Path]) -> Path:
    """The same, opened with the view of 2025-11-19, whose printed figures tests have."""
    return built("delivered_at_base", case="base")


@pytest.fixture(scope="session")
def live_cases(delivered: Path) -> Path:
    """The workbook as the build delivers it, where the what-if table of every case on Cover is the claim."""
    return delivered


@pytest.fixture(scope="session")
def kept_cases(built: Callable[..., Path]) -> Path:
    """The workbook with the results of the cases kept on Cover, as all were before what-if tables."""
    return built("kept_cases", live="none")


@pytest.fixture(scope="session")
def rebuilt(built: Callable[..., Path]) -> Path:
    """A new workbook from the tables of version 0.1.0 whose Cover keeps the cases, as it did then."""
    return built("rebuilt", folder=TABLES, live="none")


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


@pytest.fixture(scope="session")
def other_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with another tax rate of the house view; no test changes them."""
    folder = tmp_path_factory.mktemp("other") / "tables"
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / part)
    assumptions = folder / "inputs" / "assumptions.csv"
    changed, count = re.subn(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text())
    assert count == 1
    assumptions.write_text(changed)
    return folder


@pytest.fixture(scope="session")
def later_tables(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Tables with reported quarters to 2027Q1, so that a year of columns is new, valued in 2026."""
    # Imported here: no other test needs it.
    from tests.quarters_of_2026 import add_quarter, start_from_2026

    def fill(folder: Path) -> None:
        for part in ("inputs", "cases"):
            shutil.copytree(tables_folder() / part, folder / part)
        for quarter in ("2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4", "2027Q1"):
            add_quarter(folder, quarter)
        start_from_2026(folder)

    return made_once("later_tables", fill)
