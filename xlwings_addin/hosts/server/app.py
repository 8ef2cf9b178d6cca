"""What is served: the application of xlwings-server, within limits.

Imported once `serve` has set the environment, which is where xlwings-server looks for its settings.
"""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Final

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp
from xlwings_server.main import app
from xlwings_server.templates import TemplateResponse, templates

from xlwings_addin import __version__
from xlwings_addin.book.state import NAMESPACE as STATE_NAMESPACE
from xlwings_addin.hosts.server.functions import cell_positions
from xlwings_addin.hosts.server.help import help_page

logger = logging.getLogger(__name__)

OFFICE: Final = r"https://([a-z0-9-]+\.)*(officeapps\.live\.com|officescripts\.microsoftusercontent\.com)"
"""Where Excel on the web and Office Scripts call from; the task pane calls from the server's own origin."""

UNREADABLE: Final = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What a malformed request raises in xlwings-server; the functions and scripts themselves raise none."""


def application(hosts: list[str], max_bytes: int) -> ASGIApp:
    """The application for requests that name one of `hosts` and are no longer than `max_bytes`."""
    for kind in UNREADABLE:
        app.add_exception_handler(kind, _unreadable)
    app.add_api_route("/functions.html", _help)
    templates.env.globals["addin"] = {
        "version": __version__,
        "pane": {"stateNamespace": STATE_NAMESPACE, "cellPositions": cell_positions()},
    }
    within_origins = CORSMiddleware(
        app, allow_origin_regex=OFFICE, allow_methods=["POST"], allow_headers=["*"]
    )
    return TrustedHostMiddleware(
        RequestBodyLimitMiddleware(within_origins, max_bytes), hosts, www_redirect=False
    )


async def _help(request: Request) -> Response:
    page: Response = TemplateResponse(request, "functions.html", {"text": help_page()})
    return page


async def _unreadable(request: Request, error: Exception) -> PlainTextResponse:
    logger.warning("%s could not be read", request.url.path, exc_info=error)
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return PlainTextResponse("there is no such function or script", 404)
    return PlainTextResponse("the request cannot be read", 400)
