"""Refresh and check of a workbook that is open in Calc."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from udfs.registry import PREFIXES, REGISTRY, spelling
from xlwings_addin.book.changes_sheet import WIDTHS
from xlwings_addin.book.open_book import check_open, refresh_open
from xlwings_addin.book.package import CellKey, CellValue, read_package
from xlwings_addin.book.state import State, read_state, state_from_text, state_text
from xlwings_addin.hosts import answers

UNDO: Final = "One step of Undo takes all of it back."
UNKNOWN: Final = (
    "Functions that Calc does not know are #NAME?: where they have the names of another program, "
    "Refresh model gives them those of Calc."
)
_OTHER_HOSTS = {
    prefix + name: spelling(name, "libreoffice")
    for name in REGISTRY
    for target, prefix in PREFIXES.items()
    if target != "libreoffice"
}
"""What other hosts call a function in a file, and what Calc calls it."""


class Workbook(Protocol):
    """A workbook that is open in Calc: `inside/pythonpath/xiaomi_model_calc/workbook.py`, or a pipe to it."""

    def path(self) -> str | None: ...
    def titles(self) -> Sequence[str]: ...
    def read(self, sheet: str) -> dict[str, CellValue]: ...
    def calculate(self) -> None: ...
    def shown(self, sheet: str) -> dict[str, CellValue]: ...
    def write(self, values: Mapping[CellKey, CellValue]) -> None: ...
    def state(self) -> str | None: ...
    def rename_calls(self, names: Mapping[str, str]) -> None: ...
    def widen(self, sheet: str, widths: Sequence[float]) -> None: ...
    def keep_state(self, text: str) -> None: ...
    def progress(self, doing: str) -> None: ...


def refresh(workbook: Workbook) -> str:
    """New facts into the workbook, a new sheet that says what was done, and functions as Calc calls them."""
    book, titles, facts = _Cells(workbook), set(workbook.titles()), answers.facts()
    workbook.rename_calls(_OTHER_HOSTS)
    done = refresh_open(
        book,
        state=_state(workbook),
        shown=book.shown,
        name=_name(workbook),
        folder=facts.folder,
        tables=facts.name,
        titles=titles,
        progress=workbook.progress,
    )
    for title in set(workbook.titles()) - titles:
        workbook.widen(title, WIDTHS)
    assert done.plan.state is not None
    workbook.keep_state(_packed(state_text(done.plan.state)))
    return answers.refreshed(done, UNDO, *facts.warnings)


def check(workbook: Workbook) -> str:
    """What the workbook shows against the core, and its own checks."""
    workbook.progress("Comparing with the core")
    book = _Cells(workbook)
    report = check_open(book, shown=book.shown, name=_name(workbook), folder=answers.facts().folder)
    unknown = any(each.found == "#NAME?" for each in report.findings if each.severity == "failure")
    return answers.checked(report) + (f"\n{UNKNOWN}" if unknown else "")


class _Cells:
    """The cells of an open workbook, each sheet read once until something is written."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._read: dict[str, dict[str, CellValue]] = {}
        self._shown: dict[str, dict[str, CellValue]] = {}

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        if sheet not in self._read:
            self._read[sheet] = self._workbook.read(sheet)
        return self._read[sheet]

    def shown(self, sheet: str) -> Mapping[str, CellValue]:
        if not self._shown:
            self._workbook.calculate()
        if sheet not in self._shown:
            self._shown[sheet] = self._workbook.shown(sheet)
        return self._shown[sheet]

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        self._read.clear()
        self._shown.clear()
        self._workbook.write(values)


def _name(workbook: Workbook) -> str:
    path = workbook.path()
    return Path(path).name if path else "the open workbook"


def _state(workbook: Workbook) -> State | None:
    """What was written last: by a refresh in Calc, kept in the workbook, or into the file it came from."""
    found: list[State | None] = []
    kept, path = workbook.state(), workbook.path()
    if kept is not None:
        found.append(state_from_text(_unpacked(kept), shown=_name(workbook)))
    if path is not None and Path(path).suffix.lower() == ".xlsx":
        found.append(read_state(read_package(Path(path))))
    return max(filter(None, found), key=lambda state: state.written, default=None)


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _unpacked(text: str) -> str:
    try:
        return zlib.decompress(base64.b64decode(text)).decode()
    except (ValueError, zlib.error):
        return text
