"""The package itself: its version, and how little it takes to import it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from xlwings_addin.functions.registry import callbacks


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", {"xiaomi-model": "9.8.7"}.__getitem__)
    assert callbacks()["VAL_VERSION"]() == "9.8.7"


def test_functions_run_from_a_source_folder_do_not_claim_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert callbacks()["VAL_VERSION"]() == "not installed"


@pytest.mark.parametrize(
    "code",
    ["import xlwings_addin.functions.registry", "sys.modules['xlwings'] = None; import udfs"],
    ids=["registry", "udfs without xlwings"],
)
def test_the_functions_need_numpy_and_nothing_else_from_outside(code: str) -> None:
    printed = "print(*{name.partition('.')[0] for name, module in sys.modules.items() if module})"
    listing = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; {printed}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    imported = set(listing.stdout.split()) - sys.stdlib_module_names
    assert {"xlwings_addin", "numpy"} <= imported
    outsiders = {name for name in imported if not name.startswith("_") and "editable" not in name}
    assert outsiders - {"sitecustomize", "usercustomize", "udfs"} == {"xlwings_addin", "numpy"}


def test_a_users_own_module_called_udfs_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "udfs.py").write_text("OWN = True", encoding="utf-8")
    code = (
        "import udfs; from xlwings_addin.functions.registry import REGISTRY; "
        "print(udfs.OWN, 'DCF_WACC' in REGISTRY, 'CAPITAL_WACC' in REGISTRY)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert printed.stdout.split() == ["True", "False", "True"]


def test_functions_imported_by_name_and_by_file_are_registered_once() -> None:
    code = (
        "from xlwings_addin.functions.registry import REGISTRY; before = dict(REGISTRY); "
        "import udfs.capital; "
        "print(before == REGISTRY, udfs.capital.CAPITAL_WACC is REGISTRY['CAPITAL_WACC'].function)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert printed.stdout.split() == ["True", "True"]
