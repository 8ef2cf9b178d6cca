"""Every formula of any workbook gets its value, Python functions included, or is reported as having none."""

from __future__ import annotations

import io
import math
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import cellrune
import numpy
import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from tests.xlsx.foreign_books import (
    DYNAMIC,
    NATIVE,
    formulas_book,
    handmade_book,
    openpyxl_book,
    packed,
    parts_of,
    saved,
    xlsxwriter_book,
)
from xlwings_addin.core.errors import BookError, DomainError
from xlwings_addin.engine.calculate import Calculation, UnevaluatedError, recalculate
from xlwings_addin.engine.libreoffice import convert_with_libreoffice, recalculate_with_libreoffice
from xlwings_addin.xlsx.package import Text, formula_cells, is_error, read_values, write_values

MODEL = "Model & <more>"
SPELLED = ("DCF_PRESENT_VALUE", "VAL.DCF_PRESENT_VALUE", "_xldudf_VAL_DCF_PRESENT_VALUE")


def value_of(formula: str, udfs: dict[str, Callable[..., object]] | None = None, **options: Any) -> object:
    """The value of one formula in D4 of a sheet with 1, 2.5, "x", nothing, TRUE, a date, #N/A in A1:G1."""
    cells: dict[str, object] = {
        "A1": 1,
        "B1": 2.5,
        "C1": "x",
        "E1": True,
        "F1": datetime(2024, 1, 2),
        "G1": "#N/A",
    }
    return recalculate(formulas_book(cells | {"D4": formula}, **options), udfs or {})["Sheet", "D4"]


class Spy:
    """A Python function that remembers what it was called with."""

    def __init__(self, result: object = 0.0) -> None:
        self.result = result
        self.calls: list[tuple[object, ...]] = []

    def __call__(self, *arguments: object) -> object:
        self.calls.append(arguments)
        return self.result


def present_value(flows: list[list[float]], rate: float) -> float:
    return sum(flow / (1 + rate) ** year for year, flow in enumerate(flows[0], 1))


# --- native formulas against other engines ------------------------------------------------------------


def second_opinion(book: bytes) -> dict[tuple[str, str], object]:
    """Values of all formulas by cellrune, an engine with another author and code base."""
    opened = cellrune.Workbook.from_bytes(book)
    opened.calculate()
    stored = {}
    for formula in formula_cells(book):
        cell = opened.read_values(formula.sheet, formula.cell, formula.cell)[0][0]
        stored[formula.sheet, formula.cell] = None if cell["kind"] == "blank" else cell.get("value", cell)
    return stored


def disagreements(ours: dict[tuple[str, str], Any], theirs: dict[tuple[str, str], Any]) -> Iterator[str]:
    """Cells that differ by more than 1e-9. LibreOffice saves some errors of its own, Err:502, as #VALUE!."""
    for key, value in ours.items():
        other = theirs.get(key)
        if isinstance(value, float) and isinstance(other, float):
            if not math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12):
                yield f"{key}: {value!r} against {other!r}"
        elif (value or None) != (other or None) and not (is_error(value) and other == "#VALUE!"):
            yield f"{key}: {value!r} against {other!r}"


SPILLING = {("Dynamic", "A1"), ("Dynamic", "E1")}
"""Formulas that fill more cells than the file gives them; cellrune answers #SPILL! for those."""

BOOKS = {"XlsxWriter": xlsxwriter_book, "openpyxl": openpyxl_book}


@pytest.mark.parametrize("producer", BOOKS)
def test_a_second_engine_agrees_on_every_formula(producer: str) -> None:
    book = BOOKS[producer]()
    ours = recalculate(book, {})
    listed = {(formula.sheet, formula.cell) for formula in formula_cells(book)}
    theirs = second_opinion(book)
    assert listed <= ours.keys()
    compared = {key: ours[key] for key in listed if key not in SPILLING}
    assert len(compared) >= len(NATIVE)
    assert list(disagreements(compared, theirs)) == []


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
@pytest.mark.parametrize("producer", BOOKS)
def test_libreoffice_agrees_on_every_native_formula(producer: str) -> None:
    book = BOOKS[producer]()
    ours = {key: value for key, value in recalculate(book, {}).items() if key[0] == MODEL}
    [theirs] = recalculate_with_libreoffice({"book.xlsx": book})
    assert len(ours) >= len(NATIVE)
    assert list(disagreements(ours, theirs)) == []


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_a_workbook_saved_by_libreoffice_is_calculated_and_filled_too() -> None:
    [book] = convert_with_libreoffice({"book.xlsx": openpyxl_book()})
    ours = recalculate(book, {})
    assert len(ours) >= len(NATIVE)
    assert list(disagreements(ours, read_values(book))) == []
    assert list(disagreements(ours, read_values(write_values(book, ours)))) == []


