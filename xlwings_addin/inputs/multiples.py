"""Methods by multiples, and the multiples of other companies: `inputs/multiples.csv` and `inputs/peers.csv`.

    key,label,kind,metric,low,middle,high,peers,basis,source,as_of,note

    kind      equity       multiple x metric is worth that to the shareholders
              enterprise   net cash, investments and minorities are added, once for a method
              per_share    the numbers are values per share already
              dcf          the numbers are those of the driver `metric`, at which the model is valued
    metric    a formula over lines, inputs and figures of the tables, @LTM for the last twelve months known
    peers     `group key`: the quartiles of the peers of a group that count, in place of numbers

Rows of one method add up. An empty middle is midway between low and high.

    company,group,counts,key,value,basis,source,as_of,why,note

`counts` says whether a peer is one for the quartiles, `why` the reason: like is compared with like. The group
`bound` has those that the company is not to be dearer than. Both tables may be missing: then there are none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.tables import Basis, records_of

METHODS, PEERS = "multiples.csv", "peers.csv"
METHOD_COLUMNS = (
    *("key", "label", "kind", "metric", "low", "middle", "high", "peers", "basis", "source", "as_of"),
    "note",
)
PEER_COLUMNS = ("company", "group", "counts", "key", "value", "basis", "source", "as_of", "why", "note")
MethodKind = Literal["equity", "enterprise", "per_share", "dcf"]
BOUND = "bound"
QUARTILES = (25.0, 50.0, 75.0)
UNCOUNTED = ("unverified",)
"""The bases of multiples that no quartile counts."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Peer:
    """A multiple of another company."""

    company: str
    group: str
    counts: bool
    key: str
    value: float
    basis: str
    source: str
    as_of: date
    why: str
    note: str


@dataclass(frozen=True)
class Term:
    """A row of a method: what is multiplied, and by what; `numbers` are low, middle and high, or `peers`."""

    method: str
    label: str
    kind: MethodKind
    metric: Formula | None
    numbers: tuple[float, float, float] | None
    peers: tuple[str, str] | None
    basis: str
    source: str
    as_of: date
    note: str


@dataclass(frozen=True)
class MultipleTables:
    """The methods by their keys, each with its rows, and the peers."""

    methods: Mapping[str, tuple[Term, ...]]
    peers: tuple[Peer, ...]


def read_multiples(folder: Path | None = None) -> MultipleTables:
    """The methods and peers of a folder of tables, the project's own by default.

    Raises `InputError` naming file, line, column, value and rule for what cannot be read.

    >>> len(read_multiples().methods) > 5
    True
    """
    inputs = checked_folder(folder) / "inputs"
    return _read(inputs, *(stamp(inputs / name) for name in (METHODS, PEERS)))


@lru_cache(maxsize=4)
def _read(inputs: Path, of_methods: tuple[int, int], of_peers: tuple[int, int]) -> MultipleTables:
    peers = tuple(map(_peer, records_of(inputs / PEERS, PEER_COLUMNS))) if any(of_peers) else ()
    methods: dict[str, tuple[Term, ...]] = {}
    for record in records_of(inputs / METHODS, METHOD_COLUMNS) if any(of_methods) else ():
        term = _term(record, peers)
        rows = methods.get(term.method, ())
        if rows and (term.kind != rows[0].kind or term.kind == "per_share" or term.kind == "dcf"):
            place = f"{METHODS} line {record['line']} kind"
            raise InputError(
                place, term.kind, f"must be that of the method's first row, {rows[0].kind}, and add up"
            )
        methods[term.method] = (*rows, term)
    return MultipleTables(methods, peers)


def _peer(record: Mapping[str, str | int]) -> Peer:
    texts, place = _texts(record, PEER_COLUMNS, PEERS)
    _require(texts, place, "company", "group", "key", "source", "why")
    if texts["counts"] not in ("yes", "no"):
        raise InputError(f"{place} counts", texts["counts"], "must be yes or no")
    return Peer(
        *(texts["company"], texts["group"], texts["counts"] == "yes", texts["key"]),
        _number(texts["value"], f"{place} value"),
        _basis(texts, place),
        texts["source"],
        _day(texts, place),
        *(texts["why"], texts["note"]),
    )


def _term(record: Mapping[str, str | int], peers: tuple[Peer, ...]) -> Term:
    texts, place = _texts(record, METHOD_COLUMNS, METHODS)
    _require(texts, place, "label", "source")
    if not _KEY.fullmatch(texts["key"]):
        raise InputError(f"{place} key", texts["key"], "must be lower-case words joined by underscores")
    if texts["kind"] not in get_args(MethodKind):
        raise InputError(f"{place} kind", texts["kind"], f"must be one of {', '.join(get_args(MethodKind))}")
    if bool(texts["metric"]) == (texts["kind"] == "per_share"):
        raise InputError(f"{place} metric", texts["metric"], "must be there, but for values per share")
    metric = read_formula(texts["metric"], argument=f"{place} metric") if texts["metric"] else None
    kind: MethodKind = texts["kind"]  # type: ignore[assignment]
    numbers, group = _multiples(texts, place, peers)
    return Term(
        method=texts["key"],
        label=texts["label"],
        kind=kind,
        metric=metric,
        numbers=numbers,
        peers=group,
        basis=_basis(texts, place),
        source=texts["source"],
        as_of=_day(texts, place),
        note=texts["note"],
    )


def _multiples(
    texts: Mapping[str, str], place: str, peers: tuple[Peer, ...]
) -> tuple[tuple[float, float, float] | None, tuple[str, str] | None]:
    if texts["peers"]:
        group, _, key = texts["peers"].partition(" ")
        if not any((peer.group, peer.key) == (group, key) for peer in peers):
            raise InputError(f"{place} peers", texts["peers"], f"must be a group and a key of {PEERS}")
        return None, (group, key)
    low, high = (_number(texts[end], f"{place} {end}") for end in ("low", "high"))
    middle = _number(texts["middle"], f"{place} middle") if texts["middle"] else (low + high) / 2
    if not (low <= middle <= high or low >= middle >= high):
        raise InputError(f"{place} middle", texts["middle"], "must lie between low and high")
    return (low, middle, high), None


def _texts(
    record: Mapping[str, str | int], columns: tuple[str, ...], file: str
) -> tuple[dict[str, str], str]:
    return {column: str(record[column]).strip() for column in columns}, f"{file} line {record['line']}"


def _require(texts: Mapping[str, str], place: str, *columns: str) -> None:
    for column in columns:
        if not texts[column]:
            raise InputError(f"{place} {column}", texts[column], "must not be empty")


def _number(text: str, place: str) -> float:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        raise InputError(place, text, "must be a number")
    return float(text)


def _basis(texts: Mapping[str, str], place: str) -> str:
    if texts["basis"] not in get_args(Basis):
        raise InputError(f"{place} basis", texts["basis"], f"must be one of {', '.join(get_args(Basis))}")
    return texts["basis"]


def _day(texts: Mapping[str, str], place: str) -> date:
    try:
        return date.fromisoformat(texts["as_of"])
    except ValueError:
        raise InputError(f"{place} as_of", texts["as_of"], "must be a date (2024-03-08)") from None
