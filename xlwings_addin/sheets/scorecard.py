"""Scorecard: targets, promises and talk with their days, against what came."""

from __future__ import annotations

from xlwings_addin.analytics.claims import JudgedClaim, by_period, judged
from xlwings_addin.inputs.claims import CLAIMS, Claim, read_claims
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    UNIT,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)
from xlwings_addin.sheets.words import slug
from xlwings_addin.valuation.xiaomi import Results

COLUMNS: Layout = {
    "day": Columns(FIRST_COLUMN, ("Said on",), 11.0),
    "who": Columns(FIRST_COLUMN + 1, ("By",), 11.0, align="left"),
    "low": Columns(FIRST_COLUMN + 2, ("At least",), 12.0),
    "high": Columns(FIRST_COLUMN + 3, ("At most",), 12.0),
    "result": Columns(FIRST_COLUMN + 4, ("Came",), 12.0),
    "gap": Columns(FIRST_COLUMN + 5, ("Beyond it",), 11.0),
    "verdict": Columns(FIRST_COLUMN + 6, ("Verdict",), 11.0, align="left"),
}
OPEN, NO_FIGURE = "open", "no figure"


def _typed(value: object, unit: str) -> Entry:
    return Entry(lambda _: value, kind="text", unit=unit)


def _reported(context: Context, claim: Claim) -> tuple[str, str] | None:
    """Key and year of the figure of Reported that says what came, where it is one and stands there."""
    if claim.result is None or len(claim.result.references) != 1:
        return None
    key, period = claim.result.references[0]
    alone = claim.result.text.strip() == f"{key}@{period}"
    stands = context.tables.has(key, period) and period in context.calendar.years
    return (key, period) if alone and stands else None


def _result(context: Context, judgement: JudgedClaim) -> Entry | None:
    """What came: the figure of Reported itself, else what the tables make of the claim's formula."""
    claim = judgement.claim
    reported = _reported(context, claim)
    if reported is None:
        return None if judgement.result is None else _typed(judgement.result, claim.unit)
    key, period = reported
    place = context.calendar.years.index(period) + 1

    def came(r: Results) -> float | str:
        return float(r.inputs.tables.row(key, period).number) if r.inputs.tables.has(key, period) else OPEN

    cell = f"{{reported.{key}:periods[{place}]}}"
    return Entry(came, f'IF(ISNUMBER({cell}),{cell},"{OPEN}")', unit=claim.unit)


def _gap(line: str, claim: Claim, result: Entry) -> Entry:
    """How far what came lies beyond the nearer end of what was said."""
    low, high, came = (f"{{{line}:{column}}}" for column in ("low", "high", "result"))
    above = f"IF({came}>{high},{came}/{high}-1,0)" if claim.high is not None else f"{came}/{low}-1"
    formula = f'IF(ISNUMBER({came}),IF({came}<{low},{came}/{low}-1,{above}),"{OPEN}")'

    def gap(r: Results) -> float | str:
        value, least, most = result.value(r), claim.low, claim.high
        assert least is not None
        if isinstance(value, str):
            return value
        if value < least or most is None:
            return float(value / least - 1)
        return float(value / most - 1) if value > most else 0.0

    return Entry(gap, formula, unit="ratio")


def _verdict(line: str, claim: Claim, result: Entry) -> Entry:
    low, high, came = (f"{{{line}:{column}}}" for column in ("low", "high", "result"))
    beyond = f'IF({came}>{high},"above","met")' if claim.high is not None else '"met"'
    formula = f'IF(ISNUMBER({came}),IF({came}<{low},"missed",{beyond}),"{OPEN}")'

    def verdict(r: Results) -> str:
        value, least, most = result.value(r), claim.low, claim.high
        assert least is not None
        if isinstance(value, str):
            return value
        return "missed" if value < least else "above" if most is not None and value > most else "met"

    return Entry(verdict, formula, unit="text")


def _line(context: Context, judgement: JudgedClaim, taken: set[str]) -> Line:
    claim = judgement.claim
    stem = f"{claim.day:%Y}_{slug(claim.claim)}"
    key = next(name for n in range(1, 99) if (name := stem if n == 1 else f"{stem}_{n}") not in taken)
    taken.add(key)
    cells = {"day": _typed(claim.day, "date"), "who": _typed(claim.who, "text")}
    cells |= {
        end: _typed(value, claim.unit)
        for end, value in (("low", claim.low), ("high", claim.high))
        if value is not None
    }
    result = _result(context, judgement)
    if result is None or claim.low is None:
        cells["verdict"] = _typed(NO_FIGURE if claim.result is None else OPEN, "text")
    else:
        cells |= {"result": result, "gap": _gap(key, claim, result), "verdict": _verdict(key, claim, result)}
    note = "; ".join(filter(None, (claim.basis, claim.source, claim.note, judgement.note)))
    return Line(key, claim.claim, claim.unit, {name: cells[name] for name in COLUMNS if name in cells}, note)


def blocks(context: Context) -> list[Block]:
    taken: set[str] = set()
    claims = by_period(judged(read_claims(context.folder), context.tables))
    lines = [_line(context, judgement, taken) for judgement in claims]
    if not lines:
        missing = (
            f"No targets yet: a row of inputs/{CLAIMS} for what was said, by whom and when, fills this sheet"
        )
        lines = [Line("no_claims", missing, "", {})]
    return [Block("What was said, in the order of the years it is about", lines)]


SHEET = Sheet(
    "scorecard",
    "Scorecard",
    "What was promised, and what came of it? Results are those of Reported.",
    blocks,
    columns=lambda _: COLUMNS,
    note_heading="Source",
    widths={LABEL: 52.0, UNIT: 10.0},
    only_answers=True,
    place=76,
)