def test_a_workbook_filled_with_its_values_is_what_openpyxl_reads() -> None:
    book = openpyxl_book()
    values = recalculate(book, {})
    sheet = openpyxl.load_workbook(io.BytesIO(write_values(book, values)), data_only=True)[MODEL]
    # Microsoft's documentation of IRR: =IRR(A2:A7) of these flows is 8.7%.
    assert round(sheet["A4"].value, 3) == 0.087
    assert sheet["A20"].value == "2026-03-31"
    assert sheet["A24"].value is False
    assert sheet["A27"].value == "#DIV/0!"
    assert sheet["D2"].value == 110.0 * 2.5


def test_dynamic_arrays_give_the_cells_they_fill_as_well() -> None:
    values = recalculate(xlsxwriter_book(), {})
    assert DYNAMIC[0] == "=SEQUENCE(3)"
    assert [values["Dynamic", cell] for cell in ("A1", "A2", "A3")] == [1.0, 2.0, 3.0]


# --- Python functions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        "=DCF_PRESENT_VALUE(A1:B1,0.1)",
        "=VAL.DCF_PRESENT_VALUE(A1:B1,0.1)",
        "=_xldudf_VAL_DCF_PRESENT_VALUE(A1:B1,0.1)",
        "=dcf_present_value(A1:B1,0.1)",
        "=IF(A1=1,DCF_PRESENT_VALUE(A1:B1,0.1),0)",
        "=IFERROR(DCF_PRESENT_VALUE(A1:B1,0.1),0)",
        "=SUM(DCF_PRESENT_VALUE(FLOWS,0.1))",
        "=SUMPRODUCT(DCF_PRESENT_VALUE(A1:B1,0.1)*1)",
        "=INDEX(DCF_PRESENT_VALUE(A1:B1,0.1),1,1)",
        "=VALUE_NOW",
        "=TWICE/2",
        "=-(-DCF_PRESENT_VALUE(A1:B1*1,0.1))",
    ],
)
def test_a_python_function_is_called_wherever_it_stands(formula: str) -> None:
    names = {
        "FLOWS": "Sheet!$A$1:$B$1",
        "VALUE_NOW": "DCF_PRESENT_VALUE(Sheet!$A$1:$B$1,0.1)",
        "TWICE": "VALUE_NOW*2",
    }
    # NPV(10%; 1, 2.5), which spreadsheets have too: 1/1.1 + 2.5/1.1^2.
    expected = value_of("=NPV(0.1,A1:B1)")
    assert value_of(formula, dict.fromkeys(SPELLED, present_value), names=names) == pytest.approx(
        expected, rel=1e-12
    )


def test_arguments_arrive_as_plain_python_values() -> None:
    spy = Spy()
    value_of('=SPY(A1:G1,A1,C1,D1,E1,F1,G1,"t",1/0,TRUE,{1,2;3,4},D1:D2)', {"SPY": spy})
    [arguments] = spy.calls
    # 2024-01-02 is serial number 45293, =DATE(2024,1,2) in any spreadsheet.
    row = [1.0, 2.5, "x", None, True, 45293.0, "#N/A"]
    assert arguments[0] == [row]
    assert list(arguments[1:7]) == [1.0, "x", None, True, 45293.0, "#N/A"]
    assert list(arguments[7:]) == ["t", "#DIV/0!", True, [[1.0, 2.0], [3.0, 4.0]], [[None], [None]]]
    assert [type(item) for item in row] == [type(item) for item in arguments[0][0]]  # type: ignore[index]


@pytest.mark.parametrize(
    ("formula", "arguments"),
    [
        ("=SPY(1,,3)", (1.0, None, 3.0)),
        ("=SPY( , 2)", (None, 2.0)),
        ("=SPY(1,)", (1.0, None)),
        ("=SPY()", ()),
        ('=SPY(",,",IF(A1=1,SPY(1,,2),))', (",,", 0.0)),
    ],
)
def test_an_omitted_argument_arrives_as_none(formula: str, arguments: tuple[object, ...]) -> None:
    spy = Spy()
    value_of(formula, {"SPY": spy})
    assert spy.calls[-1] == arguments


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (2, 2.0),
        (True, True),
        ("text", "text"),
        (None, 0.0),
        ([[7.0, 8.0], [9.0, 1.0]], 7.0),
        ([7.0, 8.0], 7.0),
        ("#NUM!", "#NUM!"),
        (float("nan"), "#NUM!"),
        (float("inf"), "#NUM!"),
    ],
)
def test_results_are_delivered_as_cells_hold_them(result: object, value: object) -> None:
    delivered = value_of("=F()", {"F": lambda: result})
    assert (delivered, type(delivered)) == (value, type(value))


