"""What the hosts can carry. A function that breaks a rule is refused when it is defined, not in a workbook.

The limits, and where they are written:

- 60 arguments, 1 to 255 characters for the description of each: [MS-XLSB] 2.4.712 BrtNameExt and 2.5.3
  ArgDesc. The description of the function shares the 255, the length of a string that VBA hands to Excel.
- 255 characters for all argument names with their commas: the argument text of xlfRegister, a
  length-counted string.
- 255 characters for a name: [MS-VBAL] 3.3.5 for VBA, "Excel specifications and limits" for the names that a
  formula holds, so the longest spelling counts.
- No name that is a cell in either notation: "Custom functions naming and localization", Office Add-ins.
- ASCII throughout: a VBA module is stored in the code page of the machine that opens it.
- No variable number of arguments: Excel turns a blank cell of a repeating argument into 0 (office-js issue
  1951), and no blank may become a number. A range does the same work.
- No keyword-only argument, no default for a range: no host has either.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Final

from xlwings_addin.functions.kinds import Kind, UdfArgument
from xlwings_addin.functions.reserved import BUILT_IN, WORDS

MAXIMUM_ARGUMENTS: Final = 60
MAXIMUM_TEXT: Final = 255
MAXIMUM_NAME: Final = 255

CELL_ADDRESS: Final = re.compile(r"[A-Z]+[0-9]+|R[0-9]*C[0-9]*|[RC]", re.IGNORECASE)
FUNCTION_NAME: Final = re.compile(r"[A-Z]{2,}(_[A-Z]+)+")
PARAMETER_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
DEFAULT_TYPES: Final[Mapping[Kind, type]] = {
    Kind.SCALAR: float,
    Kind.COUNT: int,
    Kind.TEXT: str,
    Kind.CELL: type(None),
}


class RegistrationError(TypeError):
    """A function that a host could not carry: which function, which parameter, which rule."""

    def __init__(self, function: str, rule: str, parameter: str | None = None) -> None:
        self.function, self.parameter, self.rule = function, parameter, rule
        where = function if parameter is None else f"{function}, parameter {parameter}"
        super().__init__(f"{where}: {rule}")


def check_name(name: str, longest_spelling: int) -> None:
    """Refuse a function name that a host would read as something else, or not at all."""
    if not name.isascii():
        raise RegistrationError(name, "a name must be ASCII")
    if CELL_ADDRESS.fullmatch(name):
        raise RegistrationError(name, "a name must not look like a cell address")
    _check_word(name, name)
    for owner, functions in BUILT_IN.items():
        if name in functions:
            raise RegistrationError(name, f"is a built-in function of {owner}")
    if not FUNCTION_NAME.fullmatch(name):
        raise RegistrationError(name, "a name must be FAMILY_NOUN: capital letters and underscores")
    if longest_spelling > MAXIMUM_NAME:
        rule = f"its longest spelling has {longest_spelling} characters, a host takes {MAXIMUM_NAME}"
        raise RegistrationError(name, rule)


def _check_word(function: str, name: str, parameter: str | None = None) -> None:
    for language, words in WORDS.items():
        if name.lower() in words:
            raise RegistrationError(function, f"{name} is a reserved word of {language}", parameter)


def check_signature(function: str, signature: inspect.Signature) -> None:
    """Refuse arguments that cannot be passed by position."""
    for parameter in signature.parameters.values():
        match parameter.kind:
            case inspect.Parameter.KEYWORD_ONLY:
                raise RegistrationError(function, "hosts pass arguments by position only", parameter.name)
            case inspect.Parameter.VAR_POSITIONAL | inspect.Parameter.VAR_KEYWORD:
                raise RegistrationError(function, "the number of arguments must be fixed", parameter.name)


def check_parameters(function: str, parameters: Sequence[UdfArgument]) -> None:
    """Refuse names, defaults and texts that a host cannot take."""
    if len(parameters) > MAXIMUM_ARGUMENTS:
        rule = f"has {len(parameters)} arguments, VBA takes {MAXIMUM_ARGUMENTS}"
        raise RegistrationError(function, rule)
    for parameter in parameters:
        _check_parameter_name(function, parameter)
        _check_default(function, parameter)
        check_text(function, "its description", parameter.doc, parameter.name)
    listed = len(",".join(parameter.host_name for parameter in parameters))
    if listed > MAXIMUM_TEXT:
        rule = f"its argument names have {listed} characters with their commas, Excel takes {MAXIMUM_TEXT}"
        raise RegistrationError(function, rule)


def _check_parameter_name(function: str, parameter: UdfArgument) -> None:
    name = parameter.host_name
    if not name.isascii():
        raise RegistrationError(function, "a name must be ASCII", parameter.name)
    if not PARAMETER_NAME.fullmatch(name):
        rule = f"{name} must be lower case letters, digits and underscores between them"
        raise RegistrationError(function, rule, parameter.name)
    if name == function.lower():
        raise RegistrationError(function, "VBA does not tell it from the function", parameter.name)
    _check_word(function, name, parameter.name)


def _check_default(function: str, parameter: UdfArgument) -> None:
    if not parameter.optional:
        return
    if parameter.kind not in DEFAULT_TYPES:
        raise RegistrationError(function, "only a single cell may have a default", parameter.name)
    expected = DEFAULT_TYPES[parameter.kind]
    if type(parameter.default) is not expected:
        rule = f"its default {parameter.default!r} must be of type {expected.__name__}"
        raise RegistrationError(function, rule, parameter.name)
    if parameter.choices and parameter.default not in parameter.choices:
        rule = f"its default {parameter.default!r} must be one of {', '.join(parameter.choices)}"
        raise RegistrationError(function, rule, parameter.name)


def check_text(function: str, what: str, text: str, parameter: str | None = None) -> None:
    """Refuse a description that the function wizard cannot show."""
    if not text.isascii():
        raise RegistrationError(function, f"{what} must be ASCII", parameter)
    if len(text) > MAXIMUM_TEXT:
        rule = f"{what} has {len(text)} characters, Excel shows {MAXIMUM_TEXT}"
        raise RegistrationError(function, rule, parameter)
