"""A fingerprint of the inputs of a case: two answers with one fingerprint rest on the same figures.

>>> from xlwings_addin.inputs.cases import load_inputs
>>> inputs = load_inputs("base")
>>> hash_of(inputs) == hash_of(inputs.replace(vehicle_wacc=0.125))
False
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.renamed import first
from xlwings_addin.inputs.tables import Row, Tables, same_figure


@dataclass(frozen=True)
class Scalar:
    """A scalar input as a snapshot keeps it; `value` is its canonical text, as `canonical` writes it."""

    key: str
    value: str
    unit: str
    basis: str
    source: str
    as_of: date


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
    do not count, nor do figures that lost a conflict. A key counts by its first name, so that a renaming
    leaves the hash as it is. The inputs keep it for the next who asks.
    """
    if "hash" not in inputs.worked_out:
        digest = hashlib.sha256(_lines(_canonical_scalars(inputs)))
        digest.update(_canonical_figures(inputs.tables))
        inputs.worked_out["hash"] = digest.hexdigest()
    made: str = inputs.worked_out["hash"]
    return made


def _canonical_scalars(inputs: Inputs) -> Iterator[list[str]]:
    scalars = {
        first("key", scalar.key): scalar
        for scalar in scalars_of(inputs)
        if not inputs.row(scalar.key).stands_in
    }
    for key in sorted(scalars):
        yield ["scalar", key, scalars[key].value, *_provenance(scalars[key])]


def _canonical_figures(tables: Tables) -> bytes:
    """The figures as lines of JSON; the tables, which never change, keep them for the next case."""
    if "canonical figures" not in tables.worked_out:
        tables.worked_out["canonical figures"] = _lines(_figures(tables))
    lines: bytes = tables.worked_out["canonical figures"]
    return lines


def _figures(tables: Tables) -> list[list[str]]:
    figures: list[list[str]] = []
    keys = {(first("key", row.key), row.period): row.key for row in tables.history + tables.articles}
    for (name, period), key in sorted(keys.items()):
        standing = tables.row(key, period)
        confirming = (row for row in tables.figures[key, period] if same_figure((row, standing)))
        figures += sorted(
            ["figure", name, period, canonical(row.value), *_provenance(row)] for row in confirming
        )
    return figures


def _provenance(row: Row | Scalar) -> list[str]:
    return [row.unit, row.basis, row.source, row.as_of.isoformat()]


def sha256(rows: Iterable[Sequence[object]]) -> str:
    """Of rows of plain values, each as a line of JSON."""
    return hashlib.sha256(_lines(rows)).hexdigest()


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    encoded = json.JSONEncoder(ensure_ascii=False).encode
    return "".join(f"{encoded(row)}\n" for row in rows).encode()


def scalars_of(inputs: Inputs) -> tuple[Scalar, ...]:
    """The scalars of a case with their provenance, in the order of the parameters."""
    return tuple(
        Scalar(key, canonical(inputs[key]), row.unit, row.basis, row.source, row.as_of)
        for key, row in ((key, inputs.row(key)) for key in inputs)
    )
