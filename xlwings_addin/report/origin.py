"""What a report rests on: forecasts against what happened, sources, and the certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlwings_addin.analytics.scorecard import Score, scorecard
from xlwings_addin.analytics.vintages import vintage_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.fingerprint import hash_of
from xlwings_addin.inputs.lint import used_rows
from xlwings_addin.inputs.tables import Row
from xlwings_addin.pictures.numbers import printed
from xlwings_addin.proof.certificate import disagreements, read_certificate
from xlwings_addin.report.answers import Answers
from xlwings_addin.report.document import Cell, Figure, Section, Sentence, Table
from xlwings_addin.valuation.xiaomi import Results

MOST_SCORES = 6
MOST_SOURCES = 8
WHOLE_FROM = 100
"""From so much on a figure is printed without decimals."""
DIGITS = 12
"""Of a hash, as it is printed."""


def scorecard_section(answers: Answers) -> Section:
    """The forecasts of the case, and of the oldest case, beside what happened."""
    title = "What came true"
    oldest = min(answers.cases.values(), key=lambda results: results.inputs.day("valuation_date"))
    vintages = {results.case: results for results in (answers.chosen, oldest)}
    rows = [
        _score_row(case, score)
        for case, results in vintages.items()
        for score in _scores(results)[:MOST_SCORES]
    ]
    if not rows:
        return Section("scorecard", title, (("No case has forecasts for a year that is over.",),))
    headings = ("Forecast", "Made", "For", "Unit", "Forecast", "Actual", "Error")
    sentence = "What the cases expected of years that are over, beside what the tables say happened."
    return Section("scorecard", title, ((sentence,),), Table(headings, tuple(rows), 4, 0))


def _scores(results: Results) -> list[Score]:
    scores = scorecard(vintage_of(results), results.inputs.tables)
    return [score for score in scores if score.actual is not None]


def _score_row(case: str, score: Score) -> tuple[Cell, ...]:
    assert score.actual is not None
    name = f"scorecard.{score.key}.{score.period}"
    largest = max(abs(score.forecast), abs(score.actual))
    spec = ".1%" if score.unit == "ratio" else ",.0f" if largest >= WHOLE_FROM else ",.2f"
    error: Cell = ""
    if score.relative_error is not None:
        text = printed(score.relative_error, "+.0%")
        error = Figure(text, score.relative_error, f"{name}.relative_error", case)
    elif score.error is not None:
        error = Figure(f"{printed(score.error * 100, '+.1f')} points", score.error, f"{name}.error", case)
    return (
        score.label,
        score.day.isoformat(),
        score.period,
        "" if score.unit == "ratio" else score.unit,
        Figure(printed(score.forecast, spec), score.forecast, f"{name}.forecast", case),
        Figure(printed(score.actual, spec), score.actual, f"{name}.actual", case),
        error,
    )


def sources_section(answers: Answers) -> Section:
    """Where the figures come from: how many of each kind, and the sources that most inputs rest on."""
    inputs = answers.chosen.inputs
    used = {(row.key, row.period): row for row in (*used_rows(inputs), *inputs.rows.values())}.values()
    kinds = Counter(row.basis for row in used)
    counted = ", ".join(f"{count} {basis}" for basis, count in sorted(kinds.items(), key=lambda at: -at[1]))
    by_source: dict[str, list[Row]] = {}
    for row in used:
        if row.basis != "assumption":
            by_source.setdefault(row.source, []).append(row)
    most = sorted(by_source.items(), key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_SOURCES]
    rows = [
        (source, str(len(of_source)), max(row.as_of for row in of_source).isoformat())
        for source, of_source in most
    ]
    sentences: list[Sentence] = [
        (f"The case rests on {len(used)} figures: {counted}. The newest is of {max(r.as_of for r in used)}.",)
    ]
    if len(by_source) > len(rows):
        left = f"{len(rows)} of {len(by_source)} sources; the workbook's sheet Sources has every figure."
        sentences.append((left,))
    table = Table(("Source", "Figures", "Newest"), tuple(rows), 1, 0) if rows else None
    return Section("sources", "Where the figures come from", tuple(sentences), table)


def certificate_section(answers: Answers, certificate: Path | None, book: Path | None) -> Section:
    """What the certificate says, where one is named.

    Raises `InputError` for one that was edited, that speaks of another workbook or of other inputs, and for
    one of a check that has failed.
    """
    title = "Certificate"
    digest = hash_of(answers.chosen.inputs)
    inputs = f"Inputs of the case {answers.chosen.case}: SHA-256 {digest[:DIGITS]}."
    if certificate is None:
        missing = (
            "No certificate was named: check --certificate FILE writes one, report --certificate quotes it."
        )
        return Section("certificate", title, ((f"{inputs} {missing}",),))
    said = read_certificate(certificate)
    _require_same(said, digest, answers.chosen.case, certificate, book)
    return Section("certificate", title, ((f"{inputs} {_quoted(said)}",),))


def _require_same(
    said: Mapping[str, Any], digest: str, case: str, certificate: Path, book: Path | None
) -> None:
    name = str(certificate)
    if said["inputs"].get("cases", {}).get(case) != digest:
        rule = f"is of other inputs of the case {case} than this report; check the workbook again"
        raise InputError("certificate", name, rule, display=name)
    for reason in disagreements(said, None if book is None else book.read_bytes()):
        raise InputError("certificate", name, f"does not vouch for this report: {reason}", display=name)


def _quoted(said: Mapping[str, Any]) -> str:
    engines = ", ".join(f"{engine['name']} {engine['version']}".strip() for engine in said["engines"])
    cells = ", ".join(f"{count:,} of class {name}" for name, count in said["cells"].items() if count)
    return (
        f"Workbook {said['book']['name']}, SHA-256 {said['book']['sha256'][:DIGITS]}: "
        f"{said['verdict']['failures']} failures and {said['verdict']['warnings']} warnings in "
        f"{said['comparisons']['with_core']:,} comparisons of a formula with the core and "
        f"{said['comparisons']['with_second_engine']:,} with a second engine, at "
        f"{said['relative_tolerance']:g} relative. Engines: {engines}. Cells: {cells}. "
        f"Not covered: {'; '.join(said['not_covered'])}."
    )
