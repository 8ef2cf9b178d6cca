"""When flows fall: the forecast years of a case, and how long each flow is from the valuation date.

All of it is one for all scenarios: a date, conventions and counts.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np

from xlwings_addin.core.discounting import Timing, steps
from xlwings_addin.segments.lines import Day, Lines, Scalar, WithBaseYear, line
from xlwings_addin.segments.scalars import Scalars


class Timeline(Lines):
    """The base year and `years` forecast years.

    Where the valuation date lies in the base year, `opening_period` is what is left of it.
    """

    def __init__(self, name: str, inputs: Scalars, years: int) -> None:
        super().__init__(name, inputs)
        self.years = years

    @line("Forecast year, number", unit="count")
    def year_number(self) -> WithBaseYear:
        return np.arange(self.years + 1.0)[:, None]

    @line("Forecast year", unit="year")
    def year(self) -> WithBaseYear:
        """follows the base year of the case"""
        return self.inputs.count("base_year") + self.year_number

    @line("End of the base year", unit="date")
    def base_year_end(self) -> Day:
        return date(self.inputs.count("base_year"), 12, 31)

    @line("End of the first forecast year", unit="date")
    def first_year_end(self) -> Day:
        return date(self.inputs.count("base_year") + 1, 12, 31)

    @line("Years from valuation date to the end of the base year", unit="years")
    def opening_period(self) -> Scalar:
        """0 where the base year is over, or the case counts whole years"""
        if self.inputs.text("stub") != "date":
            return 0.0
        left = self.base_year_end - self.inputs.day("valuation_date")
        return max(self._years(left), 0.0)

    @line("Years from valuation date to the end of the first forecast year", unit="years")
    def first_period(self) -> Scalar:
        """the stub; 1 where the case counts whole years"""
        if self.inputs.text("stub") != "date":
            return 1.0
        if self.opening_period:
            return self.opening_period + 1
        left = self.first_year_end - self.inputs.day("valuation_date")
        return self._years(left)

    @line("Share of the base year's flow that counts", unit="ratio")
    def opening_flow_share(self) -> Scalar:
        return min(self.opening_period, 1.0) if self.inputs.text("first_flow") == "stub" else 0.0

    @line("Share of the first year's flow that counts", unit="ratio")
    def first_flow_share(self) -> Scalar:
        return min(self.first_period, 1.0) if self.inputs.text("first_flow") == "stub" else 1.0

    @line("Years to the year end", unit="years")
    def year_end_exponent(self) -> WithBaseYear:
        ends = self.first_period + self.year_number - 1
        ends[0] = self.opening_period
        return ends

    @line("Years to the flow", unit="years")
    def flow_exponent(self) -> WithBaseYear:
        """year end, or the middle between two year ends, as the case says"""
        if self.timing == "end":
            return self.year_end_exponent
        before = np.concatenate([np.zeros((1, 1)), self.year_end_exponent[:-1]])
        return (before + self.year_end_exponent) / 2

    @line("Flows begin after the base year", unit="flag")
    def stream_offset(self) -> Scalar:
        """for the add-in's functions: 0 where what is left of the base year is their first flow"""
        return float(self.opening_period == 0)

    @line("Years to the end of the year of the first flow", unit="years")
    def stream_first_period(self) -> Scalar:
        """for the add-in's functions"""
        return self.opening_period or self.first_period

    @line("Share of the flow that counts", unit="ratio")
    def flow_share(self) -> WithBaseYear:
        """of the first flow the whole, or only what falls after the valuation date, as the case says"""
        shares = np.ones((self.years + 1, 1))
        shares[0], shares[1] = self.opening_flow_share, self.first_flow_share
        return shares

    @line("Share of the flow that has become cash", unit="ratio")
    def cash_share(self) -> WithBaseYear:
        """of the base year and the year after it: what fell since the cash was counted, up to the valuation
        date; none where the first flow counts whole"""
        shares = np.zeros((self.years + 1, 1))
        if self.inputs.text("first_flow") == "stub" and self.inputs.text("stub") == "date":
            for year, end in enumerate((self.base_year_end, self.first_year_end)):
                counted, now = (self._left(key, end) for key in ("cash_since", "valuation_date"))
                shares[year] = counted - now
        return shares

    def _left(self, key: str, end: date) -> Scalar:
        """What is left of a year on a day, at most all of it."""
        return min(max(self._years(end - self.inputs.day(key)), 0.0), 1.0)

    def _years(self, length: timedelta) -> Scalar:
        return self.inputs.measured(length.days, "days") / self.number("days_per_year")

    @property
    def timing(self) -> Timing:
        """Whether flows arrive at the end or in the middle of their year."""
        return "mid" if self.inputs.text("timing") == "mid" else "end"

    @property
    def first(self) -> Literal[0, 1]:
        """Where the stream of flows begins: with the base year, 0, or the year after it."""
        return 0 if self.opening_period else 1

    def waits(self, horizon: int) -> tuple[float, ...]:
        """Years from the valuation date to the first flow of the stream, and from each flow to the next."""
        count = horizon + 1 - self.first
        if not count:
            return ()
        return _steps(count, self.timing, float(self.stream_first_period))


@lru_cache(maxsize=256)
def _steps(count: int, timing: Timing, first_period: float) -> tuple[float, ...]:
    return steps(count, timing=timing, first_period=first_period)
