"""Every documented example runs, from Python and as a cell calls it, and gives what is written."""

from __future__ import annotations

import dataclasses

import pytest

from xlwings_addin.functions.docstring import Example
from xlwings_addin.functions.registry import REGISTRY, callbacks


def test_there_are_examples_to_run() -> None:
    assert len(REGISTRY) >= 27


@pytest.mark.parametrize("name", REGISTRY)
def test_the_documented_example_gives_the_documented_result(name: str) -> None:
    example = REGISTRY[name].example
    result = REGISTRY[name].function(*example.arguments)
    assert example.agrees(result), (example.written, result)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_cell_and_a_python_call_give_the_same(name: str) -> None:
    example = REGISTRY[name].example
    assert callbacks()[name](*example.arguments) == REGISTRY[name].function(*example.arguments)


def test_a_wrong_documented_result_is_found() -> None:
    example = REGISTRY["DCF_PRESENT_VALUE"].example
    result = REGISTRY["DCF_PRESENT_VALUE"].function(*example.arguments)
    assert not dataclasses.replace(example, written="173.56").agrees(result)


@pytest.mark.parametrize(
    ("written", "value", "agree"),
    [
        ("2086.65", 2086.6476, True),
        ("2086.65", 2086.6551, False),
        ("2086.65", "2086.65", False),
        ("1.0", True, False),
        ("[[1.0, 2.0]]", [[1.0, 2.04]], True),
        ("[[1.0, 2.0]]", [[1.0], [2.0]], False),
        ("[[1.0, 2.0]]", [[1.0, 2.0, 3.0]], False),
        ("'0.1.0'", "0.1.1", False),
        ("'0...'", "0.1.1", True),
    ],
)
def test_agreement_is_at_the_written_precision(written: str, value: object, agree: bool) -> None:
    assert Example("VAL_VERSION", (), written).agrees(value) is agree


@pytest.mark.parametrize(
    ("arguments", "formula"),
    [
        (([[1, 2.5]], 0.1), "=F({1,2.5},0.1)"),
        (([[1], [-2]],), "=F({1;-2})"),
        (('say "mid"',), '=F("say ""mid""")'),
        ((1, None, 2), "=F(1,,2)"),
        (([1, 2],), "=F({1,2})"),
    ],
)
def test_an_example_is_also_a_formula(arguments: tuple[object, ...], formula: str) -> None:
    assert Example("F", arguments, "0").formula == formula
