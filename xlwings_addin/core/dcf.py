"""Free cash flow to the firm, the losses and assets behind it, and the enterprise value of a stream of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.discounting import Timing, gordon_multiple, steps, value_driver_multiple
from xlwings_addin.core.errors import InputError
from xlwings_addin.core.horner import (
    Block,
    discounted_sum,
    finite_flows,
    for_each_block,
    power,
    seen_as,
    years_first,
)
from xlwings_addin.core.validation import (
    Floats,
    broadcastable,
    choice,
    common_shape,
    exceeds,
    flows_of,
    not_negative,
    numbers,
    percent,
    positive,
    rates,
    require,
    result,
    shares_of_one,
)

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
        ebit, depreciation, capex, change_in_nwc: one unit of money, shape (..., years); capital expenditure
            and an increase of working capital are positive.
        tax_rate: from 0 to 1; a loss is credited at the same rate.

    Raises: `DomainError` for a tax rate outside 0 to 1; `ShapeError` for shapes that do not fit together.
    Source: Damodaran, Investment Valuation, chapter 15; CFA Program, Free Cash Flow Valuation.

    >>> fcff(ebit=100.0, tax_rate=0.25, depreciation=20.0, capex=30.0, change_in_nwc=5.0)
    60.0
    """
    profit, tax = numbers("ebit", ebit), shares_of_one("tax_rate", tax_rate)
    kept, spent = numbers("depreciation", depreciation), numbers("capex", capex)
    bound = numbers("change_in_nwc", change_in_nwc)
    broadcastable(ebit=profit, tax_rate=tax, depreciation=kept, capex=spent, change_in_nwc=bound)
    return result(profit * (1 - tax) + kept - spent - bound)


@dataclass(frozen=True)
class LossCarryForward:
    """Losses of earlier years against the income of each: shape (..., years), in the income's unit."""

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
        income: before tax, shape (..., years); a loss is negative.
        opening_losses: balance before the first year, shape (...), zero or more.

    Returns: `used`, `taxable` and `balance`, each zero or more, shape (..., years), in the income's unit.
    Raises: `DomainError` for negative opening losses or income that is not finite; `ShapeError` for no years
        or shapes that do not fit.
    Source: Damodaran on Valuation, chapter 3, illustration 3.5 (net operating losses carried forward).

    >>> losses = loss_carry_forward([-20.0, 30.0, 50.0], opening_losses=40.0)
    >>> losses.used.tolist(), losses.taxable.tolist(), losses.balance.tolist()
    ([0.0, 30.0, 30.0], [0.0, 0.0, 20.0], [60.0, 30.0, 0.0])
    """
    earned, opening = flows_of("income", income), not_negative("opening_losses", opening_losses)
    numbers("income", earned)
    shape = common_shape({"one year of income": earned.shape[:-1], "opening_losses": opening.shape})
    balances = _balances(opening, earned, shape, lambda left, profit: np.maximum(left - profit, 0.0))
    profits = np.maximum(earned, 0.0)
    used = np.minimum(balances[..., :-1], profits)
    return LossCarryForward(used, profits - used, balances[..., 1:])


@dataclass(frozen=True)
class AssetBase:
    """Depreciation of each year and the net assets at its end: shape (..., years), in capex's unit."""

    depreciation: Floats
    closing: Floats


