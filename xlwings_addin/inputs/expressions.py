"""Small formulas in a table: arithmetic over inputs, lines of the model and figures with a period.

    demand_saturation                       an input, or a formula of the same table
    vehicle_units.revenue                   a line of the model
    vehicle_units.revenue@2028              a line in a year; @first, @last and @base for the forecast's ends
    vehicle_market@FY2024                   a figure of a table, of a year, a quarter or a day (@2018-07-09)
    + - * / **  max(a, b)  min(a, b)        as in Python

A formula is read with Python's own parser and nothing in it is run but these operations.

>>> formula = read_formula("max(2 * x - plant_1, 0)")
>>> formula.names
('x', 'plant_1')
>>> float(formula.value(lambda name, period: {"x": 3.0, "plant_1": 1.5}[name]))
4.5
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from xlwings_addin.core.errors import InputError

Lookup = Callable[[str, str], Any]
"""The value of a name, and of its period where it has one, else of ""."""
OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {"max": np.maximum, "min": np.minimum}
PERIOD = re.compile(r"([A-Za-z_][\w.]*)@(\d{4}-\d\d-\d\d|\w+)")
RULE = "must be a formula of + - * / ** max min over inputs, lines (vehicle_units.revenue@2028) and numbers"


@dataclass(frozen=True)
class Formula:
    """A formula as it was read; `names` are those it rests on, in their order, without periods."""

    text: str
    tree: ast.expr
    references: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self.references))

    def value(self, lookup: Lookup) -> Any:
        """What it comes to, with the values that `lookup` gives: numbers or arrays that fit together."""
        return _value(self.tree, lookup)


def read_formula(text: str, *, argument: str = "formula") -> Formula:
    """Read a formula.

    Raises `InputError` that names `argument` for a text that is none.
    """
    try:
        # Python's own @ would bind as * does: a period is read as a subscript instead.
        tree = ast.parse(PERIOD.sub(r"\1['\2']", text.strip()), mode="eval").body
    except (SyntaxError, ValueError):
        raise InputError(argument, text, RULE) from None
    references = tuple(_references(tree, text, argument))
    return Formula(text.strip(), tree, references)


def _references(node: ast.AST, text: str, argument: str) -> Iterator[tuple[str, str]]:
    """The names of a tree with their periods; every node must be one that can be valued."""
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Subscript(slice=ast.Constant(value=str(period))) if _name(node.value):
            yield _name(node.value), period
        case ast.BinOp() if type(node.op) in OPERATIONS:
            for side in (node.left, node.right):
                yield from _references(side, text, argument)
        case ast.UnaryOp(op=ast.USub()):
            yield from _references(node.operand, text, argument)
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS and len(node.args) > 1:
            for argument_node in node.args:
                yield from _references(argument_node, text, argument)
        case _ if _name(node):
            yield _name(node), ""
        case _:
            raise InputError(argument, text, RULE)


def _name(node: ast.AST) -> str:
    """`group.line` or `input`; nothing for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=key) if _name(owner):
            return f"{_name(owner)}.{key}"
    return ""


def _value(node: ast.AST, lookup: Lookup) -> Any:
    match node:
        case ast.Constant():
            return np.float64(node.value)  # type: ignore[arg-type]
        case ast.Subscript(slice=ast.Constant(value=period)):
            return lookup(_name(node.value), str(period))
        case ast.BinOp():
            return OPERATIONS[type(node.op)](_value(node.left, lookup), _value(node.right, lookup))
        case ast.UnaryOp():
            return -_value(node.operand, lookup)
        case ast.Call(func=ast.Name(id=name)):
            return reduce(FUNCTIONS[name], (_value(term, lookup) for term in node.args))
        case _:
            return lookup(_name(node), "")
