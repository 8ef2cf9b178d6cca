"""Bad input of every class gives one error value and one message: from Python, and in a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.hosts.bad_inputs import BAD, GOOD, Call, laid_out
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.functions import memory
from xlwings_addin.functions.boundary import calling, last_error
from xlwings_addin.functions.registry import PREFIXES, Target, callbacks

CALLS = (*BAD, *GOOD)
CALLBACKS = callbacks()


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    memory.forget_all()
    yield
    memory.forget_all()


def message(function: str) -> str:
    record = last_error(function=function)
    return record.message if record else ""


def recalculated(calls: list[Call], folder: Path, target: Target = "desktop") -> dict[str, object]:
    """The answers of a real workbook, by the cell of each call."""
    book = Workbook()
    for address, content in laid_out(calls, PREFIXES[target]).cells.items():
        book.active[address] = content
    book.save(folder / "calls.xlsx")
    return {address: value for (_, address), value in recalculate(folder / "calls.xlsx", CALLBACKS).items()}


def test_every_class_of_bad_input_is_in_the_table() -> None:
    classes = " ".join(call.what for call in BAD)
    for word in (
        "blank",
        "text",
        "TRUE",
        "error cell",
        "range",
        "sign",
        "growth",
        "lengths",
        "date",
        "serial",
    ):
        assert word in classes
    assert {call.answer for call in BAD} == {"#N/A", "#VALUE!", "#NUM!", "#DIV/0!"}


def test_no_call_of_the_table_stands_twice() -> None:
    assert len({(call.function, repr(call.arguments)) for call in CALLS}) == len(CALLS)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
def test_python_answers_as_the_table_says(call: Call) -> None:
    with calling("Sheet1!B2"):
        answer = CALLBACKS[call.function](*call.arguments)
    record = last_error("Sheet1!B2")
    assert call.is_answered_by(answer), answer
    assert (record.message if record else "") == call.message


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
def test_a_workbook_answers_as_the_table_says(call: Call, tmp_path: Path) -> None:
    answer = recalculated([call], tmp_path)["A1"]
    assert call.is_answered_by(answer), answer
    assert message(call.function) == call.message


@pytest.mark.parametrize("target", PREFIXES)
def test_a_workbook_with_all_calls_answers_each_in_every_spelling(target: Target, tmp_path: Path) -> None:
    answers = recalculated(list(CALLS), tmp_path, target)
    for address, call in laid_out(CALLS).places.items():
        assert call.is_answered_by(answers[address]), (call.id, answers[address])


@pytest.mark.parametrize("answer", ["#VALUE!", 2100.001, "2100"])
def test_an_answer_that_differs_from_the_table_would_be_noticed(answer: str | float, tmp_path: Path) -> None:
    call = Call("spoilt", "DCF_TERMINAL_VALUE", (100.0, 0.1, 0.05), answer)
    assert not call.is_answered_by(recalculated([call], tmp_path)["A1"])


def test_cells_hold_what_the_call_says() -> None:
    call = Call("any", "DCF_XNPV", ("#N/A", [[1.0], [None]], [["", True]]), "#N/A")
    assert laid_out([call], "VAL.").cells == {
        "A1": "=VAL.DCF_XNPV(B1,C1:C2,D1:E1)",
        "B1": "=NA()",
        "C1": 1.0,
        "C2": None,
        "D1": '=""',
        "E1": True,
    }
    assert list(laid_out([call, call]).places) == ["A1", "A3"]


def test_what_a_workbook_shows_of_an_error_hangs_on_the_file_alone(tmp_path: Path) -> None:
    """VAL_LAST_ERROR cannot know the calling cell in the embedded engine, and says so to every call."""
    book = Workbook()
    cells = {
        "A1": "=DCF_TERMINAL_VALUE(100,0.02,0.03)",
        "A2": "=VAL_LAST_ERROR(A1)",
        "A3": "=VAL.VAL_LAST_ERROR()",
        "A4": "=_xldudf_VAL_VAL_LAST_ERROR(A9)",
        "A5": '=IF(ISERROR(A1),VAL_LAST_ERROR(A1),"")',
    }
    for address, content in cells.items():
        book.active[address] = content
    book.save(tmp_path / "book.xlsx")
    first, second = (recalculate(tmp_path / "book.xlsx", CALLBACKS) for _ in range(2))
    assert first == second
    assert list(first.values()) == ["#NUM!", *[memory.UNKNOWN_CELL] * 4]
