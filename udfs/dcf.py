"""DCF: discounting, terminal values, taxable income, free cash flow and enterprise value."""

from __future__ import annotations

from typing import Annotated

from xlwings_addin.core import dcf, discounting
from xlwings_addin.functions.registry import Count, Dates, Kind, Number, Numbers, OneOf, Row, Table, udf

Timing = Annotated[discounting.Timing, Kind.TEXT, OneOf(("end", "mid"))]
Form = Annotated[str, Kind.TEXT, OneOf(("grown", "flat"))]


@udf
def DCF_DISCOUNT_FACTORS(
    rate: Number, years: Count, timing: Timing = "end", first_period: Number = 1.0
) -> Row:
    """Value today of one unit of money in each forecast year.

    Formula: (1 + rate) ^ -t, where t is first_period, first_period + 1, ... at year ends; at mid-year
        first_period / 2, then half a year before each year end

    Args:
        rate (rate): discount rate per year, above -100%
        years (count): number of forecast years
        timing (end or mid): when in the year the money comes; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out

    Returns: a row of factors, first forecast year first.

    Errors: #NUM! for a rate of -100% or less, fewer than 1 year, or a first_period of 0 or less.

    Source: Brealey, Myers and Allen, Principles of Corporate Finance, ch. 2.

    Example:
        >>> DCF_DISCOUNT_FACTORS(0.25, 3)  # doctest: +NUMBER
        [[0.8, 0.64, 0.512]]
    """
    return discounting.discount_factors(rate, years=years, timing=timing, first_period=first_period)


@udf
def DCF_PRESENT_VALUE(flows: Row, rate: Number, timing: Timing = "end", first_period: Number = 1.0) -> Number:
    """Value today of yearly flows, the first of them discounted too.

    Formula: sum of flow * discount factor, as NPV gives it when timing and first_period are left out

    Args:
        flows (money): a row or a column, first forecast year first
        rate (rate): discount rate per year, above -100%
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out

    Returns: money, in the unit of the flows.

    Errors: #NUM! for a rate of -100% or less; #N/A for a blank and #VALUE! for text among the flows.

    Source: Brealey, Myers and Allen, Principles of Corporate Finance, ch. 2; Excel's NPV.

    Example:
        >>> DCF_PRESENT_VALUE([[100, 100]], 0.10)  # doctest: +NUMBER
        173.55
    """
    return discounting.present_value(flows, rate=rate, timing=timing, first_period=first_period)


@udf
def DCF_TERMINAL_VALUE(final_flow: Number, rate: Number, growth: Number, form: Form = "grown") -> Number:
    """Value, at the end of the forecast, of a flow that goes on growing for ever.

    Formula: final_flow * (1 + growth) / (rate - growth) when grown; final_flow / (rate - growth) when flat

    Args:
        final_flow (money): flow of the last forecast year
        rate (rate): discount rate per year, above growth
        growth (rate): growth per year after the forecast
        form (grown or flat): whether the flow grows before its first payment; grown if left out

    Returns: money, in the unit of the flow, not yet discounted to today.

    Errors: #NUM! unless the rate exceeds growth; #VALUE! for another form.

    Source: Gordon and Shapiro, Management Science 3 (1956); Damodaran, Investment Valuation, ch. 12.

    Example:
        >>> DCF_TERMINAL_VALUE(100, 0.10, 0.05)  # doctest: +NUMBER
        2100.0
    """
    return discounting.gordon_terminal_value(final_flow, rate=rate, growth=growth, grown=form == "grown")


@udf
def DCF_TAXABLE_INCOME(income: Row, opening_losses: Number = 0.0) -> Row:
    """Taxable income of each year, after the losses of earlier years.

    Formula: max(income, 0) - min(losses, max(income, 0)), with losses for those left from the years before:
        opening_losses at first, max(losses - income, 0) after each year

    Args:
        income (money): income before tax, a row or a column, first forecast year first; a loss is negative
        opening_losses (money): losses brought forward into the first year, zero or more; 0 if left out

    Returns: money, a row or a column as income is; losses are used in full and do not expire.

    Errors: #NUM! for negative opening_losses; #N/A for a blank and #VALUE! for text in income.

    Source: Damodaran on Valuation, ch. 3 (net operating losses carried forward).

    Example:
        >>> DCF_TAXABLE_INCOME([[-20, 30, 50]], 40)  # doctest: +NUMBER
        [[0.0, 0.0, 20.0]]
    """
    return dcf.loss_carry_forward(income, opening_losses=opening_losses).taxable


