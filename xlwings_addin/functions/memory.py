"""Why cells show errors: kept for `VAL_LAST_ERROR`, and told to the log.

A host says which cell calls:

    with calling("[Book1.xlsx]Sheet1!B2"):
        answer = callbacks()["DCF_FCFF"](...)

Only then does memory answer. An engine that calculates a file says nothing, and what a formula gives there
hangs on the file alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from xlwings_addin.functions.addresses import normalised

logger = logging.getLogger(__name__)

REMEMBERED_CELLS: Final = 10_000
NO_ERROR: Final = "no error"
UNKNOWN_CELL: Final = (
    "not known: this program does not tell its functions which cell is meant; see the log file"
)


@dataclass(frozen=True)
class ErrorRecord:
    """Why a cell shows an error: which function, which error value, in what words, when, in which cell.

    `address` is empty where the host did not say which cell called.
    """

    function: str
    excel_error: str
    message: str
    time: datetime
    address: str = ""


_caller: ContextVar[str | None] = ContextVar("caller", default=None)
_lock = threading.Lock()
# Latest last. A cell may call several functions: the success of one says nothing of the others.
_of_cells: dict[str, dict[str, ErrorRecord]] = {}
_of_functions: dict[str, ErrorRecord] = {}


@contextmanager
def calling(address: str = "") -> Iterator[None]:
    """Say which cell calls the functions in this block; "" where the host does not know it."""
    token = _caller.set(normalised(address) or "")
    try:
        yield
    finally:
        _caller.reset(token)


def last_error(address: str | None = None, function: str | None = None) -> ErrorRecord | None:
    """The latest error of a cell, of a function, of a function in a cell, or of all; None for none.

    An error of a cell is forgotten once the same function succeeds there; that of a function never.
    A cell that calls one function twice therefore loses the error of the first call if the second succeeds.
    """
    with _lock:
        if address is None:
            records = list(_of_functions.values())
        else:
            place = normalised(address, beside=_caller.get() or "") or address
            records = list(_of_cells.get(place.casefold(), {}).values())
    return next((record for record in reversed(records) if function in (None, record.function)), None)


def explanation(address: str | None) -> str:
    """The message that `VAL_LAST_ERROR` shows; `address` is None for any cell, "" for an unknown one."""
    if _caller.get() is None or address == "":
        return UNKNOWN_CELL
    record = last_error(address)
    return record.message if record else NO_ERROR


def remember(function: str, excel_error: str, message: str) -> None:
    """Keep and log an error that the calling cell is answered with."""
    address = _caller.get() or ""
    record = ErrorRecord(function, excel_error, message, datetime.now(UTC), address)
    logger.info("%s in %s answered %s: %s", function, address or "an unknown cell", excel_error, message)
    with _lock:
        _keep(_of_functions, function, record)
        if address:
            of_cell = _of_cells.pop(address.casefold(), {})
            _keep(of_cell, function, record)
            _of_cells[address.casefold()] = of_cell
            if len(_of_cells) > REMEMBERED_CELLS:
                del _of_cells[next(iter(_of_cells))]


def _keep(records: dict[str, ErrorRecord], function: str, record: ErrorRecord) -> None:
    records.pop(function, None)
    records[function] = record


def forget(function: str) -> None:
    """Drop what is kept of a function in the calling cell: it has succeeded there."""
    address = _caller.get()
    if address and _of_cells:
        with _lock:
            of_cell = _of_cells.get(address.casefold(), {})
            of_cell.pop(function, None)
            if not of_cell:
                _of_cells.pop(address.casefold(), None)


def forget_all() -> None:
    """Drop every error."""
    with _lock:
        _of_cells.clear()
        _of_functions.clear()
