"""The sheets of the workbook, one module each. A module that exports `SHEET` is a sheet."""

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
