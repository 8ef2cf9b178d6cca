"""What differs between two workbooks: each class of cell is found, rows that moved are not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font, PatternFill

import xlwings_addin as xa
from tests.xlsx.foreign_books import NATIVE, SHEET, handmade_book, openpyxl_book, saved, xlsxwriter_book
from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.difference import KINDS, MOST_LISTED, Difference
from xlwings_addin.diff.differences import differences
from xlwings_addin.diff.result import Differences
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.libreoffice import convert_with_libreoffice
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import HEADINGS, Book
from xlwings_addin.layout.render import render
from xlwings_addin.proof.context import load_context
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import write_values

CASES = ("base", "bear", "bull", "march_2024_replica", "march_2024_strict")
ROUNDING = 1e-12


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture(scope="module")
def book() -> Book:
    context = load_context()
    return Book(replace(context, made=context.results["base"]))


def calculated(data: Path | bytes) -> bytes:
    """A workbook with the values that its formulas have."""
    return write_values(data, Calculation(data, callbacks()).values())


def edited(path: Path, change: Callable[[Workbook], object]) -> bytes:
    """A copy edited as an analyst would, and calculated."""
    workbook = load_workbook(path)
    change(workbook)
    return calculated(saved(workbook))


def typed(at: tuple[str, str], value: object) -> Callable[[Workbook], object]:
    sheet, cell = at
    return lambda workbook: workbook[sheet].__setitem__(cell, value)


def input_at(book: Book, key: str, case: str = "base") -> tuple[str, str]:
    return book.at(f"{{inputs.{key}:cases[{book.context.cases.index(case) + 1}]}}")


def of(comparison: Differences, kind: str) -> list[Difference]:
    return [cell for cell in comparison.cells if cell.kind == kind]


def classes(comparison: Differences) -> dict[str, int]:
    return {kind: count for kind, count in comparison.counts.items() if count}


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
    comparison = differences(delivered, edited(delivered, typed(at, 0.02)), progress=told.append)
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

    def change(workbook: Workbook) -> None:
        for where, value in edits.items():
            typed(where, value)(workbook)

    comparison = differences(delivered, edited(delivered, change))
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
    sheet = load_workbook(delivered)["SOTP"]
    lines = ("upside", "market_capitalisation", "price")
    places = {line: book.at(f"{{sotp.{line}}}") for line in lines}
    before = {line: sheet[cell].value for line, (_, cell) in places.items()}
    after = {"upside": f"{before['upside']}+0", "market_capitalisation": "=SUM(D5:D6)", "price": 0.5}

    def change(workbook: Workbook) -> None:
        for line, (title, cell) in places.items():
            workbook[title][cell] = after[line]

    told = {
        entry.line: entry
        for entry in of(differences(delivered, edited(delivered, change)), "formula changed")
    }
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
    before = str(load_workbook(delivered)[at[0]][at[1]].value)
    spelled = edited(delivered, typed(at, before.lower().replace("-", " - ")))
    assert classes(differences(delivered, spelled)) == {}


def test_a_changed_look_is_told_only_where_nothing_else_changed(delivered: Path, book: Book) -> None:
    plain, changed = input_at(book, "tax_rate"), input_at(book, "risk_free")

    def paint(workbook: Workbook) -> None:
        workbook[plain[0]][plain[1]].font = Font(bold=True)
        workbook[changed[0]][changed[1]].font = Font(bold=True)
        typed(changed, 0.02)(workbook)
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
        typed(gone, None)(workbook)

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


def test_a_result_kept_by_the_build_follows(delivered: Path, book: Book) -> None:
    at = book.at("{cover.stored_march_2024_strict:value}")
    comparison = differences(delivered, edited(delivered, typed(at, 99.0)))
    (kept,) = (entry for entry in comparison.cells if (entry.sheet, entry.cell) == at)
    assert (kept.kind, kept.new, kept.line) == ("value followed", 99.0, "stored_march_2024_strict")
    assert not of(comparison, "input changed")


def test_a_typed_date_is_told_as_a_date(delivered: Path, book: Book) -> None:
    at = input_at(book, "valuation_date")
    (change,) = of(differences(delivered, edited(delivered, typed(at, date(2025, 12, 1)))), "input changed")
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
    # What the cover keeps of each case was not filled in: some checks say so, and other sheets read it.
    assert {(cell.kind, cell.sheet) for cell in comparison.cells} == {
        ("value followed", sheet) for sheet in ("Cover", "Checks", "Multiples", "Questions")
    }
    assert comparison.bridge is not None
    assert comparison.bridge.drivers == ()


def test_a_formula_that_did_not_follow_its_row_is_a_changed_formula(delivered: Path, book: Book) -> None:
    moved, data = moved_book(book, "sotp", "net_cash", 1)
    at = book.at("{cover.value_per_share}")
    stale = load_workbook(delivered)[at[0]][at[1]].value
    other = stale.replace(book.at("{sotp.value_per_share}")[1][1:], book.at("{sotp.devices:value}")[1][1:])
    assert moved.at("{sotp.value_per_share}") != book.at("{sotp.value_per_share}")
    comparison = differences(delivered, spoiled(data, at, other))
    assert [(difference.sheet, difference.line) for difference in of(comparison, "formula changed")] == [
        ("Cover", "value_per_share")
    ]


def spoiled(data: bytes, at: tuple[str, str], value: object) -> bytes:
    import io

    workbook = load_workbook(io.BytesIO(data))
    typed(at, value)(workbook)
    return calculated(saved(workbook))


def test_a_note_in_a_row_of_its_own_is_all_that_was_added(delivered: Path, book: Book) -> None:
    _, data = moved_book(book, "sotp", "net_cash", 1)
    row = book.sheets["sotp"].lines["net_cash"][0].rows["net_cash"]
    noted = spoiled(data, ("SOTP", f"A{row}"), "mind the convertible")
    comparison = differences(data, noted)
    assert [(entry.kind, entry.sheet, entry.cell) for entry in comparison.cells] == [
        ("added", "SOTP", f"A{row}")
    ]


def test_a_line_that_is_gone_is_removed_by_its_key(delivered: Path, book: Book) -> None:
    row = book.sheets["sotp"].lines["upside"][0].rows["upside"]
    sheet = book.sheets["sotp"].sheet.title

    def change(workbook: Workbook) -> None:
        for cell in workbook[sheet][row]:
            cell.value = None

    comparison = differences(delivered, edited(delivered, change))
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


def test_a_case_that_only_the_books_know_is_read_from_them(tables: Path, tmp_path: Path) -> None:
    text = (tables / "cases" / "bull.csv").read_text(encoding="utf-8")
    text = text.replace("probability,,0.25,", "probability,,0,")
    (tables / "cases" / "mine.csv").write_text(text, encoding="utf-8")
    base = xa.build(tmp_path / "base.xlsx", folder=tables)
    chosen = xa.build(tmp_path / "mine.xlsx", folder=tables, case="mine")
    comparison = differences(base, chosen)
    assert comparison.bridge is not None
    assert (comparison.bridge.after_case, comparison.bridge.change) == ("mine", 0.0)
    assert comparison.bridge.after == xa.value("mine", folder=tables).sotp.value_per_share


def test_one_case_more_changes_no_input_of_the_others(delivered: Path, tables: Path, tmp_path: Path) -> None:
    text = (tables / "cases" / "bull.csv").read_text(encoding="utf-8")
    text = text.replace("probability,,0.25,", "probability,,0,")
    (tables / "cases" / "between.csv").write_text(text, encoding="utf-8")  # before bull: columns move right
    more = xa.build(tmp_path / "more.xlsx", folder=tables, case="base")
    comparison = differences(delivered, more, folder=tables)
    # Which cases have a number from a source is written by the build, and follows.
    followed = {entry.sheet for entry in comparison.cells if entry.kind == "value followed"}
    assert followed == {"Sources"}
    assert {entry.kind for entry in comparison.cells} == {"added", "format only", "value followed"}
    on_inputs = [entry for entry in comparison.cells if entry.sheet == "Inputs"]
    assert len({entry.line for entry in on_inputs}) > 100
    assert {entry.cell.rstrip("0123456789") for entry in on_inputs} == {"H"}
    fewer = differences(more, delivered, folder=tables).cells
    assert {case.kind for case in fewer} == {"removed", "format only", "value followed"}
    assert {case.cell.rstrip("0123456789") for case in fewer if case.sheet == "Inputs"} == {"H"}


def test_inputs_that_cannot_be_valued_leave_the_cells_and_say_why(delivered: Path, book: Book) -> None:
    at = input_at(book, "vehicle_wacc")
    comparison = differences(delivered, edited(delivered, typed(at, 0.001)))
    assert comparison.bridge is None
    assert [difference.line for difference in of(comparison, "input changed")] == ["vehicle_wacc"]
    (note,) = comparison.notes
    place = f"no value bridge: Inputs!{at[1]} vehicle_wacc"
    assert note.startswith(f"{place} 0.10%, at parity -2.47%, must exceed ")
    words = differences(delivered, edited(delivered, typed(at, "a lot")))
    assert words.notes == (f"{place} of base 'a lot' must be a number",)


def test_each_input_can_have_a_part_of_its_own(delivered: Path, book: Book) -> None:
    def change(workbook: Workbook) -> None:
        typed(input_at(book, "risk_free"), 0.02)(workbook)
        typed(input_at(book, "raw_beta"), 1.0)(workbook)

    path = edited(delivered, change)
    (section,) = differences(delivered, path, by="section").bridge.drivers  # type: ignore[union-attr]
    assert section.label == "Cost of capital"
    assert len(differences(delivered, path, by="input").bridge.drivers) == 2  # type: ignore[union-attr]
    (note,) = differences(delivered, path, by="sheet").notes  # type: ignore[arg-type]
    assert "by 'sheet' must be one of" in note


# --- other workbooks ----------------------------------------------------------------------------------


def test_foreign_workbooks_are_compared_by_address_without_a_bridge() -> None:
    one = Workbook()
    one.active.title = "Data"
    for row in range(1, 6):
        one.active.cell(row, 1, row)
        one.active.cell(row, 2, f"=A{row}*2")
    two = Workbook()
    two.active.title = "Data"
    for row in range(1, 6):
        two.active.cell(row, 1, row + (row == 2))
        two.active.cell(row, 2, f"=A{row}*{3 if row == 4 else 2}")
    comparison = differences(calculated(saved(one)), calculated(saved(two)))
    assert [(entry.kind, entry.cell, entry.old, entry.new) for entry in comparison.cells] == [
        ("input changed", "A2", 2.0, 3.0),
        ("value followed", "B2", 4.0, 6.0),
        ("formula changed", "B4", 8.0, 12.0),
    ]
    assert comparison.bridge is None
    (note,) = comparison.notes
    assert note.startswith("no value bridge: workbook of ")
    assert "lacks lines that every model of this project has" in note


@pytest.mark.parametrize("make", [openpyxl_book, xlsxwriter_book])
def test_what_other_programs_write_does_not_differ_from_itself(make: Callable[[], bytes]) -> None:
    data = make()
    assert differences(data, bytes(data)).cells == ()
    assert differences(handmade_book(SHEET.format(rows="")), data).counts["added"] > len(NATIVE)


def test_a_follower_of_a_shared_formula_has_its_own_formula() -> None:
    def rows(factor: int, alone: str) -> str:
        return (
            '<row r="1"><c r="A1"><v>1</v></c>'
            f'<c r="B1"><f t="shared" ref="B1:B2" si="0">A1*{factor}</f><v>2</v></c></row>'
            f'<row r="2"><c r="A2"><v>2</v></c><c r="B2">{alone}<v>4</v></c></row>'
        )

    shared, plain = '<f t="shared" si="0"/>', "<f>A2*2</f>"
    same = differences(
        handmade_book(SHEET.format(rows=rows(2, shared))), handmade_book(SHEET.format(rows=rows(2, plain)))
    )
    assert same.cells == ()
    other = differences(
        handmade_book(SHEET.format(rows=rows(2, shared))), handmade_book(SHEET.format(rows=rows(3, shared)))
    )
    assert [(difference.cell, difference.new_formula) for difference in of(other, "formula changed")] == [
        ("B1", "=A1*3"),
        ("B2", "=A2*3"),
    ]


def test_cells_that_an_array_formula_fills_follow_it() -> None:
    def rows(area: str, value: int) -> str:
        return (
            f'<row r="1"><c r="A1"><v>{value}</v></c>'
            f'<c r="C1"><f t="array" ref="{area}">A1:A2*2</f><v>{2 * value}</v></c></row>'
            f'<row r="2"><c r="A2"><v>5</v></c><c r="C2"><v>{value}</v></c></row>'
        )

    for area in ("C1:C2", "C1:XFD1048576"):
        comparison = differences(
            handmade_book(SHEET.format(rows=rows(area, 1))), handmade_book(SHEET.format(rows=rows(area, 2)))
        )
        assert [(entry.kind, entry.cell) for entry in comparison.cells] == [
            ("input changed", "A1"),
            ("value followed", "C1"),
            ("value followed", "C2"),
        ]


def test_cells_far_apart_cost_nothing() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    comparison = differences(handmade_book(SHEET.format(rows="")), handmade_book(SHEET.format(rows=far)))
    assert [(entry.kind, entry.cell) for entry in comparison.cells] == [("added", "XFD1048576")]


def test_values_that_were_never_calculated_are_not_compared(delivered: Path, book: Book) -> None:
    workbook = load_workbook(delivered)
    typed(input_at(book, "risk_free"), 0.02)(workbook)
    comparison = differences(delivered, saved(workbook))
    assert not of(comparison, "value followed")
    assert [difference.line for difference in of(comparison, "input changed")] == ["risk_free"]
    (note,) = comparison.notes
    assert "formula cells hold no value and were compared by formula only" in note
    assert comparison.bridge is not None
    assert comparison.bridge.change != 0


def test_a_workbook_saved_by_libreoffice_has_no_other_formula_and_no_other_value(
    book_file: Path, libreoffice: Path, delivered: Path
) -> None:
    (data,) = convert_with_libreoffice([book_file])
    comparison = differences(delivered, data)
    assert comparison.counts["formula changed"] == 0
    assert comparison.counts["input changed"] == 0
    assert comparison.bridge is not None
    assert comparison.bridge.change == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("wrong", [b"Dear reader", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_workbook_is_refused(delivered: Path, wrong: bytes) -> None:
    for pair in ((delivered, wrong), (wrong, delivered)):
        with pytest.raises(BookError, match=r"^workbook of \d+ bytes is"):
            differences(*pair)


def test_a_file_that_is_not_there_is_named(delivered: Path) -> None:
    with pytest.raises(BookError, match=r"no_such\.xlsx does not exist"):
        differences(delivered, Path("no_such.xlsx"))


# --- data and page ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The tags and texts of a page; every tag must be closed in turn."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert('1')</script> & \"co\""


def hostile(delivered: Path, book: Book) -> Differences:
    def change(workbook: Workbook) -> None:
        typed(input_at(book, "risk_free"), 0.02)(workbook)
        typed(input_at(book, "case_title"), HOSTILE)(workbook)
        workbook.create_sheet("a & <b>")["A1"] = HOSTILE

    return differences(delivered, edited(delivered, change))


def test_the_page_shows_everything_and_runs_nothing(delivered: Path, book: Book) -> None:
    comparison = hostile(delivered, book)
    html = comparison.to_html()
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "a", "form", "object"}
    assert not any(
        name.startswith("on") or name in ("src", "href") for _, entry in page.tags for name in entry
    )
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert HOSTILE in page.text
    assert "a & <b>!A1" in page.text
    assert comparison.bridge is not None
    assert f"{comparison.bridge.change:+.2f}" in page.text
    assert "Risk-free rate" in page.text
    assert "Without effect on the value: Case" in page.text
    assert "http" not in html.replace("http-equiv", "")
    for kind in KINDS:
        assert (f"{kind.capitalize()}: {comparison.counts[kind]}" in page.text) == bool(
            comparison.counts[kind]
        )


def test_the_page_lists_some_cells_of_a_class_and_counts_the_others() -> None:
    one, two = Workbook(), Workbook()
    for row in range(1, MOST_LISTED + 12):
        one.active.cell(row, 1, row)
        two.active.cell(row, 1, -row)
    comparison = differences(saved(one), saved(two))
    assert len(comparison.cells) == MOST_LISTED + 11
    page = Page(comparison.to_html())
    assert "and 11 more" in page.text
    assert sum(tag == "tr" for tag, _ in page.tags) == MOST_LISTED + 1


def test_nothing_changed_is_said(delivered: Path) -> None:
    assert "No cell differs." in Page(differences(delivered, delivered).to_html()).text


def test_an_estimated_part_is_shown_with_its_error_and_a_joined_driver_with_the_rule(
    delivered: Path, book: Book
) -> None:
    from xlwings_addin.analytics.bridge import bridge

    comparison = differences(delivered, delivered)
    base = book.context.results["base"].inputs
    low = base.replace(vehicle_wacc=0.05, vehicle_terminal_growth=0.01)
    high = base.replace(
        vehicle_wacc=0.13, vehicle_terminal_growth=0.055, risk_free=0.02, raw_beta=1.0, tax_rate=0.2
    )
    estimated = replace(comparison, bridge=bridge(low, high, exact_up_to=1, samples=4))
    text = Page(estimated.to_html()).text
    assert "estimated from 4 pairs of orders" in text
    assert "± " in text
    assert "not split: vehicle_wacc 5.00% must exceed vehicle_terminal_growth 5.50%" in text


def test_the_differences_are_plain_data(delivered: Path, book: Book) -> None:
    comparison = hostile(delivered, book)
    data = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert data["counts"] == comparison.counts
    assert len(data["cells"]) == len(comparison.cells)
    assert set(data["cells"][0]) == set(Difference.__dataclass_fields__)
    assert data["bridge"]["after"] - data["bridge"]["before"] == data["bridge"]["change"]


def test_half_characters_can_be_written() -> None:
    # A cell may spell a lone surrogate, _xD800_; UTF-8 has no bytes for it.
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>half _xD800_</t></is></c></row>'
    comparison = differences(handmade_book(SHEET.format(rows="")), handmade_book(SHEET.format(rows=cell)))
    assert comparison.cells[0].new == "half ?"
    comparison.to_html().encode()
