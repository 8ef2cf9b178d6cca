"""The what-if tables that sheets declare: which cells they fill, and which inputs they vary."""

from __future__ import annotations

import re
from collections.abc import Collection

from openpyxl.worksheet.formula import DataTableFormula

from xlwings_addin.layout.references import Book, PlacedBlock, PlacedCell, PlacedSheet
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.data_tables import DataTable
from xlwings_addin.xlsx.values import CellKey

_REFERENCE = re.compile(r"\{(?:(\w+)\.)?(\w+)(?::(\w+))?")


def tables_of(book: Book) -> list[DataTable]:
    """Every what-if table of a workbook whose lines are there."""
    tables = (
        table_of(book, placed, block)
        for placed in book.sheets.values()
        for block in placed.blocks
        if not book.rows or all((placed.sheet.key, key) in book.rows for key in block.rows)
    )
    return [table for table in tables if table is not None]


def sheets_of_one_case(book: Book) -> frozenset[str]:
    """The titles of the sheets whose tables vary inputs of the one case that answers are for."""
    return frozenset(cell.sheet.title for cell in book.cells() if _is_of_one_case(cell))


def cells_of_one_case(book: Book) -> frozenset[CellKey]:
    """The cells of these tables, and all on any sheet whose formulas read one, also through others."""
    reached = [cell for cell in book.cells() if _is_of_one_case(cell)]
    waiting = [cell for cell in book.cells() if reached and cell.entry.kind == "formula"]
    all_of_them = list(reached)
    while reached:
        named = {
            (cell.sheet.key, cell.line.key, group)
            for cell in reached
            if cell.line
            for group in (cell.group, "")
        }
        reached = [cell for cell in waiting if _reads(cell, named)]
        waiting = [cell for cell in waiting if cell not in reached]
        all_of_them += reached
    return frozenset(cell.at for cell in all_of_them)


def _reads(cell: PlacedCell, named: Collection[tuple[str, str, str]]) -> bool:
    references = _REFERENCE.findall(cell.entry.formula or "")
    return any((sheet or cell.sheet.key, line, group) in named for sheet, line, group in references)


def _is_of_one_case(cell: PlacedCell) -> bool:
    return cell.entry.kind == "table" and cell.entry.case is None


def table_of(book: Book, placed: PlacedSheet, block: PlacedBlock) -> DataTable | None:
    """The what-if table of a block, around its cells of that kind; None of a block without one."""
    if block.block.varied is None:
        return None
    cells = [
        (block.rows[line.key], placed.column(block.columns[group].first))
        for line in block.block.lines
        for group, entry in line.cells.items()
        if entry.kind == "table"
    ]
    rows, columns = zip(*cells, strict=True)
    area = f"{join_address(min(rows), min(columns))}:{join_address(max(rows), max(columns))}"
    row_input, column_input = (book.at(name, placed.sheet.key)[1] for name in block.block.varied)
    return DataTable(placed.sheet.title, area, row_input, column_input)


def formula_of(table: DataTable) -> DataTableFormula:
    """What the first cell of a table that varies two inputs holds."""
    return DataTableFormula(table.area, dt2D=True, dtr=True, r1=table.row_input, r2=table.column_input)
