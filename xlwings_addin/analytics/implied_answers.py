"""What has to happen for one price, by every driver of a company; for one without drivers, by its inputs.

A driver that cannot be asked in the case says why. Plants that follow demand and plants as they are answer
differently, so that a driver of deliveries which moves plants is asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from xlwings_addin.analytics.implied import Implied, solve_for
from xlwings_addin.analytics.iso import IsoCurve, IsoPoint, curve_for, points_at
from xlwings_addin.analytics.question import lever
from xlwings_addin.analytics.tornado import Tornado
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.drivers import Driver, DriverBook
from xlwings_addin.inputs.rules import require_drawable
from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.valuation.draws import TracedCase
from xlwings_addin.valuation.parts import implied_part

MOST = 8
"""Inputs that are asked where a company has no drivers."""
CURVE_POINTS = 5
FEWEST_POINTS = 3
"""Pairs below which a picture of them says nothing."""
MARGIN_STEP, FURTHEST = 0.01, 12
"""Points between the margins of the pairs, and how many of them from the case a pair is looked for."""
GOAL, GOAL_MEASURE, MILLIONS = "article_003_revenue_goal", "group_revenue_usd", 1000.0
"""The revenue that an article expects, USD bn, and the measure that it is a value of, USD m."""
GOAL_DRIVERS = ("vehicle_deliveries", "devices_growth_points")
MARGIN = "{part}_operating_margin"
DELIVERIES = "{part}_deliveries"


class Asked(NamedTuple):
    """A driver that is asked, by its key and what stays, and what it says or why it says nothing."""

    key: str
    label: str
    hold: tuple[str, ...]
    answer: Implied | None
    refused: str = ""


class ImpliedAnswers:
    """The answers to one price in one case."""

    def __init__(self, inputs: Inputs, book: DriverBook, price: float, tornado: Tornado | None) -> None:
        self.inputs, self.book, self.price, self._tornado = inputs, book, price, tornado

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        return tuple(self._ask(label, key, hold) for label, key, hold in self._questions())

    def _questions(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for driver in self.book.drivers.values():
            yield driver.label, driver.key, ()
            if kept := plants_of(driver):
                yield f"{driver.label.partition(' with ')[0]} with plants as they are", driver.key, kept
        if not self.book.drivers:
            yield from ((bar_label, key, ()) for key, bar_label in self._first_inputs())

    def _first_inputs(self) -> list[tuple[str, str]]:
        bars = () if self._tornado is None else self._tornado.bars
        drawn = ((bar.key, bar.label) for bar in bars if _is_drawable(self.inputs, bar.key))
        return [one for _, one in zip(range(MOST), drawn, strict=False)]

    @cached_property
    def goal(self) -> tuple[Asked, ...]:
        """What has to happen for the revenue that an article names, by deliveries and by devices' growth."""
        row = goal_of(self.inputs.tables, self.book)
        if row is None:
            return ()
        target = f"{GOAL_MEASURE}@{row.period.removeprefix('FY')}"
        drivers = [self.book.drivers[key] for key in GOAL_DRIVERS if key in self.book.drivers]
        return tuple(
            self._ask(one.label, one.key, (), target=target, wanted=row.number * MILLIONS) for one in drivers
        )

    def _ask(
        self,
        label: str,
        key: str,
        hold: tuple[str, ...],
        *,
        target: str = "",
        wanted: float | None = None,
    ) -> Asked:
        values = np.array([self.price if wanted is None else wanted])
        about = (self.inputs, self.book, values, key)
        try:
            solved = solve_for(*about, target=target, hold=hold, traced=self._traced)
            return Asked(key, label, hold, solved)
        except ValuationError as error:
            return Asked(key, label, hold, None, str(error))

    @cached_property
    def _traced(self) -> TracedCase:
        return TracedCase(self.inputs)

    def of(self, key: str) -> Implied | None:
        """The answer of a driver without anything that stays."""
        return next((one.answer for one in self.asked if one.key == key and not one.hold), None)

    @cached_property
    def deliveries(self) -> Implied | None:
        """The answer of the deliveries of the part that delivers."""
        part = implied_part(self.inputs.tables.company)
        return None if part is None else self.of(DELIVERIES.format(part=part.key))

    @cached_property
    def curve(self) -> IsoCurve | None:
        """Deliveries against the margin of vehicles, worth the price; else the first two inputs.

        The margins are those around the case, or the nearest ones at which there are such pairs.
        """
        pair = self._pair()
        if pair is None:
            return None
        solve, against = pair
        try:
            if against not in self.book.drivers:
                row = self.inputs.row(against)
                values = np.linspace(row.low or 0.0, row.high or 0.0, CURVE_POINTS).tolist()
                return self._curve(solve, against, values)
            start, half = lever(self.inputs, self.book, against).start, CURVE_POINTS // 2
            around = self._curve(solve, against, _steps(start, -half, half))
            return replace(around, points=self._fullest(list(around.points), start, solve, against))
        except ValuationError:
            return None

    def _fullest(
        self, points: list[IsoPoint], start: float, solve: str, against: str
    ) -> tuple[IsoPoint, ...]:
        """The neighbours with the most pairs among them, of several the nearest to the case.

        Points further out are looked at only while no neighbours nearer to the case are all pairs.
        """
        nearest, price = CURVE_POINTS // 2, np.array([self.price])
        fullest = _fullest(points)
        if all(point.values for point in fullest):
            return fullest
        below, above = _steps(start, -FURTHEST, -nearest - 1), _steps(start, nearest + 1, FURTHEST)
        further = points_at([*below, *above], self.inputs, self.book, price, solve, against)
        for away in range(1, FURTHEST - nearest + 1):
            left, right = further[len(below) - away], further[len(below) + away - 1]
            points = [left, *points, right]
            fullest = _fullest(points)
            if all(point.values for point in fullest):
                break
        return fullest

    def _curve(self, solve: str, against: str, values: list[float]) -> IsoCurve:
        return curve_for(self.inputs, self.book, np.array([self.price]), solve, against, values=values)

    def _pair(self) -> tuple[str, str] | None:
        part = implied_part(self.inputs.tables.company)
        if part is not None:
            keys = DELIVERIES.format(part=part.key), MARGIN.format(part=part.key)
            if all(key in self.book.drivers for key in keys):
                return keys
        first = [key for key, _ in self._first_inputs()]
        return (first[0], first[1]) if len(first) > 1 else None


