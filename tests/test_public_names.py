"""The functions of the package stay what they are, whatever else of it has been imported."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import warnings
from inspect import isfunction

import pytest

import xlwings_addin as xa

NEEDS_A_PROGRAM = ("inside", "project", "xlwings_addin.hosts.server", "xlwings_addin.hosts.desktop")
"""Modules that run in another program or with an extra that an installation may lack."""

FUNCTIONS = [name for name in xa.__all__ if name not in ("__version__", "DEFAULT_CASE", "DEFAULT_COMPANY")]


def test_every_public_function_is_tested_here() -> None:
    assert set(FUNCTIONS) == {
        "batch", "build", "check", "company", "conventions", "default_book", "diff", "fit_ramp", "implied",
        "iso_curve", "multiples", "recalculate", "refresh", "replicate", "report", "sensitivity", "simulate",
        "tornado", "value", "values",
    }  # fmt: skip


def test_importing_every_module_rebinds_no_public_function() -> None:
    before = {name: getattr(xa, name) for name in FUNCTIONS}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        imported = [
            importlib.import_module(module.name)
            for module in pkgutil.walk_packages(xa.__path__, "xlwings_addin.")
            if not module.name.endswith("__main__")
            and not any(part in module.name for part in NEEDS_A_PROGRAM)
        ]
    assert len(imported) > 100
    for name in FUNCTIONS:
        assert getattr(xa, name) is before[name]
        assert isfunction(getattr(xa, name))


@pytest.mark.parametrize(
    ("room", "module"), [("refresh", "refresh"), ("report", "document"), ("diff", "differences")]
)
def test_a_room_named_as_a_function_is_imported_first_and_the_function_stays(room: str, module: str) -> None:
    code = (
        f"import warnings; warnings.simplefilter('error')\n"
        f"import xlwings_addin.{room}\n"
        f"from xlwings_addin.{room} import {module}\n"
        f"import sys, types, xlwings_addin as xa\n"
        f"assert isinstance(xa.{room}, types.FunctionType), xa.{room}\n"
        f"assert isinstance(sys.modules['xlwings_addin.{room}'], types.ModuleType)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert xa.__version__ == version("xiaomi-model")
