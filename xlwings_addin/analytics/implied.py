"""What must happen for a price: one input or driver solved for, with the rest of a case as it is.

    implied(38.86, solve="vehicle_deliveries")       deliveries at which a share is worth 38.86
    implied([30, 40, 50], solve="vehicle_wacc")      one answer for each price
    implied(target="vehicle_units.ebit@2030", value=0.0, solve="vehicle_deliveries")    any line, in a year
    iso_curve(38.86, solve="vehicle_deliveries", against="vehicle_operating_margin")    pairs worth the same

The line is looked at over all that the rules of the inputs allow (`curve`), so that several solutions are all
reported; where there is none, the answer says on which side the model stays and how near it comes. Shares are
those of the case, at the case's own price: the price asked about is a value to reach, not an input.

Source: Rappaport and Mauboussin, Expectations Investing (2001), for reading a price backwards.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.curve import (
    Crossings,
    Curve,
    crossing,
    crossings,
    grid,
    nearest,
    sampled,
    sampling,
    together,
)
from xlwings_addin.analytics.figures import unit_of
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.question import (
    TARGET,
    Lever,
    Question,
    lever,
    target_of,
    values_together,
    with_settings,
)
from xlwings_addin.core.errors import DomainError, InputError, ShapeError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.drivers import DriverBook, Measure, read_drivers
from xlwings_addin.inputs.tables import Row
from xlwings_addin.valuation.draws import TracedCase

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Side = Literal["below", "above", "across", ""]

ISO_POINTS = 21


@dataclass(frozen=True)
class Solution:
    """A value of what is solved for at which the target is met.

    inputs     the inputs that it sets
    result     what comes of it, where the driver says so: the deliveries that a level of demand leads to
    reached    the line there
    meaning    what it means, by the keys of the table: a share of a market, a year
    outside    the inputs that lie outside the range of their own row
    """

    value: float
    inputs: Mapping[str, float]
    result: float | None
    reached: float
    meaning: Mapping[str, float | None]
    outside: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """All solutions for one target; without any, on which side the line stays and the nearest it comes."""

    target: float
    solutions: tuple[Solution, ...]
    stays: Side = ""
    nearest_value: float | None = None
    nearest_at: float | None = None

    def __str__(self) -> str:
        if self.solutions:
            return f"{self.target:g}: {', '.join(f'{solution.value:.4g}' for solution in self.solutions)}"
        side = "jumps across it" if self.stays == "across" else f"stays {self.stays} it"
        nearest_pair = f"{self.nearest_value:.4g} at {self.nearest_at:.4g}"
        return f"{self.target:g}: none, the model {side}, nearest {nearest_pair}"


@dataclass(frozen=True)
class Implied:
    """What one input or driver must be for one line to have one value or several.

    `start` is what it is in the case and `present` what the line is there; `looked_in` the range in which the
    rules of the inputs hold and solutions are looked for. `labels` names what is said of a solution, with its
    unit, `in_the_case` is the same of the case, and `figures` are the rows of other makers and markets behind
    it.
    """

    identity: Identity
    key: str
    label: str
    unit: str
    line: str
    line_unit: str
    settings: Mapping[str, float]
    hold: tuple[str, ...]
    start: float
    start_result: float | None
    result_unit: str
    present: float
    looked_in: tuple[float, float]
    answers: tuple[Answer, ...]
    labels: Mapping[str, tuple[str, str]]
    in_the_case: Mapping[str, float | None]
    figures: tuple[Row, ...]

    def __repr__(self) -> str:
        more = "" if len(self.answers) == 1 else f" and {len(self.answers) - 1} more"
        return f"<Implied {self.key} for {self.line} = {self.answers[0]}{more}>"

    @property
    def solution(self) -> Solution:
        """The one solution of the one target; `InputError` where there is none, or more than one."""
        if len(self.answers) != 1 or len(self.answers[0].solutions) != 1:
            counts = ", ".join(str(answer) for answer in self.answers[:3])
            raise InputError("solution", counts, "must be one: read `answers`", display=counts)
        return self.answers[0].solutions[0]

    @property
    def solved(self) -> bool:
        """Whether every target is met somewhere."""
        return all(answer.solutions for answer in self.answers)

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "solve": self.key,
            "label": self.label,
            "unit": self.unit,
            "line": self.line,
            "line_unit": self.line_unit,
            "settings": dict(self.settings),
            "hold": list(self.hold),
            "looked_in": list(self.looked_in),
            "result_unit": self.result_unit,
            "in_the_case": {"value": self.start, "result": self.start_result, "line": self.present},
            "meaning": {
                key: {"label": label, "unit": unit, "in_the_case": self.in_the_case[key]}
                for key, (label, unit) in self.labels.items()
            },
            "figures": [
                {
                    "key": row.key,
                    "period": row.period,
                    "value": row.value,
                    "unit": row.unit,
                    "source": row.source,
                    "as_of": row.as_of.isoformat(),
                    "note": row.note,
                }
                for row in self.figures
            ],
            "answers": [_plain(answer) for answer in self.answers],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each solution, and one without a value for each target that has none."""
        import pandas as pd

        rows = [
            {
                "target": answer.target,
                self.key: solution.value if solution else None,
                "result": solution.result if solution else None,
                **({key: solution.meaning[key] for key in self.labels} if solution else {}),
                "stays": answer.stays,
                "nearest_value": answer.nearest_value,
            }
            for answer in self.answers
            for solution in answer.solutions or (None,)
        ]
        return pd.DataFrame(rows)


