"""The build-ups and the sum of the parts once more, in plain floats: year by year, in loops, no arrays.

Nothing of the package is used but the inputs: scalars by key, announced quarters from the tables. Money is
CNY m. A list over years begins with the base year.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from math import exp, log, log2
from random import Random

import numpy as np
import pytest

from xlwings_addin.inputs.cases import Inputs

Rows = dict[str, list[float]]


@dataclass
class Worth:
    """What a stream of flows is worth, by Gordon and by the two cross-checks."""

    explicit: float
    terminal: float
    gordon: float
    by_driver: float
    by_multiple: float

    @property
    def total(self) -> float:
        return self.explicit + self.terminal


@dataclass
class Business:
    """The lines of a business over the years, and what it is worth."""

    rows: Rows
    worth: Worth
    figures: dict[str, float | str] = field(default_factory=dict)


def quarters(inputs: Inputs, key: str, year: int) -> list[float | None]:
    """The four quarters of a year, None for one that is not in the tables, or was announced too late."""
    periods = [f"{year}Q{quarter}" for quarter in (1, 2, 3, 4)]
    tables, day = inputs.tables, inputs.day("valuation_date")

    def in_time(period: str) -> bool:
        revenue = [row for row in tables.history if (row.key, row.period) == ("revenue", period)]
        return any(row.as_of <= day for row in revenue)

    return [
        tables.row(key, period).number if tables.has(key, period) and in_time(period) else None
        for period in periods
    ]


def reported(inputs: Inputs, key: str, year: int) -> float:
    return sum(figure for figure in quarters(inputs, key, year) if figure is not None)


def missing(inputs: Inputs) -> int:
    """Quarters of the base year that are assumed: those without group revenue."""
    return quarters(inputs, "revenue", inputs.count("base_year")).count(None)


def weighted_margin(inputs: Inputs, revenue_key: str, margin_key: str) -> float:
    """Gross profit over revenue, of the quarters whose margin is known."""
    year, profit, sales = inputs.count("base_year"), 0.0, 0.0
    for revenue, margin in zip(
        quarters(inputs, revenue_key, year), quarters(inputs, margin_key, year), strict=True
    ):
        if revenue is not None and margin is not None:
            profit += revenue * margin
            sales += revenue
    return profit / sales


def at_level(start: float, end: float, year: int, fade_years: int) -> float:
    """Equal steps from the base year's level to the long run's, and that from then on."""
    return start + (end - start) * min(year / fade_years, 1.0)


def growth_in(inputs: Inputs, key: str, year: int, horizon: int) -> float:
    """Equal steps from the first forecast year's growth to that of the last explicit one."""
    start, end = inputs.number(f"{key}_growth_start"), inputs.number(f"{key}_growth_end")
    shock = inputs.number(f"{key}_growth_shock") if year == 1 else 0.0
    return start + (end - start) * ((year - 1) / (horizon - 1) if horizon > 1 else 0.0) + shock


def waits(inputs: Inputs, horizon: int) -> tuple[list[float], list[float]]:
    """Years from the valuation date to each flow, and to each year end."""
    base, day = inputs.count("base_year"), inputs.day("valuation_date")
    first, opening = 1.0, 0.0
    if inputs.text("stub") == "date":
        first = (date(base + 1, 12, 31) - day).days / inputs.number("days_per_year")
        if day < date(base, 12, 31):
            opening = (date(base, 12, 31) - day).days / inputs.number("days_per_year")
            first = opening + 1
    ends = [opening] + [first + year for year in range(horizon)]
    if inputs.text("timing") == "end":
        return ends, ends
    # Half way through what is left of the year the date lies in, half a year before any later year's end.
    halves = [opening / 2, (first - opening) / 2] + [0.5] * (horizon - 1)
    return [end - half for end, half in zip(ends, halves, strict=False)], ends


