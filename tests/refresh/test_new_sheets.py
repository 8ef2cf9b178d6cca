"""A book gets the sheets that it lacks, but those that the analyst has taken out or has the name of."""

from __future__ import annotations

import pytest

from xlwings_addin.layout.references import Book, PlacedSheet
from xlwings_addin.layout.state import State
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.growth.new_sheets import refusal_of_sheet


@pytest.fixture(scope="module")
def placed() -> PlacedSheet:
    return Book(load_context()).sheets["ramp"]


def test_a_sheet_that_the_record_does_not_know_comes_in(placed: PlacedSheet) -> None:
    state = State("0.1.0", "2025-11-19", {}, {}, lines=("sotp.value_per_share",))
    assert refusal_of_sheet(placed, ("Cover", "SOTP"), state) == ""
    assert refusal_of_sheet(placed, ("Cover", "SOTP"), None) == ""


def test_a_sheet_that_was_taken_out_stays_out(placed: PlacedSheet) -> None:
    state = State("0.2.0", "2025-11-19", {}, {}, lines=("ramp.path",))
    assert refusal_of_sheet(placed, ("Cover",), state) == "sheet Ramp was taken out of this book"


def test_an_analyst_s_own_sheet_of_that_name_is_left(placed: PlacedSheet) -> None:
    said = refusal_of_sheet(placed, ("Cover", "RAMP"), None)
    assert said == "sheet Ramp: another sheet of this book has that name"