def test_numpy_results_are_delivered_too() -> None:
    assert value_of("=F()", {"F": lambda: numpy.float64(2.5)}) == 2.5
    assert value_of("=F()", {"F": lambda: numpy.bool_(True)}) is True
    assert value_of("=SUM(F())", {"F": lambda: numpy.array([[1.0, 2.0], [3.0, 4.0]])}) == 10.0


@pytest.mark.parametrize("error", ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#N/A"])
def test_an_error_string_is_a_true_error(error: str) -> None:
    assert is_error(value_of("=F()+1", {"F": lambda: error}))
    assert value_of("=IFERROR(F(),99)", {"F": lambda: error}) == 99.0
    assert value_of("=ISERROR(F())", {"F": lambda: error}) is True
    assert value_of("=SUM(F())", {"F": lambda: [[1.0, error]]}) == error


def test_a_text_in_the_form_of_an_error_is_a_text() -> None:
    text = value_of('="#N/A"')
    assert text == "#N/A"
    assert isinstance(text, Text)
    assert not is_error(text)
    assert is_error(value_of("=NA()"))


def refuse(rate: float) -> float:
    raise DomainError("rate", rate, "must exceed -1")


def test_a_valuation_error_becomes_the_error_it_carries() -> None:
    assert value_of("=F(-2)", {"F": refuse}) == "#NUM!"
    assert value_of("=IFERROR(F(-2),5)", {"F": refuse}) == 5.0


@pytest.mark.parametrize(
    ("udf", "sentence"),
    [
        (lambda: 1 / 0, "function F raised ZeroDivisionError: division by zero"),
        (lambda needed: needed, "function F raised TypeError: "),
        (lambda: object(), "function F raised TypeError: a cell cannot show a object"),
        (lambda: [[1.0], [1.0, 2.0]], "function F raised TypeError: a table must have rows of one length"),
        (
            list,
            "function F raised TypeError: a table must have rows of one length, and at least one cell",
        ),
    ],
)
def test_a_broken_function_is_named_even_where_iferror_hides_it(
    udf: Callable[..., object], sentence: str
) -> None:
    with pytest.raises(BookError, match=re.escape(sentence)):
        value_of("=IFERROR(F(),0)", {"F": udf})


def test_a_function_cannot_take_a_builtin_name() -> None:
    with pytest.raises(BookError, match="function SUM cannot be registered: "):
        value_of("=SUM(1)", {"SUM": lambda: 1})


# --- what a formula means -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "formula", "values"),
    [
        ("A3:B4", "=F()", [1.0, 2.0, 3.0, 4.0]),
        ("A3:B3", "=F()", [1.0, 2.0]),
        ("A3:C4", "=F()", [1.0, 2.0, "#N/A", 3.0, 4.0, "#N/A"]),
        ("A3:B4", "=5", [5.0, 5.0, 5.0, 5.0]),
        ("A3:B4", "=A1:B1*2", [2.0, 5.0, 2.0, 5.0]),
        ("A3", "=SUM(A1:B1*A1:B1)", [7.25]),
    ],
)
def test_an_array_formula_fills_exactly_its_area(area: str, formula: str, values: list[object]) -> None:
    """As Microsoft describes for array formulas: short results repeat, missing elements are #N/A."""
    book = formulas_book({"A1": 1, "B1": 2.5, "A3": ArrayFormula(area, formula), "E1": "=COUNT(A3:D9)"})
    results = recalculate(book, {"F": lambda: [[1.0, 2.0], [3.0, 4.0]]})
    assert results.pop(("Sheet", "E1")) == sum(isinstance(value, float) for value in values)
    assert list(results.values()) == values


def test_stored_results_of_an_array_formula_do_not_hinder_new_ones() -> None:
    book = formulas_book({"A1": 1, "A3": ArrayFormula("A3:B4", "=F()")})
    stale = write_values(book, {("Sheet", cell): 99.0 for cell in ("A3", "B3", "A4", "B4")})
    values = recalculate(stale, {"F": lambda: [[1.0, 2.0], [3.0, 4.0]]})
    assert list(values.values()) == [1.0, 2.0, 3.0, 4.0]


def test_a_formula_that_is_no_array_formula_fills_one_cell() -> None:
    cells = {"A1": 1, "B1": 2, "B2": "=A1:C1*10", "A3": "=F()", "D1": "=COUNTA(A3:C4)+COUNTA(C2:C2)"}
    values = recalculate(formulas_book(cells), {"F": lambda: [[1.0, 2.0], [3.0, 4.0]]})
    assert values == {("Sheet", "B2"): 20.0, ("Sheet", "A3"): 1.0, ("Sheet", "D1"): 1.0}


def test_a_formula_that_is_no_array_formula_needs_no_room_for_more_than_its_value() -> None:
    cells = {"A1": 1, "A2": "=F()", "B2": "taken", "A3": "=SUM(A2:A2)+ABS(A2)", "B3": "=A3*2"}
    values = recalculate(formulas_book(cells), {"F": lambda: [[3.0, 4.0], [5.0, 6.0]]})
    assert values == {("Sheet", "A2"): 3.0, ("Sheet", "A3"): 6.0, ("Sheet", "B3"): 12.0}


