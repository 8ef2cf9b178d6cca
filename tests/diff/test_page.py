"""A comparison as a page and as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.diff.comparing import edited, input_at
from tests.xlsx.foreign_books import SHEET, handmade_book, saved
from xlwings_addin.diff.difference import KINDS, MOST_LISTED, Difference
from xlwings_addin.diff.differences import differences
from xlwings_addin.diff.result import Differences
from xlwings_addin.layout.references import Book


class Page(HTMLParser):
    """The tags and texts of a page; every tag must be closed in turn."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert('1')</script> & \"co\""


@pytest.fixture(scope="module")
def hostile(delivered: Path, book: Book) -> Differences:
    """A comparison with texts that a page would run if it could."""

    def change(workbook: Workbook) -> None:
        for key, value in (("risk_free", 0.02), ("case_title", HOSTILE)):
            sheet, cell = input_at(book, key)
            workbook[sheet][cell] = value
        workbook.create_sheet("a & <b>")["A1"] = HOSTILE

    return differences(delivered, edited(delivered, change))


def test_the_page_shows_everything_and_runs_nothing(hostile: Differences) -> None:
    comparison = hostile
    html = comparison.to_html()
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "a", "form", "object"}
    assert not any(
        name.startswith("on") or name in ("src", "href") for _, entry in page.tags for name in entry
    )
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert HOSTILE in page.text
    assert "a & <b>!A1" in page.text
    assert comparison.bridge is not None
    assert f"{comparison.bridge.change:+.2f}" in page.text
    assert "Risk-free rate" in page.text
    assert "Without effect on the value: Case" in page.text
    assert "http" not in html.replace("http-equiv", "")
    for kind in KINDS:
        assert (f"{kind.capitalize()}: {comparison.counts[kind]}" in page.text) == bool(
            comparison.counts[kind]
        )


def test_the_page_lists_some_cells_of_a_class_and_counts_the_others() -> None:
    one, two = Workbook(), Workbook()
    for row in range(1, MOST_LISTED + 12):
        one.active.cell(row, 1, row)
        two.active.cell(row, 1, -row)
    comparison = differences(saved(one), saved(two))
    assert len(comparison.cells) == MOST_LISTED + 11
    page = Page(comparison.to_html())
    assert "and 11 more" in page.text
    assert sum(tag == "tr" for tag, _ in page.tags) == MOST_LISTED + 1


def test_nothing_changed_is_said(delivered: Path) -> None:
    assert "No cell differs." in Page(differences(delivered, delivered).to_html()).text


def test_an_estimated_part_is_shown_with_its_error_and_a_joined_driver_with_the_rule(
    delivered: Path, book: Book
) -> None:
    from xlwings_addin.analytics.bridge import bridge

    comparison = differences(delivered, delivered)
    base = book.context.results["base"].inputs
    low = base.replace(vehicle_wacc=0.05, vehicle_terminal_growth=0.01)
    high = base.replace(
        vehicle_wacc=0.13, vehicle_terminal_growth=0.055, risk_free=0.02, raw_beta=1.0, tax_rate=0.2
    )
    estimated = replace(comparison, bridge=bridge(low, high, exact_up_to=1, samples=4))
    text = Page(estimated.to_html()).text
    assert "estimated from 4 pairs of orders" in text
    assert "± " in text
    assert "not split: vehicle_wacc 5.00% must exceed vehicle_terminal_growth 5.50%" in text


def test_the_differences_are_plain_data(hostile: Differences) -> None:
    data = json.loads(json.dumps(hostile.to_json(), allow_nan=False))
    assert data["counts"] == hostile.counts
    assert len(data["cells"]) == len(hostile.cells)
    assert set(data["cells"][0]) == set(Difference.__dataclass_fields__)
    assert data["bridge"]["after"] - data["bridge"]["before"] == data["bridge"]["change"]


def test_half_characters_can_be_written() -> None:
    # A cell may spell a lone surrogate, _xD800_; UTF-8 has no bytes for it.
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>half _xD800_</t></is></c></row>'
    comparison = differences(handmade_book(SHEET.format(rows="")), handmade_book(SHEET.format(rows=cell)))
    assert comparison.cells[0].new == "half ?"
    comparison.to_html().encode()
