"""What the command recalc says of cells that it keeps, calculates anew or cannot calculate."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.answers import sentence
from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.xlsx.package import read_values, write_values


def doubtful_book(path: Path) -> Path:
    """A workbook with a stored value that no engine reproduces, and a cell that hangs on it without one."""
    book = formulas_book({"A1": 2, "B1": "=A1+1", "C1": "=B1*2", "D1": "=NO_SUCH(A1)", "E1": "=A1*10"})
    path.write_bytes(write_values(book, {("Sheet", "B1"): 7.0, ("Sheet", "E1"): 20.0}))
    return path


def test_recalc_stops_at_a_due_formula_that_it_cannot_calculate(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = doubtful_book(tmp_path / "own.xlsx")
    before = path.read_bytes()
    message = sentence(run("recalc", path))
    assert message.startswith("cell Sheet!D1 cannot be evaluated: =NO_SUCH(A1) calls NO_SUCH")
    told = run("recalc", path, "--json")
    assert told.status == 2
    assert [cell["cell"] for cell in json.loads(told.out)["untrusted"]] == ["Sheet!D1"]
    assert path.read_bytes() == before


def test_recalc_keeps_what_it_cannot_calculate_and_says_so(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = doubtful_book(tmp_path / "own.xlsx")
    answer = run("recalc", path, "--keep-uncalculated")
    assert answer.status == 1
    assert "1 formula cells calculated, 1 reproduced, 2 kept as stored" in answer.out
    assert "Sheet!B1 =A1+1 stores 7 where the engine computes 3" in answer.out
    assert "--stored-values-are-old" in answer.out
    # C1 hangs on B1, whose stored value stays.
    assert read_values(path) == {
        ("Sheet", "A1"): 2.0,
        ("Sheet", "B1"): 7.0,
        ("Sheet", "C1"): 14.0,
        ("Sheet", "D1"): None,
        ("Sheet", "E1"): 20.0,
    }


def test_recalc_counts_for_a_program(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = doubtful_book(tmp_path / "own.xlsx")
    told = json.loads(run("recalc", path, "--keep-uncalculated", "--json").out)
    assert (told["calculated"], told["reproduced"], told["stale"]) == (1, 1, ["Sheet!D1"])
    (doubted,) = told["doubted"]
    assert (doubted["cell"], doubted["stored"], doubted["computed"]) == ("Sheet!B1", 7.0, 3.0)


def test_recalc_calculates_all_where_the_values_are_old(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "own.xlsx"
    book = formulas_book({"A1": 2, "B1": "=A1+1", "C1": "=B1*2"})
    path.write_bytes(write_values(book, {("Sheet", "B1"): 7.0, ("Sheet", "C1"): 14.0}))
    assert run("recalc", path, "--stored-values-are-old").status == 0
    assert read_values(path)["Sheet", "C1"] == 6.0
