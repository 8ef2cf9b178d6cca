"""How long the workbook's values take: from the file, and after one changed input."""

from __future__ import annotations

import statistics
import sys
import time

import xlwings_addin as xa
from benchmarks.measure import Measurement, median_time, print_table
from udfs.registry import callbacks
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.package import CellKey, formula_cells, read_package, read_values

WARM_LIMIT = 0.010
"""Seconds from a changed input to all values of the workbook."""
INPUTS = 60


def measure(repeats: int = 7) -> list[Measurement]:
    """Medians of `repeats` full calculations, and of one change of each of up to 60 inputs."""
    book, functions = xa.default_book().read_bytes(), callbacks()
    calculation = Calculation(read_package(book), functions)
    calculation.values()
    size = f"{len(formula_cells(book)):,} formulas"
    full = median_time(lambda: Calculation(read_package(book), functions).evaluate(), repeats)
    warm = [_changed(calculation, at, value) for at, value in _inputs(book)]
    typical, slowest = statistics.median(warm), max(warm)
    limit = f"< {WARM_LIMIT * 1e3:.0f} ms"
    return [
        Measurement(f"load and evaluate, {size}", full),
        Measurement("one input changed, median", typical, typical / full, limit, typical < WARM_LIMIT),
        Measurement("one input changed, slowest", slowest, slowest / full),
    ]


def _changed(calculation: Calculation, at: CellKey, value: float) -> float:
    """Seconds from a changed input to all values; the input is put back afterwards."""
    calculation.set_value(*at, value * 1.001)
    started = time.perf_counter()
    calculation.values()
    taken = time.perf_counter() - started
    calculation.set_value(*at, value)
    calculation.evaluate()
    return taken


def _inputs(book: bytes) -> list[tuple[CellKey, float]]:
    """Numbers on Inputs that no formula decides, whole ones (years, counts) left out."""
    decided = {(formula.sheet, formula.cell) for formula in formula_cells(book)}
    numbers = [
        (at, value)
        for at, value in read_values(book).items()
        if at[0] == "Inputs" and at not in decided and isinstance(value, float) and not value.is_integer()
    ]
    return numbers[:INPUTS]


if __name__ == "__main__":
    sys.exit(not print_table("Recalculation, in process", measure()))
