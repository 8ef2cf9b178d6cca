"""Rounding is excused where large figures cancel, and nowhere else."""

from __future__ import annotations

import pytest

from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.rounding import disagreements
from xlwings_addin.xlsx.agreement import strictly
from xlwings_addin.xlsx.package import CellKey, CellValue

Cells = dict[str, object]


def differing(cells: Cells, expected: dict[str, CellValue]) -> list[str]:
    """The addresses that differ from what is expected, and not by rounding alone."""
    calculation = Calculation(formulas_book(cells), {})
    before = calculation.values()
    wanted: dict[CellKey, CellValue] = {("Sheet", cell): value for cell, value in expected.items()}
    differences = disagreements(calculation, wanted, differs=strictly)
    assert calculation.values() == before
    return [cell for _, cell in differences]


LARGE: Cells = {"A1": 1e9, "A2": 4e8, "A3": 6e8}
"""Figures of which nothing is left: what a sum of them may be off by is 1e-12 of the largest, 0.001."""


@pytest.mark.parametrize(
    "formula",
    [
        "=A1-A2-A3",
        "=-(A2+A3-A1)",
        "=SUM(A2:A3)-A1",
        "=SUM(A1,-A2,-A3)",
        "=A1*1-SUMPRODUCT(A2:A3)",
        "=MAX(A1-A2-A3,-1)",
        "=IF(A1>0,A1-A2-A3,A1)",
        "=(A1-A2-A3)*1",
    ],
)
def test_what_rounding_leaves_of_large_figures_is_excused(formula: str) -> None:
    cells = {**LARGE, "B1": formula}
    assert differing(cells, {"B1": 0.0009}) == []
    assert differing(cells, {"B1": -0.0009}) == []
    assert differing(cells, {"B1": 0.0011}) == ["B1"]


@pytest.mark.parametrize(
    ("formula", "unit"),
    [("=A1-A2-A3+A4", 1.0), ("=(A1-A2-A3+A4)/A1", 1e-9)],
)
def test_a_wrong_sign_of_one_in_a_thousand_million_is_a_difference_of_large_figures(
    formula: str, unit: float
) -> None:
    assert differing({**LARGE, "A4": -1, "B1": formula}, {"B1": unit}) == ["B1"]
    assert differing({**LARGE, "A4": 1, "B1": formula}, {"B1": unit * (1 + 9e-4)}) == []


def test_a_wrong_sign_of_one_in_a_thousand_million_is_a_difference_of_small_figures() -> None:
    small: Cells = {"A1": 1.0, "A2": 0.25, "A3": 0.75, "A4": -1e-9}
    assert differing({**small, "B1": "=A1-A2-A3+A4"}, {"B1": 1e-9}) == ["B1"]
    assert differing({**small, "B1": "=A1+A2+A3+A4"}, {"B1": 2 + 2e-8}) == ["B1"]
    tiny: Cells = {cell: float(str(value)) * 1e-12 for cell, value in small.items()}
    assert differing({**tiny, "B1": "=A1-A2-A3+A4"}, {"B1": 1e-21}) == ["B1"]


def test_a_sum_that_does_not_cancel_has_to_agree_at_1e_9() -> None:
    # 1,001 of 1e9 is more than a millionth: the first digits are there, and nine of them are asked for.
    cells: Cells = {"A1": 1e9, "A2": 1e9 - 1001, "B1": "=A1-A2"}
    assert differing(cells, {"B1": 1001 + 5e-7}) == []
    assert differing(cells, {"B1": 1001 + 5e-5}) == ["B1"]


@pytest.mark.parametrize("formula", ["=A1/A2", "=A1*A3", "=A1/(A2+A2)*2", "=ROUND(A1/A2,20)"])
def test_a_ratio_is_never_excused(formula: str) -> None:
    """A margin over revenue: its numerator is small beside the revenue, and no digit of it is lost."""
    cells: Cells = {"A1": 1e-3, "A2": 1e9, "A3": 1e-9, "B1": formula}
    assert differing(cells, {"B1": 1e-12 * (1 + 1e-8)}) == ["B1"]
    assert differing(cells, {"B1": 1e-12 * (1 + 1e-10)}) == []


def test_what_hangs_on_an_excused_cell_is_calculated_from_what_is_expected_of_it() -> None:
    cells = {**LARGE, "B1": "=A1-A2-A3", "B2": "=B1*3", "B3": '=IF(B1>0,"profit","loss")', "B4": "=B2+A1"}
    carried: dict[str, CellValue] = {"B1": 1e-5, "B2": 3e-5, "B3": "profit", "B4": 1e9}
    assert differing(cells, carried) == []
    assert differing(cells, {**carried, "B2": -3e-5}) == ["B2"]
    assert differing(cells, {**carried, "B3": "loss"}) == ["B3"]
    assert differing(cells, {**carried, "B1": 1e-2, "B2": 3e-2}) == ["B1", "B2", "B3"]


def test_differences_in_a_row_are_excused_one_after_the_other() -> None:
    cells = {**LARGE, "B1": "=A1-A2-A3", "B2": "=A1+B1-A2-A3", "B3": "=A1+B2-A2-A3"}
    assert differing(cells, {"B1": 1e-5, "B2": -1e-5, "B3": 1e-5}) == []
    assert differing(cells, {"B1": 1e-5, "B2": -1e-5, "B3": 1.0}) == ["B3"]


def test_texts_and_errors_are_never_excused() -> None:
    cells = {**LARGE, "B1": "=A1-A2-A3", "B2": "=1/B1"}
    assert differing(cells, {"B1": "0", "B2": "#N/A"}) == ["B1", "B2"]


def test_where_all_agree_no_formula_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a formula was taken apart")

    monkeypatch.setattr("xlwings_addin.engine.rounding.tree_of", refuse)
    assert differing({**LARGE, "B1": "=A1-A2-A3"}, {"B1": 0.0}) == []
    with pytest.raises(AssertionError, match="taken apart"):
        differing({**LARGE, "B1": "=A1-A2-A3"}, {"B1": 1e-5})


def test_a_replaced_formula_stays_replaced_by_a_small_figure_until_it_is_restored() -> None:
    """The engine is told to give 0 where figures cancel to their last bits: not in place of a value."""
    calculation = Calculation(formulas_book({"A1": 1e9, "B1": "=A1-A1", "B2": "=B1*2"}), {})
    calculation.replace({("Sheet", "B1"): 1e-12})
    assert calculation.values() == {("Sheet", "B1"): 1e-12, ("Sheet", "B2"): 2e-12}
    calculation.restore()
    assert calculation.values() == {("Sheet", "B1"): 0.0, ("Sheet", "B2"): 0.0}
