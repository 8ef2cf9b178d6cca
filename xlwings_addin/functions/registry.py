"""The registry of spreadsheet functions: what every host, help text, sheet and test is made from.

    @udf
    def DCF_PRESENT_VALUE(flows: Row, rate: Number) -> Number:
        '''...'''

A function's annotations say what it takes (`kinds`), its docstring is its documentation (`docstring`), and
what a host could not carry is refused here and now (`rules`). The decorated function stays an ordinary one:
it takes what cells hold, gives what cells show and raises `ValuationError`.
`callbacks` gives the same functions as a spreadsheet engine calls them, answering with error values.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.functions import boundary, docstring, rules
from xlwings_addin.functions.cells import Result
from xlwings_addin.functions.docstring import Example
from xlwings_addin.functions.kinds import (
    Cell,
    Count,
    Dates,
    HostName,
    Kind,
    Number,
    Numbers,
    OneOf,
    Row,
    Table,
    Text,
    UdfArgument,
)
from xlwings_addin.functions.rules import RegistrationError

__all__ = [
    "REGISTRY",
    "Cell",
    "Count",
    "Dates",
    "Example",
    "HostName",
    "Kind",
    "Number",
    "Numbers",
    "OneOf",
    "RegistrationError",
    "Row",
    "Table",
    "Target",
    "Text",
    "Udf",
    "UdfArgument",
    "callbacks",
    "neutral",
    "respelling",
    "spelling",
    "udf",
]

Target = Literal["desktop", "office-js", "libreoffice", "lite"]
PREFIXES: Final[Mapping[str, str]] = {
    "desktop": "",
    "office-js": "_xldudf_VAL_",
    "libreoffice": "VAL.",
    "lite": "_xldudf_",
}
"""What stands before a name in the file; that of Lite, which has no namespace, is inferred from Office.js."""


@dataclass(frozen=True)
class Udf:
    """One spreadsheet function, with all that its docstring and signature say."""

    name: str
    function: Callable[..., Result]
    parameters: tuple[UdfArgument, ...]
    returns_kind: Kind
    summary: str
    formula: str
    returns: str
    errors: str
    source: str
    example: Example

    @property
    def family(self) -> str:
        """The first word of the name, and the category in the function wizard: DCF."""
        return self.name.partition("_")[0]

    @property
    def signature(self) -> str:
        """Name and arguments as a formula has them, optional ones in brackets."""
        arguments = (
            f"[{parameter.host_name}]" if parameter.optional else parameter.host_name
            for parameter in self.parameters
        )
        return f"{self.name}({', '.join(arguments)})"


REGISTRY: Final[dict[str, Udf]] = {}


def udf(body: Callable[..., Any]) -> Callable[..., Result]:
    """Register a function for all hosts. Raises `RegistrationError` where one of them could not carry it."""
    name = body.__name__
    if _is_registered_elsewhere(body):
        return REGISTRY[name].function
    rules.check_name(name, max(len(prefix + name) for prefix in PREFIXES.values()))
    if name in REGISTRY:
        raise RegistrationError(name, "is registered already")
    signature = inspect.signature(body)
    rules.check_signature(name, signature)
    documentation = _documentation(body)
    hints = typing.get_type_hints(body, include_extras=True)
    parameters = _parameters(name, signature, hints, documentation)
    rules.check_parameters(name, parameters)
    rules.check_text(name, "its summary", documentation.summary)
    returns_kind, _ = _kind(name, hints.get("return"), "its result")

    @functools.wraps(body)
    def function(*args: object) -> Result:
        return boundary.call(name, body, parameters, returns_kind, args)

    REGISTRY[name] = Udf(
        name=name,
        function=function,
        parameters=parameters,
        returns_kind=returns_kind,
        summary=documentation.summary,
        formula=documentation.formula,
        returns=documentation.returns,
        errors=documentation.errors,
        source=documentation.source,
        example=documentation.example,
    )
    return function


def callbacks() -> dict[str, Callable[..., Result]]:
    """The functions as cells call them, under every host's spelling: they answer errors with error values.

    >>> callbacks()["CAPITAL_WACC"](0.1, 0.05, 0.25, 2.0)
    '#NUM!'
    >>> [name for name in callbacks() if name.endswith("DCF_XNPV")]
    ['DCF_XNPV', '_xldudf_VAL_DCF_XNPV', 'VAL.DCF_XNPV', '_xldudf_DCF_XNPV']
    """
    answers = {
        name: boundary.guarded(name, entry.function, entry.parameters) for name, entry in REGISTRY.items()
    }
    return {prefix + name: answer for name, answer in answers.items() for prefix in PREFIXES.values()}


def spelling(name: str, target: Target) -> str:
    """How a function is called in the file that a host reads.

    VBA functions go by their name, those of an Office.js add-in by a prefix with its namespace
    (OfficeDev/Excel-Custom-Functions issue 108), those of LibreOffice by component and method.

    >>> [spelling("DCF_XNPV", target) for target in ("desktop", "office-js", "libreoffice", "lite")]
    ['DCF_XNPV', '_xldudf_VAL_DCF_XNPV', 'VAL.DCF_XNPV', '_xldudf_DCF_XNPV']
    """
    if name not in REGISTRY:
        raise ChoiceError("function", name, "must be one of " + ", ".join(REGISTRY))
    if target not in PREFIXES:
        raise ChoiceError("target", target, "must be one of " + ", ".join(PREFIXES))
    return PREFIXES[target] + name


def respelling(target: Target) -> dict[str, str]:
    """Every host's spelling of every function, and how the file of `target` spells it.

    >>> respelling("libreoffice")["_xldudf_VAL_DCF_XNPV"]
    'VAL.DCF_XNPV'
    """
    new = {name: spelling(name, target) for name in REGISTRY}
    return {prefix + name: spelled for prefix in PREFIXES.values() for name, spelled in new.items()}


def neutral(name: str) -> str | None:
    """The registered name behind a spelling of any host, in either case; None for any other function.

    >>> neutral("_xldudf_VAL_DCF_XNPV"), neutral("val.dcf_xnpv"), neutral("DCF_XNPV"), neutral("XNPV")
    ('DCF_XNPV', 'DCF_XNPV', 'DCF_XNPV', None)
    """
    upper = name.upper()
    candidates = (upper.removeprefix(prefix.upper()) for prefix in PREFIXES.values())
    return next((candidate for candidate in candidates if candidate in REGISTRY), None)


def _is_registered_elsewhere(body: Callable[..., Any]) -> bool:
    """Whether the function's own file has registered it already, imported as another module."""
    entry = REGISTRY.get(body.__name__)
    if entry is None:
        return False
    standing: Any = inspect.unwrap(entry.function)
    same_file: bool = standing.__code__.co_filename == body.__code__.co_filename
    return same_file and standing.__module__ != body.__module__


