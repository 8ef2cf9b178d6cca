"""What growth, rate or margin a value implies, for a row of flows: the DCF read backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.dcf import Terminal, enterprise_value
from xlwings_addin.core.discounting import Timing, discount_factors, present_value
from xlwings_addin.core.errors import DomainError, ShapeError
from xlwings_addin.core.roots import find_roots
from xlwings_addin.core.validation import Floats, as_numbers, as_rates, fractions, percent, result, years_of

WIDEST = 10.0
"""How far above the growth a rate is looked for: 1,000 points."""
SEVERAL = 5
"""Rates that are named; more than that is a value that any rate gives."""
NEAREST = 1e-9
"""How near to the growth a rate is looked for."""
STEPS = 2_001
ROUNDING = 1e-12
"""Relative: a value that differs from what it must be by less is it."""


def implied_growth(
    flows: ArrayLike,
    *,
    wacc: float,
    value: float,
    timing: Timing = "end",
    first_period: float = 1.0,
    grown: bool = True,
) -> float:
    """The terminal growth at which flows are worth a value: the Gordon formula solved for it.

    With `T = (value - present value of the flows) / discount factor of the last year`, the terminal value
    that the value leaves room for: `g = (T wacc - F) / (T + F)` when the flow grows first, `g = wacc - F / T`
    when it does not.

    Args:
        flows: free cash flow to the firm, one row of years.
        wacc: discount rate, decimal.
        value: enterprise value at the valuation date, in the flows' unit.
        timing, first_period: as in `discounting.discount_factors`.
        grown: whether the last flow grows before it is capitalised.

    Returns: growth a year, decimal.
    Raises: `DomainError` where no growth between -100% and the rate gives the value: the last flow is zero,
        or the terminal value that is left has another sign.
    Source: Gordon (1959), Review of Economics and Statistics 41(2).

    >>> round(implied_growth([100.0, 105.0], wacc=0.10, value=2000.0), 6)
    0.05
    """
    row, rate = years_of("flows", flows), _one(as_rates("wacc", wacc), "wacc")
    worth = _one(as_numbers("value", value), "value")
    terms: dict[str, Any] = {"timing": timing, "first_period": first_period}
    last_factor = float(discount_factors(rate, years=len(row), **terms)[-1])
    final, present = float(row[-1]), float(present_value(row, rate=rate, **terms))
    beyond = (worth - present) / last_factor if last_factor else np.inf
    if not np.isfinite(beyond):
        rule = f"discounts the last of {len(row)} years to nothing: no growth can be told from the value"
        raise DomainError("wacc", rate, rule, display=percent(rate))
    if final == 0 or beyond * final <= 0:
        rule = f"leaves a terminal value of {beyond:g}, which no growth makes of a last flow of {final:g}"
        raise DomainError("value", worth, rule, display=f"{worth:g}")
    growth = (beyond * rate - final) / (beyond + final) if grown else rate - final / beyond
    if growth <= -1:
        rule = f"needs a terminal growth of {growth:.2%}, and growth must be above -100.00%"
        raise DomainError("value", worth, rule, display=f"{worth:g}")
    return growth


def implied_wacc(
    flows: ArrayLike,
    *,
    terminal_growth: float,
    value: float,
    timing: Timing = "end",
    first_period: float = 1.0,
    grown: bool = True,
) -> float:
    """The discount rate at which flows and their terminal value are worth a value.

    It is looked for up to 1,000% above the growth. Flows that change their sign may have several such rates.

    Args:
        flows, timing, first_period, grown: as in `implied_growth`.
        terminal_growth: growth a year after the last flow, decimal.
        value: enterprise value at the valuation date, in the flows' unit.

    Returns: rate a year, decimal.
    Raises: `DomainError` where no rate gives the value, and where several do, which are named.
    Source: Damodaran, Investment Valuation, chapter 12 (implied rate of return).

    >>> round(implied_wacc([100.0, 105.0], terminal_growth=0.05, value=2000.0), 6)
    0.1
    """
    row = years_of("flows", flows)
    growth = _one(as_rates("terminal_growth", terminal_growth), "terminal_growth")
    worth = _one(as_numbers("value", value), "value")

    def miss(rates: Floats) -> Floats:
        terms: dict[str, Any] = {"timing": timing, "first_period": first_period}
        form: Terminal = "gordon" if grown else "flat"
        with np.errstate(all="ignore"):
            return np.atleast_1d(
                enterprise_value(row, wacc=rates, terminal_growth=growth, terminal=form, **terms).total
                - worth
            )

    rates = growth + np.geomspace(NEAREST, WIDEST, STEPS)
    misses = miss(rates)
    roots = rates[np.abs(misses) <= ROUNDING * abs(worth)].tolist()
    (before,) = np.nonzero(misses[:-1] * misses[1:] < 0)
    low, high = rates[before], rates[before + 1]
    roots += find_roots(
        lambda points, which: miss(points), low, high, misses[before], misses[before + 1]
    ).tolist()
    roots = _apart(sorted(roots))
    if len(roots) == 1:
        return float(roots[0])
    if len(roots) > SEVERAL:
        rule = f"is reached at more than {SEVERAL} rates: the flows say nothing of it"
    elif roots:
        rule = f"is reached at {len(roots)} rates: {', '.join(percent(root) for root in roots)}"
    else:
        rule = f"is reached at no rate from the growth {percent(growth)} to 1,000% above it"
    raise DomainError("value", worth, rule, display=f"{worth:g}")


def _one(number: Floats, argument: str) -> float:
    if number.ndim:
        raise ShapeError(argument, number.shape, "must be one number", display=f"of shape {number.shape}")
    return float(number)


def _apart(roots: list[float]) -> list[float]:
    """Roots without those that are one up to rounding."""
    return [root for place, root in enumerate(roots) if not place or root - roots[place - 1] > 1e-10]


def implied_margin(
    revenue: ArrayLike,
    *,
    reinvestment: ArrayLike,
    wacc: float,
    terminal_growth: float,
    value: float,
    tax_rate: float = 0.0,
    timing: Timing = "end",
    first_period: float = 1.0,
    grown: bool = True,
) -> float:
    """The operating margin, the same in every year, at which revenue is worth a value.

    Flows are `revenue x margin x (1 - tax) - reinvestment`, and a DCF adds up in its flows, so that
    `margin = (value + worth of the reinvestment) / ((1 - tax) x worth of the revenue)`.

    Args:
        revenue: one row of years.
        reinvestment: capital expenditure less depreciation, and growth of working capital, of every year; one
            number for all years, or a row.
        wacc, terminal_growth, value, timing, first_period, grown: as in `implied_wacc`.
        tax_rate: of operating income, from 0 to below 1.

    Returns: margin, decimal; it may be negative.
    Raises: `DomainError` where the revenue is worth nothing, or the tax takes all.
    Source: Rappaport and Mauboussin, Expectations Investing (2001).

    >>> rates = {"wacc": 0.10, "terminal_growth": 0.05}
    >>> round(implied_margin([1000.0, 1050.0], reinvestment=0.0, value=2000.0, **rates), 6)
    0.1
    """
    sales, tax = years_of("revenue", revenue), float(fractions("tax_rate", tax_rate))
    spent = as_numbers("reinvestment", reinvestment)
    if spent.shape not in ((), sales.shape):
        rule = f"must be one number, or as many as revenue has, {len(sales)}"
        raise ShapeError("reinvestment", spent.shape, rule, display=f"of shape {spent.shape}")
    spent = np.broadcast_to(spent, sales.shape)
    worth = _one(as_numbers("value", value), "value")
    terms: dict[str, Any] = {"wacc": wacc, "terminal_growth": terminal_growth, "timing": timing}
    terms |= {"first_period": first_period, "terminal": "gordon" if grown else "flat"}
    income = float(enterprise_value(sales, **terms).total) * (1 - tax)
    if income == 0:
        rule = (
            "leaves nothing of the revenue: the tax must be below 100.00% and the revenue be worth something"
        )
        raise DomainError("tax_rate", tax, rule, display=percent(tax))
    return float(result(np.float64((worth + float(enterprise_value(spent, **terms).total)) / income)))
