"""The functions in the cells of a workbook, evaluated by the engine: alone, nested, in every spelling."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.functions.registry import REGISTRY, Target, callbacks, spelling

Cells = dict[str, object]


def evaluate(folder: Path, cells: Cells) -> Cells:
    """Write cells into a new workbook and give the values of its formulas by address."""
    book = Workbook()
    for address, content in cells.items():
        book.active[address] = content
    path = folder / "book.xlsx"
    book.save(path)
    return {address: value for (_, address), value in recalculate(path, callbacks()).items()}


@pytest.fixture
def flows() -> Cells:
    return {"A1": 100, "B1": 100, "A2": 100, "A3": 100, "A5": 0.1}


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("target", get_args(Target))
def test_a_documented_example_gives_its_result_in_a_cell(tmp_path: Path, name: str, target: Target) -> None:
    example = REGISTRY[name].example
    formula = example.formula.replace(name, spelling(name, target))
    direct = REGISTRY[name].function(*example.arguments)
    if not isinstance(direct, list):
        assert evaluate(tmp_path, {"A1": formula}) == {"A1": direct}
        return
    area = f"A1:{'ABCDEFGH'[len(direct[0]) - 1]}{len(direct)}"
    values = evaluate(tmp_path, {"A1": ArrayFormula(area, formula)})
    assert list(values.values()) == [cell for row in direct for cell in row]


def test_a_function_reads_rows_and_columns_of_cells(tmp_path: Path, flows: Cells) -> None:
    values = evaluate(
        tmp_path,
        flows | {"C1": "=DCF_PRESENT_VALUE(A1:B1,A5)", "C2": "=DCF_PRESENT_VALUE(A2:A3,A5)"},
    )
    # 100 / 1.1 + 100 / 1.21, by hand.
    assert values["C1"] == values["C2"] == pytest.approx(173.5537190082645)


def test_a_function_works_inside_other_functions(tmp_path: Path, flows: Cells) -> None:
    values = evaluate(
        tmp_path,
        flows
        | {
            "C1": '=IF(DCF_PRESENT_VALUE(A1:B1,A5)>170,"dear","cheap")',
            "C2": "=SUM(INDEX(DCF_DISCOUNT_FACTORS(0.25,3),1,0))",
            "C3": "=INDEX(RAMP_FADE(0.1,0.05,3),1,2)",
            "C4": "=SUMPRODUCT(A1:B1,DCF_DISCOUNT_FACTORS(A5,2))-DCF_PRESENT_VALUE(A1:B1,A5)",
            "C5": "=ROUND(CAPITAL_COST_OF_EQUITY(0.044,CAPITAL_BLUME_BETA(1.15),0.063),4)",
        },
    )
    assert values["C1"] == "dear"
    assert values["C2"] == pytest.approx(0.8 + 0.64 + 0.512)
    assert values["C3"] == pytest.approx(0.075)
    assert values["C4"] == pytest.approx(0, abs=1e-9)
    assert values["C5"] == 0.1133


def test_spellings_mix_in_one_workbook_in_arrays_names_and_tables(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    for address, content in {
        "A1": 100,
        "B1": 110,
        "C1": 121,
        "A2": 0.1,
        "D1": "=IF(A2>0,VAL.DCF_PRESENT_VALUE(A1:C1,A2),DCF_PRESENT_VALUE(A1:C1,-A2))",
        "D2": "=IFERROR(_xldudf_VAL_DCF_TERMINAL_VALUE(100,0.02,0.03),val.dcf_terminal_value(100,A2,0.05))",
        "D3": "=SUMPRODUCT(A1:C1,DCF_DISCOUNT_FACTORS(A2,3))-_xldudf_VAL_DCF_PRESENT_VALUE(A1:C1,A2)",
        "D4": ArrayFormula("D4:F4", "=A1:C1*VAL.DCF_DISCOUNT_FACTORS(A2,COLUMNS(A1:C1))"),
        "D5": "=INDEX(VAL.RAMP_REVENUE(A1,RAMP_FADE(A2,A2,2)),1,2)",
        "D6": "=WORTH*2",
        "D7": "=SUM(DCF_PRESENT_VALUE(Flows[Flow],A2),MAX(VAL.DCF_DISCOUNT_FACTORS(A2,2)))",
        "H1": "Flow",
        "H2": 100,
        "H3": 110,
        "H4": 121,
    }.items():
        sheet[address] = content
    sheet.add_table(Table(displayName="Flows", ref="H1:H4"))
    name = DefinedName("WORTH", attr_text="_xldudf_VAL_DCF_PRESENT_VALUE(Sheet!$A$1:$C$1,Sheet!$A$2)")
    book.defined_names["WORTH"] = name
    book.save(tmp_path / "book.xlsx")
    values = {cell: value for (_, cell), value in recalculate(tmp_path / "book.xlsx", callbacks()).items()}
    # Each flow grows at the rate it is discounted at, so each is worth 100 / 1.1 today.
    worth = 3 * 100 / 1.1
    assert values == pytest.approx(
        {
            "D1": worth,
            "D2": 2100.0,
            "D3": 0.0,
            "D4": worth / 3,
            "E4": worth / 3,
            "F4": worth / 3,
            "D5": 121.0,
            "D6": 2 * worth,
            "D7": worth + 1 / 1.1,
        },
        abs=1e-9,
    )


def test_an_error_is_a_true_error_that_formulas_can_catch(tmp_path: Path, flows: Cells) -> None:
    values = evaluate(
        tmp_path,
        flows
        | {
            "C1": "=DCF_TERMINAL_VALUE(100,0.02,0.03)",
            "C2": "=IFERROR(DCF_TERMINAL_VALUE(100,0.02,0.03),-1)",
            "C3": '=DCF_PRESENT_VALUE(A1:B1,"ten")',
            "C4": "=ISNA(DCF_PRESENT_VALUE(A1:B1,A9))",
            "C5": "=DCF_PRESENT_VALUE(A1:B1,1/0)",
            "C6": "=DCF_PRESENT_VALUE(A1:B2,A5)",
        },
    )
    assert values == {
        "C1": "#NUM!",
        "C2": -1,
        "C3": "#VALUE!",
        "C4": True,
        "C5": "#DIV/0!",
        "C6": "#VALUE!",
    }


def test_an_omitted_argument_means_its_default(tmp_path: Path, flows: Cells) -> None:
    values = evaluate(
        tmp_path,
        flows
        | {
            "C1": '=DCF_PRESENT_VALUE(A1:B1,A5,"end",0.5)',
            "C2": "=DCF_PRESENT_VALUE(A1:B1,A5,,0.5)",
            "C3": "=DCF_PRESENT_VALUE(A1:B1,A5,A9,0.5)",
        },
    )
    assert values["C1"] == values["C2"] == values["C3"]


def test_dates_in_cells_are_dates(tmp_path: Path) -> None:
    # Microsoft support, XNPV function.
    cells: Cells = {"C1": "=DCF_XNPV(0.09,A1:A5,B1:B5)"}
    flows = [-10000, 2750, 4250, 3250, 2750]
    days = ["2008,1,1", "2008,3,1", "2008,10,30", "2009,2,15", "2009,4,1"]
    for n, (flow, day) in enumerate(zip(flows, days, strict=True), start=1):
        cells |= {f"A{n}": flow, f"B{n}": f"=DATE({day})"}
    values = evaluate(tmp_path, cells)
    assert values["C1"] == pytest.approx(2086.65, abs=0.005)
