"""The command line: `xiaomi-model COMMAND`; `xiaomi-model --help` lists the commands.

Exit status: 0 when all is well, 1 when a check fails, 2 for bad input.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import xlwings_addin as xa
from xlwings_addin import printing
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from udfs.registry import Target
    from xlwings_addin.ledger.snapshot import Command
    from xlwings_addin.model.xiaomi import Results
    from xlwings_addin.sources.facts import Facts

CHECK_FAILED, BAD_INPUT = 1, 2
SHOWN = 5
"""Lines named before the rest is counted."""

app = typer.Typer(
    name="xiaomi-model",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

Case = Annotated[str, typer.Option("--case", help="The case: a table in workbook/cases.")]


Inputs = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="<folder or https address>",
        help="Tables to use in place of the project's own: a folder with inputs/ and cases/, or an address.",
    ),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option("--ledger", help="The file of snapshots; by default in the user's data folder."),
]
Market = Annotated[
    bool, typer.Option("--market", help="Take price and exchange rates of the day from Yahoo Finance.")
]
AllowStale = Annotated[
    bool, typer.Option("--allow-stale", help="Use the last good copy where the address of the tables fails.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


class SecondEngine(StrEnum):
    """Whether LibreOffice is asked too."""

    auto = "auto"
    require = "require"
    skip = "skip"


class ServerEnvironment(StrEnum):
    """Whether the server is tried out on this machine, or serves others."""

    dev = "dev"
    prod = "prod"


def main() -> None:
    """Run the command line; bad input is one sentence on standard error and exit status 2."""
    from xlwings_addin.core.errors import ValuationError

    logger = logging.getLogger("xlwings_addin.cli")  # the module's name may be __main__
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is meant to look at our tables
    gc.set_threshold(100_000, 50, 100)  # a workbook is many objects and little garbage
    try:
        app()
    except ValuationError as error:
        logger.info("answered bad input with: %s", error)
        print(f"xiaomi-model: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except Exception:
        logger.exception("xiaomi-model failed")
        raise


def run() -> None:
    """`main` as a program of its own, which leaves its memory to the system: freeing it takes longer."""
    status: int | str | None = 0
    try:
        main()
    except SystemExit as stop:
        status = stop.code
    if not isinstance(status, int):
        sys.exit(status)
    logging.shutdown()
    with suppress(BrokenPipeError):  # who reads the output may have had enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the log on standard error as well.")
    ] = False,
) -> None:
    """Xiaomi's sum-of-the-parts valuation: a workbook that proves its own numbers."""
    from xlwings_addin import log

    log.start(verbose=verbose)


@app.command()
def value(
    case: Case = xa.DEFAULT_CASE,
    every: Annotated[
        bool, typer.Option("--all", help="Every case side by side, and their weighted value.")
    ] = False,
    inputs: Inputs = None,
    as_json: Json = False,
) -> None:
    """Value one case, or all, and print what a share is worth and why."""
    if every:
        printing.show_cases(xa.values(folder=_folder(inputs)), as_json=as_json)
        return
    results = xa.value(case, folder=_folder(inputs))
    if as_json:
        printing.show_json(results.summary())
    else:
        printing.show(printing.value_table(results))


