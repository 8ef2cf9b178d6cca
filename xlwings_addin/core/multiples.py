"""What a multiple of a company's figure makes a share worth."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from xlwings_addin.core.validation import as_numbers, broadcastable, positive, result


def multiple_value(
    metric: ArrayLike,
    *,
    multiple: ArrayLike,
    net_cash: ArrayLike = 0.0,
    shares: ArrayLike = 1.0,
    exchange_rate: ArrayLike = 1.0,
) -> Any:
    """Value by a multiple: `(metric x multiple + net cash) / shares x exchange rate`.

    With one share and a rate of one it is the value of the whole, in the metric's unit.

    Args:
        metric: earnings, sales, EBIT or EBITDA, shape (...); a negative one gives a negative value.
        multiple: times, shape (...).
        net_cash: added to an enterprise value (EV/EBIT, EV/sales); 0 for a multiple of the share price.
        shares: above 0, in the same scale as the metric.
        exchange_rate: price currency for one unit of the metric's, above 0.

    Raises: `DomainError` for shares or a rate that are not above 0; `ShapeError` for shapes that do not fit.
    Source: Rosenbaum and Pearl, Investment Banking, chapter 1 (comparable companies); article 002, whose
        1.5 USD bn at 18 times are 27.

    >>> multiple_value(1.5, multiple=18.0)
    27.0
    >>> round(multiple_value(39050.0, multiple=22.0, shares=26730.0, exchange_rate=1.0919), 1)
    35.1
    """
    figure, times, cash = (
        as_numbers("metric", metric),
        as_numbers("multiple", multiple),
        as_numbers("net_cash", net_cash),
    )
    count, rate = positive("shares", shares), positive("exchange_rate", exchange_rate)
    broadcastable(metric=figure, multiple=times, net_cash=cash, shares=count, exchange_rate=rate)
    return result((figure * times + cash) / count * rate)
