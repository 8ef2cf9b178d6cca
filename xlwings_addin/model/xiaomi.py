"""Xiaomi, valued: `Inputs` in, `Results` out, by calling the core in the order an analyst would.

Every field of `Results` is a line of a sheet. Money is CNY m unless the name says otherwise; `valuation` says
how arrays run over the years.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xlwings_addin.core import capital, sotp
from xlwings_addin.model.base_year import BaseYear, base_year
from xlwings_addin.model.core_business import CoreAverage, CoreSegments, core_average, core_segments
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.valuation import UNDEFINED, Timeline, Valuation, timeline_of
from xlwings_addin.model.vehicle_business import VehicleRamp, VehicleUnits, vehicle_ramp, vehicle_units


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
class Part:
    """One part of the sum in the four ways the sheet shows it, and its share of the whole."""

    value: float
    usd: float
    per_share: float
    per_share_usd: float
    share: float


@dataclass(frozen=True)
class Multiples:
    """What a segment's value is to its sales and to its operating profit after tax.

    Of the base year and of the first forecast year; the latter to profit is an implied price to earnings
    ratio of a segment without debt.
    """

    base_sales: float | str
    first_sales: float | str
    first_earnings: float | str
    third_earnings: float | str


@dataclass(frozen=True)
class SumOfParts:
    """From the segments to the value of a share, and what the price says."""

    hkd_per_cny: float
    net_cash_strict: float
    net_cash_company: float
    shares: float
    core: Part
    vehicle: Part
    new_initiatives: Part
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
    terminal_share: float
    core_multiples: Multiples
    vehicle_multiples: Multiples
    final_deliveries: float
    implied_vehicle_per_share: float
    implied_final_deliveries: float | str


@dataclass(frozen=True)
class Results:
    """One case, valued: both businesses by both methods, and the sum of the parts by the chosen ones."""

    case: str
    inputs: Inputs
    timeline: Timeline
    capital: Capital
    base_year: BaseYear
    core_average: CoreAverage
    core_segments: CoreSegments
    vehicle_ramp: VehicleRamp
    vehicle_units: VehicleUnits
    sotp: SumOfParts

    @property
    def core_valuation(self) -> Valuation:
        """The core business by the method the case chooses."""
        return _chosen_core(self.inputs, self.core_average, self.core_segments)

    @property
    def vehicle_valuation(self) -> Valuation:
        """Vehicles by the method the case chooses."""
        return _chosen_vehicle(self.inputs, self.vehicle_ramp, self.vehicle_units)

    def _vehicle_end(self) -> dict[str, float]:
        """Where the vehicle business stands in its last forecast year, by the method the case chooses."""
        if self.inputs.text("vehicle_method") == "ramp":
            ramp = self.vehicle_ramp
            revenue, income = ramp.final_revenue_usd, ramp.final_operating_income_usd
        else:
            units, rate = self.vehicle_units, self.inputs.number("cny_per_usd")
            last = int(units.valuation.in_horizon.sum())
            revenue, income = float(units.revenue[last]) / rate, float(units.ebit[last]) / rate
        return {
            "vehicle_final_deliveries_m": self.sotp.final_deliveries,
            "vehicle_final_revenue_usd_m": revenue,
            "vehicle_final_operating_income_usd_m": income,
        }

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
            "methods": {
                "core": self.inputs.text("core_method"),
                "vehicle": self.inputs.text("vehicle_method"),
            },
            "segments": {
                "core": segment(self.sotp.core),
                "vehicle": segment(self.sotp.vehicle),
                "new_initiatives": segment(self.sotp.new_initiatives),
            },
            "net_cash": {"cny_m": self.sotp.net_cash.value, "per_share_hkd": self.sotp.net_cash.per_share},
            "core_and_net_cash_per_share_hkd": self.sotp.core_and_net_cash_per_share,
            "terminal_share": self.sotp.terminal_share,
            **self._vehicle_end(),
            "core_wacc": self.capital.core_wacc,
            "core_wacc_computed": self.capital.wacc_computed,
            "vehicle_wacc": self.capital.vehicle_wacc,
        }


def weighted_value(cases: Iterable[Results]) -> float | str:
    """Value per share over cases, each with its probability; none where no case has any. HKD."""
    weights = [(each.inputs.number("probability"), each.sotp.value_per_share) for each in cases]
    if not any(weight for weight, _ in weights):
        return UNDEFINED
    return sum(weight * value for weight, value in weights)


def evaluate(inputs: Inputs) -> Results:
    """Value the company under one case.

    Raises `ValuationError` where an input breaks a rule of the core.
    """
    timeline = timeline_of(inputs)
    costs = _capital(inputs)
    base = base_year(inputs.tables, inputs.count("base_year"), inputs.number)
    core = core_average(inputs, timeline, costs.core_wacc)
    segments = core_segments(inputs, timeline, base, costs.core_wacc)
    ramp = vehicle_ramp(inputs, timeline, costs.vehicle_wacc)
    units = vehicle_units(inputs, timeline, base, costs.vehicle_wacc)
    parts = _sum_of_parts(inputs, core, segments, ramp, units)
    return Results(inputs.case, inputs, timeline, costs, base, core, segments, ramp, units, parts)


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


def _chosen_core(inputs: Inputs, average: CoreAverage, segments: CoreSegments) -> Valuation:
    return (segments if inputs.text("core_method") == "segments" else average).valuation


def _chosen_vehicle(inputs: Inputs, ramp: VehicleRamp, units: VehicleUnits) -> Valuation:
    return (units if inputs.text("vehicle_method") == "units" else ramp).valuation


def _over(value: float, figure: float) -> float | str:
    """A multiple; none of what is nothing or a loss."""
    return value / figure if figure > 0 else UNDEFINED


def _multiples(inputs: Inputs, segments: CoreSegments, value: float) -> Multiples:
    if inputs.text("core_method") != "segments":
        return Multiples(UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED)
    return Multiples(
        _over(value, float(segments.revenue[0])),
        _over(value, float(segments.revenue[1])),
        _over(value, float(segments.nopat[1])),
        _over(value, float(segments.nopat[3])),
    )


def _vehicle_multiples(inputs: Inputs, ramp: VehicleRamp, units: VehicleUnits, value: float) -> Multiples:
    built = inputs.text("vehicle_method") == "units"
    base, revenue = (
        (float(units.revenue[0]), units.revenue[1:]) if built else (ramp.base_revenue, ramp.revenue)
    )
    nopat = units.nopat[1:] if built else ramp.nopat
    return Multiples(
        _over(value, base),
        _over(value, float(revenue[0])),
        _over(value, float(nopat[0])),
        _over(value, float(nopat[2])),
    )


def _shares(inputs: Inputs) -> float:
    if inputs.text("share_basis") == "diluted":
        return inputs.number("diluted_shares")
    return float(
        sotp.treasury_stock_shares(
            inputs.number("basic_shares"),
            options=inputs.number("share_awards"),
            strike=inputs.number("award_strike_hkd"),
            price=inputs.number("price_hkd"),
        )
    )


def _sum_of_parts(
    inputs: Inputs, average: CoreAverage, core: CoreSegments, ramp: VehicleRamp, units: VehicleUnits
) -> SumOfParts:
    shares, price = _shares(inputs), inputs.number("price_hkd")
    cny_per_usd, hkd_per_usd = inputs.number("cny_per_usd"), inputs.number("hkd_per_usd")
    hkd_per_cny = hkd_per_usd / cny_per_usd
    valued = [_chosen_core(inputs, average, core), _chosen_vehicle(inputs, ramp, units)]
    segments = [each.enterprise_value for each in valued] + [inputs.number("new_initiatives_value")]
    strict, company = (
        inputs.number(key) - inputs.number("debt") for key in ("liquid_funds", "cash_resources")
    )
    net_cash = company if inputs.text("net_cash_definition") == "company" else strict
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
    final_deliveries = (
        units.final_deliveries
        if inputs.text("vehicle_method") == "units"
        else float(ramp.deliveries_at_base_price[inputs.count("vehicle_horizon") - 1])
    )
    return SumOfParts(
        hkd_per_cny=hkd_per_cny,
        net_cash_strict=strict,
        net_cash_company=company,
        shares=shares,
        core=part(segments[0]),
        vehicle=part(segments[1]),
        new_initiatives=part(segments[2]),
        segments=part(sum(segments)),
        discount=part(-inputs.number("holding_discount") * sum(segments)),
        net_cash=part(net_cash),
        associates=part(inputs.number("associates")),
        minority_interest=part(-inputs.number("minority_interest")),
        equity=part(equity),
        core_and_net_cash_per_share=per_share(segments[0] + net_cash),
        cash_and_other_per_share=per_share(equity - segments[0] - segments[1]),
        value_per_share=value,
        margin_of_safety=float(sotp.margin_of_safety(value, price=price)) if value > 0 else UNDEFINED,
        upside=value / price - 1,
        market_capitalisation_hkd=price * shares,
        terminal_share=(
            sum(each.terminal_present_value for each in valued) / sum(segments) if sum(segments) else 0.0
        ),
        core_multiples=_multiples(inputs, core, segments[0]),
        vehicle_multiples=_vehicle_multiples(inputs, ramp, units, segments[1]),
        final_deliveries=final_deliveries,
        implied_vehicle_per_share=implied_vehicle,
        implied_final_deliveries=(
            final_deliveries * implied_vehicle / vehicle_per_share
            if inputs.text("vehicle_method") == "ramp" and vehicle_per_share > 0
            else UNDEFINED
        ),
    )
