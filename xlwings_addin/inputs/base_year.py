"""The base year of the build-ups: its reported quarters, and an assumption for each one not reported yet.

A quarter is reported once the group's revenue is: a figure known earlier waits for it, and a case counts a
quarter from the day of its announcement, so that later results do not enter an earlier valuation. One
reported quarter is the least a build-up can start from: an assumed quarter has units, prices and revenues,
but its margins are those of the reported ones. A base year without a reported quarter gives zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from xlwings_addin.core.years import Scalar, ratio
from xlwings_addin.inputs.calendar import REPORTED_BY, BaseQuarters, is_quarter, quarters_of
from xlwings_addin.inputs.company import Business, Company, SegmentEntry
from xlwings_addin.inputs.renamed import FormerAttributes
from xlwings_addin.inputs.tables import Tables

LEAST_REPORTED = 1
"""Quarters of the base year that must be reported for a build-up to start from it."""


def needed_keys(company: Company, business: Business) -> tuple[str, ...]:
    """The figures that a business starts from: every reported quarter of the base year has them."""
    if business.members:
        units = [segment.key for segment in business.members if company.sold_by_unit(segment.key)]
        revenue = [f"revenue_{segment.key}" for segment in business.members]
        return (*revenue, *(f"{key}_shipments" for key in units))
    key = business.part.key
    if company.delivering != key or business.template != "capacity_ramp":
        return ()
    return (f"{key}_deliveries", f"{key}_revenue", f"{key}_segment_revenue", f"gross_margin_{key}_segment")


def margin_keys(business: Business) -> tuple[str, ...]:
    """Figures of which one quarter is enough."""
    return tuple(f"gross_margin_{segment.key}" for segment in business.members)


Number = Callable[[str], Any]
"""What gives a scalar by its key: a float, or an array with one for each scenario."""


@dataclass(frozen=True)
class BaseYearFigure:
    """A figure of the base year: what is reported, what is assumed, and the two together."""

    reported: float
    assumed: float

    @property
    def year(self) -> float:
        return self.reported + self.assumed


@dataclass(frozen=True)
class SegmentBase:
    """A segment's revenue, and its gross margin over the quarters that report one."""

    revenue: BaseYearFigure
    revenue_with_margin: float
    gross_profit: float

    @property
    def gross_margin(self) -> float:
        return self.gross_profit / self.revenue_with_margin if self.revenue_with_margin else 0.0


@dataclass(frozen=True)
class BaseYear(FormerAttributes):
    """Where the build-ups start. Money in millions, shipments and deliveries in millions, prices in units.

    segments    those of the groups, by key
    shipments_of    units of those that are sold by the unit, by key
    research    what is charged to a part, by its key
    The figures of deliveries are those of the part whose cost follows them; nothing where there is none.
    """

    quarters: BaseQuarters
    segments: dict[str, SegmentBase]
    shipments_of: dict[str, BaseYearFigure]
    deliveries: BaseYearFigure
    earlier_deliveries: float
    vehicle_revenue: BaseYearFigure
    vehicle_margin: SegmentBase
    vehicle_result: float
    group_revenue: float
    research: dict[str, float]

    @property
    def quarters_reported(self) -> float:
        return float(len(self.quarters.reported))

    @property
    def quarters_missing(self) -> float:
        """The quarters that an assumption stands for."""
        return float(len(self.quarters.assumed))

    def revenue_of(self, segments: Iterable[SegmentEntry]) -> float:
        """The revenue of segments together."""
        return sum(self.segments[segment.key].revenue.year for segment in segments)

    @property
    def devices_revenue(self) -> float:
        """The revenue of all segments in groups."""
        return sum(segment.revenue.year for segment in self.segments.values())

    @property
    def devices_research(self) -> float:
        """The research that the first of the parts is charged."""
        return next(iter(self.research.values()))

    def price_of(self, segment: str) -> Scalar:
        """Average price of a segment; millions over millions of units is money a unit."""
        return ratio(self.segments[segment].revenue.year, self.shipments_of[segment].year)

    @property
    def vehicle_result_margin(self) -> float:
        """The reported result of the vehicle segment over its reported revenue."""
        revenue = self.vehicle_margin.revenue.reported
        return self.vehicle_result / revenue if revenue else 0.0

    @property
    def cumulative_deliveries(self) -> float:
        return self.earlier_deliveries + self.deliveries.year

    @property
    def price(self) -> Scalar:
        """Average price of what is delivered; millions over millions is money a unit."""
        return ratio(self.vehicle_revenue.year, self.deliveries.year)


def _has_figure(tables: Tables, key: str, quarter: str) -> bool:
    """Whether there is a figure; a spreadsheet does not tell a blank from a nought."""
    return tables.has(key, quarter) and tables.row(key, quarter).number != 0


def missing_deliveries(tables: Tables, year: int) -> str | None:
    """The first quarter before a base year, since the first delivery, that lacks its deliveries; or None.

    The cost of a vehicle follows all ever made, so that a quarter left out would make the next ones dearer.
    """
    key = f"{tables.company.delivering}_deliveries"
    delivered = tables.periods(key)
    before = [quarter for quarter in tables.calendar.quarters_before(year) if delivered]
    started = [quarter for quarter in before if quarter >= min(filter(is_quarter, delivered), default="")]
    return next((quarter for quarter in started if not tables.has(key, quarter)), None)


def announced(tables: Tables, period: str) -> date:
    """The day on which the group's revenue of a reported period was first known."""
    return min(row.as_of for row in tables.figures[REPORTED_BY, period])


