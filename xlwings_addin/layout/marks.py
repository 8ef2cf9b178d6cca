"""Rules that let cells stand out: bold and shaded while they are what is asked for, pale while old."""

from __future__ import annotations

from openpyxl.formatting.rule import FormulaRule
from openpyxl.utils import get_column_letter as letter
from openpyxl.worksheet.worksheet import Worksheet

from xlwings_addin.layout import styles
from xlwings_addin.layout.references import Book, PlacedBlock, PlacedSheet

HERE = "{here}"
"""What the formula of a rule calls the cell that it is about."""


def add_marks(worksheet: Worksheet, book: Book, placed: PlacedSheet, block: PlacedBlock) -> None:
    """The rules of a block. Cells with the same formulas have one rule, whose first cell is the top left one.

    Only one of the rules is true at a time: LibreOffice applies the first, Excel all of them.
    """
    areas: dict[tuple[str, str], list[str]] = {}
    for line in block.block.lines:
        for group, entry in line.cells.items():
            if entry.marked_when or entry.pale_when:
                columns, row = block.columns[group], block.rows[line.key]
                area = f"{letter(columns.first)}{row}:{letter(columns.first + columns.count - 1)}{row}"
                areas.setdefault((entry.marked_when, entry.pale_when), []).append(area)
    for conditions, cells in areas.items():
        first = cells[0].partition(":")[0]
        marked, pale = (
            book.resolve(condition.replace(HERE, first), placed.sheet.key, "", 0) for condition in conditions
        )
        for rule in _rules(marked, pale):
            worksheet.conditional_formatting.add(" ".join(cells), rule)


def _rules(marked: str, pale: str) -> list[FormulaRule]:
    rules = []
    if marked and pale:
        both = f"AND({pale},{marked})"
        rules.append(
            FormulaRule([both], font=styles.PALE_MARKED, fill=styles.PALE_MARKED_FILL, stopIfTrue=True)
        )
    if pale:
        rules.append(FormulaRule([pale], font=styles.PALE_FONT, stopIfTrue=True))
    if marked:
        rules.append(FormulaRule([marked], font=styles.MARKED, fill=styles.MARKED_FILL))
    return rules
