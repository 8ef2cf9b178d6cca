"""Bytes to a file, whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from xlwings_addin.core.errors import BookError

TEMPORARY = ".xiaomi-model-"
"""How files that are being written are called; the target's own name may already be as long as one can be."""
LEFT_OVER_AFTER = 24 * 60 * 60.0
"""Seconds after which such a file was left by a program that was killed."""


def is_open_elsewhere(path: Path | str) -> Path | None:
    """The lock file that says a workbook is open in Excel, LibreOffice or WPS Office, or None.

    Beside an open `name.xlsx` Excel keeps `~$name.xlsx`, LibreOffice `.~lock.name.xlsx#`, WPS `.~name.xlsx`.

    >>> is_open_elsewhere("no_such_folder/model.xlsx") is None
    True
    """
    path = Path(path)
    names = (f"~${path.name}", f".~lock.{path.name}#", f".~{path.name}")
    return next((lock for lock in map(path.with_name, names) if os.path.lexists(lock)), None)


def refuse_open(path: Path | str) -> None:
    """Raise `BookError` where a lock file says that a workbook is open in another program."""
    lock = is_open_elsewhere(os.path.realpath(path))
    if lock is not None:
        rule = f"is open in another program, as its lock file {lock.name} says; close it there first"
        raise BookError("file", str(path), rule, display=str(path))


def require_replaceable(path: Path | str) -> None:
    """Raise `BookError` for a file that another program has open, and for one made read-only."""
    refuse_open(path)
    target = Path(os.path.realpath(path))
    if os.path.isfile(target) and not target.stat().st_mode & 0o222:
        rule = "is read-only; write to another file, or allow it to be changed"
        raise BookError("file", str(path), rule, display=str(path))


def save(path: Path | str, data: bytes) -> None:
    """Write a file whole or not at all: into a new file beside it, to the disk, then into its place.

    Whatever happens on the way (a full disk, a read-only folder, the program killed), the old file is still
    there as it was. Raises BookError, naming the path and the reason, also when a lock file says that the
    workbook is open in another program, and for a file that its owner has made read-only. What programs that
    were killed left in the folder a day ago or earlier goes.
    """
    target = Path(os.path.realpath(path))
    require_replaceable(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise BookError("file", str(path), "must be a file, not a folder or a device", display=str(path))
    try:
        _replace(target, data)
    except OSError as error:
        rule = f"cannot be written: {reason_of(error)}; it is unchanged"
        raise BookError("file", str(path), rule, display=str(path)) from error


def _replace(target: Path, data: bytes) -> None:
    temporary = written_beside(target, data)
    try:
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    flush_folder(target.parent)


def written_beside(target: Path, data: bytes) -> Path:
    """A new file beside another, on the disk, with its permissions; left-overs of killed runs go."""
    sweep(target.parent)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode_of(target))
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def sweep(folder: Path) -> None:
    """Delete what programs left that were killed while they wrote, once it is a day old."""
    oldest = time.time() - LEFT_OVER_AFTER
    with suppress(OSError):
        for file in folder.glob(f"{TEMPORARY}*"):
            with suppress(OSError):
                if file.stat().st_mtime < oldest:
                    file.unlink()


def _mode_of(target: Path) -> int:
    """The permissions of the file to replace, or those a new file gets."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def flush_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can flush folders."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def reason_of(error: OSError) -> str:
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "the folder is read-only or the file is open in another program",
        errno.EPERM: "the folder is read-only or the file is open in another program",
        errno.ENOENT: "the folder does not exist",
    }
    return reasons.get(error.errno or 0, error.strerror or str(error))
