"""The file as the first witness of its own values: what the engine does not reproduce is not trusted.

    witness = Witness(package, functions)      evaluates once and holds every value against the stored one
    outcome = witness.outcome()                what the file should show when nothing changes but what is due
    outcome = witness.outcome(inputs)          the same with inputs changed

A formula whose stored value the engine does not reproduce, or that it cannot calculate, goes into the engine
as its stored value, so that what hangs on it is calculated from the right number; one that differs by no more
than rounding leaves where large figures cancel is trusted (`engine.rounding`). Where such a formula hangs
on a change, `outcome` stops and names it, or keeps it and all that hang on it (`keep=True`).

Due are the cells without a stored value, the volatile ones, and those that show #NAME? because they were
calculated without our functions; with all that hang on them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.dependencies import Dependencies
from xlwings_addin.engine.exchange import Udf
from xlwings_addin.engine.formulas import functions_in, words_in
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.rounding import LeftOver
from xlwings_addin.engine.unevaluated import NO_RESULT, STOPS, Unevaluated, UnevaluatedError
from xlwings_addin.xlsx.addresses import cells_in
from xlwings_addin.xlsx.package import CellKey, CellValue, Source, read_package, read_values

RELATIVE = 1e-9
_ZERO = 1e-12
"""What counts as zero beside a stored or computed zero."""
_NEVER = re.compile(r"\bNOW\(\)<0\b")
_VOLATILE = frozenset(("NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY", "INFO"))
_DYNAMIC = frozenset(("OFFSET", "INDIRECT", "ANCHORARRAY", "_XLFN.ANCHORARRAY"))
"""What takes its cells from a calculation; the engine gives up where that goes in too many rounds."""
_MOST_ROUNDS = 12
"""Rounds in which doubtful formulas are told from those that only hang on them."""
_LISTED = 10


class Distrust(NamedTuple):
    """A formula that is not trusted: what the file stores, what the engine computes, and why."""

    sheet: str
    cell: str
    formula: str
    stored: CellValue
    computed: CellValue
    reason: str

    @property
    def key(self) -> CellKey:
        return self.sheet, self.cell

    @property
    def place(self) -> str:
        """Where it stands: `Sheet!A1`."""
        return f"{self.sheet}!{self.cell}"

    @property
    def is_faulty(self) -> bool:
        """Whether the formula is at fault and not the engine: it hangs on itself or cannot be parsed."""
        return self.reason in (NO_RESULT["Circ"], NO_RESULT["Error"])


class UntrustedError(UnevaluatedError):
    """Formulas that hang on a change and cannot be calculated with certainty; `distrusts` lists them all."""

    def __init__(self, distrusts: Collection[Distrust]) -> None:
        self.distrusts = list(distrusts)
        cells = [Unevaluated(cell.sheet, cell.cell, _cut(cell.formula), cell.reason) for cell in distrusts]
        super().__init__(cells)
        others = [cell.place for cell in self.distrusts[1:_LISTED]]
        if others:
            more = len(self.distrusts) - 1 - len(others)
            listed = ", ".join(others) + (f" and {more:,} more" if more else "")
            self.args = (f"{self.args[0].rpartition(' (and ')[0]} (also {listed})",)


@dataclass(frozen=True)
class Outcome:
    """What the formula cells of a workbook are to show.

    `values` are those of all of them, `new` those that were calculated because they are due or hang on a
    change; all others keep their stored bytes. `kept` are the formulas that could not be calculated although
    they should have been, with all that hang on them in `stale`; `doubted` those that need not be calculated
    and that the engine does not reproduce.
    """

    values: dict[CellKey, CellValue]
    new: dict[CellKey, CellValue]
    reproduced: int
    kept: list[Distrust] = field(default_factory=list)
    stale: frozenset[CellKey] = frozenset()
    doubted: list[Distrust] = field(default_factory=list)

    @property
    def calculated(self) -> int:
        """How many cells got a calculated value."""
        return len(self.new)


Doubted = Callable[[LoadedBook, Iterable[CellKey], Mapping[CellKey, CellValue]], Mapping[CellKey, str]]
"""Tells of a book's cells, with their values, which values are not certain, and why."""


