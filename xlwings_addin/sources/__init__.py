"""Where the input tables come from: the package, a folder, or an address on the web.

    fetch()                     a local folder that the loaders read, where it comes from and when
    load()                      its tables and cases
    facts.gather()              tables and quotes for a workbook, with what lint finds in them
    conflicts_with_reported()   figures that were reported already and are another now
    write_index()               makes a folder of tables ready to be served
    market.quotes()             the share price and exchange rates of the day, behind the extra `market`

>>> fetched = fetch()
>>> fetched.source, [inputs.case for inputs in load(fetched)[1]][:2]
('the packaged tables', ['house_2026', 'base'])
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.defaults import PACKAGED
from xlwings_addin.inputs.tables import checked_folder
from xlwings_addin.sources.conflicts import Conflict, conflicts_with_reported
from xlwings_addin.sources.fetched import Fetched, load
from xlwings_addin.sources.index import write_index

if TYPE_CHECKING:
    from xlwings_addin.sources.web import Web

__all__ = [
    "Conflict",
    "Fetched",
    "conflicts_with_reported",
    "fetch",
    "load",
    "write_index",
]


def _now() -> datetime:
    return datetime.now(UTC)


def fetch(
    source: str | Path | None = None,
    *,
    cache: Path | None = None,
    allow_stale: bool = False,
    web: Web | None = None,
    now: Callable[[], datetime] = _now,
) -> Fetched:
    """A local folder with `inputs/` and `cases/`, ready for `load_tables` and `load_cases`.

    `source` is None for the packaged tables, a folder, or an address under which the files stand that its
    `index.csv` lists (see `sources.index`): https, or http on this machine itself. A text with `://` in it is
    an address.

    What comes from an address lies in `cache`, by default the user's cache folder for this program, as a
    folder that is complete or not there, and has passed the loader. `allow_stale` permits the last good copy
    where the address fails; `Fetched.failure` then says why. `web` has the limits, and how waits are spent.

    Raises `InputError` that names the folder or address and the rule it breaks.
    """
    if isinstance(source, str) and "://" in source:
        from xlwings_addin.sources.cache import fetch_address

        return fetch_address(source, cache=cache, allow_stale=allow_stale, web=web, now=now)
    if source == "":
        raise InputError("source", source, "must be a folder or an address")
    folder = checked_folder(None if source is None else Path(source))
    return Fetched(folder, PACKAGED if source is None else str(folder), now())
