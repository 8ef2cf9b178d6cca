"""Fields of `value --json` that the first release had for Xiaomi: its currencies and parts in their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlwings_addin.valuation.xiaomi import Results


def first_release_fields(results: Results, neutral: Mapping[str, Any]) -> dict[str, Any]:
    """The neutral fields, and for Xiaomi those of the first release beside them."""
    if results.company.key != "xiaomi":
        return dict(neutral)
    sums, capital = results.sotp, results.capital
    segments = {key: {**own, **_in_currencies(sums.part(key))} for key, own in neutral["segments"].items()}
    net_cash = {"cny_m": sums.net_cash.value, "per_share_hkd": sums.net_cash.per_share}
    return {
        **neutral,
        "price_hkd": results.price,
        "value_per_share_hkd": sums.value_per_share,
        "segments": segments,
        "net_cash": {**neutral["net_cash"], **net_cash},
        "devices_and_net_cash_per_share_hkd": sums.devices_and_net_cash_per_share,
        **_vehicle_end(results),
        "devices_wacc": capital.devices_wacc,
        "devices_wacc_computed": capital.wacc_computed,
        "vehicle_wacc": capital.vehicle_wacc,
    }


def _in_currencies(part: Any) -> dict[str, float]:
    return {
        "enterprise_value_cny_m": part.value,
        "enterprise_value_usd_m": part.usd,
        "per_share_hkd": part.per_share,
        "per_share_usd": part.per_share_usd,
    }


def _vehicle_end(results: Results) -> dict[str, float]:
    """Where the vehicle business stands in its last forecast year, by the method the case chooses."""
    if results.inputs.text("vehicle_method") == "ramp":
        ramp = results.vehicle_ramp
        revenue, income = ramp.final_revenue_usd, ramp.final_operating_income_usd
    else:
        units, rate = results.vehicle_units, results.inputs.number("cny_per_usd")
        last = int(units.valuation.in_horizon.sum())
        revenue, income = float(units.revenue[last]) / rate, float(units.ebit[last]) / rate
    return {
        "vehicle_final_deliveries_m": results.sotp.final_deliveries,
        "vehicle_final_revenue_usd_m": revenue,
        "vehicle_final_operating_income_usd_m": income,
    }