def test_stale_stored_values_are_never_returned() -> None:
    book = openpyxl_book()
    fresh = recalculate(book, {})
    stale = write_values(book, dict.fromkeys(fresh, 12345.678))
    assert recalculate(stale, {}) == fresh


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    book = openpyxl.Workbook()
    book.epoch = datetime(1904, 1, 1)
    book.active["A1"] = datetime(2024, 1, 2)
    book.active["A2"] = "=YEAR(A1)*10000+MONTH(A1)*100+DAY(A1)"
    book.active["A3"] = "=DATE(2024,1,2)"
    # Microsoft, "Date systems in Excel": the 1900 and the 1904 system are 1,462 days apart.
    assert list(recalculate(saved(book), {}).values()) == [20240102.0, 45293.0 - 1462.0]


# --- tables -------------------------------------------------------------------------------------------

COMMISSION = "=[@[Sales Amount]]*[@[% Commission]]"
SHEET_OF_TABLE = "Joe's <sales>"


def department_sales(*formulas: str, sheet: str = SHEET_OF_TABLE, totals: bool = True) -> bytes:
    """The table A1:E8 of Microsoft's "Using structured references with Excel tables"; formulas from G2 on."""
    import xlsxwriter

    people = [
        ("Joe", "North", 260, 0.1),
        ("Robert", "South", 660, 0.15),
        ("Michelle", "East", 940, 0.15),
        ("Erich", "West", 410, 0.12),
        ("Dafna", "North", 800, 0.15),
        ("Rob", "South", 900, 0.15),
    ]
    columns = [
        {"header": "Sales Person", "total_string": "Total"},
        {"header": "Region"},
        {"header": "Sales Amount", "total_function": "sum"},
        {"header": "% Commission"},
        {"header": "Commission Amount", "formula": COMMISSION, "total_function": "sum"},
    ]
    options = {"name": "DeptSales", "total_row": totals, "columns": columns, "data": people}
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet(sheet)
    page.add_table("A1:E8" if totals else "A1:E7", options)
    for row, formula in enumerate(formulas, 1):
        page.write_formula(row, 6, formula)
    book.define_name("Commissions", "=DeptSales[Commission Amount]")
    book.close()
    return buffer.getvalue()


def of_department_sales(*formulas: str, **options: Any) -> list[object]:
    values = recalculate(department_sales(*formulas, **options), {})
    sheet = options.get("sheet", SHEET_OF_TABLE)
    return [values[sheet, f"G{row}"] for row in range(2, 2 + len(formulas))]


# The cells are those that Microsoft's page gives in its column "Which refers to" or "Cell range".
MEANINGS = {
    "DeptSales[#All]": "A1:E8",
    "DeptSales[#Data]": "A2:E7",
    "DeptSales[]": "A2:E7",
    "DeptSales": "A2:E7",
    "DeptSales[#Headers]": "A1:E1",
    "DeptSales[#Totals]": "A8:E8",
    "DeptSales[Sales Amount]": "C2:C7",
    "deptsales[SALES AMOUNT]": "C2:C7",
    "DeptSales[[Sales Person]:[Region]]": "A2:B7",
    "DeptSales[ [Sales Person]:[Region] ]": "A2:B7",
    "DeptSales[[#All],[Sales Amount]]": "C1:C8",
    "DeptSales[[#Headers],[% Commission]]": "D1:D1",
    "DeptSales[[#Totals],[Region]]": "B8:B8",
    "DeptSales[[#All],[Sales Amount]:[% Commission]]": "C1:D8",
    "DeptSales[[#Data],[% Commission]:[Commission Amount]]": "D2:E7",
    "DeptSales[[#Headers],[Region]:[Commission Amount]]": "B1:E1",
    "DeptSales[[#Totals],[Sales Amount]:[Commission Amount]]": "C8:E8",
    "DeptSales[[#Headers],[#Data],[% Commission]]": "D1:D7",
    "DeptSales[[#Data], [#Totals], [Sales Amount]]": "C2:C8",
    "DeptSales[Region]:DeptSales[% Commission]": "B2:D7",
}


@pytest.mark.parametrize("reference", MEANINGS)
def test_a_structured_reference_means_the_cells_that_microsoft_says(reference: str) -> None:
    questions = (
        "=ROWS({0})",
        "=COLUMNS({0})",
        "=SUM({0})",
        "=COUNTA({0})",
        "=SUMPRODUCT(ROW({0})*100+COLUMN({0}))",
    )
    ours = of_department_sales(*(question.format(reference) for question in questions))
    plain = of_department_sales(*(question.format(MEANINGS[reference]) for question in questions))
    assert ours == plain
    assert not any(is_error(value) for value in ours)


