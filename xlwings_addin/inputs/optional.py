"""Inputs that tables may leave out: what stands for one, and which come to every company.

The column `default` of parameters.csv says what stands for an input without a row:

    0                     the value itself
    as valuation_date     what another input of the case is
    day of price_hkd      the day the row of another input was known on

A company whose parameters.csv is older than an input of `COMMON` has it all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xlwings_addin.inputs.parameter import Parameter

AS, DAY_OF = "as ", "day of "
COMMON = (
    *("price_date", "balance_date", "cash_since", "cash_rolled", "payouts_since"),
    *("largest_price_age", "largest_facts_age", "largest_balance_age"),
)
"""Inputs that every company has, whatever its parameters.csv says."""


def reference_of(default: str) -> str | None:
    """The input that a default refers to; None for a value.

    >>> reference_of("as valuation_date"), reference_of("day of price_hkd"), reference_of("0")
    ('valuation_date', 'price_hkd', None)
    """
    return next((default.removeprefix(word) for word in (AS, DAY_OF) if default.startswith(word)), None)


def completed(
    own: Iterable[Parameter], packaged: Iterable[Parameter], texts: Mapping[str, str]
) -> tuple[Parameter, ...]:
    """A company's inputs with those of `COMMON` that it lacks, each at the end of its section.

    `texts` replaces words of the packaged company, its currency and price, by the company's own.
    """
    made = list(own)
    keys = {parameter.key for parameter in made}
    for parameter in packaged:
        if parameter.key in COMMON and parameter.key not in keys:
            unit, default = parameter.unit, parameter.default
            for word, other in texts.items():
                unit, default = unit.replace(word, other), default.replace(word, other)
            sections = [one.section for one in made]
            place = len(made)
            if parameter.section in sections:
                place -= sections[::-1].index(parameter.section)
            made.insert(place, replace(parameter, unit=unit, default=default))
    return tuple(made)
