"""The grid on Cover: links to a table of Sensitivities, marked from the price on, pale while old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.formatting.rule import Rule

import xlwings_addin as xa
from tests.proof.test_check import findings_of, run
from tests.sheets.live_book import LiveBook
from xlwings_addin.analytics.answers import answers_of
from xlwings_addin.engine.calculate import Calculation, recalculate
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.segments.templates import template_names
from xlwings_addin.sheets import success
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, CellValue, read_package, read_values, write_values

EXACT = 1e-9
Values = Mapping[CellKey, CellValue]


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def at_base(delivered_at_base: Path) -> Values:
    """The view of 2025-11-19, in which some of the grid are worth the price."""
    return read_values(delivered_at_base)


def grid(book: Book, values: Values) -> list[list[CellValue]]:
    return [
        [values[book.at(f"{{cover.success_{row}:{column}}}")] for column in success.ACROSS]
        for row in success.ROWS
    ]


def says(book: Book, values: Values, line: str) -> str:
    return str(values[book.at(f"{{cover.{line}:says}}")])


def test_every_cell_is_the_value_of_a_share_with_these_two_inputs(book: Book, at_base: Values) -> None:
    own = load_inputs("base")
    start, ceiling = own.number("demand_saturation"), own.number("vehicle_gross_margin_ceiling")
    table = xa.sensitivity(
        "vehicle_deliveries",
        "vehicle_gross_margin_ceiling",
        case="base",
        values=[start * times for times in (0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0)],
        other_values=[ceiling + step for step in (-0.03, -0.01, 0.0, 0.01, 0.03)],
    )
    for cells, expected in zip(grid(book, at_base), table.table, strict=True):
        assert cells == pytest.approx(expected.tolist(), rel=EXACT)


def test_axes_are_named_and_the_case_stands_in_the_middle(book: Book, at_base: Values) -> None:
    assert says(book, at_base, "success_axes") == (
        "Down: Demand for vehicles with plants that follow it, m vehicles. Across: Gross margin, ceiling."
    )
    across = [at_base[book.at(f"{{cover.success_across:{column}}}")] for column in success.ACROSS]
    down = [at_base[book.at(f"{{cover.success_{row}:down}}")] for row in success.ROWS]
    assert across == ["19.00%", "21.00%", "22.00%", "23.00%", "25.00%"]
    assert (down[0], down[3], down[6]) == ("0.64", "1.6", "4.8")
    assert says(book, at_base, "success_4") == "The case is in the middle."
    assert grid(book, at_base)[3][2] == pytest.approx(xa.value("base").sotp.value_per_share, rel=EXACT)


def rules(path: Path, book: Book) -> list[Rule]:
    """Those of the grid, in their order."""
    sheet, first = book.at("{cover.success_1:across_1}")
    formats = load_workbook(path)[sheet].conditional_formatting
    return [rule for area in formats if first in area for rule in area.rules]


def looks(path: Path, book: Book, folder: Path) -> dict[str, list[list[bool]]]:
    """Which cells of the grid each rule is true of, the first of them that is, as a spreadsheet says."""
    workbook, own = load_workbook(path), rules(path, book)
    sheet, first = book.at("{cover.success_1:across_1}")
    mine = workbook[sheet]
    names = ["old and marked", "old", "marked"]
    free = {name: 200 + 20 * place for place, name in enumerate(names)}
    for name, rule in zip(names, own, strict=True):
        for row in success.ROWS:
            for place, column in enumerate(success.ACROSS, 1):
                _, here = book.at(f"{{cover.success_{row}:{column}}}")
                formula = rule.formula[0].replace(first, here)
                mine.cell(free[name] + row, place, f"={formula}")
    copy = folder / "rules.xlsx"
    workbook.save(copy)
    values = recalculate(copy, callbacks())
    return {
        name: [
            [bool(values[sheet, f"{letter}{free[name] + row}"]) for letter in "ABCDE"] for row in success.ROWS
        ]
        for name in names
    }


def test_what_is_worth_the_price_is_bold_on_a_ground_that_is_darker_in_grey(
    book: Book, at_base: Values, delivered_at_base: Path, tmp_path: Path
) -> None:
    price = xa.value("base").price
    worth = [[float(cell) >= price for cell in row] for row in grid(book, at_base)]  # type: ignore[arg-type]
    assert 0 < sum(map(sum, worth)) < 35
    looked = looks(delivered_at_base, book, tmp_path)
    assert looked["marked"] == worth
    assert not any(map(any, looked["old"]))
    marked = rules(delivered_at_base, book)[-1].dxf
    assert marked.font.b
    red, green, blue = (int(marked.fill.bgColor.rgb[place : place + 2], 16) for place in (2, 4, 6))
    assert blue > green > red  # no red and green to be told apart
    # Its grey by ITU-R BT.601, against the white of the others.
    assert 0.299 * red + 0.587 * green + 0.114 * blue < 0.8 * 255
    assert (
        says(book, at_base, "success_across")
        == f"Bold and shaded: worth the price, HKD {price:.2f}, or more."
    )


def test_marks_follow_the_price_and_the_grid_is_pale_with_the_sheet_that_it_links_to(
    book: Book, delivered_at_base: Path, tmp_path: Path
) -> None:
    position = book.context.cases.index("base") + 1
    for name, typed in {
        "price": {book.at(f"{{inputs.price_hkd:cases[{position}]}}"): 32.0},
        "case": {book.at("{cover.selected_case}"): "bull"},
    }.items():
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(
            write_values(delivered_at_base.read_bytes(), typed, only_formulas=False, add_cells=True)  # type: ignore[arg-type]
        )
        values = recalculate(path, callbacks())
        price = 32.0 if name == "price" else xa.value("base").price
        figures = [[float(cell) for cell in row] for row in grid(book, values)]  # type: ignore[arg-type]
        looked = looks(path, book, tmp_path)
        assert looked["old and marked"] == [[cell >= price for cell in row] for row in figures]
        assert all(map(all, looked["old"]))
        assert values[book.at("{sensitivities.made_same:same}")] == 0
        assert f"the price, HKD {price:.2f}, or more" in says(book, values, "success_across")
    worth, other = (xa.value(case).sotp.value_per_share for case in ("base", "bull"))
    assert says(book, values, "success_made") == (
        f"OLD: for case base, worth HKD {worth:.2f}; the model has case bull, worth {other:.2f}. "
        "A refresh or a build works these figures out anew."
    )


def test_a_grid_in_which_nothing_is_worth_the_price_says_how_near_it_comes(
    book: Book, delivered: Path
) -> None:
    values = read_values(delivered)
    figures = [cell for row in grid(book, values) for cell in row if isinstance(cell, float)]
    assert len(figures) == 30  # at the lowest volume the plants break a rule
    price = xa.value().price
    assert max(figures) < price
    assert says(book, values, "success_across") == (
        f"None is worth the price, HKD {price:.2f}: at most {max(figures):.2f}."
    )
    assert says(book, values, "success_made").startswith("For case house_2026, as the model stands;")


def test_formulas_and_core_agree_after_an_edit_and_in_another_case(live: LiveBook) -> None:
    live.change(price_hkd=30.0)
    live.keep_results()
    live.select("bear")
    assert not live.differences()
    assert live["{cover.success_same}"] == 0


def test_a_case_without_such_a_table_reads_what_would_fill_it() -> None:
    assert {"units_and_price", "capacity_ramp"} <= set(template_names())
    context = load_context()
    answers = answers_of(context.made_for.inputs, context.folder)
    without = dict.fromkeys(answers.tables)
    assert success.NO_TABLE.count(".") == 1
    bare = replace(context)
    bare.__dict__["answers"] = _Without(answers, without)
    placed = Book(bare)
    cells = {
        (cell.line.key, cell.group): placed.expected(cell, bare.made_for)
        for cell in placed.cells()
        if cell.line and cell.sheet.key == "cover" and cell.line.key.startswith("success_")
    }
    assert cells.pop(("success_axes", "says")) == success.NO_TABLE
    flags = {key: cells.pop((key, "constant")) for key in (success.THERE, success.SAME, success.PRICE)}
    assert flags[success.THERE] == 0
    axes = {key for key in cells if key[1] == "down" or (key[0] == "success_across" and key[1] != "says")}
    assert len(axes) == 12
    assert {cells.pop(key) for key in axes} == {"n/a"}
    assert set(cells.values()) == {""}


class _Without:
    """Answers of a case that no two inputs of volume and margin move."""

    def __init__(self, answers: object, tables: object) -> None:
        self._answers, self.tables = answers, tables

    def __getattr__(self, name: str) -> object:
        return getattr(self._answers, name)


def test_formulas_say_the_same_where_no_cell_of_the_table_has_a_number(book: Book, delivered: Path) -> None:
    calculation = Calculation(read_package(delivered), callbacks())
    for row in success.ROWS:
        for column in range(1, 8):
            calculation.set_value(*book.at(f"{{sensitivities.volume_margin_{row}:across_{column}}}"), "n/a")
    calculation.values()
    assert calculation.value(*book.at("{cover.success_axes:says}")) == success.NO_TABLE
    blank = [
        calculation.value(*book.at(f"{{cover.success_{row}:{name}}}"))
        for row in (1, 4)
        for name in success.ACROSS
    ]
    blank += [
        calculation.value(*book.at(f"{{cover.{line}:says}}"))
        for line in ("success_across", "success_4", "success_made")
    ]
    assert set(blank) <= {"", None}


def test_a_workbook_without_sensitivities_is_checked_without_the_grid(book_file: Path) -> None:
    workbook = load_workbook(book_file)
    del workbook["Sensitivities"]
    workbook.save(book_file)
    report = run(book_file)
    assert [finding.sheet for finding in findings_of(report, "missing sheet")] == ["Sensitivities"]
    named = [finding for finding in report.findings if (finding.line or "").startswith("success_")]
    assert not [finding for finding in named if finding.severity == "failure"]


def test_tesla_has_the_grid_in_the_words_of_its_own_inputs(tmp_path: Path) -> None:
    folder = company_folder("tesla")
    path = tmp_path / "Tesla.xlsx"
    xa.build(path, folder=folder)
    own, values = Book(load_context(folder)), read_values(path)
    assert says(own, values, "success_axes") == (
        "Down: Growth of Automotive shipped, first forecast year. "
        "Across: Gross margin of Automotive, long run."
    )
    case = load_inputs("base", folder)
    for row, growth in ((0, -0.06), (6, 0.06)):
        for column, margin in ((0, -0.03), (4, 0.03)):
            changed = case.replace(
                automotive_shipment_growth_start=case.number("automotive_shipment_growth_start") + growth,
                automotive_gross_margin_end=case.number("automotive_gross_margin_end") + margin,
            )
            expected = evaluate(changed).sotp.value_per_share
            assert grid(own, values)[row][column] == pytest.approx(expected, rel=EXACT)
    assert says(own, values, "success_across").startswith(
        f"None is worth the price, USD {case.number('price_usd'):.2f}"
    )
