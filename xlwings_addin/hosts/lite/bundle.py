"""Code and tables for xlwings Lite: `main.py`, which carries them as one constant, and `requirements.txt`.

The bundle has the tables of the company, and the modules that the functions and the scripts import, followed
from them but for `LEFT_OUT` and whatever needs a library besides `LIBRARIES`. Those are in Pyodide's own
distribution, xlwings comes with Lite.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from textwrap import wrap
from typing import Final

from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.inputs.defaults import DEFAULT_COMPANY
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.version import __version__

PACKAGE: Final = Path(__file__).parents[3]
"""The folder that has `xlwings_addin` and `udfs`."""
ROOTS: Final = ("udfs", "xlwings_addin.hosts.lite.scripts")
WHOLE: Final = ("core", "functions", "inputs", "segments", "sheets", "valuation")
"""Rooms that come along as they are: some of their modules are imported by name."""
LIBRARIES: Final = frozenset(("numpy", "lxml", "xlwings"))
LEFT_OUT: Final = ("engine", "diff", "cli", "ledger", "log")
"""What works on files: Excel itself calculates."""
STATE: Final = "xlwings_addin/hosts/lite/state.json"
REQUIREMENTS: Final = (
    "xlwings==0.37.8  # required",
    "python-dotenv  # required",
    "pyodide-http  # required",
    "black  # required",
    "numpy",
    "lxml",
)
"""The first four as xlwings Lite writes them itself."""
UNTRIED: Final = "Excel itself has not run this code where it was made."
_LINE: Final = 100
_DATE: Final = (1980, 1, 1, 0, 0, 0)

_MAIN: Final = '''\
"""Xiaomi Model {version} for xlwings Lite: {count} functions, scripts Refresh, Value, Implied, Check.

Written by `xiaomi-model export lite`; code and tables are in the constant BUNDLE, a zip file, deflated as a
whole, in base 85. {untried} Own functions and scripts may follow at the end of this file.
"""

import base64
import io
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

DIGEST = "{digest}"
BUNDLE = (
{constant}
)


def unpacked():
    """The folder of the code; earlier code of another version is forgotten."""
    folder = Path(tempfile.gettempdir()) / f"xiaomi_model_{{DIGEST}}"
    if not (folder / "complete").is_file():
        with zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b85decode(BUNDLE)))) as bundle:
            bundle.extractall(folder)
        (folder / "complete").write_text(DIGEST)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("udfs", "xlwings_addin")]:
        del sys.modules[name]
    return str(folder)


sys.path.insert(0, unpacked())

from udfs import *  # noqa: E402, F403
from xlwings_addin.hosts.lite.scripts import check, implied, preview, refresh, value  # noqa: E402, F401
'''


def main_py(state: str | None = None) -> str:
    """The text of `main.py`; `state` is the record of the last refresh of the workbook it is made for."""
    data = bundle(state)
    return _MAIN.format(
        version=__version__,
        count=len(REGISTRY),
        untried=UNTRIED,
        digest=hashlib.sha256(data).hexdigest()[:16],
        constant="\n".join(f'    "{line}"' for line in wrap(_encoded(data), _LINE)),
    )


def _encoded(data: bytes) -> str:
    return base64.b85encode(zlib.compress(data, 9)).decode()


def has_own_code(text: str) -> bool:
    """Whether a `main.py` has code that this project has not written: its first and last lines are ours."""
    ours = text.startswith(_MAIN.partition("{version}")[0])
    written = text.rpartition(_MAIN.splitlines()[-1])[2] if ours else text
    return bool(written.strip())


def requirements_txt() -> str:
    """The text of `requirements.txt`."""
    return "\n".join(REQUIREMENTS) + "\n"


def bundle(state: str | None = None) -> bytes:
    """Code and tables as a zip file, not compressed: the same bytes whenever it is made."""
    files = contents()
    if state is not None:
        files[STATE] = state.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 0
            archive.writestr(entry, data)
    return buffer.getvalue()


def contents() -> dict[str, bytes]:
    """The files of the bundle by name: modules, what stands beside them, and the tables."""
    files = dict(_module_files())
    tables = tables_folder()
    for path in sorted(path for path in tables.rglob("*") if path.suffix in (".csv", ".toml")):
        name = f"xlwings_addin/companies/{DEFAULT_COMPANY}/{path.relative_to(tables).as_posix()}"
        files[name] = path.read_bytes()
    return files


def _module_files() -> Iterator[tuple[str, bytes]]:
    for name in _modules():
        path = _path_of(name)
        assert path is not None
        yield path.relative_to(PACKAGE).as_posix(), path.read_bytes()
    for room in ("inputs", "layout", "sheets"):
        for path in sorted((PACKAGE / "xlwings_addin" / room).glob("*.csv")):
            yield path.relative_to(PACKAGE).as_posix(), path.read_bytes()


@cache
def _modules() -> tuple[str, ...]:
    """The modules of the bundle; which they are does not change while the program runs."""
    return tuple(sorted(_closure((*ROOTS, *_whole_rooms()))))


def _whole_rooms() -> Iterator[str]:
    for room in WHOLE:
        for path in (PACKAGE / "xlwings_addin" / room).rglob("*.py"):
            yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def _closure(roots: Iterable[str]) -> set[str]:
    """The modules that are imported with some modules, packages around them included."""
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        path = _path_of(name)
        if name in reached or path is None or (name.split(".")[1:2] and name.split(".")[1] in LEFT_OUT):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not _outside(tree) <= LIBRARIES:
            continue
        reached.add(name)
        parts = PurePosixPath(name.replace(".", "/"))
        waiting += [parent.as_posix().replace("/", ".") for parent in parts.parents if parent.name]
        waiting += _imports(_running(tree))
    return reached


def _outside(tree: ast.Module) -> set[str]:
    """The outside libraries that a module needs as soon as it is imported."""
    names = {name.partition(".")[0] for name in _imports(tree.body)}
    return names - sys.stdlib_module_names - {"udfs", "xlwings_addin"}


_WITH_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)
"""Nodes that are a statement or hold some; no import hides in an expression."""


def _running(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements of a module but for what type checkers alone read."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield node
            waiting += (child for child in ast.iter_child_nodes(node) if isinstance(child, _WITH_STATEMENTS))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What import statements among nodes name."""
    for statement in nodes:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _path_of(name: str) -> Path | None:
    """The file of one of our modules; None for a name in a module, and for others' modules."""
    if name.partition(".")[0] not in ("udfs", "xlwings_addin"):
        return None
    place = PACKAGE.joinpath(*name.split("."))
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)
