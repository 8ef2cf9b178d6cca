"""A call in a process of its own, with limits of memory and time, so that a bad file takes nobody along.

On POSIX. Elsewhere the call is made in the same process without limits; that is untried.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from xlwings_addin.core.errors import BookError, ValuationError

Result = TypeVar("Result")

MEMORY = 1 << 30
"""Bytes that reading and calculating one workbook may take above what the process had before."""
IDLE = 60.0
"""Seconds after which a call that makes no progress is ended."""
SECONDS = 900.0
"""Seconds that a call may take in all."""
MANY_OBJECTS = 2_000_000
"""New objects from which on a process of its own looks for circular garbage: it gives all back at its end."""

_listeners: list[Callable[[float, str], None]] = []
"""Who hears of the progress of a limited call; nobody outside of one."""


def progressed(seconds: float = 0.0, doing: str = "") -> None:
    """Say that a step of a limited call is done, and that the next may take `seconds` if that is longer.

    `doing` names the next step for who waits.
    """
    for tell in _listeners:
        tell(seconds, doing)


def step(doing: str) -> None:
    """Say what a limited call does next."""
    progressed(doing=doing)


def limited(
    call: Callable[[], Result],
    *,
    display: str,
    memory: int = MEMORY,
    idle: float = IDLE,
    seconds: float = SECONDS,
    watch: Callable[[str], object] = lambda _: None,
) -> Result:
    """The result of a call; its exceptions as they are.

    `display` names the workbook; `watch` is told what the call does by `step`. The result travels between
    processes, so it must be one that can be pickled.
    Raises BookError where the call takes more memory or time than it may, reports no progress for `idle`
    seconds, or ends its process.
    """
    if sys.platform == "win32" or "fork" not in multiprocessing.get_all_start_methods():
        return _unlimited(call, watch)
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sending, call, memory), daemon=True)
    process.start()
    sending.close()
    try:
        kind, answer, state = _last_message(receiving, display, idle, seconds, watch)
    except EOFError:
        rule = f"takes more than {memory >> 20:,} MiB to read and calculate, or ends the engine"
        raise _refusal(display, rule) from None
    finally:
        process.kill()
        process.join()
        receiving.close()
    if kind == "error":
        raise _remade(answer, state)
    if kind == "crash":
        raise answer from _RemoteError(state)
    result: Result = answer
    return result


def _unlimited(call: Callable[[], Result], watch: Callable[[str], object]) -> Result:
    def tell(_: float, doing: str) -> None:
        if doing:
            watch(doing)

    _listeners.append(tell)
    try:
        return call()
    finally:
        _listeners.pop()


def _last_message(
    receiving: Connection, display: str, idle: float, seconds: float, watch: Callable[[str], object]
) -> tuple[str, Any, Any]:
    """What the process says at the end; its reports of progress set the clock back."""
    ends, patience = time.monotonic() + seconds, idle
    while True:
        left = ends - time.monotonic()
        if not receiving.poll(max(0.0, min(left, patience))):
            if left <= patience:
                raise _refusal(display, f"takes longer than {seconds:g} s to calculate")
            raise _refusal(display, f"makes no progress for {patience:g} s of calculation")
        message: tuple[str, Any, Any] = receiving.recv()
        if message[0] != "progress":
            return message
        patience = max(idle, message[1])
        if message[2]:
            watch(message[2])


def _refusal(display: str, rule: str) -> BookError:
    return BookError("workbook", display, rule, display=display)


def _answer(sending: Connection, call: Callable[[], object], memory: int) -> None:
    """What the process does: its limits, the call, and what came of it."""
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who waits is told, and ends this process
    gc.set_threshold(MANY_OBJECTS, *gc.get_threshold()[1:])
    _silence_engine()
    most = _bytes_taken() + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    _listeners[:] = [lambda seconds, doing: sending.send(("progress", seconds, doing))]
    try:
        sending.send(("result", call(), None))
    except MemoryError:
        sending.close()
    except ValuationError as error:
        sending.send(("error", (type(error), error.args), vars(error)))
    except Exception as error:
        sending.send(("crash", _portable(error), traceback.format_exc()))


def _silence_engine() -> None:
    """Leave standard error to Python: the engine writes pages there about memory that it does not get."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() == 2:
            sys.stderr.flush()
            sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


class _RemoteError(Exception):
    """Where an exception was raised in the other process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def _portable(error: Exception) -> Exception:
    """An exception as it can travel between processes."""
    try:
        copied = pickle.loads(pickle.dumps(error))
    except Exception:
        copied = None
    return error if isinstance(copied, type(error)) else RuntimeError(f"{type(error).__name__}: {error}")


def _bytes_taken() -> int:
    """The data of this process so far; where the system does not tell, the most it has had in memory."""
    import resource

    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmData"].split()[0]) << 10
    except (OSError, KeyError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most << 10


def _remade(
    error_and_args: tuple[type[ValuationError], tuple[Any, ...]], state: dict[str, Any]
) -> ValuationError:
    """An error as it was raised in the other process; its class may take other arguments than `args`."""
    kind, args = error_and_args
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
