"""The workbook that is open in Excel with xlwings Lite: cells as the server's book has them, and a record.

Lite gives no access to the parts of the file, so the record of the last refresh stands on a sheet of its own.
The record that the workbook carried when the code was put into it counts where it is newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xlwings_addin.hosts.server.book import Formulas, ServerMedium
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with, newest, state_on
from xlwings_addin.layout.state import State

if TYPE_CHECKING:
    import xlwings

    from xlwings_addin.refresh.growth.growth import Growth
    from xlwings_addin.refresh.growth.open_book import OpenGrowth

STAYS: Final = (
    "ranges over all periods on sheets of your own, in names and in charts: make them longer by hand"
)
EMBEDDED: Final = Path(__file__).with_name("state.json")


class LiteMedium(ServerMedium):
    """A `Medium` over the xlwings book of a Lite script; `formulas` are None where they could not be read."""

    def __init__(self, book: xlwings.Book, formulas: Formulas | None) -> None:
        super().__init__(book, formulas, _embedded())

    def state(self) -> State | None:
        if not self.sees_formulas:
            return None
        return newest((super().state(), state_on(self.page(RECORD_SHEET), name=self.name)))

    def require_unprotected(self, titles: Sequence[str]) -> None:
        """Lite has no pane of ours to ask: Excel refuses a protected sheet once it comes to it."""

    def grown(self, grows: OpenGrowth) -> Growth:
        """What the workbook gains, and what Lite does not send and so cannot be made longer."""
        growth = super().grown(grows)
        return replace(growth, missing=(*growth.missing, STAYS)) if grows.runs else growth

    def keep(self, state: State, *, backups: int) -> None:
        """Write the record onto its sheet; of an older and longer one nothing stays."""
        super().keep(state, backups=backups)
        if self.kept is not None:
            self.write(cells_with(self.kept, self.page(RECORD_SHEET)))


def _embedded() -> str | None:
    return EMBEDDED.read_text(encoding="utf-8") if EMBEDDED.is_file() else None
