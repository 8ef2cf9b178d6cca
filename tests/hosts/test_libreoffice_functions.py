"""The functions in cells of a running LibreOffice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from calc_office import Office, running_office

from udfs.registry import REGISTRY, spelling

pytestmark = pytest.mark.libreoffice


@pytest.fixture(scope="module")
def running(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running_office(libreoffice, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(running: Office) -> Office:
    """The office with an empty workbook."""
    running.open()
    return running


@pytest.mark.parametrize("name", REGISTRY)
def test_a_documented_example_gives_its_result(office: Office, name: str) -> None:
    example = REGISTRY[name].example
    print(example.formula)
