"""The inputs of a case: scalars with their rows, every rule checked.

`inputs/assumptions.csv` is the house view. A case is a table with the same columns, `cases/<case>.csv`, that
overrides scalars of it, or of the case that its row `extends` names (`case_files`). What it does not override
it inherits, but for its weight: a case without a row `probability` of its own has none.

Every assumption that is a number has a range, `low` to `high`, and lies in it. An override without a range of
its own has that of the row it replaces.

>>> inputs = load_inputs("march_2024_replica")
>>> inputs["timing"], inputs["vehicle_horizon"]
('end', 16)
>>> inputs.tables.series("free_cash_flow", ["FY2022", "FY2023"]).tolist()
[-10190.0, 35030.0]
>>> inputs.replace(vehicle_wacc=0.02, vehicle_terminal_growth=0.03)
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: vehicle_wacc 2.00% must exceed vehicle_terminal_growth 3.00%
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ValuationError
from xlwings_addin.inputs.case_files import CaseFolder, no_case, scalar_rows
from xlwings_addin.inputs.default_rows import default_rows
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.inputs.parameter import Parameter, Value
from xlwings_addin.inputs.rules import check_rules
from xlwings_addin.inputs.tables import Row, Tables, changed_row, load_tables

PROBABILITY = "probability"
"""The weight of a case: the one scalar that no case inherits."""
PROBABILITY_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Origin:
    """Where a case has its values from.

    lineage        the cases it extends, the nearest first
    owners         the case that sets a scalar, by key; the house view sets all others
    in_workbook    whether the workbook has a column for the case
    """

    lineage: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    in_workbook: bool = True

    def reaches(self, own: str, key: str, case: str) -> bool:
        """Whether no case on the way from `own` to `case`, of its lineage, sets `key`."""
        if key == PROBABILITY:
            return False
        before = (own, *self.lineage[: self.lineage.index(case)])
        return self.owners.get(key, "") not in before


@dataclass(frozen=True)
class Inputs:
    """The scalars of one case, each with its row, and the tables behind them."""

    case: str
    values: Mapping[str, Value]
    rows: Mapping[str, Row]
    tables: Tables
    origin: Origin = field(default_factory=Origin)

    @cached_property
    def worked_out(self) -> dict[object, Any]:
        """Room for what other modules have worked out of these inputs, which never change."""
        return {}

    def __getitem__(self, key: str) -> Value:
        return self.values[self.parameter(key).key]

    def parameter(self, key: str) -> Parameter:
        """The company's input called `key`, by its present name or a former one."""
        return self.tables.company.parameters.named(key, stacklevel=4)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def row(self, key: str) -> Row:
        """The row `key` was read from, with its unit, basis, source and date."""
        return self.rows[self.parameter(key).key]

    def number(self, key: str) -> float:
        """A number, rate, count or year as a float."""
        value = self[key]
        if not isinstance(value, float | int):
            raise InputError(key, value, "must be a number")
        return float(value)

    def count(self, key: str) -> int:
        """A count or a year."""
        value = self[key]
        if not isinstance(value, int):
            raise InputError(key, value, "must be a whole number")
        return value

    def text(self, key: str) -> str:
        """A choice or a text."""
        value = self[key]
        if not isinstance(value, str):
            raise InputError(key, value, "must be a text")
        return value

    def day(self, key: str) -> date:
        """A date."""
        value = self[key]
        if not isinstance(value, date):
            raise InputError(key, value, "must be a date")
        return value

    def replace(self, **values: object) -> Inputs:
        """A copy with some scalars changed and every rule checked again.

        A changed scalar's row has basis `assumption` and names the caller as its source; a value equal to
        the present one keeps its row.
        """
        by_parameter = {self.parameter(key): value for key, value in values.items()}
        changed = {scalar.key: scalar.read(value) for scalar, value in by_parameter.items()}
        changed = {key: value for key, value in changed.items() if value != self.values[key]}
        rows = {key: changed_row(self.rows[key], value) for key, value in changed.items()}
        origin = replace(self.origin, owners={**self.origin.owners, **dict.fromkeys(changed, self.case)})
        return _inputs(self.case, {**self.values, **changed}, {**self.rows, **rows}, self.tables, origin)

    def inherits(self, key: str, case: str) -> bool:
        """Whether this case has the value of `key` from another one that it extends."""
        return case in self.origin.lineage and self.origin.reaches(self.case, key, case)

    def parent(self, key: str, cases: Collection[str]) -> str | None:
        """The nearest of `cases` that this case has the value of `key` from; None where it has its own."""
        return next(
            (case for case in self.origin.lineage if case in cases and self.inherits(key, case)), None
        )

    def following(self, keys: Iterable[str], other: Inputs) -> Inputs:
        """A copy that has the scalars `keys`, with rows and owners, from a case it inherits them from."""
        keys = list(keys)
        values = {key: other.values[key] for key in keys}
        rows = {key: other.rows[key] for key in keys}
        theirs = other.origin.owners
        owners = {key: theirs[key] for key in keys if key in theirs}
        origin = replace(self.origin, owners={**self.origin.owners, **owners})
        return _inputs(self.case, {**self.values, **values}, {**self.rows, **rows}, self.tables, origin)


