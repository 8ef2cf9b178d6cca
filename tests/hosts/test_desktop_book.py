"""The workbook open in Excel, over a stand-in for Excel's objects: Excel itself was not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlwings as xw

import xlwings_addin as xa
from tests.hosts.memory_excel import MemoryBook, RefusedError
from tests.refresh.refreshing import refresh_file
from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.hosts.desktop import buttons
from xlwings_addin.hosts.desktop.excel_book import ExcelMedium
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import read_state
from xlwings_addin.layout.what_if import tables_of
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.refresh import refresh
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import read_package, read_values

PLACES = Book(load_context())
TAX = PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index('base') + 1}]}}")
OVERRIDE = PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index('bull') + 1}]}}")


@pytest.fixture
def excel(delivered: Path) -> Iterator[MemoryBook]:
    """The delivered workbook, open and active."""
    book = MemoryBook(read_package(delivered))
    xw.Book(impl=book).set_mock_caller()
    yield book
    del xw.Book._mock_caller


@pytest.fixture
def opened(excel: MemoryBook) -> ExcelMedium:
    return ExcelMedium(xw.Book(impl=excel))


def everything(book: MemoryBook) -> dict[str, Any]:
    """All that a button could have changed."""
    parts = book.CustomXMLParts
    return {
        "cells": {title: dict(page) for title, page in book.pages.items()},
        "state": [parts.Item(number).XML for number in range(1, parts.Count + 1)],
        "settings": (book.app.calculation, book.app.screen_updating, book.app.enable_events),
        "active": book.sheets.active.name,
        "status": book.app.status_bar,
    }


def type_in(book: MemoryBook, at: tuple[str, str], value: Any) -> None:
    book.put(at[0], split_address(at[1]), value)
    book.calculate()


def test_a_sheet_is_read_as_formulas_and_values_and_shown_as_values(opened: ExcelMedium) -> None:
    stored, read, view = read_values(opened.book.impl.package), opened.read("SOTP"), opened.page("SOTP")
    formulas = [address for address, value in read.items() if str(value).startswith("=")]
    assert len(formulas) > 20
    for address, value in view.items():
        assert disagreement(value, stored["SOTP", address]) is None
        assert address in formulas or value == read[address]
    assert opened.read("No such sheet") == opened.page("No such sheet") == {}


def test_errors_and_texts_that_look_like_something_else_are_read_as_what_they_are(
    opened: ExcelMedium, excel: MemoryBook
) -> None:
    excel.pages["Cover"][1, 30] = "#N/A"
    type_in(excel, ("Cover", "AD2"), "'=1+1")
    assert opened.page("Cover")["AD1"] == "#N/A"
    assert opened.page("Cover")["AD2"] == "=1+1"


@pytest.mark.parametrize(
    "value", ["=1+1", "2024-03-08", "007", "true", "'quoted", "plain", 1.5, -0.0, True, None]
)
def test_what_is_written_is_what_the_cell_holds(opened: ExcelMedium, excel: MemoryBook, value: Any) -> None:
    type_in(excel, ("Cover", "AD1"), "before")
    opened.write({("Cover", "AD1"): value})
    assert excel.pages["Cover"].get((1, 30)) == value
    assert type(excel.pages["Cover"].get((1, 30))) is type(value)


@pytest.mark.parametrize("text", ["=1+1", "2024-03-08", "007", "true"])
def test_without_the_apostrophe_the_stand_in_would_make_something_else_of_a_text(
    excel: MemoryBook, text: str
) -> None:
    type_in(excel, ("Cover", "AD1"), text)
    assert type(excel.pages["Cover"][1, 30]) is not str


def test_cells_that_touch_are_written_at_once(opened: ExcelMedium, excel: MemoryBook) -> None:
    writes = []
    excel.refuse = lambda title, place: bool(writes.append(place))
    block = {("Cover", f"{column}{row}"): 1.0 for column in ("AD", "AE", "AF") for row in range(1, 101)}
    opened.write({**block, ("Cover", "AD200"): 2.0})
    assert len(writes) == 301
    assert [(area.shape, area.row) for _, area, _ in opened._undo] == [((1, 1), 200), ((100, 3), 1)]


def test_a_sheet_that_is_not_there_is_added_behind_the_others_and_not_shown(
    opened: ExcelMedium, excel: MemoryBook
) -> None:
    active = excel.sheets.active.name
    opened.write({("Changes", "B2"): "new"})
    assert list(excel.pages)[-1] == "Changes"
    assert excel.pages["Changes"] == {(2, 2): "new"}
    assert excel.sheets.active.name == active


def test_refresh_updates_what_nobody_changed_and_keeps_the_rest(
    excel: MemoryBook, new_tables: Path, delivered: Path, tmp_path: Path
) -> None:
    type_in(excel, OVERRIDE, 0.2)
    before = everything(excel)
    mine = tmp_path / "mine.xlsx"
    excel.SaveCopyAs(str(mine))
    xa.recalculate(mine, out=mine, stored_values_are_old=True)
    expected = refresh_file(mine, new_tables)

    buttons.refresh()

    ((said, mode),) = excel.app.said
    assert mode == "info"
    assert said.startswith(
        f"Inputs updated: {len(expected.plan.updated)}; changes of yours kept: 1.\nA share in base: from "
    )
    assert f"to {expected.value_after:.2f} HKD." in said
    assert excel.pages[TAX[0]][split_address(TAX[1])] == 0.17
    assert excel.pages[OVERRIDE[0]][split_address(OVERRIDE[1])] == 0.2
    refreshed = read_values(mine)
    for title in excel.package.sheets():
        for place in excel.pages[title]:
            at = (title, join_address(*place))
            assert disagreement(excel.shows(title, place), refreshed[at]) is None, at
    assert "Changes" in excel.pages
    assert "Tax rate" in excel.pages["Changes"].values()
    assert excel.widths["Changes", 1] > 20
    after = everything(excel)
    assert after["settings"] == before["settings"]
    assert after["status"] is False
    assert len(after["state"]) == 1


def test_a_second_refresh_knows_what_the_first_has_written(
    excel: MemoryBook, new_tables: Path, tmp_path: Path
) -> None:
    type_in(excel, OVERRIDE, 0.2)
    buttons.refresh()
    buttons.refresh()
    assert excel.app.said[1][0].startswith("Inputs updated: 0; changes of yours kept: 1.")
    copy = tmp_path / "copy.xlsx"
    excel.SaveCopyAs(str(copy))
    state = read_state(read_package(copy))
    assert state is not None
    assert state.values["inputs.tax_rate.cases.base"] == 0.17
    assert ExcelMedium(xw.Book(impl=excel)).state() == state


@pytest.mark.parametrize("refused", [TAX, ("Changes", "B12"), ("Changes", "A1")])
def test_a_refresh_that_is_refused_midway_leaves_the_workbook_as_it_was(
    excel: MemoryBook, new_tables: Path, refused: tuple[str, str]
) -> None:
    type_in(excel, ("Cover", "AD1"), "'2024-03-08")
    before = everything(excel)
    excel.refuse = lambda title, place: (title, place) == (refused[0], split_address(refused[1]))
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert "is protected" in said
    excel.refuse = lambda title, place: False
    assert everything(excel) == before


def test_changes_that_excel_does_not_take_back_are_told_with_the_way_out(
    excel: MemoryBook, new_tables: Path
) -> None:
    refused: list[str] = []

    def refuse(title: str, place: tuple[int, int]) -> bool:
        """The sheet of changes first, and from then on every cell."""
        if title == "Changes" or refused:
            refused.append(title)
        return bool(refused)

    excel.refuse = refuse
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert re.search(r"keeps \d+ changes that Excel does not take back; close it without saving", said)
    assert "is protected" in said


def test_a_refresh_whose_state_cannot_be_kept_leaves_the_workbook_as_it_was(
    excel: MemoryBook, new_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(excel)

    def refuse(xml: str) -> None:
        raise RefusedError("no part can be added")

    monkeypatch.setattr(excel.CustomXMLParts, "Add", refuse)
    buttons.refresh()
    assert excel.app.said == [("RefusedError: no part can be added\n\nThe log has the details.", "critical")]
    assert everything(excel) == before


def test_a_workbook_of_another_kind_is_refused_in_words(excel: MemoryBook) -> None:
    del excel.pages["Inputs"]
    before = everything(excel)
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert said.startswith("sheet 'Inputs' is missing")
    assert everything(excel) == before


def test_a_preview_says_what_a_refresh_would_do_and_writes_nothing(
    excel: MemoryBook, new_tables: Path
) -> None:
    before = everything(excel)
    buttons.preview()
    ((foreseen, _),) = excel.app.said
    assert everything(excel) == before
    excel.app.said.clear()
    buttons.refresh()
    ((done, _),) = excel.app.said
    assert foreseen.startswith("Nothing is written: this is what a refresh would do.\nA share in ")
    updated = re.findall(r"^Inputs to update: ([0-9]+)$", foreseen, re.MULTILINE)
    assert updated == re.findall(r"Inputs updated: ([1-9][0-9]*);", done)
    worth = re.findall(r"A share in .*", foreseen)
    assert worth == re.findall(r"A share in .*", done)


def test_check_finds_nothing_in_the_workbook_as_delivered(excel: MemoryBook) -> None:
    before = everything(excel)
    buttons.check()
    ((said, _),) = excel.app.said
    assert re.match(r"OK: \d+ formula cells compared with the core in house_2026, base, .*; 0 failures", said)
    assert everything(excel) == before


def test_check_reads_a_workbook_as_excel_stores_it_with_functions_of_an_add_in(delivered: Path) -> None:
    package = read_package(delivered)
    part = package.sheets()["Functions"]
    names = "|".join(REGISTRY).encode()
    stored, count = re.subn(rb"\b(%b)\(" % names, rb"[1]!\1(", package.parts[part])
    assert count > 10
    book = MemoryBook(read_package(package.with_parts({part: stored})))
    xw.Book(impl=book).set_mock_caller()
    buttons.check()
    ((said, _),) = book.app.said
    assert said.startswith("OK: ")


def test_check_finds_a_value_that_excel_shows_wrong(excel: MemoryBook) -> None:
    at = PLACES.at("{sotp.value_per_share}")
    excel.values[at] = 99.0
    buttons.check()
    ((said, _),) = excel.app.said
    assert said.startswith("FAILED: ")
    assert f"{at[0]}!{at[1]} value_per_share: stored value against its formula: 99.0 against" in said


def test_the_list_of_functions_says_what_the_registry_says(excel: MemoryBook) -> None:
    buttons.insert_function_list()
    buttons.insert_function_list()
    assert excel.app.said == []
    page = excel.pages["Function list 2"]
    assert len([place for place in page if place[1] == 1]) == len(REGISTRY) + 1
    for row, entry in enumerate(REGISTRY.values(), start=2):
        assert page[row, 1] == entry.signature
        assert page[row, 4] == entry.example.formula


def test_the_log_is_opened(excel: MemoryBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.log"
    opened_files: list[str] = []
    monkeypatch.setattr(buttons.webbrowser, "open", opened_files.append)
    monkeypatch.setattr(buttons.log, "start", lambda: file)
    buttons.show_log()
    assert opened_files == [file.as_uri()]
    monkeypatch.setattr(buttons.log, "start", lambda: None)
    buttons.show_log()
    assert excel.app.said[0][0].startswith("No log is kept: XIAOMI_MODEL_LOG")


def test_a_refresh_writes_around_the_table_of_every_case(live_cases: Path) -> None:
    book = MemoryBook(read_package(live_cases))
    places = Book(load_context(live="cases"))
    table = [cell.at for cell in places.cells() if cell.entry.kind == "table"]
    price = places.at("{inputs.price_hkd:cases[1]}")
    request = RefreshRequest(typed={(places.context.cases[0], "price_hkd"): 30.0})
    refreshed = refresh(ExcelMedium(xw.Book(impl=book)), request)
    assert [(change.key, change.after) for change in refreshed.plan.updated] == [("price_hkd", 30.0)]
    assert book.pages[price[0]][split_address(price[1])] == 30.0
    assert all(
        book.pages[title][split_address(address)] == tables_of(places)[0].text for title, address in table
    )
    prices = [at for at in table if at == places.at("{cover.stored_house_2026:price}")]
    assert [book.shows(at[0], split_address(at[1])) for at in prices] == [30.0]
