"""One file from an address, or the reason why not.

A server may be slow, drop the connection, cut a body off, compress a bomb, or never end. What it says about
itself (`Content-Length`, `Content-Type`) is not believed: bytes are counted as they arrive and after they are
unpacked, and every fetch ends when its time is up.

    asked again     502, 503 and 504, timeouts, connections that fail, drop or cut a body off: `tries` times
                    in all, after waits of `first_wait`, twice that and so on, each shortened at random by up
                    to half; `Retry-After` lengthens a wait, or ends the tries where it is above
                    `longest_retry_after`
    not asked again any other status, a body that is too long or does not unpack, a redirect elsewhere

Redirects are followed to the same scheme, host and port only. An answer of 304 counts only where it was asked
for. Proxies and certificates are those of the environment, but never for this machine itself.
"""

from __future__ import annotations

import ipaddress
import random
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from xlwings_addin.core.errors import InputError
from xlwings_addin.sources.fetched import refused, shortened

AGAIN = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
REDIRECTS = (301, 302, 303, 307, 308)
LAST_PORT, LONGEST_HOST, LONGEST_VALIDATOR = 65_535, 253, 256
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+(%25[A-Za-z0-9_.-]+)?")
GZIP = 16 + zlib.MAX_WBITS
GZIP_OVERHEAD = 1024
"""Bytes a compressed body may have above the limit of the unpacked one: header, trailer, stored blocks."""


