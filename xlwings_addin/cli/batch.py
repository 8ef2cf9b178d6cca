"""The command for many companies or workbooks: batch."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import xlwings_addin as xa
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import MODEL, Cluster, DryRun, Json, SecondEngine
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from xlwings_addin.batch.run import Batched

MOST = 40
"""Rows that are printed; those that are not ok come first."""


class Do(StrEnum):
    """What is done with every item."""

    value = "value"
    check = "check"
    refresh = "refresh"


@app.command(rich_help_panel=MODEL)
def batch(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Companies or workbooks: a folder with them at any depth, or a list, .csv or .txt, with a "
            "path and perhaps a case a line."
        ),
    ] = None,
    do: Annotated[
        Do, typer.Option("--do", help="value companies, or check or refresh workbooks.")
    ] = Do.value,
    company: Annotated[
        list[str] | None,
        typer.Option(
            "--company",
            metavar="<name or folder>",
            help="With value a further company, any number of times; else the company of all workbooks.",
        ),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="A case to value, any number of times; all by default.")
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option("--inputs", metavar="<folder or https address>", help="Tables for check and refresh."),
    ] = None,
    second_engine: Annotated[
        SecondEngine, typer.Option("--second-engine", help="As of check.")
    ] = SecondEngine.auto,
    dry_run: DryRun = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write all rows to this file, .csv.")] = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """Value many companies, or check or refresh many workbooks; one that fails stops no other.

    Exit status 1 where a row is not ok.
    """
    companies = company or []
    if do is not Do.value and len(companies) > 1:
        rule = f"must be named once with --do {do}: it is that of all workbooks"
        raise InputError("--company", len(companies), rule, display=f"{len(companies)} times")
    if do is Do.value and inputs is not None:
        raise InputError("--inputs", inputs, "is for check and refresh: name companies", display=inputs)
    if dry_run and do is not Do.refresh:
        raise InputError("--dry-run", str(do), "is for --do refresh", display=f"with --do {do}")
    with printing.progress() as doing:

        def tell(done: int, items: int, bad: int) -> None:
            doing(f"{done:,} of {items:,} done, {bad:,} rows not ok")

        answer = xa.batch(
            folder,
            do=do.value,
            companies=companies if do is Do.value else (),
            cases=case or (),
            options=_options(do, companies, inputs, second_engine, dry_run=dry_run),
            out=out,
            cluster=cluster,
            progress=tell,
        )
    if as_json:
        printing.show_json(answer.summary())
    else:
        _show(answer, folder)
    if answer.left:
        printing.warn(f"stopped: {answer.left:,} of {answer.items:,} were not begun, or not waited for")
    if not answer.ok:
        raise typer.Exit(CHECK_FAILED)


def _options(
    do: Do, companies: list[str], inputs: str | None, second_engine: SecondEngine, *, dry_run: bool
) -> list[str]:
    """The options of the command that is called for every workbook."""
    if do is Do.value:
        return []
    options = [option for name in companies for option in ("--company", name)]
    options += [] if inputs is None else ["--inputs", inputs]
    options += ["--second-engine", second_engine.value] if do is Do.check else []
    return [*options, "--dry-run"] if dry_run else options


def _show(answer: Batched, source: Path | None) -> None:
    rows = sorted(answer.rows, key=lambda row: row.status == "ok")[:MOST]
    start = "" if source is None else f"{source.absolute()}{os.sep}"
    cells = [
        (
            *(row.path.removeprefix(start), row.case, row.status, row.message),
            "" if row.value_per_share is None else f"{row.value_per_share:,.2f} {row.currency}".strip(),
        )
        for row in rows
    ]
    printing.show(printing.table("Batch", ("Path", "Case", "Status", "Message", "Value"), cells, right=1))
    if len(answer.rows) > MOST:
        printing.show(f"and {len(answer.rows) - MOST:,} rows more: --out or --json has them all")
    one, several = ("company", "companies") if answer.do == "value" else ("workbook", "workbooks")
    counts = ", ".join(f"{answer.count(status):,} {status}" for status in ("ok", "failed", "error"))
    printing.show(f"{answer.items:,} {one if answer.items == 1 else several}: {counts}")
