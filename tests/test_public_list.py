"""Names that others depend on change only when they are meant to, and the changelog says so."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

import xlwings_addin as xa
from supply.public_names import JSON, LIST, fields_documented, names, untold
from xlwings_addin.cli import app
from xlwings_addin.ledger import Ledger, snapshot_of

COMMANDS = fields_documented()


def test_the_list_of_public_names_is_that_of_the_code() -> None:
    """`python -m supply.public_names` writes it; what goes has to be named in CHANGELOG.md first."""
    assert LIST.read_text(encoding="utf-8").splitlines() == names().splitlines()


def test_the_list_has_every_kind_of_name() -> None:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    kinds = [line.split()[0] for line in lines]
    assert set(kinds) == {"python", "cell", "command", "json"}
    assert "cell DCF_TERMINAL_VALUE(final_flow, rate, growth, [form])" in lines
    assert any(line.startswith("python value(case=..., folder=...)") for line in lines)
    assert any(line.startswith("command xiaomi-model export lite BOOK --json --out") for line in lines)
    assert "json value: value_per_share_hkd" in lines


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("cell RAMP_FADE(start, end)", "cell RAMP_FADE(start)", "RAMP_FADE"),
        ("python refresh(path, folder=...)", "", "refresh"),
        ("json value: price_hkd", "json value: price", "price_hkd"),
        ("command xiaomi-model value --case --json", "command xiaomi-model value --json", "--json"),
    ],
)
def test_a_name_that_goes_must_stand_in_the_changelog(before: str, after: str, told: str) -> None:
    assert untold(before, after, "- Nothing is new.") == [before]
    assert untold(before, after, f"- {told} is another.") == []
    assert untold(before, f"{before}\ncell NEW_ONE(x)", "") == []


def test_an_option_more_is_no_loss() -> None:
    before = "command xiaomi-model value --case --json"
    assert untold(before, "command xiaomi-model value --case --company --json", "") == []


@pytest.mark.parametrize("command", COMMANDS)
def test_json_has_the_documented_fields(command: str, tmp_path: Path, book_file: Path) -> None:
    figures = JSON.with_name("published") / "article_004.csv"
    named = {"BOOK": str(book_file), "FIGURES": str(figures), "OUT": str(tmp_path / "out")}
    if "LEDGER" in command:
        ledger = tmp_path / "ledger.duckdb"
        Ledger(ledger).append(snapshot_of({"base": xa.value("base")}, command="build", book="book.xlsx"))
        named["LEDGER"] = str(ledger)
    if command.startswith("recalc"):
        named["OUT"] = str(tmp_path / "out.xlsx")
    arguments = [named.get(word, word) for word in command.split()]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        app([*arguments, "--json"], standalone_mode=False)
    answer = json.loads(printed.getvalue())
    entry = answer[0] if isinstance(answer, list) else answer
    assert list(entry) == COMMANDS[command]


def test_the_documented_example_is_what_the_command_prints() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        app(["value", "--case", "march_2024_replica", "--json"], standalone_mode=False)
    example = JSON.read_text(encoding="utf-8").partition("--json\n{\n")[2].partition("  ...")[0]
    assert example.count("\n") > 3
    assert printed.getvalue().startswith("{\n" + example)
