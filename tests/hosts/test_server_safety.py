"""What the server refuses, what it says when it does, and what it never says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from server_process import KEY, Server, free_port, function_call, running, start

from xlwings_addin.core.errors import InputError
from xlwings_addin.hosts.server.serve import serve

SECRET = "a-secret-key-of-more-than-32-characters"
SECRETS = {"XLWINGS_SECRET_KEY": SECRET}
GOOD_CALL = function_call("CAPITAL_BLUME_BETA", [[[1.0]]], None)
MEGABYTE = 1_000_000


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
    ("secret", "shown"), [({}, "(none)"), ({"XLWINGS_SECRET_KEY": "short"}, "of 5 characters")]
)
def test_outside_development_a_secret_key_is_required(
    tmp_path: Path, secret: dict[str, str], shown: str
) -> None:
    said = refusal(tmp_path, "--environment", "prod", **{KEY: "noncommercial"}, **secret)
    assert said.startswith(f"xiaomi-model: XLWINGS_SECRET_KEY {shown} must have at least 32 characters")
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


def test_a_request_for_another_host_is_refused(dev: Server) -> None:
    assert dev.get("/", Host="rebound.example.com").status_code == 400


def test_the_public_name_is_a_host_it_answers_for(prod: Server) -> None:
    assert prod.get("/", Host="valuation.example.com").status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "https://officeapps.live.com.evil.example.com"]
)
def test_other_origins_may_not_call(dev: Server, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{dev.url}/xlwings/custom-functions-call", headers=asked)
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
    posted = dev.post("custom-functions-call", GOOD_CALL, Origin=origin)
    assert "access-control-allow-origin" not in posted.headers


@pytest.mark.parametrize(
    "origin", ["https://excel.officeapps.live.com", "https://x1.officescripts.microsoftusercontent.com"]
)
def test_office_may_call(dev: Server, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = httpx.options(f"{dev.url}/xlwings/custom-functions-call", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers


# --- bodies ----------------------------------------------------------------------------------------------


def test_a_body_as_large_as_allowed_is_read_and_a_larger_one_is_not(dev: Server) -> None:
    room = MEGABYTE - len(httpx.Request("POST", dev.url, json={**GOOD_CALL, "session_id": ""}).content)
    fits = dev.post("custom-functions-call", {**GOOD_CALL, "session_id": "x" * room})
    assert fits.status_code == 200
    too_long = dev.post("custom-functions-call", {**GOOD_CALL, "session_id": "x" * (room + 1)})
    assert too_long.status_code == 413


@pytest.mark.parametrize("path", ["custom-functions-call", "custom-scripts-call/check"])
def test_a_body_that_does_not_say_its_length_is_cut_off(dev: Server, path: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * (MEGABYTE // 20)

    answer = httpx.post(
        f"{dev.url}/xlwings/{path}",
        content=pieces(),
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
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
    answer = httpx.post(
        f"{dev.url}/xlwings/{path}", content=body, headers={"Content-Type": "application/json"}, timeout=60
    )
    assert answer.status_code == status, answer.text
    for trace in ("Traceback", "File ", "Error(", ".py"):
        assert trace not in answer.text


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
