"""What a refresh is asked to do: one record for the command line, for Python and for every host."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.proof.context import Amendment


def as_they_are(tables: Tables) -> Tables:
    """The amendment that changes nothing."""
    return tables


@dataclass(frozen=True)
class RefreshRequest:
    """Where the new facts come from, who decides where both sides differ, and what is left behind.

    folder         the tables; the project's own by default
    amended        the tables with what is known beside them, quotes of the day for example
    tables         what a reader calls the tables; by default where they come from
    case           the case to select; without one the selection stays
    keep_mine      keys of lines whose value in the book stays, although nobody has changed it
    take_new       keys of lines that follow the tables, although the analyst has changed them
    dry_run        say what would happen and change nothing, in a file or in a workbook that is open
    changes_sheet  append a sheet that says what was done
    backups        how many former versions stay beside a file
    keep_uncalculated  a formula that cannot be calculated with certainty, and would stop the refresh, stays
                       as it is stored, with all that hang on it
    typed          inputs to write as an analyst would, by case and key: the tables stay as they are, and from
                   then on they are overrides; `typed_by` says where they come from
    author         who has typed figures that no table has; the user of the machine by default

    Raises `InputError` for a key that is in both lists.
    """

    folder: Path | None = None
    amended: Amendment = as_they_are
    tables: str = ""
    case: str | None = None
    keep_mine: Collection[str] = ()
    take_new: Collection[str] = ()
    dry_run: bool = False
    changes_sheet: bool = False
    backups: int = 1
    keep_uncalculated: bool = False
    author: str = ""
    typed: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    typed_by: str = ""

    def __post_init__(self) -> None:
        if both := sorted(set(self.keep_mine) & set(self.take_new)):
            raise InputError("input", both[0], "must not be kept and taken from the tables at once")
