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
`libreoffice.recalculate_with_fallback` asks LibreOffice where this engine gives up.

Limits: inside an aggregating function of a formula that is no array formula, `SUM(A1:A3*2)`, the engine
multiplies element by element, as Excel 365 does for formulas typed there; older programs intersect first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from xlwings_addin.book.elementwise import OF_ONE_VALUE, ONE_ARGUMENT, over_several_cells
from xlwings_addin.book.package import (
    CellKey,
    CellValue,
    FormulaCell,
    Package,
    Source,
    formula_cells,
    is_error,
    read_package,
    write_values,
)
from xlwings_addin.book.sheet_xml import cells_in, join_address, split_address, text_value
from xlwings_addin.book.structured_references import (
    Place,
    structured_references,
    tables_of,
    with_plain_ranges,
)
from xlwings_addin.core.errors import BookError, ValuationError

if TYPE_CHECKING:
    import formualizer

__all__ = [
    "LINK",
    "SPELLINGS",
    "Calculation",
    "Unevaluated",
    "UnevaluatedError",
    "calls_in",
    "functions_called",
    "own_functions",
    "plain_formulas",
    "recalculate",
]

Udf = Callable[..., object]

SPELLINGS = ("{name}", "VAL.{name}", "_xldudf_VAL_{name}")
"""How the hosts write a call of the function `name` in a file."""

LINK = re.compile(r"\[[0-9]+\]!")
"""How Excel marks, in a file, a function that it took from an add-in file: `[1]!DCF_FCFF(`."""

_ERROR_KINDS = {
    "#NULL!": "Null",
    "#DIV/0!": "Div",
    "#VALUE!": "Value",
    "#REF!": "Ref",
    "#NAME?": "Name",
    "#NUM!": "Num",
    "#N/A": "Na",
    "#SPILL!": "Spill",
    "#CALC!": "Calc",
}
_ERROR_OF_KIND = {kind: error for error, kind in _ERROR_KINDS.items()}
_NO_RESULT = {
    "Circ": "is part of a circular reference",
    "NImpl": "uses something the engine does not implement",
    "Error": "cannot be parsed by the engine",
    "Cancelled": "was cancelled",
    "Spill": "would fill more cells than its own, and they are not free",
    "Name": "uses a name or function that the engine does not know, or a cell that does",
}
_COMPUTED_WRONGLY = {"FILTER": "which the engine computes wrongly for the cells of one row"}
"""Functions whose wrong results formualizer 0.13.0 does not announce: FILTER({1,2,3},{1,0,1}) keeps all."""

_MOST_ROUNDS = 20
"""Evaluations after which values that still change are random numbers."""

_FIT_AREA, _OMITTED = "VAL_FIT_AREA_OF_ARRAY_FORMULA", "VAL_OMITTED_ARGUMENT"


class Unevaluated(NamedTuple):
    """A formula without a trustworthy value, and why; a defined name has no sheet."""

    sheet: str
    cell: str
    formula: str
    reason: str

    @property
    def place(self) -> str:
        """Where it stands: `Sheet!A1`, or the defined name."""
        return f"{self.sheet}!{self.cell}" if self.sheet else self.cell

    @property
    def is_faulty(self) -> bool:
        """Whether the formula is at fault and not the engine: it hangs on itself or cannot be parsed."""
        return self.reason in (_NO_RESULT["Circ"], _NO_RESULT["Error"])


