"""The add-in's VBA against the registry, against xlwings' own generator, and against VBA's limits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.desktop_vba import Procedure, modules_of, procedures, statements
from xlwings_addin.functions.cell_errors import NUMBERS, SCODE, error_text
from xlwings_addin.functions.registry import REGISTRY, Kind
from xlwings_addin.hosts.desktop import vba
from xlwings_addin.hosts.desktop.addin import addin_bytes
from xlwings_addin.hosts.desktop.ribbon import MODULE

ON_WINDOWS = Path(__file__).with_name("xlwings_on_windows.py")
CALL = re.compile(r'XLPy\.CallUDF\("([\w.]+)", "(\w+)", Array\(([\w, ]*)\)')
HELPERS = re.compile(r"\b(?:ForPython|AddressOfCell)\((\w+)\)")


@pytest.fixture(scope="module")
def ours() -> dict[str, Procedure]:
    """The procedures of our module, read back from the built .xlam by oletools."""
    return procedures(modules_of(addin_bytes())[MODULE])


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    """What xlwings itself makes of the module that our VBA calls."""
    done = subprocess.run(
        [sys.executable, str(ON_WINDOWS), vba.PYTHON_MODULE],
        input="[]",
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_oletools_reads_every_module_as_it_was_generated() -> None:
    modules = modules_of(addin_bytes())
    assert set(modules) == {"ThisWorkbook", "Sheet2", "Dictionary", "xlwings", MODULE}
    assert statements(modules[MODULE])[1:] == statements(vba.module_source())
    assert modules["ThisWorkbook"].endswith("\n".join(vba.workbook_source().splitlines()))


def declared_alike(one: Procedure, other: Procedure) -> bool:
    """Whether two functions take the same arguments in the same order, the same of them optional."""
    return [(p.name, p.optional) for p in one.parameters] == [(p.name, p.optional) for p in other.parameters]


def call_in(procedure: Procedure) -> tuple[str, str, tuple[str, ...]]:
    """The Python module, function and arguments that a wrapper passes on."""
    body = HELPERS.sub(r"\1", "\n".join(procedure.body)).replace("CallingCell()", "CallingCell")
    match = CALL.search(body)
    assert match is not None, body
    return match[1], match[2], tuple(match[3].split(", "))


@pytest.mark.parametrize("name", REGISTRY)
def test_a_wrapper_takes_and_passes_what_that_of_xlwings_does(
    name: str, ours: dict[str, Procedure], theirs: dict[str, Any]
) -> None:
    generated = procedures(theirs["wrapper"])
    assert set(generated) == set(REGISTRY)
    assert declared_alike(ours[name], generated[name])
    assert call_in(ours[name]) == call_in(generated[name])


@pytest.mark.parametrize("name", REGISTRY)
def test_a_wrapper_says_what_the_registry_says(name: str, ours: dict[str, Procedure]) -> None:
    entry = REGISTRY[name]
    assert ours[name].is_public
    assert [(p.name, p.optional, p.type) for p in ours[name].parameters] == [
        (p.host_name, p.optional, "Variant") for p in entry.parameters
    ]
    helpers = ["AddressOfCell" if p.kind is Kind.CELL else "ForPython" for p in entry.parameters]
    assert re.findall(r"(ForPython|AddressOfCell)\(", " ".join(ours[name].body)) == helpers


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("Optional timing As Variant", "timing As Variant"),
        ("flows As Variant, rate As Variant", "rate As Variant, flows As Variant"),
        ("Optional first_period As Variant", "Optional first As Variant"),
    ],
)
def test_a_wrapper_declared_otherwise_is_found(change: str, to: str, theirs: dict[str, Any]) -> None:
    source = vba.module_source()
    assert change in source
    changed = procedures(source.replace(change, to))["DCF_PRESENT_VALUE"]
    assert not declared_alike(changed, procedures(theirs["wrapper"])["DCF_PRESENT_VALUE"])


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ('"DCF_PRESENT_VALUE", Array', '"DCF_XNPV", Array'),
        ("ForPython(flows), ForPython(rate)", "ForPython(rate), ForPython(flows)"),
        ("Array(CallingCell(), ForPython(flows)", "Array(ForPython(flows)"),
    ],
)
def test_a_wrapper_that_passes_something_else_is_found(change: str, to: str, theirs: dict[str, Any]) -> None:
    source = vba.module_source()
    assert change in source
    changed = procedures(source.replace(change, to))["DCF_PRESENT_VALUE"]
    assert call_in(changed) != call_in(procedures(theirs["wrapper"])["DCF_PRESENT_VALUE"])


def help_texts(ours: dict[str, Procedure]) -> dict[str, list[str]]:
    """The texts that the module registers for the function wizard: category, summary, arguments."""
    lines = [line for line in ours["DescribeAll"].body if line.startswith("Describe ")]
    texts = (re.findall(r'"((?:[^"]|"")*)"', line) for line in lines)
    return {name: [text.replace('""', '"') for text in rest] for name, *rest in texts}


def test_the_wizard_is_told_what_xlwings_would_tell_it(
    ours: dict[str, Procedure], theirs: dict[str, Any]
) -> None:
    texts = help_texts(ours)
    assert list(texts) == list(REGISTRY)
    for name, help_ in theirs["help"].items():
        assert texts[name] == [help_["category"], help_["description"], *help_["arguments"]]
    assert any(len(text) > 4 for text in texts.values())


def test_nothing_is_volatile_and_help_is_registered_at_load(
    ours: dict[str, Procedure], theirs: dict[str, Any]
) -> None:
    assert not any(help_["volatile"] for help_ in theirs["help"].values())
    assert "Volatile" not in vba.module_source()
    assert ours["Auto_Open"].body == ("RegisterHelp",)
    assert "RegisterHelp" in procedures(vba.workbook_source())["Workbook_Open"].body


def over_limits(source: str) -> list[str]:
    """Lines that VBA does not take, and statements with more continuations than it takes."""
    lines = source.splitlines()
    too_long = [line for line in lines if len(line) > 1023]
    continued = re.findall(r"(?:^.* _\n){25,}", source, re.MULTILINE)
    return [*too_long, *continued, *(line for line in lines if not line.isascii())]


def test_the_module_stays_within_the_limits_of_vba() -> None:
    source = vba.module_source()
    assert not over_limits(source)
    assert len(source) < 64 * 1024  # a compiled procedure may not be larger; the whole module is not
    described = [text for texts in help_texts(procedures(source)).values() for text in texts]
    assert max(map(len, described)) <= 255


@pytest.mark.parametrize("line", ["x" * 1024, "a = 1 + _\n" * 25 + "1", "' \u00e9"])
def test_a_module_beyond_the_limits_of_vba_is_found(line: str) -> None:
    assert over_limits(f"{vba.module_source()}\n{line}\n")


def test_a_long_statement_is_continued_and_one_that_is_too_long_is_refused() -> None:
    parts = [vba.quoted("a" * 250) for _ in range(60)]
    statement = vba._statement("    Describe", parts, "", " ")
    assert not over_limits(statement)
    assert statement.count(" _\n") == 19
    assert statements(statement) == ["Describe " + ", ".join(parts)]
    with pytest.raises(ValueError, match=r"Describe needs 33 lines, VBA takes 25"):
        vba._statement("    Describe", parts[:1] * 100, "", " ")


@pytest.mark.parametrize("text", NUMBERS)
def test_an_error_value_goes_out_as_the_number_that_comes_in_for_it(
    text: str, ours: dict[str, Procedure]
) -> None:
    (case,) = [line for line in ours["ErrorOrValue"].body if line.startswith(f'Case "{text}":')]
    number = int(re.findall(r"CVErr\((\d+)\)", case)[0])
    assert error_text(SCODE + number) == text


# As xlwings has them (_xlwindows.py, cell_errors), read from Excel by its author.
@pytest.mark.parametrize(
    ("scode", "text"),
    [
        (-2146826281, "#DIV/0!"),
        (-2146826246, "#N/A"),
        (-2146826259, "#NAME?"),
        (-2146826288, "#NULL!"),
        (-2146826252, "#NUM!"),
        (-2146826265, "#REF!"),
        (-2146826273, "#VALUE!"),
        (SCODE + 2099, "#VALUE!"),
    ],
)
def test_an_error_comes_in_as_the_number_that_excel_has_for_it(scode: int, text: str) -> None:
    assert error_text(scode) == text


@pytest.mark.parametrize("value", [1.0, 0, -1, True, "#N/A", None, float(SCODE + 2042)])
def test_what_is_no_error_stays_what_it_is(value: object) -> None:
    assert error_text(value) is value


def test_two_procedures_of_one_name_and_one_without_end_are_found() -> None:
    check: Callable[[str], object] = procedures
    with pytest.raises(AssertionError, match="stands there twice"):
        check("Sub A()\nEnd Sub\nSub a()\nEnd Sub")
    with pytest.raises(AssertionError, match="does not end"):
        check("Sub A()\nx = 1")
