"""Functions of one value over several cells: the engine is wrong about them, so they are not evaluated."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName

from xlwings_addin.book.calculate import Calculation, UnevaluatedError
from xlwings_addin.book.elementwise import OF_ONE_VALUE
from xlwings_addin.book.libreoffice import recalculate_with_fallback


def book(formula: str) -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "S"
    for row, (text, number) in enumerate((("ab", 1.5), (None, 2.25), ("=1/0", 9.5)), 1):
        sheet.cell(row, 1, text)
        sheet.cell(row, 2, number)
    sheet["D1"] = formula
    workbook.defined_names["several"] = DefinedName("several", attr_text="S!$B$1:$B$3")
    workbook.defined_names["single"] = DefinedName("single", attr_text="S!$B$1")
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def reason(formula: str) -> str:
    with pytest.raises(UnevaluatedError) as caught:
        Calculation(book(formula), {}).evaluate()
    return next(cell.reason for cell in caught.value.cells if cell.cell == "D1")


@pytest.mark.parametrize("name", sorted(OF_ONE_VALUE))
def test_a_function_of_one_value_over_cells_is_not_evaluated(name: str) -> None:
    assert reason(f"=SUMPRODUCT(--{name}(B1:B3))") == (
        f"applies {name} to several cells, which the engine computes wrongly"
    )


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ('=SUMPRODUCT(--ISNUMBER(SEARCH("a",A1:A2)))', "SEARCH"),
        ("=SUMPRODUCT(--ISNUMBER(MATCH(B1:B3,B1:B3,0)))", "MATCH"),
        ("=SUMPRODUCT(COUNTIF(B1:B3,B1:B3))", "COUNTIF"),
        ("=SUMPRODUCT(--NOT(ISBLANK((A1:A2))))", "ISBLANK"),
        ("=SUMPRODUCT(ROUND(IF(B1:B3>2,B1:B3,0),1))", "ROUND"),
        ("=SUMPRODUCT(LN(several))", "LN"),
    ],
)
def test_the_function_is_found_through_brackets_names_and_other_functions(formula: str, name: str) -> None:
    assert reason(formula).startswith(f"applies {name} to several cells")


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=IF(ISERROR(SUM(A1:A3)),1,0)", 1.0),
        ("=ROUND(SUM(B1:B3),1)", 13.3),
        ("=ISNUMBER(MATCH(9.5,B1:B3,0))", True),
        ("=COUNTIF(B1:B3,B3)", 1.0),
        ("=SUMPRODUCT((B1:B3>2)*(B1:B3))", 11.75),
        ("=SUMPRODUCT(IFERROR(A1:A3,0)*1)", None),
        ("=ABS(INDEX(B1:B3,2))", 2.25),
        ("=ROUND(single,0)", 2.0),
        ('=LEN("B1:B3")', 5.0),
    ],
)
def test_one_value_made_of_cells_is_evaluated(formula: str, value: object) -> None:
    calculation = Calculation(book(formula), {})
    if value is None:
        calculation.evaluate()
    else:
        assert calculation.value("S", "D1") == value


def test_such_a_workbook_goes_to_the_other_engine(libreoffice: object) -> None:
    values = recalculate_with_fallback(book("=SUMPRODUCT(--ISERROR(A1:A3))"), {})
    assert values["S", "D1"] == 1.0
