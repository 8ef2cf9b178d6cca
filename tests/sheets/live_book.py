"""The delivered workbook kept calculated: edit an input, read a line, ask the core about the same edit."""

from __future__ import annotations

from dataclasses import replace

from udfs.registry import callbacks
from xlwings_addin.book.agreement import disagreement
from xlwings_addin.book.calculate import Calculation
from xlwings_addin.book.context import SELECTOR, load_context
from xlwings_addin.book.package import CellValue, Package
from xlwings_addin.book.references import Book, Cell
from xlwings_addin.model.xiaomi import Results, evaluate
from xlwings_addin.sheets.spec import Context


class LiveBook:
    """A workbook and the core's results of its cases; an edit of an input reaches both."""

    def __init__(self, package: Package) -> None:
        context = load_context()
        self.results = dict(context.results)
        self.book = Book(Context(context.tables, self.results))
        self.calculation = Calculation(package, callbacks())
        self.formulas = [cell for cell in self.book.cells() if cell.entry.kind == "formula"]
        self.stored = [cell for cell in self.book.cells() if cell.entry.kind == "stored"]
        self.selected = context.cases[0]
        self.select(self.selected)

    def __getitem__(self, reference: str) -> CellValue:
        """The value of the cell a reference names: `live["{sotp.value_per_share}"]`."""
        return self.calculation.value(*self.book.at(reference))

    def select(self, case: str) -> None:
        """Choose a case on the cover."""
        self.selected = case
        self.calculation.set_value(*self.book.at(SELECTOR), case)

    def change(self, case: str = "base", /, **values: object) -> Results:
        """Type inputs of a case into the book, and give the core's results for them.

        Sources keep what they say, as they do in a book an analyst edits. Raises `DomainError`, and changes
        nothing, for inputs that break a rule.
        """
        before = self.results[case].inputs
        changed = evaluate(replace(before.replace(**values), rows=before.rows))
        position = list(self.results).index(case) + 1
        for key, value in values.items():
            assert isinstance(value, str | float | int)
            self.calculation.set_value(*self.book.at(f"{{inputs.{key}:cases[{position}]}}"), value)
        self.results[case] = changed
        return changed

    def keep_results(self) -> None:
        """Put the selected case's results where the cover keeps them, as the build does."""
        kept = {
            cell.at: self.book.at(cell.entry.formula or "", cell.sheet.key)
            for cell in self.stored
            if cell.entry.case == self.selected
        }
        values = self.calculation.values(kept.values())
        for at, result in kept.items():
            self.calculation.set_value(*at, values[result])

    def differences(self) -> list[str]:
        """The formula cells that differ from the core in the selected case, and how."""
        values, results = self.calculation.values(), self.results[self.selected]
        return [
            f"{self.selected} {_place(cell)}: {difference}"
            for cell in self.formulas
            if (difference := disagreement(values.get(cell.at), self.book.expected(cell, results)))
        ]


def _place(cell: Cell) -> str:
    return f"{cell.sheet.title}!{cell.address} ({cell.line.key if cell.line else 'heading'})"
