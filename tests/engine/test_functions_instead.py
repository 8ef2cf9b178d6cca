"""Functions calculated in the engine's stead give what Excel shows.

Unless a line says otherwise the values are those that Excel stores for the formula: seen in its own files,
and in the documentation of the function named.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from datetime import datetime

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.xlsx.package import CellValue

Cells = dict[str, object]


def value_of(formula: str, cells: Cells | None = None, at: str = "Z30") -> CellValue:
    """What a formula gives beside some cells."""
    return recalculate(formulas_book({**(cells or {}), at: f"={formula}"}), {})["Sheet", at]


def same(actual: CellValue, expected: CellValue) -> bool:
    if isinstance(actual, float) and isinstance(expected, float):
        return math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-12)
    return actual == expected


FLOWS: Cells = {"A1": -10000, "B1": 3000, "C1": None, "D1": 2000, "E1": "text", "F1": 400}
SCORES: Cells = {"A1": "x", "A2": "x", "A3": "y", "B1": 1, "B2": "=NA()", "B3": 4}
MIXED: Cells = {"A1": "apple", "A2": "b", "A3": "apple", "B1": 1, "B2": 2, "B3": 4}
TREE: Cells = {
    **{f"A{row}": text for row, text in enumerate(("Tree", "Apple", "Pear", "Apple pie", "Plum"), 1)},
    **{f"B{row}": value for row, value in enumerate(("Profit", 105, 96, 75, 45), 1)},
    "D1": "Tree",
    "D2": "apple",
    "E1": "Profit",
    "E2": ">80",
}


@pytest.mark.parametrize(
    ("formula", "cells", "expected"),
    [
        # Payments in advance: the first bears no interest; interest and principal sum to the payment.
        ("IPMT(10%,1,3,8000,0,1)", {}, 0.0),
        ("IPMT(10%,3,3,8000,0,1)", {}, -265.8610271903324),
        ("PPMT(10%,3,3,8000,0,1)", {}, -2658.610271903324),
        ("IPMT(10%,2,3,8000,0,1)+PPMT(10%,2,3,8000,0,1)-PMT(10%,3,8000,0,1)", {}, 0.0),
        # Blank and text cells are no flows; -10000, 3000, 2000, 400.
        ("IRR(A1:F1)-IRR({-10000,3000,2000,400})", FLOWS, 0.0),
        ("NPV(IRR(A1:F1),B1:F1)+A1", FLOWS, 0.0),
        ("IRR({-100,50})", {}, -0.5),
        # Microsoft, MIRR: six years, 12.61%.
        ("ROUND(MIRR({-120000,39000,30000,21000,37000,46000},10%,12%),4)", {}, 0.1261),
        # Microsoft, SUMIF: an error among the cells summed is the result.
        ('SUMIF(A1:A3,"x",B1:B3)', SCORES, "#N/A"),
        ('SUMIF(A1:A3,"y",B1:B3)', SCORES, 4.0),
        ('SUMIFS(B1:B3,A1:A3,"x")', SCORES, "#N/A"),
        ('AVERAGEIF(A1:A3,"x",B1:B3)', SCORES, "#N/A"),
        ('SUMPRODUCT(SUMIF(A1:A3,{"apple","b"},B1:B3))', MIXED, 7.0),
        ('SUMPRODUCT(COUNTIF(A1:A3,{"apple","b","c"}))', MIXED, 3.0),
        # Excel compares to 15 significant digits and makes a last subtraction that cancels 0.
        ('IF(0.1+0.2=0.3,"balanced","ERROR")', {}, "balanced"),
        ("IF(A1=A2,0,1)", {"A1": 64159.0127584407, "A2": 64159.01275844073}, 0.0),
        ("1.1*3-3.3", {}, 0.0),
        ("A1+A2-A3", {"A1": 0.1, "A2": 0.2, "A3": 0.3}, 0.0),
        ("IF(A1+A2>A3,1,0)", {"A1": 0.1, "A2": 0.2, "A3": 0.3}, 0.0),
        # Numbers become texts with 15 significant digits.
        ('"x"&0.1*3', {}, "x0.3"),
        ('1/3&""', {}, "0.333333333333333"),
        ('CONCATENATE(0.1+0.2,"")', {}, "0.3"),
        # Microsoft, "Number format codes"; TEXT.
        ('TEXT(1234567,"#,##0.0,,")', {}, "1.2"),
        ('TEXT(0,"[>=10]0 ""Big"";0 ""Small""")', {}, "0 Small"),
        ('TEXT(3.14,"[h]:mm:ss")', {}, "75:21:36"),
        ('TEXT(12,"0.00E+0")', {}, "1.20E+1"),
        ('TEXT(-3,"#,##0_);(#,##0)")', {}, "(3)"),
        ('TEXT(0.1234,"0.0%_)")', {}, "12.3% "),
        ('TEXT(1234.567,"$#,##0.00")', {}, "$1,234.57"),
        ('TEXT(0.285,"0.0%")', {}, "28.5%"),
        ('TEXT(4.34,"# ?/?")', {}, "4 1/3"),
        ('TEXT(1234,"0000000")', {}, "0001234"),
        ('TEXT(12200000,"0.00E+00")', {}, "1.22E+07"),
        # Texts that read like numbers.
        ('VALUE("1,234.5")', {}, 1234.5),
        ('VALUE("$12")', {}, 12.0),
        ('VALUE("50%")', {}, 0.5),
        ('YEAR("2024-01-31")', {}, 2024.0),
        # Microsoft, LINEST: a constant unless const is FALSE. y = 2x + 1.
        ("SUMPRODUCT(LINEST({1,9,5,7},{0,4,2,3}))", {}, 3.0),
        ("INDEX(LINEST({1,9,5,7},{0,4,2,3}),1,2)", {}, 1.0),
        # Of several modes the first in the data.
        ("MODE(A1:A6)", {"A1": 2, "A2": 2, "A3": 2, "A4": 1, "A5": 1, "A6": 1}, 2.0),
        # Approximate lookups halve the list, whatever its order.
        ("MATCH(3,A1:A5)", {f"A{row}": value for row, value in enumerate((1, 9, 2, 8, 3), 1)}, 3.0),
        ("LOOKUP(2,1/{1,1,1},{7,8,9})", {}, 9.0),
        ('_xlfn.XLOOKUP(2.5,A1:A3,B1:B3,"none",-1)', {"A1": 3, "A2": 2, "A3": 1, "B2": "b"}, "b"),
        ('_xlfn.XLOOKUP(2.5,A1:A3,B1:B3,"none",1)', {"A1": 3, "A2": 2, "A3": 1, "B1": "a"}, "a"),
        # Microsoft, FLOOR and CEILING.
        ("FLOOR(3.7,2)", {}, 2.0),
        ("FLOOR(-2.5,-2)", {}, -2.0),
        ("FLOOR(2.5,-2)", {}, "#NUM!"),
        ("CEILING(-2.5,2)", {}, -2.0),
        ("CEILING(-2.5,-2)", {}, -4.0),
        ("_xlfn.FLOOR.MATH(-5.5,2,-1)", {}, -4.0),
        ("_xlfn.CEILING.MATH(-5.5,2,-1)", {}, -6.0),
        # Microsoft, DSUM: a text criterion means "begins with".
        ("DSUM(A1:B5,\"Profit\",D1:D2)", TREE, 180.0),
        ("DSUM(A1:B5,\"Profit\",D1:E2)", TREE, 105.0),
        ("DCOUNT(A1:B5,2,E1:E2)", TREE, 2.0),
        # Microsoft, T.DIST.2T 0.0546449, F.DIST.RT 0.01, CHISQ.DIST.RT 0.0500006, CONFIDENCE.T 0.284196855.
        ("ROUND(_xlfn.T.DIST.2T(1.959999998,60),9)", {}, 0.05464493),
        ("ROUND(_xlfn.F.DIST.RT(15.20686486,6,4),7)", {}, 0.01),
        ("ROUND(_xlfn.CHISQ.DIST.RT(18.307,10),7)", {}, 0.0500006),
        ("ROUND(_xlfn.CONFIDENCE.T(0.05,1,50),9)", {}, 0.284196855),
        # Functions of one value over several cells.
        ("SUMPRODUCT(--ISERROR(A1:A3))", {"A1": 1, "A2": "=1/0", "A3": "=NA()"}, 2.0),
        ("SUMPRODUCT(ROUND(A1:A3,0))", {"A1": 1.4, "A2": 1.5, "A3": 2.6}, 6.0),
        ("SUMPRODUCT((MONTH(A1:A2)=3)*B1:B2)", {"A1": 45359, "A2": 45000, "B1": 5, "B2": 7}, 12.0),
        ("SUMPRODUCT(LEN(A1:A3))", {"A1": "ab", "A3": "c"}, 3.0),
        # IronCalc tests: DATE.xlsx, TIME_HOUR_MINUTE_SECOND.xlsx, DAYS_DAYS360.xlsx, NUMBER_SYSTEMS.xlsx,
        # DB_DDB.xlsx, MIRR.xlsx, XIRR.xlsx, XNPV.xlsx, CUMPRINC_CUMIPMT.xlsx, TEXTBEFORE_TEXTAFTER.xlsx,
        # T_VALUE_VALUETOTEXT.xlsx.
        ("DATE(9999,13,-1)", {}, "#NUM!"),
        ("DATE(0,0,1)", {}, "#NUM!"),
        ("DAY(DATE(1900,2,29))", {}, 29.0),
        ("TIME(0,0,-1)", {}, "#NUM!"),
        ("TIME(27,0,0)", {}, 0.125),
        ("DAYS360(45992.000001,46000.999999)", {}, 9.0),
        ('BIN2HEX("1110111011",4)', {}, "FFFFFFFFBB"),
        ("DEC2BIN(-511,4)", {}, "1000000001"),
        ("DEC2OCT(-513,2)", {}, "7777776777"),
        ("BIN2DEC(1111111111)", {}, -1.0),
        ("OCT2HEX(4000000000,2)", {}, "FFE0000000"),
        ("DEC2BIN(2,A1)", {}, "#NUM!"),
        ("DEC2HEX(100,4)", {}, "0064"),
        # Microsoft, DOLLARDE: 1.125 and 1.3125; IronCalc tests, DOLLARs.xlsx.
        ("DOLLARDE(1.02,16)", {}, 1.125),
        ("DOLLARDE(1.1,32)", {}, 1.3125),
        ("ROUND(DOLLARDE(12.1234,12),9)", {}, 13.028333333),
        ("DOLLARDE(0.9,2)", {}, 4.5),
        ("DOLLARDE(-0.5,2)", {}, -2.5),
        ("DOLLARDE(1,0.5)", {}, "#DIV/0!"),
        ("DOLLARDE(1,-2)", {}, "#NUM!"),
        # Microsoft, COMPLEX; IronCalc tests, COMPLEXs.xlsx: 15 significant digits.
        ("COMPLEX(3,4)", {}, "3+4i"),
        ('COMPLEX(3,4,"j")', {}, "3+4j"),
        ("COMPLEX(0,1)", {}, "i"),
        ("COMPLEX(1,0)", {}, "1"),
        ("COMPLEX(A1,B1)", {"A1": 1.2e-45, "B1": -3}, "1.2E-45-3i"),
        ("COMPLEX(12*1.01,6)", {}, "12.12+6i"),
        ('COMPLEX(1,2,"k")', {}, "#VALUE!"),
        ("DDB(100,10.233,4.2312,3.2,1.5)", {}, 13.532735530775124),
        ("MIRR({-5,4},-1,0.2)", {}, -0.19999999999999996),
        ("XNPV(-0.1,{1,2},{1,2})", {}, "#NUM!"),
        ("CUMIPMT(0.01,36,8000,3,10,1.2)", {}, "#NUM!"),
        ('XIRR({-70,12,"hello"},{1,2,3})', {}, "#VALUE!"),
        ("ROUND(XIRR(A1:F1,A2:F2),8)", {
            "A1": -20, "B1": 5, "C1": 5, "F1": 5,
            "A2": 45292, "B2": 45323, "C2": 45353, "D2": 45386, "E2": 45782, "F2": 46179,
        }, -0.23713151),
        # daniel-dingyu-lee/finance, Private_Credit_Model.xlsx: dates that are texts. One year at 10%.
        ('ROUND(XIRR({-1000,1100},{"2025-01-01","2026-01-01"}),9)', {}, 0.1),
        # Microsoft, XIRR: 37.34%; DDB: $22.12; TEXTBEFORE and TEXTAFTER.
        ("ROUND(XIRR({-10000,2750,4250,3250,2750},{39448,39508,39751,39859,39904},0.1),8)", {}, 0.37336253),
        ("ROUND(DDB(2400,300,10,10),2)", {}, 22.12),
        ('_xlfn.TEXTAFTER("123 the 456 the 891","THE",2,1)', {}, " 891"),
        ('_xlfn.TEXTBEFORE("123 the 456 the 891","the",-1.2)', {}, "123 "),
        ('_xlfn.TEXTBEFORE("123 the 456","x",1,0,1)', {}, "123 the 456"),
        ('_xlfn.TEXTAFTER("del","deli")', {}, "#N/A"),
        ('_xlfn.TEXTAFTER("del","deli",1)', {}, "#VALUE!"),
        ('VALUE("23€")', {}, 23.0),
        # Apache POI's test workbooks: 61652.xlsx, 56688_1.xlsx, TextFormatTests.xlsx, FormatChoiceTests.xlsx.
        ("EDATE(A1,1)", {}, 31.0),
        ("EDATE(A1,A2)", {}, 0.0),
        ('TEXT(TRUE,";;;-@-")', {}, "-TRUE-"),
        ('TEXT(10,"[<10]0"" Wow""")', {}, "10"),
        ('ADDRESS(2,3,3,TRUE,"[Book1]Sheet1")', {}, "[Book1]Sheet1!$C2"),
        # Microsoft, FILTER and NUMBERVALUE.
        ("SUM(_xlfn._xlws.FILTER({1,2,3},{1,0,1}))", {}, 4.0),
        ("SUM(_xlfn._xlws.FILTER(A1:B2,A1:A2>1))", {"A1": 1, "A2": 2, "B1": 10, "B2": 20}, 22.0),
        ('_xlfn._xlws.FILTER(A1:A2,A1:A2>9,"none")', {"A1": 1, "A2": 2}, "none"),
        ('_xlfn.NUMBERVALUE("2.500,27",",",".")', {}, 2500.27),
        ('_xlfn.NUMBERVALUE("3.5%%")', {}, 0.00035),
        ("SUM(_xlfn.NUMBERVALUE(A1:A2))", {"A1": "1,000", "A2": " 2 5"}, 1025.0),
        # References.
        ("ADDRESS(3,7,1,0)", {}, "R3C7"),
        ('INDIRECT("R1C1",FALSE)', {"A1": 7}, 7.0),
        ('INDIRECT("R[-29]C[-25]",FALSE)', {"A1": 7}, 7.0),
        ("ROUND(A28:A32,0)", {"A30": 2.6}, 3.0),
        ("A:A&\"/\"&B:B", {"A1": "x", "B1": "y"}, "/"),
        ("_xlfn.NORM.S.INV(0.5)", {}, 0.0),
    ],
)  # fmt: skip
def test_a_formula_gives_what_excel_shows(formula: str, cells: Cells, expected: CellValue) -> None:
    actual = value_of(formula, cells)
    assert same(actual, expected), (actual, expected)


