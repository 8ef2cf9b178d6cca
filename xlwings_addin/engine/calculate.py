"""The values of a workbook's formulas, computed by an engine this project did not write.

`recalculate` answers once; `Calculation` keeps the workbook loaded, takes new inputs and evaluates what hangs
on them. Python functions count as functions of the workbook, wherever a formula calls them: a function
`DCF_FCFF` answers to `DCF_FCFF(`, `VAL.DCF_FCFF(` (LibreOffice) and `_xldudf_VAL_DCF_FCFF(` (Office.js),
and to `[1]!DCF_FCFF(`, as Excel stores a call of a function that an add-in file holds.

The engine is formualizer. It reads every formula as a dynamic array formula; here a formula means what the
file says: one that is no array formula gives one value (implicit intersection for ranges, the first element
for the result of a Python function), an array formula fills exactly its area. A formula for which that cannot
be made certain is reported, like every other that the engine cannot evaluate: `UnevaluatedError`.
The engine reads no tables from a file: a structured reference, `Sales[[#This Row],[Net amount]]`, is told to
it as the cells that the file's table parts give it; one that names no such cells is reported.
`recalculation.recalculated` holds the values against those the file stores, and asks LibreOffice where this
engine gives up.

Limits: inside an aggregating function of a formula that is no array formula, `SUM(A1:A3*2)`, the engine
multiplies element by element, as Excel 365 does for formulas typed there; older programs intersect first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.exchange import Udf, to_engine
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.engine.refusals import refusals
from xlwings_addin.engine.settling import Settling
from xlwings_addin.engine.unevaluated import Unevaluated, UnevaluatedError
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue, Source, read_package

__all__ = ["ENGINE", "Calculation", "Udf", "Unevaluated", "UnevaluatedError", "engine_version", "recalculate"]

ENGINE = "formualizer"


def engine_version() -> str:
    """The version of the engine that is installed."""
    from importlib.metadata import version

    return version(ENGINE)


def recalculate(source: Source, udfs: Mapping[str, Udf]) -> dict[CellKey, CellValue]:
    """The value of every formula cell of a workbook, by sheet and address.

    `udfs` maps names of functions to Python callables. They get positional arguments: floats, strings, bools,
    None for a blank cell or an omitted argument, a list of rows for a range, an error as a string such as
    `#N/A`; they return such a value, or a list of rows. An error string returned is an error in the workbook;
    a `ValuationError` raised becomes the error it carries.
    Values are floats (dates as serial numbers in the workbook's date system), bools, strings, error strings
    and None for empty results, and cover the members of array formulas.
    Raises UnevaluatedError if any formula has no trustworthy value, BookError for a workbook that cannot be
    read and for a callable that raises anything but a `ValuationError`.
    """
    return Calculation(source, udfs).values()


class Calculation:
    """A workbook kept loaded: set inputs, evaluate what hangs on them, read values.

    `source` and `udfs` as for `recalculate`. A callable that raises anything but a `ValuationError` is
    broken: from then on every evaluation says so.
    """

    def __init__(self, source: Source, udfs: Mapping[str, Udf]) -> None:
        self.book = LoadedBook(read_package(source), udfs)
        self._settling = Settling(self.book)
        self._results: dict[CellKey, CellValue] | None = None
        self._replaced: set[CellKey] = set()
        self._entered: dict[CellKey, CellValue | date | datetime] = {}
        self._refusals = refusals(self.book)

    def set_value(self, sheet: str, cell: str, value: CellValue | date | datetime) -> None:
        """Put an input into a cell; None empties it. A string that reads like an error is that error.

        What the cell was given last is not given again: all that hangs on it would be evaluated once more.
        Raises BookError for a sheet that does not exist and for a cell whose value a formula decides.
        """
        key, row, column = self._find(sheet, cell)
        if key in self.book.formulas:
            place = f"{sheet}!{key[1]}"
            raise BookError("cell", place, "holds a formula and takes no input", display=place)
        if key in self._entered and _is_the_same(value, self._entered[key]):
            return
        self.book.workbook.set_value(engine_name(sheet), row, column, to_engine(value))
        if (value is None) == (key in self.book.filled):
            self.book.filled ^= {key}
            self._settling.forget_room()
        self._settling.forget_tables(key)
        self._entered[key] = value
        self._results = None

    def replace(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values in place of formulas, so that what hangs on them is calculated from these.

        `restore` puts the formulas back; one that refers to another workbook cannot be, and is not replaced.
        """
        for key, value in values.items():
            if "[" in self.book.told(key):
                place = f"{key[0]}!{key[1]}"
                raise BookError(
                    "cell", place, "refers to another workbook and stays a formula", display=place
                )
            self.book.freeze(key, value)
            self._replaced.add(key)
            self._settling.forget_tables(key)
        self._results = None

    def restore(self) -> None:
        """Put back the formulas that `replace` took out."""
        for key in self._replaced:
            del self.book.frozen[key]
            self.book.tell_again(key)
            self._settling.forget_tables(key)
        if self._replaced:
            self._results = None
        self._replaced = set()

    def leave_tables(self, sheets: Iterable[str]) -> None:
        """Let the what-if tables of some sheets, by title, be as they are until this is called again.

        Each of their cells takes an evaluation of its own, and not every case asks for them.
        """
        self._settling.leave_tables(sheets)
        self._results = None

    def attempt(self) -> tuple[dict[CellKey, CellValue], list[Unevaluated]]:
        """The values of all formula cells, and the formulas that have no trustworthy one, in order.

        Raises UnevaluatedError only where the engine gives up on the workbook as a whole.
        """
        try:
            values, uncertain = self._settling.settle()
        except UnevaluatedError as error:
            raise UnevaluatedError([*self._refusals, *error.cells]) from error.__cause__
        doubtful = [*uncertain, *self._refusals]
        by_place = {cell.place: cell for cell in doubtful if (cell.sheet, cell.cell) not in self.book.frozen}
        return values, sorted(by_place.values(), key=self._in_order)

    def evaluate(self) -> None:
        """Evaluate every formula that hangs on an input set since the last evaluation.

        Raises UnevaluatedError if any formula has no trustworthy value.
        """
        values, unevaluated = self.attempt()
        if unevaluated:
            raise UnevaluatedError(unevaluated)
        self._results = values

    def value(self, sheet: str, cell: str) -> CellValue:
        """The value of any cell, after an evaluation if inputs have changed."""
        key, _, _ = self._find(sheet, cell)
        if self._results is None:
            self.evaluate()
        return self.book.read(key)

    def values(self, cells: Iterable[CellKey] | None = None) -> dict[CellKey, CellValue]:
        """The values of `cells`, or of every formula cell, after an evaluation if inputs have changed."""
        if self._results is None:
            self.evaluate()
        if cells is not None:
            return {key: self.value(*key) for key in cells}
        return dict(self._results or {})

    def _find(self, sheet: str, cell: str) -> tuple[CellKey, int, int]:
        if sheet not in self.book.sheets:
            raise BookError("sheet", sheet, f"must be one of {', '.join(map(repr, self.book.sheets))}")
        row, column = split_address(cell)
        return (sheet, join_address(row, column)), row, column

    def _in_order(self, cell: Unevaluated) -> tuple[int, tuple[int, int]]:
        """Defined names first, then cells by sheet, row and column."""
        place = self.book.places.get((cell.sheet, cell.cell), (0, 0))
        return (self.book.sheets.index(cell.sheet) if cell.sheet in self.book.sheets else -1), place


def _is_the_same(one: object, other: object) -> bool:
    """Whether two inputs are one and the same to the engine; 0 and -0 are not."""
    return type(one) is type(other) and one == other and (one != 0 or str(one) == str(other))
