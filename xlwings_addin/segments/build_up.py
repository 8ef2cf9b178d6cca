"""A group built up from its segments: revenue and gross profit of each, what they share, and cash.

Overheads, research, tax and reinvestment are those of the group.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xlwings_addin.core.dcf import loss_balances
from xlwings_addin.core.years import after, changes, faded, floored, last, ratio, total
from xlwings_addin.inputs.company import Business
from xlwings_addin.segments.lines import Lines, Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.member import Member, Positions
from xlwings_addin.segments.needs import GROWTH, HORIZON, Need, number, rate, years
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import CrossChecked
from xlwings_addin.segments.templates import member_class


class BuildUp(CrossChecked):
    """The segments built up: revenue and gross profit of each, shared costs, reinvestment, cash."""

    def __init__(self, business: Business, inputs: Scalars, **shared: Any) -> None:
        super().__init__(business, inputs, **shared)
        self.positions = Positions(f"{self.name}.positions", inputs, base=self.base, prefix=business.prefix)
        own: dict[str, Any] = {"base": self.base, "positions": self.positions}
        self.members: tuple[Member, ...] = tuple(
            member_class(entry)(f"{self.name}.{entry.key}", inputs, entry=entry, **own)
            for entry in business.members
        )

    def groups(self) -> tuple[Lines, ...]:
        return (self, self.positions, *self.members)

    @property
    def years_forecast(self) -> int:
        return self.positions.years_forecast

    # Revenue and gross profit -----------------------------------------------------------------------------

    @line("Revenue", unit="{currency} m")
    def revenue(self) -> WithBaseYear:
        return total([member.revenue for member in self.members])

    @line("Growth", unit="rate")
    def revenue_growth(self) -> Years:
        return ratio(changes(self.revenue), self.revenue[:-1])

    @line("Gross profit of what is in no segment", unit="{currency} m")
    def other_gross_profit(self) -> WithBaseYear:
        """in proportion to revenue; its own revenue is left out"""
        key = f"{self.prefix}_other_gross_profit_ratio"
        return self.revenue * (self.number(key) if self.inputs.has(key) else 0.0)

    @line("Gross profit", unit="{currency} m")
    def gross_profit(self) -> WithBaseYear:
        profit: WithBaseYear = total([member.gross_profit for member in self.members])
        return profit + self.other_gross_profit

    @line("Gross margin", unit="ratio")
    def gross_margin(self) -> WithBaseYear:
        return ratio(self.gross_profit, self.revenue)

    # Costs, tax and cash ----------------------------------------------------------------------------------

    @line("Selling and administrative costs to revenue", unit="ratio")
    def overhead_ratio(self) -> WithBaseYear:
        start, end = self.own("overhead_ratio_start"), self.own("overhead_ratio_end")
        return faded(start if self.base.has_started else 0.0, end, self.positions.fade_position)

    @line("Selling and administrative costs", unit="{currency} m")
    def overhead(self) -> WithBaseYear:
        return self.revenue * self.overhead_ratio

    @line("Research and development to revenue", unit="ratio")
    def research_ratio(self) -> WithBaseYear:
        """without what is charged to other parts"""
        start = ratio(self.base.of(f"{self.prefix}_research"), self.base.of(f"{self.name}_revenue"))
        return faded(start, self.own("research_ratio_end"), self.positions.fade_position)

    @line("Research and development", unit="{currency} m")
    def research(self) -> WithBaseYear:
        return self.revenue * self.research_ratio

    @line("Operating profit (EBIT)", unit="{currency} m")
    def ebit(self) -> WithBaseYear:
        """no other income: grants, interest and gains on investments are left out"""
        return self.gross_profit - self.overhead - self.research + self.ebit_shock

    @line("Operating margin", unit="ratio")
    def ebit_margin(self) -> WithBaseYear:
        return ratio(self.ebit, self.revenue)

    @line("Losses carried forward", unit="{currency} m")
    def losses(self) -> WithBaseYear:
        """set against the first profits; none are carried where the company has no input for them"""
        opening = self._optional("opening_losses")
        if opening is None:
            return np.zeros((self.years_forecast + 1, 1))
        return loss_balances(opening if self.base.has_started else 0.0, self.ebit[1:])

    @line("Losses used", unit="{currency} m")
    def losses_used(self) -> Years:
        used: Years = np.minimum(self.losses[:-1], floored(self.ebit[1:]))
        return used

    @line("Tax on operating profit", unit="{currency} m")
    def tax(self) -> WithBaseYear:
        return (floored(self.ebit) - after(0.0, self.losses_used)) * self.number("tax_rate")

    @line("NOPAT", unit="{currency} m")
    def nopat(self) -> WithBaseYear:
        return self.ebit - self.tax

    @line("Depreciation and amortisation", unit="{currency} m")
    def depreciation(self) -> WithBaseYear:
        """within the costs above"""
        return self.revenue * self.own("depreciation_ratio")

    @line(override=True)
    def ebitda(self) -> WithBaseYear:
        return self.ebit + self.depreciation

    @line("Capital expenditure", unit="{currency} m")
    def capex(self) -> WithBaseYear:
        spent: WithBaseYear = self.revenue * self.own("capex_ratio")
        sales_to_capital = self._optional("sales_to_capital")
        if sales_to_capital is None:
            return spent
        return after(spent[0], self.depreciation[1:] + changes(self.revenue) / sales_to_capital)

    @line("Net working capital", unit="{currency} m")
    def working_capital(self) -> WithBaseYear:
        """days of revenue; negative where suppliers pay for stocks"""
        return self.revenue * self.own("working_capital_days") / self.number("days_per_year")

    @line("Increase of working capital", unit="{currency} m")
    def change_in_working_capital(self) -> WithBaseYear:
        return after(0.0, changes(self.working_capital))

    @line(override=True)
    def fcff(self) -> WithBaseYear:
        """NOPAT + depreciation - capital expenditure - increase of working capital"""
        flow: WithBaseYear = self.nopat + self.depreciation - self.capex - self.change_in_working_capital
        return flow

    @line(override=True)
    def cash_earned(self) -> Years:
        plant = self.capex[1:] - self.depreciation[1:]
        return self.nopat[1:] - plant - changes(self.working_capital)

    @line("Profit after tax that does not last", unit="{currency} m")
    def passing_profit(self) -> Scalar:
        """of the last forecast year, what its operating margin has above the highest that lasts"""
        key = f"{self.prefix}_operating_margin_ceiling"
        if not self.inputs.has(key):
            return 0.0
        excess = floored(last(self.ebit_margin) - self.number(key))
        return excess * last(self.revenue) * (1 - self.number("tax_rate"))

    @line("Tax that losses save in the last year", unit="{currency} m")
    def passing_tax(self) -> Scalar:
        """saved once: no terminal value rests on it"""
        return last(self.losses_used) * self.number("tax_rate") if self.years_forecast else 0.0

    def _optional(self, key: str) -> Scalar | None:
        """An input that the company may leave out."""
        return self.own(key) if self.inputs.has(f"{self.prefix}_{key}") else None

    def lasting_flow(self) -> Scalar:
        return last(self.fcff) - self.passing_profit - self.passing_tax

    def lasting_profit(self) -> Scalar:
        return last(self.nopat) - self.passing_profit - self.passing_tax

    @property
    def profits(self) -> WithBaseYear:
        return self.nopat


TEMPLATE = BuildUp
NEEDS: tuple[Need, ...] = (
    HORIZON,
    GROWTH,
    years(
        "{part}_fade_years",
        "Years to the long run, {label}",
        "Years over which margins and cost ratios reach their long-run level.",
        least=1,
    ),
    rate(
        "{part}_overhead_ratio_start",
        "Selling and administrative costs, base year, {label}",
        "Over revenue of the group.",
        least=0,
        most=1,
    ),
    rate(
        "{part}_overhead_ratio_end",
        "Selling and administrative costs, long run, {label}",
        "Over revenue of the group.",
        least=0,
        most=1,
    ),
    rate(
        "{part}_research_ratio_end",
        "Research and development, long run, {label}",
        "Over revenue; starts from the base year's.",
        least=0,
        most=1,
    ),
    rate(
        "{part}_depreciation_ratio",
        "Depreciation and amortisation, {label}",
        "Over revenue of the group.",
        least=0,
        most=1,
    ),
    rate("{part}_capex_ratio", "Capital expenditure, {label}", "Over revenue of the group.", least=0, most=1),
    number(
        "{part}_working_capital_days",
        "Working capital, {label}",
        "days",
        "Net working capital in days of revenue; negative where suppliers pay for stocks.",
        least=-365,
        most=365,
    ),
    rate(
        "{part}_return_on_new_capital",
        "Return on new capital, {label}",
        "After tax, for ever; the value driver pays for terminal growth with it.",
        above=0,
        most=5,
    ),
    number(
        "{part}_exit_multiple",
        "Exit multiple, {label}",
        "multiple",
        "Enterprise value over EBITDA of the last explicit year; a cross-check.",
        least=0,
    ),
)
