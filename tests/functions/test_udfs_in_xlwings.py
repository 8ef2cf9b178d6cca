"""`udfs` as any project of xlwings imports it: classic, Server and Lite, or without xlwings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import udfs
from tests.hosts.bad_inputs import BAD, GOOD
from tests.hosts.desktop_vba import procedures
from tests.hosts.test_desktop_calls import as_array, passed
from xlwings_addin.functions.registry import REGISTRY, Kind

SERVER = Path(__file__).with_name("xlwings_server.py")
WINDOWS = Path(__file__).parents[1] / "hosts" / "xlwings_on_windows.py"
ROOT = Path(__file__).parents[2]
CALLS = (*BAD, *GOOD)
EXAMPLES = [(name, entry.example.arguments) for name, entry in REGISTRY.items()]


def run(program: Path, *arguments: str, calls: list[Any], **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), **environment},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def padded(name: str, arguments: tuple[Any, ...]) -> list[Any]:
    return [*map(passed, arguments), *([None] * (len(REGISTRY[name].parameters) - len(arguments)))]


@pytest.fixture(scope="module")
def windows() -> dict[str, Any]:
    calls = [[name, padded(name, arguments)] for name, arguments in EXAMPLES]
    calls += [[call.function, padded(call.function, call.arguments)] for call in CALLS]
    return run(WINDOWS, "udfs", calls=calls)


def test_udfs_has_every_function_of_the_project() -> None:
    assert sorted(udfs.__all__) == sorted(REGISTRY)
    assert len(udfs.__all__) >= 27


def test_without_xlwings_a_function_is_the_plain_one() -> None:
    code = (
        "import sys; sys.modules['xlwings'] = None\n"
        "from udfs import *\n"
        "from xlwings_addin.functions.registry import REGISTRY\n"
        "assert DCF_PRESENT_VALUE is REGISTRY['DCF_PRESENT_VALUE'].function\n"
        "print(DCF_PRESENT_VALUE([[100, 100]], 0.1))\n"
        "try: DCF_TERMINAL_VALUE(100, 0.02, 0.03)\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["173.55371900826447", "rate 2.00% must exceed growth 3.00%"]


def test_without_a_host_xlwings_decorators_leave_a_function_as_it_is() -> None:
    assert udfs.CAPITAL_WACC is REGISTRY["CAPITAL_WACC"].function
    assert not hasattr(udfs.CAPITAL_WACC, "__xlfunc__")


def test_import_functions_writes_a_wrapper_with_the_wizards_texts(windows: dict[str, Any]) -> None:
    wrappers = procedures(windows["wrapper"])
    assert sorted(wrappers) == sorted(REGISTRY)
    for name, entry in REGISTRY.items():
        declared = [(parameter.name, parameter.optional) for parameter in wrappers[name].parameters]
        assert declared == [(parameter.host_name, parameter.optional) for parameter in entry.parameters]
        assert windows["help"][name] == {
            "description": entry.summary,
            "category": entry.family,
            "arguments": [f"{parameter.doc} ({parameter.unit})"[:255] for parameter in entry.parameters],
            "volatile": False,
        }


def test_imported_functions_give_their_documented_examples(windows: dict[str, Any]) -> None:
    for (name, _), (answer, message) in zip(EXAMPLES, windows["answers"], strict=False):
        example = REGISTRY[name].example
        assert message == ""
        assert example.agrees(as_array(answer, example.result)), (name, answer)


def test_an_imported_function_says_in_its_cell_what_is_wrong(windows: dict[str, Any]) -> None:
    answers = windows["answers"][len(EXAMPLES) :]
    assert len(answers) == len(CALLS) > 30
    for call, (answer, _) in zip(CALLS, answers, strict=True):
        if call.message:
            assert answer == f"{call.answer}: {call.message}", call.id
        else:
            assert call.is_answered_by(answer), call.id


@pytest.fixture(scope="module")
def server() -> dict[str, Any]:
    calls = [[name, sent(padded(name, arguments))] for name, arguments in EXAMPLES]
    return run(SERVER, calls=calls, XLWINGS_ON_SERVER="true", XLWINGS_LICENSE_KEY="noncommercial")


def sent(arguments: list[Any]) -> list[Any]:
    """Arguments as Office.js sends them: every one as rows of cells."""
    return [argument if isinstance(argument, list) else [[argument]] for argument in arguments]


def test_a_project_of_xlwings_server_registers_every_function_with_its_texts(server: dict[str, Any]) -> None:
    assert sorted(server["carried"]) == sorted(REGISTRY)
    described = {one["id"]: one for one in server["meta"]}
    assert sorted(described) == sorted(REGISTRY)
    for name, entry in REGISTRY.items():
        assert described[name]["description"] == entry.summary
        assert [one["name"] for one in described[name]["parameters"]] == [
            parameter.host_name for parameter in entry.parameters
        ]
        assert all(one["description"] for one in described[name]["parameters"])


def test_a_project_of_xlwings_server_gives_the_documented_examples(server: dict[str, Any]) -> None:
    for (name, _), answer in zip(EXAMPLES, server["answers"], strict=True):
        entry = REGISTRY[name]
        cell_answer = answer[0][0] if entry.returns_kind in (Kind.SCALAR, Kind.TEXT) else answer
        if entry.returns_kind is Kind.NUMBERS and not isinstance(entry.example.result, list):
            cell_answer = answer[0][0]
        assert entry.example.agrees(cell_answer), (name, answer)


def test_a_project_of_xlwings_server_shows_a_true_error_with_its_message() -> None:
    calls = [[call.function, sent(padded(call.function, call.arguments))] for call in BAD]
    answers = run(SERVER, calls=calls, XLWINGS_ON_SERVER="true", XLWINGS_LICENSE_KEY="noncommercial")
    told = 0
    for call, answer in zip(BAD, answers["answers"], strict=True):
        if call.message:
            (((error,),),) = (answer,)
            assert (error["basicValue"], error["message"]) == (call.answer, call.message), call.id
            told += 1
    assert told > 30
