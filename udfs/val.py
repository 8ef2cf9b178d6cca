"""VAL: about the functions themselves."""

from __future__ import annotations

from xlwings_addin.functions import memory
from xlwings_addin.functions.registry import Cell, Text, udf

PACKAGE = "xiaomi-model"
NOT_INSTALLED = "not installed"


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
