"""One Dask cluster of two processes for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from xlwings_addin.cluster.dask import local_client


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    pytest.importorskip("distributed")
    with local_client(2) as opened:
        yield opened
