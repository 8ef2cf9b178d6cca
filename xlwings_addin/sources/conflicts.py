"""Figures that were reported already and that new tables state otherwise.

They are compared by key and period, the row that stands in the old tables with the row that stands in the new
ones: another value or unit is a conflict, another source, date or note for the same value is none. Recorded
oddities are no figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xlwings_addin.inputs.tables import Row, Tables, same_figure

Figures = Mapping[tuple[str, str], Row]


@dataclass(frozen=True)
class Conflict:
    """A figure that was reported, and what stands in the new tables; `new` is None where nothing does."""

    old: Row
    new: Row | None

    def __str__(self) -> str:
        """Both rows, with place, basis, source and date.

        >>> from xlwings_addin.inputs.tables import load_tables
        >>> tables = load_tables()
        >>> restated = tables.replace({("capex", "FY2023"): 6300.0})
        >>> print(*conflicts_with_reported(tables, restated))  # doctest: +ELLIPSIS
        capex FY2023 was reported as 6270 CNY m (...), is now 6300.0 CNY m (..., assumption, ...)
        """
        figure = f"{self.old.key} {self.old.period}".strip()
        now = f"is now {_stated(self.new)}" if self.new else "is not in the new tables"
        return f"{figure} was reported as {_stated(self.old)}, {now}"


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


def _standing(tables: Tables) -> Figures:
    return {figure: tables.row(*figure) for figure in tables.figures}


def _stated(row: Row) -> str:
    return f"{row.text} {row.unit} ({row.place}, {row.basis}, {row.source}, {row.as_of.isoformat()})"
