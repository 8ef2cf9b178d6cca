"""Free cash flow to the firm, and the enterprise value of a stream of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.discounting import (
    Timing,
    discounted_sum,
    exit_multiple_terminal_value,
    exponents,
    gordon_terminal_value,
    value_driver_terminal_value,
)
from xlwings_addin.core.errors import InputError
from xlwings_addin.core.validation import (
    broadcastable,
    choice,
    exceeds,
    flows_of,
    numbers,
    rates,
    result,
    shares_of_one,
)

Terminal = Literal["gordon", "flat", "value_driver", "exit_multiple"]

NEEDS = {"value_driver": ("nopat_next", "roic"), "exit_multiple": ("metric", "multiple")}
"""Which figures a form of the terminal value needs beyond the flows; no other form takes them."""


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
    """What a business is worth to all who finance it: the forecast, what follows, and their sum."""

    explicit: Any
    terminal: Any
    total: Any
    terminal_share: Any


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

    >>> value = enterprise_value([100.0, 110.0], wacc=0.10, terminal_growth=0.02)
    >>> round(value.explicit, 2), round(value.terminal, 2), round(value.total, 2)
    (181.82, 1159.09, 1340.91)
    """
    choice("terminal", terminal, ("gordon", "flat", "value_driver", "exit_multiple"))
    extra = {"nopat_next": nopat_next, "roic": roic, "metric": metric, "multiple": multiple}
    _check_extra(terminal, extra)
    array, r, g = flows_of("flows", flows), rates("wacc", wacc), rates("terminal_growth", terminal_growth)
    broadcastable(wacc=r, terminal_growth=g)
    if terminal != "exit_multiple":
        exceeds("wacc", r, "terminal_growth", g)
    years = array.shape[-1]
    times = exponents(years, timing=timing, first_period=first_period)
    explicit = discounted_sum(array, 1 + r, times)
    final, exponent = array[..., -1], times[-1]
    if terminal == "value_driver":
        assert nopat_next is not None
        assert roic is not None
        later = value_driver_terminal_value(nopat_next, rate=r, growth=g, roic=roic)
    elif terminal == "exit_multiple":
        assert metric is not None
        assert multiple is not None
        later = exit_multiple_terminal_value(metric, multiple=multiple)
        exponent = first_period + years - 1
    else:
        later = gordon_terminal_value(final, rate=r, growth=g, grown=terminal == "gordon")
    beyond = later * (1 + r) ** -exponent
    total = explicit + beyond
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total == 0, 0.0, np.divide(beyond, np.where(total == 0, 1.0, total)))
    return EnterpriseValue(result(explicit), result(beyond), result(total), result(share))


def _check_extra(terminal: str, extra: dict[str, ArrayLike | None]) -> None:
    needed = NEEDS.get(terminal, ())
    for argument, given in extra.items():
        if argument in needed and given is None:
            raise InputError(
                argument, None, f"is needed for the terminal form {terminal}", shown="(not given)"
            )
        if argument not in needed and given is not None:
            raise InputError(argument, given, f"is not used by the terminal form {terminal}")
