"""Sheets of ours that a workbook has under another name, as an analyst or a program has renamed them.

Excel changes the formulas along with the name. A library that only writes files may not, and the formulas
then read a sheet that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xlwings_addin.core.errors import BookError
from xlwings_addin.inputs.company import Company
from xlwings_addin.proof.pages import titles_of
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import Sheet
from xlwings_addin.xlsx.package import Package, formula_cells

_TEXT = re.compile(r'"[^"]*"')


def _renamed(titles: Mapping[str, str], company: Company) -> Iterator[tuple[Sheet, str]]:
    """Our sheets that stand under a name no version gave them; `titles` are the workbook's by their keys."""
    for sheet in sheets(company):
        now = titles.get(sheet.key, sheet.title)
        if now not in titles_of(sheet):
            yield sheet, now


def renamed_sheets(titles: Mapping[str, str], company: Company) -> list[str]:
    """A sentence about every sheet that stands under a name no version gave it."""
    return [
        f"sheet {sheet.title} is called {now} in this workbook" for sheet, now in _renamed(titles, company)
    ]


def refuse_left_behind(package: Package, titles: Mapping[str, str], company: Company) -> None:
    """`BookError` for a renamed sheet that formulas of the workbook still read under a name it had."""
    there = {title.casefold() for title in package.titles}
    for sheet, now in _renamed(titles, company):
        for title in titles_of(sheet):
            places = [] if title.casefold() in there else _reading(package, title)
            if places:
                formulas = f"{places[0]} still reads" if len(places) == 1 else _many(places)
                rule = (
                    f"is called {now} in this workbook, and {formulas} {title}: give the sheet its name "
                    "back, or rename it in Excel, where formulas follow"
                )
                raise BookError("sheet", title, rule, display=title)


def _many(places: list[str]) -> str:
    return f"{len(places):,} formulas, {places[0]} the first, still read"


def _reading(package: Package, title: str) -> list[str]:
    """The cells whose formulas name a sheet."""
    named = re.compile(rf"(?<![\w.'\]])(?:{re.escape(title)}|'{re.escape(title)}')!", re.IGNORECASE)
    return [
        f"{cell.sheet}!{cell.cell}"
        for cell in formula_cells(package)
        if named.search(_TEXT.sub("", cell.text))
    ]
