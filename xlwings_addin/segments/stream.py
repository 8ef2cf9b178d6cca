"""What a stream of free cash flow is worth, and two other terminal values to hold it against."""

from __future__ import annotations

from math import prod

import numpy as np

from xlwings_addin.core.discounting import gordon_multiple, value_driver_multiple
from xlwings_addin.core.years import discounted, last, over, power, ratio, running_product, total
from xlwings_addin.inputs.company import Business
from xlwings_addin.segments.base import BaseFigures
from xlwings_addin.segments.capital import Capital
from xlwings_addin.segments.lines import Lines, Record, Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.timeline import Timeline

VALUE_DRIVER = "value_driver"
"""The word for a terminal value that pays for its growth."""


class Valued(Lines):
    """A business by one method: what it is worth, and how much of that lies beyond a forecast.

    `prefix` begins the keys of its inputs and of its cost of capital. A subclass has `enterprise_value` and
    `terminal_present_value`.
    """

    def __init__(
        self,
        business: Business,
        inputs: Scalars,
        *,
        timeline: Timeline,
        base: BaseFigures,
        capital: Capital,
    ) -> None:
        super().__init__(business.key, inputs)
        self.business, self.prefix = business, business.prefix
        self.timeline, self.base, self.capital = timeline, base, capital

    def groups(self) -> tuple[Lines, ...]:
        """Its lines, and those of what it is made of."""
        return (self,)

    @property
    def is_in_proportion(self) -> bool:
        """Whether its value is in proportion to its size, so that a price can be read in deliveries."""
        return False

    def own(self, key: str) -> Scalar:
        """A number of the inputs that belongs to this business."""
        return self.inputs.number(f"{self.prefix}_{key}")


class Segment(Valued):
    """A business by one method: a path of free cash flow and what it is worth."""

    @property
    def years_forecast(self) -> int:
        """How many years are forecast, one number for all scenarios."""
        return self.inputs.count(f"{self.prefix}_horizon")

    @property
    def wacc(self) -> Scalar:
        return self.capital.wacc(self.prefix)

    @line("Years forecast", unit="count")
    def horizon(self) -> Scalar:
        return float(self.years_forecast)

    @line("Year is forecast", unit="flag")
    def in_horizon(self) -> Years:
        """1 up to the horizon of the case, then 0"""
        return np.ones((self.years_forecast, 1))

    @line("Last forecast year", unit="flag")
    def is_final(self) -> WithBaseYear:
        """the terminal value follows this year"""
        flags = np.zeros((self.years_forecast + 1, 1))
        flags[-1] = 1.0
        return flags

    @line("Free cash flow to firm", unit="{currency} m")
    def fcff(self) -> WithBaseYear:
        raise NotImplementedError

    @line("Cash earned", unit="{currency} m")
    def cash_earned(self) -> Years:
        """profit after tax less what plant and working capital grow by"""
        raise NotImplementedError

    @line("Flow since the cash was counted", unit="{currency} m")
    def flows_since(self) -> Scalar:
        """of the base year and the year after it: what fell up to the valuation date"""
        years = min(self.years_forecast + 1, 2)
        fell: Scalar = total([self.fcff[year] * self.timeline.cash_share[year] for year in range(years)])
        return fell

    def lasting_flow(self) -> Scalar:
        """The flow the terminal value rests on: the last one, unless some of it does not recur."""
        return last(self.fcff)

    # Discounting ------------------------------------------------------------------------------------------

    @line("Free cash flow counted", unit="{currency} m")
    def counted_fcff(self) -> WithBaseYear:
        """of the first flow the whole, or only what falls after the valuation date, as the case says"""
        return self.fcff * self.timeline.flow_share[: self.years_forecast + 1]

    @line("Discount factor", unit="factor")
    def discount_factor(self) -> WithBaseYear:
        """1 / (1 + WACC) ^ years from the valuation date"""
        shape = np.shape(self.wacc) or (1,)
        factors = np.ones((self.timeline.years + 1, *shape))
        for year, factor in enumerate(self._steps(self.timeline.years), self.timeline.first):
            factors[year] = factor
        return running_product(factors)

    @line("Present value", unit="{currency} m")
    def present_value(self) -> WithBaseYear:
        return self.counted_fcff * self.discount_factor[: self.years_forecast + 1]

    @line("Discount factor of a step", unit="factor")
    def step_factors(self) -> Record:
        """what a flow loses on a step of its way to the valuation date, by its length in years"""
        once = 1 / (1 + self.wacc)
        factors = {1.0: once}
        for wait in dict.fromkeys(self.timeline.waits(2)):
            shorter = next((other for other in factors if abs(wait - other - 0.5) < 1e-12), None)
            if shorter is not None:
                factors[wait] = factors[shorter] * once**0.5
            elif wait not in factors:
                factors[wait] = power(once, wait)
        return factors

    def _steps(self, horizon: int) -> list[Scalar]:
        """The factors of the steps from the valuation date to the last of so many forecast years."""
        return [self.step_factors[wait] for wait in self.timeline.waits(horizon)]

    # Value ------------------------------------------------------------------------------------------------

    @line("Value of the forecast years", unit="{currency} m")
    def explicit_value(self) -> Scalar:
        factors = self._steps(self.years_forecast)
        if not factors:
            return 0.0
        first, shares = self.timeline.first, self.timeline.flow_share.ravel().tolist()
        path = self.fcff
        alone = isinstance(factors[0], float) and path.size == len(path) and type(path) is np.ndarray
        flows = path.ravel().tolist() if alone else list(path)
        for year in (0, 1)[first : len(flows)]:
            flows[year] = flows[year] * shares[year]
        return discounted(flows[first:], factors)

    @line("Flow the terminal value rests on", unit="{currency} m")
    def final_fcff(self) -> Scalar:
        """of the last forecast year; of the base year, when no year is forecast"""
        return self.lasting_flow()

    @line("Terminal value at that year", unit="{currency} m")
    def terminal_value(self) -> Scalar:
        """Gordon: F x (1 + g) / (WACC - g), or the flat form F / (WACC - g) if the case says so"""
        return self.gordon_value()

    def gordon_value(self) -> Scalar:
        """The perpetuity of the lasting flow at the year after the forecast."""
        growth, grown = self.own("terminal_growth"), self.inputs.text("terminal_form") == "grown"
        return self.final_fcff * gordon_multiple(self.wacc, growth, grown=grown)

    @line("Discount factor of that year", unit="factor")
    def terminal_factor(self) -> Scalar:
        return prod(self._steps(self.years_forecast), start=1.0)

    @line("Present value of the terminal value", unit="{currency} m")
    def terminal_present_value(self) -> Scalar:
        return self.terminal_value * self.terminal_factor

    @line("Enterprise value", unit="{currency} m")
    def enterprise_value(self) -> Scalar:
        return self.explicit_value + self.terminal_present_value

    @line("the same in US dollars", unit="USD m")
    def enterprise_value_usd(self) -> Scalar:
        return self.enterprise_value / self.inputs.per_usd(self.inputs.company.currency.reporting)

    @line("Terminal share of the value", unit="ratio")
    def terminal_share(self) -> Scalar:
        """how much of the value lies beyond the forecast"""
        return ratio(self.terminal_present_value, self.enterprise_value)


