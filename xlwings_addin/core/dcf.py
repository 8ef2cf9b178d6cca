"""Free cash flow to the firm, the losses and assets behind it, and the enterprise value of a stream of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.discounting import Timing, gordon_multiple, steps, value_driver_multiple
from xlwings_addin.core.errors import InputError
from xlwings_addin.core.horner import (
    Block,
    broadcast,
    discounted_sum,
    finite_flows,
    over_blocks,
    years_first,
)
from xlwings_addin.core.validation import (
    Floats,
    as_numbers,
    as_rates,
    behind_years,
    broadcastable,
    choice,
    fractions,
    not_negative,
    percent,
    positive,
    require,
    require_exceeds,
    result,
    scenarios_of,
    years_of,
)
from xlwings_addin.core.years import balances, floored, less, power

Terminal = Literal["gordon", "flat", "value_driver", "exit_multiple"]

FIGURES: dict[str, tuple[str, ...]] = {
    "value_driver": ("nopat_next", "roic"),
    "exit_multiple": ("metric", "multiple"),
}
"""What a form of the terminal value needs beyond the flows; no other form takes it."""


def fcff(
    *,
    ebit: ArrayLike,
    tax_rate: ArrayLike,
    depreciation: ArrayLike,
    capex: ArrayLike,
    change_in_nwc: ArrayLike,
) -> Any:
    """Free cash flow to the firm: `EBIT (1 - tax) + depreciation - capex - change in net working capital`.

    Args:
        ebit, depreciation, capex, change_in_nwc: one unit of money, shape (years, ...); capital expenditure
            and an increase of working capital are positive.
        tax_rate: from 0 to 1; a loss is credited at the same rate.

    Raises: `DomainError` for a tax rate outside 0 to 1; `ShapeError` for shapes that do not fit together.
    Source: Damodaran, Investment Valuation, chapter 15; CFA Program, Free Cash Flow Valuation.

    >>> fcff(ebit=100.0, tax_rate=0.25, depreciation=20.0, capex=30.0, change_in_nwc=5.0)
    60.0
    """
    profit, tax = as_numbers("ebit", ebit), fractions("tax_rate", tax_rate)
    kept, spent = as_numbers("depreciation", depreciation), as_numbers("capex", capex)
    bound = as_numbers("change_in_nwc", change_in_nwc)
    broadcastable(ebit=profit, tax_rate=tax, depreciation=kept, capex=spent, change_in_nwc=bound)
    return result(profit * (1 - tax) + kept - spent - bound)


@dataclass(frozen=True)
class LossCarryForward:
    """Losses of earlier years against the income of each: shape (years, ...), in the income's unit."""

    used: Floats
    taxable: Floats
    balance: Floats


def loss_carry_forward(income: ArrayLike, *, opening_losses: ArrayLike = 0.0) -> LossCarryForward:
    """Taxable income after losses brought forward, and the losses left at the end of each year.

    Losses are set against profit, all of it, until none are left; a loss adds to them; they do not expire:

        used_t      min(balance_t-1, max(income_t, 0))
        taxable_t   max(income_t, 0) - used_t
        balance_t   max(balance_t-1 - income_t, 0)

    Args:
        income: before tax, shape (years, ...); a loss is negative.
        opening_losses: balance before the first year, shape (...), zero or more.

    Returns: `used`, `taxable` and `balance`, each zero or more, shape (years, ...), in the income's unit.
    Raises: `DomainError` for negative opening losses or income that is not finite; `ShapeError` for no years
        or shapes that do not fit.
    Source: Damodaran on Valuation, chapter 3, illustration 3.5 (net operating losses carried forward).

    >>> losses = loss_carry_forward([-20.0, 30.0, 50.0], opening_losses=40.0)
    >>> losses.used.tolist(), losses.taxable.tolist(), losses.balance.tolist()
    ([0.0, 30.0, 30.0], [0.0, 0.0, 20.0], [60.0, 30.0, 0.0])
    """
    earned, opening = years_of("income", income), not_negative("opening_losses", opening_losses)
    as_numbers("income", earned)
    shape = scenarios_of("income", earned, {"opening_losses": opening.shape})
    earned = behind_years(earned, len(shape))
    left, profits = loss_balances(opening, earned), floored(earned)
    used = np.minimum(left[:-1], profits)
    return LossCarryForward(used, profits - used, left[1:])


