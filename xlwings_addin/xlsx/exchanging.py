"""A new version in the place of a file, and the former one compared with what was read, in one step.

Between a look at a file and its replacement another program may save. Where the system can exchange two
names at once (renameat2 on Linux, renamex_np on a Mac), what was moved out is looked at, and comes back
where it is not what was read.

Source: renameat2(2), RENAME_EXCHANGE; renamex_np(2), RENAME_SWAP.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.saving import flush_folder, reason_of, require_replaceable, written_beside

_HERE: Final = -100
"""AT_FDCWD: names are those of the process's folder."""
_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of Linux, and RENAME_SWAP of a Mac."""


def replace_if(path: Path | str, data: bytes, *, former: bytes) -> None:
    """Put `data` in the place of a file that holds `former`, or raise `BookError` and leave the file.

    Whatever happens on the way, the file is the old one or the new one, whole. What another program saves
    meanwhile stays: before the exchange it is found, and put back.
    """
    target = Path(os.path.realpath(path))
    require_replaceable(path)
    try:
        new = written_beside(target, data)
        keeps = False
        try:
            keeps = _exchange(target, new, data, former, str(path))
        finally:
            if not keeps:
                with suppress(OSError):
                    new.unlink()
        flush_folder(target.parent)
    except OSError as error:
        rule = f"cannot be written: {reason_of(error)}; it is unchanged"
        raise BookError("file", str(path), rule, display=str(path)) from error
    if keeps:
        raise _changed(str(path), f"; one of two versions saved at the same time is kept as {new.name}")


def _exchange(target: Path, new: Path, data: bytes, former: bytes, display: str) -> bool:
    """Exchange the file with the new one; whether another program's version is left under the new one's name.

    Raises `BookError` where the file is not the former one any more; then it stays what it is.
    """
    if target.read_bytes() != former:
        raise _changed(display)
    if not swapped(target, new):
        os.replace(new, target)  # a system that cannot exchange: the look above is all there is
        return False
    if new.read_bytes() == former:
        return False
    swapped(target, new)  # what another program saved in between goes back
    if new.read_bytes() == data:
        raise _changed(display)
    swapped(target, new)  # and what one saved after that is the latest
    return True


def _changed(display: str, more: str = "") -> BookError:
    rule = f"was changed by another program meanwhile; nothing is written{more}"
    return BookError("file", display, rule, display=display)


def swapped(one: Path, other: Path) -> bool:
    """Exchange two files' names at once; false where the system cannot."""
    rename = _rename()
    return rename is not None and rename(os.fsencode(one), os.fsencode(other)) == 0


@cache
def _rename() -> Callable[[bytes, bytes], int] | None:
    """The system's exchange of two names; None where there is none."""
    if not sys.platform.startswith(("linux", "darwin")):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        return None if swap is None else lambda one, other: int(swap(one, other, ctypes.c_uint(_EXCHANGE)))
    exchange = getattr(library, "renameat2", None)
    if exchange is None:
        return None
    return lambda one, other: int(exchange(_HERE, one, _HERE, other, ctypes.c_uint(_EXCHANGE)))
