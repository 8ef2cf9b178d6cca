"""What the segments of a group share: how far each year is along the fades, revenue and gross profit."""

from __future__ import annotations

import numpy as np

from xlwings_addin.core.years import fade_positions, faded
from xlwings_addin.inputs.company import SegmentEntry
from xlwings_addin.segments.base import BaseFigures
from xlwings_addin.segments.lines import Lines, WithBaseYear, Years, line
from xlwings_addin.segments.needs import Need, rate
from xlwings_addin.segments.scalars import Scalars


class Positions(Lines):
    """How far each forecast year is along the fades of a group of businesses."""

    def __init__(self, name: str, inputs: Scalars, *, base: BaseFigures, prefix: str) -> None:
        super().__init__(name, inputs)
        self.base, self.prefix = base, prefix

    @property
    def years_forecast(self) -> int:
        """None without a base year to start from."""
        return self.inputs.count(f"{self.prefix}_horizon") if self.base.has_started else 0

    @line("Position between first and last growth", unit="ratio")
    def growth_position(self) -> Years:
        """0 in the first forecast year, 1 in the last"""
        return np.arange(float(self.years_forecast))[:, None] / max(self.years_forecast - 1, 1)

    @line("Position between base year and long run", unit="ratio")
    def fade_position(self) -> WithBaseYear:
        """0 in the base year, 1 from the end of the fade on; margins and cost ratios follow it"""
        return fade_positions(self.years_forecast, self.inputs.count(f"{self.prefix}_fade_years"))


class Member(Lines):
    """Revenue and gross profit of one business; its margin fades from the base year's to the long run's.

    `key` begins the keys of its inputs, and of its figures in the base year.
    """

    def __init__(
        self, name: str, inputs: Scalars, *, entry: SegmentEntry, base: BaseFigures, positions: Positions
    ) -> None:
        super().__init__(name, inputs)
        self.entry, self.key, self.base, self.positions = entry, entry.key, base, positions

    def growth_of(self, key: str) -> Years:
        """Equal steps from the growth of the first forecast year to that of the last; the first year may
        differ from them by a shock.
        """
        start, end = self.number(f"{key}_growth_start"), self.number(f"{key}_growth_end")
        growth = faded(start, end, self.positions.growth_position)
        if not self.inputs.has(f"{key}_growth_shock"):
            return growth
        is_first = np.zeros((self.positions.years_forecast, 1))
        is_first[:1] = 1.0
        shocked: Years = growth + is_first * self.number(f"{key}_growth_shock")
        return shocked

    @line("Revenue", unit="{currency} m")
    def revenue(self) -> WithBaseYear:
        raise NotImplementedError

    @line("Gross margin", unit="ratio")
    def gross_margin(self) -> WithBaseYear:
        start, end = (
            self.base.of(f"{self.key}_gross_margin"),
            self.number(f"{self.key}_gross_margin_end"),
        )
        return faded(start, end, self.positions.fade_position)

    @line("Gross profit", unit="{currency} m")
    def gross_profit(self) -> WithBaseYear:
        return self.revenue * self.gross_margin


def fade_needs(key: str, label: str, help: str) -> tuple[Need, Need]:
    """Growth in the first forecast year and in the last explicit one."""
    return (
        rate(f"{key}_growth_start", f"{label}, first forecast year", help, above=-1, most=5),
        rate(f"{key}_growth_end", f"{label}, last explicit year", help, above=-1, most=5),
    )


MARGIN = rate(
    "{key}_gross_margin_end",
    "Gross margin of {label}, long run",
    "Reached from the margin of the reported quarters in equal steps.",
    least=-1,
    most=1,
)
