"""What an analyst wants to be told: prices that crossed a value, old facts, failing checks, days that passed.

    crossed     the price has gone through the value of a case, or through the price below which to buy
    old         price, facts or balance sheet are past their limits (`valuation.ages`)
    fails       a check of the model fails in a case
    passed      the day of a catalyst is over

The price below which to buy is the value of the watched case less the margin of safety that is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from xlwings_addin.core.errors import ChoiceError, DomainError
from xlwings_addin.inputs.catalysts import Catalyst
from xlwings_addin.valuation.ages import ages_of
from xlwings_addin.valuation.xiaomi import Results

Kind = Literal["crossed", "old", "fails", "passed"]
REQUIRED_MARGIN = "required_margin_of_safety"
"""The input that says which margin of safety is asked for, where a company has it."""


@dataclass(frozen=True)
class Event:
    """Something to be told, in a few words."""

    kind: Kind
    about: str


@dataclass(frozen=True)
class Watched:
    """A case on a day: its price before and now, the levels watched, and what has happened."""

    case: str
    day: date
    before: float
    price: float
    levels: Mapping[str, float]
    events: tuple[Event, ...]

    @property
    def line(self) -> str:
        """One line for a scheduler."""
        if self.events:
            return f"{self.case}: {'; '.join(event.about for event in self.events)}"
        levels = ", ".join(f"{name} {level:.2f}" for name, level in self.levels.items())
        return f"{self.case}: nothing; price {self.price:.2f}, {levels}"

    def summary(self) -> dict[str, object]:
        """For a program to read."""
        return {
            "case": self.case,
            "day": self.day.isoformat(),
            "price": {"before": self.before, "now": self.price},
            "levels": dict(self.levels),
            "events": [vars(event) for event in self.events],
            "line": self.line,
        }


def watched(
    cases: Mapping[str, Results],
    case: str,
    day: date,
    *,
    price: float | None = None,
    before: float | None = None,
    since: date | None = None,
    margin: float | None = None,
    catalysts: Collection[Catalyst] = (),
    failing: Mapping[str, str] | None = None,
) -> Watched:
    """What has happened to a case and those that extend it, up to a day.

    Args:
        cases: results by case; those watched are `case` and the cases that extend it.
        case: the case in the middle.
        day: the day it is.
        price: of a share now; the price of the case by default.
        before: the price when it was last looked; the price of the case by default.
        since: the day it was last looked; the valuation date by default.
        margin: of safety that is asked for; the case's own input by default, none where there is none.
        catalysts: of the company.
        failing: what the checks of a case say, by case, where one fails.

    Raises `ChoiceError` for an unknown case, `DomainError` for a price that is not above zero and a margin
    that is not from 0 to 1.
    """
    if case not in cases:
        raise ChoiceError("case", case, f"must be one of {', '.join(cases)}")
    middle = cases[case]
    last = middle.price if before is None else before
    now = middle.price if price is None else price
    for name, number in (("price", now), ("price before", last)):
        if number <= 0:
            raise DomainError(name, number, "must be above 0")
    since = middle.inputs.day("valuation_date") if since is None else since
    levels = _levels(cases, case, margin)
    inputs = middle.inputs
    if price is not None:
        inputs = inputs.replace(**{middle.company.price_key: price, "price_date": day})
    events = [
        *_crossed(levels, last, now),
        *(Event("old", str(age)) for age in ages_of(inputs, day).old),
        *(Event("fails", f"checks of {name}: {status}") for name, status in (failing or {}).items()),
        *(Event("passed", f"{one} has passed") for one in catalysts if since < one.day <= day),
    ]
    return Watched(case, day, last, now, levels, tuple(events))


def _levels(cases: Mapping[str, Results], case: str, margin: float | None) -> dict[str, float]:
    """The values to watch, the lowest first."""
    middle = cases[case]
    related = {name: one for name, one in cases.items() if name == case or case in one.inputs.origin.lineage}
    levels = {name: one.sotp.value_per_share for name, one in related.items()}
    if margin is None and middle.company.parameters.has(REQUIRED_MARGIN):
        margin = middle.inputs.number(REQUIRED_MARGIN)
    if margin is not None:
        if not 0 <= margin < 1:
            raise DomainError("margin of safety", margin, "must be from 0 to below 1")
        levels["buy-below price"] = middle.sotp.value_per_share * (1 - margin)
    return dict(sorted(levels.items(), key=lambda level: level[1]))


def _crossed(levels: Mapping[str, float], before: float, now: float) -> Iterator[Event]:
    for name, level in levels.items():
        if (before < level) == (now < level):
            continue
        way = "fallen below" if now < level else "risen above"
        yield Event("crossed", f"price {now:.2f} has {way} {name} {level:.2f} (was {before:.2f})")
