"""The core business, valued two ways: reported free cash flow averaged, and built up segment by segment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlwings_addin.core import dcf, growth, vehicle
from xlwings_addin.model.base_year import BaseYear, SegmentBase
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import SEGMENTS
from xlwings_addin.model.valuation import (
    UNDEFINED,
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

GROWTHS = ("smartphone_shipment", "smartphone_price", "iot", "internet")
"""What grows by itself: units and price of phones, revenue of the other segments."""


@dataclass(frozen=True)
class CoreAverage:
    """Phones, home devices and internet services: reported free cash flow, averaged and capitalised."""

    years_averaged: float
    normalised_fcff: float
    normalised_multiple: float | str
    valuation: Valuation


@dataclass(frozen=True)
class SegmentForecast:
    """Revenue and gross profit of one segment of the core."""

    revenue: Path
    gross_margin: Path
    gross_profit: Path


@dataclass(frozen=True)
class CoreSegments:
    """The same business built up: revenue and gross profit by segment, costs, reinvestment, cash flow."""

    growth_position: Years
    fade_position: Years
    growth: dict[str, Years]
    shipments: Path
    price: Path
    segments: dict[str, SegmentForecast]
    revenue: Path
    revenue_growth: Years
    gross_profit: Path
    gross_margin: Path
    overhead_ratio: Path
    overhead: Path
    research_ratio: Path
    research: Path
    ebit: Path
    ebit_margin: Path
    tax: Path
    nopat: Path
    depreciation: Path
    ebitda: Path
    capex: Path
    working_capital: Path
    change_in_working_capital: Path
    valuation: Valuation
    checks: CrossChecks


def core_average(inputs: Inputs, timeline: Timeline, wacc: float) -> CoreAverage:
    first, last = inputs.count("core_average_first_year"), inputs.count("core_average_last_year")
    reported = inputs.tables.series("free_cash_flow", [f"FY{year}" for year in range(first, last + 1)])
    normalised = float(np.mean(reported))
    terminal_growth = inputs.number("core_terminal_growth")
    years = np.arange(1, inputs.count("core_horizon") + 1, dtype=np.float64)
    flows: Years = normalised * np.power(1 + terminal_growth, years)
    valuation = value_stream(inputs, timeline, flows, normalised, wacc=wacc, terminal_growth=terminal_growth)
    return CoreAverage(
        years_averaged=float(len(reported)),
        normalised_fcff=normalised,
        normalised_multiple=valuation.enterprise_value / normalised if normalised else UNDEFINED,
        valuation=valuation,
    )


def core_segments(inputs: Inputs, timeline: Timeline, base: BaseYear, wacc: float) -> CoreSegments:
    horizon = inputs.count("core_horizon") if base.quarters_reported else 0
    started = float(base.quarters_reported > 0)
    positions = fade_positions(horizon, inputs.count("core_fade_years"))
    growths = {key: _fade(inputs, key, horizon) for key in GROWTHS}
    shipments = _grown(base.shipments.year, growths["smartphone_shipment"])
    price = _grown(base.smartphone_price, growths["smartphone_price"])
    revenues = {
        "smartphone": shipments * price,
        "iot": _grown(base.segments["iot"].revenue.year, growths["iot"]),
        "internet": _grown(base.segments["internet"].revenue.year, growths["internet"]),
    }
    segments = {
        each: _segment(inputs, base.segments[each], each, revenues[each], positions) for each in SEGMENTS
    }
    revenue = np.sum([segment.revenue for segment in segments.values()], axis=0)
    gross_profit = np.sum([segment.gross_profit for segment in segments.values()], axis=0)

    overhead_start = inputs.number("core_overhead_ratio_start")
    overhead_ratio = path(
        overhead_start * started, faded(overhead_start, inputs.number("core_overhead_ratio_end"), positions)
    )
    research_start = base.core_research / base.core_revenue if base.core_revenue else 0.0
    research_ratio = path(
        research_start, faded(research_start, inputs.number("core_research_ratio_end"), positions)
    )
    overhead, research = overhead_ratio * revenue, research_ratio * revenue
    ebit = gross_profit - overhead - research
    tax = np.maximum(ebit, 0.0) * inputs.number("tax_rate")
    depreciation = inputs.number("core_depreciation_ratio") * revenue
    capex = inputs.number("core_capex_ratio") * revenue
    working_capital = revenue * inputs.number("core_working_capital_days") / inputs.number("days_per_year")
    change = path(0.0, np.diff(working_capital)[:horizon])
    fcff = dcf.fcff(
        ebit=ebit - tax, tax_rate=0.0, depreciation=depreciation, capex=capex, change_in_nwc=change
    )
    rates = {"wacc": wacc, "terminal_growth": inputs.number("core_terminal_growth")}
    valuation = value_stream(inputs, timeline, fcff[1 : horizon + 1], float(fcff[0]), **rates)
    return CoreSegments(
        growth_position=on_timeline(_growth_positions(horizon)),
        fade_position=on_timeline(positions),
        growth={key: on_timeline(fade) for key, fade in growths.items()},
        shipments=shipments,
        price=price,
        segments=segments,
        revenue=revenue,
        revenue_growth=on_timeline(ratio(np.diff(revenue), revenue[:-1])[:horizon]),
        gross_profit=gross_profit,
        gross_margin=ratio(gross_profit, revenue),
        overhead_ratio=overhead_ratio,
        overhead=overhead,
        research_ratio=research_ratio,
        research=research,
        ebit=ebit,
        ebit_margin=ratio(ebit, revenue),
        tax=tax,
        nopat=ebit - tax,
        depreciation=depreciation,
        ebitda=ebit + depreciation,
        capex=capex,
        working_capital=working_capital,
        change_in_working_capital=change,
        valuation=valuation,
        checks=cross_checks(
            inputs,
            timeline,
            valuation,
            horizon=horizon,
            **rates,
            nopat=ebit - tax,
            ebitda=ebit + depreciation,
            return_on_new_capital=inputs.number("core_return_on_new_capital"),
            multiple=inputs.number("core_exit_multiple"),
        ),
    )


def _growth_positions(horizon: int) -> Years:
    """0 in the first forecast year, 1 in the last."""
    return growth.linear_fade(0.0, 1.0, years=horizon) if horizon else np.zeros(0)


def _fade(inputs: Inputs, key: str, horizon: int) -> Years:
    start, end = inputs.number(f"{key}_growth_start"), inputs.number(f"{key}_growth_end")
    return faded(start, end, _growth_positions(horizon))


def _grown(base: float, fade: Years) -> Path:
    return path(base, vehicle.revenue_ramp(base, growth=fade) if len(fade) else fade)


def _segment(
    inputs: Inputs, start: SegmentBase, each: str, revenue: Path, positions: Years
) -> SegmentForecast:
    margins = faded(start.gross_margin, inputs.number(f"{each}_gross_margin_end"), positions)
    margin = path(start.gross_margin, margins)
    return SegmentForecast(revenue, margin, revenue * margin)
