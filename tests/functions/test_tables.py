"""VAL_TABLE gives what the sheet of that case has, in every cell of it that the core knows."""

from __future__ import annotations

import pytest

import xlwings_addin as xa
from udfs import VAL_TABLE
from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.core.serials import SERIAL_ORIGIN
from xlwings_addin.functions.registry import callbacks


def line(case: str, sheet: str, key: str, company: str = "") -> list[object]:
    headings, own = VAL_TABLE(case, sheet, key, company)
    assert len(headings) == len(own)
    return own


def test_a_line_has_its_label_its_unit_and_a_figure_for_every_year_of_its_headings() -> None:
    headings, deliveries = VAL_TABLE("house_2026", "Vehicle Units", "deliveries")
    assert headings[:4] == ["Deliveries", "Unit", "Constant", 2025.0]
    assert headings[3:] == [float(year) for year in range(2025, 2025 + len(headings) - 3)]
    assert deliveries[:3] == ["Deliveries", "m vehicles", ""]
    results = xa.value("house_2026")
    assert deliveries[3] == results.cells("vehicle_units", "deliveries", "opening")
    assert deliveries[4:] == list(results.cells("vehicle_units", "deliveries", "years"))


def test_a_whole_sheet_has_its_blocks_below_each_other_in_one_width() -> None:
    rows = VAL_TABLE("base", "sotp")
    assert len({len(row) for row in rows}) == 1
    labels = [row[0] for row in rows]
    assert labels.index("Sum of the parts") < labels.index("Per share") < labels.index("Value per share")
    value = next(row for row in rows if row[0] == "Value per share")
    assert value[:3] == ["Value per share", "HKD", xa.value("base").sotp.value_per_share]


def test_a_date_is_a_serial_number_and_another_company_has_its_own_sheets() -> None:
    day = xa.value("base").inputs.day("valuation_date")
    assert (day - SERIAL_ORIGIN).days in line("base", "Inputs", "valuation_date")
    assert line("base", "Vehicles", "revenue", "tesla")[:2] == ["Vehicles revenue", "USD m"]


@pytest.mark.parametrize(
    ("arguments", "error", "said", "shows"),
    [
        (("bse", "SOTP"), ChoiceError, "the nearest is base", "#VALUE!"),
        (("base", "SOPT"), ChoiceError, "the nearest is SOTP", "#VALUE!"),
        (("base", "SOTP", "", "acme"), ChoiceError, "must be one of tesla, xiaomi", "#VALUE!"),
        (("base", "SOTP", "value_a_share"), InputError, "line 'value_a_share' is no line of SOTP", "#N/A"),
        (("base", "Simulation"), InputError, "sheet Simulation keeps what the core answers", "#N/A"),
    ],
)
def test_what_is_not_there_is_named(
    arguments: tuple[str, ...], error: type[Exception], said: str, shows: str
) -> None:
    with pytest.raises(error, match=said):
        VAL_TABLE(*arguments)
    assert callbacks()["VAL_TABLE"](*arguments) == shows
