"""The what-if tables that sheets declare: which cells they fill, and which inputs they vary."""

from __future__ import annotations

from openpyxl.worksheet.formula import DataTableFormula

from xlwings_addin.layout.references import Book, PlacedBlock, PlacedSheet
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.data_tables import DataTable


def tables_of(book: Book) -> list[DataTable]:
    """Every what-if table of a workbook whose lines are there."""
    tables = (
        table_of(book, placed, block)
        for placed in book.sheets.values()
        for block in placed.blocks
        if not book.rows or all((placed.sheet.key, key) in book.rows for key in block.rows)
    )
    return [table for table in tables if table is not None]


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
