"""Financial functions with the conventions of Excel where the engine has others.

Amounts paid are negative, amounts received positive; `type` 1 means payments at the beginning of a period.

Source: Microsoft's documentation of PV (the equation that PV, FV, PMT, RATE and NPER solve), IPMT, PPMT,
CUMIPMT, CUMPRINC, ISPMT, IRR, MIRR, XIRR, XNPV, DB, DDB, EFFECT, NOMINAL, FVSCHEDULE, DISC and INTRATE.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from xlwings_addin.engine.instead.values import (
    CellError,
    as_rows,
    cell_by_cell,
    cells,
    function,
    is_text,
    number,
    numbers_in,
    rows_of,
    truncated,
)
from xlwings_addin.xlsx.values import is_error

__all__ = ["FUNCTIONS"]


def _growth(rate: float, periods: float) -> float:
    if rate == -1 and periods < 0:
        raise CellError("#DIV/0!")
    if rate < -1 and periods != int(periods):
        raise CellError("#NUM!")
    return float((1 + rate) ** periods)


def _payment(rate: float, periods: float, present: float, future: float, advance: bool) -> float:
    """The constant payment that, with interest, turns `present` into minus `future`."""
    if periods == 0:
        raise CellError("#NUM!")
    if rate == 0:
        return -(present + future) / periods
    if rate <= -1:
        raise CellError("#NUM!")
    factor = _growth(rate, periods)
    due = 1 + rate if advance else 1.0
    return -(present * factor + future) * rate / ((factor - 1) * due)


def _future(rate: float, periods: float, payment: float, present: float, advance: bool) -> float:
    if rate == 0:
        return -(present + payment * periods)
    factor = _growth(rate, periods)
    due = 1 + rate if advance else 1.0
    return -(present * factor + payment * due * (factor - 1) / rate)


@cell_by_cell
def pmt(rate: object, periods: object, present: object, future: object = None, kind: object = None) -> object:
    return _payment(number(rate), number(periods), number(present), number(future), number(kind) != 0)


@cell_by_cell
def fv(rate: object, periods: object, payment: object, present: object = None, kind: object = None) -> object:
    return _future(number(rate), number(periods), number(payment), number(present), number(kind) != 0)


@cell_by_cell
def pv(rate: object, periods: object, payment: object, future: object = None, kind: object = None) -> object:
    interest, count, paid, left = number(rate), number(periods), number(payment), number(future)
    if interest == 0:
        return -(left + paid * count)
    if interest == -1 and count > 0:
        raise CellError("#DIV/0!")
    factor = _growth(interest, count)
    due = 1 + interest if number(kind) else 1.0
    return -(left + paid * due * (factor - 1) / interest) / factor


def _interest(
    rate: float, period: float, periods: float, present: float, future: float, advance: bool
) -> tuple[float, float]:
    """The interest and the principal of one payment; the first one in advance bears no interest."""
    if period < 1 or period >= periods + 1:
        raise CellError("#NUM!")
    payment = _payment(rate, periods, present, future, advance)
    if advance:
        interest = 0.0 if period == 1 else _future(rate, period - 2, payment, present, True) - payment
    else:
        interest = _future(rate, period - 1, payment, present, False)
    interest *= rate
    return interest, payment - interest


def _split(at: int) -> Callable[..., object]:
    def calculate(
        rate: object,
        period: object,
        periods: object,
        present: object,
        future: object = None,
        kind: object = None,
    ) -> object:
        parts = _interest(
            number(rate), number(period), number(periods), number(present), number(future), number(kind) != 0
        )
        return parts[at]

    return cell_by_cell(calculate)


def _accumulated(at: int) -> Callable[..., object]:
    def calculate(
        rate: object, periods: object, present: object, first: object, last: object, kind: object
    ) -> object:
        interest, count, amount, first, last, advance = (
            number(_no_bool(value)) for value in (rate, periods, present, first, last, kind)
        )
        start, end = math.ceil(first), int(last)
        if interest <= 0 or count <= 0 or amount <= 0 or start < 1 or end < start or end > count:
            raise CellError("#NUM!")
        if advance not in (0, 1):
            raise CellError("#NUM!")
        return math.fsum(
            _interest(interest, period, count, amount, 0.0, advance == 1)[at]
            for period in range(start, end + 1)
        )

    return function(calculate)


@cell_by_cell
def ispmt(rate: object, period: object, periods: object, present: object) -> object:
    return number(present) * number(rate) * (number(period) / number(periods) - 1)


@function
def effect(nominal: object, periods: object) -> object:
    rate, count = number(_no_bool(nominal)), int(number(_no_bool(periods)))
    if rate <= 0 or count < 1:
        raise CellError("#NUM!")
    return (1 + rate / count) ** count - 1


@function
def nominal(effective: object, periods: object) -> object:
    rate, count = number(_no_bool(effective)), int(number(_no_bool(periods)))
    if rate <= 0 or count < 1:
        raise CellError("#NUM!")
    return count * ((1 + rate) ** (1 / count) - 1)


def _no_bool(value: object) -> object:
    """The functions that came with the Analysis ToolPak take no truth values."""
    if isinstance(value, bool):
        raise CellError("#VALUE!")
    return value


def _flows(values: object) -> list[float]:
    return numbers_in(values)


def npv_of(rate: float, flows: Sequence[float]) -> float:
    """The value of flows at the time of the first."""
    return math.fsum(flow / (1 + rate) ** period for period, flow in enumerate(flows))


def _worth(rate: float, flows: Sequence[float], times: Sequence[float]) -> float:
    return math.fsum(flow / (1 + rate) ** time for flow, time in zip(flows, times, strict=True))


def _slope(rate: float, flows: Sequence[float], times: Sequence[float]) -> float:
    return math.fsum(-time * flow / (1 + rate) ** (time + 1) for flow, time in zip(flows, times, strict=True))


@function
def irr(values: object, guess: object = None) -> object:
    """The rate at which the flows are worth nothing; blank cells, texts and truth values are no flows.

    Source: Microsoft, IRR: "If an array or reference argument contains text, logical values, or empty cells,
    those values are ignored"; at least one positive and one negative flow; the guess is 10% by default.
    """
    flows = _flows(values)
    start = number(guess, 0.1) if guess is not None else 0.1
    if start <= -1:
        raise CellError("#VALUE!")
    if not (any(flow > 0 for flow in flows) and any(flow < 0 for flow in flows)):
        raise CellError("#NUM!")
    return _root(flows, [float(period) for period in range(len(flows))], start)


def _root(flows: Sequence[float], times: Sequence[float], start: float) -> float:
    """The rate at which flows at some times are worth nothing."""
    rate = _newton(flows, times, start)
    if rate is None:
        rate = _bracketed(flows, times)
    if rate is None:
        raise CellError("#NUM!")
    return rate


def _newton(flows: Sequence[float], times: Sequence[float], rate: float) -> float | None:
    scale = max(map(abs, flows))
    for _ in range(100):
        try:
            slope = _slope(rate, flows, times)
            following = rate - _worth(rate, flows, times) / slope
        except (ZeroDivisionError, OverflowError):
            return None
        if not math.isfinite(following) or following <= -1:
            return None
        if abs(following - rate) <= 1e-15 * max(1.0, abs(rate)):
            rate = following
            break
        rate = following
    return rate if abs(_worth(rate, flows, times)) <= 1e-7 * scale else None


def _bracketed(flows: Sequence[float], times: Sequence[float]) -> float | None:
    """The only root in a wide range, where Newton's method does not find it."""
    from scipy.optimize import brentq

    grid = [-0.99 + 0.01 * step for step in range(99)] + [0.02 * step for step in range(1, 500)]
    worth = [_worth(rate, flows, times) for rate in grid]
    changes = [at for at in range(len(grid) - 1) if (worth[at] < 0) != (worth[at + 1] < 0)]
    if len(changes) != 1:
        return None
    at = changes[0]
    return float(brentq(_worth, grid[at], grid[at + 1], args=(flows, times), xtol=1e-15))