def asset_base(capex: ArrayLike, *, opening: ArrayLike, depreciation_rate: ArrayLike) -> AssetBase:
    """Depreciation by the declining balance, and the net assets it leaves.

        depreciation_t   depreciation_rate closing_t-1
        closing_t        closing_t-1 + capex_t - depreciation_t

    Capital expenditure is depreciated from the year after it.

    Args:
        capex: capital expenditure, shape (..., years); a disposal at book value is negative.
        opening: net assets before the first year, shape (...), zero or more.
        depreciation_rate: a year, decimal, shape (...), from 0 to 1.

    Returns: `depreciation` and `closing`, shape (..., years), in capex's unit.
    Raises: `DomainError` for negative opening assets, a rate outside 0 to 1 or capex that is not finite;
        `ShapeError` for no years or shapes that do not fit.
    Source: IAS 16 Property, Plant and Equipment, paragraph 62 (diminishing balance method).

    >>> assets = asset_base([30.0, 30.0], opening=100.0, depreciation_rate=0.20)
    >>> assets.depreciation.tolist(), assets.closing.tolist()
    ([20.0, 22.0], [110.0, 118.0])
    """
    spent, start = flows_of("capex", capex), not_negative("opening", opening)
    numbers("capex", spent)
    rate = shares_of_one("depreciation_rate", depreciation_rate)
    shapes = {"one year of capex": spent.shape[:-1], "opening": start.shape}
    shape = common_shape(shapes | {"depreciation_rate": rate.shape})
    balances = _balances(start, spent, shape, lambda assets, added: assets + added - rate * assets)
    return AssetBase(rate[..., None] * balances[..., :-1], balances[..., 1:])


def _balances(
    opening: Floats, flows: Floats, shape: tuple[int, ...], close: Callable[[Floats, Floats], Floats]
) -> Floats:
    """A balance before the first year and at the end of each, shape (..., years + 1).

    Year by year for all scenarios at once: sums of many years would leave a rest where the balance is zero.
    """
    years = years_first(flows, shape)
    return np.stack([*accumulate(years, close, initial=seen_as(opening, shape))], axis=-1)


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
        flows: free cash flow to the firm, shape (..., years).
        wacc, terminal_growth: decimals, scalars or of the flows' leading shape.
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
    array, r, g = flows_of("flows", flows), rates("wacc", wacc), rates("terminal_growth", terminal_growth)
    figures = _figures(terminal, nopat_next=nopat_next, roic=roic, metric=metric, multiple=multiple)
    waits = steps(array.shape[-1], timing=timing, first_period=first_period)
    horizon = first_period + len(waits) - 1 if terminal == "exit_multiple" else sum(waits)
    shapes = {"one year of flows": array.shape[:-1], "wacc": r.shape, "terminal_growth": g.shape}
    shape = common_shape(shapes | {name: figure.shape for name, figure in figures.items()})
    if terminal != "exit_multiple":
        exceeds("wacc", r, "terminal_growth", g)

    years = years_first(array, shape)
    r, g, *figured = (seen_as(each, shape) for each in (r, g, *figures.values()))
    values = np.empty((2, *shape))
    explicit, beyond = values[0, ...], values[1, ...]

    def value(block: Block) -> None:
        factor = 1 / (1 + r[block])
        discounted_sum(years[:, *block], factor, waits, out=explicit[block])
        later = _horizon_value(terminal, years[-1, *block], r[block], g[block], *(f[block] for f in figured))
        np.multiply(later, power(factor, horizon), out=beyond[block])

    for_each_block(shape, value)
    finite_flows(array, explicit, beyond)
    return EnterpriseValue(result(explicit), result(beyond))


def _figures(terminal: str, **given: ArrayLike | None) -> dict[str, Floats]:
    """The figures a form needs, checked, in the order `FIGURES` has them."""
    needed = FIGURES.get(terminal, ())
    for argument, value in given.items():
        if argument in needed and value is None:
            raise InputError(argument, None, f"is needed for the terminal value {terminal!r}")
        if argument not in needed and value is not None:
            raise InputError(argument, value, f"is not used by the terminal value {terminal!r}")
    checks: dict[str, Callable[[str, Any], Floats]] = {
        "nopat_next": numbers,
        "roic": partial(positive, show=percent),
        "metric": numbers,
        "multiple": not_negative,
    }
    return {argument: checks[argument](argument, given[argument]) for argument in needed}


def _horizon_value(terminal: str, final_flow: Floats, r: Floats, g: Floats, *figures: Floats) -> Floats:
    """The terminal value at the horizon."""
    if terminal == "value_driver":
        nopat_next, roic = figures
        return nopat_next * value_driver_multiple(r, g, roic)
    if terminal == "exit_multiple":
        metric, multiple = figures
        return metric * multiple
    return final_flow * gordon_multiple(r, g, grown=terminal == "gordon")