def hidden_rows(*, filtered: bool) -> bytes:
    """Rows 2 to 4 hold 10, 20 and 30; row 3 is hidden, by a filter or by hand."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row, value in enumerate(("Figure", 10, 20, 30), 1):
        sheet[f"A{row}"] = value
    sheet["B6"], sheet["B7"] = "=SUBTOTAL(9,A2:A4)", "=SUBTOTAL(109,A2:A4)"
    sheet["B8"], sheet["B9"] = "=_xlfn.AGGREGATE(9,5,A2:A4)", "=_xlfn.AGGREGATE(9,4,A2:A4)"
    sheet.row_dimensions[3].hidden = True
    if filtered:
        sheet.auto_filter.ref = "A1:A4"
        sheet.auto_filter.add_filter_column(0, ["10", "30"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_rows_hidden_by_a_filter_never_count() -> None:
    """Microsoft, SUBTOTAL: 9 includes rows hidden by hand, 109 does not; filtered rows never count."""
    cells = [("Sheet", f"B{row}") for row in (6, 7, 8, 9)]
    by_filter = recalculate(hidden_rows(filtered=True), {})
    assert [by_filter[cell] for cell in cells][:3] == [40.0, 40.0, 40.0]
    by_hand = recalculate(hidden_rows(filtered=False), {})
    assert [by_hand[cell] for cell in cells] == [60.0, 40.0, 40.0, 60.0]


def test_subtotals_leave_out_subtotals() -> None:
    """Microsoft, SUBTOTAL: nested subtotals are ignored to avoid double counting."""
    cells = {"A1": 1, "A2": 2, "A3": "=SUBTOTAL(9,A1:A2)", "A4": 4, "A5": "=SUBTOTAL(9,A1:A4)"}
    values = recalculate(formulas_book(cells), {})
    assert [values["Sheet", f"A{row}"] for row in (3, 5)] == [3.0, 7.0]


def test_an_approximate_match_in_sorted_data_is_the_last_not_above() -> None:
    """An identity: halving and looking through all of a sorted list find the same."""
    listed = [1, 3, 3, 7, 20]
    cells = {f"A{row}": value for row, value in enumerate(listed, 1)}
    for wanted in (1, 2, 3, 6.9, 7, 100):
        last = max(at for at, value in enumerate(listed, 1) if value <= wanted)
        assert value_of(f"MATCH({wanted},A1:A5,1)", cells) == last
    assert value_of("MATCH(0,A1:A5)", cells) == "#N/A"


def test_an_array_formula_keeps_all_cells_of_a_range() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in range(1, 4):
        sheet[f"A{row}"] = row
    sheet["B1"] = ArrayFormula("B1", "=SUM(IF(A1:A3>1,A1:A3,0))")
    sheet["B2"] = "=SUM(A1:A3*2)"
    buffer = io.BytesIO()
    book.save(buffer)
    values = recalculate(buffer.getvalue(), {})
    assert values["Sheet", "B1"] == 5.0
    # No array formula: Excel shows it as SUM(@A1:A3*2), the cell of its own row.
    assert values["Sheet", "B2"] == 4.0


def test_a_result_that_is_no_number_is_an_error() -> None:
    """Microsoft, FV and PMT: #NUM! where the equation has no answer; the engine alone answers NaN."""
    assert value_of("FV(-3,0.5,1)") == "#NUM!"
    assert value_of("PMT(10%,0,100)") == "#NUM!"