class CrossChecked(Segment):
    """A segment with a profit and an EBITDA to hold its terminal value against."""

    def lasting_profit(self) -> Scalar:
        """Operating profit after tax of the last forecast year, as far as it recurs."""
        raise NotImplementedError

    @line("Operating profit off its path", unit="{currency} m")
    def ebit_shock(self) -> WithBaseYear:
        """in the first forecast year: what is known of the year under way and no path has"""
        key = f"{self.prefix}_ebit_shock"
        is_first = np.zeros((self.years_forecast + 1, 1))
        is_first[1:2] = 1.0
        return is_first * (self.number(key) if self.inputs.has(key) else 0.0)

    @line("EBITDA", unit="{currency} m")
    def ebitda(self) -> WithBaseYear:
        raise NotImplementedError

    @line("NOPAT of the last forecast year", unit="{currency} m")
    def final_nopat(self) -> Scalar:
        return self.lasting_profit()

    @line("Terminal value by Gordon", unit="{currency} m")
    def gordon_terminal_value(self) -> Scalar:
        """F x (1 + g) / (WACC - g), or the flat form F / (WACC - g) if the case says so"""
        return self.gordon_value()

    @line("Enterprise value with it", unit="{currency} m")
    def gordon_enterprise_value(self) -> Scalar:
        return self.explicit_value + self.gordon_terminal_value * self.terminal_factor

    @line(override=True)
    def terminal_value(self) -> Scalar:
        """by Gordon, F x (1 + g) / (WACC - g), or by the value driver, as the case says; both stand below"""
        key = f"{self.prefix}_terminal_value"
        by_driver = self.inputs.has(key) and self.inputs.text(key) == VALUE_DRIVER
        return self.driver_terminal_value if by_driver else self.gordon_terminal_value

    @line("Terminal value by the value driver", unit="{currency} m")
    def driver_terminal_value(self) -> Scalar:
        """NOPAT x (1 - g / return on new capital) / (WACC - g): growth is paid for"""
        growth, grown = self.own("terminal_growth"), self.inputs.text("terminal_form") == "grown"
        next_profit = self.final_nopat * (1 + growth) if grown else self.final_nopat
        return next_profit * value_driver_multiple(self.wacc, growth, self.own("return_on_new_capital"))

    @line("Enterprise value with it", unit="{currency} m")
    def driver_enterprise_value(self) -> Scalar:
        return self.explicit_value + self.driver_terminal_value * self.terminal_factor

    @line("Against Gordon", unit="ratio", undefined="the enterprise value is zero")
    def driver_difference(self) -> Scalar:
        return over(self.driver_enterprise_value, self.gordon_enterprise_value) - 1

    @line("EBITDA of the last forecast year", unit="{currency} m")
    def final_ebitda(self) -> Scalar:
        return last(self.ebitda)

    @line("Discount factor of its year end", unit="factor")
    def year_end_factor(self) -> Scalar:
        """a business is sold at the end of a year, whenever in the year its flows fall"""
        wait = float(self.timeline.year_end_exponent[self.years_forecast].item())
        return power(1 / (1 + self.wacc), wait)

    @line("Terminal value by the exit multiple", unit="{currency} m")
    def multiple_terminal_value(self) -> Scalar:
        return self.final_ebitda * self.own("exit_multiple")

    @line("Enterprise value with it", unit="{currency} m")
    def multiple_enterprise_value(self) -> Scalar:
        return self.explicit_value + self.multiple_terminal_value * self.year_end_factor

    @line("Against Gordon", unit="ratio", undefined="the enterprise value is zero")
    def multiple_difference(self) -> Scalar:
        return over(self.multiple_enterprise_value, self.gordon_enterprise_value) - 1

    @line("Multiple of EBITDA that Gordon implies", unit="multiple", undefined="EBITDA is zero")
    def implied_multiple(self) -> Scalar:
        worth = self.gordon_terminal_value * self.terminal_factor
        return over(worth / self.year_end_factor, self.final_ebitda)
