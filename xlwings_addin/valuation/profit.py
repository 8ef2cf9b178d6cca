"""From the operating profit of the build-ups to the profit that the company reports, and to a share of it.

    net profit of the model = operating profit + interest - tax

What the company reports beyond it is named and not forecast: grants and other income, gains on investments,
the result of associates, and pay in shares, which its adjusted profit adds back. The bridge is no part of the
valuation; it is there so that estimates of profit can be held against the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from xlwings_addin.core.years import after, total
from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.segments.base import BaseFigures
from xlwings_addin.segments.lines import Lines, Scalar, WithBaseYear, line, named_line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import CrossChecked
from xlwings_addin.segments.templates import template_module
from xlwings_addin.valuation.parts import SumOfParts

NEEDED = ("cash_resources", "debt", "cost_of_debt", "tax_rate")
LOCAL_YIELD, YIELD = "risk_free_local", "risk_free"
OPERATING, ADJUSTED = "operating_profit", "adjusted_net_profit"
"""What the tables call the profits that are reported."""


def bridged_parts(company: Company) -> tuple[tuple[PartEntry, str], ...]:
    """The parts that a build-up has an operating profit of, each with the key of that build-up."""
    if not all(map(company.parameters.has, NEEDED)):
        return ()
    built: dict[str, tuple[PartEntry, str]] = {}
    for business in company.businesses:
        if issubclass(template_module(business.template).TEMPLATE, CrossChecked):
            built.setdefault(business.part.key, (business.part, business.key))
    return tuple(built.values())


def yield_key(company: Company) -> str:
    """The input that says what cash earns: the yield of the currency it is in, where there is one."""
    return LOCAL_YIELD if company.parameters.has(LOCAL_YIELD) else YIELD


class ProfitBridge(Lines):
    """Operating profit, interest, tax and net profit of the build-ups, whichever method counts."""

    def __init__(
        self,
        name: str,
        inputs: Scalars,
        *,
        built: Sequence[Any],
        whole: SumOfParts,
        base: BaseFigures,
    ) -> None:
        super().__init__(name, inputs)
        self.built, self.whole, self.base = tuple(built), whole, base

    @property
    def years(self) -> int:
        """The forecast years that every build-up has."""
        years: int = min(one.years_forecast for one in self.built)
        return years

    def operating_profit_of(self, place: int) -> WithBaseYear:
        profit: WithBaseYear = self.built[place].ebit
        return profit[: self.years + 1]

    @line("Operating profit of the build-ups", unit="{currency} m")
    def operating_profit(self) -> WithBaseYear:
        """as far as every one of them forecasts; synergies between the businesses are not counted"""
        return total([self.operating_profit_of(place) for place in range(len(self.built))])

    @line("Interest on cash less interest on debt", unit="{currency} m")
    def interest(self) -> WithBaseYear:
        """cash of the balance sheet, with the flows up to the year before, at the yield of its currency"""
        whole, cash = self.whole, self.number("cash_resources")
        earned = whole.net_cash_by_year[: self.years] - whole.net_cash
        opening = after(cash, earned + cash)
        return opening * self.number(yield_key(self.inputs.company)) - self._on_debt()

    def _on_debt(self) -> Scalar:
        return self.number("debt") * self.number("cost_of_debt")

    @line("Tax on both", unit="{currency} m")
    def tax(self) -> WithBaseYear:
        """that of the build-ups, with losses of earlier years used, and tax on the interest"""
        taxes: WithBaseYear = total([self._tax_of(one)[: self.years + 1] for one in self.built])
        return taxes + self.interest * self.number("tax_rate")

    @staticmethod
    def _tax_of(one: Any) -> WithBaseYear:
        """Its tax by year; nothing in the base year where its line begins after that."""
        taxes: WithBaseYear = one.tax
        return taxes if one.lines()["tax"].span == "base year and years" else after(0.0, taxes)

    @line("Net profit of the model", unit="{currency} m")
    def net_profit(self) -> WithBaseYear:
        """operating profit + interest - tax"""
        return self.operating_profit + self.interest - self.tax

    @line("Earnings a share of the model", unit="{currency}")
    def earnings(self) -> WithBaseYear:
        """over the shares of the sum of the parts, in every year"""
        return self.net_profit / self.whole.shares

    # Against what is reported -----------------------------------------------------------------------------

    def reported(self, key: str) -> Scalar:
        """A figure of the base year, the sum of its quarters; NaN where one was not reported in time."""
        figures, tables = self.base.figures, self.inputs.tables
        quarters = figures.quarters.reported
        there = [quarter for quarter in quarters if tables.has(key, quarter)]
        numbers = [number for quarter in there if (number := tables.row(key, quarter).number)]
        whole = quarters and not figures.quarters.assumed and len(numbers) == len(quarters)
        amount: Scalar = self.inputs.measured(sum(numbers) if whole else np.nan, self.inputs.company.money)
        return amount

    @line(
        "Operating profit, reported",
        unit="{currency} m",
        undefined="not every quarter of the base year was reported on the valuation date",
    )
    def reported_operating_profit(self) -> Scalar:
        """of the base year, with gains on investments and other income"""
        return self.reported(OPERATING)

    @line(
        "Gains on investments, other income, and what is not explained",
        unit="{currency} m",
        undefined="not every quarter of the base year was reported on the valuation date",
    )
    def other_income(self) -> Scalar:
        """operating profit of the base year, reported less modelled"""
        return self.reported_operating_profit - self._in_base_year(self.operating_profit)

    @line(
        "Adjusted net profit, reported",
        unit="{currency} m",
        undefined="not every quarter of the base year was reported on the valuation date",
    )
    def reported_net_profit(self) -> Scalar:
        """of the base year; pay in shares and gains on investments are taken out of it"""
        return self.reported(ADJUSTED)

    @line(
        "Pay in shares added back, other income, and what is not explained",
        unit="{currency} m",
        undefined="not every quarter of the base year was reported on the valuation date",
    )
    def unexplained(self) -> Scalar:
        """adjusted net profit of the base year, reported less modelled"""
        return self.reported_net_profit - self._in_base_year(self.net_profit)

    @staticmethod
    def _in_base_year(path: WithBaseYear) -> Scalar:
        first: Scalar = path[0]
        return first

    @line("Adjusted net profit, if what is not explained comes every year", unit="{currency} m")
    def adjusted_net_profit(self) -> WithBaseYear:
        """net profit of the model and that amount; the same as above where it is n/a"""
        beside = self.unexplained
        return self.net_profit + np.where(np.isnan(beside), 0.0, beside)

    @line("Adjusted earnings a share, by that", unit="{currency}")
    def adjusted_earnings(self) -> WithBaseYear:
        """over the shares of the sum of the parts, in every year"""
        return self.adjusted_net_profit / self.whole.shares


def _operating_profit_of(place: int) -> Callable[[Any], WithBaseYear]:
    return lambda bridge: bridge.operating_profit_of(place)


@cache
def profit_bridge(company: Company) -> type[ProfitBridge]:
    """The bridge of a company: that of its build-ups, each with a line of its own."""
    lines = [
        named_line(
            part.key,
            f"Operating profit, {part.short.lower()}",
            _operating_profit_of(place),
            unit="{currency} m",
            returns="WithBaseYear",
            note="EBIT of its build-up, whichever method counts",
        )
        for place, (part, _) in enumerate(bridged_parts(company))
    ]
    return type("CompanyProfitBridge", (ProfitBridge,), {line.key: line for line in lines})
