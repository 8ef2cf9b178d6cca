"""Vehicles from the top down: a revenue ramp, the income it leads to and the cash it converts to."""

from __future__ import annotations

import numpy as np

from xlwings_addin.core.years import after, compounded, faded, floored, last, ratio
from xlwings_addin.segments.lines import Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.needs import GROWTH, Need, number, rate, years
from xlwings_addin.segments.stream import Segment


class RevenueRamp(Segment):
    """Growth and a final margin; what is not converted to cash is reinvested."""

    @line("Position in the ramp", unit="ratio")
    def ramp_position(self) -> Years:
        """0 in the first forecast year, 1 in the last"""
        return np.arange(float(self.years_forecast))[:, None] / (self.years_forecast - 1)

    @line("Revenue growth", unit="rate")
    def revenue_growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return faded(self.own("growth_start"), self.own("growth_end"), self.ramp_position)

    @line("Growth factor", unit="factor", beyond=1.0)
    def growth_factor(self) -> Years:
        return 1 + self.revenue_growth

    @line("Revenue", unit="{currency} m")
    def revenue(self) -> WithBaseYear:
        """base: deliveries x average price"""
        base = self.own("base_deliveries") * self.own("base_price_usd") * self._per_usd
        return compounded(base, self.revenue_growth)

    @line("the same in US dollars", unit="USD m")
    def revenue_usd(self) -> WithBaseYear:
        return self.revenue / self._per_usd

    @line("Deliveries this means at the base price", unit="m vehicles")
    def deliveries_at_base_price(self) -> WithBaseYear:
        """to read the ramp against the market, and what the price implies; no value depends on it"""
        return self.revenue_usd / self.own("base_price_usd")

    @line("Operating income of the last year", unit="{currency} m")
    def final_operating_income(self) -> Scalar:
        """final margin x revenue"""
        return self.own("operating_margin_end") * last(self.revenue)

    @line("Operating income", unit="{currency} m")
    def operating_income(self) -> Years:
        """rises by the same amount every year, from its start to the last year"""
        start = self.own("operating_income_start") * self._per_usd
        return start * (1 - self.ramp_position) + self.final_operating_income * self.ramp_position

    @line("Operating margin", unit="ratio")
    def operating_margin(self) -> Years:
        return ratio(self.operating_income, self.revenue[1:])

    @line("Tax on operating income", unit="{currency} m")
    def tax(self) -> Years:
        return floored(self.operating_income) * self.number("tax_rate")

    @line("NOPAT", unit="{currency} m")
    def nopat(self) -> Years:
        return self.operating_income - self.tax

    @line(override=True)
    def fcff(self) -> WithBaseYear:
        """NOPAT x cash conversion: the rest is reinvested"""
        return after(0.0, self.nopat * self.own("cash_conversion"))

    @line(override=True)
    def cash_earned(self) -> Years:
        return self.nopat - self.nopat * (1 - self.own("cash_conversion"))

    @line("Revenue of the last year", unit="USD m")
    def final_revenue_usd(self) -> Scalar:
        return last(self.revenue_usd)

    @line("Operating income of the last year", unit="USD m")
    def final_operating_income_usd(self) -> Scalar:
        return last(self.operating_income) / self._per_usd

    @property
    def is_in_proportion(self) -> bool:
        """Whether its value is in proportion to its size."""
        return True

    @property
    def _per_usd(self) -> Scalar:
        return self.inputs.per_usd(self.inputs.company.currency.reporting)

    @property
    def profits(self) -> WithBaseYear:
        """Operating profit after tax; the ramp has none in the base year."""
        return after(0.0, self.nopat)

    @property
    def final_deliveries(self) -> Scalar:
        """Deliveries of the last forecast year, at the base price."""
        return last(self.deliveries_at_base_price)


TEMPLATE = RevenueRamp
NEEDS: tuple[Need, ...] = (
    number(
        "{part}_base_deliveries", "Base deliveries", "m vehicles", "Of the base year of the ramp.", least=0
    ),
    number("{part}_base_price_usd", "Average price", "USD per vehicle", "In the base year.", above=0),
    rate(
        "{part}_growth_start", "Growth, first forecast year", "Of revenue; fades linearly.", above=-1, most=5
    ),
    rate("{part}_growth_end", "Growth, last forecast year", "Of revenue.", above=-1, most=5),
    years("{part}_horizon", "Explicit years, {label}", "Forecast years.", least=2),
    number(
        "{part}_operating_income_start",
        "Operating income, first forecast year",
        "USD m",
        "Rises linearly to the end margin on the last year's revenue.",
    ),
    rate(
        "{part}_operating_margin_end",
        "Operating margin, last forecast year",
        "Operating income over revenue in the last forecast year.",
        least=-1,
        most=1,
    ),
    rate(
        "{part}_cash_conversion",
        "Cash conversion",
        "Free cash flow over operating income after tax.",
        least=0,
        most=2,
    ),
    GROWTH,
)