@dataclass(frozen=True)
class Limits:
    """What a fetch may take; times in seconds, sizes in bytes after unpacking.

    The tables of the package are 90 kB, the longest 43 kB.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    total_time: float = 120.0
    tries: int = 4
    first_wait: float = 0.5
    longest_retry_after: float = 30.0
    redirects: int = 3
    file_bytes: int = 4 * 1024 * 1024
    total_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class Web:
    """How an address is asked: the limits, and the sleep and chance of the waits between tries."""

    limits: Limits = Limits()
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    @contextmanager
    def session(self, base: str, *, now: Callable[[], datetime]) -> Iterator[Session]:
        """Connections to `base`, all of them cut when `total_time` is up."""
        limits = self.limits
        timeout = httpx.Timeout(limits.read_timeout, connect=limits.connect_timeout)
        with (
            httpx.Client(timeout=timeout, trust_env=not is_loopback(httpx.URL(base).host)) as client,
            _TimeLimit(limits.total_time) as time_limit,
        ):
            yield Session(self, client, time_limit, now)


@dataclass(frozen=True)
class Answer:
    """A body and its validators; None instead of the body where nothing has changed."""

    body: bytes | None
    etag: str = ""
    last_modified: str = ""


def checked_address(address: str) -> str:
    """`address` with a slash at its end.

    Raises `InputError` unless it is https, or http on this machine itself, with no user name, query or
    fragment.

    >>> checked_address("https://example.org/tables")
    'https://example.org/tables/'
    """
    try:
        url = httpx.URL(address.strip())
        spelled = shortened(str(url.copy_with(username=None, password=None)) if url.userinfo else address)
        host = url.host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise refused(shortened(address), f"must be an address: {shortened(str(error))}") from None
    if url.userinfo:
        raise refused(spelled, "must not carry a user name or a password")
    if url.scheme == "http" and host and not is_loopback(host):
        raise refused(spelled, "must be https: http is for this machine itself only")
    if url.scheme not in ("http", "https") or not host:
        raise refused(spelled, "must be https:// with a host")
    if url.query or url.fragment:
        raise refused(spelled, "must be the address of a folder, without ? and #")
    if wrong := _misspelled(url):
        raise refused(spelled, f"must be an address: {wrong}")
    path = url.raw_path.partition(b"?")[0].rstrip(b"/")
    return str(url.copy_with(raw_path=path + b"/"))


def _misspelled(url: httpx.URL) -> str:
    """What no name service would look up, or no socket connect to; empty where all is well."""
    host = url.raw_host.decode("ascii")
    if url.port is not None and not 1 <= url.port <= LAST_PORT:
        return f"the port {url.port} is not between 1 and {LAST_PORT}"
    if ":" in host:
        return "" if _IPV6.fullmatch(host) else "the host is no IPv6 address"
    labels = host.removesuffix(".").split(".")
    if len(host) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return "the host must be of parts with 1 to 63 letters, digits or hyphens, 253 characters in all"
    return ""


def validator(text: str) -> str:
    """An `ETag` or `Last-Modified` that can be sent back as it is, else nothing.

    >>> validator('"abc"'), validator('"caf\xe9"'), validator("x" * 1000)
    ('"abc"', '', '')
    """
    sendable = text.isascii() and text.isprintable() and len(text) <= LONGEST_VALIDATOR
    return text.strip() if sendable else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("127.0.0.1.example.org")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Session:
    """The connections of one fetch."""

    web: Web
    client: httpx.Client
    time_limit: _TimeLimit
    now: Callable[[], datetime]

    def get(self, address: str, *, most: int, headers: Mapping[str, str] | None = None) -> Answer:
        """The body at `address`, of at most `most` bytes.

        Raises `InputError` that names the address and what is wrong with the answer.
        """
        limits = self.web.limits
        for attempt in range(1, limits.tries + 1):
            try:
                return self._followed(httpx.URL(address), most, headers or {})
            except _PassingError as error:
                reason = f"must be served: {error.reason}"
                wait = self._wait(attempt, error.retry_after)
                if attempt == limits.tries:
                    raise refused(address, f"{reason}, {attempt} times") from error
                if error.retry_after is not None and error.retry_after > limits.longest_retry_after:
                    longest = f"above {limits.longest_retry_after:g}"
                    rule = f"{reason}, to be asked again in {error.retry_after:g} seconds, {longest}"
                    raise refused(address, rule) from error
                if wait >= self.time_limit.left:
                    raise self._too_slow(address, error.reason) from error
            self.web.sleep(wait)
        raise AssertionError("a fetch has at least one try")

    def _wait(self, attempt: int, retry_after: float | None) -> float:
        """Seconds before the next try: doubled each time, shortened by up to half, at least `Retry-After`."""
        backoff = self.web.limits.first_wait * 2.0 ** (attempt - 1) * (1 - self.web.chance() / 2)
        return max(backoff, retry_after or 0.0)

    def _followed(self, url: httpx.URL, most: int, headers: Mapping[str, str]) -> Answer:
        asked = url
        for _ in range(self.web.limits.redirects + 1):
            answer = self._once(url, most, headers)
            if isinstance(answer, Answer):
                return answer
            url = _next_url(url, answer)
        raise refused(str(asked), f"must not redirect more than {self.web.limits.redirects} times")

    def _once(self, url: httpx.URL, most: int, headers: Mapping[str, str]) -> Answer | str:
        """One answer, or the `Location` it redirects to."""
        sent = {"Accept-Encoding": "gzip", "User-Agent": "xiaomi-model", **headers}
        watched = {"trace": self.time_limit.trace}
        try:
            with self.client.stream("GET", url, headers=sent, extensions=watched) as response:
                answer = self._read(response, most, conditional=bool(headers))
        except InputError:
            self._check_time(url)
            raise
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            self._check_time(url)
            raise _PassingError(_reason(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise refused(str(url), f"must be served: {_reason(error)}") from error
        self._check_time(url)
        return answer

    def _read(self, response: httpx.Response, most: int, *, conditional: bool) -> Answer | str:
        address, status = str(response.url), response.status_code
        validators = [validator(response.headers.get(name, "")) for name in ("ETag", "Last-Modified")]
        if status == HTTPStatus.OK:
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            chunks = _limited(
                response.iter_raw(), address, most if encoding == "identity" else most + GZIP_OVERHEAD
            )
            return Answer(b"".join(_unpacked(chunks, encoding, address, most)), *validators)
        if status == HTTPStatus.NOT_MODIFIED and conditional:
            return Answer(None, *validators)
        if status in REDIRECTS and "Location" in response.headers:
            return str(response.headers["Location"])
        if status in AGAIN:
            raise _PassingError(_named(status), self._retry_after(response.headers.get("Retry-After", "")))
        raise refused(address, f"must be served: the answer is {_named(status)}")

    def _retry_after(self, text: str) -> float | None:
        """Seconds of a `Retry-After`, which is a number of them or a date (RFC 9110, 10.2.3)."""
        if re.fullmatch(r"[0-9]+", text):
            return float(text)
        try:
            day = parsedate_to_datetime(text)
        except ValueError:
            return None
        day = day if day.tzinfo else day.replace(tzinfo=UTC)
        seconds: float = (day - self.now()).total_seconds()
        return max(0.0, seconds)

    def _check_time(self, url: httpx.URL) -> None:
        if self.time_limit.over:
            raise self._too_slow(str(url), "it is too slow")

    def _too_slow(self, address: str, reason: str) -> InputError:
        rule = f"must arrive within {self.web.limits.total_time:g} seconds, tries included: {reason}"
        return refused(address, rule)


class _PassingError(Exception):
    """What may have passed when the address is asked again."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass
