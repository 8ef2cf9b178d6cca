"""A book gains the rows and columns that new facts need, and all that an analyst has made follows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.workbook.defined_name import DefinedName

import xlwings_addin as xa
from tests.acceptance.rules import faults
from tests.quarters_of_2026 import add_rows, figure, row
from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import parts_with_state, read_state
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import rows_there
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.plan import CellChange
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import move, read_package, read_values

OLD_QUARTERS = ("2024Q1", "2026Q4")
"""The first and the last quarter that the delivered workbook has a column for."""


def copied_tables(folder: Path) -> Path:
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / part)
    return folder


def places(path: Path, folder: Path) -> Book:
    """Where the lines of a workbook stand, whatever was inserted."""
    pages = pages_of(read_values(path))
    context = fitted(load_context(folder), pages).context
    return Book(context, rows_there(pages, context))


def of_quarter(book: Book, key: str, quarter: str) -> tuple[str, str]:
    quarters = book.context.calendar.quarters
    return book.at(f"{{reported.quarterly_{key}[{quarters.index(quarter) + 1}]}}")


def with_record_of(book: Path, path: Path) -> None:
    """Put back the record that openpyxl drops when it saves, and Excel does not."""
    state, package = read_state(read_package(book)), read_package(path)
    assert state is not None
    path.write_bytes(package.with_parts(parts_with_state(package, state)))


def make_analysts(delivered: Path, path: Path) -> None:
    before = places(delivered, tables_folder())
    title, first = of_quarter(before, "vehicle_deliveries", OLD_QUARTERS[0])
    last = of_quarter(before, "vehicle_deliveries", OLD_QUARTERS[1])[1]
    price = of_quarter(before, "vehicle_deliveries", "2025Q3")[1]
    workbook = load_workbook(delivered)
    sheet = workbook.create_sheet("Mine")
    sheet["A1"] = f"=SUM({title}!${first[0]}${first[1:]}:${last[0]}${last[1:]})"
    sheet["A2"] = f"={title}!{price}*2"
    sheet["A3"] = f"=SUM({title}!{first}:{price})"
    sheet["A4"] = "=SOTP!D6+1"
    workbook.defined_names["my_deliveries"] = DefinedName(
        "my_deliveries", attr_text=f"{title}!${first[0]}${first[1:]}:${last[0]}${last[1:]}"
    )
    chart = LineChart()
    area = Reference(workbook[title], range_string=f"{title}!${first[0]}${first[1:]}:${last[0]}${last[1:]}")
    chart.add_data(area, from_rows=True)
    sheet.add_chart(chart, "C3")
    start = of_quarter(before, "vehicle_deliveries", "2026Q1")[1].rstrip("0123456789")
    workbook[title].column_dimensions.group(start, last.rstrip("0123456789"), outline_level=1)
    workbook.save(path)
    with_record_of(delivered, path)
    path.write_bytes(move(path, "Reported", int(first[1:]) - 3, 1, "rows"))
    xa.recalculate(path, out=path, stored_values_are_old=True)
    type_into(path, {before.at("{inputs.vehicle_wacc:cases[1]}"): 0.13})


@pytest.fixture(scope="module")
def analysts(delivered: Path, made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A book with an override, an inserted row, a group of columns, and a sheet of formulas over Reported."""
    name = f"analyst_{delivered.parent.name}"
    return made_once(name, lambda folder: make_analysts(delivered, folder / "book.xlsx")) / "book.xlsx"


@pytest.fixture(scope="module")
def grown(
    analysts: Path, later_tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Refreshed]:
    path = Path(shutil.copy(analysts, tmp_path_factory.mktemp("grown")))
    return path, refresh_file(path, later_tables, changes_sheet=True)


def test_a_year_of_new_quarters_gets_columns_and_the_check_passes(
    grown: tuple[Path, Refreshed], later_tables: Path
) -> None:
    path, done = grown
    assert {f"Reported: 2027Q{number}" for number in range(1, 5)} <= set(done.growth.added)
    assert not done.plan.unplaced
    book, values = places(path, later_tables), read_values(path)
    for key in ("vehicle_deliveries", "revenue", "gross_margin_iot"):
        for quarter in ("2025Q4", "2027Q1"):
            assert values[of_quarter(book, key, quarter)] == figure(later_tables, key, quarter)
    report = xa.check(path, folder=later_tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert not [finding for finding in report.findings if finding.kind in ("missing line", "missing column")]


def test_the_value_is_that_of_a_book_built_from_the_tables_with_the_override(
    grown: tuple[Path, Refreshed], later_tables: Path
) -> None:
    _, done = grown
    assert [(change.key, change.after) for change in done.plan.overrides] == [("vehicle_wacc", 0.13)]
    expected = evaluate(
        load_inputs("house_2026", later_tables).replace(vehicle_wacc=0.13)
    ).sotp.value_per_share
    assert done.value_after == pytest.approx(expected, rel=1e-9)
    assert done.bridge is not None
    assert done.bridge.after - done.bridge.before == pytest.approx(
        sum(driver.part for driver in done.bridge.drivers), rel=1e-9
    )


def test_the_analyst_s_formulas_names_and_charts_follow(
    grown: tuple[Path, Refreshed], later_tables: Path
) -> None:
    path, done = grown
    book, values = places(path, later_tables), read_values(path)
    quarters = book.context.calendar.quarters
    deliveries = [values.get(of_quarter(book, "vehicle_deliveries", quarter)) or 0.0 for quarter in quarters]
    to_2025q3 = deliveries[: quarters.index("2025Q3") + 1]
    assert values["Mine", "A1"] == sum(deliveries)
    assert values["Mine", "A2"] == 2 * figure(later_tables, "vehicle_deliveries", "2025Q3")
    assert values["Mine", "A3"] == sum(to_2025q3)
    assert values["Mine", "A4"] == values["SOTP", "D6"] + 1
    assert done.growth.extended == ("Mine!A1",)
    first, last = (of_quarter(book, "vehicle_deliveries", quarters[at])[1] for at in (0, -1))
    area = f"Reported!${first[0]}${first[1:]}:${last[0]}${last[1:]}"
    package = read_package(path)
    assert area in package.parts[package.workbook_part].decode()
    charts = [data.decode() for name, data in package.parts.items() if name.startswith("xl/charts/chart")]
    assert sum(area in chart or area.replace("Reported", "'Reported'") in chart for chart in charts) == 1


def test_growth_breaks_no_rule_of_packages_that_the_analyst_s_book_keeps(
    grown: tuple[Path, Refreshed], analysts: Path, tmp_path: Path
) -> None:
    before = faults(analysts, tmp_path)
    assert before, "openpyxl, which saved the analyst's book, writes fonts in an order of its own"
    assert {text for text in faults(grown[0], tmp_path) if text not in before} == set()


def test_both_engines_agree_on_a_book_that_has_grown(
    grown: tuple[Path, Refreshed], later_tables: Path, libreoffice: Path
) -> None:
    report = xa.check(grown[0], folder=later_tables, second_opinion="require")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]


