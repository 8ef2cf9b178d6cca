"""The page that explains the functions says what the registry says, and is the one that is committed."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from xlwings_addin.functions import reference
from xlwings_addin.functions.registry import PREFIXES, REGISTRY, Kind
from xlwings_addin.hosts import HOSTS

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"


def test_the_committed_page_is_the_one_the_registry_makes() -> None:
    made = reference.markdown(HOSTS)
    assert PAGE.read_text(encoding="utf-8") == made, "xiaomi-model functions --markdown docs/functions.md"


def test_a_change_of_a_function_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference.markdown(HOSTS)
    changed = dataclasses.replace(REGISTRY["DCF_FCFF"], errors="#NUM! always.")
    monkeypatch.setitem(REGISTRY, "DCF_FCFF", changed)
    assert reference.markdown(HOSTS) != before


@pytest.mark.parametrize("name", REGISTRY)
def test_a_function_is_explained_in_full_under_its_name(name: str) -> None:
    entry = REGISTRY[name]
    (section,) = re.findall(
        rf"^### {name}\n(.*?)(?=^##|\Z)", reference.markdown(HOSTS), re.MULTILINE | re.DOTALL
    )
    told = [entry.signature, entry.summary, entry.formula, entry.returns, entry.errors, entry.source]
    told += [entry.example.formula]
    for parameter in entry.parameters:
        told += [f"| `{parameter.host_name}` | {parameter.unit} | ", f" | {parameter.doc} |"]
    assert [sentence for sentence in told if sentence not in section] == []


def test_every_link_of_the_page_leads_to_a_heading() -> None:
    page = reference.markdown(HOSTS)
    links = re.findall(r"\]\(#([^)]+)\)", page)
    headings = [heading.lower() for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)]
    assert links == [reference.anchor(name) for name in REGISTRY]
    assert set(links) <= set(headings)
    assert len(headings) == len(set(headings))


def test_every_row_of_a_table_has_as_many_cells_as_its_heading() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", reference.markdown(HOSTS), re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_every_form_of_an_argument_and_every_program_has_words() -> None:
    assert set(reference.ARGUMENT_FORMS) == set(Kind)
    assert {host.name for host in HOSTS} == set(PREFIXES)
