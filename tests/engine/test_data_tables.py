"""What-if data tables are calculated by setting their inputs, and hang on what their formulas hang on."""

from __future__ import annotations

import pytest
from openpyxl.worksheet.formula import DataTableFormula

from tests.engine.stored_books import SHEET, stored_book
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.recalculation import file_with, recalculated
from xlwings_addin.engine.witness import UntrustedError, Witness
from xlwings_addin.xlsx.package import CellValue, read_values

GROWTHS, RATES = (0.01, 0.02, 0.03), (0.09, 0.1, 0.11)
"""In the row above the table and in the column to its left."""


def worth(rate: float, growth: float, flow: float = 100.0) -> float:
    """A perpetuity, by hand."""
    return flow / (rate - growth)


def two_way(**more: object) -> dict[str, object]:
    """A table of A3 over the rate in A1 and the growth in B1, in E6:G8."""
    cells: dict[str, object] = {"A1": 0.1, "B1": 0.02, "A2": 100, "A3": "=A2/(A1-B1)", "D5": "=A3"}
    cells |= {f"{column}5": growth for column, growth in zip("EFG", GROWTHS, strict=True)}
    cells |= {f"D{row}": rate for row, rate in enumerate(RATES, 6)}
    cells["E6"] = DataTableFormula("E6:G8", dt2D=True, dtr=True, r1="B1", r2="A1")
    cells |= {f"{column}{row}": 0 for column in "EFG" for row in (6, 7, 8) if (column, row) != ("E", 6)}
    return cells | more


def table(flow: float = 100.0) -> dict[str, CellValue]:
    return {
        f"{column}{row}": worth(rate, growth, flow)
        for column, growth in zip("EFG", GROWTHS, strict=True)
        for row, rate in enumerate(RATES, 6)
    }


def stored(flow: float = 100.0) -> dict[str, CellValue]:
    return {"A3": worth(0.1, 0.02, flow), "D5": worth(0.1, 0.02, flow), **table(flow)}


def by_address(values: dict[tuple[str, str], CellValue]) -> dict[str, CellValue]:
    return {address: value for (_, address), value in values.items()}


def test_a_two_way_table_is_reproduced_and_keeps_its_bytes() -> None:
    book = stored_book(two_way(), stored())
    values = recalculated(book, {})
    assert (values.reproduced, values.calculated, values.doubted) == (11, 0, [])
    assert file_with(book, values) == book


def test_a_two_way_table_is_calculated_where_the_values_are_old() -> None:
    book = stored_book(two_way(), stored(50.0))
    values = recalculated(book, {}, stored_values_are_old=True)
    assert by_address(values) == pytest.approx(stored())
    assert read_values(file_with(book, values))[SHEET, "G8"] == pytest.approx(worth(0.11, 0.03))


def test_a_table_follows_a_changed_input_and_leaves_its_own_inputs_alone() -> None:
    outcome = Witness(stored_book(two_way(), stored()), {}).outcome({(SHEET, "A2"): 200.0})
    assert by_address(outcome.new) == pytest.approx(stored(200.0))


def test_a_wrong_cell_of_a_table_is_seen() -> None:
    values = recalculated(stored_book(two_way(), stored() | {"F7": 1.0}), {})
    assert [cell.place for cell in values.doubted] == ["Sheet!F7"]


@pytest.mark.parametrize("in_a_row", [True, False])
def test_a_one_way_table_takes_its_values_from_the_row_above_or_the_column_beside(in_a_row: bool) -> None:
    cells: dict[str, object] = {"A1": 0.1, "B1": 0.02, "A3": "=100/(A1-B1)"}
    places = ["E6", "F6", "G6"] if in_a_row else ["E6", "E7", "E8"]
    if in_a_row:
        cells |= {"D6": "=A3", "E5": 0.01, "F5": 0.02, "G5": 0.03}
        cells["E6"] = DataTableFormula("E6:G6", dtr=True, r1="B1")
    else:
        cells |= {"E5": "=A3", "D6": 0.01, "D7": 0.02, "D8": 0.03}
        cells["E6"] = DataTableFormula("E6:E8", r1="B1")
    cells |= dict.fromkeys(places[1:], 0)
    values = recalculated(stored_book(cells, {}), {}, stored_values_are_old=True)
    expected = [worth(0.1, growth) for growth in GROWTHS]
    assert [values[SHEET, place] for place in places] == pytest.approx(expected)


def test_an_input_cell_may_hold_a_formula_and_formulas_may_hang_on_the_table() -> None:
    cells = two_way(A1="=0.05*2", H1="=SUM(E6:G8)", H2="=H1/9")
    calculation = Calculation(stored_book(cells, {}), {})
    total = sum(value for value in table().values() if isinstance(value, float))
    assert calculation.value(SHEET, "H2") == pytest.approx(total / 9)
    assert calculation.value(SHEET, "A3") == pytest.approx(1250.0)


def test_a_table_over_cells_of_another_table() -> None:
    cells = two_way(A11="=SUM(E6:G8)*B1", B12="=A11", A13=0.5, A14=1)
    cells["B13"] = DataTableFormula("B13:B14", r1="B1")
    cells["B14"] = 0
    values = recalculated(stored_book(cells, {}), {}, stored_values_are_old=True)
    total = sum(value for value in table().values() if isinstance(value, float))
    assert values[SHEET, "B13"] == pytest.approx(total * 0.5)
    assert values[SHEET, "B14"] == pytest.approx(total)


def test_a_table_that_has_lost_an_input_keeps_its_values_until_something_they_hang_on_changes() -> None:
    cells = two_way()
    cells["E6"] = DataTableFormula("E6:G8", dt2D=True, dtr=True, r1="B1", r2="A1", del2=True)
    book = stored_book(cells, stored())
    assert by_address(recalculated(book, {})) == stored()
    with pytest.raises(UntrustedError, match="has lost one of its input cells"):
        recalculated(book, {}, stored_values_are_old=True)
