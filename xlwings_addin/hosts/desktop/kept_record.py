"""Where the record of the last refresh is kept in a workbook that is open in Excel.

On Windows it is a custom XML part, reached through COM. AppleScript on a Mac knows no such parts: there the
record stands on a sheet of its own, as in xlwings Lite; until there is one, that of the saved file counts. A
workbook that has the sheet gets every record on it, on Windows too: it may go from one program to the other.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlwings as xw

from xlwings_addin.core.errors import BookError, ValuationError
from xlwings_addin.layout.record_sheet import (
    LONGEST_IN_AN_ARRAY,
    RECORD_SHEET,
    cells_with,
    newest,
    state_on,
    text_on,
)
from xlwings_addin.layout.state import (
    NAMESPACE,
    State,
    read_state,
    state_from_part,
    state_part,
    state_text,
)
from xlwings_addin.xlsx.package import read_package

if TYPE_CHECKING:
    from xlwings_addin.hosts.desktop.excel_book import ExcelMedium

logger = logging.getLogger(__name__)


def has_parts(book: Any) -> bool:
    """Whether Excel gives the custom XML parts of a workbook."""
    return hasattr(book.api, "CustomXMLParts")


def recorded(medium: ExcelMedium) -> State | None:
    """What the last build or refresh wrote: the newest of the records that the workbook has.

    Raises `BookError` for a record that cannot be read, or that a later version of this project wrote.
    """
    on_sheet = state_on(medium.read(RECORD_SHEET), name=medium.name)
    if not has_parts(medium.book):
        return newest((on_sheet, _in_the_file(medium, needed=on_sheet is None)))
    parts = _parts(medium.book)
    in_part = state_from_part(parts.Item(1).XML, name=medium.name) if parts.Count else None
    return newest((on_sheet, in_part))


def keep(medium: ExcelMedium, state: State) -> None:
    """Keep the record in the open workbook; it is the analyst who saves the file.

    Raises `BookError` where a sheet does not hold what was written onto it.
    """
    with_parts = has_parts(medium.book)
    if RECORD_SHEET in medium.titles() or not with_parts:
        medium.write(cells_with(state, medium.read(RECORD_SHEET), longest=LONGEST_IN_AN_ARRAY))
        if text_on(medium.read(RECORD_SHEET)) != state_text(state):
            rule = f"cannot keep its refresh record: sheet {RECORD_SHEET!r} holds other text than was written"
            raise BookError("book", medium.name, rule, display=medium.name)
    if with_parts:
        former = [_parts(medium.book).Item(number) for number in range(1, _parts(medium.book).Count + 1)]
        medium.book.api.CustomXMLParts.Add(state_part(state))
        for part in former:
            part.Delete()


def _parts(book: Any) -> Any:
    return book.api.CustomXMLParts.SelectByNamespace(NAMESPACE)


def _in_the_file(medium: ExcelMedium, *, needed: bool) -> State | None:
    """The record in the file as it was last saved; None for a workbook that never was."""
    try:
        path = Path(medium.book.fullname)
        return read_state(read_package(path)) if path.is_file() else None
    except (ValuationError, OSError, xw.XlwingsError) as error:  # the last for a folder in the cloud
        if needed:
            rule = f"cannot be refreshed: its refresh record is in its file, which cannot be read: {error}"
            raise BookError("book", medium.name, rule, display=medium.name) from error
        logger.warning("the file of %s has no record that can be read: %s", medium.name, error)
        return None
