"""The functions in cells of a running LibreOffice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.datetime import to_excel

import xlwings_addin as xa
from tests.hosts.bad_inputs import BAD, GOOD, Call, CellContent, laid_out
from tests.hosts.calc_office import Office, running_office
from xlwings_addin.functions import memory
from xlwings_addin.functions.registry import REGISTRY, Kind, spelling
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import formula_cells, read_package, write_values

pytestmark = pytest.mark.libreoffice
PREFIX = spelling("VAL_VERSION", "libreoffice").removesuffix("VAL_VERSION")


@pytest.fixture(scope="module")
def running(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running_office(libreoffice, tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def office(running: Office) -> Office:
    """The office with an empty workbook."""
    running.open()
    return running


def in_calcs_words(formula: str) -> str:
    """A formula with constants as Calc's API takes it."""
    return formula.replace(";", "|").replace(",", ";")


def value_of(office: Office, formula: str) -> Any:
    """What a cell with a formula shows."""
    office.put({"Z1": in_calcs_words(formula)})
    return office.values("Z1")[0][0]


# --- the documented examples --------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRY)
def test_a_documented_example_gives_its_documented_result(office: Office, name: str) -> None:
    entry, example = REGISTRY[name], REGISTRY[name].example
    formula = in_calcs_words(example.formula.replace(name, spelling(name, "libreoffice"), 1))
    if any(parameter.kind is Kind.CELL for parameter in entry.parameters):
        formula = formula.replace('"', "").replace("!", ".")  # Calc passes the cell itself, not its name
    if not isinstance(example.result, list):
        office.put({"A1": formula})
        assert example.agrees(office.values("A1")[0][0])
        return
    area = f"A1:{'ABCDEFGH'[len(example.result[0]) - 1]}{len(example.result)}"
    office.put({area: (formula,)})
    assert example.agrees(office.values(area))


def test_no_function_is_left_out(office: Office) -> None:
    assert len(REGISTRY) >= 23
    assert set(office.descriptions()) == {spelling(name, "libreoffice") for name in REGISTRY}


def test_a_function_that_does_not_exist_is_told_from_one_that_fails(office: Office) -> None:
    assert value_of(office, "=VAL.DCF_NOTHING(1)") == "#NAME?"


# --- cells in, cells out ------------------------------------------------------------------------------


def test_rows_columns_and_other_functions_mix(office: Office) -> None:
    office.put({"A1": 100.0, "B1": 100.0, "A2": 100.0, "A3": 100.0, "A5": 0.1})
    # 100 / 1.1 + 100 / 1.21, by hand.
    for area in ("A1:B1", "A2:A3"):
        assert value_of(office, f"=VAL.DCF_PRESENT_VALUE({area},A5)") == pytest.approx(173.5537190082645)
    assert value_of(office, "=SUM(VAL.DCF_DISCOUNT_FACTORS(0.25,3))") == pytest.approx(0.8 + 0.64 + 0.512)
    assert value_of(office, "=INDEX(VAL.RAMP_FADE(0.1,0.05,3),1,2)") == pytest.approx(0.075)
    nested = "=VAL.CAPITAL_COST_OF_EQUITY(0.044,VAL.CAPITAL_BLUME_BETA(1.15),0.063)"
    assert value_of(office, nested) == pytest.approx(0.1133)


def test_a_table_of_a_thousand_rows_goes_in_and_comes_out(office: Office) -> None:
    rows = [(100.0 + row, 0.25, 20.0, 30.0 + row % 7, 5.0) for row in range(1000)]
    office.fill("A1:E1000", tuple(rows))
    office.put({"F1:F1000": ("=VAL.DCF_FCFF(A1:A1000;B1:B1000;C1:C1000;D1:D1000;E1:E1000)",)})
    column = [value for (value,) in office.values("F1:F1000")]
    assert column == [ebit * (1 - tax) + dep - capex - nwc for ebit, tax, dep, capex, nwc in rows]