def test_a_second_refresh_changes_nothing(
    grown: tuple[Path, Refreshed], later_tables: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(grown[0], tmp_path))
    before = read_values(path)
    done = refresh_file(path, later_tables)
    assert (done.growth.added, done.growth.rewritten, done.plan.updated) == ((), (), [])
    assert read_values(path) == before


def test_new_cells_look_like_those_beside_them(grown: tuple[Path, Refreshed], later_tables: Path) -> None:
    book = places(grown[0], later_tables)
    sheet = load_workbook(grown[0])["Reported"]
    for key in ("vehicle_deliveries", "gross_margin_iot", "revenue_growth"):
        old, new = (sheet[of_quarter(book, key, quarter)[1]] for quarter in ("2026Q4", "2027Q2"))
        assert old.has_style
        assert new.number_format == old.number_format
        assert (new.font.b, new.font.color.rgb) == (old.font.b, old.font.color.rgb)
        assert new.fill.start_color.rgb == old.fill.start_color.rgb


def test_new_columns_join_the_group_and_have_the_width_of_those_beside_them(
    grown: tuple[Path, Refreshed], later_tables: Path
) -> None:
    book, runs = places(grown[0], later_tables), load_workbook(grown[0])["Reported"].column_dimensions
    of_old, *of_new = (
        next(run for run in runs.values() if run.min <= column <= run.max)
        for quarter in ("2026Q4", "2027Q1", "2027Q4")
        for column in [split_address(of_quarter(book, "vehicle_deliveries", quarter)[1])[1]]
    )
    assert of_old.outlineLevel == 1
    assert [(run.outlineLevel, run.width, run.hidden) for run in of_new] == [(1, of_old.width, False)] * 2


def test_the_record_knows_the_lines_and_what_the_analyst_takes_out_stays_out(
    grown: tuple[Path, Refreshed], later_tables: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(grown[0], tmp_path))
    state = read_state(read_package(path))
    assert state is not None
    assert state.has_had("reported", "last_twelve_months_revenue")
    book = places(path, later_tables)
    row_number = int(
        book.at("{reported.last_twelve_months_vehicle_segment_result[1]}")[1].lstrip(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )
    )
    path.write_bytes(move(path, "Reported", row_number, -1, "rows"))
    xa.recalculate(path, out=path, stored_values_are_old=True)
    done = refresh_file(path, later_tables)
    assert done.growth.missing == (
        "Reported: last_twelve_months_vehicle_segment_result was taken out of this book",
    )
    assert refresh_file(path, later_tables).growth.missing == done.growth.missing


def test_a_cell_of_the_analyst_s_where_a_quarter_belongs_makes_the_column_stand_before_it(
    book_file: Path, tables: Path
) -> None:
    add_rows(tables, [row(tables, "vehicle_deliveries", "2027Q1", 160_000)])
    before = places(book_file, tables)
    _, last = of_quarter(before, "vehicle_deliveries", "2026Q4")
    column = chr(ord(last[0]) + 1)
    type_into(book_file, {("Reported", f"{column}{last[1:]}"): 4711.0})
    done = refresh_file(book_file, tables)
    values, after = read_values(book_file), places(book_file, tables)
    assert values[of_quarter(after, "vehicle_deliveries", "2027Q1")] == 160_000
    moved = chr(ord(column) + 4)
    assert values["Reported", f"{moved}{last[1:]}"] == 4711.0
    assert not done.plan.unplaced
    assert xa.check(book_file, folder=tables, second_opinion="skip").ok


def test_a_trial_says_what_would_be_added_and_writes_nothing(book_file: Path, tables: Path) -> None:
    add_rows(tables, [row(tables, "vehicle_deliveries", "2027Q1", 160_000)])
    before = book_file.read_bytes()
    done = refresh_file(book_file, tables, dry_run=True)
    assert "Reported: 2027Q1" in done.growth.added
    assert book_file.read_bytes() == before
    medium = FileMedium(book_file, {})
    assert medium.package.original == before
    assert isinstance(done.plan.updated[0], CellChange)
