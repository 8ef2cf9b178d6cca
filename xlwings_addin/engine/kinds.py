"""What the arguments of a call hold: a function that is right for numbers may be wrong for a text.

A proof shows a function right for the kinds of values that stand in its arguments. A number, an empty cell
and an error are believed in any argument that a proof has; a truth value, a text, and a text that reads like
a number, a date or a truth value only where a proof has one. Functions that take any number of values read a
constant in the formula otherwise than a cell: there a constant is a kind of its own. What another function
gives is of no kind that could be told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from xlwings_addin.engine.forms import AGGREGATES, REFERENCE_FUNCTIONS, REPEATED, REPEATED_IN_PAIRS, call_of
from xlwings_addin.engine.instead.values import parsed_number
from xlwings_addin.engine.trees import Node
from xlwings_addin.xlsx.package import CellValue
from xlwings_addin.xlsx.values import ERROR_VALUES, is_error

__all__ = ["EXPECTED", "KINDS", "NOT_TOLD", "Argument", "ValueOf", "arguments_of", "kind_of", "place_of"]

_DAY_AND_MONTH = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/]\d")
"""A date whose day Excel takes for the month, or the reverse, by the settings of the computer."""
_PLAIN_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[Ee][-+]?\d+)?")
EXPECTED = frozenset(("number", "blank", "error", ""))
"""The kinds that are believed without a proof of their own; an empty name is a kind that is not told."""
KINDS = (
    *("number", "blank", "error", "logical", "text", "number as text", "formatted number as text"),
    *("ambiguous date as text", "logical as text", "error as text"),
)
"""What a cell may hold."""
NOT_TOLD = object()
"""The value of an argument that is neither a constant nor one cell."""

ValueOf = Callable[[str], object]
"""The value of the cell that a reference names; `NOT_TOLD` if it names none."""


class Argument(NamedTuple):
    """One argument of a call: the place in which proofs are filed, what it holds and of what kind that is."""

    function: str
    place: int
    value: object
    kind: str


def kind_of(value: CellValue) -> str:
    """What a value is.

    >>> [kind_of(value) for value in (1.5, "a", True, None, "#N/A")]
    ['number', 'text', 'logical', 'blank', 'error']
    >>> [kind_of(value) for value in ("1.5", "2024-01-31", "2/3/2024", "true")]
    ['number as text', 'formatted number as text', 'ambiguous date as text', 'logical as text']
    """
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "logical"
    if not isinstance(value, str):
        return "number"
    if is_error(value):
        return "error"
    if value in ERROR_VALUES:
        return "error as text"
    if value.upper() in ("TRUE", "FALSE"):
        return "logical as text"
    if _PLAIN_NUMBER.fullmatch(value.strip()):
        return "number as text"
    if parsed_number(value) is None:
        return "text"
    day_and_month = _DAY_AND_MONTH.match(value.strip())
    if day_and_month and max(map(int, day_and_month.groups())) <= 12:
        return "ambiguous date as text"
    return "formatted number as text"


def place_of(function: str, at: int) -> int:
    """The place, counted from 0, under which an argument is filed: those that repeat count as the first.

    >>> place_of("SUM", 3), place_of("SUMIFS", 4), place_of("PMT", 3)
    (0, 2, 3)
    """
    if function in REPEATED:
        return min(at, REPEATED[function])
    head = REPEATED_IN_PAIRS.get(function)
    return at if head is None or at < head else head + (at - head) % 2


def arguments_of(tree: Node, value_of: ValueOf) -> Iterator[list[Argument]]:
    """The arguments of every call of a formula, outer calls first.

    >>> from xlwings_addin.engine.trees import tree_of
    >>> list(arguments_of(tree_of('LEFT("ab",A1)'), lambda reference: True))[0][1]
    Argument(function='LEFT', place=1, value=True, kind='logical')
    """
    name, nodes = call_of(tree)
    if name:
        yield [_argument(name, at, node, value_of) for at, node in enumerate(nodes)]
    for node in nodes:
        yield from arguments_of(node, value_of)


def _argument(function: str, at: int, node: Node, value_of: ValueOf) -> Argument:
    value = _constant(node)
    if function == ":" or function in REFERENCE_FUNCTIONS:  # they take cells, whatever those hold
        return Argument(function, at, value, "")
    if node["node_type"] == "Reference":
        value = value_of(node["reference"])
    kind = "" if value is NOT_TOLD else kind_of(value)  # type: ignore[arg-type]
    if function in AGGREGATES and node["node_type"] in ("Literal", "Error") and kind != "number":
        kind = f"constant {kind}"
    return Argument(function, place_of(function, at), value, kind)


def _constant(node: Node) -> object:
    if node["node_type"] in ("Literal", "Error"):
        return node["value"]
    if node["node_type"] == "UnaryOp" and node["operator"] == "-":
        value = _constant(node["operand"])
        return -value if isinstance(value, float) else NOT_TOLD
    return NOT_TOLD
