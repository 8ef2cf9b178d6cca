"""Whether two workbooks hold the same cells, told from the bytes of their parts."""

from __future__ import annotations

from xlwings_addin.xlsx.package import Package


def same_cells(one: Package, other: Package, title: str) -> bool:
    """Whether all bytes that a sheet's cells depend on are the same in both."""
    pairs = [(one.sheet_part(title), other.sheet_part(title))] + [
        (one.related(one.workbook_part, kind) or "", other.related(other.workbook_part, kind) or "")
        for kind in ("sharedStrings", "styles")
    ]
    return all(one.parts.get(mine) == other.parts.get(theirs) for mine, theirs in pairs)


def same_workbook(one: Package, other: Package) -> bool:
    """Whether all sheets of both are the same, in the same order and under the same titles."""
    titles = list(one.sheets())
    return titles == list(other.sheets()) and all(same_cells(one, other, title) for title in titles)
