"""A stand-in for Excel on a Mac: xlwings' own code for it, over the terms of AppleScript that it uses.

xlwings._xlmac runs as it is, with empty modules for appscript, aem and osax. Beneath it stands the workbook
of `memory_excel`, by the names of Excel's AppleScript dictionary: a name that xlwings' copy of the dictionary
lacks, such as Value2 or CustomXMLParts, is no attribute, as in appscript, and one that this stand-in lacks
ends the test. What AppleScript does otherwise than COM: days come as dates, an error as no value, with its
text only in what the cell shows; None and numpy's numbers are not taken; a refusal is a CommandError.
"""

from __future__ import annotations

import atexit
import importlib
import struct
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.styles.numbers import is_date_format

from tests.hosts.memory_excel import MemoryBook
from xlwings_addin.functions.cell_errors import NUMBERS
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.dates import SERIAL_ORIGIN

Place = tuple[int, int]


class Keyword:
    """A constant of appscript, `k.manual`."""

    def __init__(self, name: str) -> None:
        self.AS_name = name


class Keywords:
    """appscript's `k`: the same constant for the same name."""

    def __getattr__(self, name: str) -> Keyword:
        keyword = Keyword(name)
        setattr(self, name, keyword)
        return keyword


class CommandError(Exception):
    """What appscript raises where Excel refuses a command."""

    errornumber = -50


def _modules() -> dict[str, types.ModuleType]:
    """appscript and what comes with it, as far as xlwings imports it."""
    names = ("appscript", "appscript.reference", "aem", "osax")
    modules = {name: types.ModuleType(name) for name in names}
    empty = types.SimpleNamespace()
    reference = modules["appscript.reference"]
    reference.CommandError, reference.Reference = CommandError, object  # type: ignore[attr-defined]
    script = modules["appscript"]
    script.its, script.k, script.mactypes = empty, Keywords(), empty  # type: ignore[attr-defined]
    script.reference = reference  # type: ignore[attr-defined]
    modules["aem"].kae = types.SimpleNamespace(typeKernelProcessID=b"kpid")  # type: ignore[attr-defined]
    return modules


@contextmanager
def xlwings_on_a_mac() -> Iterator[types.ModuleType]:
    """xlwings' module for the Mac; what it would do when Python ends is left out."""
    modules = _modules()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        patch.setattr(atexit, "register", lambda function: function)
        patch.delitem(sys.modules, "xlwings._xlmac", raising=False)
        yield importlib.import_module("xlwings._xlmac")
        sys.modules.pop("xlwings._xlmac", None)


class Term:
    """A reference of appscript: an attribute is a term of Excel's dictionary, or none."""

    TERMS: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.TERMS:
            raise AttributeError(f"Unknown property, element or command: {name!r}")
        raise NotImplementedError(f"{type(self).__name__} of the stand-in has no {name}")


class Property(Term):
    """A property: what can be got, and perhaps set."""

    def __init__(self, get: Callable[[], Any], put: Callable[[Any], None] | None = None) -> None:
        self.get, self._put = get, put

    def set(self, value: Any) -> None:
        if self._put is None:
            raise CommandError("Can't set it.")
        self._put(value)


def _of(owner: Any, name: str) -> Property:
    return Property(lambda: getattr(owner, name), lambda value: setattr(owner, name, value))


class AppleApp(Term):
    """The application."""

    def __init__(self, book: MemoryBook, xlmac: Any) -> None:
        self.memory, self.xlmac, self.alerts_are_on = book, xlmac, True
        app = book.app
        for name in ("screen_updating", "enable_events", "status_bar"):
            setattr(self, name, _of(app, name))
        self.calculation = Property(
            lambda: xlmac.calculation_s2k[app.calculation],
            lambda value: setattr(app, "calculation", xlmac.calculation_k2s[value]),
        )
        self.display_alerts = _of(self, "alerts_are_on")
        self.workbooks = {book.name: AppleBook(self)}
        process = types.SimpleNamespace(data=struct.pack("i", 4711))
        address = types.SimpleNamespace(coerce=lambda _: process)
        self.AS_appdata = types.SimpleNamespace(target=lambda: types.SimpleNamespace(addressdesc=address))

    def calculate(self) -> None:
        self.memory.calculate()


