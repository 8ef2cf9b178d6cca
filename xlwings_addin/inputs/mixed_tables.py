"""Tables between two: some figures as a later state of the tables has them, all others as a former one.

A bridge values hundreds of such mixes. What no mix changes is worked out once: the rows that stand, and the
few of them from which the calendar follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.calendar import calendar_of, rows_of_calendar
from xlwings_addin.inputs.tables import Row, Tables, standing_row

Figure = tuple[str, str]
"""Key and period."""
Rows = tuple[Row, ...]


class _Split(NamedTuple):
    """The rows of a table that no mix changes, and the others as they were and as they are."""

    fixed: Rows
    before: Rows
    after: Rows

    def chosen(self, taken: Collection[Figure]) -> Rows:
        return (*_of(self.before, taken, within=False), *_of(self.after, taken, within=True))

    def mixed(self, taken: Collection[Figure]) -> Rows:
        return self.fixed + self.chosen(taken)


class TableMixer:
    """Mixes of two states of the tables of one company."""

    def __init__(self, before: Tables, after: Tables) -> None:
        self.before = before
        self._figures = before.figures, after.figures
        one, other = self._figures
        self._moving = frozenset(at for at in one.keys() | other.keys() if one.get(at) != other.get(at))
        self._fixed_figures = {at: rows for at, rows in one.items() if at not in self._moving}
        self._fixed_standing = {at: standing_row(rows) for at, rows in self._fixed_figures.items()}
        self._history = self._split(before.history, after.history)
        self._articles = self._split(before.articles, after.articles)
        self._assumptions = self._split(before.assumptions, after.assumptions)
        self._of_calendar = tuple(rows_of_calendar(self._history.fixed, before.company))

    @cached_property
    def moves_span(self) -> bool:
        """Whether two mixes may have columns of other years or quarters, whatever is reported of them."""
        with suppress(InputError):  # without what moves, the reported periods may have a gap
            least = calendar_of(self._of_calendar, self.before.company)
            most = calendar_of((*self.before.history, *self._history.after), self.before.company)
            return (least.years, least.quarters) != (most.years, most.quarters)
        return True

    def mixed(self, figures: Collection[Figure]) -> Tables:
        """The tables before, but for some figures: all rows that state those are the rows after."""
        taken = self._moving.intersection(figures)
        if not taken:
            return self.before
        mixed = replace(
            self.before,
            history=self._history.mixed(taken),
            articles=self._articles.mixed(taken),
            assumptions=self._assumptions.mixed(taken),
        )
        of_mix = {at: self._figures[at in taken].get(at) for at in self._moving}
        stated = {at: rows for at, rows in of_mix.items() if rows}
        own: Mapping[str, object] = {
            "figures": self._fixed_figures | stated,
            "_standing": self._fixed_standing | {at: standing_row(rows) for at, rows in stated.items()},
        }
        vars(mixed).update(own)  # what the tables would work out of their rows when it is asked for
        with suppress(InputError):  # a gap between reported periods: whoever asks for the calendar is told
            vars(mixed)["calendar"] = calendar_of(
                self._of_calendar + self._history.chosen(taken), mixed.company
            )
        return mixed

    def _split(self, before: Rows, after: Rows) -> _Split:
        own = self._moving
        return _Split(
            tuple(_of(before, own, within=False)),
            tuple(_of(before, own, within=True)),
            tuple(_of(after, own, within=True)),
        )


def _of(rows: Rows, figures: Collection[Figure], *, within: bool) -> Iterable[Row]:
    """The rows that state one of the figures, or none of them."""
    return (row for row in rows if ((row.key, row.period) in figures) is within)
