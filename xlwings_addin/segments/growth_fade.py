"""A revenue that grows at a rate that fades."""

from __future__ import annotations

from xlwings_addin.core.years import compounded
from xlwings_addin.segments.lines import WithBaseYear, Years, line
from xlwings_addin.segments.member import MARGIN, Member, fade_needs
from xlwings_addin.segments.needs import ASSUMED, Need, number


class GrowthFade(Member):
    """Revenue of the base year, growing; growth fades in equal steps."""

    @line("Growth", unit="rate")
    def growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return self.growth_of(self.key)

    @line(override=True)
    def revenue(self) -> WithBaseYear:
        return compounded(self.base.of(f"{self.key}_revenue"), self.growth)


TEMPLATE = GrowthFade
NEEDS: tuple[Need, ...] = (
    number(
        "assumed_{key}_revenue",
        "{label}, revenue of a quarter not reported",
        "{currency} m",
        ASSUMED,
        least=0,
    ),
    *fade_needs("{key}", "Growth of {label}", "Of revenue; fades linearly over the explicit years."),
    MARGIN,
)
