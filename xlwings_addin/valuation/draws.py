"""Many draws of some inputs through the model, in blocks: only the lines asked for, and what they rest on.

The lines are those of one case. A traced valuation of that case tells which lines the drawn inputs move; all
others are computed once. Of the lines that move each is computed after those it reads, for a block of draws
at a time, and released after the last line that reads it, so that a block stays in a processor core's own
cache and memory does not grow with the number of draws. No figure depends on the size of a block or on the
number of threads.

>>> from xlwings_addin.inputs.cases import load_inputs
>>> import numpy as np
>>> draws = {"vehicle_wacc": np.array([0.11, 0.12]), "vehicle_terminal_growth": np.array([0.015, 0.20])}
>>> drawn = evaluate_many(load_inputs("base"), draws, lines=["sotp.value_per_share"])
>>> drawn["sotp.value_per_share"].round(2).tolist(), drawn.broken
([32.26, nan], {'vehicle_wacc must exceed vehicle_terminal_growth': 1})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlwings_addin.core.errors import DomainError, ShapeError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.rules import broken, out_of_range, require_drawable
from xlwings_addin.segments.lines import FIGURES, Lines, ModelLine
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.trace import Trace
from xlwings_addin.valuation.model import Model, find

Floats = NDArray[np.float64]

BLOCK = 4096
"""Draws at a time. Lines are released once they are used, so that few are kept at once: measured, a quarter
faster than 2,048 on busy cores and as fast as 8,192, with half of its memory."""


@dataclass(frozen=True)
class Drawn:
    """What draws are worth: each line asked for, with one column for each draw.

    A line over years is (years, draws), with the base year first where the line has one; any other is
    (draws,). Draws that break a rule are NaN in all of them; `broken` counts, for each rule, the draws that
    break it; a rule between inputs counts those that lie in their ranges.
    """

    lines: Mapping[str, Floats]
    valid: NDArray[np.bool_]
    broken: Mapping[str, int]

    def __getitem__(self, name: str) -> Floats:
        return self.lines[name]


def evaluate_many(
    inputs: Inputs,
    draws: Mapping[str, ArrayLike],
    *,
    lines: Sequence[str],
    block: int = BLOCK,
    threads: int = 1,
) -> Drawn:
    """Value draws of some inputs, all others as a case has them.

    Args:
        inputs: the case.
        draws: by key of an input, one figure for each draw; as many of each.
        lines: full names, `vehicle_units.revenue` or `sotp.value_per_share`.
        block: draws at a time; no result depends on it.
        threads: how many blocks are valued at once; no result depends on it.

    Raises: `InputError` for an unknown input, `ChoiceError` for an unknown line, `DomainError` for an input
    that
        cannot be drawn and for a block or a number of threads below one, `ShapeError` for draws that are not
        rows of one length.
    """
    return Batch(inputs, tuple(draws), lines, block=block, threads=threads)(draws)


def evaluate_few(inputs: Inputs, draws: Mapping[str, Floats], line: str) -> Floats:
    """A line for a handful of draws, (draws,) or (years, draws); NaN for one that breaks a rule.

    The whole model takes them at once. `evaluate_many` asks first which lines they move, as a valuation and a
    half, and has that back where draws are many or come again. Errors as there.
    """
    require_drawable(tuple(draws), inputs.tables.company)
    count = len(next(iter(draws.values())))
    valid = np.ones(count, dtype=np.bool_)
    for _, breaks in out_of_range(draws, inputs.tables.company):
        valid &= ~breaks
    in_range = np.flatnonzero(valid)
    scalars = Scalars(inputs.values, inputs.tables, drawn={key: draws[key][valid] for key in draws})
    for _, breaks in broken(scalars, draws.keys()):
        valid[in_range[np.broadcast_to(breaks, in_range.shape)]] = False
    standing = {key: values[valid] for key, values in draws.items()}
    groups = Model(Scalars(inputs.values, inputs.tables, drawn=standing)).groups()
    group, declared = find(groups, line)
    with np.errstate(all="ignore"):
        values = np.asarray(getattr(group, declared.key), dtype=np.float64)
    shape = values.shape[:-1] if values.ndim else ()
    whole: Floats = np.full((*shape, count), np.nan)
    whole[..., valid] = values
    return whole


class Batch:
    """A case prepared for draws of some inputs and for some lines: call it with draws, as often as they come.

    For more draws than memory holds, call it with one portion after the other. `traced` is the case where
    others have traced it already.
    """

    def __init__(
        self,
        inputs: Inputs,
        keys: Sequence[str],
        lines: Sequence[str],
        *,
        block: int = BLOCK,
        threads: int = 1,
        traced: TracedCase | None = None,
    ) -> None:
        for argument, value in (("block", block), ("threads", threads)):
            if value < 1:
                raise DomainError(argument, value, "must be at least 1")
        require_drawable(keys, inputs.tables.company)
        self.keys, self.block = tuple(keys), block
        self.plan = Plan(traced or TracedCase(inputs), keys, lines)
        self.workers = [Worker(self.plan) for _ in range(threads)]

    def __call__(self, draws: Mapping[str, ArrayLike]) -> Drawn:
        arrays = self._rows(draws)
        count = len(next(iter(arrays.values()), ()))
        lines = {name: np.full((*shape, count), np.nan) for name, shape in self.plan.shapes.items()}
        valid = np.zeros(count, dtype=np.bool_)
        cuts = [slice(start, start + self.block) for start in range(0, count, self.block)]
        counts: dict[str, int] = {}
        for block in self._blocks(cuts, arrays, lines, valid):
            for rule, number in block.items():
                counts[rule] = counts.get(rule, 0) + number
        return Drawn(lines, valid, counts)

    def _rows(self, draws: Mapping[str, ArrayLike]) -> dict[str, Floats]:
        """The draws as arrays of one length, in the order of the keys."""
        if set(draws) != set(self.keys):
            raise ShapeError("draws", sorted(draws), f"must be of {', '.join(self.keys)}")
        arrays = {key: np.asarray(draws[key], dtype=np.float64) for key in self.keys}
        for key, array in arrays.items():
            first = next(iter(arrays.values()))
            if array.ndim != 1 or array.shape != first.shape:
                rule = f"must be one row of as many draws as {self.keys[0]} has, {first.size}"
                raise ShapeError(key, array.shape, rule, display=f"of shape {array.shape}")
        return arrays

    def _blocks(
        self,
        cuts: Sequence[slice],
        arrays: Mapping[str, Floats],
        lines: Mapping[str, Floats],
        valid: NDArray[np.bool_],
    ) -> Iterator[dict[str, int]]:
        """Value every block; yield how many of its draws break which rule, in the order of the blocks."""
        free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            free.put(worker)

        def value(cut: slice) -> dict[str, int]:
            worker = free.get()
            try:
                draws = {key: array[cut] for key, array in arrays.items()}
                wanted = {name: values[..., cut] for name, values in lines.items()}
                return worker.value(draws, wanted, valid[cut])
            finally:
                free.put(worker)

        if len(self.workers) == 1:
            yield from map(value, cuts)
            return
        with ThreadPoolExecutor(len(self.workers)) as pool:
            yield from pool.map(value, cuts)


class TracedCase:
    """A case, valued line by line as lines are asked for, with what each of them reads.

    Several questions to one case share it: what they have in common is traced once. It is for one thread.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs, self.trace = inputs, Trace()
        self._groups = Model(Scalars(inputs.values, inputs.tables, trace=self.trace)).groups()

    def ask(self, name: str) -> ModelLine[Any]:
        """Trace a line and give its declaration.

        Raises `ChoiceError` for an unknown line and `DomainError` for one that is no figure.
        """
        group, declared = find(self._groups, name)
        if declared.returns not in FIGURES:
            raise DomainError("line", name, "is no figure", display=name)
        getattr(group, declared.key)
        return declared


