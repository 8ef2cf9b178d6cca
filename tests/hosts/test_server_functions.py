"""The functions over HTTP, as the client of xlwings calls them: the real server, a process of its own."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl.utils.datetime import to_excel

from tests.hosts.bad_inputs import BAD, GOOD, Call
from tests.hosts.server_process import Server, function_call, running, sent
from xlwings_addin.functions.registry import REGISTRY, Kind

FLOWS = [[100.0, 110.0]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "logs") as started:
        yield started


@pytest.fixture(scope="module")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a function that takes its time and one that breaks."""
    folder = tmp_path_factory.mktemp("spare") / "logs"
    with running(folder, program=[str(Path(__file__).with_name("spare_functions.py"))]) as started:
        yield started


def strictly(text: str) -> Any:
    """The JSON that a browser would read: it knows no NaN and no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def answer(server: Server, name: str, *args: Any, address: str = "[Book1.xlsx]Sheet1!B2") -> Any:
    """The single cell, or the rows, that a call is answered with."""
    response = server.call(name, *args, address=address)
    assert response.status_code == 200, response.text
    rows = strictly(response.text)["result"]
    assert {len(row) for row in rows} == {len(rows[0])}
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows


def cell(content: object) -> object:
    """What Office.js passes for a cell: "" for a blank, an object for an error, a serial for a date."""
    if content is None:
        return ""
    if isinstance(content, datetime | date):
        return to_excel(content)
    if isinstance(content, str) and content.startswith("#"):
        return {"type": "Error", "basicType": "Error", "basicValue": content}
    return content


def cells(argument: Any) -> list[list[object]]:
    rows = argument if isinstance(argument, list) else [[argument]]
    return [[cell(content) for content in row] for row in rows]


ERROR_TYPES = {"Div0": "#DIV/0!", "NotAvailable": "#N/A"}


def error_of(reply: dict[str, str]) -> str:
    """The error value that a cell shows: ours comes by value, one that only passes by its type."""
    assert reply["type"] == "Error"
    return reply["basicValue"] if "basicValue" in reply else ERROR_TYPES[reply["errorType"]]


# --- what is documented ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRY)
def test_a_documented_example_gives_its_result(server: Server, name: str) -> None:
    example = REGISTRY[name].example
    result = answer(server, name, *map(sent, example.arguments))
    expected = example.result
    if isinstance(expected, list) and not isinstance(result, list):
        result = [[result]]
    assert example.agrees(result), (example.written, result)


def test_every_function_of_the_registry_is_registered_with_its_texts(server: Server) -> None:
    meta = strictly(server.get("/xlwings/custom-functions-meta.json").text)
    by_name = {item["id"]: item for item in meta["functions"]}
    assert by_name.keys() == REGISTRY.keys()
    for name, entry in REGISTRY.items():
        function = by_name[name]
        assert function["name"] == name
        assert function["description"] == entry.summary
        assert function["helpUrl"] == f"{server.url}/functions.html#{name.lower()}"
        assert [
            (parameter["name"], parameter["description"], parameter.get("optional", False))
            for parameter in function["parameters"]
        ] == [
            (parameter.host_name, f"{parameter.doc} ({parameter.unit})", parameter.optional)
            for parameter in entry.parameters
        ]
        assert "volatile" not in function["options"]


def test_the_code_that_excel_loads_calls_every_function(server: Server) -> None:
    code = server.get("/xlwings/custom-functions-code.js").text
    for name in REGISTRY:
        assert f'CustomFunctions.associate("{name}", {name});' in code


# --- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", BAD, ids=lambda call: call.id)
def test_bad_input_is_answered_once_with_its_error_value_and_message(server: Server, call: Call) -> None:
    reply = answer(server, call.function, *map(cells, call.arguments))
    assert error_of(reply) == call.answer
    assert reply.get("message", "") == call.message


@pytest.mark.parametrize("call", GOOD, ids=lambda call: call.id)
def test_what_only_looks_like_bad_input_is_answered(server: Server, call: Call) -> None:
    assert call.is_answered_by(answer(server, call.function, *map(cells, call.arguments)))


@pytest.mark.parametrize("blank", [None, [[None]], [[""]]])
def test_every_way_of_sending_a_blank_means_the_default(server: Server, blank: object) -> None:
    assert answer(server, "DCF_PRESENT_VALUE", [[110, 121]], [[0.1]], blank) == pytest.approx(200.0)


def test_numbers_too_large_for_a_cell_are_errors_and_not_infinity(server: Server) -> None:
    reply = answer(server, "RAMP_REVENUE", [[1e300]], [[1e300]])
    assert error_of(reply) == "#NUM!"
    assert reply["message"].startswith("the result of RAMP_REVENUE")
    body = (
        server.call("CAPITAL_BLUME_BETA", [[1]])
        .request.content.decode()
        .replace("[[1]]", "[[1" + "0" * 400 + "]]")
    )
    assert "#NUM!" in server.post("custom-functions-call", json.loads(body)).text


def test_an_error_is_remembered_for_the_cell_that_called(server: Server) -> None:
    answer(server, "DCF_TERMINAL_VALUE", [[1]], [[0.02]], [[0.03]], address="[A.xlsx]'My model'!$C$3")
    answer(server, "CAPITAL_BLUME_BETA", [["x"]], address="[A.xlsx]'My model'!C4")
    why = answer(server, "VAL_LAST_ERROR", [["'My model'!C3"]], address="[A.xlsx]'My model'!D3")
    assert why == "rate 2.00% must exceed growth 3.00%"


def test_an_error_without_a_calling_cell_still_has_its_message(server: Server) -> None:
    response = server.call("CAPITAL_BLUME_BETA", [["x"]], address=None)
    assert response.json()["result"][0][0]["message"] == "raw_beta 'x' must be a number"


# --- tables, slow functions, broken functions ------------------------------------------------------------


def test_a_table_of_a_thousand_rows_goes_in_and_a_long_row_comes_out(server: Server) -> None:
    assert any(parameter.kind is Kind.NUMBERS for parameter in REGISTRY["RAMP_LOGISTIC"].parameters)
    times = [[float(n)] for n in range(1000)]
    result = answer(server, "RAMP_LOGISTIC", times, [[2]], [[500]], [[0.01]])
    assert [len(result), len(result[0])] == [1000, 1]
    assert result[500][0] == pytest.approx(1.0)
    table = [[float(n)] * 15 for n in range(1000)]
    reply = answer(server, "DCF_PRESENT_VALUE", table, [[0.1]])
    assert reply["message"] == "flows of 1000 x 15 cells must be one row or one column"


def test_two_thousand_calls_at_sixteen_connections_are_answered_without_an_error(server: Server) -> None:
    body = function_call("CAPITAL_BLUME_BETA", [[[1.15]]], "[Book1.xlsx]Sheet1!B2")

    def connection(_: int) -> set[str]:
        with httpx.Client(base_url=server.url, headers=server.of_pane, timeout=60) as client:
            return {client.post("/xlwings/custom-functions-call", json=body).text for _ in range(125)}

    with ThreadPoolExecutor(16) as pool:
        answers = set().union(*pool.map(connection, range(16)))
    assert [json.loads(entry)["result"] for entry in answers] == [[[pytest.approx(1.1)]]]


def test_slow_functions_do_not_block_each_other_or_anybody_else(spare: Server) -> None:
    with ThreadPoolExecutor(11) as pool:
        slow = [pool.submit(answer, spare, "SPARE_PAUSE", [[3.0]]) for _ in range(10)]
        time.sleep(0.5)
        quick = pool.submit(answer, spare, "CAPITAL_BLUME_BETA", [[1.0]])
        assert quick.result() == pytest.approx(1.0)
        assert not any(seconds.done() for seconds in slow)
        started = time.monotonic()
        assert [seconds.result() for seconds in slow] == [3.0] * 10
        # One after the other they would take 30 s.
        assert time.monotonic() - started < 25.0


def test_an_unforeseen_failure_is_one_answer_and_a_traceback_in_the_log_only(spare: Server) -> None:
    before = spare.said().count("SPARE_BREAK failed")
    reply = answer(spare, "SPARE_BREAK", [[1]])
    assert error_of(reply) == "#VALUE!"
    assert reply["message"] == "RuntimeError: a spare part broke"
    log = (spare.folder / "xiaomi-model.log").read_text()
    assert log.count("SPARE_BREAK failed") == before + 1
    assert "Traceback" in log


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_json_is_caught_by_these_tests(value: float) -> None:
    with pytest.raises(AssertionError, match="is no JSON"):
        strictly(json.dumps({"result": [[value]]}))
