"""Commands on the programs whose cells call the functions, and on the functions themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app, export_app
from xlwings_addin.cli.options import HOSTS, Company, DryRun, Inputs, Json, ServerEnvironment, source_of


@app.command(rich_help_panel=HOSTS)
def functions(
    name: Annotated[str | None, typer.Argument(help="A function, for its full help.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="A page to write that explains them all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the functions for cells, or explain one, or write the page that explains them all."""
    from xlwings_addin.core.errors import ChoiceError
    from xlwings_addin.functions.registry import REGISTRY
    from xlwings_addin.inputs.nearest import nearest

    if name is not None and name.upper() not in REGISTRY:
        rule = (
            f"is not one of the add-in's{nearest(name.upper(), REGISTRY)}: xiaomi-model functions lists them"
        )
        raise ChoiceError("function", name, rule)
    if markdown is not None:
        from xlwings_addin.functions import reference
        from xlwings_addin.hosts import HOSTS as HOST_RECORDS
        from xlwings_addin.xlsx.package import save

        save(markdown, reference.markdown(HOST_RECORDS).encode())
        return
    chosen = [REGISTRY[name.upper()]] if name else list(REGISTRY.values())
    if as_json:
        printing.show_json([printing.function_data(entry) for entry in chosen])
    elif name:
        printing.show_function(chosen[0])
    else:
        rows = [(entry.signature, entry.summary) for entry in chosen]
        printing.show(printing.table("Functions for cells", ("Function", "What it gives"), rows))


@app.command(rich_help_panel=HOSTS)
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
        Path | None, typer.Option("--certificate", help="TLS certificate file, to serve https itself.")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option("--certificate-key", help="TLS private key file.")
    ] = None,
    max_megabytes: Annotated[int, typer.Option("--max-megabytes", min=1, help="A request's largest.")] = 20,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer.")] = 1,
    inputs: Inputs = None,
    company: Company = None,
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
        workers=workers,
        source=source_of(inputs, company),
    )


@app.command(rich_help_panel=HOSTS)
def install(dry_run: DryRun = False) -> None:
    """Put the add-in where Excel on Windows or on a Mac finds it; elsewhere, say what to do there."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import install as put

    for line in put(Machine.here(), dry_run=dry_run):
        printing.show(line)


@app.command(rich_help_panel=HOSTS)
def uninstall(dry_run: DryRun = False) -> None:
    """Take the add-in for Excel away."""
    from xlwings_addin.hosts.desktop.install import Machine
    from xlwings_addin.hosts.desktop.install import uninstall as take_away

    for line in take_away(Machine.here(), dry_run=dry_run):
        printing.show(line)


@export_app.command("desktop")
def export_desktop(
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("."),
    as_json: Json = False,
) -> None:
    """The add-ins for Excel on Windows and on a Mac, their VBA modules, and xlwings' configuration."""
    from xlwings_addin.hosts.desktop.addin import export_desktop as export

    written = [str(path) for path in export(out)]
    if as_json:
        printing.show_json({"files": written})
    else:
        printing.show("\n".join(written))


@export_app.command("lite")
def export_lite(
    book: Annotated[
        Path | None, typer.Argument(help="The workbook to put the code into; the delivered one by default.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("lite"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Put our code in the place of code that stands there.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Write the workbook without the code instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the functions and the refresh for xlwings Lite: Excel on any platform, nothing to install."""
    import xlwings_addin as xa
    from xlwings_addin.hosts.lite.export import export, take_out

    source = book or xa.default_book()
    written = take_out(out, source) if remove else export(out, source, replace=replace)
    if as_json:
        printing.show_json({"files": [str(path) for path in written]})
    else:
        printing.show("\n".join(map(str, written)))


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
