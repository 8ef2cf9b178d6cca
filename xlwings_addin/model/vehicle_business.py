"""The vehicle business, valued two ways: a revenue ramp from the top down, and deliveries built up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlwings_addin.core import dcf, growth, vehicle
from xlwings_addin.model.base_year import BaseYear
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import PLANTS
from xlwings_addin.model.valuation import (
    CrossChecks,
    Path,
    Timeline,
    Valuation,
    Years,
    cross_checks,
    fade_positions,
    faded,
    on_timeline,
    path,
    ratio,
    value_stream,
)

NEVER = "never"
"""What stands for the year capacity binds in, where demand never exceeds it."""


@dataclass(frozen=True)
class VehicleRamp:
    """The revenue ramp, its operating income and the cash it converts to."""

    base_revenue_usd: float
    ramp_position: Years
    revenue_growth: Years
    revenue: Years
    base_revenue: float
    revenue_usd: Years
    deliveries_at_base_price: Years
    final_operating_income: float
    operating_income: Years
    operating_margin: Years
    tax: Years
    nopat: Years
    final_revenue_usd: float
    final_operating_income_usd: float
    valuation: Valuation


@dataclass(frozen=True)
class VehicleUnits:
    """Deliveries under capacity, price, cost by learning, other costs, tax after losses, reinvestment."""

    midpoint: float
    demand: Path
    plants: dict[int, Path]
    capacity: Path
    deliveries: Path
    unmet_demand: Path
    utilisation: Path
    capacity_binds: Years
    binding_year: float | str
    price_change: Years
    price: Path
    vehicle_revenue: Path
    other_revenue: Path
    revenue: Path
    cumulative_deliveries: Path
    unit_cost: Path
    learnt_margin: Years
    margin_ceiling: Years
    gross_margin: Path
    gross_profit: Path
    fade_position: Years
    overhead_ratio: Path
    overhead: Path
    research_ratio: Path
    research: Path
    ebit: Path
    ebit_margin: Path
    losses: Path
    losses_used: Years
    taxable_income: Years
    tax: Years
    nopat: Path
    recurring_nopat: Path
    depreciation: Years
    new_capacity: Years
    growth_capex: Years
    maintenance_capex: Years
    net_assets: Path
    ebitda: Path
    working_capital: Path
    change_in_working_capital: Years
    recurring_fcff: Path
    final_deliveries: float
    valuation: Valuation
    checks: CrossChecks


def vehicle_ramp(inputs: Inputs, timeline: Timeline, wacc: float) -> VehicleRamp:
    horizon, cny_per_usd = inputs.count("vehicle_horizon"), inputs.number("cny_per_usd")
    price_usd = inputs.number("vehicle_base_price_usd")
    base_revenue_usd = inputs.number("vehicle_base_deliveries") * price_usd
    base_revenue = base_revenue_usd * cny_per_usd
    fade = growth.linear_fade(
        inputs.number("vehicle_growth_start"), inputs.number("vehicle_growth_end"), years=horizon
    )
    revenue = vehicle.revenue_ramp(base_revenue, growth=fade)
    margin = inputs.number("vehicle_operating_margin_end")
    income = vehicle.operating_income_ramp(
        revenue,
        final_margin=margin,
        start_income=inputs.number("vehicle_operating_income_start") * cny_per_usd,
    )
    conversion, tax_rate = inputs.number("vehicle_cash_conversion"), inputs.number("tax_rate")
    flows = vehicle.vehicle_cash_flow(income, tax_rate=tax_rate, cash_conversion=conversion)
    tax = np.where(income > 0, income, 0.0) * tax_rate
    revenues = on_timeline(revenue)
    return VehicleRamp(
        base_revenue_usd=base_revenue_usd,
        ramp_position=on_timeline(growth.linear_fade(0.0, 1.0, years=horizon)),
        revenue_growth=on_timeline(fade),
        revenue=revenues,
        base_revenue=base_revenue,
        revenue_usd=revenues / cny_per_usd,
        deliveries_at_base_price=ratio(revenues / cny_per_usd, np.full_like(revenues, price_usd)),
        final_operating_income=float(margin * revenue[-1]),
        operating_income=on_timeline(income),
        operating_margin=on_timeline(ratio(income, revenue)),
        tax=on_timeline(tax),
        nopat=on_timeline(income - tax),
        final_revenue_usd=float(revenue[-1]) / cny_per_usd,
        final_operating_income_usd=float(income[-1]) / cny_per_usd,
        valuation=value_stream(
            inputs,
            timeline,
            np.asarray(flows, dtype=np.float64),
            0.0,
            wacc=wacc,
            terminal_growth=inputs.number("vehicle_terminal_growth"),
        ),
    )


def vehicle_units(inputs: Inputs, timeline: Timeline, base: BaseYear, wacc: float) -> VehicleUnits:
    started = float(base.deliveries.year > 0)
    horizon = inputs.count("vehicle_horizon") if started else 0
    number = inputs.number

    # Deliveries: what the market asks for, as far as the plants can make it.
    midpoint, demanded = 0.0, np.zeros(0)
    if started:
        saturation, steepness = number("demand_saturation"), number("demand_steepness")
        midpoint = float(
            growth.logistic_midpoint(base.deliveries.year, saturation=saturation, steepness=steepness)
        )
        demanded = growth.logistic(
            timeline.year_number[:horizon], saturation=saturation, midpoint=midpoint, steepness=steepness
        )
    demand = path(base.deliveries.year, demanded)
    years = np.concatenate([[number("base_year")], timeline.year])
    in_forecast = path(started, np.ones(horizon))
    plants = {
        n: np.where(years >= number(f"plant_{n}_year"), number(f"plant_{n}_capacity"), 0.0) * in_forecast
        for n in PLANTS
    }
    capacity = np.sum(list(plants.values()), axis=0)
    deliveries = np.asarray(vehicle.constrained_deliveries(demand, capacity=capacity))
    binds = (demand > capacity)[1:].astype(float)

    # Revenue: price moves from the base year's average.
    positions = fade_positions(horizon, inputs.count("vehicle_fade_years"))
    change = faded(number("vehicle_price_change_start"), number("vehicle_price_change_end"), positions)
    prices = vehicle.revenue_ramp(base.price, growth=change) if horizon else np.zeros(0)
    price = path(base.price, prices)
    vehicle_revenue = np.asarray(vehicle.vehicle_revenue(deliveries, price=price))
    other = number("vehicle_other_revenue_share")
    revenue = vehicle_revenue * (1 + other)

    # Gross margin: each doubling of everything made takes a share off the cost of one more.
    cumulative = np.cumsum(deliveries) + base.earlier_deliveries
    base_cost = base.price * (1 + other) * (1 - base.vehicle_margin.gross_margin)
    costs = np.zeros(0)
    if started:
        costs = vehicle.unit_cost(
            base_cost,
            cumulative=cumulative[1 : horizon + 1],
            base_cumulative=base.cumulative_deliveries,
            learning_rate=number("vehicle_learning_rate"),
        )
    unit_cost = path(base_cost, costs)
    learnt = 1 - ratio(costs, prices * (1 + other))
    base_margin = base.vehicle_margin.gross_margin
    ceiling = faded(base_margin, number("vehicle_gross_margin_ceiling"), positions)
    gross_margin = path(base_margin * started, np.minimum(learnt, ceiling))
    gross_profit = gross_margin * revenue

    # Costs below it, from the base year's ratios to the long run's.
    overhead_start = number("vehicle_overhead_ratio_start")
    overhead_ratio = path(
        overhead_start * started, faded(overhead_start, number("vehicle_overhead_ratio_end"), positions)
    )
    research_start = base.vehicle_research / revenue[0] if revenue[0] else 0.0
    research_ratio = path(
        research_start, faded(research_start, number("vehicle_research_ratio_end"), positions)
    )
    overhead, research = overhead_ratio * revenue, research_ratio * revenue
    ebit = gross_profit - overhead - research

    # Tax, once the losses of earlier years are used up.
    opening_losses = number("vehicle_opening_losses") * started
    used, taxable, balance = np.zeros(0), np.zeros(0), np.zeros(0)
    if horizon:
        carried = dcf.loss_carry_forward(ebit[1 : horizon + 1], opening_losses=opening_losses)
        used, taxable, balance = carried.used, carried.taxable, carried.balance
    tax = taxable * number("tax_rate")

    # Reinvestment: plants when they open, upkeep, working capital.
    new_capacity = np.maximum(np.diff(capacity), 0.0)[:horizon]
    growth_capex = new_capacity * number("vehicle_capex_per_capacity")
    upkeep = number("vehicle_maintenance_capex_ratio") * revenue[1 : horizon + 1]
    opening_assets = number("vehicle_opening_assets") * started
    depreciation, assets = np.zeros(0), np.zeros(0)
    if horizon:
        plant = dcf.asset_base(
            growth_capex + upkeep,
            opening=opening_assets,
            depreciation_rate=number("vehicle_depreciation_rate"),
        )
        depreciation, assets = plant.depreciation, plant.closing
    working_capital = revenue * number("vehicle_working_capital_days") / number("days_per_year")
    change_in_capital = np.diff(working_capital)[:horizon]
    nopat = path(0.0, ebit[1 : horizon + 1] - tax)
    flows = (
        np.asarray(
            dcf.fcff(
                ebit=nopat[1 : horizon + 1],
                tax_rate=0.0,
                depreciation=depreciation,
                capex=growth_capex + upkeep,
                change_in_nwc=change_in_capital,
            )
        )
        if horizon
        else np.zeros(0)
    )
    # What does not recur: a plant that opens in the year, and tax saved by losses of earlier years.
    saved = used * number("tax_rate")
    recurring_nopat = path(0.0, nopat[1 : horizon + 1] - saved)
    recurring_fcff = path(0.0, flows + growth_capex - saved)
    rates = {"wacc": wacc, "terminal_growth": number("vehicle_terminal_growth")}
    valuation = value_stream(inputs, timeline, flows, 0.0, **rates, recurring=float(recurring_fcff[horizon]))
    ebitda = path(0.0, ebit[1 : horizon + 1] + depreciation)
    return VehicleUnits(
        midpoint=midpoint,
        demand=demand,
        plants=plants,
        capacity=capacity,
        deliveries=deliveries,
        unmet_demand=demand - deliveries,
        utilisation=ratio(deliveries, capacity),
        capacity_binds=binds,
        binding_year=float(timeline.year[np.argmax(binds)]) if binds.any() else NEVER,
        price_change=on_timeline(change),
        price=price,
        vehicle_revenue=vehicle_revenue,
        other_revenue=vehicle_revenue * other,
        revenue=revenue,
        cumulative_deliveries=cumulative,
        unit_cost=unit_cost,
        learnt_margin=on_timeline(learnt),
        margin_ceiling=on_timeline(ceiling),
        gross_margin=gross_margin,
        gross_profit=gross_profit,
        fade_position=on_timeline(positions),
        overhead_ratio=overhead_ratio,
        overhead=overhead,
        research_ratio=research_ratio,
        research=research,
        ebit=ebit,
        ebit_margin=ratio(ebit, revenue),
        losses=path(opening_losses, balance),
        losses_used=on_timeline(used),
        taxable_income=on_timeline(taxable),
        tax=on_timeline(tax),
        nopat=nopat,
        recurring_nopat=recurring_nopat,
        depreciation=on_timeline(depreciation),
        new_capacity=on_timeline(new_capacity),
        growth_capex=on_timeline(growth_capex),
        maintenance_capex=on_timeline(upkeep),
        net_assets=path(opening_assets, assets),
        ebitda=ebitda,
        working_capital=working_capital,
        change_in_working_capital=on_timeline(change_in_capital),
        recurring_fcff=recurring_fcff,
        final_deliveries=float(deliveries[horizon]),
        valuation=valuation,
        checks=cross_checks(
            inputs,
            timeline,
            valuation,
            horizon=horizon,
            **rates,
            nopat=recurring_nopat,
            ebitda=ebitda,
            return_on_new_capital=number("vehicle_return_on_new_capital"),
            multiple=number("vehicle_exit_multiple"),
        ),
    )
