"""Cost of capital: betas, the CAPM and the weighted average."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from xlwings_addin.core.validation import (
    as_numbers,
    as_rates,
    broadcastable,
    fractions,
    not_negative,
    result,
)
from xlwings_addin.core.years import Scalar


def blume_beta(raw_beta: ArrayLike) -> Any:
    """A regression beta drawn toward the market's: `2/3 raw + 1/3`.

    Args:
        raw_beta: regression beta, shape (...).

    Raises: `DomainError` for a beta that is not finite.
    Source: Blume (1975), Journal of Finance 30(3); the adjusted beta Bloomberg shows.

    >>> round(blume_beta(1.15), 4)
    1.1
    """
    return result(as_numbers("raw_beta", raw_beta) * (2 / 3) + 1 / 3)


def unlever_beta(beta: ArrayLike, *, debt_to_equity: ArrayLike, tax_rate: ArrayLike) -> Any:
    """Asset beta from an equity beta: `beta / (1 + (1 - tax) D/E)`.

    Args:
        beta: levered (equity) beta.
        debt_to_equity: at market values, zero or more.
        tax_rate: marginal, from 0 to 1.

    Raises: `DomainError` for negative leverage or a tax rate outside 0 to 1.
    Source: Hamada (1972), Journal of Finance 27(2); Damodaran, Investment Valuation, chapter 8.

    >>> round(unlever_beta(1.2, debt_to_equity=0.5, tax_rate=0.25), 4)
    0.8727
    """
    betas, gearing, tax = _leverage(beta, debt_to_equity, tax_rate)
    return result(betas / (1 + (1 - tax) * gearing))


def operating_beta(beta: Scalar, *, cash_share: Scalar) -> Scalar:
    """The beta of a company's operations from that of its shares: `beta / (1 - cash share)`.

    Args:
        beta: measured on the shares of a company that has cash, whose own beta is nothing.
        cash_share: net cash over market value, below 1.

    Raises: nothing; the caller keeps the share below 1.
    Source: Damodaran, Investment Valuation, chapter 8 (cash and betas).

    >>> round(operating_beta(1.0, cash_share=0.2), 4)
    1.25
    """
    return beta / (1 - cash_share)


def at_parity(rate: Scalar, *, from_yield: Scalar, to_yield: Scalar) -> Scalar:
    """A rate of one currency in another: `(1 + rate) (1 + to_yield) / (1 + from_yield) - 1`.

    Args:
        rate: a discount rate in the currency whose risk-free bond yields `from_yield`.
        from_yield, to_yield: yields of risk-free bonds of one term, above -1.

    Raises: nothing; the caller keeps the yields above -1.
    Source: Brealey, Myers and Allen, Principles of Corporate Finance, chapter on international projects.

    >>> round(at_parity(0.10, from_yield=0.04, to_yield=0.02), 6)
    0.078846
    """
    return (1 + rate) * (1 + to_yield) / (1 + from_yield) - 1


def relever_beta(beta: ArrayLike, *, debt_to_equity: ArrayLike, tax_rate: ArrayLike) -> Any:
    """Equity beta from an asset beta: `beta (1 + (1 - tax) D/E)`, the inverse of `unlever_beta`.

    Args:
        beta: unlevered (asset) beta.
        debt_to_equity: at market values, zero or more; the leverage to be carried.
        tax_rate: marginal, from 0 to 1.

    Raises: `DomainError` for negative leverage or a tax rate outside 0 to 1.
    Source: as `unlever_beta`.

    >>> round(relever_beta(0.8727272727, debt_to_equity=0.5, tax_rate=0.25), 4)
    1.2
    """
    betas, gearing, tax = _leverage(beta, debt_to_equity, tax_rate)
    return result(betas * (1 + (1 - tax) * gearing))


def _leverage(beta: ArrayLike, debt_to_equity: ArrayLike, tax_rate: ArrayLike) -> tuple[Any, Any, Any]:
    betas = as_numbers("beta", beta)
    gearing, tax = not_negative("debt_to_equity", debt_to_equity), fractions("tax_rate", tax_rate)
    broadcastable(beta=betas, debt_to_equity=gearing, tax_rate=tax)
    return betas, gearing, tax


def cost_of_equity(
    *, risk_free: ArrayLike, beta: ArrayLike, equity_risk_premium: ArrayLike, country_risk: ArrayLike = 0.0
) -> Any:
    """CAPM: `risk-free + beta x equity risk premium + country risk`.

    Args:
        risk_free, equity_risk_premium, country_risk: decimals.
        beta: equity beta.

    Returns: a decimal, shape (...).
    Raises: `DomainError` for rates of -100% or less.
    Source: Sharpe (1964), Journal of Finance 19(3); country risk added as in Damodaran, Investment
        Valuation, chapter 7.

    >>> round(cost_of_equity(risk_free=0.044, beta=1.1, equity_risk_premium=0.063), 4)
    0.1133
    """
    free, betas = as_rates("risk_free", risk_free), as_numbers("beta", beta)
    premium, country = (
        as_rates("equity_risk_premium", equity_risk_premium),
        as_rates("country_risk", country_risk),
    )
    broadcastable(risk_free=free, beta=betas, equity_risk_premium=premium, country_risk=country)
    return result(capm(free, betas, premium, country))


def capm(risk_free: Scalar, beta: Scalar, equity_risk_premium: Scalar, country_risk: Scalar) -> Scalar:
    """`cost_of_equity` without checks."""
    return risk_free + beta * equity_risk_premium + country_risk


def weighted_cost(equity: Scalar, after_tax_debt: Scalar, equity_weight: Scalar) -> Scalar:
    """`wacc` without checks, from the cost of debt after tax."""
    return equity_weight * equity + (1 - equity_weight) * after_tax_debt


def wacc(
    *, cost_of_equity: ArrayLike, cost_of_debt: ArrayLike, tax_rate: ArrayLike, equity_weight: ArrayLike
) -> Any:
    """Weighted average cost of capital: `E x cost of equity + (1 - E) x cost of debt x (1 - tax)`.

    Args:
        cost_of_equity, cost_of_debt: decimals, the debt's before tax.
        tax_rate, equity_weight: from 0 to 1; the weight at market values.

    Returns: a decimal, shape (...).
    Raises: `DomainError` for a weight or tax rate outside 0 to 1, a cost of -100% or less.
    Source: Modigliani and Miller (1963), American Economic Review 53(3); Brealey, Myers and Allen,
        Principles of Corporate Finance, chapter 19.

    >>> round(wacc(cost_of_equity=0.124, cost_of_debt=0.06, tax_rate=0.35, equity_weight=0.6), 4)
    0.09
    """
    equity, debt = as_rates("cost_of_equity", cost_of_equity), as_rates("cost_of_debt", cost_of_debt)
    tax, weight = fractions("tax_rate", tax_rate), fractions("equity_weight", equity_weight)
    broadcastable(cost_of_equity=equity, cost_of_debt=debt, tax_rate=tax, equity_weight=weight)
    return result(weighted_cost(equity, debt * (1 - tax), weight))