@app.command()
def build(
    out: Annotated[Path | None, typer.Option("--out", help="The file to write, .xlsx.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="The case it opens with; the first by default.")
    ] = None,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    market: Market = False,
    allow_stale: AllowStale = False,
    as_json: Json = False,
) -> None:
    """Build the workbook from the input tables, prove it against the core, and write it."""
    from udfs.registry import callbacks
    from xlwings_addin.book.build import build as build_book

    target = out or xa.default_book()
    with printing.progress() as progress:
        facts = _facts(inputs, progress, market=market, allow_stale=allow_stale)
        book = build_book(
            target,
            functions=callbacks(),
            case=case,
            folder=facts.folder,
            amended=facts.amended,
            progress=progress,
        )
    _remember(book.context.results, target, "build", ledger)
    formulas = sum(cell.entry.kind == "formula" for cell in book.cells())
    if as_json:
        printing.show_json({"book": str(target), "cases": book.context.cases, "formulas": formulas})
    else:
        cases = len(book.context.cases)
        printing.show(f"{target}: {formulas} formula cells agree with the core in each of {cases} cases")


@app.command()
def refresh(
    book: Annotated[Path, typer.Argument(help="A workbook of this project, as an analyst has left it.")],
    inputs: Inputs = None,
    case: Annotated[
        str | None, typer.Option("--case", help="The case to select; without it the selection stays.")
    ] = None,
    theirs: Annotated[
        list[str] | None, typer.Option("--theirs", help="A line to take from the tables all the same.")
    ] = None,
    ours: Annotated[
        list[str] | None, typer.Option("--ours", help="A line to leave as it is in the book.")
    ] = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Former versions to keep beside it.")] = 1,
    changes: Annotated[
        bool, typer.Option("--changes", help="Append a sheet that says what was done, with the value bridge.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, write nothing.")] = False,
    ledger: LedgerFile = None,
    market: Market = False,
    allow_stale: AllowStale = False,
    as_json: Json = False,
) -> None:
    """Bring new facts into a workbook in place, and lose nothing an analyst has changed in it."""
    from udfs.registry import callbacks
    from xlwings_addin.book.refresh import refresh_file

    with printing.progress() as progress:
        facts = _facts(inputs, progress, market=market, allow_stale=allow_stale)
        done = refresh_file(
            book,
            functions=callbacks(),
            folder=facts.folder,
            amended=facts.amended,
            tables=facts.name,
            case=case,
            ours=ours or (),
            theirs=theirs or (),
            dry_run=dry_run,
            keep=keep,
            changes_sheet=changes,
            progress=progress,
        )
    if not dry_run and done.results:
        _remember(done.results, book, "refresh", ledger)
    printing.show_refreshed(done, dry_run=dry_run, as_json=as_json)


@app.command()
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
    as_json: Json = False,
) -> None:
    """What moved between two workbooks, and why: cells by what happened to them, value by driver."""
    from xlwings_addin.book.differences import differences
    from xlwings_addin.book.package import save

    with printing.progress() as progress:
        found = differences(before, after, folder=_folder(inputs), progress=progress)
    if html is not None:
        save(html, found.to_html().encode())
    if chart is not None:
        from xlwings_addin.book.waterfall import draw_waterfall

        if found.bridge is None:
            raise InputError("chart", str(chart), f"has nothing to show: {'; '.join(found.notes)}")
        draw_waterfall(found.bridge, chart)
    if changes:
        from xlwings_addin.book.changes_sheet import TITLE, differences_page, write_page
        from xlwings_addin.book.new_sheet import append_sheet

        append_sheet(after, TITLE, partial(write_page, differences_page(found)))
    if as_json:
        printing.show_json(found.to_json())
    else:
        printing.show_differences(found)


@app.command()
def history(
    ledger: LedgerFile = None,
    case: Annotated[str | None, typer.Option("--case", help="Only snapshots that value this case.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 20,
    as_json: Json = False,
) -> None:
    """What has been built: when, by whom, from which inputs, and what a share was worth in each case."""
    from xlwings_addin.ledger import open_ledger

    opened = open_ledger(ledger)
    if opened is None:
        raise InputError("ledger", "off", "is turned off: name a file with --ledger", shown="off")
    snapshots = opened.snapshots(limit=limit, case=case)
    if as_json:
        printing.show_json([each.as_dict() for each in snapshots])
        return
    rows = [
        (
            *(
                each.id[:8],
                each.time.strftime("%Y-%m-%d %H:%M"),
                each.who,
                each.command,
                each.inputs_hash[:8],
            ),
            ", ".join(f"{record.case} {record.value_per_share:.2f}" for record in each.cases),
        )
        for each in snapshots
    ]
    printing.show(
        printing.table(
            str(opened.path), ("Snapshot", "Time (UTC)", "Who", "What", "Inputs", "HKD a share"), rows
        )
    )


@app.command("as-of")
def as_of(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day, such as 2024-03-08.")],
    inputs: Inputs = None,
    as_json: Json = False,
) -> None:
    """Value the company with what was known on a day, and say what the cases knew too early."""
    from xlwings_addin.model.as_of import value_as_of

    cases = value_as_of(day.date(), _folder(inputs))
    if as_json:
        printing.show_json([each.as_dict() for each in cases.values()])
        return
    for each in cases.values():
        known = f"{each.known.sotp.value_per_share:.2f}" if each.known else f"no value: {each.refusal}"
        written = f"{each.as_written.sotp.value_per_share:.2f}"
        printing.show(f"{each.case}: {written} HKD a share as written, {known} with what was known")
        for late in each.late:
            printing.show(f"  {late}")


@app.command()
def index(folder: Annotated[Path, typer.Argument(help="Tables that are to be served over the web.")]) -> None:
    """Write the index that a served folder of tables needs, after every change of them."""
    from xlwings_addin.sources import write_index

    printing.show(str(write_index(folder)))


@app.command()
def scorecard(
    case: Annotated[
        str, typer.Option("--case", help="The case whose forecasts are scored.")
    ] = "march_2024_replica",
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="A snapshot of the ledger, by the start of its id.")
    ] = None,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    as_json: Json = False,
) -> None:
    """Forecasts of a past valuation beside what happened, with their errors."""
    from dataclasses import asdict

    from xlwings_addin.ledger import open_ledger
    from xlwings_addin.model.scorecard import scorecard as scores
    from xlwings_addin.model.scorecard import vintage_of
    from xlwings_addin.model.tables import load_tables

    opened = open_ledger(ledger) if snapshot is not None else None
    if opened is not None and snapshot is not None:
        vintage = opened.snapshot(snapshot).vintage(case)
    else:
        vintage = vintage_of(xa.value(case, folder=_folder(inputs)))
    found = scores(vintage, load_tables(_folder(inputs)))
    if as_json:
        printing.show_json([asdict(each) for each in found])
        return
    rows = [
        (
            *(each.label, each.period, each.unit, f"{each.forecast:,.6g}"),
            "not known" if each.actual is None else f"{each.actual:,.6g}",
            "" if each.relative_error is None else f"{each.relative_error:+.0%}",
        )
        for each in found
    ]
    printing.show(
        printing.table(vintage.name, ("What", "Period", "Unit", "Forecast", "Actual", "Error"), rows, right=3)
    )


