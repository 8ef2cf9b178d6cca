"""Ledgers of former schemas: read as they are, and brought to the present one with nothing lost."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.ledger.conftest import NOON, rows
from tests.ledger.test_ledger import is_ready, start, writer
from tests.released import TABLES
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.fingerprint import sha256
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.inputs.renamed import renamed_names
from xlwings_addin.ledger import (
    SCHEMA_VERSION,
    CaseRecord,
    Ledger,
    Snapshot,
    hash_of,
    snapshot_of,
)
from xlwings_addin.valuation.xiaomi import Results, evaluate

FIRST_SCHEMA = (
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
    "INSERT INTO ledger VALUES (1)",
)
"""As version 0.1.0 made a ledger (commit 6a8185d)."""


def former_figures(case: CaseRecord) -> list[object]:
    """The figures of a case in the columns that schemas 1 and 2 had."""
    (devices, devices_method), (vehicle, vehicle_method) = (
        (case.part(key).per_share, case.part(key).method) for key in ("devices", "vehicle")
    )
    return [
        *(case.case, case.valuation_date, case.value_per_share, devices, vehicle, case.cash_and_other),
        *(case.price, case.margin_of_safety, devices_method, vehicle_method, case.inputs_hash),
    ]


def write_first_schema(path: Path, snapshots: Iterable[Snapshot]) -> None:
    """A ledger as version 0.1.0 wrote it: its tables, its names of columns and keys, a row a figure."""
    former = {new: old for old, new in renamed_names("key").items()}
    stored: set[str] = set()
    with duckdb.connect(str(path)) as connection:
        for statement in FIRST_SCHEMA:
            connection.execute(statement)
        for taken in snapshots:
            at = taken.time.replace(tzinfo=None)
            head = [taken.id, at, taken.who, taken.version, taken.command, taken.book, taken.inputs_hash]
            connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", head)
            for position, case in enumerate(taken.cases):
                forecasts_hash = sha256(dataclasses.astuple(line) for line in case.forecasts)
                row = [taken.id, position, *former_figures(case), forecasts_hash]
                connection.execute(f"INSERT INTO results VALUES ({', '.join('?' * 14)})", row)
                for table, hash, records in (
                    ("inputs", case.inputs_hash, case.scalars),
                    ("forecasts", forecasts_hash, case.forecasts),
                ):
                    if hash in stored:
                        continue
                    stored.add(hash)
                    placed = [
                        (hash, place, former.get(record.key, record.key), *dataclasses.astuple(record)[1:])
                        for place, record in enumerate(records)
                    ]
                    columns = [list(column) for column in zip(*placed, strict=True)]
                    marks = ", ".join("unnest(?)" for _ in columns)
                    connection.execute(f"INSERT INTO {table} SELECT {marks}", columns)


SECOND_SCHEMA = (
    "CREATE TABLE ledger (schema_version INTEGER NOT NULL)",
    """CREATE TABLE snapshots (
        id VARCHAR NOT NULL, time_utc TIMESTAMP NOT NULL, who VARCHAR NOT NULL, version VARCHAR NOT NULL,
        command VARCHAR NOT NULL, book VARCHAR NOT NULL, inputs_hash VARCHAR NOT NULL)""",
    """CREATE TABLE results (
        snapshot VARCHAR NOT NULL, position INTEGER NOT NULL, case_name VARCHAR NOT NULL,
        valuation_date DATE NOT NULL, value_per_share_hkd DOUBLE NOT NULL, devices_hkd DOUBLE NOT NULL,
        vehicle_hkd DOUBLE NOT NULL, cash_and_other_hkd DOUBLE NOT NULL, price_hkd DOUBLE NOT NULL,
        margin_of_safety DOUBLE, devices_method VARCHAR NOT NULL, vehicle_method VARCHAR NOT NULL,
        inputs_hash VARCHAR NOT NULL, inputs UUID NOT NULL, forecasts UUID NOT NULL)""",
    """CREATE TABLE scalars (
        id INTEGER NOT NULL, key VARCHAR NOT NULL, value VARCHAR NOT NULL, unit VARCHAR NOT NULL,
        basis VARCHAR NOT NULL, source VARCHAR NOT NULL, as_of DATE NOT NULL)""",
    "CREATE TABLE inputs (hash UUID NOT NULL, scalars INTEGER[] NOT NULL)",
    """CREATE TABLE forecast_lines (
        id INTEGER NOT NULL, key VARCHAR NOT NULL, period VARCHAR NOT NULL, unit VARCHAR NOT NULL,
        note VARCHAR NOT NULL)""",
    'CREATE TABLE forecasts (hash UUID NOT NULL, lines INTEGER[] NOT NULL, "values" DOUBLE[] NOT NULL)',
    "INSERT INTO ledger VALUES (2)",
)
"""As commit 0dd77e1 made a ledger."""


def md5_key(text: str) -> uuid.UUID:
    return uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


def write_second_schema(path: Path, snapshots: Iterable[Snapshot]) -> None:
    """A ledger as schema 2 was written: a set is a list of the numbers of its rows."""
    numbers: dict[str, dict[Sequence[object], int]] = {"scalars": {}, "forecast_lines": {}}
    sets: dict[str, dict[uuid.UUID, tuple[object, ...]]] = {"inputs": {}, "forecasts": {}}
    with duckdb.connect(str(path)) as connection:
        for statement in SECOND_SCHEMA:
            connection.execute(statement)
        for taken in snapshots:
            head = [taken.id, taken.time.replace(tzinfo=None), taken.who, taken.version, taken.command]
            connection.execute(
                "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", [*head, taken.book, taken.inputs_hash]
            )
            for position, case in enumerate(taken.cases):
                lines = [(line.key, line.period, line.unit, line.note) for line in case.forecasts]
                inputs = md5_key(case.inputs_hash)
                forecasts = md5_key(json.dumps([dataclasses.astuple(line) for line in case.forecasts]))
                row = [taken.id, position, *former_figures(case), inputs, forecasts]
                connection.execute(f"INSERT INTO results VALUES ({', '.join('?' * 15)})", row)
                ids = [
                    [numbers[table].setdefault(record, len(numbers[table]) + 1) for record in records]
                    for table, records in (
                        ("scalars", [dataclasses.astuple(scalar) for scalar in case.scalars]),
                        ("forecast_lines", lines),
                    )
                ]
                sets["inputs"][inputs] = (ids[0],)
                sets["forecasts"][forecasts] = (ids[1], [line.value for line in case.forecasts])
        for table, of_table in numbers.items():
            columns = [
                list(column) for column in zip(*((id, *row) for row, id in of_table.items()), strict=True)
            ]
            connection.execute(
                f"INSERT INTO {table} SELECT {', '.join('unnest(?)' for _ in columns)}", columns
            )
        for table, of_sets in sets.items():
            for key, members in of_sets.items():
                marks = ", ".join("?" for _ in members)
                connection.execute(f"INSERT INTO {table} VALUES (?, {marks})", [key, *members])


FORMER = {1: write_first_schema, 2: write_second_schema}


@pytest.fixture
def many(base: Inputs, results: dict[str, Results]) -> tuple[Snapshot, ...]:
    """Snapshots, newest first: of several cases, of changed inputs, and one without a margin of safety."""
    several = {name: results[name] for name in ("base", "bull", "march_2024_replica")}
    changed = {"base": evaluate(base.replace(price_hkd=41.5)), "bull": results["bull"]}
    taken = [
        snapshot_of(
            cases, command="build", book="book.xlsx", at=NOON - timedelta(hours=hours), version="0.1.0"
        )
        for hours, cases in enumerate((several, changed, several, {"bear": results["bear"]}))
    ]
    odd = dataclasses.replace(taken[-1].cases[0], margin_of_safety=None)
    taken[-1] = dataclasses.replace(taken[-1], who="O'Brien \u5c0f\u7c73", cases=(odd,))
    return tuple(map(as_formerly, taken))


def as_formerly(taken: Snapshot) -> Snapshot:
    """A snapshot with what a former ledger had of it: two parts, and forecasts year by year."""
    cases = (
        dataclasses.replace(
            case,
            parts=case.parts[:2],
            forecasts=tuple(sorted(case.forecasts, key=lambda forecast: forecast.period)),
        )
        for case in taken.cases
    )
    return dataclasses.replace(taken, cases=tuple(cases))


@pytest.fixture(params=FORMER)
def old_ledger(request: pytest.FixtureRequest, ledger: Ledger, many: tuple[Snapshot, ...]) -> Ledger:
    """A ledger as version 0.1.0 wrote it, and as the schema after it was written."""
    FORMER[request.param](ledger.path, many)
    return ledger


def test_a_ledger_of_a_former_schema_is_read_as_it_is(old_ledger: Ledger, many: tuple[Snapshot, ...]):
    before = old_ledger.path.read_bytes()
    assert old_ledger.snapshots() == many
    assert old_ledger.snapshot(many[1].id) == many[1]
    assert old_ledger.path.read_bytes() == before
    keys = {scalar.key for scalar in old_ledger.snapshots()[0].case("base").scalars}
    assert keys == {parameter.key for parameter in PARAMETERS}


def test_the_next_append_brings_a_former_schema_to_the_present_one(
    old_ledger: Ledger, many: tuple[Snapshot, ...], take: Callable[..., Snapshot]
):
    (version,) = rows(old_ledger, "SELECT schema_version FROM ledger")
    of_keys = {(1,): "inputs", (2,): "scalars"}[version]
    old_keys = rows(old_ledger, f"SELECT DISTINCT key FROM {of_keys} ORDER BY key")
    newest = take(hours=1)
    old_ledger.append(newest)
    assert old_ledger.snapshots() == (newest, *many)
    assert rows(old_ledger, "SELECT schema_version FROM ledger") == [(SCHEMA_VERSION,)]
    assert {key for (key,) in old_keys} <= {key for (key,) in rows(old_ledger, "SELECT key FROM scalars")}
    fresh = Ledger(old_ledger.path.with_name("fresh.duckdb"))
    fresh.append(newest)
    columns = """SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
        ORDER BY table_name, ordinal_position"""
    assert rows(old_ledger, columns) == rows(fresh, columns)
    assert [entry.name for entry in old_ledger.path.parent.glob("ledger*")] == ["ledger.duckdb"]


def test_a_migration_that_fails_leaves_the_former_schema(
    old_ledger: Ledger,
    many: tuple[Snapshot, ...],
    take: Callable[..., Snapshot],
    monkeypatch: pytest.MonkeyPatch,
):
    """The last statement of the transaction fails: none before it counts."""
    former = rows(old_ledger, "SELECT schema_version FROM ledger")
    with monkeypatch.context() as patch:
        patch.setattr("xlwings_addin.ledger.tables.SCHEMA_VERSION", "no number")
        with pytest.raises(InputError, match="cannot be written"):
            old_ledger.append(take(hours=1))
    assert rows(old_ledger, "SELECT schema_version FROM ledger") == former
    assert old_ledger.snapshots() == many
    old_ledger.append(take(hours=1))
    assert len(old_ledger.snapshots()) == len(many) + 1


@pytest.mark.slow
def test_processes_that_meet_a_ledger_of_a_former_schema_lose_nothing(
    old_ledger: Ledger, many: tuple[Snapshot, ...]
):
    writers = [writer(old_ledger, f"writer{number}", 3) for number in range(3)]
    assert all(is_ready(process) for process in writers)
    for process in writers:
        start(process)
    printed = [process.communicate(timeout=180) for process in writers]
    assert [process.returncode for process in writers] == [0] * 3, [errors for _, errors in printed]
    appended = {id for lines, _ in printed for id in lines.split()}
    assert len(appended) == 9
    stored = {snapshot.id: snapshot for snapshot in old_ledger.snapshots()}
    assert stored.keys() == appended | {driver.id for driver in many}
    assert all(stored[driver.id] == driver for driver in many)


def test_a_renaming_leaves_the_hash_of_equal_inputs():
    """The base case of version 0.1.0, whose keys have been renamed since."""
    old = load_inputs("base", TABLES)
    # As `hash_of` of commit 6a8185d gives it for its own tables, before any key was renamed.
    assert hash_of(old) == "c30447004806620fa8ec2044083463f258c7e750d58c018de9241f3eb4cf0709"
    assert hash_of(old) != hash_of(old.replace(devices_horizon=9))


def test_a_former_field_is_printed_beside_the_new_one(take: Callable[..., Snapshot]):
    read = json.loads(json.dumps(take().as_dict()))["cases"]["base"]
    assert read["core_hkd"] == read["devices_hkd"]
    with pytest.warns(DeprecationWarning, match=r"CaseRecord\.core is called devices now"):
        assert take().case("base").core == read["devices_hkd"]
