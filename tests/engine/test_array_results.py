"""What an array formula fills stays with it where it cannot be calculated, and is not named beside it."""

from __future__ import annotations

import io

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.engine.witness import Witness
from xlwings_addin.xlsx.package import write_values

STORED = {("Sheet", "B1"): 7.0, ("Sheet", "B2"): 8.0, ("Sheet", "B3"): 9.0, ("Sheet", "C1"): 18.0}


def prices() -> bytes:
    """Three prices that another program's function has filled in, and twice the last."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "a share"
    sheet["B1"] = ArrayFormula("B1:B3", "=PRICES.OF.SHARES(A1)")
    sheet["C1"] = "=B3*2"
    buffer = io.BytesIO()
    book.save(buffer)
    return write_values(buffer.getvalue(), STORED)


def test_the_formula_is_named_and_its_results_stay() -> None:
    outcome = recalculated(prices(), {}).outcome
    assert [(cell.cell, cell.reason) for cell in outcome.doubted] == [
        ("B1", "calls PRICES.OF.SHARES, which the engine does not know")
    ]
    assert outcome.values == STORED
    assert outcome.new == {}
    assert outcome.reproduced == 1


def test_a_change_that_the_formula_hangs_on_leaves_its_results_as_stored() -> None:
    witness = Witness(prices(), {})
    assert witness.reproduced == {("Sheet", "C1")}
    outcome = witness.outcome({("Sheet", "A1"): "another share"}, keep=True)
    assert [cell.cell for cell in outcome.kept] == ["B1"]
    assert outcome.stale == STORED.keys()
    assert outcome.values == STORED
