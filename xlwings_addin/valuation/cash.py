"""Whether cash reconciles: opening + free cash flow + financing and payouts = closing, every year.

What a business earns after tax, less what its plant and working capital grow by, is its free cash flow. The
sum of the parts counts net cash as it is and the flows as they fall: they are paid out, or paid in, at once.
So cash closes every year as it opened, and it does only where the balances and the flows of a business agree.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xlwings_addin.core.years import Scalar, last, running_sum
from xlwings_addin.segments.lines import Lines, Years, line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.parts import SumOfParts


class CashAccount(Lines):
    """The cash of the group as one business moves it."""

    def __init__(self, name: str, inputs: Scalars, *, business: Segment, whole: SumOfParts) -> None:
        super().__init__(name, inputs)
        self.business, self.whole = business, whole

    @line("Opening", unit="{currency} m")
    def opening(self) -> Scalar:
        """net cash, by the definition the case names"""
        return self.whole.net_cash

    @line("Free cash flow", unit="{currency} m")
    def free_cash_flow(self) -> Years:
        """profit after tax less what plant and working capital grow by"""
        return self.business.cash_earned

    @line("Financing and payouts", unit="{currency} m")
    def financing_and_payouts(self) -> Years:
        """the flow that is valued, paid out as it falls; paid in where it is negative"""
        return -self.business.fcff[1:]

    @line("Closing", unit="{currency} m")
    def closing(self) -> Years:
        """opening + free cash flow + financing and payouts"""
        moved = self.free_cash_flow + self.financing_and_payouts
        return running_sum(moved, self.opening) if len(moved) else moved

    @line("Gap of closing to opening cash", unit="ratio")
    def gap(self) -> Scalar:
        """what closing misses the opening of its year by: the root of the years' squares, to net cash"""
        moved = self.free_cash_flow + self.financing_and_payouts
        if not len(moved):
            return 0.0
        least = np.maximum(np.abs(self.opening), self.inputs.measured(1.0, self.inputs.company.money))
        gaps = moved / least
        return last(running_sum(gaps * gaps)) ** 0.5


def largest_gap(accounts: Mapping[str, CashAccount]) -> Scalar:
    """The largest gap of any business in any year."""
    largest: Scalar = 0.0
    for account in accounts.values():
        largest = np.maximum(largest, account.gap)
    return largest
