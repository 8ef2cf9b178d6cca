"""The search for Pyodide, and that xlwings still makes it."""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT = """
import os, sys
os.environ["XLWINGS_LICENSE_KEY"] = "noncommercial"
from xlwings.utils import is_jsnull
from xlwings.server import func
from xlwings.pro.udfs_officejs import to_scalar

class Searches:
    made = 0
    def find_spec(self, name, path=None, target=None):
        Searches.made += name.partition(".")[0] == "pyodide"

{cure}
sys.meta_path.insert(0, Searches())
for _ in range(100):
    {call}
print(Searches.made)
"""
CURE = "from xlwings_addin.hosts.server.pyodide import rule_out_pyodide; rule_out_pyodide()"


def searches(call: str, cure: str = "") -> int:
    """How often a hundred calls search for Pyodide, in a process of their own."""
    code = COUNT.format(cure=cure, call=call)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout)


@pytest.mark.parametrize("call", ["is_jsnull(1.0)", "to_scalar([[1.0]])"], ids=["a cell", "an argument"])
def test_xlwings_searches_for_pyodide_each_time(call: str) -> None:
    assert searches(call) >= 100, "xlwings no longer does: rule_out_pyodide has become needless"


@pytest.mark.parametrize("call", ["is_jsnull(1.0)", "to_scalar([[1.0]])"], ids=["a cell", "an argument"])
def test_a_module_known_to_be_absent_is_not_searched_for(call: str) -> None:
    assert searches(call, CURE) == 0


def test_inside_pyodide_nothing_is_ruled_out() -> None:
    code = (
        "import sys, types; sys.modules['pyodide'] = present = types.ModuleType('pyodide');"
        f"{CURE}; assert sys.modules['pyodide'] is present; assert 'pyodide.ffi' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
