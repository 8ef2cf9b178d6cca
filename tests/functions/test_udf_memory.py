"""Why a cell shows an error: kept by cell, found by its address, gone once the cell is right again."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator

import pytest

from xlwings_addin.functions import memory
from xlwings_addin.functions.addresses import normalised
from xlwings_addin.functions.boundary import calling, last_error
from xlwings_addin.functions.memory import NO_ERROR, UNKNOWN_CELL
from xlwings_addin.functions.registry import callbacks

CALLBACKS = callbacks()
TERMINAL_VALUE, WHY = CALLBACKS["DCF_TERMINAL_VALUE"], CALLBACKS["VAL_LAST_ERROR"]
WRONG, RIGHT = (100.0, 0.02, 0.03), (100.0, 0.10, 0.05)
REASON = "rate 2.00% must exceed growth 3.00%"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    memory.forget_all()
    yield
    memory.forget_all()


def fail_in(address: str) -> None:
    with calling(address):
        assert TERMINAL_VALUE(*WRONG) == "#NUM!"


def result_at(*arguments: object, at: str = "[Book1.xlsx]Sheet1!C2") -> object:
    """What VAL_LAST_ERROR gives in the cell `at`."""
    with calling(at):
        return WHY(*arguments)


@pytest.mark.parametrize(
    "argument",
    [
        *("[Book1.xlsx]Sheet1!B2", "'[Book1.xlsx]Sheet1'!$B$2", "'C:\\files\\[book1.xlsx]SHEET1'!b2"),
        *("Sheet1!B2", "$B$2", "B2", "B2:D2", [["Sheet1!B2"]]),
    ],
)
def test_the_message_of_a_cell_is_found_however_its_address_is_written(argument: object) -> None:
    fail_in("'[Book1.xlsx]Sheet1'!$B$2")
    assert result_at(argument) == REASON


@pytest.mark.parametrize("argument", ["B3", "Sheet2!B2", "[Book2.xlsx]Sheet1!B2"])
def test_the_message_of_another_cell_is_not_given(argument: str) -> None:
    fail_in("[Book1.xlsx]Sheet1!B2")
    assert result_at(argument) == NO_ERROR


@pytest.mark.parametrize("blank", [(), (None,), ("",), ([[None]],)])
def test_without_a_cell_the_latest_of_all_errors_is_given(blank: tuple[object, ...]) -> None:
    assert result_at(*blank) == NO_ERROR
    fail_in("Sheet1!B2")
    with calling("Sheet1!B3"):
        CALLBACKS["DCF_PRESENT_VALUE"]([[1.0]], "ten")
    assert result_at(*blank) == "rate 'ten' must be a number"
    fail_in("Sheet1!B4")
    assert result_at(*blank) == REASON


def test_an_error_is_gone_once_its_cell_is_right() -> None:
    fail_in("Sheet1!B2")
    fail_in("Sheet1!B3")
    with calling("Sheet1!B2"):
        TERMINAL_VALUE(*RIGHT)
    assert result_at("Sheet1!B2", at="Sheet1!C2") == NO_ERROR
    assert result_at("Sheet1!B3", at="Sheet1!C2") == REASON


def test_an_error_is_gone_once_its_cell_shows_what_came_in_with_an_argument() -> None:
    fail_in("Sheet1!B2")
    with calling("Sheet1!B2"):
        assert TERMINAL_VALUE("#N/A", 0.1, 0.05) == "#N/A"
    assert last_error("Sheet1!B2") is None


def test_another_function_of_the_same_cell_does_not_hide_an_error() -> None:
    fail_in("Sheet1!B2")
    with calling("Sheet1!B2"):
        CALLBACKS["CAPITAL_BLUME_BETA"](1.0)
    assert result_at("Sheet1!B2", at="Sheet1!C2") == REASON


@pytest.mark.parametrize("value", [5.0, "#NUM!", "total", True, [["#N/A"]]])
def test_the_value_of_a_cell_does_not_say_which_cell_it_is(value: object) -> None:
    fail_in("Sheet1!B2")
    assert result_at(value) == UNKNOWN_CELL


@pytest.mark.parametrize("arguments", [(), ("Sheet1!B2",), ("#NUM!",)])
def test_an_engine_that_names_no_calling_cell_gets_one_answer_whatever_has_happened(
    arguments: tuple[object, ...],
) -> None:
    assert WHY(*arguments) == UNKNOWN_CELL
    fail_in("Sheet1!B2")
    assert WHY(*arguments) == UNKNOWN_CELL


def test_a_host_that_knows_no_calling_cell_finds_the_latest_error_of_a_function() -> None:
    with calling():
        TERMINAL_VALUE(*WRONG)
        CALLBACKS["DCF_PRESENT_VALUE"]([[1.0]], "ten")
        assert WHY() == "rate 'ten' must be a number"
    latest = last_error(function="DCF_TERMINAL_VALUE")
    assert latest is not None
    assert (latest.message, latest.address) == (REASON, "")
    assert last_error(function="DCF_FCFF") is None


def test_what_is_kept_has_a_limit_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED_CELLS", 3)
    for row in (1, 2, 3, 1, 4):
        fail_in(f"Sheet1!B{row}")
    assert [bool(last_error(f"Sheet1!B{row}")) for row in (1, 2, 3, 4)] == [True, False, True, True]


def test_threads_know_their_own_cells() -> None:
    started = threading.Barrier(8)

    def work(column: str) -> None:
        with calling(f"Sheet1!{column}1"):
            started.wait()
            for _ in range(200):
                TERMINAL_VALUE(*WRONG)

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(work, column)) for column in "ABCDEFGH"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [last_error(f"Sheet1!{column}1") for column in "ABCDEFGH"]
    assert [record.address if record else None for record in records] == [
        f"Sheet1!{column}1" for column in "ABCDEFGH"
    ]


@pytest.mark.parametrize(
    "text", ["", "total", "Sheet1!", "!B2", "B0", "Sheet1!B2!", "A[1]!B2", "ABCD1", "1.5"]
)
def test_what_is_no_address_is_not_taken_for_one(text: str) -> None:
    assert normalised(text) is None
