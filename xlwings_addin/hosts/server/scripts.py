"""Refresh and check of the workbook that is open in Excel, and what else its task pane asks.

They answer with writes and with calls of what the task pane has registered: `requireUnprotected` before rows
and columns come in and `extendRuns` after that, `keepState` and `showRefreshed` after a refresh,
`showFigures` after a check, `showPreview` and `showImplied`. The pane calls `check` once
Excel has recalculated, so what it shows is what the cells show. Only a refresh writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import xlwings
from anyio import to_thread
from xlwings.server import script

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.hosts import answers
from xlwings_addin.hosts.foreseen import foreseen
from xlwings_addin.hosts.server.book import Formulas, ServerMedium
from xlwings_addin.hosts.server.figures import figures
from xlwings_addin.hosts.server.questions import checked_price, implied_for
from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.state import state_text
from xlwings_addin.proof.check_open import valued_and_checked
from xlwings_addin.proof.valued_book import valued_book
from xlwings_addin.refresh.refresh import refresh as refresh_book
from xlwings_addin.sheets import sheets
from xlwings_addin.xlsx.extending import Run

T = TypeVar("T")

logger = logging.getLogger(__name__)

OURS = [title for sheet in sheets() for title in (sheet.title, *former("sheet", sheet.title))]
"""The sheets whose cells the client sends; an analyst's own stay where they are."""

MODEL_SHEETS = [[title, *former("sheet", title)] for title in ("Cover", "Inputs")]
"""The sheets, by their names of today and before, without which a workbook is no model of ours."""

source: str | None = None
"""The folder or address that a refresh takes new facts from; `serve` sets it."""


@script(include=OURS)
async def refresh(book: xlwings.Book, formulas: Formulas | None = None, state: str | None = None) -> None:
    """New facts into the open workbook; what an analyst has changed stays, and is listed on a sheet.

    `state` is the record of the last refresh that the workbook carries. It counts only with the `formulas`:
    without them nobody knows whether an input was typed, so that whatever differs is kept and listed.
    """

    medium = ServerMedium(book, formulas, state)

    def work() -> str:
        facts = answers.facts(source)
        refreshed = refresh_book(medium, answers.request(facts))
        unseen = () if formulas is not None else ("Formulas were not sent, so that none was judged.",)
        return answers.refreshed(refreshed, *unseen, *facts.warnings)

    said = await _answered(work)
    if medium.runs:
        _call(book, "extendRuns", [_run(run) for run in medium.runs])
    if medium.kept is not None:
        _call(book, "keepState", state_text(medium.kept))
    _call(book, "showRefreshed", said)


@script(include=OURS)
async def check(book: xlwings.Book, formulas: Formulas | None = None) -> None:
    """Compare what the open workbook shows with the core, and hand its figures to the task pane."""

    def work() -> dict[str, Any]:
        folder = answers.facts(source).folder
        valued, report = valued_and_checked(ServerMedium(book, formulas), folder=folder)
        return figures(valued, report, folder=folder)

    _call(book, "showFigures", await _answered(work))


@script(include=OURS)
async def preview(book: xlwings.Book, formulas: Formulas | None = None, state: str | None = None) -> None:
    """What a refresh would do to the open workbook; nothing is written."""

    def work() -> dict[str, Any]:
        asked = answers.trial(answers.facts(source))
        return foreseen(refresh_book(ServerMedium(book, formulas, state), asked))

    _call(book, "showPreview", await _answered(work))


@script(include=OURS)
async def implied(book: xlwings.Book, formulas: Formulas | None = None, price: object = None) -> None:
    """What has to happen for a price of a share, by the inputs that the open workbook has."""

    def work() -> dict[str, Any]:
        wanted, folder = checked_price(price), answers.facts(source).folder
        return implied_for(valued_book(ServerMedium(book, formulas), folder=folder), wanted, folder=folder)

    _call(book, "showImplied", await _answered(work))


async def _answered(work: Callable[[], T]) -> T:
    """What `work` gives, off the event loop. Raises `XlwingsError`, whose message the client shows."""
    try:
        return await to_thread.run_sync(work)
    except ValuationError as error:
        logger.info("answered with: %s", error)
        raise xlwings.XlwingsError(str(error)) from error
    except Exception:
        logger.exception("a script failed")
        raise xlwings.XlwingsError(
            "this did not work, and nothing is changed: the server's log says why"
        ) from None


def _run(run: Run) -> dict[str, Any]:
    """Periods that have got more behind them, for the task pane, which sees what was not sent."""
    return {
        "sheet": run.sheet,
        "rows": sorted(run.rows),
        "first": run.first,
        "last": run.last,
        "count": run.count,
    }


def _call(book: xlwings.Book, name: str, *args: Any) -> None:
    """Have the client call what the task pane has registered by this name.

    Not by `app.macro`, which would reach the latest book of all requests.
    """
    book.impl.append_json_action(func="runMacro", args=[name, *args])
