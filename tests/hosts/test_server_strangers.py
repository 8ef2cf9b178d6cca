"""A page of another origin, in a real browser: it runs no script and writes nothing into the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.hosts.open_excel import OpenExcel
from tests.hosts.server_process import Server, running
from xlwings_addin.ledger import Ledger
from xlwings_addin.ledger.file import ENVIRONMENT

SCRIPT = "/xlwings/custom-scripts-call/refresh"
PATIENCE = 60_000

FETCHES = {
    "text": {"mode": "no-cors", "headers": {"Content-Type": "text/plain"}},
    "text with cookies": {
        "mode": "no-cors",
        "credentials": "include",
        "headers": {"Content-Type": "text/plain"},
    },
    "no type": {"mode": "no-cors", "headers": {"Content-Type": ""}},
    "form": {"mode": "no-cors", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "parts": {"mode": "no-cors", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "json, unasked": {"mode": "no-cors", "headers": {"Content-Type": "application/json"}},
}
"""What a page may send to another origin without asking; a browser takes off what it does not allow."""

READ = {
    "text": {"headers": {"Content-Type": "text/plain"}},
    "form": {"headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "json": {"headers": {"Content-Type": "application/json"}},
    "json with a token": {"headers": {"Content-Type": "application/json", "Authorization": "guessed"}},
}
"""What a browser sends and gives no answer of, or asks about first and then does not send."""


class _Page(BaseHTTPRequestHandler):
    """An empty page, whatever is asked for."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>a stranger</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another origin of this machine: the same name, another port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as served:
        thread = Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return Ledger(tmp_path_factory.mktemp("ledger") / "ledger.duckdb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ledger: Ledger) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server") / "logs"
    with running(folder, **{ENVIRONMENT: str(ledger.path)}) as started:
        yield started


@pytest.fixture(scope="module")
def forged(delivered: Path) -> str:
    """What the pane would send of a workbook, whose figures somebody has made up."""
    excel = OpenExcel(delivered)
    return json.dumps(excel.payload(excel.formulas(), excel.state_text()))


@pytest.fixture
def answered() -> list[tuple[str, int]]:
    """Method and status of each answer of the server to a page of another origin."""
    return []


@pytest.fixture
def page(browser: Browser, server: Server, elsewhere: str, answered: list[tuple[str, int]]) -> Iterator[Page]:
    def note(response: Response) -> None:
        if response.url.startswith(server.url):
            answered.append((response.request.method, response.status))

    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    opened.on("response", note)
    opened.goto(elsewhere)
    yield opened
    context.close()


@pytest.mark.parametrize("form", FETCHES)
def test_a_stranger_cannot_fetch(
    page: Page, server: Server, ledger: Ledger, forged: str, answered: list[tuple[str, int]], form: str
) -> None:
    page.evaluate(
        """([url, options, body]) => fetch(url, { method: "POST", body, ...options }).catch(() => null)""",
        [server.url + SCRIPT, FETCHES[form], forged],
    )
    assert [status for method, status in answered if method == "POST"] == [415]
    assert not ledger.path.exists()


@pytest.mark.parametrize("form", READ)
def test_a_stranger_is_given_no_answer(
    page: Page, server: Server, ledger: Ledger, forged: str, form: str
) -> None:
    said = page.evaluate(
        """([url, options, body]) =>
            fetch(url, { method: "POST", body, ...options }).then(() => "answered", (error) => error.name)""",
        [server.url + SCRIPT, READ[form], forged],
    )
    assert said == "TypeError"
    assert not ledger.path.exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("name", ["bookData", "whole"])
def test_a_stranger_cannot_post_a_form(
    page: Page,
    server: Server,
    ledger: Ledger,
    forged: str,
    answered: list[tuple[str, int]],
    kind: str,
    name: str,
) -> None:
    # A text form sends name=value: with the start of the JSON as name it is the JSON itself.
    field = [name, forged] if name == "bookData" else [forged[:-1] + ', "x": "', '"}']
    page.evaluate(
        """([url, enctype, [name, value]]) => {
            const form = document.createElement("form");
            Object.assign(form, { action: url, method: "post", enctype });
            const field = form.appendChild(document.createElement("textarea"));
            Object.assign(field, { name, value });
            document.body.append(form);
            form.submit();
        }""",
        [server.url + SCRIPT, kind, field],
    )
    page.wait_for_url(server.url + SCRIPT)
    assert answered == [("POST", 415)]
    assert page.locator("body").inner_text().endswith("must be application/json")
    assert not ledger.path.exists()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json"])
def test_a_stranger_cannot_send_a_beacon(
    page: Page, server: Server, ledger: Ledger, forged: str, answered: list[tuple[str, int]], kind: str
) -> None:
    page.evaluate(
        "([url, body, type]) => navigator.sendBeacon(url, new Blob([body], { type }))",
        [server.url + SCRIPT, forged[:50_000], kind],
    )
    page.wait_for_timeout(500)
    # Chromium asks before it sends JSON.
    assert [status for _, status in answered] == ([] if kind == "application/json" else [415])
    assert not ledger.path.exists()


def test_a_stranger_cannot_read_the_token(page: Page, server: Server) -> None:
    for address in ("/taskpane.html", "/xlwings/custom-functions-meta.json", "/manifest.xml"):
        read = page.evaluate(
            "(url) => fetch(url).then((answer) => answer.text()).catch((error) => error.name)",
            server.url + address,
        )
        assert read == "TypeError"
    framed = page.evaluate(
        """(url) => new Promise((framed) => {
            const frame = document.createElement("iframe");
            frame.onload = () => framed(frame.contentDocument?.documentElement.outerHTML ?? null);
            frame.src = url;
            document.body.append(frame);
        })""",
        f"{server.url}/taskpane.html",
    )
    assert framed is None


def test_the_same_request_from_our_own_page_is_answered_and_remembered(
    browser: Browser, server: Server, ledger: Ledger, forged: str
) -> None:
    """What shows that the tests above would see a script that has run."""
    assert not ledger.path.exists()
    page = browser.new_page()
    page.goto(f"{server.url}/functions.html")
    send = partial(
        page.evaluate,
        """([url, body, token]) => fetch(url, {
            method: "POST", body, headers: { "Content-Type": "application/json", Authorization: token },
        }).then((answer) => answer.status)""",
    )
    assert send([server.url + SCRIPT, forged, "guessed"]) == 403
    assert not ledger.path.exists()
    assert send([server.url + SCRIPT, forged, server.token]) == 200
    assert [snapshot.command for snapshot in ledger.snapshots()] == ["refresh"]
    page.close()