@function
def mirr(values: object, finance_rate: object, reinvest_rate: object) -> object:
    """The rate from the value of the positive flows at the end and of the negative ones at the start.

    Source: Microsoft, MIRR, with its equation; blank cells, texts and truth values are no flows.
    """
    flows = _flows(values)
    finance, reinvest = number(finance_rate), number(reinvest_rate)
    if len(flows) < 2:
        raise CellError("#DIV/0!")
    inflow, outflow = (
        math.fsum(flow / (1 + rate) ** period for period, flow in enumerate(flows) if flow * sign > 0)
        for rate, sign in ((reinvest, 1), (finance, -1))
    )
    if outflow == 0:
        raise CellError("#DIV/0!")
    periods = len(flows) - 1
    if inflow == 0:
        return -1.0
    ratio = -inflow * (1 + reinvest) ** periods / outflow
    if ratio < 0:
        raise CellError("#NUM!")
    return ratio ** (1 / periods) - 1


def _dated(values: object, days: object) -> tuple[list[float], list[int]]:
    flows: list[float] = []
    dates: list[int] = []
    for value, day in zip(cells(rows_of(values)), cells(rows_of(days)), strict=False):
        if value is None or isinstance(value, bool) or is_text(value):
            raise CellError("#NUM!")
        if isinstance(day, bool) or is_text(day):
            raise CellError("#VALUE!")
        flows.append(number(value))
        dates.append(int(number(day)))
    if sum(1 for _ in cells(values)) != sum(1 for _ in cells(days)):
        raise CellError("#NUM!")
    if any(day < dates[0] for day in dates) or dates[0] < 0:
        raise CellError("#NUM!")
    return flows, dates


