"""The command line: `xiaomi-model value | build | recalc | check | functions`.

Exit status: 0 when all is well, 1 when a check fails, 2 for bad input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

import xlwings_addin as xa
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from udfs.registry import Target, Udf
    from xlwings_addin.book.differences import Differences
    from xlwings_addin.book.package import CellKey, CellValue
    from xlwings_addin.book.refresh import Refreshed
    from xlwings_addin.book.report import Finding, Report
    from xlwings_addin.ledger.snapshot import Command
    from xlwings_addin.model.bridge import Bridge
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
    import logging

    from xlwings_addin.core.errors import ValuationError

    logger = logging.getLogger("xlwings_addin.cli")  # the module's name may be __main__
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is meant to look at our tables
    try:
        app()
    except ValuationError as error:
        logger.info("answered bad input with: %s", error)
        print(f"xiaomi-model: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except Exception:
        logger.exception("xiaomi-model failed")
        raise


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
        _print_cases(xa.values(folder=_folder(inputs)), as_json=as_json)
        return
    results = xa.value(case, folder=_folder(inputs))
    if as_json:
        _print_json(results.summary())
    else:
        _print(_value_table(results))


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
    with _progress() as progress:
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
        _print_json({"book": str(target), "cases": book.context.cases, "formulas": formulas})
    else:
        cases = len(book.context.cases)
        _print(f"{target}: {formulas} formula cells agree with the core in each of {cases} cases")


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

    with _progress() as progress:
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
    _print_refreshed(done, dry_run=dry_run, as_json=as_json)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="The earlier workbook.")],
    after: Annotated[Path, typer.Argument(help="The later one.")],
    html: Annotated[Path | None, typer.Option("--html", help="A page to write the differences to.")] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="A picture of the value bridge: .png or .svg.")
    ] = None,
    inputs: Inputs = None,
    as_json: Json = False,
) -> None:
    """What moved between two workbooks, and why: cells by what happened to them, value by driver."""
    from xlwings_addin.book.differences import differences
    from xlwings_addin.book.package import save

    with _progress() as progress:
        found = differences(before, after, folder=_folder(inputs), progress=progress)
    if html is not None:
        save(html, found.to_html().encode())
    if chart is not None:
        from xlwings_addin.book.waterfall import draw_waterfall

        if found.bridge is None:
            raise InputError("chart", str(chart), f"has nothing to show: {'; '.join(found.notes)}")
        draw_waterfall(found.bridge, chart)
    if as_json:
        _print_json(found.to_json())
    else:
        _print_differences(found)


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
        _print_json([each.as_dict() for each in snapshots])
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
    _print(_table(str(opened.path), ("Snapshot", "Time (UTC)", "Who", "What", "Inputs", "HKD a share"), rows))


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
        _print_json([each.as_dict() for each in cases.values()])
        return
    for each in cases.values():
        known = f"{each.known.sotp.value_per_share:.2f}" if each.known else f"no value: {each.refusal}"
        written = f"{each.as_written.sotp.value_per_share:.2f}"
        _print(f"{each.case}: {written} HKD a share as written, {known} with what was known")
        for late in each.late:
            _print(f"  {late}")


@app.command()
def index(folder: Annotated[Path, typer.Argument(help="Tables that are to be served over the web.")]) -> None:
    """Write the index that a served folder of tables needs, after every change of them."""
    from xlwings_addin.sources import write_index

    _print(str(write_index(folder)))


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
        _print_json([asdict(each) for each in found])
        return
    rows = [
        (
            *(each.label, each.period, each.unit, f"{each.forecast:,.6g}"),
            "not known" if each.actual is None else f"{each.actual:,.6g}",
            "" if each.relative_error is None else f"{each.relative_error:+.0%}",
        )
        for each in found
    ]
    _print(_table(vintage.name, ("What", "Period", "Unit", "Forecast", "Actual", "Error"), rows, right=3))


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
    with _progress() as progress:
        progress("Calculating")
        values = xa.recalculate(book, written, target=cast("Target | None", target))
    if as_json:
        _print_json(
            {"book": str(written), "values": {f"{sheet}!{cell}": v for (sheet, cell), v in values.items()}}
        )
    else:
        _print(f"{written}: {len(values)} formula cells calculated{_errors_among(values)}")


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
        _print_json(
            {
                "file": str(done.path),
                "extends": done.extends,
                "overrides": overrides,
                "left_out": done.left_out,
            }
        )
        return
    _print(f"{done.path}: {len(overrides)} overrides of {done.extends} ({', '.join(overrides)})")
    for each in done.left_out:
        _print(f"left out: {each}")


@export_app.command("desktop")
def export_desktop(
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("."),
    as_json: Json = False,
) -> None:
    """The add-in for Excel on Windows, its VBA modules beside it, and xlwings' configuration."""
    from xlwings_addin.hosts.desktop.addin import export_desktop as export

    written = [str(path) for path in export(out)]
    if as_json:
        _print_json({"files": written})
    else:
        _print("\n".join(written))


