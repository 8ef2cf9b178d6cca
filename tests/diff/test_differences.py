"""What differs between two workbooks: each class of cell is found, rows that moved are not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill

import xlwings_addin as xa
from tests.diff.comparing import calculated, classes, edited, input_at, of, typed
from tests.xlsx.editing import formula_at
from xlwings_addin.diff.differences import differences
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import HEADINGS, Book
from xlwings_addin.layout.render import render
from xlwings_addin.proof.context import load_context
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import read_values

CASES = ("base", "bear", "bull", "march_2024_replica", "march_2024_strict")
ROUNDING = 1e-12


# --- the classes --------------------------------------------------------------------------------------


def test_a_workbook_does_not_differ_from_itself(delivered: Path) -> None:
    comparison = differences(delivered, delivered)
    assert (comparison.cells, comparison.bridge) == ((), None)
    assert comparison.notes == ("no value bridge: all cells of both are the same",)


def test_what_another_program_saves_differs_in_nothing_but_its_bytes_and_is_worth_the_same(
    delivered: Path,
) -> None:
    comparison = differences(delivered, edited(delivered, lambda _: None))
    assert comparison.cells == ()
    assert classes(comparison) == {}
    assert comparison.bridge is not None
    assert (comparison.bridge.change, comparison.bridge.drivers) == (0.0, ())
    assert comparison.bridge.before == pytest.approx(xa.value("base").sotp.value_per_share, rel=1e-12)


def test_the_same_workbook_is_told_without_what_reads_cells_and_values_inputs(delivered: Path) -> None:
    code = (
        "import sys; from xlwings_addin.diff.differences import differences\n"
        f"assert not differences({str(delivered)!r}, {str(delivered)!r}).cells\n"
        "print(sorted({'numpy', 'openpyxl', 'pydantic', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_changed_input_is_told_with_what_follows_and_what_it_is_worth(delivered: Path, book: Book) -> None:
    at, told = input_at(book, "risk_free"), list[object]()
    comparison = differences(delivered, typed(delivered, {at: 0.02}), progress=told.append)
    # Progress is told in words.
    assert told[0] == "Reading the workbooks"
    assert told[-1] == "Valuing mixes of the inputs, 2 of 2"
    before = book.context.results["base"].inputs
    (change,) = of(comparison, "input changed")
    assert (change.sheet, change.cell, change.line, change.label) == (*at, "risk_free", "Risk-free rate")
    assert (change.old, change.new) == (before["risk_free"], 0.02)
    followed = {
        (difference.sheet, difference.cell): difference for difference in of(comparison, "value followed")
    }
    assert set(classes(comparison)) == {"input changed", "value followed"}
    value = followed[book.at("{sotp.value_per_share}")]
    assert comparison.bridge is not None
    assert (value.old, value.new) == pytest.approx(
        (comparison.bridge.before, comparison.bridge.after), rel=1e-9
    )
    assert value.old_formula == value.new_formula != ""
    assert [driver.label for driver in comparison.bridge.drivers] == ["Risk-free rate"]
    expected = evaluate(before.replace(risk_free=0.02)).sotp.value_per_share
    assert comparison.bridge.after == pytest.approx(expected, rel=1e-12)


def test_the_parts_of_several_changes_sum_to_the_change_of_the_stored_values(
    delivered: Path, book: Book
) -> None:
    at = book.at("{reported.free_cash_flow[7]}")
    edits = {input_at(book, "tax_rate"): 0.2, input_at(book, "diluted_shares"): 27_000.0, at: 40_000.0}
    comparison = differences(delivered, typed(delivered, edits))
    assert {(difference.sheet, difference.cell) for difference in of(comparison, "input changed")} == set(
        edits
    )
    assert comparison.bridge is not None
    assert {driver.label for driver in comparison.bridge.drivers} == {
        "Tax rate",
        "Diluted shares",
        "Free cash flow FY2023",
    }
    (value,) = (
        entry for entry in comparison.cells if (entry.sheet, entry.line) == ("SOTP", "value_per_share")
    )
    total = sum(driver.part for driver in comparison.bridge.drivers)
    assert total == pytest.approx(float(value.new or 0) - float(value.old or 0), abs=1e-9)
    assert total == pytest.approx(comparison.bridge.change, abs=ROUNDING)


def test_a_changed_formula_and_one_overwritten_by_a_number_are_told_with_both(
    delivered: Path, book: Book
) -> None:
    lines = ("upside", "market_capitalisation", "price")
    places = {line: book.at(f"{{sotp.{line}}}") for line in lines}
    before = {line: formula_at(delivered, at) for line, at in places.items()}
    after = {"upside": f"{before['upside']}+0", "market_capitalisation": "=SUM(D5:D6)", "price": 0.5}
    data = typed(delivered, {places[line]: content for line, content in after.items()})
    told = {entry.line: entry for entry in of(differences(delivered, data), "formula changed")}
    assert told.keys() == set(lines)
    for line, entry in told.items():
        assert (entry.sheet, entry.cell) == places[line]
        assert entry.old_formula == before[line]
        assert entry.old_formula.startswith("=")
    assert told["upside"].new_formula == after["upside"]
    assert told["market_capitalisation"].new_formula == after["market_capitalisation"]
    assert (told["price"].new, told["price"].new_formula) == (0.5, "")


def test_how_a_program_spells_a_formula_is_no_change(delivered: Path, book: Book) -> None:
    at = book.at("{sotp.upside}")
    before = formula_at(delivered, at)
    spelled = typed(delivered, {at: before.lower().replace("-", " - ")})
    assert classes(differences(delivered, spelled)) == {}


def test_a_changed_look_is_told_only_where_nothing_else_changed(delivered: Path, book: Book) -> None:
    plain, changed = input_at(book, "tax_rate"), input_at(book, "risk_free")

    def paint(workbook: Workbook) -> None:
        workbook[plain[0]][plain[1]].font = Font(bold=True)
        workbook[changed[0]][changed[1]].font = Font(bold=True)
        workbook[changed[0]][changed[1]] = 0.02
        workbook["Cover"]["H40"].fill = PatternFill("solid", start_color="FFEB9C")

    comparison = differences(delivered, edited(delivered, paint))
    assert {(difference.sheet, difference.cell) for difference in of(comparison, "format only")} == {
        plain,
        ("Cover", "H40"),
    }
    assert [(difference.sheet, difference.cell) for difference in of(comparison, "input changed")] == [
        changed
    ]


def test_what_is_added_and_removed_is_told(delivered: Path, book: Book) -> None:
    gone = book.at("{reported.quarterly_vehicle_deliveries:label}")

    def change(workbook: Workbook) -> None:
        workbook.create_sheet("Mine")["B2"] = "=SOTP!D5*2"
        workbook["Cover"]["H40"] = "a note"
        workbook[gone[0]][gone[1]] = None

    path = edited(delivered, change)
    comparison = differences(delivered, path)
    assert {(difference.sheet, difference.cell) for difference in of(comparison, "added")} == {
        ("Mine", "B2"),
        ("Cover", "H40"),
    }
    assert [(difference.sheet, difference.cell) for difference in of(comparison, "removed")] == [gone]
    back = differences(path, delivered)
    assert back.counts["removed"] == comparison.counts["added"]
    assert back.counts["added"] == comparison.counts["removed"]


def test_a_result_kept_by_the_build_follows(kept_cases: Path) -> None:
    at = Book(load_context(live="none")).at("{cover.stored_march_2024_strict:value}")
    comparison = differences(kept_cases, typed(kept_cases, {at: 99.0}))
    (kept,) = (entry for entry in comparison.cells if (entry.sheet, entry.cell) == at)
    assert (kept.kind, kept.new, kept.line) == ("value followed", 99.0, "stored_march_2024_strict")
    assert not of(comparison, "input changed")


def test_a_typed_date_is_told_as_a_date(delivered: Path, book: Book) -> None:
    at = input_at(book, "valuation_date")
    (change,) = of(differences(delivered, typed(delivered, {at: date(2025, 12, 1)})), "input changed")
    assert (change.old, change.new) == ("2025-11-19", "2025-12-01")


# --- rows that moved ----------------------------------------------------------------------------------


@cache
def moved_book(book: Book, sheet: str, first: str, by: int) -> tuple[Book, bytes]:
    """The workbook with rows inserted above a line: every formula still means what it meant."""
    lines = book.sheets[sheet].lines
    start = lines[first][0].rows[first]
    # All lines have a row, as in a file: a line without one would be one that the file lacks.
    old = {key: placed.rows[key] for key, (placed, _) in lines.items()}
    rows = {(sheet, key): row + (by if row >= start else 0) for key, row in old.items()}
    moved = Book(book.context, {**rows, (sheet, HEADINGS): book.sheets[sheet].heading_row})
    return moved, calculated(render(moved, book.context.results["base"]))


@pytest.mark.parametrize(("sheet", "line"), [("sotp", "net_cash"), ("inputs", "risk_free")])
def test_inserted_rows_move_no_line_and_change_no_formula(
    delivered: Path, book: Book, sheet: str, line: str
) -> None:
    moved, data = moved_book(book, sheet, line, 1)
    assert moved.at(f"{{{sheet}.{line}:label}}") != book.at(f"{{{sheet}.{line}:label}}")
    comparison = differences(delivered, data)
    assert not comparison.cells
    assert comparison.bridge is not None
    assert comparison.bridge.drivers == ()


def test_a_formula_that_did_not_follow_its_row_is_a_changed_formula(delivered: Path, book: Book) -> None:
    moved, data = moved_book(book, "sotp", "net_cash", 1)
    at = book.at("{cover.value_per_share}")
    stale = formula_at(delivered, at)
    other = stale.replace(book.at("{sotp.value_per_share}")[1][1:], book.at("{sotp.devices:value}")[1][1:])
    assert moved.at("{sotp.value_per_share}") != book.at("{sotp.value_per_share}")
    comparison = differences(delivered, typed(data, {at: other}))
    assert [(difference.sheet, difference.line) for difference in of(comparison, "formula changed")] == [
        ("Cover", "value_per_share")
    ]


def test_a_note_in_a_row_of_its_own_is_all_that_was_added(delivered: Path, book: Book) -> None:
    _, data = moved_book(book, "sotp", "net_cash", 1)
    row = book.sheets["sotp"].lines["net_cash"][0].rows["net_cash"]
    noted = typed(data, {("SOTP", f"A{row}"): "mind the convertible"})
    comparison = differences(data, noted)
    assert [(entry.kind, entry.sheet, entry.cell) for entry in comparison.cells] == [
        ("added", "SOTP", f"A{row}")
    ]


def test_a_line_that_is_gone_is_removed_by_its_key(delivered: Path, book: Book) -> None:
    row = book.sheets["sotp"].lines["upside"][0].rows["upside"]
    sheet = book.sheets["sotp"].sheet.title
    there = [
        at
        for at in read_values(delivered)
        if at[0] == sheet and at[1].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == str(row)
    ]
    assert len(there) > 3
    comparison = differences(delivered, typed(delivered, dict.fromkeys(there)))
    removed = of(comparison, "removed")
    assert {(difference.sheet, difference.line) for difference in removed} == {(sheet, "upside")}
    assert not of(comparison, "added")


# --- the bridge ---------------------------------------------------------------------------------------


def test_another_selected_case_is_told_and_compared_with_itself(delivered: Path, tmp_path: Path) -> None:
    bull = xa.build(tmp_path / "bull.xlsx", case="bull")
    comparison = differences(delivered, bull)
    assert [difference.line for difference in of(comparison, "input changed")] == ["selected_case"]
    assert comparison.bridge is not None
    assert (comparison.bridge.before_case, comparison.bridge.after_case, comparison.bridge.change) == (
        "bull",
        "bull",
        0.0,
    )
    assert comparison.notes == ("case base was selected, now bull: the bridge is that of bull",)


def test_a_case_the_first_book_lacks_starts_from_the_one_it_has_selected(
    built: Callable[..., Path], tables: Path, tmp_path: Path
) -> None:
    replica = built("replica", case="march_2024_replica")
    (tables / "cases" / "march_2024_replica.csv").unlink()
    fewer = xa.build(tmp_path / "fewer.xlsx", folder=tables, case="march_2024_strict")
    comparison = differences(fewer, replica)
    assert comparison.bridge is not None
    assert (comparison.bridge.before_case, comparison.bridge.after_case) == (
        "march_2024_strict",
        "march_2024_replica",
    )
    values = xa.values()
    assert (comparison.bridge.before, comparison.bridge.after) == (
        values["march_2024_strict"].sotp.value_per_share,
        values["march_2024_replica"].sotp.value_per_share,
    )
    assert comparison.notes == (
        f"{fewer} has no case march_2024_replica: the bridge starts from its case march_2024_strict",
    )


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Tables with one case more, and a workbook that was built from them."""
    tables = tmp_path_factory.mktemp("more") / "tables"
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tables / part)
    text = (tables / "cases" / "bull.csv").read_text(encoding="utf-8")
    text = text.replace("probability,,0.25,", "probability,,0,")
    (tables / "cases" / "between.csv").write_text(text, encoding="utf-8")  # before bull: columns move right
    return tables, xa.build(tables.with_name("more.xlsx"), folder=tables, case="base")


