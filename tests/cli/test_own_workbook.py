"""What an analyst's own workbook goes through on the command line."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.cli.answers import replace_in, sentence, set_cells
from xlwings_addin.cli.app import BAD_INPUT, CHECK_FAILED
from xlwings_addin.xlsx.package import formula_cells, read_values, write_values


def test_every_case_is_printed_side_by_side(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--all")
    assert answer.status == 0
    assert all(case in answer.out for case in ("base", "bear", "bull", "weighted"))
    data = json.loads(run("value", "--all", "--json").out)
    weights = {"house_2026": 0.5, "house_2026_bear": 0.33, "house_2026_bull": 0.17}
    by_hand = sum(weight * data["cases"][case]["value_per_share_hkd"] for case, weight in weights.items())
    assert data["weighted_value_per_share_hkd"] == pytest.approx(by_hand, rel=1e-12)


def test_a_refresh_says_what_it_did_and_diff_says_what_moved(  # type: ignore[no-untyped-def]
    run, delivered: Path, tmp_path: Path, tables: Path
) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(delivered.read_bytes())
    set_cells(tables / "cases" / "house_2026.csv", "tax_rate", value="0.17")
    planned = json.loads(run("refresh", book, "--inputs", tables, "--dry-run", "--json").out)
    assert planned["written"] is False
    done = json.loads(run("refresh", book, "--inputs", tables, "--json").out)
    assert done["changes"] == planned["changes"]
    assert {change["what"] for change in done["changes"]} == {"updated"}
    assert {change["as_of"] for change in done["changes"]} == {"2026-09-30"}
    assert done["tables"] == str(tables)
    assert [driver["label"] for driver in done["bridge"]["drivers"]] == ["Tax rate"]
    assert Path(done["backup"]).read_bytes() == delivered.read_bytes()
    page, picture = tmp_path / "moved.html", tmp_path / "moved.svg"
    moved = run("diff", delivered, book, "--inputs", tables, "--html", page, "--chart", picture, "--json")
    assert moved.status == 0, moved.err
    assert run("diff", delivered, book, "--inputs", tables, "--changes").status == 0
    assert {"Tax rate", "Input changed: 1"} <= {
        v for at, v in read_values(book).items() if at[0] == "Changes"
    }
    answer = json.loads(moved.out)
    assert answer["bridge"]["change"] == pytest.approx(
        done["value_per_share_hkd"]["after"] - done["value_per_share_hkd"]["before"], rel=1e-9
    )
    assert [driver["label"] for driver in answer["bridge"]["drivers"]] == ["Tax rate"]
    assert "<html" in page.read_text(encoding="utf-8")
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_a_build_is_remembered_and_its_forecasts_are_scored(  # type: ignore[no-untyped-def]
    run, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.duckdb"
    assert run("build", "--out", tmp_path / "book.xlsx", "--ledger", ledger).status == 0
    (snapshot,) = json.loads(run("history", "--ledger", ledger, "--json").out)
    assert snapshot["command"] == "build"
    scored = run("scorecard", "--ledger", ledger, "--snapshot", snapshot["id"], "--json")
    assert json.loads(scored.out) != []
    assert run("history").status == 2  # the tests turn the user's own ledger off


def test_a_refresh_is_remembered_with_what_the_book_holds(  # type: ignore[no-untyped-def]
    run, book_file: Path, tmp_path: Path, tables: Path
) -> None:
    ledger = tmp_path / "ledger.duckdb"
    set_cells(tables / "cases" / "house_2026.csv", "tax_rate", value="0.17")
    assert run("refresh", book_file, "--inputs", tables, "--ledger", ledger, "--dry-run").status == 0
    assert not ledger.exists()
    answer = run("refresh", book_file, "--inputs", tables, "--ledger", ledger, "--changes")
    assert "Tax rate" in answer.out
    (snapshot,) = json.loads(run("history", "--ledger", ledger, "--json").out)
    assert snapshot["command"] == "refresh"
    expected = xa.value("house_2026", folder=tables).sotp.value_per_share
    assert snapshot["cases"]["house_2026"]["value_per_share_hkd"] == pytest.approx(expected, rel=1e-12)


def test_a_reported_figure_that_differs_is_told(run, book_file: Path, tables: Path) -> None:  # type: ignore[no-untyped-def]
    figure = "research_and_development,FY2023,"
    replace_in(tables / "inputs" / "history.csv", f"{figure}19100,", f"{figure}19200,")
    answer = run("refresh", book_file, "--inputs", tables, "--dry-run")
    assert answer.status == 0
    assert (
        "a reported figure differs: research_and_development FY2023 was reported as 19100 CNY m" in answer.err
    )


def test_a_refresh_of_inputs_that_the_model_refuses_ends_with_cell_and_rule(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    workbook = load_workbook(book_file)
    row = next(cell.row for cell in workbook["Inputs"]["V"] if cell.value == "tax_rate")
    workbook["Inputs"][f"E{row}"] = 4
    workbook.save(book_file)
    answer = run("refresh", book_file, "--dry-run", "--stored-values-are-old")
    assert answer.status == CHECK_FAILED
    place = f"Inputs!E{row} tax_rate of house_2026"
    said = f"the model refuses what the book holds: {place} 400.00% must be below 100.00%"
    assert said in " ".join(answer.err.split())


def test_without_yfinance_quotes_are_refused_and_nothing_is_lost(  # type: ignore[no-untyped-def]
    run, book_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yfinance", None)
    before = book_file.read_bytes()
    assert "pip install xiaomi-model[market]" in sentence(run("refresh", book_file, "--market"))
    assert book_file.read_bytes() == before


def test_a_ledger_that_cannot_be_written_does_not_stop_a_build(  # type: ignore[no-untyped-def]
    run, tmp_path: Path
) -> None:
    no_ledger = tmp_path / "notes.txt"
    no_ledger.write_text("mine")
    answer = run("build", "--out", tmp_path / "book.xlsx", "--ledger", no_ledger)
    assert answer.status == 0
    assert "not in the ledger" in answer.err
    assert no_ledger.read_text() == "mine"


def test_a_day_is_valued_with_what_was_known_on_it(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("as-of", "2024-03-08")
    assert answer.status == 0
    assert "march_2024_replica: 16.65 HKD a share as written" in answer.out
    assert "free_cash_flow FY2023" in answer.out
    assert "base" not in answer.out.split("march")[0]


def test_an_override_becomes_a_case(run, delivered: Path, tmp_path: Path, tables: Path) -> None:  # type: ignore[no-untyped-def]
    book = tmp_path / "book.xlsx"
    workbook = load_workbook(delivered)
    (row,) = [cell.row for cell in workbook["Inputs"]["V"] if cell.value == "tax_rate"]
    workbook["Inputs"].cell(row, 5, 0.2)
    workbook.save(book)
    answer = run("export", "case", book, "mine", "--author", "desk", "--inputs", tables)
    assert answer.status == 0, answer.err
    assert "1 overrides of house_2026 (tax_rate)" in answer.out
    assert "tax_rate,,0.2," in (tables / "cases" / "mine.csv").read_text()


@pytest.mark.parametrize("command", ["refresh", "diff"])
def test_a_file_that_is_no_workbook_is_bad_input(run, tmp_path: Path, command: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "notes.xlsx"
    path.write_text("notes")
    answer = run(command, path, *([path] if command == "diff" else []))
    assert answer.status == 2
    assert "notes.xlsx" in answer.err
    assert path.read_text() == "notes"


def test_tables_may_come_from_an_address(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--inputs", "http://example.org/tables")
    assert answer.status == 2
    assert "https" in answer.err


def test_former_spellings_of_options_mean_what_they_meant(  # type: ignore[no-untyped-def]
    run, book_file: Path, tables: Path
) -> None:
    set_cells(tables / "inputs" / "assumptions.csv", "tax_rate", value="0.17")
    own = book_file.with_name("own.xlsx")
    shutil.copy(book_file, own)
    new = run("refresh", book_file, "--inputs", tables, "--keep-mine", "tax_rate", "--backups", "0", "--json")
    old = run("refresh", own, "--inputs", tables, "--ours", "tax_rate", "--keep", "0", "--json")
    assert (new.status, old.status) == (0, 0)
    first, second = json.loads(new.out), json.loads(old.out)
    assert first["changes"] == second["changes"]
    assert {change["what"] for change in first["changes"]} == {"conflict kept"}  # the tables moved
    assert (first["backup"], second["backup"]) == (None, None)
    taken = json.loads(run("refresh", own, "--inputs", tables, "--theirs", "tax_rate", "--json").out)
    assert {change["what"] for change in taken["changes"]} == {"updated"}
    text = run("refresh", "--help").out
    assert "--keep-mine" in text
    assert not any(option in text for option in ("--ours", "--theirs", "--keep "))


def test_a_refresh_says_what_was_reproduced_calculated_and_kept(  # type: ignore[no-untyped-def]
    run, book_file: Path, tables: Path
) -> None:
    told = json.loads(run("refresh", book_file, "--json").out)["cells"]
    formulas = len(formula_cells(book_file))
    none = {"calculated": 0, "kept": [], "stale": [], "doubted": []}
    assert told == {"as_left": True, "reproduced": formulas, **none}
    stored = read_values(book_file)
    workbook = load_workbook(book_file)
    workbook.create_sheet("Mine")["A1"] = "=NO.SUCH.FUNCTION(SOTP!D19)"
    workbook.save(book_file)
    book_file.write_bytes(write_values(book_file, {**stored, ("Mine", "A1"): 12.5}, only_formulas=False))
    set_cells(tables / "inputs" / "assumptions.csv", "tax_rate", value="0.17")
    new_facts = ("refresh", book_file, "--inputs", tables, "--take-new", "tax_rate")
    before = book_file.read_bytes()
    refused = run(*new_facts, "--json")
    assert refused.status == BAD_INPUT
    assert "Mine!A1" in refused.err
    (cell,) = json.loads(refused.out)["untrusted"]
    assert (cell["cell"], cell["stored"]) == ("Mine!A1", 12.5)
    assert book_file.read_bytes() == before
    kept = run(*new_facts, "--keep-uncalculated")
    assert kept.status == CHECK_FAILED
    assert "kept with all that hang on it: Mine!A1" in " ".join(kept.out.split())
    assert read_values(book_file)["Mine", "A1"] == 12.5
