"""What the task pane shows of the open workbook: its cells, and what the core makes of its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xlwings_addin.analytics.answers import answers_of
from xlwings_addin.analytics.tornado import MOST_BARS, Bar
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.proof.valued_book import ValuedBook
from xlwings_addin.xlsx.package import CellKey, CellValue

FINDINGS_LISTED = 8


def figures(valued: ValuedBook, report: Report, *, folder: Path | None = None) -> dict[str, Any]:
    """The verdict, value and price of every case, parts, what moves the value, and what checks say."""
    display, overall = valued.display, str(valued.display("cover", "overall"))
    counts = report.counts()
    findings = [finding for finding in report.findings if finding.severity != "note"]
    return {
        "headline": _headline(valued),
        "currency": valued.book.context.company.currency.listing,
        "case": valued.selected,
        "selector": valued.cell("cover", "selected_case"),
        "verdict": display("sotp", "verdict"),
        "value": display("cover", "value_per_share"),
        "price": display("cover", "price"),
        "priceDate": _price_date(valued, valued.selected),
        "upside": display("cover", "upside"),
        "weighted": display("cover", "weighted_value", "value"),
        "low": display("cover", "answer", "low_tile"),
        "high": display("cover", "answer", "high_tile"),
        "cases": [_case(valued, case) for case in valued.results],
        "parts": _parts(valued),
        "tornado": _tornado(valued, folder),
        "ok": report.ok and overall.startswith("OK"),
        "ages": str(report.ages),
        "old": bool(report.ages.old),
        "checks": f"{overall}: {counts.get('failure', 0)} failures, {counts.get('warning', 0)} warnings",
        "findings": [_finding(finding) for finding in findings[:FINDINGS_LISTED]],
    }


def _headline(valued: ValuedBook) -> CellValue:
    """The sentence below the title of the Cover."""
    cells = valued.book.cells()
    at = next(cell.at for cell in cells if cell.group == "headline" and cell.sheet.key == "cover")
    return valued.values.get(at)


def _price_date(valued: ValuedBook, case: str) -> str:
    return valued.results[case].inputs.day("price_date").isoformat()


def _case(valued: ValuedBook, case: str) -> dict[str, Any]:
    """A case: of the selected one what the sheets show now, of others what the last refresh has stored."""
    selected = case == valued.selected
    value, price = (
        valued.display("cover", key) if selected else valued.display("cover", f"stored_{case}", group)
        for key, group in (("value_per_share", "value"), ("price", "price"))
    )
    date = _price_date(valued, case)
    return {"label": case, "value": value, "price": price, "priceDate": date, "selected": selected}


def _parts(valued: ValuedBook) -> list[dict[str, Any]]:
    lines = valued.book.sheets["sotp"].blocks[0].block.lines
    return [
        {
            "label": line.label,
            "value": valued.display("sotp", line.key, "per_share"),
            "total": line.total,
            "cell": valued.cell("sotp", line.key, "per_share"),
        }
        for line in lines
    ]


def _tornado(valued: ValuedBook, folder: Path | None) -> list[dict[str, Any]]:
    """The inputs with the widest swings, one at a time at both ends of their ranges; none without a range."""
    try:
        tornado = answers_of(valued.chosen.inputs, folder).tornado
    except ValuationError:
        return []
    return [_bar(valued, bar) for bar in (() if tornado is None else tornado.bars[:MOST_BARS])]


def _bar(valued: ValuedBook, bar: Bar) -> dict[str, Any]:
    return {
        "label": bar.label,
        "range": bar.range_text,
        "present": bar.present,
        "low": bar.low.per_share,
        "high": bar.high.per_share,
        "cell": valued.cell("inputs", bar.key, "live"),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    """A finding, and the cell that it is about where it is about one."""
    cell: CellKey | None = (finding.sheet, finding.cell) if finding.sheet and finding.cell else None
    return {"text": finding.message, "cell": cell}
