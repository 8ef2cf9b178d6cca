"""Functions of spreadsheets in Python, for those that the engine calculates otherwise than Excel.

A function here takes and gives what `calculate.recalculate` says of Python functions. `BUILT_IN` replaces
functions of the engine under their own names, wherever a formula calls them. What is called under other names
only where a formula needs it, comparisons for instance, stands in `HELPERS`; `engine.spelling` puts the calls
into the formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xlwings_addin.engine.instead import (
    comparison,
    complex_numbers,
    criteria,
    dates,
    financial,
    lookups,
    number_systems,
    parity,
    regression,
    rounding,
    single_values,
    statistical,
    subtotal,
    text_parts,
    texts,
)

__all__ = ["BUILT_IN", "FROM_1904", "HELPERS", "OF_DAYS", "OF_SINGLE_VALUES"]

Function = Callable[..., object]

BUILT_IN: Final[dict[str, Function]] = {
    **financial.FUNCTIONS,
    **statistical.FUNCTIONS,
    **regression.FUNCTIONS,
    **texts.FUNCTIONS,
    **text_parts.FUNCTIONS,
    **lookups.FUNCTIONS,
    **criteria.FUNCTIONS,
    **rounding.FUNCTIONS,
    **dates.FUNCTIONS,
    **parity.FUNCTIONS,
    **number_systems.FUNCTIONS,
    **complex_numbers.FUNCTIONS,
}
"""By the names of the functions they replace."""

HELPERS: Final[dict[str, Function]] = {
    **comparison.HELPERS,
    **criteria.HELPERS,
    **lookups.HELPERS,
    **texts.HELPERS,
    **single_values.HELPERS,
    **subtotal.HELPERS,
}
"""By names of ours, which no formula of a file calls."""

FROM_1904: Final[dict[str, Function]] = texts.FROM_1904
"""Functions for a book that counts its days from 1904."""

OF_SINGLE_VALUES: Final = frozenset((*number_systems.FUNCTIONS, *complex_numbers.FUNCTIONS, "DOLLARDE"))
"""Those to which Excel hands no range: it shows #VALUE!, as for all that were of the Analysis ToolPak."""

OF_DAYS: Final = frozenset(
    (*dates.FUNCTIONS, "TEXT", "VALUE", "VAL_EACH_DATE", "VAL_EACH_EDATE", "VAL_EACH_EOMONTH")
)
"""Those whose numbers are days counted from 1900."""
