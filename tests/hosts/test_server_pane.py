"""The task pane and the functions in a browser, with the real server and a stand-in for Office.js."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from open_excel import OpenExcel
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from server_process import Server, running, sent

from udfs.registry import REGISTRY
from xlwings_addin.book.context import load_context
from xlwings_addin.book.package import CellKey
from xlwings_addin.book.references import Book
from xlwings_addin.book.sheet_xml import join_address, split_address
from xlwings_addin.book.state import NAMESPACE, state_from_text
from xlwings_addin.model.tables import tables_folder

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[1] / "artifacts"
STUB = (HERE / "office_stub.js").read_text()
PLACES = Book(load_context())
VALUE = PLACES.at("{sotp.value_per_share}")
PATIENCE = 60_000
"""Milliseconds that a test waits for a workbook to be sent, checked and shown."""


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium's program. Without it the test is skipped, or fails where REQUIRE_BROWSER=1 is set."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, but chromium is not installed")
        pytest.skip("chromium is not installed")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose tables have another tax rate of the house view than the workbook."""
    folder = tmp_path_factory.mktemp("pane")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / "tables" / part)
    assumptions = folder / "tables" / "inputs" / "assumptions.csv"
    assumptions.write_text(re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text()))
    with running(folder / "logs", "--inputs", str(folder / "tables")) as started:
        yield started


@pytest.fixture
def excel(delivered: Path) -> OpenExcel:
    return OpenExcel(delivered)


Open = Callable[..., Page]


@pytest.fixture
def open_pane(browser: Browser, server: Server, excel: OpenExcel) -> Iterator[Open]:
    """Open the pane beside the workbook; it fails the test if the page has reported an error."""
    contexts, reported = [], []

    def opened(**options: Any) -> Page:
        context = browser.new_context(viewport={"width": 320, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: reported.append(str(error)))
        page.on("console", lambda said: reported.append(said.text) if said.type == "error" else None)
        page.route(
            "**/dist/office.js", lambda route: route.fulfill(content_type="text/javascript", body=STUB)
        )
        page.route(lambda url: not url.startswith(server.url), _refuse(reported))
        page.expose_function("officeBook", lambda: _book(excel))
        page.expose_function("officeWrite", lambda writes: _written(excel, writes))
        page.goto(f"{server.url}/taskpane.html")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not reported


def _refuse(reported: list[str]) -> Callable[[Route], None]:
    def refuse(route: Route) -> None:
        reported.append(f"asked for {route.request.url}")
        route.abort()

    return refuse


def _book(excel: OpenExcel) -> dict[str, Any]:
    text = excel.state_text()
    escaped = (text or "").replace("&", "&amp;").replace("<", "&lt;")
    parts = [f'<state xmlns="{NAMESPACE}">{escaped}</state>'] if text else []
    return {"sheets": _sheets(excel), "parts": parts}


def _sheets(excel: OpenExcel) -> list[dict[str, Any]]:
    kinds = ("values", "formulas", "formats")
    return [{"name": title, **{kind: excel.grid(title, kind) for kind in kinds}} for title in excel.typed]


def _written(excel: OpenExcel, writes: list[tuple[str, int, int, Any]]) -> list[list[Any]]:
    """Type what the client writes; the cells that show something else since: place, value and formula."""
    before = dict(excel.values)
    typed = {(sheet, join_address(row, column)): value for sheet, row, column, value in writes}
    excel.type(typed)
    changed = {*typed, *(at for at, value in excel.values.items() if before.get(at) != value)}
    return [
        [sheet, *split_address(address), *excel.shown_and_held(sheet, address)] for sheet, address in changed
    ]


def of(key: str, case: str = "base") -> CellKey:
    return PLACES.at(f"{{inputs.{key}:cases[{PLACES.context.cases.index(case) + 1}]}}")


def shown(value: object) -> str:
    assert isinstance(value, float)
    return f"HKD {value:,.2f}"


def checked(page: Page) -> Page:
    expect(page.locator("#status")).to_have_text("Checked.", timeout=PATIENCE)
    return page


# --- functions -------------------------------------------------------------------------------------------


def test_every_function_is_registered_with_excel(open_pane: Open) -> None:
    page = checked(open_pane())
    assert set(page.evaluate("Object.keys(stub.associated)")) == set(REGISTRY)
    registered = page.evaluate("registered.metadata.functions.map((each) => each.id)")
    assert set(registered) == set(REGISTRY)


def test_a_cell_that_calls_a_function_is_answered(open_pane: Open) -> None:
    page = checked(open_pane())
    for name in ("DCF_ENTERPRISE_VALUE", "RAMP_REVENUE"):
        example = REGISTRY[name].example
        answered = page.evaluate(
            "([name, args]) => stub.cell(name, args)", [name, [*map(sent, example.arguments)]]
        )
        rows = answered["result"]
        assert example.agrees(rows if isinstance(example.result, list) else rows[0][0])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([[[1]], [[0.02]], [[0.03]]], "#NUM!", "rate 2.00% must exceed growth 3.00%"),
        ([[[1]], [[0.02]], None], "#N/A", "growth (blank) must be given"),
        ([[[1]], [["x"]], [[0.03]]], "#VALUE!", "rate 'x' must be a number"),
    ],
)
def test_an_error_is_a_true_error_value_and_its_message_is_shown(
    open_pane: Open, arguments: list[Any], code: str, message: str
) -> None:
    page = checked(open_pane())
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url) if "functions-call" in request.url else None)
    name = "DCF_TERMINAL_VALUE"
    answered = page.evaluate("([name, args]) => stub.cell(name, args)", [name, arguments])
    assert answered == {"code": code, "message": message}
    assert len(calls) == 1
    expect(page.locator("#errors li")).to_have_text(f"Sheet1!B2 {name}: {message}")
    page.evaluate("(name) => stub.cell(name, [[[1]], [[0.05]], [[0.03]]])", name)
    expect(page.locator("#errors-section")).to_be_hidden()


