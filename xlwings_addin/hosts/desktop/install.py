"""The add-in where Excel finds it: put there, taken away, and what must be right before either.

Excel opens what stands in the folder XLSTART, and trusts it. The add-in finds Python by xlwings' settings, a
file in a folder of the user's; what the user has set there for himself stays.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import BookError, InputError
from xlwings_addin.hosts.desktop.addin import (
    FILE,
    INTERPRETER,
    SETTINGS_FILE,
    SETTINGS_NAME,
    addin_bytes,
    dll_names,
    settings_text,
)
from xlwings_addin.xlsx.package import save

EXCEL_SETTINGS: Final = (
    "Excel: restart it. File, Options, Trust Center, Trust Center Settings, Macro Settings: any choice but "
    '"Disable all macros without notification".',
    "Excel: Trusted Locations must list the folder XLSTART, as it does unless it was removed from them.",
    'Excel: "Trust access to the VBA project object model" is not needed.',
)

ELSEWHERE: Final = (
    "The Excel add-in of open-source xlwings runs on Windows only; nothing is installed here.",
    "LibreOffice: xiaomi-model export libreoffice writes an extension (.oxt) for it.",
    "Excel on a Mac or on the web: xiaomi-model serve starts the server of the extra server.",
)


@dataclass(frozen=True)
class Machine:
    """Where things are on this machine: Excel's folder and xlwings' settings belong to the user."""

    is_windows: bool
    applications: Path
    home: Path
    python: Path
    environment: Path

    @classmethod
    def here(cls) -> Machine:
        """The machine on which this runs."""
        home = Path.home()
        applications = Path(os.environ.get("APPDATA", home / "AppData" / "Roaming"))
        is_windows = sys.platform == "win32"
        return cls(is_windows, applications, home, Path(sys.executable), Path(sys.prefix))

    @property
    def addin(self) -> Path:
        """The add-in in the folder from which Excel opens everything."""
        return self.applications / "Microsoft" / "Excel" / "XLSTART" / FILE

    @property
    def settings(self) -> Path:
        """xlwings' settings for this add-in."""
        return self.home / f".{SETTINGS_NAME}" / SETTINGS_FILE


def install(machine: Machine, *, dry_run: bool = False) -> Iterator[str]:
    """Put the add-in in place, or say what would be done; gives what to tell the user, line by line.

    Raises `InputError` where Python, xlwings and its DLL do not agree, before anything is written, and
    `BookError` for a file that cannot be written, such as an add-in that Excel has open.
    """
    if not machine.is_windows:
        yield from ELSEWHERE
        return
    yield from _checked(machine)
    settings = settings_text({**_settings(machine.settings), INTERPRETER: str(machine.python)})
    for path, data in ((machine.addin, addin_bytes()), (machine.settings, settings.encode())):
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path, data)
        yield f"{'would write' if dry_run else 'written'}: {path}"
    yield from EXCEL_SETTINGS


def uninstall(machine: Machine, *, dry_run: bool = False) -> Iterator[str]:
    """Take the add-in and its settings away, or say what would be done; gives what to tell the user."""
    if not machine.is_windows:
        yield from ELSEWHERE
        return
    for path in (machine.addin, machine.settings):
        if not path.exists():
            yield f"not there: {path}"
            continue
        if not dry_run:
            _remove(path)
        yield f"{'would remove' if dry_run else 'removed'}: {path}"


def _checked(machine: Machine) -> Iterator[str]:
    """The versions in use, once they agree."""
    try:
        installed = version("xlwings")
    except PackageNotFoundError:
        rule = 'is not installed; pip install "xiaomi-model[desktop]"'
        raise InputError("package", "xlwings", rule, display="xlwings") from None
    for name in dll_names():
        if installed not in name:
            rule = f"is not of xlwings {installed}, whose version the add-in must have"
            raise InputError("DLL", name, rule)
        if not (machine.environment / name).is_file():
            rule = f"is not in {machine.environment}; reinstall xlwings with pip in this environment"
            raise InputError("DLL", name, rule)
    try:
        com = version("pywin32")
    except PackageNotFoundError:
        rule = "is not installed; reinstall xlwings with pip"
        raise InputError("package", "pywin32", rule, display="pywin32") from None
    yield f"Python {machine.python}, xlwings {installed} with its DLL, pywin32 {com}"


def _settings(path: Path) -> dict[str, str]:
    """What the settings say now: lines of a name and a value, each in quotes."""
    if not path.exists():
        return {}
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        rule = f"cannot be removed: {error.strerror or error}; close Excel first"
        raise BookError("file", str(path), rule, display=str(path)) from error
