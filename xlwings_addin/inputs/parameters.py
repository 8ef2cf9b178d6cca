"""The scalars a case of a company may set: the rows of its parameters.csv, in the order the sheets show them.

    key        what the tables, the cases, the sheets and the defined names call it
    label      what the sheet Inputs calls it
    unit       what it is measured in; money states its currency and scale
    section    the block of Inputs it stands in; a section is one block
    kind       number, rate, count, date, year, choice or text
    choices    the words of a choice, separated by spaces
    minimum    the least it may be, or empty
    maximum    the most it may be, or empty
    bounds     whether these belong to the range: closed, open, open below, open above; empty without any
    help       one sentence
    default    what stands for it where tables have no row of it, or empty; a table may lack this column

`PARAMETERS` are those of the company that is meant where none is named.

>>> parameter("timing").read("mid")
'mid'
>>> parameter("vehicle_horizon").read(20)
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: vehicle_horizon 20 must be at most 16
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, get_args, overload

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.folders import PARAMETERS_FILE, tables_folder, unreadable
from xlwings_addin.inputs.parameter import InputKind, Parameter
from xlwings_addin.inputs.renamed import current

TIMELINE_YEARS = 16
"""Forecast years on the sheets: article 004 fades its growth over 2024 to 2039."""

PLANTS = (1, 2, 3, 4, 5)
"""The plants of the capacity schedule: each has a capacity and a first year."""

COLUMNS = ("key", "label", "unit", "section", "kind", "choices", "minimum", "maximum", "bounds", "help")
DEFAULT = "default"
"""A last column that a table may have."""
BOUNDS = {
    "closed": (False, False),
    "open": (True, True),
    "open below": (True, False),
    "open above": (False, True),
}
"""Whether the minimum and the maximum lie outside the range, by what the table says."""
_WORDED = ("date", "year", "choice", "text")
"""Kinds whose unit is the kind itself."""


class ParameterList(Sequence[Parameter]):
    """The parameters of a company, in the order of its table, and by their keys."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = tuple(parameters)
        self._by_key = {parameter.key: parameter for parameter in self._parameters}

    @overload
    def __getitem__(self, index: int) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Parameter, ...]: ...
    def __getitem__(self, index: int | slice) -> Parameter | tuple[Parameter, ...]:
        return self._parameters[index]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParameterList) and self._parameters == other._parameters

    @cached_property
    def _hash(self) -> int:
        return hash(self._parameters)

    def __hash__(self) -> int:
        # Kept: a company is the key of several caches that every valuation asks.
        return self._hash

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._by_key)

    def has(self, key: str) -> bool:
        return key in self._by_key

    def named(self, key: str, *, stacklevel: int = 2) -> Parameter:
        """The parameter called `key`, or an `InputError` with the nearest name.

        A name that a parameter had before still leads to it, with a `DeprecationWarning`.
        """
        if key in self._by_key:
            return self._by_key[key]
        now = current("key", key)
        if now not in self._by_key:
            raise InputError("parameter", key, f"is not one of the model's{self.nearest(key)}")
        warnings.warn(f"parameter {key} is called {now} now", DeprecationWarning, stacklevel=stacklevel + 1)
        return self._by_key[now]

    def nearest(self, key: str) -> str:
        """` (nearest: tax_rate)` for a misspelt key, or nothing where no parameter is near."""
        from difflib import get_close_matches

        matches = get_close_matches(key, self._by_key, n=1)
        return f" (nearest: {matches[0]})" if matches else ""


def bounds_word(parameter: Parameter) -> str:
    """How the column `bounds` says whether the ends of a range belong to it.

    >>> bounds_word(PARAMETERS.named("tax_rate"))
    'open above'
    """
    if parameter.minimum is None and parameter.maximum is None:
        return ""
    ends = (parameter.above_minimum, parameter.below_maximum)
    return next(word for word, open_ends in BOUNDS.items() if open_ends == ends)


