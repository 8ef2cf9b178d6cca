"""Functions of single values handed several cells: formulas the engine computes wrongly without a word.

A spreadsheet applies LEN, ISNUMBER or ROUND to each cell of a range inside SUMPRODUCT or an array formula.
formualizer 0.13.0 takes one value or #VALUE! instead: SUMPRODUCT(--ISERROR(A1:A9)) is 0 whatever the cells
hold. Operators, IF and IFERROR do work cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Token = tuple[str, str, str]

OF_ONE_VALUE = frozenset(
    (
        *("ISBLANK", "ISERR", "ISERROR", "ISEVEN", "ISLOGICAL", "ISNA", "ISNONTEXT", "ISNUMBER", "ISODD"),
        *("ISTEXT", "N", "NOT", "T", "CODE", "CONCATENATE", "EXACT", "FIND", "LEFT", "LEN", "LOWER", "MID"),
        *(
            "REPT",
            "RIGHT",
            "SEARCH",
            "SUBSTITUTE",
            "TEXT",
            "TRIM",
            "UPPER",
            "VALUE",
            "ABS",
            "ATAN",
            "CEILING",
        ),
        *("DEGREES", "EVEN", "EXP", "FACT", "FLOOR", "INT", "LN", "LOG", "LOG10", "MOD", "MROUND"),
        *("ODD", "POWER", "QUOTIENT", "RADIANS", "ROUND", "ROUNDDOWN", "ROUNDUP", "SIGN", "SQRT", "TRUNC"),
        *(
            "DATE",
            "DAY",
            "EDATE",
            "EOMONTH",
            "HOUR",
            "MONTH",
            "WEEKDAY",
            "YEAR",
            "CHOOSE",
            "IFS",
            "NORMSDIST",
        ),
    )
)
"""Functions found wrong over cells, each against the same sum cell by cell."""
CELL_BY_CELL = frozenset(("IF", "IFERROR", ""))
"""What passes several values on as several: these two, and a pair of brackets."""
ONE_ARGUMENT = {
    **dict.fromkeys(("MATCH", "VLOOKUP", "HLOOKUP", "LOOKUP"), 0),
    **dict.fromkeys(("COUNTIF", "SUMIF", "AVERAGEIF", "LARGE", "SMALL"), 1),
}
"""The argument that must be one value, of functions whose others are ranges."""


def over_several_cells(tokens: Iterable[Token], is_single_cell: Callable[[str], bool]) -> str | None:
    """The first function in a formula's tokens that is handed several cells where it takes one value.

    >>> several = lambda reference: ":" not in reference
    >>> over_several_cells([("LEN(", "Func", "Open"), ("A1:A3", "Operand", "Range")], several)
    'LEN'
    >>> over_several_cells([("SUM(", "Func", "Open"), ("A1:A3", "Operand", "Range")], several) is None
    True
    """
    calls: list[tuple[str, int]] = []
    for value, kind, subtype in tokens:
        if subtype == "Open":
            calls.append((value[:-1].upper() if kind == "Func" else "", 0))
        elif subtype == "Close":
            calls.pop()
        elif kind == "Sep" and calls:
            name, position = calls[-1]
            calls[-1] = name, position + 1
        elif subtype == "Range" and not is_single_cell(value):
            for name, position in reversed(calls):
                if name in OF_ONE_VALUE or ONE_ARGUMENT.get(name) == position:
                    return name
                if name not in CELL_BY_CELL:
                    break
    return None
