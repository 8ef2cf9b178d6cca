"""The cells of what-if data tables: the inputs are set in the engine, and the formula is read.

The engine knows no data tables (formualizer 0.13.0); to it their cells are plain ones that hold values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property

from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.exchange import from_engine, to_engine
from xlwings_addin.engine.gates import Gates, gates_of
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.engine.unevaluated import NO_RESULT, Unevaluated
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.data_tables import TableCell, data_tables
from xlwings_addin.xlsx.package import CellKey, CellValue

_ALWAYS_ONE = re.compile(r"IF\(COUNT\([^()\"]*\)<0,0,1\)")
_MANY = 64
"""Cells of tables from which on it is worth looking for gates."""
_MOST_ROUNDS = 8
"""Tables that hang on tables settle in as many rounds as there are in a row."""


class Tables:
    """The data tables of a loaded workbook."""

    def __init__(self, book: LoadedBook) -> None:
        self._book = book
        tables = [table for table in data_tables(book.package) if table.is_certain]
        self._cells: dict[tuple[tuple[CellKey, CellKey], ...], list[TableCell]] = {}
        for cell in (cell for table in tables for cell in table.cells()):
            self._cells.setdefault(cell.inputs, []).append(cell)
        self._by_values = self._inputs_by_values()
        self._due = {_entries(pairs) for pairs in self._cells}
        self._left = frozenset[str]()
        self._gates: dict[frozenset[CellKey], list[CellKey]] = {}

    def _inputs_by_values(self) -> set[frozenset[CellKey]]:
        """The input cells of tables that set them to constants: what stands in them changes no such table."""
        sources: dict[frozenset[CellKey], set[CellKey]] = {}
        for pairs in self._cells:
            sources.setdefault(_entries(pairs), set()).update(source for _, source in pairs)
        return {entries for entries, own in sources.items() if own.isdisjoint(self._book.formulas)}

    def forget(self, key: CellKey | None = None) -> None:
        """A cell, or something else, has changed: the tables where that may matter are due."""
        every = {_entries(pairs) for pairs in self._cells}
        if self._due >= every or (key is not None and not self._may_change(key)):
            return
        self._due |= {one for one in every if key not in one or one not in self._by_values}

    def _may_change(self, key: CellKey) -> bool:
        """Whether what a table shows, or an axis of it, hangs on a cell."""
        own = {*self._read, *(entry for pairs in self._cells for entry, _ in pairs)}
        return key in own or not own.isdisjoint(self._dependencies.hanging_on([key]))

    @cached_property
    def _dependencies(self) -> Dependencies:
        return Dependencies(self._book)

    @cached_property
    def _read(self) -> set[CellKey]:
        """The cells that tables show and those of their axes."""
        cells = [cell for together in self._cells.values() for cell in together]
        return {key for cell in cells for key in (cell.result, *(source for _, source in cell.inputs))}

    def leave(self, sheets: Iterable[str]) -> None:
        """Calculate the tables of these sheets no more, and those of all others again."""
        self._left = frozenset(sheets)

    @property
    def are_due(self) -> bool:
        """Whether a table that is not left as it is may show something else."""
        return any(not self._is_left(entries) for entries in self._due)

    def fill(self) -> list[Unevaluated]:
        """Calculate every cell that is not frozen and leave its value in the engine; those that failed."""
        failures: list[Unevaluated] = []
        for _ in range(_MOST_ROUNDS):
            failures, changed = [], False
            for cell, raw in self._values():
                reason = NO_RESULT.get(raw.get("kind", "")) if isinstance(raw, dict) else None
                if reason is not None:
                    failures.append(Unevaluated(*cell.key, "the cell of a data table", reason))
                    continue
                value = from_engine(raw)
                if value != self._book.read(cell.key):
                    changed = True
                    self._put(cell.key, to_engine(value))
            if not changed or not self._hang_on_others:
                break
        if not failures:
            self._due = {entries for entries in self._due if self._is_left(entries)}
        return failures

    def _is_left(self, entries: frozenset[CellKey]) -> bool:
        return any(sheet in self._left for sheet, _ in entries)

    @cached_property
    def _hang_on_others(self) -> bool:
        """Whether a table's formula or axis hangs on a cell of a table, so that one round may not do."""
        cells = [cell.key for together in self._cells.values() for cell in together]
        return not self._read.isdisjoint(self._dependencies.hanging_on(cells))

    def _values(self) -> list[tuple[TableCell, object]]:
        """Cells with the values of the tables' formulas; cells of the same inputs are evaluated together.

        An input keeps the value that it was given while the next cells want the same one: what hangs on it
        is not calculated again. All are read before the first is set, and are as they were in the end.
        """
        waiting = [
            (dict(inputs), cells)
            for inputs, together in self._cells.items()
            if _entries(inputs) in self._due
            and (cells := [cell for cell in together if self._is_wanted(cell.key)])
        ]
        keys = {key for inputs, _ in waiting for pair in inputs.items() for key in pair}
        before = {key: self._book.read(key) for key in keys}
        results: list[tuple[TableCell, object]] = []
        steady = [key for key in self._steady if waiting and self._book.read(key) == 1.0]
        for key in steady:
            self._put(key, 1.0)
        try:
            for sheet in dict.fromkeys(entry[0] for inputs, _ in waiting for entry in inputs):
                of_sheet = [(inputs, cells) for inputs, cells in waiting if sheet in {at[0] for at in inputs}]
                results += self._values_of(of_sheet, before)
        finally:
            for key in steady:
                self._restore(key, 1.0)
        return results

    def _values_of(
        self, waiting: list[tuple[dict[CellKey, CellKey], list[TableCell]]], before: dict[CellKey, CellValue]
    ) -> Iterator[tuple[TableCell, object]]:
        """The values of the tables whose input cells are on one sheet."""
        taken: dict[CellKey, CellKey] = {}
        gates = self._gates_for(waiting)
        try:
            for inputs, cells in waiting:
                progressed()
                for entry in [entry for entry in taken if entry not in inputs]:
                    self._restore(entry, before[entry])
                    del taken[entry]
                for entry, source in inputs.items():
                    if taken.get(entry) != source:
                        self._put(entry, to_engine(before[source]))
                        taken[entry] = source
                if gates is not None:
                    gates.pass_on()
                yield from zip(cells, self._results_of(cells), strict=True)
        finally:
            for entry in taken:
                self._restore(entry, before[entry])
            if gates is not None:
                gates.open()

    def _results_of(self, cells: list[TableCell]) -> list[object]:
        """What the formulas of some cells are with the inputs set now.

        To evaluate one cell the engine looks through everything that it rests on, changed or not, which takes
        longer than to evaluate all that has changed; but random numbers would change all that hangs on them.
        """
        from formualizer import ExcelEvaluationError

        workbook = self._book.workbook
        at = [(engine_name(cell.result[0]), *split_address(cell.result[1])) for cell in cells]
        if not self._has_random_numbers:
            with suppress(ExcelEvaluationError):  # of cells that these may not hang on
                workbook.evaluate_all()
                return [workbook.get_value(*place) for place in at]
        return [workbook.evaluate_cell(*place) for place in at]

    @cached_property
    def _has_random_numbers(self) -> bool:
        return any("RAND" in (self._book.texts.get(key) or "").upper() for key in self._book.formulas)

    def _gates_for(self, waiting: list[tuple[dict[CellKey, CellKey], list[TableCell]]]) -> Gates | None:
        """The gates behind what tables set, where there are enough cells for them to be worth it."""
        if len(waiting) < _MANY:
            return None
        entries = frozenset(entry for inputs, _ in waiting for entry in inputs)
        if entries not in self._gates:
            self._gates[entries] = gates_of(self._book, self._dependencies, entries)
        gates = [key for key in self._gates[entries] if key not in self._book.frozen]
        return Gates(self._book, gates) if gates else None

    @cached_property
    def _steady(self) -> list[CellKey]:
        """Formulas that read many cells and are 1 whatever these are: other programs need them, not this one.

        Without them a table cell calculates what its formula shows, and not every sheet.
        """
        formulas = self._book.formulas
        return [key for key in formulas if _ALWAYS_ONE.fullmatch(self._book.texts.get(key) or "")]

    def _is_wanted(self, key: CellKey) -> bool:
        return key not in self._book.frozen and key[0] not in self._left

    def _put(self, key: CellKey, value: object) -> None:
        self._book.pin(key)
        self._book.workbook.set_value(engine_name(key[0]), *split_address(key[1]), value)

    def _restore(self, key: CellKey, value: object) -> None:
        if key in self._book.formulas and key not in self._book.frozen:
            self._book.tell(key, self._book.told(key))
        else:
            self._put(key, to_engine(value))


def _entries(pairs: Iterable[tuple[CellKey, CellKey]]) -> frozenset[CellKey]:
    return frozenset(entry for entry, _ in pairs)
