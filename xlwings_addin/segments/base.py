"""The base year as the businesses read it: one line for each figure they start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np

from xlwings_addin.inputs.base_year import BaseYear, base_year
from xlwings_addin.inputs.company import Business, Company, SegmentEntry
from xlwings_addin.segments.lines import Lines, ModelLine, Scalar, line, named_line

Read = Callable[[BaseYear], Any]


class BaseFigures(Lines):
    """Reported quarters, and an assumption for each one not reported yet, added up.

    `inputs.base_year` says how; the units are those of the tables. `base_figures` adds the lines of the
    segments of a company.
    """

    @line("Base year", unit="record")
    def figures(self) -> BaseYear:
        """all of it, with what is reported and what is assumed apart"""
        year, day = self.inputs.count("base_year"), self.inputs.day("valuation_date")
        return base_year(self.inputs.tables, year, self.inputs.number, day)

    @line("Quarters reported", unit="count")
    def quarters_reported(self) -> Scalar:
        return self.figures.quarters_reported

    def of(self, key: str) -> Scalar:
        """A line by its key."""
        value: Scalar = getattr(self, key)
        return value

    @property
    def has_started(self) -> bool:
        """Whether there is a reported quarter to start from."""
        return bool(self.quarters_reported)

    @cached_property
    def has_deliveries(self) -> bool:
        """Whether there are deliveries to start from, in any scenario."""
        return bool(np.any(np.asarray(self.of("deliveries")) > 0))


def _line(key: str, label: str, unit: str, read: Read) -> ModelLine[Any]:
    return named_line(key, label, lambda self: read(self.figures), unit=unit)


def _of_segment(company: Company, segment: SegmentEntry) -> Iterator[ModelLine[Any]]:
    key, label = segment.key, segment.label
    if company.sold_by_unit(key):
        shipped, price = f"{label} shipped", f"Average price of a {segment.unit}"
        yield _line(segment.line("shipments"), shipped, "m units", lambda base: base.shipments_of[key].year)
        yield _line(f"{key}_price", price, "{currency} per unit", lambda base: base.price_of(key))
    else:
        yield _line(f"{key}_revenue", label, "{currency} m", lambda base: base.segments[key].revenue.year)
    margin = f"Gross margin, {label}"
    yield _line(f"{key}_gross_margin", margin, "ratio", lambda base: base.segments[key].gross_margin)


def _of_group(business: Business) -> ModelLine[Any]:
    members, label = business.members, f"Revenue of {business.label.lower()}"
    return _line(f"{business.key}_revenue", label, "{currency} m", lambda base: base.revenue_of(members))


def _of_research(part: str) -> ModelLine[Any]:
    label = f"Research charged to {part}"
    return _line(f"{part}_research", label, "{currency} m", lambda base: base.research[part])


def _of_deliveries(part: str) -> Iterator[ModelLine[Any]]:
    millions = "m vehicles"
    yield _line("deliveries", "Vehicles delivered", millions, lambda base: base.deliveries.year)
    earlier = "Vehicles delivered before the base year"
    yield _line("earlier_deliveries", earlier, millions, lambda base: base.earlier_deliveries)
    price = "Average price of a vehicle"
    yield _line(f"{part}_price", price, "{currency} per vehicle", lambda base: base.price)
    margin = "Gross margin, vehicles"
    yield _line(f"{part}_gross_margin", margin, "ratio", lambda base: base.vehicle_margin.gross_margin)


@cache
def base_figures(company: Company) -> type[BaseFigures]:
    """The lines of the base year of a company: those of its segments, groups and deliveries."""
    lines: list[ModelLine[Any]] = []
    for business in company.businesses:
        for segment in business.members:
            lines += _of_segment(company, segment)
        if business.members:
            lines.append(_of_group(business))
    lines += [_of_research(part) for part in company.researching]
    if company.delivering is not None:
        lines += _of_deliveries(company.delivering)
    return type("CompanyBaseFigures", (BaseFigures,), {line.key: line for line in lines})
