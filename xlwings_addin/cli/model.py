"""Commands of the model: value, build, check."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import xlwings_addin as xa
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import BAD_INPUT, CHECK_FAILED, app
from xlwings_addin.cli.options import (
    MODEL,
    AllowStale,
    Case,
    Company,
    Inputs,
    Json,
    LedgerFile,
    Live,
    Market,
    SecondEngine,
    Settings,
    facts_of,
    folder_of,
    remember_in_ledger,
    settings_of,
    source_of,
)
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from xlwings_addin.valuation.xiaomi import Results


@app.command(rich_help_panel=MODEL)
def value(
    case: Case = xa.DEFAULT_CASE,
    all_cases: Annotated[
        bool, typer.Option("--all", help="Every case side by side, and their weighted value.")
    ] = False,
    settings: Settings = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Value one case, or all, and print what a share is worth and why, and how old price and facts are."""
    from xlwings_addin.valuation.ages import ages_of, now

    changed = settings_of(settings)
    if all_cases:
        if changed:
            told = ", ".join(settings or [])
            raise InputError("--set", told, "changes one case: leave out --all", display=told)
        from xlwings_addin.cli.print_cases import show_cases
        from xlwings_addin.valuation.cases import value_cases

        valued = value_cases(folder_of(inputs, company))
        show_cases(valued, as_json=as_json)
        if valued.broken:
            raise typer.Exit(BAD_INPUT)
        return
    results = _valued(case, folder_of(inputs, company), changed)
    ages = ages_of(results.inputs, now())
    if as_json:
        said = {"settings": changed} if changed else {}
        printing.show_json({**results.summary(), **said, "ages": ages.as_dict()})
    else:
        printing.show(printing.value_table(results))
        if changed:
            printing.show("with " + ", ".join(f"{key} {value:g}" for key, value in changed.items()))
        printing.show_ages(ages)


def _valued(case: str, folder: Path | None, settings: dict[str, float]) -> Results:
    """A case as its file has it, or with some inputs or drivers set first."""
    if not settings:
        return xa.value(case, folder=folder)
    from xlwings_addin.analytics.question import with_settings
    from xlwings_addin.inputs.cases import load_inputs
    from xlwings_addin.inputs.drivers import read_drivers
    from xlwings_addin.valuation.xiaomi import evaluate

    return evaluate(with_settings(load_inputs(case, folder), read_drivers(folder), settings))


@app.command(rich_help_panel=MODEL)
def build(
    out: Annotated[Path | None, typer.Option("--out", help="The file to write, .xlsx.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="The case it opens with; the first by default.")
    ] = None,
    live: Annotated[
        Live,
        typer.Option(
            "--live",
            help="What is calculated in what-if tables: the cases on Cover, or Sensitivities' tables, too.",
        ),
    ] = Live.cases,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    company: Company = None,
    market: Market = False,
    allow_stale: AllowStale = False,
    as_json: Json = False,
) -> None:
    """Build the workbook from the input tables, prove it against the core, and write it."""
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.proof.build import build as build_book

    with printing.progress() as progress:
        facts = facts_of(source_of(inputs, company), progress, market=market, allow_stale=allow_stale)
        target = out or xa.default_book(facts.folder)
        book = build_book(
            target,
            functions=callbacks(),
            case=case,
            folder=facts.folder,
            amended=facts.amended,
            live=live.value,
            progress=progress,
        )
    remember_in_ledger({**book.context.results, **book.context.unlisted}, target, "build", ledger)
    formulas = sum(cell.has_formula for cell in book.cells())
    if as_json:
        printing.show_json({"book": str(target), "cases": book.context.cases, "formulas": formulas})
    else:
        cases = len(book.context.cases)
        printing.show(f"{target}: {formulas} formula cells agree with the core in all {cases} cases")


@app.command(rich_help_panel=MODEL)
def check(
    book: Annotated[Path | None, typer.Argument(help="The workbook; the project's own by default.")] = None,
    second_engine: Annotated[
        SecondEngine,
        Settings,
        typer.Option(
            help="auto: LibreOffice where installed, else IronCalc; require: the same, and refuse where "
            "neither is; libreoffice or ironcalc: that one; skip: none."
        ),
    ] = SecondEngine.auto,
    inputs: Inputs = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help="A JSON file to write: what was compared, on which bytes."),
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify", help="A certificate to hold against the workbook's bytes; nothing is calculated."
        ),
    ] = None,
    all_tables: Annotated[
        bool,
        typer.Option("--all-tables", help="Compare what-if tables of Sensitivities in every case."),
    ] = False,
    company: Company = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="List notes too.")] = False,
    as_json: Json = False,
) -> None:
    """Prove a workbook: every line against the core, a second engine, its own checks, the input tables."""
    if verify is not None:
        _verify(verify, book or xa.default_book(folder_of(inputs, company)), certificate, as_json=as_json)
        return
    from xlwings_addin.engine.limits import limited, step
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.proof.check import check as check_book

    with printing.progress() as progress:
        folder = folder_of(inputs, company)
        checked = book or xa.default_book(folder)
        call = partial(
            check_book,
            checked,
            functions=callbacks(),
            folder=folder,
            second_opinion=second_engine.value,
            all_tables=all_tables,
            progress=step,
        )
        report = limited(call, display=str(checked), watch=progress)
    if as_json:
        printing.show_json(report.as_dict())
    else:
        printing.show_report(report, verbose=verbose)
    if certificate is not None:
        from xlwings_addin.proof.certificate import as_file, certificate_of
        from xlwings_addin.xlsx.package import save

        save(certificate, as_file(certificate_of(report)))
    if not report.ok:
        raise typer.Exit(CHECK_FAILED)


def _verify(certificate: Path, book: Path, written: Path | None, *, as_json: bool) -> None:
    """Hold a certificate against a workbook; exit status 1 where it does not vouch for it."""
    from xlwings_addin.core.errors import InputError
    from xlwings_addin.proof.certificate import disagreements, read_certificate
    from xlwings_addin.xlsx.package import read_package

    if written is not None:
        rule = "cannot be written while one is verified: name --certificate or --verify"
        raise InputError("certificate", str(written), rule, display=str(written))
    reasons = disagreements(read_certificate(certificate), read_package(book).original)
    if as_json:
        printing.show_json({"book": str(book), "ok": not reasons, "reasons": reasons})
    elif not reasons:
        printing.show(f"{certificate} vouches for {book}")
    for reason in () if as_json else reasons:
        printing.show(f"{certificate} does not vouch for {book}: {reason}")
    if reasons:
        raise typer.Exit(CHECK_FAILED)
