"""What a workbook is refreshed from: tables and quotes, with what a user has to know of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.table_server import Site, status
from tests.sources.test_market import TODAY, StandIn
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.sources import write_index
from xlwings_addin.sources.facts import gather

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_quotes_stand_in_place_of_the_tables_own() -> None:
    facts = gather(market=True, provider=StandIn(), now=lambda: NOW)
    tables = facts.amended(load_tables())
    assert tables.row("price_hkd").text == "40.74"
    assert tables.row("price_hkd").source == "stand-in 1810.HK"
    assert facts.name == "the packaged tables with quotes of stand-in"


def test_without_quotes_the_tables_are_what_they_are() -> None:
    tables = load_tables()
    assert gather(now=lambda: NOW).amended(tables) is tables


def test_a_figure_that_was_reported_otherwise_is_a_warning(tables: Path) -> None:
    replace_in(
        tables / "inputs" / "history.csv",
        "research_and_development,FY2023,19100,",
        "research_and_development,FY2023,19200,",
    )
    (warning,) = gather(tables, now=lambda: NOW).warnings
    assert warning.startswith(
        "a reported figure differs: research_and_development FY2023 was reported as 19100 CNY m"
    )


def test_a_lint_error_is_a_warning_in_a_folder_and_refused_from_an_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert not gather(site.folder, now=lambda: NOW).errors
    replace_in(site.folder / "inputs" / "history.csv", "capex,FY2023,6270,", "capex,FY2023,6300,")
    write_index(site.folder)
    warnings = gather(site.folder, now=lambda: NOW).warnings
    assert any("free_cash_flow FY2023 35,030 is not" in message for message in warnings)
    with pytest.raises(InputError, match="must have tables without lint errors: free_cash_flow FY2023"):
        gather(site.address, now=lambda: NOW)


def test_an_earlier_copy_is_used_on_request_only_and_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert gather(site.address, now=lambda: NOW).name == f"{site.address} as of {NOW.isoformat()}"
    site.script["/index.csv"] = [status(404)]
    with pytest.raises(InputError, match="allow_stale permits the copy"):
        gather(site.address, now=lambda: NOW)
    (warning,) = gather(site.address, allow_stale=True, now=lambda: NOW).warnings
    assert warning.startswith("an earlier copy is used: ")
