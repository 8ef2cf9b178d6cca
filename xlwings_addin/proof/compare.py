"""Formulas against those the build writes, what they show against the core, and a workbook's own checks.

Needs no engine, so that it runs wherever a program calculates the workbook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from xlwings_addin.inputs.renamed import current_text
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.report import Report
from xlwings_addin.proof.same_formula import is_same_formula
from xlwings_addin.sheets.replication import PRINTED
from xlwings_addin.xlsx.agreement import disagreement, plain
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    from xlwings_addin.proof.calculated import Calculated

STORED_LINES = ("stored_cases", "weighted_value", "warnings", "overall")
"""Checks that say how far the stored results are from the live ones: after a changed input they may be."""
ADD_IN_LINES = ("function_cells", "function_difference", "add_in", "warnings", "overall")
"""Checks that report on function cells."""
_REPORTING = ("checks", "cover")
"""The sheets with such lines, and with others that read them."""
_READ = re.compile(r"\{(?:(\w+)\.)?(\w+)")


def compare_formulas(
    book: Book, cells: list[PlacedCell], holds: Callable[[PlacedCell], object], report: Report
) -> None:
    """What formula cells hold, a formula or what else stands there, against the formulas the build writes."""
    for cell in cells:
        if cell.entry.kind != "formula":
            continue
        expected, content = book.formula(cell), holds(cell)
        if not isinstance(content, str) or not content.startswith("="):
            text = "nothing" if content is None else repr(content)
            message = f"holds {text} where a formula belongs"
            report.add("overwritten formula", cell, message, expected, actual=content)
        elif not is_same_formula(content, expected):
            message = f"{content} stands where {expected} belongs"
            report.add("changed formula", cell, message, expected, actual=content)


def is_compared(cell: PlacedCell, case: str) -> bool:
    """Whether a cell is compared with the core in a case: one of the table of all cases in its own."""
    return cell.has_formula and (cell.entry.kind != "table" or cell.entry.case in (None, case))


def compare_with_core(
    book: Book,
    cells: list[PlacedCell],
    values: Mapping[CellKey, CellValue],
    case: str,
    report: Report,
    calculated: Calculated | None = None,
    *,
    uncertain: Collection[CellKey] = (),
) -> None:
    """What formula cells show with one case selected, against the core, but for `uncertain` ones.

    `calculated` tells which differences are rounding; without it all are named.
    """
    changed = any(finding.kind == "input changed" for finding in report.findings)
    changed = changed and not book.context.live_cases  # then nothing is kept
    resting = resting_on(STORED_LINES, cells) if changed else frozenset()
    # An open workbook shows one case: there the whole table of the cases is compared.
    due = [cell for cell in cells if (cell.has_formula if calculated is None else is_compared(cell, case))]
    formulas = {cell.at: cell for cell in due if cell.at in values}
    report.comparisons += len(formulas)
    certain = [cell for at, cell in formulas.items() if at not in resting and at not in uncertain]
    expected = {
        cell.at: plain(value) for cell, value in book.all_expected(certain, book.context.results[case])
    }
    differences = {at: text for at, value in expected.items() if (text := from_core(values[at], value))}
    if differences and calculated is not None:
        differences = calculated.disagreements(case, expected, from_core)
    for at, difference in differences.items():
        cell, message = formulas[at], f"formula against core: {difference}"
        report.add("core disagrees", cell, message, book.formula(cell), case, values[at], expected[at])


def from_core(value: CellValue, expected: CellValue) -> str | None:
    told = current_text(value) if isinstance(value, str) else value
    return disagreement(told, expected, strict=True)


def waiting_for_functions(
    cells: Collection[PlacedCell], values: Mapping[CellKey, CellValue]
) -> frozenset[CellKey]:
    """The cells that show nothing true where functions are not known: of their sheet, and what reports on it.

    None where no cell of that sheet shows #NAME?.
    """
    calling = {cell.at for cell in cells if cell.sheet.key == "functions"}
    if not any(values.get(at) == "#NAME?" for at in calling):
        return frozenset()
    return resting_on(ADD_IN_LINES, cells) | calling


def resting_on(lines: Collection[str], cells: Iterable[PlacedCell]) -> frozenset[CellKey]:
    """The formula cells of Checks and Cover that are of the given lines, and those that read one.

    Cells of Cover may read one, and of sheets that only answer. With `STORED_LINES` those too that read a
    result which the build keeps.
    """
    cells = [cell for cell in cells if cell.line is not None]
    reporting = [cell for cell in cells if cell.sheet.key in _REPORTING]
    names = {(sheet, line) for sheet in _REPORTING for line in lines}
    if lines is STORED_LINES:
        names |= {_name(cell) for cell in reporting if cell.entry.kind == "stored"}
    formulas = [cell for cell in reporting if cell.entry.kind == "formula"]
    resting: set[CellKey] = {cell.at for cell in formulas if _name(cell)[1] in lines}
    # Of Checks the given lines are all: its count of failures counts them, too, and must agree.
    readers = [cell for cell in cells if cell.sheet.key == "cover" or cell.sheet.only_answers]
    formulas = [cell for cell in readers if cell.entry.kind == "formula"]
    while more := [
        cell for cell in formulas if cell.at not in resting and not names.isdisjoint(_read_by(cell))
    ]:
        resting |= {cell.at for cell in more}
        names |= {_name(cell) for cell in more}
    return frozenset(resting)


def _name(cell: PlacedCell) -> tuple[str, str]:
    return cell.sheet.key, cell.line.key if cell.line is not None else ""


def _read_by(cell: PlacedCell) -> set[tuple[str, str]]:
    """The lines that a cell's formula names, by sheet."""
    return {(sheet or cell.sheet.key, key) for sheet, key in _READ.findall(cell.entry.formula or "")}


def read_checks(
    book: Book, cells: list[PlacedCell], by_case: Mapping[str, Mapping[CellKey, CellValue]], report: Report
) -> None:
    """What the workbook says of itself on Checks, in every case.

    A case whose inputs an analyst has changed no longer replicates what was printed: that is a warning.
    """
    statuses = [cell for cell in cells if cell.sheet.key == "checks" and cell.group == "status"]
    changed = {finding.case for finding in report.findings if finding.kind == "input changed"}
    for case, values in by_case.items():
        for cell in statuses:
            assert cell.line is not None
            status = values.get(cell.at)
            if status in ("OK", "n/a"):
                continue
            message = f"{cell.line.label}: {cell.line.note}"
            may_differ = cell.line.key.startswith(PRINTED) and not changed.isdisjoint({case, ""})
            if status == "WARN" or may_differ:
                report.add("check warns", cell, message, "", case, status, "OK", "warning")
            else:
                report.add("check fails", cell, message, "", case, status, "OK")
