"""The add-in as a file: `.xlam`, its VBA modules as `.bas` beside it, and xlwings' configuration.

The file from which `xlwings quickstart --addin --ribbon` starts (BSD licence) gives the package and the
module that reaches xlwings' DLL; functions, ribbon and texts are ours. The modules are also written as they
are: imported in Excel's own editor they need nothing of what is done here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import InputError
from xlwings_addin.hosts.desktop import ovba, vba
from xlwings_addin.hosts.desktop.ribbon import MODULE, ribbon_xml
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.package import Package, normalise, read_package, read_values, save

FILE: Final = "Xiaomi_Model_AddIn.xlam"
FILE_FOR_MAC: Final = "Xiaomi_Model_AddIn_Mac.xlam"
SETTINGS_NAME: Final = "xiaomi_model"
SETTINGS_FILE: Final = f"{SETTINGS_NAME}.conf"
"""What xlwings' module reads, in a folder of the user's with that name and a dot before it."""
INTERPRETER: Final = "INTERPRETER_WIN"
INTERPRETER_ON_MAC: Final = "INTERPRETER_MAC"

_CONTAINER: Final = "quickstart_addin_ribbon.xlam"
_PROJECT: Final = "xl/vbaProject.bin"
_DLL: Final = re.compile(r'Lib "(xlwings(?:32|64)-[\d.]+\.dll)"')


def export_desktop(out: Path) -> list[Path]:
    """Write the add-in and what belongs to it into a folder; gives the files.

    Raises `InputError` where xlwings is not installed, and `BookError` for a file that cannot be written.
    """
    contents = {FILE: addin_bytes(), SETTINGS_FILE: settings_text({}).encode()}
    for module in modules():
        if module.declaration.startswith("Module="):
            contents[f"{module.name}.bas"] = _as_bas(module)
    contents[FILE_FOR_MAC] = addin_bytes(for_mac=True)
    (own,) = (module for module in modules(for_mac=True) if module.name == MODULE)
    contents[f"{MODULE}_Mac.bas"] = _as_bas(own)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        save(out / name, data)
    return [out / name for name in contents]


def addin_bytes(*, for_mac: bool = False) -> bytes:
    """The `.xlam`: the same bytes whenever it is made; for a Mac one with buttons and without functions."""
    container = _container()
    changes = {
        container.workbook_part: {
            rb"<mc:AlternateContent.*?</mc:AlternateContent>": b"",  # a path on its author's machine
            rb'"_myaddin\.conf"': b'"About"',
        },
        "docProps/core.xml": {rb">Felix( Zumstein)?<": b">xiaomi-model<"},
    }
    parts = {part: _replaced(container.parts[part], patterns) for part, patterns in changes.items()}
    titled = container.with_parts(parts)
    texts = {f"A{row}": text for row, text in enumerate(_about(for_mac=for_mac), start=1)}
    project = replace(
        ovba.read_project(container.parts[_PROJECT]), name=f"{MODULE}AddIn", modules=modules(for_mac=for_mac)
    )
    return normalise(
        titled,
        values={key: texts.get(key[1]) for key in read_values(titled)},
        parts={
            _PROJECT: ovba.project_file(project),
            "customUI/customUI.xml": ribbon_xml(),
        },
    )


def modules(*, for_mac: bool = False) -> tuple[ovba.Module, ...]:
    """The modules of the add-in's VBA project."""
    project = ovba.read_project(_container().parts[_PROJECT])
    present = {module.name: module for module in project.modules}
    workbook, dll = present["ThisWorkbook"], present["xlwings"]
    name = {rb'(PROJECT_NAME As String = )"myaddin"': rb'\1"%b"' % SETTINGS_NAME.encode()}
    return (
        replace(workbook, source=workbook.source + vba.workbook_source(for_mac=for_mac)),
        present["Sheet2"],
        present["Dictionary"],
        replace(dll, source=_replaced(dll.source.encode(), name).decode()),
        ovba.Module.standard(MODULE, vba.module_source(for_mac=for_mac)),
    )


def dll_names() -> list[str]:
    """The files of xlwings that the add-in calls, by names that hold its version."""
    source = next(module.source for module in modules() if module.name == "xlwings")
    return sorted(set(_DLL.findall(source)))


def settings_text(settings: Mapping[str, str]) -> str:
    """xlwings' configuration, a line a setting, as VBA's Write # does it.

    Unless `settings` say otherwise, no module is imported from the folder of whatever workbook is open.
    """
    lines = {"ADD_WORKBOOK_TO_PYTHONPATH": "false", **settings}
    return "".join(f'"{name}","{value}"\n' for name, value in lines.items())


def _as_bas(module: ovba.Module) -> bytes:
    return module.source.replace("\n", "\r\n").encode()


def _about(*, for_mac: bool) -> list[str]:
    offers = "Buttons for valuation on a Mac" if for_mac else "Functions and buttons for valuation"
    return [
        f"xiaomi-model {__version__}",
        f"{offers}, which run in Python through xlwings.",
        "Generated without Excel from the registry of functions and from a file of xlwings (BSD 3-clause).",
        vba.NOT_OPENED,
        *([vba.FUNCTIONS_ON_A_MAC] if for_mac else []),
    ]


def _container() -> Package:
    try:
        return read_package((files("xlwings") / _CONTAINER).read_bytes())
    except ModuleNotFoundError:
        rule = 'is not installed; pip install "xiaomi-model[desktop]"'
        raise InputError("package", "xlwings", rule, display="xlwings") from None


def _replaced(data: bytes, changes: Mapping[bytes, bytes]) -> bytes:
    """Data with each pattern replaced; one that is not there means another xlwings than the one pinned."""
    for pattern, new in changes.items():
        data, count = re.subn(pattern, new, data, flags=re.DOTALL)
        if not count:
            rule = "is not in xlwings' file: the add-in needs the version that the extra desktop names"
            raise InputError("pattern", pattern.decode(), rule)
    return data