def worth(
    inputs: Inputs,
    flows: list[float],
    nopat: list[float],
    ebitda: list[float],
    *,
    wacc: float,
    growth: float,
    return_on_new_capital: float,
    multiple: float,
    recurring: float | None = None,
    passing: float = 0.0,
    by_driver: bool = False,
) -> Worth:
    """The present value of what falls after the valuation date, and of what follows the last year."""
    horizon = len(flows) - 1
    at, ends = waits(inputs, horizon)
    base, day = inputs.count("base_year"), inputs.day("valuation_date")
    explicit = 0.0
    for year in range(horizon + 1):
        share = 1.0 if year else 0.0
        if inputs.text("first_flow") == "stub" and inputs.text("stub") == "date":
            begun = date(base + year, 12, 31)
            left = (begun - day).days / inputs.number("days_per_year")
            share = min(max(left, 0.0), 1.0)
        explicit += flows[year] * share / (1 + wacc) ** at[year]
    grown = 1 + growth if inputs.text("terminal_form") == "grown" else 1.0
    factor, year_end_factor = (1 + wacc) ** -at[horizon], (1 + wacc) ** -ends[horizon]
    driver = (nopat[horizon] - passing) * grown * (1 - growth / return_on_new_capital) / (wacc - growth)
    lasting = (flows[horizon] if recurring is None else recurring) - passing
    gordon = lasting * grown / (wacc - growth)
    return Worth(
        explicit=explicit,
        terminal=(driver if by_driver else gordon) * factor,
        gordon=explicit + gordon * factor,
        by_driver=explicit + driver * factor,
        by_multiple=explicit + ebitda[horizon] * multiple * year_end_factor,
    )


def converted(inputs: Inputs, rate: float) -> float:
    """A rate in the currency of the flows, by the yields of both, if the case has it so."""
    if inputs.text("rate_parity") == "none":
        return rate
    return (1 + rate) / (1 + inputs.number("risk_free")) * (1 + inputs.number("risk_free_local")) - 1


def devices_wacc(inputs: Inputs) -> float:
    n = inputs.number
    if inputs.text("devices_wacc_basis") == "printed":
        return n("devices_wacc_printed")
    measured = n("raw_beta") / (1 - n("beta_cash_share"))
    beta = n("blume_weight") * measured + 1 - n("blume_weight")
    equity = n("risk_free") + beta * n("equity_risk_premium") + n("country_risk")
    return n("equity_weight") * equity + (1 - n("equity_weight")) * n("cost_of_debt") * (1 - n("tax_rate"))


def devices_segments(inputs: Inputs) -> Business:
    """Phones, home devices and internet services, year by year."""
    n, base, horizon = inputs.number, inputs.count("base_year"), inputs.count("devices_horizon")
    fade, absent = inputs.count("devices_fade_years"), missing(inputs)
    names = ("smartphone", "iot", "internet")

    assumed_shipments = absent * n("assumed_smartphone_shipments")
    shipments = reported(inputs, "smartphone_shipments", base) + assumed_shipments
    revenue = {
        "smartphone": reported(inputs, "revenue_smartphone", base)
        + assumed_shipments * n("assumed_smartphone_price"),
        "iot": reported(inputs, "revenue_iot", base) + absent * n("assumed_iot_revenue"),
        "internet": reported(inputs, "revenue_internet", base) + absent * n("assumed_internet_revenue"),
    }
    price = revenue["smartphone"] / shipments
    margin = {name: weighted_margin(inputs, f"revenue_{name}", f"gross_margin_{name}") for name in names}
    research_start = n("group_research") * (1 - n("vehicle_research_share")) / sum(revenue.values())

    rows: Rows = {}

    def note(**figures: float) -> None:
        for key, figure in figures.items():
            rows.setdefault(key, []).append(figure)

    working_capital_before = 0.0
    for year in range(horizon + 1):
        if year:
            shipments *= 1 + growth_in(inputs, "smartphone_shipment", year, horizon)
            price *= 1 + growth_in(inputs, "smartphone_price", year, horizon)
            revenue["smartphone"] = shipments * price
            for entry in ("iot", "internet"):
                revenue[entry] *= 1 + growth_in(inputs, entry, year, horizon)
        sales = revenue["smartphone"] + revenue["iot"] + revenue["internet"]
        profit = 0.0
        for name in names:
            now = at_level(margin[name], n(f"{name}_gross_margin_end"), year, fade)
            profit += revenue[name] * now
            note(**{f"{name}_revenue": revenue[name], f"{name}_gross_margin": now})
        profit += sales * n("devices_other_gross_profit_ratio")
        overhead = sales * at_level(
            n("devices_overhead_ratio_start"), n("devices_overhead_ratio_end"), year, fade
        )
        research = sales * at_level(research_start, n("devices_research_ratio_end"), year, fade)
        ebit = profit - overhead - research + (n("devices_ebit_shock") if year == 1 else 0.0)
        tax = ebit * n("tax_rate") if ebit > 0 else 0.0
        depreciation, capex = sales * n("devices_depreciation_ratio"), sales * n("devices_capex_ratio")
        working_capital = sales * n("devices_working_capital_days") / n("days_per_year")
        change = working_capital - working_capital_before if year else 0.0
        working_capital_before = working_capital
        note(
            shipments=shipments,
            price=price,
            revenue=sales,
            gross_profit=profit,
            overhead=overhead,
            research=research,
            ebit=ebit,
            tax=tax,
            nopat=ebit - tax,
            depreciation=depreciation,
            ebitda=ebit + depreciation,
            capex=capex,
            working_capital=working_capital,
            change_in_working_capital=change,
            fcff=ebit - tax + depreciation - capex - change,
        )
    above = ebit / sales - n("devices_operating_margin_ceiling")
    value = worth(
        inputs,
        rows["fcff"],
        rows["nopat"],
        rows["ebitda"],
        passing=above * sales * (1 - n("tax_rate")) if above > 0 else 0.0,
        by_driver=inputs.text("devices_terminal_value") == "value_driver",
        wacc=converted(inputs, devices_wacc(inputs)),
        growth=n("devices_terminal_growth"),
        return_on_new_capital=n("devices_return_on_new_capital"),
        multiple=n("devices_exit_multiple"),
    )
    return Business(rows, value)


