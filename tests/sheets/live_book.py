"""The delivered workbook kept calculated: edit an input, read a line, ask the core about the same edit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.rounding import disagreements
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import replace_in_cases
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.sheets.spec import Live
from xlwings_addin.valuation.xiaomi import Results, evaluate
from xlwings_addin.xlsx.agreement import plain, strictly
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, read_values
from xlwings_addin.xlsx.relinking import with_formulas


class LiveBook:
    """A workbook and the core's results of its cases; an edit of an input reaches both."""

    def __init__(self, package: Package, *, live: Live = "cases") -> None:
        context = load_context(live=live)
        self.results = dict(context.results)
        self.book = Book(replace(context, results=self.results, made=context.made_for))
        self.package, self.typed = package, dict[CellKey, CellValue]()
        self.delivered, self.results_delivered = package, dict(self.results)
        self.calculation = Calculation(package, callbacks())
        self.formulas = [cell for cell in self.book.cells() if cell.has_formula]
        self.stored = [cell for cell in self.book.cells() if cell.entry.kind == "stored"]
        self.opening = self.selected = context.cases[0]
        self.select(self.selected)
        self.values_delivered = self.calculation.values()

    def take_back(self) -> bool:
        """Undo every edit; whether the book is, in every formula cell, what it was when it was opened."""
        if self.package is not self.delivered:
            return False  # a formula was typed over
        stored = read_values(self.delivered)
        for at in self.typed:
            self.calculation.set_value(*at, stored.get(at))
        self.typed.clear()
        self.results.clear()
        self.results.update(self.results_delivered)
        self.select(self.opening)
        return self.calculation.values() == self.values_delivered

    def __getitem__(self, reference: str) -> CellValue:
        """The value of the cell a reference names: `live["{sotp.value_per_share}"]`."""
        return self.calculation.value(*self.book.at(reference))

    def select(self, case: str) -> None:
        """Choose a case on the cover."""
        self.selected = case
        self.type({self.book.at(SELECTOR): case})

    def type(self, values: Mapping[CellKey, CellValue]) -> None:
        """Type values into cells; a formula that stands there goes, as it does when an analyst types."""
        self.typed |= values
        overwritten = {cell.at for cell in self.formulas if cell.at in values}
        if not overwritten:
            for at, value in values.items():
                self.calculation.set_value(*at, value)
            return
        self.package = with_formulas(self.package, {}, overwritten)
        self.formulas = [cell for cell in self.formulas if cell.at not in overwritten]
        self.calculation = Calculation(self.package, callbacks())
        for at, value in self.typed.items():
            self.calculation.set_value(*at, value)

    def change(self, case: str = "base", /, **values: object) -> Results:
        """Type inputs of a case into the book, and give the core's results for them.

        What other cases inherit from it follows in them. Sources keep what they say, as they do in a book an
        analyst edits. Raises `DomainError`, and changes nothing, for inputs that break a rule.
        """
        inputs = {name: results.inputs for name, results in self.results.items()}
        changed = {
            name: evaluate(replace(after, rows=inputs[name].rows))
            for name, after in replace_in_cases(inputs, case, **values).items()
            if after is not inputs[name]
        }
        position = list(self.results).index(case) + 1
        typed: dict[CellKey, CellValue] = {}
        for key, value in values.items():
            assert isinstance(value, str | float | int)
            typed[self.book.at(f"{{inputs.{key}:cases[{position}]}}")] = value
        self.type(typed)
        self.results |= changed
        return changed[case]

    def keep_results(self, cases: Collection[str] | None = None) -> None:
        """Put the results of every case, or of some, where the cover keeps them, as the build does."""
        selected, kept = self.selected, dict[CellKey, CellValue]()
        wanted = self.results if cases is None else {selected, *cases}
        for case in sorted(wanted, key=lambda name: name == selected):
            self.select(case)
            for cell in self.stored:
                if cell.entry.case == case:
                    kept[cell.at] = self.calculation.value(*self.book.at(cell.entry.formula or "", "cover"))
        self.type(kept)

    def differences(self) -> list[str]:
        """The formula cells that differ from the core in the selected case by more than rounding, and how."""
        results, cells = self.results[self.selected], {cell.at: cell for cell in self.formulas}
        expected = {cell.at: plain(value) for cell, value in self.book.all_expected(cells.values(), results)}
        return [
            f"{self.selected} {_place(cells[at])}: {difference}"
            for at, difference in disagreements(self.calculation, expected, differs=strictly).items()
        ]


def _place(cell: PlacedCell) -> str:
    return f"{cell.sheet.title}!{cell.address} ({cell.line.key if cell.line else 'heading'})"
