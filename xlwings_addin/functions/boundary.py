"""Between a cell and a function.

Called from Python a function raises `ValuationError`. Called from a cell (`guarded`) it answers with an
error value: that of the first erroneous cell among its arguments, else that of the exception, whose
message `last_error` keeps for the cell that the host names (`calling`, both of `memory`). What happens
to the values on their way is told in `cells`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xlwings_addin.core.errors import ShapeError, ValuationError
from xlwings_addin.functions import memory
from xlwings_addin.functions.cells import ONE_CELL, Result, common_shape, first_error, read, write
from xlwings_addin.functions.kinds import Kind, UdfArgument
from xlwings_addin.functions.memory import ErrorRecord, calling, last_error
from xlwings_addin.functions.typos import warn_of_typos

__all__ = ["ErrorRecord", "call", "calling", "guarded", "last_error"]

logger = logging.getLogger(__name__)


def call(
    function: str, body: Callable[..., Any], parameters: Sequence[UdfArgument], returns: Kind, args: Any
) -> Result:
    """Read the arguments, compute, write the result. Raises `ValuationError`."""
    if len(args) > len(parameters):
        rule = f"takes at most {len(parameters)}"
        raise ShapeError(function, len(args), rule, display=f"called with {len(args)} arguments")
    padded = (*args, *([None] * (len(parameters) - len(args))))
    readings = [read(parameter, value) for parameter, value in zip(parameters, padded, strict=True)]
    warn_of_typos(function, parameters, [value for value, _ in readings])
    keeps_direction = returns in (Kind.ROW, Kind.NUMBERS)
    shape = common_shape(parameters, [shape for _, shape in readings]) if keeps_direction else ONE_CELL
    # What overflows or has no value is found in the result, where it can be named.
    with np.errstate(all="ignore"):
        result = body(*(value for value, _ in readings))
    return write(function, result, returns, shape)


def guarded(
    name: str, function: Callable[..., Result], parameters: Sequence[UdfArgument] = ()
) -> Callable[..., Result]:
    """The function as a cell calls it: it never raises, it answers with an error value."""
    cells = {n for n, parameter in enumerate(parameters) if parameter.kind is Kind.CELL}

    def answer(*args: object) -> Result:
        try:
            values = [arg for n, arg in enumerate(args) if n not in cells] if cells else args
            result = first_error(values) or function(*args)
        except ValuationError as error:
            memory.remember(name, error.excel_error, str(error))
            return error.excel_error
        except Exception as error:
            logger.exception("%s failed", name)
            memory.remember(name, "#VALUE!", f"{type(error).__name__}: {error}")
            return "#VALUE!"
        memory.forget(name)
        return result

    answer.__name__ = answer.__qualname__ = name
    return answer
