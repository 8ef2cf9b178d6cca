"""Numbers as a reader has them."""

from __future__ import annotations

WHOLE_FROM = 1000.0
"""From so much on a number is printed without decimals."""


def printed(value: float, spec: str) -> str:
    """A number by a format, without a sign before a zero; the minus is one that a spreadsheet reads.

    >>> printed(-0.19, "+.1%"), printed(-0.0001, ".2f"), printed(1234.5, ",.0f")
    ('-19.0%', '0.00', '1,234')
    """
    text = format(value, spec)
    return text if any(digit in "123456789" for digit in text) else text.lstrip("+-")


def number_text(value: float, unit: str) -> str:
    """A number in its unit, which is not printed: shares in per cent, large numbers in groups of three.

    >>> number_text(0.15, "ratio"), number_text(258000, "CNY"), number_text(1.6, "m")
    ('15.0%', '258,000', '1.6')
    """
    if unit == "ratio":
        return printed(value, ".1%")
    if unit == "year":
        return f"{value:.0f}"
    return printed(value, ",.0f" if abs(value) >= WHOLE_FROM or float(value).is_integer() else ",.4g")
