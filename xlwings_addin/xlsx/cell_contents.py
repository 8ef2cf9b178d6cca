"""What the cells of a workbook hold, as a reader sees it: the formula or, where there is none, the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xlwings_addin.xlsx.formulas import FormulaCell
from xlwings_addin.xlsx.parts import Package
from xlwings_addin.xlsx.reading import formula_cells, read_values
from xlwings_addin.xlsx.values import CellKey, CellValue

PART_OF_ARRAY = "=(array)"
"""Of a cell that an array formula or a data table of another cell fills."""


def cell_contents(package: Package) -> dict[str, dict[str, CellValue]]:
    """What cells hold, by sheet and address: a formula with its equals sign, or a value."""
    contents: dict[str, dict[str, CellValue]] = {}
    for (sheet, address), value in read_values(package).items():
        contents.setdefault(sheet, {})[address] = value
    for (sheet, address), text in formula_texts(formula_cells(package)):
        contents.setdefault(sheet, {})[address] = text
    return contents


def formula_texts(formulas: Iterable[FormulaCell]) -> Iterator[tuple[CellKey, str]]:
    """Formulas with their equals sign; one that was filled down says itself what the file says once."""
    first: dict[tuple[str, str], FormulaCell] = {}
    for formula in formulas:
        text = f"={formula.text}" if formula.text else PART_OF_ARRAY
        if formula.kind == "shared":
            if formula.text:
                first[formula.sheet, formula.shared] = formula
            elif origin := first.get((formula.sheet, formula.shared)):
                text = _moved(origin, formula.cell)
        yield (formula.sheet, formula.cell), text


def _moved(formula: FormulaCell, cell: str) -> str:
    from openpyxl.formula.translate import Translator  # most workbooks do without

    return str(Translator(f"={formula.text}", origin=formula.cell).translate_formula(cell))
