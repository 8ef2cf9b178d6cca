"""Between a cell and a function.

Called from Python a function raises `ValuationError`. Called from a cell (`guarded`) it answers with an
error value: that of the first erroneous cell among its arguments, else that of the exception, whose
message `last_error` keeps. What it does to the values on their way is told in `udfs.cells`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from udfs.cells import ONE_CELL, Result, common_shape, first_error, read, write
from udfs.kinds import Kind, Parameter
from xlwings_addin.core.errors import ShapeError, ValuationError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorRecord:
    """Why a cell shows an error: which function, which error value, in what words, when."""

    function: str
    excel_error: str
    message: str
    time: datetime


class _Memory:
    record: ErrorRecord | None = None


def last_error() -> ErrorRecord | None:
    """The latest error that a function answered a cell with, or None."""
    return _Memory.record


def call(
    function: str, body: Callable[..., Any], parameters: Sequence[Parameter], returns: Kind, args: Any
) -> Result:
    """Read the arguments, compute, write the result. Raises `ValuationError`."""
    if len(args) > len(parameters):
        rule = f"takes at most {len(parameters)}"
        raise ShapeError(function, len(args), rule, shown=f"called with {len(args)} arguments")
    padded = (*args, *([None] * (len(parameters) - len(args))))
    readings = [read(parameter, value) for parameter, value in zip(parameters, padded, strict=True)]
    keeps_direction = returns in (Kind.ROW, Kind.NUMBERS)
    shape = common_shape(parameters, [shape for _, shape in readings]) if keeps_direction else ONE_CELL
    # What overflows or has no value is found in the result, where it can be named.
    with np.errstate(all="ignore"):
        result = body(*(value for value, _ in readings))
    return write(function, result, returns, shape)


def _remember(function: str, excel_error: str, message: str) -> str:
    _Memory.record = ErrorRecord(function, excel_error, message, datetime.now(UTC))
    return excel_error


def guarded(name: str, function: Callable[..., Result]) -> Callable[..., Result]:
    """The function as a cell calls it: it never raises, it answers with an error value."""

    def answer(*args: object) -> Result:
        try:
            return first_error(args) or function(*args)
        except ValuationError as error:
            return _remember(name, error.excel_error, str(error))
        except Exception as error:
            logger.exception("%s failed", name)
            return _remember(name, "#VALUE!", f"{type(error).__name__}: {error}")

    answer.__name__ = answer.__qualname__ = name
    return answer
