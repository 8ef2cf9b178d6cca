"""Who may call: a page of this server or of Office, with the key that only such a page can know.

A page of any other origin can have a browser send "simple" requests to a server on this machine: forms, and
bodies of type text/plain without asking first. It cannot send application/json, an Authorization header or
another Origin than its own, and it cannot read our pages. So whatever asks for work has to show all three.

In development the key is a random token, new with every start of the server, which the task pane carries; in
production it is the secret key, which the manifest carries. Nothing of a refused request's body is read.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

OFFICE: Final = r"https://([a-z0-9-]+\.)*(officeapps\.live\.com|officescripts\.microsoftusercontent\.com)"
"""Where Excel on the web and Office Scripts call from; the task pane calls from the server's own origin."""

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing: pages, and a browser's question what it may send."""

HEALTH: Final = "/health"
"""Says that the server answers, and nothing else: a balancer asks for it by an address of its own."""

LONGEST_QUOTE: Final = 80
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Callers:
    """Who may call: by which names of this server, from which origins, with which key.

    `origins` are allowed beside the server's own and Office's. `browsers_only` says that a request without an
    Origin is refused, too: every browser sends one. `wrong_key` is the answer to a key that is not `key`.
    """

    hosts: frozenset[str]
    key: str = field(repr=False)
    wrong_key: Refusal
    origins: frozenset[str] = frozenset()
    browsers_only: bool = True


@dataclass(frozen=True)
class Refusal:
    """A status and one sentence."""

    status: int
    sentence: str


def in_development(hosts: Iterable[str], token: str) -> Callers:
    """Pages of this machine's own server, with the token of this start."""
    sentence = "the token of this request is missing or of an earlier start: open the task pane again"
    return Callers(frozenset(map(str.lower, hosts)), token, Refusal(403, sentence))


def in_production(hosts: Iterable[str], secret: str, public: str) -> Callers:
    """Whoever knows the secret, at `public` over https; a program that is no browser has no Origin."""
    sentence = "the key of this add-in is missing or wrong: install its manifest again"
    origins = frozenset({f"https://{public.lower()}"})
    return Callers(
        frozenset(map(str.lower, hosts)), secret, Refusal(401, sentence), origins, browsers_only=False
    )


class Gate:
    """Passes on what `callers` may ask; answers all else with a `Refusal`, before a byte of body is read."""

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self.app, self.callers = app, callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of HTTP; websockets are not served."""
        if scope["type"] == "http":
            refusal = next(_refusals(scope, self.callers), None)
            if refusal is not None:
                logger.info("refused %.80r: %s", scope["path"], refusal.sentence)
                answer = PlainTextResponse(
                    refusal.sentence, refusal.status, headers={"X-Content-Type-Options": "nosniff"}
                )
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _refusals(scope: Scope, callers: Callers) -> Iterator[Refusal]:
    """Every reason not to answer a request, the first one first."""
    if scope["path"] == HEALTH and scope["method"] in READING:
        return
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or _host_name(hosts[0]) not in callers.hosts:
        names = ", ".join(sorted(callers.hosts))
        yield Refusal(403, f"host {_quoted(hosts)} must be one of {names}")
    if scope["method"] in READING:
        return
    kinds = headers.getlist("content-type")
    if [kind.partition(";")[0].strip().lower() for kind in kinds] != ["application/json"]:
        yield Refusal(415, f"content type {_quoted(kinds)} must be application/json")
    origins = headers.getlist("origin")
    own = {*callers.origins, *(f"{scope['scheme']}://{host.lower()}" for host in hosts)}
    if (origins or callers.browsers_only) and not _is_allowed(origins, own):
        yield Refusal(403, f"origin {_quoted(origins)} must be this server's own or Office's")
    keys = headers.getlist("authorization")
    if len(keys) != 1 or not hmac.compare_digest(keys[0].encode(), callers.key.encode()):
        yield callers.wrong_key


def _is_allowed(origins: list[str], own: set[str]) -> bool:
    return len(origins) == 1 and (origins[0] in own or re.fullmatch(OFFICE, origins[0]) is not None)


def _host_name(host: str) -> str | None:
    """The name of a Host header, without its port; None where it is spelled wrongly."""
    match = _HOST.fullmatch(host.lower())
    return match[1].strip("[]") if match else None


def _quoted(values: list[str]) -> str:
    """What a request gave, as a sentence repeats it."""
    text = ", ".join(map(repr, values)) or "(none)"
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."
