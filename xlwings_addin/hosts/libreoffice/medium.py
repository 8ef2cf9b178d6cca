"""The workbook that is open in Calc, as a refresh and a check see it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xlwings_addin.hosts.libreoffice import HOST
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with, newest, state_on
from xlwings_addin.layout.state import State, read_state, state_from_text, state_text
from xlwings_addin.refresh.growth.growth import NO_GROWTH, Growth
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.package import CellKey, CellValue, read_package

if TYPE_CHECKING:
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context


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

    def titles(self) -> Sequence[str]:
        return self._workbook.titles()

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        if sheet not in self._contents:
            self._contents[sheet] = self._workbook.read(sheet)
        return self._contents[sheet]

    def page(self, sheet: str) -> Mapping[str, CellValue]:
        """What every cell of a sheet shows."""
        if not self._pages:
            self._workbook.calculate()
        if sheet not in self._pages:
            self._pages[sheet] = self._workbook.values(sheet)
        return self._pages[sheet]

    def values_of(self, cells: Collection[CellKey]) -> dict[CellKey, CellValue]:
        return cells_of(self.page, cells)

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        self._contents.clear()
        self._pages.clear()
        self._workbook.write(values)

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        self._contents.clear()
        self._pages.clear()
        self._workbook.link(formulas)

    def recalculate(self) -> bool:
        """Calc calculates when the first page is asked for after something was written."""
        return HOST.recalculates

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    def grow(self, context: Context, state: State | None) -> Growth:
        return NO_GROWTH

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
