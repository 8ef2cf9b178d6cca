"""The ledger with 10,000 snapshots, no two with the same inputs or forecasts: CPU time and bytes of one.

CPU time, for others may use the machine meanwhile; bytes of the blocks in use, for those that the multiplying
left free are filled by later snapshots. The snapshots are multiplied within DuckDB; to append them
one by one takes an hour.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import duckdb

import xlwings_addin as xa
from benchmarks.measure import Measurement, print_table
from xlwings_addin.ledger import Ledger, Snapshot, snapshot_of

TITLE = "Ledger of 10,000 snapshots, CPU time"
SNAPSHOTS = 10_000
APPEND, HISTORY, BYTES = 0.060, 0.100, 10_000
NEW_SCALARS = 5
"""So many values no snapshot before had, a price and a date for instance, in every snapshot."""
MULTIPLY = (
    """INSERT INTO snapshots SELECT md5('a' || i), time_utc + to_minutes(-i), who, version, command, book,
    sha256('s' || i), company, currency FROM snapshots, range(1, $1) t(i)""",
    """INSERT INTO results
    SELECT 1000 * i + id, md5('a' || i), r.* EXCLUDE (id, snapshot, inputs_hash, forecasts),
    sha256(inputs_hash || i), md5(forecasts || '-' || i)::UUID
    FROM (SELECT * FROM results) r, range(1, $1) t(i)""",
    """INSERT INTO parts
    SELECT p.* REPLACE (1000 * i + result AS result, per_share + i * 0.01 AS per_share)
    FROM (SELECT * FROM parts) p, range(1, $1) t(i)""",
    f"""INSERT INTO scalars
    SELECT 1000 + {NEW_SCALARS} * i + place, s.* EXCLUDE (id, place) REPLACE (value || i AS value)
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM scalars
    WHERE id IN (SELECT unnest(members[:{NEW_SCALARS}]) FROM input_pieces WHERE id = 1)) s,
    range(1, $1) t(i)""",
    f"""INSERT INTO input_pieces SELECT 1000 * i + id, list_concat(
    [1000 + {NEW_SCALARS} * i + k for k in range(1, {NEW_SCALARS} + 1)], members[{NEW_SCALARS} + 1:])
    FROM (SELECT * FROM input_pieces WHERE id IN (SELECT pieces[1] FROM inputs)) p,
    range(1, $1) t(i) ORDER BY i""",
    """INSERT INTO inputs SELECT md5(hash || '-' || i)::UUID, list_concat([1000 * i + pieces[1]], pieces[2:])
    FROM (SELECT * FROM inputs) r, range(1, $1) t(i) ORDER BY i""",
    """INSERT INTO forecast_values SELECT 1000 * i + id, piece,
    list_transform("values", lambda value: value + i * 0.01)
    FROM (SELECT * FROM forecast_values) p, range(1, $1) t(i) ORDER BY i""",
    """INSERT INTO forecasts SELECT md5(hash || '-' || i)::UUID,
    list_transform(pieces, lambda p: 1000 * i + p)
    FROM (SELECT * FROM forecasts) r, range(1, $1) t(i) ORDER BY i""",
)


def measure(repeats: int = 5) -> list[Measurement]:
    """Append one more, read the newest 20, and what one takes on the disk."""
    one = snapshot_of(xa.values(), command="build", book="Xiaomi_Model.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.duckdb")
        ledger.append(one)
        with duckdb.connect(str(ledger.path)) as connection:
            for statement in MULTIPLY:
                connection.execute(statement, [SNAPSHOTS])
            (used,) = connection.execute(
                "SELECT used_blocks * block_size FROM pragma_database_size()"
            ).fetchone()
        size = used / SNAPSHOTS
        append = _cpu_time(lambda: ledger.append(replace(one, id=uuid.uuid4().hex)), repeats)
        append_new = _cpu_time(lambda: ledger.append(_another(one)), repeats)
        history = _cpu_time(lambda: ledger.snapshots(limit=20, with_inputs=False), repeats)
    return [
        Measurement("append one", append, None, f"< {APPEND * 1e3:.0f} ms", append < APPEND),
        Measurement("append one with new inputs", append_new),
        Measurement("history of 20", history, None, f"< {HISTORY * 1e3:.0f} ms", history < HISTORY),
        Measurement(f"one takes {size:,.0f} bytes", 0.0, size / BYTES, f"<= {BYTES:,} bytes", size <= BYTES),
    ]


def _another(one: Snapshot) -> Snapshot:
    """A snapshot no case of which has the inputs or forecasts of one before."""
    stamp = uuid.uuid4().hex
    number = int(stamp[:6], 16)
    cases = tuple(
        replace(
            case,
            inputs_hash=stamp + case.inputs_hash[32:],
            scalars=tuple(replace(scalar, value=stamp) for scalar in case.scalars[:NEW_SCALARS])
            + case.scalars[NEW_SCALARS:],
            forecasts=tuple(replace(line, value=line.value + number) for line in case.forecasts),
        )
        for case in one.cases
    )
    return replace(one, id=stamp, cases=cases)


def _cpu_time(work: Callable[[], object], repeats: int) -> float:
    """The median CPU time of this process, after a run that warms up."""
    work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return median(times)


if __name__ == "__main__":
    sys.exit(not print_table(TITLE, measure()))
