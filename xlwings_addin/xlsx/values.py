"""What a cell holds: numbers, truth values, texts, error values, nothing."""

from __future__ import annotations

from xlwings_addin.core.errors import ERROR_VALUES

__all__ = ["ERROR_VALUES", "CellKey", "CellValue", "Text", "is_error", "text_value"]


CellValue = float | bool | str | None
"""What a cell holds: a number (a date is its serial number), a truth value, a text or error, nothing."""

CellKey = tuple[str, str]
"""Sheet and address: `("Core_DCF", "E12")`."""


class Text(str):
    """A text that reads like an error value and is none: the result of `="#N/A"`.

    >>> Text("#N/A") == "#N/A", is_error("#N/A"), is_error(Text("#N/A"))
    (True, True, False)
    """

    __slots__ = ()


def is_error(value: object) -> bool:
    """Whether a cell value is one of the spreadsheet's error values.

    >>> is_error("#DIV/0!"), is_error("#1 in China"), is_error(0.0)
    (True, False, False)
    """
    return isinstance(value, str) and not isinstance(value, Text) and value in ERROR_VALUES


def text_value(text: str) -> str:
    """A text as a cell value, told apart from the error value it may read like."""
    return Text(text) if text in ERROR_VALUES else text
