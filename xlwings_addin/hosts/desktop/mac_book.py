"""The workbook that is open in Excel on a Mac: xlwings drives it through AppleScript, not COM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlwings_addin.hosts.desktop.excel_book import ExcelMedium
from xlwings_addin.hosts.desktop.kept_record import has_parts
from xlwings_addin.layout.record_sheet import HEADING, RECORD_SHEET
from xlwings_addin.refresh.growth.growth import CANNOT_GROW, Growth

if TYPE_CHECKING:
    import xlwings as xw

    from xlwings_addin.layout.state import State
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context


class MacMedium(ExcelMedium):
    """A `Medium` over an open xlwings Book on a Mac."""

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """Nothing comes in here: AppleScript tells neither arrays nor what the series of charts refer to."""
        return CANNOT_GROW

    def append_sheet(self, title: str, page: Page) -> None:
        """Add a sheet behind the others, and behind that of the record, which a first refresh adds."""
        if RECORD_SHEET not in self.titles():
            self.write({(RECORD_SHEET, "A1"): HEADING})
        super().append_sheet(title, page)


def medium_of(book: xw.Book) -> ExcelMedium:
    """The medium for an open workbook, by what the program gives of it."""
    return ExcelMedium(book) if has_parts(book) else MacMedium(book)
