"""Who may import whom. Imports run one way; outside libraries have one door each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = {
    "xlwings_addin.core": {"xlwings_addin.core"},
    "xlwings_addin.model": {"xlwings_addin.core", "xlwings_addin.model"},
    "xlwings_addin.sheets": {"xlwings_addin.core", "xlwings_addin.model", "xlwings_addin.sheets"},
    "xlwings_addin.book": {
        "xlwings_addin.core",
        "xlwings_addin.model",
        "xlwings_addin.sheets",
        "xlwings_addin.book",
    },
    "xlwings_addin.sources": {"xlwings_addin.core", "xlwings_addin.model", "xlwings_addin.sources"},
    "xlwings_addin.ledger": {"xlwings_addin.core", "xlwings_addin.model", "xlwings_addin.ledger"},
    "xlwings_addin.hosts": {
        "xlwings_addin.core",
        "xlwings_addin.model",
        "xlwings_addin.sheets",
        "xlwings_addin.book",
        "xlwings_addin.sources",
        "xlwings_addin.ledger",
        "xlwings_addin.hosts",
        "udfs",
    },
    "udfs": {"xlwings_addin.core", "udfs"},
}
"""What each layer may import of this project; `cli` and the package itself stand above all of them."""

DOORS = {
    "openpyxl": ("xlwings_addin/book/",),
    "formualizer": ("xlwings_addin/book/calculate.py",),
    "xlwings": ("udfs/registry.py", "xlwings_addin/hosts/", "xlwings_addin/book/refresh.py"),
    "pydantic": ("xlwings_addin/model/tables.py",),
    "typer": ("xlwings_addin/cli.py",),
    "rich": ("xlwings_addin/printing.py",),
    "scipy": ("xlwings_addin/core/",),
    "lxml": ("xlwings_addin/book/",),
    "duckdb": ("xlwings_addin/ledger/",),
    "platformdirs": ("xlwings_addin/ledger/", "xlwings_addin/log.py", "xlwings_addin/sources/"),
    "httpx": ("xlwings_addin/sources/",),
    "yfinance": ("xlwings_addin/sources/market.py",),
    "matplotlib": ("xlwings_addin/book/waterfall.py",),
    "olefile": ("xlwings_addin/hosts/desktop/ovba.py",),
    "xlwings_server": ("xlwings_addin/hosts/server/",),
    "anyio": ("xlwings_addin/hosts/server/",),
    "fastapi": ("xlwings_addin/hosts/server/",),
    "markdown_it": ("xlwings_addin/hosts/server/",),
    "starlette": ("xlwings_addin/hosts/server/",),
    "uvicorn": ("xlwings_addin/hosts/server/",),
    "uno": ("xlwings_addin/hosts/libreoffice/inside/component.py",),
    "pandas": (),
}
"""Which files may import an outside library."""


def sources() -> list[Path]:
    found = sorted([*(ROOT / "xlwings_addin").rglob("*.py"), *(ROOT / "udfs").rglob("*.py")])
    assert len(found) > 20
    return found


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node.lineno, name) for name in names)


def layer_of(module: str) -> str | None:
    return next((layer for layer in LAYERS if module == layer or module.startswith(f"{layer}.")), None)


def offences(path: Path, relative: str) -> Iterator[str]:
    own = layer_of(relative.removesuffix(".py").replace("/", "."))
    for line, name in imports(path):
        layer = layer_of(name)
        if own and layer and layer not in LAYERS[own]:
            yield f"{relative}:{line} imports {name}: {own} may import {', '.join(sorted(LAYERS[own]))}"
        if own and name.startswith("xlwings_addin.cli"):
            yield f"{relative}:{line} imports {name}: nothing imports the command line"
        library = name.partition(".")[0]
        if library in DOORS and not relative.startswith(DOORS[library] or "nowhere"):
            yield f"{relative}:{line} imports {library}: only {', '.join(DOORS[library]) or 'nobody'} may"


def test_imports_run_one_way() -> None:
    found = [each for path in sources() for each in offences(path, path.relative_to(ROOT).as_posix())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("relative", "code", "rule"),
    [
        ("xlwings_addin/core/dcf.py", "from xlwings_addin.model.inputs import Inputs", "may import"),
        ("xlwings_addin/model/xiaomi.py", "import xlwings_addin.sheets.spec", "may import"),
        ("xlwings_addin/book/render.py", "from udfs.registry import REGISTRY", "may import"),
        ("udfs/dcf.py", "import openpyxl", "only xlwings_addin/book/ may"),
        ("xlwings_addin/book/compare.py", "import formualizer", "only xlwings_addin/book/calculate.py may"),
        ("xlwings_addin/model/inputs.py", "import pandas as pd", "only nobody may"),
    ],
)
def test_an_offender_is_named_with_its_rule(tmp_path: Path, relative: str, code: str, rule: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(code, encoding="utf-8")
    (offence,) = offences(path, relative)
    assert offence.startswith(f"{relative}:1 ")
    assert rule in offence
