"""CAPITAL: betas, the cost of equity and the weighted average cost of capital."""

from __future__ import annotations

from xlwings_addin.core import capital
from xlwings_addin.functions.registry import Number, udf


@udf
def CAPITAL_COST_OF_EQUITY(
    risk_free: Number, beta: Number, equity_risk_premium: Number, country_risk: Number = 0.0
) -> Number:
    """Cost of equity by the capital asset pricing model.

    Formula: risk_free + beta * equity_risk_premium + country_risk

    Args:
        risk_free (rate): yield of a government bond in the currency of the flows
        beta (ratio): sensitivity of the share to the market
        equity_risk_premium (rate): expected return of the market above the bond
        country_risk (rate): premium for the country of business, added whole; 0 if left out

    Returns: a rate, 0.1133 for 11.33%.

    Errors: #VALUE! for text in place of a number; #N/A for a blank.

    Source: Sharpe, Journal of Finance 19 (1964); Damodaran, Investment Valuation, ch. 4.

    Example:
        >>> CAPITAL_COST_OF_EQUITY(0.044, 1.1, 0.063)  # doctest: +NUMBER
        0.1133
    """
    return capital.cost_of_equity(
        risk_free=risk_free, beta=beta, equity_risk_premium=equity_risk_premium, country_risk=country_risk
    )


@udf
def CAPITAL_BLUME_BETA(raw_beta: Number) -> Number:
    """Regression beta moved a third of the way to the market's.

    Formula: 2/3 * raw_beta + 1/3

    Args:
        raw_beta (ratio): slope of the share's returns on the market's

    Returns: a ratio.

    Errors: #VALUE! for text in place of a number; #N/A for a blank.

    Source: Blume, Betas and Their Regression Tendencies, Journal of Finance 30 (1975).

    Example:
        >>> CAPITAL_BLUME_BETA(1.15)  # doctest: +NUMBER
        1.1
    """
    return capital.blume_beta(raw_beta)


@udf
def CAPITAL_UNLEVER_BETA(beta: Number, debt_to_equity: Number, tax_rate: Number) -> Number:
    """Beta of the business without its debt.

    Formula: beta / (1 + (1 - tax_rate) * debt_to_equity)

    Args:
        beta (ratio): beta of the share
        debt_to_equity (ratio): debt over equity, both at market value
        tax_rate (rate): marginal tax rate

    Returns: a ratio.

    Errors: #NUM! for debt_to_equity below 0 or a tax rate outside 0 to 1.

    Source: Hamada, Journal of Finance 27 (1972); Damodaran, Investment Valuation, ch. 8.

    Example:
        >>> CAPITAL_UNLEVER_BETA(1.4, 0.5, 0.2)  # doctest: +NUMBER
        1.0
    """
    return capital.unlever_beta(beta, debt_to_equity=debt_to_equity, tax_rate=tax_rate)


@udf
def CAPITAL_RELEVER_BETA(beta: Number, debt_to_equity: Number, tax_rate: Number) -> Number:
    """Beta of a share, from the beta of its business and its debt.

    Formula: beta * (1 + (1 - tax_rate) * debt_to_equity)

    Args:
        beta (ratio): beta of the business without debt
        debt_to_equity (ratio): debt over equity, both at market value
        tax_rate (rate): marginal tax rate

    Returns: a ratio.

    Errors: #NUM! for debt_to_equity below 0 or a tax rate outside 0 to 1.

    Source: Hamada, Journal of Finance 27 (1972); Damodaran, Investment Valuation, ch. 8.

    Example:
        >>> CAPITAL_RELEVER_BETA(1.0, 0.5, 0.2)  # doctest: +NUMBER
        1.4
    """
    return capital.relever_beta(beta, debt_to_equity=debt_to_equity, tax_rate=tax_rate)


@udf
def CAPITAL_WACC(
    cost_of_equity: Number, cost_of_debt: Number, tax_rate: Number, equity_weight: Number
) -> Number:
    """Weighted average cost of capital, debt after tax.

    Formula: equity_weight * cost_of_equity + (1 - equity_weight) * cost_of_debt * (1 - tax_rate)

    Args:
        cost_of_equity (rate): return that shareholders ask for
        cost_of_debt (rate): interest rate before tax
        tax_rate (rate): marginal tax rate
        equity_weight (share): equity in equity and debt, at market value, from 0 to 1

    Returns: a rate.

    Errors: #NUM! for an equity weight or a tax rate outside 0 to 1; #N/A for a blank.

    Source: Brealey, Myers and Allen, Principles of Corporate Finance, ch. 19.

    Example:
        >>> CAPITAL_WACC(0.12, 0.05, 0.2, 0.75)  # doctest: +NUMBER
        0.1
    """
    return capital.wacc(
        cost_of_equity=cost_of_equity,
        cost_of_debt=cost_of_debt,
        tax_rate=tax_rate,
        equity_weight=equity_weight,
    )
