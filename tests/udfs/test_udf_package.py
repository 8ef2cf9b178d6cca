"""The package itself: its version, and how little it takes to import it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from udfs.registry import callbacks


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", {"xiaomi-model": "9.8.7"}.__getitem__)
    assert callbacks()["VAL_VERSION"]() == "9.8.7"


def test_functions_run_from_a_source_folder_do_not_claim_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert callbacks()["VAL_VERSION"]() == "not installed"


def test_importing_the_functions_brings_in_numpy_and_nothing_else_from_outside() -> None:
    listing = subprocess.run(
        [sys.executable, "-c", "import sys, udfs; print(*{name.partition('.')[0] for name in sys.modules})"],
        capture_output=True,
        text=True,
        check=True,
        cwd=importlib.import_module("udfs").__path__[0] + "/..",
    )
    imported = set(listing.stdout.split()) - sys.stdlib_module_names
    assert {"udfs", "xlwings_addin", "numpy"} <= imported
    outsiders = {name for name in imported if not name.startswith("_") and "editable" not in name}
    assert outsiders - {"sitecustomize", "usercustomize"} == {"udfs", "xlwings_addin", "numpy"}
