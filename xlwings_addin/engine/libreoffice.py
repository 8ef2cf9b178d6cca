"""A second opinion on a workbook's values: LibreOffice, without a window, told to recalculate on load.

LibreOffice by itself keeps the values stored in an xlsx and does not compute it, so that a comparison with
those values would compare them with themselves. Here every run gets a profile of its own in which
`OOXMLRecalcMode` is 0, "always recalculate"; the profile of the user is neither read nor changed.

It is also the way out where the embedded engine gives up: `values_instead`.

Source: LibreOffice, officecfg/registry/schema/org/openoffice/Office/Calc.xcs, Formula/Load/OOXMLRecalcMode.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from glob import glob
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.contents import contents_of
from xlwings_addin.engine.formulas import functions_called, own_functions, plain_formulas
from xlwings_addin.xlsx.contents import formula_text
from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    is_error,
    read_values,
    without_drawings,
)
from xlwings_addin.xlsx.scanning import Span

if TYPE_CHECKING:
    from xlwings_addin.engine.unevaluated import UnevaluatedError

__all__ = [
    "convert_with_libreoffice",
    "find_soffice",
    "libreoffice_version",
    "recalculate_with_libreoffice",
    "values_instead",
]

_ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">\
<value>0</value></prop></item>
</oor:items>
"""

_USUAL_PLACES = (
    "/usr/lib/libreoffice/program/soffice",
    "/usr/local/bin/soffice",
    "/opt/libreoffice*/program/soffice",
    "/snap/bin/libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.com",
    "C:/Program Files (x86)/LibreOffice/program/soffice.com",
)


def find_soffice() -> Path | None:
    """LibreOffice's program: on the search path, or where its installers usually put it; None if nowhere."""
    for name in ("soffice", "libreoffice"):
        program = shutil.which(name)
        if program is not None:
            return Path(program)
    for place in _USUAL_PLACES:
        matches = sorted(glob(place))
        if matches:
            return Path(matches[-1])
    return None


def libreoffice_version(timeout: float = 60.0) -> str | None:
    """LibreOffice's name and version as it tells them, `LibreOffice 7.4.7.2`; None where it tells none.

    Raises BookError where it takes longer than `timeout` seconds.
    """
    soffice = find_soffice()
    if soffice is None:
        return None
    with tempfile.TemporaryDirectory(prefix="recalculate-") as folder:
        said = _run([str(soffice), f"-env:UserInstallation={Path(folder).as_uri()}", "--version"], timeout)
    match = re.search(r"LibreOffice [0-9]+(?:\.[0-9]+)*", said)
    return match[0] if match else None


def values_instead(
    package: Package, udfs: Collection[str], refusal: UnevaluatedError, timeout: float = 120.0
) -> dict[CellKey, CellValue] | None:
    """LibreOffice's values of all formula cells of a workbook; None where they would not be certain.

    LibreOffice answers for a workbook as a whole or not at all, and only where its answer is certain: it
    knows every function called (it hides an unknown one in `IFERROR(F(1),0)`), and every formula cell gets a
    value. It reads a copy in which structured references are the cells they mean. It is not asked if the
    workbook calls a function of `udfs`, has a formula that hangs on itself or cannot be parsed, holds dynamic
    arrays, whose size it does not change, or data tables, or refers to other workbooks or to cells of a table
    that the table lacks. It saves several errors, #NUM! among them, as #VALUE!; a workbook with such a value
    gets no answer. Numbers have 15 significant digits. Ranges in a formula that is no array formula mean one
    cell, also inside an aggregating function, `SUM(A1:A3*2)`, as in Excel before 365.
    Raises BookError where LibreOffice is not installed, fails or takes longer than `timeout` seconds.
    """
    formulas, cells = plain_formulas(package), formula_cells(package)
    functions = functions_called(formulas.values())
    cannot_say = (
        own_functions(formulas.values(), udfs)
        or any(cell.is_faulty for cell in refusal.cells)
        or any(cell.kind in ("dynamic", "dataTable") for cell in cells)
        or any("[" in _TEXT.sub("", formula) for formula in formulas.values())
    )
    if cannot_say:
        return None
    books = {"workbook.xlsx": _with_formulas(package, formulas), "functions.xlsx": _calls(functions)}
    answers, calls = recalculate_with_libreoffice(books, timeout=timeout)
    values = {(cell.sheet, cell.cell): answers.get((cell.sheet, cell.cell)) for cell in cells}
    is_named = not any(is_error(value) and value == "#NAME?" for value in calls.values())
    certain = not any(value is None or _may_mean_another(value) for value in values.values())
    return values if is_named and certain else None


_TEXT = re.compile(r'"[^"]*"')


