"""Commands on a workbook: refresh, diff, recalc, and an analyst's changes as a case."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import xlwings_addin as xa
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import CHECK_FAILED, app, export_app
from xlwings_addin.cli.options import (
    WORKBOOK,
    AllowStale,
    Company,
    DryRun,
    Inputs,
    Json,
    KeepUncalculated,
    LedgerFile,
    Market,
    StoredValuesAreOld,
    facts_of,
    folder_of,
    remember_in_ledger,
    source_of,
)
from xlwings_addin.core.errors import InputError, ValuationError

if TYPE_CHECKING:
    from xlwings_addin.functions.registry import Target
    from xlwings_addin.refresh.refreshed import Refreshed
    from xlwings_addin.refresh.request import RefreshRequest


@app.command(rich_help_panel=WORKBOOK)
def refresh(
    book: Annotated[Path, typer.Argument(help="A workbook of this project, as an analyst has left it.")],
    inputs: Inputs = None,
    company: Company = None,
    case: Annotated[
        str | None, typer.Option("--case", help="The case to select; without it the selection stays.")
    ] = None,
    keep_mine: Annotated[
        list[str] | None, typer.Option("--keep-mine", metavar="KEY", help="A line to leave as it is.")
    ] = None,
    take_new: Annotated[
        list[str] | None,
        typer.Option("--take-new", metavar="KEY", help="A line to take from the tables all the same."),
    ] = None,
    backups: Annotated[int, typer.Option("--backups", min=0, help="Former versions to keep beside it.")] = 1,
    keep_uncalculated: KeepUncalculated = False,
    stored_values_are_old: StoredValuesAreOld = False,
    ours: Annotated[list[str] | None, typer.Option("--ours", hidden=True)] = None,
    theirs: Annotated[list[str] | None, typer.Option("--theirs", hidden=True)] = None,
    keep: Annotated[int | None, typer.Option("--keep", min=0, hidden=True)] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="Append a sheet that says what was done, with the value bridge.")
    ] = False,
    dry_run: DryRun = False,
    author: Annotated[
        str | None, typer.Option("--author", help="Who typed figures that no table has; by default you.")
    ] = None,
    upgrade: Annotated[
        bool,
        typer.Option("--upgrade", help="Say what a workbook of a former version would gain; write nothing."),
    ] = False,
    ledger: LedgerFile = None,
    market: Market = False,
    allow_stale: AllowStale = False,
    as_json: Json = False,
) -> None:
    """Bring new facts into a workbook in place, and lose nothing an analyst has changed in it."""
    from xlwings_addin.engine.limits import limited
    from xlwings_addin.refresh.request import RefreshRequest

    dry_run = dry_run or upgrade
    with printing.progress() as progress:
        facts = facts_of(source_of(inputs, company), progress, market=market, allow_stale=allow_stale)
        request = RefreshRequest(
            folder=facts.folder,
            amended=facts.amended,
            tables=facts.name,
            case=case,
            keep_mine=(*(keep_mine or ()), *(ours or ())),
            take_new=(*(take_new or ()), *(theirs or ())),
            dry_run=dry_run,
            changes_sheet=changes,
            backups=backups if keep is None else keep,
            keep_uncalculated=keep_uncalculated,
            author=author or "",
        )
        call = partial(_refreshed, book, request, stored_values_are_old, ledger)
        try:
            done = limited(call, display=str(book), watch=progress)
        except ValuationError as error:
            from xlwings_addin.engine.witness import UntrustedError  # loads the engine

            if as_json and isinstance(error, UntrustedError):
                printing.show_json({"book": str(book), "untrusted": printing.distrusted(error.distrusts)})
            raise
    printing.show_refreshed(done, dry_run=dry_run, as_json=as_json, whole=upgrade)
    if done.refused:
        printing.warn(f"the model refuses what the book holds: {done.refused}")
    if done.refused or (done.account is not None and done.account.kept):
        raise typer.Exit(CHECK_FAILED)


def _refreshed(
    book: Path, request: RefreshRequest, stored_values_are_old: bool, ledger: Path | None
) -> Refreshed:
    """A refresh and its snapshot in the ledger; the results, which do not travel, stay behind."""
    from xlwings_addin.engine.limits import step
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.refresh.file import FileMedium
    from xlwings_addin.refresh.refresh import refresh as refresh_medium

    medium = FileMedium(book, callbacks(), stored_values_are_old=stored_values_are_old)
    done = refresh_medium(medium, request, progress=step)
    if done.results and not request.dry_run:
        remember_in_ledger(done.results, book, "refresh", ledger)
    return replace(done, results={}, plan=replace(done.plan, state=None))


@app.command(rich_help_panel=WORKBOOK)
def diff(
    before: Annotated[Path, typer.Argument(help="The earlier workbook.")],
    after: Annotated[Path, typer.Argument(help="The later one.")],
    html: Annotated[Path | None, typer.Option("--html", help="A page to write the differences to.")] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="A picture of the value bridge: .png or .svg.")
    ] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="Append a sheet that says so to the later workbook.")
    ] = False,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What moved between two workbooks, and why: cells by what happened to them, value by driver."""
    from xlwings_addin.diff.differences import differences
    from xlwings_addin.engine.limits import limited, step
    from xlwings_addin.xlsx.package import save

    with printing.progress() as progress:
        call = partial(differences, before, after, folder=folder_of(inputs, company), progress=step)
        compared = limited(call, display=f"{before} or {after}", watch=progress)
    if html is not None:
        save(html, compared.to_html().encode())
    if chart is not None:
        from xlwings_addin.diff.waterfall import draw_waterfall

        if compared.bridge is None:
            raise InputError("chart", str(chart), f"has nothing to show: {'; '.join(compared.notes)}")
        draw_waterfall(compared.bridge, chart)
    if changes:
        from xlwings_addin.layout.new_sheet import append_sheet
        from xlwings_addin.refresh.changes_page import TITLE, differences_page
        from xlwings_addin.refresh.changes_sheet import write_page

        append_sheet(after, TITLE, partial(write_page, differences_page(compared)))
    if as_json:
        printing.show_json(compared.to_json())
    else:
        printing.show_differences(compared)


