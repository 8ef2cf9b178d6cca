"""The command watch: one line and an exit status for a scheduler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from xlwings_addin.cli import printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import HISTORY, Case, Company, Inputs, Json, Market, facts_of, source_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.defaults import DEFAULT_CASE


@dataclass(frozen=True)
class Seen:
    """The price and the day when it was last looked."""

    price: float | None = None
    day: date | None = None


@app.command(rich_help_panel=HISTORY)
def watch(
    case: Case = DEFAULT_CASE,
    price: Annotated[float | None, typer.Option("--price", help="The price of a share now.")] = None,
    market: Market = False,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="Margin of safety asked for, 0.2 for 20%: the price to buy below."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            help="A file that remembers price and day from run to run, so that a crossing is told once; "
            "without it the price and date of the case are what went before.",
        ),
    ] = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Say in one line what has happened: a price crossed a value, facts are old, a check fails, a day passed.

    Exit status 0 where nothing has, 1 where something has, 2 for bad input. Levels are the values of the case
    and of the cases that extend it (bear, base, bull), and with a margin of safety the price to buy below.
    Days are those of inputs/catalysts.csv.
    """
    from xlwings_addin.analytics.watch import watched
    from xlwings_addin.inputs.case_files import named_among
    from xlwings_addin.inputs.catalysts import read_catalysts
    from xlwings_addin.proof.context import load_context
    from xlwings_addin.sheets.checks import overall
    from xlwings_addin.valuation.ages import now

    if market and price is not None:
        raise InputError("--price", price, "and --market exclude each other")
    facts = facts_of(source_of(inputs, company), lambda _: None, market=market, allow_stale=False)
    context, day, seen = load_context(facts.folder), now(), _read(state)
    cases = {**context.results, **context.unlisted}
    if market:
        price = next(row.number for row in facts.quotes if row.key == context.company.price_key)
    statuses = {name: overall(context, results) for name, results in context.results.items()}
    answer = watched(
        cases,
        named_among(case, cases, context.company),
        day,
        price=price,
        before=seen.price,
        since=seen.day,
        margin=margin,
        catalysts=read_catalysts(facts.folder),
        failing={name: status for name, status in statuses.items() if status.startswith("FAIL")},
    )
    if state is not None:
        _write(state, Seen(answer.price, day))
    if as_json:
        printing.show_json(answer.summary())
    else:
        printing.show(answer.line)
    if answer.events:
        raise typer.Exit(CHECK_FAILED)


def _read(state: Path | None) -> Seen:
    """What was seen last; nothing where there is no file yet."""
    if state is None or not state.exists():
        return Seen()
    try:
        data: Any = json.loads(state.read_text(encoding="utf-8"))
        return Seen(float(data["price"]), date.fromisoformat(data["day"]))
    except (OSError, ValueError, KeyError, TypeError):
        rule = "must be a file that watch has written: delete it to begin anew"
        raise InputError("--state", str(state), rule, display=str(state)) from None


def _write(state: Path, seen: Seen) -> None:
    from xlwings_addin.xlsx.package import save

    assert seen.day is not None
    save(state, json.dumps({"price": seen.price, "day": seen.day.isoformat()}).encode())