def _steps(start: float, first: int, last: int) -> list[float]:
    return [start + MARGIN_STEP * place for place in range(first, last + 1)]


def _fullest(points: Sequence[IsoPoint]) -> tuple[IsoPoint, ...]:
    """The neighbours with the most pairs among them, of several the nearest to the middle."""
    middle = (len(points) - CURVE_POINTS) // 2

    def rank(first: int) -> tuple[int, int]:
        pairs = sum(bool(point.values) for point in points[first : first + CURVE_POINTS])
        return -pairs, abs(first - middle)

    first = min(range(len(points) - CURVE_POINTS + 1), key=rank)
    return tuple(points[first : first + CURVE_POINTS])


def goal_of(tables: Tables, book: DriverBook) -> Row | None:
    """The newest revenue that an article names for a year to come; None where there is none to ask about."""
    periods = tables.periods(GOAL)
    return tables.row(GOAL, periods[-1]) if periods and GOAL_MEASURE in book.measures else None


def plants_of(driver: Driver) -> tuple[str, ...]:
    """The plants that a driver moves beside what it is about."""
    return tuple(key for key in driver.moves if key.startswith("plant_")) if len(driver.moves) > 1 else ()


def _is_drawable(inputs: Inputs, key: str) -> bool:
    try:
        require_drawable((key,), inputs.tables.company)
    except ValuationError:
        return False
    return True
