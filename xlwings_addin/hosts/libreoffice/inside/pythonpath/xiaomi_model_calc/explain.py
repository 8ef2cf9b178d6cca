"""Which calls of our functions a cell makes, with the values of their arguments.

Calc does not tell a function which cell calls it. When VAL_LAST_ERROR asks about a cell, its calls are made
again, with its address. An argument can be passed again if it is a constant, a reference or a name; a call
with another, a calculation say, cannot be.
"""

from __future__ import annotations

import re
from typing import Any, Collection, Iterator, List, Tuple

from xiaomi_model_calc.workbook import address, values_of

_PIECES = re.compile(
    r"""(?P<skipped>"(?:[^"]|"")*"|'(?:[^']|'')+'|\{[^}]*\})|(?P<name>[\w.]*)\((?P<open>)|(?P<mark>[;)])"""
)
_NUMBER = re.compile(r"-?[0-9.]+(?:E[+-]?[0-9]+)?%?", re.IGNORECASE)
_REFERENCE = re.compile(r"[\w.$:' -]+")


def calls_of(
    cell: Any, functions: Collection[str], prefix: str
) -> Tuple[str, List[Tuple[str, List[Any]]], bool]:
    """The address of a cell, the calls in its formula that can be made again, and whether they tell all.

    Inner calls come first. They tell all if they are all there are, or the cell shows no error.
    """
    place, sheet, first = cell.getRangeAddress(), cell.getSpreadsheet(), cell.getCellByPosition(0, 0)
    name = sheet.Name.replace("'", "''")
    calls, left_out = [], 0
    for called, texts in calls_in(first.getFormula()):
        function = called.upper()[len(prefix) :]
        if called.upper().startswith(prefix) and function in functions:
            values = [_value(sheet, text) for text in texts]
            if _NotPlain in values:
                left_out += 1
            else:
                calls.append((function, values))
    complete = not left_out or not first.getError()
    return f"'{name}'!{address(place.StartRow, place.StartColumn)}", calls, complete


def calls_in(formula: str) -> Iterator[Tuple[str, List[str]]]:
    """The calls in a formula: a function's name and the texts of its arguments.

    >>> list(calls_in('=1+SUM(A1:B2;VAL.F("a;b)";;$Sheet.A1))'))
    [('VAL.F', ['"a;b)"', '', '$Sheet.A1']), ('SUM', ['A1:B2', 'VAL.F("a;b)";;$Sheet.A1)'])]
    """
    inside: List[Tuple[str, List[str], int]] = []
    for match in _PIECES.finditer(formula):
        if match["open"] is not None:
            inside.append((match["name"], [], match.end()))
        elif match["mark"] and inside:
            name, texts, start = inside.pop()
            texts.append(formula[start : match.start()].strip())
            if match["mark"] == ";":
                inside.append((name, texts, match.end()))
            else:
                yield name, texts if texts != [""] else []


class _NotPlain:
    """Stands for an argument that cannot be passed again."""


def _value(sheet: Any, text: str) -> Any:
    """An argument as Calc passes it: a single blank cell as 0, the cells of a range in rows."""
    if not text:
        return None
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    if text.startswith("{"):
        return [[_value(sheet, piece) for piece in row.split(";")] for row in text.strip("{}").split("|")]
    if _NUMBER.fullmatch(text):
        return float(text) if not text.endswith("%") else float(text[:-1]) / 100
    if not _REFERENCE.fullmatch(text):
        return _NotPlain
    try:
        area = sheet.getCellRangeByName(text)
    except Exception:  # UNO's own, which is known only inside LibreOffice
        return _NotPlain
    rows = values_of(area)
    if ":" in text or len(rows) > 1 or len(rows[0]) > 1:
        return rows
    return rows[0][0] if area.getCellByPosition(0, 0).getFormula() else 0.0
