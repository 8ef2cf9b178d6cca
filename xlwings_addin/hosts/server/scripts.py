"""Refresh and check of the workbook that is open in Excel.

Both answer with writes and with calls of what the task pane has registered: `keepState` and `showRefreshed`
after a refresh, `showFigures` after a check. The pane calls `check` once Excel has recalculated, so what it
shows is what the cells show.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import xlwings
from anyio import to_thread
from xlwings.server import script

from xlwings_addin.book.context import load_context
from xlwings_addin.book.open_book import check_open, refresh_open
from xlwings_addin.book.refresh import Refreshed
from xlwings_addin.book.state import state_from_text, state_text
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.hosts import answers
from xlwings_addin.hosts.server.book import Formulas, ServerBook
from xlwings_addin.hosts.server.figures import figures
from xlwings_addin.sheets import sheets

T = TypeVar("T")

logger = logging.getLogger(__name__)

OURS = [sheet.title for sheet in sheets()]
"""The sheets whose cells the client sends; an analyst's own stay where they are."""


source: str | None = None
"""The folder or address that a refresh takes new facts from; `serve` sets it."""


@script(include=OURS)
async def refresh(book: xlwings.Book, formulas: Formulas | None = None, state: str | None = None) -> None:
    """New facts into the open workbook; what an analyst has changed stays, and is listed on a sheet.

    `state` is the record of the last refresh that the workbook carries. It counts only with the `formulas`:
    without them nobody knows whether an input was typed, so that whatever differs is kept and listed.
    """

    def work() -> tuple[Refreshed, str]:
        open_book, facts = ServerBook(book, formulas), answers.facts(source)
        known = state_from_text(state, shown=book.name) if state and formulas is not None else None
        done = refresh_open(
            open_book,
            state=known,
            shown=open_book.shown,
            recalculates=False,
            sees_formulas=formulas is not None,
            name=book.name,
            folder=facts.folder,
            tables=facts.name,
            titles=open_book.titles,
        )
        unseen = () if formulas is not None else ("Formulas were not sent, so that none was judged.",)
        return done, answers.refreshed(done, *unseen, *facts.warnings)

    done, said = await _answered(work)
    if formulas is not None and done.plan.state is not None:
        _call(book, "keepState", state_text(done.plan.state))
    _call(book, "showRefreshed", said)


@script(include=OURS)
async def check(book: xlwings.Book, formulas: Formulas | None = None) -> None:
    """Compare what the open workbook shows with the core, and hand its figures to the task pane."""

    def work() -> dict[str, Any]:
        open_book, folder = ServerBook(book, formulas), answers.facts(source).folder
        report = check_open(
            open_book,
            shown=open_book.shown,
            sees_formulas=formulas is not None,
            name=book.name,
            folder=folder,
        )
        return figures(open_book, load_context(folder), report)

    _call(book, "showFigures", await _answered(work))


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


def _call(book: xlwings.Book, name: str, *args: Any) -> None:
    """Have the client call what the task pane has registered by this name.

    Not by `app.macro`, which would reach the latest book of all requests.
    """
    book.impl.append_json_action(func="runMacro", args=[name, *args])
