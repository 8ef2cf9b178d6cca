"""What somebody has said would come: targets, promises and talk with their days, in `inputs/claims.csv`.

    day,who,claim,key,result,low,high,unit,basis,source,note

`key` is the line the claim is about, and `result` a formula over figures of the tables that says what came
(`vehicle_deliveries@FY2024`); it may be empty where no figure of the tables does. `low` and `high` are what
was said: at least `low` where `high` is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import get_args

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.catalysts import day_of
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.tables import Basis, records_of

CLAIMS = "claims.csv"
COLUMNS = ("day", "who", "claim", "key", "result", "low", "high", "unit", "basis", "source", "note")


@dataclass(frozen=True)
class Claim:
    """Who said on a day what would come; `result` says what came, `high` is None for an open end."""

    day: date
    who: str
    claim: str
    key: str
    result: Formula | None
    low: float | None
    high: float | None
    unit: str
    basis: str
    source: str
    note: str


def read_claims(folder: Path | None = None) -> tuple[Claim, ...]:
    """The claims of a folder of tables, the project's own by default, by day.

    Raises `InputError` naming file, line, column, value and rule for what cannot be read.

    >>> any(claim.low == 550_000 for claim in read_claims())
    True
    """
    inputs = checked_folder(folder) / "inputs"
    return _read(inputs, stamp(inputs / CLAIMS))


@lru_cache(maxsize=4)
def _read(inputs: Path, of_claims: tuple[int, int]) -> tuple[Claim, ...]:
    records = records_of(inputs / CLAIMS, COLUMNS) if any(of_claims) else ()
    return tuple(sorted((_claim(record) for record in records), key=lambda claim: claim.day))


def _claim(record: dict[str, str | int]) -> Claim:
    texts = {column: str(record[column]).strip() for column in COLUMNS}
    place = f"{CLAIMS} line {record['line']}"
    for column in ("who", "claim", "key", "source"):
        if not texts[column]:
            raise InputError(f"{place} {column}", texts[column], "must not be empty")
    if texts["basis"] not in get_args(Basis):
        raise InputError(f"{place} basis", texts["basis"], f"must be one of {', '.join(get_args(Basis))}")
    low, high = (_number(texts[column], f"{place} {column}") for column in ("low", "high"))
    if high is not None and (low is None or high < low):
        raise InputError(f"{place} high", high, "must not be below low, which must be there")
    formula = texts["result"]
    result = read_formula(formula, argument=f"{place} result") if formula else None
    words = (texts["unit"], texts["basis"], texts["source"], texts["note"])
    about = (texts["who"], texts["claim"], texts["key"])
    return Claim(day_of(texts["day"], f"{place} day"), *about, result, low, high, *words)


def _number(text: str, name: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(name, text, "must be a number, or empty") from None
