"""How a formula is told to the engine so that it means there what it means in Excel.

- comparisons of numbers to 15 significant digits, numbers that become texts by `&` with 15;
- a range where one value is wanted, in a formula that is no array formula: the cell in the formula's own row
  or column;
- functions of single values over several cells, cell by cell; SUMIF and COUNTIF with several criteria;
- SUMIF over errors; approximate lookups in unsorted data;
- SUBTOTAL and AGGREGATE without hidden rows and other subtotals;
- INDIRECT of an address in R1C1 style.

The functions that the engine calls instead are in `engine.instead`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from xlwings_addin.engine.forms import (
    AGGREGATES,
    REFERENCE_FUNCTIONS,
    TAKES_SEVERAL,
    call_of,
    is_several_cells,
    shape_of,
)
from xlwings_addin.engine.formulas import WORD
from xlwings_addin.engine.instead import BUILT_IN
from xlwings_addin.engine.instead.single_values import CELL_BY_CELL, PREFIX
from xlwings_addin.engine.trees import Node, call, changed, tree_of, written
from xlwings_addin.xlsx.addresses import join_address, split_address

__all__ = ["Surroundings", "spelled", "with_last_subtraction"]

_WANTED: Final = re.compile(
    r"[=<>&:{@#]|_xlfn\.|(?:SUBTOTAL|AGGREGATE|CELL|INDIRECT|MATCH|LOOKUP|SUMIF|AVERAGEIF|COUNTIF|IFS)\s*\(",
    re.IGNORECASE,
)
_COMPARISONS: Final = {
    "=": "VAL_EQUAL",
    "<>": "VAL_UNEQUAL",
    "<": "VAL_LESS",
    ">": "VAL_GREATER",
    "<=": "VAL_AT_MOST",
    ">=": "VAL_AT_LEAST",
}
_GIVE_TEXT: Final = frozenset(
    (
        *(
            "TEXT",
            "LEFT",
            "RIGHT",
            "MID",
            "UPPER",
            "LOWER",
            "PROPER",
            "TRIM",
            "CHAR",
            "CONCAT",
            "CONCATENATE",
        ),
        *("SUBSTITUTE", "REPT", "TEXTJOIN", "ADDRESS", "&", "VAL_AS_TEXT", "DOLLAR", "FIXED", "CLEAN"),
    )
)
_GIVE_WHOLE_NUMBERS: Final = frozenset(
    (
        *(
            "ROW",
            "COLUMN",
            "ROWS",
            "COLUMNS",
            "COUNT",
            "COUNTA",
            "COUNTIF",
            "COUNTIFS",
            "LEN",
            "INT",
            "MATCH",
        ),
        *("YEAR", "MONTH", "DAY", "WEEKDAY", "HOUR", "MINUTE", "FIND", "SEARCH", "COUNTBLANK", "CODE"),
    )
)
_ARRAY_ARGUMENTS: Final[Mapping[str, frozenset[int]]] = {
    **dict.fromkeys(("SUMPRODUCT", "MMULT", "MINVERSE", "MDETERM", "FREQUENCY"), frozenset(range(255))),
    **dict.fromkeys(("LINEST", "LOGEST", "TREND", "GROWTH", "MODE.MULT"), frozenset(range(3))),
    **dict.fromkeys(("SUMX2MY2", "SUMX2PY2", "SUMXMY2", "CORREL", "COVAR", "PEARSON"), frozenset(range(2))),
    **dict.fromkeys(("RSQ", "SLOPE", "INTERCEPT", "STEYX", "TRANSPOSE", "PROB"), frozenset(range(4))),
    **dict.fromkeys(("LOOKUP",), frozenset({1, 2})),
    **dict.fromkeys(("INDEX", "IRR", "ROWS", "COLUMNS", "SERIESSUM"), frozenset({0})),
    **dict.fromkeys(("MATCH", "VLOOKUP", "HLOOKUP", "XMATCH"), frozenset({1})),
    **dict.fromkeys(("XLOOKUP", "XNPV", "XIRR"), frozenset({0, 1, 2})),
    **dict.fromkeys(("NPV", "AGGREGATE"), frozenset(range(1, 255))),
    **dict.fromkeys(("T.TEST", "TTEST", "F.TEST", "FTEST", "CHISQ.TEST", "CHITEST"), frozenset({0, 1})),
    **dict.fromkeys(("LARGE", "SMALL", "PERCENTILE", "QUARTILE", "MEDIAN", "MODE"), frozenset({0})),
    **dict.fromkeys(("CONCAT", "TEXTJOIN"), frozenset(range(255))),
}
"""The arguments in which Excel calculates with several cells also where the formula is no array formula."""
_OPERATORS: Final = frozenset(("+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">="))
_FEW: Final = 1_000
"""Cells up to which Python sums by criteria as fast as anyone would notice."""
_HIDING_FORMS: Final = frozenset((1, 3, 5, 7))
"""AGGREGATE's options that leave out hidden rows."""


