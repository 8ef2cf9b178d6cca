"""The task pane in a browser beside an open workbook, with the real server and a stand-in for Office.js."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.hosts.open_excel import OpenExcel
from tests.hosts.server_process import Server
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import NAMESPACE
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[1] / "artifacts"
STUB = (HERE / "office_stub.js").read_text()
PLACES = Book(load_context())
VALUE = PLACES.at("{sotp.value_per_share}")
PATIENCE = 120_000
"""Milliseconds that a test waits for a workbook to be sent, checked and shown."""


@contextmanager
def pane(browser: Browser, server: Server, excel: OpenExcel, **options: Any) -> Iterator[Page]:
    """The pane beside a workbook; an error that the page reports fails the test."""
    reported: list[str] = []
    context = browser.new_context(viewport={"width": 320, "height": 800}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: reported.append(str(error)))
    page.on("console", lambda said: reported.append(said.text) if said.type == "error" else None)
    page.route(lambda url: not url.startswith(server.url), _refuse(reported))
    beside(page, excel)
    page.goto(f"{server.url}/taskpane.html")
    yield page
    context.close()
    assert not reported


def beside(page: Page, excel: OpenExcel) -> None:
    """Put the stand-in for Office.js and its workbook behind a page."""
    page.route("**/dist/office.js", lambda route: route.fulfill(content_type="text/javascript", body=STUB))
    page.expose_function("officeBook", lambda: _book(excel))
    page.expose_function("officeWrite", lambda writes: _written(excel, writes))


def checked(page: Page) -> Page:
    says(page, "Checked.")
    return page


def says(page: Page, sentence: str) -> None:
    expect(page.locator("#status")).to_contain_text(sentence, timeout=PATIENCE)


def of(key: str, case: str = "base") -> CellKey:
    return PLACES.at(f"{{inputs.{key}:cases[{PLACES.context.cases.index(case) + 1}]}}")


def in_listing(value: object) -> str:
    assert isinstance(value, float)
    return f"HKD {value:,.2f}"


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
    excel.sent = dict(excel.values)
    return [{"name": title, **{kind: excel.grid(title, kind) for kind in kinds}} for title in excel.typed]


def _written(excel: OpenExcel, writes: list[Any]) -> dict[str, Any]:
    """Do what the client asks for; the cells that show something else since: place, value and formula.

    Once rows or columns have come in, all sheets are sent as they are then.
    """
    touched, has_inserted = dict[CellKey, Any](), False
    for inserts, lot in groupby(writes, key=lambda write: write[1] in ("rows", "columns")):
        if inserts:
            has_inserted = True
            for sheet, axis, at, count in lot:
                excel.insert(sheet, axis, at, count)
        else:
            typed = {(sheet, join_address(row, column)): value for sheet, row, column, value in lot}
            excel.type(typed)
            touched |= typed
    if has_inserted:
        return {"sheets": _sheets(excel)}
    if touched and all(str(value).startswith("=") for value in touched.values()):
        changed = {*touched}  # what they give is sent with the next value
        return {"cells": [[sheet, *split_address(cell), "", touched[sheet, cell]] for sheet, cell in changed]}
    now = excel.values
    changed = {*touched, *(at for at, value in now.items() if excel.sent.get(at) != value)}
    excel.sent = dict(now)
    return {
        "cells": [
            [sheet, *split_address(address), *excel.display_and_content(sheet, address)]
            for sheet, address in changed
        ]
    }
