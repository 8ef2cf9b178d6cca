"""A web server on this machine that serves a folder of tables, and misbehaves where it is told to."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Misdeed = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with a file of the folder and its ETag, or as the script for its path says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        site = self.server.site
        site.requests.append((self.path, dict(self.headers)))
        script = site.script.get(self.path, [])
        if script:
            (script.pop(0) if len(script) > 1 else script[0])(self)
        else:
            self.serve()

    def serve(self) -> None:
        """The file as it is."""
        content = self.content()
        etag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        if self.server.site.validators and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
            return
        headers = {"ETag": etag} if self.server.site.validators else {}
        self.answer(content, **headers)

    def content(self) -> bytes:
        return (self.server.site.folder / self.path.lstrip("/")).read_bytes()

    def answer(self, body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        """A body with a true or false length."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Close the connection now."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The server of a site."""

    site: Site

    def handle_error(self, *_: object) -> None:
        """A client that has had enough closes the connection: no error here."""


@dataclass
class Site:
    """What is served, what goes wrong, and what was asked.

    `script` has, by path, the misdeeds of one request after the other; the last one stays.
    """

    folder: Path
    address: str = ""
    validators: bool = True
    script: dict[str, list[Misdeed]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        """The paths asked for since the list was last cleared."""
        return [path for path, _ in self.requests]


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """A site while it is up."""
    server = Server(("127.0.0.1", 0), Handler)
    server.site = site = Site(folder, f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


# --- misdeeds -----------------------------------------------------------------------------------------


def well(handler: Handler) -> None:
    """The file after all."""
    handler.serve()


def status(code: int, **headers: str) -> Misdeed:
    """An answer of this status with a page that explains it."""
    return lambda handler: handler.answer(b"<html>trouble</html>", status=code, **headers)


def body(content: bytes, **headers: str) -> Misdeed:
    """Another body, with 200."""
    return lambda handler: handler.answer(content, **headers)


def redirect(target: str, code: int = 302) -> Misdeed:
    """A redirect."""
    return lambda handler: handler.answer(b"", status=code, Location=target)


def silent(handler: Handler) -> None:
    """No answer until the site is closed."""
    handler.server.site.closing.wait(10)
    handler.close_connection = True


def dropped(handler: Handler) -> None:
    """The connection ends without an answer."""
    handler.hang_up()


def cut_off(handler: Handler) -> None:
    """Half the body, then the connection ends."""
    content = handler.content()
    handler.answer(content[: len(content) // 2], length=len(content))
    handler.hang_up()


def cut_off_chunks(handler: Handler) -> None:
    """Half the body in chunks without the last one."""
    content = handler.content()
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    half = content[: len(content) // 2]
    handler.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
    handler.hang_up()


def without_length(share: float) -> Misdeed:
    """A share of the body that ends, as HTTP/1.0 allows, where the connection does."""

    def misdeed(handler: Handler) -> None:
        content = handler.content()
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(content[: int(len(content) * share)])
        handler.hang_up()

    return misdeed


def lying_length(difference: int) -> Misdeed:
    """The whole body under a length that is wrong by `difference`; then the connection ends."""

    def misdeed(handler: Handler) -> None:
        content = handler.content()
        handler.answer(content, length=len(content) + difference)
        handler.hang_up()

    return misdeed


def endless(handler: Handler) -> None:
    """A body without a length and without an end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    block = b"revenue,FY2024,1,CNY m,reported,x,2025-03-18,\n" * 1000
    for _ in range(10_000):
        handler.wfile.write(block)


BEFORE_DRIPS = {
    "header": b"X-Padding: ",
    "body": b"\r\n",
    "gzip": b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03",
}


def dripping(part: str) -> Misdeed:
    """A byte now and then, of the header, the body or a file name in gzip: no read timeout is ever met."""

    def misdeed(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + BEFORE_DRIPS[part])
        for _ in range(100):
            if not handler.server.site.closing.wait(0.02):
                handler.wfile.write(b"a")
        handler.hang_up()

    return misdeed
