"""The functions as xlwings imports them from `udfs`: plain functions that bear xlwings' decorators.

xlwings' decorators are others on every platform. What a function here is, and answers, follows them:

    none, or decorators that do nothing   the function of the registry: it raises `ValuationError`
    classic (Excel on Windows, COM)       blanks, dates, currency and error cells are read as COM passes them.
                                          COM has no way to give a cell a true error (xlwings issue 776), so
                                          the cell holds a text, "#NUM!: wacc 2.00% must exceed ..."
    Office.js (xlwings Server and Lite)   a true error value, with its message beside it

The add-in for Windows (`hosts.desktop`) has VBA of its own, which makes true errors of what it is answered;
`hosts.server` has functions that run beside others. Both use the parts of this module.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any, Final, Literal

from xlwings_addin.functions import boundary
from xlwings_addin.functions.cell_errors import error_text
from xlwings_addin.functions.cells import ERROR_VALUES
from xlwings_addin.functions.kinds import UdfArgument
from xlwings_addin.functions.registry import REGISTRY, Udf, callbacks

Function = Callable[..., Any]
Surroundings = Literal["plain", "classic", "office-js"]

AS_SENT: Final = "raw"
"""The converter of xlwings that hands cells on as they are: `cells` reads them."""


def published(names: Sequence[str], module: str) -> dict[str, Function]:
    """Functions of the registry by name, as members of `module`, decorated for the xlwings that is here."""
    xlwings = _xlwings()
    kind = surroundings(xlwings)
    if xlwings is None or kind == "plain":
        return {name: REGISTRY[name].function for name in names}
    decorated = _for_com if kind == "classic" else _for_office
    answers = callbacks()
    functions = {name: decorated(REGISTRY[name], answers[name], xlwings) for name in names}
    for name, function in functions.items():
        function.__module__ = module
        # The whole documentation for help() and editors; xlwings has taken the summary for the wizard.
        function.__doc__ = REGISTRY[name].function.__doc__
    return functions


def surroundings(xlwings: ModuleType | None) -> Surroundings:
    """Which decorators `xlwings` has: those for COM carry a category, those for Office.js a namespace."""
    if xlwings is None:
        return "plain"

    def probe() -> None: ...

    marks = getattr(xlwings.func(probe), "__xlfunc__", {})
    return "classic" if "category" in marks else "office-js" if marks else "plain"


def _xlwings() -> ModuleType | None:
    try:
        import xlwings
    except ImportError:
        return None
    return xlwings


def signature(parameters: Sequence[UdfArgument], *further: inspect.Parameter) -> inspect.Signature:
    """What xlwings reads: the arguments by their names in hosts, a blank for one that is left out."""
    arguments = [
        inspect.Parameter(
            parameter.host_name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None if parameter.optional else inspect.Parameter.empty,
        )
        for parameter in parameters
    ]
    return inspect.Signature([*arguments, *further])


def from_com(argument: Any) -> Any:
    """An argument with cells as COM passes them: errors by number, currency as a decimal.

    >>> from_com([[-2146826246, Decimal("1.5"), "text", None]])
    [['#N/A', 1.5, 'text', None]]
    """
    if isinstance(argument, list | tuple):
        return [from_com(item) for item in argument]
    return float(argument) if isinstance(argument, Decimal) else error_text(argument)


def _for_com(entry: Udf, answer: Function, xlwings: ModuleType) -> Function:
    def function(*arguments: Any) -> Any:
        started = datetime.now(UTC)
        with boundary.calling():
            result = answer(*map(from_com, arguments))
        message = _message(entry.name, result, started)
        return f"{result}: {message}" if message else result

    function.__name__ = function.__qualname__ = entry.name
    function.__doc__ = entry.summary
    function.__signature__ = signature(entry.parameters)  # type: ignore[attr-defined]
    for parameter in entry.parameters:
        documented = _documented(parameter)
        function = xlwings.arg(parameter.host_name, ndim=2, err_to_str=True, doc=documented)(function)
    made: Function = xlwings.func(category=entry.family)(function)
    return made


def _for_office(entry: Udf, answer: Function, xlwings: ModuleType) -> Function:
    caller = getattr(xlwings, "Caller", None)

    def function(*arguments: Any, caller: Any = None) -> Any:
        return office_answer(entry.name, answer, arguments, office_address(caller))

    further = [] if caller is None else [inspect.Parameter("caller", inspect.Parameter.KEYWORD_ONLY)]
    function.__name__ = function.__qualname__ = entry.name
    return office_decorated(function, entry, xlwings, further, caller)


def office_decorated(
    function: Function,
    entry: Udf,
    xlwings: ModuleType,
    further: Sequence[inspect.Parameter],
    caller: Any,
    **options: Any,
) -> Function:
    """A function with the decorators for Office.js; xlwings fills in `further`, which has type `caller`."""
    function.__doc__ = entry.summary
    function.__annotations__ = {parameter.name: caller | None for parameter in further}
    function.__signature__ = signature(entry.parameters, *further)  # type: ignore[attr-defined]
    for parameter in entry.parameters:
        documented = _documented(parameter)
        function = xlwings.arg(parameter.host_name, AS_SENT, doc=documented)(function)
    made: Function = xlwings.func(**options)(function)
    return made


def _documented(parameter: UdfArgument) -> str:
    return f"{parameter.doc} ({parameter.unit})"


def office_address(caller: Any) -> str:
    """The calling cell as Office.js tells it, "" where it does not."""
    return f"[{caller.book_name}]{caller.sheet_name}!{caller.address}" if caller else ""


def office_answer(name: str, answer: Function, args: Sequence[Any], address: str) -> Any:
    """What the cells show: the result, an error that came in, or an error of our own with its message."""
    started = datetime.now(UTC)
    with boundary.calling(address):
        result = answer(*map(from_office, args))
    message = _message(name, result, started, address)
    if not message:
        return result
    return [[{"type": "Error", "basicType": "Error", "basicValue": result, "message": message}]]


def _message(name: str, result: Any, started: datetime, address: str = "") -> str:
    """Why a function has answered with an error; "" for a result, and for an error that came in."""
    if not isinstance(result, str) or result not in ERROR_VALUES:
        return ""
    record = boundary.last_error(address or None, name)
    return "" if record is None or record.time < started else record.message


def from_office(argument: Any) -> Any:
    """An argument with the values of its cells: Office.js wraps errors and formatted numbers."""
    if isinstance(argument, list):
        return [from_office(item) for item in argument]
    if isinstance(argument, Mapping):
        return argument.get("basicValue")
    if type(argument) is int:
        return float(argument) if argument.bit_length() < sys.float_info.max_exp else math.inf
    return argument
