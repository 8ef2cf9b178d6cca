"""Cover with a what-if table of every case: one native table, and every program shows the core's figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.formula import DataTableFormula

from tests.hosts.calc_office import Office, running_office
from tests.layout.test_pages import smallest_print
from xlwings_addin.engine.areas import CellSet
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.libreoffice import recalculate_with_libreoffice
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import replace_in_cases
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.layout.what_if import tables_of
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.second_engine import function_cells
from xlwings_addin.sheets.every_case import figures
from xlwings_addin.valuation.xiaomi import Results, evaluate
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import CellKey, formula_cells, read_package, read_values

BOOK = Book(load_context())
CASES = BOOK.context.results
TABLE = [cell for cell in BOOK.cells() if cell.entry.kind == "table"]
FIGURES = {figure.key: figure for figure in figures(BOOK.context.company)}


def of_core(cell: PlacedCell, results: Results) -> float:
    return float(FIGURES[cell.group].value(results))


def test_the_core_values_a_figure_of_every_case() -> None:
    assert len(TABLE) == len(CASES) * len(FIGURES) == 48
    assert {cell.entry.case for cell in TABLE} == set(CASES)


def test_other_programs_read_one_native_table_with_the_cores_figures(live_cases: Path) -> None:
    cover = load_workbook(live_cases)["Cover"]
    masters = [cell for row in cover for cell in row if isinstance(cell.value, DataTableFormula)]
    assert [cell.coordinate for cell in masters] == [TABLE[0].address]
    table = masters[0].value
    (wanted,) = tables_of(BOOK)
    assert (table.ref, table.r1, table.r2) == (wanted.area, wanted.row_input, wanted.column_input)
    assert (table.dt2D, table.dtr) == ("1", "1")
    assert table.r2 == BOOK.at(SELECTOR)[1]
    stored = load_workbook(live_cases, data_only=True)["Cover"]
    for cell in TABLE:
        assert stored[cell.address].value == pytest.approx(of_core(cell, CASES[cell.entry.case]), rel=1e-9)


def test_the_page_prints_at_seven_points_or_more(live_cases: Path) -> None:
    assert smallest_print(load_workbook(live_cases)["Cover"]) >= 7.0


def test_cases_and_numbers_around_the_table_are_typed(live_cases: Path) -> None:
    cover = load_workbook(live_cases)["Cover"]
    assert [cover[BOOK.at(f"{{cover.stored_{case}:case}}")[1]].value for case in CASES] == list(CASES)
    numbers = [cover[BOOK.at(f"{{cover.numbers_of_figures:{key}}}")[1]].value for key in FIGURES]
    assert numbers == list(range(1, len(FIGURES) + 1))


def test_no_function_cell_lies_in_the_tree_of_the_table_and_nothing_in_it_hangs_on_the_table(
    live_cases: Path,
) -> None:
    package = read_package(live_cases)
    book = Calculation(package, callbacks()).book
    dependencies = Dependencies(book)
    corner = BOOK.at("{cover.numbers_of_figures:case}")
    tree: set[CellKey] = set()
    waiting, formulas = [corner], CellSet(book.formulas)
    while waiting:
        at = waiting.pop()
        if at not in tree and at in book.formulas:
            tree.add(at)
            waiting += [key for area in dependencies.reads(at) for key in formulas.within(area)]
    assert len(tree) > 3000
    assert not tree & function_cells(package, callbacks())
    assert not tree & dependencies.hanging_on(cell.at for cell in TABLE)


def test_the_table_follows_an_input_of_one_case_in_every_case_that_inherits_it(live_cases: Path) -> None:
    calculation = Calculation(live_cases, callbacks())
    position = list(CASES).index("base") + 1
    calculation.set_value(*BOOK.at(f"{{inputs.tax_rate:cases[{position}]}}"), 0.2)
    calculation.set_value(*BOOK.at(SELECTOR), "bear")
    changed = replace_in_cases({case: r.inputs for case, r in CASES.items()}, "base", tax_rate=0.2)
    results = {case: evaluate(inputs) for case, inputs in changed.items()}
    assert results["base"].sotp.value_per_share != CASES["base"].sotp.value_per_share
    for cell in TABLE:
        expected = of_core(cell, results[cell.entry.case])
        assert calculation.value(*cell.at) == pytest.approx(expected, rel=1e-9), cell.address


def test_a_check_compares_every_cell_of_the_table_with_the_core(live_cases: Path) -> None:
    report = check(live_cases, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]
    assert report.coverage is not None
    assert report.coverage.table_cells == len(TABLE)
    assert not any("what-if" in text for text in report.coverage.not_covered)


def test_a_check_names_a_table_that_is_gone(live_cases: Path, tmp_path: Path) -> None:
    package = read_package(live_cases)
    (table,) = data_tables(package)
    part = package.sheets()["Cover"]
    data = package.parts[part]
    start = data.index(b'<f t="dataTable"')
    end = data.index(b">", start) + 1
    end = data.index(b"</f>", start) + 4 if data[end - 2 : end] != b"/>" else end
    spoiled = tmp_path / "spoiled.xlsx"
    spoiled.write_bytes(package.with_parts({part: data[:start] + data[end:]}))
    report = check(spoiled, functions=callbacks(), second_opinion="skip")
    told = [finding for finding in report.findings if "no what-if table" in finding.message]
    place = (table.sheet, table.area.partition(":")[0], "failure")
    assert [(finding.sheet, finding.cell, finding.severity) for finding in told] == [place]


def test_libreoffice_agrees_on_the_rest_of_the_workbook_in_every_case(
    live_cases: Path, libreoffice: Path
) -> None:
    report = check(live_cases, functions=callbacks(), second_opinion="libreoffice")
    assert not [finding for finding in report.findings if finding.severity == "failure"]
    asked = len(formula_cells(read_package(live_cases))) - len(TABLE)
    assert report.second_comparisons > 0.99 * asked * len(CASES)


def test_libreoffice_calculates_the_table_on_load_as_the_core_does(
    live_cases: Path, libreoffice: Path
) -> None:
    (values,) = recalculate_with_libreoffice([live_cases])
    for cell in TABLE:
        assert values[cell.at] == pytest.approx(of_core(cell, CASES[cell.entry.case]), rel=1e-9)
    stored = read_values(live_cases)
    assert values[BOOK.at("{cover.weighted_value:value}")] == pytest.approx(
        stored[BOOK.at("{cover.weighted_value:value}")], rel=1e-9
    )


KEPT = Book(load_context(live="none"))
EDITS = (
    (SELECTOR, "base"),
    ("{inputs.price_hkd:cases[1]}", 30.0),
    (SELECTOR, "march_2024_replica"),
    ("{inputs.tax_rate:cases[2]}", 0.2),
    (SELECTOR, "bear"),
)


def by_line(office: Office, places: Book) -> dict[tuple[str, str, str, int], object]:
    """What every cell of our lines shows that both workbooks have, but for the names beside the cases."""
    pages = {title: office.page(title) for title in office.titles()}
    return {
        (cell.sheet.key, cell.line.key, cell.group, cell.index): pages[cell.sheet.title].get(cell.address)
        for cell in places.cells()
        if cell.line is not None and cell.group not in ("title", "case")
    }


def keep_results(office: Office) -> None:
    """Put what every case comes to into the cells that keep it."""
    selector = KEPT.at(SELECTOR)
    selected = office.values(selector[1], selector[0])[0][0]
    results = {}
    for case in CASES:
        office.put({selector[1]: case}, selector[0])
        for cell in KEPT.cells():
            if cell.entry.kind == "stored" and cell.entry.case == case and cell.group != "title":
                title, address = KEPT.at(cell.entry.formula or "", "cover")
                results[cell.address] = office.values(address, title)[0][0]
    office.put({selector[1]: selected} | results, selector[0])


def after_edits(office: Office, places: Book, path: Path) -> list[dict[tuple[str, str, str, int], object]]:
    """The figures of a workbook as it opens, and after each edit."""
    office.open(str(path))
    steps = [by_line(office, places)]
    for reference, value in EDITS:
        title, address = places.at(reference)
        office.put({address: value}, title)
        if places is KEPT:
            keep_results(office)
        steps.append(by_line(office, places))
    return steps


def test_every_figure_in_libreoffice_is_that_of_a_workbook_without_a_table(
    live_cases: Path, kept_cases: Path, libreoffice: Path, tmp_path: Path
) -> None:
    """Opened without a calculation, and after each edit: LibreOffice 7.4 fails at simpler tables."""
    copies = [
        Path(shutil.copy(path, tmp_path / f"{name}.xlsx"))
        for name, path in (("live", live_cases), ("kept", kept_cases))
    ]
    with running_office(libreoffice, tmp_path, extension=False) as office:
        live = after_edits(office, BOOK, copies[0])
        kept = after_edits(office, KEPT, copies[1])
    for step, (ours, theirs) in enumerate(zip(live, kept, strict=True)):
        both = ours.keys() & theirs.keys()
        assert len(both) > 6000
        wrong = {at: (ours[at], theirs[at]) for at in both if disagreement(ours[at], theirs[at])}
        assert not wrong, f"step {step}"