def _documentation(body: Callable[..., Any]) -> docstring.Documentation:
    try:
        documentation = docstring.parse(body.__doc__)
    except docstring.DocstringError as error:
        raise RegistrationError(body.__name__, str(error)) from None
    if documentation.example.function != body.__name__:
        raise RegistrationError(body.__name__, f"its example calls {documentation.example.function}")
    return documentation


def _parameters(
    function: str,
    signature: inspect.Signature,
    hints: Mapping[str, Any],
    documentation: docstring.Documentation,
) -> tuple[UdfArgument, ...]:
    documented = [argument.name for argument in documentation.arguments]
    for name in documented:
        if name not in signature.parameters:
            raise RegistrationError(function, "is documented and does not exist", name)
    for name in signature.parameters:
        if name not in documented:
            raise RegistrationError(function, "is not documented", name)
    if documented != list(signature.parameters):
        raise RegistrationError(function, "its arguments must be documented in their order")
    return tuple(
        _parameter(function, signature.parameters[argument.name], hints.get(argument.name), argument)
        for argument in documentation.arguments
    )


def _parameter(
    function: str, parameter: inspect.Parameter, hint: Any, argument: docstring.ArgumentDoc
) -> UdfArgument:
    kind, extras = _kind(function, hint, parameter.name)
    optional = parameter.default is not inspect.Parameter.empty
    return UdfArgument(
        name=parameter.name,
        kind=kind,
        unit=argument.unit,
        doc=argument.doc,
        optional=optional,
        default=parameter.default if optional else None,
        choices=next((extra.choices for extra in extras if isinstance(extra, OneOf)), ()),
        host_name=next((extra.name for extra in extras if isinstance(extra, HostName)), parameter.name),
    )


def _kind(function: str, hint: Any, parameter: str) -> tuple[Kind, tuple[Any, ...]]:
    """The kind an annotation names; Optional, Literal, Sequence and the like name none: no host has them."""
    extras = getattr(hint, "__metadata__", ())
    for extra in extras:
        if isinstance(extra, Kind):
            return extra, extras
    annotation = (
        "no annotation" if hint is None else f"the annotation {getattr(hint, '__name__', None) or hint}"
    )
    raise RegistrationError(
        function, f"has {annotation}, where only a kind of functions.kinds will do", parameter
    )
