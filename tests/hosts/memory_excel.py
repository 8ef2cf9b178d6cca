"""A stand-in for Excel under xlwings' own objects: `xlwings.Book(impl=MemoryBook(...))`.

It is no Excel. It follows what Excel's object model documents, as far as the add-in uses it: Formula and
Value2 of whole ranges (a single cell as its value, errors as numbers, a number as text in Formula), what
Excel makes of a typed text unless an apostrophe stands before it, values that stay as they were until a
calculation, custom XML parts, SaveCopyAs, cells that refuse to be written, rows and columns that come in
(`memory_lines`). Values come from the embedded engine; a formula that is typed over goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

from lxml import etree
from xlwings import base_classes

from tests.hosts.memory_lines import MemoryCharts, MemoryLines, MemoryNames, inserted
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.cell_errors import NUMBERS, SCODE
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.state import NAMESPACE, parts_with_state, read_state, state_from_part, state_part
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    parts_with_values,
    read_values,
)
from xlwings_addin.xlsx.placing import Placed, with_cells
from xlwings_addin.xlsx.relinking import with_formulas

Place = tuple[int, int]


class RefusedError(Exception):
    """Stands for the error that COM raises."""


class Formula(str):
    """What a cell holds that calculates."""


class MemoryEngine:
    """What xlwings asks of an engine while it converts values on their way out."""

    name, type = "excel", "desktop"

    @staticmethod
    def prepare_xl_data_element(value: Any, _: Any) -> Any:
        return "" if value is None else value


class MemoryApp(base_classes.App):  # type: ignore[misc]
    """The application: its settings, and what it was made to say."""

    engine, pid = MemoryEngine(), 1
    calculation = screen_updating = enable_events = None  # plain attributes in place of the properties

    cut_copy_mode: Any = None

    def __init__(self) -> None:
        self.calculation, self.screen_updating, self.enable_events = "automatic", True, True
        self.said: list[tuple[str, str | None]] = []
        self.status: list[Any] = []
        self.book: MemoryBook | None = None

    @property
    def status_bar(self) -> Any:
        return self.status[-1] if self.status else False

    @status_bar.setter
    def status_bar(self, value: Any) -> None:
        self.status.append(value)

    def calculate(self) -> None:
        assert self.book is not None
        self.book.calculate()

    def alert(self, prompt: str, title: str, buttons: str, mode: str | None, callback: Any) -> None:
        self.said.append((prompt, mode))


class MemoryBook(base_classes.Book):  # type: ignore[misc]
    """An open workbook, read from a package."""

    api = app = name = names = sheets = None  # plain attributes in place of the properties

    def __init__(self, package: Package, name: str = "Model.xlsx") -> None:
        self.app, self.name, self.api = MemoryApp(), name, self
        self.app.book = self
        self.names = MemoryNames(self)
        self.pages: dict[str, dict[Place, Any]] = {}
        self.typed: dict[CellKey, CellValue] = {}
        self.linked: dict[CellKey, str] = {}
        self.ever_typed: dict[CellKey, CellValue] = {}
        self.load(package)
        self.shifts = True
        self.clipboard: CellKey | None = None
        self.looks: dict[CellKey, CellKey | None] = {}
        self.levels: dict[tuple[str, str, int], int] = {}
        self.arrays: set[tuple[str, Place]] = set()
        self.widths: dict[tuple[str, int], float] = {}
        self.refuse: Callable[[str, Place], bool] = lambda title, place: False
        self.sheets = MemorySheets(self)
        self.CustomXMLParts = MemoryParts()
        state = read_state(package)
        if state is not None:
            self.CustomXMLParts.Add(state_part(state))
        # A file that is opened shows what it stores.
        stored = read_values(package)
        formulas = {(cell.sheet, cell.cell) for cell in formula_cells(package)}
        self.values = {at: stored.get(at) for at in formulas}
        if None in self.values.values():
            self.values = {}
            self.calculate()

    def load(self, package: Package) -> None:
        """Take the cells of the sheets that a package has from it."""
        self.package = package
        self.pages |= {title: {} for title in package.sheets()}
        for (sheet, address), value in read_values(package).items():
            if value is not None:
                self.pages[sheet][split_address(address)] = value
        for cell in formula_cells(package):
            self.pages[cell.sheet][split_address(cell.cell)] = Formula(f"={cell.text or '(array)'}")
        for place, text in ((place, table.text) for table in data_tables(package) for place in table.cells()):
            self.pages[place.key[0]][split_address(place.key[1])] = Formula(text)
        self.engine: Calculation | None = None
        self.values: dict[CellKey, CellValue] = {}

    def fold(self) -> None:
        """Put what was typed into the package itself."""
        contents = {at: Placed(value) for at, value in (self.ever_typed | self.typed).items()}
        contents |= {at: Placed(None, formula) for at, formula in self.linked.items()}
        there = {at: placed for at, placed in contents.items() if at[0] in self.package.sheets()}
        self.ever_typed, self.typed, self.linked = {}, {}, {}
        if there:
            self.load(with_cells(self.package, there))

    def insert(self, title: str, axis: str, at: int, count: int) -> None:
        """Insert rows or columns, or delete them; references follow, unless this is a bad stand-in."""
        if self.refuse(title, (at, 1) if axis == "rows" else (1, at)):
            raise RefusedError(f"{title} is protected.")
        self.fold()
        self.load(inserted(self.package, title, axis, at, count, follows=self.shifts))

    def calculate(self) -> None:
        """What Excel does when it calculates: formulas follow what was typed."""
        if self.linked:
            self.fold()
        if self.values and not self.typed:
            return
        typed = {at: value for at, value in self.typed.items() if at[0] in self.package.sheets()}
        self.ever_typed |= typed
        if overwritten := typed.keys() & self.values.keys():
            self.package = with_formulas(self.package, {}, overwritten)
            self.engine, typed = None, self.ever_typed
        if self.engine is None:
            self.engine = Calculation(self.package, callbacks())
        for at, value in typed.items():
            self.engine.set_value(*at, value)
        self.typed.clear()
        self.values = self.engine.values()

    def put(self, title: str, place: Place, content: Any) -> None:
        """Type something into a cell, before anything is calculated."""
        cell_content = _typed_in(content)
        page = self.pages[title]
        if cell_content is None:
            page.pop(place, None)
        else:
            page[place] = cell_content
        at = title, join_address(*place)
        if isinstance(cell_content, Formula):
            self.typed.pop(at, None)
            self.ever_typed.pop(at, None)
            self.linked[at] = cell_content
        else:
            self.linked.pop(at, None)
            self.typed[at] = cell_content

    def shows(self, title: str, place: Place) -> CellValue:
        """What a cell shows."""
        content = self.pages[title].get(place)
        return self.values.get((title, join_address(*place))) if isinstance(content, Formula) else content

    def SaveCopyAs(self, path: str) -> None:  # noqa: N802
        """A copy of the file, without the sheets that were added."""
        values = {
            (title, join_address(*place)): self.shows(title, place)
            for title in self.package.sheets()
            for place in self.pages[title]
        }
        parts = parts_with_values(self.package, values, add_cells=True)
        kept = self.CustomXMLParts.SelectByNamespace(NAMESPACE)
        if kept.Count:
            state = state_from_part(kept.Item(1).XML, name=self.name)
            parts |= parts_with_state(self.package, state)
        Path(path).write_bytes(self.package.with_parts(parts))


class MemoryPart:
    """A custom XML part."""

    def __init__(self, parts: list[MemoryPart], xml: str) -> None:
        self._parts, self.XML = parts, xml

    def Delete(self) -> None:  # noqa: N802
        self._parts.remove(self)


class MemoryParts:
    """The custom XML parts of a workbook, or some of them: counted from one, and live."""

    def __init__(self, parts: list[MemoryPart] | None = None, namespace: str | None = None) -> None:
        self._parts, self._namespace = [] if parts is None else parts, namespace

    def _chosen(self) -> list[MemoryPart]:
        return [
            part
            for part in self._parts
            if self._namespace in (None, etree.QName(etree.fromstring(part.XML)).namespace)
        ]

    @property
    def Count(self) -> int:  # noqa: N802
        return len(self._chosen())

    def Item(self, number: int) -> MemoryPart:  # noqa: N802
        return self._chosen()[number - 1]

    def Add(self, xml: str) -> None:  # noqa: N802
        self._parts.append(MemoryPart(self._parts, xml))

    def SelectByNamespace(self, namespace: str) -> MemoryParts:  # noqa: N802
        return MemoryParts(self._parts, namespace)


class MemorySheets(base_classes.Sheets):  # type: ignore[misc]
    """The sheets of a workbook."""

    def __init__(self, book: MemoryBook) -> None:
        self.book = book
        self.active_title = next(iter(book.pages))

    @property
    def active(self) -> MemorySheet:
        return MemorySheet(self.book, self.active_title)

    def __call__(self, name_or_index: str | int) -> MemorySheet:
        titles = list(self.book.pages)
        title = titles[name_or_index - 1] if isinstance(name_or_index, int) else name_or_index
        if title not in titles:
            raise RefusedError(f"Subscript out of range: {title}")
        return MemorySheet(self.book, title)

    def __len__(self) -> int:
        return len(self.book.pages)

    def __iter__(self) -> Iterator[MemorySheet]:
        return (MemorySheet(self.book, title) for title in self.book.pages)

    def add(self, before: Any = None, after: MemorySheet | None = None, name: str = "") -> MemorySheet:
        assert after is not None
        assert after.name == list(self.book.pages)[-1]
        self.book.pages[name] = {}
        self.active_title = name
        return MemorySheet(self.book, name)


class MemorySheet(base_classes.Sheet):  # type: ignore[misc]
    """A sheet of a workbook."""

    api = book = name = None  # plain attributes in place of the properties

    def __init__(self, book: MemoryBook, name: str) -> None:
        self.api, self.book, self.name = self, book, name

    @property
    def used_range(self) -> MemoryRange:
        rows, columns = zip(*(self.book.pages[self.name] or {(1, 1): None}), strict=True)
        height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        return MemoryRange(self, (min(rows), min(columns)), (height, width))

    def range(self, arg1: Place | MemoryRange, arg2: Place | MemoryRange | None = None) -> MemoryRange:
        first, last = (
            (entry.row, entry.column) if isinstance(entry, MemoryRange) else entry
            for entry in (arg1, arg1 if arg2 is None else arg2)
        )
        return MemoryRange(self, first, (last[0] - first[0] + 1, last[1] - first[1] + 1))

    def ChartObjects(self) -> MemoryCharts:  # noqa: N802
        return MemoryCharts(self.book, self.name)

    def activate(self) -> None:
        self.book.sheets.active_title = self.name

    def delete(self) -> None:
        del self.book.pages[self.name]


class MemoryRange(base_classes.Range):  # type: ignore[misc]
    """A rectangle of cells."""

    api = sheet = shape = row = column = None  # plain attributes in place of the properties
    max_cells_per_read = max_cells_per_write = None

    def __init__(self, sheet: MemorySheet, first: Place, shape: Place) -> None:
        self.api, self.sheet, self.shape = self, sheet, shape
        self.row, self.column = first

    def __call__(self, row: int, column: int | None = None) -> MemoryRange:
        assert column is not None
        return MemoryRange(self.sheet, (self.row + row - 1, self.column + column - 1), (1, 1))

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def address(self) -> str:
        return join_address(self.row, self.column)

    @property
    def EntireRow(self) -> MemoryLines:  # noqa: N802
        return MemoryLines(self.sheet.book, self.sheet.name, "rows", self.row, self.shape[0])

    @property
    def EntireColumn(self) -> MemoryLines:  # noqa: N802
        return MemoryLines(self.sheet.book, self.sheet.name, "columns", self.column, self.shape[1])

    @property
    def HasArray(self) -> bool:  # noqa: N802
        return (self.sheet.name, (self.row, self.column)) in self.sheet.book.arrays

    def copy(self, destination: Any = None) -> None:
        assert destination is None
        self.sheet.book.clipboard = self.sheet.name, self.address

    def paste(self, paste: Any, operation: Any, skip_blanks: Any, transpose: Any) -> None:
        assert paste == "formats"
        for place in chain.from_iterable(self._places()):
            self.sheet.book.looks[self.sheet.name, join_address(*place)] = self.sheet.book.clipboard

    @property
    def column_width(self) -> float:
        return self.sheet.book.widths[self.sheet.name, self.column]

    @column_width.setter
    def column_width(self, width: float) -> None:
        self.sheet.book.widths[self.sheet.name, self.column] = width

    def _places(self) -> list[list[Place]]:
        height, width = self.shape
        return [[(self.row + down, self.column + right) for right in range(width)] for down in range(height)]

    def _by_place(self, give: Callable[[Place], Any]) -> Any:
        rows = tuple(tuple(give(place) for place in line) for line in self._places())
        return rows if self.shape != (1, 1) else rows[0][0]

    @property
    def Value2(self) -> Any:  # noqa: N802
        book, title = self.sheet.book, self.sheet.name
        return self._by_place(lambda place: _as_com(book.shows(title, place)))

    @property
    def formula(self) -> Any:
        page: Mapping[Place, Any] = self.sheet.book.pages[self.sheet.name]
        return self._by_place(lambda place: _formula_of(page.get(place)))

    @formula.setter
    def formula(self, contents: Any) -> None:
        rows = contents if isinstance(contents, list | tuple) else [[contents]]
        assert (len(rows), len(rows[0])) == self.shape
        book, title = self.sheet.book, self.sheet.name
        for place in chain.from_iterable(self._places()):
            if str(book.pages[title].get(place)).startswith("=TABLE("):
                raise RefusedError("Cannot change part of a data table.")
            if book.refuse(title, place):
                raise RefusedError(f"The cell {join_address(*place)} on {title} is protected.")
        for line, contents_of_line in zip(self._places(), rows, strict=True):
            for place, content in zip(line, contents_of_line, strict=True):
                book.put(title, place, content)
        if book.app.calculation == "automatic":
            book.calculate()


def _as_com(value: Any) -> Any:
    return SCODE + NUMBERS[value] if isinstance(value, str) and value in NUMBERS else value


def _formula_of(content: Any) -> str:
    """Range.Formula: of a constant its text, as it would be typed in."""
    if isinstance(content, bool):
        return str(content).upper()
    return "" if content is None else f"{content:.15g}" if isinstance(content, float) else str(content)


def _typed_in(content: Any) -> Any:
    """What Excel makes of what is typed: of some texts a formula, a number, a date, TRUE or FALSE."""
    if not isinstance(content, str):
        return content
    if content.startswith("'"):
        return content[1:]
    if content.startswith("="):
        return Formula(content)
    if content.upper() in ("TRUE", "FALSE"):
        return content.upper() == "TRUE"
    for reads in (float, lambda text: plain(date.fromisoformat(text))):
        try:
            return reads(content)
        except ValueError:
            continue
    return content or None
