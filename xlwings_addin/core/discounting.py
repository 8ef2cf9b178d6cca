"""Discount factors, present values, terminal values, and the dated versions XNPV and XIRR.

Flows are arrays whose last axis is the year; any leading axes are scenarios. Index 0 is the first forecast
year. Rates are decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlwings_addin.core.errors import DomainError, InputError, ShapeError
from xlwings_addin.core.horner import (
    Block,
    discounted_sum,
    finite_flows,
    for_each_block,
    seen_as,
    years_first,
)
from xlwings_addin.core.validation import (
    Floats,
    broadcastable,
    choice,
    common_shape,
    exceeds,
    flows_of,
    not_negative,
    numbers,
    one_number,
    percent,
    positive,
    rates,
    result,
    year_count,
)

Timing = Literal["end", "mid"]
Dates = Sequence[date | str | float] | NDArray[Any]

DAYS_PER_YEAR = 365.0
"""Actual days over 365, the day count of XNPV and XIRR."""

_EXCEL_DAY_ZERO = np.datetime64("1899-12-30", "D")
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465
"""1 March 1900, before which Excel counts a day that never was, and 31 December 9999."""

_REACH = 6.5
"""XIRR looks for the rate among factors over the whole span of dates from exp(-sinh 6.5) to exp(sinh 6.5)."""


def discount_factors(
    rate: ArrayLike, *, years: int, timing: Timing = "end", first_period: float = 1.0
) -> Floats:
    """Value today of one unit paid in each year: `(1 + rate) ** -t`.

    Year end: `t = first_period + k` for k = 0, 1, ...; mid-year: `t` is halfway between two year ends, so
    `first_period / 2` for the first flow and `first_period + k - 0.5` for the others.

    Args:
        rate: discount rate, decimal, shape (...); above -100%.
        years: number of years, one or more.
        timing: "end" or "mid" of the year.
        first_period: years from the valuation date to the first year end (the stub), above 0.

    Returns: factors, shape (..., years).
    Raises: `DomainError` for a rate of -100% or less, a stub of zero or less, a number of years under one;
        `ChoiceError` for another timing.
    Source: Rosenbaum and Pearl, Investment Banking, chapter 3 (mid-year convention, stub).

    >>> discount_factors(0.10, years=3).round(4).tolist()
    [0.9091, 0.8264, 0.7513]
    >>> discount_factors(0.10, years=2, timing="mid", first_period=0.5).round(4).tolist()
    [0.9765, 0.9091]
    """
    base = 1 + rates("rate", rate)
    return np.asarray(base[..., None] ** -exponents(years, timing=timing, first_period=first_period))


def exponents(years: int, *, timing: Timing = "end", first_period: float = 1.0) -> Floats:
    """Years from the valuation date to each flow.

    >>> exponents(3, timing="mid").tolist()
    [0.5, 1.5, 2.5]
    """
    return np.cumsum(steps(years, timing=timing, first_period=first_period))


def steps(years: int, *, timing: Timing = "end", first_period: float = 1.0) -> tuple[float, ...]:
    """Years from the valuation date to the first flow, and from each flow to the next.

    >>> steps(3, timing="mid", first_period=0.5)
    (0.25, 0.75, 1.0)
    """
    count, stub = year_count("years", years), one_number("first_period", first_period)
    if choice("timing", timing, ("end", "mid")) == "end":
        return (stub, *[1.0] * (count - 1))
    return (stub / 2, *[(stub + 1) / 2] * (count > 1), *[1.0] * (count - 2))


def present_value(
    flows: ArrayLike, *, rate: ArrayLike, timing: Timing = "end", first_period: float = 1.0
) -> Any:
    """Sum of flows, each discounted: `sum(F_k / (1 + rate) ** t_k)`.

    The first flow is discounted, as in Excel's NPV and unlike numpy-financial's.

    Args:
        flows: shape (..., years), the year along the last axis, any unit of money.
        rate: discount rate, decimal; scalar or of the flows' leading shape.
        timing, first_period: as in `discount_factors`.

    Returns: shape (...), in the flows' unit.
    Raises: `DomainError` for flows that are not finite and for a rate of -100% or less; `ShapeError` for no
        flows or shapes that do not fit together.
    Source: Microsoft, NPV function, example 1: NPV(10%, -10000, 3000, 4200, 6800) is 1,188.44.

    >>> round(present_value([-10000, 3000, 4200, 6800], rate=0.10), 2)
    1188.44
    """
    array, discount_rate = flows_of("flows", flows), rates("rate", rate)
    waits = steps(array.shape[-1], timing=timing, first_period=first_period)
    shape = common_shape({"one year of flows": array.shape[:-1], "rate": discount_rate.shape})
    years, discount_rate = years_first(array, shape), seen_as(discount_rate, shape)
    total = np.empty(shape)

    def value(block: Block) -> None:
        discounted_sum(years[:, *block], 1 / (1 + discount_rate[block]), waits, out=total[block])

    for_each_block(shape, value)
    finite_flows(array, total)
    return result(total)


def gordon_terminal_value(
    final_flow: ArrayLike, *, rate: ArrayLike, growth: ArrayLike, grown: bool = True
) -> Any:
    """Value, at the last forecast year, of a flow that grows for ever: `F (1 + g) / (r - g)`.

    With `grown=False` the flow is taken as the next year's already: `F / (r - g)`.

    Args:
        final_flow: flow of the last forecast year, shape (...).
        rate, growth: decimals; the rate must exceed the growth.

    Returns: shape (...), in the flow's unit, at the date of the last flow.
    Raises: `DomainError` where growth reaches the rate or is -100% or less.
    Source: Gordon (1959), Review of Economics and Statistics 41(2); Damodaran, Investment Valuation, ch. 12.

    >>> round(gordon_terminal_value(100.0, rate=0.10, growth=0.02), 2)
    1275.0
    >>> round(gordon_terminal_value(100.0, rate=0.10, growth=0.02, grown=False), 2)
    1250.0
    """
    flow, r, g = numbers("final_flow", final_flow), rates("rate", rate), rates("growth", growth)
    broadcastable(final_flow=flow, rate=r, growth=g)
    exceeds("rate", r, "growth", g)
    return result(flow * gordon_multiple(r, g, grown=grown))


def gordon_multiple(rate: Floats, growth: Floats, *, grown: bool) -> Floats:
    """The Gordon value of a flow of one, without checks."""
    multiple = 1 / (rate - growth)
    if grown:
        multiple *= 1 + growth
    return np.asarray(multiple)


def value_driver_terminal_value(
    nopat_next: ArrayLike, *, rate: ArrayLike, growth: ArrayLike, roic: ArrayLike
) -> Any:
    """Terminal value that pays for its growth: `NOPAT (1 - g / ROIC) / (r - g)`.

    Args:
        nopat_next: operating profit after tax of the first year after the forecast, shape (...).
        rate, growth: decimals; the rate must exceed the growth.
        roic: return on new invested capital, decimal, above 0.

    Returns: shape (...), at the date of the last forecast flow.
    Raises: `DomainError` where growth reaches the rate or the return is not above zero.
    Source: Koller, Goedhart and Wessels (McKinsey), Valuation, chapter on continuing value.

    >>> round(value_driver_terminal_value(100.0, rate=0.10, growth=0.05, roic=0.10), 2)
    1000.0
    """
    nopat, r, g = numbers("nopat_next", nopat_next), rates("rate", rate), rates("growth", growth)
    returns = positive("roic", roic, show=percent)
    broadcastable(nopat_next=nopat, rate=r, growth=g, roic=returns)
    exceeds("rate", r, "growth", g)
    return result(nopat * value_driver_multiple(r, g, returns))


def value_driver_multiple(rate: Floats, growth: Floats, roic: Floats) -> Floats:
    """The value-driver value of a profit of one, without checks."""
    return np.asarray((1 - growth / roic) / (rate - growth))


def exit_multiple_terminal_value(metric: ArrayLike, *, multiple: ArrayLike) -> Any:
    """Terminal value from a multiple: `metric x multiple`, at the end of the last forecast year.

    Args:
        metric: EBITDA, EBIT or sales of the last forecast year, shape (...).
        multiple: times, zero or more.

    Raises: `DomainError` for a negative multiple.
    Source: Rosenbaum and Pearl, Investment Banking, chapter 3 (exit multiple method).

    >>> exit_multiple_terminal_value(150.0, multiple=8.0)
    1200.0
    """
    figures, times = numbers("metric", metric), not_negative("multiple", multiple)
    broadcastable(metric=figures, multiple=times)
    return result(figures * times)


def xnpv(flows: ArrayLike, dates: Dates, *, rate: ArrayLike) -> Any:
    """Present value of dated flows on the first date: `sum(F_k / (1 + rate) ** ((d_k - d_0) / 365))`.

    Args:
        flows: shape (..., n), one for each date.
        dates: n dates, ISO texts or Excel serial numbers; none before the first.
        rate: discount rate, decimal, shape (...).

    Returns: shape (...), in the flows' unit.
    Raises: `ShapeError` where flows and dates differ in number; `InputError` for a text that is no date;
        `DomainError` for a date before the first or a rate of -100% or less.
    Source: Microsoft, XNPV function: the example below is 2,086.65.

    >>> days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    >>> round(xnpv([-10000, 2750, 4250, 3250, 2750], days, rate=0.09), 2)
    2086.65
    """
    array, times = _dated(flows, dates)
    base = 1 + rates("rate", rate)
    common_shape({"one date of flows": array.shape[:-1], "rate": base.shape})
    return result((array * base[..., None] ** -times).sum(axis=-1))


def xirr(flows: ArrayLike, dates: Dates) -> float:
    """The rate at which dated flows are worth nothing: `XNPV(rate) = 0`.

    Where several rates do, the one nearest to zero is given.

    Args:
        flows: n amounts, at least one paid and one received.
        dates: as in `xnpv`.

    Raises: `DomainError` where all flows have one sign or no rate above -100% solves it; else as `xnpv`.
    Source: Microsoft, XIRR function: the example below is 37.34%.

    >>> days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    >>> round(xirr([-10000, 2750, 4250, 3250, 2750], days), 4)
    0.3734
    """
    from scipy.optimize import brentq

    array, times = _dated(flows, dates)
    if array.ndim != 1:
        raise ShapeError("flows", array.shape, "must be one row of amounts", shown=f"of shape {array.shape}")
    if not array.min() < 0 < array.max():
        raise DomainError("flows", array.tolist(), "must have at least one paid (negative) and one received")
    if not times.any():
        raise DomainError("dates", dates, "must not all be the same day", shown=str(dates[0]))
    span = times.max()

    def worth(decay: ArrayLike) -> Any:
        return (array * np.exp(np.multiply.outer(decay, -times / span))).sum(axis=-1)

    tries = np.sinh(np.linspace(-_REACH, _REACH, 4001))
    worths = worth(tries)
    crossings = np.flatnonzero(np.sign(worths[:-1]) * np.sign(worths[1:]) <= 0)
    if not len(crossings):
        raise DomainError("flows", array.tolist(), "have no internal rate of return above -100.00%")
    nearest = min(crossings, key=lambda k: abs(tries[k] + tries[k + 1]))
    low, high = tries[nearest], tries[nearest + 1]
    if worth(low) * worth(high) > 0:  # one end is the root, and its sign a matter of rounding
        decay = min(low, high, key=lambda end: abs(worth(end)))
    else:
        decay = brentq(worth, low, high, xtol=1e-15, rtol=1e-14)
    return float(np.expm1(decay / span))


def _dated(flows: ArrayLike, dates: Dates) -> tuple[Floats, Floats]:
    """Flows, and the years from the first date to each."""
    array = numbers("flows", flows)
    days = np.array([_day(day) for day in dates], dtype="datetime64[D]")
    if array.ndim == 0 or array.shape[-1] != len(days) or not len(days):
        count = array.shape[-1] if array.ndim else 1
        raise ShapeError("flows", count, f"must be as many as dates, {len(days)}")
    early = np.flatnonzero(days < days[0])
    if len(early):
        rule = f"must not be before the first date {days[0]}"
        raise DomainError(f"dates[{early[0]}]", days[early[0]], rule, shown=str(days[early[0]]))
    return array, (days - days[0]).astype(np.float64) / DAYS_PER_YEAR


def _day(value: object) -> np.datetime64:
    """A date in any of its spellings, as a day."""
    if isinstance(value, np.datetime64) and not np.isnat(value):
        value = value.astype("datetime64[D]").item()
    if isinstance(value, str):
        with suppress(ValueError):
            value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return np.datetime64(value, "D")
    if isinstance(value, int | float | np.number) and _FIRST_SERIAL <= value <= _LAST_SERIAL:
        return _EXCEL_DAY_ZERO + np.timedelta64(int(value), "D")
    raise InputError("dates", value, "must be dates, ISO texts (2024-03-08) or Excel serial numbers")
