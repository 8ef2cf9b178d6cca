"""What hosts pass, and what a function makes of it."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ShapeError, ValuationError
from xlwings_addin.functions import cells
from xlwings_addin.functions.cells import ContentError
from xlwings_addin.functions.kinds import Kind, UdfArgument


def parameter(kind: Kind, **changes: Any) -> UdfArgument:
    return UdfArgument("flows", kind, "money", "what it is", host_name="flows", **changes)


@pytest.mark.parametrize(
    "value", [0.1, [[0.1]], [0.1], ((0.1,),), np.float64(0.1), np.array([[0.1]]), np.array(0.1)]
)
def test_one_cell_is_a_float_whatever_it_came_in(value: object) -> None:
    read, shape = cells.read(parameter(Kind.SCALAR), value)
    assert (read, type(read), shape) == (0.1, float, (1, 1))


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float32(3), [[3.0]]])
def test_a_count_is_an_int(value: object) -> None:
    read, _ = cells.read(parameter(Kind.COUNT), value)
    assert (read, type(read)) == (3, int)


@pytest.mark.parametrize("kind", [Kind.ROW, Kind.NUMBERS])
@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([[1.0, 2.0, 3.0]], (1, 3)),
        ([[1.0], [2.0], [3.0]], (3, 1)),
        ([1.0, 2.0, 3.0], (1, 3)),
        (((1, 2, 3),), (1, 3)),
        ([[1, np.float64(2), 3.0]], (1, 3)),
        (np.array([1.0, 2.0, 3.0]), (1, 3)),
        (np.array([[1], [2], [3]]), (3, 1)),
    ],
)
def test_a_row_and_a_column_are_the_same_numbers(kind: Kind, value: object, shape: tuple[int, int]) -> None:
    read, read_shape = cells.read(parameter(kind), value)
    assert read.tolist() == [1.0, 2.0, 3.0]
    assert read.dtype == np.float64
    assert read_shape == shape


def test_one_cell_is_a_row_of_one() -> None:
    read, shape = cells.read(parameter(Kind.ROW), 5.0)
    assert read.tolist() == [5.0]
    assert shape == (1, 1)


@pytest.mark.parametrize("value", [5.0, [[5.0]], [5]])
def test_numbers_of_one_cell_are_one_number(value: object) -> None:
    assert cells.read(parameter(Kind.NUMBERS), value) == (5.0, (1, 1))


def test_a_table_keeps_its_rows() -> None:
    read, shape = cells.read(parameter(Kind.TABLE), [[1.0, 2.0], [3, 4.0], [5.0, 6.0]])
    assert read.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert shape == (3, 2)


# Serial numbers of the 1900 system as Excel shows them: 39448 is 2008-01-01 (DATE function, Microsoft
# support), 61 is 1900-03-01, 2958465 is 9999-12-31 (Excel specifications and limits).
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (39448.0, "2008-01-01"),
        (39448, "2008-01-01"),
        (39448.75, "2008-01-01"),
        (61, "1900-03-01"),
        (2958465, "9999-12-31"),
        ("2008-01-01", "2008-01-01"),
        (" 2008-01-01 ", "2008-01-01"),
        (date(2008, 1, 1), "2008-01-01"),
        (datetime(2008, 1, 1, 18, 30), "2008-01-01"),
        (np.datetime64("2008-01-01T18:30"), "2008-01-01"),
    ],
)
def test_a_day_is_a_serial_a_date_or_iso_text(value: object, expected: str) -> None:
    read, _ = cells.read(parameter(Kind.DATES), [[value]])
    assert read.dtype == np.dtype("datetime64[D]")
    assert read.tolist() == [date.fromisoformat(expected)]


@pytest.mark.parametrize("written", ["mid", "Mid", "MID"])
def test_case_does_not_matter_in_a_word(written: str) -> None:
    assert cells.read(parameter(Kind.TEXT, choices=("end", "mid")), written)[0] == "mid"


def test_a_free_text_is_left_as_it_is() -> None:
    assert cells.read(parameter(Kind.TEXT), "As Written")[0] == "As Written"


@pytest.mark.parametrize("blank", [None, "", [[None]], [[""]]])
@pytest.mark.parametrize(("kind", "default"), [(Kind.SCALAR, 1.0), (Kind.COUNT, 5), (Kind.TEXT, "end")])
def test_a_blank_is_the_default_of_an_optional_argument(
    kind: Kind, default: float | str, blank: object
) -> None:
    assert cells.read(parameter(kind, optional=True, default=default), blank)[0] == default


@pytest.mark.parametrize("blank", [None, "", [[None]], [[""]]])
@pytest.mark.parametrize("kind", Kind)
def test_a_blank_is_an_error_in_a_required_argument(kind: Kind, blank: object) -> None:
    with pytest.raises(InputError, match=r"^flows (row 1 column 1 )?\(blank\) must be given$"):
        cells.read(parameter(kind), blank)


@pytest.mark.parametrize(
    ("kind", "value", "error", "message"),
    [
        (Kind.SCALAR, "ten", ContentError, "flows 'ten' must be a number"),
        (Kind.SCALAR, "10", ContentError, "flows '10' must be a number"),
        (Kind.SCALAR, " ", ContentError, "flows ' ' must be a number"),
        (Kind.SCALAR, True, ContentError, "flows TRUE must be a number"),
        (Kind.SCALAR, np.False_, ContentError, "flows FALSE must be a number"),
        (Kind.SCALAR, date(2024, 3, 8), ContentError, "flows datetime.date(2024, 3, 8) must be a number"),
        (Kind.SCALAR, math.nan, DomainError, "flows nan must be a finite number"),
        (Kind.SCALAR, math.inf, DomainError, "flows inf must be a finite number"),
        (Kind.SCALAR, 10**400, DomainError, "flows inf must be a finite number"),
        (Kind.SCALAR, [[1.0, 2.0]], ShapeError, "flows of 1 x 2 cells must be one cell"),
        (Kind.SCALAR, [], ShapeError, "flows (empty) must hold at least one cell"),
        (Kind.COUNT, 2.5, DomainError, "flows 2.5 must be a whole number"),
        (Kind.COUNT, 16385.0, DomainError, "flows 16385 must be at most 16384, the columns of a sheet"),
        (Kind.TEXT, 1.0, ContentError, "flows 1.0 must be a text"),
        (Kind.TEXT, True, ContentError, "flows TRUE must be a text"),
        (Kind.ROW, [[1.0, None, 3.0]], InputError, "flows cell 2 (blank) must be given"),
        (Kind.ROW, [[1.0], [2.0], [""]], InputError, "flows cell 3 (blank) must be given"),
        (Kind.ROW, [[1.0, "n/a"]], ContentError, "flows cell 2 'n/a' must be a number"),
        (Kind.ROW, [[True, 1.0]], ContentError, "flows cell 1 TRUE must be a number"),
        (Kind.ROW, [[1.0, math.inf]], DomainError, "flows cell 2 inf must be a finite number"),
        (Kind.ROW, [[1.0, 2.0], [3.0, 4.0]], ShapeError, "flows of 2 x 2 cells must be one row or"),
        (Kind.ROW, [[]], ShapeError, "flows (empty) must hold at least one cell"),
        (Kind.ROW, [[1.0, 2.0], [3.0]], ShapeError, "flows row 2 of width 1 must be as wide as row 1, 2"),
        (Kind.ROW, [[1.0], 2.0], ShapeError, "flows row 2 of width 0 must be as wide as row 1, 1"),
        (Kind.ROW, [1.0, [2.0]], ContentError, "flows cell 2 [2.0] must be a number"),
        (Kind.ROW, [[[1.0]]], ContentError, "flows [1.0] must be a number"),
        (Kind.TABLE, [[1.0, 2.0], [3.0, None]], InputError, "flows row 2 column 2 (blank) must be given"),
        (Kind.DATES, [[39448, None]], InputError, "flows cell 2 (blank) must be given"),
        (Kind.DATES, [[60]], DomainError, "flows 60 must be a date serial from 61 (1900-03-01) to "),
        (Kind.DATES, [[1, 1e9]], DomainError, "flows cell 1 1 must be a date serial from 61"),
        (Kind.DATES, [["8 March 2024"]], ContentError, "flows '8 March 2024' must be a date: a serial"),
        (Kind.DATES, [[True]], ContentError, "flows TRUE must be a number"),
        (Kind.DATES, [[np.datetime64("NaT")]], InputError, "flows (blank) must be given"),
    ],
)
def test_a_cell_of_the_wrong_content_is_named_with_its_place(
    kind: Kind, value: object, error: type[ValuationError], message: str
) -> None:
    with pytest.raises(error) as caught:
        cells.read(parameter(kind), value)
    assert str(caught.value).startswith(message)
    assert caught.value.argument == "flows"


def test_a_word_outside_the_choices_is_refused_with_the_choices() -> None:
    with pytest.raises(ChoiceError, match="flows 'late' must be 'end' or 'mid'"):
        cells.read(parameter(Kind.TEXT, choices=("end", "mid")), "late")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1.0, "text", None), None),
        ((1.0, "#REF!", "#N/A"), "#REF!"),
        (([[1.0, "#N/A"], ["#DIV/0!", 2.0]], "#REF!"), "#N/A"),
        ((np.array([["#NUM!"]], dtype=object),), "#NUM!"),
        (("#not an error",), None),
    ],
)
def test_the_first_error_in_reading_order_is_found(arguments: tuple[object, ...], error: str | None) -> None:
    assert cells.first_error(arguments) == error


@pytest.mark.parametrize(
    ("result", "kind", "shape", "written"),
    [
        (np.float64(1.5), Kind.SCALAR, (1, 1), 1.5),
        (np.array(1.5), Kind.SCALAR, (1, 3), 1.5),
        (2, Kind.SCALAR, (1, 1), 2.0),
        (np.array([1.0, 2.0]), Kind.ROW, (1, 1), [[1.0, 2.0]]),
        (np.array([1.0, 2.0]), Kind.ROW, (1, 2), [[1.0, 2.0]]),
        (np.array([1, 2]), Kind.ROW, (2, 1), [[1.0], [2.0]]),
        (np.array(1.0), Kind.NUMBERS, (1, 1), 1.0),
        (np.array([1.0, 2.0]), Kind.NUMBERS, (2, 1), [[1.0], [2.0]]),
        (np.array([[1, 2], [3, 4]]), Kind.TABLE, (1, 1), [[1.0, 2.0], [3.0, 4.0]]),
        ("0.1.0", Kind.TEXT, (1, 1), "0.1.0"),
    ],
)
def test_a_result_is_plain_python_in_the_direction_of_its_arguments(
    result: object, kind: Kind, shape: tuple[int, int], written: object
) -> None:
    value = cells.write("DCF_THING", result, kind, shape)
    assert value == written
    flat = [cell for row in value for cell in row] if isinstance(value, list) else [value]
    assert all(type(cell) in (float, str) for cell in flat)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_result_that_no_cell_can_hold_is_an_error(value: float) -> None:
    with pytest.raises(DomainError, match=rf"DCF_THING {value} is not a number that a cell can hold"):
        cells.write("DCF_THING", value, Kind.SCALAR, (1, 1))
    with pytest.raises(DomainError, match=rf"the result of DCF_THING cell 2 {value} is not a number"):
        cells.write("DCF_THING", np.array([1.0, value]), Kind.ROW, (1, 1))


def test_ranges_of_one_calculation_must_have_one_shape() -> None:
    parameters = (parameter(Kind.NUMBERS), UdfArgument("tax", Kind.NUMBERS, "rate", "tax"))
    assert cells.common_shape(parameters, [(2, 1), (1, 1)]) == (2, 1)
    with pytest.raises(ShapeError, match="tax of 1 x 2 cells must be 2 x 1, as flows is"):
        cells.common_shape(parameters, [(2, 1), (1, 2)])
