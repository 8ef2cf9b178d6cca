"""Free cash flow to the firm, and the enterprise value of a stream of it."""

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
