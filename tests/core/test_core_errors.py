"""The error tree: one catch for all, one spreadsheet error each, a message made of three parts."""

from __future__ import annotations

import re

import pytest

from xlwings_addin.core import errors
from xlwings_addin.core.errors import (
    BookError,
    ChoiceError,
    DomainError,
    InputError,
    LibraryError,
    ShapeError,
    ValuationError,
)

TREE = [ValuationError, DomainError, ShapeError, ChoiceError, InputError, LibraryError, BookError]


def test_an_error_keeps_what_its_message_is_made_of() -> None:
    error = DomainError("wacc", 0.02, "must exceed terminal_growth 3.00%", display="2.00%")
    assert (error.argument, error.value, error.rule) == ("wacc", 0.02, "must exceed terminal_growth 3.00%")
    assert str(error) == "wacc 2.00% must exceed terminal_growth 3.00%"


def test_a_value_that_reads_well_is_shown_as_python_writes_it() -> None:
    assert str(ChoiceError("timing", "start", "must be one of end, mid")) == (
        "timing 'start' must be one of end, mid"
    )


@pytest.mark.parametrize("error", TREE)
def test_every_error_is_caught_as_a_valuation_error_and_a_value_error(error: type[ValuationError]) -> None:
    with pytest.raises(ValuationError):
        raise error("argument", 1, "is wrong")
    assert issubclass(error, ValueError)


def test_every_error_of_the_tree_is_drawn_with_the_cell_error_it_becomes() -> None:
    drawn = dict(re.findall(r"(\w+Error)(?: \(ValueError\))?\s+(#\S+)", errors.__doc__ or ""))
    assert drawn == {error.__name__: error.excel_error for error in TREE}


def test_no_error_of_the_module_is_left_out_of_the_tree() -> None:
    defined = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    assert {kind for kind in defined if issubclass(kind, ValuationError)} == set(TREE)
