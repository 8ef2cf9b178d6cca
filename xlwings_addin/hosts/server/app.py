"""What is served: the application of xlwings-server, within limits.

Imported once `serve` has set the environment, which is where xlwings-server looks for its settings.
"""

from __future__ import annotations

import logging
import os
from types import ModuleType
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from xlwings import XlwingsError
from xlwings_server.main import app
from xlwings_server.templates import TemplateResponse, templates

from xlwings_addin import log
from xlwings_addin.core.errors import LONGEST_VALUE, ValuationError, shortened
from xlwings_addin.hosts.server import scripts
from xlwings_addin.hosts.server.functions import cell_positions, offered
from xlwings_addin.hosts.server.gate import HEALTH, OFFICE, Callers, Gate, in_development, in_production
from xlwings_addin.hosts.server.help import help_page
from xlwings_addin.hosts.server.limits import BoundedBody, Deadline, Limits
from xlwings_addin.hosts.server.pyodide import rule_out_pyodide
from xlwings_addin.hosts.server.serve import SECRET_KEY, Served
from xlwings_addin.layout.state import NAMESPACE as STATE_NAMESPACE
from xlwings_addin.version import __version__

logger = logging.getLogger(__name__)

FOR_OFFICE: Final = "/xlwings/"
"""What Office's own pages may read and call; our pages, which carry a key, they may not read."""

UNREADABLE: Final = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What a malformed request raises in xlwings-server; the functions and scripts themselves raise none."""


def create() -> ASGIApp:
    """The application of one worker, as `serve` has set it in the environment."""
    served = Served.from_environment()
    rule_out_pyodide()
    log.start()
    scripts.source = served.source
    if served.environment == "dev":
        callers = in_development(served.hosts, served.token)
    else:
        callers = in_production(served.hosts, os.environ[SECRET_KEY], served.public)
    return application(callers, Limits(served.max_bytes), served.token)


def application(callers: Callers, limits: Limits, token: str = "") -> ASGIApp:
    """The application for requests of `callers` within `limits`.

    The task pane carries the `token`; in production it is empty, and the address of the pane has the key.
    """
    for kind in UNREADABLE:
        app.add_exception_handler(kind, _unreadable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(XlwingsError, _refused)
    app.add_api_route("/functions.html", _help)
    app.add_api_route(HEALTH, _health, methods=["GET", "HEAD"])
    pane = {
        "stateNamespace": STATE_NAMESPACE,
        "cellPositions": cell_positions(),
        "functions": offered(),
        "modelSheets": scripts.MODEL_SHEETS,
        "token": token,
    }
    templates.env.globals["addin"] = {"version": __version__, "pane": pane}
    within = _WithOffice(Gate(BoundedBody(app, limits), callers))
    return Deadline(within, limits.answer_seconds)


class _WithOffice:
    """Lets the pages of Office call functions and scripts; no page of another origin may read an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app, allow_origin_regex=OFFICE, allow_methods=["POST"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_shared = scope["type"] == "http" and scope["path"].startswith(FOR_OFFICE)
        await (self.shared if is_shared else self.app)(scope, receive, send)


async def _health() -> PlainTextResponse:
    return PlainTextResponse("ok")


async def _help(request: Request) -> Response:
    page: Response = TemplateResponse(request, "functions.html", {"text": help_page()})
    return page


async def _refused(request: Request, error: Exception) -> PlainTextResponse:
    """What xlwings refuses, in one sentence; those that our scripts say are short anyway."""
    said = str(error) if isinstance(error.__cause__, ValuationError) else shortened(str(error), LONGEST_VALUE)
    logger.info("%.80r refused: %s", request.url.path, said)
    return PlainTextResponse(said, 400)


async def _invalid(request: Request, error: Exception) -> PlainTextResponse:
    """A body that is no JSON, or not of the right shape; the usual answer repeats all of it."""
    logger.warning("%.80r could not be read: %.300s", request.url.path, error)
    return PlainTextResponse("the request cannot be read", 422)


async def _unreadable(request: Request, error: Exception) -> PlainTextResponse:
    logger.warning("%s could not be read", request.url.path, exc_info=error)
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return PlainTextResponse("there is no such function or script", 404)
    return PlainTextResponse("the request cannot be read", 400)
