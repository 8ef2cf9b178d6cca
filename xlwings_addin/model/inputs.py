"""The inputs of a case: scalars with their rows, every rule checked.

A case is a table with the columns of `tables`, `cases/<case>.csv`, that overrides scalars of
`inputs/assumptions.csv`. There are `MAX_CASES` at most: the Inputs sheet shows them side by side.

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

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from xlwings_addin.core.capital import cost_of_equity, wacc
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError
from xlwings_addin.model.parameters import PARAMETERS, Parameter, Value, nearest, parameter
from xlwings_addin.model.tables import (
    KEY_PATTERN,
    Row,
    Tables,
    by_figure,
    changed_row,
    checked_folder,
    load_tables,
    read_rows,
    standing_row,
    tables_folder,
    unreadable,
)

DEFAULT_CASE = "march_2024_replica"
MAX_CASES = 12
_CASE_FILE = re.compile(rf"(?=.{{1,31}}\.csv){KEY_PATTERN}\.csv")


@dataclass(frozen=True)
class Inputs:
    """The scalars of one case, each with its row, and the tables behind them."""

    case: str
    values: Mapping[str, Value]
    rows: Mapping[str, Row]
    tables: Tables

    def __getitem__(self, key: str) -> Value:
        return self.values[parameter(key).key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def row(self, key: str) -> Row:
        """The row `key` was read from, with its unit, basis, source and date."""
        return self.rows[parameter(key).key]

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
        changed = {key: parameter(key).read(value) for key, value in values.items()}
        changed = {key: value for key, value in changed.items() if value != self.values[key]}
        rows = {key: changed_row(self.rows[key], value) for key, value in changed.items()}
        return _inputs(self.case, {**self.values, **changed}, {**self.rows, **rows}, self.tables)


def case_names(folder: Path | None = None) -> tuple[str, ...]:
    """The cases in `cases/*.csv`: the replica first, then by name.

    Raises `InputError` for a folder that is not one of tables, a file whose name is no case name, no case
    and more than `MAX_CASES`.

    >>> case_names()[0]
    'march_2024_replica'
    """
    cases = checked_folder(folder) / "cases"
    names = [_case_name(path) for path in _files(cases) if path.suffix.lower() == ".csv"]
    if not names:
        raise InputError("folder", str(cases), "must hold a case: a CSV file of overrides")
    if len(names) > MAX_CASES:
        rule = f"must be {MAX_CASES} at most: each is a column of the Inputs sheet"
        raise InputError("cases", len(names), rule)
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_CASE, name)))


def load_inputs(case: str = DEFAULT_CASE, folder: Path | None = None, tables: Tables | None = None) -> Inputs:
    """The inputs of `case`: the assumptions with the case's overrides, every rule checked.

    Raises `ChoiceError` for an unknown case, `InputError` for a folder, file or row that cannot be read and
    `DomainError` for a value outside its range or rules that do not hold together.
    """
    names = case_names(folder)
    if case not in names:
        raise ChoiceError("case", case, f"must be one of {', '.join(names)}")
    tables = tables or load_tables(folder)
    overrides = read_rows((folder or tables_folder()) / "cases" / f"{case}.csv")
    rows = {**_scalar_rows(tables.assumptions), **_scalar_rows(overrides)}
    for known in PARAMETERS:
        if known.key not in rows:
            raise InputError("parameter", known.key, "must have a row in assumptions.csv")
    values = {known.key: _scalar(known, rows[known.key]) for known in PARAMETERS}
    return _inputs(case, values, {key: rows[key] for key in values}, tables)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise unreadable("folder", folder, error) from None


def _case_name(path: Path) -> str:
    if not _CASE_FILE.fullmatch(path.name):
        rule = "must be lower-case words joined by underscores, 31 characters at most, then .csv"
        raise InputError("case file", path.name, rule)
    return path.stem


def _scalar_rows(rows: Iterable[Row]) -> dict[str, Row]:
    standing = {figure: standing_row(group) for figure, group in by_figure(rows).items()}
    for row in standing.values():
        if row.period:
            raise InputError(f"{row.place} period", row.period, "must be empty for a scalar")
        if row.key not in _KEYS:
            raise InputError(f"{row.place} key", row.key, f"is not one of the model's{nearest(row.key)}")
    return {row.key: row for row in standing.values()}


_KEYS = frozenset(known.key for known in PARAMETERS)


def _scalar(known: Parameter, row: Row) -> Value:
    if row.unit != known.unit:
        raise InputError(f"{row.place} unit", row.unit, f"must be {known.unit!r} for {known.key}")
    return known.read(row.value, argument=f"{row.place} {known.key}")


def _inputs(case: str, values: Mapping[str, Value], rows: Mapping[str, Row], tables: Tables) -> Inputs:
    inputs = Inputs(case, MappingProxyType(dict(values)), MappingProxyType(dict(rows)), tables)
    _check_years(inputs)
    _check_spreads(inputs)
    return inputs


def _check_years(inputs: Inputs) -> None:
    first, last = inputs.count("core_average_first_year"), inputs.count("core_average_last_year")
    if first > last:
        raise DomainError(
            "core_average_first_year", first, f"must not be after core_average_last_year {last}"
        )
    base_year, day = inputs.count("base_year"), inputs.day("valuation_date")
    if not date(base_year, 12, 31) <= day < date(base_year + 1, 12, 31):
        rule = f"must be from {base_year}-12-31 to {base_year + 1}-12-30, after base_year {base_year}"
        raise DomainError("valuation_date", day, rule, shown=day.isoformat())


def _check_spreads(inputs: Inputs) -> None:
    rates = {
        "vehicle_terminal_growth": ("vehicle_wacc", inputs.number("vehicle_wacc")),
        "core_terminal_growth": _core_wacc(inputs),
    }
    for growth_key, (rate_key, rate) in rates.items():
        growth = inputs.number(growth_key)
        if rate <= growth:
            rule = f"must exceed {growth_key} {growth:.2%}"
            raise DomainError(rate_key, rate, rule, shown=f"{rate:.2%}")


def _core_wacc(inputs: Inputs) -> tuple[str, float]:
    """The rate the core business is discounted at, and what a message calls it."""
    if inputs.text("core_wacc_basis") == "printed":
        return "core_wacc_printed", inputs.number("core_wacc_printed")
    weight = inputs.number("blume_weight")
    equity = cost_of_equity(
        risk_free=inputs.number("risk_free"),
        beta=weight * inputs.number("raw_beta") + (1 - weight),
        equity_risk_premium=inputs.number("equity_risk_premium"),
        country_risk=inputs.number("country_risk"),
    )
    computed = wacc(
        cost_of_equity=equity,
        cost_of_debt=inputs.number("cost_of_debt"),
        tax_rate=inputs.number("tax_rate"),
        equity_weight=inputs.number("equity_weight"),
    )
    return "core WACC, computed,", float(computed)
