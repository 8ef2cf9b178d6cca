"""The index of a served folder of tables: which files there are, how long, with which content.

A web server has no listing of `cases/`, and several files read one after the other may belong to different
versions. So the folder has an `index.csv` beside `inputs/` and `cases/`, with one line for each table and a
last line for itself, whose length and hash are those of the lines above:

    path,bytes,sha256
    cases/base.csv,276,9f86d081...
    inputs/history.csv,43341,60303ae2...
    index.csv,981,fd61a03a...

A file that is cut off, longer, changed on the way or of another version than the index is noticed, and so is
a cut index. A file whose hash is known already need not be asked for. `write_index` writes the index, which
has to be done after every change of the tables.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.folders import COMPANY_FILE, PARAMETERS_FILE
from xlwings_addin.inputs.tables import KEY_PATTERN, checked_folder, unreadable
from xlwings_addin.sources.fetched import Fetched, load, refused, shortened

INDEX = "index.csv"
HEADER = "path,bytes,sha256"
INPUT_FILES = tuple(f"inputs/{name}.csv" for name in ("articles", "assumptions", "history", "oddities"))
OPTIONAL_FILES = tuple(
    f"inputs/{name}.csv"
    for name in (
        "catalysts",
        "claims",
        "correlations",
        "distributions",
        "drivers",
        "markets",
        "multiples",
        "peers",
        "ramps",
    )
)
"""Tables of questions and of other companies: a folder may lack them."""
COMPANY_FILES = (COMPANY_FILE, PARAMETERS_FILE)
"""What makes a company of tables; without them they are those of the packaged company."""
MOST_CASES = 1000
"""Cases that an address may list: a bound on what is read, not on what is valued."""
TABLES = (*INPUT_FILES, *OPTIONAL_FILES, *COMPANY_FILES)
MAX_INDEX_BYTES = 256 * 1024
"""Room for the inputs and `MOST_CASES` cases at about 120 bytes a line, twice over."""
_LINE = re.compile(r"(?P<path>[a-z0-9_./]{1,64}),(?P<bytes>\d{1,12}),(?P<sha256>[0-9a-f]{64})")
_CASE_FILE = re.compile(rf"cases/{KEY_PATTERN}\.csv")


@dataclass(frozen=True)
class Entry:
    """A file of the index: its path below the folder, its length in bytes and its SHA-256."""

    path: str
    length: int
    sha256: str

    def is_of(self, content: bytes) -> bool:
        """Whether `content` is what the index promises."""
        return _entry(self.path, content) == self


def write_index(folder: Path) -> Path:
    """Write `index.csv` for the tables of `folder`, replacing an earlier one, and return its path.

    Raises `InputError` where they do not load, or a file cannot be read or written.
    """
    load(Fetched(folder, str(folder), datetime.now(UTC)))
    target, beside = folder / INDEX, folder / f"{INDEX}.part"
    text = index_text(folder)
    try:
        beside.write_bytes(text)
        os.replace(beside, target)
    except OSError as error:
        raise unreadable("file", target, error) from None
    return target


def index_text(folder: Path) -> bytes:
    """The index of the files as they are, whether they load or not."""
    checked_folder(folder)
    paths = [path for path in (*COMPANY_FILES, *OPTIONAL_FILES) if (folder / path).is_file()]
    paths = sorted([*paths, *INPUT_FILES, *(f"cases/{case}.csv" for case in case_names(folder))])
    lines = [HEADER, *(_line(_entry(path, _content(folder / path))) for path in paths)]
    above = "".join(f"{line}\n" for line in lines).encode()
    return above + f"{_line(_entry(INDEX, above))}\n".encode()


def read_index(text: bytes, *, address: str) -> tuple[Entry, ...]:
    """The files an index lists.

    Raises `InputError` that names `address`: for a text that is no index or not a whole one, a path that is
    not one of a table, a missing input file, no case or more than `MOST_CASES`.
    """

    above, _, last = text.removesuffix(b"\n").rpartition(b"\n")
    above += b"\n"
    header, *lines = text.decode("utf-8", errors="replace").splitlines() or [""]
    if header != HEADER:
        begins = shortened(header[:60])
        raise refused(address, f"must be a table index that begins {HEADER}, begins {begins!r}")
    if last != _line(_entry(INDEX, above)).encode():
        rule = f"must end with its own line, {INDEX} with length and SHA-256 of the lines above"
        raise refused(address, rule)
    listed = tuple(_read_line(line, address) for line in lines[:-1])
    _check_paths([entry.path for entry in listed], address)
    return listed


def is_whole(folder: Path, entries: Iterable[Entry]) -> bool:
    """Whether the files of `folder` are those of the index, all of them and no further case."""
    entries = list(entries)
    try:
        stored = {f"cases/{path.name}" for path in (folder / "cases").iterdir()}
        listed = {entry.path for entry in entries if entry.path.startswith("cases/")}
        return stored == listed and all(entry.is_of((folder / entry.path).read_bytes()) for entry in entries)
    except OSError:
        return False


def _read_line(line: str, address: str) -> Entry:
    match = _LINE.fullmatch(line)
    if match is None or not (match["path"] in TABLES or _CASE_FILE.fullmatch(match["path"])):
        rule = f"must list inputs/history.csv, cases/base.csv and the like as {HEADER}"
        raise refused(address, f"{rule}, has {shortened(line[:60])!r}")
    return Entry(match["path"], int(match["bytes"]), match["sha256"])


def _check_paths(paths: list[str], address: str) -> None:
    missing = [path for path in INPUT_FILES if path not in paths]
    company = [path for path in paths if path in COMPANY_FILES]
    cases = [path for path in paths if path not in TABLES]
    if missing:
        raise refused(address, f"must list {', '.join(missing)}")
    if len(company) == 1:
        raise refused(address, f"must list both of {', '.join(COMPANY_FILES)}, or neither")
    if len(set(paths)) < len(paths):
        raise refused(address, "must list each table once")
    if not 1 <= len(cases) <= MOST_CASES:
        raise refused(address, f"must list 1 to {MOST_CASES} cases, lists {len(cases)}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("table", path.name, f"is not in {path.parent.name}/") from None
    except OSError as error:
        raise unreadable("file", path, error) from None


def _entry(path: str, content: bytes) -> Entry:
    return Entry(path, len(content), hashlib.sha256(content).hexdigest())


def _line(entry: Entry) -> str:
    return f"{entry.path},{entry.length},{entry.sha256}"