class AppleBook(Term):
    """A workbook."""

    full_name = ""

    def __init__(self, app: AppleApp) -> None:
        self.app, self.memory = app, app.memory
        self.name = Property(lambda: self.memory.name)
        self.worksheets = Worksheets(self)
        self.active_sheet = Term()
        self.active_sheet.name = Property(lambda: self.memory.sheets.active_title)  # type: ignore[attr-defined]

    def count(self, **options: Keyword) -> int:
        assert [(name, kind.AS_name) for name, kind in options.items()] == [("each", "worksheet")]
        return len(self.memory.pages)

    def properties(self) -> dict[Keyword, str]:
        return {self.app.xlmac.kw.full_name: self.full_name or self.memory.name}

    def make(self, new: Keyword, at: AppleSheet) -> AppleSheet:
        assert new.AS_name == "worksheet"
        assert at.title == list(self.memory.pages)[-1]
        title = f"Sheet{len(self.memory.pages) + 1}"
        self.memory.pages[title] = {}
        self.memory.sheets.active_title = title
        return AppleSheet(self, title)


class Worksheets:
    """The sheets of a workbook by name or number, looked up when something is asked of one."""

    def __init__(self, book: AppleBook) -> None:
        self._book = book

    def __getitem__(self, key: str | int) -> AppleSheet:
        return AppleSheet(self._book, list(self._book.memory.pages)[key - 1] if isinstance(key, int) else key)


class AppleSheet(Term):
    """A sheet; `after` is the place behind it."""

    def __init__(self, book: AppleBook, title: str) -> None:
        self.book, self.memory, self.title = book, book.memory, title
        self.name = Property(lambda: self.title, self._rename)
        self.cells, self.rows = Areas(self), Lines(self)

    @property
    def after(self) -> AppleSheet:
        return self

    def _rename(self, title: str) -> None:
        memory = self.memory
        memory.pages = {title if name == self.title else name: page for name, page in memory.pages.items()}
        memory.sheets.active_title = title
        self.title = title

    def activate_object(self) -> None:
        self.memory.sheets.active_title = self.title

    def delete(self) -> None:
        if self.book.app.alerts_are_on:
            raise CommandError("Excel asks whether to delete the sheet, and nobody answers.")
        del self.memory.pages[self.title]

    @property
    def used_range(self) -> AppleRange:
        rows, columns = zip(*(self.memory.pages[self.title] or {(1, 1): None}), strict=True)
        return AppleRange(self, (min(rows), min(columns)), (max(rows), max(columns)))


class Areas:
    """Ranges of a sheet by their addresses."""

    def __init__(self, sheet: AppleSheet) -> None:
        self._sheet = sheet

    def __getitem__(self, address: str) -> AppleRange:
        first, _, last = address.replace("$", "").partition(":")
        return AppleRange(self._sheet, split_address(first), split_address(last or first))


class Lines:
    """`rows[2].columns[3]`: a cell by its numbers."""

    def __init__(self, sheet: AppleSheet) -> None:
        self._sheet = sheet

    def __getitem__(self, row: int) -> Any:
        cells = {column: AppleRange(self._sheet, (row, column), (row, column)) for column in range(1, 200)}
        return types.SimpleNamespace(columns=cells)


