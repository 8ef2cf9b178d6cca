"""What the ledger keeps of a build or refresh.

>>> from xlwings_addin.model.inputs import load_inputs
>>> inputs = load_inputs("base")
>>> hash_of(inputs) == hash_of(inputs.replace(vehicle_wacc=0.125))
False
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from xlwings_addin import __version__
from xlwings_addin.core.errors import InputError
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.scorecard import Forecast, Vintage, vintage_of
from xlwings_addin.model.tables import Row, Tables, same_figure
from xlwings_addin.model.xiaomi import Results

PACKAGE = "xiaomi-model"

Command = Literal["build", "refresh"]
COMMANDS: tuple[Command, ...] = ("build", "refresh")


@dataclass(frozen=True)
class Scalar:
    """A scalar input as a snapshot keeps it; `value` is its canonical text, as `canonical` writes it."""

    key: str
    value: str
    unit: str
    basis: str
    source: str
    as_of: date


@dataclass(frozen=True)
class CaseRecord:
    """One case of a snapshot. HKD per share; `margin_of_safety` is None where there is none."""

    case: str
    valuation_date: date
    value_per_share: float
    core: float
    vehicle: float
    cash_and_other: float
    price: float
    margin_of_safety: float | None
    core_method: str
    vehicle_method: str
    inputs_hash: str
    scalars: tuple[Scalar, ...]
    forecasts: tuple[Forecast, ...]


@dataclass(frozen=True)
class Snapshot:
    """One build or refresh: when (UTC), who, with which program and inputs, and what came out."""

    id: str
    time: datetime
    who: str
    version: str
    command: str
    book: str
    inputs_hash: str
    cases: tuple[CaseRecord, ...]

    def case(self, name: str) -> CaseRecord:
        """A case of it; `InputError` with the names there are."""
        for record in self.cases:
            if record.case == name:
                return record
        raise InputError("case", name, f"must be one of {', '.join(each.case for each in self.cases)}")

    def vintage(self, case: str) -> Vintage:
        """What a case of it expected, for a scorecard."""
        record = self.case(case)
        return Vintage(f"{case} of snapshot {self.id[:8]}", record.valuation_date, record.forecasts)

    def as_dict(self) -> dict[str, object]:
        """For a program to read, without the inputs and forecasts themselves."""
        return {
            "id": self.id,
            "time": self.time.isoformat(),
            "who": self.who,
            "version": self.version,
            "command": self.command,
            "book": self.book,
            "inputs_hash": self.inputs_hash,
            "cases": {
                each.case: {
                    "valuation_date": each.valuation_date.isoformat(),
                    "value_per_share_hkd": each.value_per_share,
                    "core_hkd": each.core,
                    "vehicle_hkd": each.vehicle,
                    "cash_and_other_hkd": each.cash_and_other,
                    "price_hkd": each.price,
                    "margin_of_safety": each.margin_of_safety,
                    "methods": {"core": each.core_method, "vehicle": each.vehicle_method},
                    "inputs_hash": each.inputs_hash,
                }
                for each in self.cases
            },
        }


def snapshot_of(
    results: Mapping[str, Results],
    *,
    command: Command,
    book: Path | str,
    at: datetime | None = None,
    who: str | None = None,
    version: str | None = None,
) -> Snapshot:
    """The snapshot of a build or refresh: now, by the login name and the installed version unless given.

    `book` is a file, or the name of a workbook that is open in a program.
    Raises `InputError` for no case, another command and a time without a zone.
    """
    if not results:
        raise InputError("results", 0, "must hold a case")
    if command not in COMMANDS:
        raise InputError("command", command, f"must be one of {', '.join(COMMANDS)}")
    at = at or datetime.now(UTC)
    if at.tzinfo is None:
        raise InputError("at", at, "must have a time zone", shown=at.isoformat())
    cases = tuple(_record(each) for each in results.values())
    return Snapshot(
        id=uuid.uuid4().hex,
        time=at.astimezone(UTC),
        who=_login() if who is None else who,
        version=__version__ if version is None else version,
        command=command,
        book=os.path.abspath(book) if isinstance(book, Path) else book,
        inputs_hash=sha256([each.case, each.inputs_hash] for each in cases),
        cases=cases,
    )


def canonical(value: object) -> str:
    """The text of a value that reads back as the same value: shortest for a float, ISO for a date.

    >>> canonical(0.1), canonical(2024), canonical(2024.0), canonical(date(2024, 3, 8)), canonical("mid")
    ('0.1', '2024', '2024', '2024-03-08', 'mid')
    """
    if isinstance(value, float | int):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    return value.isoformat() if isinstance(value, date) else str(value)


def hash_of(inputs: Inputs) -> str:
    """SHA-256 of the inputs of a case: its scalars, and the figures of the tables that stand.

    Each counts with value, unit, basis, source and date. The order of rows, notes, ranges and places in files
    do not count, nor do figures that lost a conflict.
    """
    return sha256(_canonical_rows(inputs))


def _canonical_rows(inputs: Inputs) -> Iterator[list[str]]:
    for each in sorted(_scalars(inputs), key=lambda scalar: scalar.key):
        yield ["scalar", each.key, each.value, *_provenance(each)]
    yield from _canonical_figures(inputs.tables)


@lru_cache(maxsize=1)  # the cases of a snapshot share their tables
def _canonical_figures(tables: Tables) -> list[list[str]]:
    found: list[list[str]] = []
    for key, period in sorted({(row.key, row.period) for row in tables.history + tables.articles}):
        standing = tables.row(key, period)
        confirming = (row for row in tables.figures[key, period] if same_figure((row, standing)))
        found += sorted(
            ["figure", key, period, canonical(row.value), *_provenance(row)] for row in confirming
        )
    return found


def _provenance(row: Row | Scalar) -> list[str]:
    return [row.unit, row.basis, row.source, row.as_of.isoformat()]


def sha256(rows: Iterable[Sequence[object]]) -> str:
    """Of rows of plain values, each as a line of JSON."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _scalars(inputs: Inputs) -> tuple[Scalar, ...]:
    return tuple(
        Scalar(key, canonical(inputs[key]), row.unit, row.basis, row.source, row.as_of)
        for key, row in ((key, inputs.row(key)) for key in inputs)
    )


def _record(results: Results) -> CaseRecord:
    inputs, parts = results.inputs, results.sotp
    margin = parts.margin_of_safety
    return CaseRecord(
        case=results.case,
        valuation_date=inputs.day("valuation_date"),
        value_per_share=parts.value_per_share,
        core=parts.core.per_share,
        vehicle=parts.vehicle.per_share,
        cash_and_other=parts.cash_and_other_per_share,
        price=inputs.number("price_hkd"),
        margin_of_safety=None if isinstance(margin, str) else margin,
        core_method=inputs.text("core_method"),
        vehicle_method=inputs.text("vehicle_method"),
        inputs_hash=hash_of(inputs),
        scalars=_scalars(inputs),
        forecasts=vintage_of(results).forecasts,
    )


def _login() -> str:
    """The login name; nothing where the system does not tell."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
