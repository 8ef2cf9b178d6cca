"""The what-if tables of a workbook against those that the build writes."""

from __future__ import annotations

from xlwings_addin.layout.references import Book
from xlwings_addin.layout.what_if import tables_of
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import Package


def compare_tables(book: Book, package: Package, report: Report) -> None:
    """Name every table that is gone, fills other cells or varies other inputs: its figures are not live."""
    present = data_tables(package)
    for table in tables_of(book):
        if table not in present:
            message = (
                f"{table.area} is no what-if table {{{table.text}}}: its figures do not follow. "
                "The table was deleted, or a program without such tables has saved the book; build it anew"
            )
            report.findings.append(
                Finding(
                    "failure",
                    "overwritten formula",
                    message,
                    sheet=table.sheet,
                    cell=table.area.partition(":")[0],
                    formula=table.text,
                )
            )
