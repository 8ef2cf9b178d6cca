"""Which conventions reproduce the printed figures of a published valuation, and what they leave undetermined.

    figure,printed,unit,half_width
    sotp.vehicle.per_share,4.91,HKD,
    sotp.vehicle.usd / 1000,16,USD bn,0.5

A figure is a formula over lines of the model. It is reproduced within half a unit of its last printed digit,
or within `half_width` where the text says "about". Every combination of the case's conventions, and of the
values of other inputs that are named, is valued; those that reproduce all figures are the answer. A
convention that moves no figure in any combination is counted once.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.convention_options import Convention, Option, conventions_of
from xlwings_addin.analytics.figures import Figures
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.core.errors import DomainError, InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.rules import require_drawable
from xlwings_addin.inputs.table_text import decoded, table_rows
from xlwings_addin.inputs.tables import unreadable

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

COLUMNS = ("figure", "printed", "unit", "half_width")
MOST_SETS = 200_000
"""Combinations that are valued at most."""
REPLICA = "march_2024_replica"
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?")


@dataclass(frozen=True)
class PrintedFigure:
    """A figure as printed, and how far from it a value may lie that was printed so."""

    formula: Formula
    printed: str
    unit: str
    value: float
    half_width: float

    def is_met(self, values: Floats) -> NDArray[np.bool_]:
        """Which values would be printed so."""
        with np.errstate(invalid="ignore"):
            return np.abs(values - self.value) <= self.half_width * (1 + 1e-9)


@dataclass(frozen=True)
class ConventionSet:
    """A set of conventions: the label of its option by key, and the figures that it gives."""

    options: Mapping[str, str]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Replicated:
    """The sets that reproduce all printed figures, and the nearest one of all.

    `valued` is the number of sets that differ in some figure, `idle` the conventions that move none;
    `refused` counts the sets that break a rule. `possible` has the options of every other convention that
    some set of the answer has: one is determined, several are not.
    """

    identity: Identity
    figures: tuple[PrintedFigure, ...]
    sets: tuple[ConventionSet, ...]
    nearest: ConventionSet
    possible: Mapping[str, tuple[str, ...]]
    idle: tuple[str, ...]
    valued: int
    refused: int

    def __repr__(self) -> str:
        return f"<Replicated {self.identity.case}: {len(self.sets)} of {self.valued} sets>"

    @property
    def undetermined(self) -> tuple[str, ...]:
        """The conventions that the figures leave open, those that move none of them among them."""
        return (*(key for key, options in self.possible.items() if len(options) > 1), *self.idle)

    @property
    def sentence(self) -> str:
        """How many sets reproduce the figures, or the nearest to do so."""
        if self.sets:
            return f"{len(self.sets)} of {self.valued} sets of conventions reproduce all printed figures"
        missed = [
            f"{figure.formula.text} {self.nearest.figures[figure.formula.text]:.6g}, printed {figure.printed}"
            for figure in self.figures
        ]
        chosen = ", ".join(f"{key} {option}" for key, option in self.nearest.options.items())
        return f"none of {self.valued} sets of conventions reproduces the figures; nearest is {chosen}: " + (
            "; ".join(missed)
        )

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "figures": [
                {
                    "figure": figure.formula.text,
                    "printed": figure.printed,
                    "unit": figure.unit,
                    "half_width": figure.half_width,
                }
                for figure in self.figures
            ],
            "sets": [{"options": dict(one.options), "figures": dict(one.figures)} for one in self.sets],
            "nearest": {"options": dict(self.nearest.options), "figures": dict(self.nearest.figures)},
            "possible": {key: list(options) for key, options in self.possible.items()},
            "undetermined": list(self.undetermined),
            "moves_nothing": list(self.idle),
            "valued": self.valued,
            "refused": self.refused,
            "sentence": self.sentence,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for every set that reproduces the figures: its options and what it gives."""
        import pandas as pd

        return pd.DataFrame([{**one.options, **one.figures} for one in self.sets])


