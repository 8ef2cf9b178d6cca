"""What a refresh would do to the open workbook, as data for a pane and in words for a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from xlwings_addin.refresh.plan import CellChange
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.sheets.sensitivities import figure_text
from xlwings_addin.xlsx.dates import FIRST_SERIAL, LAST_SERIAL, SERIAL_ORIGIN
from xlwings_addin.xlsx.package import CellValue

CHANGES_LISTED: Final = 40
"""Of each kind; the rest is counted."""
NOTHING_WRITTEN: Final = "Nothing is written: this is what a refresh would do."


def in_words(refreshed: Refreshed, *, most: int) -> Iterator[str]:
    """What a refresh would do, a line each; at most so many changes of a kind, the rest is counted."""
    plan = foreseen(refreshed)
    before, after = (
        f"{value:.2f}" if isinstance(value, float) else str(value)
        for value in (plan["before"], plan["after"])
    )
    yield NOTHING_WRITTEN
    yield f"A share in {plan['case']}: from {before} to {after} {plan['currency']}."
    if not plan["groups"]:
        yield "Every input is as the tables have it."
    for group in plan["groups"]:
        yield f"{group['title']}: {group['count']}"
        listed = group["changes"][:most]
        yield from (f"  {change['text']}" for change in listed)
        if group["count"] > len(listed):
            yield f"  and {group['count'] - len(listed)} more"
    yield from plan["notes"]


def foreseen(refreshed: Refreshed) -> dict[str, Any]:
    """What a refresh would update, what of the analyst's it would keep, and what has no place here."""
    plan, growth = refreshed.plan, refreshed.growth
    of_analyst = (
        ("Overrides that stay", plan.overrides),
        ("Facts typed here that stay", plan.typed),
        ("Formulas that stay", plan.formulas),
        ("Texts that stay", plan.texts_kept),
    )
    groups = [
        _group("Inputs to update", plan.updated, kept=False),
        *(_group(title, changes, kept=True) for title, changes in of_analyst),
        _texts("Rows, columns and names to come in", growth.added),
        _texts("Left out", growth.missing),
        _texts("Without a place in this workbook", plan.unplaced),
    ]
    return {
        "case": refreshed.case,
        "currency": refreshed.listing,
        "before": refreshed.value_before,
        "after": refreshed.value_after,
        "groups": [group for group in groups if group["count"]],
        "notes": list(refreshed.notes),
    }


def _texts(title: str, texts: Sequence[str]) -> dict[str, Any]:
    changes = [{"cell": None, "text": text} for text in texts[:CHANGES_LISTED]]
    return {"title": title, "count": len(texts), "changes": changes}


def _group(title: str, changes: Sequence[CellChange], *, kept: bool) -> dict[str, Any]:
    listed = [_change(change, kept=kept) for change in changes[:CHANGES_LISTED]]
    return {"title": title, "count": len(changes), "changes": listed}


def _change(change: CellChange, *, kept: bool) -> dict[str, Any]:
    """A change in words; of what stays, with what the tables have."""
    sheet, _, address = change.place.rpartition("!")
    of_case = f" of {change.case}" if change.case else ""
    if kept:
        values = f"{_text(change, change.after)}; the tables have {_text(change, change.tables)}"
    else:
        values = f"{_text(change, change.before)} to {_text(change, change.after)}"
    origin = f" ({change.source})" if change.source and not kept else ""
    return {"cell": (sheet, address), "text": f"{change.label}{of_case}: {values}{origin}"}


def _text(change: CellChange, value: CellValue) -> str:
    if isinstance(value, float):
        return _day(value) if change.unit == "date" else figure_text(value, change.unit)
    return "nothing" if value is None else str(value)


def _day(serial: float) -> str:
    """A serial number as a date; one that is no day as the number."""
    if not FIRST_SERIAL <= serial <= LAST_SERIAL:
        return f"{serial:.15g}"
    return (SERIAL_ORIGIN + timedelta(days=serial)).date().isoformat()
