"""The real server in a process of its own, and the requests that the client of xlwings makes of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

KEY = "XLWINGS_LICENSE_KEY"
STARTS_WITHIN = 60.0
ROOT = Path(__file__).parents[2]
COMMAND_LINE = ("-m", "xlwings_addin.cli")


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, its process, and where its log and standard error go."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @cached_property
    def token(self) -> str:
        """The token that the task pane carries; none in production."""
        pane = self.get("/taskpane.html").text
        return str(
            json.loads(pane.partition('id="addin" type="application/json">')[2].partition("<")[0])["token"]
        )

    @property
    def of_pane(self) -> dict[str, str]:
        """What the browser and the client of xlwings send with each request of the task pane."""
        return {"Origin": self.url, "Authorization": self.token, "Content-Type": "application/json"}

    def call(self, name: str, *args: Any, address: str | None = "[Book1.xlsx]Sheet1!B2") -> httpx.Response:
        """Call a function as a cell does."""
        return self.post("custom-functions-call", function_call(name, args, address))

    def run(self, name: str, payload: Mapping[str, Any]) -> httpx.Response:
        """Run a script on a workbook."""
        return self.post(f"custom-scripts-call/{name}", payload)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.post_text(path, json.dumps(body), **headers)

    def post_text(self, path: str, body: str | bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        """Post a body as it is; `headers` take the place of those of the pane."""
        sent = {**self.of_pane, **headers}
        return httpx.post(f"{self.url}/xlwings/{path}", content=body, headers=sent, timeout=60)

    def get(self, path: str, **headers: str) -> httpx.Response:
        # Its certificate, where it has one, is signed by nobody.
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=60, verify=False)

    def said(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.iterdir()) if path.is_file())


def function_call(name: str, args: Sequence[Any], address: str | None) -> dict[str, Any]:
    """The body that the client of xlwings 0.37.8 posts for a cell."""
    return {
        "client": "Office.js",
        "func_name": name,
        "args": list(args),
        "caller_address": address,
        "session_id": "test",
        "culture_info_name": "en-US",
        "date_format": "m/d/yyyy",
        "version": "0.37.8",
        "runtime": "1.4",
    }


def sent(argument: object) -> object:
    """A documented argument as the client sends it: rows of cells, an omitted one as null."""
    if argument is None:
        return None
    rows = argument if isinstance(argument, list) else [[argument]]
    return rows if rows and isinstance(rows[0], list) else [rows]


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """A clean environment: no setting of xlwings but those given, no licence in the home folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XLWINGS_")}
    return {**kept, "HOME": str(folder), "XIAOMI_MODEL_LOG": str(folder), **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    folder: Path, *options: str, program: Sequence[str] = COMMAND_LINE, **settings: str
) -> subprocess.Popen[bytes]:
    """Start `xiaomi-model serve`; what it says goes into the folder."""
    folder.mkdir(exist_ok=True)
    with (folder / "stderr").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, *program, "serve", *options],
            env=environment(folder, settings),
            cwd=ROOT,
            stdout=errors,
            stderr=errors,
        )


def with_certificate(folder: Path) -> tuple[str, ...]:
    """The options for a certificate that nobody has signed; skips the test where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [openssl, *made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60
    )
    return "--certificate", str(certificate), "--certificate-key", str(key)


@contextmanager
def running(
    folder: Path,
    *options: str,
    program: Sequence[str] = COMMAND_LINE,
    scheme: str = "http",
    **settings: str,
) -> Iterator[Server]:
    """A server that answers; stopped afterwards."""
    port = free_port()
    process = start(
        folder, "--port", str(port), *options, program=program, **{KEY: "noncommercial", **settings}
    )
    server = Server(f"{scheme}://127.0.0.1:{port}", folder, process)
    try:
        _await(process, server)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _await(process: subprocess.Popen[bytes], server: Server) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            server.get("/")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start: {server.said()}")
