"""Portions of draws valued and counted wherever they are drawn, and added up in their order in one place.

A `Drawer` travels to a worker, which makes its model once and keeps it; what comes back of a portion
(`Counted`) is small: moments, counts in buckets and, as far as quantiles are exact, the values. Adding up
follows the portions' numbers, so that no figure depends on who valued which portion and when.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import local

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.draw_file import DrawFile
from xlwings_addin.analytics.drawing import Drawing
from xlwings_addin.analytics.quantiles import EXACT, Counts, Distribution, Moments, counts_of, moments_of
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.streams import Cut, Method, Portion, draws_made, portions_of
from xlwings_addin.cluster.agreement import require_agreement
from xlwings_addin.valuation.draws import Batch

Floats = NDArray[np.float64]

NEAR = 0.02
"""How near to the price a value is for its draw to be a scenario of it, in parts of the price."""


@dataclass(frozen=True)
class Counted:
    """What is kept of a portion of draws; `columns` are the draws themselves, where a file takes them."""

    draws: int
    scrambling: int
    broken: Mapping[str, int]
    above: int
    above_moments: Moments
    near: int
    value: Counts
    parts: Mapping[str, Counts]
    inputs: Mapping[str, Moments]
    near_inputs: Mapping[str, Moments]
    columns: Mapping[str, Floats] | None


_prepared = local()
"""The model that a thread has made for the drawer it worked for last."""


@dataclass(frozen=True)
class Drawer:
    """What a worker needs to draw and value portions of a simulation.

    `versions` are those it must have, none where this process does the work itself.
    """

    name: str
    drawing: Drawing
    draws: int
    seed: int
    method: Method
    with_columns: bool
    versions: Mapping[str, str]

    def __call__(self, cut: Cut) -> list[Counted]:
        """Draw, value and count some portions. Raises `InputError` on a worker with other versions."""
        batch = self._batch()
        keys = len(self.drawing.keys)
        portions = portions_of(cut, keys, self.draws, seed=self.seed, method=self.method)
        return [self._counted(portion, batch) for portion in portions]

    @property
    def is_exact(self) -> bool:
        return draws_made(self.draws, self.method) <= EXACT

    def _batch(self) -> Batch:
        if getattr(_prepared, "name", None) != self.name:
            if self.versions:
                require_agreement(self.versions)
            lines = (VALUE_PER_SHARE, *self.drawing.parts.values())
            _prepared.batch, _prepared.name = self.drawing.batch(lines), self.name
        batch: Batch = _prepared.batch
        return batch

    def _counted(self, portion: Portion, batch: Batch) -> Counted:
        values = self.drawing.draws(portion.normals)
        drawn = batch(values)
        valid = slice(None) if drawn.valid.all() else drawn.valid
        worth = drawn.lines[VALUE_PER_SHARE][valid]
        own, keep = self.drawing.inputs, self.is_exact
        price = own.number(own.tables.company.price_key)
        near = np.flatnonzero(np.abs(worth - price) <= NEAR * price)
        inputs = {key: row[valid] for key, row in values.items()}
        above = worth > price
        return Counted(
            draws=portion.normals.shape[1],
            scrambling=portion.scrambling,
            broken=drawn.broken,
            above=int(np.count_nonzero(above)),
            above_moments=moments_of(above.astype(np.float64)),
            near=len(near),
            value=counts_of(worth, keep=keep),
            parts={
                name: counts_of(drawn.lines[line][valid], keep=keep)
                for name, line in self.drawing.parts.items()
            },
            inputs={key: moments_of(row) for key, row in inputs.items()},
            near_inputs={key: moments_of(row[near]) for key, row in inputs.items()},
            columns={**values, **drawn.lines} if self.with_columns else None,
        )


@dataclass
class Tally:
    """What is added up while portions come."""

    drawing: Drawing
    value: Distribution
    parts: dict[str, Distribution]
    draws: int = 0
    above: int = 0
    near: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, Moments] = field(default_factory=dict)
    near_inputs: dict[str, Moments] = field(default_factory=dict)
    scramblings: dict[int, dict[str, Moments]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inputs = {key: Moments() for key in self.drawing.keys}
        self.near_inputs = {key: Moments() for key in self.drawing.keys}

    def add(self, portion: Counted, file: DrawFile) -> None:
        """Add the next portion."""
        if portion.columns is not None:
            file.write(portion.columns)
        for rule, number in portion.broken.items():
            self.broken[rule] = self.broken.get(rule, 0) + number
        self.value.merge(portion.value)
        moments = self.scramblings.setdefault(portion.scrambling, {})
        moments.setdefault("value", Moments()).merge(portion.value.moments)
        moments.setdefault("above", Moments()).merge(portion.above_moments)
        for name, counts in portion.parts.items():
            self.parts[name].merge(counts)
            moments.setdefault(name, Moments()).merge(counts.moments)
        for key in self.drawing.keys:
            self.inputs[key].merge(portion.inputs[key])
            self.near_inputs[key].merge(portion.near_inputs[key])
        self.above += portion.above
        self.near += portion.near
        self.draws += portion.draws

    def error(self, name: str, method: Method) -> float:
        """The standard error of a mean: of independent draws, or between scramblings of Sobol points."""
        if method == "random":
            return self.scramblings[0][name].error
        means = [moments[name].mean for moments in self.scramblings.values() if moments[name].count]
        return float(np.std(means, ddof=1) / math.sqrt(len(means))) if len(means) > 1 else math.nan


@contextmanager
def tally_of(drawing: Drawing, *, exact: bool) -> Iterator[Tally]:
    """An empty tally, whose temporary files go with it; `exact` keeps the values for exact quantiles."""
    with ExitStack() as stack:
        figures = EXACT if exact else 0
        value, *others = (stack.enter_context(Distribution(figures)) for _ in range(1 + len(drawing.parts)))
        yield Tally(drawing, value, dict(zip(drawing.parts, others, strict=True)))
