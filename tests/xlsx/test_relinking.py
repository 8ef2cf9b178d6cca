"""Formulas into cells that hold values, and out of cells that hold formulas."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook, load_workbook

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.package import formula_cells, read_package, read_values
from xlwings_addin.xlsx.relinking import with_formulas


def book() -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "Inputs"
    sheet["E1"], sheet["F1"] = "house & view", "another"
    sheet["E2"], sheet["F2"] = 0.15, 0.2
    sheet["E3"], sheet["F3"] = 1, "=E3*2"
    sheet["G1"].number_format = "0.0"  # a cell without a value
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_a_formula_stands_before_the_value_that_stays() -> None:
    package = read_package(book())
    linked = with_formulas(package, {("Inputs", "F1"): "=$E1", ("Inputs", "F2"): "=$E2"}, ())
    sheet = load_workbook(io.BytesIO(linked.original))["Inputs"]
    assert (sheet["F1"].value, sheet["F2"].value, sheet["F3"].value) == ("=$E1", "=$E2", "=E3*2")
    values = read_values(linked)
    assert (values["Inputs", "F1"], values["Inputs", "F2"]) == ("another", 0.2)
    assert linked.display == package.display
    others = {name: part for name, part in package.parts.items() if "sheet1" not in name}
    assert others.items() <= linked.parts.items()


def test_an_empty_cell_takes_a_formula() -> None:
    linked = with_formulas(read_package(book()), {("Inputs", "G1"): '=IF($E2<0,"<",$E1&"")'}, ())
    sheet = load_workbook(io.BytesIO(linked.original))["Inputs"]
    assert sheet["G1"].value == '=IF($E2<0,"<",$E1&"")'
    assert sheet["G1"].number_format == "0.0"


def test_a_formula_goes_where_a_value_is_to_stand_and_another_takes_its_place() -> None:
    package = read_package(book())
    assert not formula_cells(with_formulas(package, {}, [("Inputs", "F3")]))
    again = with_formulas(package, {("Inputs", "F3"): "=$E3"}, ())
    assert [cell.text for cell in formula_cells(again)] == ["$E3"]


def test_a_cell_that_the_sheet_does_not_have_is_named() -> None:
    with pytest.raises(BookError, match=r"^cell Inputs!Z9 is not in the sheet's XML"):
        with_formulas(read_package(book()), {("Inputs", "Z9"): "=$E1"}, ())
