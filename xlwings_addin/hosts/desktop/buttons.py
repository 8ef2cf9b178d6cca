"""What the buttons of the ribbon do to the workbook that is active in Excel.

Each runs in a Python of its own that xlwings starts and that ends with it. It says on the status bar what it
is doing and in a message box what it has done, or why it could not; then the workbook is as it was.
"""

from __future__ import annotations

import logging
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path

import xlwings as xw

from xlwings_addin import log
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.functions.registry import REGISTRY, callbacks
from xlwings_addin.hosts import answers
from xlwings_addin.hosts.desktop.mac_book import MacMedium, medium_of
from xlwings_addin.hosts.desktop.ribbon import TAB
from xlwings_addin.hosts.desktop.vba import FUNCTIONS_ON_A_MAC
from xlwings_addin.layout.new_sheet import free_title
from xlwings_addin.proof.check import check as check_book
from xlwings_addin.proof.check_open import check_open
from xlwings_addin.proof.context import Progress
from xlwings_addin.refresh.refresh import refresh as refresh_book
from xlwings_addin.xlsx.addresses import join_address

FUNCTION_LIST = "Function list"
LIST_WIDTHS = (60, 60, 60, 60, 30, 60, 60)

logger = logging.getLogger(__name__)


def refresh() -> None:
    """New facts into the workbook; what the analyst has changed stays."""
    _answer("Refreshing the model", _refreshed)


def preview() -> None:
    """What a refresh would do to the workbook, in words; nothing is written."""
    _answer("Previewing a refresh", _previewed)


def check() -> None:
    """A copy of the workbook, as Excel has calculated it, against the core in every case."""
    _answer("Checking the model", _checked)


def insert_function_list() -> None:
    """A sheet with every function of the registry."""
    _answer("Listing the functions", _listed)


def show_log() -> None:
    """The log file, in the program that opens such files."""
    _answer("Opening the log", _log_opened)


def _answer(doing: str, act: Callable[[xw.Book, Progress], str]) -> None:
    log.start()
    book = xw.Book.caller()
    app = book.app

    def progress(step: str) -> None:
        app.status_bar = f"{doing}: {step} ..."

    progress("starting")
    try:
        message, mode = act(book, progress), "info"
    except ValuationError as error:
        message, mode = str(error), "critical"
    except Exception as error:
        logger.exception("%s failed", doing)
        message, mode = f"{type(error).__name__}: {error}\n\nThe log has the details.", "critical"
    finally:
        app.status_bar = False  # Excel's own text again
    if message:
        app.alert(message, TAB, mode=mode)


def _refreshed(book: xw.Book, progress: Progress) -> str:
    facts = answers.facts()
    refreshed = refresh_book(medium_of(book), answers.request(facts), progress=progress)
    return answers.refreshed(refreshed, *facts.warnings)


def _previewed(book: xw.Book, progress: Progress) -> str:
    facts = answers.facts()
    foreseen = refresh_book(medium_of(book), answers.trial(facts), progress=progress)
    return answers.previewed(foreseen, *facts.warnings)


def _checked(book: xw.Book, progress: Progress) -> str:
    """A copy of the workbook in every case; on a Mac, where none is saved, what the selected case shows."""
    opened = medium_of(book)
    if isinstance(opened, MacMedium):
        progress("Comparing what the selected case shows")
        report = check_open(opened, folder=answers.facts().folder, knows_functions=False)
        waiting = [finding.message for finding in report.findings if finding.kind == "not evaluated"]
        return "\n".join([answers.checked(report), *waiting])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"copy{Path(book.name).suffix or '.xlsx'}"
        book.api.SaveCopyAs(str(copy))
        report = check_book(
            copy,
            functions=callbacks(),
            folder=answers.facts().folder,
            second_opinion="skip",
            progress=progress,
        )
    return answers.checked(report)


def _listed(book: xw.Book, _: Progress) -> str:
    headings = ("Function", "What it gives", "Arguments", "Example", "Gives", "Errors", "Source")
    lines = [headings] + [
        (
            *(entry.signature, entry.summary),
            "; ".join(
                f"{argument.host_name} ({argument.unit}): {argument.doc}" for argument in entry.parameters
            ),
            *(entry.example.formula, entry.example.written, entry.errors, entry.source),
        )
        for entry in REGISTRY.values()
    ]
    opened = medium_of(book)
    title = free_title(FUNCTION_LIST, opened.titles())
    cells = {
        (title, join_address(row, column)): text
        for row, line in enumerate(lines, start=1)
        for column, text in enumerate(line, start=1)
    }
    with opened.undo():
        opened.write(cells)
        opened.widen(LIST_WIDTHS)
    return FUNCTIONS_ON_A_MAC if isinstance(opened, MacMedium) else ""


def _log_opened(_: xw.Book, __: Progress) -> str:
    file = log.start()
    if file is None:
        return f"No log is kept: {log.ENVIRONMENT} turns it off, or its folder cannot be written."
    webbrowser.open(file.as_uri())
    return ""
