"""The differences of two workbooks as a page for a browser: one file without scripts or links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from xlwings_addin.book.differences import KINDS, Difference, Differences, Kind, writable
from xlwings_addin.book.package import CellValue
from xlwings_addin.model.bridge import Bridge, Change, Driver
from xlwings_addin.model.parameters import parameter

MOST_LISTED = 500
"""Cells of a class that are listed; the data hold all."""

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 0.8rem; color: #222; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; } summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem; border-bottom: 1px solid #ddd;
  overflow-wrap: anywhere; }
.figure { text-align: right; font-variant-numeric: tabular-nums; }
.quiet { color: #666; font-size: 0.85em; } code { font-size: 0.85em; }
.bar { height: 0.5rem; margin-top: 0.2rem; } .rise { background: #2f6fab; } .fall { background: #c55a11; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(found: Differences) -> str:
    title = f"{Path(found.before).name} to {Path(found.after).name}"
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items() if count)
    body = [
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(counts or 'No cell differs')}.</p>",
        *(f'<p class="quiet">{_text(note)}</p>' for note in found.notes),
        *([] if found.bridge is None else _bridge_section(found.bridge)),
        *(section for kind in KINDS for section in _cells_section(kind, found.cells)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _bridge_section(found: Bridge) -> Iterator[str]:
    cases = dict.fromkeys((found.before_case, found.after_case))
    yield f"<h2>Value per share, {_text(' to '.join(cases))}</h2>"
    yield (
        f"<p>HKD {found.before:.2f} before, HKD {found.after:.2f} after: {found.change:+.2f}. "
        f"{_text(_how(found))}</p>"
    )
    largest = max((abs(driver.part) for driver in found.drivers), default=0.0)
    moving = [driver for driver in found.drivers if driver.part]
    if moving:
        yield '<table><tr><th>What changed</th><th class="figure">HKD a share</th></tr>'
        yield from (_driver_row(driver, largest) for driver in moving)
        yield "</table>"
    idle = [driver.label for driver in found.drivers if not driver.part]
    if idle:
        yield f'<p class="quiet">Without effect on the value: {_text("; ".join(idle))}.</p>'


def _how(found: Bridge) -> str:
    if found.samples:
        return (
            f"The parts are Shapley values estimated from {found.samples} pairs of orders, "
            "each with its standard error."
        )
    return "The parts are Shapley values: they do not depend on the order of the changes."


def _driver_row(driver: Driver, largest: float) -> str:
    changes = "".join(
        f'<div class="quiet">{_text(each.label)}: {_text(shown_change(each))}</div>'
        for each in driver.changes
    )
    rules = "".join(f'<div class="quiet">not split: {_text(rule)}</div>' for rule in driver.joined)
    error = f' <span class="quiet">± {driver.error:.2f}</span>' if driver.error else ""
    way, width = "rise" if driver.part > 0 else "fall", 100 * abs(driver.part) / largest
    return (
        f"<tr><td>{_text(driver.label)}{changes}{rules}</td>"
        f'<td class="figure">{driver.part:+.2f}{error}'
        f'<div class="bar {way}" style="width:{width:.1f}%;margin-left:auto"></div></td></tr>'
    )


def shown_change(change: Change) -> str:
    """An input's two values as a reader is shown them: rates as percentages, nothing as a dash.

    >>> shown_change(Change("tax_rate", "", "Tax rate", 0.15, 0.2))
    '15.00% to 20.00%'
    >>> shown_change(Change("free_cash_flow", "FY2023", "Free cash flow FY2023", 35030.0, None))
    '35,030 to -'
    """

    def shown(value: object) -> str:
        if value is None:
            return "-"
        if change.is_scalar and parameter(change.key).kind == "rate":
            return parameter(change.key).show(value)
        return f"{value:,.10g}" if isinstance(value, float) else str(value)

    return f"{shown(change.before)} to {shown(change.after)}"


def _cells_section(kind: Kind, cells: Iterable[Difference]) -> Iterator[str]:
    chosen = [each for each in cells if each.kind == kind]
    if not chosen:
        return
    first = " open" if kind in ("input changed", "formula changed") else ""
    heading = f"{kind.capitalize()}: {len(chosen)}"
    yield f"<details{first}><summary><strong>{_text(heading)}</strong></summary>"
    yield "<table><tr><th>Where</th><th>Before</th><th>After</th></tr>"
    for each in chosen[:MOST_LISTED]:
        line = f'<div class="quiet">{_text(each.label or each.line)}</div>' if each.line else ""
        yield (
            f"<tr><td>{_text(f'{each.sheet}!{each.cell}')}{line}</td>"
            f"<td>{_held_html(each.old, each.old_formula)}</td>"
            f"<td>{_held_html(each.new, each.new_formula)}</td></tr>"
        )
    yield "</table>"
    if len(chosen) > MOST_LISTED:
        yield f'<p class="quiet">and {len(chosen) - MOST_LISTED} more</p>'
    yield "</details>"


def _held_html(value: CellValue, formula: str) -> str:
    shown = "" if value is None else f"{value:,.10g}" if isinstance(value, float) else str(value)
    return _text(shown) + (f"<div><code>{_text(formula)}</code></div>" if formula else "")


def _text(text: str) -> str:
    return escape(writable(text))
