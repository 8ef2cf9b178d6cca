"""What a refresh and a check of an open workbook take, answer and leave behind, in every program alike."""

from __future__ import annotations

import os
from typing import Final

from xlwings_addin.book.refresh import Refreshed
from xlwings_addin.book.report import Report
from xlwings_addin.ledger.remember import remember
from xlwings_addin.sources.facts import Facts, gather

INPUTS: Final = "XIAOMI_MODEL_INPUTS"
SHOWN: Final = 10
"""Findings that an answer names before it counts the rest."""


def facts(source: str | None = None) -> Facts:
    """New facts from a folder or an address: `source`, else what XIAOMI_MODEL_INPUTS names, else our own."""
    return gather(source or os.environ.get(INPUTS) or None)


def refreshed(done: Refreshed, *further: str) -> str:
    """What a refresh did, in a few lines; it is remembered in the ledger, and said where it cannot be."""
    found = done.plan
    kept = len(found.overrides) + len(found.formulas) + len(found.texts_kept)
    before, after = (
        f"{each:.2f}" if isinstance(each, float) else str(each)
        for each in (done.value_before, done.value_after)
    )
    forgotten = remember(done.results, "refresh", done.book) if done.results else None
    lines = [
        f"Inputs updated: {len(found.updated)}; changes of yours kept: {kept}.",
        f"A share in {done.case}: from {before} to {after} HKD.",
        "The last sheet lists them.",
        *done.notes,
        *further,
        *([f"Not in the ledger: {forgotten}"] if forgotten else []),
    ]
    return "\n".join(lines)


def checked(report: Report) -> str:
    """What a check found: the verdict, and the first failures."""
    failures = [each for each in report.findings if each.severity == "failure"]
    counts = report.counts()
    lines = [
        f"{'OK' if report.ok else 'FAILED'}: {report.comparisons} formula cells compared with the core in "
        f"{', '.join(report.cases)}; {len(failures)} failures, {counts.get('warning', 0)} warnings.",
        *(f"{each.sheet}!{each.cell} {each.line}: {each.message}" for each in failures[:SHOWN]),
    ]
    if len(failures) > SHOWN:
        lines.append(f"and {len(failures) - SHOWN} more")
    return "\n".join(lines)