class _TimeLimit:
    """Cuts the connections of a fetch when its time is up.

    A read timeout starts again with every byte, so a server that sends one now and then is never late.
    """

    seconds: float
    sockets: list[socket.socket] = field(default_factory=list)
    over: bool = False

    def __enter__(self) -> _TimeLimit:
        self.end = time.monotonic() + self.seconds
        self.timer = threading.Timer(self.seconds, self._cut)
        self.timer.daemon = True
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.end - time.monotonic()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by httpx of every connection, and again when TLS wraps it."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self.sockets.append(info["return_value"].get_extra_info("socket"))
            if self.over:
                self._cut()

    def _cut(self) -> None:
        self.over = True
        for connection in list(self.sockets):
            try:
                # the plain method: that of a TLS socket changes it under the thread that reads
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue  # closed already


def _next_url(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise refused(str(url), f"must not redirect to {shortened(location)}: {_reason(error)}") from error
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port) or target.userinfo:
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        rule = f"must not redirect away from {origin}: to {shortened(str(target))}"
        raise refused(str(url), rule)
    return target


def _limited(chunks: Iterable[bytes], address: str, most: int) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > most:
            raise refused(address, f"must be at most {most:,} bytes, is longer")
        yield chunk


def _unpacked(chunks: Iterable[bytes], encoding: str, address: str, most: int) -> Iterator[bytes]:
    """The body without its compression, unpacked no further than one byte above `most`."""
    if encoding == "identity":
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise refused(address, f"must be plain or gzip, has Content-Encoding {shortened(encoding)!r}")
    unpacker, count = zlib.decompressobj(GZIP), 0
    try:
        for chunk in chunks:
            plain = unpacker.decompress(chunk, most + 1 - count)
            count += len(plain)
            if count > most:
                raise refused(address, f"must be at most {most:,} bytes unpacked, is longer")
            if unpacker.unused_data:
                raise refused(address, "must be one gzip stream, goes on after its end")
            yield plain
    except zlib.error as error:
        raise refused(address, f"must be gzip, as its Content-Encoding says: {error}") from None
    if not unpacker.eof:
        raise refused(address, "must be a whole gzip stream, is cut off")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _reason(error: Exception) -> str:
    match error:
        case httpx.ConnectTimeout():
            return "no connection in time"
        case httpx.TimeoutException():
            return "no answer in time"
        case _:
            return shortened(str(error)).rstrip(".") or "the connection drops"
