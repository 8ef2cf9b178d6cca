"""Figures in the sentences of the sheets: as a spreadsheet's TEXT writes them, and the formula that does."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, places: int = 2) -> str:
    """A number as a spreadsheet's TEXT writes it: fifteen digits, halves away from zero, no minus nought.

    >>> rounded(39.995), rounded(-0.001), rounded(12.5, 0)
    ('40.00', '0.00', '13')
    """
    digits = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(abs(digits) if digits == 0 else digits)


def percent(share: float) -> str:
    """A share in whole per cent.

    >>> percent(0.185)
    '19%'
    """
    return f"{rounded(share * 100, 0)}%"


def slug(text: str) -> str:
    """A text as the key of a line.

    >>> slug("BYD (battery electric)"), slug("First in phones, in 3 years")
    ('byd_battery_electric', 'first_in_phones_in_3_years')
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def money(reference: str) -> str:
    """The formula's half of `rounded`.

    >>> money("{price}")
    'TEXT({price},"0.00")'
    """
    return f'TEXT({reference},"0.00")'


def per_cent(reference: str) -> str:
    """The formula's half of `percent`."""
    return f'TEXT({reference},"0%")'


def day(reference: str) -> str:
    """The formula of a date as 2025-11-19, whatever letters a program's language has for years and days.

    >>> day("{balance_date}")
    'YEAR({balance_date})&"-"&TEXT(MONTH({balance_date}),"00")&"-"&TEXT(DAY({balance_date}),"00")'
    """
    month, of_month = (f'TEXT({part}({reference}),"00")' for part in ("MONTH", "DAY"))
    return f'YEAR({reference})&"-"&{month}&"-"&{of_month}'
