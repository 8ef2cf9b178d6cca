"""Calls that are not believed for the values that they are handed, whatever other engines say.

Each rule here stands for counterexamples in `tests/engine/counterproofs.csv`. A rule is told a call, its
arguments and how to look at areas; it gives the reason, or None. Where it cannot see the values, because
another function gives them, it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from xlwings_addin.engine.instead.financial import irr, xirr
from xlwings_addin.engine.instead.values import CellError, parsed_number, text
from xlwings_addin.engine.kinds import NOT_TOLD, Argument
from xlwings_addin.engine.text_formats import is_proven_format
from xlwings_addin.engine.trees import Node, plain_name
from xlwings_addin.xlsx.values import CellValue, is_error

__all__ = ["BY_VALUE", "Look", "Rule"]

Look = Callable[[Node], list[list[CellValue]] | None]
"""The cells that a node refers to, row by row; None for what is no reference, or to very many cells."""
Rule = Callable[[Node, Sequence[Argument], Look], str | None]
_GROWN = 20.0
_LOWEST_XIRR = -0.4
"""Excel finds some rates below and shows #NUM! for others."""


def _format(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    if len(arguments) != 2:
        return None
    code = arguments[1].value
    if code is NOT_TOLD:
        code = _joined(node["args"][1])
    if isinstance(code, str) and is_proven_format(code):
        return None
    if isinstance(code, float) and code == int(code):
        return None
    return "whose number format is none of those that are proven"


def _joined(node: Node) -> object:
    """A text of constants joined by &; `NOT_TOLD` for any other calculation."""
    if node["node_type"] == "Literal":
        return node["value"]
    if node["node_type"] == "BinaryOp" and node["operator"] == "&":
        parts = [_joined(node["left"]), _joined(node["right"])]
        return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else NOT_TOLD
    return NOT_TOLD


def _whole_column(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """COUNTIF over whole columns or rows, but for a number, a text, or what a number is above or below."""
    nodes = node["args"]
    if not all(_is_whole(part) for part in nodes[::2]):
        return None
    if all(_is_plain(_value_told(part, look)) for part in nodes[1::2]):
        return None
    return "which is not proven for such a criterion over whole columns or rows"


def _is_whole(node: Node) -> bool:
    if node["node_type"] != "Reference":
        return False
    first, colon, _ = node["reference"].rpartition("!")[2].replace("$", "").partition(":")
    return bool(colon) and (first.isalpha() or first.isdigit())


def _value_told(node: Node, look: Look) -> object:
    """The value of a constant, a cell or texts joined; `NOT_TOLD` for any other calculation."""
    if node["node_type"] in ("Literal", "Error"):
        return node["value"]
    if node["node_type"] == "Reference":
        area = look(node)
        return area[0][0] if area is not None and len(area) == len(area[0]) == 1 else NOT_TOLD
    if node["node_type"] == "Function" and plain_name(node["name"]) in ("CONCAT", "CONCATENATE"):
        parts = list(node["args"])
    elif node.get("operator") == "&":
        parts = [node["left"], node["right"]]
    else:
        return NOT_TOLD
    values = [_value_told(part, look) for part in parts]
    if isinstance(values[0], str) and values[0] in _COMPARED and values[1] is NOT_TOLD:
        return f"{values[0]}1"  # what is calculated there is taken for a number
    try:
        return NOT_TOLD if NOT_TOLD in values else "".join(map(text, values))
    except CellError as error:
        return error.error


_COMPARED = (">", "<", ">=", "<=")


def _is_plain(criterion: object) -> bool:
    if isinstance(criterion, float):
        return True
    if not isinstance(criterion, str) or not criterion or is_error(criterion):
        return False
    if criterion.startswith((">", "<")) and not criterion.startswith("<>"):
        return parsed_number(criterion.lstrip("<>=")) is not None
    return not criterion.startswith(("=", "<>")) and criterion.upper() not in ("TRUE", "FALSE")


def _place(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """INDEX of a negative place, and of one place in an area of several rows and columns."""
    area = node["args"][0]["rows"] if node["args"][0]["node_type"] == "Array" else look(node["args"][0])
    if len(arguments) == 2 and area is not None and len(area) > 1 and len(area[0]) > 1:
        return "which is not proven for one place in an area of several rows and columns"
    if any(isinstance(argument.value, float) and argument.value < 0 for argument in arguments[1:]):
        return "which is not proven for a negative row or column"
    return None


def _zero_to_zero(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """Excel shows #NUM! for 0^0, other programs 1."""
    if len(arguments) == 2 and all(argument.value in (0.0, None) for argument in arguments):
        return "which is not proven for zero to the power of zero"
    return None


def _sizes(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """SUMPRODUCT of areas of different sizes is #VALUE!."""
    sizes = set()
    for part, argument in zip(node["args"], arguments, strict=True):
        area = look(part)
        if area is not None or argument.value is not NOT_TOLD:
            sizes.add((1, 1) if area is None else (len(area), len(area[0])))
    return "which is not proven for areas of different sizes" if len(sizes) > 1 else None


def _rate(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """IRR or XIRR of flows of which not every program finds the same rate, or any."""
    name = plain_name(node["name"])
    areas = [look(part) for part in node["args"][: 2 if name == "XIRR" else 1]]
    flows = [value for row in (areas[0] if areas and areas[0] else []) for value in row]
    signs = [
        value > 0 for value in flows if isinstance(value, float) and value and not isinstance(value, bool)
    ]
    if sum(one != other for one, other in pairwise(signs)) > 1:
        return "which is not proven for flows that change their sign more than once"
    if not any(signs) or all(signs) or any(area is None for area in areas):
        return None
    more = [argument.value for argument in arguments[len(areas) :] if argument.value is not NOT_TOLD]
    rate = (xirr if name == "XIRR" else irr)(*areas, *more)
    if rate == "#NUM!" or (name == "XIRR" and isinstance(rate, float) and rate < _LOWEST_XIRR):
        return "of which Excel finds some rates below -40% and others not"
    return None


def _unsorted(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """An approximate lookup in values that do not rise, or that are of several kinds."""
    name, nodes = plain_name(node["name"]), node["args"]
    if len(nodes) < 2 or not _is_approximate(name, arguments):
        return None
    area = look(nodes[1])
    if area is None:
        return _NOT_SORTED if name in _HALVING else None
    if name == "HLOOKUP" or (name != "VLOOKUP" and len(area) < len(area[0])):
        line = list(area[0])
    else:
        line = [row[0] for row in area]
    mode = arguments[_HALVING[name]].value if name in _HALVING else None
    falls = mode == -2 or (name == "MATCH" and len(arguments) > 2 and arguments[2].value == -1)
    is_sorted = _is_sorted(tuple(line[::-1] if falls else line))
    return None if is_sorted and not (mode and len(set(line)) < len(line)) else _NOT_SORTED


_HALVING = {"XLOOKUP": 5, "XMATCH": 3}
"""Lookups that halve a list if they are told to, and where."""
_NOT_SORTED = "which is not proven in data that are not sorted"


def _is_approximate(name: str, arguments: Sequence[Argument]) -> bool:
    if name in _HALVING:
        return len(arguments) > _HALVING[name] and arguments[_HALVING[name]].value in (2.0, -2.0)
    at = {"LOOKUP": None, "MATCH": 2, "VLOOKUP": 3, "HLOOKUP": 3}[name]
    if at is None or len(arguments) <= at:
        return True
    return arguments[at].value not in (0.0, False, None)


@lru_cache(maxsize=256)
def _is_sorted(line: tuple[CellValue, ...]) -> bool:
    """Whether values rise, empty cells aside; all must be numbers or all texts."""
    values: list[Any] = [
        value.lower() if isinstance(value, str) else value for value in line if value is not None
    ]
    if len({isinstance(value, str) for value in values}) > 1 or any(
        isinstance(value, bool) for value in values
    ):
        return False
    return all(one <= other for one, other in pairwise(values))


def _sign(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """CHAR above 127 is another sign on a Mac than on Windows."""
    code = arguments[0].value if arguments else None
    return "which is not proven above 126" if isinstance(code, float) and code > 126 else None


def _little_principal(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """CUMPRINC of a loan that is paid back so late that rounding eats what is paid back in the beginning."""
    rate, periods = (argument.value for argument in arguments[:2]) if len(arguments) > 1 else (None, None)
    if isinstance(rate, float) and isinstance(periods, float) and rate > 0 and periods * rate > _GROWN:
        return "which is not proven where rate times periods is above 20"
    return None


def _complex(node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    return "which writes more digits than Excel"


_COMPLEX = (
    *("IMCONJUGATE", "IMCOS", "IMCOSH", "IMCOT", "IMCSC", "IMCSCH", "IMDIV", "IMEXP", "IMLN", "IMLOG10"),
    *("IMLOG2", "IMPOWER", "IMPRODUCT", "IMSEC", "IMSECH", "IMSIN", "IMSINH", "IMSQRT", "IMSUB", "IMSUM"),
    "IMTAN",
)
BY_VALUE: Mapping[str, Rule] = MappingProxyType(
    {
        "TEXT": _format,
        **dict.fromkeys(("COUNTIF", "COUNTIFS"), _whole_column),
        "INDEX": _place,
        **dict.fromkeys(("POWER", "^"), _zero_to_zero),
        "SUMPRODUCT": _sizes,
        **dict.fromkeys(("IRR", "XIRR"), _rate),
        **dict.fromkeys(("LOOKUP", "MATCH", "VLOOKUP", "HLOOKUP", "XLOOKUP", "XMATCH"), _unsorted),
        "CHAR": _sign,
        "CUMPRINC": _little_principal,
        **dict.fromkeys(_COMPLEX, _complex),
    }
)
"""The rules, by the functions that they are for."""
