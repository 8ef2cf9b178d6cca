"""The workbook open in Excel gains rows and columns, over the stand-in for Excel's objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlwings as xw

import xlwings_addin as xa
from tests.hosts.memory_excel import Formula, MemoryBook
from tests.quarters_of_2026 import figure
from tests.refresh.test_growth import analysts, of_quarter, places
from xlwings_addin.hosts.desktop import buttons
from xlwings_addin.hosts.desktop.excel_book import ExcelMedium
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.refresh.refresh import refresh
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import read_package, read_values

__all__ = ["analysts"]


@pytest.fixture
def excel(analysts: Path, later_tables: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBook]:
    """An analyst's workbook with an override, a sheet of formulas, a name and a chart, open and active."""
    monkeypatch.setenv("XIAOMI_MODEL_INPUTS", str(later_tables))
    book = MemoryBook(read_package(analysts))
    xw.Book(impl=book).set_mock_caller()
    yield book
    del xw.Book._mock_caller


def everything(book: MemoryBook) -> dict[str, Any]:
    """All that a refresh could have changed."""
    parts = book.CustomXMLParts
    medium = ExcelMedium(xw.Book(impl=book))
    return {
        "cells": {title: dict(page) for title, page in book.pages.items()},
        "state": [parts.Item(number).XML for number in range(1, parts.Count + 1)],
        "references": medium.references(),
        "settings": (book.app.calculation, book.app.screen_updating, book.app.enable_events),
    }


def saved(excel: MemoryBook, folder: Path) -> Path:
    path = folder / "saved.xlsx"
    excel.SaveCopyAs(str(path))
    return path


@pytest.fixture(scope="module")
def grown(
    analysts: Path, later_tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[MemoryBook, Path]:
    """The workbook after a press of Refresh, its last quarter in a group of columns, and its saved copy."""
    book = MemoryBook(read_package(analysts))
    title, last = of_quarter(places(analysts, tables_folder()), "vehicle_deliveries", "2026Q4")
    book.levels[title, "columns", split_address(last)[1]] = 2
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XIAOMI_MODEL_INPUTS", str(later_tables))
        xw.Book(impl=book).set_mock_caller()
        buttons.refresh()
        del xw.Book._mock_caller
    return book, saved(book, tmp_path_factory.mktemp("grown"))


def test_new_quarters_get_columns_and_lines_and_the_check_passes(
    grown: tuple[MemoryBook, Path], later_tables: Path, grown_file: Path
) -> None:
    excel, path = grown
    ((said, mode),) = excel.app.said
    assert mode == "info", said
    assert "changes of yours kept: 1." in said
    book, values = places(path, later_tables), read_values(path)
    for key in ("vehicle_deliveries", "revenue", "gross_margin_iot"):
        for quarter in ("2025Q4", "2027Q1"):
            assert values[of_quarter(book, key, quarter)] == figure(later_tables, key, quarter)
    report = xa.check(path, folder=later_tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert not [finding for finding in report.findings if finding.kind in ("missing line", "missing column")]
    expected = read_values(grown_file)
    assert len(expected) > 10_000
    assert not [at for at, value in expected.items() if disagreement(values.get(at), value)]


def test_the_analyst_s_formulas_names_and_charts_follow(
    grown: tuple[MemoryBook, Path], later_tables: Path
) -> None:
    excel, path = grown
    book, values = places(path, later_tables), read_values(path)
    quarters = book.context.calendar.quarters
    deliveries = [values.get(of_quarter(book, "vehicle_deliveries", quarter)) or 0.0 for quarter in quarters]
    assert values["Mine", "A1"] == sum(deliveries)
    assert values["Mine", "A2"] == 2 * figure(later_tables, "vehicle_deliveries", "2025Q3")
    assert values["Mine", "A3"] == sum(deliveries[: quarters.index("2025Q3") + 1])
    assert values["Mine", "A4"] == values["SOTP", "D6"] + 1
    first, last = (of_quarter(book, "vehicle_deliveries", quarters[at])[1] for at in (0, -1))
    area = f"Reported!${first[0]}${first[1:]}:${last[0]}${last[1:]}"
    references = ExcelMedium(xw.Book(impl=excel)).references()
    assert references["name my_deliveries"] == f"={area}"
    charts = [text.replace("'", "") for what, text in references.items() if what.startswith("chart")]
    assert sum(area in text for text in charts) == 1


def test_new_cells_take_the_looks_of_others_and_new_columns_join_their_group(
    grown: tuple[MemoryBook, Path], later_tables: Path
) -> None:
    excel, path = grown
    new = of_quarter(places(path, later_tables), "vehicle_deliveries", "2027Q1")
    model = excel.looks[new]
    assert model is not None
    assert model[0] == "Reported"
    assert excel.pages["Reported"][split_address(model[1])] is not None
    assert excel.app.cut_copy_mode is False
    column = split_address(new[1])[1]
    assert [excel.levels["Reported", "columns", at] for at in range(column, column + 4)] == [2] * 4


def test_a_program_that_lets_references_stand_is_refused_and_the_workbook_stays(excel: MemoryBook) -> None:
    before = everything(excel)
    excel.shifts = False
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert "references do not follow there; nothing is changed" in said
    excel.shifts = True
    assert everything(excel) == before


@pytest.mark.parametrize(
    "refused", [("Reported", "R1"), ("Sources", "A769"), ("Reported", "R83"), ("Changes", "A1")]
)
def test_growth_that_is_refused_half_way_leaves_the_workbook_as_it_was(
    excel: MemoryBook, refused: tuple[str, str]
) -> None:
    before = everything(excel)
    excel.refuse = lambda title, place: (title, place) == (refused[0], split_address(refused[1]))
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert "is protected" in said
    excel.refuse = lambda title, place: False
    assert everything(excel) == before


def test_a_trial_says_what_would_be_added_and_inserts_nothing(
    excel: MemoryBook, later_tables: Path, analysts: Path
) -> None:
    before = everything(excel)
    foreseen = refresh(ExcelMedium(xw.Book(impl=excel)), RefreshRequest(later_tables, dry_run=True))
    assert everything(excel) == before
    assert {f"Reported: 2027Q{number}" for number in range(1, 5)} <= set(foreseen.growth.added)
    done = refresh(ExcelMedium(xw.Book(impl=excel)), RefreshRequest(later_tables))
    assert done.growth.added == foreseen.growth.added
    assert done.growth.extended == foreseen.growth.extended == ("Mine!A1",)
    assert done.plan.updated == foreseen.plan.updated
    assert not done.plan.unplaced
    assert done.value_before == foreseen.value_before
    assert foreseen.value_after == pytest.approx(done.value_after, rel=1e-9)


def test_a_formula_of_an_array_over_all_periods_stays_and_is_named(
    excel: MemoryBook, later_tables: Path
) -> None:
    place = next(place for place, content in excel.pages["Mine"].items() if isinstance(content, Formula))
    excel.arrays.add(("Mine", place))
    done = refresh(ExcelMedium(xw.Book(impl=excel)), RefreshRequest(later_tables))
    assert done.growth.extended == ()
    assert done.growth.missing == ("Mine!A1 spans all periods, and an array formula is not made longer",)
