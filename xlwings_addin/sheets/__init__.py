"""The sheets of the workbook, one module each: a module that exports `SHEET` is a sheet.

The others serve them: `spec` is their vocabulary, `valuation` the lines that both discounted cash flow sheets
share, `replication` the block of Checks that holds article 004 against the model.
"""

from __future__ import annotations

from importlib import import_module

from xlwings_addin.sheets.spec import Sheet

ORDER = (
    "cover",
    "inputs",
    "history",
    "capital",
    "core_dcf",
    "vehicle",
    "sotp",
    "functions",
    "checks",
    "sources",
)


def sheets() -> tuple[Sheet, ...]:
    """All sheets, in the order of their tabs."""
    return tuple(import_module(f"{__name__}.{module}").SHEET for module in ORDER)
