"""HTTP of uvicorn with deadlines that it has not: for a handshake of https, a head, and after an answer.

uvicorn closes a connection that has been idle since an answer, but waits for ever for the first request, for
the rest of a head, and for a body that nobody reads because the request has been refused. For a handshake its
event loops wait a minute, and do not count who waits.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

from uvicorn.loops.auto import auto_loop_factory
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANDSHAKE_SECONDS = 10.0
HEAD_SECONDS: Final = 10.0
HEAD_BYTES: Final = 65_536
LINGER_SECONDS: Final = 5.0
"""How long the rest of a body is thrown away after the answer, so that the client gets to read that."""


def bounded_loop(*, use_subprocess: bool = False) -> asyncio.AbstractEventLoop:
    """The event loop that uvicorn would choose, with a deadline for the handshakes of the servers on it."""
    loop = auto_loop_factory(use_subprocess=use_subprocess)()
    create_server = loop.create_server

    async def create(*args: Any, **options: Any) -> asyncio.AbstractServer:
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
            options["ssl_shutdown_timeout"] = LINGER_SECONDS
        return await create_server(*args, **options)

    loop.create_server = create  # type: ignore[assignment, method-assign]
    return loop


bounded_loop_of_worker = partial(bounded_loop, use_subprocess=True)
"""For one worker among several."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection that is closed when it keeps the server waiting."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._in_head, self._in_body, self._head_bytes = True, False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come: it has to ask for something."""
        super().connection_made(transport)
        self._await(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come, of a head or of a body."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._close(
                "431 Request Header Fields Too Large", f"a head must have at most {HEAD_BYTES:,} bytes"
            )
        elif self._waits_for_head():
            self._await(HEAD_SECONDS)

    def _waits_for_head(self) -> bool:
        """Whether a head has begun, or blank lines before it, with no answer under way and no timer on."""
        answered = self.cycle is None or self.cycle.response_complete
        timed = self._timer is not None or self.timeout_keep_alive_task is not None
        return self._in_head and answered and not timed

    def on_message_begin(self) -> None:
        """The head of a request begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head has come; who answers sees to the deadline of the body."""
        self._in_head, self._in_body = False, True
        self._arrived()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has come."""
        self._in_head, self._in_body, self._head_bytes = True, False, 0
        self._arrived()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer has gone out, the body perhaps not yet come in."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._await(LINGER_SECONDS)

    def _await(self, seconds: float) -> None:
        self._arrived()
        sentence = f"a request must have come within {seconds:g} seconds"
        self._timer = self.loop.call_later(seconds, self._close, "408 Request Timeout", sentence)

    def _arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self, status: str, sentence: str) -> None:
        """Close the connection, with an answer where none has been given."""
        if self.transport.is_closing():
            return
        if not self._in_body:
            head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
            self.transport.write(f"{head}{sentence}".encode())
        self.transport.close()
