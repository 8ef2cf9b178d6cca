"""The task pane for who reads it: figures, landmarks, keyboard, contrasts, sizes; one page for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import xlwings_addin as xa
from tests.hosts.open_excel import OpenExcel
from tests.hosts.pane_page import ARTEFACTS, PLACES, VALUE, checked, in_listing, pane, says
from tests.hosts.server_process import Server, sent
from xlwings_addin.functions.registry import REGISTRY

WIDTHS = (320, 500)


@pytest.fixture(scope="module")
def excel(delivered: Path) -> OpenExcel:
    return OpenExcel(delivered)


@pytest.fixture(scope="module")
def opened(browser: Browser, pane_server: Server, excel: OpenExcel) -> Iterator[Page]:
    """A page that has checked the workbook and has answered what a price needs, functions open."""
    with pane(browser, pane_server, excel) as page:
        checked(page)
        page.get_by_label("Price in HKD").fill("45")
        page.get_by_role("button", name="Ask").click()
        says(page, "Answered.")
        page.get_by_text("Functions for cells").click()
        yield page


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    yield opened
    opened.set_viewport_size({"width": 320, "height": 800})
    opened.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")
    opened.evaluate("delete document.documentElement.dataset.theme")


# --- functions -------------------------------------------------------------------------------------------


def test_every_function_is_registered_with_excel_and_listed(page: Page) -> None:
    assert set(page.evaluate("Object.keys(stub.associated)")) == set(REGISTRY)
    registered = page.evaluate("registered.metadata.functions.map((each) => each.id)")
    assert set(registered) == set(REGISTRY)
    listed = page.locator("#functions-list code").all_inner_texts()
    assert listed == [entry.signature for entry in REGISTRY.values()]
    wanted = page.get_by_label("Show functions with")
    wanted.fill("present value")
    visible = page.locator("#functions-list li:visible code").all_inner_texts()
    expect(page.locator("#functions-count")).to_have_text(f"{len(visible)} of {len(REGISTRY)} functions")
    assert "DCF_PRESENT_VALUE(flows, rate, [timing], [first_period])" in visible
    assert len(visible) < len(listed)
    wanted.fill("")


def test_a_cell_that_calls_a_function_is_answered(page: Page) -> None:
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
    page: Page, arguments: list[Any], code: str, message: str
) -> None:
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url) if "functions-call" in request.url else None)
    name = "DCF_TERMINAL_VALUE"
    answered = page.evaluate("([name, args]) => stub.cell(name, args)", [name, arguments])
    assert answered == {"code": code, "message": message}
    assert len(calls) == 1
    expect(page.locator("#errors li")).to_have_text(f"Sheet1!B2 {name}: {message}")
    page.evaluate("(name) => stub.cell(name, [[[1]], [[0.05]], [[0.03]]])", name)
    expect(page.locator("#errors-section")).to_be_hidden()


def test_a_cell_is_asked_about_by_its_address(page: Page) -> None:
    page.evaluate('stub.cell("CAPITAL_BLUME_BETA", [[["x"]]], { address: "Sheet1!C7" })')
    why = page.evaluate(
        'stub.cell("VAL_LAST_ERROR", [[[{ type: "Error", basicValue: "#VALUE!" }]]],'
        ' { address: "Sheet1!D7", parameterAddresses: ["Sheet1!C7"] })'
    )
    assert why == {"result": [["raw_beta 'x' must be a number"]]}
    page.evaluate('stub.cell("CAPITAL_BLUME_BETA", [[[1]]], { address: "Sheet1!C7" })')
    expect(page.locator("#errors-section")).to_be_hidden()


# --- figures ---------------------------------------------------------------------------------------------


def test_the_pane_shows_the_figures_of_the_open_book(page: Page, excel: OpenExcel) -> None:
    def show(reference: str) -> Any:
        return excel.display(*PLACES.at(reference))

    value, price = excel.display(*VALUE), show("{cover.price}")
    assert page.locator("#verdict").inner_text() == f"Verdict: {show('{sotp.verdict}')}"
    assert page.locator("#value").inner_text() == in_listing(value)
    assert page.locator("#price").inner_text() == in_listing(price)
    assert page.locator("#price-date").inner_text() == "of 2025-11-19"
    assert page.locator("#weighted").inner_text() == in_listing(show("{cover.weighted_value:value}"))
    assert page.locator("#upside").inner_text() == f"{show('{sotp.upside}'):+.1%}"
    assert page.locator("#checks").inner_text().startswith(str(show("{cover.overall}")))
    gauge = " ".join(page.locator("#gauge-text").inner_text().split())
    assert gauge.startswith(f"price {price:.2f} value {value:.2f} HKD cases with a weight, ")
    cases = [
        line.locator("th, td:not(:has(.track))").all_inner_texts() for line in page.locator("#cases tr").all()
    ]
    assert [(label, worth, of.split()) for label, worth, of in cases] == [
        (
            case.replace("_", " "),
            f"{show(f'{{cover.stored_{case}:value}}'):.2f}",
            [
                f"{show(f'{{cover.stored_{case}:price}}'):.2f}",
                PLACES.context.results[case].inputs.day("price_date").isoformat(),
            ],
        )
        for case in PLACES.context.cases
    ]
    pressed = page.locator("#cases button[aria-pressed=true]").all_inner_texts()
    assert pressed == ["base"]


def test_bars_are_as_long_as_their_figures(page: Page, excel: OpenExcel) -> None:
    bars = {line.locator("th").inner_text(): line.locator(".bar") for line in page.locator("#parts tr").all()}
    widths = {label: bar.bounding_box()["width"] for label, bar in bars.items()}  # type: ignore[index]
    whole, devices = excel.display(*VALUE), excel.display(*PLACES.at("{sotp.devices:per_share}"))
    assert isinstance(devices, float)
    assert isinstance(whole, float)
    assert widths["Devices"] / widths["Equity value"] == pytest.approx(devices / whole, rel=0.02)
    swings = xa.tornado("base").bars[:9]
    rows = page.locator("#tornado tr").all()
    said = [row.locator("th, td:not(:has(.track))").all_inner_texts() for row in rows]
    assert said == [
        [f"{bar.label}\n{bar.range_text}", f"{bar.low.per_share:.2f}", f"{bar.high.per_share:.2f}"]
        for bar in swings
    ]
    spans = [row.locator(".bar").bounding_box()["width"] for row in rows]  # type: ignore[index]
    assert spans[8] / spans[0] == pytest.approx(swings[8].swing / swings[0].swing, abs=0.05)


def test_a_price_is_answered_driver_by_driver(page: Page) -> None:
    asked = page.locator("#implied-asked").inner_text()
    assert asked == "For HKD 45.00 a share, one at a time, all else as in base:"
    answers = page.locator("#implied-answers li").all_inner_texts()
    wacc = next(answer for answer in answers if answer.startswith("Cost of capital of both businesses"))
    assert f": {xa.implied(45.0, solve='wacc_points', case='base').solution.value:.2%}" in wacc
    assert "in the case 0.00%" in wacc


# --- readable by all -------------------------------------------------------------------------------------


def test_it_has_landmarks_headings_labels_and_a_live_status(page: Page) -> None:
    assert page.title() == "Valuation"
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("main", name="Valuation")).to_have_count(1)
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Valuation"]
    tables = ("Value per share by case", "Sum of the parts", "What moves the value")
    for name in ("Selected case", "What a price needs", *tables):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    for name in tables:
        table = page.get_by_role("table", name=name)
        expect(table.get_by_role("columnheader")).not_to_have_count(0)
        expect(table.get_by_role("rowheader")).not_to_have_count(0)
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_violation(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    result = Axe().run(page)
    assert len(result.response["passes"]) > 20
    assert result.violations_count == 0, result.generate_report()
    page.screenshot(path=ARTEFACTS / f"task-pane-{width}.png", full_page=True)


def test_axe_finds_what_is_wrong(page: Page) -> None:
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [one["id"] for one in Axe().run(page).response["violations"]] == ["html-has-lang"]
    page.evaluate("document.documentElement.lang = 'en'")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    wide = page.evaluate(
        "(width) => [...document.querySelectorAll('body *')]"
        ".filter((each) => each.getBoundingClientRect().right > width + 0.5)"
        ".map((each) => each.outerHTML)",
        width,
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter((each) => each.offsetParent)"
        ".map((each) => [each.textContent, each.offsetWidth, each.offsetHeight])"
        ".filter(([, ...size]) => Math.min(...size) < 24)"
    )
    assert small == []


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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrasts_meet_aa_in_light_and_dark_of_system_and_office(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    of_system = page.evaluate(CONTRASTS)
    assert len(of_system["texts"]) > 60
    assert [text for text in of_system["texts"] if text[1] < 4.5] == []
    assert of_system["bars"]
    assert [bar for bar in of_system["bars"] if bar[1] < 3.0] == []
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
    assert page.evaluate(CONTRASTS) == of_system
    if theme == "dark":
        page.screenshot(path=ARTEFACTS / "task-pane-dark.png", full_page=True)


def test_a_weak_contrast_is_found(page: Page) -> None:
    page.evaluate("document.querySelector('dt').style.color = '#bbbbbb'")
    result = page.evaluate(CONTRASTS)
    assert [text[0] for text in result["texts"] if text[1] < 4.5] == ["Value per share"]
    page.evaluate("document.querySelector('dt').style.color = ''")


def test_bars_stay_visible_in_forced_colours(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    colours = page.evaluate(
        "[...document.querySelectorAll('.track .bar, .track .tick, .track .mark')].map((each) =>"
        " [getComputedStyle(each).backgroundColor, getComputedStyle(document.body).backgroundColor])"
    )
    assert len(colours) > 20
    assert all(of_bar != of_page for of_bar, of_page in colours)
    page.screenshot(path=ARTEFACTS / "task-pane-forced-colours.png", full_page=True)


def test_nothing_moves_for_who_wants_no_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    motion = page.evaluate("getComputedStyle(document.querySelector('.track .bar')).transitionProperty")
    assert motion == "none"
