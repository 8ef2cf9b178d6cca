"""What one request may cost: bytes, cells, time, and how many large ones are worked on at once.

A number in JSON takes some sixty times its bytes once it is read and converted. So bodies are measured while
they come in, their cells are counted before they are parsed, and a large one waits, unread, until none other
is being worked on: what waits costs no more than the 64 kB that uvicorn reads ahead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xlwings_addin.hosts.server.gate import READING

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Of one worker. Times in seconds; `answer_seconds` counts from the head of a request to its end."""

    max_bytes: int
    max_cells: int = 500_000
    large_bytes: int = 1_000_000
    large_at_once: int = 1
    queue_seconds: float = 60.0
    body_seconds: float = 30.0
    answer_seconds: float = 120.0


class RefusedError(Exception):
    """A request that is not worked on: a status and one sentence."""

    def __init__(self, status: int, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.answer = PlainTextResponse(sentence, status, headers)


class BoundedBody:
    """Reads the body of a request within `limits` and hands it on as a whole."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits
        self._large = asyncio.Semaphore(limits.large_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a large one holds its place until the application has ended."""
        if scope["type"] != "http" or scope["method"] in READING:
            await self.app(scope, receive, send)
            return
        place = None
        try:
            length = self._announced(scope)
            if length is None or length > self.limits.large_bytes:
                place = await self._place()
            body = await self._body(receive)
            if body is not None:
                self._count(body)
                await self.app(scope, _once(body, receive), send)
        except RefusedError as refused:
            logger.info("refused %.80r: %s", scope["path"], refused)
            await refused.answer(scope, receive, send)
        finally:
            if place is not None:
                place.release()

    def _announced(self, scope: Scope) -> int | None:
        """The length that a request says it has, if it says one."""
        said = Headers(scope=scope).get("content-length", "")
        if not said.isdecimal():
            return None
        if int(said) > self.limits.max_bytes:
            raise self._too_long(int(said))
        return int(said)

    async def _place(self) -> asyncio.Semaphore:
        """The place of a large request, once it is free."""
        try:
            async with asyncio.timeout(self.limits.queue_seconds):
                await self._large.acquire()
        except TimeoutError:
            sentence = "the server is busy with other large requests: try again in a few seconds"
            raise RefusedError(503, sentence, {"Retry-After": "5"}) from None
        return self._large

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body, or None where the client has gone."""
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self.limits.max_bytes:
                        raise self._too_long(len(body))
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            sentence = f"the body must have come within {self.limits.body_seconds:g} seconds"
            raise RefusedError(408, sentence, {"Connection": "close"}) from None

    def _too_long(self, length: int) -> RefusedError:
        rule = f"must have at most {self.limits.max_bytes:,} bytes (--max-megabytes)"
        return RefusedError(413, f"a body of {length:,} bytes or more {rule}")

    def _count(self, body: bytes) -> None:
        """Raises `RefusedError` for too many cells: before each stands a comma or a bracket."""
        cells = body.count(b",") + body.count(b"[") + body.count(b"{")
        if cells > self.limits.max_cells:
            rule = f"must have at most {self.limits.max_cells:,}"
            raise RefusedError(413, f"a body of {cells:,} values {rule}: refer to smaller ranges")


def _once(body: bytes, receive: Receive) -> Receive:
    """Receives the body, then whatever comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


class Deadline:
    """Answers in time: what has not been answered by then gets one sentence, and its work ends unheard.

    A thread that calculates cannot be stopped. Its request keeps its place among the large ones meanwhile.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app, self.seconds = app, seconds
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; websockets and the lifespan of the server have no deadline."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        work: Coroutine[Any, Any, None] = self.app(scope, receive, answer.send)  # type: ignore[assignment]
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=self.seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done():
            await task
            return
        await self._give_up(task, answer, scope, receive, send)

    async def _give_up(
        self, task: asyncio.Task[None], answer: _Answer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Say that there is no answer, unless one has begun: then the connection is cut."""
        answer.is_over = True
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        sentence = f"there was no answer within {self.seconds:g} seconds"
        logger.warning("%.80r: %s", scope["path"], sentence)
        if answer.has_begun:
            raise ConnectionAbortedError(sentence)
        await PlainTextResponse(sentence, 500, {"Connection": "close"})(scope, receive, send)


class _Answer:
    """What an application sends, until it is over."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = self.is_over = False

    async def send(self, message: Message) -> None:
        if not self.is_over:
            self.has_begun = True
            with suppress(OSError):
                await self._send(message)
