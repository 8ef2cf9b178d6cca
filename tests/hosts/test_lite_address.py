"""Lite's tables from an address, with a stand-in for the page's own fetch."""

from __future__ import annotations

import asyncio
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from xlwings_addin.core.errors import InputError
from xlwings_addin.hosts.lite import bundle, scripts
from xlwings_addin.hosts.lite.address import INPUTS, tables_from
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.sources.index import INDEX, index_text

ADDRESS = "https://tables.example/xiaomi"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the address serves, with another tax rate than the packaged tables."""
    folder = tmp_path / "served"
    shutil.copytree(tables_folder(), folder)
    assumptions = folder / "inputs" / "assumptions.csv"
    text = assumptions.read_text(encoding="utf-8")
    assert "tax_rate,,0.15," in text
    assumptions.write_text(text.replace("tax_rate,,0.15,", "tax_rate,,0.17,"), encoding="utf-8")
    (folder / INDEX).write_bytes(index_text(folder))

    async def pyfetch(address: str) -> object:
        path = folder / address.removeprefix(f"{ADDRESS}/")
        if not address.startswith(f"{ADDRESS}/"):
            raise OSError("Failed to fetch")

        async def content() -> bytes:
            return path.read_bytes()

        return types.SimpleNamespace(status=200 if path.is_file() else 404, bytes=content)

    monkeypatch.setitem(sys.modules, "pyodide.http", types.SimpleNamespace(pyfetch=pyfetch))
    return folder


def test_a_refresh_takes_the_tables_of_the_address_that_is_named(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INPUTS, f"{ADDRESS}/")
    request = asyncio.run(scripts._request(tmp_path / "here"))
    assert request.tables == f"{ADDRESS}/"
    assert request.folder == tmp_path / "here"
    assert load_inputs("base", request.folder).number("tax_rate") == 0.17


def test_without_an_address_a_refresh_takes_the_tables_that_came_with_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(INPUTS, raising=False)
    request = asyncio.run(scripts._request(tmp_path))
    assert (request.folder, request.tables) == (None, scripts.TABLES)


def cut(folder: Path) -> None:
    history = folder / "inputs" / "history.csv"
    history.write_bytes(history.read_bytes()[:-10])


def longer(folder: Path) -> None:
    history = folder / "inputs" / "history.csv"
    history.write_bytes(history.read_bytes() + b"\n" * 10)


def without_history(folder: Path) -> None:
    (folder / "inputs" / "history.csv").unlink()


def without_index(folder: Path) -> None:
    (folder / INDEX).write_bytes(b"<html>")


def with_a_bad_row(folder: Path) -> None:
    history = folder / "inputs" / "history.csv"
    history.write_bytes(history.read_bytes() + b"revenue,2026Q9,1,CNY m,reported,nobody,2026-01-01,\n")
    (folder / INDEX).write_bytes(index_text(folder))


@pytest.mark.parametrize(
    ("spoil", "address", "sentence"),
    [
        (cut, ADDRESS, r"history\.csv must be what the index lists, is cut off or changed without it"),
        (longer, ADDRESS, r"history\.csv must have \d+ bytes at most, has \d+"),
        (without_history, ADDRESS, r"history\.csv must answer 200, answers 404"),
        (without_index, ADDRESS, r"index\.csv must be a table index that begins path,bytes,sha256"),
        (with_a_bad_row, ADDRESS, r"must have tables that load: .*2026Q9"),
        (None, "http://tables.example/xiaomi", "must be an https address of a folder of tables"),
        (None, "C:/tables", "must be an https address of a folder of tables"),
        (None, "https://elsewhere.example", "must answer, and allow this page to read it: Failed to fetch"),
    ],
)
def test_an_address_that_serves_no_whole_tables_is_refused_in_one_sentence(
    spoil: Callable[[Path], None] | None, address: str, sentence: str, served: Path, tmp_path: Path
) -> None:
    if spoil is not None:
        spoil(served)
    with pytest.raises(InputError, match=sentence):
        asyncio.run(tables_from(address, tmp_path / "here"))


def test_the_bundle_has_what_reads_an_address_and_no_library_for_it() -> None:
    names = set(bundle.contents())
    assert {"xlwings_addin/hosts/lite/address.py", "xlwings_addin/sources/index.py"} <= names
    assert "xlwings_addin/sources/web.py" not in names
