"""Rates are printed in per cent, and a ratio that is no rate as the number that it is."""

from __future__ import annotations

import pytest

from xlwings_addin.cli.print_answers import spelled
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.pictures.numbers import number_text
from xlwings_addin.sheets.sensitivities import figure_text


@pytest.mark.parametrize(
    ("key", "value", "on_the_command_line", "on_a_sheet", "in_the_report"),
    [
        ("raw_beta", 1.21, "1.21", "1.21", "1.21"),
        ("blume_weight", 0.8, "80.00%", "80.00%", "80.0%"),
        ("devices_terminal_growth", 0.025, "2.50%", "2.50%", "2.5%"),
        ("demand_saturation", 1.6, "1.60 m vehicles", "1.6", "1.6"),
    ],
)
def test_an_input_is_printed_in_its_own_unit(
    key: str, value: float, on_the_command_line: str, on_a_sheet: str, in_the_report: str
) -> None:
    unit = read_drivers().driver(key).unit
    assert spelled(value, unit) == on_the_command_line
    assert figure_text(value, unit) == on_a_sheet
    assert number_text(value, unit) == in_the_report


def test_every_rate_is_printed_in_per_cent_and_no_other_number_is() -> None:
    inputs = load_inputs("base")
    numbers = [one for one in inputs.tables.company.parameters if one.kind in ("rate", "number")]
    in_per_cent = {one.key for one in numbers if "%" in spelled(0.5, one.printed_unit)}
    assert in_per_cent == {one.key for one in numbers if one.kind == "rate"}
    assert len(in_per_cent) > 40