@dataclass(frozen=True)
class Surroundings:
    """What decides what a formula means, beside its text.

    `place` is the formula's row and column; `names` are the defined names, in capitals, that stand for
    several cells, and `is_several` tells whether a reference or name does; `hidden` are the rows of each
    sheet that are hidden, `filtered` those by a filter; `subtotals` the cells whose formulas are subtotals.
    """

    sheet: str
    place: tuple[int, int] = (1, 1)
    is_array: bool = False
    names: frozenset[str] = frozenset()
    is_several: Callable[[str], bool] = is_several_cells
    hidden: Mapping[str, frozenset[int]] = field(default_factory=dict)
    filtered: Mapping[str, frozenset[int]] = field(default_factory=dict)
    subtotals: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)


def spelled(text: str, around: Surroundings) -> str:
    """The formula as the engine is to read it; the same text where it would read it rightly as it is.

    >>> spelled("IF(A1+A2=A3,0,1)", Surroundings("S"))
    'IF(VAL_EQUAL((A1+A2),A3),0,1)'
    >>> spelled("SUM(A1:A9)+1", Surroundings("S"))
    'SUM(A1:A9)+1'
    """
    if not _WANTED.search(text) and around.names.isdisjoint(WORD.findall(text.upper())):
        return text
    try:
        tree = tree_of(text)
    except ValueError:
        return text
    new = _spell(tree, around, several=around.is_array)
    return text if new == tree else written(new)


def with_last_subtraction(text: str) -> str | None:
    """A formula whose last step is a subtraction or addition, with Excel's zero for what cancels; else None.

    >>> with_last_subtraction("A2+A3-A4")
    'VAL_MINUS((A2+A3),A4)'
    """
    try:
        tree = tree_of(text)
    except ValueError:
        return None
    if tree["node_type"] != "BinaryOp" or tree["operator"] not in ("-", "+"):
        return None
    name = "VAL_MINUS" if tree["operator"] == "-" else "VAL_PLUS"
    return written(call(name, tree["left"], tree["right"]))


def _spell(node: Node, around: Surroundings, *, several: bool) -> Node:
    """A tree with its calls respelled; `several` where Excel calculates with all cells of a range."""
    name, arguments = call_of(node)
    if not name:
        is_range = node["node_type"] == "Reference" and around.is_several(node["reference"])
        return _own_cell(node, around) if is_range and not several else node
    if name == "unary @" or name == ":" or name == ",":
        return node
    new = [
        _spell(argument, around, several=_takes_several(name, at, argument, around, several))
        for at, argument in enumerate(arguments)
    ]
    return _respelled(name, _with(node, new), new, around)


