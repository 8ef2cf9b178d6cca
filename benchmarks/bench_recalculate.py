"""How long a workbook's values take: from the file, and after one changed input.

Run as a script for a table. The workbook is the project's own if it has been built, else one of 1,500
formulas made here. `measure` returns the rows: name, seconds, ratio to a full calculation, requirement, met.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from udfs.registry import callbacks
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.package import (
    CellKey,
    formula_cells,
    normalise,
    read_package,
    read_values,
    write_values,
)

Row = tuple[str, float, float | None, str, bool]

MODEL = Path(__file__).parents[1] / "workbook" / "Xiaomi_Model.xlsx"
WARM_LIMIT, COLD_LIMIT = 0.010, 0.060


def measure(repeats: int = 7) -> list[Row]:
    """Medians of `repeats` runs; for the warm row, of one run for each of up to 60 inputs."""
    book = MODEL.read_bytes() if MODEL.exists() else made_book()
    functions = callbacks()
    package = read_package(book)
    calculation = Calculation(package, functions)
    calculation.values()
    size = f"{len(formula_cells(package)):,} formulas"
    full = median(lambda: Calculation(read_package(book), functions).evaluate(), repeats)
    whole = median(lambda: filled(book, functions), repeats)
    warm = [changed(calculation, key, value) for key, value in inputs(book)[:60]]
    limit, slowest = f"< {WARM_LIMIT * 1e3:.0f} ms", max(warm)
    typical = statistics.median(warm)
    return [
        (f"load and evaluate, {size}", full, None, "", True),
        (
            "the same, with values stored in the file",
            whole,
            whole / full,
            f"< {COLD_LIMIT * 1e3:.0f} ms",
            whole < COLD_LIMIT,
        ),
        ("one input changed, median", typical, typical / full, limit, typical < WARM_LIMIT),
        ("one input changed, slowest", slowest, slowest / full, "", True),
    ]


def filled(book: bytes, functions: Mapping[str, Callable[..., object]]) -> bytes:
    """A workbook with its values, by the steps that build the project's own."""
    package = read_package(book)
    return normalise(write_values(package, Calculation(package, functions).values()))


def median(run: Callable[[], object], repeats: int) -> float:
    return statistics.median(timed(run) for _ in range(repeats))


def timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def changed(calculation: Calculation, key: CellKey, value: float) -> float:
    """Seconds from a changed input to all values; the input is put back afterwards."""

    def run() -> None:
        calculation.set_value(*key, value * 1.001)
        calculation.values()

    seconds = timed(run)
    calculation.set_value(*key, value)
    calculation.evaluate()
    return seconds


def inputs(book: bytes) -> list[tuple[CellKey, float]]:
    """The numbers in a workbook that no formula decides, spread over all its sheets."""
    decided = {(formula.sheet, formula.cell) for formula in formula_cells(book)}
    numbers = [
        (key, value)
        for key, value in read_values(book).items()
        if isinstance(value, float) and value and key not in decided
    ]
    return numbers[:: max(1, len(numbers) // 60)]


def made_book(rows: int = 150) -> bytes:
    """1,500 formulas, each row hanging on the one above and on five inputs, one in ten a Python function."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in range(1, rows + 1):
        for column in range(1, 6):
            sheet.cell(row, column, 1.0 + row / 100 + column)
        above = f"F{row - 1}" if row > 1 else "A1"
        sheet.cell(row, 6, f"={above}*0.5+SUM($A{row}:$E{row})")
        sheet.cell(row, 7, f"=DCF_PRESENT_VALUE($A{row}:$E{row},0.1)")
        for column in range(8, 16):
            left = sheet.cell(row, column - 1).coordinate
            sheet.cell(row, column, f"=IF($A$1>0,{left}*1.01,{left})+MAX($A{row}:$E{row})")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def main() -> None:
    table = Table("", "ms", "of a full run", "required", "met")
    for name, seconds, ratio, requirement, met in measure():
        shown = "" if ratio is None else f"{ratio:.0%}"
        table.add_row(
            name, f"{seconds * 1e3:.1f}", shown, requirement, ("yes" if met else "NO") if requirement else ""
        )
    Console().print(table)


if __name__ == "__main__":
    main()
