"""The file of the ledger: one open for one append or one reading, its schema checked each time."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlwings_addin.core.errors import InputError
from xlwings_addin.ledger.snapshot import (
    PACKAGE,
    CaseRecord,
    Command,
    Scalar,
    Snapshot,
    canonical,
    sha256,
)
from xlwings_addin.model.scorecard import Forecast

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_VERSION = 1
WAIT_SECONDS = 30.0
"""Time a process waits for others to close the ledger: several hundred appends of 50 ms."""
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.25
ENVIRONMENT = "XIAOMI_MODEL_LEDGER"
OFF = "off"
FILE_NAME = "ledger.duckdb"

_CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "threads": 1,
}
"""A file of another kind must not make DuckDB fetch an extension that reads it."""

_SCHEMA = (
    "CREATE TABLE ledger (schema_version INTEGER NOT NULL)",
    """CREATE TABLE snapshots (
        id VARCHAR PRIMARY KEY, time_utc TIMESTAMP NOT NULL, who VARCHAR NOT NULL, version VARCHAR NOT NULL,
        command VARCHAR NOT NULL, book VARCHAR NOT NULL, inputs_hash VARCHAR NOT NULL)""",
    """CREATE TABLE results (
        snapshot VARCHAR NOT NULL, position INTEGER NOT NULL, case_name VARCHAR NOT NULL,
        valuation_date DATE NOT NULL, value_per_share_hkd DOUBLE NOT NULL, core_hkd DOUBLE NOT NULL,
        vehicle_hkd DOUBLE NOT NULL, cash_and_other_hkd DOUBLE NOT NULL, price_hkd DOUBLE NOT NULL,
        margin_of_safety DOUBLE, core_method VARCHAR NOT NULL, vehicle_method VARCHAR NOT NULL,
        inputs_hash VARCHAR NOT NULL, forecasts_hash VARCHAR NOT NULL, PRIMARY KEY (snapshot, case_name))""",
    """CREATE TABLE inputs (
        hash VARCHAR NOT NULL, position INTEGER NOT NULL, key VARCHAR NOT NULL, value VARCHAR NOT NULL,
        unit VARCHAR NOT NULL, basis VARCHAR NOT NULL, source VARCHAR NOT NULL, as_of DATE NOT NULL)""",
    """CREATE TABLE forecasts (
        hash VARCHAR NOT NULL, position INTEGER NOT NULL, key VARCHAR NOT NULL, period VARCHAR NOT NULL,
        value DOUBLE NOT NULL, unit VARCHAR NOT NULL, note VARCHAR NOT NULL)""",
)

_PROCESS = threading.RLock()
"""Threads of one process take turns: a file lock holds between processes only."""


def ledger_path(path: Path | str | None = None, environment: Mapping[str, str] | None = None) -> Path | None:
    """Where the ledger is, or None for none: `path`, else the environment variable, else the data folder.

    "off" and an empty text mean none, of either.

    >>> ledger_path(environment={"XIAOMI_MODEL_LEDGER": "off"}) is None
    True
    """
    environment = os.environ if environment is None else environment
    named = environment.get(ENVIRONMENT) if path is None else str(path)
    if named is not None:
        return None if named.strip().lower() in ("", OFF) else Path(named).expanduser()
    from platformdirs import user_data_dir

    return Path(user_data_dir(PACKAGE)) / FILE_NAME


def open_ledger(path: Path | str | None = None) -> Ledger | None:
    """The ledger at `ledger_path`, or None where there is to be none. Nothing is opened or made yet."""
    found = ledger_path(path)
    return None if found is None else Ledger(found)


@cache
def _engine() -> Any:
    """DuckDB: its extension module where that can be had, which loads in a quarter of the package's time."""
    try:
        return import_module("_duckdb")
    except ImportError:
        return import_module("duckdb")


