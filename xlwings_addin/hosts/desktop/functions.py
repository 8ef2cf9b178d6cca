"""What the add-in's VBA calls: each function of the registry, as xlwings' COM server finds it by name.

Everything stands in the registry; here it only gets xlwings' decorators. Each function takes the address of
the calling cell before its own arguments, which xlwings fills in from VBA (`vba`). xlwings passes seven error
values as texts and all others as numbers; `error_text` makes texts of those too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import xlwings as xw

from xlwings_addin import log
from xlwings_addin.functions.boundary import calling
from xlwings_addin.functions.cell_errors import error_text
from xlwings_addin.functions.registry import REGISTRY, Udf, callbacks

CALLING_CELL = "calling_cell"


def _cell_function(entry: Udf, callback: Callable[..., Any]) -> Callable[..., Any]:
    """The function as xlwings registers and calls it: every argument as rows of cells."""

    def answer(calling_cell: str | None, *arguments: Any) -> Any:
        with calling(calling_cell or ""):
            return callback(*([[error_text(cell) for cell in row] for row in rows] for rows in arguments))

    required = inspect.Parameter.empty
    named = [
        (parameter.host_name, None if parameter.optional else required) for parameter in entry.parameters
    ]
    answer.__name__ = answer.__qualname__ = entry.name
    answer.__doc__ = entry.summary
    answer.__annotations__ = {}
    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
            for name, default in [(CALLING_CELL, required), *named]
        ]
    )
    decorated = xw.arg(CALLING_CELL, vba="CallingCell()")(answer)
    for parameter in entry.parameters:
        decorated = xw.arg(parameter.host_name, ndim=2, err_to_str=True, doc=parameter.doc)(decorated)
    return xw.func(category=entry.family)(decorated)


log.start()
_ANSWERS = callbacks()
globals().update({name: _cell_function(entry, _ANSWERS[name]) for name, entry in REGISTRY.items()})
