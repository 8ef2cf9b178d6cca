"""The workbook that is open in Excel, through xlwings: cells read and written by whole ranges.

Reading asks twice for the used range of a sheet, formulas and values, and never for a cell. Writing puts
cells that touch into rectangles. Texts are written with Excel's apostrophe, so that one which looks like a
formula, a number or a date stays a text. Rows and columns are inserted by Excel, which lets all that refers
to cells follow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from xlwings_addin.core.errors import BookError
from xlwings_addin.hosts.desktop import HOST, kept_record
from xlwings_addin.hosts.desktop.cell_values import formulas, stored_values
from xlwings_addin.hosts.rectangles import Rows, rectangles
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.growth.open_book import Foreseen, growth_of
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    import xlwings as xw

    from xlwings_addin.layout.state import State
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context
    from xlwings_addin.xlsx.moving.shift import Shift

LIKE_THE_ONE_BEFORE: Final = 0
"""Excel's constant xlFormatFromLeftOrAbove."""
DOWN, RIGHT = -4121, -4161
"""Excel's constants xlShiftDown and xlShiftToRight."""
PROGRAM: Final = "Excel"
Step = tuple[str, "xw.Range", Rows] | Callable[[], object]
"""A sheet, cells that were written and what they held; or what else takes a change back."""
logger = logging.getLogger(__name__)