def _plain(answer: Answer) -> dict[str, Any]:
    solutions = [
        {
            "value": solution.value,
            "inputs": dict(solution.inputs),
            "result": solution.result,
            "reached": solution.reached,
            "meaning": dict(solution.meaning),
            "outside_their_range": list(solution.outside),
        }
        for solution in answer.solutions
    ]
    near = {"value": answer.nearest_value, "at": answer.nearest_at}
    return {"target": answer.target, "solutions": solutions, "stays": answer.stays, "nearest": near}


def implied(
    price: float | Sequence[float] | None = None,
    *,
    solve: str,
    case: str = DEFAULT_CASE,
    target: str = "",
    value: float | Sequence[float] | None = None,
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    between: tuple[float, float] | None = None,
    folder: Path | None = None,
) -> Implied:
    """What an input or driver must be for a share to be worth a price, or for a line to have a value.

    Args:
        price: HKD a share, one or several; for a driver with a measure of its own, of that measure.
        solve: the key of an input or of a driver of `inputs/drivers.csv`.
        target, value: in place of `price` a line, with a year where it has years (`vehicle_units.ebit@2030`),
            and what it is to be.
        settings: inputs or drivers that are set first.
        hold: inputs that the driver would move and that stay as they are.
        between: the range to look in, the lower end first; by default all that the rules allow.
        folder: the tables, the project's own by default.

    Raises: `InputError` for an unknown key or line, `DomainError` for a price of zero or less, a target that
        is no number and a range outside the rules.

    >>> round(implied(38.86, solve="vehicle_deliveries", case="base").solution.value, 1)
    5.2
    """
    book = read_drivers(folder)
    inputs = with_settings(load_inputs(case, folder), book, settings or {})
    return solve_for(
        inputs,
        book,
        targets(price, target, value),
        solve,
        target=target,
        settings=settings,
        hold=hold,
        between=between,
    )


def targets(
    price: float | Sequence[float] | None, target: str, value: float | Sequence[float] | None
) -> Floats:
    """The values to reach: prices above zero, or any numbers of a line that is named."""
    if (price is None) == (value is None):
        raise InputError("price", price, "or a target with its value must be given, not both")
    if (value is None) != (not target):
        raise InputError("target", target, "and its value belong together")
    wanted = np.atleast_1d(np.asarray(price if value is None else value, dtype=float))
    if wanted.ndim != 1 or not wanted.size:
        raise ShapeError(
            "price", wanted.shape, "must be one number or a row", display=f"of shape {wanted.shape}"
        )
    for number in wanted[~np.isfinite(wanted)]:
        raise DomainError("price" if value is None else "target", float(number), "must be a finite number")
    if value is None and (wanted <= 0).any():
        raise DomainError(
            "price", float(wanted[wanted <= 0][0]), "must be above 0", display=f"{wanted.min():g}"
        )
    return wanted


