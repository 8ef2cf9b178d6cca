"""What a request may cost in bytes, cells and time; how the server starts, stops and says it is well."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.hosts.server_process import Server, function_call, running, with_certificate
from xlwings_addin.hosts.server.limits import BoundedBody, Deadline, Limits
from xlwings_addin.hosts.server.serve import SERVED, Served

SECRET = "a-secret-key-of-more-than-32-characters"
PROD = ("--environment", "prod")
CALL = "/xlwings/custom-functions-call"
LARGEST = 20_000_000
GOOD = function_call("CAPITAL_BLUME_BETA", [[[1.0]]], None)
GONE_WITHIN = 30.0


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("prod") / "logs", *PROD, XLWINGS_SECRET_KEY=SECRET) as started:
        yield started


def head(server: Server, length: int, key: str = SECRET) -> bytes:
    """The head of a call with a body of so many bytes."""
    return (
        f"POST {CALL} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\nAuthorization: {key}\r\n\r\n"
    ).encode()


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), GONE_WITHIN)


def said_last(client: socket.socket) -> bytes:
    """All that the server sends until it closes the connection, which it has to do in time."""
    client.settimeout(GONE_WITHIN)
    received = b""
    while chunk := client.recv(65_536):
        received += chunk
    return received


def is_well(server: Server) -> bool:
    """Whether a call with the key is answered."""
    answer = server.post("custom-functions-call", GOOD, Authorization=SECRET)
    return bool(answer.json() == {"result": [[1.0]]})


# --- connections and bodies ------------------------------------------------------------------------------


def test_a_request_without_the_key_is_answered_before_its_body_comes(prod: Server) -> None:
    with connected(prod) as client:
        client.sendall(head(prod, LARGEST, key="wrong"))
        assert client.recv(1000).startswith(b"HTTP/1.1 401 ")
        assert b"HTTP" not in said_last(client)


def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(prod: Server) -> None:
    with connected(prod) as client:
        client.sendall(head(prod, LARGEST + 1))
        answer = said_last(client)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"must have at most 20,000,000 bytes (--max-megabytes)")


def test_half_open_requests_are_gone_in_time_and_hold_nobody_up(prod: Server) -> None:
    beginnings = (b"", b"POST ", b"\r\n", head(prod, 10)[:-2])
    clients = [connected(prod) for _ in range(400)]
    for number, client in enumerate(clients):
        client.sendall(beginnings[number % len(beginnings)])
    assert is_well(prod)
    for client in clients:
        assert said_last(client).startswith(b"HTTP/1.1 408 ")
        client.close()


HURRIED = (
    "from xlwings_addin.hosts.server import protocol\n"
    "from xlwings_addin.cli import run\n"
    "protocol.HANDSHAKE_SECONDS = 1.0\n"
    "run()"
)
"""The command with a shorter deadline for the handshake of https."""


def test_half_open_handshakes_are_gone_in_time_and_hold_nobody_up(tmp_path: Path) -> None:
    hello = bytes.fromhex("16030100c8010000c40303")  # a record of 200 bytes that says hello, cut off
    beginnings = (b"", hello[:1], hello[:5], hello)
    options = with_certificate(tmp_path)
    with running(tmp_path / "logs", *options, program=("-c", HURRIED), scheme="https") as server:
        clients = [connected(server) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(beginnings[number % len(beginnings)])
        assert server.get("/health").text == "ok"
        for client in clients:
            assert said_last(client) == b""
            client.close()
        assert server.get("/health").text == "ok"


def test_a_head_without_end_is_cut_off(prod: Server) -> None:
    with connected(prod) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            client.sendall(b"X-Header: x\r\n" * 1_000_000)
    assert is_well(prod)


def test_more_cells_than_allowed_are_counted_before_they_are_read(prod: Server) -> None:
    body = json.dumps(function_call("DCF_PRESENT_VALUE", [[[0] * 600_000], [[0.1]]], None))
    answer = prod.post_text("custom-functions-call", body, Authorization=SECRET)
    assert answer.status_code == 413
    assert re.fullmatch(r"a body of 600,\d+ values must have at most 500,000: .*", answer.text)
    deep = "[" * 600_000
    assert prod.post_text("custom-functions-call", deep, Authorization=SECRET).status_code == 413


def test_brackets_within_brackets_are_refused_in_one_sentence(prod: Server) -> None:
    answer = prod.post_text("custom-functions-call", "[" * 100_000, Authorization=SECRET)
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


@pytest.mark.skipif(sys.platform != "linux", reason="reads the most memory a process has had from /proc")
@pytest.mark.slow
def test_many_large_requests_stay_within_the_memory(tmp_path: Path) -> None:
    call = json.dumps(function_call("DCF_PRESENT_VALUE", [[[0]], [[0.1]]], None))
    numbers = ",".join(["0." + "1" * 36] * 495_000)
    bodies = [
        call.replace("[[0]]", f"[[{numbers}]]").encode(),
        call.replace("[[0]]", "[[" + "1," * 9_900_000 + "1]]").encode(),
        call.replace("test", "x" * (LARGEST - 1_000)).encode(),
        call.replace("test", "x" * (LARGEST // 2) + "\U0001f600" * 1_000_000).encode(),
    ]
    assert all(LARGEST * 0.6 < len(body) <= LARGEST for body in bodies)
    with running(tmp_path / "logs", *PROD, XLWINGS_SECRET_KEY=SECRET) as server:

        def call_with(key: str, body: bytes) -> int:
            headers = {"Authorization": key, "Content-Type": "application/json"}
            try:
                return httpx.post(server.url + CALL, content=body, headers=headers, timeout=120).status_code
            except httpx.TransportError:  # refused while it was being sent
                return 0

        with ThreadPoolExecutor(72) as pool:
            keyless = [pool.submit(call_with, "", bodies[number % 4]) for number in range(64)]
            keyed = [pool.submit(call_with, SECRET, bodies[number % 4]) for number in range(8)]
            assert {entry.result() for entry in keyless} <= {401, 0}
            assert sorted({entry.result() for entry in keyed}) == [200, 413]
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    assert int(most) * 1024 < 600e6


# --- the parts, without a server -------------------------------------------------------------------------


class Application:
    """Answers with the length of the body; counts how many requests it works on at once."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes, self.at_once, self.most, self.asked = takes, 0, 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        body = (await receive())["body"]
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(len(body)).encode()})


