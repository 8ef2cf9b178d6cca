"""Assumed quarters against reported ones, in money a share: what a case said of a quarter, and what came.

The error of a line is what it moves the value of a share by, split by Shapley values over the lines, so that
the parts add up to what the quarter as a whole has moved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xlwings_addin.analytics.assumed_quarters import AssumedFigure, as_assumed, assumed_figures
from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.inputs.calendar import REPORTED_BY
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.valuation.xiaomi import Results, evaluate


@dataclass(frozen=True)
class QuarterWorth:
    """A line of the business, its figures of quarters now reported, and what they were worth."""

    line: str
    figures: tuple[AssumedFigure, ...]
    per_share: float


def quarter_worths(before: Results, after: Results) -> tuple[QuarterWorth, ...]:
    """The lines whose figures differ from their assumptions in quarters that `after` has as reported."""
    figures = assumed_figures(before, after)
    if not figures:
        return ()
    start = replace(after.inputs, tables=as_assumed(before, after))
    worths = []
    for driver in bridge(start, after.inputs, by="line", exact_up_to=7, samples=8).drivers:
        keys = {change.key for change in driver.changes}
        own = tuple(figure for figure in figures if figure.key in keys)
        worths.append(QuarterWorth(driver.label, own, driver.part))
    return tuple(worths)


def scored_quarters(inputs: Inputs) -> tuple[QuarterWorth, ...]:
    """What a case assumed for quarters of its base year that its tables have as reported by now.

    The case keeps its date and all else: only these quarters are counted as if they had been known.
    """
    before = evaluate(inputs)
    assumed = before.base_year.quarters.assumed
    reported = [quarter for quarter in assumed if quarter in inputs.tables.calendar.reported_quarters]
    if not reported:
        return ()
    announced = _announced(inputs.tables, reported, inputs)
    return quarter_worths(before, evaluate(replace(inputs, tables=announced)))


def _announced(tables: Tables, quarters: list[str], inputs: Inputs) -> Tables:
    """The tables with quarters announced by the valuation date."""
    day = inputs.day("valuation_date")
    history = tuple(
        replace(row, as_of=min(row.as_of, day)) if row.key == REPORTED_BY and row.period in quarters else row
        for row in tables.history
    )
    return replace(tables, history=history)
