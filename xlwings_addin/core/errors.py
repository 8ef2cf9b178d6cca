"""What can be wrong, in one tree. Every error names the argument, its value and the rule it breaks.

    ValuationError (ValueError)      #VALUE!   anything below; catch this one
    ├── DomainError                  #NUM!     a number where the formula has no meaning
    ├── ShapeError                   #VALUE!   lengths or orientations that do not fit together
    ├── ChoiceError                  #VALUE!   a word that is not one of the named options
    ├── InputError                   #N/A      a table, case or number that is missing or cannot be read
    └── BookError                    #REF!     a workbook that cannot be read, calculated or written

`excel_error` is the error value a spreadsheet cell shows for it.

>>> raise DomainError("wacc", 0.02, "must exceed terminal_growth 3.00%", shown="2.00%")
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: wacc 2.00% must exceed terminal_growth 3.00%
"""

from __future__ import annotations

from typing import ClassVar


class ValuationError(ValueError):
    """An input that breaks a rule: `argument`, `value` and `rule` are kept beside the message.

    `shown` is how the message prints the value where its `repr` would read badly, a rate for instance.
    """

    excel_error: ClassVar[str] = "#VALUE!"

    def __init__(self, argument: str, value: object, rule: str, *, shown: str | None = None) -> None:
        self.argument = argument
        self.value = value
        self.rule = rule
        super().__init__(f"{argument} {shown if shown is not None else repr(value)} {rule}")


class DomainError(ValuationError):
    """A number outside the range where the formula has a meaning."""

    excel_error = "#NUM!"


class ShapeError(ValuationError):
    """Lengths or orientations that do not fit together."""


class ChoiceError(ValuationError):
    """A word that is not one of the named options."""


class InputError(ValuationError):
    """An input table, case or number that is missing or cannot be read."""

    excel_error = "#N/A"


class BookError(ValuationError):
    """A workbook that cannot be read, calculated or written."""

    excel_error = "#REF!"