def test_this_row_of_a_table_is_the_row_of_the_formula() -> None:
    values = recalculate(department_sales(), {})
    commissions = [26.0, 99.0, 141.0, 49.2, 120.0, 135.0]
    assert [values[SHEET_OF_TABLE, f"E{row}"] for row in range(2, 8)] == pytest.approx(commissions, rel=1e-12)
    assert values[SHEET_OF_TABLE, "E8"] == pytest.approx(sum(commissions), rel=1e-12)
    beside = of_department_sales("=DeptSales[[#This Row],[Sales Amount]]", "=SUM(DeptSales[#This Row])")
    assert beside == [260.0, pytest.approx(660 + 0.15 + 99, rel=1e-12)]


def test_a_column_on_its_own_means_the_cell_of_the_row() -> None:
    assert of_department_sales("=DeptSales[Sales Amount]", "=DeptSales[Sales Amount]*2") == [260.0, 1320.0]


def told_to_libreoffice(reference: str) -> str:
    """A structured reference, or its cells where LibreOffice 7.4 reads it otherwise than Microsoft says."""
    as_written = reference.startswith("DeptSales[[") or reference.lower().endswith("[sales amount]")
    return reference if as_written else MEANINGS[reference]


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_libreoffice_agrees_on_structured_references() -> None:
    questions = [f"={name}({{}})" for name in ("SUM", "COUNTA", "ROWS", "COLUMNS")]
    more = ["=SUM(Commissions)", '="DeptSales[Region]"&COUNTIF(DeptSales[Region],"North")']
    ours = recalculate(
        department_sales(*(question.format(name) for question in questions for name in MEANINGS), *more), {}
    )
    told = [question.format(told_to_libreoffice(name)) for question in questions for name in MEANINGS]
    parts = parts_of(department_sales(*told, *more))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    qualified = re.sub(r"(?<=[>*])\[|(?<=109,)\[", "DeptSales[", sheet)
    assert qualified.count(">DeptSales[[#This Row]") == 6
    [theirs] = recalculate_with_libreoffice(
        {"book.xlsx": packed(parts | {"xl/worksheets/sheet1.xml": qualified.encode()})}
    )
    assert sum("DeptSales" in formula for formula in told) > len(told) / 2
    assert len(ours) == len(told) + len(more) + 8
    assert list(disagreements(ours, theirs)) == []


def test_names_of_columns_may_hold_anything() -> None:
    import xlsxwriter

    headers = ["Net [CNY] it's", "#1", "@x", "f(x), y: z", 'a "b"', "new\nline"]
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet()
    columns = [{"header": header} for header in headers]
    page.add_table("A1:F3", {"name": "T", "columns": columns, "data": [[1, 2, 3, 4, 5, 6]] * 2})
    references = ["T[Net '[CNY'] it''s]", "T['#1]", "T['@x]", "T[[f(x), y: z]]", 'T[a "b"]', "T[new\nline]"]
    for row, reference in enumerate(references):
        page.write_formula(row, 7, f'=SUM({reference})&" of T[#All]"')
    book.close()
    values = list(recalculate(buffer.getvalue(), {}).values())
    assert values == [f"{2 * number} of T[#All]" for number in range(1, 7)]


def test_cells_that_share_a_formula_have_rows_of_their_own() -> None:
    parts = parts_of(department_sales())
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    own = "<f>[[#This Row],[Sales Amount]]*[[#This Row],[% Commission]]</f>"
    assert sheet.count(own) == 6
    shared = own.replace("<f>", '<f t="shared" ref="E2:E7" si="0">').replace("[[", "DeptSales[[")
    sheet = sheet.replace(own, shared, 1).replace(own, '<f t="shared" si="0"/>')
    values = recalculate(packed(parts | {"xl/worksheets/sheet1.xml": sheet.encode()}), {})
    assert values[SHEET_OF_TABLE, "E3"] == pytest.approx(660 * 0.15, rel=1e-12)
    assert values[SHEET_OF_TABLE, "E8"] == pytest.approx(570.2, rel=1e-12)


def test_a_defined_name_may_stand_for_a_column() -> None:
    assert of_department_sales("=SUM(Commissions)") == pytest.approx([570.2], rel=1e-12)


def test_a_python_function_takes_the_cells_of_a_table() -> None:
    spy = Spy(1.0)
    recalculate(
        department_sales("=SPY(DeptSales[Sales Amount],,DeptSales[[#Totals],[Region]])"), {"SPY": spy}
    )
    assert spy.calls == [([[260.0], [660.0], [940.0], [410.0], [800.0], [900.0]], None, None)]


