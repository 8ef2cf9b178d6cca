"""Commands on what was built and known: history, as-of, and the index of served tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app
from xlwings_addin.cli.options import HISTORY, Company, Inputs, Json, LedgerFile, folder_of
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from xlwings_addin.ledger import Snapshot


@app.command(rich_help_panel=HISTORY)
def history(
    ledger: LedgerFile = None,
    case: Annotated[str | None, typer.Option("--case", help="Only snapshots that value this case.")] = None,
    company: Annotated[
        str | None,
        typer.Option(
            "--company",
            metavar="<name or folder>",
            help="Only snapshots of this company, by its key or its folder; of all by default.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    as_json: Json = False,
) -> None:
    """What has been built: when, by whom, from which inputs, and what a share was worth in each case."""
    from xlwings_addin.ledger import open_ledger

    opened = open_ledger(ledger)
    if opened is None:
        raise InputError("ledger", "off", "is turned off: name a file with --ledger", display="off")
    key = None if company is None else _key_of(company)
    snapshots = opened.snapshots(limit=limit, case=case, company=key, with_inputs=False)
    if as_json:
        printing.show_json([snapshot.as_dict() for snapshot in snapshots])
        return
    _show_history(str(opened.path), snapshots, one_company=key is not None)


def _key_of(company: str) -> str:
    """The key that a ledger has for a company: of its folder, or the name itself."""
    from xlwings_addin.inputs.company import load_company
    from xlwings_addin.inputs.folders import company_folder

    return load_company(company_folder(company)).key


def _show_history(title: str, snapshots: Sequence[Snapshot], *, one_company: bool) -> None:
    """A row a snapshot; the currency stands in the heading where all have one, else beside the values."""
    currencies = list(dict.fromkeys(snapshot.currency for snapshot in snapshots))
    several = len(currencies) > 1
    names_company = not one_company and len({snapshot.company for snapshot in snapshots}) > 1
    rows = [
        (
            *(snapshot.id[:8], snapshot.time.strftime("%Y-%m-%d %H:%M"), snapshot.who, snapshot.command),
            *([snapshot.company] if names_company else []),
            snapshot.inputs_hash[:8],
            ", ".join(f"{record.case} {record.value_per_share:.2f}" for record in snapshot.cases)
            + (f" {snapshot.currency}" if several else ""),
        )
        for snapshot in snapshots
    ]
    value = "A share" if several or not currencies else f"{currencies[0]} a share"
    company = ["Company"] if names_company else []
    headings = ("Snapshot", "Time (UTC)", "Who", "What", *company, "Inputs", value)
    printing.show(printing.table(title, headings, rows))


@app.command("as-of", rich_help_panel=HISTORY)
def as_of(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day, such as 2024-03-08.")],
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Value the company with what was known on a day, and say what the cases knew too early."""
    from xlwings_addin.analytics.as_of import value_as_of
    from xlwings_addin.valuation.frames import listing_unit

    cases = value_as_of(day.date(), folder_of(inputs, company))
    if as_json:
        printing.show_json([case.as_dict() for case in cases.values()])
        return
    for case in cases.values():
        on_day = f"{case.on_day.sotp.value_per_share:.2f}" if case.on_day else f"no value: {case.refusal}"
        written = f"{case.as_written.sotp.value_per_share:.2f}"
        printing.show(
            f"{case.case}: {written} {listing_unit(case.as_written)} as written, {on_day} with what was known"
        )
        for late in case.late:
            printing.show(f"  {late}")


@app.command(rich_help_panel=HISTORY)
def index(folder: Annotated[Path, typer.Argument(help="Tables that are to be served over the web.")]) -> None:
    """Write the index that a served folder of tables needs, after every change of them."""
    from xlwings_addin.sources import write_index

    printing.show(str(write_index(folder)))
