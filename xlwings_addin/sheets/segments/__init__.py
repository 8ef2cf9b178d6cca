"""The sheets of the templates, one module each, called as the template: formulas, which share no code with
the numbers of `xlwings_addin.segments`.

A module has `HALF`: what the template gives the workbook.
"""

from __future__ import annotations

from importlib import import_module

from xlwings_addin.sheets.segments.half import Half


def half_of(template: str) -> Half:
    """What a template gives the workbook."""
    half: Half = import_module(f"{__name__}.{template}").HALF
    return half