@export_app.command("libreoffice")
def export_libreoffice(
    out: Annotated[Path, typer.Option("--out", help="The folder to write the extension into.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write the extension for LibreOffice Calc: the functions, and the commands Refresh and Check."""
    from xlwings_addin.hosts.libreoffice.extension import export

    written = export(out)
    if as_json:
        _print_json({"file": str(written), "python": sys.executable})
    else:
        _print(f"{written}: install it with LibreOffice's Extension Manager, or with `unopkg add {written}`")


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, write nothing.")]


@app.command()
def install(dry_run: DryRun = False) -> None:
    """Put the add-in where Excel on Windows finds it; elsewhere, say what to do there."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import install as put

    for line in put(Machine.here(), dry_run=dry_run):
        _print(line)


@app.command()
def uninstall(dry_run: DryRun = False) -> None:
    """Take the add-in for Excel away."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import uninstall as take_away

    for line in take_away(Machine.here(), dry_run=dry_run):
        _print(line)


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

    with _progress() as progress:
        report = check_book(
            book or xa.default_book(),
            functions=callbacks(),
            folder=_folder(inputs),
            second_opinion=second_engine.value,
            progress=progress,
        )
    if as_json:
        _print_json(report.as_dict())
    else:
        _print_report(report, verbose=verbose)
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
        _print_json([_function(each) for each in chosen])
    elif name:
        _print_function(chosen[0])
    else:
        rows = [(each.signature, each.summary) for each in chosen]
        _print(_table("Functions for cells", ("Function", "What it gives"), rows))


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


# --- output -------------------------------------------------------------------------------------------


@contextmanager
def _progress() -> Iterator[Callable[[str], object]]:
    """What is being done, on standard error, while it is being done; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:
        yield lambda doing: status.update(f"{doing} ...")


def _print(what: str | Table) -> None:
    if isinstance(what, str):
        print(what)
        return
    from rich.console import Console

    Console(highlight=False).print(what)


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, default=str, ensure_ascii=False))


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0) -> Table:
    """A table whose last `right` columns are figures."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        justify: JustifyMethod = "right" if position >= len(headings) - right else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _value_table(results: Results) -> Table:
    parts = results.sotp
    rows = [
        (label, f"{part.value:,.0f}", f"{part.usd:,.0f}", f"{part.per_share:.2f}")
        for label, part in (
            ("Core business", parts.core),
            ("Electric vehicles", parts.vehicle),
            ("New initiatives", parts.new_initiatives),
            ("Holding discount", parts.discount),
            ("Net cash", parts.net_cash),
            ("Investments", parts.associates),
            ("Minority interests", parts.minority_interest),
            ("Equity value", parts.equity),
        )
        if part.value or part is parts.equity
    ]
    price = results.inputs.number("price_hkd")
    rows.append(("Price", "", "", f"{price:.2f}"))
    rows.append(("Margin of safety", "", "", _percent(parts.margin_of_safety)))
    title = f"{results.case}, {results.inputs['valuation_date']}: {results.inputs['case_title']}"
    return _table(title, ("", "CNY m", "USD m", "HKD a share"), rows, right=3)


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


def _print_differences(found: Differences) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items() if count)
    _print(f"{found.before} and {found.after}: {counts or 'no difference'}")
    for note in found.notes:
        _print(note)
    if found.bridge is not None:
        _print_bridge(found.bridge)


def _print_bridge(bridge: Bridge) -> None:
    rows = [
        (each.label, f"{each.part:+.4f}", f"{each.error:.4f}" if each.error else "")
        for each in bridge.drivers
    ]
    title = f"{bridge.after_case}: {bridge.before:.2f} to {bridge.after:.2f} HKD a share"
    _print(_table(title, ("Driver", "HKD a share", "Standard error"), rows, right=2))


def _print_refreshed(done: Refreshed, *, dry_run: bool, as_json: bool) -> None:
    from xlwings_addin.book.refresh import rows_of

    rows = list(rows_of(done))
    if as_json:
        names = ("what", "where", "before", "after", "tables", "source", "as_of")
        _print_json(
            {
                "book": done.book,
                "case": done.case,
                "written": not dry_run,
                "value_per_share_hkd": {"before": done.value_before, "after": done.value_after},
                "tables": done.tables,
                "changes": [dict(zip(names, row, strict=True)) for row in rows],
                "bridge": None if done.bridge is None else done.bridge.as_dict(),
                "notes": list(done.notes),
                "unplaced": done.plan.unplaced,
                "backup": str(done.backup) if done.backup else None,
            }
        )
        return
    if rows:
        shown = [tuple("" if cell is None else str(cell) for cell in row[:5]) for row in rows]
        _print(_table("Refresh", ("What", "Where", "Before", "After", "Tables"), shown, right=3))
    if done.bridge is not None:
        _print_bridge(done.bridge)
    for note in done.notes:
        _print(note)
    if unplaced := done.plan.unplaced:
        more = f" and {len(unplaced) - SHOWN} more" if len(unplaced) > SHOWN else ""
        _print(f"no line in this workbook, build a new one to see it: {', '.join(unplaced[:SHOWN])}{more}")
    counts = f"{len(done.plan.updated)} inputs updated, {len(done.plan.overrides)} overrides kept"
    before, after = (
        f"{each:.2f}" if isinstance(each, float) else each for each in (done.value_before, done.value_after)
    )
    verb = "would go" if dry_run else "went"
    _print(f"{done.book}: {counts}; {done.case} {verb} from {before} to {after} HKD a share")
    if done.backup:
        _print(f"the former version is {done.backup}")


def _errors_among(values: Mapping[CellKey, CellValue]) -> str:
    from xlwings_addin.book.package import is_error

    wrong = [f"{sheet}!{cell} {value}" for (sheet, cell), value in values.items() if is_error(value)]
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"; errors in {', '.join(wrong[:SHOWN])}{more}" if wrong else ""


def _percent(share: float | str) -> str:
    return share if isinstance(share, str) else f"{share:.1%}"


def _print_cases(cases: Mapping[str, Results], *, as_json: bool) -> None:
    from xlwings_addin.model.xiaomi import weighted_value

    weighted = weighted_value(cases.values())
    if as_json:
        summaries = {case: results.summary() for case, results in cases.items()}
        value = None if isinstance(weighted, str) else weighted
        _print_json({"cases": summaries, "weighted_value_per_share_hkd": value})
        return
    rows = [
        (
            case,
            *(f"{part.per_share:.2f}" for part in (each.sotp.core, each.sotp.vehicle)),
            *(f"{each.sotp.cash_and_other_per_share:.2f}", f"{each.sotp.value_per_share:.2f}"),
            *(f"{each.inputs.number('price_hkd'):.2f}", _percent(each.sotp.margin_of_safety)),
            f"{each.inputs.number('probability'):.0%}",
        )
        for case, each in cases.items()
    ]
    total = weighted if isinstance(weighted, str) else f"{weighted:.2f}"
    rows.append(("weighted", "", "", "", total, "", "", ""))
    headings = ("Case", "Core", "Vehicles", "Other", "Value", "Price", "Margin", "Weight")
    _print(_table("HKD a share", headings, rows, right=7))


def _function(entry: Udf) -> dict[str, Any]:
    from udfs.registry import PREFIXES

    return {
        "name": entry.name,
        "family": entry.family,
        "signature": entry.signature,
        "summary": entry.summary,
        "formula": entry.formula,
        "arguments": [
            {
                "name": each.host_name,
                "kind": each.kind,
                "unit": each.unit,
                "doc": each.doc,
                "optional": each.optional,
                "default": each.default,
                "choices": each.choices,
            }
            for each in entry.parameters
        ],
        "returns": entry.returns,
        "errors": entry.errors,
        "source": entry.source,
        "example": {"formula": entry.example.formula, "result": entry.example.result},
        "spelling": {target: prefix + entry.name for target, prefix in PREFIXES.items()},
    }


def _print_function(entry: Udf) -> None:
    from udfs.reference import GIVEN_AS
    from udfs.registry import PREFIXES

    arguments = [(each.host_name, each.unit, GIVEN_AS[each.kind], each.doc) for each in entry.parameters]
    _print(f"{entry.signature}\n{entry.summary}\n")
    if arguments:
        _print(_table("Arguments", ("Argument", "Unit", "Given as", "What it is"), arguments))
    spellings = ", ".join(f"{prefix}{entry.name} ({target})" for target, prefix in PREFIXES.items())
    _print(
        f"Formula: {entry.formula}\nReturns: {entry.returns}\nErrors: {entry.errors}\n"
        f"Example: {entry.example.formula} gives {entry.example.result}\nSource: {entry.source}\n"
        f"In a file: {spellings}"
    )


def _print_report(report: Report, *, verbose: bool) -> None:
    _print(
        f"{report.book}: {report.lines} lines, {report.comparisons} comparisons of a formula with the core "
        f"in {len(report.cases)} cases ({', '.join(report.cases)})"
    )
    _print(f"second engine: {report.second_engine}; {report.second_comparisons} comparisons")
    shown = {"failure": "Failures", "warning": "Warnings"} | ({"note": "Notes"} if verbose else {})
    for severity, title in shown.items():
        rows = [_finding_row(each) for each in report.findings if each.severity == severity]
        if rows and sys.stdout.isatty():
            _print(_table(title, ("Kind", "Case", "Where", "Line", "What"), rows))
        for row in () if sys.stdout.isatty() else rows:
            _print(f"{severity}: {' | '.join(cell for cell in row if cell)}")
    counts = report.counts()
    _print(
        f"{'OK' if report.ok else 'FAILED'}: {counts.get('failure', 0)} failures, "
        f"{counts.get('warning', 0)} warnings, {counts.get('note', 0)} notes"
    )


def _finding_row(finding: Finding) -> tuple[str, ...]:
    where = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
    what = f"{finding.message}  {finding.formula}" if finding.formula else finding.message
    return finding.kind, finding.case, where, finding.line, what


if __name__ == "__main__":
    main()
