"""The sheets of the workbook, one module each: a module that has `SHEET` is a sheet, found by its file.

`segments` has those of the templates, made for each business of a company. The others serve them: `spec` is
their vocabulary, `valuation` the lines shared by sheets with a discounted cash flow, `function_lines` those
of Functions, `replication` the block of Checks that holds article 004 against the model.

>>> sheet_modules()[:3]
('base_year', 'capital', 'checks')
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

from xlwings_addin.inputs.company import Company, packaged_company
from xlwings_addin.sheets.spec import BUSINESSES, Sheet


@cache
def sheet_modules() -> tuple[str, ...]:
    """The modules that are a sheet of every company, by name."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(path.stem for path in files if "\nSHEET = " in path.read_text(encoding="utf-8")))


def sheets(company: Company | None = None) -> tuple[Sheet, ...]:
    """All sheets of a company's workbook, the packaged company's by default, in the order of their tabs."""
    return _sheets(company or packaged_company())


@cache
def _sheets(company: Company) -> tuple[Sheet, ...]:
    from xlwings_addin.sheets.segments import half_of

    fixed = [_fixed(module, company) for module in sheet_modules()]
    own = []
    for business in company.businesses:
        made = half_of(business.template).sheet
        if made is not None:
            own.append(replace(made(company, business), tab="business", place=BUSINESSES))
    return tuple(sorted((*fixed, *own), key=lambda sheet: sheet.place))


def _fixed(module: str, company: Company) -> Sheet:
    made = import_module(f"{__name__}.{module}")
    sheet: Sheet = made.SHEET
    headline = made.headline(company) if hasattr(made, "headline") else None
    return replace(sheet, purpose=company.text(sheet.purpose), headline=headline)
