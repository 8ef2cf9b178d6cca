"""What the server refuses, what it says when it does, and what it never says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.hosts.server_process import KEY, Server, free_port, function_call, running, start
from xlwings_addin.core.errors import InputError
from xlwings_addin.hosts.server.serve import serve

SECRET = "a-secret-key-of-more-than-32-characters"
SECRETS = {"XLWINGS_SECRET_KEY": SECRET}
GOOD_CALL = function_call("CAPITAL_BLUME_BETA", [[[1.0]]], None)
MEGABYTE = 1_000_000
CALLS = ("custom-functions-call", "custom-scripts-call/check", "custom-scripts-call/refresh")
SIMPLE_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
"""What a page may post to another origin without asking."""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("dev") / "logs", "--max-megabytes", "1") as started:
        yield started


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prod") / "logs"
    options = ("--environment", "prod", "--hostname", "valuation.example.com")
    with running(folder, *options, **SECRETS) as started:
        yield started


def refusal(folder: Path, *options: str, **settings: str) -> str:
    """What the server says when it does not start: one sentence, and the exit status of bad input."""
    process = start(folder / "logs", "--port", str(free_port()), *options, **settings)
    try:
        assert process.wait(60) == 2
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    said = (folder / "logs" / "stderr").read_text()
    assert "Traceback" not in said
    return said


# --- starting --------------------------------------------------------------------------------------------


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlwings_server", None)
    with pytest.raises(InputError, match=r"'xlwings-server' is not installed.*xiaomi-model\[server\]"):
        serve(host="127.0.0.1", port=8000, environment="dev", max_megabytes=1)


def test_without_a_licence_key_it_says_where_to_give_one(tmp_path: Path) -> None:
    said = refusal(tmp_path)
    assert said.startswith("xiaomi-model: licence key (none) must be given with --license-key or " + KEY)
    assert "PolyForm Noncommercial" in said


def test_a_wrong_licence_key_is_not_repeated(tmp_path: Path) -> None:
    said = refusal(tmp_path, **{KEY: "made-up-key"})
    assert "Invalid xlwings license key." in said
    assert "(not taken)" in said
    assert "made-up-key" not in said


@pytest.mark.parametrize(
    ("secret", "rule_text"), [({}, "(none)"), ({"XLWINGS_SECRET_KEY": "short"}, "of 5 characters")]
)
def test_outside_development_a_secret_key_is_required(
    tmp_path: Path, secret: dict[str, str], rule_text: str
) -> None:
    said = refusal(tmp_path, "--environment", "prod", **{KEY: "noncommercial"}, **secret)
    assert said.startswith(f"xiaomi-model: XLWINGS_SECRET_KEY {rule_text} must have at least 32 characters")
    assert "short" not in said


def test_development_stays_on_this_machine(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--host", "0.0.0.0", **{KEY: "noncommercial"})
    assert said == "xiaomi-model: host '0.0.0.0' must be one of 127.0.0.1, localhost, ::1 in development\n"


def test_the_licence_is_said_at_the_start(dev: Server) -> None:
    first = dev.said().splitlines()[0]
    assert first.endswith("this key: noncommercial")
    assert "xlwings Server is not MIT" in first


def test_it_listens_on_loopback_only(dev: Server) -> None:
    assert "Uvicorn running on http://127.0.0.1:" in dev.said()


# --- calling ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["custom-functions-call", "custom-scripts-call/check"])
@pytest.mark.parametrize("token", ["", "wrong", SECRET[:-1]])
def test_in_production_nothing_is_computed_without_the_key(prod: Server, path: str, token: str) -> None:
    response = prod.post(path, GOOD_CALL, Authorization=token)
    assert response.status_code == 401
    assert "key of this add-in is missing or wrong" in response.text


def test_in_production_whoever_knows_the_key_is_answered(prod: Server) -> None:
    response = prod.post("custom-functions-call", GOOD_CALL, Authorization=SECRET)
    assert response.json() == {"result": [[1.0]]}


def test_pages_do_not_give_the_key_away(prod: Server) -> None:
    for path in ("/taskpane.html", "/manifest.xml", "/xlwings/custom-functions-code.js", "/functions.html"):
        response = prod.get(path)
        assert response.status_code == 200
        assert SECRET not in response.text


@pytest.mark.parametrize("host", ["rebound.example.com", "rebound.example.com:8000", "127.0.0.1.example.com"])
def test_a_request_for_another_host_is_refused(dev: Server, host: str) -> None:
    refused = f"host {host!r} must be one of 127.0.0.1, ::1, localhost"
    for answer in (
        dev.get("/taskpane.html", Host=host),
        dev.post("custom-functions-call", GOOD_CALL, Host=host),
    ):
        assert (answer.status_code, answer.text) == (403, refused)


def test_the_public_name_is_a_host_it_answers_for(prod: Server) -> None:
    assert prod.get("/", Host="valuation.example.com").status_code == 200


STRANGERS = [
    "https://evil.example.com",
    "https://officeapps.live.com.evil.example.com",
    "https://evil-officeapps.live.com",
    "http://excel.officeapps.live.com",
    "http://127.0.0.1:1",
    "null",
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
def test_other_origins_may_not_call(dev: Server, prod: Server, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{dev.url}/xlwings/custom-functions-call", headers=asked)
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    for server, key in ((dev, dev.token), (prod, SECRET)):
        for path in CALLS:
            posted = server.post(path, GOOD_CALL, Origin=origin, Authorization=key)
            assert posted.status_code == 403
            assert posted.text == f"origin {origin!r} must be this server's own or Office's"
            assert "access-control-allow-origin" not in posted.headers


@pytest.mark.parametrize(
    "origin", ["https://excel.officeapps.live.com", "https://x1.officescripts.microsoftusercontent.com"]
)
def test_office_may_call_with_the_key_and_may_not_read_it(dev: Server, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = httpx.options(f"{dev.url}/xlwings/custom-functions-call", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers
    posted = dev.post("custom-functions-call", GOOD_CALL, Origin=origin)
    assert posted.json() == {"result": [[1.0]]}
    assert posted.headers["access-control-allow-origin"] == origin
    refused = dev.post("custom-functions-call", GOOD_CALL, Origin=origin, Authorization="")
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in dev.get("/taskpane.html", Origin=origin).headers


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    ("left_out", "status", "sentence"),
    [
        ("Origin", 403, "origin (none) must be this server's own or Office's"),
        ("Content-Type", 415, "content type (none) must be application/json"),
        ("Authorization", 403, "the token of this request is missing or of an earlier start: "),
    ],
)
def test_in_development_a_call_without_what_the_pane_sends_is_refused(
    dev: Server, path: str, left_out: str, status: int, sentence: str
) -> None:
    headers = {name: value for name, value in dev.of_pane.items() if name != left_out}
    answer = httpx.post(f"{dev.url}/xlwings/{path}", content=json.dumps(GOOD_CALL), headers=headers)
    assert answer.status_code == status
    assert answer.text.startswith(sentence)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", [*SIMPLE_TYPES, "application/json, text/plain", "application/jsonx"])
def test_a_body_of_another_type_is_refused(dev: Server, prod: Server, kind: str) -> None:
    for server, key in ((dev, dev.token), (prod, SECRET)):
        headers = {"Content-Type": kind, "Authorization": key}
        answer = server.post_text("custom-scripts-call/refresh", "{}", **headers)
        assert answer.status_code == 415
        assert answer.text == f"content type {kind!r} must be application/json"


def test_a_type_with_a_character_set_is_the_same_type(dev: Server) -> None:
    typed = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert dev.post("custom-functions-call", GOOD_CALL, **typed).json() == {"result": [[1.0]]}


@pytest.mark.parametrize("token", ["", "wrong", "x" * 43, "é"])
def test_in_development_a_wrong_token_is_refused(dev: Server, token: str) -> None:
    said = {"Authorization": token.encode("latin-1")}
    answer = httpx.post(
        f"{dev.url}/xlwings/custom-functions-call", json=GOOD_CALL, headers={**dev.of_pane, **said}
    )
    assert answer.status_code == 403
    assert "open the task pane again" in answer.text


@pytest.mark.parametrize("twice", ["Host", "Origin", "Authorization", "Content-Type"])
def test_a_header_that_is_given_twice_is_refused(dev: Server, twice: str) -> None:
    host, body = dev.url.removeprefix("http://"), json.dumps(GOOD_CALL)
    headers = {"Host": host, "Content-Length": str(len(body)), **dev.of_pane}
    connection = HTTPConnection(host, timeout=60)
    connection.putrequest("POST", "/xlwings/custom-functions-call", skip_host=True)
    for name, value in [*headers.items(), (twice, headers[twice])]:
        connection.putheader(name, value)
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    assert answer.status in (400, 403, 415)
    assert b"result" not in answer.read()
    connection.close()


def test_every_start_has_a_token_of_its_own(dev: Server, tmp_path: Path) -> None:
    assert len(dev.token) >= 43
    with running(tmp_path / "logs") as again:
        assert again.token != dev.token
        assert again.post("custom-functions-call", GOOD_CALL, Authorization=dev.token).status_code == 403


def test_a_long_header_is_not_repeated_at_length(dev: Server) -> None:
    answer = dev.post("custom-functions-call", GOOD_CALL, Origin="https://" + "x" * 10_000)
    assert len(answer.text) < 200


def test_in_production_the_pane_has_no_token(prod: Server) -> None:
    assert prod.token == ""


def test_in_production_the_public_name_may_call(prod: Server) -> None:
    for origin in ("https://valuation.example.com", prod.url):
        answer = prod.post("custom-functions-call", GOOD_CALL, Origin=origin, Authorization=SECRET)
        assert answer.json() == {"result": [[1.0]]}


# --- bodies ----------------------------------------------------------------------------------------------


def test_a_body_as_large_as_allowed_is_read_and_a_larger_one_is_not(dev: Server) -> None:
    room = MEGABYTE - len(json.dumps({**GOOD_CALL, "session_id": ""}))
    fits = dev.post("custom-functions-call", {**GOOD_CALL, "session_id": "x" * room})
    assert fits.status_code == 200
    too_long = dev.post("custom-functions-call", {**GOOD_CALL, "session_id": "x" * (room + 1)})
    assert too_long.status_code == 413


@pytest.mark.parametrize("path", ["custom-functions-call", "custom-scripts-call/check"])
def test_a_body_that_does_not_say_its_length_is_cut_off(dev: Server, path: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * (MEGABYTE // 20)

    answer = dev.post_text(path, pieces())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("custom-functions-call", "{", 422),
        ("custom-functions-call", "[]", 422),
        ("custom-functions-call", "{}", 400),
        ("custom-functions-call", '{"func_name": "CAPITAL_BLUME_BETA"}', 400),
        ("custom-functions-call", '{"func_name": "CAPITAL_BLUME_BETA", "args": 7}', 400),
        ("custom-functions-call", '{"func_name": "NO_SUCH", "args": []}', 404),
        ("custom-functions-call", '{"func_name": "__doc__", "args": []}', 400),
        ("custom-scripts-call/no_such", '{"client": "Office.js", "version": "", "sheets": []}', 404),
        ("custom-scripts-call/__class__", '{"client": "Office.js", "version": "", "sheets": []}', 400),
        ("custom-scripts-call/check", "{", 400),
        ("custom-scripts-call/check", "{}", 400),
        ("custom-scripts-call/check", "7", 400),
        ("no-such-page", "{}", 404),
    ],
)
def test_what_cannot_be_read_is_refused_once_and_without_a_trace(
    dev: Server, path: str, body: str, status: int
) -> None:
    answer = dev.post_text(path, body)
    assert answer.status_code == status, answer.text
    for trace in ("Traceback", "File ", "Error(", ".py"):
        assert trace not in answer.text


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            "custom-functions-call",
            {"client": "another", "version": LONG},
            "xlwings version mismatch",
        ),
        ("custom-functions-call", LONG, "the request cannot be read"),
        ("custom-functions-call", [LONG], "the request cannot be read"),
        ("custom-functions-call", {"func_name": LONG}, "there is no such function or script"),
        (
            "custom-scripts-call/check",
            {"client": "VBA", "version": LONG},
            "Your xlwings version",
        ),
        (f"custom-scripts-call/{LONG[:50_000]}", {}, "there is no such function or script"),
    ],
)
def test_no_text_of_a_request_is_repeated_at_length(dev: Server, path: str, body: object, said: str) -> None:
    if isinstance(body, dict):
        book = {"name": "Book1", "active_sheet_index": 0, "selection": "A1"}
        body = {
            **function_call("CAPITAL_BLUME_BETA", [[[1.0]]], None),
            "book": book,
            "names": [],
            "sheets": [],
            **body,
        }
    answer = dev.post(path, body)
    assert 400 <= answer.status_code < 500
    assert answer.text.startswith(said)
    assert len(answer.text) <= 300


def test_more_arguments_than_a_function_has_are_named(dev: Server) -> None:
    answer = dev.call("CAPITAL_BLUME_BETA", [[1.0]], [[2.0]])
    assert "CAPITAL_BLUME_BETA called with 2 arguments takes at most 1" in answer.text


def test_pages_that_are_not_there_are_404(dev: Server) -> None:
    for path in ("/no-such.html", "/static/../serve.py", "/static/no-such.png", "/docs", "/openapi.json"):
        assert dev.get(path).status_code == 404


def test_the_client_does_not_repeat_what_has_failed(dev: Server) -> None:
    assert '"customFunctionsRetryCodes": [502, 503, 504]' in dev.get("/taskpane.html").text


# --- headers ---------------------------------------------------------------------------------------------


def test_the_pane_may_stand_in_office_and_nowhere_else(dev: Server) -> None:
    headers = dev.get("/taskpane.html").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    ancestors = policy["frame-ancestors"].split()
    assert "https://*.officeapps.live.com" in ancestors
    assert "*" not in ancestors
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


# --- help ------------------------------------------------------------------------------------------------


def test_every_help_link_leads_to_an_anchor(dev: Server) -> None:
    page = dev.get("/functions.html").text
    functions = dev.get("/xlwings/custom-functions-meta.json").json()["functions"]
    assert functions
    for function in functions:
        address, _, anchor = function["helpUrl"].partition("#")
        assert address == f"{dev.url}/functions.html"
        assert f'id="{anchor}"' in page