def _own_cell(node: Node, around: Surroundings) -> Node:
    """The cell of a range in the formula's own row or column; #VALUE! where there is none."""
    before, mark, place = node["reference"].rpartition("!")
    first, _, last = place.replace("$", "").partition(":")
    if "[" in place or not last:
        return {"node_type": "UnaryOp", "operator": "@", "operand": node}
    row, column = around.place
    if first.isalpha() and last.isalpha():
        lines = (1, _column(first), 1048576, _column(last))
    elif first.isdecimal() and last.isdecimal():
        lines = (int(first), 1, int(last), 16384)
    else:
        area = _area(node["reference"])
        if area is None:
            return {"node_type": "UnaryOp", "operator": "@", "operand": node}
        lines = area
    top, left, bottom, right = lines
    if left == right and top <= row <= bottom:
        column = left
    elif top == bottom and left <= column <= right:
        row = top
    elif not (top <= row <= bottom and left <= column <= right and (left == right or top == bottom)):
        return {"node_type": "Error", "value": "#VALUE!"}
    return {"node_type": "Reference", "reference": f"{before}{mark}{join_address(row, column)}"}


def _column(letters: str) -> int:
    return split_address(f"{letters}1")[1]


def _takes_several(name: str, at: int, argument: Node, around: Surroundings, several: bool) -> bool:
    """Whether a range in an argument means all its cells."""
    if several or name in REFERENCE_FUNCTIONS or not _is_ours_to_decide(name):
        return True
    if at in _ARRAY_ARGUMENTS.get(name, ()):
        return True
    takes_range = name in AGGREGATES or at in TAKES_SEVERAL.get(name, ())
    return takes_range and argument["node_type"] in ("Reference", "Array")


def _is_ours_to_decide(name: str) -> bool:
    """Whether it is certain which arguments of a function are single values."""
    return (
        name in _OPERATORS
        or name in AGGREGATES
        or name in TAKES_SEVERAL
        or name in CELL_BY_CELL
        or name in _SCALAR
    )


_SCALAR: Final = frozenset(
    (
        *("IF", "IFERROR", "IFNA", "LEFT", "RIGHT", "MID", "LEN", "UPPER", "LOWER", "TRIM", "TEXT", "VALUE"),
        *("FIND", "SEARCH", "SUBSTITUTE", "EXACT", "REPT", "CONCATENATE", "YEAR", "MONTH", "DAY", "WEEKDAY"),
        *(
            "HOUR",
            "MINUTE",
            "SECOND",
            "TIME",
            "PMT",
            "PV",
            "FV",
            "NPER",
            "RATE",
            "FLOOR",
            "CEILING",
            "MROUND",
        ),
        *("LOG", "POWER", "SIN", "COS", "TAN", "NORM.S.DIST", "NORMSDIST", "NORM.DIST", "NORMDIST", "DAYS"),
        *("unary -", "unary +", "unary %"),
    )
)


def _with(node: Node, arguments: list[Node]) -> Node:
    kind = node["node_type"]
    if kind == "Function":
        return {**node, "args": arguments}
    if kind == "BinaryOp":
        return {**node, "left": arguments[0], "right": arguments[1]}
    if kind == "UnaryOp":
        return {**node, "operand": arguments[0]}
    return {**node, "args": arguments[1:]}


def _respelled(name: str, node: Node, arguments: list[Node], around: Surroundings) -> Node:
    if name in _COMPARISONS:
        return _comparison(name, node, arguments, around)
    if name == "&":
        return {**node, "left": _as_text(arguments[0]), "right": _as_text(arguments[1])}
    if name in _CONDITIONAL:
        return _conditional(name, node, arguments, around)
    if name in _LOOKUPS:
        return _lookup(name, node, arguments, around)
    if name in ("SUBTOTAL", "AGGREGATE"):
        return _subtotal(name, node, arguments, around)
    if name == "INDIRECT" and len(arguments) == 2 and _is_false(arguments[1]):
        here = (call("ROW"), call("COLUMN"))
        return call("INDIRECT", call("VAL_FROM_R1C1", arguments[0], *here))
    if name == "CELL":
        return node
    if name in BUILT_IN and node["name"].upper() != name:
        # The engine looks behind the prefix `_xlfn.` for its own functions first.
        return {**node, "name": name}
    if name in CELL_BY_CELL:
        shapes = [shape_of(argument, around.is_several) for argument in arguments]
        if not {"range", "array"}.isdisjoint(shapes):
            return {**node, "name": f"{PREFIX}{name}"}
    return node


