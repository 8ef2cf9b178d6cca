"""No search for Pyodide outside Pyodide.

xlwings 0.37 asks for `pyodide.ffi` at every argument and, with its own converters, at every cell. Outside
Pyodide that import fails each time, after a search of every folder on the path, which takes longer than all
the rest of the call. A module known to be absent is not searched for.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import cast


def rule_out_pyodide() -> None:
    """Have the imports of Pyodide fail at once, where there is no Pyodide."""
    if sys.platform == "emscripten" or "pyodide" in sys.modules or find_spec("pyodide") is not None:
        return
    absent = cast(dict[str, object], sys.modules)  # None says that a module cannot be imported
    absent["pyodide"] = absent["pyodide.ffi"] = None
