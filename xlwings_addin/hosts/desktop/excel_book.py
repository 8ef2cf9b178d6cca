"""The workbook that is open in Excel, through xlwings: cells read and written by whole ranges.

Reading asks twice for the used range of a sheet, formulas and values, and never for a cell. Writing puts
cells that touch into rectangles. Texts are written with Excel's apostrophe, so that one which looks like a
formula, a number or a date stays a text.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xlwings_addin.hosts.desktop import HOST, kept_record
from xlwings_addin.hosts.desktop.cell_values import Rows, formulas, stored_values
from xlwings_addin.refresh.growth.growth import NO_GROWTH, Growth
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    import xlwings as xw

    from xlwings_addin.layout.state import State
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context

logger = logging.getLogger(__name__)


class ExcelMedium:
    """A `Medium` over an open xlwings Book; what it writes can be taken back."""

    waits, sees_formulas, settled = False, True, False

    def __init__(self, book: xw.Book) -> None:
        self.book, self.name = book, book.name
        self._calculated = False
        self._contents: dict[str, dict[str, CellValue]] = {}
        self._undo: list[tuple[str, xw.Range, Rows]] = []
        self._added: list[xw.Sheet] = []

    def titles(self) -> tuple[str, ...]:
        """The names of the sheets."""
        return tuple(sheet.name for sheet in self.book.sheets)

    def read(self, sheet: str) -> dict[str, CellValue]:
        """Every cell that holds something: a formula with its equals sign, else the value.

        Asked once until something is written to the sheet.
        """
        if sheet not in self._contents:
            used = self._used(sheet)
            self._contents[sheet] = {} if used is None else _cells(used, _contents(used))
        return self._contents[sheet]

    def page(self, sheet: str) -> dict[str, CellValue]:
        """What every cell of a sheet shows once Excel has calculated, errors as text."""
        used = self._used(sheet)
        if used is None:
            return {}
        self.recalculate()
        return _cells(used, stored_values(used))

    def values_of(self, cells: Collection[CellKey]) -> dict[CellKey, CellValue]:
        return cells_of(self.page, cells)

    def recalculate(self) -> bool:
        if not self._calculated:
            self.book.app.calculate()
            self._calculated = True
        return HOST.recalculates

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells, on a new last sheet where there is none of that name."""
        self._calculated = False
        sheets: dict[str, dict[tuple[int, int], CellValue]] = {}
        for (sheet, address), value in values.items():
            sheets.setdefault(sheet, {})[split_address(address)] = value
        for title, cells in sheets.items():
            self._contents.pop(title, None)
            page = self._sheet(title)
            for row, column, rows in _rectangles(cells):
                area = page.range((row, column), (row + len(rows) - 1, column + len(rows[0]) - 1))
                self._undo.append((title, area, _contents(area)))
                area.formula = _typed(rows)

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        self._calculated = False
        for (title, address), formula in formulas.items():
            self._contents.pop(title, None)
            area = self._sheet(title).range(split_address(address))
            self._undo.append((title, area, _contents(area)))
            area.formula = formula

    def widen(self, widths: Sequence[float]) -> None:
        """Give the columns of the sheets that were added their widths, in characters."""
        for sheet in self._added:
            for column, width in enumerate(widths, start=1):
                sheet.range((1, column)).column_width = width

    @contextmanager
    def undo(self) -> Iterator[None]:
        """Excel left in peace meanwhile; after an error the workbook holds what it held before."""
        with undisturbed(self.book.app):
            try:
                yield
            except BaseException:
                self._take_back()
                raise

    def _take_back(self) -> None:
        """Undo what was written, last first; what cannot be undone stands in the way of nothing else."""
        added = {sheet.name for sheet in self._added}
        while self._added:
            self._added.pop().delete()
        while self._undo:
            title, area, contents = self._undo.pop()
            if title not in added:
                try:
                    area.formula = _typed(contents, formulas=True)
                except Exception:
                    logger.exception("%s on %s keeps what was written", area.address, title)

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    def grow(self, context: Context, state: State | None) -> Growth:
        return NO_GROWTH

    def append_sheet(self, title: str, page: Page) -> None:
        self.write(page.values(title))
        self.widen(page.widths)

    def state(self) -> State | None:
        """What the last build or refresh wrote, from where the workbook keeps it."""
        return kept_record.recorded(self)

    def keep(self, state: State, *, backups: int) -> None:
        """Keep the record in the workbook; it is the analyst who saves the file."""
        kept_record.keep(self, state)

    def _used(self, title: str) -> xw.Range | None:
        sheet = next((sheet for sheet in self.book.sheets if sheet.name == title), None)
        return None if sheet is None else sheet.used_range

    def _sheet(self, title: str) -> xw.Sheet:
        if title not in self.titles():
            active, last = self.book.sheets.active, self.book.sheets[len(self.book.sheets) - 1]
            self._added.append(self.book.sheets.add(title, after=last))
            active.impl.activate()  # `active.activate()` would bring Excel before all other windows
        return self.book.sheets[title]


@contextmanager
def undisturbed(app: xw.App) -> Iterator[None]:
    """Excel without calculating, redrawing or running the workbook's own macros; afterwards as it was."""
    before = app.calculation, app.screen_updating, app.enable_events
    app.calculation, app.screen_updating, app.enable_events = "manual", False, False
    try:
        yield
    finally:
        app.calculation, app.screen_updating, app.enable_events = before


def _contents(area: xw.Range) -> Rows:
    """Formulas where there are any, else values; a typed text is its own formula, whatever it begins with."""
    return [
        [
            formula if isinstance(formula, str) and formula.startswith("=") and formula != value else value
            for formula, value in zip(*rows, strict=True)
        ]
        for rows in zip(formulas(area), stored_values(area), strict=True)
    ]


def _cells(area: xw.Range, rows: Rows) -> dict[str, CellValue]:
    return {
        join_address(area.row + down, area.column + right): value
        for down, row in enumerate(rows)
        for right, value in enumerate(row)
        if value is not None and value != ""
    }


def _typed(rows: Sequence[Sequence[Any]], *, formulas: bool = False) -> Rows:
    """Values as they would be typed in; with `formulas`, what begins with an equals sign is one."""
    return [
        [
            f"'{value}" if isinstance(value, str) and not (formulas and value.startswith("=")) else value
            for value in row
        ]
        for row in rows
    ]


def _rectangles(cells: Mapping[tuple[int, int], CellValue]) -> list[tuple[int, int, Rows]]:
    """Cells as few rectangles, each by its first row and column: runs along rows, equal ones together."""
    runs: list[tuple[int, int, list[Any]]] = []
    for row, column in sorted(cells):
        if runs and runs[-1][0] == row and runs[-1][1] + len(runs[-1][2]) == column:
            runs[-1][2].append(cells[row, column])
        else:
            runs.append((row, column, [cells[row, column]]))
    areas: list[tuple[int, int, Rows]] = []
    for row, column, line in sorted(runs, key=lambda run: (run[1], len(run[2]), run[0])):
        top, left, rows = areas[-1] if areas else (0, 0, [[]])
        if (top + len(rows), left, len(rows[0])) == (row, column, len(line)):
            rows.append(line)
        else:
            areas.append((row, column, [line]))
    return areas
