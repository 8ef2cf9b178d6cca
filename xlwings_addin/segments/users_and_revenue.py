"""Users and the revenue of one: each grows at a rate that fades."""

from __future__ import annotations

from xlwings_addin.core.years import compounded, ratio
from xlwings_addin.segments.lines import WithBaseYear, Years, line
from xlwings_addin.segments.member import MARGIN, Member, fade_needs
from xlwings_addin.segments.needs import ASSUMED, Need, number


class UsersAndRevenue(Member):
    """Users by the revenue of a user; the base year's revenue is the reported one."""

    @line("Growth of users", unit="rate")
    def user_growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return self.growth_of(f"{self.key}_user")

    @line("Users", unit="m users")
    def users(self) -> WithBaseYear:
        """those of the base year are an input, with its source"""
        return compounded(self.number(f"{self.key}_users"), self.user_growth)

    @line("Growth of revenue per user", unit="rate")
    def revenue_per_user_growth(self) -> Years:
        """fades in equal steps from the first rate to the last"""
        return self.growth_of(f"{self.key}_revenue_per_user")

    @line("Revenue per user", unit="{currency} per user")
    def revenue_per_user(self) -> WithBaseYear:
        """the base year's: reported revenue over users"""
        base = ratio(self.base.of(f"{self.key}_revenue"), self.number(f"{self.key}_users"))
        return compounded(base, self.revenue_per_user_growth)

    @line(override=True)
    def revenue(self) -> WithBaseYear:
        """users x revenue per user"""
        return self.users * self.revenue_per_user


TEMPLATE = UsersAndRevenue
NEEDS: tuple[Need, ...] = (
    number("{key}_users", "Users of {label}", "m users", "Of the base year, on average.", above=0),
    number(
        "assumed_{key}_revenue",
        "{label}, revenue of a quarter not reported",
        "{currency} m",
        ASSUMED,
        least=0,
    ),
    *fade_needs("{key}_user", "Growth of users of {label}", "In users; fades linearly."),
    *fade_needs("{key}_revenue_per_user", "Growth of revenue per user of {label}", "Fades linearly."),
    MARGIN,
)
