"""The tables of a ledger: their schema, what a snapshot adds to them, and how one is read back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from xlwings_addin.ledger import former
from xlwings_addin.ledger.sets import (
    FORECASTS,
    INPUTS,
    OF_KEYS,
    SetTable,
    insert_sets,
    key_of,
    key_of_forecasts,
    next_id,
    read_sets,
)
from xlwings_addin.ledger.snapshot import CaseRecord, PartRecord, Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_VERSION = 3

SCHEMA = {
    "ledger": "schema_version INTEGER NOT NULL",
    "snapshots": """id VARCHAR NOT NULL, time_utc TIMESTAMP NOT NULL, who VARCHAR NOT NULL,
        version VARCHAR NOT NULL, command VARCHAR NOT NULL, book VARCHAR NOT NULL,
        inputs_hash VARCHAR NOT NULL, company VARCHAR NOT NULL, currency VARCHAR NOT NULL""",
    "results": """id INTEGER NOT NULL, snapshot VARCHAR NOT NULL, position INTEGER NOT NULL,
        case_name VARCHAR NOT NULL, valuation_date DATE NOT NULL, value_per_share DOUBLE NOT NULL,
        cash_and_other DOUBLE NOT NULL,
        price DOUBLE NOT NULL, margin_of_safety DOUBLE, inputs_hash VARCHAR NOT NULL,
        forecasts UUID NOT NULL""",
    "parts": """result INTEGER NOT NULL, place INTEGER NOT NULL, key VARCHAR NOT NULL,
        method VARCHAR NOT NULL, per_share DOUBLE NOT NULL""",
    "scalars": """id INTEGER NOT NULL, key VARCHAR NOT NULL, value VARCHAR NOT NULL, unit VARCHAR NOT NULL,
        basis VARCHAR NOT NULL, source VARCHAR NOT NULL, as_of DATE NOT NULL""",
    "input_pieces": "id INTEGER NOT NULL, members INTEGER[] NOT NULL",
    "inputs": "hash UUID NOT NULL, pieces INTEGER[] NOT NULL",
    "forecast_lines": """id INTEGER NOT NULL, key VARCHAR NOT NULL, period VARCHAR NOT NULL,
        unit VARCHAR NOT NULL, note VARCHAR NOT NULL""",
    "forecast_pieces": "id INTEGER NOT NULL, members INTEGER[] NOT NULL",
    "forecast_values": 'id INTEGER NOT NULL, piece INTEGER NOT NULL, "values" DOUBLE[] NOT NULL',
    "forecasts": "hash UUID NOT NULL, pieces INTEGER[] NOT NULL",
}
"""Without keys: DuckDB writes an index of them anew with every append, a tenth of its time. That
an id stands once is seen to by `insert`."""


def create(connection: DuckDBPyConnection) -> None:
    """Make the tables of an empty ledger."""
    for table, columns in SCHEMA.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
    connection.execute("INSERT INTO ledger VALUES ($1)", [SCHEMA_VERSION])


def migrate(connection: DuckDBPyConnection, version: int) -> None:
    """Bring a ledger of a former schema to the present one, within the caller's transaction."""
    former.migrate(connection, version, SCHEMA)
    connection.execute("UPDATE ledger SET schema_version = $1", [SCHEMA_VERSION])


def insert(connection: DuckDBPyConnection, snapshot: Snapshot) -> bool:
    """Store a snapshot, or nothing and False where its id is there already.

    One statement a table, and one to ask what is stored: to plan one takes longer than to run it.
    """
    inputs = {case.inputs_hash: key_of(case.inputs_hash) for case in snapshot.cases}
    forecasts = {case.case: key_of_forecasts(case.forecasts) for case in snapshot.cases}
    new_inputs = {inputs[case.inputs_hash]: case.scalars for case in snapshot.cases}
    new_forecasts = {forecasts[case.case]: case.forecasts for case in snapshot.cases}
    stored = _stored(connection, snapshot.id, list(new_inputs), list(new_forecasts))
    if snapshot.id in stored:
        return False
    time = snapshot.time.astimezone(UTC).replace(tzinfo=None)
    head = (snapshot.id, time, snapshot.who, snapshot.version, snapshot.command, snapshot.book)
    _insert_rows(
        connection, "snapshots", [(*head, snapshot.inputs_hash, snapshot.company, snapshot.currency)]
    )
    first = next_id(connection, "results")
    rows = [
        (first + position, snapshot.id, position, *_figures(case), forecasts[case.case])
        for position, case in enumerate(snapshot.cases)
    ]
    _insert_rows(connection, "results", rows)
    _insert_rows(connection, "parts", list(_part_rows(snapshot, first)))
    insert_sets(connection, INPUTS, {key: new_inputs[key] for key in new_inputs if str(key) not in stored})
    insert_sets(
        connection, FORECASTS, {key: new_forecasts[key] for key in new_forecasts if str(key) not in stored}
    )
    return True


