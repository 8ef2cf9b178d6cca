"""What the error of a year was worth a share, as the model itself values it.

A forecast is a line of the model in one year. What happened is put into its place, all that follows from the
line in the model follows, and the value of a share moves:

    worth_year   by the actual in that year alone, every later year of the line as it was forecast
    worth_kept   by the actual and what it leads to: later years in the ratio of actual to forecast or, for a
                 margin, as many points away

Both are the value with the actual less the value without it: positive where what happened is worth more than
what was expected. Lines that follow from one another, units and the revenue from them, say the same twice and
do not add up. No worth is said of a group's revenue, which is no line that a value hangs on, and none is kept
where forecast or actual is zero or a loss, which have no ratio.

>>> from xlwings_addin.analytics.vintages import Forecast
>>> from xlwings_addin.inputs.cases import load_inputs
>>> from xlwings_addin.valuation.xiaomi import evaluate
>>> results = evaluate(load_inputs("march_2024_replica"))
>>> price = Forecast("vehicle_average_selling_price", "FY2024", 259254.0, "CNY per vehicle")
>>> worth = year_worth(results, price, 234479.0)
>>> f"{worth.year:+.2f}, kept up {worth.kept:+.2f}"
'+0.00, kept up -0.47'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.vintages import Forecast, vehicles_are_a_ramp
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.tables import period_end
from xlwings_addin.segments.lines import Lines
from xlwings_addin.valuation.model import Model
from xlwings_addin.valuation.xiaomi import Results

Path = NDArray[np.float64]


class YearWorth(NamedTuple):
    """Money of the listing a share; None where there is none to say."""

    year: float | None = None
    kept: float | None = None


@dataclass(frozen=True)
class _Place:
    """The line of a model that a forecast is read from, and how much of it one unit of the forecast is.

    `per_unit` is a number, or a path as long as the line; `is_margin` says that later years move by points.
    """

    group: str
    line: str
    per_unit: Any = 1.0
    is_margin: bool = False


def year_worth(results: Results, forecast: Forecast, actual: float) -> YearWorth:
    """What the value of a share moves by where a year is as it happened, and not as it was forecast.

    `results` are those that the forecast is of, and `actual` is in its unit.
    """
    place = _place(results, forecast.key)
    if place is None:
        return YearWorth()
    path = _path(results.model, place)
    lines = results.model.groups()[place.group].lines()
    first = 1 if lines[place.line].span == "years" else 0
    index = period_end(forecast.period).year - results.inputs.count("base_year") - first
    if not 0 <= index < len(path):
        return YearWorth()
    error = actual - forecast.value
    moved = np.zeros_like(path)
    moved[index] = (np.ones_like(path) * place.per_unit)[index] * error
    later = np.arange(len(path))[:, None] >= index
    kept: Path | None = None
    if place.is_margin:
        kept = path + later * place.per_unit * error
    elif actual > 0 and forecast.value > 0:
        kept = np.where(later, path * (actual / forecast.value), path)
    return YearWorth(_moved_by(results, place, path + moved), _moved_by(results, place, kept))


def _moved_by(results: Results, place: _Place, path: Path | None) -> float | None:
    """What the value of a share moves by with another path of a line."""
    if path is None:
        return None
    changed = Results(results.inputs)
    group = changed.model.groups()[place.group]
    group.__dict__[place.line] = path
    try:
        return float(changed.sotp.value_per_share - results.sotp.value_per_share)
    except ValuationError:
        return None


def _path(model: Model, place: _Place) -> Path:
    group: Lines = model.groups()[place.group]
    path: Path = getattr(group, place.line)
    return path


def _place(results: Results, key: str) -> _Place | None:
    vehicles = _of_ramp(results) if vehicles_are_a_ramp(results) else _of_units(results)
    return vehicles.get(key) or _of_segments(results).get(key)


def _of_units(results: Results) -> dict[str, _Place]:
    """Vehicles built up; margins of operating income are put into the income itself."""
    model, name = results.model, "vehicle_units"
    if name not in model.segments:
        return {}
    million = results.inputs.number("units_per_million")
    revenue = _path(model, _Place(name, "revenue"))
    return {
        "vehicle_deliveries": _Place(name, "deliveries", 1 / million),
        "vehicle_average_selling_price": _Place(name, "price"),
        "vehicle_revenue": _Place(name, "vehicle_revenue"),
        "vehicle_gross_margin": _Place(name, "gross_margin", is_margin=True),
        "vehicle_operating_income": _Place(name, "ebit"),
        "vehicle_operating_margin": _Place(name, "ebit", revenue, is_margin=True),
    }


def _of_ramp(results: Results) -> dict[str, _Place]:
    """Vehicles from the top down: deliveries and prices are read off revenue, or off income."""
    inputs, name = results.inputs, "vehicle_ramp"
    price = inputs.number("vehicle_base_price_usd") * inputs.number("cny_per_usd")
    of_one = price / inputs.number("units_per_million")
    revenue = _path(results.model, _Place(name, "revenue"))
    places = {
        "vehicle_deliveries": _Place(name, "revenue", of_one),
        "vehicle_revenue": _Place(name, "revenue"),
        "vehicle_operating_income": _Place(name, "operating_income"),
        "vehicle_operating_margin": _Place(name, "operating_income", revenue[1:], is_margin=True),
    }
    if price > 0:
        margin = inputs.number("vehicle_operating_margin_end")
        places["vehicle_average_selling_price"] = _Place(name, "revenue", revenue / price)
        places["vehicle_deliveries_by_income"] = _Place(name, "operating_income", of_one * margin)
    return places


def _of_segments(results: Results) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for business in results.company.businesses:
        if not business.members or not results.counts(business):
            continue
        for entry in business.members:
            group = f"{business.key}.{entry.key}"
            places[f"revenue_{entry.key}"] = _Place(group, "revenue")
            places[f"gross_margin_{entry.key}"] = _Place(group, "gross_margin", is_margin=True)
            if results.company.sold_by_unit(entry.key):
                places[f"{entry.key}_shipments"] = _Place(group, "shipments")
    return places
