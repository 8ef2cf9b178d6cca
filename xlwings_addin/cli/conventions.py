"""Commands on how a valuation is made, and what its ramp rests on: conventions, replicate, fit-ramp."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import xlwings_addin as xa
from xlwings_addin.cli import print_conventions, printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import MODEL, Case, Company, Inputs, Json, folder_of, number_of
from xlwings_addin.core.errors import InputError


@app.command(rich_help_panel=MODEL)
def conventions(
    case: Case = xa.DEFAULT_CASE,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="CASE",
            help="A case whose conventions are the other set. By default the first other option of each.",
        ),
    ] = "",
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What other conventions are worth in money a share, on the same facts: alone and together.

    Together, the change is split by Shapley value, so that the parts sum to it in any order.
    """
    answer = xa.conventions(case, against=against, folder=folder_of(inputs, company))
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_conventions.show_conventions(answer)


@app.command(rich_help_panel=MODEL)
def replicate(
    figures: Annotated[
        Path,
        typer.Argument(
            metavar="<FIGURES.csv>", help="Printed figures: columns figure, printed, unit, half_width."
        ),
    ],
    case: Case = "march_2024_replica",
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="KEY=A,B,C", help="Values of another input to try; may be repeated."),
    ] = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Which sets of conventions reproduce the printed figures of a valuation, and what they leave open.

    Exit status 1 where none does; the nearest set is then named.
    """
    values = dict(_values(text) for text in vary or [])
    answer = xa.replicate(figures, case=case, vary=values, folder=folder_of(inputs, company))
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_conventions.show_replicated(answer)
    if not answer.sets:
        raise typer.Exit(CHECK_FAILED)


def _values(text: str) -> tuple[str, list[float]]:
    """`KEY=A,B,C` as the key and its numbers."""
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        rule = "must be KEY=A,B,C, such as vehicle_terminal_growth=4%,5%"
        raise InputError("--vary", text, rule, display=text)
    return key.strip(), [number_of(value, "--vary") for value in values.split(",")]


@app.command("fit-ramp", rich_help_panel=MODEL)
def fit_ramp(
    case: Case = xa.DEFAULT_CASE,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="A curve: logistic, gompertz or bass; may be repeated. All three by default."
        ),
    ] = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What quarterly deliveries say of a ramp: fitted S-curves, their saturation, and other makers' ramps."""
    folder = folder_of(inputs, company)
    answer = xa.fit_ramp(case, models=model, folder=folder) if model else xa.fit_ramp(case, folder=folder)
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_conventions.show_ramp(answer)