class Plan:
    """Which lines the drawn inputs move, in which order they are computed and when each is released."""

    def __init__(self, case: TracedCase, drawn: Sequence[str], lines: Sequence[str]) -> None:
        self.inputs, trace = case.inputs, case.trace
        self.lines = {name: case.ask(name) for name in lines}
        moved, needed = trace.moved_by(drawn), trace.needed_for(lines)
        self.order = [name for name in trace.order if name in moved and name in needed]
        read = {other for name in self.order for other in trace.reads[name]}
        self.kept = {name: trace.values[name] for name in (*read, *lines) if name not in moved}
        self.shapes = {name: np.shape(trace.values[name])[:-1] for name in lines}
        last: dict[str, str] = {}
        for name in self.order:
            last |= dict.fromkeys((name, *(other for other in trace.reads[name] if other in moved)), name)
        self.releases = {name: [other for other in self.order if last[other] == name] for name in self.order}


@dataclass(frozen=True)
class Step:
    """A line to compute for each block: where it is kept, and what nobody reads after it."""

    name: str
    group: Lines
    line: ModelLine[Any]
    releases: Sequence[tuple[dict[str, Any], str]]


class Worker:
    """A model of its own, through which one thread takes block after block."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.values: dict[str, Any] = dict(plan.inputs.values)
        self.scalars = Scalars(self.values, plan.inputs.tables)
        groups = Model(self.scalars).groups()
        for name, value in plan.kept.items():
            group, line = find(groups, name)
            group.__dict__[line.key] = value
        self.steps = []
        for name in plan.order:
            group, line = find(groups, name)
            released = [find(groups, other) for other in plan.releases[name]]
            places = [(other.__dict__, declared.key) for other, declared in released]
            self.steps.append(Step(name, group, line, places))

    def value(
        self, draws: Mapping[str, Floats], wanted: Mapping[str, Floats], valid: NDArray[np.bool_]
    ) -> dict[str, int]:
        """Value one block, write the lines that are wanted, and count the draws that break each rule."""
        counts: dict[str, int] = {}
        valid[...] = True
        for rule, breaks in out_of_range(draws, self.plan.inputs.tables.company):
            _count(counts, rule, breaks)
            valid &= ~breaks
        self.values.update(self._standing(draws, valid))
        in_range = np.flatnonzero(valid)
        for rule, breaks in broken(self.scalars, draws.keys()):
            _count(counts, rule, breaks)
            valid[in_range[np.broadcast_to(breaks, in_range.shape)]] = False
        if len(in_range) != np.count_nonzero(valid):
            self.values.update(self._standing(draws, valid))
        if valid.all():
            self._compute(wanted, slice(None))
        elif valid.any():
            self._compute(wanted, valid)
        return counts

    def _standing(self, draws: Mapping[str, Floats], valid: NDArray[np.bool_]) -> Mapping[str, Floats]:
        return draws if valid.all() else {key: values[valid] for key, values in draws.items()}

    def _compute(self, wanted: Mapping[str, Floats], draws: Any) -> None:
        """Compute the lines that move, each after those it reads, and let go of what is used up."""
        for name in self.plan.shapes.keys() & self.plan.kept.keys():
            wanted[name][..., draws] = self.plan.kept[name]
        with np.errstate(all="ignore"):
            for step in self.steps:
                value = step.group.__dict__[step.line.key] = step.line.method(step.group)
                if step.name in wanted:
                    wanted[step.name][..., draws] = value
                for kept, key in step.releases:
                    del kept[key]


def _count(counts: dict[str, int], rule: str, breaks: NDArray[np.bool_]) -> None:
    number = int(np.count_nonzero(breaks))
    if number:
        counts[rule] = counts.get(rule, 0) + number