def load_parameters(path: Path) -> ParameterList:
    """The parameters of a table.

    Raises `InputError` or `ChoiceError` that names file, line, column, value and rule: for another header, an
    empty cell, an unknown kind, a unit or bound that does not fit it, a key that stands twice, a section that
    is interrupted.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return ParameterList(_checked(path.name, csv.reader(file, strict=True)))
    except FileNotFoundError:
        raise InputError("table", path.name, f"is not in {path.parent.name}/") from None
    except OSError as error:
        raise unreadable("file", path, error) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError("table", path.name, f"must be a CSV file in UTF-8: {error}") from None


def _checked(file: str, reader: Any) -> Iterator[Parameter]:
    header = tuple(next(reader, ()))
    if header not in (COLUMNS, (*COLUMNS, DEFAULT)):
        raise InputError(f"{file} line 1 header", ",".join(header), f"must be {','.join(COLUMNS)}")
    keys: set[str] = set()
    sections: list[str] = []
    for cells in filter(None, reader):
        place = f"{file} line {reader.line_num}"
        parameter = _read(place, cells, header)
        if parameter.key in keys:
            raise InputError(f"{place} key", parameter.key, "stands twice")
        if parameter.section in sections[:-1]:
            raise InputError(f"{place} section", parameter.section, "must be one block of rows")
        keys.add(parameter.key)
        sections = list(dict.fromkeys([*sections, parameter.section]))
        yield parameter


def _read(place: str, cells: Sequence[str], header: Sequence[str]) -> Parameter:
    if len(cells) not in (len(COLUMNS), len(header)):
        raise InputError(place, len(cells), f"columns must be {len(header)}")
    row = dict(zip(header, cells, strict=False))
    for column in ("key", "label", "unit", "section", "help"):
        if not row[column].strip():
            raise InputError(f"{place} {column}", row[column], "must not be empty")
    kind, kinds = row["kind"], get_args(InputKind)
    if kind not in kinds:
        raise ChoiceError(f"{place} kind", kind, f"must be one of {', '.join(kinds)}")
    if (row["unit"] in _WORDED or kind in _WORDED) and row["unit"] != kind:
        raise InputError(f"{place} unit", row["unit"], f"must be {kind!r} for a {kind}, and for nothing else")
    if bool(row["choices"].strip()) != (kind == "choice"):
        raise InputError(
            f"{place} choices", row["choices"], "must be words for a choice, and for nothing else"
        )
    minimum, maximum = (_bound(f"{place} {column}", row[column]) for column in ("minimum", "maximum"))
    if minimum is not None and maximum is not None and minimum > maximum:
        raise InputError(f"{place} minimum", minimum, f"must not exceed the maximum {maximum}")
    above, below = _open_ends(place, row["bounds"], bounded=minimum is not None or maximum is not None)
    return Parameter(
        *(row["key"], row["label"], row["unit"], row["section"], kind, row["help"]),  # type: ignore[arg-type]
        choices=tuple(row["choices"].split()),
        minimum=minimum,
        maximum=maximum,
        above_minimum=above,
        below_maximum=below,
        default=row.get(DEFAULT, "").strip(),
    )


def _bound(place: str, text: str) -> float | None:
    """A whole number stays one: messages print it as the table has it."""
    if not text:
        return None
    convert: Callable[[str], float] = int if text.lstrip("+-").isdecimal() else float
    try:
        number = convert(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(place, text, "must be a finite number, or empty")
    return number


def _open_ends(place: str, text: str, *, bounded: bool) -> tuple[bool, bool]:
    if not bounded and not text:
        return False, False
    if not bounded or text not in BOUNDS:
        rule = f"must be one of {', '.join(BOUNDS)}" if bounded else "must be empty without a bound"
        raise ChoiceError(f"{place} bounds", text, rule)
    return BOUNDS[text]


PARAMETERS = load_parameters(tables_folder() / PARAMETERS_FILE)


def parameter(key: str) -> Parameter:
    """The parameter called `key`, or an `InputError` with the nearest name.

    A name that a parameter had before still leads to it, with a `DeprecationWarning`.

    >>> parameter("tax_rate").label
    'Tax rate'
    >>> parameter("tax_rte")
    Traceback (most recent call last):
        ...
    xlwings_addin.core.errors.InputError: parameter 'tax_rte' is not one of the model's (nearest: tax_rate)
    """
    return PARAMETERS.named(key, stacklevel=3)


def nearest(key: str) -> str:
    """` (nearest: tax_rate)` for a misspelt key, or nothing where no parameter is near.

    >>> nearest("diluted_share")
    ' (nearest: diluted_shares)'
    """
    return PARAMETERS.nearest(key)
