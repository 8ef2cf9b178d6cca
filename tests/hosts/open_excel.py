"""A workbook as it is open in Excel: cells that recalculate, and what the client of xlwings sends of them.

The values come from the embedded engine. The payload has the fields that xlwings 0.37.8 sends
(static/js/custom-scripts/index.js of xlwings-server 1.20.0), with dates as ISO text, as that client writes
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import WINDOWS_EPOCH

from tests.hosts.memory_lines import inserted
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.state import State, read_state, state_text
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.growth.growing import moved
from xlwings_addin.sheets import sheets
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.moving.shift import LIMITS, Shift
from xlwings_addin.xlsx.package import CellKey, CellValue, formula_cells, read_package, read_values
from xlwings_addin.xlsx.placing import Placed, with_cells
from xlwings_addin.xlsx.relinking import with_formulas

EDGES = ("start_row", "start_column", "row_count", "column_count")
OURS = [sheet.title for sheet in sheets()]


@cache
def _formats(path: Path) -> dict[str, dict[str, str]]:
    """The number formats of a file that no test changes."""
    return {
        sheet.title: {
            cell.coordinate: cell.number_format
            for line in sheet.iter_rows()
            for cell in line
            if cell.value is not None
        }
        for sheet in load_workbook(path)
    }


class OpenExcel:
    """A workbook of which cells can be typed and shown."""

    def __init__(self, path: Path) -> None:
        package = read_package(path)
        self.state: State | None = read_state(package)
        self.formats = dict(_formats(path))
        cells = FileMedium(path, {})
        self.typed = {title: dict(cells.read(title)) for title in package.sheets()}
        self.package, self.ever_typed = package, dict[CellKey, CellValue]()
        self._linked: dict[CellKey, str] = {}
        self.sent: dict[CellKey, CellValue] = {}
        self._calculation: Calculation | None = None
        self.shifts = True
        self.looks: dict[tuple[str, int, int, int, int], CellKey] = {}
        self.calculated = set(package.sheets())
        # A file that is opened shows what it stores.
        stored = read_values(package)
        values = {at: stored.get(at) for at in ((cell.sheet, cell.cell) for cell in formula_cells(package))}
        self._values: dict[CellKey, CellValue] | None = None if None in values.values() else values

    @property
    def calculation(self) -> Calculation:
        """The workbook in the engine."""
        if self._calculation is None:
            self._calculation = Calculation(self.package, callbacks())
        return self._calculation

    @property
    def values(self) -> dict[CellKey, CellValue]:
        """What formulas show; those that were written since are calculated now."""
        if self._linked:
            self._fold()
        if self._values is None:
            self._values = dict(self.calculation.values())
        return self._values

    def type(self, typed: Mapping[CellKey, CellValue]) -> None:
        """Type values into cells; a formula that stands there goes, and what hangs on them follows."""
        for sheet, address in typed:
            assert not str(self.typed.get(sheet, {}).get(address)).startswith("=TABLE("), (
                "part of a data table"
            )
        formulas = {at: str(value) for at, value in typed.items() if str(value).startswith("=")}
        self._linked |= {at: text for at, text in formulas.items() if at[0] in self.calculated}
        if formulas.keys() == typed.keys():
            for (sheet, address), text in formulas.items():
                self.typed.setdefault(sheet, {})[address] = text
            return
        self._overwrite({at for at in typed.keys() - formulas.keys() if at in self.values})
        for (sheet, address), value in typed.items():
            cells = self.typed.setdefault(sheet, {})
            if value == "":
                cells.pop(address, None)
            else:
                cells[address] = value.removeprefix("'") if isinstance(value, str) else value
            if sheet in self.calculated and not str(value).startswith("="):
                self.ever_typed[sheet, address] = cells.get(address)
                self.calculation.set_value(sheet, address, cells.get(address))
        self._values = None

    def _overwrite(self, formulas: set[CellKey]) -> None:
        if formulas:
            self.package = with_formulas(self.package, {}, formulas)
            self._calculation = None
            for at, value in self.ever_typed.items():
                self.calculation.set_value(*at, value)

    def _fold(self) -> None:
        """Put what was typed into the package itself."""
        typed = {at: Placed(value) for at, value in self.ever_typed.items()}
        typed |= {at: Placed(None, text) for at, text in self._linked.items()}
        self.ever_typed, self._linked = {}, {}
        if typed:
            self.package = with_cells(self.package, typed)
        self._calculation = self._values = None

    def insert(self, sheet: str, axis: Any, at: int, count: int) -> None:
        """Insert rows or columns; references follow, unless this is a bad stand-in."""
        self._fold()
        self.package = inserted(self.package, sheet, axis, at, count, follows=self.shifts)
        contents = cell_contents(self.package)
        self.typed |= {title: dict(contents.get(title, {})) for title in self.calculated & {*self.typed}}
        shift = ((sheet, Shift(axis, at, count)),)
        self.formats[sheet] = {
            moved((sheet, cell), shift)[1]: form for cell, form in self.formats[sheet].items()
        }
        self._calculation = self._values = None

    def display(self, sheet: str, address: str) -> CellValue:
        typed = self.typed[sheet].get(address)
        is_formula = isinstance(typed, str) and typed.startswith("=") and sheet in self.calculated
        return self.values.get((sheet, address)) if is_formula else typed

    def grid(self, sheet: str, what: str) -> list[list[Any]]:
        """The cells of a sheet from A1 on: its "values", "formulas" or "formats"."""
        cells = self.typed[sheet]
        places = [split_address(address) for address in cells] or [(1, 1)]
        height, width = max(row for row, _ in places), max(column for _, column in places)
        return [
            [self._cell(sheet, join_address(row, column), what) for column in range(1, width + 1)]
            for row in range(1, height + 1)
        ]

    def _cell(self, sheet: str, address: str, what: str) -> Any:
        if what == "formats":
            return self.formats.get(sheet, {}).get(address, "General")
        value, content = self.display_and_content(sheet, address)
        return value if what == "values" else content

    def display_and_content(self, sheet: str, address: str) -> tuple[Any, Any]:
        """The value of a cell and its formula, as Office.js gives them: "" for a blank."""
        both = self.display(sheet, address), self.typed[sheet].get(address)
        return tuple("" if entry is None else entry for entry in both)  # type: ignore[return-value]

    def payload(self, *args: Any, include: Sequence[str] = OURS) -> dict[str, Any]:
        """What the client sends for a script; without `args` it is started by other means than our pane."""
        body: dict[str, Any] = {
            "client": "Office.js",
            "version": "0.37.8",
            "book": {
                "name": "Book1.xlsx",
                "active_sheet_index": 0,
                "selection": "A1",
                "calculation": "Automatic",
            },
            "names": [],
            "sheets": [self._sheet(title, title in include) for title in self.typed],
        }
        return {**body, "args": list(args)} if args else body

    def _sheet(self, title: str, included: bool) -> dict[str, Any]:
        return {
            "name": title,
            "visibility": "Visible",
            "show_gridlines": True,
            "print_area": None,
            "notes": [],
            "notes_supported": False,
            "values": self._sent(title) if included else [[]],
            **{kind: [] for kind in ("pictures", "shapes", "charts", "tables", "pivot_tables")},
        }

    def _sent(self, title: str) -> list[list[Any]]:
        values, formats = self.grid(title, "values"), self.grid(title, "formats")
        return [
            [
                f"{(WINDOWS_EPOCH + timedelta(days=value)).isoformat()}.000Z"
                if isinstance(value, float) and is_date_format(form)
                else value
                for value, form in zip(line, forms, strict=True)
            ]
            for line, forms in zip(values, formats, strict=True)
        ]

    def formulas(self) -> dict[str, list[list[Any]]]:
        """What our task pane sends beside the values."""
        return {title: self.grid(title, "formulas") for title in OURS if title in self.typed}

    def state_text(self) -> str | None:
        return None if self.state is None else state_text(self.state)

    def apply(self, actions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Do what the client does with an answer; the calls of the task pane's functions, by name."""
        titles, calls = list(self.typed), {}
        typed: dict[CellKey, CellValue] = {}
        for action in actions:
            sheet = "" if action["sheet_position"] is None else titles[action["sheet_position"]]
            if action["func"] == "addSheet":
                position, name = action["args"]
                titles.insert(position, name)
                self.typed[name] = {}
            elif action["func"] == "runMacro":
                name, argument = action["args"]
                calls[name] = argument
            elif action["func"] == "rangeInsert":
                self.type(typed)
                typed = {}
                self._insert(sheet, action)
            elif action["func"] == "copyFromRange":
                position, model, *how = action["args"]
                assert how == ["Formats", False, False]
                self.looks[sheet, *(action[edge] for edge in EDGES)] = titles[position], model
            else:
                assert action["func"] == "setValues", action
                for down, line in enumerate(action["values"], action["start_row"] + 1):
                    for right, value in enumerate(line, action["start_column"] + 1):
                        typed[sheet, join_address(down, right)] = value
        self.type(typed)
        return calls

    def _insert(self, sheet: str, action: Mapping[str, Any]) -> None:
        row, column, rows, columns = (action[edge] for edge in EDGES)
        direction, origin = action["args"]
        assert origin == "format_from_left_or_above"
        if direction == "down":
            assert (column, columns) == (0, LIMITS["columns"])
            self.insert(sheet, "rows", row + 1, rows)
        else:
            assert (row, rows) == (0, LIMITS["rows"])
            self.insert(sheet, "columns", column + 1, columns)
