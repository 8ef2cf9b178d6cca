"""What a model gives along one number: sampled, with its turns and the edges of its rules looked into.

Between two neighbouring points a curve then goes one way, so that every change of sign is a bracket with one
root, and what is nearest to a target that is not reached is one of the points.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.roots import root_steps

Floats = NDArray[np.float64]
Model = Callable[[Floats], Floats]
"""Values at points; NaN where a point breaks a rule."""
Result = TypeVar("Result")
Steps = Generator[Floats, Floats, Result]
"""What asks for the values at some points, is sent them, and comes to a result."""

POINTS = 129
"""Points on each scale: equal steps of the range, and steps that grow with the distance from the start."""
REACH = 100.0
"""How far a range without an end is looked into, in times of the scale."""
ZOOMS, ZOOM_POINTS = 5, 17
"""Each zoom narrows a place eightfold or sixteenfold: a turn is then level at 1e-9 of its height."""
LEVEL = 1e-12
"""Relative: changes below it are rounding, no turn."""
JUMP = 1e-6
"""A root whose value misses the target by more, relative to the bracket's height, is a jump across it."""


@dataclass(frozen=True)
class Curve:
    """Points in order, and the values there; NaN where a rule is broken."""

    points: Floats
    values: Floats

    @property
    def is_level(self) -> bool:
        """Whether the number moves nothing."""
        values = self.values[np.isfinite(self.values)]
        return bool(np.ptp(values) <= LEVEL * np.abs(values).max())


@dataclass(frozen=True)
class Crossings:
    """Where a curve meets targets: the number of the target, and the point, in the order of both."""

    target: NDArray[np.intp]
    point: Floats


def grid(low: float, high: float, *, start: float, scale: float) -> Floats:
    """Points from `low` to `high`, finer around `start`; an end may be infinite."""
    far = start + scale * np.sinh(np.linspace(-1.0, 1.0, 2 * POINTS + 1) * np.arcsinh(REACH))
    points = [far, np.array([start])]
    if np.isfinite(low) and np.isfinite(high):
        points.append(np.linspace(low, high, POINTS))
    points.append(np.array([end for end in (low, high) if np.isfinite(end)]))
    every = np.unique(np.concatenate(points))
    return every[(every >= low) & (every <= high)]


def answered(steps: Steps[Result], model: Model) -> Result:
    """What steps that ask for values at points come to with a model."""
    return together([steps], lambda points, _: model(points))[0]


def together(
    all_steps: Sequence[Steps[Result]], model: Callable[[Floats, NDArray[np.intp]], Floats]
) -> list[Result]:
    """What several such steps come to; their points are valued at once, each with the number of its steps."""
    results: dict[int, Result] = {}
    asked: dict[int, Floats] = {}
    answers: dict[int, Floats | None] = dict.fromkeys(range(len(all_steps)))
    while answers:
        for number, values in answers.items():
            try:
                steps = all_steps[number]
                asked[number] = next(steps) if values is None else steps.send(values)
            except StopIteration as done:
                results[number] = done.value
                asked.pop(number, None)
        sizes = [len(points) for points in asked.values()]
        which = np.repeat(list(asked), sizes).astype(np.intp)
        valued = model(np.concatenate([*asked.values()]), which) if asked else np.empty(0)
        answers = dict(zip(asked, np.split(valued, np.cumsum(sizes)[:-1]), strict=True)) if asked else {}
    return [results[number] for number in range(len(all_steps))]


def sampled(model: Model, points: Floats) -> Curve:
    """The curve at points, and at the turns and edges between them."""
    return answered(sampling(points), model)


def sampling(points: Floats) -> Steps[Curve]:
    """`sampled` in steps."""
    values = yield points
    for look in (_edges, _turns):
        more = yield from look(points, values)
        if len(more):
            points = np.concatenate([points, more])
            points, first = np.unique(points, return_index=True)
            values = np.concatenate([values, (yield more)])[first]
    return Curve(points, values)


def _edges(points: Floats, values: Floats) -> Steps[Floats]:
    """The last points that keep the rules, beside those that break one."""
    sound = np.isfinite(values)
    (before,) = np.nonzero(sound[:-1] != sound[1:])
    inside = np.where(sound[before], points[before], points[before + 1])
    outside = np.where(sound[before], points[before + 1], points[before])
    for _ in range(ZOOMS if len(before) else 0):
        between = np.linspace(inside, outside, ZOOM_POINTS)
        keeps = np.isfinite((yield between.ravel()).reshape(between.shape))
        last = np.argmin(keeps, axis=0) - 1  # the first point keeps the rules, the last one breaks one
        column = np.arange(len(before))
        inside, outside = between[last, column], between[last + 1, column]
    return inside


def _turns(points: Floats, values: Floats) -> Steps[Floats]:
    """The points where a curve turns."""
    with np.errstate(invalid="ignore"):
        steps = np.diff(values)
        real = np.abs(steps) > LEVEL * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
        (place,) = np.nonzero(real[:-1] & real[1:] & (np.sign(steps[:-1]) == -np.sign(steps[1:])))
    low, high, sign = points[place], points[place + 2], np.sign(steps[place])
    best = points[place + 1]
    for _ in range(ZOOMS if len(place) else 0):
        between = np.linspace(low, high, ZOOM_POINTS)
        heights = sign * (yield between.ravel()).reshape(between.shape)
        top = np.clip(np.nanargmax(heights, axis=0), 1, ZOOM_POINTS - 2)
        column = np.arange(len(place))
        low, best, high = (between[top + shift, column] for shift in (-1, 0, 1))
    return best


def crossings(model: Model, curve: Curve, targets: Floats) -> Crossings:
    """Every point at which the curve has the value of a target."""
    return answered(crossing(curve, targets), model)


def crossing(curve: Curve, targets: Floats) -> Steps[Crossings]:
    """`crossings` in steps."""
    number, place = _pairs(curve, targets)
    low, high = curve.points[place], curve.points[place + 1]
    at_low, at_high = (curve.values[end] - targets[number] for end in (place, place + 1))
    steps = root_steps(low, high, at_low, at_high)
    try:
        points, which = next(steps)
        while True:
            points, which = steps.send((yield points) - targets[number[which]])
    except StopIteration as done:
        roots: Floats = done.value
    missed = np.abs((yield roots) - targets[number])
    with np.errstate(invalid="ignore"):
        real = missed <= JUMP * np.abs(at_high - at_low)
    hits = np.argwhere(targets[:, None] == curve.values[None, :])
    which = np.concatenate([number[real], hits[:, 0]])
    points = np.concatenate([roots[real], curve.points[hits[:, 1]]])
    order = np.lexsort((points, which))
    return Crossings(which[order], points[order])


def _pairs(curve: Curve, targets: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which target is crossed after which point; touching does not count."""
    with np.errstate(invalid="ignore"):
        side = np.sign(curve.values[None, :] - targets[:, None])
        number, place = np.nonzero(side[:, :-1] * side[:, 1:] < 0)
    return number, place


def nearest(curve: Curve, target: float) -> tuple[float, float]:
    """The point whose value is nearest to a target, and that value; NaN where no point keeps the rules."""
    misses = np.abs(curve.values - target)
    if not np.isfinite(misses).any():
        return np.nan, np.nan
    place = int(np.nanargmin(misses))
    return float(curve.points[place]), float(curve.values[place])