def test_a_case_that_only_the_books_know_is_read_from_them(more: tuple[Path, Path], tmp_path: Path) -> None:
    tables, base = more
    chosen = xa.build(tmp_path / "chosen.xlsx", folder=tables, case="between")
    comparison = differences(base, chosen)
    assert comparison.bridge is not None
    assert (comparison.bridge.after_case, comparison.bridge.change) == ("between", 0.0)
    assert comparison.bridge.after == xa.value("between", folder=tables).sotp.value_per_share


def test_one_case_more_changes_no_input_of_the_others(delivered: Path, more: tuple[Path, Path]) -> None:
    tables, with_more = more
    comparison = differences(delivered, with_more, folder=tables)
    # Which cases have a number from a source is written by the build, and follows.
    followed = {entry.sheet for entry in comparison.cells if entry.kind == "value followed"}
    assert followed == {"Sources"}
    assert {entry.kind for entry in comparison.cells} == {"added", "format only", "value followed"}
    on_inputs = [entry for entry in comparison.cells if entry.sheet == "Inputs"]
    assert len({entry.line for entry in on_inputs}) > 100
    assert {entry.cell.rstrip("0123456789") for entry in on_inputs} == {"H"}
    fewer = differences(with_more, delivered, folder=tables).cells
    assert {case.kind for case in fewer} == {"removed", "format only", "value followed"}
    assert {case.cell.rstrip("0123456789") for case in fewer if case.sheet == "Inputs"} == {"H"}