# --- comparisons and texts ----------------------------------------------------------------------------


def _comparison(name: str, node: Node, arguments: list[Node], around: Surroundings) -> Node:
    if any(_settles_comparison(argument) or _is_whole(argument) for argument in arguments):
        return node
    return call(_COMPARISONS[name], *arguments)


def _settles_comparison(node: Node) -> bool:
    """Whether nothing hangs on the last digits of the other side: against a text, a truth value, or 0."""
    if node["node_type"] == "Literal":
        return not isinstance(node["value"], float) or node["value"] == 0
    name, _ = call_of(node)
    return name in _GIVE_TEXT or name in _GIVE_WHOLE_NUMBERS


def _is_whole(node: Node) -> bool:
    """Whether a node is or holds a whole row or column, which Python would read cell by cell."""
    wholes = []

    def look(inner: Node) -> Node:
        if inner["node_type"] == "Reference":
            first, colon, last = inner["reference"].rpartition("!")[2].replace("$", "").partition(":")
            wholes.append(bool(colon) and (first.isalpha() or first.isdigit() or last.isalpha()))
        return inner

    changed(node, look)
    return any(wholes)


def _as_text(node: Node) -> Node:
    is_text = node["node_type"] == "Literal" and isinstance(node["value"], str)
    name, _ = call_of(node)
    return node if is_text or name in _GIVE_TEXT or _is_whole(node) else call("VAL_AS_TEXT", node)


# --- SUMIF and its kin, lookups -----------------------------------------------------------------------

_CONDITIONAL: Final = frozenset(
    ("SUMIF", "AVERAGEIF", "COUNTIF", "SUMIFS", "AVERAGEIFS", "COUNTIFS", "MAXIFS", "MINIFS")
)


def _conditional(name: str, node: Node, arguments: list[Node], around: Surroundings) -> Node:
    ours = call(f"VAL_{name}", *arguments)
    plural = name.endswith("S")
    first = 0 if name == "COUNTIFS" else 1
    criteria = arguments[first + 1 :: 2] if plural else arguments[1:2]
    if plural and name == "COUNTIFS":
        criteria = arguments[1::2]
    elif plural:
        criteria = arguments[2::2]
    if any(shape_of(criterion, around.is_several) != "value" for criterion in criteria):
        return ours
    if name.startswith("COUNT"):
        return ours if all(_is_small(area) for area in arguments[0::2]) else node
    summed = arguments[0] if plural else arguments[2] if len(arguments) > 2 else arguments[0]
    if all(_is_small(argument) for argument in arguments):
        return ours
    if summed["node_type"] != "Reference":
        return node
    return call("IF", call("ISERROR", call("SUM", summed)), ours, node)


def _is_small(node: Node) -> bool:
    """Whether a node is a reference to few cells, or one value."""
    if node["node_type"] == "Reference":
        size = _size(node["reference"])
        return size is not None and size <= _FEW
    return node["node_type"] in ("Literal", "Array") or shape_of(node) == "value"


def _area(reference: str) -> tuple[int, int, int, int] | None:
    """Top, left, bottom and right of a reference to cells; None for a name and for whole rows and columns."""
    first, _, last = reference.rpartition("!")[2].replace("$", "").partition(":")
    try:
        top, left = split_address(first)
        bottom, right = split_address(last or first)
    except ValueError:
        return None
    return min(top, bottom), min(left, right), max(top, bottom), max(left, right)


def _size(reference: str) -> int | None:
    area = _area(reference)
    return None if area is None else (area[2] - area[0] + 1) * (area[3] - area[1] + 1)


