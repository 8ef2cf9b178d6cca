"""The inputs of a case: scalars with their rows, every rule checked.

`inputs/assumptions.csv` is the house view. A case is a table with the same columns, `cases/<case>.csv`, that
overrides scalars of it, or of the case that its row `extends` names. There are `MAX_CASES` at most: Inputs
shows them side by side.

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

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from xlwings_addin.core.capital import cost_of_equity, wacc
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError
from xlwings_addin.model import base_year
from xlwings_addin.model.parameter import Parameter, Value
from xlwings_addin.model.parameters import PARAMETERS, PLANTS, nearest, parameter
from xlwings_addin.model.tables import (
    KEY_PATTERN,
    Row,
    Tables,
    by_figure,
    changed_row,
    checked_folder,
    load_tables,
    read_ranged_rows,
    standing_row,
    tables_folder,
    unreadable,
)

DEFAULT_CASE = "base"
EXTENDS = "extends"
"""The key of the row by which a case names the case it overrides, instead of the house view."""
MAX_CASES = 12
PROBABILITY_TOLERANCE = 1e-9
CASE_FILE = re.compile(rf"(?=.{{1,31}}\.csv){KEY_PATTERN}\.csv")


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
    """The cases in `cases/*.csv`: base first, then by name.

    Raises `InputError` for a folder that is not one of tables, a file whose name is no case name, no case
    and more than `MAX_CASES`.

    >>> case_names()[0]
    'base'
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
    rows = _scalar_rows(tables.assumptions)
    for layer in _layers(case, names, (folder or tables_folder()) / "cases"):
        rows |= {key: _with_range(row, rows.get(key)) for key, row in layer.items()}
    for known in PARAMETERS:
        if known.key not in rows:
            raise InputError("parameter", known.key, "must have a row in assumptions.csv")
    values = {known.key: _scalar(known, rows[known.key]) for known in PARAMETERS}
    return _inputs(case, values, {key: rows[key] for key in values}, tables)


def load_cases(folder: Path | None = None, tables: Tables | None = None) -> tuple[Inputs, ...]:
    """The inputs of every case; their probabilities add to one, or none has any.

    Raises as `load_inputs` does, and `DomainError` for probabilities that do not add up.
    """
    tables = tables or load_tables(folder)
    cases = tuple(load_inputs(case, folder, tables) for case in case_names(folder))
    given = [(each, each.number("probability")) for each in cases if each.number("probability")]
    total = sum(value for _, value in given)
    if given and abs(total - 1) > PROBABILITY_TOLERANCE:
        shown = " + ".join(f"{value:g} ({each.row('probability').place})" for each, value in given)
        raise DomainError("probability", total, "must add to 1 over all cases", shown=f"{shown} = {total:g}")
    return cases


def _layers(case: str, names: Iterable[str], cases: Path) -> list[dict[str, Row]]:
    """The overrides of a case and of those it extends, the most general first."""
    layers: list[dict[str, Row]] = []
    seen: list[str] = []
    while case:
        seen.append(case)
        rows = read_ranged_rows(cases / f"{case}.csv")
        layers.append(_scalar_rows(row for row in rows if row.key != EXTENDS))
        case = ""
        for row in rows:
            if row.key != EXTENDS:
                continue
            if row.text not in names:
                raise InputError(f"{row.place} {EXTENDS}", row.text, f"must be one of {', '.join(names)}")
            if row.text in seen or case:
                raise InputError(
                    f"{row.place} {EXTENDS}", row.text, "must name one case, and no circle of them"
                )
            case = row.text
    return layers[::-1]


def _with_range(row: Row, replaced: Row | None) -> Row:
    """An override with the range of the assumption it replaces, where it has none of its own."""
    if row.basis != "assumption" or row.low is not None or replaced is None or replaced.low is None:
        return row
    assert replaced.high is not None
    if not replaced.low <= row.number <= replaced.high:
        rule = f"must be from {replaced.low:g} to {replaced.high:g} ({replaced.place}), or have low and high"
        raise DomainError(f"{row.place} {row.key}", row.number, rule, shown=row.text)
    return row.model_copy(update={"low": replaced.low, "high": replaced.high})


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise unreadable("folder", folder, error) from None


