"""What is calculated all the same, but looks like a slip of the keyboard: told to the log.

A rate above 100% is most often a percentage typed without its sign (8 for 8%, which is 800%), and a negative
capital expenditure one that was typed with the sign of a cash flow: subtracted, it adds to the cash flow.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from xlwings_addin.functions.kinds import UdfArgument

logger = logging.getLogger(__name__)

RATE: Final = "rate"
"""The unit of the arguments that are rates."""
EXCHANGED: Final = "currency_"
"""What the names of exchange rates begin with: they may be any positive number."""
SUBTRACTED: Final = "capex"
"""The argument that is a positive amount to be subtracted."""


def warn_of_typos(function: str, parameters: Sequence[UdfArgument], values: Sequence[Any]) -> None:
    """Log each argument that is a rate above 100% or a negative capital expenditure."""
    for parameter, value in zip(parameters, values, strict=True):
        if value is None:
            continue
        if parameter.unit == RATE and not parameter.name.startswith(EXCHANGED):
            largest = float(np.max(value, initial=0.0))
            if largest > 1:
                said = "a percentage is typed 8% or 0.08"
                logger.warning(
                    "%s: %s %g is %g%%: %s", function, parameter.host_name, largest, 100 * largest, said
                )
        elif parameter.name == SUBTRACTED:
            smallest = float(np.min(value, initial=0.0))
            if smallest < 0:
                said = "a positive amount is subtracted, this one is added"
                logger.warning("%s: %s %g is negative: %s", function, parameter.name, smallest, said)
