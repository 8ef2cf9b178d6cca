"""Formulas whose last subtraction leaves nothing but the last bits of what was subtracted: Excel shows 0.

They are looked for among the results, because few of them are that small, and told to the engine with a
subtraction that knows (`engine.instead.comparison`).

Source: Microsoft, "Floating-point arithmetic may give inaccurate results in Excel", on results at or near 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.spelling import with_last_subtraction
from xlwings_addin.xlsx.package import CellKey

__all__ = ["cancelling"]

_SMALL = 2.0**-46
"""Of the largest number of a workbook: what is smaller may be left over from a subtraction."""


def cancelling(book: LoadedBook, raw: Mapping[CellKey, object]) -> Iterator[tuple[CellKey, str]]:
    """The formulas among `raw` results that may have cancelled, with the texts that say so."""
    sizes = {key: abs(value) for key, value in raw.items() if isinstance(value, float) and value}
    limit = max([*(size for size in sizes.values() if size < 1e300), book.largest_input, 1.0]) * _SMALL
    for key, size in sizes.items():
        if size > limit or key in book.frozen:
            continue
        if book.formulas[key].kind in ("normal", "shared") and "VAL_MINUS(" not in book.told(key):
            text = with_last_subtraction(book.told(key))
            if text is not None:
                yield key, text
