"""New facts for a workbook: tables from wherever they come, quotes of the day, and what to know of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xlwings_addin.model.tables import Row, Tables, load_tables
from xlwings_addin.sources.changes import Conflict, conflicts_with_reported
from xlwings_addin.sources.fetched import Fetched, refused, vetted
from xlwings_addin.sources.market import Provider, quoted, quotes


@dataclass(frozen=True)
class Facts:
    """Tables and quotes, ready to be used.

    `conflicts` are figures that the packaged tables have as reported and these tables state differently.
    """

    fetched: Fetched
    quotes: tuple[Row, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the tables lie."""
        return self.fetched.folder

    @property
    def name(self) -> str:
        """What a reader calls them: the source with its time, an address failed, and who gave quotes."""
        words = [self.fetched.source]
        if "://" in self.fetched.source:
            words.append(f"as of {self.fetched.fetched_at.replace(microsecond=0).isoformat()}")
        if self.quotes:
            words.append(f"with quotes of {self.quotes[0].source.rpartition(' ')[0]}")
        return " ".join(words)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user has to be told: an earlier copy in place of a source that failed, and conflicts."""
        stale = (f"an earlier copy is used: {self.fetched.failure}",) if self.fetched.stale else ()
        return (*stale, *(f"a reported figure differs: {each}" for each in self.conflicts))

    def amended(self, tables: Tables) -> Tables:
        """The tables with the quotes in place of the house view's own."""
        return quoted(tables, self.quotes) if self.quotes else tables


def gather(
    source: str | Path | None = None,
    *,
    market: bool = False,
    allow_stale: bool = False,
    provider: Provider | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Facts:
    """Fetch tables and, with `market`, the quotes of the day; options as for `fetch` and `quotes`.

    Raises `InputError` for a source that fails, and for tables of another source than the package in which
    lint finds an error; what `quotes` raises for a quote that is missing or not plausible.

    >>> gather().name, gather().warnings
    ('the packaged tables', ())
    """
    from xlwings_addin.sources import fetch

    fetched, today = fetch(source, allow_stale=allow_stale, now=now), now().date()
    conflicts: tuple[Conflict, ...] = ()
    if source is not None:
        errors = [each for each in vetted(fetched, today=today) if each.severity == "error"]
        if errors:
            rule = f"must have tables without lint errors: {errors[0].message}"
            raise refused(fetched.source, rule, argument="source")
        conflicts = tuple(conflicts_with_reported(load_tables(), load_tables(fetched.folder)))
    rows = quotes(today=today, provider=provider) if market else ()
    return Facts(fetched, rows, conflicts)
