"""The sum of the parts: from the segments to the value of a share, and what the price says about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, reduce
from typing import Any

import numpy as np

from xlwings_addin.core.years import after, floored, over, ratio, running_sum, total
from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.segments.lines import Lines, ModelLine, Scalar, WithBaseYear, Years, line, named_line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment

REQUIRED_KEY = "required_margin_of_safety"
SHARE_KEY = "long_term_deposits_share"
NOT_FREE = ("operating_cash", "frozen_cash")
"""Inputs that a company may leave out: what of its cash counts, and what does not."""


def _lengthened(flow: Years, years: int) -> Years:
    """A path with nothing in the years after its own."""
    return np.concatenate([flow, np.zeros((years - len(flow), *flow.shape[1:]))])


class SumOfParts(Lines):
    """The businesses, each by the method that counts, and all else that belongs to the shareholders."""

    def __init__(self, name: str, inputs: Scalars, *, businesses: Mapping[str, Any]) -> None:
        super().__init__(name, inputs)
        self.businesses = businesses

    # The parts --------------------------------------------------------------------------------------------

    @line("Segments", unit="{currency} m")
    def segments(self) -> Scalar:
        whole: Scalar = total([business.enterprise_value for business in self.businesses.values()])
        return whole

    @line("Holding discount", unit="{currency} m")
    def discount(self) -> Scalar:
        """taken off the segments, not off the cash"""
        return -self.number("holding_discount") * self.segments

    @line("Net cash", unit="{currency} m")
    def net_cash(self) -> Scalar:
        """by the definition the case names, with the cash since it was counted, see below"""
        company = self.inputs.text("net_cash_definition") == "company"
        counted = self.net_cash_company if company else self.net_cash_strict
        return counted + self.cash_since_counted

    @line("Associates and investments", unit="{currency} m")
    def associates(self) -> Scalar:
        return self.number("associates")

    @line("Minority interests", unit="{currency} m")
    def minority_interest(self) -> Scalar:
        return -self.number("minority_interest")

    @line("Equity value", unit="{currency} m")
    def equity_value(self) -> Scalar:
        return self.segments + self.discount + self.net_cash + self.associates + self.minority_interest

    # Net cash, shares and currency ------------------------------------------------------------------------

    @line("Net cash, strict", unit="{currency} m")
    def net_cash_strict(self) -> Scalar:
        """liquid funds, and long-term deposits that count, less cash that is not free, debt and leases"""
        funds = self.number("liquid_funds") + self.long_term_deposits
        return funds - self.cash_not_free - self.number("debt")

    @line("Long-term deposits that count", unit="{currency} m")
    def long_term_deposits(self) -> Scalar:
        """the share of cash resources beyond liquid funds and restricted cash that the case counts"""
        rest = floored(
            self.number("cash_resources") - self.number("liquid_funds") - self.number("restricted_cash")
        )
        return rest * (self.number(SHARE_KEY) if self.inputs.has(SHARE_KEY) else 0.0)

    @line("Cash that is not free", unit="{currency} m")
    def cash_not_free(self) -> Scalar:
        """what the businesses need to run, and what is frozen"""
        amounts = [self.number(key) for key in NOT_FREE if self.inputs.has(key)]
        return total(amounts) if amounts else 0.0

    @line("Net cash, the company's definition", unit="{currency} m")
    def net_cash_company(self) -> Scalar:
        """cash resources, with restricted cash and all deposits, less debt and leases"""
        return self.number("cash_resources") - self.number("debt")

    @line("Free cash flow since the cash was counted", unit="{currency} m")
    def flows_since(self) -> Scalar:
        """what the model's flows bring from that day to the valuation date, by the methods that count"""
        segments = [one for one in self.businesses.values() if isinstance(one, Segment)]
        whole: Scalar = total([one.flows_since for one in segments]) if segments else 0.0
        return whole

    @line("Cash since it was counted", unit="{currency} m")
    def cash_since_counted(self) -> Scalar:
        """those flows and those of periods rolled over, less payouts"""
        return self.flows_since + self.number("cash_rolled") - self.number("payouts_since")

    @line("Shares", unit="m shares")
    def shares(self) -> Scalar:
        """treasury stock method: what is paid for awards buys shares back at the price"""
        if self.inputs.text("share_basis") == "diluted":
            return self.number("diluted_shares")
        issued = floored(1 - self.number(f"award_strike_{self.listing_key}") / self.price)
        return self.number("basic_shares") + self.number("share_awards") * issued

    @property
    def listing_key(self) -> str:
        """How keys of inputs call the currency that a share is quoted in."""
        return self.inputs.company.currency.listing.lower()

    @property
    def listing_per_reporting(self) -> Scalar | None:
        """The cross rate over the US dollar; None where both currencies are one."""
        currency = self.inputs.company.currency
        if currency.listing == currency.reporting:
            return None
        return self.inputs.per_usd(currency.listing) / self.inputs.per_usd(currency.reporting)

    # Per share --------------------------------------------------------------------------------------------

    def per_share(self, amount: Scalar) -> Scalar:
        """Millions of the reporting currency as money of the listing a share."""
        rate = self.listing_per_reporting
        return amount / self.shares if rate is None else amount * rate / self.shares

    @line("Net cash and all else", unit="{listing}")
    def cash_and_other_per_share(self) -> Scalar:
        """stated values, investments, discount and minorities"""
        rest = self.equity_value
        for business in self.businesses.values():
            if isinstance(business, Segment):
                rest = rest - business.enterprise_value
        return self.per_share(rest)

    @line("Value per share", unit="{listing}")
    def value_per_share(self) -> Scalar:
        return self.per_share(self.equity_value)

    @line("Price", unit="{listing}")
    def price(self) -> Scalar:
        return self.number(self.inputs.company.price_key)

    @line("Margin of safety", unit="ratio", undefined="the value of a share is not above zero")
    def margin_of_safety(self) -> Scalar:
        """1 - price / value, where there is any value; the same as the upside, to another base"""
        return 1 - over(self.price, self.value_per_share, positive=True)

    @line("Value over price", unit="ratio")
    def upside(self) -> Scalar:
        """value / price - 1: the one percentage that Cover, report and command line show"""
        return self.value_per_share / self.price - 1

    @line("Buy below", unit="{listing}", undefined="the value of a share is not above zero")
    def buy_below(self) -> Scalar:
        """the value less the margin of safety that is required of it"""
        required = self.number(REQUIRED_KEY) if self.inputs.has(REQUIRED_KEY) else 0.0
        worth: Scalar = np.where(np.asarray(self.value_per_share) > 0, 1.0, np.nan)
        return self.value_per_share * (1 - required) * worth

    @line("Market capitalisation", unit="{listing} m")
    def market_capitalisation(self) -> Scalar:
        return self.price * self.shares

    @line("Share of the segments' value that is terminal", unit="ratio")
    def terminal_share(self) -> Scalar:
        """what lies beyond the forecast years"""
        terminal = [business.terminal_present_value for business in self.businesses.values()]
        return ratio(total(terminal), self.segments)

    @line("Price less value", unit="{listing}")
    def price_less_value(self) -> Scalar:
        """what the market pays for beyond the parts, a share"""
        return self.price - self.value_per_share

    # Net cash by year -------------------------------------------------------------------------------------

    @line("Free cash flow of all businesses", unit="{currency} m")
    def group_fcff(self) -> Years:
        """by the methods that count; before interest, dividends and buybacks"""
        flows = [business.fcff[1:] for business in self.businesses.values() if isinstance(business, Segment)]
        longest = max(map(len, flows), default=0)
        whole: Years = total([_lengthened(flow, longest) for flow in flows]) if flows else np.zeros((0, 1))
        return whole

    @line("Net cash at the end of the year", unit="{currency} m", beyond="last")
    def net_cash_by_year(self) -> WithBaseYear:
        """net cash, and the flows of all businesses from the first forecast year on"""
        return running_sum(after(0.0, self.group_fcff), self.net_cash)

    @line("Lowest net cash", unit="{currency} m")
    def lowest_net_cash(self) -> Scalar:
        lowest: Scalar = reduce(np.minimum, list(self.net_cash_by_year))
        return lowest

    @line("Year of the lowest net cash", unit="year")
    def lowest_net_cash_year(self) -> Scalar:
        year: Scalar = self.number("base_year") + np.argmax(-self.net_cash_by_year, axis=0)
        return year

    # What the price implies -------------------------------------------------------------------------------

    def final_deliveries_of(self, part: str) -> Scalar:
        deliveries: Scalar = self.businesses[part].final_deliveries
        return deliveries

    def implied_per_share(self, part: str) -> Scalar:
        """What a part is worth a share if the rest is worth what this model says."""
        missing = (self.price - self.value_per_share) / (1 - self.number("holding_discount"))
        return missing + self.per_share(self.businesses[part].enterprise_value)

    def implied_deliveries(self, part: str) -> Scalar:
        """For a ramp, whose value is in proportion to its size while income starts at zero."""
        business = self.businesses[part]
        if not business.is_in_proportion:
            return np.nan
        own = self.per_share(business.enterprise_value)
        times = over(self.implied_per_share(part), own, positive=True)
        return self.final_deliveries_of(part) * times