@pytest.mark.parametrize(
    "reference",
    [
        "DeptSales[Profit]",
        "NoTable[Region]",
        "DeptSales[#Totals]",
        "DeptSales[[Region],[Sales Amount]]",
        "DeptSales[[#All],[#This Row]]",
        "[Region]",
    ],
)
def test_a_structured_reference_to_no_cells_is_reported(reference: str) -> None:
    with pytest.raises(UnevaluatedError) as refusal:
        recalculate(department_sales(f"=IFERROR({reference},0)", sheet="Sales", totals=False), {})
    reason = f"=IFERROR({reference},0) refers to {reference}, which is no cells of a table here"
    assert str(refusal.value) == f"cell Sales!G2 cannot be evaluated: {reason}"


def test_a_table_that_says_nonsense_is_refused() -> None:
    parts = parts_of(department_sales())
    part = "xl/tables/table1.xml"
    spoiled = parts[part].replace(b'totalsRowCount="1"', b'totalsRowCount="one"')
    assert spoiled != parts[part]
    sentence = f"has a table {part} with '1' rows of headers and 'one' of totals"
    with pytest.raises(BookError, match=re.escape(sentence)):
        recalculate(packed(parts | {part: spoiled}), {})


def test_values_are_stored_beside_structured_references_that_stay() -> None:
    book = department_sales("=SUM(DeptSales[Sales Amount])")
    filled = write_values(book, recalculate(book, {}))
    assert [cell.text for cell in formula_cells(filled)] == [cell.text for cell in formula_cells(book)]
    # 260 + 660 + 940 + 410 + 800 + 900
    assert read_values(filled)[SHEET_OF_TABLE, "G2"] == 3970.0


# --- what cannot be evaluated -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("=MMULT(A1:B1,A1:A2)", "=MMULT(A1:B1,A1:A2) calls MMULT, which the engine does not know"),
        ("=IFERROR(NO_SUCH(1),7)", "=IFERROR(NO_SUCH(1),7) calls NO_SUCH, which the engine does not know"),
        ("=NO_SUCH_NAME", "=NO_SUCH_NAME uses a name or function that the engine does not know"),
        ("=D4+1", "=D4+1 is part of a circular reference"),
        ("=SUM(A1", "=SUM(A1 cannot be parsed by the engine"),
        ("=LAMBDA(x,x+1)(3)", "=LAMBDA(x,x+1)(3) uses something the engine does not implement"),
        (
            "=[1]Other!A1",
            "=[1]Other!A1 reads [1]Other!A1 of another workbook, of which the file keeps nothing",
        ),
        (
            "=SUM('[other.xlsx]S'!A1:B1)",
            "=SUM('[other.xlsx]S'!A1:B1) reads '[other.xlsx]S'!A1:B1 of another workbook",
        ),
        (
            DataTableFormula("D4:D6", r1="A1", del1=True),
            "the data table D4:D6 has lost one of its input cells",
        ),
    ],
)
def test_a_formula_without_a_value_is_reported(formula: Any, sentence: str) -> None:
    with pytest.raises(UnevaluatedError) as refusal:
        value_of(formula)
    assert str(refusal.value).startswith(f"cell Sheet!D4 cannot be evaluated: {sentence}")


def test_all_cells_without_a_value_are_listed_with_the_reason() -> None:
    cells = {"A1": "=NO_SUCH(1)", "A2": "=A1*2", "A3": "=1+1", "A4": "=A4"}
    with pytest.raises(UnevaluatedError) as refusal:
        recalculate(formulas_book(cells), {})
    assert str(refusal.value).endswith("(and 2 more)")
    assert [cell.place for cell in refusal.value.cells] == ["Sheet!A1", "Sheet!A2", "Sheet!A4"]
    assert refusal.value.excel_error == "#REF!"


def test_an_unknown_function_in_a_defined_name_is_reported() -> None:
    with pytest.raises(
        UnevaluatedError, match=r"cell WORTH cannot be evaluated: =NO_SUCH\(1\) calls NO_SUCH"
    ):
        value_of("=IFERROR(WORTH,1)", names={"WORTH": "NO_SUCH(1)"})


def test_what_the_engine_cannot_load_is_refused() -> None:
    with pytest.raises(BookError, match=r"workbook of \d+ bytes cannot be loaded by the engine: "):
        recalculate(handmade_book("<worksheet/>"), {})


# --- warm work ----------------------------------------------------------------------------------------


def chain(rows: int) -> dict[str, object]:
    """Inputs in A, formulas of each row that hang on the row before, on a switch, on dates, texts, errors."""
    cells: dict[str, object] = {"A1": 1.5, "B1": "=A1", "F1": 1}
    for row in range(2, rows + 1):
        cells[f"A{row}"] = row / 7
        cells[f"B{row}"] = f"=IF($F$1=1,B{row - 1}*0.9+A{row},A{row}-B{row - 1})"
        cells[f"C{row}"] = f"=SUM($A$1:A{row})/COUNT($A$1:A{row})"
        cells[f"D{row}"] = f'=IFERROR(IF(A{row}<0,NA(),PV2(A1:A{row},0.1)),"none")'
        cells[f"E{row}"] = f'=IF(ISNUMBER(A{row}),TEXT(A{row},"0.00")&"!",A{row})'
    return cells