def _may_mean_another(value: CellValue) -> bool:
    """Whether LibreOffice saves a value also for errors that other programs tell apart."""
    return is_error(value) and value in ("#NAME?", "#VALUE!")


def _with_formulas(package: Package, formulas: Mapping[CellKey, str]) -> bytes:
    """The workbook with other formulas in its cells, array formulas in the same areas."""
    changed: dict[str, bytes | None] = {}
    for sheet, part in package.sheets().items():
        data = package.parts[part]
        edits = []
        for cell in package.cells(part):
            formula = formulas.get((sheet, cell.address))
            if cell.formula is not None and formula not in (None, formula_text(data, cell)):
                edits.append(_formula_edit(data, cell.formula, formula or ""))
        if edits:
            changed[part] = apply(data, edits)
    return package.with_parts(changed)


def _formula_edit(data: bytes, element: Span, formula: str) -> Edit:
    start = data.index(b">", element.start) + 1
    end = data.rindex(b"</", start, element.end)
    return Edit(start, end, escape(formula, quote=False).encode())


def _calls(functions: Collection[str]) -> bytes:
    """A workbook that calls each function without arguments: #NAME? for those that are not known."""
    import openpyxl

    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row, name in enumerate(sorted(functions), 1):
        book.active.cell(row, 1, f"={name}()")
    book.save(buffer)
    return buffer.getvalue()


def recalculate_with_libreoffice(
    files: Sequence[Path | str] | Mapping[str, bytes], *, timeout: float = 120.0
) -> list[dict[CellKey, CellValue]]:
    """The values of each workbook as LibreOffice computes them, by sheet and address, in the order given.

    Every cell that LibreOffice stores is listed, inputs too; numbers have 15 significant digits, dates are
    serial numbers. Arguments and errors as for `convert_with_libreoffice`.
    """
    bare = [(name, _bare(data)) for name, data in contents_of(files)]
    return [read_values(data) for data in _converted(bare, timeout)]


def _bare(data: bytes) -> bytes:
    """A workbook without what takes a fifth of LibreOffice's time and decides no value."""
    try:
        return without_drawings(data)
    except BookError:  # LibreOffice reads more files than this project does
        return data


def convert_with_libreoffice(
    files: Sequence[Path | str] | Mapping[str, bytes], *, timeout: float = 120.0
) -> list[bytes]:
    """Each workbook, recalculated and saved as xlsx by LibreOffice, in the order given.

    `files` are paths, or names with the bytes of workbooks; all go through one process. The originals are not
    touched. `timeout` is in seconds, for all files together.
    Raises BookError if LibreOffice is not installed, takes longer, or does not read a file.
    """
    return _converted(contents_of(files), timeout)


def _converted(contents: Sequence[tuple[str, bytes]], timeout: float) -> list[bytes]:
    soffice = find_soffice()
    if soffice is None:
        rule = "was not found; install it from libreoffice.org or with `apt install libreoffice-calc`"
        raise BookError("program", "LibreOffice", rule, display="LibreOffice")
    if not contents:
        return []
    with tempfile.TemporaryDirectory(prefix="recalculate-") as folder:
        return _convert(soffice, contents, Path(folder), timeout)


def _convert(
    soffice: Path, contents: Sequence[tuple[str, bytes]], folder: Path, timeout: float
) -> list[bytes]:
    profile, results = folder / "profile", folder / "results"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_ALWAYS_RECALCULATE, encoding="utf-8")
    inputs = [folder / f"{at}{Path(name).suffix or '.xlsx'}" for at, (name, _) in enumerate(contents)]
    for path, (_, data) in zip(inputs, contents, strict=True):
        path.write_bytes(data)
    options = [f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck"]
    target = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(results)]
    said = _run([str(soffice), *options, *target, *map(str, inputs)], timeout)
    return [
        _result(results / f"{path.stem}.xlsx", name, said)
        for path, (name, _) in zip(inputs, contents, strict=True)
    ]


def _run(command: Sequence[str], timeout: float) -> str:
    """Run a command and its children; end them all when time is up."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        rule = "is how long LibreOffice may take, and it was not done"
        raise BookError("timeout", timeout, rule, display=f"{timeout:g} s") from None
    finally:
        _end(process)
    return " ".join(said.split())


def _end(process: subprocess.Popen[str]) -> None:
    """End a process with all that it started; LibreOffice's launcher is only the parent of the real one."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False
            )
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _result(path: Path, name: str, said: str) -> bytes:
    if not path.exists():
        rule = f"was not converted by LibreOffice: {said or 'it said nothing'}"
        raise BookError("workbook", name, rule, display=name)
    return path.read_bytes()
