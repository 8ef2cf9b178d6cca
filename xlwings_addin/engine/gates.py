"""The formulas through which what a what-if table sets reaches the rest of a workbook.

The engine calculates all that may hang on a cell which was set, though a formula on the way has the value
that it had: an input of a model that a table does not set at this place, say. Where few formulas stand
between a table and everything else, these gates hold their values as constants, copies of them beside say
what they would be, and what is another value is passed on. What a table shows is the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from xlwings_addin.engine.areas import CellSet
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.exchange import from_engine, to_engine
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.xlsx.addresses import LAST_COLUMN, column_letters, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue

_WHOLE_ROWS = re.compile(r"(?<![A-Za-z0-9_$.])\$?[0-9]+:\$?[0-9]+(?![A-Za-z0-9_.])")
_WORTH_IT = 4
"""So many times the gates, and all before them, what hangs on a table has to be."""


def gates_of(book: LoadedBook, dependencies: Dependencies, entries: Collection[CellKey]) -> list[CellKey]:
    """The gates between input cells of one sheet and all that hangs on them; none if not worth it.

    What the input cells reach on their own sheet alone stands before the gates; a gate stands on another
    sheet and hangs on nothing else that hangs on the input cells.
    """
    sheets = {sheet for sheet, _ in entries}
    hanging = dependencies.hanging_on(entries) - set(entries)
    among = CellSet(hanging | set(entries))
    reads = {
        key: {cell for area in dependencies.reads(key) for cell in among.within(area)} - {key}
        for key in hanging
    }
    before = set(entries)
    while more := {key for key in hanging - before if key[0] in sheets and reads[key] <= before}:
        before |= more
    gates = [
        key
        for key in hanging - before
        if key[0] not in sheets and reads[key] <= before and _is_plain(book, key)
    ]
    worth_it = gates and _WORTH_IT * (len(gates) + len(before)) < len(hanging)
    return gates if worth_it and not _uses_last_column(book) else []


def _uses_last_column(book: LoadedBook) -> bool:
    """Whether something stands in the column for the copies, or a formula reads rows as a whole."""
    column = column_letters(LAST_COLUMN)
    parts = book.package.sheets().values()
    occupied = any(cell.address.startswith(column) for part in parts for cell in book.package.cells(part))
    return occupied or any(_WHOLE_ROWS.search(text) or column in text for text in set(book.texts.values()))


def _is_plain(book: LoadedBook, key: CellKey) -> bool:
    """Whether a formula is one cell's own, which the engine takes again as it was told it."""
    return book.formulas[key].kind == "normal" and key not in book.frozen and "[" not in book.told(key)


class Gates:
    """Gates that hold their values until `open`; copies of them stand in a column that nobody uses."""

    def __init__(self, book: LoadedBook, gates: Collection[CellKey]) -> None:
        self._book = book
        self._passed: dict[CellKey, CellValue] = {key: book.read(key) for key in gates}
        self._copies = {key: (engine_name(key[0]), book.places[key][0], LAST_COLUMN) for key in gates}
        for key, value in self._passed.items():
            book.pin(key)
            book.workbook.set_formula(*self._copies[key], f"={book.told(key)}")
            self._put(key, value)

    def pass_on(self) -> None:
        """Give those gates whose copies say something else that value."""
        # All that is due: to calculate single cells, the engine looks through everything they rest on first.
        self._book.workbook.evaluate_all()
        for key, copy in self._copies.items():
            value = from_engine(self._book.workbook.get_value(*copy))
            if value != self._passed[key]:
                self._put(key, value)
                self._passed[key] = value
        self._book.workbook.evaluate_all()

    def open(self) -> None:
        """Put the formulas back, and take the copies away."""
        for key, copy in self._copies.items():
            self._book.workbook.set_value(*copy, None)
            self._book.tell(key, self._book.told(key))

    def _put(self, key: CellKey, value: CellValue) -> None:
        self._book.workbook.set_value(engine_name(key[0]), *split_address(key[1]), to_engine(value))