def test_a_cell_is_asked_about_by_its_address(open_pane: Open) -> None:
    page = checked(open_pane())
    page.evaluate('stub.cell("CAPITAL_BLUME_BETA", [[["x"]]], { address: "Sheet1!C7" })')
    why = page.evaluate(
        'stub.cell("VAL_LAST_ERROR", [[[{ type: "Error", basicValue: "#VALUE!" }]]],'
        ' { address: "Sheet1!D7", parameterAddresses: ["Sheet1!C7"] })'
    )
    assert why == {"result": [["raw_beta 'x' must be a number"]]}


# --- figures ---------------------------------------------------------------------------------------------


def test_the_pane_shows_the_figures_of_the_open_book(open_pane: Open, excel: OpenExcel) -> None:
    page = checked(open_pane())
    assert page.locator("#value").inner_text() == shown(excel.shown(*VALUE))
    assert page.locator("#price").inner_text() == shown(excel.shown(*PLACES.at("{cover.price}")))
    assert page.locator("#checks").inner_text().startswith(str(excel.shown(*PLACES.at("{cover.overall}"))))
    cases = [
        line.locator("th, td:not(:has(.track))").all_inner_texts() for line in page.locator("#cases tr").all()
    ]
    assert cases == [
        [
            case.replace("_", " "),
            *(
                f"{excel.shown(*PLACES.at(f'{{cover.stored_{case}:{what}}}')):.2f}"
                for what in ("value", "price")
            ),
        ]
        for case in PLACES.context.cases
    ]
    bars = {line.locator("th").inner_text(): line.locator(".bar") for line in page.locator("#parts tr").all()}
    widths = {label: bar.bounding_box()["width"] for label, bar in bars.items()}  # type: ignore[index]
    whole = excel.shown(*VALUE)
    core = excel.shown(*PLACES.at("{sotp.core:per_share}"))
    assert isinstance(core, float)
    assert isinstance(whole, float)
    assert widths["Core business"] / widths["Equity value"] == pytest.approx(core / whole, rel=0.02)
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "task-pane.png", full_page=True)


