"""What a press in the task pane does to the open workbook, and what it leaves alone."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

import xlwings_addin as xa
from tests.hosts.open_excel import OpenExcel
from tests.hosts.pane_page import (
    ARTEFACTS,
    PATIENCE,
    PLACES,
    VALUE,
    beside,
    checked,
    in_listing,
    of,
    pane,
    says,
)
from tests.hosts.server_process import Server, running
from xlwings_addin.layout.state import NAMESPACE, state_from_text
from xlwings_addin.xlsx.addresses import split_address


@pytest.fixture
def excel(delivered: Path) -> OpenExcel:
    return OpenExcel(delivered)


def test_a_preview_writes_nothing_and_a_refresh_does_what_it_said(
    browser: Browser, pane_server: Server, excel: OpenExcel
) -> None:
    excel.type({of("tax_rate", "bull"): 0.2})
    with pane(browser, pane_server, excel) as page:
        checked(page)
        before, typed = page.locator("#value").inner_text(), dict(excel.typed["Inputs"])
        page.get_by_role("button", name="Preview refresh").click()
        says(page, "Looked; nothing is written.")
        assert excel.typed["Inputs"] == typed
        foreseen = page.locator("#preview-value").inner_text()
        titles = page.locator("#preview-groups h3").all_inner_texts()
        assert titles == ["Inputs to update: 1", "Overrides that stay: 1"]
        place = "!".join(of("tax_rate"))
        expect(page.locator("#preview-groups li").first).to_contain_text(
            f"{place} Tax rate of base: 15.00% to 17.00%"
        )
        page.screenshot(path=ARTEFACTS / "task-pane-preview.png", full_page=True)
        assert Axe().run(page).response["violations"] == []
        page.get_by_role("button", name="Refresh model").click()
        says(page, "Inputs updated: 1; changes of yours kept: 1.")
        after = page.locator("#value").inner_text()
        assert f"from {before[4:]} to {after[4:]} HKD" in foreseen
        assert after == in_listing(excel.display(*VALUE)) != before
        assert excel.display(*of("tax_rate")) == 0.17
        assert excel.display(*of("tax_rate", "bull")) == 0.2
        assert "Changes" in excel.typed
        expect(page.locator("#preview-section")).to_be_hidden()
        kept = _record(page.evaluate("stub.stateOf()"))
        assert state_from_text(kept, name="").values["inputs.tax_rate.cases.base"] == 0.17
        page.evaluate('new Promise((completed) => stub.actions["refresh-model"]({ completed }))')
        says(page, "Inputs updated: 0; changes of yours kept: 1.")
        assert _record(page.evaluate("stub.stateOf()"))


def _record(parts: list[str]) -> str:
    """The record of the one part that the workbook keeps."""
    (part,) = parts
    kept = re.fullmatch(rf'<state xmlns="{NAMESPACE}">(.*)</state>', part, re.DOTALL)
    assert kept is not None
    return unescape(kept[1])


def test_cases_cells_and_functions_are_a_press_away(
    browser: Browser, pane_server: Server, excel: OpenExcel
) -> None:
    excel.typed["Mine"] = {"A1": "private"}
    with pane(browser, pane_server, excel) as page:
        checked(page)
        page.locator("#cases").get_by_role("button", name="bear", exact=True).press("Enter")
        says(page, "bear is selected and checked.")
        assert excel.display(*PLACES.at("{cover.selected_case}")) == "bear"
        assert page.locator("#value").inner_text() == in_listing(xa.value("bear").sotp.value_per_share)
        assert page.evaluate("document.activeElement.textContent") == "bear"
        sheet, address = part = PLACES.at("{sotp.vehicle:per_share}")
        page.locator("#parts").get_by_role("button", name="Electric vehicles").click()
        says(page, f"{'!'.join(part)} is selected.")
        row, column = split_address(address)
        assert page.evaluate("stub.selected()") == [sheet, row - 1, column - 1]
        page.get_by_text("Functions for cells").click()
        page.get_by_label("Show functions with").fill("blume")
        insert = page.get_by_role("button", name="Insert CAPITAL_BLUME_BETA")
        page.evaluate("stub.select('Mine', 0, 0)")
        insert.click()
        says(page, "is not empty: select an empty cell.")
        assert excel.typed["Mine"] == {"A1": "private"}
        page.evaluate("stub.select('Mine', 1, 2)")
        insert.click()
        says(page, "C2 has =VAL.CAPITAL_BLUME_BETA(1.15)")
        assert excel.typed["Mine"] == {"A1": "private", "C2": "=VAL.CAPITAL_BLUME_BETA(1.15)"}
        price = page.get_by_label("Price in HKD")
        for wrong in ("", "0", "-3"):
            price.fill(wrong)
            price.press("Enter")
            expect(page.locator("#implied-error")).to_have_text("The price must be a number above 0.")


def test_what_fails_a_check_is_said_and_leads_to_its_cell(
    browser: Browser, pane_server: Server, excel: OpenExcel
) -> None:
    excel.typed[VALUE[0]][VALUE[1]] = 99.0
    with pane(browser, pane_server, excel) as page:
        checked(page)
        assert "0 failures" not in page.locator("#checks").inner_text()
        finding = page.locator("#findings li").filter(has_text="holds 99.0 where a formula belongs")
        finding.get_by_role("button", name="!".join(VALUE)).click()
        says(page, f"{'!'.join(VALUE)} is selected.")


def test_a_check_waits_for_cells_whose_functions_have_not_answered(
    browser: Browser, pane_server: Server, excel: OpenExcel
) -> None:
    with pane(browser, pane_server, excel) as page:
        checked(page)
        sheet, address = VALUE
        place = [sheet, *split_address(address)]
        before = page.evaluate("(place) => stub.show(...place, '#BUSY!')", place)
        page.locator("body").press("Tab")
        assert page.evaluate("document.activeElement.id") == "refresh"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
        for reached in ("preview", "check"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.id") == reached
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
        says(page, "Checking the workbook …")
        page.evaluate("([place, value]) => stub.show(...place, value)", [place, before])
        checked(page)
        expect(page.locator("#checks")).to_contain_text(": 0 failures")
        assert page.evaluate("document.activeElement.id") == "check"


def test_beside_a_workbook_that_is_no_model_it_offers_functions_and_stays_quiet(
    browser: Browser, pane_server: Server, excel: OpenExcel
) -> None:
    excel.typed = {"Sheet1": {"A1": 1.0}}
    page = browser.new_page()
    beside(page, excel)
    page.add_init_script("globalThis.officeBackground = '#262626'")
    page.goto(f"{pane_server.url}/taskpane.html")
    expect(page.locator("#headline")).to_contain_text("is no model of this add-in", timeout=PATIENCE)
    expect(page.locator("#status")).to_be_empty()
    expect(page.get_by_role("alert")).to_have_count(0)
    for name in ("Refresh model", "Preview refresh"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("button", name="Insert DCF_XNPV")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Check model").click()
    alert = page.get_by_role("alert").filter(has_text="sheet 'Cover' is missing")
    expect(alert).to_be_visible(timeout=PATIENCE)
    says(page, "This did not work; the reason stands above.")
    expect(page.locator(".figures").first).to_be_hidden()
    alert.get_by_role("button", name="Close").click()
    expect(alert).to_be_hidden()
    page.close()


def test_in_production_the_pane_works_with_the_key_in_its_address_only(
    browser: Browser, excel: OpenExcel, tmp_path: Path
) -> None:
    secret = "a secret key of more than 32 & characters"
    with running(tmp_path / "logs", "--environment", "prod", XLWINGS_SECRET_KEY=secret) as prod:
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"key": secret}, ""),
            ({}, "the key of this add-in is missing or wrong"),
        )
        for query, alert in cases:
            page = browser.new_page()
            beside(page, excel)
            page.goto(f"{prod.url}/taskpane.html?{urlencode(query)}")
            if alert:
                expect(page.locator("#global-error-alert")).to_contain_text(alert, timeout=PATIENCE)
                answered = page.evaluate("stub.cell('CAPITAL_BLUME_BETA', [[[1]]])")
                assert alert in answered["message"]
            else:
                checked(page)
                assert page.evaluate("stub.cell('CAPITAL_BLUME_BETA', [[[1]]])") == {"result": [[1.0]]}
            page.close()
