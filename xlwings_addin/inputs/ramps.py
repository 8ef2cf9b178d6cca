"""Deliveries of other makers by year, to hold a ramp against: `inputs/ramps.csv`, which may be missing.

    maker,key,year,value,basis,source,note

`key` is what is counted, as in the company's own tables: vehicle_deliveries. Years of one maker follow each
other. Year 0 of a ramp is the first with 100,000 vehicles or more; a maker whose table starts above that has
no year 0, and is named as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import get_args

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.tables import Basis, records_of

RAMPS = "ramps.csv"
COLUMNS = ("maker", "key", "year", "value", "basis", "source", "note")
RAMP_STARTS_AT = 100_000.0


@dataclass(frozen=True)
class RampYear:
    """What a maker delivered in a year, vehicles."""

    maker: str
    key: str
    year: int
    deliveries: float
    basis: str
    source: str
    note: str


def read_ramps(folder: Path | None = None) -> tuple[RampYear, ...]:
    """The ramps of a folder of tables, the project's own by default.

    Raises `InputError` naming file, line, column, value and rule for what cannot be read.

    >>> sorted({row.maker for row in read_ramps()})[-1]
    'XPeng'
    """
    inputs = checked_folder(folder) / "inputs"
    return _read(inputs, stamp(inputs / RAMPS))


@lru_cache(maxsize=4)
def _read(inputs: Path, of_ramps: tuple[int, int]) -> tuple[RampYear, ...]:
    rows: list[RampYear] = []
    for record in records_of(inputs / RAMPS, COLUMNS) if any(of_ramps) else ():
        texts = {column: str(record[column]).strip() for column in COLUMNS}
        place = f"{RAMPS} line {record['line']}"
        for column in ("maker", "key", "source"):
            if not texts[column]:
                raise InputError(f"{place} {column}", texts[column], "must not be empty")
        if texts["basis"] not in get_args(Basis):
            rule = f"must be one of {', '.join(get_args(Basis))}"
            raise InputError(f"{place} basis", texts["basis"], rule)
        for column in ("year", "value"):
            if not texts[column].isascii() or not texts[column].isdigit():
                raise InputError(f"{place} {column}", texts[column], "must be a whole number, 0 or more")
        year = int(texts["year"])
        earlier = [row.year for row in rows if (row.maker, row.key) == (texts["maker"], texts["key"])]
        if earlier and year != earlier[-1] + 1:
            raise InputError(f"{place} year", year, f"must follow {earlier[-1]} of {texts['maker']}")
        numbers = (year, float(texts["value"]))
        words = (texts["basis"], texts["source"], texts["note"])
        rows.append(RampYear(texts["maker"], texts["key"], *numbers, *words))
    return tuple(rows)
