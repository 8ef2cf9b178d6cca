"""Units and their algebra: what a product, a ratio or a sum of figures is measured in.

A unit is a product of dimensions: currencies, `m` for a million, `unit` for a thing made (a vehicle is one),
`share`, `user`, `day`. Figures of money per share are written as the bare currency, as on the sheets. Years,
counts, rates, ratios, factors, multiples and flags have no dimension: years are counted, not measured.

>>> parse("CNY per vehicle") * parse("m vehicles") == parse("CNY m")
True
>>> parse("CNY m") * parse("HKD per CNY") / parse("m shares") == parse("HKD")
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from xlwings_addin.core.errors import InputError

CURRENCY = re.compile(r"[A-Z]{3}")
"""A currency: three letters."""
PLAIN = frozenset(
    (
        *("ratio", "rate", "factor", "plain", "multiple", "flag", "used", "outside", "count", "difference"),
        *("year", "years", "per year", "status", "text", "choice"),
    )
)
"""What has no dimension."""
NAMES = {
    **dict.fromkeys(("unit", "units", "vehicle", "vehicles"), "unit"),
    **dict.fromkeys(("share", "shares"), "share"),
    **dict.fromkeys(("user", "users"), "user"),
    **dict.fromkeys(("day", "days", "date"), "day"),
}
SCALES = {"m": (("m", 1),), "bn": (("m", 1), ("k", 1))}


class Unit:
    """A product of dimensions, each with a whole exponent; units multiply and divide.

    >>> str(parse("CNY m") / parse("m units"))
    'CNY per unit'
    """

    __slots__ = ("dimensions",)

    def __init__(self, dimensions: Iterable[tuple[str, int]] = ()) -> None:
        exponents: dict[str, int] = {}
        for name, exponent in dimensions:
            exponents[name] = exponents.get(name, 0) + exponent
        self.dimensions = frozenset((name, exponent) for name, exponent in exponents.items() if exponent)

    def __mul__(self, other: Unit) -> Unit:
        return Unit((*self.dimensions, *other.dimensions))

    def __truediv__(self, other: Unit) -> Unit:
        return Unit((*self.dimensions, *((name, -exponent) for name, exponent in other.dimensions)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and self.dimensions == other.dimensions

    def __hash__(self) -> int:
        return hash(self.dimensions)

    def __bool__(self) -> bool:
        """Whether there is any dimension."""
        return bool(self.dimensions)

    def __str__(self) -> str:
        def side(sign: int) -> str:
            names = [(name, exponent * sign) for name, exponent in self.dimensions if exponent * sign > 0]
            names.sort(key=lambda item: (not CURRENCY.fullmatch(item[0]), item[0]))
            return " ".join(f"{name}^{exponent}" if exponent > 1 else name for name, exponent in names)

        above, below = side(1), side(-1)
        return (f"{above} per {below}" if below else above).strip() or "a plain number"

    __repr__ = __str__


PLAIN_NUMBER = Unit()


@lru_cache
def parse(text: str) -> Unit:
    """The unit a text says.

    Raises `InputError` for a text that is no unit.

    >>> str(parse("HKD per share")), parse("HKD") == parse("HKD per share"), str(parse("ratio"))
    ('HKD per share', True, 'a plain number')
    """
    if text in PLAIN:
        return PLAIN_NUMBER
    if CURRENCY.fullmatch(text):
        return Unit([(text, 1), ("share", -1)])
    above, _, below = text.partition(" per ")
    return _product(text, above) / _product(text, below)


def _product(text: str, words: str) -> Unit:
    dimensions: list[tuple[str, int]] = []
    for word in re.split(r"\s+", words) if words else ():
        if word in SCALES:
            dimensions += SCALES[word]
        elif word in NAMES or CURRENCY.fullmatch(word):
            dimensions.append((NAMES.get(word, word), 1))
        else:
            raise InputError("unit", text, f"is not made of known units ({word!r} is none)")
    return Unit(dimensions)
