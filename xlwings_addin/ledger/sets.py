"""Sets of inputs and of forecasts: how each is taken apart for the ledger, and put together again.

A set is a list of pieces, a piece a list of rows that follow one another: sixteen inputs, or a line of the
forecast through its years; what it forecasts stands beside the piece, as a series. Rows, pieces, series and
sets stand once, so that a case which changes one input, or shares a line with another, adds what differs.

Sets are stored by `key_of` their hash, 16 bytes instead of a text of 64.
"""

from __future__ import annotations

import hashlib
import uuid
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from xlwings_addin.analytics.vintages import Forecast
from xlwings_addin.inputs.fingerprint import Scalar
from xlwings_addin.inputs.renamed import current

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Records = Mapping[uuid.UUID, Sequence[Scalar] | Sequence[Forecast]]


@dataclass(frozen=True)
class SetTable:
    """The tables of one kind of set: of the sets, their pieces, and the rows that pieces are made of.

    `columns` are those of a row, `series` is the table of the values that stand beside the pieces, if there
    are any, and `cut` adds to a source, as SQL, the number of the piece that a row belongs to.
    """

    name: str
    pieces: str
    rows: str
    columns: tuple[str, ...]
    series: str | None
    cut: str
    record: type[Scalar] | type[Forecast]

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of a record, in its order."""
        return tuple(field.name for field in fields(self.record))

    def records(self, records: Records) -> list[tuple[object, ...]]:
        """Rows of hash, position and the fields of a record, of sets by their key."""
        return [
            (key, position, *(getattr(record, name) for name in self.fields))
            for key, of_key in records.items()
            for position, record in enumerate(of_key)
        ]

    def statements(self, source: str, oldest: Mapping[str, int]) -> tuple[str, ...]:
        """Add rows, pieces, series and then the sets of `source`: hash, position and a record's columns.

        Pieces and series from the number that `oldest` has for their table on are not stored twice.
        """
        columns = ", ".join(self.columns)
        values = "" if self.series is None else ', list(value ORDER BY position) AS "values"'
        pieces = f"""SELECT hash, piece AS number, list(id ORDER BY position) AS members{values}
            FROM ({self.cut.format(source=source)}) JOIN {self.rows} USING ({columns})
            GROUP BY hash, piece"""
        add_rows = f"""INSERT INTO {self.rows} SELECT {_next_ids(self.rows)}, * FROM
            (SELECT {columns} FROM ({source}) GROUP BY {columns} ORDER BY min(position), {columns}) wanted
            ANTI JOIN {self.rows} USING ({columns})"""
        stored = f"SELECT * FROM {self.pieces} WHERE id >= {oldest.get(self.pieces, 0)}"
        add_pieces = _add(self.pieces, "members", pieces, stored)
        placed = f"SELECT * EXCLUDE (members) FROM ({pieces}) JOIN ({stored}) USING (members)"
        if self.series is None:
            return add_rows, add_pieces, self._add_sets(placed)
        series, content = f'SELECT hash, number, id AS piece, "values" FROM ({placed})', 'piece, "values"'
        stored = f"SELECT * FROM {self.series} WHERE id >= {oldest.get(self.series, 0)}"
        numbered = f"SELECT hash, number, kept.id FROM ({series}) JOIN ({stored}) kept USING ({content})"
        add_series = _add(self.series, content, series, stored)
        return add_rows, add_pieces, add_series, self._add_sets(numbered)

    def _add_sets(self, numbered: str) -> str:
        return f"""INSERT INTO {self.name} SELECT hash, list(id ORDER BY number) FROM ({numbered})
            GROUP BY hash"""

    def source(self, where: str = "") -> str:
        """Hash, position and the columns of a record, of the sets as they are stored."""
        value = "" if self.series is None else ', unnest("values") AS value'
        numbered = f"""SELECT hash, unnest(pieces) AS id, generate_subscripts(pieces, 1) AS number
            FROM {self.name} {where}"""
        if self.series is None:
            pieces = f"SELECT hash, number, members FROM ({numbered}) JOIN {self.pieces} USING (id)"
        else:
            series = f'SELECT hash, number, piece, "values" FROM ({numbered}) JOIN {self.series} USING (id)'
            pieces = f"""SELECT hash, number, members, "values" FROM ({series}) series
                JOIN {self.pieces} pieces ON pieces.id = series.piece"""
        return f"""SELECT hash, 1000000 * number + place AS position, {", ".join(self.fields)} FROM
            (SELECT hash, number, unnest(members) AS id, generate_subscripts(members, 1) AS place{value}
            FROM ({pieces})) JOIN {self.rows} USING (id)"""


def _add(table: str, content: str, source: str, stored: str) -> str:
    """Add to a table, with the next numbers, what a source has and `stored` has not."""
    return f"""INSERT INTO {table} SELECT {_next_ids(table)}, * FROM
        (SELECT {content} FROM ({source}) GROUP BY {content} ORDER BY min(number), {content}) wanted
        ANTI JOIN ({stored}) stored USING ({content})"""


def _next_ids(table: str) -> str:
    return f"(SELECT coalesce(max(id), 0) FROM {table}) + row_number() OVER ()"


INPUTS = SetTable(
    "inputs",
    "input_pieces",
    "scalars",
    ("key", "value", "unit", "basis", "source", "as_of"),
    None,
    "SELECT *, position // 16 AS piece FROM ({source})",
    Scalar,
)
FORECASTS = SetTable(
    "forecasts",
    "forecast_pieces",
    "forecast_lines",
    ("key", "period", "unit", "note"),
    "forecast_values",
    """SELECT *, sum(begins) OVER (PARTITION BY hash ORDER BY position)::INTEGER AS piece FROM
    (SELECT *, (key IS DISTINCT FROM lag(key) OVER (PARTITION BY hash ORDER BY position))::INTEGER AS begins
    FROM ({source}))""",
    Forecast,
)
SETS = (INPUTS, FORECASTS)
OF_KEYS = "WHERE hash IN (SELECT unnest($1::UUID[]))"
"""The sets whose keys are asked for."""
SEARCHED = 20_000
"""The newest pieces among which equal ones are looked for, those of some two hundred snapshots: to look
through all of a large ledger takes half a second, and a series that stands twice is a hundred bytes."""


def key_of(hash: str) -> uuid.UUID:
    """What a set is found by: 128 bits of its hash, as `md5(hash)::UUID` in SQL."""
    return uuid.UUID(hashlib.md5(hash.encode(), usedforsecurity=False).hexdigest())


def key_of_forecasts(forecasts: Iterable[Forecast]) -> uuid.UUID:
    """The key of a set of forecasts, which has no hash of its own."""
    lines = tuple(forecasts)
    texts = "\n".join("\t".join((line.key, line.period, line.unit, line.note)) for line in lines)
    return key_of(f"{texts}\n{array('d', [line.value for line in lines]).tobytes().hex()}")


def insert_sets(connection: DuckDBPyConnection, table: SetTable, records: Records) -> None:
    """Store sets that are not stored yet, by their key."""
    rows = table.records(records)
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = ("hash", "position", *table.fields)
    source = ", ".join(f"unnest(${number}) AS {name}" for number, name in enumerate(names, start=1))
    growing = [table.pieces, *([] if table.series is None else [table.series])]
    oldest = {name: next_id(connection, name) - SEARCHED for name in growing}
    for statement in table.statements(f"SELECT {source}", oldest):
        connection.execute(statement, columns)


def next_id(connection: DuckDBPyConnection, table: str) -> int:
    """The number of the next row of a table."""
    row = connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()
    return 1 if row is None else int(row[0])


def read_sets(
    connection: DuckDBPyConnection, table: SetTable, source: str, keys: Iterable[uuid.UUID]
) -> dict[uuid.UUID, tuple[Any, ...]]:
    """The records of sets by key, from a source that `OF_KEYS` limits; under the present names."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    record: Callable[..., Any] = table.record
    records: dict[uuid.UUID, list[Any]] = {}
    for hash, _, key, *columns in connection.execute(
        f"{source} ORDER BY hash, position", [wanted]
    ).fetchall():
        records.setdefault(hash, []).append(record(current("key", key), *columns))
    return {hash: tuple(of_hash) for hash, of_hash in records.items()}
