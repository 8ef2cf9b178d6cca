"""What the task pane shows, read from the cells of the open workbook."""

from __future__ import annotations

from typing import Any

from xlwings_addin.book.package import CellValue
from xlwings_addin.book.references import Book
from xlwings_addin.book.refresh import located
from xlwings_addin.book.report import Report
from xlwings_addin.hosts.server.book import ServerBook
from xlwings_addin.sheets.spec import Context

FINDINGS_SHOWN = 8


def figures(book: ServerBook, context: Context, report: Report) -> dict[str, Any]:
    """Value and price of each case, the parts of the selected one, and what checks and `report` say."""
    placed = Book(context, located(book, context))

    def cell(reference: str) -> CellValue:
        sheet, address = placed.at(reference)
        return book.shown(sheet).get(address)

    selected, overall = cell("{cover.selected_case}"), cell("{cover.overall}")
    value, price = cell("{cover.value_per_share}"), cell("{cover.price}")
    cases = [
        {
            "label": case,
            "value": value if case == selected else cell(f"{{cover.stored_{case}:value}}"),
            "price": price if case == selected else cell(f"{{cover.stored_{case}:price}}"),
            "selected": case == selected,
        }
        for case in context.cases
    ]
    parts = [
        {"label": line.label, "value": cell(f"{{sotp.{line.key}:per_share}}"), "total": line.total}
        for line in placed.sheets["sotp"].blocks[0].block.lines
    ]
    counts = report.counts()
    found = [each for each in report.findings if each.severity != "note"]
    headline = next(each for each in placed.cells() if each.group == "headline" and each.sheet.key == "cover")
    return {
        "headline": book.shown(headline.sheet.title).get(headline.address),
        "value": value,
        "price": price,
        "cases": cases,
        "parts": parts,
        "ok": report.ok and str(overall).startswith("OK"),
        "checks": f"{overall}: {counts.get('failure', 0)} failures, {counts.get('warning', 0)} warnings",
        "findings": [f"{each.sheet}!{each.cell} {each.message}" for each in found[:FINDINGS_SHOWN]],
    }
