"""RAMP: growth that fades, the curves of adoption, and the curve of learning."""

from __future__ import annotations

from typing import Annotated

from xlwings_addin.core import growth as curves
from xlwings_addin.core import vehicle
from xlwings_addin.functions.registry import Count, HostName, Kind, Number, Numbers, OneOf, Row, udf

# `end` is a statement of VBA.
End = Annotated[float, Kind.SCALAR, HostName("end_value")]
Shape = Annotated[str, Kind.TEXT, OneOf(("linear", "geometric"))]

FADES = {"linear": curves.linear_fade, "geometric": curves.geometric_fade}


@udf
def RAMP_FADE(start: Number, end: End, years: Count, shape: Shape = "linear") -> Row:
    """Path from one figure to another, both ends included.

    Formula: start + (end - start) * (t - 1) / (years - 1) when linear;
        start * (end / start) ^ ((t - 1) / (years - 1)) when geometric

    Args:
        start (any): value of the first year: a rate, a price or another figure
        end (any): value of the last year, in the same unit
        years (count): number of years
        shape (linear or geometric): equal steps or equal ratios; linear if left out

    Returns: a row of figures in that unit, first year first.

    Errors: #NUM! for fewer than 1 year, or for a geometric fade between values that are not both positive.

    Source: Damodaran, Investment Valuation, ch. 11 (growth that declines to the stable rate).

    Example:
        >>> RAMP_FADE(0.10, 0.05, 3)  # doctest: +NUMBER
        [[0.1, 0.075, 0.05]]
    """
    return FADES[shape](start, end, years=years)


@udf
def RAMP_REVENUE(base_revenue: Number, growth: Row) -> Row:
    """Revenue of each year, from the revenue before and the growth rates.

    Formula: base_revenue * (1 + growth of the first year) * ... * (1 + growth of the year)

    Args:
        base_revenue (money): revenue of the year before the first
        growth (rate): growth of each year, a row or a column

    Returns: money, a row or a column as growth is.

    Errors: #NUM! for growth below -100% or a negative base; #N/A for a blank, #VALUE! for text in growth.

    Source: compound growth; Koller, Goedhart and Wessels, Valuation, ch. 11.

    Example:
        >>> RAMP_REVENUE(100, [[0.10, 0.05]])  # doctest: +NUMBER
        [[110.0, 115.5]]
    """
    return vehicle.revenue_ramp(base_revenue, growth=growth)


@udf
def RAMP_LOGISTIC(times: Numbers, saturation: Number, midpoint: Number, steepness: Number) -> Numbers:
    """Logistic S-curve: slow, fast, and slow again towards saturation.

    Formula: saturation / (1 + exp(-steepness * (times - midpoint)))

    Args:
        times (years): one moment, a row or a column of them
        saturation (units): the level that is approached
        midpoint (years): the moment at which half of it is reached
        steepness (per year): speed of the growth

    Returns: units of the saturation; a row or a column where one is given.

    Errors: #NUM! for a saturation or steepness of 0 or less.

    Source: Verhulst (1838); Griliches, Hybrid Corn, Econometrica 25 (1957).

    Example:
        >>> RAMP_LOGISTIC([[0, 5]], 10, 5, 1)  # doctest: +NUMBER
        [[0.067, 5.0]]
    """
    return curves.logistic(times, saturation=saturation, midpoint=midpoint, steepness=steepness)


@udf
def RAMP_LOGISTIC_MIDPOINT(level: Number, saturation: Number, steepness: Number) -> Number:
    """Midpoint of the logistic S-curve that passes through a level at time 0.

    Formula: ln(saturation / level - 1) / steepness

    Args:
        level (units): the curve at time 0, above 0 and below saturation
        saturation (units): the level that is approached
        steepness (per year): speed of the growth

    Returns: years from time 0 until half the saturation is reached; negative where it has been.

    Errors: #NUM! for a level of 0 or less or not below saturation, or a steepness of 0 or less.

    Source: Verhulst (1838), solved for the moment of half the saturation.

    Example:
        >>> RAMP_LOGISTIC_MIDPOINT(1, 10, 0.5)  # doctest: +NUMBER
        4.394
    """
    return curves.logistic_midpoint(level, saturation=saturation, steepness=steepness)


@udf
def RAMP_BASS(times: Numbers, innovation: Number, imitation: Number, market: Number) -> Numbers:
    """Buyers so far by the Bass model of diffusion.

    Formula: market * (1 - exp(-(p + q) * times)) / (1 + q / p * exp(-(p + q) * times)), with p for
        innovation and q for imitation

    Args:
        times (years): one moment since the launch, a row or a column of them
        innovation (per year): coefficient p, buyers who follow no one
        imitation (per year): coefficient q, buyers who follow other buyers
        market (units): all who will ever buy

    Returns: units of the market, cumulative; a row or a column where one is given.

    Errors: #NUM! for innovation or market of 0 or less, imitation below 0, or a moment before the launch.

    Source: Bass, A New Product Growth for Model Consumer Durables, Management Science 15 (1969).

    Example:
        >>> RAMP_BASS([[0, 5]], 0.03, 0.38, 100)  # doctest: +NUMBER
        [[0.0, 33.12]]
    """
    return curves.bass_cumulative(times, innovation=innovation, imitation=imitation, market=market)


@udf
def RAMP_GOMPERTZ(times: Numbers, saturation: Number, displacement: Number, rate: Number) -> Numbers:
    """Gompertz S-curve: early growth, and a long approach to saturation.

    Formula: saturation * exp(-displacement * exp(-rate * times))

    Args:
        times (years): one moment, a row or a column of them
        saturation (units): the level that is approached
        displacement (ratio): how far from saturation the curve is at time 0, as a logarithm
        rate (per year): speed of the growth

    Returns: units of the saturation; a row or a column where one is given.

    Errors: #NUM! for a saturation, displacement or rate of 0 or less.

    Source: Gompertz (1825); Winsor, The Gompertz Curve as a Growth Curve, PNAS 18 (1932).

    Example:
        >>> RAMP_GOMPERTZ([[0, 5]], 100, 2, 0.5)  # doctest: +NUMBER
        [[13.53, 84.86]]
    """
    return curves.gompertz(times, saturation=saturation, displacement=displacement, rate=rate)


@udf
def RAMP_UNIT_COST(base_cost: Number, cumulative: Row, base_cumulative: Number, learning_rate: Number) -> Row:
    """Cost of one more unit, which falls with every doubling of all that was ever made.

    Formula: base_cost * (cumulative / base_cumulative) ^ log2(1 - learning_rate)

    Args:
        base_cost (money): cost of one unit when base_cumulative had been made
        cumulative (units): all that was ever made, by the year, a row or a column
        base_cumulative (units): in the same multiple as cumulative
        learning_rate (rate): what each doubling takes off the cost, from 0 to below 1

    Returns: money per unit, a row or a column as cumulative is.

    Errors: #NUM! for units of 0 or less, a negative cost, or a learning_rate below 0 or of 1 or more; #N/A
        for a blank, #VALUE! for text in cumulative.

    Source: Wright, Factors Affecting the Cost of Airplanes, Journal of the Aeronautical Sciences 3 (1936).

    Example:
        >>> RAMP_UNIT_COST(100, [[1, 2, 4, 8]], 1, 0.20)  # doctest: +NUMBER
        [[100.0, 80.0, 64.0, 51.2]]
    """
    return vehicle.unit_cost(
        base_cost, cumulative=cumulative, base_cumulative=base_cumulative, learning_rate=learning_rate
    )