class ExcelMedium:
    """A `Medium` over an open xlwings Book; what it writes can be taken back."""

    waits, sees_formulas, settled = False, True, False

    def __init__(self, book: xw.Book) -> None:
        self.book, self.name = book, book.name
        self._calculated = False
        self._contents: dict[str, dict[str, CellValue]] = {}
        self._undo: list[Step] = []
        self._added: list[xw.Sheet] = []
        self._foreseen: Foreseen | None = None
        self._is_trial = False
        self._looks: dict[CellKey, CellKey] = {}
        self._referring: dict[str, tuple[str, Callable[[str], object]]] = {}

    def titles(self) -> tuple[str, ...]:
        """The names of the sheets."""
        return tuple(sheet.name for sheet in self.book.sheets)

    def read(self, sheet: str) -> dict[str, CellValue]:
        """Every cell that holds something: a formula with its equals sign, else the value.

        Asked once until something is written to the sheet.
        """
        if self._is_trial and self._foreseen is not None:
            return dict(self._foreseen.read(sheet))
        if sheet not in self._contents:
            used = self._used(sheet)
            self._contents[sheet] = {} if used is None else _cells(used, _contents(used))
        return self._contents[sheet]

    def page(self, sheet: str) -> dict[str, CellValue]:
        """What every cell of a sheet shows once Excel has calculated, errors as text.

        In a workbook that has grown it is what cells showed before, until something is written.
        """
        if self._foreseen is not None:
            return dict(self._foreseen.page(sheet))
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
        self._put(values)

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        self._put(formulas, formulas=True)

    def _put(self, contents: Mapping[CellKey, CellValue], *, formulas: bool = False) -> None:
        self._calculated, self._foreseen = False, None
        sheets: dict[str, dict[tuple[int, int], CellValue]] = {}
        for (sheet, address), content in contents.items():
            sheets.setdefault(sheet, {})[split_address(address)] = content
        for title, cells in sheets.items():
            self._contents.pop(title, None)
            page = self._sheet(title)
            for row, column, rows in rectangles(cells):
                area = page.range((row, column), (row + len(rows) - 1, column + len(rows[0]) - 1))
                self._undo.append((title, area, _contents(area)))
                area.formula = _typed(rows, formulas=formulas)

    def widen(self, widths: Sequence[float]) -> None:
        """Give the columns of the sheets that were added their widths, in characters."""
        for sheet in self._added:
            for column, width in enumerate(widths, start=1):
                sheet.range((1, column)).column_width = width

    @contextmanager
    def undo(self) -> Iterator[None]:
        """Excel left in peace meanwhile; after an error the workbook holds what it held before.

        Raises `BookError` where Excel refuses to take a change back, with what went wrong before.
        """
        with undisturbed(self.book.app):
            try:
                yield
            except BaseException as error:
                stay = self._take_back()
                if not stay:
                    raise
                rule = (
                    f"keeps {stay} changes that Excel does not take back; close it without saving ({error})"
                )
                raise BookError("workbook", self.name, rule, display=self.name) from error

    def _take_back(self) -> int:
        """Undo what was written, last first, whatever cannot be undone; gives how many changes stay."""
        stay = 0
        added = {sheet.name for sheet in self._added}
        self._undo += [sheet.delete for sheet in self._added]
        self._added.clear()
        self._contents.clear()
        while self._undo:
            step = self._undo.pop()
            try:
                if callable(step):
                    step()
                elif step[0] not in added:
                    step[1].formula = _typed(step[2], formulas=True)
            except Exception:
                stay += 1
                logger.exception("a change stays that was to be taken back: %s", step)
        return stay

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    # --- growth ---------------------------------------------------------------------------------------------

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """What the workbook lacks comes in by Excel itself; looks are copied once all else is done."""
        grows = growth_of(self, context, state)
        if not grows.gains:
            return grows.growth
        growth = grows.growth if trial else grows.grow_in(self, PROGRAM)
        self._foreseen, self._is_trial = grows.foreseen, trial
        return growth

    def names(self) -> list[str]:
        return [name.name for name in self.book.names]

    def insert(self, sheet: str, shift: Shift) -> None:
        """Insert rows or columns, those behind first; new columns join the group of the one before."""
        self._calculated = False
        self._contents.clear()
        page = self._sheet(sheet)
        for at, count in reversed([(shift.at, shift.count), *shift.further]):
            if shift.axis == "rows":
                lines, direction = page.range((at, 1), (at + count - 1, 1)).api.EntireRow, DOWN
            else:
                lines, direction = page.range((1, at), (1, at + count - 1)).api.EntireColumn, RIGHT
            lines.Insert(direction, LIKE_THE_ONE_BEFORE)
            self._undo.append(partial(self._delete, sheet, shift.axis, at, count))
            if shift.axis == "columns" and at > 1:
                level = page.range((1, at - 1)).api.EntireColumn.OutlineLevel
                page.range((1, at), (1, at + count - 1)).api.EntireColumn.OutlineLevel = level

    def _delete(self, sheet: str, axis: str, at: int, count: int) -> None:
        page = self._sheet(sheet)
        if axis == "rows":
            page.range((at, 1), (at + count - 1, 1)).api.EntireRow.Delete()
        else:
            page.range((1, at), (1, at + count - 1)).api.EntireColumn.Delete()

    def look_like(self, cells: Mapping[CellKey, CellKey]) -> None:
        """Wait until the refresh is done: a format cannot be taken back as a content can."""
        self._looks |= cells

    def _copy_looks(self) -> None:
        by_model: dict[tuple[CellKey, str], dict[tuple[int, int], CellValue]] = {}
        for (sheet, address), model in self._looks.items():
            by_model.setdefault((model, sheet), {})[split_address(address)] = None
        for ((model_sheet, model_cell), sheet), cells in by_model.items():
            self._sheet(model_sheet).range(split_address(model_cell)).copy()
            for row, column, rows in rectangles(cells):
                last = row + len(rows) - 1, column + len(rows[0]) - 1
                self._sheet(sheet).range((row, column), last).paste(paste="formats")
        if by_model:
            self.book.app.cut_copy_mode = False
        self._looks.clear()

    def add_names(self, names: Mapping[str, str]) -> None:
        for name, reference in names.items():
            self._undo.append(self.book.names.add(name, f"={reference}").delete)

    def references(self) -> dict[str, str]:
        """What names and the series of charts refer to, with equals signs."""
        self._referring = {
            f"name {name.name}": (text, partial(setattr, name, "refers_to"))
            for name in self.book.names
            if (text := name.refers_to)
        }
        for title in self.titles():
            charts = self.book.sheets[title].api.ChartObjects()
            for number in range(1, charts.Count + 1):
                series = charts.Item(number).Chart.SeriesCollection()
                for one in range(1, series.Count + 1):
                    entry = series.Item(one)
                    what = f"chart {charts.Item(number).Name} on {title}, series {one}"
                    self._referring[what] = entry.Formula, partial(setattr, entry, "Formula")
        return {what: text for what, (text, _) in self._referring.items()}

    def refer(self, references: Mapping[str, str]) -> None:
        for what, text in references.items():
            former, put = self._referring[what]
            self._undo.append(partial(put, former))
            put(text)

    def holds_array(self, at: CellKey) -> bool:
        return bool(self._sheet(at[0]).range(split_address(at[1])).api.HasArray)

    # --- what is kept ---------------------------------------------------------------------------------------

    def append_sheet(self, title: str, page: Page) -> None:
        self.write(page.values(title))
        self.widen(page.widths)

    def state(self) -> State | None:
        """What the last build or refresh wrote, from where the workbook keeps it."""
        return kept_record.recorded(self)

    def keep(self, state: State, *, backups: int) -> None:
        """Keep the record in the workbook; it is the analyst who saves the file."""
        self._copy_looks()
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
