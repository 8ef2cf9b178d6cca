"""Units and price: each grows at a rate that fades."""

from __future__ import annotations

from xlwings_addin.core.years import compounded
from xlwings_addin.segments.lines import WithBaseYear, Years, line
from xlwings_addin.segments.member import MARGIN, Member, fade_needs
from xlwings_addin.segments.needs import ASSUMED, Need, number


class UnitsAndPrice(Member):
    """Units shipped by their average price."""

    @line("Growth of units shipped", unit="rate")
    def shipment_growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return self.growth_of(f"{self.key}_shipment")

    @line("Units shipped", unit="m units")
    def shipments(self) -> WithBaseYear:
        return compounded(self.base.of(self.entry.line("shipments")), self.shipment_growth)

    @line("Growth of the average price", unit="rate")
    def price_growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return self.growth_of(f"{self.key}_price")

    @line("Average price", unit="{currency} per unit")
    def price(self) -> WithBaseYear:
        return compounded(self.base.of(f"{self.key}_price"), self.price_growth)

    @line(override=True)
    def revenue(self) -> WithBaseYear:
        """units x average price"""
        return self.shipments * self.price


TEMPLATE = UnitsAndPrice
NEEDS: tuple[Need, ...] = (
    number(
        "assumed_{key}_shipments", "{label} shipped in a quarter not reported", "m units", ASSUMED, least=0
    ),
    number(
        "assumed_{key}_price",
        "Average price of {label} in a quarter not reported",
        "{currency} per unit",
        ASSUMED,
        least=0,
    ),
    *fade_needs("{key}_shipment", "Growth of {label} shipped", "In units; fades linearly."),
    *fade_needs("{key}_price", "Growth of the price of {label}", "Of the average price; fades linearly."),
    MARGIN,
)