async def answer_of(
    app: object, *chunks: bytes, stalls: bool = False, leaves: bool = False
) -> tuple[int, str]:
    """Status and text of a request whose body comes in chunks, and then stalls or is left alone."""
    sent: list[Message] = []
    last = not (stalls or leaves)
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": not last or number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": CALL, "headers": []}
    await app(scope, receive, send)  # type: ignore[operator]
    text = b"".join(message.get("body", b"") for message in sent)
    return (sent[0]["status"] if sent else 0), text.decode()


def test_a_body_in_chunks_arrives_as_a_whole_and_is_cut_off_above_the_limit() -> None:
    app = Application()
    bounded = BoundedBody(app, Limits(max_bytes=10))
    assert asyncio.run(answer_of(bounded, b"12345", b"67890")) == (200, "10")
    assert asyncio.run(answer_of(bounded, b"12345", b"67890", b"1", stalls=True)) == (
        413,
        "a body of 11 bytes or more must have at most 10 bytes (--max-megabytes)",
    )
    assert app.asked == 1


def test_a_body_that_stalls_is_given_up() -> None:
    app = Application()
    bounded = BoundedBody(app, Limits(max_bytes=10, body_seconds=0.01))
    refused = 408, "the body must have come within 0.01 seconds"
    assert asyncio.run(answer_of(bounded, b"1", stalls=True)) == refused
    assert app.asked == 0


def test_a_client_that_leaves_is_not_answered() -> None:
    app = Application()
    assert asyncio.run(answer_of(BoundedBody(app, Limits(max_bytes=10)), b"1", leaves=True)) == (0, "")
    assert app.asked == 0


