"""What a share cost and was said to be worth, through time: prices of the tables, values of vintages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from xlwings_addin.analytics.actuals import HAPPENED
from xlwings_addin.analytics.vintages import SHARE_PRICE, Vintage
from xlwings_addin.inputs.tables import Tables, period_end


@dataclass(frozen=True)
class ValueOnDay:
    """A price, or what a vintage said a share is worth, on a day; in the currency of the listing."""

    day: date
    what: str
    price: float | None
    value: float | None
    source: str


def value_history(vintages: Iterable[Vintage], tables: Tables) -> tuple[ValueOnDay, ...]:
    """Prices and values, the earliest first; of several vintages of a day with one value the first stands."""
    rows: list[ValueOnDay] = []
    for period in tables.periods(SHARE_PRICE):
        row = tables.row(SHARE_PRICE, period)
        if row.basis in HAPPENED:
            rows.append(ValueOnDay(period_end(period), "price", row.number, None, row.source))
    values: Mapping[tuple[date, float], Vintage] = {
        (vintage.day, value): vintage
        for vintage in reversed(tuple(vintages))
        if (value := _value(vintage)) is not None
    }
    rows += [
        ValueOnDay(day, vintage.name, None, value, "the model") for (day, value), vintage in values.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.day, row.what)))


def _value(vintage: Vintage) -> float | None:
    return next((forecast.value for forecast in vintage.forecasts if forecast.key == SHARE_PRICE), None)
