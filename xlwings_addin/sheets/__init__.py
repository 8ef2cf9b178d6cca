"""The sheets of the workbook, one module each: a module that exports `SHEET` is a sheet.

The others serve them: `spec` is their vocabulary, `valuation` the lines shared by sheets with a discounted
cash flow, `replication` the block of Checks that holds article 004 against the model.
"""

from __future__ import annotations

from importlib import import_module

from xlwings_addin.sheets.spec import Sheet

ORDER = (
    "cover",
    "inputs",
    "history",
    "base_year",
    "capital",
    "core_segments",
    "core_average",
    "vehicle_units",
    "vehicle_ramp",
    "sotp",
    "functions",
    "checks",
    "sources",
)


def sheets() -> tuple[Sheet, ...]:
    """All sheets, in the order of their tabs."""
    return tuple(import_module(f"{__name__}.{module}").SHEET for module in ORDER)