def test_inputs_that_cannot_be_valued_leave_the_cells_and_say_why(delivered: Path, book: Book) -> None:
    at = input_at(book, "vehicle_wacc")
    comparison = differences(delivered, typed(delivered, {at: 0.001}))
    assert comparison.bridge is None
    assert [difference.line for difference in of(comparison, "input changed")] == ["vehicle_wacc"]
    (note,) = comparison.notes
    place = f"no value bridge: Inputs!{at[1]} vehicle_wacc"
    assert note.startswith(f"{place} 0.10%, at parity -2.47%, must exceed ")
    words = differences(delivered, typed(delivered, {at: "a lot"}))
    assert words.notes == (f"{place} of base 'a lot' must be a number",)


def test_each_input_can_have_a_part_of_its_own(delivered: Path, book: Book) -> None:
    path = typed(delivered, {input_at(book, "risk_free"): 0.02, input_at(book, "raw_beta"): 1.0})
    (section,) = differences(delivered, path, by="section").bridge.drivers  # type: ignore[union-attr]
    assert section.label == "Cost of capital"
    assert len(differences(delivered, path, by="input").bridge.drivers) == 2  # type: ignore[union-attr]
    (note,) = differences(delivered, path, by="sheet").notes  # type: ignore[arg-type]
    assert "by 'sheet' must be one of" in note