@app.command(rich_help_panel=WORKBOOK)
def recalc(
    book: Annotated[Path, typer.Argument(help="Any workbook: .xlsx or .xlsm.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; the book itself by default.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="<program>",
            help="Write our functions as this calls them: desktop, office-js, lite or libreoffice.",
        ),
    ] = None,
    keep_uncalculated: KeepUncalculated = False,
    stored_values_are_old: StoredValuesAreOld = False,
    as_json: Json = False,
) -> None:
    """Give the formulas of any workbook their values, our functions included, and write them into the file.

    Values that the file stores are held against the engine's first; what it does not reproduce is not
    trusted, and stays as it is.
    """
    from xlwings_addin.engine.limits import limited
    from xlwings_addin.engine.witness import UntrustedError

    written = out or book
    calculate = partial(
        xa.recalculate,
        book,
        written,
        target=cast("Target | None", target),
        keep_uncalculated=keep_uncalculated,
        stored_values_are_old=stored_values_are_old,
    )
    with printing.progress() as progress:
        progress("Calculating")
        try:
            values = limited(calculate, display=str(book), watch=progress)
        except UntrustedError as error:
            if as_json:
                printing.show_json({"book": str(book), "untrusted": printing.distrusted(error.distrusts)})
            raise
    printing.show_recalculated(written, values, as_json=as_json)
    if values.kept:
        raise typer.Exit(CHECK_FAILED)


@export_app.command("case")
def export_case(
    book: Annotated[Path, typer.Argument(help="A workbook of this project with changed inputs.")],
    name: Annotated[str, typer.Argument(help="The new case: lower-case words joined by underscores.")],
    author: Annotated[str, typer.Option("--author", help="Whose assumptions they are.")],
    case: Annotated[
        str | None, typer.Option("--case", help="The case that was changed; the selected one by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The file to write; by default in the current folder, with --inputs or --company among the "
            "cases of those tables.",
        ),
    ] = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Turn the inputs changed in a workbook into a case, from which the same values are built again."""
    from datetime import UTC, datetime

    from xlwings_addin.engine.limits import limited
    from xlwings_addin.refresh.export import export_case as export

    day = datetime.now(UTC).date()
    folder = folder_of(inputs, company)
    if out is None and folder is None:
        out = Path(f"{name}.csv")  # the tables may be those of an installed package
    call = partial(export, book, name, author=author, day=day, case=case, folder=folder, out=out)
    done = limited(call, display=str(book))
    overrides = {override.key: override.value for override in done.overrides}
    if as_json:
        printing.show_json(
            {
                "file": str(done.path),
                "extends": done.extends,
                "overrides": overrides,
                "left_out": done.left_out,
            }
        )
        return
    printing.show(f"{done.path}: {len(overrides)} overrides of {done.extends} ({', '.join(overrides)})")
    for change in done.left_out:
        printing.show(f"left out: {change}")
