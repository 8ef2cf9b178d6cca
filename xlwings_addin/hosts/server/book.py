"""The open workbook, as the client of xlwings sends it: read at once, written once the script is done.

The client sends the values of the cells. Our task pane sends their formulas beside them, as the first
argument of a script; where they are missing the book can be read all the same, but an input that refers to
another cell looks like one that was typed.

Rows and columns come in where the client carries out what was asked of it, in front of what is written later;
what the book then holds and shows is worked out here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import xlwings

from xlwings_addin.hosts.rectangles import Rows, rectangles
from xlwings_addin.hosts.server import HOST
from xlwings_addin.layout.state import State, state_from_text
from xlwings_addin.refresh.growth.growth import CANNOT_GROW, Growth
from xlwings_addin.refresh.growth.open_book import OpenGrowth, growth_of
from xlwings_addin.refresh.medium import cells_of
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context
    from xlwings_addin.xlsx.extending import Run
    from xlwings_addin.xlsx.moving.shift import Shift

Formulas = Mapping[str, Sequence[Sequence[Any]]]
"""The cells of each sheet from A1 on: a formula with its equals sign, else the value, "" for a blank."""

Cells = dict[tuple[int, int], CellValue]

PROGRAM: Final = "Excel"
LIKE_THE_ONE_BEFORE: Final = "format_from_left_or_above"
_INTERSECTION: Final = re.compile(r"(?<!\[)@")


class ServerMedium:
    """A `Medium` over an xlwings book whose values have come from the client.

    `record` is what the workbook carries of the last refresh, `kept` what it is to carry from now on. A
    record counts only with the formulas: without them nobody knows whether an input was typed.
    """

    waits = settled = False

    def __init__(self, book: xlwings.Book, formulas: Formulas | None, record: str | None = None) -> None:
        self._book, self._formulas, self._record = book, formulas, record
        self.name, self.sees_formulas = book.name, formulas is not None
        self.kept: State | None = None
        self.runs: tuple[Run, ...] = ()
        """Periods that have got more behind them, for what the client has not sent."""
        self._titles = tuple(sheet.name for sheet in book.sheets)
        self.page: Callable[[str], Mapping[str, CellValue]] = cache(self._page)
        self.read: Callable[[str], Mapping[str, CellValue]] = (
            self.page if formulas is None else cache(self._read)
        )

    def titles(self) -> tuple[str, ...]:
        return self._titles

    def state(self) -> State | None:
        if not self._record or not self.sees_formulas:
            return None
        return state_from_text(self._record, name=self.name)

    def keep(self, state: State, *, backups: int) -> None:
        """The record waits here for the client, which keeps it in the workbook."""
        self.kept = state if self.sees_formulas else None

    def undo(self) -> AbstractContextManager[None]:
        """Nothing has to be taken back: what is written reaches the client once all is done."""
        return nullcontext()

    def recalculate(self) -> bool:
        return HOST.recalculates

    def account(self, *, keep_uncalculated: bool) -> None:
        """The program itself calculates."""

    # --- growth ---------------------------------------------------------------------------------------------

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """What the workbook lacks comes in once the client gets the answer; without formulas nothing does."""
        if not self.sees_formulas:
            return CANNOT_GROW
        grows = growth_of(self, context, state)
        if not grows.gains:
            return grows.growth
        if not trial:
            self.require_unprotected(grows.inserting)
            grows.make_room(self, PROGRAM)
            grows.fill(self)
            self.link(grows.longer())
        self.runs = grows.runs
        self.page, self.read = grows.foreseen.page, grows.foreseen.read
        return self.grown(grows)

    def require_unprotected(self, titles: Sequence[str]) -> None:
        """Have the task pane refuse a protected sheet before anything is changed."""
        if titles:
            self._act("runMacro", ["requireUnprotected", list(titles)])

    def grown(self, grows: OpenGrowth) -> Growth:
        """What the workbook gains; what its own sheets, names and charts span, the task pane makes longer."""
        return grows.growth

    def names(self) -> list[str]:
        return [name["name"] for name in self._book.impl.api["names"]]

    def insert(self, sheet: str, shift: Shift) -> None:
        """Have rows or columns inserted, those behind first."""
        for at, count in reversed([(shift.at, shift.count), *shift.further]):
            one, direction = ("row", "down") if shift.axis == "rows" else ("column", "right")
            whole, limit = ("column", 16_384) if one == "row" else ("row", 1_048_576)
            self._act(
                "rangeInsert",
                [direction, LIKE_THE_ONE_BEFORE],
                sheet_position=self._titles.index(sheet),
                **{
                    f"start_{one}": at - 1,
                    f"{one}_count": count,
                    f"start_{whole}": 0,
                    f"{whole}_count": limit,
                },
            )

    def look_like(self, cells: Mapping[CellKey, CellKey]) -> None:
        by_model: dict[tuple[CellKey, str], Cells] = {}
        for (sheet, address), model in cells.items():
            by_model.setdefault((model, sheet), {})[split_address(address)] = None
        for ((of_sheet, model_cell), sheet), places in by_model.items():
            for row, column, rows in rectangles(places):
                self._act(
                    "copyFromRange",
                    [self._titles.index(of_sheet), model_cell, "Formats", False, False],
                    sheet_position=self._titles.index(sheet),
                    start_row=row - 1,
                    start_column=column - 1,
                    row_count=len(rows),
                    column_count=len(rows[0]),
                )

    def add_names(self, names: Mapping[str, str]) -> None:
        for name, reference in names.items():
            self._act("namesAdd", [name, f"={reference}"])

    def _act(self, func: str, args: list[Any], **place: int) -> None:
        """Ask the client for something that xlwings has no words for, or words that read what was sent."""
        self._book.impl.append_json_action(func=func, args=args, **place)

    # --- cells ----------------------------------------------------------------------------------------------

    def append_sheet(self, title: str, page: Page) -> None:
        self.write(page.values(title))

    def values_of(self, cells: Collection[CellKey]) -> dict[CellKey, CellValue]:
        """What cells showed when the client sent them."""
        return cells_of(self.page, cells)

    def _page(self, sheet: str) -> Mapping[str, CellValue]:
        """What every cell of a sheet shows that holds something, dates as serial numbers."""
        if sheet not in self._titles:
            return {}
        cells = self._book.sheets[sheet]
        height, width = len(cells.api["values"]), len(cells.api["values"][0])
        if not width:
            return {}
        area = cells["A1"].resize(height, width)
        return _cells(area.options(ndim=2, err_to_str=True).value)

    def _read(self, sheet: str) -> Mapping[str, CellValue]:
        """The formula of every cell of a sheet that has one, else its value."""
        assert self._formulas is not None
        return _cells(self._formulas.get(sheet, ()))

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        by_sheet: dict[str, Cells] = {}
        for (sheet, address), formula in formulas.items():
            by_sheet.setdefault(sheet, {})[split_address(address)] = formula
        for sheet, cells in by_sheet.items():
            for row, column, rows in rectangles(cells):
                area = self._book.sheets[sheet][join_address(row, column)].resize(len(rows), len(rows[0]))
                area.options("raw").value = rows

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells, a text as a text whatever it begins with; a new sheet comes last."""
        by_sheet: dict[str, Cells] = {}
        for (sheet, address), value in values.items():
            by_sheet.setdefault(sheet, {})[split_address(address)] = value
        for sheet, cells in by_sheet.items():
            there = [page.name for page in self._book.sheets]
            if sheet not in there:
                self._book.sheets.add(sheet, after=self._book.sheets[len(there) - 1])
            for row, column, rows in rectangles(cells) if sheet in there else [_rectangle(cells)]:
                area = self._book.sheets[sheet][join_address(row, column)].resize(len(rows), len(rows[0]))
                area.options("raw").value = [[_as_typed(value) for value in row] for row in rows]


def _rectangle(cells: Cells) -> tuple[int, int, Rows]:
    """All cells with the blanks between them, for a sheet that holds nothing yet."""
    height, width = (max(edge) for edge in zip(*cells, strict=True))
    return (
        1,
        1,
        [[cells.get((row, column)) for column in range(1, width + 1)] for row in range(1, height + 1)],
    )


def _cells(rows: Sequence[Sequence[Any]]) -> dict[str, CellValue]:
    return {
        join_address(row, column): _as_stored(value)
        for row, line in enumerate(rows, 1)
        for column, value in enumerate(line, 1)
        if value is not None and value != ""
    }


def _as_stored(value: Any) -> CellValue:
    """A value as a file holds it; Excel shows an @ where a formula takes one of several cells."""
    if not isinstance(value, str) or not value.startswith("="):
        return plain(value)
    parts = value.split('"')
    parts[::2] = [_INTERSECTION.sub("", part) for part in parts[::2]]
    return '"'.join(parts)


def _as_typed(value: CellValue) -> CellValue:
    """What is typed for a value; without the apostrophe Excel would take a text for a date or a formula."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value else value