class Ledger:
    """A DuckDB file of snapshots. It is made by the first append, with the folders above it.

    `wait` is how many seconds to wait while other processes use it.
    """

    def __init__(self, path: Path | str, *, wait: float = WAIT_SECONDS) -> None:
        self.path = Path(path)
        self.wait = wait

    def append(self, snapshot: Snapshot) -> None:
        """Add a snapshot, whole or not at all.

        Raises `InputError` where the file cannot be written, is no ledger, has another schema or stays in
        use: then it is as it was.
        """
        with _PROCESS, self._errors("cannot be written"):
            if not self.path.exists():
                self._create()
            with self._connection(read_only=False) as connection:
                connection.begin()
                try:
                    _insert(connection, snapshot)
                    connection.commit()
                except BaseException:
                    with suppress(Exception):
                        connection.rollback()
                    raise

    def snapshots(
        self, *, limit: int | None = None, case: str | None = None, command: Command | None = None
    ) -> tuple[Snapshot, ...]:
        """The snapshots, newest first: at most `limit`, of those with a case, by one command.

        None where there is no ledger yet. Raises `InputError` as `append` does, and for a limit below 1.
        """
        if limit is not None and limit < 1:
            raise InputError("limit", limit, "must be at least 1")
        return self._read(
            """SELECT * FROM snapshots
            WHERE ($case_name IS NULL OR id IN (SELECT snapshot FROM results WHERE case_name = $case_name))
            AND ($command IS NULL OR command = $command)
            ORDER BY time_utc DESC, id LIMIT $limit""",
            {"case_name": case, "command": command, "limit": 2**62 if limit is None else limit},
        )

    def snapshot(self, id: str) -> Snapshot:
        """The snapshot whose id begins with `id`; `InputError` for none or several."""
        found = self._read("SELECT * FROM snapshots WHERE starts_with(id, $id)", {"id": id.lower()})
        if len(found) != 1:
            rule = f"must begin the id of one snapshot, and begins those of {len(found)}"
            raise InputError("snapshot", id, rule)
        return found[0]

    def _read(self, query: str, parameters: Mapping[str, object]) -> tuple[Snapshot, ...]:
        with _PROCESS, self._errors("cannot be read"):
            if not self.path.exists():
                return ()
            with self._connection(read_only=True) as connection:
                heads = connection.execute(query, dict(parameters)).fetchall()
                return _snapshots(connection, heads)

    def _create(self) -> None:
        """Make a ledger beside its place and move it there; one that came first stays."""
        duckdb = _engine()
        target = Path(os.path.realpath(self.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.{uuid.uuid4().hex}.new")
        try:
            with duckdb.connect(str(new), config=_CONFIG) as connection:
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute("INSERT INTO ledger VALUES ($1)", [SCHEMA_VERSION])
            with suppress(FileExistsError):
                _move_new(new, target)
        finally:
            for left in (new, new.with_name(f"{new.name}.wal")):
                left.unlink(missing_ok=True)

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        """The file, opened once nobody else has it and closed at the end, its schema checked."""
        if self.path.exists() and not self.path.is_file():
            raise self._error("must be a file, not a folder or a device")
        connection = self._connect(read_only=read_only)
        try:
            self._check_schema(connection)
            yield connection
        finally:
            connection.close()

    def _connect(self, *, read_only: bool) -> DuckDBPyConnection:
        duckdb = _engine()
        until, pause = time.monotonic() + self.wait, FIRST_PAUSE
        while True:
            try:
                connection: DuckDBPyConnection = duckdb.connect(
                    str(self.path), read_only=read_only, config=_CONFIG
                )
                return connection
            except duckdb.Error as error:
                if not _in_use(error):
                    raise
                if time.monotonic() >= until:
                    rule = f"is in use by another program, after {self.wait:g} seconds of waiting"
                    raise self._error(rule) from error
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _check_schema(self, connection: DuckDBPyConnection) -> None:
        duckdb = _engine()
        try:
            row = connection.execute("SELECT schema_version FROM ledger").fetchone()
        except (duckdb.CatalogException, duckdb.BinderException):
            row = None
        if row is None:
            raise self._error("is a DuckDB file, but no ledger of this program")
        if row[0] != SCHEMA_VERSION:
            age = "later" if row[0] > SCHEMA_VERSION else "earlier"
            rule = f"has schema {row[0]} of {age} versions; this one reads and writes {SCHEMA_VERSION}"
            raise self._error(rule)

    @contextmanager
    def _errors(self, cannot: str) -> Iterator[None]:
        """What the system or DuckDB say, as one sentence."""
        duckdb = _engine()
        try:
            yield
        except OSError as error:
            raise self._error(f"{cannot}: {error.strerror or error}") from error
        except duckdb.Error as error:
            raise self._error(f"{cannot}: {_sentence(error)}") from error

    def _error(self, rule: str) -> InputError:
        return InputError("ledger", str(self.path), rule, shown=str(self.path))


_move_new: Callable[[Path, Path], None] = os.rename if os.name == "nt" else os.link
"""Give a file its name unless there is one of that name: `FileExistsError` then."""


def _in_use(error: Exception) -> bool:
    """Whether another process, or another connection of this one, has the file."""
    text = str(error).lower()
    return any(
        sign in text
        for sign in ("could not set lock", "conflicting lock", "used by another process", "different config")
    )


def _sentence(error: Exception) -> str:
    """DuckDB's first line, without its class and without advice."""
    first = str(error).splitlines()[0]
    for sign, sentence in (
        ("not a valid duckdb database", "it is not a DuckDB file"),
        ("external extensions", "it is not a DuckDB file"),
        ("corrupt", "it is damaged"),
        ("could not read enough bytes", "it is cut off"),
    ):
        if sign in str(error).lower():
            return sentence
    return first.removeprefix("IO Error: ")


def _insert(connection: DuckDBPyConnection, snapshot: Snapshot) -> None:
    forecasts = {each.case: _forecasts_hash(each.forecasts) for each in snapshot.cases}
    connection.execute(
        "INSERT INTO snapshots VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            snapshot.id,
            snapshot.time.astimezone(UTC).replace(tzinfo=None),
            snapshot.who,
            snapshot.version,
            snapshot.command,
            snapshot.book,
            snapshot.inputs_hash,
        ],
    )
    for position, each in enumerate(snapshot.cases):
        connection.execute(
            "INSERT INTO results VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            [
                snapshot.id,
                position,
                each.case,
                each.valuation_date,
                each.value_per_share,
                each.core,
                each.vehicle,
                each.cash_and_other,
                each.price,
                each.margin_of_safety,
                each.core_method,
                each.vehicle_method,
                each.inputs_hash,
                forecasts[each.case],
            ],
        )
        _insert_once(connection, "inputs", each.inputs_hash, each.scalars)
        _insert_once(connection, "forecasts", forecasts[each.case], each.forecasts)


