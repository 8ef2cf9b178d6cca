"""What a refresh asks of a workbook, wherever it is: a file, or one that is open in a spreadsheet program.

refresh/file.py               an .xlsx or .xlsm file, which the embedded engine calculates
hosts/desktop/excel_book.py   the workbook that is open in Excel on Windows; mac_book.py on a Mac
hosts/server/book.py          the workbook whose cells Excel sends to the server
hosts/libreoffice/medium.py   the workbook that is open in Calc
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xlwings_addin.layout.state import State
from xlwings_addin.proof.reading import OpenCells
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    from xlwings_addin.engine.witness import Distrust
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context

GROW_THE_FILE = "close the book and refresh its file, which gains these rows, columns and sheets"
"""The way out for a book that is open in a program, and does not gain there what its file would."""


@dataclass(frozen=True)
class Account:
    """How many formula cells the engine reproduced and calculated, and which it could not.

    `kept` should have been calculated and stay as they are stored, with all that hang on them: `stale`.
    `doubted` hang on nothing that was written, and the engine does not reproduce them: they stay, too.
    `as_left` says that nobody has changed the file since this version calculated it: then every formula
    counts as reproduced, and none was calculated again.
    """

    reproduced: int
    calculated: int
    kept: tuple[Distrust, ...] = ()
    stale: tuple[CellKey, ...] = ()
    doubted: tuple[Distrust, ...] = ()
    as_left: bool = False


class Medium(OpenCells, Protocol):
    """A workbook whose cells can be read and written, and which remembers the last refresh."""

    @property
    def waits(self) -> bool:
        """Whether what is written waits until `keep`; elsewhere a refresh on trial writes nothing at all."""
        ...

    @property
    def settled(self) -> bool:
        """Whether every value is already known to be what its formula gives, those of other cases, too."""
        ...

    def state(self) -> State | None:
        """What the last build or refresh wrote, where the workbook or its host has kept it."""
        ...

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells."""
        ...

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        """Put formulas, with their equals signs, into cells that are to follow others of their sheet."""
        ...

    def recalculate(self) -> bool:
        """Have every formula follow what was written; false where that happens after the refresh only.

        What `values_of` then leaves out either shows nothing or nothing certain.
        """
        ...

    def account(self, *, keep_uncalculated: bool) -> Account | None:
        """How the values that formulas show now came about; None where a program has calculated them.

        Raises `UntrustedError` for formulas that hang on what was written and cannot be calculated with
        certainty, unless they are to stay as they are stored.
        """
        ...

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """Give the workbook the lines and periods that it lacks, or say which it cannot get here.

        What is new stands in the workbook, without the facts, before anything else is looked at; until
        something is written, cells show what they showed before. On `trial` a workbook that is open in a
        program only answers as if it had grown.
        """
        ...

    def append_sheet(self, title: str, page: Page) -> None:
        """Add a sheet behind the others."""
        ...

    def keep(self, state: State, *, backups: int) -> Path | None:
        """Keep the record of this refresh and, of a file, all that was written; gives the former version."""
        ...

    def undo(self) -> AbstractContextManager[None]:
        """A block in which an error takes back all that was written."""
        ...


def cells_of(
    page: Callable[[str], Mapping[str, CellValue]], cells: Collection[CellKey]
) -> dict[CellKey, CellValue]:
    """Those of the cells that hold something, picked from whole sheets; `page` is asked once for each.

    >>> cells_of({"SOTP": {"D20": 31.5}}.__getitem__, [("SOTP", "D20"), ("SOTP", "D21")])
    {('SOTP', 'D20'): 31.5}
    """
    pages = {sheet: page(sheet) for sheet in {sheet for sheet, _ in cells}}
    return {at: value for at in cells if (value := pages[at[0]].get(at[1])) is not None}
