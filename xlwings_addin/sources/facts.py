"""New facts for a workbook: tables from wherever they come, quotes of the day, and what to know of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xlwings_addin.inputs.cases import load_cases
from xlwings_addin.inputs.company import load_company
from xlwings_addin.inputs.folders import company_folder, company_names
from xlwings_addin.inputs.tables import Row, Tables, load_tables
from xlwings_addin.sources.conflicts import Conflict, conflicts_with_reported
from xlwings_addin.sources.fetched import Fetched, refused
from xlwings_addin.sources.market import Provider, quoted, quotes


@dataclass(frozen=True)
class Facts:
    """Tables and quotes, ready to be used.

    `conflicts` are figures that the packaged tables have as reported and these tables state differently,
    `errors` what lint finds wrong in them.
    """

    fetched: Fetched
    quotes: tuple[Row, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    errors: tuple[str, ...] = ()

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
        """What a user has to be told: an earlier copy where a source failed, lint errors, conflicts."""
        return (
            *((f"an earlier copy is used: {self.fetched.failure}",) if self.fetched.stale else ()),
            *(f"lint finds: {error}" for error in self.errors),
            *(f"a reported figure differs: {conflict}" for conflict in self.conflicts),
        )

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

    Raises `InputError` for a source that fails, for tables that do not load, and for those of an address in
    which lint finds an error (in a folder of the user's own it is a warning); what `quotes` raises.

    >>> gather().name, gather().warnings
    ('the packaged tables', ())
    """
    from xlwings_addin.sources import fetch

    fetched, today = fetch(source, allow_stale=allow_stale, now=now), now().date()
    own = load_company(fetched.folder)
    rows = quotes(today=today, provider=provider, company=own) if market else ()
    if source is None:
        return Facts(fetched, rows)
    from xlwings_addin.inputs.lint import lint  # the project's own tables are checked by its tests

    tables = load_tables(fetched.folder)
    findings = lint(tables, today=today, cases=load_cases(fetched.folder, tables))
    errors = tuple(str(finding.message) for finding in findings if finding.severity == "error")
    if errors and "://" in str(source):
        rule = f"must have tables without lint errors: {errors[0]}"
        raise refused(fetched.source, rule, argument="source")
    return Facts(fetched, rows, tuple(_conflicts(tables)), errors)


def _conflicts(tables: Tables) -> Iterable[Conflict]:
    """What the packaged tables of the same company have as reported, and these state differently."""
    own = tables.company.key
    if own not in company_names():
        return ()
    return conflicts_with_reported(load_tables(company_folder(own)), tables)