def sum_keys(company: Company) -> tuple[str, ...]:
    """The lines of the sum that are shown in two currencies, a share and as a part of the whole."""
    return (
        *(part.key for part in company.parts),
        *("segments", "discount", "net_cash", "associates", "minority_interest", "equity_value"),
    )


def implied_part(company: Company) -> PartEntry | None:
    """The part whose deliveries the price is read in: the first that delivers by every method; or none."""
    ramps = ("capacity_ramp", "revenue_ramp")
    for part in company.parts:
        if all(business.template in ramps for business in company.methods_of(part.key)):
            return part
    return None


def _of_part(company: Company, part: PartEntry) -> ModelLine[Any]:
    key = part.key
    return named_line(
        key,
        part.label,
        lambda self: self.businesses[key].enterprise_value,
        unit="{currency} m",
        note=part.note or ("by the method that counts, see below" if part.method_key else ""),
    )


def _implied(part: PartEntry) -> Iterator[ModelLine[Any]]:
    key, name = part.key, part.short.removesuffix("s")
    final = "Deliveries of the last forecast year in this model"
    yield named_line("final_deliveries", final, lambda self: self.final_deliveries_of(key), unit="m vehicles")
    yield named_line(
        f"implied_{key}_per_share",
        f"{name} value a share that the price pays for",
        lambda self: self.implied_per_share(key),
        unit="{listing}",
        note="if the rest is worth what this model says; before the holding discount",
    )
    yield named_line(
        "implied_final_deliveries",
        "Deliveries of the last forecast year that this pays for",
        lambda self: self.implied_deliveries(key),
        unit="m vehicles",
        note="for the ramp, whose value is in proportion to its size while income starts at zero",
        undefined="only a ramp that is worth something is worth in proportion to its size",
    )