class AppleRange(Term):
    """A rectangle of cells."""

    def __init__(self, sheet: AppleSheet, first: Place, last: Place) -> None:
        self.sheet, self.memory, self.first, self.last = sheet, sheet.memory, first, last
        self.first_row_index = Property(lambda: first[0])
        self.first_column_index = Property(lambda: first[1])
        self.value = Property(lambda: self._by_place(self._value))
        self.string_value = Property(lambda: self._by_place(self._displayed))
        self.formula = Property(lambda: self._by_place(self._formula), self._put)
        self.column_width = Property(lambda: None, self._widen)

    def count(self, **options: Keyword) -> int:
        axis = {"row": 0, "column": 1}[options["each"].AS_name]
        return self.last[axis] - self.first[axis] + 1

    def get_address(self, **_: Any) -> str:
        ends = [
            "$" + address.rstrip("0123456789") + "$" + address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            for address in (join_address(*self.first), join_address(*self.last))
        ]
        return ":".join(ends) if self.first != self.last else ends[0]

    def _places(self) -> list[list[Place]]:
        columns = range(self.first[1], self.last[1] + 1)
        return [[(row, column) for column in columns] for row in range(self.first[0], self.last[0] + 1)]

    def _by_place(self, give: Callable[[Place], Any]) -> Any:
        rows = [[give(place) for place in line] for line in self._places()]
        return rows if self.first != self.last else rows[0][0]

    def _value(self, place: Place) -> Any:
        value = self.memory.shows(self.sheet.title, place)
        if value is None:
            return ""
        if isinstance(value, str) and value in NUMBERS:
            return self.sheet.book.app.xlmac.kw.missing_value
        if isinstance(value, float) and (self.sheet.title, place) in days_of(self.memory):
            return SERIAL_ORIGIN + timedelta(days=value)
        return value

    def _displayed(self, place: Place) -> str:
        """The text of a cell; of a number without its format, which nobody here asks for."""
        value = self.memory.shows(self.sheet.title, place)
        return "" if value is None else str(value)

    def _formula(self, place: Place) -> Any:
        content = self.memory.pages[self.sheet.title].get(place)
        return "" if content is None else content if isinstance(content, float | bool) else str(content)

    def _put(self, contents: Any) -> None:
        rows = contents if isinstance(contents, list) else [[contents]]
        places = self._places()
        assert (len(rows), len(rows[0])) == (len(places), len(places[0]))
        for line, contents_of_line in zip(places, rows, strict=True):
            for place, content in zip(line, contents_of_line, strict=True):
                assert type(content) in (str, float, bool), f"{content!r} cannot be packed"
                if self.memory.refuse(self.sheet.title, place):
                    raise CommandError(f"The cell {join_address(*place)} is protected.")
                self.memory.put(self.sheet.title, place, content)
        if self.memory.app.calculation == "automatic":
            self.memory.calculate()

    def _widen(self, width: float) -> None:
        self.memory.widths[self.sheet.title, self.first[1]] = width


_DAYS: dict[bytes, set[tuple[str, Place]]] = {}


def days_of(book: MemoryBook) -> set[tuple[str, Place]]:
    """The cells of a workbook that are formatted as dates."""
    key = book.package.original
    if key not in _DAYS:
        _DAYS[key] = {
            (sheet.title, (cell.row, cell.column))
            for sheet in load_workbook(BytesIO(key))
            for line in sheet.iter_rows()
            for cell in line
            if is_date_format(cell.number_format)
        }
    return _DAYS[key]


def alerts_of(book: MemoryBook, xlmac: types.ModuleType) -> None:
    """Have the messages of StandardAdditions go where those of the stand-in for Windows go."""

    def display_alert(title: str, message: str, buttons: Any, as_: Keyword) -> dict[Any, str]:
        modes = {"informational": "info", "critical": "critical"}
        book.app.said.append((message, modes[as_.AS_name]))
        return {xlmac.kw.button_returned: "OK"}

    def additions(pid: int) -> Any:
        assert pid == 4711
        return types.SimpleNamespace(activate=lambda: None, display_alert=display_alert)

    xlmac.osax.OSAX = additions


def opened_on_a_mac(memory: MemoryBook, xlmac: types.ModuleType, full_name: str = "") -> Any:
    """xlwings' book of a workbook of `memory_excel`, as it is open in Excel on a Mac."""
    dictionary = importlib.import_module("xlwings.mac_dict")
    tables = (dictionary.classes, dictionary.enums, dictionary.properties, dictionary.elements)
    Term.TERMS = frozenset(entry[0] for table in (*tables, dictionary.commands) for entry in table)
    alerts_of(memory, xlmac)
    app = AppleApp(memory, xlmac)
    app.workbooks[memory.name].full_name = full_name
    return xlmac.Book(xlmac.App(xl=app), memory.name)
