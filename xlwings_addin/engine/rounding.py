"""Where a formula and what is expected of it differ by no more than rounding.

Values agree at 1e-9 relative. A difference of large figures has lost their first digits, and what is left of
it is known less well: where large figures cancel to under 1e-6 of the largest, the result may be off by 1e-12
of that figure. What else a formula does with such a result carries its error on. Ratios and products of
figures that agree have no such excuse.

    disagreements(calculation, expected)     the cells that differ by more, and how

What hangs on an excused cell is calculated again from the expected value, and must then agree by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.engine.trees import Node, call, plain_name, tree_of, written
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import CellKey, CellValue

__all__ = ["Differs", "LeftOver", "disagreements"]

Differs = Callable[[CellValue, CellValue], str | None]

_CANCELLED = 1e-6
"""Of its largest summand: a smaller sum is a difference of large figures."""
_LEFT_OVER = 1e-12
"""Of the largest summand: what rounding may leave in such a sum."""
_MOST_ROUNDS = 20
"""Rounds in which excused cells are told from those that hang on them."""
_SUMS = frozenset(("SUM", "VAL_MINUS", "VAL_PLUS"))
"""Functions that add up, those among them that the engine is told instead of a last subtraction."""
_PASSED_ON = frozenset(("ABS", "MAX", "MIN"))
"""Functions whose result is no further off than the worst of their arguments."""


def disagreements(
    calculation: Calculation, expected: Mapping[CellKey, CellValue], *, differs: Differs = disagreement
) -> dict[CellKey, str]:
    """The formula cells that differ from what is expected of them, and how, but for what rounding explains.

    Nothing but a comparison happens where all agree. The calculation is left as it was.
    Raises UnevaluatedError for a workbook that cannot be calculated.
    """
    values = calculation.values()
    differences = _differences(values, expected, differs)
    if not differences:
        return differences
    dependencies, left_over = Dependencies(calculation.book), LeftOver(calculation)
    # What is excused here says nothing of the other inputs with which what-if tables calculate.
    tables = [cell.key for table in data_tables(calculation.book.package) for cell in table.cells()]
    try:
        calculation.replace({key: values[key] for key in tables if key in values and key not in differences})
        for _ in range(_MOST_ROUNDS):
            first = dependencies.first_of(differences.keys())
            excused = {key: expected[key] for key in first if left_over.explains(key, expected[key])}
            if not excused:
                break
            calculation.replace(excused)
            differences = _differences(calculation.values(), expected, differs)
            if not differences:
                break
    finally:
        calculation.restore()
    return differences


def _differences(
    values: Mapping[CellKey, CellValue], expected: Mapping[CellKey, CellValue], differs: Differs
) -> dict[CellKey, str]:
    return {
        key: difference
        for key, value in expected.items()
        if (difference := differs(values.get(key), value)) is not None
    }


class LeftOver:
    """How far off the result of a formula may be because large figures cancel in it."""

    def __init__(self, calculation: Calculation) -> None:
        self._book = calculation.book
        self._free: dict[str, tuple[int, int]] = {}

    def explains(self, key: CellKey, expected: CellValue) -> bool:
        """Whether rounding alone may make a formula's value of what is expected, or the reverse."""
        if key not in self._book.formulas or self._book.formulas[key].kind not in ("normal", "shared"):
            return False
        computed, text = self._book.read(key), self._book.told(key)
        if not isinstance(computed, float) or not isinstance(expected, float) or "[" in text:
            return False
        try:
            tree = tree_of(text)
        except ValueError:
            return False
        return abs(computed - expected) <= self._error(tree, key[0])

    def _error(self, node: Node, sheet: str) -> float:
        """The absolute error that cancelling leaves in the value of a part of a formula."""
        summands = _summands(node)
        if summands != [node]:
            return self._error_of_sum(node, summands, sheet)
        if node["node_type"] == "BinaryOp" and node["operator"] in ("*", "/"):
            return self._error_of_product(node, sheet)
        if node["node_type"] != "Function":
            return 0.0
        name, arguments = plain_name(node["name"]), node["args"]
        if name == "IF" and len(arguments) == 3:
            arguments = [arguments[1 if self._number(arguments[0], sheet) else 2]]
        elif name not in _PASSED_ON:
            return 0.0
        return max((self._error(argument, sheet) for argument in arguments), default=0.0)

    def _error_of_sum(self, node: Node, summands: list[Node], sheet: str) -> float:
        """The errors of the summands, and what is left over where they cancel."""
        carried = sum(self._error(summand, sheet) for summand in summands)
        total = self._number(node, sheet)
        sizes = [self._size(summand, sheet) for summand in summands]
        largest = max((size for size in sizes if size is not None), default=0.0)
        if total is None or None in sizes:
            return 0.0
        return carried + (_LEFT_OVER * largest if abs(total) < _CANCELLED * largest else 0.0)

    def _error_of_product(self, node: Node, sheet: str) -> float:
        """The error of each factor times the other; a divisor's as that of its inverse."""
        errors = [self._error(node[side], sheet) for side in ("left", "right")]
        if not any(errors):
            return 0.0
        left, right = (self._number(node[side], sheet) for side in ("left", "right"))
        if left is None or right is None or (node["operator"] == "/" and not right):
            return 0.0
        if node["operator"] == "*":
            return errors[0] * abs(right) + errors[1] * abs(left)
        return errors[0] / abs(right) + errors[1] * abs(left) / right**2

    def _size(self, summand: Node, sheet: str) -> float | None:
        """The largest number, its sign aside, among what a summand stands for: a cell, an area, a result."""
        smallest = {"node_type": "UnaryOp", "operator": "-", "operand": call("MIN", summand)}
        return self._number(call("MAX", call("MAX", summand), smallest), sheet)

    def _number(self, node: Node, sheet: str) -> float | None:
        """The value of a part of a formula, asked for in a cell that no other formula reads."""
        from formualizer import ExcelEvaluationError

        workbook, name, place = self._book.workbook, engine_name(sheet), self._free_cell(sheet)
        try:
            workbook.set_formula(name, *place, f"={written(node)}")
            value = workbook.evaluate_cell(name, *place)
        except (ExcelEvaluationError, RuntimeError, ValueError):
            return None
        finally:
            workbook.set_value(name, *place, None)
        return float(value) if isinstance(value, int | float) else None

    def _free_cell(self, sheet: str) -> tuple[int, int]:
        """A cell right of and below everything on a sheet: whole rows and columns do not reach it."""
        if sheet not in self._free:
            places = [split_address(cell) for title, cell in self._book.filled if title == sheet]
            last_row, last_column = max(row for row, _ in places), max(column for _, column in places)
            self._free[sheet] = last_row + 2, last_column + 2
        return self._free[sheet]


def _summands(node: Node) -> list[Node]:
    """What is added up at the top of a formula; of one that adds nothing up, the formula alone."""
    kind = node["node_type"]
    if kind == "BinaryOp" and node["operator"] in ("+", "-"):
        return [*_summands(node["left"]), *_summands(node["right"])]
    if kind == "UnaryOp" and node["operator"] in ("+", "-"):
        return _summands(node["operand"])
    if kind == "Function" and plain_name(node["name"]) in _SUMS:
        return [summand for argument in node["args"] for summand in _summands(argument)]
    return [node]