class UnevaluatedError(BookError):
    """A workbook with formulas that the engine cannot evaluate; `cells` lists them all."""

    def __init__(self, cells: Sequence[Unevaluated]) -> None:
        self.cells = list(cells)
        first, others = self.cells[0], len(self.cells) - 1
        more = f" (and {others} more)" if others else ""
        rule = f"cannot be evaluated: {first.formula} {first.reason}{more}"
        super().__init__("cell", first.place, rule, shown=first.place)


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
        package = read_package(source)
        self._sheets = list(package.sheets())
        self._formulas = {(formula.sheet, formula.cell): formula for formula in formula_cells(package)}
        kinds = [formula.kind for formula in self._formulas.values()]
        self._arrays = sum(kind in ("array", "dynamic") for kind in kinds)
        self._places = {key: split_address(key[1]) for key in self._formulas}
        self._filled = _filled_cells(package) | self._formulas.keys()
        self._beside_blanks: list[CellKey] | None = None
        self._crashes: list[tuple[str, Exception]] = []
        self._results: dict[CellKey, CellValue] | None = None
        self._tables = tables_of(package)
        self._names = frozenset(name.upper() for name, _ in _defined_names(package))
        self._workbook = _load(package, _without_old_members(package, self._formulas))
        self._own_names = self._register(udfs)
        self._texts = {key: self._text(formula) for key, formula in self._formulas.items()}
        self._clear_texts: dict[CellKey, str] = {}
        self._intersected: set[CellKey] = set()
        self._spell_out()
        self._unevaluated = [
            *self._not_loaded(),
            *self._references_to_no_cells(),
            *self._calls_of_unknown_functions(package),
            *self._functions_over_several_cells(),
        ]

    # --- inputs and values ----------------------------------------------------------------------------

    def set_value(self, sheet: str, cell: str, value: CellValue | date | datetime) -> None:
        """Put an input into a cell; None empties it. A string that reads like an error is that error.

        Raises BookError for a sheet that does not exist and for a cell whose value a formula decides.
        """
        key, row, column = self._find(sheet, cell)
        if key in self._formulas:
            shown = f"{sheet}!{key[1]}"
            raise BookError("cell", shown, "holds a formula and takes no input", shown=shown)
        self._workbook.set_value(sheet, row, column, _input(value))
        if (value is None) == (key in self._filled):
            self._filled ^= {key}
            self._beside_blanks = None
        self._results = None

    def evaluate(self) -> None:
        """Evaluate every formula that hangs on an input set since the last evaluation.

        Raises UnevaluatedError if any formula has no trustworthy value.
        """
        self._run_engine()
        raw = self._raw_values()
        spread, hindered = self._spread(), self._hindered(raw)
        uncertain = self._intersect(spread)
        if spread or hindered:
            self._intersect(hindered)
            self._run_engine()
            raw = self._raw_values()
        if not any(self._without_result(raw)):
            raw = self._settled(raw, rounds=self._arrays + len(spread))
        unevaluated = {cell.place: cell for cell in self._without_result(raw)}
        unevaluated |= {cell.place: cell for cell in [*uncertain, *self._unevaluated]}
        if unevaluated:
            raise UnevaluatedError(sorted(unevaluated.values(), key=self._in_order))
        self._results = {key: _output(value) for key, value in raw.items()} | self._overflow()

    def value(self, sheet: str, cell: str) -> CellValue:
        """The value of any cell, after an evaluation if inputs have changed."""
        key, _, _ = self._find(sheet, cell)
        if self._results is None:
            self.evaluate()
        return self._read(key)

    def values(self, cells: Iterable[CellKey] | None = None) -> dict[CellKey, CellValue]:
        """The values of `cells`, or of every formula cell, after an evaluation if inputs have changed."""
        if self._results is None:
            self.evaluate()
        if cells is not None:
            return {key: self.value(*key) for key in cells}
        return dict(self._results or {})

    def _find(self, sheet: str, cell: str) -> tuple[CellKey, int, int]:
        if sheet not in self._sheets:
            raise BookError("sheet", sheet, f"must be one of {', '.join(map(repr, self._sheets))}")
        row, column = split_address(cell)
        return (sheet, join_address(row, column)), row, column

    # --- preparation ----------------------------------------------------------------------------------

    def _register(self, udfs: Mapping[str, Udf]) -> frozenset[str]:
        """Make the engine call `udfs` under every spelling; the names a formula may use, in capitals."""
        names = {spelling.format(name=name): udf for name, udf in udfs.items() for spelling in SPELLINGS}
        for name, udf in names.items():
            try:
                self._workbook.register_function(name, _callback(name, udf, self._crashes))
            except (ValueError, RuntimeError) as error:
                raise BookError("function", name, f"cannot be registered: {error}", shown=name) from error
        self._workbook.register_function(_FIT_AREA, _fitted)
        self._workbook.register_function(_OMITTED, lambda: None)
        return frozenset(name.upper() for name in names)

    def _text(self, formula: FormulaCell) -> str:
        """A formula without its equals sign; the engine knows what followers of a shared formula say."""
        if formula.text or formula.kind == "member":
            return formula.text
        text = self._workbook.get_formula(formula.sheet, *self._places[formula.sheet, formula.cell])
        return (text or "").removeprefix("=")

    def _spell_out(self) -> None:
        """Formulas that the engine would read otherwise than the file means are told to it in other words."""
        names = self._names_left_out()
        for key, text in self._texts.items():
            formula = self._formulas[key]
            plain = self.with_plain_ranges(key, _with_names_replaced(text, names))
            clear = _with_omitted_arguments(_without_links(plain, self._own_names), self._own_names)
            if formula.kind == "array":
                rows, columns = _size(formula.area)
                clear = f"{_FIT_AREA}({clear},{rows},{columns})"
            if clear != text:
                self._set_formula(key, clear)

    def _names_left_out(self) -> dict[str, str]:
        """The defined names that the engine does not take: those with Python functions or tables in them."""
        return {
            name["name"].upper(): name["definition"]
            for name in self._workbook.name_import_diagnostics
            if name["scope_sheet"] is None and _means_the_same_everywhere(name["definition"])
        }

    def with_plain_ranges(self, key: CellKey, text: str) -> str:
        place = Place(key[0], *self._places[key]) if key in self._places else None
        return with_plain_ranges(text, self._tables, place)

    def _set_formula(self, key: CellKey, text: str) -> None:
        self._workbook.set_formula(key[0], *self._places[key], f"={text}")
        self._clear_texts[key] = text

    def _not_loaded(self) -> Iterator[Unevaluated]:
        for key, formula in self._formulas.items():
            if formula.kind == "dataTable":
                yield Unevaluated(*key, f"the data table {formula.area}", "is nothing the engine knows")
            elif formula.kind != "member" and not self._texts[key]:
                yield Unevaluated(*key, "its formula", "was not understood by the engine")

    def _references_to_no_cells(self) -> Iterator[Unevaluated]:
        for key, text in self._texts.items():
            left = structured_references(self.with_plain_ranges(key, text)) if "[" in text else []
            if left:
                yield Unevaluated(*key, f"={text}", f"refers to {left[0]}, which is no cells of a table here")

    def _calls_of_unknown_functions(self, package: Package) -> Iterator[Unevaluated]:
        named = {("", name): text for name, text in _defined_names(package)}
        for key, text in (self._texts | named).items():
            for name in _functions_in(self.with_plain_ranges(key, text)) - self._own_names:
                plain = name.removeprefix("_XLFN.").removeprefix("_XLWS.")
                if plain in _COMPUTED_WRONGLY or not _is_builtin(name):
                    reason = _COMPUTED_WRONGLY.get(plain, "which the engine does not know")
                    yield Unevaluated(*key, f"={text}", f"calls {plain}, {reason}")
                    break

    def _functions_over_several_cells(self) -> Iterator[Unevaluated]:
        """Formulas that hand a function of one value several cells, each of which it should be applied to."""
        singles: frozenset[str] | None = None
        for key, text in self._texts.items():
            called = {name.removeprefix("_XLFN.") for name in _functions_in(text)}
            if not called & (OF_ONE_VALUE | ONE_ARGUMENT.keys()):
                continue
            if ":" not in text and "[" not in text and self._names.isdisjoint(_WORD.findall(text.upper())):
                continue
            singles = self._single_cell_names() if singles is None else singles
            plain = self.with_plain_ranges(key, text)
            name = over_several_cells(_tokens(plain), partial(_is_single_cell, single_cells=singles))
            if name is not None:
                reason = f"applies {name} to several cells, which the engine computes wrongly"
                yield Unevaluated(*key, f"={text}", reason)

    # --- evaluation -----------------------------------------------------------------------------------

    def _run_engine(self) -> None:
        from formualizer import ExcelEvaluationError

        try:
            self._workbook.evaluate_all()
        except ExcelEvaluationError as error:
            raise UnevaluatedError([*self._unevaluated, *self._culprits(error)]) from error
        if self._crashes:
            name, crash = self._crashes[0]
            raise BookError(
                "function", name, f"raised {type(crash).__name__}: {crash}", shown=name
            ) from crash

    def _culprits(self, failure: Exception) -> list[Unevaluated]:
        """The cells on which the engine gives up, found one by one."""
        from formualizer import ExcelEvaluationError

        found = []
        for key, place in self._places.items():
            try:
                self._workbook.evaluate_cell(key[0], *place)
            except ExcelEvaluationError as error:
                found.append(Unevaluated(*key, f"={self._texts[key]}", f"stops the engine ({error})"))
        return found or [Unevaluated("", "workbook", "the whole", f"stops the engine ({failure})")]

    def _settled(self, raw: dict[CellKey, object], *, rounds: int) -> dict[CellKey, object]:
        """The values once no further evaluation changes any; `rounds` counts the results of several cells.

        The engine fills their cells while it evaluates others, and evaluates some that hang on them by way of
        defined names too early (formualizer 0.13.0). Each round is right for one more result of a chain.
        """
        for _ in range(min(rounds, _MOST_ROUNDS)):
            for key, formula in self._formulas.items():
                text = self._clear_texts.get(key, self._texts[key])
                if text and formula.kind in ("normal", "shared"):
                    self._workbook.set_formula(key[0], *self._places[key], f"={text}")
            self._run_engine()
            before, raw = raw, self._raw_values()
            if raw == before:
                break
        return raw

    def _spread(self) -> list[CellKey]:
        """The formulas, none of them array formulas, whose result the engine has laid over several cells."""
        if self._beside_blanks is None:
            self._beside_blanks = [key for key in self._formulas if self._is_beside_blank(key)]
        return [key for key in self._beside_blanks if self._is_spread(key)]

    def _hindered(self, raw: Mapping[CellKey, object]) -> list[CellKey]:
        """The formulas, none of them array formulas, whose several values find no room, or that use them."""
        spill = {"type": "Error", "kind": "Spill"}
        return [key for key, value in raw.items() if value == spill and self._is_no_array(key)]

    def _is_no_array(self, key: CellKey) -> bool:
        return self._formulas[key].kind in ("normal", "shared") and key not in self._intersected

    def _is_beside_blank(self, key: CellKey) -> bool:
        """Whether a result of several cells would find room to the right or below."""
        if self._gives_one_value(self._texts[key]):
            return False
        row, column = self._places[key]
        beside = {(key[0], join_address(row, column + 1)), (key[0], join_address(row + 1, column))}
        return self._is_no_array(key) and not beside <= self._filled

    def _gives_one_value(self, text: str) -> bool:
        """Whether a formula cannot but give one value: single cells, and functions that make one of them."""
        words = set(_WORD.findall(text.upper()))
        return (
            not _SEVERAL.search(text)
            and self._names.isdisjoint(words)
            and _functions_in(text) <= _OF_SINGLE_VALUES
        )

    def _is_spread(self, key: CellKey) -> bool:
        return self._workbook.inspect_cell(_quoted(key), include_values=False).cell.spill is not None

    def _raw_values(self) -> dict[CellKey, object]:
        return {key: self._workbook.get_value(key[0], *place) for key, place in self._places.items()}

    def _intersect(self, several: Iterable[CellKey]) -> list[Unevaluated]:
        """Make formulas that are no array formulas give the one value they mean; those that leave it open."""
        uncertain = []
        several = list(several)
        names = self._single_cell_names() if several else frozenset()
        for key in several:
            text = _single_valued(self._clear_texts.get(key, self._texts[key]), self._own_names, names)
            if text is None:
                reason = "gives several values in one cell, and which one it means is not certain"
                uncertain.append(Unevaluated(*key, f"={self._texts[key]}", reason))
            else:
                self._set_formula(key, text)
                self._intersected.add(key)
        return uncertain

    def _single_cell_names(self) -> frozenset[str]:
        ranges = self._workbook.get_named_ranges()
        return frozenset(name["name"].upper() for name in ranges if name["kind"] in ("cell", "literal"))

    def _without_result(self, raw: Mapping[CellKey, object]) -> Iterator[Unevaluated]:
        for key, value in raw.items():
            reason = _NO_RESULT.get(value.get("kind", "")) if isinstance(value, dict) else None
            if reason is not None and self._formulas[key].kind != "member":
                yield Unevaluated(*key, f"={self._texts[key]}", reason)

    def _in_order(self, cell: Unevaluated) -> tuple[int, tuple[int, int]]:
        """Defined names first, then cells by sheet, row and column."""
        place = self._places.get((cell.sheet, cell.cell), (0, 0))
        return (self._sheets.index(cell.sheet) if cell.sheet in self._sheets else -1), place

    def _overflow(self) -> dict[CellKey, CellValue]:
        """The values of dynamic arrays beyond the area that the file gives them."""
        found: dict[CellKey, CellValue] = {}
        for key, formula in self._formulas.items():
            if formula.kind == "dynamic":
                spill = self._workbook.inspect_cell(_quoted(key), include_values=False).cell.spill
                area = spill.to_dict()["extent"].rpartition("!")[2] if spill is not None else key[1]
                beyond = [(key[0], cell) for cell in cells_in(area) if (key[0], cell) not in self._formulas]
                found.update({place: self._read(place) for place in beyond})
        return found

    def _read(self, key: CellKey) -> CellValue:
        value: CellValue = _output(self._workbook.get_value(key[0], *split_address(key[1])))
        return value


