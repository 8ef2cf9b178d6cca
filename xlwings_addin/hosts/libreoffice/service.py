"""What LibreOffice asks of the project: the value of a function, a refresh or a check of an open workbook.

In LibreOffice's process these functions are called as they are. As a program the module answers over a pipe:
questions come in on standard input, answers go out on standard output, pickled. What a command needs of the
workbook is then asked the other way.

The variable XIAOMI_MODEL_INPUTS names other tables than the project's own, a folder or an address.
"""

from __future__ import annotations

import base64
import logging
import os
import pickle
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from udfs.boundary import calling
from udfs.cells import first_error
from udfs.memory import remember
from udfs.registry import PREFIXES, REGISTRY, Kind, callbacks, spelling
from xlwings_addin import log
from xlwings_addin.core.errors import ValuationError

if TYPE_CHECKING:
    from xlwings_addin.book.package import CellKey, CellValue
    from xlwings_addin.book.refresh import Refreshed
    from xlwings_addin.book.report import Report
    from xlwings_addin.book.state import State

INPUTS = "XIAOMI_MODEL_INPUTS"
RENAMES = "where they have the names of another program, Refresh model gives them those of Calc."
SHOWN = 10
"""Findings that a message lists before it counts the rest."""

logger = logging.getLogger("xlwings_addin.hosts.libreoffice")  # also as a program, whose name is __main__
log.start()
_FUNCTIONS = callbacks()
_TEXTS = {
    entry.name: places
    for entry in REGISTRY.values()
    if (places := {at for at, each in enumerate(entry.parameters) if each.kind is Kind.TEXT})
}
"""Which arguments of a function are texts."""
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


def call(name: str, arguments: Sequence[object], cell: str | None = None) -> object:
    """What a cell shows that calls a function: a value, rows of values, or the text of an error value.

    Calc does not say which cell calls; `cell` is its address where that is known all the same.
    """
    if name not in _FUNCTIONS:
        logger.warning("%s is no function of this version; export the extension again", name)
        return "#NAME?"
    given = _as_cells_hold_them(name, arguments)
    if cell is None:
        return _FUNCTIONS[name](*given)
    with calling(cell):
        answer = _FUNCTIONS[name](*given)
        _explain_errors_in_ranges(name, given)
        return answer


def _as_cells_hold_them(name: str, arguments: Sequence[object]) -> Sequence[object]:
    """The arguments, a blank cell in place of the 0 that Calc gives for one where a text belongs."""
    if name not in _TEXTS or 0.0 not in arguments:
        return arguments
    return [None if at in _TEXTS[name] and value == 0.0 else value for at, value in enumerate(arguments)]


def _explain_errors_in_ranges(name: str, arguments: Sequence[object]) -> None:
    """Where an error stands in a range, Calc does not call the function at all."""
    for parameter, value in zip(REGISTRY[name].parameters, arguments, strict=False):
        if not isinstance(value, str) and (error := first_error(value)):
            remember(name, error, f"{parameter.name} holds {error}, for which Calc shows Err:504")


def run(command: str, workbook: Workbook) -> str:
    """Refresh or check an open workbook; what came of it, in words. Raises `CommandError`."""
    try:
        return {"refresh": refresh, "check": check}[command](workbook)
    except ValuationError as error:
        raise CommandError(str(error)) from error
    except Exception as error:
        logger.exception("%s failed", command)
        raise CommandError(
            f"{command} failed: {type(error).__name__}: {error}\nThe log is {log.start()}"
        ) from error


class CommandError(Exception):
    """A command that was not carried out; the message says why."""


def refresh(workbook: Workbook) -> str:
    """New facts into the workbook, a new sheet that says what was done, and functions as Calc calls them."""
    from xlwings_addin.book.changes_sheet import WIDTHS
    from xlwings_addin.book.open_book import refresh_open
    from xlwings_addin.book.state import state_text

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
    from xlwings_addin.book.open_book import check_open

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
    from xlwings_addin.book.package import read_package
    from xlwings_addin.book.state import read_state, state_from_text

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


# --- over a pipe --------------------------------------------------------------------------------------


class _Pipe:
    """The other end: questions come from there, and what a command asks of the workbook is asked there."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def __getattr__(self, method: str) -> Any:
        return partial(self._ask, method)

    def _ask(self, method: str, *arguments: object) -> Any:
        self._send("ask", method, arguments)
        kind, answer = self._received()
        if kind == "failed":
            raise CommandError(answer)
        return answer

    def serve(self) -> None:
        """Carry out commands until the other end closes the pipe."""
        with suppress(EOFError):
            while True:
                _, command = self._received()
                self._answer(run, command, self)

    def _received(self) -> tuple[str, Any]:
        """The next message that is no call of a function; cells also call while a command runs."""
        while True:
            kind, *question = pickle.load(self._incoming)
            if kind != "call":
                return kind, question[0]
            self._answer(call, *question)

    def _answer(self, answering: Callable[..., object], *question: Any) -> None:
        try:
            answer = answering(*question)
        except Exception as error:
            self._send("failed", str(error))
        else:
            self._send("answer", answer)

    def _send(self, *message: object) -> None:
        pickle.dump(message, self._outgoing, protocol=4)
        self._outgoing.flush()


def main() -> None:
    """Answer over standard input and output."""
    pipe = _Pipe(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout = sys.stderr  # whatever a library prints must not mix with the answers
    pipe.serve()


if __name__ == "__main__":
    main()
