"""A function called from a cell answers, whatever the cells hold."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.core.errors import ShapeError, ValuationError
from xlwings_addin.functions import boundary, memory
from xlwings_addin.functions.cells import ERROR_VALUES
from xlwings_addin.functions.registry import REGISTRY, callbacks

CALLBACKS = callbacks()
FLOWS = [[100.0, 100.0]]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    memory.forget_all()
    yield
    memory.forget_all()


@pytest.mark.parametrize("error", sorted(ERROR_VALUES))
def test_an_error_cell_passes_through_unchanged(error: str) -> None:
    assert CALLBACKS["DCF_PRESENT_VALUE"]([[100.0, error]], 0.1) == error


def test_the_first_of_several_errors_passes_through_before_any_other_complaint() -> None:
    assert CALLBACKS["DCF_PRESENT_VALUE"]([["text", "#REF!"]], "#N/A") == "#REF!"


def test_an_error_that_came_in_is_not_remembered_as_ours() -> None:
    CALLBACKS["DCF_PRESENT_VALUE"](FLOWS, "#N/A")
    assert boundary.last_error() is None


@pytest.mark.parametrize(
    ("name", "arguments", "answer", "message"),
    [
        ("DCF_PRESENT_VALUE", ([[100.0, None]], 0.1), "#N/A", "flows cell 2 (blank) must be given"),
        ("DCF_PRESENT_VALUE", ([["x", 1.0]], 0.1), "#VALUE!", "flows cell 1 'x' must be a number"),
        ("DCF_PRESENT_VALUE", (FLOWS, None), "#N/A", "rate (blank) must be given"),
        ("DCF_PRESENT_VALUE", (FLOWS,), "#N/A", "rate (blank) must be given"),
        ("DCF_PRESENT_VALUE", (FLOWS, 0.1, "late"), "#VALUE!", "timing 'late' must be 'end' or 'mid'"),
        ("DCF_PRESENT_VALUE", (FLOWS, True), "#VALUE!", "rate TRUE must be a number"),
        ("VAL_VERSION", (1.0,), "#VALUE!", "VAL_VERSION called with 1 arguments takes at most 0"),
        (
            "DCF_FCFF",
            ([[1.0, 2.0]], 0.25, [[1.0], [2.0]], 0.0, 0.0),
            "#VALUE!",
            "depreciation of 2 x 1 cells must be 1 x 2, as ebit is",
        ),
        ("DCF_DISCOUNT_FACTORS", (0.1, 1e9), "#NUM!", "years 1000000000 must be at most 16384"),
        ("RAMP_REVENUE", (1e300, [[1e300]]), "#NUM!", "the result of RAMP_REVENUE cell 1 inf"),
    ],
)
def test_bad_input_is_answered_with_an_error_value_and_its_reason_is_kept(
    name: str, arguments: tuple[Any, ...], answer: str, message: str
) -> None:
    assert CALLBACKS[name](*arguments) == answer
    record = boundary.last_error()
    assert record is not None
    assert (record.function, record.excel_error) == (name, answer)
    assert record.message.startswith(message)
    assert datetime.now(UTC) - record.time < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("CAPITAL_UNLEVER_BETA", (1.0, -0.1, 0.2), "debt_to_equity -0.1 must not be negative"),
        ("CAPITAL_RELEVER_BETA", (1.0, 0.1, 1.2), "tax_rate 120.00% must be from 0.00% to 100.00%"),
        ("CAPITAL_WACC", (0.1, 0.05, 0.2, 1.5), "equity_weight 150.00% must be from 0.00% to 100.00%"),
        ("DCF_DISCOUNT_FACTORS", (0.1, 0.0), "years 0 must be a whole number of years, at least 1"),
        ("DCF_DISCOUNT_FACTORS", (0.1, 3.0, "end", 0.0), "first_period 0 must be above 0"),
        ("DCF_PRESENT_VALUE", (FLOWS, -1.0), "rate -100.00% must be above -100.00%"),
        ("DCF_TERMINAL_VALUE", (1.0, 0.02, 0.03), "rate 2.00% must exceed growth 3.00%"),
        ("DCF_FCFF", (1.0, 1.5, 0.0, 0.0, 0.0), "tax_rate 150.00% must be from 0.00% to 100.00%"),
        ("DCF_ENTERPRISE_VALUE", (FLOWS, 0.02, 0.03), "wacc 2.00% must exceed terminal_growth 3.00%"),
        ("DCF_XNPV", (0.1, FLOWS, [[39508.0, 39448.0]]), "dates[1] 2008-01-01 must not be before the first"),
        ("RAMP_FADE", (0.1, -0.05, 3.0, "geometric"), "end -0.05 must be above 0"),
        ("RAMP_REVENUE", (100.0, [[0.1, -2.0]]), "growth[1] -200.00% must not be below -100.00%"),
        ("RAMP_LOGISTIC", (1.0, 1.0, 1.0, 0.0), "steepness 0 must be above 0"),
        ("RAMP_BASS", (1.0, 0.0, 0.3, 1.0), "innovation 0 must be above 0"),
        ("RAMP_GOMPERTZ", (1.0, 1.0, 0.0, 1.0), "displacement 0 must be above 0"),
        (
            "SOTP_EQUITY_VALUE",
            (FLOWS, 1.0, 0.0, 1.5),
            "holding_discount 150.00% must be from 0.00% to 100.00%",
        ),
        ("SOTP_VALUE_PER_SHARE", (1.0, 0.0), "diluted_shares 0 must be above 0"),
        ("SOTP_DILUTED_SHARES", (1.0, 1.0, 1.0, 0.0), "price 0 must be above 0"),
    ],
)
def test_a_number_outside_its_range_is_answered_with_num_and_named(
    name: str, arguments: tuple[Any, ...], message: str
) -> None:
    assert CALLBACKS[name](*arguments) == "#NUM!"
    record = boundary.last_error()
    assert record is not None
    assert record.message.startswith(message)


def test_bad_input_from_python_raises() -> None:
    with pytest.raises(ValuationError, match=r"flows cell 2 \(blank\) must be given"):
        REGISTRY["DCF_PRESENT_VALUE"].function([[100.0, None]], 0.1)
    assert boundary.last_error() is None


def test_an_unexpected_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> float:
        raise ZeroDivisionError("division by zero")

    with caplog.at_level(logging.ERROR, logger="xlwings_addin.functions.boundary"):
        assert boundary.guarded("DCF_BROKEN", broken)(1.0) == "#VALUE!"
    assert "DCF_BROKEN failed" in caplog.text
    assert "Traceback" in caplog.text
    record = boundary.last_error()
    assert record is not None
    assert record.message == "ZeroDivisionError: division by zero"


def test_more_arguments_than_a_function_has_are_refused() -> None:
    with pytest.raises(ShapeError, match="CAPITAL_BLUME_BETA called with 2 arguments takes at most 1"):
        REGISTRY["CAPITAL_BLUME_BETA"].function(1.0, 2.0)


@pytest.mark.parametrize("blank", [None, "", [[None]]])
def test_a_blank_optional_argument_means_its_default(blank: object) -> None:
    present_value = CALLBACKS["DCF_PRESENT_VALUE"]
    assert present_value(FLOWS, 0.1, blank, blank) == present_value(FLOWS, 0.1, "end", 1.0)


@pytest.mark.parametrize("name", ["RAMP_LOGISTIC", "RAMP_BASS", "RAMP_GOMPERTZ"])
def test_a_curve_gives_back_the_shape_of_its_times(name: str) -> None:
    curve = CALLBACKS[name]
    row = curve([[1.0, 2.0, 3.0]], 0.5, 2.0, 1.0)
    column = curve([[1.0], [2.0], [3.0]], 0.5, 2.0, 1.0)
    assert isinstance(row, list)
    assert isinstance(column, list)
    assert [len(row), len(row[0]), len(column), len(column[0])] == [1, 3, 3, 1]
    assert row[0] == [cell for (cell,) in column]
    assert curve(2.0, 0.5, 2.0, 1.0) == row[0][1]


def test_growth_in_a_column_gives_revenue_in_a_column() -> None:
    revenue = CALLBACKS["RAMP_REVENUE"]
    assert revenue(100.0, [[0.5], [1.0]]) == [[150.0], [300.0]]
    assert revenue(100.0, [[0.5, 1.0]]) == [[150.0, 300.0]]


def test_flows_in_a_column_are_worth_what_they_are_worth_in_a_row() -> None:
    value = CALLBACKS["DCF_ENTERPRISE_VALUE"]
    assert value([[100.0], [105.0]], 0.1, 0.05) == value([[100.0, 105.0]], 0.1, 0.05)
    dated = CALLBACKS["DCF_XNPV"]
    serials, texts = [[39448, 39813]], [["2008-01-01", "2008-12-31"]]
    assert dated(0.1, [[-1.0], [2.0]], serials) == dated(0.1, [[-1.0, 2.0]], texts)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.floats(-2.0, 2.0),
    st.integers(-5, 50),
    st.integers(),
    st.sampled_from(["", " ", "end", "mid", "flat", "geometric", "10", "2024-03-08", "#N/A", "#DIV/0!"]),
    st.text(max_size=5),
    st.dates(min_value=date(1, 1, 1)),
    st.floats().map(np.float64),
    st.booleans().map(np.bool_),
)
RANGES = st.one_of(
    st.lists(st.lists(JUNK, max_size=4), max_size=4),
    st.lists(JUNK, max_size=5),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8).map(lambda row: [row]),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8).map(lambda cells: [[cell] for cell in cells]),
    st.lists(st.floats(), max_size=4).map(np.array),
)


def is_answer(value: object) -> bool:
    if type(value) is list:
        return all(type(row) is list and row for row in value) and all(
            type(cell) is float and math.isfinite(cell) for row in value for cell in row
        )
    return type(value) is str or (type(value) is float and math.isfinite(value))


@pytest.mark.parametrize("name", sorted(REGISTRY))
@given(arguments=st.lists(JUNK | RANGES, max_size=7))
def test_no_junk_makes_a_cell_call_raise_or_answer_with_more_than_cells(
    name: str, arguments: list[Any]
) -> None:
    assert is_answer(CALLBACKS[name](*arguments))


@pytest.mark.parametrize("name", sorted(REGISTRY))
@given(data=st.data())
def test_no_number_makes_a_function_fail_in_a_way_it_does_not_explain(name: str, data: st.DataObject) -> None:
    numbers = st.floats(-1e308, 1e308) | st.floats(-2.0, 2.0) | st.integers(-10, 100).map(float)
    rows = st.lists(numbers, min_size=1, max_size=6).map(lambda row: [row])
    counts = st.integers(-3, 40).map(float)
    kinds: dict[str, st.SearchStrategy[object]] = {
        "scalar": numbers,
        "count": counts,
        "row": rows,
        "numbers": numbers | rows,
        "text": st.text(max_size=12) | st.sampled_from(["revenue", "FY2023", "valuation_date"]),
        "cell": st.none() | st.just("Sheet1!B2") | numbers,
    }
    days = st.lists(st.integers(61, 60_000), min_size=1, max_size=6).map(lambda row: [row])
    arguments = [
        data.draw(
            st.sampled_from(parameter.choices)
            if parameter.choices
            else days
            if parameter.kind == "dates"
            else kinds[parameter.kind]
        )
        for parameter in REGISTRY[name].parameters
    ]
    explained: ValuationError | None = None
    try:
        result = REGISTRY[name].function(*arguments)
    except ValuationError as error:
        explained = error
    assert is_answer(result) if explained is None else explained.rule in str(explained)


def test_an_answer_with_a_nan_or_a_numpy_number_would_be_noticed() -> None:
    assert not is_answer(math.nan)
    assert not is_answer(np.float64(1.0))
    assert not is_answer([[1.0, math.inf]])
    assert not is_answer([1.0])
    assert not is_answer(None)
