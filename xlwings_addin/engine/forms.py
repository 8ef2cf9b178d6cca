"""The calls of a formula and the form of their arguments: what a proof of a function is filed under.

A function may be right for one value and wrong for a range in the same argument, right for an exact lookup
and wrong for an approximate one. So what is proven is a *form*: for each argument one of

    value    one value: a number, a text, one cell, the result of a function of single values
    range    a reference to several cells, or a function that may give one (OFFSET, INDIRECT, INDEX, CHOOSE)
    array    an array constant, or what an operator or function makes of several cells
    none     an argument that is left out

and, where an argument chooses among several calculations, its constant itself: `MATCH(value,range,0)`.
Operators count as functions: `=(value,value)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from xlwings_addin.engine.trees import Node, plain_name

__all__ = [
    "AGGREGATES",
    "GIVES_ARRAY",
    "REFERENCE_FUNCTIONS",
    "REPEATED",
    "REPEATED_IN_PAIRS",
    "SELECTORS",
    "TAKES_SEVERAL",
    "Call",
    "call_of",
    "calls_of",
    "is_several_cells",
    "shape_of",
]

SELECTORS: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(("MATCH", "WEEKNUM", "ACCRINT", "NUMBERVALUE"), frozenset({2})),
    **dict.fromkeys(("VLOOKUP", "HLOOKUP"), frozenset({3})),
    **dict.fromkeys(("XLOOKUP",), frozenset({4, 5})),
    **dict.fromkeys(("XMATCH",), frozenset({2, 3})),
    **dict.fromkeys(("SUBTOTAL", "WEEKDAY", "CELL"), frozenset({0, 1})),
    **dict.fromkeys(("AGGREGATE",), frozenset({0, 1})),
    **dict.fromkeys(("YEARFRAC", "DAYS360", "RANK", "RANK.EQ", "RANK.AVG"), frozenset({2})),
    **dict.fromkeys(("LINEST", "LOGEST"), frozenset({2, 3})),
    **dict.fromkeys(("TREND", "GROWTH"), frozenset({3})),
    **dict.fromkeys(("PMT", "PV", "FV", "NPER"), frozenset({4})),
    **dict.fromkeys(("IPMT", "PPMT", "CUMIPMT", "CUMPRINC"), frozenset({5})),
    **dict.fromkeys(("RATE",), frozenset({4})),
    **dict.fromkeys(("ADDRESS",), frozenset({2, 3})),
    **dict.fromkeys(("INDIRECT",), frozenset({1})),
}
"""The arguments, counted from 0, that choose among calculations of a function."""

_GIVES_RANGE = frozenset(("OFFSET", "INDIRECT"))
"""Functions that may give several cells although their arguments are single values."""
_PASSES_ON = frozenset(("IF", "CHOOSE", "IFS", "SWITCH", "IFERROR", "IFNA", "LET"))
"""Functions whose result is as large as their largest argument."""
GIVES_ARRAY = frozenset(
    (
        *("TRANSPOSE", "MMULT", "MINVERSE", "MUNIT", "FREQUENCY", "LINEST", "LOGEST", "TREND", "GROWTH"),
        *("FILTER", "SORT", "SORTBY", "UNIQUE", "SEQUENCE", "RANDARRAY", "VSTACK", "HSTACK", "TOCOL"),
        *("TOROW", "TAKE", "DROP", "EXPAND", "WRAPROWS", "WRAPCOLS", "CHOOSECOLS", "CHOOSEROWS"),
        *("TEXTSPLIT", "MAP", "SCAN", "BYROW", "BYCOL", "MAKEARRAY", "MODE.MULT", "GROUPBY", "PIVOTBY"),
        *("ANCHORARRAY", "TRIMRANGE", "unary #"),
    )
)
TAKES_SEVERAL: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(("SUMIF", "AVERAGEIF"), frozenset({0, 2})),
    **dict.fromkeys(("COUNTIF", "LARGE", "SMALL", "PERCENTILE", "PERCENTILE.INC"), frozenset({0})),
    **dict.fromkeys(("PERCENTILE.EXC", "QUARTILE", "QUARTILE.INC", "QUARTILE.EXC"), frozenset({0})),
    **dict.fromkeys(("PERCENTRANK", "PERCENTRANK.INC", "PERCENTRANK.EXC", "TRIMMEAN"), frozenset({0})),
    **dict.fromkeys(("MATCH", "XMATCH", "VLOOKUP", "HLOOKUP", "RANK", "RANK.EQ"), frozenset({1})),
    **dict.fromkeys(("RANK.AVG", "FORECAST", "FORECAST.LINEAR", "NPV"), frozenset(range(1, 255))),
    **dict.fromkeys(("XLOOKUP", "LOOKUP"), frozenset({1, 2})),
    **dict.fromkeys(("IRR", "MIRR", "Z.TEST", "ZTEST", "FVSCHEDULE"), frozenset({0, 1})),
    **dict.fromkeys(("XNPV",), frozenset({1, 2})),
    **dict.fromkeys(("XIRR", "PROB", "SERIESSUM"), frozenset({0, 1, 3})),
    **dict.fromkeys(("SUMIFS", "AVERAGEIFS", "MINIFS", "MAXIFS"), frozenset({0, *range(1, 255, 2)})),
    **dict.fromkeys(("COUNTIFS",), frozenset(range(0, 255, 2))),
    **dict.fromkeys(("NETWORKDAYS", "WORKDAY"), frozenset({2})),
    **dict.fromkeys(("NETWORKDAYS.INTL", "WORKDAY.INTL"), frozenset({3})),
    **dict.fromkeys(("SUBTOTAL",), frozenset(range(1, 255))),
    **dict.fromkeys(("AGGREGATE",), frozenset({2})),
    **dict.fromkeys(("TEXTJOIN",), frozenset(range(2, 255))),
    **dict.fromkeys(("DSUM", "DCOUNT", "DCOUNTA", "DGET", "DMAX", "DMIN", "DAVERAGE"), frozenset({0, 2})),
    **dict.fromkeys(("DPRODUCT", "DSTDEV", "DSTDEVP", "DVAR", "DVARP"), frozenset({0, 2})),
}
"""The arguments of functions that take several values as such; the others are applied value by value."""
AGGREGATES = frozenset(
    (
        *("SUM", "SUMSQ", "SUMPRODUCT", "PRODUCT", "COUNT", "COUNTA", "COUNTBLANK", "AVERAGE", "AVERAGEA"),
        *("MIN", "MAX", "MINA", "MAXA", "MEDIAN", "MODE", "MODE.SNGL", "STDEV", "STDEV.S", "STDEV.P"),
        *("STDEVP", "STDEVA", "STDEVPA", "VAR", "VAR.S", "VAR.P", "VARP", "VARA", "VARPA", "GEOMEAN"),
        *("HARMEAN", "AVEDEV", "DEVSQ", "KURT", "SKEW", "SKEW.P", "AND", "OR", "XOR", "CONCAT", "GCD"),
        *("LCM", "MULTINOMIAL", "CORREL", "COVAR", "COVARIANCE.P", "COVARIANCE.S", "PEARSON", "RSQ"),
        *("SLOPE", "INTERCEPT", "STEYX", "SUMX2MY2", "SUMX2PY2", "SUMXMY2", "MDETERM", "T.TEST", "TTEST"),
        *("F.TEST", "FTEST", "CHISQ.TEST", "CHITEST", "ROWS", "COLUMNS", "AREAS", "ISREF", "SHEET"),
        *("SHEETS", "ARRAYTOTEXT", "REDUCE", "FORMULATEXT", "ISFORMULA", "CELL", "TYPE", "unary @"),
    )
)
"""Functions that make one value of all theirs."""
REFERENCE_FUNCTIONS = frozenset(
    (
        *("ROW", "COLUMN", "ROWS", "COLUMNS", "AREAS", "OFFSET", "CELL", "ISREF", "FORMULATEXT", "ISFORMULA"),
        *("SHEET", "SHEETS", "INDIRECT", "ANCHORARRAY"),
    )
)
"""Functions that take references as such, whatever their size."""
REPEATED: Mapping[str, int] = {
    **dict.fromkeys(AGGREGATES, 0),
    **dict.fromkeys(("CONCATENATE", "CONCAT", "GCD", "LCM", "HSTACK", "VSTACK"), 0),
    **dict.fromkeys(("CHOOSE", "NPV", "SUBTOTAL"), 1),
    "TEXTJOIN": 2,
}
"""Functions whose arguments repeat, and how many come before the repeated ones."""
REPEATED_IN_PAIRS: Mapping[str, int] = {
    **dict.fromkeys(("SUMIFS", "AVERAGEIFS", "MINIFS", "MAXIFS", "SWITCH", "LET"), 1),
    **dict.fromkeys(("COUNTIFS", "IFS"), 0),
}
"""Functions whose arguments repeat in pairs, and how many come before the pairs."""


class Call(NamedTuple):
    """A function or operator that a formula calls, and the form of its arguments."""

    function: str
    form: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({','.join(self.form)})"


def is_several_cells(reference: str) -> bool:
    """Whether a reference is to more than one cell; a name counts as one, its reader must ask what it is.

    >>> is_several_cells("Sheet1!$A$1"), is_several_cells("A1:A1"), is_several_cells("A:A")
    (False, False, True)
    """
    place = reference.rpartition("!")[2].replace("$", "")
    if "[" in place:
        return ":" in place or not ("#This Row" in place or "@" in place)
    first, colon, last = place.partition(":")
    one = first.upper() == last.upper() and first[-1:].isdigit() and not first.isdigit()
    return (bool(colon) and not one) or place.endswith("#")


def calls_of(
    tree: Node,
    is_several: Callable[[str], bool] = is_several_cells,
    giving: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Call]:
    """The functions and operators of a parsed formula with the forms of their arguments, outer ones first.

    What a function gives counts as `giving` says of it: "value" or "array".

    >>> from xlwings_addin.engine.trees import tree_of
    >>> for call in calls_of(tree_of('SUM(SUMIF(A1:A9,{"a","b"},B1:B9))+MATCH(A1,B1:B9,0)')):
    ...     print(call)
    +(value,value)
    SUM(array)
    SUMIF(range,array,range)
    MATCH(value,range,0)
    """
    name, arguments = call_of(tree)
    if name:
        selectors = SELECTORS.get(name, frozenset())
        form = [
            _constant(argument)
            if at in selectors and _constant(argument)
            else shape_of(argument, is_several, giving)
            for at, argument in enumerate(arguments)
        ]
        yield Call(name, _shortened(name, form))
    for argument in arguments:
        yield from calls_of(argument, is_several, giving)


def _shortened(name: str, form: list[str]) -> tuple[str, ...]:
    """A form in which arguments that repeat, one by one or in pairs, stand once."""
    head = REPEATED.get(name)
    if head is not None:
        return (*form[:head], *sorted(set(form[head:])))
    head = REPEATED_IN_PAIRS.get(name)
    if head is not None:
        pairs = {" ".join(form[at : at + 2]) for at in range(head, len(form), 2)}
        return (*form[:head], *sorted(pairs))
    return tuple(form)


def call_of(node: Node) -> tuple[str, list[Node]]:
    """What a node calls and with which arguments; brackets, constants and references call nothing."""
    kind = node["node_type"]
    if kind == "Function":
        return plain_name(node["name"]), node["args"]
    if kind == "BinaryOp":
        return node["operator"], [node["left"], node["right"]]
    if kind == "UnaryOp":
        return f"unary {node['operator']}", [node["operand"]]
    if kind == "Call":
        return "LAMBDA", [node.get("callee", {}), *node.get("args", [])]
    return "", []


def _constant(node: Node) -> str:
    """A constant number or logical value as it reads in a formula; an empty text for anything else."""
    if node["node_type"] == "UnaryOp" and node["operator"] == "-":
        inner = _constant(node["operand"])
        return f"-{inner}" if inner else ""
    value = node.get("value") if node["node_type"] == "Literal" else None
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:g}" if isinstance(value, (int, float)) else ""


def shape_of(
    node: Node,
    is_several: Callable[[str], bool] = is_several_cells,
    giving: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """What a node stands for: value, range, array or none; a function that `giving` names, what it says."""
    kind = node["node_type"]
    if kind == "Reference":
        return "range" if is_several(node["reference"]) else "value"
    if kind == "Array":
        return "array"
    if kind == "Omitted":
        return "none"
    name, arguments = call_of(node)
    if name == "INDEX":
        return _shape_of_index(arguments)
    if name in giving:
        return giving[name]
    shapes = [shape_of(argument, is_several, giving) for argument in arguments]
    if name == ":" or name in _GIVES_RANGE:
        return "range"
    if name in GIVES_ARRAY:
        return "array"
    if name in AGGREGATES:
        return "value"
    if name in _PASSES_ON and "range" in shapes and "array" not in shapes:
        return "range"
    several = TAKES_SEVERAL.get(name, frozenset())
    spread = [shape for at, shape in enumerate(shapes) if at not in several]
    return "array" if {"range", "array"} & set(spread) else "value"


def _shape_of_index(arguments: Sequence[Node]) -> str:
    """INDEX gives a whole row or column where its row or column is 0 or left out with a comma."""
    whole = [node for node in arguments[1:3] if node["node_type"] == "Omitted" or _constant(node) == "0"]
    return "range" if whole else "value"
