"""The notebook runs, and shows what it shows in the repository."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import xlwings_addin as xa

if TYPE_CHECKING:
    from nbformat import NotebookNode


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the notebook; its libraries take seconds to import."""
    from examples import build_notebook

    return build_notebook


@pytest.fixture(scope="module")
def run(script: ModuleType) -> NotebookNode:
    return script.executed()


def outputs(book: NotebookNode) -> Iterator[tuple[str, str]]:
    """What code cells show, as text: pictures differ with the version of matplotlib."""
    for cell in book.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            text = output.get("data", {}).get("text/plain", output.get("text", ""))
            yield cell.source, "".join(text)


def test_the_notebook_in_the_repository_is_valid_and_is_that_of_the_script(script: ModuleType) -> None:
    import nbformat

    stored = nbformat.read(script.NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    assert [cell.source for cell in stored.cells] == [cell.source for cell in script.notebook().cells]
    assert {cell.cell_type for cell in stored.cells} == {"markdown", "code"}


def test_it_runs_and_gives_what_is_stored(script: ModuleType, run: NotebookNode) -> None:
    import nbformat

    book = nbformat.read(script.NOTEBOOK, as_version=4)
    stored = [item for item in outputs(book) if "<Figure" not in item[1]]
    fresh = [item for item in outputs(run) if "<Figure" not in item[1]]
    assert fresh == stored
    assert len(fresh) >= 9


def test_it_shows_pictures_and_the_summary(run: NotebookNode) -> None:
    kinds = [
        kind for cell in run.cells for output in cell.get("outputs", []) for kind in output.get("data", {})
    ]
    assert kinds.count("image/png") == 2
    assert "text/html" in kinds
    texts = dict(outputs(run))
    assert texts["round(cases.weighted_value, 2)"] == f"{xa.values().weighted_value:.2f}"
