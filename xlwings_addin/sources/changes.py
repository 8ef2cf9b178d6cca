"""What new tables change: figures with both rows, and those that were reported already.

Figures are compared by key and period, the row that stands in the old tables with the row that stands in the
new ones. One has changed where its value or its unit has; another source, date or note for the same value is
no change. Recorded oddities are no figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameter import Value
from xlwings_addin.model.tables import Row, Tables, same_figure
from xlwings_addin.sources.fetched import Fetched

Figures = Mapping[tuple[str, str], Row]


@dataclass(frozen=True)
class Change:
    """A figure that differs, with where the new tables come from and when.

    `case` is empty for a figure of the tables. `old` is None for a figure that is new, `new` for one that is
    gone.
    """

    key: str
    period: str
    old: Row | None
    new: Row | None
    fetched: Fetched
    case: str = ""

    @property
    def old_value(self) -> Value | None:
        """The value before, None for a new figure."""
        return self.old.value if self.old else None

    @property
    def new_value(self) -> Value | None:
        """The value now, None for a figure that is gone."""
        return self.new.value if self.new else None

    @property
    def unit(self) -> str:
        """What the value is measured in now, or was."""
        row = self.new or self.old
        return row.unit if row else ""

    @property
    def source(self) -> str:
        """Where the new value was read; empty for a figure that is gone."""
        return self.new.source if self.new else ""

    @property
    def as_of(self) -> date | None:
        """When the new value was known."""
        return self.new.as_of if self.new else None

    @property
    def fetched_at(self) -> datetime:
        """When the tables with the new value arrived."""
        return self.fetched.fetched_at

    def as_dict(self) -> dict[str, str | float | None]:
        """The change as one line of a record: plain texts and numbers."""
        return {
            "case": self.case,
            "key": self.key,
            "period": self.period,
            "old": _plain(self.old_value),
            "new": _plain(self.new_value),
            "unit": self.unit,
            "basis": self.new.basis if self.new else None,
            "source": self.source,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "tables": self.fetched.source,
            "fetched_at": self.fetched_at.isoformat(),
        }


@dataclass(frozen=True)
class Conflict:
    """A figure that was reported, and what stands in the new tables; `new` is None where nothing does."""

    old: Row
    new: Row | None

    def __str__(self) -> str:
        """Both rows, with place, basis, source and date.

        >>> from xlwings_addin.model.tables import load_tables
        >>> tables = load_tables()
        >>> restated = tables.replace({("capex", "FY2023"): 6300.0})
        >>> print(*conflicts_with_reported(tables, restated))  # doctest: +ELLIPSIS
        capex FY2023 was reported as 6270 CNY m (...), is now 6300.0 CNY m (..., assumption, ...)
        """
        figure = f"{self.old.key} {self.old.period}".strip()
        now = f"is now {_stated(self.new)}" if self.new else "is not in the new tables"
        return f"{figure} was reported as {_stated(self.old)}, {now}"


def changes(old: Tables, new: Tables, *, fetched: Fetched) -> list[Change]:
    """The figures of the tables that differ, by key and period; `fetched` says where `new` comes from."""
    return list(_changes(_standing(old), _standing(new), fetched))


def case_changes(old: Iterable[Inputs], new: Iterable[Inputs], *, fetched: Fetched) -> list[Change]:
    """The scalars of every case that differ, overrides included; all of a case that is new or gone."""
    before, after = ({each.case: _scalars(each) for each in cases} for cases in (old, new))
    return [
        change
        for case in dict.fromkeys([*before, *after])
        for change in _changes(before.get(case, {}), after.get(case, {}), fetched, case=case)
    ]


def conflicts_with_reported(old: Tables, new: Tables) -> list[Conflict]:
    """Figures with basis `reported` in the old tables that the new ones state differently, or leave out.

    For a period any difference is a conflict: a restatement has to be seen. A scalar without a period is the
    latest of its kind, a price or a balance; there a reported row of a later day supersedes, and is none.
    """
    before, after = _standing(old), _standing(new)
    return [
        Conflict(row, after.get(figure))
        for figure, row in before.items()
        if row.basis == "reported" and not _holds(row, after.get(figure))
    ]


def _holds(old: Row, new: Row | None) -> bool:
    if new is None:
        return False
    superseded = not old.period and new.basis == "reported" and new.as_of > old.as_of
    return superseded or same_figure((old, new))


def _changes(old: Figures, new: Figures, fetched: Fetched, *, case: str = "") -> Iterator[Change]:
    for figure in sorted({**old, **new}):
        before, after = old.get(figure), new.get(figure)
        if before is None or after is None or not same_figure((before, after)):
            yield Change(*figure, before, after, fetched, case)


def _standing(tables: Tables) -> Figures:
    return {figure: tables.row(*figure) for figure in tables.figures}


def _scalars(inputs: Inputs) -> Figures:
    return {(key, ""): row for key, row in inputs.rows.items()}


def _stated(row: Row) -> str:
    return f"{row.text} {row.unit} ({row.place}, {row.basis}, {row.source}, {row.as_of.isoformat()})"


def _plain(value: Value | None) -> str | float | None:
    return value.isoformat() if isinstance(value, date) else value
