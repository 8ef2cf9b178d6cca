"""Discount factors, present values, terminal values, and the dated versions XNPV and XIRR.

Flows are arrays whose first axis is the year; any axes behind it are scenarios. Index 0 is the first forecast
year. Rates are decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlwings_addin.core.errors import DomainError, InputError, ShapeError
from xlwings_addin.core.horner import (
    Block,
    broadcast,
    discounted_sum,
    finite_flows,
    over_blocks,
    years_first,
)
from xlwings_addin.core.roots import find_roots
from xlwings_addin.core.serials import FIRST_SERIAL, LAST_SERIAL, SERIAL_ORIGIN
from xlwings_addin.core.validation import (
    Floats,
    as_numbers,
    as_rates,
    behind_years,
    broadcastable,
    choice,
    not_negative,
    one_number,
    percent,
    positive,
    require_exceeds,
    result,
    scenarios_of,
    year_count,
    years_of,
)
from xlwings_addin.core.years import Figure, running_sum

Timing = Literal["end", "mid"]
Dates = Sequence[date | str | float] | NDArray[Any]

DAYS_PER_YEAR = 365.0
"""Actual days over 365, the day count of XNPV and XIRR."""

_REACH = 6.5
"""XIRR looks for the rate among factors over the whole span of dates from exp(-sinh 6.5) to exp(sinh 6.5)."""
_ZOOMS, _ZOOM_POINTS = 14, 17
"""A turn is looked for in a bracket that becomes an eighth of itself so often: to 1e-12 of a step."""
_ROUNDING = 1e-15
"""A worth of so small a share of all flows is zero."""
_FAR_OUT = 0.99
"""A worth of so large a share of all flows is that of one flow, beside which the others count no longer."""


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

    Returns: factors, shape (years, ...).
    Raises: `DomainError` for a rate of -100% or less, a stub of zero or less, a number of years under one;
        `ChoiceError` for another timing.
    Source: Rosenbaum and Pearl, Investment Banking, chapter 3 (mid-year convention, stub).

    >>> discount_factors(0.10, years=3).round(4).tolist()
    [0.9091, 0.8264, 0.7513]
    >>> discount_factors(0.10, years=2, timing="mid", first_period=0.5).round(4).tolist()
    [0.9765, 0.9091]
    """
    base = 1 + as_rates("rate", rate)
    waits = exponents(years, timing=timing, first_period=first_period)
    return np.asarray(base ** -behind_years(waits, base.ndim))


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
        flows: shape (years, ...), any unit of money.
        rate: discount rate, decimal; scalar or of the shape of one year of flows.
        timing, first_period: as in `discount_factors`.

    Returns: shape (...), in the flows' unit.
    Raises: `DomainError` for flows that are not finite and for a rate of -100% or less; `ShapeError` for no
        flows or shapes that do not fit together.
    Source: Microsoft, NPV function, example 1: NPV(10%, -10000, 3000, 4200, 6800) is 1,188.44.

    >>> round(present_value([-10000, 3000, 4200, 6800], rate=0.10), 2)
    1188.44
    """
    array, discount_rate = years_of("flows", flows), as_rates("rate", rate)
    waits = steps(len(array), timing=timing, first_period=first_period)
    shape = scenarios_of("flows", array, {"rate": discount_rate.shape})
    years, discount_rate = years_first(array, shape), broadcast(discount_rate, shape)
    total = np.empty(shape)

    def value(block: Block) -> None:
        discounted_sum(years[:, *block], 1 / (1 + discount_rate[block]), waits, out=total[block])

    over_blocks(years, value)
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
    flow, r, g = as_numbers("final_flow", final_flow), as_rates("rate", rate), as_rates("growth", growth)
    broadcastable(final_flow=flow, rate=r, growth=g)
    require_exceeds("rate", r, "growth", g)
    return result(flow * gordon_multiple(r, g, grown=grown))


def gordon_multiple(rate: Figure, growth: Figure, *, grown: bool) -> Figure:
    """The Gordon value of a flow of one, without checks."""
    multiple = 1 / (rate - growth)
    return multiple * (1 + growth) if grown else multiple


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
    nopat, r, g = as_numbers("nopat_next", nopat_next), as_rates("rate", rate), as_rates("growth", growth)
    returns = positive("roic", roic, show=percent)
    broadcastable(nopat_next=nopat, rate=r, growth=g, roic=returns)
    require_exceeds("rate", r, "growth", g)
    return result(nopat * value_driver_multiple(r, g, returns))


def value_driver_multiple(rate: Figure, growth: Figure, roic: Figure) -> Figure:
    """The value-driver value of a profit of one, without checks."""
    return (1 - growth / roic) / (rate - growth)


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
    figures, times = as_numbers("metric", metric), not_negative("multiple", multiple)
    broadcastable(metric=figures, multiple=times)
    return result(figures * times)


def xnpv(flows: ArrayLike, dates: Dates, *, rate: ArrayLike) -> Any:
    """Present value of dated flows on the first date: `sum(F_k / (1 + rate) ** ((d_k - d_0) / 365))`.

    Args:
        flows: shape (n, ...), one for each date.
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
    base = 1 + as_rates("rate", rate)
    shape = scenarios_of("flows", array, {"rate": base.shape})
    array = behind_years(array, len(shape))
    with np.errstate(over="ignore", invalid="ignore"):
        values = array * base ** -behind_years(times, len(shape))
    # A flow of zero is worth nothing, also where its factor is too large for a number: inf x 0 is no zero.
    return result(running_sum(np.where(array == 0, 0.0, values))[-1])