def test_an_argument_left_out_means_its_default(office: Office) -> None:
    office.put({"A1": 110.0, "B1": 121.0})
    full = value_of(office, '=VAL.DCF_PRESENT_VALUE(A1:B1,0.1,"end",0.5)')
    assert value_of(office, "=VAL.DCF_PRESENT_VALUE(A1:B1,0.1,,0.5)") == full
    assert value_of(office, "=VAL.DCF_PRESENT_VALUE(A1:B1,0.1,A9,0.5)") == full
    assert value_of(office, "=VAL.DCF_PRESENT_VALUE(A1:B1,0.1)") == pytest.approx(200.0)


def test_an_error_is_one_that_formulas_can_catch_and_tell_apart(office: Office) -> None:
    failing = "VAL.DCF_TERMINAL_VALUE(100,0.02,0.03)"
    assert value_of(office, f"=IFERROR({failing},-1)") == -1
    # ERROR.TYPE as Microsoft documents it: #NUM! is 6, #VALUE! 3, #N/A 7.
    assert value_of(office, f"=ERROR.TYPE({failing})") == 6
    assert value_of(office, '=ERROR.TYPE(VAL.CAPITAL_BLUME_BETA("1.2"))') == 3
    assert value_of(office, "=ERROR.TYPE(VAL.DCF_PRESENT_VALUE(A1:B1,0.1))") == 7
    assert value_of(office, "=ERROR.TYPE(INDEX(VAL.DCF_DISCOUNT_FACTORS(0.1,0),1,1))") == 6


# --- bad input ----------------------------------------------------------------------------------------

CALLS = (*BAD, *GOOD)
AS_CALC_PASSES_IT: Mapping[str, str | float] = {
    "blank: CAPITAL_BLUME_BETA": 1 / 3,  # a single blank cell is 0, as to Calc's own functions
    "blank: DCF_PRESENT_VALUE": 210.0,
    "TRUE: CAPITAL_BLUME_BETA": 1.0,  # TRUE and FALSE are the numbers 1 and 0
    "FALSE in a range: DCF_PRESENT_VALUE": 100 / 1.1,
    "TRUE for a date: DCF_XNPV": "#NUM!",
    "error cell in a range: DCF_PRESENT_VALUE": "Err:504",  # the function is not called
    "error cell among dates: DCF_XNPV": "Err:504",
    "a blank optional argument: DCF_PRESENT_VALUE": "#NUM!",  # first_period 0; a blank timing is its default
}
"""What Calc shows where it gives a function something else than the cell holds."""


def calcs_content(content: CellContent) -> str | float:
    if isinstance(content, bool):
        return f"={str(content).upper()}()"
    if isinstance(content, date):
        return float(to_excel(content))
    if isinstance(content, str) and content.startswith("="):
        return in_calcs_words(content)
    return f"'{content}" if isinstance(content, str) else content or 0.0


@pytest.fixture(scope="module")
def answers(running: Office) -> dict[str, tuple[object, str]]:
    """What the cell of each call shows, and what VAL_LAST_ERROR says of it, by the call's id."""
    sheet = laid_out(CALLS, PREFIX)
    running.open()
    running.put({at: calcs_content(content) for at, content in sheet.cells.items() if content is not None})
    running.put({f"Z{at[1:]}": f"={PREFIX}VAL_LAST_ERROR({at})" for at in sheet.places})
    rows = running.values(f"A1:Z{max(int(at[1:]) for at in sheet.places)}")
    return {
        call.id + repr(call.arguments): (rows[int(at[1:]) - 1][0], rows[int(at[1:]) - 1][25])
        for at, call in sheet.places.items()
    }


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
def test_bad_input_gives_the_error_and_the_message_of_every_host(
    answers: dict[str, tuple[object, str]], call: Call
) -> None:
    value, message = answers[call.id + repr(call.arguments)]
    if call.id not in AS_CALC_PASSES_IT:
        assert call.is_answered_by(value), value
        assert message == (call.message or memory.NO_ERROR)
        return
    expected = AS_CALC_PASSES_IT[call.id]
    assert value == (expected if isinstance(expected, str) else pytest.approx(expected))
    assert (message == memory.NO_ERROR) == isinstance(expected, float)