def solve_for(
    inputs: Inputs,
    book: DriverBook,
    wanted: Floats,
    key: str,
    *,
    target: str = "",
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    between: tuple[float, float] | None = None,
    traced: TracedCase | None = None,
) -> Implied:
    """`implied` with the inputs and the drivers at hand; `traced` where others have traced the case."""
    question = question_of(traced or TracedCase(inputs), book, key, target=target, hold=hold, between=between)
    moved, formula = question.lever, question.target
    curve, answers = solved(question, book, wanted)
    case = {name: np.array([inputs.number(name)]) for name in moved.moves}
    present = float(question.figures(case)[TARGET][0])
    return Implied(
        identity=identity_of(inputs),
        key=moved.driver.key,
        label=moved.driver.label,
        unit=moved.driver.unit,
        line=formula.text,
        line_unit=unit_of(inputs, book, formula),
        settings=dict(settings or {}),
        hold=tuple(hold),
        start=moved.start,
        start_result=_results(question, np.array([moved.start]))[0],
        result_unit=_result_unit(inputs, book, moved),
        present=present,
        looked_in=_sound_range(curve),
        answers=answers,
        labels={measure.key: (measure.label, measure.unit) for measure in _measures(book)},
        in_the_case={key: _defined(values[0]) for key, values in _meanings(question, book, case).items()},
        figures=_figures(book),
    )


def question_of(
    case: TracedCase,
    book: DriverBook,
    key: str,
    *,
    target: str = "",
    hold: Collection[str] = (),
    between: tuple[float, float] | None = None,
) -> Question:
    """One line of a case as a function of one input or driver, as `implied` asks it."""
    formula = target_of(book, key, target)
    return Question(case, book, lever(case.inputs, book, key, hold=hold, between=between), formula)


def solved(question: Question, book: DriverBook, wanted: Floats) -> tuple[Curve, tuple[Answer, ...]]:
    """The line over all that the rules allow, and an answer for each value that it is to have.

    Raises `DomainError` where every point breaks a rule, `InputError` where the driver moves nothing.
    """
    curve = sampled(question.values, _grid(question))
    _require_moving(question, curve)
    crossed = crossings(question.values, curve, wanted)
    return curve, _answers(question, book, curve, crossed, wanted)


def solved_together(
    questions: Sequence[Question], book: DriverBook, wanted: Floats
) -> list[tuple[Answer, ...] | ValuationError]:
    """The answers of `solved` for questions that share what is prepared, or what it raises."""
    solutions: dict[int, tuple[Answer, ...] | ValuationError] = {}
    try:
        curves = together(list(map(sampling, map(_grid, questions))), partial(values_together, questions))
    except ValuationError as error:  # a line that none of them can ask for
        return [error for _ in questions]
    for number, question in enumerate(questions):
        try:
            _require_moving(question, curves[number])
        except ValuationError as error:
            solutions[number] = error
    moving = [number for number in range(len(questions)) if number not in solutions]
    steps = [crossing(curves[number], wanted) for number in moving]
    asked = [questions[number] for number in moving]
    for number, crossed in zip(moving, together(steps, partial(values_together, asked)), strict=True):
        try:
            solutions[number] = _answers(questions[number], book, curves[number], crossed, wanted)
        except ValuationError as error:
            solutions[number] = error
    return [solutions[number] for number in range(len(questions))]


def _grid(question: Question) -> Floats:
    moved = question.lever
    return grid(moved.low, moved.high, start=moved.start, scale=moved.scale)


def _require_moving(question: Question, curve: Curve) -> None:
    """Raise where a line has no value that keeps the rules, or the same everywhere."""
    if not np.isfinite(curve.values).any():
        raise _nowhere_sound(question, curve)
    if curve.is_level:
        key = question.lever.driver.key
        rule = f"moves nothing in {question.target.text} in case {question.inputs.case}"
        raise InputError("solve", key, rule, display=key)


