"""What the price of a share is, in words, against its value and the margin of safety that is required."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlwings_addin.valuation.parts import REQUIRED_KEY

if TYPE_CHECKING:
    from xlwings_addin.valuation.xiaomi import Results

CHEAP = "buy: the price leaves the margin of safety"
BETWEEN = "hold: worth more than its price, but not by the margin of safety"
DEAR = "avoid: not worth its price"


def verdict(results: Results) -> str:
    """Whether the price is at most what to buy below, below the value, or not below it.

    >>> import xlwings_addin as xa
    >>> verdict(xa.value("march_2024_replica"))
    'buy: the price leaves the margin of safety'
    """
    value, price = results.sotp.value_per_share, results.price
    if value <= price:
        return DEAR
    required = results.inputs.number(REQUIRED_KEY) if results.model.inputs.has(REQUIRED_KEY) else 0.0
    return CHEAP if price <= value * (1 - required) else BETWEEN