def vehicle_units(inputs: Inputs) -> Business:
    """Vehicles, year by year; the base year has sales and a margin, and no flow."""
    n, base, horizon = inputs.number, inputs.count("base_year"), inputs.count("vehicle_horizon")
    fade, absent = inputs.count("vehicle_fade_years"), missing(inputs)

    assumed = absent * n("assumed_vehicle_deliveries")
    delivered = reported(inputs, "vehicle_deliveries", base) / 1e6 + assumed
    price = (reported(inputs, "vehicle_revenue", base) + assumed * n("assumed_vehicle_price")) / delivered
    made = delivered + sum(reported(inputs, "vehicle_deliveries", year) for year in range(2024, base)) / 1e6
    made_by_base = made
    margin_start = weighted_margin(inputs, "vehicle_segment_revenue", "gross_margin_vehicle_segment")
    extra = 1 + n("vehicle_other_revenue_share")
    cost_start = price * extra * (1 - margin_start)
    saturation, steepness = n("demand_saturation"), n("demand_steepness")
    midpoint = log(saturation / delivered - 1) / steepness
    research_start = n("group_research") * n("vehicle_research_share") / (delivered * price * extra)

    def capacity_in(year: int) -> float:
        return sum(
            n(f"plant_{plant}_capacity")
            for plant in (1, 2, 3, 4, 5)
            if inputs.count(f"plant_{plant}_year") <= base + year
        )

    rows: Rows = {}

    def note(**figures: float) -> None:
        for key, figure in figures.items():
            rows.setdefault(key, []).append(figure)

    losses, assets = n("vehicle_opening_losses"), n("vehicle_opening_assets")
    fully_taxed = recurring = 0.0
    working_capital_before, binding_year = 0.0, "never"
    for year in range(horizon + 1):
        demand, capacity = delivered, capacity_in(year)
        if year:
            demand = saturation / (1 + exp(-steepness * (year - midpoint)))
            if demand > capacity and binding_year == "never":
                binding_year = base + year
            price *= 1 + at_level(n("vehicle_price_change_start"), n("vehicle_price_change_end"), year, fade)
        deliveries = min(demand, capacity)
        made += deliveries if year else 0.0
        sales = deliveries * price * extra
        cost = cost_start * (made / made_by_base) ** log2(1 - n("vehicle_learning_rate"))
        ceiling = at_level(margin_start, n("vehicle_gross_margin_ceiling"), year, fade)
        margin = min(1 - cost / (price * extra), ceiling) if year else margin_start
        overhead = sales * at_level(
            n("vehicle_overhead_ratio_start"), n("vehicle_overhead_ratio_end"), year, fade
        )
        research = sales * at_level(research_start, n("vehicle_research_ratio_end"), year, fade)
        profit = sales * margin
        if year:
            sites = [f"plant_{plant}" for plant in (1, 2, 3, 4, 5) if n(f"plant_{plant}_capacity") > 0]
            open_sites = [site for site in sites if inputs.count(f"{site}_year") <= base + year]
            profit -= deliveries * n("vehicle_transport_cost") / len(open_sites)
        ebit = profit - overhead - research + (n("vehicle_ebit_shock") if year == 1 else 0.0)
        working_capital = sales * n("vehicle_working_capital_days") / n("days_per_year")
        tax = depreciation = growth_capex = upkeep = change = nopat = fcff = ebitda = 0.0
        if year:
            used = min(losses, ebit) if ebit > 0 else 0.0
            losses = losses - used if ebit > 0 else losses - ebit
            tax = (ebit - used) * n("tax_rate") if ebit > 0 else 0.0
            depreciation = assets * n("vehicle_depreciation_rate")
            growth_capex = (capacity - capacity_in(year - 1)) * n("vehicle_capex_per_capacity")
            upkeep = sales * n("vehicle_maintenance_capex_ratio")
            assets += growth_capex + upkeep - depreciation
            change = working_capital - working_capital_before
            nopat, ebitda = ebit - tax, ebit + depreciation
            fully_taxed = ebit - max(ebit, 0.0) * n("tax_rate")
            fcff = nopat + depreciation - growth_capex - upkeep - change
            recurring = fully_taxed + depreciation - upkeep - change
        working_capital_before = working_capital
        note(
            demand=demand,
            capacity=capacity,
            deliveries=deliveries,
            unmet_demand=demand - deliveries,
            price=price,
            revenue=sales,
            cumulative_deliveries=made,
            unit_cost=cost,
            gross_margin=margin,
            gross_profit=profit,
            overhead=overhead,
            research=research,
            ebit=ebit,
            losses=losses,
            tax=tax,
            nopat=nopat,
            recurring_nopat=fully_taxed,
            depreciation=depreciation,
            ebitda=ebitda,
            growth_capex=growth_capex,
            maintenance_capex=upkeep,
            net_assets=assets,
            working_capital=working_capital,
            change_in_working_capital=change,
            fcff=fcff,
        )
    value = worth(
        inputs,
        rows["fcff"],
        rows["recurring_nopat"],
        rows["ebitda"],
        recurring=recurring,
        by_driver=inputs.text("vehicle_terminal_value") == "value_driver",
        wacc=converted(inputs, n("vehicle_wacc")),
        growth=n("vehicle_terminal_growth"),
        return_on_new_capital=n("vehicle_return_on_new_capital"),
        multiple=n("vehicle_exit_multiple"),
    )
    return Business(rows, value, {"midpoint": midpoint, "binding_year": binding_year})