_LOOKUPS: Final = {"MATCH": 2, "VLOOKUP": 3, "HLOOKUP": 3, "LOOKUP": None, "LARGE": None, "SMALL": None}
"""Lookups, and the argument that says whether they are approximate."""


def _lookup(name: str, node: Node, arguments: list[Node], around: Surroundings) -> Node:
    selector, ours = _LOOKUPS[name], call(f"VAL_{name}", *arguments)
    takes = TAKES_SEVERAL.get(name, frozenset())
    shapes = [shape_of(argument, around.is_several) for argument in arguments]
    if any(shape in ("range", "array") and at not in takes for at, shape in enumerate(shapes)):
        return ours
    if name in ("LARGE", "SMALL"):
        return node
    if selector is not None and len(arguments) > selector and _is_false(arguments[selector]):
        return node
    table = arguments[1] if len(arguments) > 1 else node
    if table["node_type"] == "Reference" and (_size(table["reference"]) or 0) > 50 * _FEW:
        return node
    return ours


def _is_false(node: Node) -> bool:
    """Whether an argument is 0, FALSE or nothing between two commas."""
    if node["node_type"] == "Omitted":
        return True
    return node["node_type"] == "Literal" and not isinstance(node["value"], str) and not node["value"]


# --- subtotals ----------------------------------------------------------------------------------------


def _subtotal(name: str, node: Node, arguments: list[Node], around: Surroundings) -> Node:
    numbers = [_number(argument) for argument in arguments[:2]]
    if numbers[0] is None or (name == "AGGREGATE" and (len(numbers) < 2 or numbers[1] is None)):
        return node
    if name == "SUBTOTAL":
        hides, ignores, first = numbers[0] > 100, True, 1
    else:
        option = int(numbers[1] or 0)
        hides, ignores, first = option in _HIDING_FORMS, option <= 3, 2
    last = len(arguments) - (1 if name == "AGGREGATE" and numbers[0] >= 14 else 0)
    counted: list[Node] = list(arguments[:first])
    for area in arguments[first:last]:
        parts = _counted(area, around, hides=hides, ignores=ignores)
        if parts is None:
            return node if name == "SUBTOTAL" else call("VAL_AGGREGATE", *arguments)
        counted += parts
    if name == "SUBTOTAL" and counted == arguments:
        return node
    return call(f"VAL_{name}", *counted, *arguments[last:])


def _number(node: Node) -> float | None:
    value = node.get("value")
    return value if isinstance(value, float) else None


def _counted(area: Node, around: Surroundings, *, hides: bool, ignores: bool) -> list[Node] | None:
    """The parts of an area that count: without hidden rows and cells that are subtotals themselves."""
    if area["node_type"] != "Reference":
        return None
    place = _area(area["reference"])
    if place is None:
        return None
    before, mark, _ = area["reference"].rpartition("!")
    sheet = before.strip("'").replace("''", "'") if mark else around.sheet
    skipped = around.filtered.get(sheet, frozenset()) | (
        around.hidden.get(sheet, frozenset()) if hides else frozenset()
    )
    totals = around.subtotals.get(sheet, frozenset()) if ignores else frozenset()
    top, left, bottom, right = place
    inside = [(row, column) for row, column in totals if top <= row <= bottom and left <= column <= right]
    gone = {row for row in skipped if top <= row <= bottom}
    if not gone and not inside:
        return [area]
    return _parts(before + mark, place, gone, set(inside))


def _parts(
    prefix: str, place: tuple[int, int, int, int], gone: set[int], inside: set[tuple[int, int]]
) -> list[Node]:
    top, left, bottom, right = place
    parts = []
    for column in range(left, right + 1):
        start = None
        for row in range(top, bottom + 2):
            counts = row <= bottom and row not in gone and (row, column) not in inside
            if counts and start is None:
                start = row
            elif not counts and start is not None:
                parts.append(f"{prefix}{join_address(start, column)}:{join_address(row - 1, column)}")
                start = None
    return [{"node_type": "Reference", "reference": part} for part in parts]
