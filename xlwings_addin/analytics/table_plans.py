"""Which two inputs the two-way tables of a case are about, and what values they have there.

The case stands in the middle of both axes, so that the middle of a table is its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from xlwings_addin.analytics.question import lever
from xlwings_addin.analytics.sensitivity import Sensitivity, sensitivity_of
from xlwings_addin.analytics.table_sizes import MOST_MOVED, SIZE
from xlwings_addin.analytics.tornado import Tornado
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Business, PartEntry
from xlwings_addin.inputs.drivers import Driver, DriverBook
from xlwings_addin.inputs.expressions import read_formula
from xlwings_addin.inputs.rates import computed_wacc, wacc_source
from xlwings_addin.inputs.rules import require_drawable
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.valuation.parts import implied_part

POINTS = tuple(range(-(SIZE // 2), SIZE // 2 + 1))
RATE_STEP, MARGIN_STEP, GROWTH_STEP = 0.005, 0.01, 0.02
TIMES = (0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0)
"""How many times the case's volume a table looks at: far enough for what a price may need."""
NO_MOVE = 1e-9
"""A change of the value below this, relative, is none."""


class Plan(NamedTuple):
    """The two keys of a table with their values, first down, then across, and what they are keys of."""

    inputs: Inputs
    book: DriverBook
    keys: tuple[str, str]
    values: tuple[Sequence[float], Sequence[float]]


def planned(key: str, inputs: Inputs, book: DriverBook, tornado: Tornado | None) -> Sensitivity | None:
    """A table of a case, over the first two inputs that both move its value.

    None where the company has no two inputs for it, or where no two of them move the value in the case.
    """
    for plan in _plans(key, inputs, book, tornado):
        down, across = plan.values
        try:
            table = sensitivity_of(plan.inputs, plan.book, *plan.keys, values=down, other_values=across)
        except ValuationError:
            continue
        if all(_moves(table, axis) for axis in range(len(table.axes))):
            table = _with_all_it_sets(table, inputs, plan.inputs)
            if all(len(axis.moves) <= MOST_MOVED for axis in table.axes):
                return table
    return None


def _with_all_it_sets(table: Sensitivity, case: Inputs, own: Inputs) -> Sensitivity:
    """A table whose first axis names what it changes in the case beside the input that it is about."""
    first, *others = table.axes
    moved = {key for axis in table.axes for key in axis.moves}
    fixed = {
        key: (own[key],) * len(first.values) for key in own.rows if key not in moved and own[key] != case[key]
    }
    return replace(table, axes=(replace(first, moves={**first.moves, **fixed}), *others))


def _plans(key: str, inputs: Inputs, book: DriverBook, tornado: Tornado | None) -> Iterator[Plan]:
    """The pairs that a table may be about, the plainest first."""
    parts = discounted_parts(inputs.tables.company)
    if key == "first_two":
        yield from _first_two(inputs, book, tornado)
    elif key == "volume_margin":
        yield from _volume_margin(inputs, book)
    elif (place := ("first_rate", "second_rate").index(key)) < len(parts):
        with suppress(ValuationError):
            yield _rate_growth(inputs, book, parts[place])


def _moves(table: Sensitivity, axis: int) -> bool:
    """Whether a step of one input from the case, the other one as it is there, changes the value."""
    middle = [_nearest(one.values, one.start) for one in table.axes]
    along = np.moveaxis(table.table, axis, 0)[:, middle[1 - axis]]
    at = middle[axis]
    steps = along[max(at - 1, 0) : at + 2]
    sound = steps[np.isfinite(steps)]
    return sound.size > 1 and bool(np.ptp(sound) > NO_MOVE * np.abs(sound).max())


def _nearest(values: Sequence[float], start: float) -> int:
    return int(np.argmin(np.abs(np.array(values) - start)))


def _around(start: float, step: float) -> list[float]:
    return [start + step * point for point in POINTS]


# --- cost of capital and terminal growth ------------------------------------------------------------


def _rate_growth(inputs: Inputs, book: DriverBook, part: PartEntry) -> Plan:
    own, drivers, key, start = _rate(inputs, book, part)
    growth = f"{part.key}_terminal_growth"
    values = _around(start, RATE_STEP), _around(inputs.number(growth), RATE_STEP)
    return Plan(own, drivers, (key, growth), values)


