"""Ledgers of former schemas: their tables as the present ones would have them, and their migration.

    schema 1    a row for every input and forecast of every set
    schema 2    a set is a list of the numbers of its rows

Both had a column for each of Xiaomi's two businesses, and no company and no currency: those were Xiaomi's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xlwings_addin.ledger.sets import FORECASTS, INPUTS, SETS, SetTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COMPANY: Final = "xiaomi"
CURRENCY: Final = "HKD"
_RESULTS: Final = """FROM {table} AS old(snapshot, position, case_name, valuation_date, value_per_share,
    devices, vehicle, cash_and_other, price, margin_of_safety, devices_method, vehicle_method, inputs_hash,
    {sets})"""
"""Columns by their place: a ledger that was made before some were renamed has them there, too."""
_SETS: Final = {
    1: ("forecasts", "md5(forecasts)::UUID AS forecasts"),
    2: ("inputs, forecasts", "forecasts"),
}
_LISTS: Final = {INPUTS.name: ("scalars", ""), FORECASTS.name: ("lines", ', unnest("values") AS value')}
_SUFFIX: Final = "_former"


def snapshots_of(table: str = "snapshots") -> str:
    """The rows of snapshots, as SQL."""
    return f"SELECT *, '{COMPANY}' AS company, '{CURRENCY}' AS currency FROM {table}"


def _number(table: str) -> str:
    """The number of a result from 0, as SQL. Rows that a transaction has just written count from 2^55."""
    return f"rowid - (SELECT min(rowid) FROM {table})"


def results_of(version: int, table: str = "results") -> str:
    """The rows of results, as SQL."""
    named, sets = _SETS[version]
    return f"""SELECT {_number(table)} AS id, snapshot, position, case_name, valuation_date,
        value_per_share, cash_and_other, price, margin_of_safety, inputs_hash, {sets}
        {_RESULTS.format(table=table, sets=named)}"""


def parts_of(version: int, table: str = "results") -> str:
    """The rows of parts, as SQL: two a result, in Xiaomi's order."""
    old = _RESULTS.format(table=table, sets=_SETS[version][0])
    return f"""SELECT {_number(table)} AS result, 0 AS place, 'devices' AS key, devices_method AS method,
        devices AS per_share {old}
        UNION ALL SELECT {_number(table)}, 1, 'vehicle', vehicle_method, vehicle {old}"""


def sets_of(version: int, sets: SetTable, table: str | None = None, where: str = "") -> str:
    """The rows of sets, as SQL: hash, position from 0, and the columns of a record."""
    table, names = table or sets.name, ", ".join(sets.fields)
    if version == 1:
        return f"""SELECT * FROM
            (SELECT md5(hash)::UUID AS hash, position, {names} FROM {table}) {where}"""
    numbers, value = _LISTS[sets.name]
    return f"""SELECT hash, position, {names} FROM
        (SELECT hash, unnest({numbers}) AS id, generate_subscripts({numbers}, 1) - 1 AS position{value}
        FROM {table} {where}) JOIN {sets.rows} USING (id)"""


def migrate(connection: DuckDBPyConnection, version: int, schema: dict[str, str]) -> None:
    """Bring a ledger to the present schema, within the caller's transaction: texts, keys and order are kept.

    The rows of sets of schema 2 stay where they are; their numbers are those of the new pieces.
    """
    old = ["snapshots", "results", *(sets.name for sets in SETS)]
    for name in old:
        connection.execute(f"CREATE TEMP TABLE {name}{_SUFFIX} AS SELECT * FROM {name}")
        connection.execute(f"DROP TABLE {name}")
    stay = {"ledger", *(sets.rows for sets in SETS if version > 1)}
    for name, columns in schema.items():
        if name not in stay:
            connection.execute(f"CREATE TABLE {name} ({columns})")
    connection.execute(f"INSERT INTO snapshots {snapshots_of(f'snapshots{_SUFFIX}')}")
    connection.execute(f"INSERT INTO results {results_of(version, f'results{_SUFFIX}')}")
    connection.execute(f"INSERT INTO parts {parts_of(version, f'results{_SUFFIX}')} ORDER BY ALL")
    for sets in SETS:
        for statement in sets.statements(sets_of(version, sets, f"{sets.name}{_SUFFIX}"), {}):
            connection.execute(statement)
    for name in old:
        connection.execute(f"DROP TABLE {name}{_SUFFIX}")
