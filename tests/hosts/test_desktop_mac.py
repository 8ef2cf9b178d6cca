"""The macros of the add-in on a Mac, under xlwings' own code for it, over a stand-in: no Mac was there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import xlwings as xw

from tests.hosts.mac_excel import AppleRange, days_of, opened_on_a_mac, xlwings_on_a_mac
from tests.hosts.memory_excel import MemoryBook
from tests.hosts.test_desktop_book import OVERRIDE, PLACES, TAX, everything, type_in
from xlwings_addin.core.errors import BookError
from xlwings_addin.functions.registry import REGISTRY, callbacks
from xlwings_addin.hosts.desktop import buttons, kept_record
from xlwings_addin.hosts.desktop.excel_book import ExcelMedium
from xlwings_addin.hosts.desktop.mac_book import MacMedium, medium_of
from xlwings_addin.hosts.desktop.vba import FUNCTIONS_ON_A_MAC
from xlwings_addin.layout.record_sheet import HEADING, LONGEST_IN_AN_ARRAY, RECORD_SHEET, text_on
from xlwings_addin.layout.state import read_state, state_from_text, state_text
from xlwings_addin.proof.second_engine import function_cells
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import read_package


@pytest.fixture(scope="module")
def xlmac() -> Iterator[ModuleType]:
    with xlwings_on_a_mac() as module:
        yield module


@pytest.fixture
def excel(delivered: Path) -> MemoryBook:
    return MemoryBook(read_package(delivered))


@pytest.fixture
def mac(excel: MemoryBook, xlmac: ModuleType, delivered: Path) -> Iterator[xw.Book]:
    """The delivered workbook, open and active."""
    book = xw.Book(impl=opened_on_a_mac(excel, xlmac, str(delivered)))
    book.set_mock_caller()
    yield book
    del xw.Book._mock_caller


def record_of(excel: MemoryBook) -> str:
    cells = {f"A{row}": text for (row, _), text in excel.pages[RECORD_SHEET].items()}
    return text_on(cells)


def test_every_sheet_reads_as_it_does_on_windows(mac: xw.Book, excel: MemoryBook) -> None:
    type_in(excel, ("Cover", "AD1"), "#N/A")
    type_in(excel, ("Cover", "AD2"), "'=1+1")
    assert {type(excel.shows(*at)) for at in days_of(excel) if excel.shows(*at) is not None} >= {float}
    here, there = medium_of(mac), ExcelMedium(xw.Book(impl=excel))
    assert isinstance(here, MacMedium)
    assert here.titles() == there.titles()
    for title in here.titles():
        assert here.read(title) == there.read(title)
        assert here.page(title) == there.page(title)
    assert here.page("Cover")["AD1"] == "#N/A"
    assert here.page("No such sheet") == {}


def test_an_error_in_a_column_too_narrow_for_it_is_left_out(
    mac: xw.Book, excel: MemoryBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AppleScript gives nothing for it, and the cell shows ###: which error it is, nobody can say."""
    type_in(excel, ("Cover", "AD1"), "#N/A")
    monkeypatch.setattr(AppleRange, "_displayed", lambda area, place: "###")
    assert "AD1" not in medium_of(mac).page("Cover")


def test_com_is_told_from_applescript_by_what_excel_gives(mac: xw.Book, excel: MemoryBook) -> None:
    assert not hasattr(mac.api, "CustomXMLParts")
    assert not hasattr(mac.sheets[0].range("A1").api, "Value2")
    assert type(medium_of(xw.Book(impl=excel))) is ExcelMedium


@pytest.mark.parametrize(
    "value", ["=1+1", "2024-03-08", "007", "true", "'quoted", "plain", 1.5, -0.0, True, None]
)
def test_what_is_written_is_what_the_cell_holds(mac: xw.Book, excel: MemoryBook, value: Any) -> None:
    type_in(excel, ("Cover", "AD1"), "before")
    medium_of(mac).write({("Cover", "AD1"): value})
    assert excel.pages["Cover"].get((1, 30)) == value
    assert type(excel.pages["Cover"].get((1, 30))) is type(value)


