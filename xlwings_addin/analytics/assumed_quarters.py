"""What an assumption for a quarter was worth against the fact, once the quarter is reported.

The base year of a case has an assumption for each quarter that is not reported yet. When one is, its figures
are written here as they were assumed: valued with those, a case is worth what it was before. What then moves
the value of a share is fact against assumption, line by line.

    units, price and revenue    the case's own inputs for a quarter not reported
    gross margins               those of the quarters reported before, which an assumed quarter has
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xlwings_addin.inputs.calendar import REPORTED_BY
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.valuation.xiaomi import Results, evaluate

SAME = 1e-9
"""How far apart two values may be, relative, that are one."""


@dataclass(frozen=True)
class AssumedFigure:
    """A figure of a quarter as it was assumed, and as it is reported."""

    key: str
    quarter: str
    unit: str
    assumed: float
    reported: float


def newly_reported(before: Results, after: Results) -> tuple[str, ...]:
    """The quarters that one valuation assumes and a later one of the same base year has as reported."""
    reported = after.base_year.quarters.reported
    return tuple(quarter for quarter in before.base_year.quarters.assumed if quarter in reported)


def assumed_figures(before: Results, after: Results) -> tuple[AssumedFigure, ...]:
    """The figures of quarters that turned from assumed into reported, of those the base year starts from."""
    tables, assumed = after.inputs.tables, dict(_assumed(before))
    return tuple(
        AssumedFigure(key, quarter, row.unit, value, row.number)
        for quarter in newly_reported(before, after)
        for key, value in assumed.items()
        if tables.has(key, quarter)
        for row in (tables.row(key, quarter),)
    )


def as_assumed(before: Results, after: Results) -> Tables:
    """The tables of a later valuation, with its newly reported quarters as they were assumed."""
    figures = {(one.key, one.quarter): one.assumed for one in assumed_figures(before, after)}
    tables = after.inputs.tables
    written: dict[tuple[str, str], Row] = {}
    for at, value in figures.items():
        row = tables.row(*at)
        written[at] = replace(row, value=value, text=repr(value), note="as it was assumed")
    kept = (row for row in tables.history if (row.key, row.period) not in written)
    return replace(tables, history=(*kept, *written.values()))


def start_of_split(before: Inputs, after: Inputs) -> Inputs:
    """Inputs worth what `before` is, with the quarters that `after` has reported as they were assumed.

    From there a change of the value is that of fact against assumption, not of a row against none. Where that
    moves the value, or nothing is newly reported, `before` itself.
    """
    if before.tables is after.tables or before.tables.company != after.tables.company:
        return before
    one, other = evaluate(before), evaluate(after)
    quarters = newly_reported(one, other)
    if not quarters or one.base_year.quarters.year != other.base_year.quarters.year:
        return before
    added = [row for row in as_assumed(one, other).history if row.period in quarters]
    kept = [row for row in before.tables.history if row.period not in quarters]
    started = replace(before, tables=replace(before.tables, history=(*kept, *added)))
    value, same = (evaluate(inputs).sotp.value_per_share for inputs in (started, before))
    return started if abs(value - same) <= SAME * abs(same) else before


def without_later_quarters(before: Results) -> Tables:
    """The tables of a case without the quarters its base year does not count as reported.

    A date moved by itself then brings no new fact.
    """
    tables, reported = before.inputs.tables, before.base_year.quarters.reported
    year = before.inputs.count("base_year")
    later = {
        quarter
        for quarter in tables.calendar.reported_quarters
        if int(quarter[:4]) > year or (int(quarter[:4]) == year and quarter not in reported)
    }
    if not later:
        return tables
    history = tuple(row for row in tables.history if row.key != REPORTED_BY or row.period not in later)
    return replace(tables, history=history)


def _assumed(before: Results) -> Iterator[tuple[str, float]]:
    """What an assumed quarter has, by the keys of the tables."""
    inputs, base, company = before.inputs, before.base_year, before.company
    for entry in company.grouped:
        key = entry.key
        if company.sold_by_unit(key):
            units = inputs.number(f"assumed_{key}_shipments")
            yield f"{key}_shipments", units
            yield f"revenue_{key}", units * inputs.number(f"assumed_{key}_price")
        else:
            yield f"revenue_{key}", inputs.number(f"assumed_{key}_revenue")
        yield f"gross_margin_{key}", _plain(base.segments[key].gross_margin)
    part = company.delivering
    if part is not None:
        units = inputs.number(f"assumed_{part}_deliveries")
        yield f"{part}_deliveries", units * inputs.number("units_per_million")
        yield f"{part}_revenue", units * inputs.number(f"assumed_{part}_price")
        yield f"gross_margin_{part}_segment", _plain(base.vehicle_margin.gross_margin)


def _plain(value: object) -> float:
    return float(np.asarray(value).item())
