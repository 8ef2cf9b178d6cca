"""What-if tables: building the workbook with and without, and LibreOffice, which recalculates it on load.

The peer of LibreOffice is the workbook of version 0.1.0, of five cases and half the formulas; processor
time of whole processes that take turns, the start of the program in it.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench_build import run
from benchmarks.measure import Measurement, print_table
from tests.released import WORKBOOK
from xlwings_addin.engine.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.sheets.spec import LIVE_CHOICES

TITLE = "What-if tables, whole processes"
AGAINST_FIRST_RELEASE = 3.0


def measure(repeats: int = 5) -> list[Measurement]:
    """Medians of processor time for each form of the workbook."""
    command = str(Path(sys.executable).with_name("xiaomi-model"))
    with tempfile.TemporaryDirectory() as folder:
        books = {live: Path(folder) / f"{live}.xlsx" for live in LIVE_CHOICES}
        builds: dict[str, list[float]] = {live: [] for live in books}
        opened: dict[str, list[float]] = {live: [] for live in ("0.1.0", *books)}
        for turn in range(repeats + 1):
            for live, book in books.items():
                arguments = [command, "build", "--live", live, "--out", str(book)]
                _add(builds[live], turn, lambda arguments=arguments: run(arguments))  # type: ignore[misc]
            if find_soffice() is None:
                continue
            for name, book in {"0.1.0": WORKBOOK, **books}.items():
                _add(opened[name], turn, lambda book=book: recalculate_with_libreoffice([book], timeout=300))  # type: ignore[misc]
    rows = []
    for live, taken in builds.items():
        plain = statistics.median(builds["none"])
        rows.append(
            Measurement(f"build --live {live}", statistics.median(taken), statistics.median(taken) / plain)
        )
    for name, taken in opened.items():
        if taken:
            ratio = statistics.median(taken) / statistics.median(opened["0.1.0"])
            is_delivered = name == "cases"
            required = f"<= {AGAINST_FIRST_RELEASE:.0f} x that of 0.1.0" if is_delivered else ""
            met = not is_delivered or ratio <= AGAINST_FIRST_RELEASE
            what = (
                f"LibreOffice recalculates, tables: {name}" if name in books else f"the same, version {name}"
            )
            rows.append(Measurement(what, statistics.median(taken), ratio, required, met))
    return rows


def _add(times: list[float], turn: int, work: Callable[[], object]) -> None:
    """Add the processor time of the processes that work starts; the first turn warms caches."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if turn:
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    sys.exit(not print_table(TITLE, measure()))
