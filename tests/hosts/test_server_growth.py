"""The workbook beside the task pane gains rows and columns: through the real server, and by a press."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.hosts.open_excel import OpenExcel
from tests.hosts.pane_page import PATIENCE, beside, pane, says
from tests.hosts.server_process import Server, running
from tests.hosts.test_server_scripts import actions, check, refresh
from tests.quarters_of_2026 import figure
from tests.refresh.test_growth import analysts, of_quarter
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.reading import rows_there
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

__all__ = ["analysts"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, later_tables: Path) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "logs", "--inputs", str(later_tables)) as started:
        yield started


@pytest.fixture
def excel(analysts: Path) -> OpenExcel:
    return OpenExcel(analysts)


def placed(excel: OpenExcel, folder: Path) -> Book:
    """Where the lines of an open workbook stand."""
    pages = Pages(lambda title: excel.typed.get(title, {}), lambda: excel.typed)
    context = fitted(load_context(folder), pages).context
    return Book(context, rows_there(pages, context))


def displayed(excel: OpenExcel) -> dict[CellKey, CellValue]:
    return {(sheet, at): excel.display(sheet, at) for sheet, page in excel.typed.items() for at in page}


@dataclass(frozen=True)
class Grown:
    """A workbook after a preview, a refresh, a check and a refresh once more, and what each of them said."""

    excel: OpenExcel
    previewed: list[dict[str, Any]]
    preview: dict[str, Any]
    refreshed: dict[str, Any]
    values: dict[CellKey, CellValue]
    looks: list[tuple[str, CellKey]]
    checked: dict[str, Any]
    again: dict[str, Any]


@pytest.fixture(scope="module")
def grown(server: Server, analysts: Path) -> Grown:
    excel = OpenExcel(analysts)
    previewed = actions(server, "preview", excel.payload(excel.formulas(), excel.state_text()))
    preview = excel.apply(previewed)["showPreview"]
    refreshed = refresh(server, excel)
    values, looks = displayed(excel), [(sheet, model) for (sheet, *_), model in excel.looks.items()]
    checked = check(server, excel)
    return Grown(excel, previewed, preview, refreshed, values, looks, checked, refresh(server, excel))


def test_new_quarters_get_columns_and_lines_and_the_values_of_a_refreshed_file(
    grown: Grown, later_tables: Path, grown_file: Path
) -> None:
    assert grown.refreshed["requireUnprotected"] == ["Reported", "Sources"]
    assert "changes of yours kept: 1." in grown.refreshed["showRefreshed"]
    book = placed(grown.excel, later_tables)
    for key in ("vehicle_deliveries", "revenue", "gross_margin_iot"):
        for quarter in ("2025Q4", "2027Q1"):
            assert grown.values[of_quarter(book, key, quarter)] == figure(later_tables, key, quarter)
    expected = read_values(grown_file)
    unlike = [at for at, value in expected.items() if disagreement(grown.values.get(at), value)]
    assert len(expected) > 10_000
    assert unlike == [("Mine", "A1")]  # which the task pane makes longer
    assert grown.checked["ok"] is True, grown.checked["checks"]
    assert [*grown.refreshed["extendRuns"][0]] == ["sheet", "rows", "first", "last", "count"]
    assert grown.again["showRefreshed"].startswith("Inputs updated: 0; changes of yours kept: 1.")
    assert "requireUnprotected" not in grown.again


def test_new_cells_take_the_looks_of_cells_like_them(grown: Grown, later_tables: Path) -> None:
    assert {sheet for sheet, _ in grown.looks} == {"Reported", "Sources"}
    assert all(address in grown.excel.typed[sheet] for _, (sheet, address) in grown.looks)
    assert of_quarter(placed(grown.excel, later_tables), "revenue", "2027Q1")[0] == "Reported"


def test_in_a_program_that_lets_references_stand_the_check_fails(server: Server, excel: OpenExcel) -> None:
    excel.shifts = False
    refresh(server, excel)
    figures = check(server, excel)
    assert figures["ok"] is False


def test_a_preview_says_what_would_come_in_and_asks_for_nothing(grown: Grown, later_tables: Path) -> None:
    assert [answer["func"] for answer in grown.previewed] == ["runMacro"]
    groups = {group["title"]: group for group in grown.preview["groups"]}
    assert groups["Rows, columns and names to come in"]["count"] > 50
    texts = [change["text"] for change in groups["Rows, columns and names to come in"]["changes"]]
    assert "Reported: 2027Q1" in texts
    assert "Without a place in this workbook" not in groups
    value = placed(grown.excel, later_tables).at("{sotp.value_per_share}")
    assert grown.preview["after"] == pytest.approx(grown.values[value], rel=1e-9)


def test_without_formulas_nothing_comes_in_and_the_way_out_is_named(server: Server, excel: OpenExcel) -> None:
    answered = actions(server, "preview", excel.payload())
    groups = {group["title"]: group for group in excel.apply(answered)["showPreview"]["groups"]}
    texts = [change["text"] for change in groups["Without a place in this workbook"]["changes"]]
    assert "vehicle_deliveries of 2027Q1 has no column" in texts
    answered = actions(server, "refresh", excel.payload())
    assert not [action for action in answered if action["func"] == "rangeInsert"]


# --- by a press -----------------------------------------------------------------------------------------


def test_a_press_lets_a_workbook_grow_and_formulas_names_and_charts_reach_to_the_new_quarters(
    browser: Browser, server: Server, excel: OpenExcel, later_tables: Path
) -> None:
    before = places_of(excel)
    title, first = of_quarter(before, "vehicle_deliveries", "2024Q1")
    last = of_quarter(before, "vehicle_deliveries", "2026Q4")[1]
    with pane(browser, server, excel) as page:
        says(page, "Checked.")
        chart = {"name": "Deliveries", "on": "Mine", "Values": f"{title}!{first}:{last}", "Categories": ""}
        page.evaluate("(chart) => stub.chart(chart)", chart)
        page.get_by_role("button", name="Refresh model").click()
        says(page, "changes of yours kept: 1.")
        expect(page.locator("#checks")).to_contain_text("OK", timeout=PATIENCE)
        after = placed(excel, later_tables)
        quarters = after.context.calendar.quarters
        ends = [of_quarter(after, "vehicle_deliveries", quarters[at])[1] for at in (0, -1)]
        (charted,) = page.evaluate("stub.charted()")
        assert charted["Values"] == f"{title}!{ends[0]}:{ends[1]}"
    deliveries = [
        excel.display(*of_quarter(after, "vehicle_deliveries", quarter)) or 0.0 for quarter in quarters
    ]
    assert excel.display("Mine", "A1") == sum(deliveries)  # type: ignore[arg-type]
    assert excel.display("Mine", "A2") == 2 * figure(later_tables, "vehicle_deliveries", "2025Q3")
    assert figure(later_tables, "vehicle_deliveries", "2027Q1") in deliveries


def places_of(excel: OpenExcel) -> Book:
    return placed(excel, tables_folder())


def test_a_protected_sheet_is_said_and_nothing_is_changed(
    browser: Browser, server: Server, excel: OpenExcel
) -> None:
    before: dict[str, Any] = {title: dict(page) for title, page in excel.typed.items()}
    page = browser.new_page()
    beside(page, excel)
    page.goto(f"{server.url}/taskpane.html")
    says(page, "Checked.")
    page.evaluate("stub.protect('Sources')")
    page.get_by_role("button", name="Refresh model").click()
    says(page, "This did not work; the reason stands above.")
    alert = page.locator("#global-error-alert")
    expect(alert).to_contain_text("sheet Sources is protected, so no rows or columns come in")
    assert excel.typed == before
    page.close()