def test_refresh_does_what_it_does_on_windows(
    mac: xw.Book, excel: MemoryBook, new_tables: Path, delivered: Path
) -> None:
    windows = MemoryBook(read_package(delivered))
    for book in (excel, windows):
        type_in(book, OVERRIDE, 0.2)
    before = everything(excel)
    buttons.refresh()
    xw.Book(impl=windows).set_mock_caller()
    buttons.refresh()

    assert excel.app.said == windows.app.said
    assert excel.app.said[0][0].startswith("Inputs updated: 1; changes of yours kept: 1.")
    assert excel.pages[TAX[0]][split_address(TAX[1])] == 0.17
    for title in windows.pages.keys() - {"Changes"}:
        assert excel.pages[title] == windows.pages[title]
    assert list(excel.pages)[-2:] == [RECORD_SHEET, "Changes"]
    assert "Tax rate" in excel.pages["Changes"].values()
    after = everything(excel)
    for setting in ("settings", "active", "state"):
        assert after[setting] == before[setting]
    assert after["status"] is False
    assert excel.pages[RECORD_SHEET][1, 1] == HEADING
    pieces = [text for (row, _), text in excel.pages[RECORD_SHEET].items() if row > 1]
    assert max(map(len, pieces)) <= LONGEST_IN_AN_ARRAY
    record = state_from_text(record_of(excel), name="")
    assert record.values["inputs.tax_rate.cases.base"] == 0.17


def test_a_second_refresh_knows_what_the_first_has_written(
    mac: xw.Book, excel: MemoryBook, new_tables: Path
) -> None:
    type_in(excel, OVERRIDE, 0.2)
    buttons.refresh()
    type_in(excel, TAX, 0.19)
    buttons.refresh()
    assert excel.app.said[1][0].startswith("Inputs updated: 0; changes of yours kept: 2.")
    assert [title for title in excel.pages if title.startswith(RECORD_SHEET)] == [RECORD_SHEET]


@pytest.mark.parametrize("refused", [TAX, ("Changes", "B12"), (RECORD_SHEET, "A2")])
def test_a_refresh_that_is_refused_midway_leaves_the_workbook_as_it_was(
    mac: xw.Book, excel: MemoryBook, new_tables: Path, refused: tuple[str, str]
) -> None:
    before = everything(excel)
    excel.refuse = lambda title, place: (title, place) == (refused[0], split_address(refused[1]))
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert "is protected" in said
    excel.refuse = lambda title, place: False
    assert everything(excel) == before


