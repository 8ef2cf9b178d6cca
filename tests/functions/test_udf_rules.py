"""What hosts cannot carry is refused when a function is defined; each rule is shown at work."""

from __future__ import annotations

import collections.abc
import typing
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from openpyxl.utils import FORMULAE

from xlwings_addin.functions import kinds, registry, reserved, rules
from xlwings_addin.functions.registry import RegistrationError

Define = Callable[..., Any]


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Define:
    """Defines and registers a function from its name, parameters and documented arguments."""
    monkeypatch.setattr(registry, "REGISTRY", {})

    def define(
        name: str = "DCF_THING",
        parameters: str = "rate: Number",
        documented: str = "rate",
        *,
        doc: str = "what it is",
        returns: str = "-> Number",
        summary: str = "A thing.",
        example: str | None = None,
    ) -> Any:
        entries = [f"{argument} (unit): {doc}" for argument in documented.split()] or ["none"]
        arguments = "".join(f"\n        {entry}" for entry in entries)
        docstring = (
            f"{summary}\n\n    Formula: none\n\n    Args:{arguments}\n\n    Returns: one\n\n"
            "    Errors: none\n\n    Source: here\n\n"
            f"    Example:\n        >>> {example or name}(1)\n        1.0\n"
        )
        source = f'def {name}({parameters}) {returns}:\n    """{docstring}"""\n    return 1.0\n'
        namespace: dict[str, Any] = {
            **vars(kinds),
            **vars(typing),
            "Sequence": collections.abc.Sequence,
            "End": Annotated[float, kinds.Kind.SCALAR, kinds.HostName("end_value")],
            "Case": Annotated[str, kinds.Kind.TEXT, kinds.OneOf(("up", "down"))],
        }
        exec(source, namespace)
        return registry.udf(namespace[name])

    return define


def test_a_sound_function_is_registered_and_stays_callable(define: Define) -> None:
    function = define()
    assert function(0.1) == 1.0
    assert list(registry.REGISTRY) == ["DCF_THING"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DCF1", "DCF1: a name must not look like a cell address"),
        ("FY2024", "FY2024: a name must not look like a cell address"),
        ("R1C1", "R1C1: a name must not look like a cell address"),
        ("RC", "RC: a name must not look like a cell address"),
        ("XFD1048576", "XFD1048576: a name must not look like a cell address"),
        ("delete", "delete: delete is a reserved word of JavaScript"),
        ("Get", "Get: Get is a reserved word of VBA"),
        ("VB_NAME", "VB_NAME: VB_NAME is a reserved word of VBA"),
        ("SEQUENCE", "SEQUENCE: SEQUENCE is a reserved word of UNOIDL"),
        ("XNPV", "XNPV: is a built-in function of Excel"),
        ("XLOOKUP", "XLOOKUP: is a built-in function of Excel"),
        ("GCD_ADD", "GCD_ADD: is a built-in function of LibreOffice"),
        ("dcf_value", "dcf_value: a name must be FAMILY_NOUN"),
        ("VALUATION", "VALUATION: a name must be FAMILY_NOUN"),
        ("_DCF_VALUE", "_DCF_VALUE: a name must be FAMILY_NOUN"),
        ("DCF_VALUE2", "DCF_VALUE2: a name must be FAMILY_NOUN"),
        ("DCF_WÄHRUNG", "DCF_WÄHRUNG: a name must be ASCII"),
        ("DCF_" + "A" * 240, "its longest spelling has 256 characters, a host takes 255"),
    ],
)
def test_a_name_that_hosts_misread_is_refused(define: Define, name: str, message: str) -> None:
    with pytest.raises(RegistrationError, match=message):
        define(name)


