"""A workbook through a second engine, in every case: LibreOffice where it is installed, else IronCalc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.formulas import functions_called
from xlwings_addin.engine.ironcalc import (
    faulty_cells,
    has_opinion,
    ironcalc_version,
    recalculate_with_ironcalc,
)
from xlwings_addin.engine.libreoffice import find_soffice, libreoffice_version, recalculate_with_libreoffice
from xlwings_addin.engine.limits import progressed
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.calculated import Calculated
from xlwings_addin.proof.context import SELECTOR, Functions, Progress
from xlwings_addin.proof.report import Engine, Finding, Report
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    freeze_formulas,
    parts_with_values,
    read_package,
)

SecondOpinion = Literal["auto", "libreoffice", "ironcalc", "require", "skip"]
"""Which engine is asked: `auto` and `require` LibreOffice or else IronCalc; `auto` also does without both."""

LONGEST = 120.0
"""Seconds that a second engine may take for the workbook in every case."""
Answers = list[dict[CellKey, CellValue]]


@dataclass(frozen=True)
class _Engine:
    """A second engine: its name and version, what it answers, and on which cells it is not asked.

    `asked_once` are cells on which it is asked in the selected case only: each of a what-if table's takes it
    as long as a change of case.
    """

    name: str
    recalculate: Callable[[Mapping[str, bytes]], Answers]
    not_asked: frozenset[CellKey]
    asked_once: frozenset[CellKey] = frozenset()

    def not_asked_in(self, case: str, calculated: Calculated) -> frozenset[CellKey]:
        return self.not_asked if case == calculated.selected else self.not_asked | self.asked_once

    def has_opinion(self, value: CellValue) -> bool:
        return not self.name.startswith("IronCalc") or has_opinion(value)


def require_engine(wanted: SecondOpinion) -> None:
    """Raise `BookError` for a second engine that is asked for and not installed."""
    if wanted == "libreoffice":
        recalculate_with_libreoffice({})
    elif wanted == "ironcalc":
        recalculate_with_ironcalc({})
    elif wanted == "require" and find_soffice() is None and ironcalc_version() is None:
        rule = "is required, and neither LibreOffice nor IronCalc is installed"
        raise BookError("second engine", wanted, rule, display=wanted)


def ask_second_engine(
    book: Book,
    package: Package,
    calculated: Calculated,
    functions: Functions,
    wanted: SecondOpinion,
    report: Report,
    progress: Progress,
) -> None:
    """Compare the same file in a second engine, in every case, on every formula without our functions.

    Raises `BookError` where it does not answer.
    """
    if wanted == "skip":
        report.second_engine = "skipped on request"
        return
    engine = _engine(package, functions, wanted)
    if engine is None:
        report.second_engine = "not run: neither LibreOffice nor IronCalc is installed"
        return
    progress(f"Asking {engine.name}")
    report.second_engine = f"{engine.name}, recalculation forced"
    files = _files(book, package, calculated, engine)
    names = {cell.at: cell for cell in book.cells()}
    progressed(LONGEST)
    without = 0
    for (case, values), theirs in zip(calculated.by_case.items(), engine.recalculate(files), strict=True):
        left_out = engine.not_asked_in(case, calculated)
        asked = {at: theirs.get(at) for at in values if at not in left_out}
        answers = {at: value for at, value in asked.items() if engine.has_opinion(value)}
        without += len(asked) - len(answers)
        report.second_comparisons += len(answers)
        for at, difference in calculated.disagreements(case, answers, _from_theirs).items():
            message = f"{engine.name} against the embedded engine: {difference}"
            report.findings.append(_finding(book, names, case, at, message, answers[at], values[at]))
    name, _, version = engine.name.rpartition(" ")
    report.second = Engine("second", name or engine.name, version if name else "")
    report.without_answer = without
    if without:
        report.second_engine += f", without an answer for {without} cells"


def _engine(package: Package, functions: Functions, wanted: SecondOpinion) -> _Engine | None:
    """The engine that is wanted, or the first that is installed; None where `auto` finds none."""
    ours = frozenset(function_cells(package, functions))
    tables = frozenset(cell.key for table in data_tables(package) for cell in table.cells())
    if wanted == "libreoffice" or (wanted != "ironcalc" and find_soffice() is not None):
        return _Engine(libreoffice_version() or "LibreOffice", recalculate_with_libreoffice, ours, tables)
    version = ironcalc_version()
    if wanted == "ironcalc" or version is not None:
        name = f"IronCalc {version}" if version else "IronCalc"
        return _Engine(name, recalculate_with_ironcalc, ours | tables | faulty_cells(package))
    return None


def _files(
    book: Book,
    package: Package,
    calculated: Calculated,
    engine: _Engine,
) -> dict[str, bytes]:
    """The workbook for each case, 0 stored in every formula cell so that no engine can keep its value."""
    files = {}
    cells = {(cell.sheet, cell.cell) for cell in formula_cells(package) if cell.kind != "member"}
    without: dict[frozenset[CellKey], Package] = {}
    for case, values in calculated.by_case.items():
        frozen = engine.not_asked_in(case, calculated)
        own = frozenset(cells & (frozen | calculated.left_in(case)))
        if own not in without:
            without[own] = read_package(freeze_formulas(package, own))
        blanked = {at: value if at in frozen else 0.0 for at, value in values.items()}
        blanked[book.at(SELECTOR)] = case
        parts = parts_with_values(without[own], blanked, only_formulas=False)
        files[f"{case}.xlsx"] = without[own].with_parts(parts, small=False)
    return files


def _from_theirs(value: CellValue, theirs: CellValue) -> str | None:
    return disagreement(theirs, value)


def _finding(
    book: Book,
    names: Mapping[CellKey, PlacedCell],
    case: str,
    at: CellKey,
    message: str,
    theirs: CellValue,
    value: CellValue,
) -> Finding:
    cell = names.get(at)
    formula = book.formula(cell) if cell is not None and cell.entry.kind == "formula" else ""
    line = cell.line.key if cell is not None and cell.line else ""
    values = str(theirs), str(value)
    return Finding("failure", "second engine disagrees", message, case, at[0], line, at[1], formula, *values)


def function_cells(package: Package, functions: Functions) -> set[CellKey]:
    """Cells whose formula calls one of our functions."""
    own = {name.upper() for name in functions}
    return {
        (cell.sheet, cell.cell)
        for cell in formula_cells(package)
        if any(name.upper() in own for name in functions_called([cell.text]))
    }