def test_the_refresh_button_changes_the_shown_value_and_keeps_the_record(
    open_pane: Open, excel: OpenExcel
) -> None:
    excel.type({of("tax_rate", "bull"): 0.2})
    page = checked(open_pane())
    before = page.locator("#value").inner_text()
    page.get_by_role("button", name="Refresh model").click()
    expect(page.locator("#status")).to_contain_text(
        "Inputs updated: 2; changes of yours kept: 1.", timeout=PATIENCE
    )
    after = page.locator("#value").inner_text()
    assert after != before
    assert after == shown(excel.shown(*VALUE))
    assert excel.shown(*of("tax_rate")) == 0.17
    assert excel.shown(*of("tax_rate", "bull")) == 0.2
    assert "Changes" in excel.typed
    (part,) = page.evaluate("stub.stateOf()")
    kept = re.fullmatch(rf'<state xmlns="{NAMESPACE}">(.*)</state>', part, re.DOTALL)
    assert kept is not None
    assert state_from_text(unescape(kept[1]), shown="").values["inputs.tax_rate.cases.0"] == 0.17
    page.screenshot(path=ARTEFACTS / "task-pane-refreshed.png", full_page=True)


def test_the_record_of_one_refresh_serves_the_next(open_pane: Open, excel: OpenExcel) -> None:
    excel.state = None
    page = checked(open_pane())
    kept = "Inputs updated: 0; changes of yours kept: 3."
    for sentence in (kept, kept):
        page.get_by_role("button", name="Refresh model").click()
        expect(page.locator("#status")).to_contain_text(sentence, timeout=PATIENCE)
    assert len(page.evaluate("stub.stateOf()")) == 1


def test_the_buttons_of_the_ribbon_do_the_same(open_pane: Open, excel: OpenExcel) -> None:
    page = checked(open_pane())
    page.evaluate(
        'new Promise((completed) => stub.actions["refresh-model"]({ completed }))',
    )
    expect(page.locator("#status")).to_contain_text("Inputs updated: 3")
    assert excel.shown(*of("tax_rate")) == 0.17


def test_what_fails_a_check_is_shown_in_words(open_pane: Open, excel: OpenExcel) -> None:
    excel.typed[VALUE[0]][VALUE[1]] = 99.0
    page = checked(open_pane())
    assert "0 failures" not in page.locator("#checks").inner_text()
    expect(page.locator("#findings")).to_contain_text("holds 99.0 where a formula belongs")


def test_a_check_waits_for_cells_whose_functions_have_not_answered(open_pane: Open) -> None:
    page = checked(open_pane())
    sheet, address = VALUE
    place = [sheet, *split_address(address)]
    before = page.evaluate("(place) => stub.show(...place, '#BUSY!')", place)
    page.get_by_role("button", name="Check model").click()
    page.wait_for_timeout(1000)
    expect(page.locator("#status")).to_have_text("Checking the workbook …")
    page.evaluate("([place, value]) => stub.show(...place, value)", [place, before])
    checked(page)
    expect(page.locator("#checks")).to_contain_text(": 0 failures")


def test_in_production_the_pane_works_with_the_key_in_its_address_only(
    browser: Browser, excel: OpenExcel, tmp_path: Path
) -> None:
    secret = "a secret key of more than 32 & characters"
    with running(tmp_path / "logs", "--environment", "prod", XLWINGS_SECRET_KEY=secret) as prod:
        for query, alert in (({"key": secret}, ""), ({}, "the key of this add-in is missing or wrong")):
            page = browser.new_page()
            page.route(
                "**/dist/office.js", lambda route: route.fulfill(content_type="text/javascript", body=STUB)
            )
            page.expose_function("officeBook", lambda: _book(excel))
            page.goto(f"{prod.url}/taskpane.html?{urlencode(query)}")
            if alert:
                expect(page.locator("#global-error-alert")).to_contain_text(alert, timeout=PATIENCE)
                answered = page.evaluate("stub.cell('CAPITAL_BLUME_BETA', [[[1]]])")
                assert alert in answered["message"]
            else:
                checked(page)
                assert page.evaluate("stub.cell('CAPITAL_BLUME_BETA', [[[1]]])") == {"result": [[1.0]]}
            page.close()


