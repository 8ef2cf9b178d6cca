"""Whether a formula is believed that no stored value witnesses.

    doubts = Doubts(book, values)
    doubts.about(key)           None where all that the formula calls is proven, else what is not and why

A doubt is `certain` where a counterexample is at hand: then no second engine is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from xlwings_addin.engine.disproven import why_disproven, wrong_kind
from xlwings_addin.engine.disproven_values import BY_VALUE, Look
from xlwings_addin.engine.forms import call_of, calls_of, is_several_cells
from xlwings_addin.engine.kinds import KINDS, NOT_TOLD, Argument, ValueOf, arguments_of, kind_of
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.proven import unproven
from xlwings_addin.engine.text_formats import has_decimal_comma
from xlwings_addin.engine.trees import Node, tree_of
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

__all__ = ["Doubt", "Doubts", "doubt_about"]

_MOST = 20_000
"""Cells of an area up to which they are looked at."""
_BRANCHES = frozenset(("IF", "IFS", "IFERROR", "IFNA", "CHOOSE", "SWITCH"))
"""Functions whose first argument is always calculated, and others perhaps not."""
_REFERENCE = re.compile(r"(?:(?:'(?:[^']|'')+'|[\w.]+)!)?\$?[A-Za-z]{1,3}\$?[0-9]+(?![\w(.!])")
_NOTHING_PROVES = "which nothing proves"


class Doubt(NamedTuple):
    """A call that is not believed and why; `is_certain` where a counterexample says so."""

    call: str
    why: str
    is_certain: bool = False


def doubt_about(
    tree: Node,
    value_of: ValueOf,
    look: Look = lambda node: None,
    *,
    trusted: frozenset[str] = frozenset(),
    is_several: Callable[[str], bool] = is_several_cells,
) -> Doubt | None:
    """What is doubtful of a formula, counterexamples first.

    `value_of` tells the value of a cell, `look` those of an area. What a branch is handed that may not be
    taken, `IF(ISNUMBER(A1),1+A1,0)`, is no counterexample: then a second engine is asked.
    """
    calls, nodes = list(calls_of(tree, is_several)), list(_call_nodes(tree))
    first: Doubt | None = None
    for call, (node, in_branch), arguments in zip(calls, nodes, arguments_of(tree, value_of), strict=True):
        if call.function in trusted:
            continue
        why = why_disproven(call, node, arguments, look)
        if why is None:
            continue
        doubt = Doubt(str(call), why, not in_branch)
        if doubt.is_certain:
            return doubt
        first = first or doubt
    if first is not None:
        return first
    missing = unproven(tree, trusted=trusted, is_several=is_several)
    if missing is None:
        return None
    return Doubt(str(missing), _NOTHING_PROVES)


def _call_nodes(tree: Node, in_branch: bool = False) -> list[tuple[Node, bool]]:
    """The calls of a formula, outer ones first, and whether they stand in a branch that may not be taken."""
    name, nodes = call_of(tree)
    own = [(tree, in_branch)] if name else []
    for at, node in enumerate(nodes):
        own += _call_nodes(node, in_branch or (name in _BRANCHES and at > 0))
    return own


class Doubts:
    """What is doubtful of the formulas of a book, given the values of its formula cells."""

    def __init__(self, book: LoadedBook, values: Mapping[CellKey, CellValue]) -> None:
        self._book = book
        self._values = {**read_values(book.package), **values}
        self._areas: dict[tuple[str, str], list[list[CellValue]] | None] = {}
        self._by_pattern: dict[str, tuple[Doubt | None, bool]] = {}
        self._only_kinds: dict[str, bool] = {}
        self._by_kinds: dict[tuple[str, tuple[str, ...]], Doubt | None] = {}
        self._sheets = {sheet.lower(): sheet for sheet in book.sheets}
        self._is_elsewhere = any(has_decimal_comma(text) for text in set(book.patterns.values()))

    def about(self, key: CellKey) -> Doubt | None:
        """What is doubtful of a cell's formula."""
        pattern = self._book.patterns[key]
        if not pattern:
            return None
        if self._is_elsewhere and "TEXT(" in pattern.upper():
            return Doubt("TEXT", "and the workbook was made with a decimal comma", True)
        if "[" in pattern:
            return self._doubt(self._book.with_plain_ranges(key, self._book.texts[key]), key)
        if pattern not in self._by_pattern:
            doubt = self._doubt(pattern, None)
            self._by_pattern[pattern] = doubt, _hangs_on_values(pattern)
        doubt, hangs_on_values = self._by_pattern[pattern]
        if hangs_on_values and (doubt is None or not doubt.is_certain):
            return self._by_kinds_or_values(pattern, key)
        return doubt

    def _by_kinds_or_values(self, pattern: str, key: CellKey) -> Doubt | None:
        """The same for cells of one pattern whose single cells hold the same kinds, unless values decide."""
        text = self._book.texts[key]
        if pattern not in self._only_kinds:
            self._only_kinds[pattern] = not _hangs_on_more_than_kinds(pattern)
        if not self._only_kinds[pattern]:
            return self._doubt(text, key)
        values = (self._value(reference, key[0]) for reference in _REFERENCE.findall(text))
        place = pattern, tuple("" if value is NOT_TOLD else kind_of(value) for value in values)  # type: ignore[arg-type]
        if place not in self._by_kinds:
            self._by_kinds[place] = self._doubt(text, key)
        return self._by_kinds[place]

    def _doubt(self, text: str, key: CellKey | None) -> Doubt | None:
        def value_of(reference: str) -> object:
            return NOT_TOLD if key is None else self._value(reference, key[0])

        def look(node: Node) -> list[list[CellValue]] | None:
            return None if key is None else self._area(node, key[0])

        try:
            tree = tree_of(text)
            return doubt_about(
                tree,
                value_of,
                look,
                trusted=self._book.own_names,
                is_several=self._is_several_in(key is None),
            )
        except ValueError:
            return Doubt("what cannot be parsed here", _NOTHING_PROVES)

    def _is_several_in(self, pattern: bool) -> Callable[[str], bool]:
        def is_several(reference: str) -> bool:
            place = reference.rpartition("!")[2].upper()
            if place in self._book.name_words:
                return place not in self._book.single_cell_names
            return (pattern and ":" in place) or is_several_cells(reference)  # it calls every area A1:A1

        return is_several

    def _value(self, reference: str, sheet: str) -> object:
        key = self._corner(reference, sheet)
        return NOT_TOLD if key is None or is_several_cells(reference) else self._values.get(key)

    def _corner(self, reference: str, sheet: str) -> CellKey | None:
        """The first cell of a reference; None for a name, whole columns and what is not in the book."""
        before, _, place = reference.rpartition("!")
        address = place.replace("$", "").upper().partition(":")[0]
        if not address[-1:].isdigit() or address.isdigit() or place.upper() in self._book.name_words:
            return None
        if before:
            named = self._sheets.get(before.strip("'").replace("''", "'").lower())
            return None if named is None else (named, address)
        return sheet, address

    def _within_used(self, reference: str, sheet: str) -> str:
        """Whole columns or rows as far as anything stands in them; any other reference as it is."""
        before, mark, place = reference.rpartition("!")
        first, _, last = place.replace("$", "").partition(":")
        if not last or first.isalnum() != last.isalnum() or not (first.isalpha() or first.isdigit()):
            return reference
        named = self._sheets.get(before.strip("'").replace("''", "'").lower(), sheet)
        row, column = self._used.get(named, (1, 1))
        area = f"{first}1:{last}{row}" if first.isalpha() else f"A{first}:{join_address(int(last), column)}"
        return f"{before}{mark}{area}"

    @cached_property
    def _used(self) -> Mapping[str, tuple[int, int]]:
        used: dict[str, tuple[int, int]] = {}
        for sheet, address in self._values:
            (row, column), (most, widest) = split_address(address), used.get(sheet, (1, 1))
            used[sheet] = max(row, most), max(column, widest)
        return used

    def _area(self, node: Node, sheet: str) -> list[list[CellValue]] | None:
        if node["node_type"] != "Reference":
            return None
        place = sheet, node["reference"]
        if place not in self._areas:
            self._areas[place] = self._looked_at(self._within_used(node["reference"], sheet), sheet)
        return self._areas[place]

    def _looked_at(self, reference: str, sheet: str) -> list[list[CellValue]] | None:
        corner = self._corner(reference, sheet)
        if corner is None:
            return None
        last = reference.rpartition("!")[2].replace("$", "").partition(":")[2]
        try:
            (top, left), (bottom, right) = split_address(corner[1]), split_address(last or corner[1])
        except ValueError:
            return None
        if not 0 < (bottom - top + 1) * (right - left + 1) <= _MOST:
            return None
        return [
            [self._values.get((corner[0], join_address(row, column))) for column in range(left, right + 1)]
            for row in range(top, bottom + 1)
        ]


def _hangs_on_values(pattern: str) -> bool:
    """Whether the values of a formula's cells decide about its calls, of which the pattern has all."""
    try:
        tree = tree_of(pattern)
    except ValueError:
        return False
    return any(
        argument.function in BY_VALUE or _matters(argument)
        for arguments in arguments_of(tree, lambda reference: NOT_TOLD if ":" in reference else "a text")
        for argument in arguments
    )


def _hangs_on_more_than_kinds(pattern: str) -> bool:
    arguments = arguments_of(tree_of(pattern), lambda reference: NOT_TOLD)
    return any(argument.function in BY_VALUE for of_call in arguments for argument in of_call)


def _matters(argument: Argument) -> bool:
    return argument.kind != "" and any(wrong_kind(argument._replace(kind=kind)) for kind in KINDS)