def _nowhere_sound(question: Question, curve: Curve) -> DomainError:
    """The error of a range in which every point breaks a rule, which it names."""
    low, high = float(curve.points[0]), float(curve.points[-1])
    broken = question.figures.batch(question.draws(curve.points)).broken
    rule = f"has no value of {question.lever.driver.key} that keeps the rules: {'; '.join(broken)}"
    return DomainError("between", (low, high), rule, display=f"{low:g} {high:g}")


def _measures(book: DriverBook) -> tuple[Measure, ...]:
    """What is said beside an answer."""
    return (*book.of_kind("meaning"), *book.of_kind("year"))


def _figures(book: DriverBook) -> tuple[Row, ...]:
    """The rows of markets.csv that the meanings rest on."""
    names = dict.fromkeys(name for measure in _measures(book) for name in measure.formula.references)
    return tuple(book.markets[name] for name in names if name in book.markets)


def _result_unit(inputs: Inputs, book: DriverBook, moved: Lever) -> str:
    if moved.driver.result is None:
        return ""
    return unit_of(inputs, book, moved.driver.result) or moved.driver.unit


def _answers(
    question: Question, book: DriverBook, curve: Curve, crossed: Crossings, wanted: Floats
) -> tuple[Answer, ...]:
    solutions = _solutions(question, book, crossed.point)
    first = np.searchsorted(crossed.target, np.arange(len(wanted) + 1))
    made = []
    for number, target in enumerate(wanted.tolist()):
        own = tuple(solutions[first[number] : first[number + 1]])
        made.append(Answer(target, own) if own else _unsolved(curve, target))
    return tuple(made)


def _sound_range(curve: Curve) -> tuple[float, float]:
    sound = curve.points[np.isfinite(curve.values)]
    return (float(sound[0]), float(sound[-1])) if len(sound) else (np.nan, np.nan)


def _unsolved(curve: Curve, target: float) -> Answer:
    at, value = nearest(curve, target)
    sound = curve.values[np.isfinite(curve.values)]
    side: Side = "below" if (sound < target).all() else "above" if (sound > target).all() else "across"
    return Answer(target, (), side, value, at)


def _solutions(question: Question, book: DriverBook, points: Floats) -> list[Solution]:
    inputs, moved = question.inputs, question.lever
    draws = moved.draws(inputs, points)
    meanings = _meanings(question, book, question.draws(points))
    results, reached = _results(question, points), question.values(points).tolist()
    return [
        Solution(
            value=point,
            inputs={name: float(values[place]) for name, values in draws.items()},
            result=results[place],
            reached=reached[place],
            meaning={name: _defined(values[place]) for name, values in meanings.items()},
            outside=_outside(inputs, {name: float(values[place]) for name, values in draws.items()}),
        )
        for place, point in enumerate(points.tolist())
    ]


def _outside(inputs: Inputs, values: Mapping[str, float]) -> tuple[str, ...]:
    """The inputs whose value lies outside the range of their row."""
    rows = ((name, inputs.row(name), value) for name, value in values.items())
    return tuple(
        name
        for name, row, value in rows
        if row.low is not None and row.high is not None and not row.low <= value <= row.high
    )


def _defined(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _meanings(question: Question, book: DriverBook, draws: Mapping[str, Floats]) -> dict[str, Floats]:
    """What the table says where inputs have these values."""
    measures = _measures(book)
    if not measures or not len(next(iter(draws.values()))):
        return {}
    formulas = {measure.key: measure.formula for measure in measures}
    figures = question.figures_of("meanings", formulas)
    values = figures(draws)
    return {
        measure.key: figures.first_year(values[measure.key])
        if measure.kind == "year"
        else values[measure.key]
        for measure in measures
    }


def _results(question: Question, points: Floats) -> list[float | None]:
    """What comes of a driver where its table says so, at points of it."""
    formula = question.lever.driver.result
    if formula is None or not len(points):
        return [None] * len(points)
    figures = question.figures_of("result", {"result": formula})
    return [_defined(number) for number in figures(question.draws(points))["result"].tolist()]
