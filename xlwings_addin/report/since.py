"""What moved since the last vintage: the newest build in the ledger that gave another value."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from xlwings_addin.analytics.bridge import Bridge, bridge, changes_between
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.ledger import CaseRecord, Snapshot, open_ledger
from xlwings_addin.pictures.numbers import printed
from xlwings_addin.report.answers import Answers
from xlwings_addin.report.document import Cell, Figure, Section, Sentence, Table
from xlwings_addin.valuation.frames import listing_unit
from xlwings_addin.xlsx.agreement import disagreement

TITLE = "What moved since the last vintage"
MOST_SPLIT = 7
"""Sections of the inputs over which a change is split: 128 valuations, a third of a second."""
SEARCHED = 50
"""The newest snapshots that are looked through."""


def since_section(answers: Answers, ledger: Path | None) -> Section:
    """The change in value since the newest snapshot with another value, and what made it."""
    case, value = answers.chosen.case, float(answers.chosen.sotp.value_per_share)
    try:
        opened = open_ledger(ledger)
        company = answers.chosen.company.key
        snapshots = () if opened is None else opened.snapshots(limit=SEARCHED, case=case, company=company)
    except ValuationError as error:
        return _said(f"The ledger could not be read: {error}.")
    if not snapshots:
        return _said(f"No ledger has an earlier build of the case {case}; each build and refresh adds one.")
    for snapshot in snapshots:
        record = snapshot.case(case)
        if disagreement(record.value_per_share, value):
            return _moved(answers, snapshot, record)
    oldest = snapshots[-1]
    return _said(f"Nothing: {len(snapshots)} builds since {oldest.time.date()} give the same value.")


def _said(sentence: str) -> Section:
    return Section("since", TITLE, ((sentence,),))


def _moved(answers: Answers, snapshot: Snapshot, record: CaseRecord) -> Section:
    case, unit = answers.chosen.case, listing_unit(answers.chosen)
    name = f"ledger.{snapshot.id}.value_per_share"
    before = Figure(printed(record.value_per_share, ".2f"), record.value_per_share, name, case)
    first: Sentence = (
        f"Snapshot {snapshot.id[:8]} of {snapshot.time.date()}, inputs {record.inputs_hash[:8]}: {unit} ",
        before,
        " then, ",
        answers.lines.figure("sotp.value_per_share"),
        " now.",
    )
    split = _split(answers.chosen.inputs, record)
    if isinstance(split, str):
        return Section("since", TITLE, (first, (split,)))
    rows: list[tuple[Cell, ...]] = [
        (
            driver.label,
            f"{len(driver.changes)} of the inputs",
            Figure(printed(driver.part, "+.2f"), driver.part, f"since.{snapshot.id}.{driver.label}", case),
        )
        for driver in split.drivers
    ]
    return Section("since", TITLE, (first,), Table(("What changed", "", unit), tuple(rows), 2, 0))


def _split(now: Inputs, record: CaseRecord) -> Bridge | str:
    """The change by section of the inputs; a sentence where it cannot be split with certainty."""
    try:
        before = _inputs_then(now, record)
        sections = {now.parameter(change.key).section for change in changes_between(before, now)}
        if len(sections) > MOST_SPLIT:
            return f"Inputs in {len(sections)} sections differ; xiaomi-model diff splits the change."
        moved = bridge(before, now, by="section", exact_up_to=MOST_SPLIT)
    except ValuationError as error:
        return f"The change is not split: {error}."
    if disagreement(moved.before, record.value_per_share):
        return (
            "The change is not split: the ledger keeps no reported figures, and with those of now the inputs "
            "of then give another value; xiaomi-model diff splits it between the two workbooks."
        )
    return moved


def _inputs_then(now: Inputs, record: CaseRecord) -> Inputs:
    """The scalars of a record in the place of those of now; reported figures stay as they are now."""
    values: dict[str, object] = {}
    for scalar in record.scalars:
        if not now.tables.company.parameters.has(scalar.key):
            continue
        kind = now.parameter(scalar.key).kind
        if kind == "date":
            values[scalar.key] = date.fromisoformat(scalar.value)
        else:
            values[scalar.key] = scalar.value if kind in ("text", "choice") else float(scalar.value)
    return now.replace(**values)
