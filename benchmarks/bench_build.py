"""Building the whole workbook against LibreOffice, whole processes, side by side in one run.

The build calculates every case and proves it against the core. LibreOffice's like of it is to calculate one
file a case, in one process; that it converts a single file is shown beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Measurement, print_table
from xlwings_addin.engine.libreoffice import find_soffice
from xlwings_addin.proof.context import load_context

AGAINST_LIBREOFFICE, HELP_SHARE = 2.0, 0.25
EVERY_CASE, ONE_FILE = "LibreOffice converts one file a case", "LibreOffice converts a single file"


def measure(repeats: int = 7) -> list[Measurement]:
    """Medians of whole processes; build and conversion take turns, so that both see the same machine."""
    command = [str(Path(sys.executable).with_name("xiaomi-model"))]
    soffice = find_soffice()
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "model.xlsx"
        runs = {"build": [*command, "build", "--out", str(book)], "help": [*command, "--help"]}
        if soffice is not None:
            profile = (Path(folder) / "profile").as_uri()
            convert = [str(soffice), f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"]
            convert += ["--outdir", str(Path(folder) / "converted")]
            runs[ONE_FILE] = [*convert, str(book)]
            cases = load_context().cases
            files = [Path(folder) / f"{case}.xlsx" for case in cases]
            for case, file in zip(cases, files, strict=True):
                run([*command, "build", "--case", case, "--out", str(file)])
            runs[EVERY_CASE] = [*convert, *map(str, files)]
        times: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(repeats + 1):
            for name, arguments in runs.items():
                taken = run(arguments)
                if turn:  # the first turn warms caches and makes LibreOffice's profile
                    times[name].append(taken)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    build, help_time = medians["build"], medians["help"]
    measurements = [
        Measurement("build the workbook, whole process", build),
        Measurement(
            "xiaomi-model --help, as a share of it",
            help_time,
            help_time / build,
            f"< {HELP_SHARE}",
            help_time / build < HELP_SHARE,
        ),
    ]
    if soffice is not None:
        ratio = medians[EVERY_CASE] / build
        required = f"> {AGAINST_LIBREOFFICE:.0f} x the build"
        met = ratio > AGAINST_LIBREOFFICE
        measurements.append(Measurement(EVERY_CASE, medians[EVERY_CASE], ratio, required, met))
        measurements.append(Measurement(ONE_FILE, medians[ONE_FILE], medians[ONE_FILE] / build))
    return measurements


def run(arguments: Sequence[str]) -> float:
    """One process, with Python's compiled modules kept between runs, as an installed program has them."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["XIAOMI_MODEL_LEDGER"] = str(Path(tempfile.gettempdir()) / "benchmark.duckdb")
    started = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(not print_table("Building the workbook", measure()))