def discounted(flows: Any, rate: float) -> float:
    return sum((flow or 0.0) / (1 + rate) ** year for year, (flow,) in enumerate(flows, 1))


UDFS: dict[str, Callable[..., object]] = {"PV2": lambda flows, rate: discounted(flows, rate)}


@pytest.mark.parametrize("seed", range(5))
def test_warm_values_are_those_of_a_fresh_evaluation(seed: int) -> None:
    draw = random.Random(seed)
    cells = chain(12)
    warm = Calculation(formulas_book(cells), UDFS)
    for _ in range(6):
        address = draw.choice([cell for cell in cells if cell[0] in "AF"])
        choices = [draw.uniform(-5, 5), 0.0, 1.0, 2.0, None]
        cells[address] = draw.choice(choices)
        warm.set_value("Sheet", address, cells[address])
        if draw.random() < 0.5:
            warm.evaluate()
    assert warm.values() == recalculate(formulas_book(cells), UDFS)


def test_only_what_hangs_on_an_input_is_evaluated_again() -> None:
    first, second = Spy(1.0), Spy(2.0)
    book = formulas_book({"A1": 1, "A2": 2, "B1": "=ONE(A1)", "B2": "=TWO(A2)", "C1": "=B1+B2"})
    warm = Calculation(book, {"ONE": first, "TWO": second})
    warm.evaluate()
    warm.set_value("Sheet", "A1", 5.0)
    assert warm.value("Sheet", "C1") == 3.0
    assert (first.calls, second.calls) == ([(1.0,), (5.0,)], [(2.0,)])


def test_inputs_of_every_kind_are_taken() -> None:
    spy = Spy()
    warm = Calculation(formulas_book({"A1": 1, "B1": "=SPY(A1)"}), {"SPY": spy})
    for value in (2, 0.5, "text", True, None, "#N/A", date(2024, 1, 2), datetime(2024, 1, 2, 12)):
        warm.set_value("Sheet", "A1", value)
        warm.evaluate()
    assert [call[0] for call in spy.calls] == [2.0, 0.5, "text", True, None, "#N/A", 45293.0, 45293.5]


def test_values_of_chosen_cells_may_be_inputs() -> None:
    warm = Calculation(formulas_book({"A1": 1, "A2": "x", "B1": "=A1+1"}), {})
    warm.set_value("Sheet", "A1", 41)
    cells = [("Sheet", "A1"), ("Sheet", "A2"), ("Sheet", "B1"), ("Sheet", "Z9")]
    assert warm.values(cells) == {cells[0]: 41.0, cells[1]: "x", cells[2]: 42.0, cells[3]: None}


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "sentence"),
    [
        ("sheet", "A1", 1.0, "sheet 'sheet' must be one of 'Sheet'"),
        ("Sheet", "1A", 1.0, "cell '1A' must be an address such as B7"),
        ("Sheet", "B1", 1.0, "cell Sheet!B1 holds a formula and takes no input"),
        ("Sheet", "C2", 1.0, "cell Sheet!C2 holds a formula and takes no input"),
        ("Sheet", "A1", float("nan"), "value nan must be a finite number"),
        ("Sheet", "A1", [1], "value [1] must be a number, a bool, a text, a date or None, not a list"),
    ],
)
def test_an_input_that_cannot_be_set_is_refused(sheet: str, cell: str, value: Any, sentence: str) -> None:
    warm = Calculation(formulas_book({"A1": 1, "B1": "=A1+1", "C1": ArrayFormula("C1:C2", "=A1*2")}), {})
    with pytest.raises(BookError) as refusal:
        warm.set_value(sheet, cell, value)
    assert str(refusal.value) == sentence


def test_a_formula_that_begins_to_fill_several_cells_when_an_input_changes_still_gives_one() -> None:
    cells = {"A1": 0, "B2": "=IF(A1=1,F(),7)", "D1": "=COUNT(B2:C4)"}
    warm = Calculation(formulas_book(cells), {"F": lambda: [[1.0, 2.0], [3.0, 4.0]]})
    assert (warm.value("Sheet", "B2"), warm.value("Sheet", "D1")) == (7.0, 1.0)
    warm.set_value("Sheet", "A1", 1)
    assert (warm.value("Sheet", "B2"), warm.value("Sheet", "D1")) == (1.0, 1.0)


