"""Arguments that take one value and are handed several: right only where something proves it.

A spreadsheet applies such a function to every cell, inside SUMPRODUCT or an array formula. The functions of
`engine.instead` do so, and those that `engine.spelling` calls in the engine's stead; operators, IF and
IFERROR do in the engine itself. Every other function needs a proof in that form (`engine.proven`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from xlwings_addin.engine.forms import (
    AGGREGATES,
    GIVES_ARRAY,
    REFERENCE_FUNCTIONS,
    TAKES_SEVERAL,
    Call,
    calls_of,
)
from xlwings_addin.engine.instead import BUILT_IN, HELPERS, OF_SINGLE_VALUES
from xlwings_addin.engine.proven import is_proven
from xlwings_addin.engine.trees import Node

__all__ = ["over_several_cells"]

_CELL_BY_CELL = frozenset(("IF", "IFERROR", "IFNA", "unary -", "unary +", "unary %", "unary @", "unary #"))
_OPERATORS = frozenset(("+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">=", ":", ",", " "))
_RIGHT_FOR_SEVERAL = (
    AGGREGATES
    | GIVES_ARRAY
    | REFERENCE_FUNCTIONS
    | _CELL_BY_CELL
    | _OPERATORS
    | (BUILT_IN.keys() - OF_SINGLE_VALUES)
    | HELPERS.keys()
    | frozenset(("LOOKUP", "LAMBDA", "LET", "SUBTOTAL", "AGGREGATE"))
)


def over_several_cells(
    told: Node, is_several: Callable[[str], bool], trusted: Collection[str] = ()
) -> Call | None:
    """The first call of a formula, as it is told to the engine, that hands several values where one is taken.

    `trusted` are functions of ours, which take what they are given.
    """
    return next(_in_doubt(told, is_several, trusted), None)


def _in_doubt(told: Node, is_several: Callable[[str], bool], trusted: Collection[str]) -> Iterator[Call]:
    for call in calls_of(told, is_several):
        if call.function in _RIGHT_FOR_SEVERAL or call.function.upper() in trusted:
            continue
        if call.function.startswith("VAL_"):
            continue
        takes = TAKES_SEVERAL.get(call.function, frozenset({0}) if call.function == "INDEX" else frozenset())
        several = any(
            " " not in shape and shape in ("range", "array") and at not in takes
            for at, shape in enumerate(call.form)
        )
        if several and not is_proven(*call):
            yield call
