"""What an input cell accepts, and what it says while it is being filled in."""

from __future__ import annotations

from openpyxl.worksheet.datavalidation import DataValidation

from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.sheets.spec import Entry, Line

LONGEST_TITLE, LONGEST_TEXT = 32, 255
"""Characters that Excel allows in the title and in the text or list of a validation."""


def validation(entry: Entry, line: Line, area: str) -> DataValidation:
    """The rule of an input as a data validation over its cells, with the input's help as the prompt."""
    parameter = entry.parameter
    choices = parameter.choices if parameter else entry.choices
    made = _of_choices(choices, line) if choices else _of_parameter(parameter)
    rule = parameter.rule if parameter else f"one of {', '.join(choices)}"
    made.allow_blank = False
    made.errorTitle = made.promptTitle = line.label[:LONGEST_TITLE]
    made.error = f"{line.key} must be {rule}"[:LONGEST_TEXT]
    made.prompt = (f"{parameter.help} Must be {rule}." if parameter else line.note)[:LONGEST_TEXT]
    made.showErrorMessage = made.showInputMessage = True
    made.add(area)
    return made


def _of_choices(choices: tuple[str, ...], line: Line) -> DataValidation:
    listed = ",".join(choices)
    if len(listed) > LONGEST_TEXT:
        raise ValueError(f"{line.key}: a list of choices may have {LONGEST_TEXT} characters")
    return DataValidation(type="list", formula1=f'"{listed}"')


def _of_parameter(parameter: Parameter | None) -> DataValidation:
    if parameter is None or parameter.kind == "text":
        return DataValidation()
    if parameter.kind == "date":
        return DataValidation(type="date", operator="greaterThan", formula1="1")
    kind = "whole" if parameter.kind in ("count", "year") else "decimal"
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not (parameter.above_minimum or parameter.below_maximum):
        return DataValidation(type=kind, operator="between", formula1=f"{low!r}", formula2=f"{high!r}")
    if low is not None:
        operator = "greaterThan" if parameter.above_minimum else "greaterThanOrEqual"
        return DataValidation(type=kind, operator=operator, formula1=f"{low!r}")
    if high is not None:
        operator = "lessThan" if parameter.below_maximum else "lessThanOrEqual"
        return DataValidation(type=kind, operator=operator, formula1=f"{high!r}")
    return DataValidation(type=kind, operator="between", formula1="-1E+300", formula2="1E+300")
