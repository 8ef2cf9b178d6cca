"""xlwings Lite as far as Python goes: `main.py` run by xlwings' own code, with the client stood in for.

A program for a process of its own, which is started without the site packages: of them it sees numpy, lxml
and xlwings alone, as a workbook in Lite does. Arguments: the folder of main.py, and that of those libraries.
From standard input it reads the payload that Lite's client sends, the formulas it would give when asked, and
the name of a script or None; to standard output go the metadata, what the script printed, and its actions.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
import types
from pathlib import Path
from typing import Any


class Client:
    """What Lite's page offers to xlwings in Pyodide: here, the formulas of a range."""

    def __init__(self, formulas: dict[str, list[list[Any]]]) -> None:
        self.formulas = formulas

    async def getRangeData(self, sheet: str, address: str, keys: list[str]) -> Any:  # noqa: N802
        assert keys == ["formulas"]
        return types.SimpleNamespace(to_py=lambda: {"formulas": self.formulas[sheet]})


def as_in_pyodide(formulas: dict[str, list[list[Any]]]) -> None:
    """The modules that only Pyodide has, and its name of the platform."""
    ffi = types.ModuleType("pyodide.ffi")
    vars(ffi).update(to_js=lambda value: value, JsNull=type("JsNull", (), {}))
    pyodide = types.ModuleType("pyodide")
    vars(pyodide)["ffi"] = ffi
    page = types.ModuleType("js")
    vars(page)["xlwings"] = Client(formulas)
    sys.modules.update({"pyodide": pyodide, "pyodide.ffi": ffi, "js": page})
    sys.platform = "emscripten"


def main() -> None:
    folder, *libraries = sys.argv[1:]
    sys.path += libraries
    import lxml.etree  # noqa: F401
    import numpy  # noqa: F401
    import xlwings
    import xlwings.server

    request = json.load(sys.stdin)
    as_in_pyodide(request["formulas"])
    module = types.ModuleType("main")
    code = (Path(folder) / "main.py").read_text(encoding="utf-8")
    exec(compile(code, "main.py", "exec"), vars(module))
    answer: dict[str, Any] = {
        "functions": [one["id"] for one in xlwings.server.custom_functions_meta(module)["functions"]],
        "scripts": {one["function_name"]: one["name"] for one in xlwings.server.custom_scripts_meta(module)},
    }
    printed, error = io.StringIO(), None
    if request["script"]:
        book = xlwings.Book(json=request["payload"])
        call = xlwings.server.custom_scripts_call(
            module, request["script"], typehint_to_value={xlwings.Book: book}
        )
        try:
            with contextlib.redirect_stdout(printed):
                asyncio.run(call)
        except xlwings.XlwingsError as refused:
            error = str(refused)
        answer["actions"] = book.json()["actions"]
    answer |= {"printed": printed.getvalue(), "error": error}
    outside = {name.partition(".")[0] for name, module in sys.modules.items() if module}
    answer["imported"] = sorted(outside - sys.stdlib_module_names)
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
