"""The add-in where Excel finds it: put there, taken away, and what must be right before either.

Excel opens what stands in the folder XLSTART, and trusts it. The add-in finds Python by xlwings' settings, a
file in a folder of the user's; what the user has set there for himself stays. On a Mac both stand in folders
of Excel's own, and a script in a third one starts Python, as nothing else may within Excel's sandbox.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import BookError, InputError
from xlwings_addin.hosts.desktop.addin import (
    FILE,
    FILE_FOR_MAC,
    INTERPRETER,
    INTERPRETER_ON_MAC,
    SETTINGS_FILE,
    SETTINGS_NAME,
    addin_bytes,
    dll_names,
    settings_text,
)
from xlwings_addin.hosts.desktop.vba import FUNCTIONS_ON_A_MAC
from xlwings_addin.xlsx.package import save

EXCEL_SETTINGS: Final = (
    "Excel: restart it. File, Options, Trust Center, Trust Center Settings, Macro Settings: any choice but "
    '"Disable all macros without notification".',
    "Excel: Trusted Locations must list the folder XLSTART, as it does unless it was removed from them.",
    'Excel: "Trust access to the VBA project object model" is not needed.',
)

ELSEWHERE: Final = (
    "The Excel add-in of open-source xlwings runs on Windows and on a Mac; nothing is installed here.",
    "LibreOffice: xiaomi-model export libreoffice writes an extension (.oxt) for it.",
    "Excel on the web: xiaomi-model serve starts the server of the extra server.",
)

MAC_SETTINGS: Final = (
    "Excel: restart it, and enable macros where it asks (Excel, Settings, Security & Privacy).",
    "macOS: allow it where it asks whether Excel may be controlled (Privacy & Security, Automation).",
    "Tables from elsewhere: export XIAOMI_MODEL_INPUTS in ~/.bash_profile, which Excel's shell reads.",
    FUNCTIONS_ON_A_MAC,
    "No Mac was there where this was built: docs/excel-acceptance.md says what remains to try.",
)

_PLAIN: Final = re.compile(r"[^\s'\"\\$`;&|<>()*?#!]+")
_EXCEL_ON_MAC: Final = "com.microsoft.Excel"
_STARTUP_ON_MAC: Final = "UBF8T346G9.Office/User Content.localized/Startup.localized/Excel"


@dataclass(frozen=True)
class Machine:
    """Where things are on this machine: Excel's folder and xlwings' settings belong to the user."""

    is_windows: bool
    applications: Path
    home: Path
    python: Path
    environment: Path
    is_mac: bool = False

    @classmethod
    def here(cls) -> Machine:
        """The machine on which this runs."""
        home = Path.home()
        applications = Path(os.environ.get("APPDATA", home / "AppData" / "Roaming"))
        is_windows, is_mac = sys.platform == "win32", sys.platform == "darwin"
        return cls(is_windows, applications, home, Path(sys.executable), Path(sys.prefix), is_mac)

    @property
    def addin(self) -> Path:
        """The add-in in the folder from which Excel opens everything."""
        if self.is_mac:
            return self.home / "Library" / "Group Containers" / _STARTUP_ON_MAC / FILE_FOR_MAC
        return self.applications / "Microsoft" / "Excel" / "XLSTART" / FILE

    @property
    def settings(self) -> Path:
        """xlwings' settings for this add-in."""
        if self.is_mac:
            return self.home / "Library" / "Containers" / _EXCEL_ON_MAC / "Data" / SETTINGS_FILE
        return self.home / f".{SETTINGS_NAME}" / SETTINGS_FILE

    @property
    def script(self) -> Path:
        """On a Mac, the script of xlwings that Excel may run to start Python; all its add-ins use it."""
        return self.home / "Library" / "Application Scripts" / _EXCEL_ON_MAC / script_name()


def script_name() -> str:
    """The script's file, as xlwings ships it and its VBA module calls it."""
    return f"xlwings-{version('xlwings')}.applescript"


def install(machine: Machine, *, dry_run: bool = False) -> Iterator[str]:
    """Put the add-in in place, or say what would be done; gives what to tell the user, line by line.

    Raises `InputError` where Python, xlwings and its DLL do not agree, before anything is written, and
    `BookError` for a file that cannot be written, such as an add-in that Excel has open.
    """
    if not (machine.is_windows or machine.is_mac):
        yield from ELSEWHERE
        return
    yield from _checked_on_mac(machine) if machine.is_mac else _checked(machine)
    name = INTERPRETER_ON_MAC if machine.is_mac else INTERPRETER
    settings = settings_text({**_settings(machine.settings), name: str(machine.python)})
    contents = {machine.addin: addin_bytes(for_mac=machine.is_mac), machine.settings: settings.encode()}
    if machine.is_mac:
        contents[machine.script] = (files("xlwings") / script_name()).read_bytes()
    for path, data in contents.items():
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path, data)
        yield f"{'would write' if dry_run else 'written'}: {path}"
    yield from MAC_SETTINGS if machine.is_mac else EXCEL_SETTINGS


def uninstall(machine: Machine, *, dry_run: bool = False) -> Iterator[str]:
    """Take the add-in and its settings away, or say what would be done; gives what to tell the user."""
    if not (machine.is_windows or machine.is_mac):
        yield from ELSEWHERE
        return
    for path in (machine.addin, machine.settings):
        if not path.exists():
            yield f"not there: {path}"
            continue
        if not dry_run:
            _remove(path)
        yield f"{'would remove' if dry_run else 'removed'}: {path}"
    if machine.is_mac and machine.script.exists():
        yield f"stays, for other add-ins of xlwings: {machine.script}"


def _checked(machine: Machine) -> Iterator[str]:
    """The versions in use, once they agree."""
    installed = _installed("xlwings", 'pip install "xiaomi-model[desktop]"')
    for name in dll_names():
        if installed not in name:
            rule = f"is not of xlwings {installed}, whose version the add-in must have"
            raise InputError("DLL", name, rule)
        if not (machine.environment / name).is_file():
            rule = f"is not in {machine.environment}; reinstall xlwings with pip in this environment"
            raise InputError("DLL", name, rule)
    com = _installed("pywin32", "reinstall xlwings with pip")
    yield f"Python {machine.python}, xlwings {installed} with its DLL, pywin32 {com}"


def _checked_on_mac(machine: Machine) -> Iterator[str]:
    """The versions in use, once Python can be started by a shell and can talk to Excel."""
    installed = _installed("xlwings", 'pip install "xiaomi-model[desktop]"')
    script = _installed("appscript", "reinstall xlwings with pip")
    _installed("psutil", "reinstall xlwings with pip")
    if not _PLAIN.fullmatch(str(machine.python)):
        rule = "must have neither blanks nor quotes in its path: xlwings' script starts it without quotes"
        raise InputError("Python", str(machine.python), rule, display=str(machine.python))
    yield f"Python {machine.python}, xlwings {installed}, appscript {script}"


def _installed(package: str, remedy: str) -> str:
    """The version of a package. Raises `InputError` that names what to do where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise InputError("package", package, f"is not installed; {remedy}", display=package) from None


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