# --- readable by all -------------------------------------------------------------------------------------


def test_a_workbook_that_is_another_is_said(browser: Browser, server: Server, excel: OpenExcel) -> None:
    excel.typed = {"Sheet1": {"A1": 1.0}}
    page = browser.new_page()
    page.route("**/dist/office.js", lambda route: route.fulfill(content_type="text/javascript", body=STUB))
    page.expose_function("officeBook", lambda: _book(excel))
    page.goto(f"{server.url}/taskpane.html")
    alert = page.get_by_role("alert").filter(has_text="sheet 'Cover' is missing")
    expect(alert).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#status")).to_have_text("This did not work; the reason stands above.")
    expect(page.locator(".figures").first).to_be_hidden()
    alert.get_by_role("button", name="Close").click()
    expect(alert).to_be_hidden()
    page.close()


def test_it_has_landmarks_headings_labels_and_a_live_status(open_pane: Open) -> None:
    page = checked(open_pane())
    assert page.title() == "Valuation"
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("main", name="Valuation")).to_have_count(1)
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Valuation"]
    for name in ("Selected case", "Value per share by case", "Sum of the parts"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    for name in ("Value per share by case", "Sum of the parts"):
        table = page.get_by_role("table", name=name)
        expect(table.get_by_role("columnheader")).not_to_have_count(0)
        expect(table.get_by_role("rowheader")).not_to_have_count(0)
    status = page.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')]"
        ".filter((each) => !each.textContent.trim() && !each.ariaLabel).length"
    )
    assert unnamed == 0


def test_it_works_with_the_keyboard_alone(open_pane: Open) -> None:
    page = checked(open_pane())
    page.locator("body").press("Tab")
    assert page.evaluate("document.activeElement.id") == "refresh"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "check"
    page.evaluate("document.getElementById('status').textContent = ''")
    page.keyboard.press("Enter")
    checked(page)
    assert page.evaluate("document.activeElement.id") == "check"


def test_nothing_is_cut_off_at_320_pixels(open_pane: Open) -> None:
    page = checked(open_pane())
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter((each) => each.getBoundingClientRect().right > 320.5)"
        ".map((each) => each.outerHTML)"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for button in page.get_by_role("button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24


CONTRASTS = """
() => {
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((each) => channel(Number(each) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const clear = (color) => color === "rgba(0, 0, 0, 0)";
  const behind = (each) => {
    const color = getComputedStyle(each).backgroundColor;
    return !clear(color) ? color : behind(each.parentElement);
  };
  const hasText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.querySelectorAll("main *")].filter((each) => each.offsetParent && hasText(each));
  const bars = [...document.querySelectorAll(".track .bar, .track .tick")];
  return {
    texts: texts.map((each) => [each.textContent.trim(), ratio(getComputedStyle(each).color, behind(each))]),
    bars: bars.map((each) => [each.className, ratio(behind(each), behind(each.parentElement))]),
  };
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrasts_meet_aa_in_light_and_dark(open_pane: Open, scheme: str) -> None:
    page = checked(open_pane(color_scheme=scheme))
    found = page.evaluate(CONTRASTS)
    assert len(found["texts"]) > 30
    assert [each for each in found["texts"] if each[1] < 4.5] == []
    assert found["bars"]
    assert [each for each in found["bars"] if each[1] < 3.0] == []
    if scheme == "dark":
        page.screenshot(path=ARTEFACTS / "task-pane-dark.png", full_page=True)


def test_a_weak_contrast_is_found(open_pane: Open) -> None:
    page = checked(open_pane())
    page.evaluate("document.querySelector('dt').style.color = '#bbbbbb'")
    found = page.evaluate(CONTRASTS)
    assert [each[0] for each in found["texts"] if each[1] < 4.5] == ["Value per share"]


def test_nothing_moves_for_who_wants_no_motion(open_pane: Open) -> None:
    page = checked(open_pane(reduced_motion="reduce"))
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.track .bar')).transitionProperty") == "none"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.track .bar')).transitionDuration") == "0s"
