"""Values between Python, a workbook's file and the engine: errors are strings here and records there."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

from xlwings_addin.core.errors import BookError, ValuationError
from xlwings_addin.xlsx.values import is_error, text_value

Udf = Callable[..., object]
ERROR_KINDS = {
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
_ERROR_OF_KIND = {kind: error for error, kind in ERROR_KINDS.items()}


def callback(name: str, udf: Udf, crashes: list[tuple[str, Exception]]) -> Udf:
    """A Python function as the engine calls it: plain values in, engine values out, no exception lost."""

    def call(*arguments: object) -> object:
        try:
            return _engine_result(udf(*map(from_engine, arguments)))
        except ValuationError as error:
            return _engine_error(error.excel_error)
        except Exception as error:
            crashes.append((name, error))
            return _engine_error("#VALUE!")

    return call


def from_engine(value: Any) -> Any:
    """An engine value as a Python value: errors become strings, whole numbers floats."""
    if type(value) is float:  # most cells: looked at first, for there are many
        # The engine gives NaN and infinity where a spreadsheet has this error.
        return value if math.isfinite(value) else "#NUM!"
    if isinstance(value, dict):
        kind = value.get("kind", "")
        return _ERROR_OF_KIND.get(kind, f"#{kind.upper()}!")
    if isinstance(value, list):
        return [[from_engine(item) for item in row] for row in value]
    if isinstance(value, str):
        return text_value(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def to_engine(value: object) -> object:
    from formualizer import LiteralValue

    if isinstance(value, str) and is_error(value):
        return LiteralValue.error(ERROR_KINDS.get(value, "Value"), None)
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
    return {"type": "Error", "kind": ERROR_KINDS[error]}


def fitted(result: Any, rows: float, columns: float) -> object:
    """An array formula's result in its area: one row, column or value repeats, what is missing is #N/A."""
    table = result if isinstance(result, list) else [[result]]
    return [[_element(table, row, column) for column in range(int(columns))] for row in range(int(rows))]


def _element(table: list[list[Any]], row: int, column: int) -> object:
    row, column = (0 if len(table) == 1 else row), (0 if len(table[0]) == 1 else column)
    if row >= len(table) or column >= len(table[0]):
        return _engine_error("#N/A")
    return 0.0 if table[row][column] is None else table[row][column]
