"""A workbook's values with each case selected, and which differences from them are rounding."""

from __future__ import annotations

from collections.abc import Mapping

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.rounding import Differs, disagreements
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.what_if import cells_of_one_case, sheets_of_one_case
from xlwings_addin.proof.context import SELECTOR, Functions
from xlwings_addin.xlsx.package import CellKey, CellValue


class Calculated:
    """Every formula cell of a workbook in every case, and the calculation behind them.

    What-if tables about one case, and what shows them, are there in the selected case only.

    Raises UnevaluatedError if any formula has no trustworthy value.
    """

    def __init__(self, book: Book, calculation: Calculation, functions: Functions) -> None:
        self._functions = functions
        self._selector, self._calculation = book.at(SELECTOR), calculation
        self.selected = calculation.book.read(self._selector)
        self._tables_left, self._cells_left = sheets_of_one_case(book), cells_of_one_case(book)
        self.by_case = {case: self._values(case) for case in book.context.cases}

    def disagreements(
        self, case: str, expected: Mapping[CellKey, CellValue], differs: Differs
    ) -> dict[CellKey, str]:
        """The cells whose values in a case are not what is expected, and how, but for rounding.

        Nothing is calculated where all agree.
        """
        values = self.by_case[case]
        if not any(differs(values.get(at), value) for at, value in expected.items()):
            return {}
        self._values(case)
        return disagreements(self._calculation, expected, differs=differs)

    def _values(self, case: str) -> dict[CellKey, CellValue]:
        self._calculation.set_value(*self._selector, case)
        if case == self.selected:
            self._calculation.leave_tables(())
            return self._calculation.values()
        self._calculation.leave_tables(self._tables_left)
        values = self._calculation.values()
        return {at: value for at, value in values.items() if at not in self._cells_left}

    def with_tables(self, case: str) -> dict[CellKey, CellValue]:
        """The values in a case, those of the tables about another one among them.

        By an engine of its own, which ends with it: what a table sets takes memory as long as one lasts.
        """
        engine = Calculation(self._calculation.book.package, self._functions)
        engine.set_value(*self._selector, case)
        return engine.values()

    def left_in(self, case: str) -> frozenset[CellKey]:
        """The cells of tables that are calculated in the selected case only, in every other one."""
        return frozenset() if case == self.selected else self._cells_left