class Witness:
    """A workbook loaded and evaluated once, its stored values held against the engine's.

    `udfs` as for `calculate.recalculate`. `stored_values_are_old` says that the file was edited after its
    values were stored: then they witness nothing, and every formula is due. `due` are formulas that are new
    in the file, `distrusted` those that are not trusted for what the former file has shown. With
    `tables_are_right` what-if tables are taken as they are stored until something changes.
    Raises UnevaluatedError where the engine gives up on the whole, and what `Calculation` raises.
    """

    def __init__(
        self,
        source: Source,
        udfs: Mapping[str, Udf],
        *,
        stored_values_are_old: bool = False,
        due: Collection[CellKey] = (),
        distrusted: Iterable[Distrust] = (),
        tables_are_right: bool = False,
    ) -> None:
        self.package = read_package(source)
        self.calculation = Calculation(self.package, udfs)
        self._book = self.calculation.book
        stored = read_values(self.package)
        self.stored = {key: stored.get(key) for key in self._book.formulas}
        self.untrusted: dict[CellKey, Distrust] = {}
        self._left_over: set[CellKey] = set()
        self._with_array: set[CellKey] = set()
        self._holds_nothing = stored_values_are_old or self._holds_no_values()
        self.due = self._due(self._holds_nothing)
        if new := self._book.formulas.keys() & set(due) - self.due:
            self.due |= self.dependencies.hanging_on(new)
        self._witnessed = self._book.formulas.keys() - self.due
        self._distrust(
            {distrust.key: distrust for distrust in distrusted if distrust.key in self._book.formulas}
        )
        self._tables_wait = tables_are_right
        self.calculation.leave_tables(self._book.sheets if tables_are_right else ())
        self._values = self._examined()
        self.calculation.leave_tables(())

    @property
    def reproduced(self) -> frozenset[CellKey]:
        """The formula cells whose stored values the engine reproduces."""
        return frozenset(self._witnessed - self.untrusted.keys() - self._with_array)

    @cached_property
    def dependencies(self) -> Dependencies:
        """What hangs on what."""
        return Dependencies(self._book)

    def affected(self, changed: Collection[CellKey]) -> set[CellKey]:
        """The formula cells whose values a change of some cells may change, and those that are due anyway."""
        formulas = self._book.formulas.keys()
        if len(self.due) == len(formulas):
            return set(formulas)
        if not changed and not self.due:
            return set()
        return {key for key in self.dependencies.hanging_on({*changed, *self.due}) if key in formulas}

    def outcome(self, changes: Mapping[CellKey, CellValue] | None = None, *, keep: bool = False) -> Outcome:
        """The values of all formula cells with `changes` in the cells that they name.

        Raises UntrustedError where a formula that is not trusted hangs on a change, unless `keep` says to
        keep its stored value; BookError for an input that cannot be set.
        """
        affected = self.affected(changes or {})
        blocked = {key: self.untrusted[key] for key in affected & self.untrusted.keys()}
        self._stop(blocked, keep)
        for key, value in (changes or {}).items():
            self.calculation.set_value(*key, value)
        values = self._values
        if changes or (self._tables_wait and self.due):
            values, unevaluated = self._attempt()
            failed = {key: cell for key, cell in unevaluated.items() if key not in self.untrusted}
            blocked |= failed
            self._stop(failed, keep)
        stale = self.dependencies.hanging_on(blocked) if blocked else set()
        return self._told(values, affected, blocked, stale)

    def believed(self, outcome: Outcome, doubted: Doubted, *, keep: bool = False) -> Outcome:
        """An outcome without the values that nothing witnesses and that `doubted` says are not certain.

        Raises UntrustedError for such a value, unless `keep` says to leave it and what hangs on it as stored.
        """
        unwitnessed = [
            key
            for key in outcome.new
            if key in self._book.texts and (self._holds_nothing or self.stored[key] is None)
        ]
        reasons = doubted(self._book, unwitnessed, outcome.values) if unwitnessed else {}
        if not reasons:
            return outcome
        blocked = {key: self._because(key, reason, outcome.values[key]) for key, reason in reasons.items()}
        self._stop(blocked, keep)
        blocked |= {cell.key: cell for cell in outcome.kept}
        stale = self.dependencies.hanging_on(blocked)
        new = {key: value for key, value in outcome.new.items() if key not in stale}
        return replace(
            outcome,
            values={**self.stored, **new},
            new=new,
            kept=self._in_order(blocked.values()),
            stale=frozenset(stale),
        )

    def _told(
        self,
        values: Mapping[CellKey, CellValue],
        affected: set[CellKey],
        blocked: Mapping[CellKey, Distrust],
        stale: set[CellKey],
    ) -> Outcome:
        new = {key: values[key] for key in values if key in affected and key not in stale}
        new |= {key: value for key, value in values.items() if key not in self._book.formulas}
        doubted = [cell for key, cell in self.untrusted.items() if key not in blocked]
        return Outcome(
            values={**self.stored, **new},
            new=new,
            reproduced=len(self.reproduced - affected),
            kept=self._in_order(blocked.values()),
            stale=frozenset(stale),
            doubted=self._in_order(doubted),
        )

    def _stop(self, blocked: Mapping[CellKey, Distrust], keep: bool) -> None:
        if blocked and not keep:
            raise UntrustedError(self._in_order(blocked.values()))

    def _in_order(self, distrusts: Iterable[Distrust]) -> list[Distrust]:
        sheets = {sheet: at for at, sheet in enumerate(self._book.sheets)}
        return sorted(distrusts, key=lambda cell: (sheets.get(cell.sheet, -1), self._book.places[cell.key]))

    # --- what is due ------------------------------------------------------------------------------------

    def _due(self, everything: bool) -> set[CellKey]:
        if everything:
            return set(self._book.formulas)
        texts = self._book.patterns
        ours = self._words_calling(self._book.own_names)
        due = {key for key, value in self.stored.items() if value is None}
        due |= {key for key, value in self.stored.items() if value == "#NAME?" and _calls(texts[key], ours)}
        due |= self.volatile
        return self.dependencies.hanging_on(due) if due else due

    @cached_property
    def volatile(self) -> frozenset[CellKey]:
        """The formula cells that are another by the day, or by chance; `NOW()<0` is never true."""
        words, texts = self._words_calling(_VOLATILE), self._book.patterns
        moving = {text for text in set(texts.values()) if _calls(_NEVER.sub("", text), words)}
        return frozenset(key for key, text in texts.items() if text in moving) if moving else frozenset()

    def _words_calling(self, functions: Collection[str]) -> frozenset[str]:
        """Functions, and the defined names whose formulas call them, in capitals."""
        words = set(functions)
        names = {name.upper(): text for name, text in self._book.names.items()}
        while more := {name for name, text in names.items() if name not in words and _calls(text, words)}:
            words |= more
        return frozenset(words)

    def _holds_no_values(self) -> bool:
        """Whether a library that does not calculate has stored 0 in every formula, as XlsxWriter does."""
        settings = self.package.tree(self.package.workbook_part).find("{*}calcPr")
        on_load = settings is not None and settings.get("fullCalcOnLoad") in ("1", "true")
        return on_load and all(value is None or value == 0.0 for value in self.stored.values())

    # --- what is trusted ----------------------------------------------------------------------------------

    def _examined(self) -> dict[CellKey, CellValue]:
        """The engine's values with every formula that is not trusted replaced by its stored value."""
        values, unevaluated = self._attempt_without_culprits()
        for _ in range(_MOST_ROUNDS):
            doubtful = self._doubtful(values, unevaluated)
            if not doubtful:
                return values
            first = {key: doubtful[key] for key in self.dependencies.first_of(doubtful.keys())}
            excused = self._excused(first)
            self._left_over |= excused
            if first.keys() - excused:
                self._distrust({key: cell for key, cell in first.items() if key not in excused})
                values, unevaluated = self._attempt_without_culprits()
        self._distrust(self._doubtful(values, unevaluated))
        return self._attempt()[0]

    def _attempt_without_culprits(self) -> tuple[dict[CellKey, CellValue], dict[CellKey, Distrust]]:
        """An attempt without the formulas at which the engine gives up on the whole; they are not trusted."""
        while True:
            try:
                return self._attempt()
            except UnevaluatedError as failure:
                formulas, frozen = self._book.formulas.keys(), self._book.frozen.keys()
                places = {(cell.sheet, cell.cell): cell.reason for cell in failure.cells}
                culprits = {key: reason for key, reason in places.items() if key in formulas - frozen}
                if not culprits:
                    reason = failure.cells[-1].reason
                    suspects = self._suspects() if reason.startswith(STOPS) else ()
                    culprits = dict.fromkeys(suspects, reason)
                if not culprits or self._holds_nothing:
                    raise
                self._distrust({key: self._because(key, reason) for key, reason in culprits.items()})

    def _suspects(self) -> list[CellKey]:
        """Formulas at which the engine may give up: that take their cells from a calculation, else arrays."""
        words, frozen = self._words_calling(_DYNAMIC), self._book.frozen
        dynamic = [
            key for key, text in self._book.patterns.items() if _calls(text, words) and key not in frozen
        ]
        arrays = ("array", "dynamic")
        return dynamic or [
            key
            for key, formula in self._book.formulas.items()
            if formula.kind in arrays and key not in frozen
        ]

    def _excused(self, doubtful: Mapping[CellKey, Distrust]) -> set[CellKey]:
        """Those whose stored value differs by no more than rounding leaves where large figures cancel."""
        left_over = LeftOver(self.calculation)
        return {
            key
            for key, cell in doubtful.items()
            if isinstance(cell.computed, float) and left_over.explains(key, cell.stored)
        }

    def _doubtful(
        self, values: Mapping[CellKey, CellValue], unevaluated: Mapping[CellKey, Distrust]
    ) -> dict[CellKey, Distrust]:
        doubtful = {key: cell for key, cell in unevaluated.items() if key not in self.untrusted}
        differing = [
            key
            for key, stored in self.stored.items()
            if (computed := values[key]) != stored or type(computed) is not type(stored)
        ]
        for key in differing:
            if key in self.due or key in self.untrusted or key in self._left_over or key in doubtful:
                continue
            if key in self._with_array:
                continue
            stored, computed = self.stored[key], values[key]
            if not is_reproduced(stored, computed):
                reason = f"stores {in_message(stored)} where the engine computes {in_message(computed)}"
                doubtful[key] = self._because(key, reason, computed)
        return doubtful

    def _distrust(self, doubtful: Mapping[CellKey, Distrust]) -> None:
        self.untrusted |= doubtful
        for key in doubtful:
            self._book.freeze(key, self.stored[key])
            for member in self._filled_by(key):  # what an array formula fills stays with it, and is not named
                self._book.freeze(member, self.stored[member])
                self._with_array.add(member)

    def _filled_by(self, key: CellKey) -> list[CellKey]:
        """The other cells of an array formula's area."""
        formula = self._book.formulas[key]
        if formula.kind not in ("array", "dynamic"):
            return []
        cells = ((key[0], cell) for cell in cells_in(formula.area))
        return [
            cell
            for cell in cells
            if cell in self._book.formulas and self._book.formulas[cell].kind == "member"
        ]

    def _because(self, key: CellKey, reason: str, computed: CellValue = None) -> Distrust:
        return Distrust(*key, f"={self._book.texts[key]}", self.stored[key], computed, reason)

    def _attempt(self) -> tuple[dict[CellKey, CellValue], dict[CellKey, Distrust]]:
        """The engine's values, and by cell the formulas to which it has no answer."""
        values, unevaluated = self.calculation.attempt()
        reasons: dict[CellKey, str] = {}
        for cell in unevaluated:
            keys = [(cell.sheet, cell.cell)] if cell.sheet else self._using(cell.cell)
            reasons |= dict.fromkeys((key for key in keys if key in self._book.formulas), cell.reason)
        return values, {
            key: self._because(key, reason) for key, reason in reasons.items() if key not in self._book.frozen
        }

    def _using(self, name: str) -> list[CellKey]:
        """The cells whose formulas use a defined name, directly or through others."""
        words = {name.upper()}
        names = {other.upper(): text for other, text in self._book.names.items()}
        while more := {other for other, text in names.items() if other not in words and _has(text, words)}:
            words |= more
        return [key for key, pattern in self._book.patterns.items() if _has(pattern, words)]