# --- between Python and the engine --------------------------------------------------------------------


def _load(package: Package, data: bytes) -> formualizer.Workbook:
    import formualizer as engine

    settings = engine.EvaluationConfig()
    settings.enable_parallel = False
    settings.date_system = "1904" if package.uses_1904_dates else "1900"
    try:
        config = engine.WorkbookConfig(eval_config=settings)
        workbook = engine.Workbook.from_bytes(data, config=config)
    except (OSError, RuntimeError, ValueError, engine.FormualizerHostError) as error:
        raise package.refusal(f"cannot be loaded by the engine: {error}") from error
    workbook.set_temporal_egress("serial")
    return workbook


def _callback(name: str, udf: Udf, crashes: list[tuple[str, Exception]]) -> Udf:
    """A Python function as the engine calls it: plain values in, engine values out, no exception lost."""

    def call(*arguments: object) -> object:
        try:
            return _engine_result(udf(*map(_output, arguments)))
        except ValuationError as error:
            return _engine_error(error.excel_error)
        except Exception as error:
            crashes.append((name, error))
            return _engine_error("#VALUE!")

    return call


def _output(value: Any) -> Any:
    """An engine value as a Python value: errors become strings, whole numbers floats."""
    if isinstance(value, dict):
        kind = value.get("kind", "")
        return _ERROR_OF_KIND.get(kind, f"#{kind.upper()}!")
    if isinstance(value, list):
        return [[_output(item) for item in row] for row in value]
    if isinstance(value, str):
        return text_value(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _input(value: object) -> object:
    from formualizer import LiteralValue

    if isinstance(value, str) and is_error(value):
        return LiteralValue.error(_ERROR_KINDS.get(value, "Value"), None)
    if isinstance(value, float) and not math.isfinite(value):
        raise BookError("value", value, "must be a finite number")
    if value is None or isinstance(value, (bool, int, float, str, date)):
        return value
    rule = f"must be a number, a bool, a text, a date or None, not a {type(value).__name__}"
    raise BookError("value", value, rule)


def _engine_result(value: Any) -> object:
    """What a Python function returned, as the engine takes it: NaN and infinity are #NUM!, a list a row."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(plain, (list, tuple)):
        return _engine_value(plain)
    rows = plain if plain and isinstance(plain[0], (list, tuple)) else [plain]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise TypeError("a table must have rows of one length, and at least one cell")
    return [[_engine_value(item) for item in row] for row in rows]


def _engine_value(value: Any) -> object:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str):
        return _engine_error(value) if is_error(value) else str(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else _engine_error("#NUM!")
    if value is None or isinstance(value, (bool, date)):
        return value
    raise TypeError(f"a cell cannot show a {type(value).__name__}")


def _engine_error(error: str) -> dict[str, str]:
    return {"type": "Error", "kind": _ERROR_KINDS[error]}


def _fitted(result: Any, rows: float, columns: float) -> object:
    """An array formula's result in its area: one row, column or value repeats, what is missing is #N/A."""
    table = result if isinstance(result, list) else [[result]]
    return [[_element(table, row, column) for column in range(int(columns))] for row in range(int(rows))]


def _element(table: list[list[Any]], row: int, column: int) -> object:
    row, column = (0 if len(table) == 1 else row), (0 if len(table[0]) == 1 else column)
    if row >= len(table) or column >= len(table[0]):
        return _engine_error("#N/A")
    return 0.0 if table[row][column] is None else table[row][column]


# --- what formulas say --------------------------------------------------------------------------------

_QUOTED = re.compile(r""" "[^"]*" | '[^']*' """, re.VERBOSE)
_FUNCTION = re.compile(r"[A-Za-z_\\][\w.\\]*(?=\()")
_MAY_OMIT = re.compile(r"[(,]\s*,|,\s*\)")
_RELATIVE = re.compile(r"(?<![$\w.])[A-Za-z]{1,3}\$?[0-9]+(?![\w.])|\$[A-Za-z]{1,3}[0-9]")
_ONE_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[0-9]+")
_TAKE_RANGES = frozenset(
    (
        *("SUM", "SUMPRODUCT", "SUMIF", "SUMIFS", "COUNT", "COUNTA", "COUNTIF", "COUNTIFS", "AVERAGE"),
        *("MIN", "MAX", "MEDIAN", "NPV", "IRR", "XNPV", "XIRR", "INDEX", "MATCH", "ROWS", "COLUMNS"),
        *("VLOOKUP", "HLOOKUP", "LOOKUP"),
    )
)

_SEVERAL = re.compile(r"[:{#@\[]")
_WORD = re.compile(r"[A-Z_\\][\w.\\]*")
_OF_SINGLE_VALUES = frozenset(
    (
        *("IF", "IFERROR", "AND", "OR", "NOT", "MIN", "MAX", "SUM", "AVERAGE", "ABS", "ROUND", "LN", "EXP"),
        *("DATE", "TEXT", "N", "ISNUMBER", "ISERROR", "ERROR.TYPE", "LEFT"),
    )
)
"""Functions that give one value where each argument is one."""


def functions_called(formulas: Iterable[str]) -> set[str]:
    """The functions that formulas call, as the formulas spell them.

    >>> sorted(functions_called(['IFERROR(_xlfn.AGGREGATE(9,6,B1:B3),"none (yet)")', "SUM(A1)"]))
    ['IFERROR', 'SUM', '_xlfn.AGGREGATE']
    """
    return {name for text in formulas for name in _FUNCTION.findall(_QUOTED.sub("", text))}


def calls_in(text: str) -> Iterator[tuple[str, int]]:
    """The functions that a formula calls, as it spells them, and where in it each name begins.

    >>> list(calls_in('IF(A1,"SUM(",[1]!DCF_FCFF(B1))'))
    [('IF', 0), ('[1]!DCF_FCFF', 13)]

    Raises ValueError for a text that is no formula.
    """
    from formualizer import TokenizerError

    at = 0
    try:
        for value, kind, subtype in _tokens(text):
            if kind == "Func" and subtype == "Open":
                yield value[:-1], at
            at += len(value)
    except TokenizerError as error:
        raise ValueError(str(error)) from error
    if at != len(text):
        raise ValueError("its pieces do not add up to the whole")


def own_functions(formulas: Iterable[str], names: Collection[str]) -> set[str]:
    """Which of the functions that formulas call are ours, in any host's spelling and letter case.

    >>> own_functions(["SUM(val.dcf_xnpv(A1,B1,C1))", "DCF_XNPV_OF_MINE(1)"], ["DCF_XNPV"])
    {'val.dcf_xnpv'}
    """
    own = {spelling.format(name=name).upper() for spelling in SPELLINGS for name in names}
    return {name for name in functions_called(formulas) if name.upper() in own}


def plain_formulas(source: Source) -> dict[CellKey, str]:
    """The formulas that a workbook stores, by cell, with structured references as the cells they mean.

    The formulas of defined names are listed under no sheet and the name. A reference whose cells are not
    certain, or not the same for all cells that share its formula, stays as it is.
    """
    package = read_package(source)
    tables = tables_of(package)
    found = {("", name): text for name, text in _defined_names(package)}
    for formula in formula_cells(package):
        if formula.text:
            place = Place(formula.sheet, *split_address(formula.cell))
            own = None if formula.kind == "shared" else place
            found[formula.sheet, formula.cell] = with_plain_ranges(formula.text, tables, own)
    return found


@lru_cache(maxsize=50_000)
def _functions_in(text: str) -> frozenset[str]:
    """The functions that a formula calls, in capitals; with LAMBDA it may call names of its own: none."""
    names = {name.upper() for name in functions_called([text])}
    return frozenset() if any(name.endswith("LAMBDA") for name in names) else frozenset(names)


@cache
def _is_builtin(name: str) -> bool:
    """Whether the engine knows a function; of those it does not know, a call without arguments is #NAME?."""
    import formualizer as engine

    scratch = engine.Workbook()
    scratch.add_sheet("Scratch")
    scratch.set_formula("Scratch", 1, 1, f"={name}()")
    try:
        value = scratch.evaluate_cell("Scratch", 1, 1)
    except engine.ExcelEvaluationError:
        return False
    return not (isinstance(value, dict) and value.get("kind") == "Name")


def _tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """The tokens of a formula: value, type and subtype, such as `("SUM(", "Func", "Open")`."""
    from formualizer import tokenize

    for token in tokenize(f"={text}").tokens():
        yield token.value, str(token.token_type), str(token.subtype)


def _with_names_replaced(text: str, names: Mapping[str, str]) -> str:
    """A formula with defined names replaced by what they stand for."""
    if not any(name in text.upper() for name in names):
        return text
    pieces = []
    for value, _, subtype in _tokens(text):
        name = value.upper()
        if subtype == "Range" and name in names:
            others = {other: definition for other, definition in names.items() if other != name}
            value = f"({_with_names_replaced(names[name], others)})"
        pieces.append(value)
    return "".join(pieces)


def _means_the_same_everywhere(definition: str) -> bool:
    """Whether all references of a defined name are absolute."""
    ranges = [value.rpartition("!")[2] for value, _, subtype in _tokens(definition) if subtype == "Range"]
    return not any(_RELATIVE.search(reference) for reference in ranges)


def _without_links(text: str, own_names: frozenset[str]) -> str:
    """A formula in which Python functions are called without the link to the add-in file they came from."""
    if not LINK.search(text):
        return text
    for called, at in reversed(list(calls_in(text))):
        plain = LINK.sub("", called)
        if plain.upper() in own_names:
            text = text[:at] + plain + text[at + len(called) :]
    return text


_NOTHING_BETWEEN = {("Open", "Arg"), ("Sep", "Arg"), ("Sep", "Close")}


def _with_omitted_arguments(text: str, own_names: frozenset[str]) -> str:
    """A formula in which arguments left out of calls of Python functions are written out."""
    if not _MAY_OMIT.search(text):
        return text
    pieces: list[str] = []
    calls: list[bool] = []
    before = ""
    for value, kind, subtype in _tokens(text):
        if (before, subtype) in _NOTHING_BETWEEN and calls[-1]:
            pieces.append(f"{_OMITTED}()")
        pieces.append(value)
        if subtype == "Open":
            calls.append(kind == "Func" and value[:-1].upper() in own_names)
        elif subtype == "Close":
            calls.pop()
        if kind != "Whitespace":
            before = "Open" if subtype == "Open" else kind
    return "".join(pieces)


def _single_valued(text: str, own_names: frozenset[str], single_cells: frozenset[str]) -> str | None:
    """A formula that gives the one value it means where it is no array formula; None if that is not certain.

    A range on its own means its cell in the formula's row or column; the result of a Python function its
    first element. A range within another function may mean either.
    """
    pieces: list[str] = []
    calls: list[str] = []
    for value, kind, subtype in _tokens(text):
        if subtype == "Open":
            calls.append(value[:-1].upper())
        elif subtype == "Close":
            calls.pop()
        elif subtype == "Range" and not _is_single_cell(value, single_cells):
            functions = [call for call in calls if call]
            if not functions:
                value = f"@{value}"
            elif functions[-1] not in _TAKE_RANGES and not own_names.intersection(functions):
                return None
        elif kind == "OpPostfix" and value == "#":
            return None
        pieces.append(value)
    return f"@({''.join(pieces)})"


def _is_single_cell(reference: str, single_cells: frozenset[str]) -> bool:
    place = reference.rpartition("!")[2]
    return _ONE_CELL.fullmatch(place) is not None or place.upper() in single_cells


def _defined_names(package: Package) -> Iterator[tuple[str, str]]:
    for name in package.tree(package.workbook_part).iterfind("{*}definedNames/{*}definedName"):
        yield name.get("name", ""), name.text or ""


# --- cells and areas ----------------------------------------------------------------------------------


def _filled_cells(package: Package) -> set[CellKey]:
    """The cells that store something, so that no result can be spread over them."""
    return {
        (sheet, cell.address)
        for sheet, part in package.sheets().items()
        for cell in package.cells(part)
        if cell.value is not None or cell.inline is not None
    }


def _without_old_members(package: Package, formulas: Mapping[CellKey, FormulaCell]) -> bytes:
    """The workbook without the stored results of array formulas, which would stand in the way of new ones."""
    members = [key for key, formula in formulas.items() if formula.kind == "member"]
    if not members:
        return package.original
    stored = _filled_cells(package)
    return write_values(package, dict.fromkeys(key for key in members if key in stored))


def _size(area: str) -> tuple[int, int]:
    """Rows and columns of an area."""
    first, _, last = area.partition(":")
    top, left = split_address(first)
    bottom, right = split_address(last or first)
    return bottom - top + 1, right - left + 1


def _quoted(key: CellKey) -> str:
    sheet = key[0].replace("'", "''")
    return f"'{sheet}'!{key[1]}"
