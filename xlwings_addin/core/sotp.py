"""Sum of the parts: segments to equity, equity to the value of a share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.validation import (
    as_numbers,
    broadcastable,
    common_shape,
    flows_of,
    fractions,
    not_negative,
    positive,
    require,
    result,
)


@dataclass(frozen=True)
class EquityBridge:
    """The steps from the segments' enterprise values to the equity value, in one unit of money."""

    segments_total: Any
    discount: Any
    net_cash: Any
    associates: Any
    minority_interest: Any
    equity_value: Any


def equity_bridge(
    segment_values: ArrayLike,
    *,
    net_cash: ArrayLike,
    minority_interest: ArrayLike = 0.0,
    associates: ArrayLike = 0.0,
    holding_discount: ArrayLike = 0.0,
) -> EquityBridge:
    """Equity value: `sum(segments) (1 - discount) + net cash + associates - minority interest`.

    The discount is on the segments, not on the cash.

    Args:
        segment_values: enterprise values, shape (..., segments).
        net_cash: cash less debt; net debt is negative.
        minority_interest, associates: in the segments' unit.
        holding_discount: from 0 to 1.

    Returns: every step, shape (...).
    Raises: `DomainError` for a discount outside 0 to 1; `ShapeError` for no segments or unfit shapes.
    Source: Koller et al., Valuation, chapter on moving from enterprise value to value per share.

    >>> equity_bridge([100.0, 50.0], net_cash=20.0, minority_interest=5.0, holding_discount=0.1).equity_value
    150.0
    """
    segments = as_numbers("segment_values", flows_of("segment_values", segment_values, item="value"))
    cash = as_numbers("net_cash", net_cash)
    others, stakes = as_numbers("minority_interest", minority_interest), as_numbers("associates", associates)
    discount = fractions("holding_discount", holding_discount)
    total = segments.sum(axis=-1)
    common_shape(
        {
            "one segment": total.shape,
            "net_cash": cash.shape,
            "minority_interest": others.shape,
            "associates": stakes.shape,
            "holding_discount": discount.shape,
        }
    )
    taken = total * discount
    return EquityBridge(
        segments_total=result(total),
        discount=result(taken),
        net_cash=result(cash),
        associates=result(stakes),
        minority_interest=result(others),
        equity_value=result(total - taken + cash + stakes - others),
    )


def value_per_share(
    equity_value: ArrayLike, *, diluted_shares: ArrayLike, currency_rate: ArrayLike = 1.0
) -> Any:
    """Value of a share: `equity x currency rate / diluted shares`.

    Args:
        equity_value: money in millions, for shares in millions; may be negative.
        diluted_shares: above 0.
        currency_rate: units of the share's currency for one of the equity's, above 0.

    Returns: the arguments' common shape, in the share's currency.
    Raises: `DomainError` for shares or a rate of zero or less.
    Source: the definition; Damodaran, Investment Valuation, chapter 16 (equity value per share).

    >>> value_per_share(150.0, diluted_shares=30.0, currency_rate=1.1)
    5.5
    """
    equity, shares = as_numbers("equity_value", equity_value), positive("diluted_shares", diluted_shares)
    rate = positive("currency_rate", currency_rate)
    broadcastable(equity_value=equity, diluted_shares=shares, currency_rate=rate)
    return result(equity * rate / shares)


def treasury_stock_shares(
    basic: ArrayLike, *, options: ArrayLike, strike: ArrayLike, price: ArrayLike
) -> Any:
    """Diluted shares: options in the money are exercised and the proceeds buy shares back at the price.

    `basic + sum(options x max(0, 1 - strike / price))`

    Args:
        basic: shares outstanding, above 0, shape (...).
        options: one number, or a row of tranches along the last axis; zero or more.
        strike: as options, zero or more, in the price's currency.
        price: of a share, above 0, shape (...).

    Raises: `DomainError` for negative options or strikes, a price or share count of zero or less;
        `ShapeError` where tranches and strikes differ in number.
    Source: IAS 33 Earnings per Share, paragraphs 45 to 48 (treasury stock method).

    >>> treasury_stock_shares(100.0, options=10.0, strike=20.0, price=40.0)
    105.0
    """
    shares, quote = positive("basic", basic), positive("price", price)
    tranches = np.atleast_1d(not_negative("options", options))
    strikes = np.atleast_1d(not_negative("strike", strike))
    broadcastable(options=tranches, strike=strikes)
    broadcastable(basic=shares, price=quote)
    issued = tranches * np.maximum(0.0, 1 - strikes / quote[..., None])
    return result(shares + issued.sum(axis=-1))


def margin_of_safety(value_per_share: ArrayLike, *, price: ArrayLike) -> Any:
    """How far the price lies below the value: `1 - price / value`.

    Args:
        value_per_share: above 0.
        price: zero or more, in the same currency.

    Raises: `DomainError` for a value of zero or less or a negative price.
    Source: Graham, The Intelligent Investor, chapter 20.

    >>> round(margin_of_safety(16.65, price=13.0), 3)
    0.219
    """
    value, quote = as_numbers("value_per_share", value_per_share), not_negative("price", price)
    require("value_per_share", value, value > 0, "must be above 0 for a margin of safety")
    broadcastable(value_per_share=value, price=quote)
    return result(1 - quote / value)
