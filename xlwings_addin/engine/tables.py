"""The cells of what-if data tables: the inputs are set in the engine, and the formula is read.

The engine knows no data tables (formualizer 0.13.0); to it their cells are plain ones that hold values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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

    def __bool__(self) -> bool:
        return bool(self._cells)

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
            if not changed:
                break
        return failures

    def _values(self) -> Iterator[tuple[TableCell, object]]:
        """Cells with the values of the tables' formulas; cells of the same inputs are evaluated together."""
        for inputs, together in self._cells.items():
            cells = [cell for cell in together if cell.key not in self._book.frozen]
            if cells:
                progressed()
                yield from zip(cells, self._with_inputs(inputs, cells), strict=True)

    def _with_inputs(
        self, inputs: tuple[tuple[CellKey, CellKey], ...], cells: Sequence[TableCell]
    ) -> list[object]:
        """The values of the formulas of cells, with the inputs that these share."""
        before = {entry: self._book.read(entry) for entry, _ in inputs}
        taken = [(entry, to_engine(self._book.read(source))) for entry, source in inputs]
        evaluate = self._book.workbook.evaluate_cell
        try:
            for entry, value in taken:
                self._put(entry, value)
            return [evaluate(engine_name(cell.result[0]), *split_address(cell.result[1])) for cell in cells]
        finally:
            for entry, raw in before.items():
                self._restore(entry, raw)

    def _put(self, key: CellKey, value: object) -> None:
        self._book.pin(key)
        self._book.workbook.set_value(engine_name(key[0]), *split_address(key[1]), value)

    def _restore(self, key: CellKey, value: object) -> None:
        if key in self._book.formulas and key not in self._book.frozen:
            self._book.tell(key, self._book.told(key))
        else:
            self._put(key, to_engine(value))
