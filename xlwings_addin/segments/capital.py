"""What each business must earn: betas, the cost of equity and the weighted average cost of capital."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.inputs.rates import ComputedWacc, computed_wacc, wacc, wacc_source
from xlwings_addin.segments.lines import Lines, ModelLine, Scalar, line, named_line


class Capital(Lines):
    """Cost of capital; `capital` adds the lines of the parts of a company."""

    @line("Cost of capital by the CAPM", unit="record")
    def computed(self) -> ComputedWacc:
        """the steps to the WACC, computed in one place for rules and valuation"""
        return computed_wacc(self.inputs)

    @line("Beta, Blume-adjusted", unit="factor")
    def beta(self) -> Scalar:
        """weight x measured beta + (1 - weight) x the market's 1; Blume's weight is two thirds"""
        return self.computed.beta

    @line("Cost of equity", unit="rate")
    def cost_of_equity(self) -> Scalar:
        """CAPM: risk-free + beta x equity risk premium + country risk"""
        return self.computed.cost_of_equity

    @line("Cost of debt after tax", unit="rate")
    def after_tax_cost_of_debt(self) -> Scalar:
        return self.computed.after_tax_cost_of_debt

    @line("WACC, computed", unit="rate")
    def wacc_computed(self) -> Scalar:
        return self.computed.wacc

    def wacc(self, part: str) -> Scalar:
        """The rate a part is discounted at."""
        rate: Scalar = getattr(self, f"{part}_wacc")
        return rate

    def implied_beta(self, part: str) -> Scalar:
        """The beta that a rate implies where a business has no debt."""
        spread = self.number(f"{part}_wacc") - self.number("risk_free") - self.number("country_risk")
        return spread / self.number("equity_risk_premium")

    def spread(self, part: str) -> Scalar:
        return self.wacc(part) - self.number(f"{part}_terminal_growth")


def discounted_parts(company: Company) -> tuple[PartEntry, ...]:
    """The parts whose flows are discounted."""
    return tuple(part for part in company.parts if company.parameters.has(f"{part.key}_terminal_growth"))


def rounding_key(company: Company, part: str) -> str:
    """The line that says what the printed rate of a part rounds off; bare for the first part that has one."""
    chosen = [one.key for one in discounted_parts(company) if wacc_source(company, one.key) == "chosen"]
    return "wacc_rounding" if part == chosen[0] else f"{part}_wacc_rounding"


def _of_part(company: Company, part: PartEntry) -> Iterator[ModelLine[Any]]:
    key, name, source = part.key, part.short.lower(), wacc_source(company, part.key)
    if source == "chosen":
        yield named_line(
            rounding_key(company, key),
            "Printed WACC less computed",
            lambda self: self.number(f"{key}_wacc_printed") - self.wacc_computed,
            unit="rate",
            note="what the printed figure takes off the discount rate, where the case uses it",
        )
    label = f"WACC used, {name}"
    yield named_line(f"{key}_wacc", label, lambda self: wacc(self.inputs, key)[1], unit="rate")
    if source == "typed":
        yield named_line(
            f"{key}_implied_beta",
            f"Beta that the {name.removesuffix('s')} WACC implies",
            lambda self: self.implied_beta(key),
            unit="factor",
            note="all equity: (WACC - risk-free - country risk) / premium",
        )


def _spread(part: PartEntry, *, first: bool) -> ModelLine[Any]:
    return named_line(
        f"{part.key}_spread",
        f"WACC less terminal growth, {part.short.lower()}",
        lambda self: self.spread(part.key),
        unit="rate",
        note="the divisor of the terminal value: small spreads make huge values" if first else "",
    )


@cache
def capital(company: Company) -> type[Capital]:
    """The cost of capital of a company: that of each of its parts."""
    parts = discounted_parts(company)
    lines = [line for part in parts for line in _of_part(company, part)]
    lines += [_spread(part, first=part is parts[0]) for part in parts]
    return type("CompanyCapital", (Capital,), {line.key: line for line in lines})
