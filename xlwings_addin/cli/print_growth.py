"""What a workbook gains by a refresh, as the command line prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from xlwings_addin.cli import printing
from xlwings_addin.refresh.growth.growth import Growth, listed
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import CellKey


def show_growth(growth: Growth, *, dry_run: bool, whole: bool) -> None:
    """What a book gains, and what it does not get: the first few of each kind, or by sheet the `whole`."""
    for line in growth_lines(growth, dry_run=dry_run, whole=whole):
        printing.show(line)


def growth_lines(growth: Growth, *, dry_run: bool, whole: bool) -> Iterator[str]:
    """The lines that say so."""
    would = "would be " if dry_run else ""
    rewritten = [f"{sheet}!{cell}" for sheet, cell in growth.rewritten]
    for what, places, by_sheet in (
        (f"{would}added", growth.added, added_by_sheet(growth.added)),
        (f"formulas {would}brought to this version", rewritten, rows_by_sheet(growth.rewritten)),
    ):
        if places and whole:
            yield f"{len(places)} {what}:"
            yield from (f"  {line}" for line in by_sheet)
        elif places:
            yield f"{len(places)} {what}: {listed(places)}"
    if growth.extended:
        most = len(growth.extended) if whole else printing.LISTED
        yield (
            f"{len(growth.extended)} your formulas over all periods, {would}extended: "
            f"{listed(growth.extended, most)}"
        )
    for missing in growth.missing:
        yield f"not in this book: {missing}"


def added_by_sheet(added: Iterable[str]) -> list[str]:
    """A line for every sheet with what it gains; what comes several times is named once, with how often.

    >>> added_by_sheet(["Cover: Upside", "sheet Ramp", "Sources: Price", "Sources: Price", "name wacc"])
    ['Cover: Upside', 'Sources: Price (2)', 'sheets: Ramp', 'names: wacc']
    """
    groups: dict[str, Counter[str]] = {}
    for text in added:
        sheet, colon, what = text.partition(": ")
        if not colon:
            kind, _, what = text.partition(" ")
            sheet = f"{kind}s"
        groups.setdefault(sheet, Counter())[what] += 1
    groups = {key: groups[key] for key in sorted(groups, key=lambda key: key in ("sheets", "names"))}
    return [f"{sheet}: {', '.join(map(_counted, counts.items()))}" for sheet, counts in groups.items()]


def _counted(item: tuple[str, int]) -> str:
    what, count = item
    return what if count == 1 else f"{what} ({count})"


def rows_by_sheet(cells: Iterable[CellKey]) -> list[str]:
    """A line for every sheet with how many cells of it there are, and their rows.

    >>> rows_by_sheet([("SOTP", "D8"), ("SOTP", "E8"), ("SOTP", "D11")])
    ['SOTP: 3 in rows 8, 11']
    """
    rows: dict[str, list[int]] = {}
    for sheet, address in cells:
        rows.setdefault(sheet, []).append(split_address(address)[0])
    return [
        f"{sheet}: {len(numbers)} in row{'s' if len(set(numbers)) > 1 else ''} "
        f"{', '.join(map(str, sorted(set(numbers))))}"
        for sheet, numbers in rows.items()
    ]