def base_quarters(tables: Tables, year: int, day: date) -> BaseQuarters:
    """The quarters of a base year as they were on `day`: one announced later was not reported then."""
    quarters = tables.calendar.base(year)
    reported = tuple(quarter for quarter in quarters.reported if announced(tables, quarter) <= day)
    others = tuple(quarter for quarter in quarters_of(year) if quarter not in reported)
    return BaseQuarters(year, reported, others if reported else ())


def deliveries(tables: Tables, year: int, number: Number, day: date = date.max) -> float:
    """Vehicles of the base year in millions, reported and assumed; 0 where no quarter is reported."""
    return _deliveries(reported_figures(tables, year, day), number).year


class ReportedFigures:
    """What the tables say of a base year as it stood on a day, each figure worked out once.

    Nothing of it rests on an input: all cases of that year and day share it.
    """

    def __init__(self, tables: Tables, year: int, day: date) -> None:
        self.tables = tables
        self.quarters = base_quarters(tables, year, day)
        self.missing = float(len(self.quarters.assumed))
        self.started = float(self.quarters.started)
        self._earlier = tables.calendar.quarters_before(year)
        self._totals: dict[str, float] = {}
        self._totals_before: dict[str, float] = {}
        self._margins: dict[tuple[str, str], tuple[float, float]] = {}

    def total(self, key: str) -> float:
        """A figure of all reported quarters together."""
        if key not in self._totals:
            self._totals[key] = self._total(key, self.quarters.reported)
        return self._totals[key]

    def total_before(self, key: str) -> float:
        """A figure of all quarters before the base year together."""
        if key not in self._totals_before:
            self._totals_before[key] = self._total(key, self._earlier)
        return self._totals_before[key]

    def margin(self, revenue_key: str, margin_key: str) -> tuple[float, float]:
        """The revenue of the quarters that report a gross margin, and their gross profit."""
        if (revenue_key, margin_key) not in self._margins:
            quarters = [q for q in self.quarters.reported if _has_figure(self.tables, margin_key, q)]
            revenue = self.tables.series(revenue_key, quarters, default=0.0)
            profit = np.dot(revenue, self.tables.series(margin_key, quarters))
            self._margins[revenue_key, margin_key] = float(revenue.sum()), float(profit)
        return self._margins[revenue_key, margin_key]

    def _total(self, key: str, periods: Sequence[str]) -> float:
        tables = self.tables
        return sum((tables.row(key, period).number for period in periods if tables.has(key, period)), 0.0)


def reported_figures(tables: Tables, year: int, day: date) -> ReportedFigures:
    """The figures of a base year as they stood on a day; the tables keep them."""
    kept, name = tables.worked_out, (ReportedFigures, year, day)
    if name not in kept:
        kept[name] = ReportedFigures(tables, year, day)
    figures: ReportedFigures = kept[name]
    return figures


def _deliveries(reported: ReportedFigures, number: Number) -> BaseYearFigure:
    part = reported.tables.company.delivering
    if part is None:
        return BaseYearFigure(0.0, 0.0)
    assumed = reported.missing * number(f"assumed_{part}_deliveries")
    return BaseYearFigure(reported.total(f"{part}_deliveries") / number("units_per_million"), assumed)


def _segment(reported: ReportedFigures, revenue_key: str, margin_key: str, assumed: float) -> SegmentBase:
    revenue = BaseYearFigure(reported.total(revenue_key), assumed)
    return SegmentBase(revenue, *reported.margin(revenue_key, margin_key))


def _research(company: Company, started: float, number: Number) -> dict[str, float]:
    """The group's research, split between the parts; the first has what the others leave."""
    first, *others = company.researching or ("",)
    research = number("group_research") * started
    shares = {part: number(f"{part}_research_share") for part in others}
    left = 1 - sum(shares.values())
    return {first: research * left} | {part: research * share for part, share in shares.items()}


def base_year(tables: Tables, year: int, number: Number, day: date = date.max) -> BaseYear:
    """The base year from the tables, as reported on `day`, and the scalars that `number` gives."""
    reported = reported_figures(tables, year, day)
    company, missing = tables.company, reported.missing
    segments, shipments = {}, {}
    for entry in company.grouped:
        key = entry.key
        if company.sold_by_unit(key):
            assumed = missing * number(f"assumed_{key}_shipments")
            shipments[key] = BaseYearFigure(reported.total(f"{key}_shipments"), assumed)
            assumed_revenue = assumed * number(f"assumed_{key}_price")
        else:
            assumed_revenue = missing * number(f"assumed_{key}_revenue")
        segments[key] = _segment(reported, f"revenue_{key}", f"gross_margin_{key}", assumed_revenue)
    part, delivered = company.delivering, _deliveries(reported, number)
    return BaseYear(
        quarters=reported.quarters,
        segments=segments,
        shipments_of=shipments,
        deliveries=delivered,
        earlier_deliveries=0.0
        if part is None
        else reported.total_before(f"{part}_deliveries") / number("units_per_million") * reported.started,
        vehicle_revenue=BaseYearFigure(
            reported.total(f"{part}_revenue"),
            0.0 if part is None else delivered.assumed * number(f"assumed_{part}_price"),
        ),
        vehicle_margin=_segment(reported, f"{part}_segment_revenue", f"gross_margin_{part}_segment", 0.0),
        vehicle_result=reported.total(f"{part}_segment_result"),
        group_revenue=reported.total("revenue"),
        research=_research(company, reported.started, number),
    )
