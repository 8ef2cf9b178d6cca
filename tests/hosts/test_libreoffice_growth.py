"""A workbook that is open in a running Calc gains the rows and columns of new quarters."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.workbook.defined_name import DefinedName

import xlwings_addin as xa
from tests.hosts.calc_office import Office, running_office
from tests.quarters_of_2026 import figure
from tests.refresh.test_growth import of_quarter, places, with_record_of
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, read_package, read_values

pytestmark = pytest.mark.libreoffice


@pytest.fixture(scope="module")
def running(
    libreoffice: Path, later_tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with running_office(libreoffice, folder, {"XIAOMI_MODEL_INPUTS": str(later_tables)}) as office:
        yield office


@pytest.fixture(scope="module")
def analysts(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The delivered workbook for Calc, with names, a chart and formulas of an analyst over Reported."""
    path = tmp_path_factory.mktemp("for calc") / "book.xlsx"
    xa.recalculate(delivered, path, target="libreoffice")
    workbook = load_workbook(path)
    (title, first), (_, last) = (of_quarter(places(path, tables_folder()), "revenue", quarter)
                                 for quarter in ("2024Q1", "2026Q4"))  # fmt: skip
    row, column = split_address(last)
    whole = f"{title}!${first[0]}${row}:${last[0]}${row}"
    workbook[title][join_address(200, column + 2)] = "note"
    sheet = workbook.create_sheet("Mine")
    sheet["A1"] = f"=SUM({whole})"
    sheet["A2"] = f"={title}!{last}*2"
    sheet["A3"] = f"={title}!{join_address(200, column + 2)}"
    for name, text in (
        ("my_revenue", whole),
        ("my_note", f"{title}!${join_address(200, column + 2)[0]}$200"),
    ):
        workbook.defined_names[name] = DefinedName(name, attr_text=text)
    sheet["A4"], sheet["A5"] = "=SUM(my_revenue)", "=my_note"
    chart = LineChart()
    chart.add_data(Reference(workbook[title], range_string=whole), from_rows=True)
    sheet.add_chart(chart, "C3")
    workbook.save(path)
    with_record_of(delivered, path)
    return path


@pytest.fixture
def office(running: Office, analysts: Path, tmp_path: Path) -> Office:
    running.open(shutil.copy(analysts, tmp_path), True)
    running.calculate()
    return running


def everything(office: Office) -> dict[str, object]:
    """What cells show, what they hold and what names and charts refer to."""
    return {
        "values": {
            (sheet, at): value for sheet in office.titles() for at, value in office.page(sheet).items()
        },
        "formulas": {sheet: office.formulas(sheet) for sheet in office.titles()},
        "references": office.references(),
    }


def unlike(one: dict[CellKey, object], other: dict[CellKey, object]) -> list[object]:
    return [at for at in one.keys() | other.keys() if disagreement(one.get(at), other.get(at))]


def refresh(office: Office) -> str:
    done, text = office.dispatch("refresh")
    assert done, text
    return str(text)


def test_new_quarters_get_columns_and_lines_and_the_saved_file_passes_its_check(
    office: Office, later_tables: Path, tmp_path: Path
) -> None:
    refresh(office)
    done, text = office.dispatch("check")
    assert done
    assert text.startswith("OK: "), text
    path = tmp_path / "saved.xlsx"
    office.save(str(path))
    book, values = places(path, later_tables), read_values(path)
    for key in ("vehicle_deliveries", "revenue", "gross_margin_iot"):
        for quarter in ("2025Q4", "2027Q1"):
            assert values[of_quarter(book, key, quarter)] == figure(later_tables, key, quarter)
    report = xa.check(path, folder=later_tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert not [finding for finding in report.findings if finding.kind in ("missing line", "missing column")]
    quarters = book.context.calendar.quarters
    first, *_, last = (of_quarter(book, "revenue", quarter)[1] for quarter in quarters)
    revenue = [values.get(of_quarter(book, "revenue", quarter)) or 0.0 for quarter in quarters]
    assert values["Mine", "A1"] == values["Mine", "A4"] == sum(revenue)
    assert values["Mine", "A2"] == 2 * figure(later_tables, "revenue", "2026Q4")
    assert values["Mine", "A3"] == values["Mine", "A5"] == "note"
    package = read_package(path)
    area = f"Reported!${first[0]}${first[1:]}:${last[0]}${last[1:]}"
    charts = [data.decode() for name, data in package.parts.items() if name.startswith("xl/charts/chart")]
    assert area in package.parts[package.workbook_part].decode()
    assert any(area in chart for chart in charts)


def test_new_cells_look_like_those_beside_them(office: Office, later_tables: Path, tmp_path: Path) -> None:
    refresh(office)
    path = tmp_path / "saved.xlsx"
    office.save(str(path))
    book, workbook = places(path, later_tables), load_workbook(path)
    for key in ("vehicle_deliveries", "gross_margin_iot", "revenue_growth"):
        old, new = (
            workbook["Reported"][of_quarter(book, key, quarter)[1]] for quarter in ("2026Q4", "2027Q2")
        )
        assert old.has_style
        assert new.number_format == old.number_format
        assert (new.font.b, new.font.color.rgb) == (old.font.b, old.font.color.rgb)
        assert new.fill.start_color.rgb == old.fill.start_color.rgb
    widths = workbook["Reported"].column_dimensions
    runs = [
        next(run for run in widths.values() if run.min <= column <= run.max)
        for quarter in ("2026Q4", "2027Q1", "2027Q4")
        for column in [split_address(of_quarter(book, "revenue", quarter)[1])[1]]
    ]
    assert {run.width for run in runs} == {runs[0].width}
    sources = workbook["Sources"]
    assert sources["E1700"].number_format == sources["E6"].number_format


def test_one_step_of_undo_takes_growth_back_and_redo_brings_it_again(office: Office) -> None:
    before = everything(office)
    text = refresh(office)
    after = everything(office)
    assert unlike(after["values"], before["values"])
    office.undo()
    undone = everything(office)
    assert not unlike(undone["values"], before["values"])
    assert undone["formulas"] == before["formulas"]
    assert undone["references"] == before["references"]
    office.redo()
    redone = everything(office)
    assert not unlike(redone["values"], after["values"])
    assert redone["references"] == after["references"]
    office.undo()
    assert refresh(office) == text


@pytest.mark.parametrize("protected", ["Reported", "Sources", "Implied"])
def test_growth_that_is_refused_half_way_is_taken_back(office: Office, protected: str) -> None:
    office.protect(protected)
    before, steps = everything(office), office.undo_titles()
    done, text = office.dispatch("refresh")
    assert not done
    assert text.startswith("Nothing was changed: ")
    if protected != "Implied":
        assert f"of '{protected}' was refused by Calc, and nothing is changed" in text
    after = everything(office)
    assert not unlike(after["values"], before["values"])
    assert after["formulas"] == before["formulas"]
    assert after["references"] == before["references"]
    assert office.undo_titles() == steps
