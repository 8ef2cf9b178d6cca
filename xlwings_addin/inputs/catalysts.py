"""Days on which something is to be known that moves a line: `inputs/catalysts.csv`, which may be missing.

    day,title,key,basis,source,as_of,note

`key` names the input or line that it moves: base_year for results, vehicle_deliveries for deliveries. `basis`
is reported where it has happened, guidance where the company has named the day, assumption where former years
make it expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import get_args

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.tables import Basis, records_of

CATALYSTS = "catalysts.csv"
COLUMNS = ("day", "title", "key", "basis", "source", "as_of", "note")


@dataclass(frozen=True)
class Catalyst:
    """A day, what is to happen on it and the line it moves; since when it is known, and from where."""

    day: date
    title: str
    moves: str
    basis: str
    source: str
    as_of: date
    note: str

    def __str__(self) -> str:
        return f"{self.title} ({self.day.isoformat()}, moves {self.moves})"


def read_catalysts(folder: Path | None = None) -> tuple[Catalyst, ...]:
    """The catalysts of a folder of tables, the project's own by default, by day.

    Raises `InputError` naming file, line, column, value and rule for what cannot be read.

    >>> all(one.as_of <= one.day for one in read_catalysts())
    True
    """
    inputs = checked_folder(folder) / "inputs"
    return _read(inputs, stamp(inputs / CATALYSTS))


@lru_cache(maxsize=4)
def _read(inputs: Path, of_catalysts: tuple[int, int]) -> tuple[Catalyst, ...]:
    records = records_of(inputs / CATALYSTS, COLUMNS) if any(of_catalysts) else ()
    return tuple(sorted((_catalyst(record) for record in records), key=lambda one: one.day))


def _catalyst(record: dict[str, str | int]) -> Catalyst:
    texts = {column: str(record[column]).strip() for column in COLUMNS}
    place = f"{CATALYSTS} line {record['line']}"
    for column in ("title", "key", "source"):
        if not texts[column]:
            raise InputError(f"{place} {column}", texts[column], "must not be empty")
    if texts["basis"] not in get_args(Basis):
        raise InputError(f"{place} basis", texts["basis"], f"must be one of {', '.join(get_args(Basis))}")
    days = {column: day_of(texts[column], f"{place} {column}") for column in ("day", "as_of")}
    return Catalyst(
        days["day"],
        texts["title"],
        texts["key"],
        texts["basis"],
        texts["source"],
        days["as_of"],
        texts["note"],
    )


def day_of(text: str, name: str) -> date:
    """A day in ISO form, or an `InputError`.

    >>> day_of("2026-03-24", "day")
    datetime.date(2026, 3, 24)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(name, text, "must be a day such as 2026-03-24") from None