@function
def xnpv(rate: object, values: object, days: object) -> object:
    """The value of dated flows at the first date, by years of 365 days.

    Source: Microsoft, XNPV: no date may precede the starting one.
    """
    interest = number(_no_bool(rate))
    flows, dates = _dated(values, days)
    if interest < 0:  # which the documentation does not say; stored values do
        raise CellError("#NUM!")
    return _worth(interest, flows, [(day - dates[0]) / 365 for day in dates])


@function
def xirr(values: object, days: object, guess: object = None) -> object:
    """The rate at which dated flows are worth nothing, by years of 365 days; a date may be a text.

    Excel halves an interval until it is some 1e-8 wide, so that its results differ in the ninth digit.
    Source: Microsoft, XIRR: at least one positive and one negative flow; accurate within 0.000001 per cent.
    """
    if any(isinstance(flow, bool) or is_text(flow) for flow in cells(values)):
        raise CellError("#VALUE!")
    dated = [[number(day) if is_text(day) else day for day in row] for row in as_rows(days)]
    flows, dates = _dated([[0.0 if flow is None else flow for flow in row] for row in as_rows(values)], dated)
    start = 0.1 if guess is None else number(_no_bool(guess))
    if start <= -1 or not (any(flow > 0 for flow in flows) and any(flow < 0 for flow in flows)):
        raise CellError("#NUM!")
    return _root(flows, [(day - dates[0]) / 365 for day in dates], start)


@cell_by_cell
def db(cost: object, salvage: object, life: object, period: object, month: object = 12.0) -> object:
    """Depreciation by a fixed rate, rounded to three places; the first year may have fewer months.

    Source: Microsoft, DB.
    """
    price, rest, years = number(cost), number(salvage), number(life)
    at, months = number(period), float(int(number(month)))
    if price < 0 or rest < 0 or years <= 0 or at < 1 or not 1 <= months <= 12:
        raise CellError("#NUM!")
    if at > years + (1 if months < 12 else 0) or price == 0:
        if price == 0:
            return 0.0
        raise CellError("#NUM!")
    rate = round(1 - (rest / price) ** (1 / years), 3)
    first = price * rate * months / 12
    total, amount = first, first
    for year in range(2, int(at) + 1):
        amount = (price - total) * rate
        if year == int(years) + 1:
            amount = (price - total) * rate * (12 - months) / 12
        total += amount
    return amount


@cell_by_cell
def ddb(cost: object, salvage: object, life: object, period: object, factor: object = 2.0) -> object:
    """Depreciation by a declining balance, never below the salvage value.

    Source: Microsoft, DDB: Min((cost - total depreciation) * (factor/life), cost - salvage - total).
    """
    price, rest, years, at = number(cost), number(salvage), number(life), number(period)
    if price < 0 or rest < 0 or years <= 0 or at <= 0 or at > years or number(factor) <= 0:
        raise CellError("#NUM!")
    rate = number(factor) / years
    rate = min(rate, 1.0)
    before = price * (1 - rate) ** (at - 1) if rate < 1 else (price if at == 1 else 0.0)
    after = price * (1 - rate) ** at
    return max(0.0, before - max(after, rest))


@function
def fvschedule(principal: object, schedule: object) -> object:
    value = number(_no_bool(principal))
    for rate in cells(schedule):
        if isinstance(rate, bool) or is_text(rate):
            raise CellError("#VALUE!")
        if is_error(rate):
            raise CellError(str(rate))
        value *= 1 + number(rate)
    return value


@cell_by_cell
def dollarde(price: object, fraction: object) -> object:
    """A price in fractions as a decimal number, 1.02 for 1 and 2/16 (Microsoft, DOLLARDE)."""
    if isinstance(price, bool) or isinstance(fraction, bool):
        raise CellError("#VALUE!")
    parts, value = truncated(fraction), number(price)
    if parts < 0:
        raise CellError("#NUM!")
    if not parts:
        raise CellError("#DIV/0!")
    whole = math.trunc(value)
    return float(whole + (value - whole) * 10 ** math.ceil(math.log10(parts)) / parts)


FUNCTIONS: Final = {
    "PMT": pmt,
    "DOLLARDE": dollarde,
    "FV": fv,
    "PV": pv,
    "IPMT": _split(0),
    "PPMT": _split(1),
    "CUMIPMT": _accumulated(0),
    "CUMPRINC": _accumulated(1),
    "ISPMT": ispmt,
    "EFFECT": effect,
    "NOMINAL": nominal,
    "IRR": irr,
    "MIRR": mirr,
    "XNPV": xnpv,
    "XIRR": xirr,
    "DB": db,
    "DDB": ddb,
    "FVSCHEDULE": fvschedule,
}