def load_inputs(case: str = DEFAULT_CASE, folder: Path | None = None, tables: Tables | None = None) -> Inputs:
    """The inputs of `case`: the assumptions with the case's overrides, every rule checked.

    Other files of cases than its own and those it extends are not read, so that none of them can stop it.
    Raises `ChoiceError` for an unknown case, `InputError` for a folder, file or row that cannot be read and
    `DomainError` for a value outside its range or rules that do not hold together.
    """
    tables = tables or load_tables(folder)
    files = CaseFolder(folder, tables.company)
    if not files.names and not files.broken_names:
        raise no_case(folder)
    case = files.named(case)
    if f"{case}.csv" in files.broken_names:
        raise files.broken_names[f"{case}.csv"]
    if case not in files.names:
        raise ChoiceError("case", case, one_of(case, files.names))
    return _load(case, files, tables)


def load_cases(folder: Path | None = None, tables: Tables | None = None) -> tuple[Inputs, ...]:
    """The inputs of every case; their probabilities add to one, or none has any.

    Raises as `load_inputs` does, for the first case that is broken, and `DomainError` for probabilities that
    do not add up.
    """
    cases, broken = load_sound_cases(folder, tables)
    for error in broken.values():
        raise error
    check_weights(cases)
    return cases


def load_sound_cases(
    folder: Path | None = None, tables: Tables | None = None
) -> tuple[tuple[Inputs, ...], dict[str, ValuationError]]:
    """The inputs of every case that loads, and what is wrong with each of the others, by its name.

    A file whose name is no case name is among the others. Weights are not compared: see `check_weights`.
    Raises `InputError` for a folder or tables that cannot be read, and where there is no case.
    """
    tables = tables or load_tables(folder)
    files = CaseFolder(folder, tables.company)
    if not files.names and not files.broken_names:
        raise no_case(folder)
    cases: list[Inputs] = []
    broken: dict[str, ValuationError] = dict(files.broken_names)
    for name in files.names:
        try:
            cases.append(_load(name, files, tables))
        except ValuationError as error:
            broken[name] = error
    return tuple(cases), broken


def check_weights(cases: Iterable[Inputs]) -> None:
    """Raise `DomainError`, naming their rows, for probabilities that do not add to one; all may be 0.

    Cases of one valuation date are one view: the weights of every view add to one by themselves.
    """
    weighted = [inputs for inputs in cases if inputs.number(PROBABILITY)]
    days = sorted({inputs.day("valuation_date") for inputs in weighted})
    for day in days:
        view = [inputs for inputs in weighted if inputs.day("valuation_date") == day]
        total = sum(inputs.number(PROBABILITY) for inputs in view)
        if abs(total - 1) > PROBABILITY_TOLERANCE:
            places = (f"{one.number(PROBABILITY):g} ({one.row(PROBABILITY).place})" for one in view)
            rule = "must add to 1 over all cases" + (f" of {day.isoformat()}" if len(days) > 1 else "")
            raise DomainError(PROBABILITY, total, rule, display=f"{' + '.join(places)} = {total:g}")


def house_weights(cases: Iterable[Inputs]) -> dict[str, float]:
    """The weights of the view that the first case belongs to: of all cases valued on its day.

    >>> house_weights(load_cases())
    {'house_2026': 0.5, 'house_2026_bear': 0.33, 'house_2026_bull': 0.17}
    """
    cases = list(cases)
    view = [one for one in cases if one.day("valuation_date") == cases[0].day("valuation_date")]
    return {one.case: one.number(PROBABILITY) for one in view if one.number(PROBABILITY)}