def read_figures(path: Path) -> tuple[PrintedFigure, ...]:
    """The printed figures of a file; `InputError` naming file, line and rule for what is none."""
    try:
        rows = list(table_rows(decoded(path.read_bytes(), path.name), COLUMNS, path.name))
    except OSError as error:
        raise unreadable("file", path, error) from None
    except csv.Error as error:
        raise InputError("table", path.name, f"must be a CSV file: {error}") from None
    if not rows:
        raise InputError("figures", path.name, "must have a row for a printed figure")
    return tuple(_figure(cells, f"{path.name} line {line}") for line, cells, _ in rows)


def _figure(cells: Sequence[str], place: str) -> PrintedFigure:
    if len(cells) != len(COLUMNS):
        raise InputError(place, len(cells), f"columns must be {len(COLUMNS)}")
    text, printed, unit, width = (cell.strip() for cell in cells)
    formula = read_formula(text, argument=f"{place} figure")
    for column, number in (("printed", printed), ("half_width", width or "0")):
        if not _NUMBER.fullmatch(number):
            raise InputError(f"{place} {column}", number, "must be a number as it is printed, such as 4.91")
    decimals = len(printed.partition(".")[2])
    half = float(width.replace(",", "")) if width else 0.5 * 10.0**-decimals
    if half <= 0:
        raise DomainError(f"{place} half_width", half, "must be above 0")
    return PrintedFigure(formula, printed, unit, float(printed.replace(",", "")), half)


def replicate(
    figures: Path | str,
    *,
    case: str = REPLICA,
    vary: Mapping[str, Sequence[Value]] | None = None,
    folder: Path | None = None,
) -> Replicated:
    """Every set of conventions of a case that reproduces printed figures within their rounding.

    Args:
        figures: a CSV file with the columns figure, printed, unit and half_width.
        case: the case whose facts the sets have.
        vary: values of other inputs to try as well, by key; the case's own always.
        folder: the tables, the project's own by default.

    Raises: `ChoiceError` for an unknown case, `InputError` for a file, a figure or an input that is none,
        `DomainError` for more than `MOST_SETS` sets.
    """
    inputs, book = load_inputs(case, folder), read_drivers(folder)
    printed = read_figures(Path(figures))
    axes = (*conventions_of(inputs, book), *_varied(inputs, vary or {}))
    axes = tuple(axis for axis in axes if len(axis.options) > 1)
    count = prod(len(axis.options) for axis in axes)
    if count > MOST_SETS:
        raise DomainError("vary", count, f"makes more sets of conventions than {MOST_SETS:,}")
    values = _Grid(inputs, book, printed, axes).values()
    return _answer(inputs, printed, axes, values)


def _varied(inputs: Inputs, vary: Mapping[str, Sequence[Value]]) -> Iterator[Convention]:
    for key, values in vary.items():
        parameter = inputs.parameter(key)
        read = dict.fromkeys([inputs[parameter.key], *(parameter.read(value) for value in values)])
        options = (Option(f"{one:g}" if isinstance(one, float) else str(one), {key: one}) for one in read)
        yield Convention(key, parameter.label, tuple(options))


