"""The ledger: what a snapshot keeps, and that nothing is lost, whoever writes and whatever stands there."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from tests.ledger.conftest import NOON, rows
from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.analytics.vintages import vintage_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.ledger import (
    ENVIRONMENT,
    SCHEMA_VERSION,
    Ledger,
    Snapshot,
    canonical,
    hash_of,
    ledger_path,
    open_ledger,
    snapshot_of,
)
from xlwings_addin.valuation.xiaomi import Results, evaluate

# --- what a snapshot holds ----------------------------------------------------------------------------


def test_a_snapshot_keeps_results_methods_and_every_scalar(results: dict[str, Results]):
    taken = snapshot_of(
        results, command="build", book=Path("book.xlsx"), at=NOON, who="analyst", version="1.2"
    )
    assert (taken.time, taken.who, taken.version, taken.command) == (NOON, "analyst", "1.2", "build")
    assert taken.book == os.path.abspath("book.xlsx")
    assert [entry.case for entry in taken.cases] == list(results)
    assert (taken.company, taken.currency) == ("xiaomi", "HKD")
    for record in taken.cases:
        parts, inputs = results[record.case].sotp, results[record.case].inputs
        assert [part.key for part in record.parts] == ["devices", "vehicle", "new_initiatives"]
        assert record.part("new_initiatives").per_share == parts.new_initiatives.per_share
        assert record.value_per_share == parts.value_per_share
        assert record.value_per_share == pytest.approx(
            record.devices + record.vehicle + record.cash_and_other
        )
        assert (record.price, record.margin_of_safety) == (inputs["price_hkd"], parts.margin_of_safety)
        keys = ("devices", "vehicle", "new_initiatives")
        assert record.methods == {key: inputs[f"{key}_method"] for key in keys}
        assert [scalar.key for scalar in record.scalars] == [parameter.key for parameter in PARAMETERS]
        by_key = {scalar.key: scalar for scalar in record.scalars}
        row = inputs.row("vehicle_wacc")
        wacc = by_key["vehicle_wacc"]
        assert (wacc.value, wacc.unit, wacc.basis, wacc.source, wacc.as_of) == (
            f"{inputs.number('vehicle_wacc'):g}",
            row.unit,
            row.basis,
            row.source,
            row.as_of,
        )


def test_a_snapshot_is_of_now_by_the_one_logged_in(results: dict[str, Results]):
    before = datetime.now(UTC)
    taken = snapshot_of(results, command="build", book="book.xlsx")
    assert before <= taken.time <= datetime.now(UTC)
    assert len({taken.id, snapshot_of(results, command="build", book="book.xlsx").id}) == 2


def test_a_login_that_the_system_does_not_tell_is_left_empty(
    results: dict[str, Results], monkeypatch: pytest.MonkeyPatch
):
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert snapshot_of(results, command="build", book="book.xlsx").who == ""


def test_time_is_kept_in_utc(take: Callable[..., Snapshot]):
    hong_kong = timezone(timedelta(hours=8))
    assert take(at=datetime(2025, 11, 19, 20, tzinfo=hong_kong)).time == NOON
    assert take(at=datetime(2025, 11, 19, 20, tzinfo=hong_kong)).time.tzinfo is UTC


def test_a_snapshot_of_nothing_a_time_without_zone_and_an_unknown_command_are_refused(
    take: Callable[..., Snapshot],
):
    with pytest.raises(InputError, match="results 0 must hold a case"):
        snapshot_of({}, command="build", book="book.xlsx")
    with pytest.raises(InputError, match="at 2025-11-19T12:00:00 must have a time zone"):
        take(at=datetime(2025, 11, 19, 12))
    with pytest.raises(InputError, match="command 'guess' must be one of build, refresh"):
        take(command="guess")


def test_a_case_without_a_margin_of_safety_keeps_none(base: Inputs, ledger: Ledger):
    sunk = evaluate(base.replace(debt=1_000_000.0))
    assert sunk.sotp.value_per_share < 0
    ledger.append(snapshot_of({"base": sunk}, command="build", book="book.xlsx"))
    assert ledger.snapshots()[0].cases[0].margin_of_safety is None


# --- the hash of the inputs ---------------------------------------------------------------------------


def test_equal_inputs_have_equal_hashes(base: Inputs):
    assert len(hash_of(base)) == 64
    assert hash_of(base) == hash_of(load_inputs("base"))


@pytest.mark.parametrize("key", ["vehicle_wacc", "price_hkd", "demand_saturation"])
def test_a_changed_scalar_changes_the_hash(base: Inputs, key: str):
    assert hash_of(base.replace(**{key: base.number(key) * 1.000001})) != hash_of(base)


def test_a_changed_figure_of_the_history_changes_the_hash(base: Inputs):
    tables = base.tables.replace({("revenue", "FY2017"): 114_620.5})
    assert hash_of(dataclasses.replace(base, tables=tables)) != hash_of(base)


@pytest.mark.parametrize(
    ("field", "value"),
    [("basis", "unverified"), ("source", "elsewhere"), ("as_of", date(2020, 1, 1))],
)
def test_another_provenance_changes_the_hash(base: Inputs, field: str, value: object):
    row = dataclasses.replace(base.row("debt"), **{field: value})
    assert hash_of(dataclasses.replace(base, rows={**base.rows, "debt": row})) != hash_of(base)


def test_order_notes_and_places_do_not_change_the_hash(base: Inputs):
    history = tuple(
        dataclasses.replace(row, line=1, file="other.csv") for row in reversed(base.tables.history)
    )
    tables = dataclasses.replace(base.tables, history=history)
    scalars = {key: dataclasses.replace(row, note="seen again") for key, row in base.rows.items()}
    values = dict(reversed(base.values.items()))
    other = dataclasses.replace(base, tables=tables, rows=scalars, values=values)
    assert hash_of(other) == hash_of(base)


def test_canonical_numbers_read_back_as_they_were():
    for number in (0.1, 1 / 3, -2.5e-17, 1e300, 2.0**60, 0.0):
        assert float(canonical(number)) == number


# --- appending and reading ----------------------------------------------------------------------------


def test_what_is_appended_is_read_back(results: dict[str, Results], ledger: Ledger):
    taken = snapshot_of(results, command="refresh", book="book.xlsx", at=NOON)
    ledger.append(taken)
    assert ledger.snapshots() == (taken,)


def test_snapshots_come_newest_first_whatever_the_order_they_came_in(
    take: Callable[..., Snapshot], ledger: Ledger
):
    for hours in (3, 1, 2):
        ledger.append(take(hours=hours))
    assert [snapshot.time.hour - 12 for snapshot in ledger.snapshots()] == [3, 2, 1]
    assert [snapshot.time.hour - 12 for snapshot in ledger.snapshots(limit=2)] == [3, 2]


def test_snapshots_are_found_by_case_and_command(
    results: dict[str, Results], take: Callable[..., Snapshot], ledger: Ledger
):
    bull = snapshot_of({"bull": results["bull"]}, command="build", book="book.xlsx")
    refreshed = take(command="refresh")
    for entry in (bull, refreshed):
        ledger.append(entry)
    assert ledger.snapshots(case="bull") == (bull,)
    assert ledger.snapshots(command="refresh") == (refreshed,)
    assert ledger.snapshots(case="bull", command="refresh") == ()
    assert ledger.snapshots(case="'; DROP TABLE snapshots; --") == ()
    assert len(ledger.snapshots()) == 2


def test_one_snapshot_is_found_by_the_beginning_of_its_id(take: Callable[..., Snapshot], ledger: Ledger):
    first, second = take(), take()
    for entry in (first, second):
        ledger.append(entry)
    assert ledger.snapshot(first.id[:12].upper()) == first
    with pytest.raises(InputError, match=r"snapshot '' must begin the id of one snapshot, and begins .* 2"):
        ledger.snapshot("")
    with pytest.raises(InputError, match="begins those of 0"):
        ledger.snapshot("zzz")


def test_a_limit_below_one_is_refused(ledger: Ledger):
    with pytest.raises(InputError, match="limit 0 must be at least 1"):
        ledger.snapshots(limit=0)


def test_equal_inputs_are_stored_once(results: dict[str, Results], ledger: Ledger):
    for _ in range(3):
        ledger.append(snapshot_of(results, command="build", book="book.xlsx"))
    assert rows(ledger, "SELECT count(*) FROM snapshots") == [(3,)]
    assert rows(ledger, "SELECT count(*), count(DISTINCT hash) FROM inputs") == [(len(results),) * 2]
    pieces = -(-len(PARAMETERS) // 16)
    assert rows(ledger, "SELECT sum(len(pieces)) FROM inputs") == [(pieces * len(results),)]
    stored = rows(ledger, "SELECT count(*), count(DISTINCT members) FROM input_pieces")
    assert stored[0][0] == stored[0][1] < pieces * len(results)
    series = rows(ledger, 'SELECT count(*), count(DISTINCT (piece, "values")) FROM forecast_values')
    assert series[0][0] == series[0][1] < rows(ledger, "SELECT sum(len(pieces)) FROM forecasts")[0][0]
    scalars = {scalar for record in ledger.snapshots()[0].cases for scalar in record.scalars}
    assert len(scalars) < len(PARAMETERS) * len(results) / 2
    assert rows(ledger, "SELECT count(*), count(DISTINCT id) FROM scalars") == [(len(scalars),) * 2]
    assert rows(ledger, "SELECT count(*) = count(DISTINCT hash) FROM forecasts") == [(True,)]


def test_changed_inputs_share_what_did_not_change(base: Inputs, ledger: Ledger):
    for price in (40.0, 41.0, 42.0):
        changed = evaluate(base.replace(price_hkd=price))
        ledger.append(snapshot_of({"base": changed}, command="build", book="book.xlsx"))
    assert rows(ledger, "SELECT count(*) FROM inputs") == [(3,)]
    assert rows(ledger, "SELECT count(*) FROM scalars") == [(len(PARAMETERS) + 2,)]
    assert {snapshot.case("base").price for snapshot in ledger.snapshots()} == {40.0, 41.0, 42.0}
    assert {scalar.value for snapshot in ledger.snapshots() for scalar in snapshot.cases[0].scalars} >= {
        "40",
        "42",
    }


def test_text_is_kept_as_it_is(take: Callable[..., Snapshot], ledger: Ledger):
    odd = take(who="O'Brien; DROP TABLE snapshots; -- \u5c0f\u7c73", book='a "b" $1 ?.xlsx')
    ledger.append(odd)
    assert ledger.snapshots() == (odd,)


def test_a_snapshot_is_there_as_a_whole_or_not_at_all(take: Callable[..., Snapshot], ledger: Ledger):
    first = take()
    ledger.append(first)
    with pytest.raises(InputError, match=r"ledger\.duckdb cannot be written: "):
        ledger.append(first)  # an id may stand once
    double = take(hours=1)
    with pytest.raises(InputError, match="cannot be written"):
        ledger.append(dataclasses.replace(double, cases=double.cases * 2))
    assert ledger.snapshots() == (first,)
    assert rows(ledger, "SELECT count(*) FROM results") == [(1,)]


def test_a_snapshot_scores_as_the_case_did(results: dict[str, Results], ledger: Ledger):
    ledger.append(snapshot_of(results, command="build", book="book.xlsx"))
    (kept,) = ledger.snapshots()
    for case, result in results.items():
        tables = result.inputs.tables
        live = scorecard(vintage_of(result), tables)
        past = scorecard(kept.vintage(case), tables)
        assert [dataclasses.replace(score, vintage=case) for score in past] == list(live)
        assert past[0].vintage == f"{case} of snapshot {kept.id[:8]}"


def test_a_case_a_snapshot_does_not_have_is_refused(take: Callable[..., Snapshot]):
    with pytest.raises(InputError, match="case 'bull' must be one of base"):
        take().vintage("bull")


def test_a_program_can_read_a_snapshot(take: Callable[..., Snapshot]):
    read = json.loads(json.dumps(take().as_dict()))
    assert read["time"] == "2025-11-19T12:00:00+00:00"
    methods = {"devices": "segments", "core": "segments", "vehicle": "units", "new_initiatives": "stated"}
    assert read["cases"]["base"]["methods"] == methods


# --- where it is --------------------------------------------------------------------------------------


def test_the_default_is_in_the_data_folder_of_the_user():
    path = ledger_path(environment={})
    assert path is not None
    assert path.name == "ledger.duckdb"
    assert "xiaomi-model" in str(path)
    assert Path.home() in path.parents


def test_the_environment_names_another_and_an_argument_comes_first(tmp_path: Path):
    named = {ENVIRONMENT: str(tmp_path / "a.duckdb")}
    assert ledger_path(environment=named) == tmp_path / "a.duckdb"
    assert ledger_path(tmp_path / "b.duckdb", named) == tmp_path / "b.duckdb"
    assert ledger_path(environment={ENVIRONMENT: "~/c.duckdb"}) == Path.home() / "c.duckdb"


@pytest.mark.parametrize("off", ["off", "OFF", "", " "])
def test_off_or_nothing_means_no_ledger(off: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert ledger_path(off, {ENVIRONMENT: str(tmp_path)}) is None
    monkeypatch.setenv(ENVIRONMENT, off)
    assert open_ledger() is None
    assert open_ledger(tmp_path / "ledger.duckdb") is not None


def test_nothing_is_made_before_the_first_append(ledger: Ledger):
    assert ledger.snapshots() == ()
    assert not ledger.path.exists()


def test_folders_above_it_are_made(take: Callable[..., Snapshot], tmp_path: Path):
    deep = Ledger(tmp_path / "a" / "b" / "ledger.duckdb")
    deep.append(take())
    assert [entry.name for entry in deep.path.parent.iterdir()] == ["ledger.duckdb"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_to_a_place_without_a_ledger_is_followed(take: Callable[..., Snapshot], tmp_path: Path):
    link = tmp_path / "link.duckdb"
    link.symlink_to(tmp_path / "there.duckdb")
    Ledger(link).append(take())
    assert link.is_symlink()
    assert len(Ledger(tmp_path / "there.duckdb").snapshots()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("earlier", [None, 0o644, 0o666])
def test_the_ledger_is_the_users_own(take: Callable[..., Snapshot], ledger: Ledger, earlier: int | None):
    mask = os.umask(0o022)
    try:
        ledger.append(take())
        if earlier is not None:
            ledger.path.chmod(earlier)
            ledger.append(take(hours=1))
        assert ledger.path.stat().st_mode & 0o777 == 0o600
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)


def test_a_history_needs_no_inputs(results: dict[str, Results], ledger: Ledger):
    taken = snapshot_of(results, command="build", book="book.xlsx", at=NOON)
    ledger.append(taken)
    (short,) = ledger.snapshots(with_inputs=False)
    assert short.as_dict() == taken.as_dict()
    assert not any(case.scalars or case.forecasts for case in short.cases)


def test_duckdb_is_not_loaded_with_the_program():
    code = "import sys, xlwings_addin.ledger as l; l.open_ledger(); sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- what is no ledger --------------------------------------------------------------------------------


def a_folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("key,period,value\n" * 500, encoding="utf-8")


def sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE snapshots (id)")
    connection.close()


def cut_off(path: Path) -> None:
    foreign(path)
    path.write_bytes(path.read_bytes()[:9_000])


def damaged(path: Path) -> None:
    foreign(path)
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(255 - row for row in data[4096:8192])
    data[8192:12288] = bytes(255 - row for row in data[8192:12288])
    path.write_bytes(data)


def foreign(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE snapshots (id INTEGER)")
        connection.execute("INSERT INTO snapshots VALUES (7)")


def namesake(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE ledger (amount INTEGER)")


def versioned(version: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE ledger (schema_version INTEGER)")
            connection.execute("INSERT INTO ledger VALUES ($1)", [version])

    return make


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (a_folder, "must be a file, not a folder or a device"),
        (empty, "it is not a DuckDB file"),
        (text, "it is not a DuckDB file"),
        (sqlite, "it is not a DuckDB file"),
        (cut_off, "cannot be .*: it is (cut off|damaged)"),
        (damaged, "cannot be .*: it is damaged"),
        (foreign, "is a DuckDB file, but no ledger of this program"),
        (namesake, "is a DuckDB file, but no ledger of this program"),
        (versioned(0), "has schema 0 of earlier versions; this one reads and writes 3"),
        (versioned(SCHEMA_VERSION + 1), "has schema 4 of later versions; this one reads and writes 3"),
    ],
)
def test_what_is_no_ledger_is_refused_and_left_alone(
    ledger: Ledger, take: Callable[..., Snapshot], make: Callable[[Path], None], rule: str
):
    make(ledger.path)
    before = ledger.path.read_bytes() if ledger.path.is_file() else b""
    with pytest.raises(InputError, match=rf"^ledger .*ledger\.duckdb .*{rule}"):
        ledger.append(take())
    with pytest.raises(InputError, match=rule):
        ledger.snapshots()
    assert (ledger.path.read_bytes() if ledger.path.is_file() else b"") == before
    assert [entry.name for entry in ledger.path.parent.iterdir()] == ["ledger.duckdb"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, take: Callable[..., Snapshot]):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(InputError, match=r"ledger .*file.ledger\.duckdb cannot be written: "):
        Ledger(tmp_path / "file" / "ledger.duckdb").append(take())


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write anywhere"
)
def test_a_read_only_folder_is_named(tmp_path: Path, take: Callable[..., Snapshot]):
    place = tmp_path / "place"
    place.mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        Ledger(place / "ledger.duckdb").append(take())


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write anywhere"
)
def test_a_read_only_ledger_can_be_read(ledger: Ledger, take: Callable[..., Snapshot]):
    ledger.append(take())
    ledger.path.chmod(0o400)
    assert len(ledger.snapshots()) == 1
    with pytest.raises(InputError, match="cannot be written"):
        ledger.append(take())


def test_a_disk_that_fails_while_a_ledger_is_made_leaves_nothing(
    ledger: Ledger, take: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
):
    def fail(new: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xlwings_addin.ledger.file._move_new", fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        ledger.append(take())
    assert list(ledger.path.parent.iterdir()) == []


# --- several at once ----------------------------------------------------------------------------------

WRITER = """
import sys
from datetime import UTC, date, datetime
from xlwings_addin.ledger import CaseRecord, Ledger, PartRecord, Scalar, Snapshot
from xlwings_addin.analytics.vintages import Forecast

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = Ledger(path, wait=120)
scalars = (Scalar("price_hkd", "13", "HKD per share", "reported", "writer", date(2024, 3, 8)),)
forecasts = (Forecast("revenue", "FY2024", 1.0, "CNY m"),)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    parts = (PartRecord("devices", "average", 1.0), PartRecord("vehicle", "ramp", 0.0))
    record = CaseRecord("base", date(2024, 3, 8), 1.0, 0.0, 13.0, None, name, parts, scalars, forecasts)
    id = f"{name}-{number}"
    head = (id, datetime.now(UTC), name, "0", "build", "book.xlsx", name)
    ledger.append(Snapshot(*head, (record,), "xiaomi", "HKD"))
    print(id, flush=True)
