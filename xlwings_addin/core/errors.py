"""What can be wrong, in one tree. Every error names the argument, its value and the rule it breaks.

    ValuationError (ValueError)      #VALUE!   anything below; catch this one
    ├── DomainError                  #NUM!     a number where the formula has no meaning
    ├── ShapeError                   #VALUE!   lengths or orientations that do not fit together
    ├── ChoiceError                  #VALUE!   a word that is not one of the named options
    ├── InputError                   #N/A      a table, case or number that is missing or cannot be read
    ├── LibraryError                 #N/A      an answer that needs a library which is not installed
    └── BookError                    #REF!     a workbook that cannot be read, calculated or written

`excel_error` is the error value a spreadsheet cell shows for it.

>>> raise DomainError("wacc", 0.02, "must exceed terminal_growth 3.00%", display="2.00%")
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: wacc 2.00% must exceed terminal_growth 3.00%
"""

from __future__ import annotations

from typing import ClassVar, Final

ERROR_VALUES: Final = frozenset(
    (
        *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!"),
        *("#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!"),
        "#TIMEOUT!",
    )
)
"""The error values of a spreadsheet, as its cells show them (support.microsoft.com, ERROR.TYPE function)."""


LONGEST_VALUE: Final = 300
LONGEST_RULE: Final = 2_000
"""Characters of a value, and of what is said of it, in a message: a damaged file may hold any number."""


def shortened(text: str, longest: int) -> str:
    """One line of at most `longest` characters: a message is a sentence, whatever a file or library says."""
    text = " ".join(text.splitlines())
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


class ValuationError(ValueError):
    """An input that breaks a rule: `argument`, `value` and `rule` are kept beside the message.

    `display` is how the message prints the value where its `repr` would read badly, a rate for instance.
    """

    excel_error: ClassVar[str] = "#VALUE!"

    def __init__(self, argument: str, value: object, rule: str, *, display: str | None = None) -> None:
        self.argument = argument
        self.value = value
        self.rule = rule
        text = shortened(display if display is not None else repr(value), LONGEST_VALUE)
        super().__init__(f"{argument} {text} {shortened(rule, LONGEST_RULE)}")

    def __reduce__(self) -> tuple[object, ...]:
        """An error travels between processes as its message and its attributes; its class may take others."""
        return _restored, (type(self), self.args), vars(self)


def _restored(kind: type[ValuationError], args: tuple[object, ...]) -> ValuationError:
    error = kind.__new__(kind)
    error.args = args
    return error


class DomainError(ValuationError):
    """A number outside the range where the formula has a meaning.

    `reads` are the inputs of a rule between several of them.
    """

    excel_error = "#NUM!"
    reads: frozenset[str] = frozenset()


class ShapeError(ValuationError):
    """Lengths or orientations that do not fit together."""


class ChoiceError(ValuationError):
    """A word that is not one of the named options."""


class InputError(ValuationError):
    """An input table, case or number that is missing or cannot be read."""

    excel_error = "#N/A"


class LibraryError(ValuationError):
    """An answer that needs a library which is not installed, as where Excel runs Python itself."""

    excel_error = "#N/A"


class BookError(ValuationError):
    """A workbook that cannot be read, calculated or written."""

    excel_error = "#REF!"
