"""The file of the ledger: one open for one append or one reading, its schema checked each time."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from glob import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlwings_addin.core.errors import InputError
from xlwings_addin.ledger import tables
from xlwings_addin.ledger.snapshot import PACKAGE, Command, Snapshot
from xlwings_addin.ledger.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WAIT_SECONDS = 30.0
"""Time a process waits for others to close the ledger: several hundred appends of 50 ms."""
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.25
LEFT_OVER_AFTER = 24 * 60 * 60.0
"""Seconds after which a file beside the ledger was left by a program that was killed."""
ENVIRONMENT = "XIAOMI_MODEL_LEDGER"
PRIVATE, FOR_OTHERS = 0o600, 0o077
"""The mode of the file, which holds who built what; and the bits it must not have."""
OFF = "off"
FILE_NAME = "ledger.duckdb"

_CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "threads": 1,
}
"""A file of another kind must not make DuckDB fetch an extension that reads it."""

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
    location = ledger_path(path)
    return None if location is None else Ledger(location)


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
        self._require_distinct_cases(snapshot)
        with _PROCESS, self._errors("cannot be written"):
            self._sweep()
            with _private():
                if not self.path.exists():
                    self._create()
                self._make_private()
            with _private(), self._connection(read_only=False) as (connection, version):
                connection.begin()
                try:
                    if version < SCHEMA_VERSION:
                        tables.migrate(connection, version)
                    if not tables.insert(connection, snapshot):
                        raise self._error(f"cannot be written: it has a snapshot {snapshot.id} already")
                    connection.commit()
                except BaseException:
                    with suppress(Exception):
                        connection.rollback()
                    raise

    def _require_distinct_cases(self, snapshot: Snapshot) -> None:
        names = [case.case for case in snapshot.cases]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise self._error(f"cannot be written: case {twice} of the snapshot stands twice")

    def snapshots(
        self,
        *,
        limit: int | None = None,
        case: str | None = None,
        company: str | None = None,
        command: Command | None = None,
        with_inputs: bool = True,
    ) -> tuple[Snapshot, ...]:
        """The snapshots, newest first: at most `limit`, of those of a company, with a case, by one command.

        Without `with_inputs` their cases have no scalars and forecasts, which take most of the time to find.
        None where there is no ledger yet. Raises `InputError` as `append` does, and for a limit below 1.
        """
        if limit is not None and limit < 1:
            raise InputError("limit", limit, "must be at least 1")
        return self._read(
            """WHERE ($case_name IS NULL OR id IN (SELECT snapshot FROM results WHERE case_name = $case_name))
            AND ($company IS NULL OR company = $company)
            AND ($command IS NULL OR command = $command)
            ORDER BY time_utc DESC, id LIMIT $limit""",
            {
                "case_name": case,
                "company": company,
                "command": command,
                "limit": 2**62 if limit is None else limit,
            },
            with_inputs=with_inputs,
        )

    def snapshot(self, id: str) -> Snapshot:
        """The snapshot whose id begins with `id`; `InputError` for none or several."""
        snapshots = self._read("WHERE starts_with(id, $id)", {"id": id.lower()})
        if len(snapshots) != 1:
            rule = f"must begin the id of one snapshot, and begins those of {len(snapshots)}"
            raise InputError("snapshot", id, rule)
        return snapshots[0]

    def _read(
        self, which: str, parameters: Mapping[str, object], *, with_inputs: bool = True
    ) -> tuple[Snapshot, ...]:
        with _PROCESS, self._errors("cannot be read"):
            if not self.path.exists():
                return ()
            with self._connection(read_only=True) as (connection, version):
                heads = connection.execute(
                    f"SELECT * FROM ({tables.heads(version)}) {which}", dict(parameters)
                ).fetchall()
                return tables.read(connection, heads, version=version, with_inputs=with_inputs)

    def _create(self) -> None:
        """Make a ledger beside its place and move it there; one that came first stays."""
        duckdb = _engine()
        target = Path(os.path.realpath(self.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(_beside(target, uuid.uuid4().hex))
        try:
            with duckdb.connect(str(new), config=_CONFIG) as connection:
                tables.create(connection)
            with suppress(FileExistsError):
                _move_new(new, target)
        finally:
            for left in (new, new.with_name(f"{new.name}.wal")):
                left.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete what programs left that were killed while they made the ledger, once it is a day old."""
        target = Path(os.path.realpath(self.path))
        with suppress(OSError):
            for left in target.parent.glob(f".{escape(target.name)}.*.new*"):
                with suppress(OSError):
                    if left.stat().st_mtime < time.time() - LEFT_OVER_AFTER:
                        left.unlink()

    def _make_private(self) -> None:
        """Take from others what an earlier version may have left them; what is not ours stays as it is."""
        if os.name != "nt" and self.path.is_file() and self.path.stat().st_mode & FOR_OTHERS:
            with suppress(OSError):
                self.path.chmod(PRIVATE)

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[tuple[DuckDBPyConnection, int]]:
        """The file, opened once nobody else has it and closed at the end, and the version of its schema."""
        if self.path.exists() and not self.path.is_file():
            raise self._error("must be a file, not a folder or a device")
        connection = self._connect(read_only=read_only)
        try:
            yield connection, self._schema_version(connection)
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

    def _schema_version(self, connection: DuckDBPyConnection) -> int:
        duckdb = _engine()
        try:
            row = connection.execute("SELECT schema_version FROM ledger").fetchone()
        except (duckdb.CatalogException, duckdb.BinderException):
            row = None
        if row is None:
            raise self._error("is a DuckDB file, but no ledger of this program")
        version = int(row[0])
        if not 1 <= version <= SCHEMA_VERSION:
            age = "later" if version > SCHEMA_VERSION else "earlier"
            rule = f"has schema {version} of {age} versions; this one reads and writes {SCHEMA_VERSION}"
            raise self._error(rule)
        return version

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
        return InputError("ledger", str(self.path), rule, display=str(self.path))


def _beside(target: Path, stamp: str) -> str:
    """How a ledger is called while it is made; its log has the same name and a longer ending."""
    return f".{target.name}.{stamp}.new"


@contextmanager
def _private() -> Iterator[None]:
    """Files made in this block are the user's only: DuckDB makes the ledger, and a log beside it, by itself.

    The mask is that of the whole process: what other threads make meanwhile is private, too.
    """
    before = os.umask(FOR_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


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
