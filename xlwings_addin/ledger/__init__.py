"""The memory of the model: every build and refresh as a snapshot in an embedded DuckDB file.

    ledger          the version of the schema
    snapshots        one row a build or refresh: when, who, with what program, which workbook, inputs by hash,
                     the company and the currency of its listing
    results          one row a case of a snapshot: value per share, price, margin of safety
    parts            one row a part of a case: its value a share, and the method where it has several
    scalars          an input's value with unit, basis, source and date, stored once
    input_pieces     sixteen scalars that follow one another, by their numbers, stored once
    inputs           the pieces of a case's inputs, stored once for each hash
    forecast_lines   what a forecast is of: key, period, unit and note, stored once
    forecast_pieces  a line through its years, stored once
    forecast_values  what a line was expected to be through its years, stored once
    forecasts        the series of what a case expected, stored once for each hash: what a scorecard reads

DuckDB lets one process write at a time and shuts readers out meanwhile. A ledger is therefore opened for one
append or one reading and closed again; who finds it taken waits, asking again after 5 ms, twice as long each
time up to 250 ms, with jitter, for `WAIT_SECONDS` in all. Appending is one transaction: a snapshot is there
as a whole or not at all. A new ledger is made beside its place and moved there: nobody sees half of one.

The file stands in the user's data folder; the environment variable `XIAOMI_MODEL_LEDGER` names another, and
"off" or nothing means none. It holds the login name of who built, and stays on this machine.

A ledger of schema 1 or 2 is read as it is; the next append brings it to `SCHEMA_VERSION` in the transaction
that adds the snapshot, so that it is of one schema or of the other, whatever happens. One of a later schema
is refused.
"""

from xlwings_addin.inputs.fingerprint import Scalar, canonical, hash_of
from xlwings_addin.ledger.file import ENVIRONMENT, WAIT_SECONDS, Ledger, ledger_path, open_ledger
from xlwings_addin.ledger.snapshot import CaseRecord, PartRecord, Snapshot, snapshot_of
from xlwings_addin.ledger.tables import SCHEMA_VERSION

__all__ = [
    "ENVIRONMENT",
    "SCHEMA_VERSION",
    "WAIT_SECONDS",
    "CaseRecord",
    "Ledger",
    "PartRecord",
    "Scalar",
    "Snapshot",
    "canonical",
    "hash_of",
    "ledger_path",
    "open_ledger",
    "snapshot_of",
]