@udf
def DCF_FCFF(
    ebit: Numbers, tax_rate: Numbers, depreciation: Numbers, capex: Numbers, change_in_nwc: Numbers
) -> Numbers:
    """Free cash flow to the firm, for one year or for a row of them.

    Formula: ebit * (1 - tax_rate) + depreciation - capex - change_in_nwc

    Args:
        ebit (money): operating income before interest and tax; one figure, a row or a column
        tax_rate (rate): tax on operating income; one for all years, or one each
        depreciation (money): depreciation and amortisation, added back
        capex (money): capital expenditure, a positive amount that is subtracted (a negative one is logged)
        change_in_nwc (money): growth of net working capital, a positive amount that is subtracted

    Returns: money; a row or a column where one is given.

    Errors: #NUM! for a tax rate outside 0 to 1; #VALUE! for ranges of different shape.

    Source: Koller, Goedhart and Wessels, Valuation, ch. 10; Damodaran, Investment Valuation, ch. 15.

    Example:
        >>> DCF_FCFF([[100, 120]], 0.25, [[20, 20]], [[30, 35]], [[5, 0]])  # doctest: +NUMBER
        [[60.0, 75.0]]
    """
    return dcf.fcff(
        ebit=ebit, tax_rate=tax_rate, depreciation=depreciation, capex=capex, change_in_nwc=change_in_nwc
    )


@udf
def DCF_ENTERPRISE_VALUE(
    flows: Row,
    wacc: Number,
    terminal_growth: Number,
    timing: Timing = "end",
    first_period: Number = 1.0,
    form: Form = "grown",
) -> Number:
    """Value today of the forecast flows and of all that follow them.

    Formula: present value of the flows + terminal value * discount factor of the last year

    Args:
        flows (money): free cash flow to the firm, a row or a column, first forecast year first
        wacc (rate): discount rate per year, above terminal_growth
        terminal_growth (rate): growth per year after the forecast
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out
        form (grown or flat): whether the last flow grows before it is capitalised; grown if left out

    Returns: money, in the unit of the flows.

    Errors: #NUM! unless wacc exceeds terminal_growth; #N/A for a blank and #VALUE! for text among the flows.

    Source: Koller, Goedhart and Wessels, Valuation, ch. 8.

    Example:
        >>> DCF_ENTERPRISE_VALUE([[100, 105]], 0.10, 0.05)  # doctest: +NUMBER
        2000.0
    """
    return dcf.enterprise_value(
        flows,
        wacc=wacc,
        terminal_growth=terminal_growth,
        timing=timing,
        first_period=first_period,
        terminal="gordon" if form == "grown" else "flat",
    ).total


@udf
def DCF_XNPV(rate: Number, flows: Row, dates: Dates) -> Number:
    """Value, at the first date, of flows on given dates.

    Formula: sum of flow / (1 + rate) ^ (days after the first date / 365)

    Args:
        rate (rate): discount rate per year, above -100%
        flows (money): a row or a column, the first at the valuation date
        dates (date): one for each flow: date cells, serial numbers or ISO text

    Returns: money, in the unit of the flows.

    Errors: #NUM! for a rate of -100% or less or a date before the first; #VALUE! for unequal lengths.

    Source: Excel's XNPV, support.microsoft.com, whose example this is.

    Example:
        >>> DCF_XNPV(0.09, [[-10000, 2750, 4250, 3250, 2750]],
        ...          [[39448, 39508, 39751, 39859, 39904]])  # doctest: +NUMBER
        2086.65
    """
    return discounting.xnpv(flows, dates, rate=rate)


