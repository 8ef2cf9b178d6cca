"""What a refresh has done to a workbook, or would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlwings_addin.analytics.bridge import Bridge
from xlwings_addin.refresh.growth.growth import NO_GROWTH, Growth
from xlwings_addin.refresh.medium import Account
from xlwings_addin.refresh.plan import Plan
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.package import CellValue

REFUSED = "no value bridge: "
"""What a note begins with that says why the core refuses the inputs of a book."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh has done to a book, or would do.

    `results` are the core's for what the book holds now, by case, and empty where it cannot be valued; the
    `bridge` leads to the selected one. `notes` say why there is none, and where it may mislead. `account`
    says how the values came about, but for a book that a program has calculated; `growth` what it has gained;
    `listing` is the currency of a share.
    """

    book: str
    time: str
    tables: str
    plan: Plan
    case: str
    value_before: CellValue
    value_after: CellValue
    results: Mapping[str, Results]
    bridge: Bridge | None
    notes: tuple[str, ...]
    account: Account | None = None
    growth: Growth = NO_GROWTH
    backup: Path | None = None
    listing: str = "HKD"

    @property
    def refused(self) -> str:
        """Why the core refuses what the book holds now; empty where it can be valued."""
        return next((note.removeprefix(REFUSED) for note in self.notes if note.startswith(REFUSED)), "")


def rows_of(refreshed: Refreshed) -> Iterator[tuple[str, str, Any, Any, Any, str, str]]:
    """What a refresh did, a line each: what happened, where, before, after, what the tables have,
    whose that is and since when it is known.
    """
    plan, growth = refreshed.plan, refreshed.growth
    yield from (("added", what, None, None, None, "", "") for what in growth.added)
    for sheet, cell in growth.rewritten:
        yield "formula updated", f"{sheet}!{cell}", None, None, None, "", ""
    yield from (("formula extended", where, None, None, None, "", "") for where in growth.extended)
    for kind, changes in (
        ("updated", plan.updated),
        ("typed fact", plan.typed),
        ("conflict kept", plan.conflicts),
        ("override kept", [change for change in plan.overrides if change not in plan.conflicts]),
        ("text kept", plan.texts_kept),
        ("formula kept", plan.formulas),
    ):
        for change in changes:
            where = f"{change.place} {change.key}" + (f" of {change.case}" if change.case else "")
            yield kind, where, change.before, change.after, change.tables, change.source, change.as_of
