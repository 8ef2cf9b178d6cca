"""Commands on companies: a folder to start a new one from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app
from xlwings_addin.cli.options import MODEL, Json
from xlwings_addin.core.errors import InputError


@app.command(rich_help_panel=MODEL)
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to write; it must not be there yet.")],
    segments: Annotated[
        str,
        typer.Option(
            "--segments",
            metavar="KEY:TEMPLATE,...",
            help="Its businesses, such as phones:units_and_price,cloud:growth_fade.",
        ),
    ],
    currency: Annotated[
        str, typer.Option("--currency", help="Of its share and its accounts: three letters.")
    ] = "USD",
    as_json: Json = False,
) -> None:
    """Write the folder of a new company from templates, and name the figures that it still lacks."""
    from xlwings_addin.inputs.tables import load_tables
    from xlwings_addin.segments.new_company import create_company, missing_figures

    company = create_company(folder, _pairs(segments), currency=currency)
    missing = missing_figures(load_tables(folder))
    if as_json:
        printing.show_json({"folder": str(folder), "company": company.key, "missing": missing})
        return
    printing.show(f"{folder}: {len(company.parameters)} inputs, {len(company.segments)} segments")
    for file, keys in missing.items():
        printing.show(f"{file} lacks {len(keys)}: {', '.join(keys)}")
    printing.show(f"then: xiaomi-model value --company {folder}")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Keys and templates; `InputError` for what is no pair."""
    pairs = []
    for word in text.split(","):
        key, colon, template = word.strip().partition(":")
        if not (key and colon and template):
            raise InputError("--segments", word, "must be KEY:TEMPLATE, several separated by commas")
        pairs.append((key, template))
    return pairs