def last_error(office: Office, formula: str) -> str:
    """What VAL_LAST_ERROR says of a cell with a formula."""
    office.put({"Y1": in_calcs_words(formula), "Z1": f"={PREFIX}VAL_LAST_ERROR(Y1)"})
    return str(office.values("Z1")[0][0])


def test_the_error_of_an_inner_call_is_explained(office: Office) -> None:
    inner = '=VAL.CAPITAL_COST_OF_EQUITY(0.044,VAL.CAPITAL_BLUME_BETA("high"),0.063)'
    assert last_error(office, inner) == "raw_beta 'high' must be a number"


def test_an_error_of_calculated_arguments_is_not_explained_away(office: Office) -> None:
    assert last_error(office, "=VAL.DCF_TERMINAL_VALUE(100*1,0.02,0.03)") == memory.UNKNOWN_CELL
    assert last_error(office, "=VAL.DCF_TERMINAL_VALUE(100*1,0.10,0.05)") == memory.NO_ERROR


def test_an_error_is_forgotten_with_its_formula(office: Office) -> None:
    assert (
        last_error(office, "=VAL.DCF_TERMINAL_VALUE(100,0.02,0.03)") == "rate 2.00% must exceed growth 3.00%"
    )
    assert last_error(office, "=1+1") == memory.NO_ERROR


def test_arguments_on_other_sheets_and_in_constants_are_found(office: Office) -> None:
    office.rename("Bear's case")
    office.put({"A1": 0.02})
    formula = "=VAL.DCF_ENTERPRISE_VALUE({100,110},'Bear''s case'.A1,3%)".replace("'Bear", "$'Bear")
    assert last_error(office, formula) == "wacc 2.00% must exceed terminal_growth 3.00%"


# --- the workbook -------------------------------------------------------------------------------------


EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.xlsx"))


def test_there_are_example_workbooks() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("source", [None, *EXAMPLES], ids=lambda path: path.stem if path else "the model")
def test_a_workbook_recalculates_to_the_values_of_the_embedded_engine(
    running: Office, delivered: Path, tmp_path: Path, source: Path | None
) -> None:
    book = tmp_path / "for calc.xlsx"
    expected = xa.recalculate(source or delivered, book, target="libreoffice")
    functions = [cell for cell in formula_cells(read_package(book)) if PREFIX in (cell.text or "")]
    assert len(functions) > 10
    book.write_bytes(write_values(book, dict.fromkeys(expected, 7.0)))  # so that none is kept by mistake
    running.open(str(book))
    running.calculate()
    values = {
        (sheet, address): value
        for sheet in running.titles()
        for address, value in running.page(sheet).items()
    }
    wrong = [
        (at, values.get(at), value)
        for at, value in expected.items()
        if disagreement(values.get(at, ""), float(value) if isinstance(value, bool) else value)
    ]
    assert not wrong


# --- the function wizard ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRY)
def test_the_wizard_shows_what_the_registry_says(office: Office, name: str) -> None:
    _, description, arguments = office.descriptions()[spelling(name, "libreoffice")]
    entry = REGISTRY[name]
    assert description == entry.summary
    assert [argument for argument, _, _ in arguments] == [
        parameter.host_name for parameter in entry.parameters
    ]
    for parameter, (_, text, _) in zip(entry.parameters, arguments, strict=True):
        assert parameter.doc in text
        assert parameter.unit in text


def test_the_functions_stand_among_calcs_financial_ones(office: Office) -> None:
    texts = office.descriptions()
    assert len({texts[name][0] for name in texts if not name.startswith("VAL.VAL_")}) == 1
    assert texts["VAL.DCF_XNPV"][0] != texts["VAL.VAL_VERSION"][0]
