"""The workbook that is open in Excel with xlwings Lite: cells as the server's book has them, and a record.

Lite gives no access to the parts of the file, so the record of the last refresh stands on a sheet of its own.
Until there is one, the record counts that the workbook carried when the code was put into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xlwings_addin.hosts.server.book import Formulas, ServerMedium
from xlwings_addin.layout.state import State, state_text
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    import xlwings

    from xlwings_addin.refresh.growth.growth import Growth
    from xlwings_addin.refresh.growth.open_book import OpenGrowth

RECORD_SHEET: Final = "Refresh record"
HEADING: Final = "What the last refresh wrote, for the next one. Do not edit; delete the sheet to forget it."
LONGEST_CELL: Final = 30_000
"""Characters of the record in a cell; Excel takes 32,767."""
STAYS: Final = (
    "ranges over all periods on sheets of your own, in names and in charts: make them longer by hand"
)
EMBEDDED: Final = Path(__file__).with_name("state.json")


class LiteMedium(ServerMedium):
    """A `Medium` over the xlwings book of a Lite script; `formulas` are None where they could not be read."""

    def __init__(self, book: xlwings.Book, formulas: Formulas | None) -> None:
        super().__init__(book, formulas, _embedded())
        if lines := self._recorded():
            self._record = "".join(lines)

    def _recorded(self) -> list[str]:
        """The lines of the record on its sheet, below the heading."""
        cells = self.page(RECORD_SHEET)
        return [str(cells[f"A{row}"]) for row in range(2, len(cells) + 1) if f"A{row}" in cells]

    def require_unprotected(self, titles: Sequence[str]) -> None:
        """Lite has no pane of ours to ask: Excel refuses a protected sheet once it comes to it."""

    def grown(self, grows: OpenGrowth) -> Growth:
        """What the workbook gains, and what Lite does not send and so cannot be made longer."""
        growth = super().grown(grows)
        return replace(growth, missing=(*growth.missing, STAYS)) if grows.runs else growth

    def keep(self, state: State, *, backups: int) -> None:
        """Write the record onto its sheet; of an older and longer one nothing stays."""
        super().keep(state, backups=backups)
        if self.kept is None:
            return
        text = state_text(self.kept)
        lines = [text[start : start + LONGEST_CELL] for start in range(0, len(text), LONGEST_CELL)]
        lines += [""] * (len(self._recorded()) - len(lines))
        cells: dict[CellKey, CellValue] = {(RECORD_SHEET, "A1"): HEADING}
        cells |= {(RECORD_SHEET, f"A{row}"): line for row, line in enumerate(lines, start=2)}
        self.write(cells)


def _embedded() -> str | None:
    return EMBEDDED.read_text(encoding="utf-8") if EMBEDDED.is_file() else None
