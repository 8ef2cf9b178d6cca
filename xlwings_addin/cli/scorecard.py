"""The command scorecard: what was said beside what came, by year, by quarter, by claim and through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import xlwings_addin as xa
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app
from xlwings_addin.cli.options import HISTORY, Company, Inputs, Json, LedgerFile, folder_of
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from xlwings_addin.analytics.scorecard import Score
    from xlwings_addin.analytics.vintages import Vintage
    from xlwings_addin.inputs.tables import Tables
    from xlwings_addin.valuation.xiaomi import Results

    Valued = tuple[Vintage, Results | None]
    """A vintage, and the results that it is of where they can be had."""


class View(StrEnum):
    """What the scorecard shows."""

    years = "years"
    quarters = "quarters"
    claims = "claims"
    history = "history"


@app.command(rich_help_panel=HISTORY)
def scorecard(
    case: Annotated[
        str | None,
        typer.Option(
            "--case",
            help="The case whose forecasts are scored: march_2024_replica by default, or else base.",
        ),
    ] = None,
    view: Annotated[
        View,
        typer.Option(
            "--view",
            help="years: forecasts by year, with what their errors are worth a share; quarters: assumed "
            "quarters against reported ones, in money a share; claims: targets and talk against results; "
            "history: price and value through time.",
        ),
    ] = View.years,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="A snapshot of the ledger, by the start of its id.")
    ] = None,
    vintages: Annotated[
        bool, typer.Option("--vintages", help="Every snapshot of the case in the ledger as well.")
    ] = False,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Forecasts of a past valuation beside what happened, with their errors and what the street expected."""
    from xlwings_addin.analytics.replicate import REPLICA
    from xlwings_addin.inputs.case_files import case_meant, case_names
    from xlwings_addin.inputs.defaults import DEFAULT_CASE
    from xlwings_addin.inputs.tables import load_tables

    folder = folder_of(inputs, company)
    case = case or (REPLICA if REPLICA in case_names(folder) else case_meant(DEFAULT_CASE, folder))
    if view is View.claims:
        _show_claims(folder, as_json=as_json)
    elif view is View.quarters:
        _show_quarters(case, folder, as_json=as_json)
    else:
        tables = load_tables(folder)
        named = _vintages(case, folder, ledger, snapshot, every=vintages or view is View.history)
        if view is View.history:
            _show_history([vintage for vintage, _ in named], tables, as_json=as_json)
        else:
            _show_years(named, tables, as_json=as_json)


def _vintages(
    case: str, folder: Path | None, ledger: Path | None, snapshot: str | None, *, every: bool
) -> list[Valued]:
    """The case as it is, or a snapshot of it; with `every` all snapshots of another value, newest first."""
    from xlwings_addin.analytics.vintages import whole_vintage_of
    from xlwings_addin.inputs.cases import load_inputs
    from xlwings_addin.ledger import open_ledger
    from xlwings_addin.ledger.valued_again import valued_again

    if snapshot is not None:
        opened = open_ledger(ledger)
        if opened is None:
            raise InputError("ledger", "off", "is turned off: name a file with --ledger", display="off")
        one = opened.snapshot(snapshot)
        return [(one.vintage(case), valued_again(one.case(case), load_inputs(case, folder)))]
    results = xa.value(case, folder=folder)
    current = whole_vintage_of(results)
    made: list[Valued] = [(current, results)]
    opened = open_ledger(ledger) if every else None
    if opened is not None:
        said = {(current.day, current.forecasts[-1].value)}
        for one in opened.snapshots(case=case, company=results.company.key):
            vintage = one.vintage(case)
            at = (vintage.day, vintage.forecasts[-1].value)
            if at not in said:
                said.add(at)
                made.append((vintage, valued_again(one.case(case), results.inputs)))
    return made


def _show_years(vintages: Sequence[Valued], tables: Tables, *, as_json: bool) -> None:
    from xlwings_addin.analytics.scorecard import scorecard as scores

    cards = [scores(vintage, tables, results=results) for vintage, results in vintages]
    if as_json:
        printing.show_json([asdict(score) for card in cards for score in card])
        return
    headings = ("What", "Period", "Unit", "Forecast", "Actual", "Error", "Worth", "Kept up", "Consensus")
    for (vintage, results), card in zip(vintages, cards, strict=True):
        printing.show(printing.table(vintage.name, headings, map(_row, card), right=6))
        printing.show(_about_worth(results, tables))


def _about_worth(results: Results | None, tables: Tables) -> str:
    """What the columns of worth say, or why they are empty."""
    if results is None:
        return "Worth: none, for the model and tables of today do not give the value that was recorded."
    return (
        f"Worth, {tables.company.currency.listing} a share: what the actual in place of the forecast moves "
        "the value by, in that year alone, and kept up in all years after it."
    )


def _row(score: Score) -> tuple[str, ...]:
    low, high = score.consensus_low, score.consensus_high
    band = "" if low is None or high is None else f"{low:,.6g}" if low == high else f"{low:,.6g}-{high:,.6g}"
    return (
        *(score.label, score.period, score.unit, f"{score.forecast:,.6g}"),
        "not known" if score.actual is None else f"{score.actual:,.6g}",
        "" if score.relative_error is None else f"{score.relative_error:+.0%}",
        *("" if worth is None else f"{worth:+.2f}" for worth in (score.worth_year, score.worth_kept)),
        band,
    )


def _show_quarters(case: str, folder: Path | None, *, as_json: bool) -> None:
    from xlwings_addin.analytics.quarter_worths import scored_quarters
    from xlwings_addin.cli.print_roll import show_quarters
    from xlwings_addin.inputs.cases import load_inputs

    inputs = load_inputs(case, folder)
    worths = [asdict(worth) for worth in scored_quarters(inputs)]
    if as_json:
        printing.show_json(worths)
    elif worths:
        show_quarters(worths, inputs.tables.company.currency.listing)
    else:
        printing.show(f"{case}: no quarter that it assumes is reported")


def _show_claims(folder: Path | None, *, as_json: bool) -> None:
    from xlwings_addin.analytics.claims import by_period, judged
    from xlwings_addin.inputs.claims import read_claims
    from xlwings_addin.inputs.tables import load_tables

    claims = by_period(judged(read_claims(folder), load_tables(folder)))
    if as_json:
        printing.show_json([claim.as_dict() for claim in claims])
        return
    rows = [
        (
            *(one.claim.day.isoformat(), one.claim.who, one.claim.claim),
            "" if one.result is None else f"{one.result:,.6g} {one.claim.unit}",
            "" if one.gap is None else f"{one.gap:+.0%}",
            one.verdict,
        )
        for one in claims
    ]
    headings = ("Said on", "By", "What", "Came", "Gap", "Verdict")
    printing.show(printing.table("Targets and talk", headings, rows))


def _show_history(vintages: Sequence[Vintage], tables: Tables, *, as_json: bool) -> None:
    from xlwings_addin.analytics.value_history import value_history

    history = value_history(vintages, tables)
    if as_json:
        printing.show_json([asdict(row) for row in history])
        return
    listing = tables.company.currency.listing
    rows = [
        (
            row.day.isoformat(),
            row.what,
            *("" if one is None else f"{one:.2f}" for one in (row.price, row.value)),
        )
        for row in history
    ]
    printing.show(printing.table(f"{listing} a share", ("Day", "What", "Price", "Value"), rows, right=2))
