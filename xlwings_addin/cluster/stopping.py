"""Ctrl-C that lets what is at work end, so that nothing is counted by half."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread


@contextmanager
def stopped_by_user() -> Iterator[Event]:
    """Set at the first Ctrl-C; the second one ends the program.

    Where Ctrl-C is not Python's, as within LibreOffice, nothing is changed and nothing stops.
    """
    stop = Event()
    before = signal.getsignal(signal.SIGINT)
    if before is None or current_thread() is not main_thread():
        yield stop
        return

    def note(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
