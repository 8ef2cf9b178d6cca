"""What input cells accept in the spreadsheet program itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.datavalidation import DataValidation

from xlwings_addin.inputs.parameters import PARAMETERS, parameter
from xlwings_addin.layout.validation import LONGEST_TEXT, LONGEST_TITLE, validation
from xlwings_addin.sheets.spec import Entry, Line


def rule_of(key: str) -> DataValidation:
    entry = Entry(lambda r: None, kind="input", parameter=parameter(key))
    return validation(entry, Line(key, parameter(key).label, "", {}), "E5:F5")


@pytest.mark.parametrize(
    ("key", "kind", "operator", "bounds"),
    [
        ("timing", "list", None, ('"end,mid"', None)),
        ("base_year", "whole", "between", ("2010", "2100")),
        ("price_hkd", "decimal", "greaterThan", ("0", None)),
        ("debt", "decimal", "greaterThanOrEqual", ("0", None)),
        ("valuation_date", "date", "greaterThan", ("1", None)),
    ],
)
def test_a_cell_accepts_what_its_parameter_allows(
    key: str, kind: str, operator: str | None, bounds: tuple[str, str | None]
) -> None:
    rule = rule_of(key)
    assert (rule.type, rule.operator, (rule.formula1, rule.formula2)) == (kind, operator, bounds)
    assert rule.error == f"{key} must be {parameter(key).rule}"
    assert rule.showErrorMessage
    assert not rule.allow_blank


def test_every_input_of_the_workbook_says_what_it_is_and_must_be(delivered: Path) -> None:
    rules = load_workbook(delivered)["Inputs"].data_validations.dataValidation
    assert len(rules) == len(PARAMETERS)
    for rule, entry in zip(rules, PARAMETERS, strict=True):
        assert rule.prompt.startswith(entry.help[:100])
        assert len(rule.prompt) <= LONGEST_TEXT
        assert len(rule.promptTitle) <= LONGEST_TITLE


def test_the_cover_offers_the_cases(delivered: Path) -> None:
    (rule,) = load_workbook(delivered)["Cover"].data_validations.dataValidation
    cases = "house_2026,base,bear,bull,house_2026_bear,house_2026_bull,march_2024_replica,march_2024_strict"
    assert rule.formula1 == f'"{cases}"'


def test_a_list_longer_than_excel_allows_is_refused() -> None:
    entry = Entry(lambda r: None, kind="input", choices=tuple(f"case_number_{n}" for n in range(30)))
    with pytest.raises(ValueError, match="a list of choices may have 255 characters"):
        validation(entry, Line("selected_case", "Selected case", "", {}), "D5:D5")
