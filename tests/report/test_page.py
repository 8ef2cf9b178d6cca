"""The report as a page: one file that reads on a phone and copies into a spreadsheet."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from xlwings_addin.report.document import Document
from xlwings_addin.report.html import html


@pytest.fixture(scope="module")
def page(document: Document) -> str:
    return html(document).decode()


class Reader(HTMLParser):
    """Collects the figures of a page, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(page)
    return reader.tags


def test_the_page_names_the_line_of_every_figure(document: Document, page: str) -> None:
    printed = [attributes for tag, attributes in tags(page) if tag == "data"]
    figures = list(document.figures())
    assert [(entry["data-line"], float(str(entry["value"]))) for entry in printed] == [
        (figure.line, figure.value) for figure in figures
    ]


def test_the_page_needs_no_network_and_runs_no_script(page: str) -> None:
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert not {tag for tag, _ in tags(page)} & {"script", "link", "img", "iframe", "object", "base"}
    assert not any(name.startswith("on") for _, attributes in tags(page) for name in attributes)
    assert "default-src 'none'" in page


def test_every_picture_has_a_text_that_stands_in_for_it(document: Document, page: str) -> None:
    pictures = [attributes for tag, attributes in tags(page) if tag == "svg"]
    assert [picture["aria-label"] for picture in pictures] == [
        entry.description for entry in document.pictures
    ]
    assert [picture["data-picture"] for picture in pictures] == [
        *("football_field", "waterfall", "tornado", "ramp"),
    ]


def test_the_same_report_gives_the_same_bytes(document: Document, no_ledger: Path) -> None:
    from xlwings_addin.report.make import report_of

    assert html(document) == html(report_of("base", ledger=no_ledger))


def test_titles_are_escaped_and_chinese_is_marked_as_such(document: Document) -> None:
    page = html(replace(document, title="<b>A & B</b>")).decode()
    assert "<h1>&lt;b&gt;A &amp; B&lt;/b&gt;" in page
    assert '<span lang="zh">小米集团</span>' in page


@pytest.mark.parametrize("width", [320, 500, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window_and_its_words_stand_out(
    browser: Browser, document: Document, tmp_path: Path, width: int, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(html(document))
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 7
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 29)")
    assert messages == []
    page.close()


def test_a_table_copies_as_rows_of_figures(browser: Browser, document: Document, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(html(document))
    page = browser.new_page()
    page.goto(path.as_uri())
    text = page.evaluate(
        "() => { const range = document.createRange();"
        "range.selectNode(document.querySelector('#cases table')); "
        "getSelection().addRange(range); return getSelection().toString(); }"
    )
    rows = [line.split("\t") for line in text.strip().splitlines()]
    parts = ["Devices", "Electric vehicles", "AI and other new initiatives", "Cash and other"]
    assert rows[0] == ["Case", *parts, "Value", "Weight"]
    (base,) = [row for row in rows if row[0].startswith("base: ")]
    assert [float(cell) for cell in base[1:6]] == [19.20, 5.29, 0.0, 6.98, 31.47]
    page.close()


def test_in_print_the_page_is_three_sheets_of_a4_at_most(
    browser: Browser, document: Document, tmp_path: Path
) -> None:
    from pypdf import PdfReader

    path = tmp_path / "report.html"
    path.write_bytes(html(document))
    page = browser.new_page()
    page.goto(path.as_uri())
    page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
    sheets = PdfReader(tmp_path / "printed.pdf").pages
    assert 2 <= len(sheets) <= 3
    assert float(sheets[0].mediabox.width) == pytest.approx(595.3, abs=1.5)
    page.close()
