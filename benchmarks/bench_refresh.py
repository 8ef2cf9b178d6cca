"""Refreshing the workbook in place, with a new quarter and without; against LibreOffice; a large workbook.

A refresh that adds nothing stands beside one whose tables have a quarter more: rows come in, the engine
calculates what hangs on them in every case, and the answers and the value bridge are worked out anew.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from openpyxl import load_workbook

from benchmarks.bench_build import run
from benchmarks.measure import Measurement, print_table
from tests.quarters_of_2026 import add_quarter
from xlwings_addin.engine.libreoffice import find_soffice
from xlwings_addin.inputs.tables import tables_folder

AGAINST_LIBREOFFICE, MEMORY_BYTES = 2.5, 1024**3
A_QUARTER, AGAINST_NOTHING_NEW = "2026Q3", 2.0
SHEETS, FORMULAS = 50, 200_000


def measure(repeats: int = 7) -> list[Measurement]:
    """Medians of whole processes that take turns, then one refresh of a book with many foreign formulas."""
    command = str(Path(sys.executable).with_name("xiaomi-model"))
    soffice = find_soffice()
    with tempfile.TemporaryDirectory() as folder:
        book, large, grown = (Path(folder) / f"{name}.xlsx" for name in ("model", "large", "grown"))
        run([command, "build", "--out", str(book)])
        tables = str(with_a_quarter(Path(folder) / "tables"))
        runs = {
            "refresh": [command, "refresh", str(book), "--backups", "0"],
            "quarter": [command, "refresh", str(grown), "--backups", "0", "--inputs", tables],
        }
        if soffice is not None:
            profile = (Path(folder) / "profile").as_uri()
            runs["LibreOffice"] = [
                *(str(soffice), f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"),
                *("--outdir", str(Path(folder) / "saved"), str(book)),
            ]
        times: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(repeats + 1):
            for name, arguments in runs.items():
                shutil.copy(book, grown)
                taken = run(arguments)
                if turn:  # the first turn warms caches and makes LibreOffice's profile
                    times[name].append(taken)
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        measurements = [Measurement("refresh the workbook, whole process", medians["refresh"])]
        ratio = medians["quarter"] / medians["refresh"]
        required, met = f"<= {AGAINST_NOTHING_NEW:.0f} x the refresh", ratio <= AGAINST_NOTHING_NEW
        measurements.append(
            Measurement(
                "refresh it from tables with a quarter more", medians["quarter"], ratio, required, met
            )
        )
        if soffice is not None:
            ratio = medians["LibreOffice"] / medians["refresh"]
            required, met = f">= {AGAINST_LIBREOFFICE} x the refresh", ratio >= AGAINST_LIBREOFFICE
            measurements.append(
                Measurement("LibreOffice opens and saves it", medians["LibreOffice"], ratio, required, met)
            )
        with_foreign_sheets(book, large)
        taken = run([command, "refresh", str(large), "--backups", "0"])
        memory = _largest_child()
    share = memory / MEMORY_BYTES
    name = f"refresh with {FORMULAS:,} foreign formulas; memory over 1 GiB"
    measurements.append(Measurement(name, taken, share, "< 1", share < 1))
    return measurements


def with_a_quarter(folder: Path) -> Path:
    """The project's tables with a quarter that is not reported yet, each figure grown from a year before."""
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / part)
    add_quarter(folder, A_QUARTER)
    return folder


def with_foreign_sheets(book: Path, target: Path) -> None:
    """The workbook with 50 sheets of an analyst's own, 200,000 formulas in all."""
    workbook = load_workbook(book)
    rows, columns = FORMULAS // SHEETS // 8, 8
    for number in range(SHEETS):
        sheet = workbook.create_sheet(f"Own {number}")
        sheet.append([1.0 + number] * columns)
        for row in range(2, rows + 2):
            sheet.append([f"={letter}{row - 1}*1.0001+SOTP!$D$19/1000" for letter in "ABCDEFGH"])
    workbook.save(target)


def _largest_child() -> float:
    """The most memory a finished child process has had, in bytes: the refresh of the large book had it."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)


if __name__ == "__main__":
    sys.exit(not print_table("Refreshing the workbook", measure()))
