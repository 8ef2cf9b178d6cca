"""20,000 cells that call a function through the Calc extension against 20,000 native cells of one formula.

Whole processes of LibreOffice, which opens a file without values, calculates and saves it; both take turns.
The functions run in LibreOffice's process where its Python has the minor version of this one, else beside it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

from openpyxl import Workbook

from benchmarks.bench_build import run
from benchmarks.measure import Measurement, print_table
from xlwings_addin.engine.libreoffice import find_soffice
from xlwings_addin.functions.registry import spelling
from xlwings_addin.hosts.libreoffice.extension import export
from xlwings_addin.xlsx.package import read_values

CELLS, MOST_SECONDS_MORE = 20_000, 5.0
NATIVE, FUNCTION = "native", "function"
FORMULAS = {
    NATIVE: "=2/3*A{row}+1/3",
    FUNCTION: f"={spelling('CAPITAL_BLUME_BETA', 'libreoffice')}(A{{row}})",
}


def measure(repeats: int = 5) -> list[Measurement]:
    """Medians; the values of both files are compared, so that no time is that of a function not called."""
    soffice = find_soffice()
    if soffice is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(export(folder)) as extension:
            extension.extractall(folder / "extensions" / "xiaomi-model")
        for kind, formula in FORMULAS.items():
            _write(folder / f"{kind}.xlsx", formula)
        convert = [
            *(str(soffice), f"-env:UserInstallation={(folder / 'profile').as_uri()}"),
            f"-env:BUNDLED_EXTENSIONS={(folder / 'extensions').as_uri()}",
            *("--headless", "--convert-to", "xlsx", "--outdir", str(folder / "saved")),
        ]
        times: dict[str, list[float]] = {kind: [] for kind in FORMULAS}
        for turn in range(repeats + 1):
            for kind, taken in times.items():
                seconds = run([*convert, str(folder / f"{kind}.xlsx")])
                if turn:  # the first turn makes LibreOffice's profile and registers the extension
                    taken.append(seconds)
        values = [read_values(folder / "saved" / f"{kind}.xlsx") for kind in FORMULAS]
        last = "Sheet", f"B{CELLS}"
        assert abs(float(values[0][last] or 0) - float(values[1][last] or 0)) < 1e-12
    native, function = (statistics.median(times[kind]) for kind in (NATIVE, FUNCTION))
    more = function - native
    return [
        Measurement(f"{CELLS:,} native cells, whole process", native),
        Measurement(f"{CELLS:,} function cells, whole process", function, function / native),
        Measurement(
            "what the functions add, as a share of what they may",
            more,
            more / MOST_SECONDS_MORE,
            f"< {MOST_SECONDS_MORE:.0f} s",
            more < MOST_SECONDS_MORE,
        ),
    ]


def _write(path: Path, formula: str) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet")
    for row in range(1, CELLS + 1):
        sheet.append([1 + row / CELLS, formula.format(row=row)])
    book.save(path)


if __name__ == "__main__":
    sys.exit(not print_table("Functions in LibreOffice Calc", measure()))
