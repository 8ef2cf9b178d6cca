"""The cells of what-if data tables: the inputs are set in the engine, and the formula is read.

The engine knows no data tables (formualizer 0.13.0); to it their cells are plain ones that hold values.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.exchange import from_engine, to_engine
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.engine.unevaluated import NO_RESULT, Unevaluated
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.data_tables import TableCell, data_tables
from xlwings_addin.xlsx.package import CellKey

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
        self._own_inputs = self._inputs_of_all()
        self._is_filled = False

    def _inputs_of_all(self) -> set[CellKey]:
        """The cells that every table sets itself, to constants: what stands in them changes no table."""
        inputs = [{entry for entry, _ in pairs} for pairs in self._cells]
        sources = {source for pairs in self._cells for _, source in pairs}
        return set() if not inputs or sources & self._book.formulas.keys() else set.intersection(*inputs)

    def forget(self, key: CellKey | None = None) -> None:
        """A cell, or something else, has changed: the tables are calculated again if that may matter."""
        if key is None or key not in self._own_inputs:
            self._is_filled = False

    def __bool__(self) -> bool:
        return bool(self._cells)

    def fill(self) -> list[Unevaluated]:
        """Calculate every cell that is not frozen and leave its value in the engine; those that failed."""
        failures: list[Unevaluated] = []
        if self._is_filled:
            return failures
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
        self._is_filled = not failures
        return failures

    @cached_property
    def _hang_on_others(self) -> bool:
        """Whether a table's formula or axis hangs on a cell of a table, so that one round may not do."""
        cells = [cell for together in self._cells.values() for cell in together]
        read = {key for cell in cells for key in (cell.result, *(source for _, source in cell.inputs))}
        return not read.isdisjoint(Dependencies(self._book).hanging_on(cell.key for cell in cells))

    def _values(self) -> list[tuple[TableCell, object]]:
        """Cells with the values of the tables' formulas; cells of the same inputs are evaluated together.

        An input keeps the value that it was given while the next cells want the same one: what hangs on it
        is not calculated again. All are read before the first is set, and are as they were in the end.
        """
        waiting = [
            (dict(inputs), cells)
            for inputs, together in self._cells.items()
            if (cells := [cell for cell in together if cell.key not in self._book.frozen])
        ]
        keys = {key for inputs, _ in waiting for pair in inputs.items() for key in pair}
        before = {key: self._book.read(key) for key in keys}
        taken: dict[CellKey, CellKey] = {}
        results: list[tuple[TableCell, object]] = []
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
                results += zip(cells, self._results_of(cells), strict=True)
        finally:
            for entry in taken:
                self._restore(entry, before[entry])
        return results

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

    def _put(self, key: CellKey, value: object) -> None:
        self._book.pin(key)
        self._book.workbook.set_value(engine_name(key[0]), *split_address(key[1]), value)

    def _restore(self, key: CellKey, value: object) -> None:
        if key in self._book.formulas and key not in self._book.frozen:
            self._book.tell(key, self._book.told(key))
        else:
            self._put(key, to_engine(value))
