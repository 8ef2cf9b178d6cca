"""How long the delivered workbooks take to recalculate, measured again: `python -m supply.recalculation`.

Writes xlwings_addin/sheets/recalculation.csv, whose figures Cover shows once the workbooks are built again;
`make recalculation` does both. LibreOffice runs without a window and without the add-in, driven through UNO,
on a copy of a workbook. The embedded engine runs in this process, where everything is the loading of the
file, too. Each time is the least of several turns, so that what else a machine does counts little, but it
should do nothing else. What LibreOffice shows after the edit is held against the embedded engine: no time is
that of a workbook which was not calculated. Rows of programs that are not here, such as Excel, are kept.
"""

from __future__ import annotations

import csv
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from xlwings_addin.engine.calculate import ENGINE, Calculation, engine_version
from xlwings_addin.engine.libreoffice import find_soffice, libreoffice_version
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets.recalculation import EDIT, EVERYTHING, LOADED, TABLE, Measured, measured
from xlwings_addin.xlsx.package import CellKey, read_package

ROOT: Final = Path(__file__).parents[1]
COMPANIES: Final = ("xiaomi", "tesla")
TURNS, TURNS_OF_EVERYTHING = 60, 15
STEP: Final = 1.001
"""What the input is multiplied with for an edit; the next edit takes it back."""
CLOSE: Final = 1e-9
EDITED, WORTH = "{inputs.risk_free:cases[1]}", "{sotp.value_per_share}"
"""The input that is edited, of the case that the workbook opens with, and what has to follow it."""
Timed = tuple[str, float]


def main() -> None:
    """Measure every workbook and write the table."""
    rows: list[Measured] = []
    for company in COMPANIES:
        book = Book(load_context(company_folder(company)))
        path = ROOT / "workbook" / book.context.company.book
        rows += measured_rows(company, path, book.at(EDITED), book.at(WORTH))
    write(rows)


def measured_rows(company: str, path: Path, edited: CellKey, worth: CellKey) -> Iterator[Measured]:
    """The rows of one workbook: the embedded engine, and LibreOffice where it is installed."""
    after, times = _in_engine(path, edited, worth)
    yield from _rows(company, ENGINE, engine_version(), times)
    if (version := libreoffice_version()) is not None:
        times = _in_libreoffice(path, edited, worth, after)
        yield from _rows(company, "LibreOffice", version.removeprefix("LibreOffice "), times)


def write(rows: list[Measured], table: Path = TABLE) -> None:
    """The table with new rows; of a program that was not measured the former stay."""
    new = {(row.workbook, row.program) for row in rows}
    kept = [row for row in measured() if (row.workbook, row.program) not in new]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Measured._fields)
        writer.writerows(sorted([*kept, *rows]))


def _rows(company: str, program: str, version: str, times: list[Timed]) -> Iterator[Measured]:
    today = date.today().isoformat()
    for what, seconds in times:
        yield Measured(company, program, version, what, float(f"{seconds:.3g}"), today, processor())


def processor() -> str:
    """The processor, as the system calls it, and how many of it."""
    name = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.is_file():
        match = re.search(r"(?m)^model name\s*:\s*(.+)$", described.read_text(encoding="utf-8"))
        name = match[1].strip() if match else name
    return f"{name}, {os.cpu_count()} cores"


def _least(work: Callable[[], float], turns: int) -> float:
    return min(work() for _ in range(turns))


def _in_engine(path: Path, edited: CellKey, worth: CellKey) -> tuple[float, list[Timed]]:
    """The value of a share after the edit, and the times: of everything with the file's loading."""
    package, functions = read_package(path), callbacks()

    def everything() -> float:
        started = time.perf_counter()
        Calculation(package, functions).values()
        return time.perf_counter() - started

    calculation = Calculation(package, functions)
    calculation.values()
    start = _number(calculation.value(*edited), edited)
    values = [start * STEP, start]

    def edit() -> float:
        values.reverse()
        started = time.perf_counter()
        calculation.set_value(*edited, values[1])
        calculation.values()
        return time.perf_counter() - started

    times = [(EDIT, _least(edit, TURNS)), (LOADED, _least(everything, TURNS_OF_EVERYTHING))]
    calculation.set_value(*edited, start * STEP)
    calculation.values()
    return _number(calculation.value(*worth), worth), times


def _in_libreoffice(path: Path, edited: CellKey, worth: CellKey, after: float) -> list[Timed]:
    """The times of LibreOffice: an edit with what follows it, and a calculation of every formula."""
    offices = import_module("tests.hosts.calc_office")
    soffice = find_soffice()
    assert soffice is not None
    with (
        tempfile.TemporaryDirectory() as folder,
        offices.running_office(soffice, Path(folder), extension=False) as office,
    ):
        office.open(shutil.copy(path, folder))
        (sheet, cell), (of_worth, worth_cell) = edited, worth
        start = _number(office.values(cell, sheet)[0][0], edited)
        values = [start * STEP, start]

        def edit() -> float:
            values.reverse()
            taken: float = office.edited(cell, values[1], sheet)
            return taken

        times = [
            (EDIT, _least(edit, TURNS)),
            (EVERYTHING, _least(office.calculate, TURNS_OF_EVERYTHING)),
        ]
        office.edited(cell, start * STEP, sheet)
        shows = _number(office.values(worth_cell, of_worth)[0][0], worth)
    if abs(shows - after) > CLOSE * abs(after):
        raise ValueError(f"{worth}: LibreOffice shows {shows} after the edit, the embedded engine {after}")
    return times


def _number(value: Any, at: CellKey) -> float:
    """A figure. Raises `ValueError` for a cell that shows none."""
    if not isinstance(value, float):
        raise ValueError(f"{at[0]}!{at[1]} {value} must be a number")
    return value


if __name__ == "__main__":
    main()