def test_a_record_that_comes_back_otherwise_undoes_the_refresh(
    mac: xw.Book, excel: MemoryBook, new_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, put = everything(excel), excel.put

    def shortened(title: str, place: tuple[int, int], content: Any) -> None:
        put(title, place, content[:255] if title == RECORD_SHEET else content)

    monkeypatch.setattr(excel, "put", shortened)
    buttons.refresh()
    ((said, mode),) = excel.app.said
    assert mode == "critical"
    assert "sheet 'Refresh record' holds other text than was written" in said
    assert everything(excel) == before


def test_check_and_the_list_of_functions_answer(mac: xw.Book, excel: MemoryBook) -> None:
    buttons.check()
    ((said, _),) = excel.app.said
    assert re.match(r"OK: \d+ formula cells compared with the core in base; 0 failures", said)
    at = PLACES.at("{sotp.value_per_share}")
    excel.values[at] = 99.0
    buttons.check()
    assert excel.app.said[1][0].startswith("FAILED: ")
    assert f"{at[0]}!{at[1]} value_per_share" in excel.app.said[1][0]
    buttons.insert_function_list()
    assert excel.app.said[2] == (FUNCTIONS_ON_A_MAC, "info")
    assert len([place for place in excel.pages["Function list"] if place[1] == 1]) == len(REGISTRY) + 1


def test_functions_that_a_mac_does_not_know_are_no_failure_and_are_counted(
    mac: xw.Book, excel: MemoryBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Excel on a Mac has recalculated: #NAME? in the cells that call them, and what that leads to."""
    recalculated = MemoryBook(excel.package)
    calling = function_cells(excel.package, callbacks())
    for title, address in calling:
        recalculated.put(title, split_address(address), "#NAME?")
    recalculated.calculate()
    values = {at: recalculated.shows(at[0], split_address(at[1])) for at in excel.values}
    assert {values[at] for at in calling} == {"#NAME?"}
    assert len(calling) > 10
    excel.values = values
    monkeypatch.setattr(excel, "calculate", lambda: None)
    buttons.check()
    said = excel.app.said[0][0]
    assert re.match(r"OK: \d+ formula cells compared with the core in base; 0 failures, [1-9]", said)
    assert re.search(r"\d\d cells wait for functions that this program does not know", said)
    excel.values[PLACES.at("{sotp.value_per_share}")] = 99.0
    buttons.check()
    assert excel.app.said[1][0].startswith("FAILED: ")


def test_the_newer_of_two_records_counts(mac: xw.Book, excel: MemoryBook, delivered: Path) -> None:
    """What the file has, what the sheet has; and on Windows what the part has."""
    opened, built = medium_of(mac), read_state(read_package(delivered))
    assert built is not None
    assert opened.state() == built
    later, earlier = replace(built, written="2999-01-01"), replace(built, written="1999-01-01")
    kept_record.keep(opened, later)
    assert opened.state() == later
    windows = ExcelMedium(xw.Book(impl=excel))
    assert windows.state() == later
    kept_record.keep(opened, earlier)
    assert opened.state() == built
    assert ExcelMedium(xw.Book(impl=excel)).state() == built


def test_on_windows_a_record_goes_onto_the_sheet_too_where_there_is_one(
    mac: xw.Book, excel: MemoryBook
) -> None:
    opened = medium_of(mac)
    built = opened.state()
    assert built is not None
    windows = ExcelMedium(xw.Book(impl=excel))
    kept_record.keep(windows, built)
    assert RECORD_SHEET not in excel.pages
    kept_record.keep(opened, built)
    later = replace(built, written="2999-01-01", values={})
    kept_record.keep(windows, later)
    assert record_of(excel) == state_text(later)
    assert state_text(later) in excel.CustomXMLParts.Item(1).XML.replace("&amp;", "&").replace("&lt;", "<")


def test_a_file_that_cannot_be_read_is_named_unless_the_sheet_has_the_record(
    excel: MemoryBook, xlmac: ModuleType, tmp_path: Path, delivered: Path
) -> None:
    locked = tmp_path / "locked.xlsx"
    locked.write_bytes(b"\xd0\xcf\x11\xe0 with a password")
    opened = medium_of(xw.Book(impl=opened_on_a_mac(excel, xlmac, str(locked))))
    with pytest.raises(BookError, match="its refresh record is in its file, which cannot be read"):
        opened.state()
    built = read_state(read_package(delivered))
    assert built is not None
    kept_record.keep(opened, built)
    assert opened.state() == built
    shutil.rmtree(tmp_path)
    assert opened.state() == built


def test_a_workbook_that_was_never_saved_has_no_record(excel: MemoryBook, xlmac: ModuleType) -> None:
    assert medium_of(xw.Book(impl=opened_on_a_mac(excel, xlmac))).state() is None


def test_the_stand_in_knows_no_other_terms_than_excels_dictionary(mac: xw.Book) -> None:
    with pytest.raises(AttributeError, match="Unknown property, element or command: 'Activate'"):
        _ = mac.sheets[0].api.Activate
    with pytest.raises(NotImplementedError, match="has no delete_range"):
        _ = mac.sheets[0].range("A1").api.delete_range
