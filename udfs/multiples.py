"""MULTIPLES: what a multiple of a company's figure makes a share worth."""

from __future__ import annotations

from xlwings_addin.core import multiples
from xlwings_addin.functions.registry import Number, Numbers, udf


@udf
def MULTIPLES_VALUE(
    metric: Numbers,
    multiple: Numbers,
    net_cash: Number = 0.0,
    shares: Number = 1.0,
    exchange_rate: Number = 1.0,
) -> Numbers:
    """Value by a multiple, of a share or of the whole.

    Formula: (metric * multiple + net_cash) / shares * exchange_rate

    Args:
        metric (money): earnings, sales, EBIT or EBITDA; one figure, a row or a column
        multiple (times): one for all figures, or one each
        net_cash (money): added to an enterprise value (EV/EBIT, EV/sales); 0 if left out
        shares (number): in the scale of the metric, millions for millions; 1 if left out, for the whole
        exchange_rate (rate): price currency for one unit of the metric's; 1 if left out

    Returns: money; a row or a column where one is given.

    Errors: #NUM! for shares or an exchange rate of 0 or less; #VALUE! for ranges of different shape.

    Source: Rosenbaum and Pearl, Investment Banking, ch. 1; article 002, whose 1.5 times 18 is 27.

    Example:
        >>> MULTIPLES_VALUE(1.5, 18)  # doctest: +NUMBER
        27.0
    """
    return multiples.multiple_value(
        metric, multiple=multiple, net_cash=net_cash, shares=shares, exchange_rate=exchange_rate
    )