def test_the_file_keeps_its_own_formulas() -> None:
    """What the engine is told in other words never gets into the workbook."""
    book = formulas_book({"A1": 1, "B1": "=IF(A1=A2,1,2)"})
    recalculate(book, {})
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        assert re.search(rb"<f>IF\(A1=A2,1,2\)</f>", package.read("xl/worksheets/sheet1.xml"))


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        # Apache POI's test workbooks ElapsedFormatTests.xlsx (Tests!A32, A35) and GeneralFormatTests.xlsx
        # (A13, A18), saved by Excel for Mac, which counts from 1904 and has times below zero.
        (-0.08546296296296296, "[h]:m:s.000", "-2:3:4.000"),
        (-0.08546296296296296, "[hh]:mm:ss.0", "-02:03:04.0"),
        (1.2345678912, "General", "1.234567891"),
        (100000000000.0, "General", "1E+11"),
        # Microsoft, "Date systems in Excel": the 1904 system begins on 1 January 1904, 1,462 days later.
        (0.0, "d mmm yyyy", "1 Jan 1904"),
        (45359.0 - 1462, "d mmm yyyy", "8 Mar 2024"),
    ],
)
def test_text_in_a_book_that_counts_from_1904(value: float, code: str, text: str) -> None:
    book = openpyxl.Workbook()
    book.epoch = datetime(1904, 1, 1)
    sheet = book.active
    sheet["A1"], sheet["B1"], sheet["C1"] = value, code, "=TEXT(A1,B1)"
    buffer = io.BytesIO()
    book.save(buffer)
    assert recalculate(buffer.getvalue(), {})[sheet.title, "C1"] == text


def test_months_are_added_to_a_text_that_stands_for_a_day_and_to_no_logical() -> None:
    # daniel-dingyu-lee/finance, Private_Credit_Model.xlsx, SOFR Curve!B4: Excel stores 46113 where
    # Assumptions!C5 holds the text; IronCalc tests, EOMONTH.xlsx, Sheet1!C11: a logical is #VALUE!.
    assert value_of('EDATE("2026-01-01",1*3)') == 46113.0
    assert value_of('EOMONTH("2026-01-01",2)') == 46112.0
    assert value_of("EOMONTH(TRUE,1)") == "#VALUE!"
