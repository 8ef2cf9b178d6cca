"""Appending to the ledger in passing: where that fails the work is done all the same, and that is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.ledger.file import open_ledger
from xlwings_addin.ledger.snapshot import Command, snapshot_of
from xlwings_addin.valuation.xiaomi import Results


def remember(
    results: Mapping[str, Results], command: Command, book: Path | str, ledger: Path | None = None
) -> str | None:
    """Append a snapshot, unless the ledger is turned off; why it could not be, or None."""
    opened = open_ledger(ledger)
    if opened is None:
        return None
    try:
        opened.append(snapshot_of(results, command=command, book=book))
    except ValuationError as error:
        return str(error)
    return None
