"""A scalar input: what it is called, what it is measured in and what it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError

InputKind = Literal["number", "rate", "count", "date", "year", "choice", "text"]
Value = float | int | str | date


@dataclass(frozen=True)
class Parameter:
    """One scalar input: what it is called, what it is measured in and what it may be.

    `minimum` and `maximum` belong to the range unless `above_minimum` or `below_maximum` is set. `default` is
    what stands for it in tables without a row of it; without one a row is needed (`inputs.optional`).
    """

    key: str
    label: str
    unit: str
    section: str
    kind: InputKind
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above_minimum: bool = False
    below_maximum: bool = False
    default: str = ""

    def read(self, value: object, *, argument: str | None = None) -> Value:
        """`value` as this parameter's type, or an error that names `argument` (the key by default).

        Counts and years may be whole floats, and dates midnights: spreadsheets hold them so.
        Raises `InputError` for a wrong type, `ChoiceError` for an unknown word, `DomainError` out of range.

        >>> Parameter("base_year", "Base year", "year", "Case", "year", "").read(2023.0)
        2023
        >>> Parameter("timing", "Timing", "choice", "", "choice", "", ("end", "mid")).read("middle")
        Traceback (most recent call last):
            ...
        xlwings_addin.core.errors.ChoiceError: timing 'middle' must be one of end, mid
        """
        name = argument or self.key
        match self.kind:
            case "text":
                return _text(name, value)
            case "choice":
                return _choice(name, value, self.choices)
            case "date":
                return _date(name, value)
            case "count" | "year":
                whole = _whole_number(name, value)
                self._check_range(name, whole)
                return whole
            case "number" | "rate":
                number = _number(name, value)
                self._check_range(name, number)
                return number

    @property
    def rule(self) -> str:
        """What the value must be, in words.

        >>> Parameter("tax_rate", "Tax rate", "ratio", "", "rate", "", minimum=0, maximum=1).rule
        'at least 0.00%, at most 100.00%'
        """
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        bounds = []
        if self.minimum is not None:
            bounds.append(f"{'above' if self.above_minimum else 'at least'} {self.show(self.minimum)}")
        if self.maximum is not None:
            bounds.append(f"{'below' if self.below_maximum else 'at most'} {self.show(self.maximum)}")
        return ", ".join(bounds) or {"date": "a date", "text": "a text"}.get(self.kind, "a number")

    def show(self, value: object) -> str:
        """`value` as a message prints it: rates as percentages.

        >>> Parameter("vehicle_wacc", "Vehicle WACC", "ratio", "", "rate", "").show(0.12)
        '12.00%'
        """
        return f"{value:.2%}" if self.kind == "rate" else f"{value}"

    @property
    def printed_unit(self) -> str:
        """The unit that the value is printed in: a ratio that is no rate, such as a beta, is a plain number.

        >>> Parameter("raw_beta", "Raw beta", "ratio", "", "number", "").printed_unit
        'plain'
        """
        return "plain" if self.kind == "number" and self.unit == "ratio" else self.unit

    def _check_range(self, name: str, number: float) -> None:
        if self.minimum is not None:
            low = self.minimum
            if number < low or (self.above_minimum and number == low):
                word = "above" if self.above_minimum else "at least"
                raise DomainError(name, number, f"must be {word} {self.show(low)}", display=self.show(number))
        if self.maximum is not None:
            high = self.maximum
            if number > high or (self.below_maximum and number == high):
                word = "below" if self.below_maximum else "at most"
                raise DomainError(
                    name, number, f"must be {word} {self.show(high)}", display=self.show(number)
                )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(name, value, "must be a text that is not empty")
    return value


def _choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ChoiceError(name, value, f"must be one of {', '.join(choices)}")
    return value


def _date(name: str, value: object) -> date:
    if isinstance(value, datetime):
        if value.time() != time.min:
            raise InputError(name, value, "must be a date without a time of day", display=value.isoformat())
        return value.date()
    if not isinstance(value, date):
        raise InputError(name, value, "must be a date")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(name, value, "must be a number")
    if not math.isfinite(value):
        raise InputError(name, value, "must be a finite number")
    return float(value)


def _whole_number(name: str, value: object) -> int:
    number = _number(name, value)
    if not number.is_integer():
        raise InputError(name, value, "must be a whole number")
    return int(number)
