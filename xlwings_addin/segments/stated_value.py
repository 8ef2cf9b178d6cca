"""A stake, an asset or a business at a stated value."""

from __future__ import annotations

from xlwings_addin.segments.lines import Scalar, line
from xlwings_addin.segments.needs import Need, number
from xlwings_addin.segments.stream import Valued


class StatedValue(Valued):
    """What is typed, with its source and range; nothing of it is forecast."""

    @line("Value", unit="{currency} m")
    def enterprise_value(self) -> Scalar:
        """as stated"""
        return self.number(f"{self.prefix}_value")

    @property
    def terminal_present_value(self) -> Scalar:
        """Nothing of it lies beyond a forecast."""
        return 0.0


TEMPLATE = StatedValue
NEEDS: tuple[Need, ...] = (
    number("{part}_value", "Value of {label}", "{currency} m", "As stated; nothing of it is forecast."),
)
