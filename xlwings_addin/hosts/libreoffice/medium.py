"""The workbook that is open in Calc, as a refresh and a check see it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from xlwings_addin.functions.registry import respelling
from xlwings_addin.hosts.libreoffice import HOST
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with, newest, state_on
from xlwings_addin.layout.state import State, read_state, state_from_text, state_text
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.growth.open_book import Foreseen, growth_of
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.package import CellKey, CellValue, read_package

if TYPE_CHECKING:
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context
    from xlwings_addin.xlsx.moving.shift import Shift

OTHER_HOSTS: Final = {old: new for old, new in respelling(HOST.target).items() if old != new}
"""What other hosts call a function in a file, and what Calc calls it."""
PROGRAM: Final = "Calc"


class Workbook(Protocol):
    """A workbook that is open in Calc: `inside/pythonpath/xiaomi_model_calc/workbook.py`, or a pipe to it."""

    def path(self) -> str | None: ...
    def titles(self) -> Sequence[str]: ...
    def read(self, sheet: str) -> dict[str, CellValue]: ...
    def calculate(self) -> None: ...
    def values(self, sheet: str) -> dict[str, CellValue]: ...
    def write(self, values: Mapping[CellKey, CellValue]) -> None: ...
    def link(self, formulas: Mapping[CellKey, str]) -> None: ...
    def state(self) -> str | None: ...
    def insert(self, sheet: str, axis: str, places: Sequence[tuple[int, int]]) -> None: ...
    def look_like(self, cells: Mapping[CellKey, CellKey]) -> None: ...
    def holds_array(self, sheet: str, cell: str) -> bool: ...
    def names(self) -> Sequence[str]: ...
    def add_names(self, names: Mapping[str, str]) -> None: ...
    def references(self) -> dict[str, str]: ...
    def refer(self, references: Mapping[str, str]) -> None: ...
    def rename_calls(self, names: Mapping[str, str]) -> None: ...
    def widen(self, sheet: str, widths: Sequence[float]) -> None: ...
    def keep_state(self, text: str) -> None: ...
    def progress(self, doing: str) -> None: ...


class CalcMedium:
    """A `Medium` over an open workbook, each sheet read once until something is written."""

    waits, sees_formulas, settled = False, True, False

    def __init__(self, workbook: Workbook) -> None:
        path = workbook.path()
        self.name = Path(path).name if path else "the open workbook"
        self._workbook = workbook
        self._contents: dict[str, dict[str, CellValue]] = {}
        self._pages: dict[str, dict[str, CellValue]] = {}
        self._foreseen: Foreseen | None = None
        self._is_trial = False

    def titles(self) -> Sequence[str]:
        return self._workbook.titles()

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        if self._is_trial and self._foreseen is not None:
            return self._foreseen.read(sheet)
        if sheet not in self._contents:
            self._contents[sheet] = self._workbook.read(sheet)
        return self._contents[sheet]

    def page(self, sheet: str) -> Mapping[str, CellValue]:
        """What every cell shows; of a workbook that has grown what it did, until something is written."""
        if self._foreseen is not None:
            return self._foreseen.page(sheet)
        if not self._pages:
            self._workbook.calculate()
        if sheet not in self._pages:
            self._pages[sheet] = self._workbook.values(sheet)
        return self._pages[sheet]

    def values_of(self, cells: Collection[CellKey]) -> dict[CellKey, CellValue]:
        return cells_of(self.page, cells)

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        self._changed()
        self._workbook.write(values)

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        self._changed()
        self._workbook.link(formulas)

    def _changed(self) -> None:
        self._contents.clear()
        self._pages.clear()
        self._foreseen = None

    def recalculate(self) -> bool:
        """Calc calculates when the first page is asked for after something was written."""
        return HOST.recalculates

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    # --- growth ---------------------------------------------------------------------------------------------

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """What the workbook lacks is inserted and written by Calc, in the step of Undo of the command."""
        grows = growth_of(self, context, state)
        if not grows.gains:
            return grows.growth
        growth = grows.growth if trial else grows.grow_in(self, PROGRAM)
        if not trial:
            self._workbook.rename_calls(OTHER_HOSTS)
            self._changed()
        self._foreseen, self._is_trial = grows.foreseen, trial
        return growth

    def insert(self, sheet: str, shift: Shift) -> None:
        self._changed()
        self._workbook.insert(sheet, shift.axis, [(shift.at, shift.count), *shift.further])

    def look_like(self, cells: Mapping[CellKey, CellKey]) -> None:
        self._workbook.look_like(cells)

    def holds_array(self, at: CellKey) -> bool:
        return self._workbook.holds_array(*at)

    def names(self) -> Sequence[str]:
        return self._workbook.names()

    def add_names(self, names: Mapping[str, str]) -> None:
        self._workbook.add_names(names)

    def references(self) -> Mapping[str, str]:
        return self._workbook.references()

    def refer(self, references: Mapping[str, str]) -> None:
        self._workbook.refer(references)

    # --- what is kept ---------------------------------------------------------------------------------------

    def append_sheet(self, title: str, page: Page) -> None:
        self.write(page.values(title))
        self._workbook.widen(title, page.widths)

    def state(self) -> State | None:
        """What was written last: by a refresh in Calc, or into the file that the workbook came from."""
        states = [state_on(self._record_sheet(), name=self.name)]
        kept, path = self._workbook.state(), self._workbook.path()
        if kept is not None:
            states.append(state_from_text(_unpacked(kept), name=self.name))
        if path is not None and Path(path).suffix.lower() == ".xlsx":
            states.append(read_state(read_package(Path(path))))
        return newest(states)

    def _record_sheet(self) -> Mapping[str, CellValue]:
        return self.read(RECORD_SHEET) if RECORD_SHEET in self.titles() else {}

    def keep(self, state: State, *, backups: int) -> None:
        """Keep the record in the workbook; it is the analyst who saves the file."""
        if RECORD_SHEET in self.titles():
            self.write(cells_with(state, self._record_sheet()))
        self._workbook.keep_state(_packed(state_text(state)))

    def undo(self) -> AbstractContextManager[None]:
        """The component in LibreOffice makes the command one step of Undo, and undoes it after an error."""
        return nullcontext()


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _unpacked(text: str) -> str:
    try:
        return zlib.decompress(base64.b64decode(text)).decode()
    except (ValueError, zlib.error):
        return text
