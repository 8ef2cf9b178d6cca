"""What the tests of the sources share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sources.table_server import Site, serving
from xlwings_addin.sources import Fetched, fetch, write_index
from xlwings_addin.sources.index import INDEX, index_text
from xlwings_addin.sources.web import Limits, Web


@dataclass
class Reader:
    """Fetches from the site, an hour after the last time; the waits are recorded, not waited for."""

    site: Site
    cache: Path
    limits: Limits = field(default_factory=lambda: Limits(read_timeout=1.0, connect_timeout=1, total_time=20))
    waits: list[float] = field(default_factory=list)
    chance: float = 0.0
    moment: datetime = datetime(2025, 11, 19, 8, tzinfo=UTC)

    def fetch(self, *, allow_stale: bool = False, limits: Limits | None = None) -> Fetched:
        self.moment += timedelta(hours=1)
        web = Web(limits or self.limits, self.waits.append, lambda: self.chance)
        return fetch(
            self.site.address, cache=self.cache, allow_stale=allow_stale, web=web, now=lambda: self.moment
        )

    def publish(self, path: str, content: bytes) -> None:
        """A new version of a table with its index, whether it loads or not."""
        (self.site.folder / path).write_bytes(content)
        (self.site.folder / INDEX).write_bytes(index_text(self.site.folder))

    def left_behind(self) -> list[str]:
        """What the cache holds that is neither a copy nor the record of the latest."""
        return [
            path.name
            for path in self.cache.glob("tables/*/*")
            if path.name != "latest.json" and not (len(path.name) == 32 and path.is_dir())
        ]


@pytest.fixture
def site(tables: Path) -> Iterator[Site]:
    """The project's tables on a web server that a test may spoil."""
    write_index(tables)
    with serving(tables) as up:
        yield up


@pytest.fixture
def reader(site: Site, tmp_path: Path) -> Reader:
    """A reader of the site with a cache of its own."""
    return Reader(site, tmp_path / "cache")