@app.command()
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
            help="Write our functions as this calls them: desktop, office-js or libreoffice.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate every formula of a workbook, our functions included, and write the values into the file."""
    written = out or book
    with printing.progress() as progress:
        progress("Calculating")
        values = xa.recalculate(book, written, target=cast("Target | None", target))
    if as_json:
        printing.show_json(
            {"book": str(written), "values": {f"{sheet}!{cell}": v for (sheet, cell), v in values.items()}}
        )
    else:
        printing.show(f"{written}: {len(values)} formula cells calculated{printing.errors_among(values)}")


export_app = typer.Typer(no_args_is_help=True, help="Write what other programs, or the next build, read.")
app.add_typer(export_app, name="export")


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
        typer.Option("--out", help="The file to write; by default among the cases of the tables."),
    ] = None,
    inputs: Inputs = None,
    as_json: Json = False,
) -> None:
    """Turn the inputs changed in a workbook into a case, from which the same values are built again."""
    from datetime import UTC, datetime

    from xlwings_addin.book.export import export_case as export

    day = datetime.now(UTC).date()
    done = export(book, name, author=author, day=day, case=case, folder=_folder(inputs), out=out)
    overrides = {each.key: each.value for each in done.overrides}
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
    for each in done.left_out:
        printing.show(f"left out: {each}")


@export_app.command("desktop")
def export_desktop(
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("."),
    as_json: Json = False,
) -> None:
    """The add-in for Excel on Windows, its VBA modules beside it, and xlwings' configuration."""
    from xlwings_addin.hosts.desktop.addin import export_desktop as export

    written = [str(path) for path in export(out)]
    if as_json:
        printing.show_json({"files": written})
    else:
        printing.show("\n".join(written))


