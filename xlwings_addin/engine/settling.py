"""Evaluation of a loaded workbook until its values settle; a formula that is no array formula gives one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.cancelling import cancelling
from xlwings_addin.engine.exchange import from_engine
from xlwings_addin.engine.forms import shape_of
from xlwings_addin.engine.formulas import WORD, functions_in, single_valued
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.prepared import engine_name
from xlwings_addin.engine.tables import Tables
from xlwings_addin.engine.trees import tree_of
from xlwings_addin.engine.unevaluated import NO_RESULT, STOPS, Unevaluated, UnevaluatedError
from xlwings_addin.xlsx.addresses import cells_in, join_address
from xlwings_addin.xlsx.package import CellKey, CellValue

_MOST_ROUNDS = 20
"""Evaluations after which values that still change are random numbers."""

_SPILLS = re.compile(r"[{#@\[]")
_OF_SINGLE_VALUES = frozenset(
    (
        *("IF", "IFERROR", "AND", "OR", "NOT", "MIN", "MAX", "SUM", "AVERAGE", "ABS", "ROUND", "LN", "EXP"),
        *("DATE", "TEXT", "N", "ISNUMBER", "ISERROR", "ERROR.TYPE", "LEFT"),
    )
)
"""Functions that give one value where each argument is one."""


_OF_RANGES = frozenset(("SUMPRODUCT", "COUNT", "COUNTA", "PRODUCT", "MEDIAN", "STDEV", "VAR"))
"""Functions that give one value of ranges, as SUM, MIN and others above do too."""


def _shape(text: str) -> str:
    """What a formula gives, every range with a colon taken for several cells."""
    try:
        return shape_of(tree_of(text), lambda reference: ":" in reference)
    except ValueError:
        return "array"


class Settling:
    """The evaluation of one loaded workbook; it remembers which formulas were made to give one value."""

    def __init__(self, book: LoadedBook) -> None:
        self.book = book
        self._beside_blanks: list[CellKey] | None = None
        self._intersected: set[CellKey] = set()
        self._tables = Tables(book)
        self._dynamic = [key for key, formula in book.formulas.items() if formula.kind == "dynamic"]

    def forget_room(self) -> None:
        """A cell was filled or emptied: results may find room where they did not."""
        self._beside_blanks = None

    def forget_tables(self, key: CellKey | None = None) -> None:
        """A cell, or what is told of formulas, has changed: what-if tables may show something else."""
        self._tables.forget(key)

    def leave_tables(self, sheets: Iterable[str]) -> None:
        """The what-if tables of these sheets keep what they show; those of all others do not."""
        self._tables.leave(sheets)

    def settle(self) -> tuple[dict[CellKey, CellValue], list[Unevaluated]]:
        """The values of all formulas, dynamic arrays whole, and the formulas without a trustworthy one."""
        self._run_engine()
        raw = self.book.raw_values()
        spread, hindered = self._spread(), self._hindered(raw)
        uncertain = self._intersect(spread)
        if spread or hindered:
            self._intersect(hindered)
            self.forget_tables()
            self._run_engine()
            raw = self.book.raw_values()
        if self._zero_what_cancels(raw):
            self._run_engine()
            raw = self.book.raw_values()
        without, rounds = list(self._without_result(raw)), self.book.arrays + len(spread)
        if rounds and not without:
            raw = self._settled(raw, rounds=rounds)
            without = list(self._without_result(raw))
        failures: list[Unevaluated] = []
        if self._tables.are_due:
            failures = self._tables.fill()
            self._run_engine()
            raw = self.book.raw_values()
            without = list(self._without_result(raw))
        values: dict[CellKey, CellValue] = {
            key: value if type(value) is float and isfinite(value) else from_engine(value)
            for key, value in raw.items()
        }
        return values | self._overflow(), [*without, *uncertain, *failures]

    def _zero_what_cancels(self, raw: Mapping[CellKey, object]) -> bool:
        """Whether formulas were told to give 0 where a last subtraction cancels."""
        texts = list(cancelling(self.book, raw))
        for key, text in texts:
            self.book.tell(key, text)
            self.forget_tables(key)
        return bool(texts)

    def _run_engine(self) -> None:
        from formualizer import ExcelEvaluationError

        progressed()
        try:
            self.book.workbook.evaluate_all()
        except ExcelEvaluationError as error:
            raise UnevaluatedError(self._culprits(error)) from error
        if self.book.crashes:
            name, crash = self.book.crashes[0]
            raise BookError(
                "function", name, f"raised {type(crash).__name__}: {crash}", display=name
            ) from crash

    def _culprits(self, failure: Exception) -> list[Unevaluated]:
        """The cells on which the engine gives up, found one by one."""
        from formualizer import ExcelEvaluationError

        culprits = []
        for key, place in self.book.places.items():
            progressed()
            try:
                self.book.workbook.evaluate_cell(engine_name(key[0]), *place)
            except ExcelEvaluationError as error:
                culprits.append(Unevaluated(*key, f"={self.book.texts[key]}", f"{STOPS} ({error})"))
        return culprits or [Unevaluated("", "workbook", "the whole", f"{STOPS} ({failure})")]

    def _settled(self, raw: dict[CellKey, object], *, rounds: int) -> dict[CellKey, object]:
        """The values once no further evaluation changes any; `rounds` counts the results of several cells.

        The engine fills their cells while it evaluates others, and evaluates some that hang on them too early
        (formualizer 0.13.0). Each round is right for one more result of a chain.
        """
        for _ in range(min(rounds, _MOST_ROUNDS)):
            for key, formula in self.book.formulas.items():
                text = self.book.told(key)
                if text and formula.kind in ("normal", "shared") and key not in self.book.frozen:
                    self.book.tell_again(key)
            self._run_engine()
            before, raw = raw, self.book.raw_values()
            if raw == before:
                break
        return raw

    def _spread(self) -> list[CellKey]:
        """The formulas, none of them array formulas, whose result the engine has laid over several cells."""
        if self._beside_blanks is None:
            several = {text for text in set(self.book.patterns.values()) if not self._gives_one_value(text)}
            self._beside_blanks = [
                key
                for key, pattern in self.book.patterns.items()
                if pattern in several and self._is_beside_blank(key)
            ]
        return [key for key in self._beside_blanks if self.book.spill_area(key) is not None]

    def _hindered(self, raw: Mapping[CellKey, object]) -> list[CellKey]:
        """The formulas, none of them array formulas, whose several values find no room, or that use them."""
        spill = {"type": "Error", "kind": "Spill"}
        failed = ((key, value) for key, value in raw.items() if type(value) is dict)
        return [key for key, value in failed if value == spill and self._is_no_array(key)]

    def _is_no_array(self, key: CellKey) -> bool:
        """Whether a formula, calculated and not frozen, is to give one value."""
        is_plain = self.book.formulas[key].kind in ("normal", "shared")
        return is_plain and key not in self._intersected and key not in self.book.frozen

    def _is_beside_blank(self, key: CellKey) -> bool:
        """Whether a result of several cells would find room to the right or below."""
        row, column = self.book.places[key]
        beside = {(key[0], join_address(row, column + 1)), (key[0], join_address(row + 1, column))}
        return self._is_no_array(key) and not beside <= self.book.filled

    def _gives_one_value(self, text: str) -> bool:
        """Whether a formula cannot but give one value: single cells, and functions that make one of them."""
        if not self.book.name_words.isdisjoint(WORD.findall(text.upper())) or _SPILLS.search(text):
            return False
        functions = functions_in(text)
        if ":" not in text:
            return functions <= _OF_SINGLE_VALUES
        return functions <= _OF_SINGLE_VALUES | _OF_RANGES and _shape(text) == "value"

    def _intersect(self, several: Iterable[CellKey]) -> list[Unevaluated]:
        """Make formulas that are no array formulas give the one value they mean; those that leave it open."""
        uncertain = []
        several = list(several)
        names = self.book.single_cell_names if several else frozenset()
        for key in several:
            text = single_valued(self.book.told(key), self.book.own_names, names)
            if text is None:
                reason = "gives several values in one cell, and which one it means is not certain"
                uncertain.append(Unevaluated(*key, f"={self.book.texts[key]}", reason))
            else:
                self.book.tell(key, text)
                self._intersected.add(key)
        return uncertain

    def _without_result(self, raw: Mapping[CellKey, object]) -> Iterator[Unevaluated]:
        for key, value in raw.items():
            if type(value) is float:
                continue
            reason = NO_RESULT.get(value.get("kind", "")) if isinstance(value, dict) else None
            if value is None and self._is_left_out(key):
                reason = "is left out by the engine"
            if reason is not None and self.book.formulas[key].kind not in ("member", "dataTable"):
                yield Unevaluated(*key, f"={self.book.texts[key]}", reason)

    def _is_left_out(self, key: CellKey) -> bool:
        """Whether an empty value is that of a formula which the engine does not have."""
        is_calculated = self.book.formulas[key].kind not in ("member", "dataTable")
        return is_calculated and key not in self.book.frozen and self.book.has_dropped(key)

    def _overflow(self) -> dict[CellKey, CellValue]:
        """The values of dynamic arrays beyond the area that the file gives them."""
        overflow: dict[CellKey, CellValue] = {}
        for key in self._dynamic:
            area = self.book.spill_area(key) or key[1]
            places = [(key[0], cell) for cell in cells_in(area)]
            overflow.update({at: self.book.read(at) for at in places if at not in self.book.formulas})
        return overflow
