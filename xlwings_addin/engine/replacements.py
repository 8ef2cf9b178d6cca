"""What the engine computes otherwise than a spreadsheet, and what is calculated in its stead.

The functions of `engine.instead` are called wherever a formula calls the built-in ones that they replace, and
where `engine.spelling` has put calls of them. They take and return what `calculate.recalculate` says of
Python functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial

from xlwings_addin.engine.exchange import Udf
from xlwings_addin.engine.forms import is_several_cells
from xlwings_addin.engine.instead import BUILT_IN, FROM_1904, HELPERS, OF_DAYS
from xlwings_addin.engine.spelling import Surroundings, spelled
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import CellKey, Package, formula_cells

__all__ = ["BuiltInsReplaced", "may_change", "registered", "replaces_name"]

_ROW = re.compile(rb"<(?:\w+:)?row\s([^>]*)>")
_NUMBER = re.compile(rb'\br="(\d+)"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_FILTER = re.compile(
    rb'<(?:\w+:)?autoFilter\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"[^>]*>\s*<(?:\w+:)?filterColumn'
)
_TOTAL = re.compile(r"\b(?:SUBTOTAL|AGGREGATE)\s*\(", re.IGNORECASE)


def registered(*, uses_1904_dates: bool) -> Mapping[str, Udf]:
    """The functions that the engine calls, by name; some of the names are those of built-in ones.

    Those that make days of numbers or texts count from 1900; a book that counts from 1904 has the engine's,
    but for those that know both.
    """
    own = {**BUILT_IN, **HELPERS}
    if not uses_1904_dates:
        return own
    return {**{name: udf for name, udf in own.items() if name not in OF_DAYS}, **FROM_1904}


def replaces_name(text: str) -> bool:
    """Whether the formula of a defined name has to be told to the engine in other words."""
    return spelled(text, Surroundings("", is_array=True)) != text


def may_change(text: str) -> bool:
    """Whether what becomes of a formula hangs on its own cells and not on its pattern alone."""
    return _TOTAL.search(text) is not None


class BuiltInsReplaced:
    """The formulas of one workbook as the engine is to read them."""

    def __init__(self, package: Package, several_names: frozenset[str]) -> None:
        self._several_names = several_names
        self._hidden = {sheet: _hidden_rows(package.parts[part]) for sheet, part in package.sheets().items()}
        self._filtered = {
            sheet: _filtered_rows(package, part, self._hidden[sheet])
            for sheet, part in package.sheets().items()
            if self._hidden[sheet]
        }
        self._subtotals = _subtotals(package)
        self._is_plain = not any(self._hidden.values()) and not self._subtotals

    def told(self, text: str, key: CellKey, *, is_array: bool) -> str:
        """A formula's text, without equals sign, as the engine is to read it."""
        if self._is_plain:
            return _spelled_in_plain_book(text, key, is_array, self._several_names)
        around = Surroundings(
            key[0],
            split_address(key[1]),
            is_array,
            self._several_names,
            self._is_several,
            self._hidden,
            self._filtered,
            self._subtotals,
        )
        return spelled(text, around)

    def _is_several(self, reference: str) -> bool:
        return _is_several(reference, self._several_names)


def _is_several(reference: str, names: frozenset[str]) -> bool:
    return is_several_cells(reference) or reference.rpartition("!")[2].upper() in names


@lru_cache(maxsize=8192)
def _spelled_in_plain_book(text: str, key: CellKey, is_array: bool, names: frozenset[str]) -> str:
    """A formula of a book without hidden rows and subtotals, where nothing else decides what it means.

    The same workbook is read again and again, and most of its formulas are then as they were.
    """
    several = partial(_is_several, names=names)
    return spelled(text, Surroundings(key[0], split_address(key[1]), is_array, names, several))


@lru_cache(maxsize=64)
def _hidden_rows(data: bytes) -> frozenset[int]:
    if b"hidden=" not in data:
        return frozenset()
    rows = set()
    for match in _ROW.finditer(data):
        number = _NUMBER.search(match[1])
        if number and _HIDDEN.search(match[1]):
            rows.add(int(number[1]))
    return frozenset(rows)


def _filtered_rows(package: Package, part: str, hidden: frozenset[int]) -> frozenset[int]:
    """The hidden rows inside the areas of filters that filter: of the sheet and of its tables."""
    areas = [*_FILTER.finditer(package.parts[part])]
    for name, data in package.parts.items():
        if name.startswith("xl/tables/") and _belongs(package, part, name):
            areas += _FILTER.finditer(data)
    return frozenset(row for area in areas for row in hidden if int(area[2]) < row <= int(area[4]))


def _belongs(package: Package, sheet: str, table: str) -> bool:
    folder, _, name = sheet.rpartition("/")
    relations = package.parts.get(f"{folder}/_rels/{name}.rels", b"")
    return table.rpartition("/")[2].encode() in relations


def _subtotals(package: Package) -> Mapping[str, frozenset[tuple[int, int]]]:
    places: dict[str, set[tuple[int, int]]] = {}
    capitals = (package.parts[part].upper() for part in package.sheets().values())
    if not any(b"SUBTOTAL" in data or b"AGGREGATE" in data for data in capitals):
        return {}
    for formula in formula_cells(package):
        if formula.text and _TOTAL.search(formula.text):
            places.setdefault(formula.sheet, set()).add(split_address(formula.cell))
    return {sheet: frozenset(cells) for sheet, cells in places.items()}
