"""A local folder of input tables with its provenance, and the proof that they can be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_cases
from xlwings_addin.inputs.tables import Tables, load_tables

LONGEST_REASON = 400
"""Characters of a reason that are printed: a page of HTML can be one line of a table."""


@dataclass(frozen=True)
class Fetched:
    """Tables as they arrived.

    folder      holds `inputs/` and `cases/`
    source      a folder, an address, or words for the packaged tables
    fetched_at  when the source gave these tables, or said that they have not changed; UTC
    failure     why this is an earlier copy: what went wrong when the source was asked; else empty
    """

    folder: Path
    source: str
    fetched_at: datetime
    failure: str = ""

    @property
    def stale(self) -> bool:
        """Whether this is an earlier copy, because the source failed."""
        return bool(self.failure)


def load(fetched: Fetched) -> tuple[Tables, tuple[Inputs, ...]]:
    """The tables and every case.

    Raises `InputError` that names the source and the rule of the loader that they break.
    """
    try:
        tables = load_tables(fetched.folder)
        return tables, load_cases(fetched.folder, tables)
    except ValuationError as error:
        rule = f"must have tables that load: {shortened(str(error))}"
        raise refused(fetched.source, rule, argument="source") from error


def refused(place: str, rule: str, *, argument: str = "address") -> InputError:
    """The error that names an address or a folder, as it is written, and the rule it breaks."""
    return InputError(argument, place, rule, display=place)


def shortened(text: str) -> str:
    """A foreign text fit for a message: printable, its middle left out where it is long.

    >>> shortened("revenue\\x1b[2J")
    'revenue?[2J'
    """
    text = "".join(character if character.isprintable() else "?" for character in text)
    half = LONGEST_REASON // 2
    return text if len(text) <= LONGEST_REASON else f"{text[:half]} ... {text[-half:]}"