def _figures(case: CaseRecord) -> tuple[object, ...]:
    """The fields of a case in the order of the table, up to its hash."""
    return (
        *(case.case, case.valuation_date, case.value_per_share, case.cash_and_other),
        *(case.price, case.margin_of_safety, case.inputs_hash),
    )


def _part_rows(snapshot: Snapshot, first: int) -> Iterable[tuple[object, ...]]:
    for result, case in enumerate(snapshot.cases, start=first):
        for place, part in enumerate(case.parts):
            yield result, place, part.key, part.method, part.per_share


def _stored(
    connection: DuckDBPyConnection, id: str, inputs: Sequence[uuid.UUID], forecasts: Sequence[uuid.UUID]
) -> set[str]:
    """Of an id and the keys of sets, those that are stored: no two kinds meet in 128 bits."""
    query = """SELECT id FROM snapshots WHERE id = $1
        UNION ALL SELECT hash::VARCHAR FROM inputs WHERE hash IN (SELECT unnest($2::UUID[]))
        UNION ALL SELECT hash::VARCHAR FROM forecasts WHERE hash IN (SELECT unnest($3::UUID[]))"""
    return {key for (key,) in connection.execute(query, [id, inputs, forecasts]).fetchall()}


def _insert_rows(connection: DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows as one statement with one list a column."""
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    lists = ", ".join(f"unnest(${number})" for number in range(1, len(columns) + 1))
    connection.execute(f"INSERT INTO {table} SELECT {lists}", columns)


def heads(version: int) -> str:
    """The rows of snapshots of a ledger of a schema, as SQL."""
    return former.snapshots_of() if version < SCHEMA_VERSION else "SELECT * FROM snapshots"


def read(
    connection: DuckDBPyConnection, heads: Sequence[tuple[Any, ...]], *, version: int, with_inputs: bool
) -> tuple[Snapshot, ...]:
    """Snapshots with their cases; cases with one hash share their inputs and forecasts."""
    results = former.results_of(version) if version < SCHEMA_VERSION else "SELECT * FROM results"
    rows = connection.execute(
        f"""SELECT * FROM ({results}) WHERE snapshot IN (SELECT unnest($1)) ORDER BY snapshot, position""",
        [[head[0] for head in heads]],
    ).fetchall()
    parts = _parts(connection, [row[0] for row in rows], version)
    wanted = rows if with_inputs else []
    scalars = _sets(connection, INPUTS, [key_of(row[-2]) for row in wanted], version)
    forecasts = _sets(connection, FORECASTS, [row[-1] for row in wanted], version)
    cases: dict[str, list[CaseRecord]] = {}
    for result, id, _, *figures, hash, expected in rows:
        sets = (scalars.get(key_of(hash), ()), forecasts.get(expected, ()))
        record = CaseRecord(*(*figures, hash, tuple(parts.get(result, ())), *sets))
        cases.setdefault(id, []).append(record)
    return tuple(
        Snapshot(
            *(id, at.replace(tzinfo=UTC), who, program, command, book, hash),
            cases=tuple(cases.get(id, ())),
            company=company,
            currency=currency,
        )
        for id, at, who, program, command, book, hash, company, currency in heads
    )


def _parts(
    connection: DuckDBPyConnection, results: Sequence[int], version: int
) -> Mapping[int, list[PartRecord]]:
    """The parts of results by the number of a result. The ends of the numbers spare most of the table."""
    source = former.parts_of(version) if version < SCHEMA_VERSION else "SELECT * FROM parts"
    parts: dict[int, list[PartRecord]] = {}
    if results:
        query = f"""SELECT result, key, method, per_share FROM ({source})
            WHERE result BETWEEN $1 AND $2 AND result IN (SELECT unnest($3)) ORDER BY result, place"""
        ends = (min(results), max(results))
        for result, *part in connection.execute(query, [*ends, list(results)]).fetchall():
            parts.setdefault(result, []).append(PartRecord(*part))
    return parts


def _sets(
    connection: DuckDBPyConnection, table: SetTable, keys: Iterable[uuid.UUID], version: int
) -> Mapping[uuid.UUID, tuple[Any, ...]]:
    if version < SCHEMA_VERSION:
        source = former.sets_of(version, table, where=OF_KEYS)
    else:
        source = table.source(OF_KEYS)
    return read_sets(connection, table, source, keys)
