"""Commands that answer questions of a case: implied, sensitivity, tornado, multiples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import xlwings_addin as xa
from xlwings_addin.cli import print_answers, printing
from xlwings_addin.cli.app import CHECK_FAILED, app
from xlwings_addin.cli.options import (
    MODEL,
    Case,
    Company,
    Inputs,
    Json,
    Settings,
    assignment,
    folder_of,
    number_of,
    settings_of,
)
from xlwings_addin.core.errors import InputError

Hold = Annotated[
    list[str] | None,
    typer.Option(
        "--hold", metavar="KEY", help="Leave an input as it is that the driver would move, a plant say."
    ),
]


@app.command(rich_help_panel=MODEL)
def implied(
    solve: Annotated[
        list[str],
        typer.Option("--solve", metavar="KEY", help="The input or driver to solve for; may be repeated."),
    ],
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price",
            help="Of a share, in the currency it is listed in; may be repeated. The case's own by default.",
        ),
    ] = None,
    market_value: Annotated[
        list[str] | None,
        typer.Option(
            "--market-value", help="In place of a price: of all shares, in billions. 1000 is a trillion."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="LINE[@YEAR]=VALUE",
            help="Any line in place of the value of a share, such as vehicle_units.ebit@2030=0.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="KEY", help="A second input or driver: pairs worth the same."),
    ] = None,
    settings: Settings = None,
    hold: Hold = None,
    between: Annotated[
        tuple[str, str] | None, typer.Option("--between", metavar="LOW HIGH", help="The range to look in.")
    ] = None,
    case: Case = xa.DEFAULT_CASE,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What must happen for a price: one input or driver solved for, the rest of the case as it is.

    The drivers are those of inputs/drivers.csv; any input is one by itself. Exit status 1 where a target is
    not reached.
    """
    folder = folder_of(inputs, company)
    line, value = assignment(target, "--target") if target is not None else ("", None)
    prices = None if target is not None else _prices(price, market_value, case, folder)
    if target is not None and (price or market_value):
        raise InputError("--target", target, "and a price exclude each other", display=target)
    shared: dict[str, Any] = {
        "case": case,
        "target": line,
        "value": value,
        "hold": hold or (),
        "folder": folder,
    }
    shared["settings"] = settings_of(settings)
    if against is not None:
        if prices is not None and len(prices) > 1:
            raise InputError(
                "--price", prices, "must be one where --against asks for pairs", display=f"{prices}"
            )
        price_of_pairs = None if prices is None else prices[0]
        curves = [xa.iso_curve(price_of_pairs, solve=key, against=against, **shared) for key in solve]
        if as_json:
            printing.show_json([curve.summary() for curve in curves])
        else:
            print_answers.show_curves(curves)
        return
    ends = (
        None if between is None else (number_of(between[0], "--between"), number_of(between[1], "--between"))
    )
    answers = [xa.implied(prices, solve=key, between=ends, **shared) for key in solve]
    if as_json:
        printing.show_json([answer.summary() for answer in answers])
    else:
        print_answers.show_implied(answers)
    if not all(answer.solved for answer in answers):
        raise typer.Exit(CHECK_FAILED)


@app.command(rich_help_panel=MODEL)
def sensitivity(
    key: Annotated[str, typer.Argument(metavar="KEY", help="An input, or a driver of inputs/drivers.csv.")],
    other: Annotated[str, typer.Argument(metavar="KEY", help="A second one: a table of the two.")] = "",
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--values",
            metavar="A,B,C or LOW:HIGH:STEPS",
            help="What it is to be; once for each key. Its own range in equal steps by default.",
        ),
    ] = None,
    target: Annotated[
        str,
        typer.Option("--target", metavar="LINE[@YEAR]", help="Any line in place of the value of a share."),
    ] = "",
    settings: Settings = None,
    hold: Hold = None,
    case: Case = xa.DEFAULT_CASE,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """The value of a share, or any line, where one or two inputs or drivers have other values."""
    rows = [_row(text) for text in values or []]
    if len(rows) > (2 if other else 1):
        raise InputError(
            "--values", len(rows), "must be there once for each key", display=f"{len(rows)} times"
        )
    answer = xa.sensitivity(
        key,
        other,
        values=rows[0] if rows else None,
        other_values=rows[1] if len(rows) > 1 else None,
        case=case,
        target=target,
        settings=settings_of(settings),
        hold=hold or (),
        folder=folder_of(inputs, company),
    )
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_answers.show_sensitivity(answer)


def _row(text: str) -> list[float]:
    """`8%,9%,10%`, or `8%:10%:3` for three numbers in equal steps."""
    if ":" not in text:
        return [number_of(part, "--values") for part in text.split(",")]
    parts = text.split(":")
    if len(parts) != 3 or not parts[2].strip().isdigit() or int(parts[2]) < 2:
        rule = "must be numbers with commas between them, or LOW:HIGH:STEPS with two steps or more"
        raise InputError("--values", text, rule, display=text)
    low, high, steps = number_of(parts[0], "--values"), number_of(parts[1], "--values"), int(parts[2])
    return [low + (high - low) * step / (steps - 1) for step in range(steps)]


@app.command(rich_help_panel=MODEL)
def tornado(
    case: Case = xa.DEFAULT_CASE,
    all_cases: Annotated[
        bool, typer.Option("--all", help="Every case, and how alike the order of the inputs is.")
    ] = False,
    most: Annotated[int, typer.Option("--most", min=1, help="Print so many inputs; JSON has all.")] = 20,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Every input at both ends of its own range: which of them the value of a share hangs on most."""
    folder = folder_of(inputs, company)
    if not all_cases:
        answer = xa.tornado(case, folder=folder)
        if as_json:
            printing.show_json(answer.summary())
        else:
            print_answers.show_tornado(answer, most)
        return
    from xlwings_addin.analytics.tornado import rank_stability, tornado_of
    from xlwings_addin.inputs.cases import load_cases

    stable = rank_stability([tornado_of(one) for one in load_cases(folder)])
    if as_json:
        printing.show_json(stable.summary())
    else:
        print_answers.show_ranks(stable, most)


@app.command(rich_help_panel=MODEL)
def multiples(
    case: Case = xa.DEFAULT_CASE,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """What multiples make a share worth, beside the model in every case: the rows of a football field.

    Methods and peers are those of inputs/multiples.csv and inputs/peers.csv.
    """
    answer = xa.multiples(case, folder=folder_of(inputs, company))
    if as_json:
        printing.show_json(answer.summary())
    else:
        print_answers.show_multiples(answer)


def _prices(
    price: list[str] | None, market_value: list[str] | None, case: str, folder: Path | None
) -> list[float]:
    """The prices asked about: those named, those of all shares together, else the case's own."""
    named = [number_of(text, "--price") for text in price or []]
    if not named or market_value:
        results = xa.value(case, folder=folder)
        named += [
            number_of(text, "--market-value") * 1000 / results.sotp.shares for text in market_value or []
        ]
        named = named or [results.inputs.number(results.company.price_key)]
    return named