@pytest.mark.parametrize(
    ("parameters", "documented", "message"),
    [
        ("flows: Row, *, rate: Number", "flows rate", "parameter rate: hosts pass arguments by position"),
        ("rate: Number = 0.0, *more: Number", "rate more", "parameter more: the number of arguments"),
        ("**more: Number", "more", "parameter more: the number of arguments"),
        ("rate: Number | None", "rate", r"parameter rate: has the annotation .*, where only a kind"),
        ("rate: float | None = None", "rate", r"parameter rate: has the annotation float \| None"),
        ("rate: Optional[Number]", "rate", "parameter rate: has the annotation Optional"),
        ("rate: Union[Number, Text]", "rate", "parameter rate: has the annotation Union"),
        ("rate: Literal['end']", "rate", "parameter rate: has the annotation Literal"),
        ("rate: Sequence[float]", "rate", "parameter rate: has the annotation Sequence"),
        ("rate: float", "rate", "parameter rate: has the annotation float"),
        ("rate", "rate", "parameter rate: has no annotation"),
        ("end: Number", "end", "parameter end: end is a reserved word of VBA"),
        ("new: Number", "new", "parameter new: new is a reserved word of VBA"),
        ("var: Number", "var", "parameter var: var is a reserved word of JavaScript"),
        ("sequence: Number", "sequence", "parameter sequence: sequence is a reserved word of UNOIDL"),
        ("Rate: Number", "Rate", "parameter Rate: Rate must be lower case letters"),
        ("_rate: Number", "_rate", "parameter _rate: _rate must be lower case letters"),
        ("größe: Number", "größe", "parameter größe: a name must be ASCII"),
        ("dcf_thing: Number", "dcf_thing", "parameter dcf_thing: VBA does not tell it from the function"),
        ("rate: Number", "", "parameter rate: is not documented"),
        ("rate: Number", "rate growth", "parameter growth: is documented and does not exist"),
        ("rate: Number, growth: Number", "growth rate", "its arguments must be documented in their order"),
        ("flows: Row = 0.0", "flows", "parameter flows: only a single cell may have a default"),
        ("rate: Number = 0", "rate", "parameter rate: its default 0 must be of type float"),
        ("rate: Number = None", "rate", "parameter rate: its default None must be of type float"),
        ("years: Count = 1.0", "years", "parameter years: its default 1.0 must be of type int"),
        ("cell: Cell = 'A1'", "cell", "parameter cell: its default 'A1' must be of type NoneType"),
        ("case_of: Case = 'left'", "case_of", "parameter case_of: its default 'left' must be one of"),
    ],
)
def test_a_parameter_that_hosts_cannot_carry_is_refused(
    define: Define, parameters: str, documented: str, message: str
) -> None:
    with pytest.raises(RegistrationError, match=message):
        define("DCF_THING", parameters, documented)


def test_no_default_before_a_parameter_without_one_python_itself_refuses(define: Define) -> None:
    with pytest.raises(SyntaxError, match="non-default argument follows default argument"):
        define("DCF_THING", "rate: Number = 0.0, growth: Number", "rate growth")


def test_a_reserved_word_passes_under_a_name_for_the_hosts(define: Define) -> None:
    define("RAMP_THING", "end: End", "end")
    assert registry.REGISTRY["RAMP_THING"].parameters[0].host_name == "end_value"


def test_a_result_of_no_kind_is_refused(define: Define) -> None:
    with pytest.raises(RegistrationError, match="parameter its result: has the annotation float"):
        define(returns="-> float")
    with pytest.raises(RegistrationError, match="parameter its result: has no annotation"):
        define(returns="")


def test_more_arguments_than_vba_takes_are_refused(define: Define) -> None:
    names = [f"a{n}" for n in range(61)]
    with pytest.raises(RegistrationError, match="has 61 arguments, VBA takes 60"):
        define("DCF_THING", ", ".join(f"{name}: Number" for name in names), " ".join(names))


def test_argument_names_must_fit_the_function_wizard_together(define: Define) -> None:
    names = [f"{letter}" * 63 for letter in "abcd"]
    define("DCF_FITTING", ", ".join(f"{name}: Number" for name in names), " ".join(names))
    names[0] += "a"
    with pytest.raises(RegistrationError, match="have 256 characters with their commas, Excel takes 255"):
        define("DCF_THING", ", ".join(f"{name}: Number" for name in names), " ".join(names))


def test_descriptions_must_fit_the_function_wizard(define: Define) -> None:
    define("DCF_FITTING", doc="x" * 255)
    with pytest.raises(RegistrationError, match="parameter rate: its description has 256 characters"):
        define(doc="x" * 256)
    with pytest.raises(RegistrationError, match="its summary has 256 characters, Excel shows 255"):
        define(summary="x" * 255 + ".")


def test_descriptions_must_be_ascii(define: Define) -> None:
    with pytest.raises(RegistrationError, match="parameter rate: its description must be ASCII"):
        define(doc="in €")
    with pytest.raises(RegistrationError, match="its summary must be ASCII"):
        define(summary="Value in €.")


def test_a_docstring_that_leaves_the_layout_is_refused_by_name(define: Define) -> None:
    with pytest.raises(RegistrationError, match="DCF_THING: must open with one sentence"):
        define(summary="A thing")


def test_the_example_must_call_its_own_function(define: Define) -> None:
    with pytest.raises(RegistrationError, match="DCF_THING: its example calls DCF_OTHER"):
        define(example="DCF_OTHER")


def test_a_name_is_registered_once(define: Define) -> None:
    define()
    with pytest.raises(RegistrationError, match="DCF_THING: is registered already"):
        define()


def test_the_list_of_excel_functions_holds_all_that_openpyxl_knows() -> None:
    assert len(FORMULAE) > 300
    assert set(FORMULAE) <= reserved.EXCEL_FUNCTIONS


def test_reserved_words_are_compared_in_lower_case() -> None:
    assert all(word == word.lower() for words in reserved.WORDS.values() for word in words)


def test_the_error_carries_function_parameter_and_rule() -> None:
    error = rules.RegistrationError("DCF_THING", "is wrong", "rate")
    assert (error.function, error.parameter, error.rule) == ("DCF_THING", "rate", "is wrong")
    assert str(error) == "DCF_THING, parameter rate: is wrong"
