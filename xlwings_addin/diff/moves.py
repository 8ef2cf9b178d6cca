"""Where the rows and columns of a sheet went between two workbooks, and how a formula reads after that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from xlwings_addin.diff.difference import outside_texts
from xlwings_addin.diff.side import Cells, Place
from xlwings_addin.layout.references import HEADINGS
from xlwings_addin.proof.same_formula import host_neutral
from xlwings_addin.xlsx.addresses import column_letters, split_address
from xlwings_addin.xlsx.package import CellValue


class Moves:
    """Where each row and column of a sheet went.

    A row that was not matched went with the matched one above it, a column that was not matched stayed.
    """

    def __init__(self, rows: Mapping[int, int], columns: Mapping[int, int]) -> None:
        self.rows, self.columns, self._matched = rows, columns, sorted(rows)
        self._rows_back = {new: old for old, new in rows.items()}
        self._columns_back = {new: old for old, new in columns.items()}

    @property
    def has_any(self) -> bool:
        """Whether anything stands elsewhere now."""
        return any(old != new for axis in (self.rows, self.columns) for old, new in axis.items())

    def row(self, row: int) -> int:
        if row in self.rows:
            return self.rows[row]
        above = max((match for match in self._matched if match < row), default=None)
        return row if above is None else row - above + self.rows[above]

    def column(self, column: int) -> int:
        return self.columns.get(column, column)

    def back(self, at: Place) -> Place:
        """Where a place of the second stood in the first; row or column 0 where it did not."""
        row, column = at
        old = self._columns_back.get(column, 0 if column in self.columns else column)
        return self._rows_back.get(row, 0), old


def moves_between(one: Cells, other: Cells) -> Moves | None:
    """Where the cells of the first stand in the second; None where both are matched by address.

    Rows between two keys that have none of their own are matched by what they hold, then in their order.
    """
    if not (one.keys and other.keys):
        return None
    rows = {row: other.keys[key] for key, row in one.keys.items() if key in other.keys}
    theirs = _runs(other)
    for key, mine in _runs(one).items():
        rows |= _aligned(one, mine, other, theirs.get(key, ()))
    there, here = (dict(_headings(cells)) for cells in (one, other))
    return Moves(rows, {column: here[name] for name, column in there.items() if name in here})


def _headings(cells: Cells) -> Iterator[tuple[CellValue, int]]:
    """The typed headings of a sheet that stand there once, and their columns."""
    row = cells.rows[cells.keys[HEADINGS]]
    typed = {column: content.value for column, content in row.items() if not content.formula}
    counts = Counter(typed.values())
    return ((value, column) for column, value in typed.items() if value is not None and counts[value] == 1)


def _runs(cells: Cells) -> dict[str, list[int]]:
    """The rows without a key, by the key above them."""
    runs: dict[str, list[int]] = {}
    above = ""
    for row in sorted(cells.rows):
        if row in cells.lines:
            above = cells.lines[row]
        else:
            runs.setdefault(above, []).append(row)
    return runs


def _aligned(one: Cells, mine: Sequence[int], other: Cells, theirs: Sequence[int]) -> dict[int, int]:
    def typed(cells: Cells, row: int) -> tuple[object, ...]:
        return tuple(
            (column, content.formula or content.value)
            for column, content in cells.rows[row].items()
            if not content.is_blank
        )

    left, right = ([typed(cells, row) for row in rows] for cells, rows in ((one, mine), (other, theirs)))
    rows: dict[int, int] = {}
    for _, start, end, start_there, end_there in SequenceMatcher(None, left, right, False).get_opcodes():
        rows |= dict(zip(mine[start:end], theirs[start_there:end_there], strict=False))
    return rows


_AREA = re.compile(
    r"""(?<![\w.$'!\[\]]) (?P<sheet> (?: '(?:[^']|'')+' | [\w.]+ ) ! )?
        (?P<first> \$?[A-Z]{1,3}\$?[1-9]\d* ) (?: : (?P<last> \$?[A-Z]{1,3}\$?[1-9]\d* ) )? (?![\w.(!])""",
    re.VERBOSE,
)


_ENDS = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")
_NEWER_FUNCTION = re.compile(r"\s|_XLFN\.|_XLWS\.")
"""Space, and how files mark functions that came after Excel 2007."""


def followed(formula: str, title: str, moves: Mapping[str, Moves]) -> str:
    """A formula of a sheet as it reads after the rows and columns it refers to have moved.

    >>> followed('=A9+Data!$B$9*SUM(C8:$D9)&"A9"', "Mine", {"Mine": Moves({8: 8, 9: 10}, {4: 6})})
    '=A10+Data!$B$9*SUM(C8:$F10)&"A9"'
    """

    def end(text: str, move: Moves) -> str:
        fixed, letters, fixed_row, row = _ENDS.fullmatch(text).groups()  # type: ignore[union-attr]
        column = column_letters(move.column(split_address(f"{letters}1")[1]))
        return f"{fixed}{column}{fixed_row}{move.row(int(row))}"

    def moved(match: re.Match[str]) -> str:
        sheet = match["sheet"] or ""
        move = moves.get(sheet[:-1].strip("'").replace("''", "'") if sheet else title)
        if move is None:
            return match[0]
        last = f":{end(match['last'], move)}" if match["last"] else ""
        return f"{sheet}{end(match['first'], move)}{last}"

    return outside_texts(formula, lambda part: _AREA.sub(moved, part))


def plain_formula(formula: str) -> str:
    """A formula without what programs write differently and nobody means: spaces, letter case, prefixes."""
    return host_neutral(outside_texts(formula, lambda part: _NEWER_FUNCTION.sub("", part.upper())))
