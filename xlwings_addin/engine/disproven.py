"""Which calls are known to be wrong, by values that Excel stored: `disproven.csv` and `proven_kinds.csv`.

    why_disproven(call, arguments)      "which Excel is known to calculate otherwise", or None

A second engine is no witness against a counterexample, for two engines can share a fault. What is known to be
wrong is a form of arguments; or a kind of value in an argument of a form that is right for others: a text or
a truth value is believed only where a proof has one. What hangs on the values themselves stands in
`engine.disproven_values`.

Both tables are made from the proofs and counterproofs in `tests/engine`; docs/calculation.md prints them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from xlwings_addin.engine.disproven_values import BY_VALUE, Look
from xlwings_addin.engine.forms import Call
from xlwings_addin.engine.kinds import EXPECTED, Argument
from xlwings_addin.engine.trees import Node

__all__ = ["is_disproven", "why_disproven", "wrong_kind"]

_IN_WORDS: Mapping[str, str] = {
    "blank": "an empty cell",
    "error": "an error",
    "logical": "a truth value",
    "text": "a text",
    "number as text": "a number that is a text",
    "formatted number as text": "a date or a formatted number that is a text",
    "ambiguous date as text": "a date that is a text and does not tell day and month apart",
    "error as text": "a text that reads like an error",
    "logical as text": "a truth value that is a text",
}
_FORMAT = ("TEXT", 1)
"""Any text is a number format there; `engine.disproven_values` judges it."""
_OTHERWISE = "which Excel is known to calculate otherwise"


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("xlwings_addin.engine") / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def _disproven() -> Mapping[str, frozenset[tuple[str, ...]]]:
    """The forms of each function with a counterexample; some have none, but kinds of arguments."""
    forms: dict[str, set[tuple[str, ...]]] = {}
    for row in _rows("disproven.csv"):
        own = forms.setdefault(row["function"], set())
        if not row["kind"]:
            own.add(tuple(row["form"].split("|")) if row["form"] else ())
    return {function: frozenset(own) for function, own in forms.items()}


@cache
def _kinds(table: str) -> Mapping[tuple[str, int], frozenset[str]]:
    kinds: dict[tuple[str, int], set[str]] = {}
    for row in _rows(table):
        if row["kind"]:
            kinds.setdefault((row["function"], int(row["argument"])), set()).add(row["kind"])
    return {place: frozenset(own) for place, own in kinds.items()}


def is_disproven(call: Call) -> bool:
    """Whether a counterexample is at hand for a function in this form of its arguments."""
    return call.form in _disproven().get(call.function, ())


def wrong_kind(argument: Argument) -> bool:
    """Whether nothing proves a function for a value of this kind in this argument, or it is disproven."""
    place = argument.function, argument.place
    if place == _FORMAT:
        return False
    if argument.kind in _kinds("disproven.csv").get(place, ()):
        return True
    return argument.kind not in EXPECTED and argument.kind not in _kinds("proven_kinds.csv").get(place, ())


def why_disproven(call: Call, node: Node, arguments: Sequence[Argument], look: Look) -> str | None:
    """Why a call is not believed, whatever other engines say; None where nothing speaks against it.

    `node` is the call in the formula's tree, `arguments` what it is handed, `look` gives an area's cells.
    """
    if is_disproven(call):
        return _OTHERWISE
    for argument in arguments:
        if wrong_kind(argument):
            constant = " in the formula itself" if argument.kind.startswith("constant ") else ""
            return f"which is not proven for {_IN_WORDS[argument.kind.removeprefix('constant ')]}{constant}"
    guard = BY_VALUE.get(call.function)
    return guard(node, arguments, look) if guard is not None else None
