"""What meets a criterion: SUMIF, COUNTIF and their kin, and the functions of databases.

A criterion is a value, or a text that begins with an operator; `*` and `?` stand for any characters, `~`
takes a sign as it is. A text without operator must be the whole cell in COUNTIF, its beginning in a database.
An error among the cells that are summed is the result. A criterion of several cells gives several results.

Source: Microsoft's documentation of SUMIF, COUNTIF, AVERAGEIF, SUMIFS, MAXIFS and DSUM ("criteria examples").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from xlwings_addin.engine.instead.comparison import rounded
from xlwings_addin.engine.instead.values import (
    CellError,
    as_rows,
    cell_by_cell,
    cells,
    function,
    is_text,
    parsed_number,
)
from xlwings_addin.xlsx.values import ERROR_VALUES, is_error

__all__ = ["FUNCTIONS", "HELPERS", "matcher", "wildcards"]

Meets = Callable[[Any], bool]
_OPERATOR = re.compile(r"(<=|>=|<>|<|>|=)(.*)", re.DOTALL)


@lru_cache(maxsize=4096)
def wildcards(pattern: str) -> re.Pattern[str]:
    """A text with `*`, `?` and `~` as a regular expression without letter case."""
    pieces, at = [], 0
    while at < len(pattern):
        mark = pattern[at]
        if mark == "~" and at + 1 < len(pattern) and pattern[at + 1] in "*?~":
            at += 1
            pieces.append(re.escape(pattern[at]))
        else:
            pieces.append({"*": ".*", "?": "."}.get(mark, re.escape(mark)))
        at += 1
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def matcher(criterion: object, *, begins: bool = False) -> Meets:
    """Whether a cell meets a criterion; in a database (`begins`) a text is the beginning of one."""
    if criterion is None:
        return (lambda cell: True) if begins else (lambda cell: _same_number(cell, 0.0))
    if isinstance(criterion, bool):
        return lambda cell: cell is criterion
    if isinstance(criterion, (int, float)):
        return lambda cell: _same_number(cell, float(criterion))
    match = _OPERATOR.match(str(criterion))
    operator, operand = (match[1], match[2]) if match else ("", str(criterion))
    if operator in ("", "="):
        return _equal_to(operand, operator, begins)
    if operator == "<>":
        return _not_equal_to(operand)
    return _ordered(operator, operand)


def _same_number(cell: object, value: float) -> bool:
    if isinstance(cell, bool) or cell is None or is_error(cell):
        return False
    if isinstance(cell, str):
        return parsed_number(cell) == value
    return rounded(float(cell)) == rounded(value)  # type: ignore[arg-type]


def _equal_to(operand: str, operator: str, begins: bool) -> Meets:
    if operand == "":
        if operator == "=":
            return lambda cell: cell is None
        return lambda cell: cell is None or cell == ""
    if operand.upper() in ("TRUE", "FALSE"):
        wanted = operand.upper() == "TRUE"
        return lambda cell: cell is wanted
    if operand.upper() in ERROR_VALUES:
        return lambda cell: is_error(cell) and cell == operand.upper()
    value = parsed_number(operand)
    if value is not None:
        return lambda cell: _same_number(cell, value)
    pattern = wildcards(operand + ("*" if begins and not operator else ""))
    return lambda cell: is_text(cell) and pattern.fullmatch(cell) is not None


def _not_equal_to(operand: str) -> Meets:
    """Whatever is not the value; a text that reads like the number is not the number here."""
    value = parsed_number(operand)
    if value is not None:
        return lambda cell: not (_is_number(cell) and rounded(cell) == rounded(value))
    other = _equal_to(operand, "=", begins=False)
    return lambda cell: not other(cell)


def _ordered(operator: str, operand: str) -> Meets:
    holds: Callable[[Any, Any], bool] = {
        "<": lambda one, other: one < other,
        ">": lambda one, other: one > other,
        "<=": lambda one, other: one <= other,
        ">=": lambda one, other: one >= other,
    }[operator]
    value = parsed_number(operand)
    if value is not None:
        return lambda cell: _is_number(cell) and holds(rounded(cell), rounded(value))
    lower = operand.lower()
    return lambda cell: is_text(cell) and lower != "" and holds(cell.lower(), lower)


def _is_number(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


# --- SUMIF and its kin --------------------------------------------------------------------------------


def _mask(area: object, criterion: object) -> list[bool]:
    if is_error(criterion):
        criterion = str(criterion)
    meets = matcher(criterion)
    return [meets(cell) for cell in cells(area)]


def _size(area: object) -> tuple[int, int]:
    rows = as_rows(area)
    return len(rows), len(rows[0])


def _chosen(values: object, areas_and_criteria: Sequence[object]) -> Iterator[Any]:
    """The cells of `values` whose neighbours in every area meet their criterion."""
    keep: list[bool] | None = None
    for area, criterion in zip(areas_and_criteria[::2], areas_and_criteria[1::2], strict=True):
        mask = _mask(area, criterion)
        keep = mask if keep is None else [one and other for one, other in zip(keep, mask, strict=False)]
    kept = keep or []
    yield from (cell for cell, stays in zip(cells(values), kept, strict=False) if stays)


def _numbers(chosen: Iterator[Any]) -> list[float]:
    amounts = []
    for cell in chosen:
        if is_error(cell):
            raise CellError(str(cell))
        if _is_number(cell):
            amounts.append(float(cell))
    return amounts


def _average(amounts: list[float]) -> float:
    if not amounts:
        raise CellError("#DIV/0!")
    return math.fsum(amounts) / len(amounts)


def _one_condition(finish: Callable[[list[float]], float]) -> Callable[..., object]:
    """SUMIF or AVERAGEIF: one area, one criterion, and the cells to take where they are others."""

    def calculate(area: object, criterion: object, values: object = None) -> object:
        taken = area if values is None else values
        return _for_each(criterion, lambda one: finish(_numbers(_chosen(taken, [area, one]))))

    return function(calculate)


def _several_conditions(finish: Callable[[list[float]], float]) -> Callable[..., object]:
    def calculate(values: object, *areas_and_criteria: object) -> object:
        if len(areas_and_criteria) % 2 or not areas_and_criteria:
            raise CellError("#VALUE!")
        if any(_size(area) != _size(values) for area in areas_and_criteria[::2]):
            raise CellError("#VALUE!")
        return _spread(areas_and_criteria, lambda pairs: finish(_numbers(_chosen(values, pairs))))

    return function(calculate)


def _for_each(criterion: object, answer: Callable[[object], object]) -> object:
    """One answer, or one for each of several criteria."""
    return cell_by_cell(answer)(criterion) if isinstance(criterion, list) else answer(criterion)


def _spread(areas_and_criteria: Sequence[object], answer: Callable[[list[object]], object]) -> object:
    areas, criteria = areas_and_criteria[::2], areas_and_criteria[1::2]

    def one(*single: object) -> object:
        return answer([part for pair in zip(areas, single, strict=True) for part in pair])

    return (
        cell_by_cell(one)(*criteria)
        if any(isinstance(criterion, list) for criterion in criteria)
        else one(*criteria)
    )


@function
def countif(area: object, criterion: object) -> object:
    return _for_each(criterion, lambda one: float(sum(_mask(area, one))))


@function
def countifs(*areas_and_criteria: object) -> object:
    if len(areas_and_criteria) % 2 or not areas_and_criteria:
        raise CellError("#VALUE!")
    if any(_size(area) != _size(areas_and_criteria[0]) for area in areas_and_criteria[::2]):
        raise CellError("#VALUE!")

    def count(pairs: list[object]) -> object:
        ones = [[1.0] * len(row) for row in as_rows(pairs[0])]
        return float(len(list(_chosen(ones, pairs))))

    return _spread(areas_and_criteria, count)


HELPERS: Final = {
    "VAL_SUMIF": _one_condition(math.fsum),
    "VAL_AVERAGEIF": _one_condition(_average),
    "VAL_SUMIFS": _several_conditions(math.fsum),
    "VAL_AVERAGEIFS": _several_conditions(_average),
    "VAL_MAXIFS": _several_conditions(lambda amounts: max(amounts, default=0.0)),
    "VAL_MINIFS": _several_conditions(lambda amounts: min(amounts, default=0.0)),
    "VAL_COUNTIF": countif,
    "VAL_COUNTIFS": countifs,
}


# --- databases ----------------------------------------------------------------------------------------


def _column(database: list[list[Any]], field: object) -> int:
    heads = [str(head).strip().lower() if head is not None else "" for head in database[0]]
    if isinstance(field, str):
        if field.strip().lower() in heads:
            return heads.index(field.strip().lower())
        field = parsed_number(field)
    at = int(float(field)) if isinstance(field, (int, float)) else 0
    if not 1 <= at <= len(heads):
        raise CellError("#VALUE!")
    return at - 1


def _records(database: list[list[Any]], criteria: list[list[Any]]) -> Iterator[list[Any]]:
    """The rows of a database that meet all the criteria of any row of criteria."""
    heads = [str(head).strip().lower() if head is not None else "" for head in database[0]]
    wanted = [str(head).strip().lower() if head is not None else "" for head in criteria[0]]
    if not database[1:]:
        raise CellError("#VALUE!")
    rules = []
    for row in criteria[1:]:
        tests = [
            (heads.index(head), matcher(cell, begins=True))
            for head, cell in zip(wanted, row, strict=True)
            if head in heads and cell is not None
        ]
        unknown = any(head not in heads and cell is not None for head, cell in zip(wanted, row, strict=True))
        if not unknown:
            rules.append(tests)
    for record in database[1:]:
        if any(all(meets(record[at]) for at, meets in tests) for tests in rules):
            yield record


def _database(finish: Callable[[list[Any]], object]) -> Callable[..., object]:
    def calculate(database: object, field: object, criteria: object) -> object:
        table, rules = as_rows(database), as_rows(criteria)
        if is_error(field):
            raise CellError(str(field))
        at = _column(table, field) if field is not None else None
        chosen = list(_records(table, rules))
        return finish([record[at] if at is not None else 1.0 for record in chosen])

    return function(calculate)


def _of_numbers(finish: Callable[[list[float]], object]) -> Callable[..., object]:
    return _database(lambda chosen: finish(_numbers(iter(chosen))))


def _variance(amounts: list[float], freedom: int) -> float:
    if len(amounts) <= freedom:
        raise CellError("#DIV/0!")
    mean = math.fsum(amounts) / len(amounts)
    return math.fsum((value - mean) ** 2 for value in amounts) / (len(amounts) - freedom)


def _only(chosen: list[Any]) -> object:
    filled = [cell for cell in chosen if cell is not None]
    if not filled:
        raise CellError("#VALUE!")
    if len(filled) > 1:
        raise CellError("#NUM!")
    return filled[0]


FUNCTIONS: Final = {
    "DSUM": _of_numbers(math.fsum),
    "DAVERAGE": _of_numbers(_average),
    "DCOUNT": _database(lambda chosen: float(sum(map(_is_number, chosen)))),
    "DCOUNTA": _database(lambda chosen: float(sum(cell is not None for cell in chosen))),
    "DMAX": _of_numbers(lambda amounts: max(amounts, default=0.0)),
    "DMIN": _of_numbers(lambda amounts: min(amounts, default=0.0)),
    "DPRODUCT": _of_numbers(lambda amounts: math.prod(amounts) if amounts else 0.0),
    "DVAR": _of_numbers(lambda amounts: _variance(amounts, 1)),
    "DVARP": _of_numbers(lambda amounts: _variance(amounts, 0)),
    "DSTDEV": _of_numbers(lambda amounts: math.sqrt(_variance(amounts, 1))),
    "DSTDEVP": _of_numbers(lambda amounts: math.sqrt(_variance(amounts, 0))),
    "DGET": _database(_only),
}
