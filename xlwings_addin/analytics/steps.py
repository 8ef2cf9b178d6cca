"""Values of an input or driver to look at: its own range in equal steps, the case's value among them."""

from __future__ import annotations

import numpy as np

from xlwings_addin.analytics.question import Lever
from xlwings_addin.inputs.cases import Inputs

STEPS = 9
ROUND_SHARE = 0.2
"""How far a driver without a range is moved to either side, as a share of its scale."""


def range_of(inputs: Inputs, moved: Lever) -> tuple[float, float]:
    """The range of the input's row; for a driver, or an input without one, a fifth of its scale to a side.

    It keeps within what the rules of the input allow.
    """
    row = inputs.rows.get(moved.driver.key)
    if row is not None and row.low is not None and row.high is not None and row.high > row.low:
        return row.low, row.high
    width = ROUND_SHARE * moved.scale
    return max(moved.start - width, moved.low), min(moved.start + width, moved.high)


def steps_of(inputs: Inputs, moved: Lever, count: int = STEPS) -> list[float]:
    """Equal steps over the range, and the case's own value."""
    low, high = range_of(inputs, moved)
    steps: list[float] = np.unique(np.append(np.linspace(low, high, count), moved.start)).tolist()
    return steps
