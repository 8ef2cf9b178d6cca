"""The vehicle business: deliveries or growth to revenue, revenue to income, income to cash."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.validation import (
    Floats,
    as_numbers,
    behind_years,
    broadcastable,
    fractions,
    not_negative,
    percent,
    positive,
    require,
    result,
    scenarios_of,
    years_of,
)
from xlwings_addin.core.years import compounded


def revenue_ramp(base_revenue: ArrayLike, *, growth: ArrayLike) -> Floats:
    """Revenue from a base year and a growth rate a year: `R_k = base (1 + g_1) ... (1 + g_k)`.

    Args:
        base_revenue: revenue of the year before the first forecast year, shape (...), zero or more.
        growth: decimals, shape (years, ...), each -100% or more.

    Returns: shape (years, ...), in the base's unit.
    Raises: `DomainError` for a negative base or a growth below -100%; `ShapeError` for no years.
    Source: Damodaran, Investment Valuation, chapter 23 (revenue growth of young companies).

    >>> revenue_ramp(100.0, growth=[0.10, 0.10]).round(2).tolist()
    [110.0, 121.0]
    """
    base, steps = not_negative("base_revenue", base_revenue), years_of("growth", growth)
    as_numbers("growth", steps)
    require("growth", steps, steps >= -1, "must not be below -100.00%", show=percent)
    shape = scenarios_of("growth", steps, {"base_revenue": base.shape})
    return compounded(base, behind_years(steps, len(shape)))[1:]


def operating_income_ramp(
    revenue: ArrayLike, *, final_margin: ArrayLike, start_income: ArrayLike = 0.0
) -> Floats:
    """Operating income that rises by equal amounts to a margin on the last revenue.

    `I_k = start + (final_margin R_n - start) k / (n - 1)` for k = 0 ... n - 1: the first forecast year has
    the start, the last one its margin. A ramp of one year is its end.

    Args:
        revenue: shape (years, ...).
        final_margin: operating margin of the last year, decimal, at most 1.
        start_income: income of the first forecast year, in the revenue's unit; a loss is negative.

    Returns: shape (years, ...).
    Raises: `DomainError` for a margin above 100% or figures that are not finite; `ShapeError` for no years.
    Source: the linear ramp of Seeking Alpha article 4676592 (March 2024).

    >>> operating_income_ramp([100.0, 150.0, 200.0], final_margin=0.12).tolist()
    [0.0, 12.0, 24.0]
    """
    sales = years_of("revenue", revenue)
    as_numbers("revenue", sales)
    margin, start = as_numbers("final_margin", final_margin), as_numbers("start_income", start_income)
    require("final_margin", margin, margin <= 1, "must not exceed 100.00%", show=percent)
    shape = scenarios_of("revenue", sales, {"final_margin": margin.shape, "start_income": start.shape})
    end, years = margin * sales[-1], len(sales)
    position = behind_years(np.arange(years) / (years - 1) if years > 1 else np.ones(1), len(shape))
    return np.asarray(start * (1 - position) + end * position)


def vehicle_revenue(deliveries: ArrayLike, *, price: ArrayLike) -> Any:
    """Revenue: `deliveries x average price`; million vehicles times CNY a vehicle is CNY m.

    Args:
        deliveries: vehicles, or millions of them, shape (years, ...); zero or more.
        price: average revenue a vehicle, any currency, zero or more.

    Returns: the arguments' common shape.
    Raises: `DomainError` for negative deliveries or prices; `ShapeError` for shapes that do not fit.
    Source: Seeking Alpha article 4676592: about half a million vehicles at USD 36,000 are USD 17bn.

    >>> vehicle_revenue(0.481, price=36000.0)
    17316.0
    """
    units, average = not_negative("deliveries", deliveries), not_negative("price", price)
    broadcastable(deliveries=units, price=average)
    return result(units * average)


def constrained_deliveries(demand: ArrayLike, *, capacity: ArrayLike) -> Any:
    """Deliveries a plant allows: the smaller of `demand` and `capacity`, year by year.

    Args:
        demand, capacity: vehicles a year, one unit, shape (years, ...); zero or more.

    Returns: the arguments' common shape, in their unit.
    Raises: `DomainError` for negative figures; `ShapeError` for shapes that do not fit.
    Source: a definition; demand that is not met is lost, not carried over.

    >>> constrained_deliveries([0.1, 0.4], capacity=[0.3, 0.3]).tolist()
    [0.1, 0.3]
    """
    wanted, possible = not_negative("demand", demand), not_negative("capacity", capacity)
    broadcastable(demand=wanted, capacity=possible)
    return result(np.minimum(wanted, possible))


def unit_cost(
    base_cost: ArrayLike,
    *,
    cumulative: ArrayLike,
    base_cumulative: ArrayLike,
    learning_rate: ArrayLike,
) -> Floats:
    """Wright's learning curve: `base_cost (cumulative / base_cumulative) ** log2(1 - learning_rate)`.

    Each doubling of everything ever made takes `learning_rate` off the cost of one more.

    Args:
        base_cost: cost of one when `base_cumulative` had been made, shape (...), zero or more.
        cumulative: everything ever made, shape (years, ...), above 0.
        base_cumulative: in the unit of `cumulative`, shape (...), above 0.
        learning_rate: decimal, shape (...), from 0 to below 1; an "80% curve" has 0.20.

    Returns: shape (years, ...), in the base cost's unit.
    Raises: `DomainError` for a negative cost, a production of zero or less, a learning rate below 0 or of
        100% or more; `ShapeError` for no years or shapes that do not fit.
    Source: Wright (1936), Journal of the Aeronautical Sciences 3(4).

    >>> unit_cost(100.0, cumulative=[1, 2, 4, 8], base_cumulative=1, learning_rate=0.20).round(1).tolist()
    [100.0, 80.0, 64.0, 51.2]
    """
    base, made = not_negative("base_cost", base_cost), years_of("cumulative", cumulative)
    positive("cumulative", made)
    start, learning = positive("base_cumulative", base_cumulative), as_numbers("learning_rate", learning_rate)
    holds = (learning >= 0) & (learning < 1)
    require("learning_rate", learning, holds, "must be from 0.00% to below 100.00%", show=percent)
    shapes = {"base_cost": base.shape, "base_cumulative": start.shape, "learning_rate": learning.shape}
    shape = scenarios_of("cumulative", made, shapes)
    return np.asarray(learnt_cost(base, behind_years(made, len(shape)), start, learning))


def operating_income(revenue: ArrayLike, *, margin: ArrayLike) -> Any:
    """Operating income: `revenue x margin`.

    Args:
        revenue: shape (years, ...), any unit of money.
        margin: decimal; negative for a loss, at most 1.

    Returns: the arguments' common shape, in the revenue's unit.
    Raises: `DomainError` for a margin above 100%; `ShapeError` for shapes that do not fit.
    Source: the definition of the operating margin.

    >>> operating_income(200.0, margin=0.12)
    24.0
    """
    sales, share = as_numbers("revenue", revenue), as_numbers("margin", margin)
    require("margin", share, share <= 1, "must not exceed 100.00%", show=percent)
    broadcastable(revenue=sales, margin=share)
    return result(sales * share)


def vehicle_cash_flow(
    operating_income: ArrayLike, *, tax_rate: ArrayLike = 0.0, cash_conversion: ArrayLike
) -> Any:
    """Free cash flow: `(income - tax x max(income, 0)) x conversion`; what is not converted is reinvested.

    A loss is not credited with tax.

    Args:
        operating_income: shape (years, ...).
        tax_rate: from 0 to 1.
        cash_conversion: free cash flow over operating income after tax, zero or more.

    Raises: `DomainError` for a tax rate outside 0 to 1 or a negative conversion.
    Source: Seeking Alpha article 4676592 (cash conversion 50%).

    >>> vehicle_cash_flow([-10.0, 100.0], tax_rate=0.15, cash_conversion=0.5).tolist()
    [-5.0, 42.5]
    """
    income, tax = as_numbers("operating_income", operating_income), fractions("tax_rate", tax_rate)
    conversion = not_negative("cash_conversion", cash_conversion)
    broadcastable(operating_income=income, tax_rate=tax, cash_conversion=conversion)
    return result((income - tax * np.maximum(income, 0.0)) * conversion)


def learnt_cost(base_cost: Any, made: Floats, base_made: Any, learning_rate: Any) -> Floats:
    """`base_cost (made / base_made) ** log2(1 - learning_rate)`, without checks; the year first."""
    cost: Floats = base_cost * (made / base_made) ** np.log2(1 - learning_rate)
    return cost
