"""What a business is worth after time has passed: as it was, with the return on it, less the flows that fell.

    EV(t1) = EV(t0) (1 + WACC)^dt - flows carried forward

`dt` is the time between two valuation dates on the model's own clock: what the first period has become
shorter by. What fell between them is cash at t1. The model dates a flow at the end or in the middle of what
is left of its year, so what fell and what is still to come are dated anew at t1; that is worth `dating`, and
with it the flows carried forward are

    flows + dating = sum of a (1 + WACC)^(dt - e) - sum of b (1 + WACC)^-f

over the flows a counted at t0, e years away, and b counted at t1, f years away. From the third year on the
two sums are one, because e - dt = f.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xlwings_addin.core.errors import InputError
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.xiaomi import Results

MOVED = 2
"""The base year and the year after it: the flows of these only are dated anew."""


@dataclass(frozen=True)
class CarriedValue:
    """A business from one valuation date to the next, in millions of the reporting currency.

    `growth` is the return on its value at the WACC, `flows` what fell meanwhile and is cash now, `dating`
    what it is worth that the flows of the year are dated anew.
    """

    key: str
    label: str
    wacc: float
    before: float
    growth: float
    flows: float
    dating: float

    @property
    def after(self) -> float:
        """What it is worth at the later date."""
        return self.before + self.growth - self.flows - self.dating


def years_between(before: Results, after: Results) -> float:
    """Years between two valuation dates on the model's clock.

    Raises `InputError` for a case that counts whole years: its value does not depend on the day.
    """
    if before.inputs.text("stub") != "date":
        rule = "must be 'date' for a value to move with its date: the case counts whole years"
        raise InputError("stub", before.inputs.text("stub"), rule)
    return _plain(before.model.timeline.first_period) - _plain(after.model.timeline.first_period)


def carried(before: Results, after: Results) -> tuple[CarriedValue, ...]:
    """Every business that counts and is discounted, from the date of `before` to that of `after`.

    The two differ in the valuation date only, and have one base year.
    """
    years = years_between(before, after)
    return tuple(
        _carried(before, after, part.key, part.label, years)
        for part in before.company.parts
        if isinstance(before.model.businesses[part.key], Segment)
    )


def _carried(before: Results, after: Results, key: str, label: str, years: float) -> CarriedValue:
    one, other = (_segment(results, key) for results in (before, after))
    wacc = _plain(one.wacc)
    worth = _plain(one.enterprise_value)
    carried_on = sum(amount * (1 + wacc) ** (years - wait) for amount, wait in _flows(one))
    still = sum(amount * (1 + wacc) ** -wait for amount, wait in _flows(other))
    shares = np.ravel(one.timeline.flow_share - other.timeline.flow_share)[:MOVED]
    flows = sum(share * flow for share, flow in zip(shares, np.ravel(one.fcff), strict=False))
    grown = worth * ((1 + wacc) ** years - 1)
    return CarriedValue(key, label, wacc, worth, grown, float(flows), carried_on - still - float(flows))


def _segment(results: Results, key: str) -> Segment:
    business = results.model.businesses[key]
    assert isinstance(business, Segment)
    return business


def _flows(business: Segment) -> Iterator[tuple[float, float]]:
    """What is dated anew, and its time from the valuation date: two years' flows, and what follows."""
    horizon = business.years_forecast
    waits, counted = np.ravel(business.timeline.flow_exponent), np.ravel(business.counted_fcff)
    for year in range(min(horizon + 1, MOVED)):
        yield float(counted[year]), float(waits[year])
    if horizon < MOVED:
        yield _plain(business.terminal_value), float(waits[horizon])


def _plain(value: object) -> float:
    return float(np.asarray(value).item())