def _case_name(path: Path) -> str:
    if not CASE_FILE.fullmatch(path.name):
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
    value = known.read(row.value, argument=f"{row.place} {known.key}")
    if row.basis == "assumption" and isinstance(row.value, float) and row.low is None:
        raise InputError(f"{row.place} {known.key}", row.text, "is an assumption: must have low and high")
    for bound in (row.low, row.high):
        if bound is not None:
            known.read(bound, argument=f"{row.place} {known.key} {'low' if bound == row.low else 'high'}")
    return value


def _inputs(case: str, values: Mapping[str, Value], rows: Mapping[str, Row], tables: Tables) -> Inputs:
    inputs = Inputs(case, MappingProxyType(dict(values)), MappingProxyType(dict(rows)), tables)
    _check_years(inputs)
    _check_spreads(inputs)
    _check_base_year(inputs)
    _check_vehicle_units(inputs)
    return inputs


def _check_years(inputs: Inputs) -> None:
    first, last = inputs.count("core_average_first_year"), inputs.count("core_average_last_year")
    if first > last:
        raise DomainError(
            "core_average_first_year", first, f"must not be after core_average_last_year {last}"
        )
    base, day = inputs.count("base_year"), inputs.day("valuation_date")
    if not date(base, 1, 1) <= day < date(base + 1, 12, 31):
        rule = f"must be from {base}-01-01 to {base + 1}-12-30: in base_year {base} or the year after"
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


def _check_base_year(inputs: Inputs) -> None:
    """A method that starts from the quarters of the base year needs them reported, all but one."""
    for method, built, keys in (
        ("core_method", "segments", base_year.CORE_KEYS),
        ("vehicle_method", "units", base_year.VEHICLE_KEYS),
    ):
        if inputs.text(method) != built:
            continue
        year = inputs.count("base_year")
        reported = base_year.reported_quarters(inputs.tables, year)
        if len(reported) < base_year.LEAST_REPORTED:
            rule = (
                f"needs {base_year.LEAST_REPORTED} reported quarters of base_year {year}, has {len(reported)}"
            )
            raise DomainError(method, built, rule, shown=built)
        for key in keys:
            for quarter in reported:
                if not inputs.tables.has(key, quarter):
                    raise DomainError(method, built, f"needs {key} of {quarter}", shown=built)
        for key in base_year.MARGIN_KEYS if built == "segments" else ():
            if not any(inputs.tables.has(key, quarter) for quarter in reported):
                rule = f"needs {key} of a reported quarter of base_year {year}"
                raise DomainError(method, built, rule, shown=built)


def _check_vehicle_units(inputs: Inputs) -> None:
    """Demand and capacity are not below what the base year delivers already."""
    deliveries = base_year.deliveries(inputs.tables, inputs.count("base_year"), inputs.number)
    if not deliveries:
        return
    base = inputs.count("base_year")
    plants = [f"plant_{n}_capacity" for n in PLANTS if inputs.count(f"plant_{n}_year") <= base]
    capacity = sum(inputs.number(plant) for plant in plants)
    if capacity < deliveries:
        rows = ", ".join(f"{plant} ({inputs.row(plant).place})" for plant in plants) or "no plant"
        rule = f"must not be below the deliveries of {base}, {deliveries:.3f} m vehicles: {rows}"
        raise DomainError(f"capacity open in {base}", capacity, rule, shown=f"{capacity:.3f}")
    saturation = inputs.number("demand_saturation")
    if saturation <= deliveries:
        name = f"{inputs.row('demand_saturation').place} demand_saturation"
        rule = f"must exceed the deliveries of {base}, {deliveries:.3f} m vehicles"
        raise DomainError(name, saturation, rule)


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