@udf
def DCF_XIRR(flows: Row, dates: Dates) -> Number:
    """Rate at which flows on given dates are worth nothing.

    Formula: the rate at which DCF_XNPV is 0; of several the one nearest to 0

    Args:
        flows (money): a row or a column, at least one paid (negative) and one received
        dates (date): one for each flow, none before the first: date cells, serial numbers or ISO text

    Returns: a rate, 0.3734 for 37.34%.

    Errors: #NUM! for flows of one sign, one day only, a date before the first, or no such rate.

    Source: Excel's XIRR, support.microsoft.com, whose example this is.

    Example:
        >>> DCF_XIRR([[-10000, 2750, 4250, 3250, 2750]],
        ...          [[39448, 39508, 39751, 39859, 39904]])  # doctest: +NUMBER
        0.37336
    """
    return discounting.xirr(flows, dates)


@udf
def DCF_VALUE_DRIVER_TERMINAL(
    nopat_next: Number, rate: Number, growth: Number, return_on_new_capital: Number
) -> Number:
    """Terminal value, at the end of the forecast, that pays for its growth.

    Formula: nopat_next * (1 - growth / return_on_new_capital) / (rate - growth)

    Args:
        nopat_next (money): operating profit after tax of the first year after the forecast
        rate (rate): discount rate per year, above growth
        growth (rate): growth per year after the forecast
        return_on_new_capital (rate): what new capital earns, above 0

    Returns: money, in the unit of the profit, not yet discounted to today.

    Errors: #NUM! unless the rate exceeds growth, or for a return of 0 or less.

    Source: Koller, Goedhart and Wessels, Valuation, chapter on continuing value.

    Example:
        >>> DCF_VALUE_DRIVER_TERMINAL(100, 0.10, 0.05, 0.10)  # doctest: +NUMBER
        1000.0
    """
    return discounting.value_driver_terminal_value(
        nopat_next, rate=rate, growth=growth, roic=return_on_new_capital
    )


@udf
def DCF_EXIT_MULTIPLE_TERMINAL(metric: Number, multiple: Number) -> Number:
    """Terminal value, at the end of the forecast, as a buyer pays it.

    Formula: metric * multiple

    Args:
        metric (money): EBITDA, EBIT or sales of the last forecast year
        multiple (times): what is paid for one unit of it, zero or more

    Returns: money, in the unit of the metric, not yet discounted to today: with a year-end factor.

    Errors: #NUM! for a negative multiple; #N/A for a blank.

    Source: Rosenbaum and Pearl, Investment Banking, ch. 3 (exit multiple method).

    Example:
        >>> DCF_EXIT_MULTIPLE_TERMINAL(150, 8)  # doctest: +NUMBER
        1200.0
    """
    return discounting.exit_multiple_terminal_value(metric, multiple=multiple)


@udf
def DCF_SENSITIVITY(
    flows: Row,
    waccs: Row,
    terminal_growths: Row,
    timing: Timing = "end",
    first_period: Number = 1.0,
    form: Form = "grown",
) -> Table:
    """Value today of flows and all that follow, for every pair of a discount rate and a growth.

    Formula: DCF_ENTERPRISE_VALUE for each of waccs, down, and each of terminal_growths, across

    Args:
        flows (money): free cash flow to the firm, a row or a column, first forecast year first
        waccs (rate): discount rates per year, a row or a column
        terminal_growths (rate): growths per year after the forecast, a row or a column
        timing (end or mid): when in the year the flows come; end if left out
        first_period (years): from the valuation date to the first year end; 1 if left out
        form (grown or flat): whether the last flow grows before it is capitalised; grown if left out

    Returns: a table of money, a row for each of waccs and a column for each of terminal_growths.

    Errors: #NUM! unless every one of waccs exceeds every growth; #N/A for a blank in a range.

    Source: Rosenbaum and Pearl, Investment Banking, ch. 3 (sensitivity analysis).

    Example:
        >>> DCF_SENSITIVITY([[100, 105]], [[0.10], [0.12]], [[0.03, 0.05]])  # doctest: +NUMBER
        [[1454.55, 2000.00], [1130.95, 1428.57]]
    """
    return dcf.enterprise_value(
        flows,
        wacc=waccs[:, None],
        terminal_growth=terminal_growths[None, :],
        timing=timing,
        first_period=first_period,
        terminal="gordon" if form == "grown" else "flat",
    ).total
