"""The command that draws inputs: simulate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import xlwings_addin as xa
from xlwings_addin.cli import print_simulation, printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import MODEL, Case, Cluster, Company, Inputs, Json, folder_of, number_of
from xlwings_addin.core.errors import InputError


@app.command(rich_help_panel=MODEL)
def simulate(
    draws: Annotated[str, typer.Option("--draws", metavar="N", help="How many draws.")] = "100000",
    seed: Annotated[
        str, typer.Option("--seed", metavar="S", help="A whole number: one seed, one answer.")
    ] = "1810",
    method: Annotated[
        str,
        typer.Option(
            "--method", help="random, or sobol: sixteen scramblings of a power of two, with their own error."
        ),
    ] = "random",
    loss: Annotated[
        str,
        typer.Option("--loss", help="What a position may cost a portfolio at the 5th percentile."),
    ] = "2%",
    contributions: Annotated[
        bool, typer.Option("--contributions", help="Also what of the variance comes from which input.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Replace correlations that cannot hold together by the nearest that can."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the draws to this file, .npy or .csv.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", help="Write a run file, which SIMULATION_QUANTILE and SIMULATION_PROBABILITY read."
        ),
    ] = None,
    cluster: Cluster = None,
    case: Case = xa.DEFAULT_CASE,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What a share may be worth where inputs are drawn from their distributions.

    Distributions and correlations are those of inputs/distributions.csv and inputs/correlations.csv. Ctrl-C
    keeps what was drawn; the exit status is then 1.
    """
    with printing.progress() as doing:

        def tell(done: int, total: int) -> None:
            doing(f"{done:,} of {total:,} draws")

        options: dict[str, Any] = {"method": method, "case": case, "out": out, "repair": repair, "save": save}
        answer = xa.simulate(
            whole(draws, "--draws"),
            seed=whole(seed, "--seed"),
            loss=number_of(loss, "--loss"),
            contributions=contributions,
            cluster=cluster,
            progress=tell,
            folder=folder_of(inputs, company),
            **options,
        )
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_simulation.show_simulation(answer)
    if answer.interrupted:
        printing.warn(f"stopped after {answer.draws:,} draws of {answer.asked:,}: the answer is of those")
        raise typer.Exit(CHECK_FAILED)


def whole(text: str, argument: str) -> int:
    """A whole number as it is typed, 1,000,000 and 1e6 too."""
    try:
        number = float(text.replace(",", "").replace("_", ""))
        if number != int(number):
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(argument, text, "must be a whole number, such as 100000", display=text) from None
    plain = text.replace(",", "").replace("_", "")
    return int(plain) if plain.lstrip("+-").isdigit() else int(number)
