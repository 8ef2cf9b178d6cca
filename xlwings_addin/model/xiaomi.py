"""Xiaomi, valued: `Inputs` in, `Results` out, by calling the core in the order an analyst would.

Every field of `Results` is a line of a sheet. Money is CNY m unless the name says otherwise; arrays run
over the model's timeline, whose first year follows the base year; a block with a shorter horizon has zeros
after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core import capital, discounting, growth, sotp, vehicle
from xlwings_addin.core.discounting import Timing
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import TIMELINE_YEARS

Years = NDArray[np.float64]

UNDEFINED = "n/a"
"""What stands for a ratio to nothing, in the results as on the sheets."""


@dataclass(frozen=True)
class Timeline:
    """The forecast years and how long each flow is from the valuation date."""

    year_number: Years
    year: Years
    first_year_end: date
    first_period: float
    first_flow_share: float
    year_end_exponent: Years
    flow_exponent: Years


@dataclass(frozen=True)
class Capital:
    """Cost of capital of the two businesses."""

    beta: float
    cost_of_equity: float
    after_tax_cost_of_debt: float
    wacc_computed: float
    wacc_rounding: float
    core_wacc: float
    vehicle_wacc: float
    vehicle_implied_beta: float
    core_spread: float
    vehicle_spread: float


@dataclass(frozen=True)
class Valuation:
    """A stream of free cash flow to the firm and what it is worth."""

    in_horizon: Years
    is_final: Years
    opening_is_final: float
    fcff: Years
    opening_fcff: float
    counted_fcff: Years
    discount_factor: Years
    present_value: Years
    explicit_value: float
    final_fcff: float
    terminal_value: float
    terminal_factor: float
    terminal_present_value: float
    enterprise_value: float
    terminal_share: float
    enterprise_value_usd: float


@dataclass(frozen=True)
class CoreBusiness:
    """Phones, home devices and internet services: reported free cash flow, averaged and capitalised."""

    years_averaged: float
    normalised_fcff: float
    normalised_multiple: float | str
    valuation: Valuation


@dataclass(frozen=True)
class VehicleBusiness:
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
class Part:
    """One part of the sum in the four ways the sheet shows it, and its share of the whole."""

    value: float
    usd: float
    per_share: float
    per_share_usd: float
    share: float


@dataclass(frozen=True)
class SumOfParts:
    """From the segments to the value of a share, and what the price says."""

    hkd_per_cny: float
    core: Part
    vehicle: Part
    segments: Part
    discount: Part
    net_cash: Part
    associates: Part
    minority_interest: Part
    equity: Part
    core_and_net_cash_per_share: float
    cash_and_other_per_share: float
    value_per_share: float
    margin_of_safety: float | str
    upside: float
    market_capitalisation_hkd: float
    implied_vehicle_per_share: float
    implied_final_deliveries: float | str


@dataclass(frozen=True)
class Results:
    """One case, valued."""

    case: str
    inputs: Inputs
    timeline: Timeline
    capital: Capital
    core: CoreBusiness
    vehicle: VehicleBusiness
    sotp: SumOfParts

    def summary(self) -> dict[str, object]:
        """The key results as plain numbers, for a program to read."""

        def segment(part: Part) -> dict[str, float]:
            return {
                "enterprise_value_cny_m": part.value,
                "enterprise_value_usd_m": part.usd,
                "per_share_hkd": part.per_share,
                "per_share_usd": part.per_share_usd,
            }

        return {
            "case": self.case,
            "valuation_date": self.inputs.day("valuation_date").isoformat(),
            "price_hkd": self.inputs.number("price_hkd"),
            "value_per_share_hkd": self.sotp.value_per_share,
            "margin_of_safety": None
            if self.sotp.margin_of_safety == UNDEFINED
            else self.sotp.margin_of_safety,
            "segments": {"core": segment(self.sotp.core), "vehicle": segment(self.sotp.vehicle)},
            "net_cash": {"cny_m": self.sotp.net_cash.value, "per_share_hkd": self.sotp.net_cash.per_share},
            "core_and_net_cash_per_share_hkd": self.sotp.core_and_net_cash_per_share,
            "vehicle_final_revenue_usd_m": self.vehicle.final_revenue_usd,
            "vehicle_final_operating_income_usd_m": self.vehicle.final_operating_income_usd,
            "core_wacc": self.capital.core_wacc,
            "core_wacc_computed": self.capital.wacc_computed,
            "vehicle_wacc": self.capital.vehicle_wacc,
        }


def evaluate(inputs: Inputs) -> Results:
    """Value the company under one case.

    Raises `ValuationError` where an input breaks a rule of the core.
    """
    timeline = _timeline(inputs)
    costs = _capital(inputs)
    core = _core_business(inputs, timeline, costs)
    vehicles = _vehicle_business(inputs, timeline, costs)
    parts = _sum_of_parts(inputs, core, vehicles)
    return Results(inputs.case, inputs, timeline, costs, core, vehicles, parts)


def _timing(inputs: Inputs) -> Timing:
    return "mid" if inputs.text("timing") == "mid" else "end"


def _timeline(inputs: Inputs) -> Timeline:
    number = np.arange(1, TIMELINE_YEARS + 1, dtype=float)
    first_year_end = date(inputs.count("base_year") + 1, 12, 31)
    days = (first_year_end - inputs.day("valuation_date")).days
    first_period = days / inputs.number("days_per_year") if inputs.text("stub") == "date" else 1.0
    year_end = first_period + number - 1
    middle = np.concatenate([[first_period / 2], year_end[1:] - 0.5])
    return Timeline(
        year_number=number,
        year=inputs.count("base_year") + number,
        first_year_end=first_year_end,
        first_period=first_period,
        first_flow_share=first_period if inputs.text("first_flow") == "stub" else 1.0,
        year_end_exponent=year_end,
        flow_exponent=middle if _timing(inputs) == "mid" else year_end,
    )


def _capital(inputs: Inputs) -> Capital:
    risk_free, premium = inputs.number("risk_free"), inputs.number("equity_risk_premium")
    weight = inputs.number("blume_weight")
    beta = weight * inputs.number("raw_beta") + (1 - weight)
    cost_of_equity = capital.cost_of_equity(
        risk_free=risk_free,
        beta=beta,
        equity_risk_premium=premium,
        country_risk=inputs.number("country_risk"),
    )
    computed = capital.wacc(
        cost_of_equity=cost_of_equity,
        cost_of_debt=inputs.number("cost_of_debt"),
        tax_rate=inputs.number("tax_rate"),
        equity_weight=inputs.number("equity_weight"),
    )
    printed = inputs.number("core_wacc_printed")
    core_wacc = printed if inputs.text("core_wacc_basis") == "printed" else float(computed)
    vehicle_wacc = inputs.number("vehicle_wacc")
    return Capital(
        beta=beta,
        cost_of_equity=float(cost_of_equity),
        after_tax_cost_of_debt=inputs.number("cost_of_debt") * (1 - inputs.number("tax_rate")),
        wacc_computed=float(computed),
        wacc_rounding=printed - float(computed),
        core_wacc=core_wacc,
        vehicle_wacc=vehicle_wacc,
        vehicle_implied_beta=(vehicle_wacc - risk_free - inputs.number("country_risk")) / premium,
        core_spread=core_wacc - inputs.number("core_terminal_growth"),
        vehicle_spread=vehicle_wacc - inputs.number("vehicle_terminal_growth"),
    )


def _on_timeline(values: NDArray[np.float64]) -> Years:
    """A block's own years, laid on the model's timeline with zeros after its horizon."""
    return np.pad(np.asarray(values, dtype=float), (0, TIMELINE_YEARS - len(values)))


def _valuation(
    inputs: Inputs,
    timeline: Timeline,
    flows: Years,
    opening: float,
    *,
    wacc: float,
    terminal_growth: float,
) -> Valuation:
    """Discount a stream of flows and what follows it; without flows, capitalise `opening` at once."""
    horizon = len(flows)
    counted = flows.copy()
    counted[:1] *= timeline.first_flow_share
    if horizon:
        factors = discounting.discount_factors(
            wacc, years=TIMELINE_YEARS, timing=_timing(inputs), first_period=timeline.first_period
        )
        explicit = float(
            discounting.present_value(
                counted, rate=wacc, timing=_timing(inputs), first_period=timeline.first_period
            )
        )
        final, terminal_factor = float(flows[-1]), float(factors[horizon - 1])
    else:
        factors = (1 + wacc) ** -timeline.flow_exponent
        explicit, final, terminal_factor = 0.0, opening, 1.0
    terminal_value = float(
        discounting.gordon_terminal_value(
            final, rate=wacc, growth=terminal_growth, grown=inputs.text("terminal_form") == "grown"
        )
    )
    terminal = terminal_value * terminal_factor
    total = explicit + terminal
    return Valuation(
        in_horizon=_on_timeline(np.ones(horizon)),
        is_final=(timeline.year_number == horizon).astype(float),
        opening_is_final=float(horizon == 0),
        fcff=_on_timeline(flows),
        opening_fcff=opening,
        counted_fcff=_on_timeline(counted),
        discount_factor=factors,
        present_value=_on_timeline(counted) * factors,
        explicit_value=explicit,
        final_fcff=final,
        terminal_value=terminal_value,
        terminal_factor=terminal_factor,
        terminal_present_value=terminal,
        enterprise_value=total,
        terminal_share=terminal / total if total else 0.0,
        enterprise_value_usd=total / inputs.number("cny_per_usd"),
    )


def _core_business(inputs: Inputs, timeline: Timeline, costs: Capital) -> CoreBusiness:
    first, last = inputs.count("core_average_first_year"), inputs.count("core_average_last_year")
    reported = inputs.tables.series("free_cash_flow", [f"FY{year}" for year in range(first, last + 1)])
    normalised = float(np.mean(reported))
    terminal_growth = inputs.number("core_terminal_growth")
    horizon = inputs.count("core_horizon")
    years = np.arange(1, horizon + 1, dtype=np.float64)
    flows: Years = normalised * np.power(1 + terminal_growth, years)
    valuation = _valuation(
        inputs, timeline, flows, normalised, wacc=costs.core_wacc, terminal_growth=terminal_growth
    )
    return CoreBusiness(
        years_averaged=float(len(reported)),
        normalised_fcff=normalised,
        normalised_multiple=valuation.enterprise_value / normalised if normalised else UNDEFINED,
        valuation=valuation,
    )


def _vehicle_business(inputs: Inputs, timeline: Timeline, costs: Capital) -> VehicleBusiness:
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
    on_timeline = _on_timeline(revenue)
    valuation = _valuation(
        inputs,
        timeline,
        np.asarray(flows, dtype=np.float64),
        0.0,
        wacc=costs.vehicle_wacc,
        terminal_growth=inputs.number("vehicle_terminal_growth"),
    )
    return VehicleBusiness(
        base_revenue_usd=base_revenue_usd,
        ramp_position=_on_timeline(growth.linear_fade(0.0, 1.0, years=horizon)),
        revenue_growth=_on_timeline(fade),
        revenue=on_timeline,
        base_revenue=base_revenue,
        revenue_usd=on_timeline / cny_per_usd,
        deliveries_at_base_price=on_timeline / cny_per_usd / price_usd,
        final_operating_income=float(margin * revenue[-1]),
        operating_income=_on_timeline(income),
        operating_margin=_on_timeline(np.divide(income, revenue, out=np.zeros(horizon), where=revenue != 0)),
        tax=_on_timeline(tax),
        nopat=_on_timeline(income - tax),
        final_revenue_usd=float(revenue[-1]) / cny_per_usd,
        final_operating_income_usd=float(income[-1]) / cny_per_usd,
        valuation=valuation,
    )


def _sum_of_parts(inputs: Inputs, core: CoreBusiness, vehicles: VehicleBusiness) -> SumOfParts:
    shares, price = inputs.number("diluted_shares"), inputs.number("price_hkd")
    cny_per_usd, hkd_per_usd = inputs.number("cny_per_usd"), inputs.number("hkd_per_usd")
    hkd_per_cny = hkd_per_usd / cny_per_usd
    segments = [core.valuation.enterprise_value, vehicles.valuation.enterprise_value]
    net_cash = inputs.number("liquid_funds") - inputs.number("debt")
    bridge = sotp.equity_bridge(
        segments,
        net_cash=net_cash,
        minority_interest=inputs.number("minority_interest"),
        associates=inputs.number("associates"),
        holding_discount=inputs.number("holding_discount"),
    )
    equity = float(bridge.equity_value)

    def per_share(amount: float) -> float:
        return float(sotp.value_per_share(amount, diluted_shares=shares, currency_rate=hkd_per_cny))

    def part(amount: float) -> Part:
        return Part(
            value=amount,
            usd=amount / cny_per_usd,
            per_share=per_share(amount),
            per_share_usd=float(
                sotp.value_per_share(amount, diluted_shares=shares, currency_rate=1 / cny_per_usd)
            ),
            share=amount / equity if equity else 0.0,
        )

    value = per_share(equity)
    vehicle_per_share = per_share(segments[1])
    implied_vehicle = (price - value) / (1 - inputs.number("holding_discount")) + vehicle_per_share
    final_deliveries = float(vehicles.deliveries_at_base_price[inputs.count("vehicle_horizon") - 1])
    return SumOfParts(
        hkd_per_cny=hkd_per_cny,
        core=part(segments[0]),
        vehicle=part(segments[1]),
        segments=part(sum(segments)),
        discount=part(-inputs.number("holding_discount") * sum(segments)),
        net_cash=part(net_cash),
        associates=part(inputs.number("associates")),
        minority_interest=part(-inputs.number("minority_interest")),
        equity=part(equity),
        core_and_net_cash_per_share=per_share(segments[0] + net_cash),
        cash_and_other_per_share=per_share(equity - sum(segments)),
        value_per_share=value,
        margin_of_safety=float(sotp.margin_of_safety(value, price=price)) if value > 0 else UNDEFINED,
        upside=value / price - 1,
        market_capitalisation_hkd=price * shares,
        implied_vehicle_per_share=implied_vehicle,
        implied_final_deliveries=(
            final_deliveries * implied_vehicle / vehicle_per_share if vehicle_per_share else UNDEFINED
        ),
    )
