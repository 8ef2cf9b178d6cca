"""When flows fall, and what a stream of them is worth: shared by every business of the model.

Arrays run over the model's timeline, whose first year follows the base year; a block with a shorter horizon
has zeros after it. A `Path` begins one year earlier, with the base year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core import discounting
from xlwings_addin.core.discounting import Timing
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameters import TIMELINE_YEARS

Years = NDArray[np.float64]
Path = NDArray[np.float64]

UNDEFINED = "n/a"
"""What stands for a ratio to nothing, in the results as on the sheets."""


@dataclass(frozen=True)
class Timeline:
    """The forecast years and how long each flow is from the valuation date.

    Where the valuation date lies in the base year, `opening_period` is what is left of it.
    """

    year_number: Years
    year: Years
    base_year_end: date
    first_year_end: date
    opening_period: float
    first_period: float
    opening_flow_share: float
    first_flow_share: float
    opening_flow_exponent: float
    year_end_exponent: Years
    flow_exponent: Years


@dataclass(frozen=True)
class Valuation:
    """A stream of free cash flow to the firm and what it is worth."""

    in_horizon: Years
    is_final: Years
    opening_is_final: float
    fcff: Years
    opening_fcff: float
    counted_fcff: Path
    discount_factor: Path
    present_value: Path
    explicit_value: float
    final_fcff: float
    terminal_value: float
    terminal_factor: float
    terminal_present_value: float
    enterprise_value: float
    terminal_share: float
    enterprise_value_usd: float


@dataclass(frozen=True)
class CrossChecks:
    """The value by two other terminal values, and how far each is from Gordon's."""

    final_nopat: float
    driver_terminal_value: float
    driver_enterprise_value: float
    driver_difference: float | str
    final_ebitda: float
    year_end_factor: float
    multiple_terminal_value: float
    multiple_enterprise_value: float
    multiple_difference: float | str
    implied_multiple: float | str


def timeline_of(inputs: Inputs) -> Timeline:
    """The timeline a case follows."""
    number = np.arange(1, TIMELINE_YEARS + 1, dtype=float)
    base, day, days = (
        inputs.count("base_year"),
        inputs.day("valuation_date"),
        inputs.number("days_per_year"),
    )
    base_end, first_end = date(base, 12, 31), date(base + 1, 12, 31)
    opening, first = 0.0, 1.0
    if inputs.text("stub") == "date":
        opening = max((base_end - day).days / days, 0.0)
        first = opening + 1 if opening else (first_end - day).days / days
    year_end = first + number - 1
    middle = np.concatenate([[(opening + first) / 2], year_end[1:] - 0.5])
    middle_of_opening = opening / 2
    mid, counts_stub = timing_of(inputs) == "mid", inputs.text("first_flow") == "stub"
    return Timeline(
        year_number=number,
        year=base + number,
        base_year_end=base_end,
        first_year_end=first_end,
        opening_period=opening,
        first_period=first,
        opening_flow_share=min(opening, 1.0) if counts_stub else 0.0,
        first_flow_share=min(first, 1.0) if counts_stub else 1.0,
        opening_flow_exponent=middle_of_opening if mid else opening,
        year_end_exponent=year_end,
        flow_exponent=middle if mid else year_end,
    )


def timing_of(inputs: Inputs) -> Timing:
    return "mid" if inputs.text("timing") == "mid" else "end"


def on_timeline(values: NDArray[np.float64]) -> Years:
    """A block's own years, laid on the model's timeline with zeros after its horizon."""
    return np.pad(np.asarray(values, dtype=float), (0, TIMELINE_YEARS - len(values)))


def path(opening: float, values: NDArray[np.float64]) -> Path:
    """The base year's figure, then the block's own years on the timeline."""
    return np.concatenate([[opening], on_timeline(values)])


def fade_positions(horizon: int, years: int) -> Years:
    """How far from the base year's level to the long run: `min(n / years, 1)`."""
    return np.minimum(np.arange(1, horizon + 1) / years, 1.0)


def faded(start: float, end: float, positions: Years) -> Years:
    return np.asarray(start + (end - start) * positions)