def rate_key(company: Company) -> str | None:
    """The line that has the cross rate; None where share and accounts are in one currency."""
    listing, reporting = company.currency.listing, company.currency.reporting
    return None if listing == reporting else f"{listing}_per_{reporting}".lower()


@cache
def sum_of_parts(company: Company) -> type[SumOfParts]:
    """The sum of the parts of a company."""
    lines = [_of_part(company, part) for part in company.parts]
    if (key := rate_key(company)) is not None:
        lines.append(
            named_line(
                key,
                f"{company.currency.listing} per {company.currency.reporting}",
                lambda self: self.listing_per_reporting,
                unit="{listing} per {currency}",
                note="cross rate over the US dollar",
            )
        )
    first = company.parts[0]
    lines.append(
        named_line(
            f"{first.key}_and_net_cash_per_share",
            f"{first.short} and net cash",
            lambda self: self.per_share(self.businesses[first.key].enterprise_value + self.net_cash),
            unit="{listing}",
            note="before discount, investments and minorities",
        )
    )
    if (part := implied_part(company)) is not None:
        lines += _implied(part)
    return type("CompanySumOfParts", (SumOfParts,), {line.key: line for line in lines})


class Part(Lines):
    """One line of the sum in the ways the sheet shows it."""

    def __init__(self, name: str, inputs: Scalars, *, whole: SumOfParts, key: str) -> None:
        super().__init__(name, inputs)
        self.whole, self.key = whole, key

    @line("{currency} m", unit="{currency} m")
    def value(self) -> Scalar:
        amount: Scalar = getattr(self.whole, self.key)
        return amount

    @line("USD m", unit="USD m")
    def usd(self) -> Scalar:
        return self.value / self.inputs.per_usd(self.inputs.company.currency.reporting)

    @line("{listing} a share", unit="{listing}")
    def per_share(self) -> Scalar:
        return self.whole.per_share(self.value)

    @line("USD a share", unit="USD")
    def per_share_usd(self) -> Scalar:
        return self.usd / self.whole.shares

    @line("of equity", unit="ratio")
    def share(self) -> Scalar:
        return ratio(self.value, self.whole.equity_value)


class Multiples(Lines):
    """What a business's value is to its sales and to its operating profit after tax.

    Of the base year and of forecast years; the latter to profit is an implied price to earnings ratio of a
    business without debt. A business by a method without sales and profit has none.
    """

    def __init__(self, name: str, inputs: Scalars, *, business: Segment) -> None:
        super().__init__(name, inputs)
        self.business = business

    @line("Enterprise value to sales, base year", unit="multiple", undefined="no sales")
    def base_sales(self) -> Scalar:
        return self._times("revenue", 0)

    @line("Enterprise value to sales, first forecast year", unit="multiple", undefined="no sales")
    def first_sales(self) -> Scalar:
        return self._times("revenue", 1)

    @line("Price to earnings, first forecast year", unit="multiple", undefined="no profit")
    def first_earnings(self) -> Scalar:
        """value of a segment without debt over its operating profit after tax"""
        return self._times("profits", 1)

    @line("Price to earnings, third forecast year", unit="multiple", undefined="no profit")
    def third_earnings(self) -> Scalar:
        return self._times("profits", 3)

    def _times(self, key: str, year: int) -> Scalar:
        figures: WithBaseYear | None = getattr(self.business, key, None)
        if figures is None or year >= len(figures):
            return np.nan
        return over(self.business.enterprise_value, figures[year], positive=True)
