"""The results that a book keeps of its cases, in a refresh: what was typed over is named before it goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.layout.state import State, marks_in, name_of
from xlwings_addin.proof.reading import stands
from xlwings_addin.refresh.growth.growth import listed
from xlwings_addin.refresh.medium import Medium
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, CellValue

LISTED = 3


class KeptResults:
    """The cells that keep the result of a case; `new` are those that the book has just got.

    A result that is not what the record says was written was typed over. A formula in its place stays.
    """

    def __init__(self, medium: Medium, book: Book, state: State | None, new: Collection[CellKey]) -> None:
        self.book = book
        places = {
            cell.at: cell for cell in book.cells() if cell.entry.kind == "stored" and stands(cell, book.rows)
        }
        self.formulas = _formulas_at(places, medium) if medium.sees_formulas else {}
        self.cells = {at: cell for at, cell in places.items() if at not in self.formulas}
        self._before = medium.values_of(list(self.cells))
        self._written = {} if state is None else state.answers
        there = [cell for at, cell in self.cells.items() if at not in new]
        self._typed = [cell for cell in there if self._is_typed_over(cell)]
        self._unrecorded = [cell for cell in there if name_of(book, cell) not in self._written]

    def _is_typed_over(self, cell: PlacedCell) -> bool:
        mark = marks_in(self.book, [cell], {cell.at: self._before.get(cell.at)})
        name = name_of(self.book, cell)
        return self._written.get(name, mark[name]) != mark[name]

    def notes(self, results: Mapping[CellKey, CellValue]) -> list[str]:
        """What to tell of results that give way to `results`."""
        notes = []
        if self.formulas:
            told = listed([f"{sheet}!{cell} {text}" for (sheet, cell), text in self.formulas.items()], LISTED)
            notes.append(f"formulas in place of the results of cases stay: {told}")
        if self._typed:
            told = listed([self._place(cell) for cell in self._typed], LISTED)
            notes.append(f"typed over the result of a case, which is worked out anew: {told}")
        replaced = [
            f"{self._place(cell)} to {results[cell.at]}"
            for cell in self._unrecorded
            if cell not in self._typed
            and cell.at in results
            and disagreement(self._before.get(cell.at), results[cell.at])
        ]
        if replaced:
            told = listed(replaced, LISTED)
            notes.append(f"results of cases, of which no record says who wrote them, are replaced: {told}")
        return notes

    def _place(self, cell: PlacedCell) -> str:
        return f"{cell.sheet.title}!{cell.address} {self._before.get(cell.at, 'blank')}"

    def marks(self, results: Mapping[CellKey, CellValue]) -> dict[str, int]:
        """The marks of what the cells keep from now on; of one that stays as it is, its former mark."""
        cells = [cell for at, cell in self.cells.items() if at in results]
        return marks_in(self.book, cells, results)


def _formulas_at(places: Collection[CellKey], medium: Medium) -> dict[CellKey, str]:
    contents = {at: medium.read(at[0]).get(at[1]) for at in places}
    return {at: text for at, text in contents.items() if isinstance(text, str) and text.startswith("=")}