def value_per_share(inputs: Inputs, devices: float, vehicle: float) -> float:
    """HKD, from the two businesses: discount, cash, stakes, minorities, currency, treasury stock shares."""
    n = inputs.number
    funds = n("cash_resources")
    if inputs.text("net_cash_definition") == "strict":
        beyond = max(n("cash_resources") - n("liquid_funds") - n("restricted_cash"), 0.0)
        funds = n("liquid_funds") + beyond * n("long_term_deposits_share")
        funds -= n("operating_cash") + n("frozen_cash")
    equity = (devices + vehicle + n("new_initiatives_value")) * (1 - n("holding_discount"))
    equity += funds - n("debt") + n("associates") - n("minority_interest")
    shares = n("diluted_shares")
    if inputs.text("share_basis") == "treasury_stock":
        bought_back = n("share_awards") * n("award_strike_hkd") / n("price_hkd")
        shares = n("basic_shares") + max(n("share_awards") - bought_back, 0.0)
    return equity / n("cny_per_usd") * n("hkd_per_usd") / shares


def draw(inputs: Inputs, seed: int) -> Inputs:
    """A case with every assumption drawn anew between its low and its high."""
    random, drawn = Random(seed), {}
    for key, row in inputs.rows.items():
        if row.low is not None and row.high is not None:
            whole = isinstance(inputs[key], int)
            drawn[key] = (
                random.randint(int(row.low), int(row.high)) if whole else random.uniform(row.low, row.high)
            )
    return inputs.replace(**drawn)


def assert_agree(actual: object, expected: list[float]) -> None:
    """A path has these values from the base year on, to 1e-12, and nothing after them.

    Relative to each value, or where it is a small difference of large ones, to the largest of its line.
    """
    figures, largest = np.asarray(actual, dtype=float), max(abs(row) for row in expected)
    assert figures[: len(expected)].tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12 * largest)
    assert figures[len(expected) :].tolist() == [0.0] * (len(figures) - len(expected))
