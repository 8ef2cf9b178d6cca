"""What looks wrong in the input tables, as a list of findings.

The loader refuses what cannot be read; `lint` reads what can and asks whether it makes sense: do the parts
add up, are units and currencies what they claim, how old and how well sourced is each number, and was it
known on the day a case values the company.

    error     the tables contradict themselves, or a unit cannot be right
    warning   a reader should know before relying on the number
    info      recorded and settled: a resolved conflict, a known oddity, a figure with one source

>>> from datetime import date
>>> from xlwings_addin.inputs.cases import load_inputs
>>> strict = load_inputs("march_2024_strict")
>>> findings = lint(strict.tables, today=date(2025, 11, 19), cases=[strict])
>>> [finding for finding in findings if finding.severity == "error"]
[]
>>> print(next(finding.message for finding in findings if finding.rule == "look_ahead"))
hkd_per_usd was known on 2024-03-31, after valuation_date 2024-03-08 of march_2024_strict
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from xlwings_addin.inputs import base_year
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Business
from xlwings_addin.inputs.findings import SEVERITIES, Finding, Severity, at_row, figure_of
from xlwings_addin.inputs.lint_rules import ROW_RULES, RULES, conflicts, stale
from xlwings_addin.inputs.rules import built
from xlwings_addin.inputs.tables import Row, Tables

__all__ = ["Finding", "Severity", "lint", "used_rows"]

IDLE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "devices_method": {
        "average": ("Devices by segment",),
        "segments": ("devices_average_first_year", "devices_average_last_year"),
    },
    "vehicle_method": {
        "ramp": ("Vehicle units",),
        "units": (
            "vehicle_base_deliveries",
            "vehicle_base_price_usd",
            "vehicle_growth_start",
            "vehicle_growth_end",
            "vehicle_operating_income_start",
            "vehicle_operating_margin_end",
            "vehicle_cash_conversion",
        ),
    },
    "devices_wacc_basis": {"printed": (), "computed": ("devices_wacc_printed",)},
    "net_cash_definition": {"strict": ("cash_resources",), "company": ("liquid_funds",)},
    "share_basis": {
        "diluted": ("basic_shares", "share_awards", "award_strike_hkd"),
        "treasury_stock": ("diluted_shares",),
    },
}
"""What no value depends on, by choice: keys, or sections of them. The CAPM's inputs are shown beside a
printed rate, so they count. A choice that a company does not have says nothing of it."""

TIMELESS = ("Conventions", "Check thresholds", "Ages", "balance_date")
"""Sections that state no fact, and the day of figures that do: none of it can be known too late."""


def lint(tables: Tables, *, today: date, cases: Iterable[Inputs] = ()) -> list[Finding]:
    """All findings, errors first. `today` is the day the numbers' ages are counted to.

    The rows of `cases` are read by the rules in `ROW_RULES`, and each is compared with its valuation date. A
    row that several cases share is found once, but its date once for each of them.

    While a conflict is not resolved its findings are the only ones: no rule can tell which row to read.
    """
    findings = list(conflicts(tables, today))
    if any(finding.severity == "error" for finding in findings):
        return findings
    cases = tuple(cases)
    findings += [finding for rule in RULES for finding in rule(tables, today)]
    findings += stale(_as_the_opening_view(tables, cases), today)
    for case in cases:
        own = replace(tables, history=(), articles=(), assumptions=tuple(case.rows.values()))
        findings += [finding for rule in ROW_RULES for finding in rule(own, today)]
        findings += (*_look_ahead(case), *_thin_base_year(case))
    return sorted(dict.fromkeys(findings), key=lambda finding: SEVERITIES.index(finding.severity))


def _as_the_opening_view(tables: Tables, cases: Collection[Inputs]) -> Tables:
    """The tables with the rows of the case that is meant where none is named, if it is among the cases."""
    opening = tables.company.default_case
    rows = next((tuple(case.rows.values()) for case in cases if case.case == opening), tables.assumptions)
    return replace(tables, assumptions=rows)


def _look_ahead(inputs: Inputs) -> Iterator[Finding]:
    """Nothing a case uses was known only after its valuation date."""
    day = inputs.day("valuation_date")
    for row in used_rows(inputs):
        if row.as_of > day:
            since = f"{figure_of(row)} was known on {row.as_of.isoformat()}"
            message = f"{since}, after valuation_date {day.isoformat()} of {inputs.case}"
            yield at_row(row, "warning", "look_ahead", message)


def used_rows(inputs: Inputs) -> Iterator[Row]:
    """The rows the value of a case rests on: its numbers, averaged cash flows, quarters of the base year."""
    company, counting = inputs.tables.company, list(built(inputs))
    idle = {*TIMELESS, "probability", *(() if counting else ("Base year",))}
    for choice, by_choice in IDLE.items():
        if company.parameters.has(choice):
            idle |= set(by_choice.get(inputs.text(choice), ()))
    for parameter in company.parameters:
        if parameter.kind not in ("choice", "text") and not {parameter.key, parameter.section} & idle:
            yield inputs.row(parameter.key)
    figures = [at for business in counting for at in _quarterly(inputs, business)]
    for business in company.by_template("averaged_cash_flow"):
        method = business.part.method_key
        if method is None or inputs.text(method) == business.method:
            ends = (f"{business.prefix}_average_{end}_year" for end in ("first", "last"))
            first, last = (inputs.count(key) for key in ends)
            figures += [("free_cash_flow", f"FY{year}") for year in range(first, last + 1)]
    for key, period in dict.fromkeys(figures):
        if inputs.tables.has(key, period):
            yield inputs.tables.row(key, period)


def _quarterly(inputs: Inputs, business: Business) -> Iterator[tuple[str, str]]:
    """Key and quarter of the figures a build-up starts from."""
    year, company = inputs.count("base_year"), inputs.tables.company
    keys = (*base_year.needed_keys(company, business), *base_year.margin_keys(business))
    for quarter in base_year.base_quarters(inputs.tables, year, inputs.day("valuation_date")).reported:
        for key in ("revenue", *keys):
            yield key, quarter
    if not business.members:
        before = inputs.tables.calendar.quarters_before(year)
        yield from ((f"{business.part.key}_deliveries", quarter) for quarter in before)


def _thin_base_year(inputs: Inputs) -> Iterator[Finding]:
    """A build-up does not rest on more assumed quarters than reported ones."""
    row = inputs.row("base_year")
    quarters = base_year.base_quarters(inputs.tables, inputs.count("base_year"), inputs.day("valuation_date"))
    if any(built(inputs)) and len(quarters.assumed) > len(quarters.reported):
        message = (
            f"base_year {quarters.year} of {inputs.case} has {len(quarters.assumed)} assumed quarters "
            f"({', '.join(quarters.assumed)}) and {len(quarters.reported)} reported"
        )
        yield at_row(row, "warning", "thin_base_year", message)
