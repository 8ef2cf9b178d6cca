"""Inputs that remember what was asked of them: two sets of inputs that agree in it have one value.

seen = SeenInputs(inputs)
evaluate(seen.inputs)                          reads scalars, figures, the calendar
seen.has_seen_scalar("tax_rate")               whether it read that input
seen.has_seen_figure("revenue", "2026Q3")      whether it read that figure, or that there is none
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.inputs.calendar import Calendar
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.tables import Row, Tables

Key = TypeVar("Key")
Item = TypeVar("Item")

EVERYTHING = "*"
"""Asked for as a key or a period: whatever there is of it was read."""


class SeenMapping(Mapping[Key, Item]):
    """A mapping that remembers which keys were asked for; who goes through it has asked for all."""

    def __init__(self, values: Mapping[Key, Item]) -> None:
        self._values, self.keys_seen = values, set[object]()

    def __getitem__(self, key: Key) -> Item:
        self.keys_seen.add(key)
        return self._values[key]

    def __iter__(self) -> Iterator[Key]:
        self.keys_seen.add(EVERYTHING)
        return iter(self._values)

    def __len__(self) -> int:
        self.keys_seen.add(EVERYTHING)
        return len(self._values)


class SeenTables:
    """Tables that remember which figures were asked for, as `Tables` gives them.

    What is worked out of the figures is worked out anew, so that every figure behind it is asked for. What a
    valuation has not asked so far counts as everything.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.company: Company = tables.company
        self.worked_out: dict[object, Any] = {}
        self.figures: SeenMapping[tuple[str, str], tuple[Row, ...]] = SeenMapping(tables.figures)
        self.calendar_seen = False

    @property
    def seen(self) -> set[object]:
        """Keys with periods that were asked for, or that there was no figure of."""
        return self.figures.keys_seen

    @property
    def calendar(self) -> Calendar:
        self.calendar_seen = True
        return self._tables.calendar

    def row(self, key: str, period: str = "") -> Row:
        self.seen.add((key, period))
        if not self._tables.has(key, period):
            self.seen.add((key, EVERYTHING))  # the error names all periods
        return self._tables.row(key, period)

    def has(self, key: str, period: str = "") -> bool:
        self.seen.add((key, period))
        return self._tables.has(key, period)

    def periods(self, key: str) -> tuple[str, ...]:
        self.seen.add((key, EVERYTHING))
        return self._tables.periods(key)

    def series(
        self, key: str, periods: Sequence[str], *, default: float | None = None
    ) -> NDArray[np.float64]:
        self.seen.update((key, period) for period in periods)
        if default is None and not all(self._tables.has(key, period) for period in periods):
            self.seen.add((key, EVERYTHING))
        return self._tables.series(key, periods, default=default)

    def __getattr__(self, name: str) -> Any:
        self.seen.add(EVERYTHING)
        return getattr(self._tables, name)


class SeenInputs:
    """Inputs of a case, and what was asked of them."""

    def __init__(self, inputs: Inputs, tables: SeenTables | None = None) -> None:
        self._tables = SeenTables(inputs.tables) if tables is None else tables
        self._values: SeenMapping[str, Value] = SeenMapping(inputs.values)
        # A valuation and the rules ask tables for nothing that these do not answer.
        self._plain = replace(inputs, tables=cast("Tables", self._tables))
        self.inputs = replace(self._plain, values=self._values)

    def replace(self, **values: object) -> SeenInputs:
        """A copy with some scalars changed and every rule checked again; its tables have seen the rules."""
        return SeenInputs(self._plain.replace(**values), self._tables)

    def with_unread_scalars(self) -> SeenInputs:
        """The same with no scalar read yet; what the rules have asked of the tables stays."""
        return SeenInputs(self._plain, self._tables)

    @property
    def has_seen_calendar(self) -> bool:
        """Whether the calendar was read."""
        return self._tables.calendar_seen

    def has_seen_scalar(self, key: str) -> bool:
        """Whether a scalar was read."""
        return not self._values.keys_seen.isdisjoint((key, EVERYTHING))

    def has_seen_figure(self, key: str, period: str) -> bool:
        """Whether a figure was read, by itself or among others, or that there is none."""
        return not self._tables.seen.isdisjoint(((key, period), (key, EVERYTHING), EVERYTHING))
