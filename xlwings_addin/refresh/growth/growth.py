"""What a book has gained, and what it could not gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlwings_addin.xlsx.package import CellKey


@dataclass(frozen=True)
class Growth:
    """What a book has gained.

    added      lines, periods and names that the book did not have, as a reader calls them
    cells      the cells of these
    rewritten  cells whose formula was ours and is another by now
    extended   formulas of the analyst's that spanned all periods, and span the new ones too
    missing    what the tables or the model have and the book does not get, and why
    put_back   what-if tables that LibreOffice had saved as formulas, and that are tables again
    left_to_file  whether the file of a book that is open in a program would gain more
    """

    added: tuple[str, ...] = ()
    cells: frozenset[CellKey] = frozenset()
    rewritten: tuple[CellKey, ...] = ()
    extended: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    put_back: tuple[str, ...] = ()
    left_to_file: bool = False

    @property
    def changed(self) -> frozenset[CellKey]:
        """The cells whose contents are new."""
        return self.cells | frozenset(self.rewritten)


NO_GROWTH = Growth()
CANNOT_GROW = Growth(left_to_file=True)
"""Of an open book that gains nothing, whatever it lacks."""


def listed(items: Sequence[str], most: int = 5) -> str:
    """The first few of many, and how many more.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return f"{', '.join(items[:most])}{more}"
