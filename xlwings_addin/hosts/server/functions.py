"""The registry as custom functions of xlwings: one asynchronous function for each entry.

A cell is answered once and with a true error value: the client shows the answer of a call that fails, where
it does not repeat it, as #VALUE! whatever it was. The message goes along, for the task pane to show.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import xlwings.server
from anyio import to_thread
from xlwings.server import Caller

from xlwings_addin.functions import for_xlwings
from xlwings_addin.functions.for_xlwings import office_address, office_decorated
from xlwings_addin.functions.kinds import Kind
from xlwings_addin.functions.registry import REGISTRY, Udf, callbacks
from xlwings_addin.hosts.host import NAMESPACE

CustomFunction = Callable[..., Awaitable[Any]]


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
    return {name: numbers for name, numbers in positions.items() if numbers}


def offered() -> list[dict[str, str]]:
    """What the task pane lists of every function; the formula is its documented example."""
    return [
        {
            "name": name,
            "signature": entry.signature,
            "summary": entry.summary,
            "formula": entry.example.formula.replace("=", f"={NAMESPACE}.", 1),
        }
        for name, entry in REGISTRY.items()
    ]


def _custom_function(entry: Udf, answer: Callable[..., Any], help_page: str) -> CustomFunction:
    async def function(*args: Any, caller: Caller | None) -> Any:
        call = partial(for_xlwings.office_answer, entry.name, answer, args, office_address(caller))
        return await to_thread.run_sync(call)

    function.__name__ = function.__qualname__ = entry.name
    filled_in = inspect.Parameter("caller", inspect.Parameter.KEYWORD_ONLY)
    address = f"{help_page}#{entry.name.lower()}"
    return office_decorated(function, entry, xlwings.server, [filled_in], Caller, help_url=address)
