"""VAL: about the functions themselves."""

from __future__ import annotations

from typing import Annotated

from xlwings_addin.functions import memory
from xlwings_addin.functions.registry import Cell, HostName, Kind, Table, Text, udf

PACKAGE = "xiaomi-model"
NOT_INSTALLED = "not installed"

Case = Annotated[str, Kind.TEXT, HostName("case_name")]


@udf
def VAL_VERSION() -> Text:
    """Version of the functions in use.

    Formula: the version of the package xiaomi-model

    Args: none

    Returns: a text, such as 0.1.0; "not installed" where the functions run from a source folder.

    Errors: none of its own.

    Source: Python Packaging User Guide, core metadata specification, field Version.

    Example:
        >>> VAL_VERSION()  # doctest: +ELLIPSIS
        '...'
    """
    # Imported here: it takes longer than the functions themselves.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return NOT_INSTALLED


@udf
def VAL_LAST_ERROR(cell: Cell = None) -> Text:
    """Why a cell shows an error, in words.

    Formula: the message of the latest error that a function of this add-in answered the cell with

    Args:
        cell (cell): the cell that shows the error, or its address as text; the last error of all if left out

    Returns: a text; "no error" for a cell without one, and "not known: ..." wherever the program does not
        tell its functions which cell calls, such as xiaomi-model recalc, which gives that text to every call.

    Errors: none of its own; an error value in the cell is what it explains, and is not passed on.

    Source: this add-in; the messages are also in its log file.

    Example:
        >>> VAL_LAST_ERROR("Sheet1!B2")  # doctest: +ELLIPSIS
        'no...'
    """
    return memory.explanation(cell)


@udf
def VAL_TABLE(case: Case, sheet: Text, line: Text = "", company: Text = "") -> Table:
    """A sheet of the packaged model as a table: labels, units, and the figures with their headings.

    Formula: the core's value of every cell of the sheet in that case; blank cells are empty texts

    Args:
        case (text): a case of the tables, such as base
        sheet (text): the title of a sheet of the model, such as SOTP
        line (text): the key of one line, which then stands alone; all lines if left out
        company (text): whose model; that of the package if left out

    Returns: a table of texts and numbers: for every block its title and headings, below them its lines. Dates
        are serial numbers.

    Errors: #VALUE! for another case, sheet or company; #N/A for a line that the sheet lacks, and for a sheet
        of answers, such as Implied.

    Source: the tables in workbook/ and the lines of the model.

    Example:
        >>> VAL_TABLE("base", "SOTP", "value_per_share")
        [['Per share', 'Unit', ''], ['Value per share', 'HKD', 31.47]]
    """
    # Imported here: a cell that asks for no table need not wait for the model.
    from xlwings_addin.sheets.as_table import table_of

    return table_of(case, sheet, line, company)