def replace_in_cases(cases: Mapping[str, Inputs], case: str, **values: object) -> dict[str, Inputs]:
    """The cases with some scalars of one changed, in it and in every case that inherits them from it.

    A case that overrides the scalar keeps its own. Every rule is checked again in each case that changes.

    >>> cases = {inputs.case: inputs for inputs in load_cases()}
    >>> changed = replace_in_cases(cases, "base", tax_rate=0.2, holding_discount=0.05)
    >>> [(changed[case]["tax_rate"], changed[case]["holding_discount"]) for case in ("base", "bear", "bull")]
    [(0.2, 0.05), (0.2, 0.1), (0.2, 0.05)]
    """
    replaced = dict(cases)
    replaced[case] = cases[case].replace(**values)
    for name, inputs in cases.items():
        heir = [key for key in values if inputs.inherits(key, case)]
        if heir:
            replaced[name] = inputs.following(heir, replaced[case])
    return replaced


def _load(case: str, files: CaseFolder, tables: Tables) -> Inputs:
    lineage = files.lineage(case)
    parameters = tables.company.parameters
    rows = scalar_rows(tables.assumptions, tables.company)
    if PROBABILITY in rows and rows[PROBABILITY].number:
        place = f"{rows[PROBABILITY].place} {PROBABILITY}"
        raise DomainError(place, rows[PROBABILITY].number, "must be 0: a weight belongs to a case's own file")
    owners: dict[str, str] = {}
    for file in reversed(lineage):
        own = {key: row for key, row in file.rows.items() if key != PROBABILITY or file.name == case}
        rows |= {key: _with_range(row, rows.get(key)) for key, row in own.items()}
        owners |= dict.fromkeys(own, file.name)
    for row, owner in default_rows(parameters, rows, owners):
        rows[row.key] = row
        owners |= {} if owner is None else {row.key: owner}
    if missing := [entry.key for entry in parameters if entry.key not in rows and not entry.default]:
        number = "a row" if len(missing) == 1 else f"{len(missing)} rows"
        name = "parameter" if len(missing) == 1 else "parameters"
        names = repr(missing[0]) if len(missing) == 1 else ", ".join(missing)
        raise InputError(name, missing, f"must have {number} in assumptions.csv", display=names)
    values = {entry.key: _scalar(entry, rows[entry.key]) for entry in parameters}
    origin = Origin(tuple(file.name for file in lineage[1:]), owners, lineage[0].in_workbook)
    try:
        return _inputs(case, values, {key: rows[key] for key in values}, tables, origin)
    except DomainError as error:
        raise _placed(error, rows) from None


def _with_range(row: Row, replaced: Row | None) -> Row:
    """An override with the range of the assumption it replaces, where it has none of its own."""
    if row.basis != "assumption" or row.low is not None or replaced is None or replaced.low is None:
        return row
    assert replaced.high is not None
    if not replaced.low <= row.number <= replaced.high:
        rule = f"must be from {replaced.low:g} to {replaced.high:g} ({replaced.place}), or have low and high"
        raise DomainError(f"{row.place} {row.key}", row.number, rule, display=row.text)
    return replace(row, low=replaced.low, high=replaced.high)


def _placed(error: DomainError, rows: Mapping[str, Row]) -> DomainError:
    """The error of a rule across inputs, with file and line of the input that it names."""
    if error.argument not in rows:
        return error
    place = f"{rows[error.argument].place} {error.argument}"
    return DomainError(place, error.value, error.rule, display=spelled_value(error))


def spelled_value(error: ValuationError) -> str:
    """The value in the message of an error, as it is printed there."""
    return str(error).removeprefix(f"{error.argument} ").removesuffix(f" {error.rule}")


def _scalar(scalar: Parameter, row: Row) -> Value:
    if row.unit != scalar.unit:
        raise InputError(f"{row.place} unit", row.unit, f"must be {scalar.unit!r} for {scalar.key}")
    value = scalar.read(row.value, argument=f"{row.place} {scalar.key}")
    if row.basis == "assumption" and isinstance(row.value, float) and row.low is None:
        raise InputError(f"{row.place} {scalar.key}", row.text, "is an assumption: must have low and high")
    for bound in (row.low, row.high):
        if bound is not None:
            scalar.read(bound, argument=f"{row.place} {scalar.key} {'low' if bound == row.low else 'high'}")
    return value


def _inputs(
    case: str, values: Mapping[str, Value], rows: Mapping[str, Row], tables: Tables, origin: Origin
) -> Inputs:
    inputs = Inputs(case, MappingProxyType(dict(values)), MappingProxyType(dict(rows)), tables, origin)
    check_rules(inputs)
    return inputs
