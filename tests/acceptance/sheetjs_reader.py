"""What SheetJS, the reader of web pages, sees of a workbook: the npm package `xlsx`, run by node.

The folder `sheetjs` pins the package and, in its lock, the digest of everything that comes with it; `npm ci`
installs it into a cache once. Without node, npm or the registry the tests are skipped, and fail instead where
REQUIRE_NODE=1 is set.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from xlwings_addin.xlsx.package import CellKey

PROGRAM = Path(__file__).with_name("sheetjs")
PINNED = json.loads((PROGRAM / "package.json").read_text())["dependencies"]["xlsx"]
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""[MS-XLS] 2.5.10 BErr: SheetJS gives an error cell by its number."""


class SheetJs:
    """An installed SheetJS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def values(self, path: Path) -> dict[CellKey, Any]:
        """The value of every cell that SheetJS has one for, by sheet and address."""
        said = json.loads(_run(["node", "read.js", str(path.resolve())], self._folder))
        assert said["version"] == PINNED
        return {
            (sheet, address): ERRORS[value] if kind == "e" else value
            for sheet, cells in said["sheets"].items()
            for address, (kind, value) in cells.items()
        }


def installed() -> SheetJs:
    """SheetJS from the cache, where it is put the first time; skips the test where that cannot be."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            _go_without(f"{program} is not installed")
    contents = {path.name: path.read_bytes() for path in sorted(PROGRAM.iterdir()) if path.is_file()}
    digest = hashlib.sha256(b"\0".join(contents.values())).hexdigest()[:16]
    folder = platformdirs.user_cache_path("xiaomi-model-tests", appauthor=False) / f"sheetjs-{digest}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(contents, folder)
    return SheetJs(folder)


def _install(contents: dict[str, bytes], folder: Path) -> None:
    """Install beside the place first, so that what stands there is whole whoever else installs meanwhile."""
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, data in contents.items():
            (beside / name).write_bytes(data)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], beside)
        try:
            beside.rename(folder)
        except OSError:
            assert folder.is_dir()
    except subprocess.CalledProcessError as error:
        _go_without(f"npm ci failed: {error.stderr.strip().splitlines()[-1:]}")
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _run(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def _go_without(reason: str) -> None:
    if os.environ.get("REQUIRE_NODE") == "1":
        pytest.fail(f"REQUIRE_NODE=1, but {reason}")
    pytest.skip(reason)
