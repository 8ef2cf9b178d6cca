"""What a check of a workbook has covered, by class of cell, and what it has not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from xlwings_addin.inputs.fingerprint import hash_of
from xlwings_addin.layout.references import PlacedCell
from xlwings_addin.proof.context import Functions
from xlwings_addin.proof.report import Coverage, Report
from xlwings_addin.proof.second_engine import function_cells
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import CellKey, Package, formula_cells, is_error, read_values


def coverage_of(
    package: Package, cells: Sequence[PlacedCell], context: Context, functions: Functions, report: Report
) -> Coverage:
    """What a check of a workbook has covered, by class of cell."""
    formulas = formula_cells(package)
    tables = [cell.key for table in data_tables(package) for cell in table.cells()]
    of_functions = function_cells(package, functions)
    ours = {cell.at for cell in cells if cell.has_formula}
    everyone = {(cell.sheet, cell.cell) for cell in formulas} | set(tables)
    classes = Counter(_class(at, ours, of_functions, set(tables)) for at in everyone)
    unproven = len(set(tables) - ours)
    of_one_case = sum(cell.entry.kind == "table" and cell.entry.case is None for cell in cells)
    kinds = Counter(cell.entry.kind for cell in cells)
    classes["typed input"], classes["kept result"] = (
        kinds["input"],
        kinds["stored"] + kinds["answer"],
    )
    stored = read_values(package)
    errors = sum(is_error(stored.get(at)) for at in everyone)
    return Coverage(
        sha256=hashlib.sha256(package.original).hexdigest(),
        size=len(package.original),
        inputs={case: hash_of(results.inputs) for case, results in context.results.items()},
        cells=dict(sorted(classes.items())),
        table_cells=len(tables),
        stored_errors=errors,
        not_covered=tuple(_not_covered(classes, unproven, of_one_case, context, report)),
    )


Keys = Collection[CellKey]


def _class(at: CellKey, ours: Keys, of_functions: Keys, tables: Keys) -> str:
    if at in tables:
        return "cell of a what-if table"
    if at not in ours:
        return "formula of the analyst's own"
    return "formula that calls our functions" if at in of_functions else "native formula"


def _not_covered(
    classes: Mapping[str, int], unproven: int, of_one_case: int, context: Context, report: Report
) -> Iterator[str]:
    """What a reader may think was compared, and was not."""
    if own := classes["formula of the analyst's own"]:
        yield f"{own} formula cells of the analyst's own: the core does not know them"
    if unproven:
        yield f"{unproven} cells of what-if tables: calculated in the selected case only, not by the core"
    if of_one_case and not report.has_all_tables:
        yield f"{of_one_case} cells of what-if tables in other cases than the selected: see --all-tables"
    if report.tables_refused:
        yield f"{report.tables_refused} cells of what-if tables, over all cases: a rule refuses what they set"
    for case in context.own_cases:
        yield f"case {case}: it stands in the workbook and not in the tables"
    for case in context.unlisted:
        yield f"case {case}: the workbook has no column for it"
    if report.second is None:
        yield f"a second engine: {report.second_engine}"
    else:
        if calls := classes["formula that calls our functions"]:
            yield f"{calls} cells that call our functions: the second engine does not know these"
        if report.without_answer:
            yield f"{report.without_answer} cells, over all cases, that the second engine does not calculate"
    yield "macros, charts, formats and texts outside the lines of the model"
    yield "Excel itself: it has not opened this file"
