"""SOTP: from the values of the segments to a value per share."""

from __future__ import annotations

from xlwings_addin.core import sotp
from xlwings_addin.functions.registry import Number, Row, udf


@udf
def SOTP_EQUITY_VALUE(
    segment_values: Row, net_cash: Number, minority_interest: Number = 0.0, holding_discount: Number = 0.0
) -> Number:
    """Equity value of a group, the discount on its segments and not on its cash.

    Formula: sum of segment_values * (1 - holding_discount) + net_cash - minority_interest

    Args:
        segment_values (money): enterprise value of each segment, a row or a column
        net_cash (money): cash less debt; negative for net debt
        minority_interest (money): what belongs to others, subtracted; 0 if left out
        holding_discount (share): discount on the segments, from 0 to 1; 0 if left out

    Returns: money, in the unit of the segments.

    Errors: #NUM! for a discount outside 0 to 1; #N/A for a blank and #VALUE! for text among the segments.

    Source: Koller, Goedhart and Wessels, Valuation, ch. 19 (valuation by parts).

    Example:
        >>> SOTP_EQUITY_VALUE([[600, 300]], 150, 20, 0.1)  # doctest: +NUMBER
        940.0
    """
    return sotp.equity_bridge(
        segment_values,
        net_cash=net_cash,
        minority_interest=minority_interest,
        holding_discount=holding_discount,
    ).equity_value


@udf
def SOTP_VALUE_PER_SHARE(equity_value: Number, diluted_shares: Number, currency_rate: Number = 1.0) -> Number:
    """Value of one share, in the currency of its listing.

    Formula: equity_value / diluted_shares * currency_rate

    Args:
        equity_value (money): value of all shares
        diluted_shares (shares): number of shares, in the same multiple as the money: millions with millions
        currency_rate (rate): units of the listing currency for one of the equity value; 1 if left out

    Returns: money per share.

    Errors: #NUM! for shares or a currency rate of 0 or less.

    Source: Koller, Goedhart and Wessels, Valuation, ch. 16.

    Example:
        >>> SOTP_VALUE_PER_SHARE(940, 100, 1.25)  # doctest: +NUMBER
        11.75
    """
    return sotp.value_per_share(equity_value, diluted_shares=diluted_shares, currency_rate=currency_rate)


@udf
def SOTP_DILUTED_SHARES(basic: Number, options: Number, strike: Number, price: Number) -> Number:
    """Shares after the exercise of options, by the treasury stock method.

    Formula: basic + options * (1 - strike / price) where the price exceeds the strike, else basic

    Args:
        basic (shares): shares outstanding
        options (shares): options outstanding, in the same multiple as the shares
        strike (money): average exercise price
        price (money): price of a share

    Returns: shares, in the multiple of the arguments.

    Errors: #NUM! for shares or a price of 0 or less, and for negative options or a negative strike.

    Source: IAS 33 Earnings per Share, paragraphs 45 to 48.

    Example:
        >>> SOTP_DILUTED_SHARES(1000, 100, 15, 20)  # doctest: +NUMBER
        1025.0
    """
    return sotp.treasury_stock_shares(basic, options=options, strike=strike, price=price)