"""


def writer(ledger: Ledger, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(ledger.path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def is_ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "ready\n"


@pytest.mark.slow
def test_processes_that_append_at_once_lose_nothing(ledger: Ledger):
    """The ledger is not there yet: they race to make it too."""
    writers = [writer(ledger, f"writer{number}", 6) for number in range(6)]
    assert all(is_ready(process) for process in writers)
    for process in writers:
        start(process)
    printed = [process.communicate(timeout=180) for process in writers]
    assert [process.returncode for process in writers] == [0] * 6, [errors for _, errors in printed]
    appended = {id for lines, _ in printed for id in lines.split()}
    assert len(appended) == 36
    entries = ledger.snapshots()
    assert {finding.id for finding in entries} == appended
    assert all(len(finding.cases[0].scalars) == len(finding.cases[0].forecasts) == 1 for finding in entries)
    assert [entry.name for entry in ledger.path.parent.iterdir()] == ["ledger.duckdb"]


def test_readers_find_whole_snapshots_while_others_write(ledger: Ledger):
    ledger.wait = 60
    process = writer(ledger, "writer", 12)
    assert is_ready(process)
    start(process)
    seen = 0
    while process.poll() is None:
        entries = ledger.snapshots()
        assert len(entries) >= seen
        assert all(len(finding.cases) == 1 and finding.cases[0].forecasts for finding in entries)
        seen = len(entries)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(ledger.snapshots()) == 12


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing_it_had_confirmed(ledger: Ledger):
    moments = random.Random(20240308)
    confirmed: set[str] = set()
    for turn in range(8):
        process = writer(ledger, f"turn{turn}", 1000)
        assert is_ready(process)
        start(process)
        if turn == 0:  # however busy the machine is, one is confirmed
            assert process.stdout is not None
            confirmed.add(process.stdout.readline().strip())
        time.sleep(moments.uniform(0.05, 0.5))
        process.kill()
        lines, _ = process.communicate(timeout=60)
        confirmed |= {line for line in lines.split("\n")[:-1] if line}
    assert confirmed
    entries = ledger.snapshots()
    assert confirmed <= {finding.id for finding in entries}
    assert all(len(finding.cases) == 1 and finding.cases[0].scalars for finding in entries)


def test_threads_of_one_process_lose_nothing(ledger: Ledger, take: Callable[..., Snapshot]):
    taken = [take(hours=hours) for hours in range(12)]
    threads = [threading.Thread(target=ledger.append, args=(change,)) for change in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.snapshots() == tuple(reversed(taken))


HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def locked_by(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open until it is told to go."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert is_ready(process)
        yield process
    finally:
        process.communicate(timeout=60)


def test_who_waits_too_long_is_told_that_the_ledger_is_in_use(ledger: Ledger, take: Callable[..., Snapshot]):
    first = take()
    ledger.append(first)
    with locked_by(ledger.path):
        ledger.wait = 0.2
        for use in (ledger.snapshots, lambda: ledger.append(take())):
            with pytest.raises(InputError, match=r"is in use by another program, after 0\.2 seconds"):
                use()
    assert ledger.snapshots() == (first,)


def test_who_waits_gets_the_ledger_once_it_is_free(ledger: Ledger, take: Callable[..., Snapshot]):
    ledger.wait = 60
    ledger.append(take())
    with locked_by(ledger.path) as process:
        threading.Timer(0.3, start, [process]).start()
        ledger.append(take(hours=1))
    assert len(ledger.snapshots()) == 2


def test_another_connection_of_this_process_counts_as_in_use(ledger: Ledger, take: Callable[..., Snapshot]):
    ledger.append(take())
    ledger.wait = 0.1
    with (
        duckdb.connect(str(ledger.path)),
        pytest.raises(InputError, match="is in use by another program"),
    ):
        ledger.append(take())
