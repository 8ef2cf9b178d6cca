"""A case rolled forward to a later day: its date, its price, its base year, and the cash that has come in.

The steps, in their order, each valued after the one before it:

    time         the valuation date moves; what fell since is cash (`carried`), and no new fact counts yet
    facts        quarters reported by the new date count in place of their assumptions (`assumed_quarters`)
    base year    moves only where the new date lies beyond the year after it, or where it is asked for
    payouts      buybacks and dividends reported since are taken off net cash
    price        the price of the new day, where one is named; shares by the treasury method follow it

Cash of a period that a new base year leaves behind is kept in `cash_rolled`: the model has flows of the base
year and later ones only. Everything else stays what the case says; `base_year_inputs` names what is of a base
year and asks for new figures when it moves.

>>> from datetime import date
>>> from xlwings_addin.inputs.cases import load_inputs
>>> rolled = roll(load_inputs("march_2024_strict"), date(2024, 9, 30))
>>> [step.name for step in rolled.steps], rolled.inputs["cash_since"]
(['time'], datetime.date(2024, 3, 8))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from xlwings_addin.analytics.assumed_quarters import newly_reported, without_later_quarters
from xlwings_addin.analytics.carried import CarriedValue, carried
from xlwings_addin.analytics.quarter_worths import QuarterWorth, quarter_worths
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.tables import Row, Tables, period_end
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.xiaomi import Results, evaluate

if TYPE_CHECKING:
    import pandas as pd

PAYOUTS = ("buyback_cash", "dividends_paid")
"""Figures of the tables that say what was paid out in the time up to their day."""
ROLLED = ("valuation_date", "base_year", "cash_since", "cash_rolled", "payouts_since")
BASE_YEAR_INPUTS = ("group_research", "opening_assets", "opening_losses")
"""Endings of inputs that are figures of the base year, beside the assumptions for its quarters."""


@dataclass(frozen=True)
class Step:
    """What a share is worth after a step, and what the step moved it by; in the currency of the listing."""

    name: str
    about: str
    value_per_share: float
    change: float


@dataclass(frozen=True)
class Rolled:
    """A case before and after it was rolled, and each step between.

    `flows` is what came in as cash, `payouts` the rows that say what was paid out, `worths` what facts were
    worth against assumptions, `changed` the inputs that have another value now.
    """

    before: Results
    after: Results
    steps: tuple[Step, ...]
    businesses: tuple[CarriedValue, ...]
    flows: float
    payouts: tuple[Row, ...]
    paid: float
    quarters: tuple[str, ...]
    worths: tuple[QuarterWorth, ...]
    to_renew: tuple[str, ...]

    @property
    def inputs(self) -> Inputs:
        """The inputs of the case on the new day."""
        return self.after.inputs

    @property
    def changed(self) -> dict[str, tuple[Value, Value]]:
        """The inputs that have another value, by key: before and after."""
        one, other = self.before.inputs, self.inputs
        keys = (*ROLLED, one.tables.company.price_key, "price_date")
        return {key: (one[key], other[key]) for key in keys if one[key] != other[key]}

    def to_frame(self) -> pd.DataFrame:
        """One row for each step; the column `change` sums to the change in value per share."""
        import pandas as pd

        rows = [(one.name, one.about, one.value_per_share, one.change) for one in self.steps]
        return pd.DataFrame(rows, columns=["step", "about", "value_per_share", "change"])

    def summary(self) -> dict[str, Any]:
        """The roll as plain data, for a program to read."""
        one, other = self.before, self.after
        return {
            "company": one.company.key,
            "case": one.case,
            "from": one.inputs.day("valuation_date").isoformat(),
            "to": other.inputs.day("valuation_date").isoformat(),
            "currency": one.company.currency.listing,
            "value_per_share": {"before": one.sotp.value_per_share, "after": other.sotp.value_per_share},
            "price": {"before": one.price, "after": other.price},
            "steps": [vars(step) for step in self.steps],
            "businesses": [{**vars(item), "after": item.after} for item in self.businesses],
            "net_cash": {
                "before": one.sotp.net_cash.value,
                "flows": self.flows,
                "payouts": self.paid,
                "after": other.sotp.net_cash.value,
            },
            "payouts": [_row_data(row) for row in self.payouts],
            "quarters": [
                {
                    "line": worth.line,
                    "per_share": worth.per_share,
                    "figures": [vars(figure) for figure in worth.figures],
                }
                for worth in self.worths
            ],
            "inputs": {key: [_text(value) for value in both] for key, both in self.changed.items()},
            "to_renew": list(self.to_renew),
        }


def _row_data(row: Row) -> dict[str, Any]:
    return {"key": row.key, "period": row.period, "value": row.value, "source": row.source, "note": row.note}


def _text(value: Value) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def roll(
    inputs: Inputs,
    to: date,
    *,
    price: float | None = None,
    payouts: float | None = None,
    base_year: int | None = None,
) -> Rolled:
    """Roll a case forward to a later day.

    Args:
        inputs: the case.
        to: the new valuation date.
        price: of a share on that day; without one the price stays, and its age is told.
        payouts: what was paid out since, in millions of the reporting currency; by default what the tables
            report for the time between the two days.
        base_year: a later base year; by default it moves only as far as the new date needs.

    Raises `DomainError` for a day that is not later, a base year that is earlier, and where a rule of the
    model does not hold on the new day; `InputError` for a case that counts whole years.
    """
    start = inputs.day("valuation_date")
    if to <= start:
        raise DomainError("to", to, f"must be after valuation_date {start}", display=to.isoformat())
    course = _Course(inputs)
    year = course.year if base_year is None else base_year
    if year < course.year:
        raise DomainError("base_year", year, f"must not be before base_year {course.year} of the case")
    while to > date(course.year + 1, 12, 30):
        course.move_time(date(course.year + 1, 12, 30))
        course.count_facts()
        course.move_base_year()
    course.move_time(to)
    course.count_facts()
    while course.year < year:
        course.move_base_year()
    rows = tuple(payout_rows(inputs.tables, start, to)) if payouts is None else ()
    course.pay(sum(row.number for row in rows) if payouts is None else payouts)
    if price is not None:
        course.set_price(price, to)
    return course.rolled(rows)


def payout_rows(tables: Tables, start: date, to: date) -> Iterator[Row]:
    """Payouts that the tables report for times that end after `start`, and were known on the day `to`."""
    for key in PAYOUTS:
        for period in tables.periods(key):
            row = tables.row(key, period)
            is_reported = row.basis in ("reported", "derived") and row.unit == tables.company.money
            if is_reported and start < period_end(period) <= to and row.as_of <= to:
                yield row


class _Course:
    """A case on its way: valued after every step."""

    def __init__(self, inputs: Inputs) -> None:
        self.before = self.now = evaluate(inputs)
        self.tables = inputs.tables
        self.steps: list[Step] = []
        self.businesses: dict[str, CarriedValue] = {}
        self.flows = self.paid = 0.0
        self.quarters: list[str] = []
        self.worths: list[QuarterWorth] = []
        self.to_renew: tuple[str, ...] = ()

    @property
    def year(self) -> int:
        return self.now.inputs.count("base_year")

    def _step(self, name: str, about: str, results: Results) -> None:
        value = results.sotp.value_per_share
        self.steps.append(Step(name, about, value, value - self.now.sotp.value_per_share))
        self.now = results

    def move_time(self, to: date) -> None:
        """Move the date alone: the quarters that count are those that counted before."""
        start = self.now.inputs.day("valuation_date")
        if to <= start:
            return
        frozen = replace(self.now.inputs, tables=without_later_quarters(self.now))
        later = evaluate(frozen.replace(valuation_date=to))
        self._carry(carried(self.now, later))
        fell = _plain(later.model.sotp.flows_since) - _plain(self.now.model.sotp.flows_since)
        self.flows += fell
        days = (to - start).days
        self._step("time", f"{days} days to {to.isoformat()}; {fell:,.0f} of flows are cash now", later)

    def _carry(self, items: tuple[CarriedValue, ...]) -> None:
        for item in items:
            earlier = self.businesses.get(item.key)
            self.businesses[item.key] = (
                item
                if earlier is None
                else replace(
                    item,
                    before=earlier.before,
                    growth=earlier.growth + item.growth + item.before - earlier.after,
                    flows=earlier.flows + item.flows,
                    dating=earlier.dating + item.dating,
                )
            )

    def count_facts(self) -> None:
        """Count the quarters that are reported by now, and say what each line's assumption was worth."""
        frozen = self.now
        full = evaluate(replace(frozen.inputs, tables=self.tables).replace())
        quarters = newly_reported(frozen, full)
        if not quarters:
            self.now = full
            return
        self.worths += quarter_worths(frozen, full)
        self.quarters += quarters
        self._step("facts", f"{', '.join(quarters)} reported in place of assumed", full)

    def move_base_year(self) -> None:
        """Start from the next base year; what its years before brought in is kept as cash."""
        inputs, end = self.now.inputs, date(self.year, 12, 31)
        changes: dict[str, Value] = {"base_year": self.year + 1}
        if inputs.day("cash_since") < end:
            brought = sum(
                _plain(business.fcff[0] * business.timeline.cash_share[0])
                for business in self.now.model.businesses.values()
                if isinstance(business, Segment)
            )
            changes |= {"cash_since": end, "cash_rolled": inputs.number("cash_rolled") + brought}
        moved = evaluate(inputs.replace(**changes))
        self.to_renew = tuple(_base_year_inputs(inputs))
        self._step("base year", f"{self.year} to {self.year + 1}: the forecast starts a year later", moved)

    def pay(self, amount: float) -> None:
        """Take what was paid out off net cash."""
        if not amount:
            return
        self.paid = amount
        paid = self.now.inputs.number("payouts_since") + amount
        self._step(
            "payouts", f"{amount:,.0f} paid out", evaluate(self.now.inputs.replace(payouts_since=paid))
        )

    def set_price(self, price: float, day: date) -> None:
        key = self.now.company.price_key
        moved = evaluate(self.now.inputs.replace(**{key: price, "price_date": day}))
        self._step("price", f"{self.now.price:g} to {moved.price:g}", moved)

    def rolled(self, rows: tuple[Row, ...]) -> Rolled:
        """What was done, with rows that say where the new inputs come from."""
        return Rolled(
            self.before,
            _sourced(self.before, self.now),
            tuple(self.steps),
            tuple(self.businesses.values()),
            self.flows,
            rows,
            self.paid,
            tuple(self.quarters),
            tuple(self.worths),
            self.to_renew,
        )


def _base_year_inputs(inputs: Inputs) -> Iterator[str]:
    for parameter in inputs.tables.company.parameters:
        if parameter.key.startswith("assumed_") or parameter.key.endswith(BASE_YEAR_INPUTS):
            yield parameter.key


def _sourced(before: Results, after: Results) -> Results:
    """The results with the source of each input that was rolled in its row."""
    start, to = (one.inputs.day("valuation_date").isoformat() for one in (before, after))
    rows: Mapping[str, Row] = {
        key: replace(row, source=f"rolled from {start} to {to}", as_of=after.inputs.day("valuation_date"))
        if before.inputs[key] != after.inputs[key]
        else row
        for key, row in after.inputs.rows.items()
    }
    return evaluate(replace(after.inputs, rows=rows))


def _plain(value: object) -> float:
    return float(np.asarray(value).item())