def xirr(flows: ArrayLike, dates: Dates) -> float:
    """The rate at which dated flows are worth nothing: `XNPV(rate) = 0`.

    Where several rates do, the one nearest to zero is given: of -9% and +11% the former. All are looked for
    between the rates at which a unit on the last date is worth e ** 332 and e ** -332, among 4,000 steps that
    are the finer the nearer to zero; two roots within one step are found at the turn between them. Excel's
    XIRR gives the root that it reaches from its guess.

    Args:
        flows: n amounts, at least one paid and one received.
        dates: as in `xnpv`.

    Raises: `DomainError` where all flows have one sign or no rate above -100% solves it; else as `xnpv`.
    Source: Microsoft, XIRR function: the example below is 37.34%.

    >>> days = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    >>> round(xirr([-10000, 2750, 4250, 3250, 2750], days), 4)
    0.3734
    """
    array, times = _dated(flows, dates)
    if array.ndim != 1:
        raise ShapeError(
            "flows", array.shape, "must be one row of amounts", display=f"of shape {array.shape}"
        )
    if not array.min() < 0 < array.max():
        raise DomainError("flows", array.tolist(), "must have at least one paid (negative) and one received")
    if not times.any():
        raise DomainError("dates", dates, "must not all be the same day", display=str(dates[0]))
    span, shares = times.max(), array / np.abs(array).max()

    def worth(decay: ArrayLike) -> Any:
        """The worth as a share of what all flows together would be worth if all were received."""
        factors = np.exp(np.multiply.outer(decay, -times / span))
        with np.errstate(all="ignore"):  # where all flows are too small for a number it is none
            return (shares * factors).sum(axis=-1) / (np.abs(shares) * factors).sum(axis=-1)

    roots = [float(np.expm1(decay / span)) for decay in _roots(worth)]
    if not roots:
        raise DomainError("flows", array.tolist(), "have no internal rate of return above -100.00%")
    return min(roots, key=lambda rate: (abs(rate), -rate))


def _roots(worth: Callable[[ArrayLike], Any]) -> Iterator[float]:
    """Where a worth is zero: at a step, between two steps of different sign, and on both sides of a turn."""
    steps = np.sinh(np.linspace(-_REACH, _REACH, 4001))
    worths = worth(steps)
    yield from steps[worths == 0]
    for k in np.flatnonzero(worths[:-1] * worths[1:] < 0):
        yield _crossing(worth, steps[k], steps[k + 1])
    for k in _turns(worths):
        sign, low, high = np.sign(worths[k]), steps[k - 1], steps[k + 1]
        turn = _lowest(worth, sign, low, high)
        least = sign * float(worth(turn))
        if least < -_ROUNDING:
            yield _crossing(worth, low, turn)
            yield _crossing(worth, turn, high)
        elif least <= _ROUNDING:
            yield turn


def _lowest(worth: Callable[[ArrayLike], Any], sign: float, low: float, high: float) -> float:
    """Where a worth with one turn is nearest to zero: two of sixteen steps are kept, again and again."""
    for _ in range(_ZOOMS):
        points = np.linspace(low, high, _ZOOM_POINTS)
        place = min(max(int(np.argmin(sign * worth(points))), 1), _ZOOM_POINTS - 2)
        low, high = points[place - 1], points[place + 1]
    return float(low + high) / 2


def _turns(worths: Floats) -> NDArray[np.intp]:
    """The steps nearer to zero than both their neighbours, all three on one side of it."""
    sizes, signs = np.abs(worths), np.sign(worths)
    same_side = (signs[1:-1] == signs[:-2]) & (signs[1:-1] == signs[2:])
    nearer = (sizes[1:-1] < sizes[:-2]) & (sizes[1:-1] <= sizes[2:]) & (sizes[1:-1] < _FAR_OUT)
    return 1 + np.flatnonzero(same_side & nearer)


def _crossing(worth: Callable[[ArrayLike], Any], low: float, high: float) -> float:
    """The root between two places of different sign."""
    if worth(low) * worth(high) > 0:  # one end is the root, and its sign a matter of rounding
        return min(low, high, key=lambda end: abs(float(worth(end))))
    (root,) = find_roots(lambda decay, which: worth(decay), np.array([low]), np.array([high]))
    return float(root)


def _dated(flows: ArrayLike, dates: Dates) -> tuple[Floats, Floats]:
    """Flows, and the years from the first date to each."""
    array = as_numbers("flows", flows)
    days = np.array([_day(day) for day in dates], dtype="datetime64[D]")
    if array.ndim == 0 or len(array) != len(days) or not len(days):
        count = len(array) if array.ndim else 1
        raise ShapeError("flows", count, f"must be as many as dates, {len(days)}")
    early = np.flatnonzero(days < days[0])
    if len(early):
        rule = f"must not be before the first date {days[0]}"
        raise DomainError(f"dates[{early[0]}]", days[early[0]], rule, display=str(days[early[0]]))
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
    if isinstance(value, int | float | np.number) and FIRST_SERIAL <= value <= LAST_SERIAL:
        return np.datetime64(SERIAL_ORIGIN, "D") + np.timedelta64(int(value), "D")
    raise InputError("dates", value, "must be dates, ISO texts (2024-03-08) or Excel serial numbers")