@dataclass(frozen=True)
class AssetBase:
    """Depreciation of each year and the net assets at its end: shape (years, ...), in capex's unit."""

    depreciation: Floats
    closing: Floats


def asset_base(capex: ArrayLike, *, opening: ArrayLike, depreciation_rate: ArrayLike) -> AssetBase:
    """Depreciation by the declining balance, and the net assets it leaves.

        depreciation_t   depreciation_rate closing_t-1
        closing_t        closing_t-1 + capex_t - depreciation_t

    Capital expenditure is depreciated from the year after it.

    Args:
        capex: capital expenditure, shape (years, ...); a disposal at book value is negative.
        opening: net assets before the first year, shape (...), zero or more.
        depreciation_rate: a year, decimal, shape (...), from 0 to 1.

    Returns: `depreciation` and `closing`, shape (years, ...), in capex's unit.
    Raises: `DomainError` for negative opening assets, a rate outside 0 to 1 or capex that is not finite;
        `ShapeError` for no years or shapes that do not fit.
    Source: IAS 16 Property, Plant and Equipment, paragraph 62 (diminishing balance method).

    >>> assets = asset_base([30.0, 30.0], opening=100.0, depreciation_rate=0.20)
    >>> assets.depreciation.tolist(), assets.closing.tolist()
    ([20.0, 22.0], [110.0, 118.0])
    """
    spent, start = years_of("capex", capex), not_negative("opening", opening)
    as_numbers("capex", spent)
    rate = fractions("depreciation_rate", depreciation_rate)
    shape = scenarios_of("capex", spent, {"opening": start.shape, "depreciation_rate": rate.shape})
    net = asset_balances(start, behind_years(spent, len(shape)), rate)
    return AssetBase(rate * net[:-1], net[1:])


@dataclass(frozen=True)
class EnterpriseValue:
    """What a business is worth today to all who finance it: the years forecast and what comes after them.

    Floats for one scenario, arrays for many, in the flows' unit.
    """

    explicit: Any
    terminal: Any

    @property
    def total(self) -> Any:
        """`explicit + terminal`"""
        return self.explicit + self.terminal

    @property
    def terminal_share(self) -> Any:
        """`terminal / total`, a decimal. Raises `DomainError` for a total of zero, which has no shares."""
        total = np.asarray(self.total)
        require("total", total, total != 0, "must not be zero for a terminal share")
        return result(self.terminal / total)


