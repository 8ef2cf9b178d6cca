"""One run at a time on a file, from the first byte read to the exchange of the file.

The lock is a file beside it that the system locks, so that the lock of a program that was killed is gone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.saving import TEMPORARY

LONGEST_WAIT: Final = 120.0
"""Seconds after which a run gives up on another one."""
_PAUSE: Final = 0.05


def lock_file(path: Path | str) -> Path:
    """The lock of a file: the file's own name may already be as long as one can be."""
    target = Path(os.path.realpath(path))
    return target.with_name(f"{TEMPORARY}{sha256(target.name.encode()).hexdigest()[:16]}.lock")


@contextmanager
def locked(path: Path | str, *, longest_wait: float = LONGEST_WAIT) -> Iterator[None]:
    """A block that no other run of this project enters for the same file; it waits for one that is in it.

    Raises `BookError` for a run that takes longer than `longest_wait` seconds. In a folder that takes no
    file there is no lock: what cannot be written there cannot be lost either.
    """
    lock, end = lock_file(path), time.monotonic() + longest_wait
    handle = None
    while handle is None:
        try:
            handle = _acquired(lock)
        except PermissionError:
            yield
            return
        except OSError as error:
            if not lock.parent.is_dir():
                yield
                return
            if time.monotonic() > end:
                rule = f"is being refreshed by another run; {lock.name} beside it is its lock"
                raise BookError("file", str(path), rule, display=str(path)) from error
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        _release(lock, handle)


def _acquired(lock: Path) -> int | None:
    """The locked file; None where another run has just removed it. Raises `OSError` while it is taken."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(handle)
        if os.path.exists(lock) and os.path.samestat(os.fstat(handle), os.stat(lock)):
            return handle
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:  # taken: not to be read as a folder that takes no file
            raise BlockingIOError(error.errno, str(error)) from error

    def _release(lock: Path, handle: int) -> None:
        with suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        os.close(handle)
        with suppress(OSError):
            lock.unlink()
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(lock: Path, handle: int) -> None:
        with suppress(OSError):
            lock.unlink()  # while it is locked: who waits sees that the name is free and makes a new one
        os.close(handle)
