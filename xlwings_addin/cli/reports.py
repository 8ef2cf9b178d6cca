"""The command that writes the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import xlwings_addin as xa
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app
from xlwings_addin.cli.options import MODEL, Case, Company, Inputs, Json, LedgerFile, folder_of


@app.command(rich_help_panel=MODEL)
def report(
    book: Annotated[
        Path | None,
        typer.Argument(help="A workbook whose inputs count, as an analyst left them; the tables by default."),
    ] = None,
    case: Case = xa.DEFAULT_CASE,
    html: Annotated[Path | None, typer.Option("--html", help="The page to write: one file.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="The PDF to write (extra report).")] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help="A certificate to quote, as check --certificate writes it."),
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option("--fonts", help="A folder of fonts for characters that the PDF's own lack."),
    ] = None,
    ledger: LedgerFile = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Two pages for people who only read: what a share is worth, why, and what it rests on."""
    from xlwings_addin.inputs.case_files import case_meant

    folder = folder_of(inputs, company)
    case = case_meant(case, folder)
    written = xa.report(
        case,
        book=book,
        html=html,
        pdf=pdf,
        certificate=certificate,
        fonts=fonts,
        ledger=ledger,
        folder=folder,
    )
    if as_json:
        printing.show_json({"case": case, "files": [str(path) for path in written]})
    else:
        printing.show("\n".join(map(str, written)))
