"""A question to a case: what one line is where one input or driver has this or that value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.figures import Figures
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.drivers import Driver, DriverBook
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.rules import require_drawable
from xlwings_addin.valuation.draws import TracedCase

Floats = NDArray[np.float64]

VALUE_PER_SHARE = "sotp.value_per_share"
TARGET = "target"


@dataclass(frozen=True)
class Lever:
    """A driver of a case: what it moves, and what it is there."""

    driver: Driver
    moves: Mapping[str, Formula]
    start: float
    low: float
    high: float
    scale: float

    def draws(self, inputs: Inputs, points: Floats) -> dict[str, Floats]:
        """The inputs that the driver sets, at points of it."""

        def look_up(name: str, period: str) -> Floats | np.float64:
            return points if name == "x" else np.float64(inputs.number(name))

        return {
            key: np.broadcast_to(np.asarray(formula.value(look_up), dtype=float), points.shape)
            for key, formula in self.moves.items()
        }


def lever(
    inputs: Inputs,
    book: DriverBook,
    key: str,
    *,
    hold: Collection[str] = (),
    between: tuple[float, float] | None = None,
) -> Lever:
    """A driver of the tables, or a plain input, as it stands in a case.

    Args:
        hold: inputs that the driver would move and that stay as they are.
        between: the range to look in; by default all that the rules of the inputs allow.

    Raises: `InputError` for an unknown key, `DomainError` for a range that is none or outside the rules.
    """
    driver = book.driver(key)
    for kept in hold:
        if kept not in driver.moves:
            rule = f"is not moved by {driver.key}, which moves {', '.join(driver.moves)}"
            raise InputError("hold", kept, rule, display=kept)
    moves = {name: formula for name, formula in driver.moves.items() if name not in hold}
    require_drawable(moves, inputs.tables.company)
    if not moves:
        raise InputError("hold", driver.key, "must leave one input that moves", display=driver.key)

    def number(formula: Formula | None, otherwise: float) -> float:
        return otherwise if formula is None else float(formula.value(partial(_number, inputs, book)))

    start, low, high = number(driver.start, 0.0), number(driver.low, -np.inf), number(driver.high, np.inf)
    if len(moves) == 1 and next(iter(moves.values())).text == "x":
        least, most = _bounds(inputs.parameter(next(iter(moves))))
        low, high = max(low, least), min(high, most)
    made = Lever(driver, moves, start, low, high, _scale(inputs, driver, start))
    return made if between is None else _narrowed(inputs, made, *between)


def _number(inputs: Inputs, book: DriverBook, name: str, period: str) -> np.float64:
    """A figure of the markets, or an input."""
    market = book.markets.get((name, period))
    return np.float64(inputs.number(name) if market is None else market.number)


def _bounds(rule: Parameter) -> tuple[float, float]:
    """The least and the most that the rule of one input allows."""
    low = -np.inf if rule.minimum is None else rule.minimum
    high = np.inf if rule.maximum is None else rule.maximum
    return (
        float(np.nextafter(low, np.inf)) if rule.above_minimum else low,
        float(np.nextafter(high, -np.inf)) if rule.below_maximum else high,
    )


def _scale(inputs: Inputs, driver: Driver, start: float) -> float:
    """How far is far: the size of the number, or the width of the range of an input that is 0."""
    if start:
        return abs(start)
    row = inputs.row(driver.key) if driver.key in inputs.rows else None
    if row is not None and row.low is not None and row.high is not None and row.high > row.low:
        return row.high - row.low
    return 0.05 if driver.unit in ("ratio", "rate") else 1.0


def _narrowed(inputs: Inputs, made: Lever, low: float, high: float) -> Lever:
    key = made.driver.key
    if not (np.isfinite([low, high]).all() and low < high):
        raise DomainError(
            "between", (low, high), "must be two numbers, the lower first", display=f"{low:g} {high:g}"
        )
    ends = made.draws(inputs, np.array([low, high]))
    for name, values in ends.items():
        for end, value in zip((low, high), values, strict=True):
            argument = name if name == key else f"between: at {key} {end:g} the input {name}"
            inputs.parameter(name).read(float(value), argument=argument)
    return Lever(made.driver, made.moves, made.start, low, high, made.scale)


class Question:
    """One line as a function of one driver, in a case.

    `fixed` are inputs that the case has otherwise, each with its value; `inputs` have them so. Questions to
    one case that differ in such values alone may share what is `prepared`, and are valued together.
    """

    def __init__(
        self,
        case: TracedCase,
        book: DriverBook,
        lever: Lever,
        target: Formula,
        *,
        inputs: Inputs | None = None,
        fixed: Mapping[str, float] | None = None,
        prepared: dict[str, Figures] | None = None,
    ) -> None:
        self.inputs = case.inputs if inputs is None else inputs
        self.case, self.lever, self.target, self.fixed = case, lever, target, dict(fixed or {})
        self._book = book
        self._prepared: dict[str, Figures] = {} if prepared is None else prepared
        self.figures = self.figures_of(TARGET, {TARGET: target})

    def figures_of(self, name: str, formulas: Mapping[str, Formula]) -> Figures:
        """Formulas prepared for what `draws` gives; under one name always the same."""
        if name not in self._prepared:
            moved = (*self.lever.moves, *self.fixed)
            figures = Figures(self.case.inputs, self._book, formulas, moved, traced=self.case)
            self._prepared[name] = figures
        return self._prepared[name]

    def draws(self, points: Floats) -> dict[str, Floats]:
        """The inputs that the driver sets, at points of it, and those that are fixed."""
        fixed = {key: np.full(points.shape, value) for key, value in self.fixed.items()}
        return {**self.lever.draws(self.inputs, points), **fixed}

    def values(self, points: Floats) -> Floats:
        """The line at points of the driver, (points,); NaN where a rule is broken."""
        return figure_of(self.figures, self.target, self.draws(points))


def values_together(questions: Sequence[Question], points: Floats, which: NDArray[np.intp]) -> Floats:
    """The line at points, each of the question with that number; the questions share what is prepared."""
    ends = np.flatnonzero(np.diff(which)) + 1
    runs = zip(np.split(points, ends), which[[0, *ends]], strict=True) if len(points) else ()
    draws = [questions[number].draws(part) for part, number in runs]
    first = questions[0]
    if not draws:
        return first.values(points)
    joined = {key: np.concatenate([run[key] for run in draws]) for key in draws[0]}
    return figure_of(first.figures, first.target, joined)


def figure_of(figures: Figures, target: Formula, draws: Mapping[str, Floats]) -> Floats:
    """The target of prepared figures, (draws,); `InputError` for a path without a year."""
    values = figures(draws)[TARGET]
    if values.ndim > 1:
        rule = f"is a path: name a year, as in {target.text}@{figures.base_year + 1}"
        raise InputError("target", target.text, rule, display=target.text)
    return values


def require_independent(first: Lever, second: Lever, argument: str) -> None:
    """Raise `InputError` for a second driver that moves an input that the first one moves."""
    if shared := sorted(set(first.moves) & set(second.moves)):
        rule = f"moves {', '.join(shared)}, as {first.driver.key} does: the two must be independent"
        raise InputError(argument, second.driver.key, rule, display=second.driver.key)


def target_of(book: DriverBook, key: str, target: str) -> Formula:
    """The line that is asked for: the one named, the driver's own measure, else the value of a share."""
    formula = read_formula(target or book.driver(key).price or VALUE_PER_SHARE, argument="target")
    for name, _ in formula.references:
        if (
            "." not in name
            and name not in book.measures
            and not any(name == other for other, _ in book.markets)
        ):
            _require_input(book, name)
    return formula


def _require_input(book: DriverBook, name: str) -> None:
    from difflib import get_close_matches

    if book.parameters.has(name):
        return
    near = next(iter(get_close_matches(name, book.measures, n=1)), "")
    hint = f" (nearest: {near})" if near else book.parameters.nearest(name)
    raise InputError("target", name, f"is no line, input or measure of the tables{hint}")


def with_settings(inputs: Inputs, book: DriverBook, settings: Mapping[str, float]) -> Inputs:
    """A case with some inputs or drivers at other values, every rule checked."""
    for key, value in settings.items():
        moved = lever(inputs, book, key)
        draws = moved.draws(inputs, np.array([float(value)]))
        inputs = inputs.replace(**{name: float(values[0]) for name, values in draws.items()})
    return inputs
