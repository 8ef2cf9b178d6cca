"""The registry as custom functions of xlwings: one asynchronous function for each entry.

A cell is answered once and with a true error value: the client shows the answer of a call that fails, where
it does not repeat it, as #VALUE! whatever it was. The message goes along, for the task pane to show.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from anyio import to_thread
from xlwings.server import Caller, arg, func

from udfs import boundary
from udfs.cells import ERROR_VALUES
from udfs.kinds import Kind, Parameter
from udfs.registry import REGISTRY, Udf, callbacks

CustomFunction = Callable[..., Awaitable[Any]]

AS_SENT: Final = "raw"
"""The converter of xlwings that hands cells on as they are: `udfs.cells` reads them."""


def custom_functions(help_page: str) -> dict[str, CustomFunction]:
    """Every function of the registry by its name; `help_page` has an anchor for each."""
    answers = callbacks()
    return {name: _custom_function(entry, answers[name], help_page) for name, entry in REGISTRY.items()}


def cell_positions() -> dict[str, list[int]]:
    """Which arguments are a cell itself: the client sends its address in place of its value."""
    positions = {
        name: [n for n, parameter in enumerate(entry.parameters) if parameter.kind is Kind.CELL]
        for name, entry in REGISTRY.items()
    }
    return {name: found for name, found in positions.items() if found}


def _custom_function(entry: Udf, answer: Callable[..., Any], help_page: str) -> CustomFunction:
    async def function(*args: Any, caller: Caller | None) -> Any:
        address = f"[{caller.book_name}]{caller.sheet_name}!{caller.address}" if caller else ""
        return await to_thread.run_sync(partial(_answered, entry.name, answer, args, address))

    function.__name__ = function.__qualname__ = entry.name
    function.__doc__ = entry.summary
    function.__annotations__ = {"caller": Caller | None}
    function.__signature__ = _signature(entry.parameters)  # type: ignore[attr-defined]
    for parameter in entry.parameters:
        documented = f"{parameter.doc} ({parameter.unit})"
        function = arg(parameter.host_name, AS_SENT, doc=documented)(function)
    made: CustomFunction = func(help_url=f"{help_page}#{entry.name.lower()}")(function)
    return made


def _signature(parameters: Sequence[Parameter]) -> inspect.Signature:
    """What xlwings reads: the arguments by their names in hosts, and the calling cell, which it fills in."""
    names = [
        inspect.Parameter(
            each.host_name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None if each.optional else inspect.Parameter.empty,
        )
        for each in parameters
    ]
    return inspect.Signature([*names, inspect.Parameter("caller", inspect.Parameter.KEYWORD_ONLY)])


def _answered(name: str, answer: Callable[..., Any], args: Sequence[Any], address: str) -> Any:
    """What the cells show: the result, an error that came in, or an error of our own with its message."""
    started = datetime.now(UTC)
    with boundary.calling(address):
        result = answer(*map(_read, args))
    if not isinstance(result, str) or result not in ERROR_VALUES:
        return result
    record = boundary.last_error(address or None, name)
    if record is None or record.time < started:
        return result
    return [[{"type": "Error", "basicType": "Error", "basicValue": result, "message": record.message}]]


def _read(argument: Any) -> Any:
    """An argument with the values of its cells: Office.js wraps errors and formatted numbers."""
    if isinstance(argument, list):
        return [_read(each) for each in argument]
    if isinstance(argument, Mapping):
        return argument.get("basicValue")
    if type(argument) is int:
        return float(argument) if argument.bit_length() < sys.float_info.max_exp else math.inf
    return argument
