"""What the tests of the ledger share: results of all cases, and a ledger that is not there yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import xlwings_addin as xa
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.ledger import Ledger, Snapshot, snapshot_of
from xlwings_addin.valuation.xiaomi import Results

NOON = datetime(2025, 11, 19, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def results() -> dict[str, Results]:
    return xa.values()


@pytest.fixture(scope="session")
def base(results: dict[str, Results]) -> Inputs:
    return results["base"].inputs


@pytest.fixture(scope="session")
def take(results: dict[str, Results]) -> Callable[..., Snapshot]:
    """Takes a snapshot of the base case."""

    def taken(*, hours: int = 0, **options: object) -> Snapshot:
        settings: dict[str, object] = {"command": "build", "book": "Xiaomi_Model.xlsx", "who": "analyst"}
        settings |= {"at": NOON + timedelta(hours=hours)} | options
        return snapshot_of({"base": results["base"]}, **settings)  # type: ignore[arg-type]

    return taken


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.duckdb", wait=5)


def rows(ledger: Ledger, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(ledger.path), read_only=True) as connection:
        return connection.execute(query).fetchall()
