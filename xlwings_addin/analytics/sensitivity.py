"""What a line is where one or two inputs or drivers have other values: every cell is valued by the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.figures import Figures, unit_of
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.question import (
    TARGET,
    Lever,
    figure_of,
    lever,
    require_independent,
    target_of,
    with_settings,
)
from xlwings_addin.analytics.steps import steps_of
from xlwings_addin.core.errors import InputError, ShapeError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.inputs.parameter import Value as InputValue

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
MOST_CELLS = 1_000_000
"""Cells of a table: a bound on what a slip of the pen asks for."""


@dataclass(frozen=True)
class Axis:
    """An input or driver with the values it has in the table; `start` is that of the case.

    `moves` are the inputs that it sets, with what each of them is at every value.
    """

    key: str
    label: str
    unit: str
    start: float
    values: tuple[float, ...]
    moves: Mapping[str, tuple[InputValue, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sensitivity:
    """A line over the values of one input or driver, or of two: `table` is (first,) or (first, second).

    A cell whose inputs break a rule is NaN; `present` is the line in the case.
    """

    identity: Identity
    line: str
    line_unit: str
    present: float
    axes: tuple[Axis, ...]
    table: Floats

    def __repr__(self) -> str:
        size = " x ".join(str(len(axis.values)) for axis in self.axes)
        return f"<Sensitivity of {self.line} to {' and '.join(axis.key for axis in self.axes)}, {size}>"

    @property
    def elasticity(self) -> tuple[float | None, ...]:
        """Of each axis: the relative change of the line over its values, to the relative change of the input.

        None where the line or the input is 0 in the case; the other input is as the case has it.
        """
        return tuple(self._elasticity(number) for number in range(len(self.axes)))

    def _elasticity(self, number: int) -> float | None:
        axis = self.axes[number]
        along = np.moveaxis(self.table, number, 0)
        if len(self.axes) > 1:
            other = self.axes[1 - number]
            along = along[:, int(np.argmin(np.abs(np.array(other.values) - other.start)))]
        (sound,) = np.nonzero(np.isfinite(along))
        if len(sound) < 2 or not axis.start or not self.present:
            return None
        first, last = sound[0], sound[-1]
        width = axis.values[last] - axis.values[first]
        return float((along[last] - along[first]) / self.present / (width / axis.start))

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read; None in a cell whose inputs break a rule."""
        cells = self.table.astype(object)
        cells[~np.isfinite(self.table)] = None
        return {
            **self.identity.summary(),
            "line": self.line,
            "line_unit": self.line_unit,
            "in_the_case": self.present,
            "axes": [
                {
                    "key": axis.key,
                    "label": axis.label,
                    "unit": axis.unit,
                    "in_the_case": axis.start,
                    "values": list(axis.values),
                    "elasticity": elasticity,
                }
                for axis, elasticity in zip(self.axes, self.elasticity, strict=True)
            ],
            "table": cells.tolist(),
        }

    def to_frame(self) -> pd.DataFrame:
        """The table, the first axis down, the second one across."""
        import pandas as pd

        rows = pd.Index(self.axes[0].values, name=self.axes[0].key)
        if len(self.axes) == 1:
            return pd.DataFrame({self.line: self.table}, index=rows)
        return pd.DataFrame(
            self.table, index=rows, columns=pd.Index(self.axes[1].values, name=self.axes[1].key)
        )


