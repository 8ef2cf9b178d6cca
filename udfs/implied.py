"""IMPLIED: what growth, rate or margin a value implies, for any row of flows."""

from __future__ import annotations

from typing import Annotated

from xlwings_addin.core import discounting, implied
from xlwings_addin.functions.registry import Kind, Number, Numbers, OneOf, Row, udf

Timing = Annotated[discounting.Timing, Kind.TEXT, OneOf(("end", "mid"))]
Form = Annotated[str, Kind.TEXT, OneOf(("grown", "flat"))]


@udf
def IMPLIED_GROWTH(
    flows: Row,
    wacc: Number,
    enterprise_value: Number,
    timing: Timing = "end",
    first_period: Number = 1.0,
    form: Form = "grown",
) -> Number:
    """Terminal growth at which flows are worth a value.

    Formula: (T * wacc - F) / (T + F) when grown, wacc - F / T when flat, with F for the last flow and T for
        what the value leaves at its date: (enterprise_value - present value) / discount factor

    Args:
        flows (money): free cash flow to the firm, a row or a column, first forecast year first
        wacc (rate): discount rate per year, above -100%
        enterprise_value (money): value today, in the unit of the flows
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out
        form (grown or flat): whether the last flow grows before it is capitalised; grown if left out

    Returns: a rate, 0.05 for 5%.

    Errors: #NUM! where no growth between -100% and wacc gives the value; #N/A for a blank.

    Source: Gordon and Shapiro, Management Science 3 (1956), solved for the growth.

    Example:
        >>> IMPLIED_GROWTH([[100, 105]], 0.10, 2000)  # doctest: +NUMBER
        0.05
    """
    return implied.implied_growth(
        flows,
        wacc=wacc,
        value=enterprise_value,
        timing=timing,
        first_period=first_period,
        grown=form == "grown",
    )


@udf
def IMPLIED_WACC(
    flows: Row,
    terminal_growth: Number,
    enterprise_value: Number,
    timing: Timing = "end",
    first_period: Number = 1.0,
    form: Form = "grown",
) -> Number:
    """Discount rate at which flows and their terminal value are worth a value.

    Formula: the rate above terminal_growth at which DCF_ENTERPRISE_VALUE is enterprise_value

    Args:
        flows (money): free cash flow to the firm, a row or a column, first forecast year first
        terminal_growth (rate): growth per year after the forecast
        enterprise_value (money): value today, in the unit of the flows
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out
        form (grown or flat): whether the last flow grows before it is capitalised; grown if left out

    Returns: a rate, 0.1 for 10%.

    Errors: #NUM! where no rate up to 1,000% above the growth gives the value, or several do: they are named.

    Source: Damodaran, Investment Valuation, ch. 12 (implied rate of return).

    Example:
        >>> IMPLIED_WACC([[100, 105]], 0.05, 2000)  # doctest: +NUMBER
        0.1
    """
    return implied.implied_wacc(
        flows,
        terminal_growth=terminal_growth,
        value=enterprise_value,
        timing=timing,
        first_period=first_period,
        grown=form == "grown",
    )


@udf
def IMPLIED_MARGIN(
    revenue: Row,
    reinvestment: Numbers,
    wacc: Number,
    terminal_growth: Number,
    enterprise_value: Number,
    tax_rate: Number = 0.0,
    timing: Timing = "end",
    first_period: Number = 1.0,
    form: Form = "grown",
) -> Number:
    """Operating margin, the same in every year, at which revenue is worth a value.

    Formula: (enterprise_value + worth of reinvestment) / ((1 - tax_rate) * worth of revenue), each worth by
        DCF_ENTERPRISE_VALUE

    Args:
        revenue (money): a row or a column, first forecast year first
        reinvestment (money): net capital expenditure and growth of working capital; one figure for all years,
            or a row or a column
        wacc (rate): discount rate per year, above terminal_growth
        terminal_growth (rate): growth per year after the forecast
        enterprise_value (money): value today, in the unit of the revenue
        tax_rate (rate): tax on operating income, below 100%; 0 if left out
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out
        form (grown or flat): whether the last flow grows before it is capitalised; grown if left out

    Returns: a ratio, 0.1 for 10% of revenue.

    Errors: #NUM! unless wacc exceeds terminal_growth, or where the revenue is worth nothing.

    Source: Rappaport and Mauboussin, Expectations Investing (2001).

    Example:
        >>> IMPLIED_MARGIN([[1000, 1050]], 0, 0.10, 0.05, 2000)  # doctest: +NUMBER
        0.1
    """
    return implied.implied_margin(
        revenue,
        reinvestment=reinvestment,
        wacc=wacc,
        terminal_growth=terminal_growth,
        value=enterprise_value,
        tax_rate=tax_rate,
        timing=timing,
        first_period=first_period,
        grown=form == "grown",
    )
