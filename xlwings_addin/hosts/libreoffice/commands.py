"""Refresh and check of a workbook that is open in Calc.

The variable XIAOMI_MODEL_INPUTS names other tables than the project's own, a folder or an address.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from udfs.registry import PREFIXES, REGISTRY, spelling
from xlwings_addin.book.changes_sheet import WIDTHS
from xlwings_addin.book.open_book import check_open, refresh_open
from xlwings_addin.book.package import CellKey, CellValue, read_package
from xlwings_addin.book.refresh import Refreshed
from xlwings_addin.book.report import Report
from xlwings_addin.book.state import State, read_state, state_from_text, state_text

INPUTS: Final = "XIAOMI_MODEL_INPUTS"
SHOWN: Final = 10
"""Findings that a message lists before it counts the rest."""
RENAMES: Final = "where they have the names of another program, Refresh model gives them those of Calc."
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
    book, titles = _Cells(workbook), set(workbook.titles())
    workbook.rename_calls(_OTHER_HOSTS)
    done = refresh_open(
        book,
        state=_state(workbook),
        shown=book.shown,
        name=_name(workbook),
        folder=_tables(),
        titles=titles,
        progress=workbook.progress,
    )
    for title in set(workbook.titles()) - titles:
        workbook.widen(title, WIDTHS)
    assert done.plan.state is not None
    workbook.keep_state(_packed(state_text(done.plan.state)))
    return _refreshed(done)


def check(workbook: Workbook) -> str:
    """What the workbook shows against the core, and its own checks."""
    workbook.progress("Comparing with the core")
    book = _Cells(workbook)
    return _checked(check_open(book, shown=book.shown, name=_name(workbook), folder=_tables()))


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


def _tables() -> Path | None:
    place = os.environ.get(INPUTS)
    if not place or "://" not in place:
        return Path(place) if place else None
    from xlwings_addin.sources import fetch

    return fetch(place).folder


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


def _refreshed(done: Refreshed) -> str:
    found = done.plan
    counts = (
        f"{len(found.updated)} inputs updated, {len(found.overrides)} overrides kept, "
        f"{len(found.formulas)} changed formulas kept"
    )
    before, after = (
        f"{each:.2f}" if isinstance(each, float) else str(each)
        for each in (done.value_before, done.value_after)
    )
    moved = f"A share in {done.case}: from {before} to {after} HKD."
    return f"{counts}.\n{moved}\nA new sheet lists each of them. One step of Undo takes all of it back."


def _checked(report: Report) -> str:
    failures = [each for each in report.findings if each.severity == "failure"]
    counts = report.counts()
    head = (
        f"{'OK' if report.ok else 'FAILED'}: {report.comparisons} formula cells compared with the core "
        f"in case {', '.join(report.cases)}; "
        f"{counts.get('failure', 0)} failures, {counts.get('warning', 0)} warnings."
    )
    lines = [f"{each.sheet}!{each.cell} {each.line}: {each.message}" for each in failures[:SHOWN]]
    if len(failures) > SHOWN:
        lines.append(f"and {len(failures) - SHOWN} more")
    if any(each.found == "#NAME?" for each in failures):
        lines.append(f"Functions that Calc does not know are #NAME?: {RENAMES}")
    return "\n".join([head, *lines])
