"""Figures of many scenarios of a case, by formula: lines of the model, inputs, measures, figures of markets.

A path has the base year first; paths of different length are cut to the shorter. Where a scenario breaks a
rule every figure of it is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ValuationError
from xlwings_addin.core.years import running_sum
from xlwings_addin.inputs.calendar import is_quarter
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.drivers import DriverBook
from xlwings_addin.inputs.expressions import Formula
from xlwings_addin.inputs.tables import period_end
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.valuation.draws import Batch, TracedCase
from xlwings_addin.valuation.model import Model, find

Floats = NDArray[np.float64]

WORTH = "worth"
"""What a business is worth in every year, after that year's flow: a path that is derived here."""
WORTH_LINES = ("enterprise_value", "present_value", "discount_factor")
PATHS = ("Years", "WithBaseYear")
LTM = "LTM"
"""The last twelve months that were known on the valuation date."""


class Figures:
    """Formulas prepared for scenarios of some inputs of a case: call it with them.

    `traced` is the case where other questions have traced it already.
    """

    def __init__(
        self,
        inputs: Inputs,
        book: DriverBook,
        formulas: Mapping[str, Formula],
        moved: Sequence[str],
        *,
        traced: TracedCase | None = None,
    ) -> None:
        self.inputs, self.book, self.formulas, self.moved = inputs, book, dict(formulas), tuple(moved)
        self.base_year = inputs.count("base_year")
        names = sorted(set(self._lines_of(self.formulas.values())))
        self.batch = Batch(inputs, self.moved, names, traced=traced)
        self.lines = self.batch.plan.lines

    def _lines_of(self, formulas: Any, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """The lines that formulas rest on, those of measures among them."""
        for formula in formulas:
            for name in formula.names:
                group, _, key = name.rpartition(".")
                if group:
                    yield from [f"{group}.{line}" for line in WORTH_LINES] if key == WORTH else [name]
                elif name in self.book.measures:
                    if name in seen:
                        raise InputError("measure", name, "must not rest on itself")
                    yield from self._lines_of([self.book.measures[name].formula], seen | {name})

    def __call__(
        self, draws: Mapping[str, Floats], *, refused: dict[str, str] | None = None
    ) -> dict[str, Floats]:
        """Every formula's figures for draws of the inputs moved: (draws,), or (years, draws) for a path.

        A formula that cannot be valued is an error, or a sentence in `refused` where that is there.
        """
        drawn = self.batch(draws)
        values = {name: self._with_base_year(name, drawn[name]) for name in self.lines}
        lookup = partial(self._look_up, draws, values)
        figures: dict[str, Floats] = {}
        for key, formula in self.formulas.items():
            try:
                with np.errstate(all="ignore"):
                    figures[key] = self._whole(formula.value(lookup), drawn.valid)
            except ValuationError as error:
                if refused is None:
                    raise
                refused[key] = str(error)
        return figures

    def _with_base_year(self, name: str, values: Floats) -> Any:
        if self.lines[name].returns != "Years":
            return OverYears(values) if self.lines[name].returns in PATHS else values
        return OverYears(np.concatenate([np.full((1, values.shape[1]), np.nan), values]))

    def _look_up(self, draws: Mapping[str, Floats], lines: Mapping[str, Any], name: str, period: str) -> Any:
        group, _, key = name.rpartition(".")
        if group:
            value = _worth(lines, group) if key == WORTH else lines[name]
        elif period and (name, period) in self.book.markets:
            return np.float64(self.book.markets[name, period].number)
        elif period and self.inputs.tables.has(name, period):
            return np.float64(self.inputs.tables.row(name, period).number)
        elif period == LTM:
            return np.float64(last_twelve_months(self.inputs, name)[0])
        elif name in self.book.measures:
            value = self.book.measures[name].formula.value(partial(self._look_up, draws, lines))
        else:
            value = draws[name] if name in draws else self._number(name, period)
        return self._in_year(name, value, period) if period else value

    def _number(self, name: str, period: str) -> float:
        if any(key == name for key, _ in self.book.markets):
            have = ", ".join(other for key, other in self.book.markets if key == name)
            raise InputError(
                name, period, f"must be a period of markets.csv: {have}", display=period or "alone"
            )
        return np.float64(self.inputs.number(name))

    def _in_year(self, name: str, value: Any, period: str) -> Floats:
        if not isinstance(value, OverYears):
            raise ChoiceError("period", period, f"belongs to a path, {name} is one figure", display=period)
        ends = {"base": 0, "first": 1, "last": len(value.years) - 1}
        if not period.isdigit() and period not in ends:
            raise ChoiceError("period", period, "must be a year, or base, first or last")
        row = ends[period] if period in ends else int(period) - self.base_year
        if not 0 <= row < len(value.years):
            last = self.base_year + len(value.years) - 1
            rule = f"must be from {self.base_year} to {last} for {name}"
            raise DomainError("year", period, rule, display=period)
        figures: Floats = value.years[row]
        return figures

    def _whole(self, value: Any, valid: NDArray[np.bool_]) -> Floats:
        figures = np.array(value.years if isinstance(value, OverYears) else value, dtype=float)
        whole = np.array(
            np.broadcast_to(figures, (*figures.shape[:-1], len(valid)) if figures.ndim else valid.shape)
        )
        whole[..., ~valid] = np.nan
        return whole

    def first_year(self, path: Floats) -> Floats:
        """The first year, the base year too, in which a path is above zero, (draws,); NaN where none is."""
        with np.errstate(invalid="ignore"):
            above = path > 0
        years = self.base_year + 0.0 + np.argmax(above, axis=0)
        return np.where(above.any(axis=0), years, np.nan)


class OverYears(NDArrayOperatorsMixin):
    """Figures over years, the base year first: two of different length are as long as the shorter."""

    def __init__(self, years: Floats) -> None:
        self.years = years

    def __array_ufunc__(self, operation: np.ufunc, method: str, *terms: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        length = min(len(term.years) for term in terms if isinstance(term, OverYears))
        cut = [term.years[:length] if isinstance(term, OverYears) else term for term in terms]
        return OverYears(operation(*cut))


def last_twelve_months(inputs: Inputs, key: str) -> tuple[float, str]:
    """The last four quarters of a figure that were known on the valuation date, or the last year; and which.

    Raises `InputError` where neither is in the tables.
    """
    tables, day = inputs.tables, inputs.day("valuation_date")
    periods = [period for period in tables.periods(key) if tables.row(key, period).as_of <= day]
    quarters = [period for period in periods if is_quarter(period)][-4:]
    years = [period for period in periods if period.startswith("FY")]
    follow = len(quarters) == 4 and _consecutive(quarters)
    if follow and (not years or period_end(quarters[-1]) >= period_end(years[-1])):
        figures = [tables.row(key, period).number for period in quarters]
        return sum(figures), f"{quarters[0]} to {quarters[-1]}"
    if not years:
        rule = f"needs four quarters or a year that were known on {day}"
        raise InputError(f"{key}@LTM", day, rule, display=f"of {day}")
    return tables.row(key, years[-1]).number, years[-1]


def _consecutive(quarters: Sequence[str]) -> bool:
    numbers = [int(quarter[:4]) * 4 + int(quarter[5]) for quarter in quarters]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _worth(lines: Mapping[str, Any], group: str) -> OverYears:
    """What is left of a value in every year: what is worth today, less what has come, at that year's date."""
    value, present, factor = (lines[f"{group}.{line}"] for line in WORTH_LINES)
    length = len(present.years)
    left = value - running_sum(present.years)
    return OverYears(left / factor.years[:length])


def unit_of(inputs: Inputs, book: DriverBook, formula: Formula) -> str:
    """The unit of a formula that is one measure, line or input; none for any other."""
    if len(formula.references) != 1:
        return ""
    ((name, _),) = formula.references
    return _unit(inputs, book, name)


def _unit(inputs: Inputs, book: DriverBook, name: str) -> str:
    measure = book.measures.get(name)
    if measure is not None:
        return measure.unit
    if "." not in name:
        return inputs.parameter(name).printed_unit
    groups = Model(Scalars(inputs.values, inputs.tables)).groups()
    return inputs.tables.company.text(find(groups, name)[1].unit)