def _rate(inputs: Inputs, book: DriverBook, part: PartEntry) -> tuple[Inputs, DriverBook, str, float]:
    """The inputs and drivers in which one key is the rate of a part, that key, and what the rate is.

    A rate that the case computes is written as a printed one of the same height, where the part may have
    one; else it moves by the risk-free rate, with those of all parts.
    """
    source = wacc_source(inputs.tables.company, part.key)
    if source == "typed":
        return inputs, book, f"{part.key}_wacc", inputs.number(f"{part.key}_wacc")
    computed = float(computed_wacc(inputs).wacc)
    if source == "chosen":
        key, basis = f"{part.key}_wacc_printed", f"{part.key}_wacc_basis"
        if inputs.text(basis) == "printed":
            return inputs, book, key, inputs.number(key)
        return inputs.replace(**{basis: "printed", key: computed}), book, key, computed
    text = f"risk_free + (x - {computed!r}) / equity_weight"
    moves = {"risk_free": read_formula(text)}
    start = read_formula(repr(computed))
    driver = Driver(
        "wacc_of_all",
        "WACC of all businesses",
        "rate",
        start,
        None,
        None,
        moves,
        None,
        "",
        "by the risk-free rate",
    )
    return inputs, replace(book, drivers={**book.drivers, driver.key: driver}), driver.key, computed


# --- volume and margin ------------------------------------------------------------------------------


def _volume_margin(inputs: Inputs, book: DriverBook) -> Iterator[Plan]:
    """What is sold and what is earned on it, of the part that delivers, else of the others that have both."""
    company = inputs.tables.company
    delivering = implied_part(company)
    for part in sorted(discounted_parts(company), key=lambda part: part != delivering):
        business = _counted(inputs, part)
        for margin, volume in product(_margins(part.key, business), _volumes(part.key, business)):
            if all(key in book.drivers or book.parameters.has(key) for key in (volume, margin)):
                with suppress(ValuationError):
                    start = lever(inputs, book, volume).start
                    down = _around(start, GROWTH_STEP) if "growth" in volume else [start * x for x in TIMES]
                    across = _around(lever(inputs, book, margin).start, MARGIN_STEP)
                    yield Plan(inputs, book, (volume, margin), (down, across))


def _counted(inputs: Inputs, part: PartEntry) -> Business:
    """The method that counts for a part in a case."""
    methods = inputs.tables.company.methods_of(part.key)
    chosen = None if part.method_key is None else inputs.text(part.method_key)
    return next(one for one in methods if chosen in (None, one.method))


def _volumes(part: str, business: Business) -> Iterator[str]:
    """Keys of a volume that a method may have, the plainest first."""
    if business.template == "capacity_ramp":
        yield from (f"{part}_deliveries", f"{part}_demand_saturation", "demand_saturation")
    elif business.template == "revenue_ramp":
        yield f"{part}_base_deliveries"
    for member in business.members:
        yield from (f"{member.key}_shipment_growth_start", f"{member.key}_growth_start")


def _margins(part: str, business: Business) -> Iterator[str]:
    """Keys of a margin that a method may have, the plainest first.

    A ceiling on the margin that the case does not reach moves nothing, so that others follow.
    """
    if business.template == "capacity_ramp":
        yield f"{part}_gross_margin_ceiling"
    elif business.template == "revenue_ramp":
        yield f"{part}_operating_margin_end"
    yield from (f"{member.key}_gross_margin_end" for member in business.members)
    yield from (f"{part}_operating_margin", f"{part}_margin_points", f"{part}_overhead_ratio_end")


# --- what the tornado ranks first -------------------------------------------------------------------


def _first_two(inputs: Inputs, book: DriverBook, tornado: Tornado | None) -> Iterator[Plan]:
    """The inputs with the widest swings two by two, those that may be drawn together, over their ranges."""
    drawable = [key for key in _ranked(tornado) if _is_drawable(inputs, key)]
    for first, second in combinations(drawable, 2):
        with suppress(ValuationError):
            one, other = (lever(inputs, book, key) for key in (first, second))
            if not set(one.moves) & set(other.moves):
                ranges = _over_range(inputs, first), _over_range(inputs, second)
                yield Plan(inputs, book, (first, second), ranges)


def _ranked(tornado: Tornado | None) -> list[str]:
    return [] if tornado is None else [bar.key for bar in tornado.bars]


def _is_drawable(inputs: Inputs, key: str) -> bool:
    try:
        require_drawable((key,), inputs.tables.company)
    except ValuationError:
        return False
    return True


def _over_range(inputs: Inputs, key: str) -> list[float]:
    """Equal steps from the low end to the case and from there to the high end; over the range from an end."""
    row, start = inputs.row(key), inputs.number(key)
    assert row.low is not None
    assert row.high is not None
    half = SIZE // 2 + 1
    if not row.low < start < row.high:
        return [float(x) for x in np.linspace(row.low, row.high, SIZE)]
    below, above = np.linspace(row.low, start, half), np.linspace(start, row.high, half)
    return [*below[:-1].tolist(), start, *above[1:].tolist()]
