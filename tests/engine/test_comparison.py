"""Comparison of numbers as Excel does it: to 15 significant digits, near or far.

Source: Microsoft, "Floating-point arithmetic may give inaccurate results in Excel".
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from xlwings_addin.engine.instead.comparison import compared


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (0.1 + 0.2, 0.3, 0),
        (1.00000000000001, 1.0, 1),
        (1.000000000000001, 1.0, 0),
        (-1.00000000000001, -1.0, -1),
        (64159.0127584407, 64159.01275844073, 0),
        (0.0, 5e-324, -1),
        (1e300, -1e300, 1),
    ],
)
def test_numbers_are_compared_to_fifteen_digits(one: float, other: float, expected: int) -> None:
    assert compared(one, other) == expected
    assert compared(other, one) == -expected


def test_numbers_next_to_each_other_compare_as_their_digits_do() -> None:
    numbers = random.Random(7)
    for _ in range(5000):
        one = numbers.uniform(-1, 1) * 10.0 ** numbers.randint(-12, 12)
        other = one * (1 + numbers.uniform(-1, 1) * 10.0 ** numbers.randint(-17, -10))
        first, second = (Decimal(f"{value:.14e}") for value in (one, other))
        assert compared(one, other) == (first > second) - (first < second), (one, other)
