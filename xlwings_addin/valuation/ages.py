"""How old what a case rests on is, on a day: its price, its facts, its balance sheet.

    price            the day it was quoted, `price_date`
    facts            the end of the last quarter that is reported, and was on the valuation date
    balance sheet    the day cash and debt are from, `balance_date`

An age is days from there to the day asked about. Past its limit, an input of the case, it is old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from xlwings_addin.inputs.calendar import REPORTED_BY
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import period_end


@dataclass(frozen=True)
class Age:
    """How old one of the three is; `what` is its name, `of` the day or quarter it is from."""

    what: str
    of: str
    day: date
    days: int
    limit: float

    @property
    def old(self) -> bool:
        """Whether it is past its limit."""
        return self.days > self.limit

    def __str__(self) -> str:
        past = f", more than {self.limit:g}" if self.old else ""
        return f"{self.what} of {self.of}, {self.days} days old{past}"

    def as_dict(self) -> dict[str, object]:
        """For a program to read."""
        day = self.day.isoformat()
        return {"of": self.of, "day": day, "days": self.days, "limit": self.limit, "old": self.old}


class Ages(tuple[Age, ...]):
    """The ages of a case: price, facts, balance sheet; facts only where a quarter is reported.

    >>> from datetime import date
    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> print(ages_of(load_inputs("march_2024_strict"), date(2024, 3, 31)))
    price of 2024-03-08, 23 days old, more than 7; balance sheet of 2023-12-31, 91 days old
    """

    __slots__ = ()

    @property
    def old(self) -> tuple[Age, ...]:
        """Those past their limits."""
        return tuple(age for age in self if age.old)

    def __str__(self) -> str:
        return "; ".join(map(str, self))

    def as_dict(self) -> dict[str, dict[str, object]]:
        """For a program to read, by name."""
        return {age.what.replace(" ", "_"): age.as_dict() for age in self}


def now() -> date:
    """The day it is, UTC."""
    return datetime.now(UTC).date()


def ages_of(inputs: Inputs, today: date) -> Ages:
    """How old price, facts and balance sheet of a case are on a day."""
    return Ages(_ages(inputs, today))


def ages_by_case(cases: Mapping[str, Inputs], today: date) -> dict[Ages, list[str]]:
    """The cases of each set of ages: most rest on one price and one balance sheet."""
    grouped: dict[Ages, list[str]] = {}
    for case, inputs in cases.items():
        grouped.setdefault(ages_of(inputs, today), []).append(case)
    return grouped


def last_quarter(inputs: Inputs) -> str | None:
    """The last quarter that was reported on the valuation date; None where there is none."""
    day, tables = inputs.day("valuation_date"), inputs.tables
    quarters = [
        quarter
        for quarter in tables.calendar.reported_quarters
        if min(row.as_of for row in tables.figures[REPORTED_BY, quarter]) <= day
    ]
    return quarters[-1] if quarters else None


def _ages(inputs: Inputs, today: date) -> Iterator[Age]:
    yield _age(inputs, "price", inputs.day("price_date"), today, "largest_price_age")
    quarter = last_quarter(inputs)
    if quarter is not None:
        yield _age(inputs, "facts", period_end(quarter), today, "largest_facts_age", quarter)
    yield _age(inputs, "balance sheet", inputs.day("balance_date"), today, "largest_balance_age")


def _age(inputs: Inputs, what: str, day: date, today: date, limit: str, of: str = "") -> Age:
    return Age(what, of or day.isoformat(), day, (today - day).days, inputs.number(limit))
