"""Pairs of two inputs or drivers that are worth the same: a curve of equal value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xlwings_addin.analytics.figures import Figures
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.implied import Answer, Floats, solved_together, targets
from xlwings_addin.analytics.question import Question, lever, require_independent, target_of, with_settings
from xlwings_addin.analytics.steps import steps_of
from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.valuation.draws import TracedCase

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class IsoPoint:
    """What is solved for where the other one is `against`; `refused` is the rule a point breaks."""

    against: float
    answer: Answer | None
    refused: str = ""

    @property
    def values(self) -> tuple[float, ...]:
        """The solutions, none where a rule is broken."""
        return tuple(solution.value for solution in self.answer.solutions) if self.answer else ()


@dataclass(frozen=True)
class IsoCurve:
    """The curve: for each value of `against` what `key` must be."""

    identity: Identity
    key: str
    unit: str
    against: str
    against_unit: str
    line: str
    target: float
    points: tuple[IsoPoint, ...]

    def __repr__(self) -> str:
        pair = f"{self.key} against {self.against}"
        return f"<IsoCurve {self.line} = {self.target:g}: {pair}, {len(self.points)} points>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        points = [
            {
                self.against: point.against,
                self.key: list(point.values),
                "stays": point.answer.stays if point.answer else "",
                "refused": point.refused,
            }
            for point in self.points
        ]
        return {
            **self.identity.summary(),
            "line": self.line,
            "target": self.target,
            "solve": {"key": self.key, "unit": self.unit},
            "against": {"key": self.against, "unit": self.against_unit},
            "points": points,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each pair, and one without a solution where there is none."""
        import pandas as pd

        rows = [
            {self.against: point.against, self.key: value}
            for point in self.points
            for value in point.values or (None,)
        ]
        return pd.DataFrame(rows)


def iso_curve(
    price: float | None = None,
    *,
    solve: str,
    against: str,
    values: Sequence[float] | None = None,
    case: str = DEFAULT_CASE,
    target: str = "",
    value: float | None = None,
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    folder: Path | None = None,
) -> IsoCurve:
    """What `solve` must be for each of several values of `against`, so that a share is worth a price.

    Args:
        against, values: the other input or driver, and its values; by default nine over its own range.
        price, solve, case, target, value, settings, hold, folder: as in `implied`.

    Raises: as `implied`, and `InputError` where both move the same input.

    >>> asked = {"solve": "vehicle_deliveries", "against": "vehicle_operating_margin", "case": "base"}
    >>> curve = iso_curve(38.86, values=[0.085, 0.125], **asked)
    >>> [round(point.answer.solutions[0].value, 1) for point in curve.points]
    [5.2, 2.9]
    """
    book = read_drivers(folder)
    inputs = with_settings(load_inputs(case, folder), book, settings or {})
    wanted = targets(price, target, value)
    return curve_for(inputs, book, wanted, solve, against, values=values, target=target, hold=hold)


def curve_for(
    inputs: Inputs,
    book: DriverBook,
    wanted: Floats,
    solve: str,
    against: str,
    *,
    values: Sequence[float] | None = None,
    target: str = "",
    hold: Collection[str] = (),
) -> IsoCurve:
    """`iso_curve` with the inputs and the drivers at hand."""
    other, own = lever(inputs, book, against), lever(inputs, book, solve, hold=hold)
    require_independent(own, other, "against")
    steps = steps_of(inputs, other) if values is None else np.asarray(values, dtype=float).tolist()
    points = points_at(steps, inputs, book, wanted, solve, against, target=target, hold=hold)
    if all(point.answer is None for point in points):
        raise InputError(
            "against", against, f"has no value that can be valued: {points[0].refused}", display=against
        )
    return IsoCurve(
        *(identity_of(inputs), own.driver.key, own.driver.unit, other.driver.key, other.driver.unit),
        *(target_of(book, solve, target).text, float(wanted[0]), tuple(points)),
    )


def points_at(
    values: Sequence[float],
    inputs: Inputs,
    book: DriverBook,
    wanted: Floats,
    solve: str,
    against: str,
    *,
    target: str = "",
    hold: Collection[str] = (),
) -> list[IsoPoint]:
    """The points of a curve at values of `against`, each solved or with the rule that it breaks.

    All are solved at once: the case is traced once, and a value of `against` counts as one more draw.
    """
    case, formula = TracedCase(inputs), target_of(book, solve, target)
    prepared: dict[str, Figures] = {}
    points = [IsoPoint(at, None) for at in values]
    questions: dict[int, Question] = {}
    for place, at in enumerate(values):
        try:
            moved = with_settings(inputs, book, {against: at})
            fixed = {name: moved.number(name) for name in lever(inputs, book, against).moves}
            own = lever(moved, book, solve, hold=hold)
            questions[place] = Question(
                case, book, own, formula, inputs=moved, fixed=fixed, prepared=prepared
            )
        except ValuationError as error:
            points[place] = IsoPoint(at, None, str(error))
    solutions = solved_together(list(questions.values()), book, wanted[:1])
    for place, answers in zip(questions, solutions, strict=True):
        if isinstance(answers, ValuationError):
            points[place] = IsoPoint(values[place], None, str(answers))
        else:
            points[place] = IsoPoint(values[place], answers[0])
    return points
