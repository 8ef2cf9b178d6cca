"""Results that Cover keeps of every case: a refresh works them out, and says where one was typed over."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import parts_with_state, read_state
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.moving import move
from xlwings_addin.xlsx.package import CellKey, read_package, read_values, save, write_values
from xlwings_addin.xlsx.relinking import with_formulas

PLACES = Book(load_context(live="none"))
BEAR = PLACES.at("{cover.stored_bear:value}")
TYPED = "typed over the result of a case, which is worked out anew: "
UNRECORDED = "results of cases, of which no record says who wrote them, are replaced: "


@pytest.fixture
def book_file(kept_cases: Path, tmp_path: Path) -> Path:
    """A copy of the workbook whose Cover keeps the results."""
    return Path(shutil.copy(kept_cases, tmp_path))


def worth(case: str) -> float:
    return PLACES.context.results[case].sotp.value_per_share


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_figure_typed_over_a_result_is_named_before_it_goes(book_file: Path, dry_run: bool) -> None:
    type_into(book_file, {BEAR: 99.0})
    done = refresh_file(book_file, dry_run=dry_run)
    assert f"{TYPED}{BEAR[0]}!{BEAR[1]} 99.0" in done.notes
    assert read_values(book_file)[BEAR] == (99.0 if dry_run else pytest.approx(worth("bear"), rel=1e-9))
    if not dry_run:
        assert not refresh_file(book_file).notes


def test_a_result_that_was_emptied_is_named_too(book_file: Path) -> None:
    type_into(book_file, {BEAR: None})
    assert f"{TYPED}{BEAR[0]}!{BEAR[1]} blank" in refresh_file(book_file).notes
    assert read_values(book_file)[BEAR] == pytest.approx(worth("bear"), rel=1e-9)


def test_a_formula_in_place_of_a_result_stays_and_is_named(book_file: Path) -> None:
    save(book_file, with_formulas(read_package(book_file), {BEAR: "=1+1"}, ()).original)
    type_into(book_file, {})
    (note,) = refresh_file(book_file).notes
    assert note == f"formulas in place of the results of cases stay: {BEAR[0]}!{BEAR[1]} =1+1"
    assert read_values(book_file)[BEAR] == 2.0


def test_of_many_the_first_three_are_named(book_file: Path) -> None:
    typed: dict[CellKey, float] = {
        PLACES.at(f"{{cover.stored_{case}:upside}}"): 0.5 for case in ("base", "bear", "bull", "house_2026")
    }
    type_into(book_file, typed)
    (note,) = refresh_file(book_file).notes
    assert note.startswith(TYPED)
    assert note.count("0.5") == 3
    assert note.endswith("and 1 more")


def test_without_a_mark_a_result_that_gives_way_is_told_with_both(book_file: Path) -> None:
    type_into(book_file, {BEAR: 99.0})
    package = read_package(book_file)
    state = read_state(package)
    assert state is not None
    answers = {name: mark for name, mark in state.answers.items() if not name.startswith("cover.")}
    assert len(answers) < len(state.answers)
    former = parts_with_state(package, dataclasses.replace(state, answers=answers))
    save(book_file, package.with_parts(former))
    (note,) = refresh_file(book_file).notes
    assert note == f"{UNRECORDED}{BEAR[0]}!{BEAR[1]} 99.0 to {read_values(book_file)[BEAR]}"


def test_the_row_of_a_case_that_was_taken_out_is_written_nowhere(book_file: Path) -> None:
    sheet, address = BEAR
    row = int(address[1:])
    below = (sheet, PLACES.at("{cover.stored_bull:value}")[1])
    data = move(book_file, sheet, row, -1, "rows")
    book_file.write_bytes(write_values(data, {}))
    refresh_file(book_file, stored_values_are_old=True)
    values = read_values(book_file)
    assert values[sheet, f"D{row}"] == pytest.approx(worth("bull"), rel=1e-9)
    assert values[below] == pytest.approx(worth("house_2026_bear"), rel=1e-9)