_STORED = {
    "inputs": "SELECT 1 FROM inputs WHERE hash = $1 LIMIT 1",
    "forecasts": "SELECT 1 FROM forecasts WHERE hash = $1 LIMIT 1",
}
_STORE = {
    "inputs": """INSERT INTO inputs SELECT
        $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8)""",
    "forecasts": """INSERT INTO forecasts SELECT
        $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7)""",
}


def _insert_once(
    connection: DuckDBPyConnection, table: str, hash: str, records: Sequence[Scalar] | Sequence[Forecast]
) -> None:
    """Store records under their hash, column by column, unless they are there."""
    if connection.execute(_STORED[table], [hash]).fetchone() is not None:
        return
    columns = [[getattr(record, field.name) for record in records] for field in fields(records[0])]
    connection.execute(_STORE[table], [hash, list(range(len(records))), *columns])


def _forecasts_hash(forecasts: Iterable[Forecast]) -> str:
    return sha256([each.key, each.period, canonical(each.value), each.unit, each.note] for each in forecasts)


def _snapshots(connection: DuckDBPyConnection, heads: Sequence[tuple[Any, ...]]) -> tuple[Snapshot, ...]:
    """Snapshots with their cases; cases with one hash share their inputs and forecasts."""
    rows = connection.execute(
        "SELECT * FROM results WHERE snapshot IN (SELECT unnest($1)) ORDER BY snapshot, position",
        [[head[0] for head in heads]],
    ).fetchall()
    scalars = _by_hash(connection, "inputs", [row[12] for row in rows], Scalar)
    forecasts = _by_hash(connection, "forecasts", [row[13] for row in rows], Forecast)
    cases: dict[str, list[CaseRecord]] = {}
    for row in rows:
        record = CaseRecord(*(*row[2:13], scalars.get(row[12], ()), forecasts.get(row[13], ())))
        cases.setdefault(row[0], []).append(record)
    return tuple(
        Snapshot(
            id=id,
            time=at.replace(tzinfo=UTC),
            who=who,
            version=version,
            command=command,
            book=book,
            inputs_hash=inputs_hash,
            cases=tuple(cases.get(id, ())),
        )
        for id, at, who, version, command, book, inputs_hash in heads
    )


_BY_HASH = {
    "inputs": "SELECT * FROM inputs WHERE hash IN (SELECT unnest($1)) ORDER BY hash, position",
    "forecasts": "SELECT * FROM forecasts WHERE hash IN (SELECT unnest($1)) ORDER BY hash, position",
}


def _by_hash(
    connection: DuckDBPyConnection, table: str, hashes: Iterable[str], record: Callable[..., Any]
) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for hash, _, *columns in connection.execute(_BY_HASH[table], [sorted(set(hashes))]).fetchall():
        found.setdefault(hash, []).append(record(*columns))
    return {hash: tuple(records) for hash, records in found.items()}
