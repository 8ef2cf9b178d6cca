"""What a refresh and a check of an open workbook take, answer and leave behind, in every program alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xlwings_addin.hosts.foreseen import in_words
from xlwings_addin.ledger.remember import remember
from xlwings_addin.proof.report import Report
from xlwings_addin.refresh.growth.growth import Growth, listed
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.sources.facts import Facts, gather

INPUTS: Final = "XIAOMI_MODEL_INPUTS"
LISTED: Final = 10
"""Findings, or changes of a kind, that an answer names before it counts the rest."""


def facts(source: str | None = None) -> Facts:
    """New facts from a folder or an address: `source`, else what XIAOMI_MODEL_INPUTS names, else our own."""
    return gather(source or os.environ.get(INPUTS) or None)


def request(facts: Facts) -> RefreshRequest:
    """What a button or a menu asks for: all new facts, and a sheet that lists what was done."""
    return RefreshRequest(folder=facts.folder, amended=facts.amended, tables=facts.name, changes_sheet=True)


def trial(facts: Facts) -> RefreshRequest:
    """What a preview asks for: the same, with nothing written."""
    return replace(request(facts), dry_run=True)


def refreshed(done: Refreshed, *further: str) -> str:
    """What a refresh did, in a few lines; it is remembered in the ledger, and said where it cannot be."""
    plan = done.plan
    kept = len(plan.overrides) + len(plan.formulas) + len(plan.texts_kept)
    before, after = (
        f"{value:.2f}" if isinstance(value, float) else str(value)
        for value in (done.value_before, done.value_after)
    )
    forgotten = remember(done.results, "refresh", done.book) if done.results else None
    lines = [
        f"Inputs updated: {len(plan.updated)}; changes of yours kept: {kept}.",
        f"A share in {done.case}: from {before} to {after} {done.listing}.",
        *_growth(done.growth),
        "The last sheet lists them.",
        *done.notes,
        *further,
        *([f"Not in the ledger: {forgotten}"] if forgotten else []),
    ]
    return "\n".join(lines)


def previewed(done: Refreshed, *further: str) -> str:
    """What a refresh would do, in words; nothing is remembered."""
    return "\n".join([*in_words(done, most=LISTED), *further])


def _growth(growth: Growth) -> Iterator[str]:
    """What the workbook has gained, and what it has not."""
    if growth.added:
        yield f"Come in: {listed(growth.added)}."
    if growth.extended:
        yield f"Your formulas over all periods, made longer: {listed(growth.extended)}."
    yield from (f"Not in this workbook: {missing}." for missing in growth.missing)


def checked(report: Report) -> str:
    """What a check found: the verdict, and the first failures."""
    failures = [finding for finding in report.findings if finding.severity == "failure"]
    counts = report.counts()
    lines = [
        f"{'OK' if report.ok else 'FAILED'}: {report.comparisons} formula cells compared with the core in "
        f"{', '.join(report.cases)}; {len(failures)} failures, {counts.get('warning', 0)} warnings.",
        *(f"{one.sheet}!{one.cell} {one.line}: {one.message}" for one in failures[:LISTED]),
    ]
    if len(failures) > LISTED:
        lines.append(f"and {len(failures) - LISTED} more")
    return "\n".join(lines)