class _Grid:
    """The figures of every combination of options: those of choices one by one, of numbers at once."""

    def __init__(
        self,
        inputs: Inputs,
        book: DriverBook,
        printed: Sequence[PrintedFigure],
        axes: Sequence[Convention],
    ) -> None:
        self.inputs, self.book, self.axes = inputs, book, axes
        self.formulas = {figure.formula.text: figure.formula for figure in printed}
        self.drawn = [place for place, axis in enumerate(axes) if self._is_drawn(axis)]
        self.chosen = [place for place in range(len(axes)) if place not in self.drawn]

    def _is_drawn(self, axis: Convention) -> bool:
        try:
            require_drawable(axis.inputs, self.inputs.tables.company)
        except DomainError:
            return False
        return True

    def values(self) -> Floats:
        """(figures, options of the first axis, of the second, ...); NaN where a rule is broken."""
        lengths = [len(axis.options) for axis in self.axes]
        values = np.full((len(self.formulas), *lengths), np.nan)
        for places in product(*(range(lengths[axis]) for axis in self.chosen)):
            settings: dict[str, Value] = {}
            for axis, place in zip(self.chosen, places, strict=True):
                settings |= self.axes[axis].options[place].settings
            at: list[Any] = [slice(None)] * (len(lengths) + 1)
            for axis, place in zip(self.chosen, places, strict=True):
                at[axis + 1] = place
            try:
                values[tuple(at)] = self._numbers(self.inputs.replace(**settings))
            except ValuationError:
                if not any(places):
                    raise  # the case itself: a figure that is none, say
        return values

    def _numbers(self, inputs: Inputs) -> Floats:
        """The figures over the options of the drawn axes."""
        axes = [self.axes[place] for place in self.drawn]
        lengths = [len(axis.options) for axis in axes]
        keys = list(dict.fromkeys(key for axis in axes for key in axis.inputs)) or ["tax_rate"]
        sets = list(product(*(axis.options for axis in axes)))
        draws = {key: np.full(len(sets), inputs.number(key)) for key in keys}
        for number, options in enumerate(sets):
            for option in options:
                for key, value in option.settings.items():
                    draws[key][number] = float(value)  # type: ignore[arg-type]
        draws |= self._of_final_income(inputs, draws, sets)
        figures = Figures(inputs, self.book, self.formulas, tuple(keys))(draws)
        for text, row in figures.items():
            if row.ndim > 1:
                raise InputError("figure", text, "is a path: name a year, as in vehicle_ramp.revenue@last")
        return np.array([figures[text].reshape(lengths) for text in self.formulas])

    def _of_final_income(
        self, inputs: Inputs, draws: Mapping[str, Floats], sets: Sequence[Sequence[Option]]
    ) -> dict[str, Floats]:
        """Inputs that are a share of the last year's operating income, in the same draws."""
        wanted = {
            (key, *share_and_line): None
            for options in sets
            for option in options
            for key, share_and_line in option.of_final_income.items()
        }
        lines = {line: read_formula(line) for _, _, line in wanted}
        if not lines:
            return {}
        finals = Figures(inputs, self.book, lines, tuple(draws))(draws)
        made = {key: draws[key].copy() for key, _, _ in wanted}
        for number, options in enumerate(sets):
            for option in options:
                for key, (share, line) in option.of_final_income.items():
                    made[key][number] = share * finals[line][number]
        return made


def _answer(
    inputs: Inputs, printed: Sequence[PrintedFigure], axes: Sequence[Convention], values: Floats
) -> Replicated:
    idle = [place for place in range(len(axes)) if _moves_nothing(values, place + 1)]
    for place in idle:
        values = values.take([0], axis=place + 1)
    live = [place for place in range(len(axes)) if place not in idle]
    if not np.isfinite(values).all(axis=0).any():
        raise DomainError("figures", inputs.case, "have no value in any set of conventions")
    met = np.all([figure.is_met(row) for figure, row in zip(printed, values, strict=True)], axis=0)
    widths = [
        ((row - figure.value) / figure.half_width) ** 2 for figure, row in zip(printed, values, strict=True)
    ]
    misses = np.nan_to_num(np.sum(widths, axis=0), nan=np.inf)

    def made(at: tuple[int, ...]) -> ConventionSet:
        options = {axes[place].key: axes[place].options[at[place]].label for place in live}
        texts = (figure.formula.text for figure in printed)
        return ConventionSet(options, dict(zip(texts, np.moveaxis(values, 0, -1)[at].tolist(), strict=True)))

    order = sorted(map(tuple, np.argwhere(met).tolist()), key=lambda at: float(misses[at]))
    sets = tuple(made(at) for at in order)
    nearest = made(tuple(int(place) for place in np.unravel_index(np.argmin(misses), misses.shape)))
    possible = {
        axes[place].key: tuple(dict.fromkeys(axes[place].options[at[place]].label for at in sorted(order)))
        for place in (live if sets else ())
    }
    refused = int(np.isnan(values).any(axis=0).sum())
    idle_keys = tuple(axes[place].key for place in idle)
    return Replicated(
        identity_of(inputs), tuple(printed), sets, nearest, possible, idle_keys, misses.size, refused
    )


def _moves_nothing(values: Floats, axis: int) -> bool:
    """Whether all options of a convention give the same figures in every combination."""
    first = values.take([0], axis=axis)
    return bool(np.allclose(values, np.broadcast_to(first, values.shape), rtol=1e-12, equal_nan=True))