def sensitivity(
    key: str,
    other: str = "",
    *,
    values: Sequence[float] | None = None,
    other_values: Sequence[float] | None = None,
    case: str = DEFAULT_CASE,
    target: str = "",
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    folder: Path | None = None,
) -> Sensitivity:
    """The value of a share, or any line, where one or two inputs or drivers have other values.

    Args:
        key, other: inputs, or drivers of `inputs/drivers.csv`.
        values, other_values: what they are to be; by default the range of their rows in equal steps, and the
            case's own value.
        target: a line in place of the value per share, with a year where it has years.
        case, settings, hold, folder: as in `implied`; `hold` names inputs that a driver leaves alone.

    Raises: `InputError` for an unknown key or line, and for two that move the same input; `ShapeError` for
        values that are no row of numbers and for more than a million cells.

    >>> keys = ("vehicle_wacc", "vehicle_terminal_growth")
    >>> made = sensitivity(*keys, values=[0.11, 0.12], other_values=[0.015], case="base")
    >>> made.table.round(2).tolist()
    [[32.26], [31.47]]
    """
    book = read_drivers(folder)
    inputs = with_settings(load_inputs(case, folder), book, settings or {})
    return sensitivity_of(
        inputs, book, key, other, values=values, other_values=other_values, target=target, hold=hold
    )


def sensitivity_of(
    inputs: Inputs,
    book: DriverBook,
    key: str,
    other: str = "",
    *,
    values: Sequence[float] | None = None,
    other_values: Sequence[float] | None = None,
    target: str = "",
    hold: Collection[str] = (),
) -> Sensitivity:
    """`sensitivity` with the inputs and the drivers at hand."""
    moved = [lever(inputs, book, name, hold=_own(book, name, hold)) for name in (key, other) if name]
    _check(moved, hold)
    rows = [_row(inputs, one, wanted) for one, wanted in zip(moved, (values, other_values), strict=False)]
    if np.prod([len(row) for row in rows]) > MOST_CELLS:
        rule = f"must be at most {MOST_CELLS:,} cells"
        raise ShapeError("table", [len(row) for row in rows], rule)
    return _table(inputs, book, moved, rows, target)


def _own(book: DriverBook, key: str, hold: Collection[str]) -> list[str]:
    """Those of the inputs to hold that a driver would move."""
    return [name for name in hold if name in book.driver(key).moves]


def _check(moved: Sequence[Lever], hold: Collection[str]) -> None:
    for name in hold:
        if not any(name in one.driver.moves for one in moved):
            rule = f"is not moved by {' or '.join(one.driver.key for one in moved)}"
            raise InputError("hold", name, rule, display=name)
    if len(moved) > 1:
        require_independent(moved[0], moved[1], "key")


def _row(inputs: Inputs, one: Lever, wanted: Sequence[float] | None) -> list[float]:
    if wanted is None:
        return steps_of(inputs, one)
    row = np.asarray(wanted, dtype=float)
    if row.ndim != 1 or not row.size or not np.isfinite(row).all():
        raise ShapeError(one.driver.key, list(wanted), "must have values that are a row of finite numbers")
    numbers: list[float] = row.tolist()
    return numbers


def _moves(inputs: Inputs, one: Lever, row: Sequence[float]) -> dict[str, tuple[InputValue, ...]]:
    """What every input that a driver sets is at each of its values."""
    return {key: tuple(points.tolist()) for key, points in one.draws(inputs, np.array(row)).items()}


def _table(
    inputs: Inputs, book: DriverBook, moved: Sequence[Lever], rows: Sequence[Sequence[float]], target: str
) -> Sensitivity:
    formula = target_of(book, moved[0].driver.key, target)
    mesh = [points.ravel() for points in np.meshgrid(*map(np.array, rows), indexing="ij")]
    draws: dict[str, Floats] = {}
    for one, points in zip(moved, mesh, strict=True):
        draws |= one.draws(inputs, points)
    figures = Figures(inputs, book, {TARGET: formula}, tuple(draws))
    case = {name: np.array([inputs.number(name)]) for name in draws}
    axes = tuple(
        Axis(
            one.driver.key, one.driver.label, one.driver.unit, one.start, tuple(row), _moves(inputs, one, row)
        )
        for one, row in zip(moved, rows, strict=True)
    )
    return Sensitivity(
        identity=identity_of(inputs),
        line=formula.text,
        line_unit=unit_of(inputs, book, formula),
        present=float(figure_of(figures, formula, case)[0]),
        axes=axes,
        table=figure_of(figures, formula, draws).reshape([len(row) for row in rows]),
    )
