"""The differences of two workbooks as a page for a browser: one file without scripts or links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from xlwings_addin.analytics.bridge import Bridge, Driver, InputChange
from xlwings_addin.diff.difference import MOST_LISTED, Difference, DifferenceKind, writable
from xlwings_addin.xlsx.package import CellValue

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


def page(
    before: str,
    after: str,
    cells: Sequence[Difference],
    counts: Mapping[DifferenceKind, int],
    bridge: Bridge | None,
    notes: Iterable[str],
) -> str:
    """The page: the bridge between two workbooks, then the cells that differ, class by class."""
    title = f"{Path(before).name} to {Path(after).name}"
    counted = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    body = [
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(counted or 'No cell differs')}.</p>",
        *(f'<p class="quiet">{_text(note)}</p>' for note in notes),
        *([] if bridge is None else _bridge_section(bridge)),
        *(section for kind in counts for section in _cells_section(kind, cells)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _bridge_section(bridge: Bridge) -> Iterator[str]:
    listing = _text(bridge.unit.removesuffix(" a share"))
    cases = dict.fromkeys((bridge.before_case, bridge.after_case))
    yield f"<h2>Value per share, {_text(' to '.join(cases))}</h2>"
    yield (
        f"<p>{listing} {bridge.before:.2f} before, {listing} {bridge.after:.2f} after: {bridge.change:+.2f}. "
        f"{_text(_how(bridge))}</p>"
    )
    largest = max((abs(driver.part) for driver in bridge.drivers), default=0.0)
    moving = [driver for driver in bridge.drivers if driver.part]
    if moving:
        yield f'<table><tr><th>What changed</th><th class="figure">{listing} a share</th></tr>'
        yield from (_driver_row(driver, largest) for driver in moving)
        yield "</table>"
    idle = [driver.label for driver in bridge.drivers if not driver.part]
    if idle:
        yield f'<p class="quiet">Without effect on the value: {_text("; ".join(idle))}.</p>'


def _how(bridge: Bridge) -> str:
    if bridge.samples:
        return (
            f"The parts are Shapley values estimated from {bridge.samples} pairs of orders, "
            "each with its standard error."
        )
    return "The parts are Shapley values: they do not depend on the order of the changes."


def _driver_row(driver: Driver, largest: float) -> str:
    changes = "".join(
        f'<div class="quiet">{_text(change.label)}: {_text(change_text(change))}</div>'
        for change in driver.changes
    )
    rules = "".join(f'<div class="quiet">not split: {_text(rule)}</div>' for rule in driver.joined)
    error = f' <span class="quiet">± {driver.error:.2f}</span>' if driver.error else ""
    way, width = "rise" if driver.part > 0 else "fall", 100 * abs(driver.part) / largest
    return (
        f"<tr><td>{_text(driver.label)}{changes}{rules}</td>"
        f'<td class="figure">{driver.part:+.2f}{error}'
        f'<div class="bar {way}" style="width:{width:.1f}%;margin-left:auto"></div></td></tr>'
    )


def change_text(change: InputChange) -> str:
    """An input's two values as a reader sees them: rates as percentages, nothing as a dash.

    >>> change_text(InputChange("tax_rate", "", "Tax rate", 0.15, 0.2))
    '15.00% to 20.00%'
    >>> change_text(InputChange("free_cash_flow", "FY2023", "Free cash flow FY2023", 35030.0, None))
    '35,030 to -'
    """

    def text(value: object) -> str:
        if value is None:
            return "-"
        if change.is_scalar and change.scalar.kind == "rate":
            return change.scalar.show(value)
        return f"{value:,.10g}" if isinstance(value, float) else str(value)

    return f"{text(change.before)} to {text(change.after)}"


def _cells_section(kind: DifferenceKind, cells: Iterable[Difference]) -> Iterator[str]:
    chosen = [cell for cell in cells if cell.kind == kind]
    if not chosen:
        return
    first = " open" if kind in ("input changed", "formula changed") else ""
    heading = f"{kind.capitalize()}: {len(chosen)}"
    yield f"<details{first}><summary><strong>{_text(heading)}</strong></summary>"
    yield "<table><tr><th>Where</th><th>Before</th><th>After</th></tr>"
    for cell in chosen[:MOST_LISTED]:
        line = f'<div class="quiet">{_text(cell.label or cell.line)}</div>' if cell.line else ""
        yield (
            f"<tr><td>{_text(f'{cell.sheet}!{cell.cell}')}{line}</td>"
            f"<td>{_content_html(cell.old, cell.old_formula)}</td>"
            f"<td>{_content_html(cell.new, cell.new_formula)}</td></tr>"
        )
    yield "</table>"
    if len(chosen) > MOST_LISTED:
        yield f'<p class="quiet">and {len(chosen) - MOST_LISTED} more</p>'
    yield "</details>"


def _content_html(value: CellValue, formula: str) -> str:
    text = "" if value is None else f"{value:,.10g}" if isinstance(value, float) else str(value)
    return _text(text) + (f"<div><code>{_text(formula)}</code></div>" if formula else "")


def _text(text: str) -> str:
    return escape(writable(text))
