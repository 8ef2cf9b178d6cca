"""How long values take: the workbook's, from the file and after one changed input, and a large one's."""

from __future__ import annotations

import io
import re
import statistics
import sys
import time
from collections.abc import Callable

import xlwings_addin as xa
from benchmarks.measure import Measurement, median_time, print_table
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.recalculation import file_with, recalculated
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import CellKey, formula_cells, read_package, read_values

WARM_LIMIT = 1.6
"""Processor time from a changed input to all values, as a multiple of the bare engine's."""
FORMULAS = 100_000
MANY_LIMIT = 3.0
"""Processor time for many formulas, as a multiple of formualizer's own recalculation of a file."""
SHARED_LIMIT = 1.1
"""Processor time for formulas that are filled down, as a multiple of as many that are not: no slower."""
INPUTS, COLUMNS, TURNS = 60, 10, 3
_CELL = re.compile(rb'<c r="([A-Z]+)([0-9]+)"([^>]*)><f>([^<]*)</f>')


def measure(repeats: int = 7) -> list[Measurement]:
    """Medians of full calculations and of one change of up to 60 inputs; many formulas, the best of three.

    The bare engine knows no what-if tables: beside it stands one change with them left as they are.
    """
    book, functions = xa.default_book().read_bytes(), callbacks()
    calculation = Calculation(read_package(book), functions)
    calculation.values()
    size = f"{len(formula_cells(book)):,} formulas"
    full = median_time(lambda: Calculation(read_package(book), functions).evaluate(), repeats)
    inputs = _inputs(book)
    with_tables = statistics.median(_changed(calculation, *one) for one in inputs[:: len(inputs) // 10 or 1])
    calculation.leave_tables(calculation.book.sheets)
    pairs = [(_changed(calculation, *one), _bare(calculation, *one)) for one in inputs]
    warm, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    return [
        Measurement(f"load and evaluate, {size}", full),
        Measurement("one input changed, the bare engine", bare),
        Measurement(
            "one input changed, all values", warm, warm / bare, f"<= {WARM_LIMIT}", warm <= WARM_LIMIT * bare
        ),
        Measurement("the same with the table of every case", with_tables, with_tables / bare),
        *_many(),
    ]


def _changed(calculation: Calculation, at: CellKey, value: float) -> float:
    """Processor time from a changed input to all values; the input is put back afterwards."""
    started = time.process_time()
    calculation.set_value(*at, value * 1.001)
    calculation.values()
    taken = time.process_time() - started
    calculation.set_value(*at, value)
    calculation.values()
    return taken


def _bare(calculation: Calculation, at: CellKey, value: float) -> float:
    """The same by the engine alone."""
    engine, places = calculation.book.workbook, list(calculation.book.places.items())
    cell = (at[0], *split_address(at[1]))
    started = time.process_time()
    engine.set_value(*cell, value * 1.001)
    engine.evaluate_all()
    for (sheet, _), place in places:
        engine.get_value(sheet, *place)
    taken = time.process_time() - started
    engine.set_value(*cell, value)
    engine.evaluate_all()
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


def _many() -> list[Measurement]:
    """A book of many formulas by the engine's own recalculation of a file, and by ours with values stored."""
    import formualizer

    book = _book_of(FORMULAS)
    stored = formualizer.recalculate_xlsx_bytes(book)["bytes"]
    shared = _filled_down(stored)
    runs: dict[str, Callable[[], object]] = {
        "own": lambda: formualizer.recalculate_xlsx_bytes(book),
        "ours": lambda: file_with(stored, recalculated(stored, {})),
        "shared": lambda: file_with(shared, recalculated(shared, {})),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            started = time.process_time()
            run()
            times[name].append(time.process_time() - started)
    own, ours, filled = (min(times[name]) for name in runs)
    limit, no_slower = f"<= {MANY_LIMIT:g}", f"<= {SHARED_LIMIT:g}"
    return [
        Measurement(f"{FORMULAS:,} formulas, formualizer's own", own),
        Measurement(f"{FORMULAS:,} formulas, ours", ours, ours / own, limit, ours <= MANY_LIMIT * own),
        Measurement(
            f"{FORMULAS:,} formulas, ours, shared over plain",
            filled,
            filled / ours,
            no_slower,
            filled <= SHARED_LIMIT * ours,
        ),
    ]


def _filled_down(book: bytes) -> bytes:
    """The book with the formulas of every column shared, as Excel stores what is filled down."""
    package = read_package(book)
    columns: dict[bytes, int] = {}
    last = b"%d" % (FORMULAS // COLUMNS)

    def shared(cell: re.Match[bytes]) -> bytes:
        column, row, style, text = cell.groups()
        index, is_first = columns.setdefault(column, len(columns)), row == b"1"
        area = b' ref="%b1:%b%b"' % (column, column, last) if is_first else b""
        return b'<c r="%b%b"%b><f t="shared"%b si="%d">%b</f>' % (
            *(column, row, style, area, index),
            text if is_first else b"",
        )

    (part,) = package.sheets().values()
    return package.with_parts({part: _CELL.sub(shared, package.parts[part])})


def _book_of(formulas: int, columns: int = COLUMNS) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Model")
    for row in range(formulas // columns):
        sheet.write(row, 0, 1.0 + row % 7)
        for column in range(columns):
            cell = f"{chr(ord('A') + column)}{row + 1}"
            sheet.write_formula(row, column + 1, f"=IF({cell}>0,{cell}*1.01+$A$1,SUM({cell}:{cell})/2)")
    book.close()
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(not print_table("Recalculation, in process", measure()))
