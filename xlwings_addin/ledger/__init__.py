"""The memory of the model: every build and refresh as a snapshot in an embedded DuckDB file.

    ledger      the version of the schema
    snapshots   one row a build or refresh: when, who, with what program, which workbook, inputs by their hash
    results     one row a case of a snapshot: value per share, its parts, price, margin of safety, methods
    inputs      the scalars of a case with unit, basis, source and date, stored once for each hash
    forecasts   what a case expected, year by year, stored once for each hash: what a scorecard reads

DuckDB lets one process write at a time and shuts readers out meanwhile. A ledger is therefore opened for one
append or one reading and closed again; who finds it taken waits, asking again after 5 ms, twice as long each
time up to 250 ms, with jitter, for `WAIT_SECONDS` in all. Appending is one transaction: a snapshot is there
as a whole or not at all. A new ledger is made beside its place and moved there: nobody sees half of one.

The file stands in the user's data folder; the environment variable `XIAOMI_MODEL_LEDGER` names another, and
"off" or nothing means none. It holds the login name of who built, and stays on this machine.

A file with another schema than `SCHEMA_VERSION` is refused: there is no earlier one to migrate yet.
"""

from xlwings_addin.ledger.file import (
    ENVIRONMENT,
    SCHEMA_VERSION,
    WAIT_SECONDS,
    Ledger,
    ledger_path,
    open_ledger,
)
from xlwings_addin.ledger.snapshot import CaseRecord, Scalar, Snapshot, canonical, hash_of, snapshot_of

__all__ = [
    "ENVIRONMENT",
    "SCHEMA_VERSION",
    "WAIT_SECONDS",
    "CaseRecord",
    "Ledger",
    "Scalar",
    "Snapshot",
    "canonical",
    "hash_of",
    "ledger_path",
    "open_ledger",
    "snapshot_of",
]
