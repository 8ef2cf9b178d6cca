"""An analyst's overrides as a case: tables to book to tables, and the same values again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import BookError, ChoiceError, InputError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.export import export_case
from xlwings_addin.xlsx.package import read_values, write_values

DAY = date(2025, 12, 1)
CHANGED = {
    "tax_rate": 0.18,
    "vehicle_wacc": 0.2,
    "timing": "end",
    "devices_horizon": 8,
    "share_awards": 900.5,
}


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tmp_path / "tables" / part)
    return tmp_path / "tables"


@pytest.fixture
def edited(delivered: Path, tmp_path: Path) -> Path:
    return edit(delivered, tmp_path, "base", CHANGED)


def edit(book: Path, folder: Path, case: str, values: Mapping[str, object]) -> Path:
    """A copy of a workbook with inputs of a case changed."""
    places = Book(load_context())
    position = places.context.cases.index(case) + 1
    cells = {places.at(f"{{inputs.{key}:cases[{position}]}}"): value for key, value in values.items()}
    copy = folder / "edited.xlsx"
    numbers = {at: float(value) if isinstance(value, int) else value for at, value in cells.items()}
    copy.write_bytes(write_values(book, numbers, only_formulas=False))  # type: ignore[arg-type]
    return copy


def test_the_case_holds_what_was_changed_and_nothing_else(edited: Path, folder: Path) -> None:
    done = export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    assert done.path == folder / "cases" / "mine.csv"
    assert (done.extends, done.left_out) == ("base", ())
    assert {override.key: override.value for override in done.overrides} == CHANGED
    mine, base = load_inputs("mine", folder), load_inputs("base", folder)
    differing = {key for key in mine if mine[key] != base[key]}
    assert differing == {*CHANGED, "case_title", "probability"}
    for key in CHANGED:
        row = mine.row(key)
        assert (row.basis, row.source, row.as_of) == ("assumption", "desk", DAY)
        assert row.note.startswith(f"was {base.row(key).text}")


def test_the_range_is_widened_only_as_far_as_the_value_asks(edited: Path, folder: Path) -> None:
    export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    mine, base = load_inputs("mine", folder), load_inputs("base", folder)
    inside, outside = mine.row("tax_rate"), mine.row("vehicle_wacc")
    assert (inside.low, inside.high) == (base.row("tax_rate").low, base.row("tax_rate").high)
    assert (outside.low, outside.high) == (base.row("vehicle_wacc").low, 0.2)


def test_a_book_built_from_it_gives_the_same_values(edited: Path, folder: Path, tmp_path: Path) -> None:
    export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    recalculated = tmp_path / "recalculated.xlsx"
    xa.recalculate(edited, recalculated, stored_values_are_old=True)
    built = xa.build(tmp_path / "built.xlsx", case="mine", folder=folder)
    old, new = read_values(recalculated), read_values(built)
    places, again = Book(load_context()), Book(load_context(folder))
    for line in ("{sotp.value_per_share}", "{devices.enterprise_value}", "{vehicle_units.midpoint}"):
        assert new[again.at(line)] == pytest.approx(old[places.at(line)], rel=1e-12)


def test_the_other_cases_still_weigh_one(edited: Path, folder: Path) -> None:
    export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    weights: dict[date, float] = {}
    for case in xa.values(folder=folder).values():
        day, weight = case.inputs.day("valuation_date"), case.inputs.number("probability")
        weights[day] = weights.get(day, 0.0) + weight
    # The cases of one valuation date are one view; that of March 2024 is not weighed.
    assert sorted(weights.values()) == [0.0, 1.0, 1.0]


def test_a_case_that_is_not_the_selected_one(delivered: Path, folder: Path, tmp_path: Path) -> None:
    edited = edit(delivered, tmp_path, "bear", {"holding_discount": 0.15})
    with pytest.raises(InputError, match="has no override of case base"):
        export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    done = export_case(edited, "mine", author="desk", day=DAY, folder=folder, case="bear")
    assert [override.key for override in done.overrides] == ["holding_discount"]
    assert (
        load_inputs("mine", folder)["demand_saturation"] == load_inputs("bear", folder)["demand_saturation"]
    )


def test_what_no_case_can_hold_is_named(delivered: Path, folder: Path, tmp_path: Path) -> None:
    edited = edit(delivered, tmp_path, "base", {"tax_rate": 0.2, "probability": 0.6})
    places = Book(load_context())
    figure = {places.at("{reported.quarterly_revenue[7]}"): 114_000.0}
    edited.write_bytes(write_values(edited, figure, only_formulas=False))
    done = export_case(edited, "mine", author="desk", day=DAY, folder=folder)
    assert len(done.left_out) == 2
    assert any("quarterly_revenue" in row and "114000" in row for row in done.left_out)
    assert "probability 0.6" in done.left_out
    assert load_inputs("mine", folder)["probability"] == 0.0


@pytest.mark.parametrize("name", ["base", "Mine", "my case", "x" * 40, ""])
def test_a_name_that_is_taken_or_none_is_refused(edited: Path, folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="must be a new name of lower-case words"):
        export_case(edited, name, author="desk", day=DAY, folder=folder)


def test_nothing_is_overwritten(edited: Path, folder: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    with pytest.raises(BookError, match="is there already"):
        export_case(edited, "mine", author="desk", day=DAY, folder=folder, out=there)
    assert there.read_text() == "mine"


def test_an_author_and_a_known_case_are_needed(edited: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="author ' ' must be a name"):
        export_case(edited, "mine", author=" ", day=DAY, folder=folder)
    with pytest.raises(ChoiceError, match="case 'bare' must be one of house_2026, base, bear, bull"):
        export_case(edited, "mine", author="desk", day=DAY, folder=folder, case="bare")