@export_app.command("libreoffice")
def export_libreoffice(
    out: Annotated[Path, typer.Option("--out", help="The folder to write the extension into.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write the extension for LibreOffice Calc: the functions, and the commands Refresh and Check."""
    from xlwings_addin.hosts.libreoffice.extension import export

    written = export(out)
    if as_json:
        printing.show_json({"file": str(written), "python": sys.executable})
    else:
        printing.show(
            f"{written}: install it with LibreOffice's Extension Manager, or with `unopkg add {written}`"
        )


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, write nothing.")]


@app.command()
def install(dry_run: DryRun = False) -> None:
    """Put the add-in where Excel on Windows finds it; elsewhere, say what to do there."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import install as put

    for line in put(Machine.here(), dry_run=dry_run):
        printing.show(line)


@app.command()
def uninstall(dry_run: DryRun = False) -> None:
    """Take the add-in for Excel away."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import uninstall as take_away

    for line in take_away(Machine.here(), dry_run=dry_run):
        printing.show(line)


@app.command()
def check(
    book: Annotated[Path | None, typer.Argument(help="The workbook; the project's own by default.")] = None,
    second_engine: Annotated[
        SecondEngine, typer.Option(help="LibreOffice: where installed, in any case, or not at all.")
    ] = SecondEngine.auto,
    inputs: Inputs = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="List notes too.")] = False,
    as_json: Json = False,
) -> None:
    """Prove a workbook: every line against the core, a second engine, its own checks, the input tables."""
    from udfs.registry import callbacks
    from xlwings_addin.book.compare import check as check_book

    with printing.progress() as progress:
        report = check_book(
            book or xa.default_book(),
            functions=callbacks(),
            folder=_folder(inputs),
            second_opinion=second_engine.value,
            progress=progress,
        )
    if as_json:
        printing.show_json(report.as_dict())
    else:
        printing.show_report(report, verbose=verbose)
    if not report.ok:
        raise typer.Exit(CHECK_FAILED)


@app.command()
def functions(
    name: Annotated[str | None, typer.Argument(help="A function, for its full help.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="A page to write that explains them all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the functions for cells, or explain one, or write the page that explains them all."""
    from udfs.registry import REGISTRY
    from xlwings_addin.core.errors import ChoiceError

    if name is not None and name.upper() not in REGISTRY:
        raise ChoiceError("function", name, "is not one of the add-in's: xiaomi-model functions lists them")
    if markdown is not None:
        from udfs import reference
        from xlwings_addin.book.package import save

        save(markdown, reference.markdown().encode())
        return
    chosen = [REGISTRY[name.upper()]] if name else list(REGISTRY.values())
    if as_json:
        printing.show_json([printing.function_data(each) for each in chosen])
    elif name:
        printing.show_function(chosen[0])
    else:
        rows = [(each.signature, each.summary) for each in chosen]
        printing.show(printing.table("Functions for cells", ("Function", "What it gives"), rows))


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port.")] = 8000,
    environment: Annotated[
        ServerEnvironment, typer.Option(help="In prod callers have to know XLWINGS_SECRET_KEY.")
    ] = ServerEnvironment.dev,
    hostname: Annotated[
        str | None,
        typer.Option("--hostname", help="The name Excel reaches it by, over https; by default host:port."),
    ] = None,
    license_key: Annotated[
        str | None,
        typer.Option("--license-key", envvar="XLWINGS_LICENSE_KEY", help="Your key of xlwings."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="To serve https itself: a certificate, and")
    ] = None,
    certificate_key: Annotated[Path | None, typer.Option("--certificate-key", help="its key.")] = None,
    max_megabytes: Annotated[int, typer.Option("--max-megabytes", min=1, help="A request's largest.")] = 20,
    inputs: Inputs = None,
) -> None:
    """Serve the functions, the refresh and a task pane to Excel on Mac, web and Windows (extra server)."""
    from xlwings_addin.hosts.server.serve import serve as serve_addin

    serve_addin(
        host=host,
        port=port,
        environment=environment.value,
        hostname=hostname,
        license_key=license_key,
        certificate=certificate,
        certificate_key=certificate_key,
        max_megabytes=max_megabytes,
        source=inputs,
    )


def _folder(inputs: str | None) -> Path | None:
    """The folder of tables that `--inputs` names, fetched first where it is an address."""
    if inputs is None or "://" not in inputs:
        return None if inputs is None else Path(inputs)
    from xlwings_addin.sources import fetch

    return fetch(inputs).folder


def _facts(
    inputs: str | None, progress: Callable[[str], object], *, market: bool, allow_stale: bool
) -> Facts:
    """The tables that `--inputs` names and the quotes of the day, with a warning for what has to be known."""
    from xlwings_addin.sources.facts import gather

    progress("Asking for new facts")
    facts = gather(inputs, market=market, allow_stale=allow_stale)
    for warning in facts.warnings:
        print(f"xiaomi-model: {warning}", file=sys.stderr)
    return facts


def _remember(results: Mapping[str, Results], book: Path, command: Command, ledger: Path | None) -> None:
    from xlwings_addin.ledger.remember import remember

    if forgotten := remember(results, command, book, ledger):
        print(f"xiaomi-model: not in the ledger: {forgotten}", file=sys.stderr)


if __name__ == "__main__":
    run()
