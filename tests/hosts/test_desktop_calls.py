"""Calls as Excel makes them: through xlwings' own server of calls and its conversion of values."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.bad_inputs import BAD, GOOD, Call
from xlwings_addin.functions.cell_errors import NUMBERS, SCODE
from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.hosts.desktop.vba import PYTHON_MODULE
from xlwings_addin.xlsx.agreement import plain

ON_WINDOWS = Path(__file__).with_name("xlwings_on_windows.py")
CELLS = "[Book1.xlsx]Sheet1!B{}"
CALLS = (*BAD, *GOOD)


def passed(value: Any) -> Any:
    """A cell, or a range of them, as VBA's Value2 passes it: dates as serials, errors as numbers."""
    if isinstance(value, list):
        rows = value if isinstance(value[0], list) else [value]
        cells = [[passed(cell) for cell in row] for row in rows]
        return cells if len(rows) > 1 or len(rows[0]) > 1 else cells[0][0]
    if isinstance(value, date | datetime):
        return plain(value)
    if isinstance(value, str) and value in NUMBERS:
        return SCODE + NUMBERS[value]
    return float(value) if type(value) is int else value


def through_xlwings(calls: list[tuple[str, tuple[Any, ...]]]) -> list[tuple[Any, str]]:
    """What xlwings' server answers each call, made from a cell of its own, and the message of the cell.

    Arguments that VBA would leave out are blanks.
    """
    requests = []
    for number, (name, arguments) in enumerate(calls, start=1):
        left_out = [None] * (len(REGISTRY[name].parameters) - len(arguments))
        requests.append([name, [CELLS.format(number), *map(passed, arguments), *left_out]])
    done = subprocess.run(
        [sys.executable, str(ON_WINDOWS), PYTHON_MODULE],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(answer) for answer in json.loads(done.stdout)["answers"]]


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    answers = through_xlwings([(name, entry.example.arguments) for name, entry in REGISTRY.items()])
    return dict(zip(REGISTRY, answers, strict=True))


def as_array(answer: Any, written: object) -> Any:
    """The rows of an answer; xlwings' server hands VBA a single row as its cells alone."""
    return [answer] if isinstance(written, list) and not isinstance(answer[0], list) else answer


@pytest.mark.parametrize("name", REGISTRY)
def test_the_documented_example_reaches_excel_with_the_documented_result(
    name: str, examples: dict[str, Any]
) -> None:
    example = REGISTRY[name].example
    answer, message = examples[name]
    assert message == ""
    assert example.agrees(as_array(answer, example.result)), (example.written, answer)


@pytest.fixture(scope="module")
def answered() -> dict[int, Any]:
    return dict(enumerate(through_xlwings([(call.function, call.arguments) for call in CALLS])))


@pytest.mark.parametrize(("number", "call"), list(enumerate(CALLS)), ids=[call.id for call in CALLS])
def test_a_bad_call_is_answered_as_in_every_host(number: int, call: Call, answered: dict[int, Any]) -> None:
    answer, message = answered[number]
    assert call.is_answered_by(answer)
    assert message == call.message


def test_a_wrong_answer_or_message_would_be_found(answered: dict[int, Any]) -> None:
    number, call = next((n, call) for n, call in enumerate(CALLS) if call.message)
    assert not Call(call.what, call.function, call.arguments, "#NULL!").is_answered_by(answered[number][0])
    assert answered[number][1] != f"{call.message}."


def test_every_error_cell_passes_through_xlwings_unchanged() -> None:
    calls = [("DCF_PRESENT_VALUE", ([[100.0, text]], 0.1)) for text in NUMBERS]
    assert [answer for answer, _ in through_xlwings(calls)] == list(NUMBERS)
    single = [("DCF_PRESENT_VALUE", ([[100.0, 100.0]], text)) for text in NUMBERS]
    assert [answer for answer, _ in through_xlwings(single)] == list(NUMBERS)


def test_a_cell_can_ask_why_another_shows_an_error() -> None:
    bad = ("DCF_PRESENT_VALUE", ([[100.0, 100.0]], "ten"))
    answers = through_xlwings([bad, ("VAL_LAST_ERROR", (CELLS.format(1),))])
    assert [answer for answer, _ in answers] == ["#VALUE!", "rate 'ten' must be a number"]
