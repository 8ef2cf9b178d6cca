"""Which functions are right, in which form of arguments, by values that Excel stored: `proven.csv`.

    unproven("SUM(A1:A9)+FOO(1)")       the first call that nothing proves: FOO(value)
    is_proven("MATCH", ("value", "range", "0"))

The table is made from the proofs in `tests/engine/proofs.csv` by the test that runs them; docs/calculation.md
prints it. A function whose arguments repeat, SUM or CHOOSE, is proven for any number of them in every form
that a proof of it has.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import product

from xlwings_addin.engine.forms import REPEATED, REPEATED_IN_PAIRS, Call, calls_of, is_several_cells
from xlwings_addin.engine.trees import Node, tree_of

__all__ = ["is_proven", "proven_forms", "unproven"]

_TABLE = "proven.csv"


@cache
def proven_forms() -> Mapping[str, frozenset[tuple[str, ...]]]:
    """The proven forms of every function and operator."""
    forms: dict[str, set[tuple[str, ...]]] = {}
    table = (files("xlwings_addin.engine") / _TABLE).read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        forms.setdefault(row["function"], set()).add(_form(row["form"]))
    return {function: frozenset(parts) for function, parts in forms.items()}


def _form(written: str) -> tuple[str, ...]:
    return tuple(written.split("|")) if written else ()


@cache
def is_proven(function: str, form: tuple[str, ...]) -> bool:
    """Whether a function is proven in a form of its arguments.

    >>> is_proven("SUM", ("range", "value")), is_proven("NOT.A.FUNCTION", ("value",))
    (True, False)
    """
    forms = proven_forms().get(function)
    if forms is None:
        return False
    if form in forms:
        return True
    head = REPEATED.get(function, REPEATED_IN_PAIRS.get(function))
    if head is None:
        return False
    alike = [proof for proof in forms if proof[:head] == form[:head]]
    return bool(form[head:]) and set(form[head:]) <= {part for proof in alike for part in proof[head:]}


def unproven(
    formula: str | Node,
    *,
    trusted: Collection[str] = (),
    is_several: Callable[[str], bool] = is_several_cells,
) -> Call | None:
    """The first call of a formula that is not proven; None if all are.

    `trusted` are names of functions that are proven otherwise, ours for instance. `is_several` tells whether
    a reference or name is to several cells. Raises ValueError for a text that is no formula.

    >>> print(unproven("SUM(A1:A9)+FOO(1)"))
    FOO(value)
    >>> print(unproven("INDEX(FOO(1),1,2)", trusted=["FOO"]))
    None
    """
    tree = tree_of(formula) if isinstance(formula, str) else formula
    as_values = calls_of(tree, is_several, dict.fromkeys(trusted, "value"))
    as_arrays = calls_of(tree, is_several, dict.fromkeys(trusted, "array"))
    # What a trusted function gives may be one value or a table: a call is proven in either form.
    for call, with_tables in zip(as_values, as_arrays, strict=True):
        if call.function not in trusted and not any(
            is_proven(*form) for form in _forms_between(call, with_tables)
        ):
            return call
    return None


def _forms_between(call: Call, with_tables: Call) -> Iterator[Call]:
    """A call in each form in which some of the arguments that may be tables are."""
    first, second = call[1], with_tables[1]
    if first == second or len(first) != len(second):
        yield from (call, with_tables)
        return
    for form in product(*({one, other} for one, other in zip(first, second, strict=True))):
        yield Call(call[0], form)
