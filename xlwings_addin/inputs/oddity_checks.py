"""Whether the recorded oddities of the articles still show in the numbers of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def _rise_misses_range(doubled: float, ceiling: float, growth: float, low: float, high: float) -> bool:
    return not low <= doubled * (1 + growth) <= high and low <= ceiling * (1 + growth) <= high


def _multiple_is_ifrs(cap: float, multiple: float, rate: float, ifrs: float, adjusted: float) -> bool:
    implied = cap / multiple * rate * 1000
    return abs(implied - ifrs) < 0.02 * ifrs and abs(implied - adjusted) > 0.1 * adjusted


def _share_is_vehicles_alone(vehicles: float, revenue: float, share: float, segment: float) -> bool:
    return round(vehicles / revenue, 3) == share != round(segment / 1000 / revenue, 3)


ODDITIES: Mapping[str, Callable[..., bool]] = {
    "a_multiple_above_tesla": lambda own, tesla: own <= tesla,
    "b_dollars_of_yuan": lambda cny, usd, rate: round(cny / rate) == usd,
    "c_plan_parts_miss_total": lambda vehicles, ecosystem, total: vehicles + ecosystem != total,
    "e_multiple_on_ifrs_profit": _multiple_is_ifrs,
    "f_profit_of_2017": lambda usd, rate, reported: usd * rate * 1000 > 1.5 * reported,
    "f_growth_counted_twice": _rise_misses_range,
    "g_cost_of_equity": lambda rf, beta, premium, printed: round(rf + beta * premium, 4) != printed,
    "g_base_revenue": lambda units, price, printed: round(units * price / 1000) != printed,
    "g_average_price": lambda high, low, printed: (high + low) / 2 != printed,
    "g_growth_above_risk_free": lambda growth, risk_free: growth > risk_free,
    "g_safety_discount": lambda price, devices, vehicles, printed: (
        round(1 - price / (devices + vehicles), 2) != printed
    ),
    "h_vehicles_or_segment": _share_is_vehicles_alone,
    "i_trillion_of_what": lambda hkd, usd, rate: round(usd * rate) != hkd,
}
"""Whether an oddity still shows, from the numbers its row names, in that order."""