def enterprise_value(
    flows: ArrayLike,
    *,
    wacc: ArrayLike,
    terminal_growth: ArrayLike,
    timing: Timing = "end",
    first_period: float = 1.0,
    terminal: Terminal = "gordon",
    nopat_next: ArrayLike | None = None,
    roic: ArrayLike | None = None,
    metric: ArrayLike | None = None,
    multiple: ArrayLike | None = None,
) -> EnterpriseValue:
    """Present value of the flows and of a terminal value after the last of them.

    Explicit: `sum(F_k / (1 + wacc) ** t_k)`. Terminal, by form:

        gordon          F_n (1 + g) / (wacc - g)
        flat            F_n / (wacc - g)
        value_driver    NOPAT_n+1 (1 - g / ROIC) / (wacc - g)
        exit_multiple   metric x multiple

    each times `(1 + wacc) ** -t_n`. With mid-year timing the perpetuities are discounted with the mid-year
    exponent of the last year, an exit multiple with its year end.

    Args:
        flows: free cash flow to the firm, shape (years, ...).
        wacc, terminal_growth: decimals, scalars or of the shape of one year of flows.
        timing, first_period: as in `discounting.discount_factors`.
        terminal: the form of the terminal value.
        nopat_next, roic: for the value driver only. metric, multiple: for the exit multiple only.

    Returns: `explicit`, `terminal` and `total`, shape (...), in the flows' unit, and `terminal_share`.
    Raises: `DomainError` where growth reaches the WACC (an exit multiple does not use it), for flows that
        are not finite; `InputError` for a figure the form needs and lacks, or does not take; `ShapeError`.
    Source: Rosenbaum and Pearl, Investment Banking, chapter 3; Koller et al., Valuation.

    A million scenarios take no more memory than their results: see `core.horner`.

    >>> value = enterprise_value([100.0, 110.0], wacc=0.10, terminal_growth=0.02)
    >>> round(value.explicit, 2), round(value.terminal, 2), round(value.total, 2)
    (181.82, 1159.09, 1340.91)
    """
    choice("terminal", terminal, get_args(Terminal))
    array, r, g = (
        years_of("flows", flows),
        as_rates("wacc", wacc),
        as_rates("terminal_growth", terminal_growth),
    )
    figures = _figures(terminal, nopat_next=nopat_next, roic=roic, metric=metric, multiple=multiple)
    waits = steps(len(array), timing=timing, first_period=first_period)
    horizon = first_period + len(waits) - 1 if terminal == "exit_multiple" else sum(waits)
    shapes = {"wacc": r.shape, "terminal_growth": g.shape}
    shape = scenarios_of("flows", array, shapes | {name: figure.shape for name, figure in figures.items()})
    if terminal != "exit_multiple":
        require_exceeds("wacc", r, "terminal_growth", g)

    years = years_first(array, shape)
    r, g, *figured = (broadcast(array, shape) for array in (r, g, *figures.values()))
    values = np.empty((2, *shape))
    explicit, beyond = values[0, ...], values[1, ...]

    def value(block: Block) -> None:
        factor = 1 / (1 + r[block])
        discounted_sum(years[:, *block], factor, waits, out=explicit[block])
        later = _horizon_value(terminal, years[-1, *block], r[block], g[block], *(f[block] for f in figured))
        np.multiply(later, power(factor, horizon), out=beyond[block])

    over_blocks(years, value)
    finite_flows(array, explicit, beyond)
    return EnterpriseValue(result(explicit), result(beyond))


def _figures(terminal: str, **arguments: ArrayLike | None) -> dict[str, Floats]:
    """The figures a form needs, checked, in the order `FIGURES` has them."""
    needed = FIGURES.get(terminal, ())
    for argument, value in arguments.items():
        if argument in needed and value is None:
            raise InputError(argument, None, f"is needed for the terminal value {terminal!r}")
        if argument not in needed and value is not None:
            raise InputError(argument, value, f"is not used by the terminal value {terminal!r}")
    checks: dict[str, Callable[[str, Any], Floats]] = {
        "nopat_next": as_numbers,
        "roic": partial(positive, show=percent),
        "metric": as_numbers,
        "multiple": not_negative,
    }
    return {argument: checks[argument](argument, arguments[argument]) for argument in needed}


def _horizon_value(terminal: str, final_flow: Floats, r: Floats, g: Floats, *figures: Floats) -> Floats:
    """The terminal value at the horizon."""
    if terminal == "value_driver":
        nopat_next, roic = figures
        return nopat_next * value_driver_multiple(r, g, roic)
    if terminal == "exit_multiple":
        metric, multiple = figures
        return metric * multiple
    return final_flow * gordon_multiple(r, g, grown=terminal == "gordon")


def loss_balances(opening: Any, income: Floats) -> Floats:
    """Losses brought forward, before the first year and at the end of each, without checks; years first."""
    return balances(opening, income, less)


def asset_balances(opening: Any, capex: Floats, depreciation_rate: Any) -> Floats:
    """Net assets, before the first year and at the end of each, without checks; years first."""
    return balances(opening, capex, _written_down, 1 - depreciation_rate)


def _written_down(assets: Any, capex: Any, kept: Any, *, out: Any) -> Any:
    if out is None:
        return assets * kept + capex
    np.multiply(assets, kept, out=out)
    return np.add(out, capex, out=out)
