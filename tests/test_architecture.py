"""Who may import whom. Imports run one way; outside libraries have one door each."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

X = "xlwings_addin."
CALCULATION = ("core", "pictures", "inputs", "segments", "valuation", "analytics", "sheets")
"""Each imports those before it."""
BOOKS = (*CALCULATION, "xlsx", "layout", "engine", "proof", "diff", "refresh")
"""What is above the sheets; `layout` and `engine` do not see each other."""

LAYERS = {
    **{room: set(CALCULATION[: place + 1]) for place, room in enumerate(CALCULATION)},
    "cluster": {"cluster", "core.errors"},
    "inputs": {"core", "inputs"},
    "segments": {"core", "inputs", "segments"},
    "analytics": {*CALCULATION[:-1], "cluster"},
    "batch": {*CALCULATION[:-1], "cluster", "batch"},
    "xlsx": {"xlsx", "core.errors"},
    "engine": {"engine", "xlsx", "core.errors"},
    "layout": {*CALCULATION, "xlsx", "layout"},
    "proof": {*BOOKS[:-2], "functions"},
    "diff": set(BOOKS[:-1]),
    "refresh": set(BOOKS),
    "sources": {"core", "inputs", "sources"},
    "report": {*BOOKS[:-2], "functions", "ledger", "report"},
    "ledger": {"core", "inputs", "segments", "valuation", "analytics", "ledger"},
    "functions": {"core", "functions"},
    "hosts": {*BOOKS, "functions", "sources", "ledger", "hosts"},
}
"""What each room may import of this project; `cli` and the package itself stand above all of them."""
UDFS = {"core", "functions", "inputs", "sheets", "udfs"}
"""What the bodies of functions may import; the tables and the sheets where they are asked for only."""

DOORS = {
    "openpyxl": ("xlsx/", "engine/", "layout/", "proof/", "diff/", "refresh/"),
    "formualizer": ("engine/",),
    "xlwings": ("functions/", "hosts/"),
    "mcp": ("cli/assistants.py",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "scipy": ("engine/instead/", "analytics/"),
    "lxml": ("xlsx/", "layout/", "engine/", "proof/", "diff/", "refresh/"),
    "duckdb": ("ledger/",),
    "platformdirs": ("ledger/", "log.py", "sources/"),
    "httpx": ("sources/",),
    "yfinance": ("sources/market.py",),
    "matplotlib": (
        "pictures/axes.py",
        "pictures/bars.py",
        "pictures/curves.py",
        "pictures/columns.py",
        "valuation/",
        "analytics/",
        "diff/waterfall.py",
    ),
    "olefile": ("hosts/desktop/ovba.py",),
    **dict.fromkeys(
        ("xlwings_server", "anyio", "fastapi", "markdown_it", "starlette", "uvicorn"), ("hosts/server/",)
    ),
    "distributed": ("cluster/dask.py",),
    "uno": ("hosts/libreoffice/inside/component.py",),
    "pandas": ("pictures/", "batch/", "valuation/", "analytics/", "report/", "functions/", "hosts/"),
    "typst": ("report/",),
    "fontTools": ("report/",),
}
"""Which places of the package may import an outside library."""


def sources() -> list[Path]:
    files = sorted([*(ROOT / "xlwings_addin").rglob("*.py"), *(ROOT / "udfs").rglob("*.py")])
    assert len(files) > 20
    return files


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node.lineno, name) for name in names)


def room_of(module: str) -> str:
    """The room a module is in, and the errors of the core by themselves."""
    if module == "udfs" or module.startswith("udfs."):
        return "udfs"
    inner = module.removeprefix(X)
    return "core.errors" if inner.startswith("core.errors") else inner.partition(".")[0]


def allowed(room: str) -> set[str]:
    rooms = UDFS if room == "udfs" else LAYERS[room]
    return rooms | {"core.errors"} if "core" in rooms else rooms


def offences(path: Path, relative: str) -> Iterator[str]:
    own = room_of(relative.removesuffix(".py").replace("/", "."))
    bound = own == "udfs" or own in LAYERS
    place = relative.removeprefix("xlwings_addin/")
    for line, name in imports(path):
        ours = name.startswith((X, "udfs"))
        room = room_of(name)
        is_room = room in LAYERS or room in ("core.errors", "udfs")
        if bound and ours and is_room and room not in allowed(own):
            yield f"{relative}:{line} imports {name}: {own} may import {', '.join(sorted(allowed(own)))}"
        if bound and name.startswith("xlwings_addin.cli"):
            yield f"{relative}:{line} imports {name}: nothing imports the command line"
        library = name.partition(".")[0]
        if library in DOORS and not place.startswith(DOORS[library] or "nowhere"):
            yield f"{relative}:{line} imports {library}: only {', '.join(DOORS[library]) or 'nobody'} may"


def test_imports_run_one_way() -> None:
    offenders = [
        offence for path in sources() for offence in offences(path, path.relative_to(ROOT).as_posix())
    ]
    assert not offenders, "\n".join(offenders)


def test_the_file_and_the_engine_stand_without_the_rest_of_the_house(tmp_path: Path) -> None:
    package, modules = tmp_path / "xlwings_addin", []
    for room in ("xlsx", "engine"):
        shutil.copytree(ROOT / "xlwings_addin" / room, package / room)
        modules += [f"xlwings_addin.{room}.{path.stem}" for path in (package / room).glob("[!_]*.py")]
    (package / "core").mkdir()
    shutil.copy(ROOT / "xlwings_addin/core/errors.py", package / "core")
    for empty in (package, package / "core"):
        (empty / "__init__.py").write_text("", encoding="utf-8")
    assert len(modules) > 15
    code = f"import importlib\nfor module in {modules}: importlib.import_module(module)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("relative", "code", "rule"),
    [
        ("xlwings_addin/core/dcf.py", "from xlwings_addin.inputs.cases import Inputs", "may import"),
        ("xlwings_addin/valuation/xiaomi.py", "import xlwings_addin.sheets.spec", "may import"),
        ("xlwings_addin/layout/render.py", "from xlwings_addin.engine import libreoffice", "may import"),
        ("xlwings_addin/xlsx/package.py", "from xlwings_addin.core import dcf", "may import"),
        ("xlwings_addin/engine/calculate.py", "import udfs", "may import"),
        ("udfs/dcf.py", "import openpyxl", "only xlsx/"),
        ("xlwings_addin/proof/check.py", "import formualizer", "only engine/ may"),
        ("xlwings_addin/core/dcf.py", "import pandas as pd", "only pictures/"),
        ("xlwings_addin/engine/calculate.py", "import pandas as pd", "only pictures/"),
        ("xlwings_addin/pictures/bars.py", "import xlwings_addin.inputs.cases", "may import"),
    ],
)
def test_an_offender_is_named_with_its_rule(tmp_path: Path, relative: str, code: str, rule: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(code, encoding="utf-8")
    (offence,) = offences(path, relative)
    assert offence.startswith(f"{relative}:1 ")
    assert rule in offence


DIALECT = frozenset(("each", "found", "known", "shown", "held", "given"))
"""Participles and pronouns: they say what happened to a thing, a name says what it is."""


def names_made(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The variables, attributes, arguments, functions and classes that code makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def dialect(code: str, relative: str) -> list[str]:
    return [
        f"{relative}:{line} {name}"
        for line, name in names_made(ast.parse(code))
        if name.strip("_").lower() in DIALECT
    ]


def test_a_name_says_what_a_thing_is() -> None:
    folders = ("xlwings_addin", "udfs", "tests", "benchmarks", "examples", "supply")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    names = [path.relative_to(ROOT).as_posix() for path in files]
    spoken = [
        offence
        for path, name in zip(files, names, strict=True)
        for offence in dialect(path.read_text(encoding="utf-8"), name)
    ]
    assert spoken == []


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "for each in (): pass",
        "def shown(): ...",
        "def read(*, given): ...",
        "class Sheet:\n    known: int",
        "self.held = 1",
        "_shown = KNOWN = 1",
    ],
)
def test_a_name_of_the_dialect_is_named(code: str) -> None:
    assert dialect(code, "core/dcf.py")
    assert not dialect("findings = [parameter for parameter in PARAMETERS]", "core/dcf.py")


DECLARATIONS = ("xlwings_addin/inputs/parameters.py", "xlwings_addin/sheets/")
"""What may be long: lists of what there is, one entry after the other."""
TEMPLATES = {"xlwings_addin/hosts/desktop/vba.py:_shared"}
"""Functions whose length is that of a text in another language."""
MOST_LINES, LONGEST_BODY, BIGGEST_ROOM = 500, 50, 0.17


def bodies(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file with the lines of its body, its docstring apart."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - body[0].lineno + 1


def relative_paths() -> list[tuple[Path, str]]:
    return [(path, path.relative_to(ROOT).as_posix()) for path in sources()]


def test_files_and_functions_fit_a_readers_view() -> None:
    offenders = []
    for path, relative in relative_paths():
        if relative.startswith(DECLARATIONS):
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES:
            offenders.append(f"{relative} has {lines} lines, more than {MOST_LINES}")
        for name, length in bodies(path):
            if length > LONGEST_BODY and f"{relative}:{name}" not in TEMPLATES:
                offenders.append(f"{relative}: {name} has {length} lines, more than {LONGEST_BODY}")
    assert not offenders, "\n".join(offenders)


def test_no_room_is_most_of_the_house() -> None:
    lines: Counter[str] = Counter()
    for path in sources():
        lines[path.parent.relative_to(ROOT).as_posix()] += len(path.read_text(encoding="utf-8").splitlines())
    (room, most), *_ = lines.most_common(1)
    assert most / lines.total() <= BIGGEST_ROOM, room