def test_large_requests_are_worked_on_one_after_the_other() -> None:
    app = Application(takes=0.001)
    bounded = BoundedBody(app, Limits(max_bytes=10))

    async def many() -> list[tuple[int, str]]:
        return await asyncio.gather(*(answer_of(bounded, b"12") for _ in range(20)))

    assert asyncio.run(many()) == [(200, "2")] * 20
    assert app.most == 1


def test_a_large_request_that_waits_too_long_is_told_to_come_again() -> None:
    app = Application(takes=0.5)
    bounded = BoundedBody(app, Limits(max_bytes=10, queue_seconds=0.01))

    async def two() -> list[tuple[int, str]]:
        return await asyncio.gather(*(answer_of(bounded, b"12") for _ in range(2)))

    first, second = asyncio.run(two())
    assert first == (200, "2")
    assert second == (503, "the server is busy with other large requests: try again in a few seconds")


def test_what_takes_too_long_is_answered_with_a_sentence() -> None:
    assert asyncio.run(answer_of(Deadline(Application(), 10.0), b"1")) == (200, "1")
    late = asyncio.run(answer_of(Deadline(Application(takes=0.2), 0.01), b"1"))
    assert late == (500, "there was no answer within 0.01 seconds")


def test_an_answer_that_has_begun_too_late_is_cut() -> None:
    async def begins(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    with pytest.raises(ConnectionAbortedError):
        asyncio.run(answer_of(Deadline(begins, 0.01), b"1"))


def test_an_error_of_the_application_is_passed_on() -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(answer_of(Deadline(breaks, 10.0), b"1"))


# --- health, workers, stopping ---------------------------------------------------------------------------


def test_health_is_said_to_whoever_asks_and_nothing_else(prod: Server) -> None:
    for host in ("127.0.0.1", "10.0.0.7:8000", "probe.example.com"):
        answer = prod.get("/health", Host=host)
        assert (answer.status_code, answer.text) == (200, "ok")
    assert SECRET not in str(prod.get("/health").headers)
    assert prod.post("../health", GOOD, Authorization=SECRET).status_code == 405


def test_several_workers_share_one_secret_and_stop_together(tmp_path: Path) -> None:
    options = (*PROD, "--workers", "2")
    wrong = function_call("CAPITAL_BLUME_BETA", [[["x"]]], None)
    with running(tmp_path / "logs", *options, XLWINGS_SECRET_KEY=SECRET) as server:

        def log_of_workers() -> set[str]:
            with ThreadPoolExecutor(16) as pool:
                calls = [
                    pool.submit(server.post, "custom-functions-call", wrong, Authorization=SECRET)
                    for _ in range(32)
                ]
                assert {call.result().status_code for call in calls} == {200}
            log = (server.folder / "xiaomi-model.log").read_text()
            return set(re.findall(r"(\d+) INFO xlwings_addin.functions.memory", log))

        until = time.monotonic() + 60
        while len(log_of_workers()) < 2 and time.monotonic() < until:
            time.sleep(0.2)
        assert len(log_of_workers()) == 2
        assert server.post("custom-functions-call", GOOD, Authorization="wrong").status_code == 401
    with pytest.raises(ConnectionError):
        connected(server)


def test_workers_read_what_the_command_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVED, "")
    served = Served("dev", ["localhost"], "localhost:8000", 10, "a token", source="tables")
    served.to_environment()
    assert Served.from_environment() == served
    assert "a token" not in repr(served)


def test_a_request_under_way_is_answered_before_the_server_stops(tmp_path: Path) -> None:
    program = [str(Path(__file__).with_name("spare_functions.py"))]
    with running(tmp_path / "logs", program=program) as server, ThreadPoolExecutor(1) as pool:
        assert server.token
        slow = pool.submit(server.call, "SPARE_PAUSE", [[2.0]])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert slow.result().json() == {"result": [[2.0]]}
        server.process.wait(20)
        with pytest.raises(httpx.TransportError):
            server.get("/health")
