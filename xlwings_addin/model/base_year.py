"""The base year of the build-ups: its reported quarters, and an assumption for each one not reported yet.

A quarter is reported once the group's revenue is: a figure known earlier waits for it. A base year without a
reported quarter gives zeros: neither build-up can start from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xlwings_addin.model.parameters import SEGMENTS
from xlwings_addin.model.tables import Tables

QUARTERS = tuple(f"{year}Q{quarter}" for year in (2024, 2025) for quarter in (1, 2, 3, 4))
"""The quarters the sheets show."""
LEAST_REPORTED = 3
MARGIN_KEYS = tuple(f"gross_margin_{segment}" for segment in SEGMENTS)
"""One quarter is enough of these."""
CORE_KEYS = (*(f"revenue_{segment}" for segment in SEGMENTS), "smartphone_shipments")
VEHICLE_KEYS = (
    *("vehicle_deliveries", "vehicle_revenue", "vehicle_segment_revenue", "gross_margin_vehicle_segment"),
)

Number = Callable[[str], float]


@dataclass(frozen=True)
class Figure:
    """A figure of the base year: what is reported, what is assumed, and the two together."""

    reported: float
    assumed: float

    @property
    def year(self) -> float:
        return self.reported + self.assumed


@dataclass(frozen=True)
class SegmentBase:
    """A segment's revenue, and its gross margin over the quarters that report one."""

    revenue: Figure
    revenue_with_margin: float
    gross_profit: float

    @property
    def gross_margin(self) -> float:
        return self.gross_profit / self.revenue_with_margin if self.revenue_with_margin else 0.0


@dataclass(frozen=True)
class BaseYear:
    """Where the build-ups start. Money in CNY m, shipments and deliveries in millions, prices in CNY."""

    quarters_reported: float
    quarters_missing: float
    segments: dict[str, SegmentBase]
    shipments: Figure
    deliveries: Figure
    earlier_deliveries: float
    vehicle_revenue: Figure
    vehicle_margin: SegmentBase
    vehicle_result: float
    group_revenue: float
    core_research: float
    vehicle_research: float

    @property
    def core_revenue(self) -> float:
        return sum(segment.revenue.year for segment in self.segments.values())

    @property
    def vehicle_result_margin(self) -> float:
        """The reported result of the vehicle segment over its reported revenue."""
        revenue = self.vehicle_margin.revenue.reported
        return self.vehicle_result / revenue if revenue else 0.0

    @property
    def cumulative_deliveries(self) -> float:
        return self.earlier_deliveries + self.deliveries.year

    @property
    def smartphone_price(self) -> float:
        """Average price; CNY m over m units is CNY per unit."""
        revenue = self.segments["smartphone"].revenue.year
        return revenue / self.shipments.year if self.shipments.year else 0.0

    @property
    def price(self) -> float:
        """Average price; CNY m over m vehicles is CNY per vehicle."""
        return self.vehicle_revenue.year / self.deliveries.year if self.deliveries.year else 0.0


def quarters_of(year: int) -> list[str]:
    """Its quarters among those the sheets show."""
    return [quarter for quarter in QUARTERS if quarter.startswith(f"{year}Q")]


def reported_quarters(tables: Tables, year: int) -> list[str]:
    """The quarters of a year whose group revenue is known."""
    return [quarter for quarter in quarters_of(year) if _known(tables, "revenue", quarter)]


def _known(tables: Tables, key: str, quarter: str) -> bool:
    """Whether there is a figure; a spreadsheet does not tell a blank from a nought."""
    return tables.has(key, quarter) and tables.row(key, quarter).number != 0


def deliveries(tables: Tables, year: int, number: Number) -> float:
    """Vehicles of the base year in millions, reported and assumed; 0 where no quarter is reported."""
    return base_year(tables, year, number).deliveries.year


def base_year(tables: Tables, year: int, number: Number) -> BaseYear:
    """The base year from the tables and the scalars that `number` gives."""
    quarters, reported = quarters_of(year), reported_quarters(tables, year)
    missing = float(len(quarters) - len(reported)) if reported else 0.0
    started = 1.0 if reported else 0.0

    def total(key: str, periods: Sequence[str] = reported) -> float:
        return float(tables.series(key, periods, default=0.0).sum())

    def segment(revenue_key: str, margin_key: str, assumed: float) -> SegmentBase:
        known = [quarter for quarter in reported if _known(tables, margin_key, quarter)]
        revenue = tables.series(revenue_key, known, default=0.0)
        return SegmentBase(
            revenue=Figure(total(revenue_key), assumed),
            revenue_with_margin=float(revenue.sum()),
            gross_profit=float(np.dot(revenue, tables.series(margin_key, known))),
        )

    million = number("units_per_million")
    assumed_shipments = missing * number("assumed_smartphone_shipments")
    assumed_revenue = {
        "smartphone": assumed_shipments * number("assumed_smartphone_price"),
        "iot": missing * number("assumed_iot_revenue"),
        "internet": missing * number("assumed_internet_revenue"),
    }
    assumed_deliveries = missing * number("assumed_vehicle_deliveries")
    earlier = [quarter for quarter in QUARTERS if quarter < f"{year}Q1"]
    research = number("group_research") * started
    return BaseYear(
        quarters_reported=float(len(reported)),
        quarters_missing=missing,
        segments={
            each: segment(f"revenue_{each}", f"gross_margin_{each}", assumed_revenue[each])
            for each in SEGMENTS
        },
        shipments=Figure(total("smartphone_shipments"), assumed_shipments),
        deliveries=Figure(total("vehicle_deliveries") / million, assumed_deliveries),
        earlier_deliveries=total("vehicle_deliveries", earlier) / million * started,
        vehicle_revenue=Figure(
            total("vehicle_revenue"), assumed_deliveries * number("assumed_vehicle_price")
        ),
        vehicle_margin=segment("vehicle_segment_revenue", "gross_margin_vehicle_segment", 0.0),
        vehicle_result=total("vehicle_segment_result"),
        group_revenue=total("revenue"),
        core_research=research * (1 - number("vehicle_research_share")),
        vehicle_research=research * number("vehicle_research_share"),
    )
