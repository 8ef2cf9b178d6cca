"""The command roll: a case, or a workbook, brought forward to a later day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlwings_addin.cli import print_roll, printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import (
    WORKBOOK,
    Company,
    DryRun,
    Inputs,
    Json,
    LedgerFile,
    facts_of,
    folder_of,
    source_of,
)
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.defaults import DEFAULT_CASE

if TYPE_CHECKING:
    from xlwings_addin.analytics.roll import Rolled
    from xlwings_addin.refresh.refreshed import Refreshed
    from xlwings_addin.refresh.rolling import RolledBook


@app.command(rich_help_panel=WORKBOOK)
def roll(
    to: Annotated[
        datetime,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The new valuation date, such as 2026-03-31."),
    ],
    book: Annotated[
        Path | None,
        typer.Argument(help="A workbook to roll in place; without one a case is rolled and nothing written."),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            "--case",
            help="The case; base by default, in a workbook the selected one. In a workbook "
            "every case that has its date from it is rolled too.",
        ),
    ] = None,
    price: Annotated[float | None, typer.Option("--price", help="The price of a share on that day.")] = None,
    payouts: Annotated[
        float | None,
        typer.Option("--payouts", help="Paid out since, in millions; by default what the tables report."),
    ] = None,
    base_year: Annotated[
        int | None,
        typer.Option("--base-year", help="A later base year; by default it moves only where it has to."),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option("--save", metavar="NAME", help="Write the rolled case as a new case: NAME.csv."),
    ] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="Append a sheet to the workbook that says what was done.")
    ] = False,
    backups: Annotated[int, typer.Option("--backups", min=0, help="Former versions to keep beside it.")] = 1,
    dry_run: DryRun = False,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Roll a case or a workbook forward: date, price, base year, and the cash that has come in since.

    Each step is valued after the one before it: time, facts in place of assumptions, payouts, price. A
    workbook also takes what its tables have new, as refresh does.
    """
    asked = {"price": price, "payouts": payouts, "base_year": base_year}
    if book is None:
        if changes or dry_run:
            option = "--changes" if changes else "--dry-run"
            raise InputError(option, True, "needs a workbook", display="")
        _roll_case(to.date(), case or DEFAULT_CASE, save, folder_of(inputs, company), asked, as_json=as_json)
        return
    if save is not None:
        rule = "is for a case: export case writes one from a rolled workbook"
        raise InputError("--save", save, rule, display=save)
    with printing.progress() as progress:
        from xlwings_addin.engine.limits import limited

        facts = facts_of(source_of(inputs, company), progress, market=False, allow_stale=False)
        options = {"changes_sheet": changes, "backups": backups, "dry_run": dry_run, "tables": facts.name}
        call = partial(_rolled_book, book, to.date(), case, facts.folder, asked, options, ledger)
        summaries, done = limited(call, display=str(book), watch=progress)
    if as_json:
        refreshed = printing.refreshed_data(done, dry_run=dry_run)
        printing.show_json({"rolled": summaries, "refresh": refreshed})
    else:
        print_roll.show_rolled_book(summaries)
        printing.show_refreshed(done, dry_run=dry_run, as_json=False)
    if done.account is not None and done.account.kept:
        raise typer.Exit(CHECK_FAILED)


def _roll_case(
    to: date,
    case: str,
    save: str | None,
    folder: Path | None,
    asked: Mapping[str, float | int | None],
    *,
    as_json: bool,
) -> None:
    from xlwings_addin.analytics.roll import roll as roll_case
    from xlwings_addin.inputs.cases import load_inputs

    rolled = roll_case(load_inputs(case, folder), to, **asked)  # type: ignore[arg-type]
    path = None if save is None else _saved(rolled, save, folder)
    if as_json:
        printing.show_json({**rolled.summary(), "file": None if path is None else str(path)})
        return
    print_roll.show_rolled(rolled.summary())
    if path is not None:
        printing.show(f"{path}: {rolled.inputs.case} on {to.isoformat()} as a case")


def _saved(rolled: Rolled, name: str, folder: Path | None) -> Path:
    from xlwings_addin.refresh.rolling import save_case

    return save_case(rolled, name, folder=folder)


def _rolled_book(
    book: Path,
    to: date,
    case: str | None,
    folder: Path,
    asked: Mapping[str, float | int | None],
    options: Mapping[str, object],
    ledger: Path | None,
) -> tuple[dict[str, dict[str, object]], Refreshed]:
    """Roll the cases of a workbook and refresh it with what that changes; what travels back is plain."""
    from xlwings_addin.cli.options import remember_in_ledger
    from xlwings_addin.engine.limits import step
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.refresh.file import FileMedium
    from xlwings_addin.refresh.refresh import refresh as refresh_medium
    from xlwings_addin.refresh.request import RefreshRequest
    from xlwings_addin.refresh.rolling import roll_book

    step("Rolling the cases")
    rolled: RolledBook = roll_book(book, to, case=case, folder=folder, **asked)  # type: ignore[arg-type]
    request = RefreshRequest(folder=folder, typed=rolled.typed, typed_by=rolled.source, **options)  # type: ignore[arg-type]
    done = refresh_medium(FileMedium(book, callbacks()), request, progress=step)
    if done.results and not request.dry_run:
        remember_in_ledger(done.results, book, "refresh", ledger)
    summaries = {name: one.summary() for name, one in rolled.rolled.items()}
    return summaries, replace(done, results={}, plan=replace(done.plan, state=None))
