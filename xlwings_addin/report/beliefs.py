"""What one has to believe: the inputs that the value hangs on most, with reasons, and where they lead."""

from __future__ import annotations

from xlwings_addin.report.answers import Answers
from xlwings_addin.report.document import Cell, Figure, Section, Table
from xlwings_addin.report.lines import THOUSAND, LineReader, input_label
from xlwings_addin.valuation.frames import listing_unit

MOST = 9
YEARS_AHEAD = (0, 1, 2, 3, 5, 10)
"""The years of the path that are shown, counted from the base year."""
LINES = (
    ("revenue", "revenue", ",.1f", THOUSAND),
    ("ebit_margin", "EBIT margin", ".1%", 1.0),
    ("fcff", "free cash flow", ",.1f", THOUSAND),
)
FLOW = "fcff"
"""Shown from the first forecast year on: of the base year only what is left of it counts."""
DELIVERIES = ("deliveries", "deliveries, m", ".2f", 1.0)


def beliefs_section(answers: Answers) -> Section:
    """The main assumptions: value, range, what a share is worth at its ends, and the reason."""
    title = "What one has to believe"
    if answers.swings is None or not answers.swings.bars:
        return Section("beliefs", title, (("No input of this case has a range.",),))
    chosen, case = answers.chosen, answers.chosen.case
    rows: list[tuple[Cell, ...]] = []
    for bar in answers.swings.bars[:MOST]:
        row = chosen.inputs.row(bar.key)
        ends: list[Cell] = [
            "n/a"
            if end.per_share is None
            else Figure(f"{end.per_share:.1f}", end.per_share, f"tornado.{bar.key}.{name}", case)
            for name, end in (("low", bar.low), ("high", bar.high))
        ]
        head: tuple[Cell, ...] = (input_label(chosen, bar.key), answers.lines.input(bar.key))
        rows.append((*head, bar.range_text, *ends, row.note or row.source))
    headings = ("Input", "Case", "Range", "At low", "At high", "Why")
    sentence = (
        f"The {len(rows)} inputs of {len(answers.swings.bars)} that move the value most, from one end of "
        f"their range to the other with all else as in the case; {listing_unit(chosen)}."
    )
    return Section("beliefs", title, ((sentence,),), Table(headings, tuple(rows), 1, 5))


def path_section(answers: Answers) -> Section:
    """Where the assumptions lead: each business over the years."""
    lines, chosen = answers.lines, answers.chosen
    company = chosen.inputs.tables.company
    horizons = [
        chosen.inputs.count(f"{part.key}_horizon")
        for part in company.parts
        if company.parameters.has(f"{part.key}_horizon")
    ]
    last = min(horizons, default=0)
    years = [lines.base_year + ahead for ahead in YEARS_AHEAD if ahead <= last]
    rows = []
    for part in company.parts:
        business = chosen.model.businesses.get(part.key)
        if business is not None:
            rows += _rows(lines, part.label, business.name, years)
    money = f"{company.currency.reporting} bn"
    title = f"Where that leads, {money}"
    if not rows or len(years) < 2:
        return Section("path", title, (("No business of this case is built up year by year.",),))
    headings = ("", *(f"{year}{'E' if year > lines.base_year else ''}" for year in years))
    return Section("path", title, (), Table(headings, tuple(rows), 1, 0))


def _rows(lines: LineReader, label: str, name: str, years: list[int]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for key, called, spec, scale in (DELIVERIES, *LINES):
        line = f"{name}.{key}"
        if lines.has(line):
            first = lines.base_year + (key == FLOW)
            figures = (lines.figure(line, spec, year, scale) if year >= first else "" for year in years)
            rows.append((f"{label}: {called}", *figures))
    return rows
