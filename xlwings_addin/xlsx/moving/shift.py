"""Where a row or column stands after rows or columns of its sheet were inserted or deleted.

Source: Microsoft, Insert or delete rows and columns: what lies at or behind the place moves, an area that
straddles it grows or shrinks, an area in front of it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xlwings_addin.xlsx.addresses import column_letters

Axis = Literal["rows", "columns"]

LIMITS = {"rows": 1_048_576, "columns": 16_384}
"""How many rows and columns a sheet has (Microsoft, Excel specifications and limits)."""


class UnmovableError(Exception):
    """What cannot follow with certainty; the message goes on after "insertion of 2 rows ..."."""


@dataclass(frozen=True)
class Shift:
    """`count` rows or columns inserted in front of number `at`; a negative count deletes from `at` on.

    `further` are insertions at places behind the first one, by the numbers from before, each with its count.

    >>> insertion = Shift("rows", 5, 2)
    >>> insertion.index(4), insertion.index(5), insertion.span(3, 6)
    (4, 7, (3, 8))
    >>> deletion = Shift("rows", 5, -2)
    >>> deletion.index(5), deletion.index(7), deletion.span(3, 6), deletion.span(5, 6)
    (None, 5, (3, 4), None)
    >>> several = Shift("rows", 5, 2, ((8, 1),))
    >>> several.index(7), several.index(8), several.span(3, 8)
    (9, 11, (3, 11))
    """

    axis: Axis
    at: int
    count: int
    further: tuple[tuple[int, int], ...] = ()

    @property
    def limit(self) -> int:
        """The last row or column of a sheet."""
        return LIMITS[self.axis]

    @property
    def behind(self) -> int:
        """The first number that moves: behind what is deleted, or where something is inserted."""
        return self.at + max(-self.count, 0)

    def by(self, number: int) -> int:
        """How many places a row or column moves that lies at or behind the first of them."""
        return self.count + sum(count for at, count in self.further if at <= number)

    def index(self, number: int) -> int | None:
        """The new number of a row or column; None if it is deleted.

        Raises UnmovableError for one that leaves the sheet.
        """
        if number < self.at:
            return number
        if number < self.behind:
            return None
        if number + self.by(number) > self.limit:
            raise UnmovableError(f"would push {self.axis[:-1]} {self.name(number)} off the sheet")
        return number + self.by(number)

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """The new ends of an area; None if all of it is deleted.

        An area that reaches to the end of the sheet goes on doing so, and one that spans the sheet stays.
        """
        if last == self.limit and first == 1:
            return first, last
        new_first = self.index(first) or self.at
        new_last = last if last == self.limit else self._last(last)
        return None if new_last < new_first else (new_first, new_last)

    def _last(self, number: int) -> int:
        number_after = self.index(number)
        return self.at - 1 if number_after is None else number_after

    def boundary(self, before: int) -> int:
        """The new place of a line between cells; `before` rows or columns lie in front of it.

        A line moves with what lies in front: rows inserted right behind it come behind it.

        >>> Shift("rows", 5, 2).boundary(4), Shift("rows", 5, 2).boundary(5)
        (4, 7)
        >>> Shift("rows", 5, -2).boundary(4), Shift("rows", 5, -2).boundary(9)
        (4, 7)
        """
        if before < self.at:
            return before
        return max(min(before + self.by(before), self.limit), self.at - 1)

    def cuts(self, first: int, last: int) -> bool:
        """Whether an area would be torn or lose a part of itself.

        >>> Shift("rows", 5, 2).cuts(3, 6), Shift("rows", 5, 2).cuts(5, 6), Shift("rows", 5, -2).cuts(5, 6)
        (True, False, False)
        """
        if self.count > 0:
            return any(first < at <= last for at in (self.at, *(at for at, _ in self.further)))
        overlaps = first < self.behind and last >= self.at
        return overlaps and not (self.at <= first and last < self.behind)

    def name(self, number: int) -> str:
        """A row or column as a sheet shows it."""
        return str(number) if self.axis == "rows" else column_letters(number)

    def __str__(self) -> str:
        one = self.axis[:-1]
        total = abs(self.by(self.limit))
        size = f"1 {one}" if total == 1 else f"{total} {self.axis}"
        places = f" and {len(self.further)} further places" if self.further else ""
        return f"of {size} at {one} {self.name(self.at)}{places}"