def is_reproduced(stored: CellValue, computed: CellValue) -> bool:
    """Whether an engine's value is the stored one: numbers within 1e-9 relative, all else equal.

    >>> is_reproduced(1.0, 1.0 + 1e-12), is_reproduced(0.0, 5e-17), is_reproduced("a", None)
    (True, True, False)
    """
    if isinstance(stored, bool) or isinstance(computed, bool):
        return stored is computed
    if isinstance(stored, float) and isinstance(computed, float):
        near_zero = _ZERO if 0.0 in (stored, computed) else 0.0
        return math.isclose(stored, computed, rel_tol=RELATIVE, abs_tol=near_zero)
    return type(stored) is type(computed) and stored == computed


def in_message(value: CellValue) -> str:
    """A value as a message shows it, long texts cut.

    >>> in_message(None), in_message(1250.0), in_message("x" * 60)
    ('nothing', '1250', "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'")
    """
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:.15g}"
    return repr(f"{value[:40]}..." if isinstance(value, str) and len(value) > 40 else value)


def _cut(text: str, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _calls(text: str, words: Collection[str]) -> bool:
    return not functions_in(text).isdisjoint(words) or _has(text, words)


def _has(text: str, words: Collection[str]) -> bool:
    return any(word in words for word in words_in(text))
