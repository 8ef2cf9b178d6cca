"""The log file: every error that a cell was answered with, and the traceback of every unexpected one.

It stands in the user's log folder; the environment variable `XIAOMI_MODEL_LOG` names another folder, and
"off" or nothing means none. It is turned over at a megabyte, and three former ones are kept.

Several processes may write to it at once: each record is one write at the end of the file, so records do not
mix. The standard library does not let them agree on who turns it over. On Windows, where the file cannot be
renamed while another process has it open, it grows on; elsewhere a process may
finish its records in the file that another has just put aside.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

ENVIRONMENT: Final = "XIAOMI_MODEL_LOG"
OFF: Final = "off"
FILE_NAME: Final = "xiaomi-model.log"
TURNED_OVER_AT, FORMER_FILES = 1_000_000, 3
FORMAT: Final = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
LOGGED: Final = ("udfs", "xlwings_addin")
"""The packages whose records are kept."""

_handlers: dict[str, logging.Handler] = {}


class _LogFile(RotatingFileHandler):
    """A log file that never stands in the way of who writes to it."""

    _has_failed = False

    def doRollover(self) -> None:  # noqa: N802
        try:
            super().doRollover()
        except OSError:
            self.maxBytes *= 2  # asked again at every record, each attempt would push the former files on
            self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not self._has_failed:
            self._has_failed = True
            _warn(self.baseFilename, sys.exc_info()[1])


def start(verbose: bool = False) -> Path | None:
    """Begin to keep the log, once in a process; `verbose` shows it on standard error as well.

    Gives the file, or None where the log is off or cannot be written; the latter is said on standard error.
    """
    if verbose:
        _add("stderr", logging.StreamHandler())
    if "file" not in _handlers:
        _open_file()
    handler = _handlers.get("file")
    return Path(handler.baseFilename) if isinstance(handler, _LogFile) else None


def stop() -> None:
    """Close the log."""
    for handler in _handlers.values():
        for name in LOGGED:
            logging.getLogger(name).removeHandler(handler)
        with suppress(OSError):
            handler.close()
    _handlers.clear()


def folder() -> Path | None:
    """The folder of the log, or None where it is off."""
    named = os.environ.get(ENVIRONMENT)
    if named is not None:
        return None if named.strip().lower() in ("", OFF) else Path(named).expanduser()
    from platformdirs import user_log_dir

    return Path(user_log_dir("xiaomi-model"))


def _open_file() -> None:
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
        file = _LogFile(
            place / FILE_NAME, maxBytes=TURNED_OVER_AT, backupCount=FORMER_FILES, encoding="utf-8"
        )
    except OSError as error:
        _warn(place / FILE_NAME, error)
    else:
        _add("file", file)


def _add(name: str, handler: logging.Handler) -> None:
    if name in _handlers:
        return
    _handlers[name] = handler
    handler.setFormatter(logging.Formatter(FORMAT))
    for package in LOGGED:
        logger = logging.getLogger(package)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)


def _warn(file: object, error: object) -> None:
    with suppress(OSError):
        print(f"xiaomi-model: no log in {file}: {error}", file=sys.stderr)