def chain_of_arrays(seed: int) -> tuple[bytes, dict[str, float]]:
    """A workbook of rows that hang on one another, in any order on the sheet, and its values worked out."""
    draw = random.Random(seed)
    cells: dict[str, object] = {f"{column}1": draw.uniform(1, 2) for column in "ABC"}
    expected = {address: value for address, value in cells.items() if isinstance(value, float)}
    places = draw.sample(range(2, 30), draw.randint(6, 22))
    for at, row in enumerate(places):
        one, other = (draw.choice([1, *places[:at]]) for _ in range(2))
        kind = draw.choice(["rows added", "multiples", "halves", "quotients"])
        if kind == "rows added":
            formula = f"=ROWS_ADDED(A{one}:C{one},A{other}:C{other})"
            cells[f"A{row}"] = ArrayFormula(f"A{row}:C{row}", formula)
        if kind == "multiples":
            cells[f"A{row}"] = ArrayFormula(f"A{row}:C{row}", f"=MULTIPLES(B{one})")
        for number, column in enumerate("ABC", 1):
            a, b = expected[f"{column}{one}"], expected[f"{column}{other}"]
            if kind == "halves":
                cells[f"{column}{row}"] = f"=HALVED({column}{one})+{column}{other}"
            if kind == "quotients":
                cells[f"{column}{row}"] = f"={column}{one}/{column}{other}"
            multiple = number * expected[f"B{one}"]
            results = {"rows added": a + b, "multiples": multiple, "halves": a / 2 + b, "quotients": a / b}
            expected[f"{column}{row}"] = results[kind]
    return formulas_book(cells), {
        cell: value for cell, value in expected.items() if cell not in {"A1", "B1", "C1"}
    }


CHAIN = {
    "ROWS_ADDED": lambda one, other: (numpy.array(one) + other) if is_numbers(one[0] + other[0]) else "#N/A",
    "MULTIPLES": lambda value: [[value, 2 * value, 3 * value]] if is_numbers([value]) else "#N/A",
    "HALVED": lambda value: value / 2 if is_numbers([value]) else "#N/A",
}


def is_numbers(cells: list[object]) -> bool:
    return all(isinstance(cell, float) for cell in cells)


@pytest.mark.parametrize("seed", range(40))
def test_chains_of_array_formulas_are_evaluated_to_their_end(seed: int) -> None:
    book, expected = chain_of_arrays(seed)
    values = recalculate(book, CHAIN)  # formualizer 0.13.0, asked once, is wrong about seeds 19, 29 and 37
    assert {cell: value for (_, cell), value in values.items()} == pytest.approx(expected)


def test_random_numbers_beside_arrays_do_not_keep_the_engine_busy_for_ever() -> None:
    cells = {"A1": ArrayFormula("A1:B1", "={1,2}"), "A2": "=RAND()*0+B1", "A3": "=RAND()"}
    values = recalculate(formulas_book(cells), {})
    assert values["Sheet", "A2"] == 2.0


def test_an_input_that_is_there_already_is_not_evaluated_again() -> None:
    calls: list[object] = []

    def noted(value: object) -> object:
        calls.append(value)
        return value

    calculation = Calculation(book_of({"A1": 1.0, "B1": "=NOTED(A1)"}), {"NOTED": noted})
    calculation.set_value("Sheet", "A1", 2.0)
    assert calculation.value("Sheet", "B1") == 2.0
    before = len(calls)
    calculation.set_value("Sheet", "A1", 2.0)
    assert (calculation.value("Sheet", "B1"), len(calls)) == (2.0, before)
    calculation.set_value("Sheet", "A1", True)
    calculation.set_value("Sheet", "A1", 1.0)
    assert calculation.value("Sheet", "B1") == 1.0
    assert len(calls) > before


def test_zero_and_minus_zero_are_two_inputs() -> None:
    calculation = Calculation(book_of({"A1": 0.0, "B1": "=A1"}), {})
    calculation.set_value("Sheet", "A1", 0.0)
    calculation.set_value("Sheet", "A1", -0.0)
    assert math.copysign(1.0, float(str(calculation.value("Sheet", "A1")))) == -1.0


def test_formulas_of_one_pattern_are_told_to_the_engine_as_each_by_itself() -> None:
    formulas = {
        f"{column}{row}": text.format(row=row, other=row * 2)
        for row in range(1, 5)
        for column, text in {
            "D": '=IF(A{row}=$B${other},C{row},"A{row}=B1")',
            "E": "=SUMPRODUCT((A$1:A{row}=B{row})*1)",
            "F": "=A1:A{row}=B{row}",
        }.items()
    }
    whole = Calculation(book_of(formulas), {}).book
    assert any(key[1] == "D4" for key in whole.clear_texts)
    for cell, formula in formulas.items():
        alone = Calculation(book_of({cell: formula}), {}).book
        assert whole.told(("Sheet", cell)) == alone.told(("Sheet", cell)), cell


def book_of(contents: dict[str, object]) -> bytes:
    workbook = openpyxl.Workbook()
    for cell, content in contents.items():
        workbook.active[cell] = content
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()
