"""Options that several commands share, and the panels of the help that commands stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from xlwings_addin.cli import printing
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from xlwings_addin.ledger.snapshot import Command
    from xlwings_addin.sources.facts import Facts
    from xlwings_addin.valuation.xiaomi import Results

MODEL: Final = "Model"
WORKBOOK: Final = "Workbook"
HISTORY: Final = "History"
HOSTS: Final = "Hosts"

Case = Annotated[
    str,
    typer.Option(
        "--case",
        show_default=False,
        help="The case: a table in cases/ of the company; by default the one that it opens with.",
    ),
]
Inputs = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="<folder or https address>",
        help="Tables to use in place of the project's own: a folder with inputs/ and cases/, or an address.",
    ),
]
Company = Annotated[
    str | None,
    typer.Option(
        "--company",
        metavar="<name or folder>",
        help="The company: one of the project's own, or a folder with company.toml; xiaomi by default.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="<threads, local or address>",
        help="Who does the work: threads or threads:4 of this process, local or local:4 for processes "
        "of this machine, or a Dask scheduler by its address, tcp://10.0.0.5:8786 (extra scale).",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set an input or driver first; may be repeated. 12.5% is 0.125."
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
KeepUncalculated = Annotated[
    bool,
    typer.Option(
        "--keep-uncalculated",
        help="Keep what cannot be calculated with certainty, and all that hangs on it, as stored; the file "
        "asks to be recalculated when it is opened, and the exit status is 1.",
    ),
]
StoredValuesAreOld = Annotated[
    bool,
    typer.Option(
        "--stored-values-are-old",
        help="The file was edited after its values were stored: calculate every formula anew.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, write nothing.")]


class Live(StrEnum):
    """What a new workbook calculates in what-if tables."""

    none = "none"
    cases = "cases"
    all = "all"


class SecondEngine(StrEnum):
    """Which second engine is asked."""

    auto = "auto"
    libreoffice = "libreoffice"
    ironcalc = "ironcalc"
    require = "require"
    skip = "skip"


class ServerEnvironment(StrEnum):
    """Whether the server is tried out on this machine, or serves others."""

    dev = "dev"
    prod = "prod"


def source_of(inputs: str | None, company: str | None) -> str | None:
    """The folder or address that `--inputs` or `--company` names; None where neither is there."""
    if company is None:
        return inputs
    from xlwings_addin.core.errors import InputError
    from xlwings_addin.inputs.folders import company_folder, tables_folder

    if inputs is not None:
        rule = "must not stand beside --inputs: the folder of a company has its own tables"
        raise InputError("--company", company, rule, display=company)
    folder = company_folder(company)
    return None if folder == tables_folder() else str(folder)


def folder_of(inputs: str | None, company: str | None = None) -> Path | None:
    """The folder of tables that `--inputs` or `--company` names, fetched first where it is an address."""
    inputs = source_of(inputs, company)
    if inputs is None or "://" not in inputs:
        return None if inputs is None else Path(inputs)
    from xlwings_addin.sources import fetch

    return fetch(inputs).folder


def facts_of(
    inputs: str | None, progress: Callable[[str], object], *, market: bool, allow_stale: bool
) -> Facts:
    """The tables that `--inputs` names and the quotes of the day, with a warning for what has to be known."""
    from xlwings_addin.sources.facts import gather

    progress("Asking for new facts")
    facts = gather(inputs, market=market, allow_stale=allow_stale)
    for warning in facts.warnings:
        printing.warn(warning)
    return facts


def remember_in_ledger(
    results: Mapping[str, Results], book: Path, command: Command, ledger: Path | None
) -> None:
    """Add a snapshot, and say so where there can be none."""
    from xlwings_addin.ledger.remember import remember

    if forgotten := remember(results, command, book, ledger):
        printing.warn(f"not in the ledger: {forgotten}")


def number_of(text: str, argument: str) -> float:
    """A number as it is typed, 12.5% too."""
    plain = text.strip().replace(",", "")
    share = plain.endswith("%")
    try:
        number = float(plain.removesuffix("%"))
    except ValueError:
        raise InputError(argument, text, "must be a number, such as 38.86 or 12.5%", display=text) from None
    return number / 100 if share else number


def assignment(text: str, argument: str) -> tuple[str, float]:
    """`KEY=VALUE` as its two parts."""
    key, equals, value = text.rpartition("=")
    if not equals or not key.strip():
        raise InputError(argument, text, "must be KEY=VALUE, such as tax_rate=20%", display=text)
    return key.strip(), number_of(value, argument)


def settings_of(settings: list[str] | None) -> dict[str, float]:
    return dict(assignment(text, "--set") for text in settings or [])
