"""Functions of one value over several cells: applied cell by cell, or not believed."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.workbook.defined_name import DefinedName

from xlwings_addin.engine.calculate import Calculation, UnevaluatedError
from xlwings_addin.engine.instead.single_values import CELL_BY_CELL
from xlwings_addin.engine.libreoffice import recalculate_with_libreoffice
from xlwings_addin.engine.spelling import Surroundings, spelled
from xlwings_addin.xlsx.package import CellValue


def book(*formulas: str) -> bytes:
    """The formulas below each other in column D, beside texts and an error in A1:A3 and numbers in B1:B3."""
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "S"
    for row, (text, number) in enumerate((("ab", 1.5), (None, 2.25), ("=1/0", 9.5)), 1):
        sheet.cell(row, 1, text)
        sheet.cell(row, 2, number)
    for row, formula in enumerate(formulas, 1):
        sheet.cell(row, 4, formula)
    workbook.defined_names["several"] = DefinedName("several", attr_text="S!$B$1:$B$3")
    workbook.defined_names["single"] = DefinedName("single", attr_text="S!$B$1")
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def value_of(formula: str) -> CellValue:
    return Calculation(book(formula), {}).value("S", "D1")


# The sums written out: 1.5, 2.25 and 9.5 in B1:B3; "ab", nothing and #DIV/0! in A1:A3.
EXAMPLES = [
    ("=SUMPRODUCT(--ISERROR(A1:A3))", 1.0),
    ("=SUMPRODUCT(--NOT(ISBLANK((A1:A2))))", 1.0),
    ("=SUMPRODUCT(LEN(A1:A2))", 2.0),
    ('=SUMPRODUCT(--ISNUMBER(SEARCH("a",A1:A2)))', 1.0),
    ("=SUMPRODUCT(--ISNUMBER(MATCH(B1:B3,B1:B3,0)))", 3.0),
    ("=SUMPRODUCT(COUNTIF(B1:B3,B1:B3))", 3.0),
    ("=SUMPRODUCT(ROUND(IF(B1:B3>2,B1:B3,0),0))", 12.0),
    ("=SUMPRODUCT(INT(several))", 12.0),
    ("=SUMPRODUCT(LARGE(B1:B3,{1,2}))", 11.75),
    ("=SUMPRODUCT(SMALL(several,{1,2}))", 3.75),
    ("=SUMPRODUCT((B1:B3>2)*(B1:B3))", 11.75),
    ("=SUMPRODUCT(VLOOKUP(B1:B2,B1:B3,1,FALSE))", 3.75),
]


@pytest.mark.parametrize(("formula", "value"), EXAMPLES)
def test_a_function_of_one_value_is_applied_to_every_cell(formula: str, value: float) -> None:
    assert value_of(formula) == value


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_libreoffice_gives_the_same() -> None:
    formulas = [formula for formula, _ in EXAMPLES]
    [values] = recalculate_with_libreoffice({"book.xlsx": book(*formulas)})
    assert [values["S", f"D{row}"] for row in range(1, len(formulas) + 1)] == [value for _, value in EXAMPLES]


@pytest.mark.parametrize(
    ("formula", "call"),
    [
        ("=SUMPRODUCT(BESSELJ(B1:B3,1))", "BESSELJ(range,value)"),
        ("=SUM(CHOOSE({1,2},B1,B2))", "CHOOSE(array,value)"),
        ("=SUMPRODUCT(DOLLARDE(several,16))", "DOLLARDE(range,value)"),
        ("=SUMPRODUCT(BIN2DEC(B1:B3))", "BIN2DEC(range)"),
    ],
)
def test_a_form_that_nothing_proves_is_named(formula: str, call: str) -> None:
    with pytest.raises(UnevaluatedError) as caught:
        Calculation(book(formula), {}).evaluate()
    [reason] = [cell.reason for cell in caught.value.cells if cell.cell == "D1"]
    assert reason == f"applies {call.partition('(')[0]} to several cells, and nothing proves {call}"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=IF(ISERROR(SUM(A1:A3)),1,0)", 1.0),
        ("=ROUND(SUM(B1:B3),1)", 13.3),
        ("=ISNUMBER(MATCH(9.5,B1:B3,0))", True),
        ("=COUNTIF(B1:B3,B3)", 1.0),
        ("=ABS(INDEX(B1:B3,2))", 2.25),
        ("=ROUND(single,0)", 2.0),
        ('=LEN("B1:B3")', 5.0),
    ],
)
def test_one_value_made_of_cells_is_evaluated(formula: str, value: object) -> None:
    assert value_of(formula) == value


def test_there_is_a_replacement_for_every_test_of_a_value() -> None:
    assert {"ISERROR", "ISNUMBER", "ISBLANK", "ISTEXT", "ROUND", "INT", "NOT", "N"} <= CELL_BY_CELL.keys()


# Texts that no program writes


@pytest.mark.parametrize("definition", ['S!$B$1&"cut off', "{1,2", "'S!$B$1"])
def test_a_name_that_cannot_be_read_leaves_the_others_calculated(definition: str) -> None:
    workbook = load_workbook(io.BytesIO(book("=single*2", "=broken+1")))
    workbook.defined_names["broken"] = DefinedName("broken", attr_text=definition)
    data = io.BytesIO()
    workbook.save(data)
    values, unevaluated = Calculation(data.getvalue(), {}).attempt()
    assert values["S", "D1"] == 3.0
    assert {("S", "D2"), ("", "broken")} & {(one.sheet, one.cell) for one in unevaluated}


@pytest.mark.parametrize("reference", ["1:F1", "2:B3", "A:B2"])
def test_a_reference_half_row_half_cell_is_left_to_the_engine(reference: str) -> None:
    assert spelled(f"IF({reference}=B1,1,2)", Surroundings("S")).count(reference) == 1
