"""Cells and areas as a file writes them, `$B$2:C9`, `A:C`, `1:3`, and how they move.

Source: ECMA-376 Part 1, 18.17.2.3 (cell references), 18.18.62 (`ST_Ref`), 18.18.76 (`ST_Sqref`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from xlwings_addin.xlsx.addresses import column_letters
from xlwings_addin.xlsx.moving.shift import LIMITS, Axis, Shift, UnmovableError

_COLUMN, _ROW = r"\$?[A-Za-z]{1,3}", r"\$?[1-9][0-9]{0,6}"
AREA = rf"(?:{_COLUMN}{_ROW}(?::{_COLUMN}{_ROW})?|{_COLUMN}:{_COLUMN}|{_ROW}:{_ROW})"
_CORNER = re.compile(r"(\$?)([A-Za-z]*)(\$?)([0-9]*)")


class Mark(NamedTuple):
    """One coordinate of a corner: its number from 1, whether a `$` stands before it, its letters if any."""

    number: int
    absolute: bool
    letters: str = ""

    def at(self, number: int) -> Mark:
        return self if number == self.number else Mark(number, self.absolute)


Marks = tuple[Mark, Mark] | None
"""The two ends of an area along one axis; None where it spans the whole sheet, as rows do in `A:C`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A cell or an area: its ends along both axes, as written. `single` is one cell without a colon."""

    rows: Marks
    columns: Marks
    single: bool

    def marks(self, axis: Axis) -> Marks:
        return self.rows if axis == "rows" else self.columns

    def ends(self, axis: Axis) -> tuple[int, int]:
        """First and last number along an axis, in that order."""
        marks = self.marks(axis)
        if marks is None:
            return 1, LIMITS[axis]
        first, last = sorted(mark.number for mark in marks)
        return first, last

    def with_marks(self, axis: Axis, marks: Marks) -> Reference:
        if axis == "rows":
            return Reference(marks, self.columns, self.single)
        return Reference(self.rows, marks, self.single)

    def __str__(self) -> str:
        first, last = (self._corner(at) for at in (0, 1))
        return first if self.single else f"{first}:{last}"

    def _corner(self, at: int) -> str:
        text = ""
        if self.columns is not None:
            mark = self.columns[at]
            text += "$" * mark.absolute + (mark.letters or column_letters(mark.number))
        if self.rows is not None:
            text += "$" * self.rows[at].absolute + str(self.rows[at].number)
        return text

    def translated(self, down: int, right: int) -> Reference:
        """The reference as a cell that lies further down and to the right means it: `$` parts stay.

        Raises UnmovableError where it would leave the sheet.
        """
        rows, columns = LIMITS["rows"], LIMITS["columns"]
        return Reference(
            _translated(self.rows, down, rows), _translated(self.columns, right, columns), self.single
        )

    def moved(self, shift: Shift, *, only_absolute: bool = False, wraps: bool = False) -> Reference | None:
        """The reference after a shift of its sheet; None if all that it means is deleted.

        `only_absolute` leaves coordinates without `$` alone, as names do; `wraps` lets them go round the end
        of the sheet, as formulas of conditional formats and validations do.
        """
        marks = self.marks(shift.axis)
        if marks is None:
            return self
        if only_absolute and not all(mark.absolute for mark in marks):
            return self._one_by_one(shift, marks)
        first, last = sorted(mark.number for mark in marks)
        if wraps and first + shift.by(first) > shift.limit and not any(mark.absolute for mark in marks):
            numbers = [mark.number + shift.by(mark.number) - shift.limit for mark in marks]
        else:
            ends = shift.span(first, last)
            if ends is None:
                return None
            numbers = [ends[0] if mark.number == first else ends[1] for mark in marks]
        return self.with_marks(shift.axis, (marks[0].at(numbers[0]), marks[1].at(numbers[1])))

    def _one_by_one(self, shift: Shift, marks: tuple[Mark, Mark]) -> Reference | None:
        new = [shift.index(mark.number) if mark.absolute else mark.number for mark in marks]
        if None in new:
            return None
        first, last = (mark.at(number or 1) for mark, number in zip(marks, new, strict=True))
        return self.with_marks(shift.axis, (first, last))


def _translated(marks: Marks, by: int, limit: int) -> Marks:
    if marks is None or by == 0:
        return marks
    first, last = (mark if mark.absolute else mark.at(mark.number + by) for mark in marks)
    for mark in (first, last):
        if not 1 <= mark.number <= limit:
            raise UnmovableError("meets a shared formula that refers to cells outside the sheet")
    return first, last


@lru_cache(maxsize=1 << 15)
def parse(text: str) -> Reference | None:
    """A reference without a sheet; None for a text that is none, `XFE1` among them.

    >>> str(parse("$B$2:c9")), str(parse("A:$C")), parse("Rate"), parse("XFE1")
    ('$B$2:c9', 'A:$C', None, None)
    """
    first, colon, last = text.partition(":")
    corners = [_CORNER.fullmatch(corner) for corner in ((first, last) if colon else (first, first))]
    if corners[0] is None or corners[1] is None:
        return None
    columns = [_column_mark(corner[1], corner[2]) for corner in corners if corner and corner[2]]
    rows = [_row_mark(corner) for corner in corners if corner and corner[4]]
    if len(columns) == 1 or len(rows) == 1 or not (columns or rows):
        return None
    if not colon and not (columns and rows):
        return None
    if any(not 1 <= mark.number <= LIMITS["columns"] for mark in columns):
        return None
    if any(not 1 <= mark.number <= LIMITS["rows"] for mark in rows):
        return None
    return Reference(_pair(rows), _pair(columns), not colon)


def _pair(marks: list[Mark]) -> Marks:
    return (marks[0], marks[1]) if marks else None


def _column_mark(dollar: str, letters: str) -> Mark:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return Mark(number, bool(dollar), letters)


def _row_mark(corner: re.Match[str]) -> Mark:
    """Without a column the first `$` is the row's."""
    return Mark(int(corner[4]), bool(corner[3] or (corner[1] and not corner[2])))


def moved_area(text: str, shift: Shift) -> str | None:
    """An area of the sheet that changes, such as a merged one, after the shift; None if it is deleted.

    >>> moved_area("B2:C9", Shift("rows", 5, 2)), moved_area("B5:C6", Shift("rows", 5, -2))
    ('B2:C11', None)
    """
    area = parse(text)
    if area is None:
        raise UnmovableError(f"meets an area that cannot be read, {text[:40]!r}")
    new = area.moved(shift)
    return None if new is None else str(new)


def moved_areas(text: str, shift: Shift) -> str | None:
    """A list of areas with spaces between; None if all are deleted.

    >>> moved_areas("A1 B5:B9", Shift("rows", 5, 1))
    'A1 B6:B10'
    """
    areas = [moved_area(area, shift) for area in text.split()]
    return " ".join(area for area in areas if area is not None) or None
