"""The answers that sheets keep, in a refresh: worked out anew unless they stand as they were written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import State, answers_in, name_of
from xlwings_addin.proof.answered import answer_cells, answers_of_book, as_asked, asked_references
from xlwings_addin.refresh.medium import Medium
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.package import CellKey, CellValue

LISTED = 3


class Answering:
    """The answers of a workbook under refresh; `new` are cells that it has just got.

    `notes` are what to tell of them.
    """

    def __init__(self, medium: Medium, book: Book, state: State | None, new: Collection[CellKey]) -> None:
        self.medium, self.book = medium, book
        self.cells = answer_cells(book)
        self.notes: list[str] = []
        self._marks: Mapping[str, int] = {} if state is None else state.answers
        self._rest_on = "" if state is None else state.answers_rest_on
        self._stand = self._as_written(new) and bool(self._rest_on)

    def _as_written(self, new: Collection[CellKey]) -> bool:
        """Whether every answer is there and is what was written; one that was typed over is named."""
        present = self.medium.values_of([cell.at for cell in self.cells])
        marks = answers_in(self.book, {cell.at: present.get(cell.at) for cell in self.cells})
        typed: list[str] = []
        for cell in self.cells:
            name = name_of(self.book, cell)
            if cell.at not in new and self._marks.get(name, marks[name]) != marks[name]:
                typed.append(f"{cell.sheet.title}!{cell.address} {present.get(cell.at, 'blank')}")
        if typed:
            more = f" and {len(typed) - LISTED} more" if len(typed) > LISTED else ""
            listed = f"{', '.join(typed[:LISTED])}{more}"
            self.notes.append(f"typed over an answer, which is worked out anew: {listed}")
        return (
            not typed
            and self._marks.keys() >= marks.keys()
            and not any(cell.at in new for cell in self.cells)
        )

    def answers(self, context: Callable[[], Context], case: str) -> dict[CellKey, CellValue]:
        """What the core answers in a case for the inputs that a workbook holds; nothing where that is there.

        `context` gives them as the core has them, or raises why it cannot.
        """
        if not self.cells:
            return {}
        kept: dict[str, str] = {}
        answers: dict[CellKey, CellValue] = {}
        rest_on = ""
        try:
            asked = self.medium.values_of([self.book.at(name) for name in asked_references(self.book)])
            made = as_asked(context(), self.book, asked, case=case)
            rest_on = made.rests_on
            if self._stand and rest_on == self._rest_on:
                return {}
            answers = answers_of_book(self.book.of(made, {cell.sheet.key for cell in self.cells}), kept)
        except ValuationError as error:
            kept = dict.fromkeys((cell.sheet.title for cell in self.cells), str(error))
        for reason in dict.fromkeys(kept.values()):
            titles = ", ".join(title for title in kept if kept[title] == reason)
            self.notes.append(f"answers kept as they were on {titles}: {reason}")
        self._marks = {**self._marks, **answers_in(self.book, answers)}
        self._rest_on = "" if kept else rest_on
        return answers

    def recorded(self, state: State) -> State:
        """The record of the refresh, with the marks of the answers and what they rest on."""
        return replace(state, answers={**self._marks, **state.answers}, answers_rest_on=self._rest_on)
