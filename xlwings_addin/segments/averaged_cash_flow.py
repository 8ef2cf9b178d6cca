"""Reported free cash flow, averaged and capitalised: what article 004 does with devices."""

from __future__ import annotations

import numpy as np

from xlwings_addin.core.years import compounded, over, running_product
from xlwings_addin.segments.lines import Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.needs import GROWTH, HORIZON, Need, year
from xlwings_addin.segments.stream import Segment


class AveragedCashFlow(Segment):
    """Reported free cash flow of some years, averaged, growing at the terminal rate."""

    @property
    def reported(self) -> list[float]:
        """Free cash flow of the reported years that are averaged."""
        first, last = (self.inputs.count(f"{self.prefix}_average_{end}_year") for end in ("first", "last"))
        periods = [f"FY{year}" for year in range(first, last + 1)]
        flows: list[float] = self.inputs.tables.series("free_cash_flow", periods).tolist()
        return flows

    @line("Reported years averaged", unit="count")
    def years_averaged(self) -> Scalar:
        return float(len(self.reported))

    @line("Average reported free cash flow", unit="{currency} m")
    def normalised_fcff(self) -> Scalar:
        """operating cash flow less capex, interest as the company reports it; see Reported"""
        return self.inputs.measured(sum(self.reported) / len(self.reported), self.inputs.company.money)

    @line(override=True)
    def fcff(self) -> WithBaseYear:
        """the average, growing at the terminal rate; no year is forecast in a pure capitalisation"""
        return compounded(self.normalised_fcff, self.growth)

    @property
    def growth(self) -> Years:
        return self.own("terminal_growth") * np.ones((self.years_forecast, 1))

    @line(override=True)
    def cash_earned(self) -> Years:
        """what was reported, on average, is after all reinvestment"""
        flows: Years = self.normalised_fcff * running_product(1 + self.growth)
        return flows

    @line("Enterprise value to average flow", unit="multiple", undefined="the average flow is zero")
    def normalised_multiple(self) -> Scalar:
        return over(self.enterprise_value, self.normalised_fcff)


TEMPLATE = AveragedCashFlow
NEEDS: tuple[Need, ...] = (
    year("{part}_average_first_year", "First year of the average", "First reported free cash flow in it."),
    year("{part}_average_last_year", "Last year of the average", "Last reported free cash flow in it."),
    HORIZON,
    GROWTH,
)