def ratio(above: Path, below: Path) -> Path:
    """One path over another, zero where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def value_stream(
    inputs: Inputs,
    timeline: Timeline,
    flows: Years,
    opening: float,
    *,
    wacc: float,
    terminal_growth: float,
    recurring: float | None = None,
) -> Valuation:
    """Discount a stream of flows and what follows it; without flows, capitalise `opening` at once.

    Of `opening`, the base year's flow, what falls after the valuation date counts too. The terminal value
    rests on `recurring` instead of the last flow, where some of that does not recur.
    """
    horizon, timing = len(flows), timing_of(inputs)
    counted = flows.copy()
    counted[:1] *= timeline.first_flow_share
    opening_counted = opening * timeline.opening_flow_share
    within_base_year = timeline.opening_period > 0
    stream = np.concatenate([[opening_counted], counted]) if within_base_year else counted
    first_period = timeline.opening_period if within_base_year else timeline.first_period
    factors = discounting.discount_factors(
        wacc, years=TIMELINE_YEARS + within_base_year, timing=timing, first_period=first_period
    )
    if not within_base_year:
        factors = np.concatenate([[1.0], factors])
    explicit = (
        float(discounting.present_value(stream, rate=wacc, timing=timing, first_period=first_period))
        if len(stream)
        else 0.0
    )
    final, terminal_factor = float(flows[-1]) if horizon else opening, float(factors[horizon])
    final = final if recurring is None else recurring
    terminal_value = float(
        discounting.gordon_terminal_value(
            final, rate=wacc, growth=terminal_growth, grown=inputs.text("terminal_form") == "grown"
        )
    )
    terminal = terminal_value * terminal_factor
    total = explicit + terminal
    counted_path = path(opening_counted, counted)
    return Valuation(
        in_horizon=on_timeline(np.ones(horizon)),
        is_final=(timeline.year_number == horizon).astype(float),
        opening_is_final=float(horizon == 0),
        fcff=on_timeline(flows),
        opening_fcff=opening,
        counted_fcff=counted_path,
        discount_factor=factors,
        present_value=counted_path * factors,
        explicit_value=explicit,
        final_fcff=final,
        terminal_value=terminal_value,
        terminal_factor=terminal_factor,
        terminal_present_value=terminal,
        enterprise_value=total,
        terminal_share=terminal / total if total else 0.0,
        enterprise_value_usd=total / inputs.number("cny_per_usd"),
    )


def cross_checks(
    inputs: Inputs,
    timeline: Timeline,
    valuation: Valuation,
    *,
    horizon: int,
    wacc: float,
    terminal_growth: float,
    nopat: Path,
    ebitda: Path,
    return_on_new_capital: float,
    multiple: float,
) -> CrossChecks:
    """What the value would be with the value driver, or with a multiple of EBITDA, after the horizon."""
    final_nopat, final_ebitda = float(nopat[horizon]), float(ebitda[horizon])
    grown = 1 + terminal_growth if inputs.text("terminal_form") == "grown" else 1.0
    driver = float(
        discounting.value_driver_terminal_value(
            final_nopat * grown, rate=wacc, growth=terminal_growth, roic=return_on_new_capital
        )
    )
    by_multiple = float(discounting.exit_multiple_terminal_value(final_ebitda, multiple=multiple))
    year_ends = np.concatenate([[timeline.opening_period], timeline.year_end_exponent])
    year_end_factor = float((1 + wacc) ** -year_ends[horizon])
    total = valuation.enterprise_value
    driver_total = valuation.explicit_value + driver * valuation.terminal_factor
    multiple_total = valuation.explicit_value + by_multiple * year_end_factor
    return CrossChecks(
        final_nopat=final_nopat,
        driver_terminal_value=driver,
        driver_enterprise_value=driver_total,
        driver_difference=driver_total / total - 1 if total else UNDEFINED,
        final_ebitda=final_ebitda,
        year_end_factor=year_end_factor,
        multiple_terminal_value=by_multiple,
        multiple_enterprise_value=multiple_total,
        multiple_difference=multiple_total / total - 1 if total else UNDEFINED,
        implied_multiple=(
            valuation.terminal_present_value / year_end_factor / final_ebitda if final_ebitda else UNDEFINED
        ),
    )
