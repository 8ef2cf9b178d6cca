"""FACT: any figure of the company's tables, its source and its date, in a cell of any workbook."""

from __future__ import annotations

from datetime import date

from xlwings_addin.core.errors import ShapeError
from xlwings_addin.core.serials import SERIAL_ORIGIN
from xlwings_addin.functions.registry import Number, Text, udf
from xlwings_addin.inputs.facts import fact


@udf
def FACT_VALUE(key: Text, period: Text = "", company: Text = "") -> Number:
    """A figure of the company's tables.

    Formula: the value of the row that stands for key and period; of a date its serial number

    Args:
        key (text): what is measured, as the tables and the sheet Sources spell it
        period (text): a year (FY2024), a quarter (2024Q3) or a day (2024-03-08); blank for what has none
        company (text): whose tables; those of the model if left out

    Returns: a number in the unit of the tables, which FACT_SOURCE tells.

    Errors: #N/A for a key or a period that the tables lack; #VALUE! for another company or a text.

    Source: the tables in workbook/, row by row with source and date.

    Example:
        >>> FACT_VALUE("revenue", "FY2023")
        270970.0
    """
    value = fact(key, period, company).value
    if isinstance(value, str):
        raise ShapeError("key", key, f"stands for a text, not for a number: {value}")
    return _serial(value) if isinstance(value, date) else value


@udf
def FACT_SOURCE(key: Text, period: Text = "", company: Text = "") -> Text:
    """Where a figure of the company's tables was read, its basis and its unit.

    Formula: source (basis, unit) of the row that stands for key and period

    Args:
        key (text): what is measured, as the tables and the sheet Sources spell it
        period (text): a year (FY2024), a quarter (2024Q3) or a day (2024-03-08); blank for what has none
        company (text): whose tables; those of the model if left out

    Returns: a text.

    Errors: #N/A for a key or a period that the tables lack; #VALUE! for another company.

    Source: the tables in workbook/, row by row with source and date.

    Example:
        >>> FACT_SOURCE("revenue", "FY2023")  # doctest: +ELLIPSIS
        '... (reported, CNY m)'
    """
    read = fact(key, period, company)
    return f"{read.source} ({read.basis}, {read.unit})"


@udf
def FACT_AS_OF(key: Text, period: Text = "", company: Text = "") -> Number:
    """The day on which a figure of the company's tables was first known.

    Formula: the date of the row that stands for key and period

    Args:
        key (text): what is measured, as the tables and the sheet Sources spell it
        period (text): a year (FY2024), a quarter (2024Q3) or a day (2024-03-08); blank for what has none
        company (text): whose tables; those of the model if left out

    Returns: the serial number of a date; a cell with a date format shows it as one.

    Errors: #N/A for a key or a period that the tables lack; #VALUE! for another company.

    Source: the tables in workbook/, row by row with source and date.

    Example:
        >>> FACT_AS_OF("revenue", "FY2023")
        45370.0
    """
    return _serial(fact(key, period, company).as_of)


def _serial(day: date) -> float:
    return float((day - SERIAL_ORIGIN).days)
