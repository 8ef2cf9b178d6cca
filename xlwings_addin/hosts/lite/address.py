"""Tables from an address, as the program that Lite runs in can ask for them: with the page's own `fetch`.

The address serves a folder with its `index.csv`, as for every other host (`xiaomi-model index FOLDER`), and
allows the page of the add-in to read it (the header Access-Control-Allow-Origin). Every table is held against
the length and the hash that the index states, and all of them have to load, before the workbook is looked at.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from xlwings_addin.sources.fetched import Fetched, load, refused, shortened
from xlwings_addin.sources.index import INDEX, MAX_INDEX_BYTES, read_index

INPUTS: Final = "XIAOMI_MODEL_INPUTS"
"""The variable that names the address, under every host; Lite keeps variables beside the code."""
_SAFE: Final = re.compile(r"https://[^\s?#]+|http://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/[^\s?#]*)?")
_OK: Final = 200


def named_address() -> str:
    """The address that the variable names; empty where it names none."""
    return os.environ.get(INPUTS, "").strip()


async def tables_from(address: str, folder: Path) -> Path:
    """Put the tables that an address serves into an empty folder, and return it.

    Raises `InputError` that names the address: for one that is not https, does not answer or is no folder of
    tables, and for a table that is not what the index promises or does not load.
    """
    if not _SAFE.fullmatch(address):
        raise refused(shortened(address), "must be an https address of a folder of tables")
    base = f"{address.rstrip('/')}/"
    index = await _content(f"{base}{INDEX}", MAX_INDEX_BYTES)
    for entry in read_index(index, address=f"{base}{INDEX}"):
        content = await _content(f"{base}{entry.path}", entry.length)
        if not entry.is_of(content):
            raise refused(
                f"{base}{entry.path}", "must be what the index lists, is cut off or changed without it"
            )
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    load(Fetched(folder, address, datetime.now(UTC)))
    return folder


async def _content(address: str, most: int) -> bytes:
    fetch = import_module("pyodide.http").pyfetch
    try:
        response = await fetch(address)
        content = bytes(await response.bytes()) if response.status == _OK else b""
    except OSError as error:
        rule = f"must answer, and allow this page to read it: {shortened(str(error))}"
        raise refused(address, rule) from None
    if response.status != _OK:
        raise refused(address, f"must answer 200, answers {response.status}")
    if len(content) > most:
        raise refused(address, f"must have {most} bytes at most, has {len(content)}")
    return content
