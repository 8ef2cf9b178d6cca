"""Error values by their numbers: how VBA and COM pass what a cell shows as #N/A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NUMBERS: Final[Mapping[str, int]] = {
    "#NULL!": 2000,
    "#DIV/0!": 2007,
    "#VALUE!": 2015,
    "#REF!": 2023,
    "#NAME?": 2029,
    "#NUM!": 2036,
    "#N/A": 2042,
    "#GETTING_DATA": 2043,
    "#SPILL!": 2045,
    "#CONNECT!": 2046,
    "#BLOCKED!": 2047,
    "#UNKNOWN!": 2048,
    "#FIELD!": 2049,
    "#CALC!": 2050,
}
"""XlCVError of Excel's object model, the argument of CVErr."""

# In a VARIANT an error is a code of severity 1 and facility 10 with that number ([MS-ERREF] 2.1).
SCODE: Final = 0x800A0000 - (1 << 32)
LARGEST: Final = 0xFFFF
_TEXTS: Final = {SCODE + number: text for text, number in NUMBERS.items()}


def error_text(value: object) -> object:
    """A value as COM passes it, or the error value it stands for; cells hold no other whole numbers.

    >>> error_text(-2146826246), error_text(1.0), error_text(True)
    ('#N/A', 1.0, True)
    """
    if type(value) is int and SCODE <= value <= SCODE + LARGEST:
        return _TEXTS.get(value, "#VALUE!")
    return value
