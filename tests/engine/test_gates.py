"""Large what-if tables go through gates, and show what they show without."""

from __future__ import annotations

import io

import openpyxl
import pytest
from openpyxl.worksheet.formula import DataTableFormula

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.gates import gates_of

SIZE, STEPS = 9, 80
PLACES = [("Settings", "B1"), ("Settings", "B2")]


def book(extra: dict[str, object] | None = None) -> bytes:
    """A table of 81 cells that sets two places; a chain of 80 cells hangs on the two inputs that follow."""
    made = openpyxl.Workbook()
    settings, model = made.active, made.create_sheet("Model")
    settings.title = "Settings"
    settings["B1"], settings["B2"] = 0, 0
    settings["C1"], settings["C2"] = "=B1", "=B2"
    for place in range(1, SIZE + 1):
        settings.cell(4, 1 + place, 0.01 * place)  # growth at a place across
        settings.cell(5, 1 + place, 100.0 * place)  # the flow at a place down
    model["A1"] = "=IF(Settings!C1,INDEX(Settings!B4:J4,Settings!C1),0.02)"
    model["A2"] = "=IF(Settings!C2,INDEX(Settings!B5:J5,Settings!C2),100)"
    for row in range(3, 3 + STEPS):
        model.cell(row, 1, f"=A{row - 1}*(1+A$1)")
    settings["A10"] = f"=Model!A{2 + STEPS}"
    for place in range(1, SIZE + 1):
        settings.cell(10, 1 + place, place)
        settings.cell(10 + place, 1, place)
        for column in range(1, SIZE + 1):
            settings.cell(10 + place, 1 + column, 0)
    settings["B11"] = DataTableFormula("B11:J19", dt2D=True, dtr=True, r1="B1", r2="B2")
    for address, value in (extra or {}).items():
        model[address] = value
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def grown(growth_place: int, flow_place: int) -> float:
    """By hand: a flow after 80 steps of growth."""
    value = 100.0 * flow_place
    for _ in range(STEPS):
        value *= 1 + 0.01 * growth_place
    return value


def check(calculation: Calculation) -> None:
    for down in range(1, SIZE + 1):
        for across in range(1, SIZE + 1):
            address = f"{'BCDEFGHIJ'[across - 1]}{10 + down}"
            assert calculation.value("Settings", address) == pytest.approx(grown(across, down), rel=1e-12)


def gates(calculation: Calculation) -> set[tuple[str, str]]:
    return set(gates_of(calculation.book, Dependencies(calculation.book), PLACES))


def test_the_gates_are_the_formulas_through_which_the_places_reach_another_sheet() -> None:
    assert gates(Calculation(book(), {})) == {("Model", "A1"), ("Model", "A2")}


def test_a_table_through_gates_is_what_it_is_by_hand_and_all_is_as_before() -> None:
    calculation = Calculation(book(), {})
    check(calculation)
    assert calculation.value("Model", "A1") == 0.02
    assert calculation.value("Settings", "A10") == pytest.approx(grown(2, 1), rel=1e-12)
    calculation.set_value("Settings", "B4", 0.05)
    assert calculation.value("Settings", "B11") == pytest.approx(grown(5, 1), rel=1e-12)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"XFD1": 7}, id="something in the last column"),
        pytest.param({"H90": "=SUM(1:1)"}, id="a formula of a whole row"),
        pytest.param({"H90": "=SUM($1:$2)"}, id="a formula of whole rows"),
        pytest.param({"H90": "=XFD2+1"}, id="a formula of the last column"),
    ],
)
def test_without_room_for_copies_there_are_no_gates(extra: dict[str, object]) -> None:
    calculation = Calculation(book(extra), {})
    assert not gates(calculation)
    check(calculation)
